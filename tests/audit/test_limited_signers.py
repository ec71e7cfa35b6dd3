# Copyright (C) 2026 paylock contributors
#
# What a signer with limits vouches for, to paylock-admin: no more than follows
# from what somebody vouched for who may adopt.

import json
import time

import pytest

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from oracle.lattice import Lattice
from support.chain import AUDIT, LOCKS, OPEN, ROOT, entry_hash, text
from support.cli import refused, signers_of, state, trust
from support.trail import Key, SignedChain, signer

MAY = "lock,unlock,notice"


def key_of(admin):
    """The key of an operator, in the hands of a thief."""
    key = Key(1)
    path = admin.home / "config/paylock/key.pem"
    key.private = load_pem_private_key(path.read_bytes(), None)
    key.public = admin.key
    return key


def limit(machines, alice, bob, may):
    trust(machines, alice, signer("bob", bob.key, may=may))


@pytest.fixture
def thief(alice, bob, redis):
    """Holds bob's key, who may only notice, and writes to Redis."""
    alice("lock", "h1.example", "h2.example")
    limit([alice, bob], alice, bob, "notice")
    bob("notice", "h2.example", "--channel", "letter", "--ref", "R1")
    alice("lock", "h3.example")
    return SignedChain(redis, key_of(bob))


def entry_of(thief, host):
    return json.loads(thief.client.hget(LOCKS, host))["entry"]


def notice(thief, host, before, lattice=None):
    """Says of the record before what is not true.  The root and its lattice
    are those of all records as they are then, or that one's."""
    prior = entry_of(thief, host) if thief.client.hexists(LOCKS, host) else 0
    after = {**before, "entry": thief.seq + 1}
    there = {**thief.client.hgetall(LOCKS), host: text(after)}
    lattice = lattice or Lattice(there)
    thief.records[host] = text(before) if before else ""
    thief.write((host, after), action="notice", prior=str(prior),
                root=lattice.root())
    thief.client.hset(ROOT, mapping={"seq": thief.seq,
                                     "lattice": lattice.bytes()})


def root_alone(thief):
    """Open by hand, and an honest notice vouches for it."""
    opened = text({**OPEN, "entry": entry_of(thief, "h1.example")})
    thief.client.hset(LOCKS, "h1.example", opened)
    notice(thief, "h2.example", json.loads(
        thief.client.hget(LOCKS, "h2.example")))


def root_alone_without_lattice(thief):
    root_alone(thief)
    thief.client.delete(ROOT)


def before(thief):
    notice(thief, "h1.example", {
        **OPEN, "entry": entry_of(thief, "h1.example")})


def formal(thief):
    """A sum in which the record that never was is less than none."""
    was = {**OPEN, "entry": entry_of(thief, "h1.example")}
    lattice = Lattice(thief.client.hgetall(LOCKS))
    lattice.change("h1.example", text(was),
                   text({**was, "entry": thief.seq + 1}))
    notice(thief, "h1.example", was, lattice)


def new(thief):
    """As if the host were new."""
    lattice = Lattice(thief.client.hgetall(LOCKS))
    lattice.change("h1.example", "", text({"entry": thief.seq + 1}))
    seq = thief.seq + 1
    thief.records["h1.example"] = ""
    thief.write(("h1.example", {}), action="notice", prior="0",
                root=lattice.root())
    thief.client.hset(ROOT, mapping={"seq": seq, "lattice": lattice.bytes()})


def replace(thief, key, host="h1.example", **fields):
    """Another entry, signed by that key, stands in the place of the one that
    wrote the host's record, and the record is the one that it says."""
    at = entry_of(thief, host)
    entries = thief.client.xrange(AUDIT)
    record = text({**OPEN, "entry": at})
    thief.client.delete(AUDIT)
    for id, entry in entries:
        if id == f"{at}-0":
            entry = {**entry, "before": text(OPEN), "after": record,
                     "action": "notice", "key": key.public, **fields}
            entry["hash"] = entry_hash(at, entry)
            entry["root"] = Lattice({}).root()
            entry["sig"] = key.sign_entry(entry)
        thief.client.xadd(AUDIT, entry, id=id)
    return record


@pytest.mark.parametrize("limits", ["may", "until"])
@pytest.mark.parametrize("command", [
    ["notice", "h1.example", "--channel", "letter", "--ref", "R2"],
    ["lock", "h1.example"],
    ["pass", "revoke", "h1.example"]], ids=" ".join)
def test_an_old_entry_is_replaced(thief, alice, redis, command, limits):
    """What a limited or a revoked key signs in the place of an old entry is
    nothing to go on from."""
    if limits == "until":
        hash = dict(thief.client.xrange(AUDIT))[f"{thief.seq}-0"]["hash"]
        trust([alice], alice, signer("bob", thief.key, until=(
            thief.seq, hash, thief.chain)))
        alice("audit", "verify")
    record = replace(thief, thief.key)
    thief.client.hset(LOCKS, "h1.example", record)
    there = state(redis)
    refused(alice, 1, "chain_forged", *command)
    assert state(redis) == there


def test_an_old_entry_proves_a_lie(thief, alice, redis):
    """The record before, in an old entry that was replaced."""
    lattice = Lattice(thief.client.hgetall(LOCKS))
    record = replace(thief, thief.key)
    lattice.change("h1.example", record,
                   text({**OPEN, "entry": thief.seq + 1}))
    notice(thief, "h1.example", json.loads(record), lattice)
    there = state(redis)
    refused(alice, 1, "root", "lock", "new.example")
    assert state(redis) == there


