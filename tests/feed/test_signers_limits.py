# Copyright (C) 2026 paylock contributors
#
# nginx and signers who may not do everything, not from the beginning, or not
# any more.

import json
import time

import pytest

from support.chain import (ALERTS, AUDIT, LOCKED, LOCKS, OPEN, count,
                           logged)
from support.cli import alice, bob, operator, refused, trust
from support.feed import stopped
from support.signed import (A, B, CLOSED, SITES, STATE, chain, diverged,
                            fill, live, signed, stays)
from support.trail import signer, signers_file


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


# commands of whoever may do everything

REPLAYED = {"notice": ["notice", "a.example", "--channel", "email", "--ref",
                       "R 1", "--sent", "2026-01-02"],
            "plan": ["lock", "a.example", "--at", "2100-01-01", "--yes"],
            "passes": ["pass", "revoke", "a.example"],
            "protect": ["protect", "a.example"]}


HELD = r"\[alert\] .*by what is in force here"


@pytest.fixture
def served(nginx, alice, private):
    """An nginx for which alice alone signs."""
    path = signers_file(private / "signers", signer("alice", alice.key))
    server = nginx(SITES % (path, "200ms") + STATE)
    server.allow(ALERTS)
    server.wait_state("a.example", "locked")
    return server


@pytest.mark.parametrize("name", REPLAYED)
def test_an_older_record_put_back(served, alice, redis, name):
    """An entry wrote it, so the command goes on from it; it opens nothing that
    nginx knows to be closed."""
    client = redis.client()
    alice("unlock", "a.example")
    older = client.hget(LOCKS, "a.example")
    alice("lock", "a.example")
    served.wait_state("a.example", "locked")
    client.hset(LOCKS, "a.example", older)
    alice(*REPLAYED[name])
    if name != "notice":                # of which nginx takes no record
        logged(served, HELD)
    stays(served, {"a.example": "locked"}, 0.5)
    served.stop()
    served.start()
    stays(served, {"a.example": "locked"}, 0.5)
    assert alice("audit", "verify", check=False).returncode == 12
    if name == "protect":
        alice("unprotect", "a.example")
    alice("lock", "a.example")
    alice("adopt", "--yes")
    alice("lock", "b.example")
    served.wait_state("b.example", "locked")
    assert served.state("a.example") == "locked"


def test_an_unlock_from_an_older_record(served, alice, redis):
    client = redis.client()
    alice("unlock", "a.example")
    older = client.hget(LOCKS, "a.example")
    alice("lock", "a.example")
    served.wait_state("a.example", "locked")
    client.hset(LOCKS, "a.example", older)
    alice("unlock", "a.example", "--reason", "paid")
    served.wait_state("a.example", "open")


# what closes the host, the host, and how that is locked

INHERITED = {"suffix": (".s.example", "a.s.example", ["--at", "2100-01-01"]),
             "readonly": (".s.example", "a.s.example", ["--readonly", "now"]),
             "notice": ("*.example", "a.s.example", ["--notice", "now"]),
             "below": (".s.example", ".a.s.example", ["--at", "2100-01-01"]),
             "www": ("w.example", "www.w.example", ["--at", "2100-01-01"])}


@pytest.mark.parametrize("older", (True, False))
@pytest.mark.parametrize("name", INHERITED)
def test_the_record_of_another_name(served, alice, redis, name, older):
    """It is put back, or removed: what was closed by it stays so."""
    closes, host, how = INHERITED[name]
    client, asked = redis.client(), host.removeprefix(".")
    alice("unlock", closes, "--yes")
    was = client.hget(LOCKS, closes)
    alice("lock", closes, "--yes")
    served.wait_state(asked, "locked")
    if older:
        client.hset(LOCKS, closes, was)
    else:
        client.hdel(LOCKS, closes)
    alice("lock", host, *how, "--yes")
    logged(served, HELD)
    stays(served, {asked: "locked"}, 0.3)
    assert alice("audit", "verify", check=False).returncode == 12
    alice("lock", host, closes, "--yes")
    alice("adopt", "--yes")
    alice("unlock", "a.example")
    served.wait_state("a.example", "open")
    assert served.state(asked) == "locked"


def test_a_plan_that_an_older_record_does_not_have(served, alice, redis):
    client = redis.client()
    alice("unlock", "p.example")
    older = client.hget(LOCKS, "p.example")
    alice("lock", "p.example", "--at", "+1d")
    alice("lock", "p.example", "--at", "+2d")       # put off, honestly
    client.hset(LOCKS, "p.example", older)
    time.sleep(2)                       # else passes would tell, too
    alice("lock", "p.example", "--notice", "now")
    logged(served, r"\[alert\] .*goes on from another record, and opens")
    stays(served, {"p.example": "open"}, 0.3)
    alice("lock", "p.example", "--at", "+2d")
    alice("adopt", "--yes")
    served.wait_state("p.example", "notice")


@pytest.mark.parametrize("action", ("import", "reset", "unlock"))
def test_passes_that_an_older_record_does_not_revoke(served, alice, redis,
                                                     action):
    """They stay revoked where the host is closed afterwards, or later."""
    client = redis.client()
    alice("lock", ".example", "--yes")
    alice("lock", "p.example")
    older = client.hget(LOCKS, "p.example")
    alice("pass", "revoke", "p.example")
    client.hset(LOCKS, "p.example", older)
    if action == "import":
        alice("import", "-", "--yes", input=json.dumps(
            {"host": "p.example", "lock_at": 1000}))
    else:
        alice(action, "p.example",
              *(["--until", "+1d"] if action == "unlock" else []))
    logged(served, r"\[alert\] .*makes passes good again")
    stays(served, {"p.example": "locked"}, 0.3)
    assert alice("audit", "verify", check=False).returncode == 12
    alice("pass", "revoke", "p.example")
    alice("adopt", "--yes")
    served.wait_state("p.example", "open" if action == "unlock" else "locked")
    alice("audit", "verify")


@pytest.mark.parametrize("closes, when, host", (
    ("*.w.example", "now", "w.example"),        # which takes www.w.example
    (".s.example", "+1h", "a.s.example"),
    ("w.example", "+1h", "www.w.example")))
def test_an_honest_plan_below_another_name(nginx, alice, bob, private, closes,
                                           when, host):
    """paylock-admin refuses what nginx would hold."""
    lines = signer("alice", alice.key), signer("bob", bob.key, may="lock")
    trust([alice, bob], *lines)
    server = nginx(SITES % (signers_file(private / "signers", *lines),
                            "200ms"))
    alice("lock", closes, "--at", when, "--yes")
    error = refused(bob, 1, "key_limited", "lock", host, "--at", "+1d")
    assert "your key may not unlock" in error["message"]
    bob("lock", host, "--at", "+1m" if when == "+1h" else "now")
    bob("lock", "b.example", "--at", "+1d")
    bob("lock", host, "b.example")
    server.wait_state(host, "locked")
    server.wait_state("b.example", "locked")
