# Copyright (C) 2026 paylock contributors
#
# The record of an entry must fit its action, and what it does beside it the
# signer must be allowed, too.

import json
import random
import subprocess

import pytest

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from oracle import rule, verify as oracle
from oracle.lattice import Lattice
from support import servers, trail as t
from support.chain import AUDIT, LOCKS, Chain, text
from support.cli import entries, refused, signers_of, state, trust
from support.trail import Key, Trail, header, signer

A, B, C, D = (Key(byte) for byte in (1, 2, 3, 4))

WRITES = sorted(rule.CHANGES)


def verify(admin):
    done = admin("--json", "audit", "verify", check=False)
    report = json.loads(done.stdout)
    return done.returncode, [(f["kind"], f["seq"]) for f in report["faults"]]


def key_of(admin):
    """The key of an operator, in the hands of a thief."""
    key = Key(1)
    path = admin.home / "config/paylock/key.pem"
    key.private = load_pem_private_key(path.read_bytes(), None)
    key.public = admin.key
    return key


# what paylock-admin itself refuses to sign


def limited(alice, bob, may):
    trust([alice, bob], alice, signer("bob", bob.key, may=may))


def test_who_may_lock_plans_no_opening(alice, bob, redis):
    limited(alice, bob, "lock")
    bob("lock", "b.example")
    bob("lock", "c.example", "--at", "+7d")
    bob("lock", "d.example", "--notice", "now", "--at", "+7d")
    alice("unlock", "e.example")
    bob("lock", "e.example", "--at", "+3d")
    before = state(redis)
    for command in (["b.example", "--until", "+1d"],
                    ["new.example", "--until", "+1d"],
                    ["c.example", "--at", "+9d"]):
        error = refused(bob, 1, "key_limited", "lock", *command)
        assert "your key may not unlock" in error["message"]
        assert error["host"] == command[0]
        refused(bob, 1, "key_limited", "--dry-run", "lock", *command)
    assert state(redis) == before
    # an earlier opening is not planned, a later one is: it closes for longer
    alice("lock", "b.example", "--until", "+5d")
    refused(bob, 1, "key_limited", "lock", "b.example", "--until", "+4d")
    bob("lock", "b.example", "--until", "+6d")
    alice("unlock", "f.example")
    bob("lock", "f.example", "--until", "+1d")
    assert verify(alice) == (0, [])


def test_who_may_unlock_plans_no_lock(alice, bob, redis):
    limited(alice, bob, "unlock")
    bob("unlock", "a.example", "--until", "+1d")
    alice("lock", "a.example")
    bob("unlock", "a.example")
    before = state(redis)
    for host in "a.example", "new.example":
        error = refused(bob, 1, "key_limited", "unlock", host, "--until",
                        "+1d")
        assert "your key may not lock" in error["message"]
    assert state(redis) == before
    limited(alice, bob, "lock,unlock")
    bob("unlock", "a.example", "--until", "+1d")
    bob("lock", "a.example", "--until", "+2d")
    assert verify(alice) == (0, [])


