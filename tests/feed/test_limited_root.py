# Copyright (C) 2026 paylock contributors
#
# What a signer with limits vouches for.  Who holds such a key and writes to
# Redis as they like opens nothing on an nginx that begins anew.

import copy
import json
import types

import pytest

from oracle.lattice import Lattice
from support.chain import (ALERTS, HOSTS, LOCKED, LOCKS, NODES, OPEN, count,
                           logged, text)
from support.fake_redis import FakeRedis
from support.servers import wait_for
from support.trail import Key, SignedChain, signer, signers_file

A, L, M = Key(1), Key(9), Key(8)

# by default locked: what is open was opened
SITES = """
    paylock_signers %s;
    paylock_reconcile 60s;
    paylock_state %s;
    paylock_default locked;
    server { server_name *.example; paylock on;
             location / { return 200; } }
"""

FAR = 4294967295
ENDS = {"at": 1000, "lock_at": 1000, "open_at": 4200000000, "ref": "ends"}


@pytest.fixture
def chain(redis):
    chain = SignedChain(redis, A)
    chain.init()
    chain.write(*((host, LOCKED) for host in HOSTS), ("free.example", OPEN),
                ("ends.example", ENDS))
    return chain


@pytest.fixture
def fresh(nginx, private):
    """fresh(may, …): an nginx that knows nothing, and believes A, and L who
    may do that."""
    def start(may, *lines, state="off", **kw):
        path = signers_file(private / "signers", signer("a", A),
                            signer("l", L, may=may), *lines)
        server = nginx(SITES % (path, state), **kw)
        server.allow(ALERTS)
        return server
    return start


def state(server, host):
    """What a visitor gets."""
    return {200: "open", 503: "locked"}[server.get("/", host=host).status]


def comes(server, host, wanted):
    wait_for(f"{host} to be {wanted}", lambda: state(server, host) == wanted)


def report(chain):
    reports = chain.client.hgetall(NODES)
    return json.loads(*reports.values()) if reports else {}


def live(chain, server):
    wait_for("live", lambda: report(chain).get("state") == "live")


def held(chain, server, why):
    """Nothing is in force, told once, with what to do."""
    logged(server, rf"\[alert\] .*{why}.*paylock-admin audit verify.* and "
                   r".*paylock-admin adopt")
    wait_for("the report", lambda: report(chain).get("state") == "diverged")
    assert count(server, r"\[alert\]") == 1
    assert {state(server, host) for host in
            (*HOSTS, "free.example", "ends.example")} == {"locked"}


def back(chain, server, key=A):
    """What an adopt does: the records as the entries say, and its root."""
    truth = {}
    for _, entry in chain.client.xrange("{paylock}:audit"):
        if entry.get("host") and entry["action"] == "import":
            truth[entry["host"]] = entry["after"]
    chain.client.delete(LOCKS)
    chain.client.hset(LOCKS, mapping=truth)
    chain.know()
    chain.adopt(key, resumes=chain.good, lost=chain.seq)
    live(chain, server)
    assert {state(server, host) for host in HOSTS} == {"locked"}
    assert state(server, "free.example") == "open"
    chain.write((HOSTS[0], OPEN))
    comes(server, HOSTS[0], "open")


def lie(chain, host, before, after, action, key=L, root=None, **fields):
    """An entry that says of the record before what is not true.  Its root is
    that of all records as they are then."""
    there = {**chain.client.hgetall(LOCKS),
             host: text({**after, "entry": chain.seq + 1})}
    lattice = copy.copy(chain.lattice)
    for name in {*there, *chain.records}:
        was, now = chain.records.get(name), there.get(name)
        if was != now:
            lattice.change(name, was, now)
    chain.records[host] = text(before)
    chain.write((host, after), key=key, action=action,
                root=root or lattice.root(), **fields)
    chain.records, chain.lattice = there, lattice


CLAIM = {**OPEN, "entry": 1}


def root_alone(chain):
    """All is open by hand, and an honest notice vouches for it."""
    forged = {host: json.dumps({**OPEN, "entry": 2}) for host in HOSTS}
    chain.client.hset(LOCKS, mapping=forged)
    there = {**chain.client.hgetall(LOCKS),
             "n.example": f'{{"entry":{chain.seq + 1}}}'}
    chain.write(("n.example", {}), key=L, action="notice",
                root=Lattice(there).root())


def before(chain):
    lie(chain, HOSTS[0], CLAIM, OPEN, "notice")


def before_that_is_none(chain):
    lie(chain, HOSTS[0], {}, {}, "notice")


