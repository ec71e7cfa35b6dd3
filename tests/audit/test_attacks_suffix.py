# Copyright (C) 2026 paylock contributors
#
# A record of another name is out of Redis while somebody plans a lock below
# it: the plan would open the host at once.  Who takes it out puts it back.

import pytest

from support import archive as ar
from support.chain import AUDIT, LOCKS
from support.mallory import alice, bob, both, mallory, operator, verify

__all__ = ["alice", "bob", "mallory", "operator"]

PLAN = "--at", "+30d"


def planned_without(redis, admin, name, host, *command):
    """Returns the number of the entry."""
    client = redis.client()
    kept = client.hget(LOCKS, name)
    client.hdel(LOCKS, name)
    seq = admin.json("lock", host, *(command or PLAN), "--yes")["last_seq"]
    client.hset(LOCKS, name, kept)
    return seq


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("name,host,command", [
    (".shop.example", "a.shop.example", PLAN),
    ("*.shop.example", "a.b.shop.example", PLAN),
    ("shop.example", "www.shop.example", PLAN),
    (".shop.example", ".b.shop.example", PLAN),
    (".shop.example", "shop.example", ("--readonly", "now")),
    ("*.shop.example", "a.shop.example", ("--notice", "now"))])
def test_planned_meanwhile(mallory, alice, bob, redis, name, host, command,
                           seen):
    """seen: what came before is verified, and not read again."""
    alice("lock", name, "--yes")
    if seen:
        assert verify(bob)[0] == 0
    seq = planned_without(redis, alice, name, host, *command)
    status, faults, error = verify(bob)
    assert (status, faults) == (12, [("flags", seq)])
    assert host in error and "lock that host now" in error
    assert both(bob, redis)[:2] == (12, [("flags", seq)])
    # what says nothing of it changes nothing
    if host[0] != ".":
        alice("pass", "revoke", host)
    alice("lock", "else.example")
    assert both(bob, redis)[:2] == (12, [("flags", seq)])
    alice("lock", host, "--yes")
    assert both(bob, redis)[0] == 0 and verify(bob)[0] == 0


@pytest.mark.parametrize("command", ["unlock", "reset", "adopt"])
def test_what_ends_it(mallory, alice, bob, redis, command):
    alice("lock", ".shop.example", "--yes")
    planned_without(redis, alice, ".shop.example", "a.shop.example")
    assert both(bob, redis)[0] == 12
    if command == "adopt":
        alice("adopt", "--yes")
        bob("init")
    else:
        alice(command, "a.shop.example")
    assert both(bob, redis)[0] == 0 and verify(bob)[0] == 0


def test_changed_since(mallory, alice, bob, redis):
    """That the other record has a later entry excuses nothing."""
    alice("lock", ".shop.example", "--yes")
    seq = planned_without(redis, alice, ".shop.example", "a.shop.example")
    alice("lock", ".shop.example", "--reason", "again", "--yes")
    assert both(bob, redis)[:2] == (12, [("flags", seq)])


def test_of_an_archived_entry(redis, admin, private):
    """Whose record is compared as it is in Redis, or as the files say."""
    hosts = ["h0.example", ".shop.example", *ar.HOSTS[1:]]
    ar.put(redis.client(), ar.days(6, hosts=hosts))
    ar.machine(admin)
    admin("init", "--yes")
    path = private / "archive.jsonl"
    admin("audit", "archive", "--before", ar.at(4), "--output", str(path),
          "--yes")
    assert verify(admin)[0] == 0
    seq = planned_without(redis, admin, ".shop.example", "a.shop.example")
    assert verify(admin)[:2] == (12, [("flags", seq)])
    assert verify(admin, "--full")[:2] == (12, [("flags", seq)])
    assert verify(admin, "--archive", path)[:2] == (12, [("flags", seq)])
    admin("unlock", "a.shop.example")
    assert verify(admin)[0] == verify(admin, "--full")[0] == 0


def test_not_archived(mallory, alice, redis, private):
    """What only the entries show is not moved away from the records."""
    alice("lock", ".shop.example", "--yes")
    seq = planned_without(redis, alice, ".shop.example", "a.shop.example")
    path = private / "archive.jsonl"
    archive = ("audit", "archive", "--before", "+1d", "--output", str(path),
               "--yes")
    length = redis.client().xlen(AUDIT)
    done = alice(*archive, check=False)
    assert done.returncode == 12
    assert f"entry {seq} opens a.shop.example" in done.stderr
    assert "lock that host now" in done.stderr
    assert not path.exists() and redis.client().xlen(AUDIT) == length
    alice("unlock", "a.shop.example")
    alice(*archive)
    assert verify(alice)[0] == verify(alice, "--full")[0] == 0


def test_honest_plans(mallory, alice, bob, redis):
    """Below records that close now, did, or will."""
    alice("lock", ".a.example", "*.b.example", "--yes")
    alice("lock", ".c.example", "--at", "+2d", "--yes")
    alice("unlock", ".d.example", "--yes")
    assert verify(bob)[0] == 0
    for site in "abcd":
        alice("lock", f"x.{site}.example", *PLAN)
        alice("lock", f"y.{site}.example", "--notice", "now")
        alice("lock", f"www.y.{site}.example", *PLAN)
        alice("lock", f"z.{site}.example", "--until", "+1d")
        alice("lock", f".z.{site}.example", "--readonly", "now", "--yes")
        alice("protect", f"p.{site}.example")
    alice("reset", ".a.example", "--yes")
    alice("lock", "q.a.example", *PLAN)
    alice("lock", ".a.example", "--yes")
    assert verify(bob)[0] == 0 and both(bob, redis)[0] == 0
