# Copyright (C) 2026 paylock contributors
#
# nginx with signers: whoever may write to Redis opens and closes nothing, and
# what the signers sign is in force.

import json
import random
import re
import threading
import time
import types

import pytest

from support.chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, NODES, OPEN,
                           count, logged)
from support.cli import signers_of
from support.fake_redis import FakeRedis
from support.feed import stopped, unaudited
from support.servers import wait_for
from support.trail import Key, SignedChain, pin, signer, signers_file

A, B, C = Key(1), Key(2), Key(3)

ROOT = "{paylock}:root"

SITES = """
    paylock_signers %s;
    paylock_reconcile %s;
    server { server_name open.example; paylock on;
             location / { return 200; } }
    server { server_name *.example; paylock on;
             location / { return 200; } }
"""


@pytest.fixture
def chain(redis):
    """A chain that A signs."""
    chain = SignedChain(redis, A)
    chain.init()
    return chain


@pytest.fixture
def signed(nginx, private, chain):
    """signed(line, …): an nginx with these signers, by default A and B."""
    def start(*lines, realm="", reconcile="200ms", alerts=True, live=True,
              more="", **kw):
        path = signers_file(private / "signers",
                            *(lines or (signer("a", A), signer("b", B))))
        server = nginx(SITES % (f"{path} {realm}", reconcile) + more, **kw)
        if alerts:
            server.allow(ALERTS)
        if live:
            logged(server, "paylock: live")
        return server
    return start


def state(chain, server):
    """What nginx reports of itself."""
    reports = chain.client.hgetall(NODES)
    return json.loads(*reports.values()) if reports else {}


def diverged(chain, server, why):
    """Waits until nginx holds what it has, for this reason, told once."""
    logged(server, rf"\[alert\] .*{why}")
    wait_for("the report", lambda: state(chain, server).get("state")
             == "diverged")
    assert count(server, rf"\[alert\] .*{why}") == 1


def live(chain, server):
    wait_for("live", lambda: state(chain, server).get("state") == "live")