def test_the_honest_commands(alice, redis, private):
    """Nothing that paylock-admin writes is refused."""
    keys = private / "keys"
    alice("keygen", "--pass", keys)
    rows = private / "rows.csv"
    rows.write_text("host,lock_at,open_at,reason\n"
                    "i.example,1793491200,,one\nj.example,,1793491200,\n"
                    "k.example,1793491200,1793491300,überfällig\n")
    passes = ["--key", keys]
    for command in (
            ["notice", "n.example", "--channel", "letter", "--ref", "R 1"],
            ["pass", "issue", "n.example", "--ttl", "7d", *passes],
            ["pass", "revoke", "n.example"], ["lock", "n.example"],
            ["notice", "n.example", "--channel", "letter", "--ref", "R 1"],
            ["pass", "issue", "n.example", "--ttl", "7d", *passes],
            ["pass", "revoke", "n.example"],
            ["lock", "n.example", "--readonly", "now", "--until", "+9d"],
            ["unlock", "n.example", "--until", "+7d"],
            ["unlock", "n.example", "--reason", "paid"],
            ["reset", "n.example"], ["reset", "a.example"],
            ["protect", "p.example", "--reason", "ours"],
            ["notice", "p.example", "--channel", "letter", "--ref", "R 1"],
            ["pass", "revoke", "p.example"], ["reset", "p.example"],
            ["unlock", "p.example"], ["unprotect", "p.example"],
            ["lock", ".s.example", "--reason", "überfällig", "--yes"],
            ["lock", "x.s.example", "--notice", "now", "--at", "+7d"],
            ["unlock", ".s.example", "--yes"],
            ["lock", "y.s.example", "--at", "+7d"],
            ["pass", "issue", "y.s.example", "--ttl", "7d", *passes],
            ["import", rows, "--yes"], ["import", rows, "--yes"],
            ["lock", "i.example", "j.example", "k.example"],
            ["unlock", "i.example", "j.example", "k.example"]):
        alice(*command)
    assert verify(alice) == (0, [])
    seen = {e["action"] for e in entries(redis)}
    assert seen == {*WRITES, "init"}
    oracle.verify_stream(redis.client().xrange(AUDIT),
                         signers=signers_of(alice).read_text())


# what a thief of a key signs


def forge(redis, key, action, record, host="a.example"):
    """An entry with this record, which is put into Redis as well."""
    client = redis.client()
    [(_, head)] = client.xrevrange(AUDIT, count=1)
    chain = Chain(redis)
    chain.look()
    seq = chain.seq + 1
    locks = client.hgetall(LOCKS)
    was = locks.get(host, "")
    kept = {name: value for name, value in json.loads(was or "{}").items()
            if name in ("ref", "pass_after")}
    locks[host] = after = text({**kept, **record, "entry": seq})
    entry = chain.entry(seq, head["hash"], key=key.public, action=action,
                        host=host, before=was, after=after,
                        prior=str(json.loads(was)["entry"]) if was else "0")
    entry["root"] = Lattice(locks).root()
    entry["sig"] = key.sign_entry(entry)
    client.xadd(AUDIT, {k: v for k, v in entry.items() if v}, id=f"{seq}-0")
    client.hset(LOCKS, host, after)
    return seq


OPEN = {"at": 1793491200, "open_at": 1793491200}
PLAN = {"at": 1793491200, "lock_at": 1793491200, "open_at": 4000000000}


@pytest.mark.parametrize("action, record, why", [
    ("notice", OPEN, 'whose action is \\"notice\\", changes more'),
    ("pass-issue", OPEN, "changes more"),
    ("pass-revoke", OPEN, "changes when the host is closed"),
    ("lock", OPEN, "leaves the host more open"),
    ("lock", PLAN, "signed by bob, who may not unlock"),
    ("lock", {}, "leaves the host more open"),
    ("protect", {**OPEN, "protected": True}, "opens a host")])
def test_a_record_that_does_not_fit(alice, bob, redis, action, record, why):
    """It is found, nothing goes on from it, and an adopt ends it."""
    limited(alice, bob, action)
    seq = forge(redis, key_of(bob), action, record)
    done = alice("--json", "audit", "verify", check=False)
    [fault] = json.loads(done.stdout)["faults"]
    assert (done.returncode, fault["kind"], fault["seq"]) == (10, "key", seq)
    assert f"entry {seq} " in fault["message"]
    assert why.replace('\\"', '"') in fault["message"]
    with pytest.raises(oracle.Fault, match=f"key at {seq}"):
        oracle.verify_stream(redis.client().xrange(AUDIT),
                             signers=signers_of(alice).read_text())
    before = state(redis)
    refused(alice, 1, "chain_forged", "lock", "b.example")
    refused(alice, 1, "chain_forged", "unlock", "a.example")
    assert state(redis) == before
    alice("adopt", "--yes")
    assert "lock_at" in redis.client().hget(LOCKS, "a.example")
    assert verify(alice) == (0, [])