def formal(chain):
    """The root that the entry would have, if what it says were true."""
    lie(chain, HOSTS[0], CLAIM, OPEN, "notice")
    chain.know()
    chain.lattice.change(HOSTS[0], text(CLAIM), text(LOCKED))
    chain.write(("n.example", {}), key=L, action="notice")


def of_another_host(chain):
    """The record that is given for one host is that of another."""
    chain.client.hset(LOCKS, HOSTS[0], json.dumps({**OPEN, "entry": 3}))
    lie(chain, HOSTS[1], CLAIM, OPEN, "notice")


def in_a_row(chain):
    """The lie is not in the last entry of its transaction."""
    record = text({**OPEN, "entry": chain.seq + 1})
    there = {**chain.client.hgetall(LOCKS), HOSTS[0]: record,
             "n.example": f'{{"entry":{chain.seq + 2}}}'}
    chain.records[HOSTS[0]] = text(CLAIM)
    chain.write((HOSTS[0], OPEN), ("n.example", {}), key=L, action="notice",
                root=Lattice(there).root())


def behind_many(chain):
    root_alone(chain)
    chain.know()
    chain.write(*((f"n{i}.example", {}) for i in range(300)), key=L,
                action="notice")


def with_an_entry_of_another(chain):
    """It names the key of a signer who may do everything, who never signed."""
    chain.write((HOSTS[0], OPEN), key=A, action="unlock", sign=False)
    chain.write(("n.example", {}), key=L, action="notice")


def with_a_bad_signature(chain):
    chain.write((HOSTS[0], OPEN), key=types.SimpleNamespace(
        public=A.public, sign_entry=L.sign_entry), action="unlock")
    chain.write(("n.example", {}), key=L, action="notice")


def with_an_adopt(chain):
    chain.client.hset(LOCKS, HOSTS[0], json.dumps({**OPEN, "entry": 2}))
    chain.know()
    chain.adopt(types.SimpleNamespace(public=A.public,
                                      sign_entry=L.sign_entry))
    chain.write(("n.example", {}), key=L, action="notice")