def stays(server, states, seconds=1.5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for host, was in states.items():
            assert server.state(host) == was, host
        time.sleep(0.05)


CLOSED = dict.fromkeys(HOSTS, "locked") | {"open.example": "open"}


def fill(chain):
    chain.write(*((host, LOCKED) for host in HOSTS), ("open.example", OPEN))


# what the signers sign

def test_signed_changes_take_effect(signed, chain):
    fill(chain)
    server = signed(alerts=False)
    stays(server, CLOSED, 0.1)
    chain.write(("h0.example", OPEN), ("later.example", LOCKED))
    server.wait_state("h0.example", "open")
    server.wait_state("later.example", "locked")
    chain.write(("h1.example", None), key=B, action="reset")
    server.wait_state("h1.example", "open")
    chain.settle(server)
    assert state(chain, server)["state"] == "live"
    assert unaudited(server) == 0
    assert "signatures decide: 2 signers" in server.error_log()


def test_paylock_admin(nginx, alice, bob, redis, private):
    path = signers_file(private / "signers", signer("alice", alice.key),
                        signer("bob", bob.key))
    server = nginx(SITES % (path, "200ms"))
    server.wait_state("a.example", "locked")
    bob("unlock", "a.example")
    server.wait_state("a.example", "open")
    alice("lock", *(f"n{i}.example" for i in range(1500)), "--yes", "--wait")
    assert server.state("n1499.example") == "locked"
    assert server.state("n0.example") == "locked"


@pytest.fixture
def followed(nginx, alice, bob, private):
    """An nginx that follows what alice and bob sign."""
    path = signers_file(private / "signers", signer("alice", alice.key),
                        signer("bob", bob.key))
    server = nginx(SITES % (path, "200ms"))
    server.allow(ALERTS)
    server.wait_state("a.example", "locked")
    return server


def test_paylock_admin_adopts_after_a_loss(followed, alice, redis):
    """Redis lost the last entries: sites stay as they were until then."""
    client = redis.client()
    saved = client.dump(LOCKS), client.dump(AUDIT), client.dump(ROOT)
    alice("unlock", "a.example")
    alice("lock", "b.example")
    followed.wait_state("b.example", "locked")
    for key, value in zip((LOCKS, AUDIT, ROOT), saved):
        client.restore(key, 0, value, replace=True)
    logged(followed, "is known here")
    stays(followed, {"a.example": "open", "b.example": "locked"}, 1)
    alice("adopt", "--yes")
    followed.wait_state("a.example", "locked")
    followed.wait_state("b.example", "open")
    alice("unlock", "a.example")
    followed.wait_state("a.example", "open")


def test_paylock_admin_adopts_an_empty_redis(followed, alice, redis):
    redis.client().flushall()
    logged(followed, "is gone, of which entry")
    stays(followed, {"a.example": "locked"}, 1)
    alice("adopt", "--yes")
    followed.wait_state("a.example", "open")
    alice("lock", "b.example")
    followed.wait_state("b.example", "locked")


def test_paylock_admin_adopts_after_a_forgery(followed, alice, redis):
    """What was forged is given up, and what it wrote put right."""
    chain = SignedChain(redis, C)
    chain.write(("a.example", OPEN), ("b.example", LOCKED))
    logged(followed, "no signer's key")
    stays(followed, {"a.example": "locked", "b.example": "open"}, 0.5)
    alice("adopt", "--drop", "--yes")   # else b.example is signed as it is
    alice("lock", "c.example", "--yes")
    followed.wait_state("c.example", "locked")
    stays(followed, {"a.example": "locked", "b.example": "open"}, 0.5)


def test_paylock_admin_revokes(followed, alice, bob, private):
    """signers revoke, and a reload with that file."""
    bob("lock", "b.example")
    alice("signers", "revoke", "bob", "--yes")
    (private / "signers").write_text(signers_of(alice).read_text())
    followed.reload()
    bob("unlock", "b.example")
    logged(followed, "whose key is revoked after entry")
    stays(followed, {"b.example": "locked"}, 0.5)
    alice("adopt", "--yes")
    alice("lock", "c.example", "--yes")
    followed.wait_state("c.example", "locked")
    stays(followed, {"b.example": "locked"}, 0.5)


def test_large_transactions(signed, chain):
    server = signed(alerts=False)
    chain.write(*((f"n{i}.example", LOCKED) for i in range(1000)))
    server.wait_state("n0.example", "locked")
    for n in range(3):
        chain.write(*((f"n{i}.example", LOCKED) for i in range(300)))
        chain.write(*((f"n{i}.example", OPEN) for i in range(300)))
    chain.settle(server)
    assert server.state("n0.example") == "open"
    assert server.state("n999.example") == "locked"


def test_first_scan_of_a_large_hash(signed, chain):
    for n in range(5):
        chain.write(*((f"n{n}-{i}.example", LOCKED) for i in range(1000)))
    server = signed(alerts=False)
    assert server.state("n4-999.example") == "locked"


class Busy:
    """Changes 300 hosts, as fast as it can, while the with block runs."""

    def __init__(self, chain, seed=1):
        self.chain, self.random, self.ending = chain, random.Random(seed), False
        self.thread = threading.Thread(target=self.run)

    def change(self):
        hosts = self.random.sample(range(300), self.random.choice([1, 1, 5]))
        return [(f"b{i}.example", self.random.choice([LOCKED, OPEN, None]))
                for i in hosts]

    def run(self):
        while not self.ending:
            self.chain.write(*self.change())

    def __enter__(self):
        self.began, self.first = time.monotonic(), self.chain.seq
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()
        print((self.chain.seq - self.first) / (time.monotonic() - self.began),
              "entries a second")


def agreed(chain, server):
    """nginx has what the chain has."""
    chain.settle(server)
    there = chain.client.hgetall(LOCKS)
    for host in {*there, *(f"b{i}.example" for i in range(300))}:
        assert server.state(host) == (
            "locked" if "lock_at" in there.get(host, "") else "open"), host


def test_first_scan_while_much_is_changed(signed, chain, private):
    """It fits the root of an entry that came during the scan."""
    for n in range(20):
        chain.write(*((f"n{n}-{i}.example", LOCKED) for i in range(1000)))
    with Busy(chain):
        server = signed(alerts=False)
        for n in range(5):
            # another file: all is read anew
            signers_file(private / "signers", signer("a", A),
                         signer(f"n{n}", C))
            server.reload()
            live(chain, server)
    agreed(chain, server)
    assert unaudited(server) == 0
    assert count(server, r"\[alert\]") == 0


# by hand

def test_by_hand(signed, chain):
    """It opens and closes nothing, however long it stands there."""
    fill(chain)
    server = signed()
    chain.client.hset(LOCKS, "h0.example", "open")
    chain.client.hset(LOCKS, "open.example", "locked")
    chain.client.hset(LOCKS, "new.example", "1")
    chain.client.hdel(LOCKS, "h1.example")
    logged(server, "4 records were changed in Redis without an entry")
    stays(server, CLOSED | {"new.example": "open"})
    assert count(server, "were changed in Redis without an entry") == 1
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 4)
    assert state(chain, server)["state"] == "live"
    assert count(server, r"\[alert\]") == 0

    # an entry ends it
    chain.write(("h0.example", OPEN), ("new.example", LOCKED))
    server.wait_state("h0.example", "open")
    server.wait_state("new.example", "locked")
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 2)


def test_by_hand_before_the_first_start(signed, chain):
    """What names no entry is left out; what replaces a record is missed."""
    fill(chain)
    chain.client.hset(LOCKS, "new.example", "1")
    server = signed()
    stays(server, CLOSED | {"new.example": "open"}, 0.5)
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 1)