@pytest.mark.parametrize("attack", [root_alone, root_alone_without_lattice,
                                    before, formal, new],
                         ids=lambda attack: attack.__name__)
def test_nobody_signs_over_it(attack, thief, alice, operator, redis):
    was = redis.client().hgetall(LOCKS)
    good = thief.seq
    attack(thief)
    there = state(redis)
    fresh = operator("carol")
    signers_of(fresh).write_text(signers_of(alice).read_text())
    for admin, command in ((alice, ["lock", "new.example"]),
                           (alice, ["unlock", "h1.example"]),
                           (alice, ["audit", "checkpoint"]),
                           (fresh, ["init", "--yes"])):
        error = refused(admin, 1, "root", *command)
        assert f"entry {thief.seq} signed them" in error["message"]
        assert "adopt" in error["mend"] and "revoke" in error["mend"]
    assert alice("doctor", check=False).returncode != 0
    assert alice("audit", "verify", check=False).returncode == 12
    assert state(redis) == there

    # the way back of docs/operations.md: first the key is revoked
    hash = dict(thief.client.xrange(AUDIT))[f"{good}-0"]["hash"]
    limit([alice], alice, types_of(thief),
          f"notice until={good}:{hash}:{thief.chain}")
    alice("adopt", "--yes", "--drop")
    assert redis.client().hgetall(LOCKS) == was
    assert alice("audit", "verify", check=False).returncode == 0
    signers_of(fresh).write_text(signers_of(alice).read_text())
    fresh("init", "--yes")
    alice("unlock", "h1.example")
    assert alice("audit", "verify", check=False).returncode == 0


class types_of:
    """Of the thief, as of an operator, the key."""
    def __init__(self, thief):
        self.key = thief.key.public


def test_a_billing_system(alice, bob, operator, redis, private):
    """Thousands of its entries stand at the end, for all who come after."""
    limit([alice, bob], alice, bob, MAY)
    hosts = [f"c{i}.example" for i in range(1000)]
    bob("lock", *hosts, "--yes")
    alice("lock", "by-alice.example")
    bob("unlock", *hosts, "--yes")
    bob("lock", *hosts, "--yes")
    carol = operator("carol")
    signers_of(carol).write_text(signers_of(alice).read_text())
    carol("init", "--yes")
    began = time.monotonic()
    alice("lock", "a2.example")
    print("behind 2,000 entries:", time.monotonic() - began)
    began = time.monotonic()
    alice("unlock", "a2.example")
    print("behind none:", time.monotonic() - began)
    bob("unlock", "c1.example")
    alice("audit", "checkpoint")
    bob("lock", "quite-new.example")
    redis.client().delete(ROOT)
    alice("lock", "c1.example")
    bob("unlock", "c2.example")
    alice("audit", "archive", "--before", "+1d", "--yes", "--output",
          private / "archive")
    bob("lock", "c2.example")
    alice("lock", "c3.example")
    bob("lock", "c3.example", "--reason", "again")
    for admin in alice, bob:
        assert admin("audit", "verify", check=False).returncode == 0


def test_after_a_rotation(alice, bob, redis):
    """Far back, behind what was given up, entries of a revoked key are found
    by a short way."""
    def read():
        return redis.client().info("stats")["total_net_output_bytes"]

    trust([alice, bob], alice, signer("bob", bob.key))
    hosts = [f"c{i}.example" for i in range(3000)]
    bob("lock", *hosts, "--yes")
    alice("lock", *(f"d{i}.example" for i in range(200)), "--yes")
    alice("lock", *(f"e{i}.example" for i in range(5)), "--yes")
    at = redis.client().xrevrange(AUDIT, count=3)
    redis.client().xdel(AUDIT, *(id for id, _ in at))
    alice("adopt", "--yes", "--drop")
    id, last = redis.client().xrevrange(AUDIT, count=1)[0]
    trust([alice], alice, signer("bob", bob.key, until=(
        int(id.split("-")[0]), last["hash"], last["chain"])))
    alice("audit", "verify")
    for host in hosts[0], hosts[1234], hosts[-1]:
        was = read()
        alice("unlock", host)
        assert read() - was < 200000, host
    was = read()
    alice("unlock", *hosts[5:15], *hosts[2000:2010], "--yes")
    assert read() - was < 400000
    assert alice("audit", "verify", check=False).returncode == 0


def test_records_of_archived_entries(thief, alice, redis, private):
    """The root of whoever holds a limited key makes none of them good."""
    was = redis.client().hgetall(LOCKS)
    alice("audit", "archive", "--before", "+1d", "--yes", "--output",
          private / "archive")
    thief.look()
    root_alone(thief)
    there = state(redis)
    refused(alice, 1, "root", "lock", "new.example")
    refused(alice, 1, "archived", "adopt", "--yes")
    assert state(redis) == there
    alice("adopt", "--yes", "--drop", "--archive", private / "archive")
    found = redis.client().hgetall(LOCKS)
    assert json.loads(found["h1.example"])["lock_at"]
    assert found["h1.example"] == was["h1.example"]
    alice("lock", "new.example")
