# Copyright (C) 2026 paylock contributors
#
# Somebody who writes to Redis as he likes, keeps copies of older states and
# holds a key that is revoked.  Whose test needs the fixtures imports them.

import json

import pytest

from oracle import verify as oracle
from support.chain import AUDIT, LOCKS, entry_hash, skip_of
from support.cli import bob, operator, signers_of, trust

__all__ = ["bob", "operator"]

HELD = ["h1.example", "h2.example", "h3.example"]
FAR = 2 ** 63 - 1


class Attacker:
    """Redis is his.  He signs with a paylock-admin whose signers file names
    whom he likes."""

    def __init__(self, redis, admin):
        self.redis, self.admin = redis, admin
        self.client = redis.client()

    def copy(self):
        return self.client.xrange(AUDIT), self.client.hgetall(LOCKS)

    def put(self, copied):
        """Everything is as in a copy, the last id as well."""
        trail, locks = copied
        self.client.delete(AUDIT, LOCKS)
        for ident, entry in trail:
            self.client.xadd(AUDIT, entry, ident)
        for host, record in locks.items():
            self.client.hset(LOCKS, host, record)

    def cut(self, seq):
        """The entries after seq were never written."""
        trail = [one for one in self.client.xrange(AUDIT)
                 if int(one[0].split("-")[0]) <= seq]
        locks = {}
        for _, entry in trail:
            if entry.get("after"):
                locks[entry["host"]] = entry["after"]
        self.put((trail, locks))

    def append(self, **fields):
        """An entry of which all hashes fit, without a signature."""
        before = [(int(ident.split("-")[0]), entry) for ident, entry
                  in self.client.xrevrange(AUDIT)]
        seq, last = before[0][0] + 1, before[0][1]
        entry = {**{name: last[name] for name in
                    ("v", "chain", "time", "actor", "machine", "salt")},
                 "request": "0" * 32, "prev": last["hash"],
                 "skip": skip_of(before, seq), **fields}
        entry["hash"] = entry_hash(seq, entry)
        self.client.xadd(AUDIT, entry, f"{seq}-0")
        if entry.get("host"):
            self.client.hset(LOCKS, entry["host"], entry["after"])
        return seq


@pytest.fixture
def alice(operator):
    alice = operator("alice")
    alice("init")
    alice("lock", *HELD)
    return alice


@pytest.fixture
def mallory(redis, alice, bob, operator):
    """Was a signer, locked a host, and is revoked since entry 5."""
    mallory = operator("mallory")
    trust([alice, bob, mallory], alice, bob, mallory)
    mallory("init", "--yes")
    mallory("lock", "of-mallory.example")
    alice("signers", "revoke", "mallory", "--yes")
    signers_of(bob).write_text(signers_of(alice).read_text())
    trust([mallory], mallory, alice, bob)
    alice("lock", "later.example")
    bob("audit", "verify")
    return Attacker(redis, mallory)


def verify(admin, *args):
    """The status, and the kinds and numbers of the faults."""
    done = admin("--json", "audit", "verify", *args, check=False)
    faults = json.loads(done.stdout)["faults"] if done.stdout else []
    return (done.returncode, [(one["kind"], one["seq"]) for one in faults],
            done.stderr)


def both(admin, redis):
    """The same, reading all, if the second verifier says so as well."""
    v = oracle.read_stream(redis.client().xrange(AUDIT),
                           signers=signers_of(admin).read_text())
    status, faults, error = verify(admin, "--full")
    assert (v.verdict(), v.faults) == (status, faults)
    return status, faults, error


def stopped(admin, *command):
    """The command refuses to continue this trail."""
    done = admin("--json", *command, check=False)
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert done.returncode == 1 and done.stdout == ""
    assert error["code"] in ("chain_forged", "chain_differs"), error
    assert "adopt" in error["mend"]


def back(redis, signers, command=("adopt", "--yes", "--drop"), others=("init",),
         hosts=(*HELD, "of-mallory.example", "later.example")):
    """One command of a signer, and all of them can work again.  Another
    machine that knew what is given up now accepts that with init."""
    first, *rest = signers
    first(*command)
    assert set(redis.client().hkeys(LOCKS)) == set(hosts)
    for record in redis.client().hgetall(LOCKS).values():
        assert "lock_at" in record
    for admin in rest:
        admin(*others)
    for admin in signers:
        assert verify(admin)[0] == 0
        admin("lock", "new.example")
        admin("unlock", HELD[0])
        admin("lock", HELD[0])
        admin("unlock", "new.example")
    for admin in signers:
        assert verify(admin)[0] == 0