@pytest.mark.parametrize("change", [
    lambda c: c.hset(LOCKS, "h0.example", "open"),
    lambda c: c.hset(LOCKS, "h0.example", '{"open_at":1,"entry":2}'),
    lambda c: c.hset(LOCKS, "new.example", '{"lock_at":1,"entry":2}'),
    lambda c: c.hdel(LOCKS, "h0.example"),
    lambda c: c.delete(LOCKS)])
def test_another_record_at_the_first_start(signed, chain, change):
    """Nothing is in force then, until it is put right."""
    fill(chain)
    was = chain.client.hgetall(LOCKS)
    change(chain.client)
    server = signed(live=False)
    diverged(chain, server, "do not have the root that entry 22 has signed")
    stays(server, dict.fromkeys([*HOSTS, "new.example"], "open"), 0.5)
    chain.client.delete(LOCKS)
    chain.client.hset(LOCKS, mapping=was)
    live(chain, server)
    stays(server, CLOSED, 0.1)


def test_a_record_of_before_the_trail(signed, chain):
    """The root of the init covers it, though it names no entry."""
    chain.client.delete(AUDIT)
    chain.client.hset(LOCKS, "h0.example", "1")
    SignedChain(chain.redis, A).init()
    server = signed()
    server.wait_state("h0.example", "locked")


# entries that do not count

def forged(chain, name):
    """Writes an entry that opens h0.example."""
    change = "h0.example", OPEN
    if name == "unsigned":
        chain.write(change, sign=False)
    elif name == "no signer":
        chain.write(change, key=C)
    elif name == "another realm":
        chain.realm = "staging"
        chain.write(change)
    elif name == "wrong signature":
        signer, chain.key.sign_entry = chain.key.sign_entry, \
            lambda *args: "0" * 128
        try:
            chain.write(change)
        finally:
            chain.key.sign_entry = signer
    elif name == "a fork":
        chain.hash = "1" * 64
        chain.write(change)
    elif name == "a gap":
        chain.seq += 1
        chain.write(change)
    elif name == "another chain":
        chain.chain = "a" * 32
        chain.write(change)
    elif name == "not an entry":
        chain.client.xadd(AUDIT, {"v": "2"}, id=f"{chain.seq + 1}-0")
    elif name == "another id":
        chain.client.xadd(AUDIT, {"v": "2"}, id=f"{chain.seq}-1")
    elif name == "edited":
        entry = chain.entry(chain.seq + 1, chain.hash, host="h0.example",
                            after=json.dumps(OPEN), action="unlock",
                            key=A.public)
        entry["reason"] = "edited"
        chain.client.xadd(AUDIT, entry, id=f"{chain.seq + 1}-0")


FORGED = {"unsigned": "is not signed", "no signer": "no signer's key",
          "another realm": "does not carry a good signature",
          "wrong signature": "does not carry a good signature",
          "a fork": "does not follow entry", "a gap": "is missing",
          "another chain": "is of chain", "not an entry": "is not an entry",
          "another id": "is not an entry", "edited": "not what was written"}


@pytest.mark.parametrize("name", FORGED)
def test_forged_entry(signed, chain, name):
    fill(chain)
    server = signed()
    good = chain.seq, chain.hash, chain.chain, dict(chain.records)
    forged(chain, name)
    diverged(chain, server, FORGED[name])
    stays(server, CLOSED)

    # a signer goes on without it, and nothing but an adopt counts
    chain.realm = "-"
    chain.seq, chain.hash, chain.chain, chain.records = good
    chain.know()
    if chain.client.hget(LOCKS, "h0.example") != good[3]["h0.example"]:
        chain.client.hset(LOCKS, "h0.example", good[3]["h0.example"])
        chain.know()
    chain.adopt()
    live(chain, server)
    chain.write(("h0.example", OPEN))
    server.wait_state("h0.example", "open")
    stays(server, {"h1.example": "locked"}, 0.1)


def test_unknown_version(signed, chain):
    fill(chain)
    server = signed()
    entry = chain.entry(chain.seq + 1, chain.hash, host="h0.example", v="3")
    chain.client.xadd(AUDIT, entry, id=f"{chain.seq + 1}-0")
    diverged(chain, server, "upgrade this first")
    stays(server, CLOSED, 0.5)


def test_row_without_an_end(signed, chain):
    """Nothing of a transaction is in force before its signature."""
    fill(chain)
    server = signed()
    chain.write(*((f"n{i}.example", LOCKED) for i in range(1100)), sign=False)
    diverged(chain, server, "is not signed")
    stays(server, CLOSED | {"n0.example": "open"}, 0.5)


# limits of signers

def test_may(signed, chain):
    fill(chain)
    server = signed(signer("a", A), signer("b", B, may="lock"))
    chain.write(("more.example", LOCKED), key=B, action="lock")
    server.wait_state("more.example", "locked")
    chain.write(("h0.example", OPEN), key=B, action="unlock")
    diverged(chain, server, "who may not unlock")
    stays(server, CLOSED, 0.5)