def test_no_limit_lets_it_pass(alice, bob, redis):
    """A notice that opens is none, whoever signed it."""
    seq = forge(redis, key_of(alice), "notice", OPEN)
    assert verify(alice) == (10, [("key", seq)])


def test_an_action_that_is_not_known(alice, bob, redis):
    seq = forge(redis, key_of(alice), "settle", OPEN)
    done = alice("audit", "verify", check=False)
    assert done.returncode == 10 and "upgrade this first" in done.stdout
    assert verify(alice) == (10, [("key", seq)])


# both verifiers


def some_record(dice, seq):
    """A record of an entry, or what is none, around the times 100 to 104."""
    record = {name: dice.randint(98, 104) for name in (
        "at", "open_at", "notice_at", "readonly_at", "lock_at")
        if dice.random() < 0.45}
    for name, values in (("pass_after", (100, 101)), ("ref", ("a", "b c")),
                         ("protected", (True, False)), ("reason", ("ü",)),
                         ("x", ({"entry": 2}, None))):
        if dice.random() < 0.2:
            record[name] = dice.choice(values)
    if dice.random() < 0.95:
        record["entry"] = seq
    return dice.choice([text(record)] * 20 + ["locked", "0", "[]", "x", ""])


def a_change(dice):
    """before and after: some are near to each other."""
    before = some_record(dice, 1)
    if dice.random() < 0.4 and before.startswith("{"):
        after = json.loads(before) | {"entry": 2}
        for name in dice.sample(sorted(after), min(len(after), 2)):
            if name not in ("entry", "x") and dice.random() < 0.3:
                after.pop(name)
        if dice.random() < 0.5:
            after |= {"at": 101, dice.choice(["lock_at", "open_at"]): 101}
        return before, text(after)
    return before, some_record(dice, 2)


MAY = {A: None, C: ["lock"], D: ["unlock"],
       B: ["lock", "unlock", "notice", "pass-revoke", "protect"]}


def test_generated(tmp_path):
    """Entries of all actions with all kinds of records, by signers with limits
    and by one without: both verifiers say the same of each."""
    dice, cases, wanted = random.Random(7), [], []
    while len(cases) < 6000:
        before, after = a_change(dice)
        key = dice.choice(list(MAY))
        entry = {"action": dice.choice(MAY[key] or [*WRITES, "settle"]),
                 "host": "a.example", "before": before, "after": after}
        trail = BASE.copy()
        trail.number = lambda *_: None      # the record stays as it is
        trail.add(key, entry)
        cases.append(header(*trail.head()) + "".join(
            t.entry_line(*e) for e in trail.entries))
        wanted.append([] if rule.counts(MAY[key], entry["action"], 2, entry)
                      else [("key", 2)])
    verdicts = audit_verify(tmp_path, cases)
    for case, verdict, faults in zip(cases, verdicts, wanted):
        assert [(f["kind"], f["seq"]) for f in verdict["faults"]] == faults, \
            case
    assert 500 < wanted.count([]) < 5500


BASE = Trail(3).add(A, {"action": "init"})


def audit_verify(tmp_path, exports):
    """What paylock-admin says of each of them."""
    path = t.signers_file(tmp_path / "signers", *(
        signer(name, key, **({"may": ",".join(MAY[key])} if MAY[key] else {}))
        for name, key in zip("acdb", MAY)))
    done = subprocess.run(
        [servers.CLI, "--json", "audit", "verify", "-", "--signers", path],
        input="".join(exports), capture_output=True, text=True, timeout=600,
        encoding="utf-8", env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"})
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(verdicts) == len(exports)
    return verdicts
