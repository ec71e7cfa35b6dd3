# Copyright (C) 2026 paylock contributors
#
# Records whose entry is archived are vouched for by the root of all.  They are
# all read for that once, and then remembered: what was changed since is not
# good any more, whoever puts it back.

import json
import re

import pytest

from support import archive as ar, trail as t
from support.archive import (ALICE, BOB, HOSTS, alice, archive, client, stream,
                             verify)
from support.chain import AUDIT, LOCKS
from support.fake_redis import FakeRedis

__all__ = ["alice", "client"]

HOST = "h2.example"


@pytest.fixture
def trail():
    return ar.days()


@pytest.fixture
def archived(alice, client):
    """Of h0 and h1 the last entries stay in Redis."""
    archive(alice, 18, "a")
    return alice


@pytest.fixture
def bob(archived, redis, private):
    bob = ar.machine(ar.admin(redis, private / "bob"), BOB)
    bob("init", "--yes")
    return bob


def memory(admin):
    path, = (admin.home / "state/paylock").glob("vouched-*")
    return path


def remembered(admin):
    """Up to which entry, and how many."""
    text = memory(admin).read_bytes()
    found = re.findall(rb"(?:seq|pairs) = (\d+)", text[:512])
    assert len(text) == 512 + 16 * int(found[1])
    return [*map(int, found)]


def scans(client):
    return client.info("commandstats").get("cmdstat_hscan", {"calls": 0})[
        "calls"]


def reads_all(client, admin, *argv, check=True):
    """Does the command read all records?"""
    before = scans(client)
    admin(*argv, check=check)
    return scans(client) != before


def test_all_are_read_once(archived, client, bob):
    assert remembered(archived) == [stream(client)[-1][0], len(HOSTS)]
    assert not reads_all(client, archived, "unlock", "h5.example")
    assert not reads_all(client, archived, "lock", "h1.example", HOST,
                         "--reason", "late")
    # another machine has to do so as well
    assert reads_all(client, bob, "unlock", "h3.example")
    assert not reads_all(client, bob, "notice", "h4.example", "--channel",
                         "letter", "--ref", "R")
    assert not reads_all(client, archived, "reset", "h4.example")
    assert verify(archived)[:2] == (0, [])
    assert verify(archived, archived.home / "a")[:2] == (0, [])


@pytest.mark.parametrize("options", [(), ("--full",)])
def test_verifying_remembers(options, archived, client):
    """Of hosts with new entries nothing need be remembered."""
    archived("unlock", "h0.example")
    memory(archived).unlink()
    archived("audit", "verify", *options)
    seq, n = remembered(archived)
    assert seq == stream(client)[-1][0] and n >= len(HOSTS) - 1
    assert not reads_all(client, archived, "unlock", HOST)


def test_nothing_is_archived(alice, client):
    alice("audit", "verify", "--full")
    assert not [*(alice.home / "state/paylock").glob("vouched-*")]


@pytest.mark.parametrize("who", ["the machine", "another", "a later one"])
def test_an_old_record_put_back(who, archived, bob, client):
    """It names an archived entry, and was vouched for: not any more."""
    old = client.hget(LOCKS, HOST)
    (bob if who == "another" else archived)("unlock", HOST)
    if who == "a later one":
        archived("unlock", "h3.example")
        archived("lock", HOST, "--reason", "again")
    last = client.hget(LOCKS, HOST)
    client.hset(LOCKS, HOST, old)
    done = archived("lock", HOST, "--reason", "more", check=False)
    assert done.returncode == 1 and "by hand" in done.stderr
    archived("unlock", HOST, "--yes", "--reason", "paid")
    assert json.loads(stream(client)[-1][1]["before"]) == json.loads(last)
    assert verify(archived)[:2] == (0, [])


def test_an_entry_is_hidden(archived, client):
    """Who takes out the entry that changed a host hides nothing."""
    old = client.hget(LOCKS, HOST)
    archived("unlock", HOST)
    client.xdel(AUDIT, f"{stream(client)[-1][0]}-0")
    archived("unlock", "h3.example", check=False)
    client.hset(LOCKS, HOST, old)
    done = archived("lock", HOST, "--reason", "more", check=False)
    assert done.returncode == 1