PLAN = {"at": 1000, "lock_at": 1000, "open_at": 4000000000, "ref": "lock"}

UNFIT = {"notice": ("notice", OPEN, "changes more of the record"),
         "pass": ("pass-issue", LOCKED | {"ref": "other"}, "changes more"),
         "revocation": ("pass-revoke", OPEN | {"ref": "lock"},
                        "changes when the host"),
         "lock": ("lock", OPEN, "more open than it was"),
         "removed": ("lock", None, 'no .*"after.*" with its own number'),
         "plan": ("lock", PLAN, "signed by b, who may not unlock"),
         "later": ("lock", {"at": 1000, "lock_at": 4000000000},
                   "more open than it was")}


@pytest.mark.parametrize("name", UNFIT)
def test_a_record_that_does_not_fit_its_action(signed, chain, name):
    """It opens nothing, on a node that follows and on one that begins; an
    adopt of a signer ends it."""
    action, record, why = UNFIT[name]
    fill(chain)
    good = chain.seq, chain.hash
    lines = signer("a", A), signer("b", B, may=action)
    server = signed(*lines, more=STATE)
    chain.write(("h0.example", record), key=B, action=action)
    diverged(chain, server, why)
    stays(server, CLOSED, 0.5)
    server.stop()
    server.start()
    stays(server, CLOSED, 0.5)
    chain.client.hset(LOCKS, "h0.example", json.dumps(LOCKED))
    restore_record(chain, "h0.example")
    chain.adopt(resumes=good)
    live(chain, server)
    chain.write(("h0.example", OPEN))
    server.wait_state("h0.example", "open")


def restore_record(chain, host):
    """Puts the record back that the last good entry wrote."""
    for _, entry in chain.client.xrevrange(AUDIT):
        if entry["host"] == host and entry["action"] == "import":
            chain.client.hset(LOCKS, host, entry["after"])
            chain.know()
            return


def test_whoever_may_lock_and_unlock_plans(signed, chain):
    fill(chain)
    server = signed(signer("a", A), signer("b", B, may="lock,unlock"),
                    alerts=False)
    chain.write(("h0.example", PLAN), key=B, action="lock")
    chain.settle(server)
    stays(server, CLOSED, 0.1)


LATER = {"at": 1000, "lock_at": 4000000000, "ref": "plan"}
CLAIM = json.dumps(OPEN | {"entry": 1})


def claims(chain, host, record, before=CLAIM, action="lock"):
    """An entry of B that says of the record before what is not true."""
    chain.records[host] = before
    chain.write((host, record), key=B, action=action)
    chain.know()


def test_what_a_limited_signer_says_of_before(signed, chain):
    """Only what is in force here counts.  An adopt of whoever may do so takes
    it for good."""
    fill(chain)
    server = signed(signer("a", A), signer("b", B, may="lock,pass-revoke"))
    claims(chain, "h0.example", OPEN | LATER)
    diverged(chain, server, "of b locks, and leaves the host more open than "
                            "it was, by what is in force here")
    chain.write(("more.example", LOCKED))
    stays(server, CLOSED | {"more.example": "open"}, 1)
    chain.adopt()
    server.wait_state("more.example", "locked")
    live(chain, server)
    assert server.state("h0.example") == "open"
    for host, was, record in (("h1.example", CLAIM, OPEN),
                              ("open.example", json.dumps(LOCKED), LOCKED)):
        claims(chain, host, record, was, "pass-revoke")
        stays(server, CLOSED | {"h0.example": "open"}, 0.5)
        chain.adopt()
        live(chain, server)
        chain.write((host, LOCKED if host == "h1.example" else OPEN))
        chain.settle(server)


def test_a_plan_below_a_suffix(signed, chain):
    """Its own record would end the lock of the suffix, before the plan."""
    chain.write((".shop.example", LOCKED))
    server = signed(signer("a", A), signer("b", B, may="lock"))
    server.wait_state("a.shop.example", "locked")
    chain.write(("a.shop.example", LOCKED), key=B, action="lock")
    chain.settle(server)
    chain.write(("b.shop.example", LATER), key=B, action="lock")
    diverged(chain, server, "of b opens a host, by what is in force here")
    stays(server, {"b.shop.example": "locked"}, 0.5)


def test_entries_of_a_limited_signer_behind_others(signed, chain):
    """What comes before them in the same reply is in force before they are
    looked at."""
    fill(chain)
    server = signed(signer("a", A), signer("b", B, may="lock"))
    with stopped(server):
        for i in range(20):
            chain.write((f"n{i}.example", LOCKED), key=B, action="lock")
            chain.write((f"p{i}.example", LATER), key=B, action="lock")
        chain.write(("h0.example", OPEN))
        chain.write(("h0.example", OPEN | LATER | {"ref": "x"}), key=B,
                    action="lock")
        chain.write(("h0.example", LOCKED), key=B, action="lock")
        chain.write(("h1.example", OPEN))
        chain.write(("h1.example", OPEN | LATER), key=B, action="lock")
    server.wait_state("h1.example", "open")
    stays(server, CLOSED | {"h1.example": "open", "n0.example": "locked",
                            "p0.example": "open"}, 0.1)
    assert count(server, r"\[alert\]") == 0
    with stopped(server):
        chain.write(("open.example", LOCKED))
        claims(chain, "open.example", OPEN | LATER, json.dumps(
            OPEN | {"entry": 22}))
    diverged(chain, server, "more open than it was")
    assert server.state("open.example") == "locked"


