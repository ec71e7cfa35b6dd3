# Copyright (C) 2026 paylock contributors
#
# What an attacker without a key found against test_attacks_suffix.py: other
# names, older records, and what came before or after what is read.

import time

import pytest

from support import archive as ar
from support.chain import LOCKS
from support.mallory import alice, bob, both, mallory, operator, verify

__all__ = ["alice", "bob", "mallory", "operator"]

PLAN = "--at", "+30d"


def meanwhile(redis, name, value, admin, *command):
    """The record is another one, or None, while the command runs."""
    client = redis.client()
    kept = client.hget(LOCKS, name)
    put(client, name, value)
    seq = admin.json(*command, "--yes")["last_seq"]
    put(client, name, kept)
    return seq


def put(client, name, value):
    if value is None:
        client.hdel(LOCKS, name)
    else:
        client.hset(LOCKS, name, value)


def test_www_of_the_host(mallory, alice, bob, redis):
    """The plan of a host is one for its "www." name, which a suffix closed that
    does not hold for the host."""
    alice("lock", "*.acme.example", "--yes")
    seq = meanwhile(redis, "*.acme.example", None, alice, "lock",
                    "acme.example", *PLAN)
    assert both(bob, redis)[:2] == (12, [("flags", seq)])


def test_an_old_opening_of_a_suffix(mallory, alice, bob, redis):
    """An older record, which was signed, is put back while the plan begins with
    it.  A server whose default is locked closed the host before."""
    alice("unlock", ".acme.example", "--yes")
    old = redis.client().hget(LOCKS, ".acme.example")
    alice("reset", ".acme.example", "--yes")
    seq = meanwhile(redis, ".acme.example", old, alice, "lock",
                    "a.acme.example", *PLAN)
    assert both(bob, redis)[:2] == (12, [("flags", seq)])


def test_going_on_the_other_changed_since(mallory, alice, bob, redis):
    alice("lock", ".shop.example", "--yes")
    assert verify(bob)[0] == 0
    seq = meanwhile(redis, ".shop.example", None, alice, "lock",
                    "a.shop.example", *PLAN)
    alice("lock", ".shop.example", "--reason", "again", "--yes")
    assert verify(bob)[:2] == (12, [("flags", seq)])


def test_going_on_between(mallory, alice, bob, redis):
    alice("lock", "*.example", "--yes")
    assert verify(bob)[0] == 0
    seq = meanwhile(redis, "*.example", None, alice, "lock",
                    "a.shop.example", *PLAN)
    alice("lock", ".shop.example", "--yes")
    assert verify(bob)[:2] == (12, [("flags", seq)])


def archived(redis, admin, private, hosts):
    ar.put(redis.client(), ar.days(6, hosts=hosts))
    ar.machine(admin)
    admin("init", "--yes")
    path = private / "archive.jsonl"
    admin("audit", "archive", "--before", ar.at(4), "--output", str(path),
          "--yes")
    assert verify(admin)[0] == 0
    return path


@pytest.mark.parametrize("then", [
    ("lock", ".shop.example", "--reason", "again"),
    ("lock", ".a.shop.example")])
def test_archived_then(redis, admin, private, then):
    hosts = ["h0.example", ".shop.example", *ar.HOSTS[1:]]
    path = archived(redis, admin, private, hosts)
    seq = meanwhile(redis, ".shop.example", None, admin, "lock",
                    "x.a.shop.example", *PLAN)
    assert verify(admin, "--full")[:2] == (12, [("flags", seq)])
    admin(*then, "--yes")
    assert verify(admin, "--archive", path)[:2] == (12, [("flags", seq)])
    assert verify(admin, "--full")[:2] == (12, [("flags", seq)])
    assert verify(admin)[:2] == (12, [("flags", seq)])


def test_archived_honest(redis, admin, private):
    """Nobody did anything but these commands."""
    archived(redis, admin, private, ["h0.example", ".example", *ar.HOSTS[1:]])
    admin("unlock", ".shop.example", "--yes")
    admin("lock", "a.shop.example", *PLAN)
    assert verify(admin, "--full")[:2] == (0, [])
    admin("reset", ".shop.example", "--yes")
    assert verify(admin, "--full")[:2] == (0, [])


@pytest.mark.parametrize("plan", [
    ("--at", "+1s"), ("--readonly", "now"), ("--notice", "now")], ids=" ".join)
def test_slow_until_honest(mallory, alice, bob, redis, plan):
    """A slow command writes when its --until has come, which ends what it took
    over; nobody did anything else."""
    alice("lock", ".acme.example", "--yes")
    redis.client().execute_command("CLIENT", "PAUSE", 4500, "ALL")
    alice("lock", ".b.acme.example", *plan, "--until", "+2s", "--yes")
    assert both(bob, redis)[:2] == (0, [])


@pytest.mark.parametrize("deep,n", [("", 300), ("a." * 110, 30)])
def test_asks_for_each_name(redis, admin, private, deep, n):
    """One HGET and one round trip for each name that may hold for each host:
    10,000 plans of 3 labels take 17 s, 1,000 of 111 labels 41 s."""
    hosts = [f"{deep}n{i}.b.test" for i in range(n)]
    archived(redis, admin, private, ["h0.example", ".shop.example",
                                     *ar.HOSTS[1:]])
    admin("lock", *hosts, *PLAN, "--yes")
    redis.client().config_resetstat()
    assert verify(admin, "--full")[:2] == (0, [])
    stats = redis.client().info("commandstats")
    assert stats.get("cmdstat_hget", {"calls": 0})["calls"] <= n