def test_an_entry_in_the_middle_is_hidden(archived, client):
    """The machine does not read again what it knows."""
    old = client.hget(LOCKS, HOST)
    archived("unlock", HOST)
    hidden = stream(client)[-1][0]
    for i in range(4):
        archived("lock", f"n{i}.example")
    client.xdel(AUDIT, f"{hidden}-0")
    client.hset(LOCKS, HOST, old)
    done = archived("lock", HOST, "--reason", "more", check=False)
    assert done.returncode == 1 and "not the one that was verified" in done.stderr


def test_after_an_adopt_all_are_read(archived, client):
    client.hset(LOCKS, HOST, '{"lock_at":5,"entry":3}')
    archived("adopt", "--yes", "--archive", "a")
    assert reads_all(client, archived, "unlock", "h3.example")
    assert not reads_all(client, archived, "unlock", "h4.example")
    assert verify(archived)[:2] == (0, [])


def test_other_signers(archived, client):
    """What was vouched for by others is nothing."""
    t.signers_file(ar.signers_of(archived), ALICE, BOB, t.Key(9))
    assert reads_all(client, archived, "unlock", "h5.example")
    assert not reads_all(client, archived, "unlock", HOST)


@pytest.mark.parametrize("how", ["gone", "empty", "cut", "seq", "hash",
                                 "pairs", "chain", "garbage"])
def test_a_memory_that_is_bad(how, archived, client):
    path = memory(archived)
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes({
            "empty": b"", "cut": data[:-16], "garbage": b"x" * len(data),
            "seq": re.sub(rb"seq = \d+", b"seq = 7", data),
            "hash": re.sub(rb"hash = .{8}", b"hash = " + b"0" * 8, data),
            "chain": re.sub(rb"chain = .{8}", b"chain = " + b"0" * 8, data),
            "pairs": re.sub(rb"pairs = \d+", b"pairs = 9999", data)}[how])
    archived("lock", "new.example")
    assert reads_all(client, archived, "unlock", HOST)
    assert not reads_all(client, archived, "unlock", "h3.example")


def test_many_entries_are_followed_once(archived, client, private):
    (private / "rows.csv").write_text("host,lock_at\n" + "".join(
        f"n{i}.example,1793487600\n" for i in range(1000)))
    archived("import", private / "rows.csv", "--yes")
    seq = stream(client)[-1][0]
    assert remembered(archived)[0] < seq - 999
    old = client.hget(LOCKS, HOST)
    assert not reads_all(client, archived, "unlock", HOST)
    assert remembered(archived) == [seq, len(HOSTS)]
    client.hset(LOCKS, HOST, old)
    done = archived("lock", HOST, "--reason", "more", check=False)
    assert done.returncode == 1 and "by hand" in done.stderr


def test_it_cannot_be_remembered(archived, client):
    """Then all are read each time."""
    path = memory(archived)
    path.unlink()
    path.mkdir()
    for host in HOST, "h3.example":
        assert reads_all(client, archived, "unlock", host)


def test_others_change_records_meanwhile(archived, bob, client, redis,
                                         private):
    """While all are read: what was signed before is no longer there, and still
    nobody wrote by hand."""
    def change(raw):
        bob("unlock", "new.example", "h5.example")
        bob("lock", "h5.example", "--reason", "again")
        return raw

    ar.forget_vouched(archived)
    with FakeRedis(redis.socket, private) as fake:
        fault = fake.on("HSCAN", request=change)
        admin = ar.admin(fake, archived.home)
        admin("init", "--yes")
        admin("unlock", HOST)
        assert fault.struck == 1
        assert not reads_all(client, admin, "unlock", "h3.example")
        assert remembered(admin)[1] == len(HOSTS) - 1
    assert verify(archived)[:2] == (0, [])