def test_from(signed, chain):
    fill(chain)
    server = signed(signer("a", A), signer("b", B, first=100))
    chain.write(("h0.example", OPEN), key=B)
    diverged(chain, server, "counts from entry 100 on")
    stays(server, CLOSED, 0.5)


def test_reload_revokes(signed, chain, private):
    """The key signs nothing more, and what it signed before stays."""
    chain.write(("b.example", LOCKED), key=B)
    fill(chain)
    server = signed()
    signers_file(private / "signers", signer("a", A),
                 signer("b", B, until=(chain.seq, chain.hash)))
    server.reload()
    chain.settle(server)
    chain.write(("h0.example", OPEN), key=B)
    diverged(chain, server, "whose key is revoked after entry")
    stays(server, CLOSED | {"b.example": "locked"}, 0.5)


def test_reload_revokes_what_was_applied(signed, chain, private):
    """What is in force is held; the signer's adopt puts it right."""
    fill(chain)
    server = signed()
    last = chain.seq, chain.hash
    good = chain.client.hgetall(LOCKS)
    chain.write(("h0.example", OPEN), key=B)
    server.wait_state("h0.example", "open")
    signers_file(private / "signers", signer("a", A),
                 signer("b", B, until=last))
    server.reload()
    diverged(chain, server, "whose key is revoked after entry")

    chain.client.delete(LOCKS)
    chain.client.hset(LOCKS, mapping=good)
    chain.know()
    chain.adopt(resumes=last)
    server.wait_state("h0.example", "locked")
    live(chain, server)


# pins and other pasts

def test_pin(signed, chain):
    """A node that knows nothing takes no older state."""
    fill(chain)
    older = backup(chain)
    chain.write(("h0.example", OPEN), ("later.example", LOCKED))
    line = pin(chain.seq, chain.hash)
    newer = backup(chain)
    restore(chain, older)
    server = signed(signer("a", A), line, live=False)
    diverged(chain, server, "line 2 of the signers file names entry 24")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)
    restore(chain, newer)
    server.wait_state("later.example", "locked")


def test_another_entry_at_a_pin(signed, chain):
    fill(chain)
    server = signed(signer("a", A), pin(3, "5" * 64), live=False)
    diverged(chain, server, "entry 3 of .* is not the one that line 2")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)


def branch(chain, pinned, last):
    """Two pasts, both of A, that part before the pinned entry: the stream is
    that of the second, with that entry of the first in its place.  Returns the
    pin."""
    while chain.seq < pinned - 1:
        chain.write((f"n{chain.seq}.example", LOCKED))
    older = backup(chain)
    chain.write(("h0.example", OPEN))
    line, genuine = pin(chain.seq, chain.hash), chain.client.xrange(AUDIT)[-1]
    restore(chain, older)
    chain.look()
    chain.know()
    while chain.seq < last:
        chain.write(("h1.example", OPEN))
    entries = chain.client.xrange(AUDIT)
    entries[pinned - 1] = genuine
    chain.client.delete(AUDIT)
    for ident, entry in entries:
        chain.client.xadd(AUDIT, entry, id=ident)
    return line


@pytest.mark.parametrize("pinned, last", [(24, 25), (24, 40), (25, 26),
                                          (30, 200), (32, 200), (33, 64)])
def test_another_branch_than_that_of_a_pin(signed, chain, pinned, last):
    """The pinned entry stands in its place, and the head does not go on from
    it."""
    fill(chain)
    line = branch(chain, pinned, last)
    server = signed(signer("a", A), line, live=False)
    diverged(chain, server, f"entry {pinned} of .* is not the one that line 2")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)


@pytest.mark.parametrize("last", [30, 64, 200])
def test_pins_far_back(signed, chain, last):
    """A few steps lead to each, also where some entries were given up."""
    fill(chain)
    lines = []
    while chain.seq < last:
        chain.write((f"n{chain.seq}.example", LOCKED))
        if chain.seq in (24, 25, 31, 32, 33, 63, 64, 100, 128, 199):
            lines.append(pin(chain.seq, chain.hash))
    chain.write(("h0.example", OPEN), sign=False, records=False)
    chain.seq, chain.hash = chain.seq - 1, None
    chain.hash = chain.client.xrange(AUDIT)[-2][1]["hash"]
    chain.know()
    chain.adopt()
    chain.write(("after.example", LOCKED))
    server = signed(signer("a", A), *lines, alerts=False)
    server.wait_state("after.example", "locked")
    stays(server, CLOSED, 0.1)