ATTACKS = {
    root_alone: ("notice", "do not lead to them"),
    before: ("notice", "do not lead to them"),
    before_that_is_none: ("notice", "do not lead to them"),
    formal: ("notice", "do not have the root"),
    of_another_host: ("notice", "do not lead to them"),
    in_a_row: ("notice", "do not lead to them"),
    behind_many: ("notice", "do not lead to them"),
    with_an_entry_of_another: ("notice", "is not signed"),
    with_a_bad_signature: ("notice", "does not carry a good signature"),
    with_an_adopt: ("notice", "is no adopt of a signer that counts"),
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_nothing_is_opened(fresh, chain, attack):
    may, why = ATTACKS[attack]
    chain.good = chain.seq, chain.hash
    attack(chain)
    server = fresh(may)
    held(chain, server, why)
    back(chain, server)


def test_a_moment_far_away(fresh, chain):
    """Whoever may only lock opens nothing today by what will once be open."""
    chain.good = chain.seq, chain.hash
    chain.write(("ends.example", {"at": FAR, "open_at": FAR}), key=L,
                action="lock")
    server = fresh("lock")
    held(chain, server, "today")
    back(chain, server)


def test_two_who_may_a_part(fresh, chain):
    """One signs what only the other may."""
    chain.good = chain.seq, chain.hash
    chain.write((HOSTS[0], OPEN), key=M, action="unlock", sign=False)
    chain.write(("n.example", {}), key=L, action="notice")
    server = fresh("notice", signer("m", M, may="unlock"))
    held(chain, server, "is not signed")
    back(chain, server)


@pytest.mark.parametrize("limits", ["from", "until"])
def test_who_does_not_count_there(fresh, chain, limits):
    """One who counts later, or is revoked, in the middle of the way."""
    chain.good = chain.seq, chain.hash
    seq = chain.seq
    chain.write((HOSTS[0], OPEN), key=M, action="unlock")
    chain.write(("n.example", {}), key=L, action="notice")
    server = fresh("notice", signer("m", M, first=seq + 2)
                   if limits == "from" else
                   signer("m", M, until=(seq, chain.good[1])))
    held(chain, server, "counts from entry" if limits == "from"
         else "is revoked")
    back(chain, server)


def test_nobody_who_may_adopt_began(nginx, chain, private, redis):
    """Whoever may not init begins no trail.  Who may, vouches for what was
    there."""
    chain.client.flushall()
    trail = SignedChain(redis, L)
    trail.client.hset(LOCKS, "old.example", json.dumps(OPEN))
    trail.know()
    trail.init()
    trail.write(("b.example", OPEN), key=L, action="unlock")
    path = signers_file(private / "signers", signer("a", A),
                        signer("l", L, may="unlock"))
    server = nginx(SITES % (path, "off"))
    server.allow(ALERTS)
    logged(server, r"\[alert\] .*who may not init")
    assert state(server, "b.example") == "locked"
    signers_file(path, signer("a", A), signer("l", L, may="init,unlock"))
    server.reload()
    comes(server, "b.example", "open")
    comes(server, "old.example", "open")


# while a scan is under way

@pytest.fixture
def during(nginx, chain, redis, private):
    """during(act, …): an nginx that begins; act happens when it has seen a
    part of the records."""
    def start(act, may):
        chain.write(*((f"n{i}.example", LOCKED) for i in range(1000)))
        path = signers_file(private / "signers", signer("a", A),
                            signer("l", L, may=may))
        with FakeRedis(redis.socket) as relay:
            relay.on("HSCAN", times=1, then=act)
            server = nginx(SITES % (path, "off"), redis=types.SimpleNamespace(
                url=relay.url, users=redis.users, client=redis.client))
            server.allow(ALERTS)
            yield server
    return start


def first_and_last(chain):
    """Hosts that HSCAN shows at its beginning and at its end."""
    hosts = [host for host, _ in chain.client.hscan_iter(LOCKS, count=100)]
    return hosts[0], hosts[-1]


@pytest.mark.parametrize("which", [0, 1], ids=["seen", "not_seen"])
def test_a_lie_while_it_reads(during, chain, which):
    acted = []

    def act():
        host = first_and_last(chain)[which]
        acted.append(host)
        lie(chain, host, CLAIM, OPEN, "notice")

    for server in during(act, "notice"):
        logged(server, r"\[alert\] .*(do not lead to them|than there was)")
        assert state(server, acted[0]) == "locked"
        assert state(server, "free.example") == "locked"


def test_a_moment_far_away_while_it_reads(during, chain):
    """Entries that come during a scan are looked at in the same way."""
    def act():
        chain.write(("ends.example", {"at": FAR, "open_at": FAR}), key=L,
                    action="lock")

    for server in during(act, "lock"):
        logged(server, r"\[alert\] .*more open than it was, today")
        assert state(server, "ends.example") == "locked"
        assert state(server, "free.example") == "locked"
        assert count(server, r"\[alert\]") == 1


@pytest.mark.parametrize("which", [0, 1], ids=["seen", "not_seen"])
def test_honest_while_it_reads(during, chain, which):
    acted = []

    def act():
        host = first_and_last(chain)[which]
        acted.append(host)
        chain.write((host, OPEN), key=L, action="unlock")
        chain.write((host, LOCKED), key=L, action="lock")
        chain.write((host, OPEN), key=L, action="unlock")

    for server in during(act, "unlock,lock"):
        logged(server, "paylock: live")
        assert state(server, acted[0]) == "open"
        assert state(server, "free.example") == "open"
        assert count(server, r"\[alert\]") == 0


# the honest case

def test_a_billing_system(fresh, chain, private):
    """Thousands of entries of a signer with limits stand at the end."""
    for n in range(20):
        chain.write(*((f"c{i}.example", LOCKED) for i in range(100)), key=L,
                    action="lock")
        if n % 2:
            chain.write(*((f"c{i}.example", OPEN) for i in range(50)), key=L,
                        action="unlock")
        chain.write((f"c{n}.example", json.loads(
            chain.records[f"c{n}.example"])), key=L, action="notice")
    server = fresh("lock,unlock,notice", state="@DIR@/state/state")
    live(chain, server)
    states = {f"c{i}.example": state(server, f"c{i}.example")
              for i in range(100)}
    assert states == {f"c{i}.example": "open" if i < 50 else "locked"
                      for i in range(100)}
    server.reload()
    live(chain, server)
    server.stop()
    chain.write(("c0.example", LOCKED), ("c99.example", LOCKED), key=L,
                action="lock")
    server.start()
    comes(server, "c0.example", "locked")
    server.stop()
    (server.dir / "state" / "state").unlink()
    chain.write(("c1.example", LOCKED), key=L, action="lock")
    server.start()
    comes(server, "c2.example", "open")
    assert state(server, "c1.example") == "locked"
    assert count(server, r"\[alert\]") == 0


def test_turns_of_two(fresh, chain):
    """Two with limits, whose entries alternate."""
    for i in range(40):
        chain.write((f"c{i}.example", LOCKED), key=L, action="lock")
        chain.write((f"c{i}.example", OPEN), key=M, action="unlock")
    server = fresh("lock", signer("m", M, may="unlock"))
    live(chain, server)
    assert {state(server, f"c{i}.example") for i in range(40)} == {"open"}
    assert state(server, HOSTS[0]) == "locked"