def test_a_pin_that_was_given_up(signed, chain):
    """Another entry stands in its place, that is given up as well: a node that
    knows nothing finds the adopt on its way back from the head."""
    fill(chain)
    good, older = (chain.seq, chain.hash), backup(chain)
    chain.write(("h0.example", OPEN))
    pinned = pin(chain.seq, chain.hash)
    restore(chain, older)
    chain.look()
    chain.know()
    chain.write(("h1.example", OPEN), sign=False, records=False)
    chain.know()
    chain.adopt(resumes=good)
    chain.write(("after.example", LOCKED))
    server = signed(signer("a", A), pinned, alerts=False)
    server.wait_state("after.example", "locked")
    stays(server, CLOSED, 0.1)


def test_a_pin_just_before_the_stream(signed, chain):
    """What is cut off before the next entry is known by its hash."""
    fill(chain)
    pinned = pin(chain.seq, chain.hash)
    chain.write(("after.example", LOCKED))
    chain.write(("more.example", LOCKED))
    chain.client.xtrim(AUDIT, maxlen=2, approximate=False)
    server = signed(signer("a", A), pinned, alerts=False)
    server.wait_state("more.example", "locked")
    stays(server, CLOSED, 0.1)


@pytest.mark.parametrize("named", [False, True])
def test_an_adopt_of_another_chain_excuses_no_pin(signed, chain, named):
    """What it gives up has the number of what is pinned, and is not that."""
    fill(chain)
    chain.adopt(lost=chain.seq + 9, chain="b" * 32)
    chain.write(("after.example", LOCKED))
    server = signed(signer("a", A), pin(25, "7" * 64, *[chain.chain] * named),
                    live=False)
    diverged(chain, server, "entry 25 of .* is not the one that line 2")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)


def backup(chain):
    return (chain.client.dump(LOCKS), chain.client.dump(AUDIT))


def restore(chain, saved):
    with chain.client.pipeline(transaction=True) as p:
        for key, value in zip((LOCKS, AUDIT), saved):
            p.restore(key, 0, value, replace=True)
        p.execute()


@pytest.fixture
def rolled(signed, chain):
    """An nginx that knows more than Redis: (server, what it knows)."""
    fill(chain)
    chain.write(("h0.example", OPEN))
    saved = backup(chain)
    server = signed()
    server.wait_state("h0.example", "open")
    chain.write(("h0.example", LOCKED))
    chain.settle(server)
    known = chain.seq, chain.hash
    restore(chain, saved)
    chain.look()
    chain.know()
    return server, known


def test_rollback(rolled, chain):
    server, known = rolled
    diverged(chain, server, f"ends with entry {chain.seq}, and entry "
                            f"{known[0]} is known here")
    stays(server, CLOSED)


def test_fork_of_the_same_length(rolled, chain):
    """Even if a signer signed it: an operator who did not know."""
    server, known = rolled
    diverged(chain, server, "is known here")
    while chain.seq < known[0]:
        chain.write(("h1.example", OPEN))
    logged(server, "is not the one that is known here")
    stays(server, CLOSED)
    chain.write(("h1.example", OPEN))
    logged(server, "does not follow entry")
    stays(server, CLOSED)


@pytest.mark.parametrize("who", ["unsigned", "no signer", "revoked"])
def test_forged_adopt(rolled, chain, private, who):
    server, known = rolled
    diverged(chain, server, "is known here")
    if who == "revoked":
        signers_file(private / "signers", signer("a", A), signer(
            "b", B, until=(chain.seq, chain.hash)))
        server.reload()
    chain.adopt(lost=known[0], hash=known[1],
                key={"no signer": C, "revoked": B}.get(who),
                sign=who != "unsigned")
    stays(server, CLOSED)
    assert count(server, "gives up entry") == 0


def test_adopt_of_less_than_is_known(rolled, chain):
    server, known = rolled
    chain.adopt(lost=known[0] - 1)
    stays(server, CLOSED)


def test_adopt(rolled, chain):
    """It moves the node to what the signer says."""
    server, known = rolled
    diverged(chain, server, "is known here")
    chain.adopt(lost=known[0], hash=known[1])
    server.wait_state("h0.example", "open")
    live(chain, server)
    stays(server, CLOSED | {"h0.example": "open"}, 0.1)
    chain.write(("h0.example", LOCKED))
    server.wait_state("h0.example", "locked")


def test_adopt_with_another_root(rolled, chain):
    """A signer's adopt is not enough: the records must fit it."""
    server, known = rolled
    chain.adopt(lost=known[0], hash=known[1])
    chain.client.hset(LOCKS, "h2.example", "open")
    stays(server, {"h2.example": "locked"})


# what an attacker found

def reversed_records(chain):
    """What is closed is open there, and the other way round."""
    chain.client.delete(AUDIT, LOCKS)
    chain.client.hset(LOCKS, mapping={
        host: json.dumps(OPEN if was == "locked" else LOCKED)
        for host, was in CLOSED.items()})
    chain.know()


@pytest.mark.parametrize("limits", [{"may": "notice"}, {"first": 2000}],
                         ids=str)
def test_a_limited_signer_begins_no_other_stream(signed, chain, limits):
    """Their signature alone, with nothing before it, leads nowhere."""
    fill(chain)
    server = signed(signer("a", A), signer("c", C, **limits))
    chain.seq, chain.hash = limits.get("first", chain.seq + 5), "5" * 64
    reversed_records(chain)
    chain.write(("x.example", {}), key=C,
                action=limits.get("may", "pass-issue"))
    diverged(chain, server, "does not go on from|is not the one|passes over"
                            "|missing|does not follow")
    stays(server, CLOSED)


def test_a_fork_that_is_cut(rolled, chain):
    """Nobody gains by cutting away where two pasts part."""
    server, _ = rolled
    for _ in range(6):
        chain.write(("h1.example", OPEN))
    diverged(chain, server, "")
    chain.client.xtrim(AUDIT, maxlen=1, approximate=False)
    stays(server, CLOSED, 2)


def test_a_way_back_that_has_no_end(signed, chain):
    """Hundreds of elements that are no entries, where genuine ones were."""
    fill(chain)
    server = signed(more="paylock_state @DIR@/state/state;")
    chain.settle(server)
    known, hash = chain.seq, chain.hash
    server.stop()
    for i in range(12):
        chain.write((f"n{i}.example", LOCKED))
    entries = chain.client.xrange(AUDIT)
    chain.client.delete(AUDIT)
    with chain.client.pipeline() as p:
        for ident, entry in entries:
            if int(ident.split("-")[0]) <= known:
                p.xadd(AUDIT, entry, id=ident)
        for i in range(1, 600):
            p.xadd(AUDIT, {"v": "x"}, id=f"{known + 1}-{i}")
        p.xadd(AUDIT, entries[-1][1], id=entries[-1][0])
        p.execute()
    server.start()
    diverged(chain, server, "")
    chain.know()
    chain.adopt(lost=chain.seq, hash=chain.hash, resumes=(known, hash))
    chain.write(("after.example", LOCKED))
    server.wait_state("after.example", "locked")


def test_an_element_in_place_of_the_stream(signed, chain):
    fill(chain)
    server = signed()
    chain.client.delete(AUDIT)
    chain.client.xadd(AUDIT, {"v": "2"}, id="5-0")
    diverged(chain, server, "")
    stays(server, CLOSED, 0.5)


@pytest.mark.parametrize("action", ["notice", "pass-issue"])
def test_a_notice_during_the_first_scan(nginx, chain, redis, private, action):
    """It changes nothing that the record says, but the record."""
    for n in range(3):
        chain.write(*((f"n{n}-{i}.example", LOCKED) for i in range(1000)))
    path = signers_file(private / "signers", signer("a", A))
    with FakeRedis(redis.socket) as relay:
        host = next(iter(chain.client.hscan(LOCKS, 0, count=10)[1]))
        relay.on("HSCAN", times=1, then=lambda: chain.write(
            (host, json.loads(chain.records[host])), action=action))
        server = nginx(SITES % (path, "60s"), redis=types.SimpleNamespace(
            url=relay.url, users=redis.users, client=redis.client))
        server.wait_state(host, "locked")
        logged(server, "paylock: live")


def test_numbers_that_were_used_twice(followed, alice, bob, redis):
    """After a restore alice goes on, who never saw what bob had done.  nginx
    did: a signer gives up what it knows, by its hash."""
    client = redis.client()
    saved = client.dump(LOCKS), client.dump(AUDIT), client.dump(ROOT)
    bob("lock", "b.example")
    bob("lock", "c.example")
    followed.wait_state("c.example", "locked")
    [(ident, entry)] = client.xrevrange(AUDIT, count=1)
    with stopped(followed):
        for key, value in zip((LOCKS, AUDIT, ROOT), saved):
            client.restore(key, 0, value, replace=True)
        for i in range(5):
            alice("lock", f"k{i}.example")
    logged(followed, r"\[alert\]")
    alice("adopt", "--known", f"{ident.split('-')[0]}:{entry['hash']}",
          "--yes")
    alice("lock", "z.example")
    followed.wait_state("z.example", "locked")
    followed.wait_state("c.example", "open")


def test_the_stream_is_gone(signed, chain):
    fill(chain)
    server = signed()
    chain.client.delete(AUDIT, LOCKS)
    diverged(chain, server, "is gone, of which entry 22 is known here")
    stays(server, CLOSED)


def test_new_chain(signed, chain):
    """It takes an adopt that gives up the whole chain that is known."""
    fill(chain)
    server = signed()
    known = chain.seq, chain.hash, chain.chain
    chain.client.delete(AUDIT, LOCKS)
    other = SignedChain(chain.redis, A)
    other.init()
    while other.seq < known[0] + 2:
        other.write(("h0.example", OPEN))
    diverged(chain, server, "is of chain")
    stays(server, CLOSED)
    other.adopt(lost=known[0], hash=known[1], chain=known[2],
                resumes=(other.seq, other.hash))
    live(chain, server)
    server.wait_state("h0.example", "open")


def test_cut_stream(signed, chain):
    """The beginning of the stream is not needed."""
    fill(chain)
    server = signed()
    chain.settle(server)
    chain.client.xtrim(AUDIT, maxlen=1, approximate=False)
    chain.write(("h0.example", OPEN))
    server.wait_state("h0.example", "open")
    assert count(server, r"\[alert\]") == 0


# restarts

STATE = "paylock_state @DIR@/state/state;"


def test_restart_from_the_state_file(signed, chain):
    """Goes on from the file, without a look at the records."""
    fill(chain)
    server = signed(more=STATE)
    chain.settle(server)
    server.stop()
    chain.write(("h0.example", OPEN), ("later.example", LOCKED))
    chain.client.hset(LOCKS, "h1.example", "open")
    server.start()
    server.wait_state("h0.example", "open")
    server.wait_state("later.example", "locked")
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 1)
    stays(server, {"h1.example": "locked"}, 0.5)
    assert count(server, r"\[alert\]") == 0


def test_rollback_while_it_was_down(signed, chain):
    fill(chain)
    saved = backup(chain)
    chain.write(("later.example", LOCKED))
    server = signed(more=STATE)
    chain.settle(server)
    server.stop()
    restore(chain, saved)
    server.start()
    diverged(chain, server, "is known here")
    stays(server, CLOSED | {"later.example": "locked"}, 0.5)


def test_state_file_of_before_there_were_signers(nginx, chain, private):
    """It counts as not verified; its records stay until a scan fits."""
    fill(chain)
    path = signers_file(private / "signers", signer("a", A))
    server = nginx((SITES % (path, "200ms")).replace("paylock_signers", "#")
                   + STATE)
    logged(server, "paylock: live")
    assert "what Redis says is in force" in server.error_log()
    chain.client.hset(LOCKS, "new.example", "1")
    server.wait_state("new.example", "locked")
    server.allow(ALERTS)
    server.reload(SITES % (path, "200ms") + STATE)
    server.wait_state("new.example", "open")
    stays(server, CLOSED, 0.2)


# the file

@pytest.mark.parametrize("lines, why", [
    ([signer("a", A), "b 12"], "line 2 "),
    ([signer("a", A), signer("b", A)], "line 2 "),
    (["# nobody"], "it names no signer")])
def test_bad_file(nginx, signed, chain, private, lines, why):
    server = signed(alerts=False)
    path = signers_file(private / "bad", *lines)
    done = server.test(SITES % (path, "1s"))
    assert done.returncode == 1
    assert re.search(rf'\[emerg\] .*"paylock_signers" cannot use "{path}": '
                     rf'{why}', done.stderr), done.stderr


@pytest.mark.parametrize("text, why", [
    ("paylock_signers nothing;", "cannot read"),
    ("paylock_signers @FILE@; paylock_signers @FILE@;", "is duplicate"),
    ("paylock_signers @FILE@ realm=a/b;", "names no realm"),
    ("paylock_signers @FILE@ relm=a;", "invalid parameter"),
    ("server { paylock_signers @FILE@; }", "is not allowed here")])
def test_bad_directive(signed, chain, private, text, why):
    server = signed(alerts=False)
    done = server.test(text.replace("@FILE@", str(private / "signers")))
    assert done.returncode == 1 and why in done.stderr, done.stderr


def test_file_that_others_may_write(signed, chain, private):
    server = signed(alerts=False)
    path = private / "signers"
    path.chmod(0o664)
    done = server.test(SITES % (path, "1s"))
    assert done.returncode == 1 and "others can write it" in done.stderr


def test_realm(signed, chain):
    server = signed(realm="realm=staging", live=False)
    diverged(chain, server, "does not carry a good signature")
    chain.realm = "staging"
    chain.write(("h0.example", LOCKED))
    server.wait_state("h0.example", "locked")


def test_no_stream_yet(nginx, redis, private, operator):
    """Before init that is no alarm."""
    alice = operator("alice")
    path = signers_file(private / "signers", signer("alice", alice.key))
    server = nginx(SITES % (path, "200ms"))
    logged(server, r'\[warn\] .*run "paylock-admin init"')
    alice("init")
    alice("lock", "h0.example")
    server.wait_state("h0.example", "locked")
    assert count(server, 'run "paylock-admin init"') == 1


def test_check_scans_do_not_hold_up_entries(signed, chain):
    fill(chain)
    server = signed(reconcile="10ms")
    for n in range(100):
        chain.write((f"n{n}.example", LOCKED))
    chain.settle(server)
    assert unaudited(server) == 0
