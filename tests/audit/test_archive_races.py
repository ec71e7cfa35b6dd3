# Copyright (C) 2026 paylock contributors
#
# Others change records, verify, or archive at the same time.

import hashlib
import threading

import pytest

from support import archive as ar
from support.archive import (ALICE, BOB, alice, archive, at, client, stream,
                             verify)
from support.chain import AUDIT
from support.fake_redis import FakeRedis
from support.servers import wait_for

__all__ = ["alice", "client"]


@pytest.fixture
def trail():
    return ar.days(60)


@pytest.fixture
def bob(alice, redis, private):
    bob = ar.machine(ar.admin(redis, private / "bob"), BOB)
    bob("init", "--yes")
    return bob


def test_changes_and_looks_meanwhile(alice, bob, client):
    """None fails, and none is lost."""
    done, found, end = [], [], threading.Event()

    def change():
        while not end.is_set():
            host = f"new{len(done)}.example"
            done.append((host, bob("lock", host, check=False)))

    def look():
        while not end.is_set():
            found.append(verify(bob)[:2])

    threads = [threading.Thread(target=target) for target in (change, look)]
    for thread in threads:
        thread.start()
    try:
        files = [archive(alice, day, f"{day}.jsonl")
                 for day in range(5, 55, 5)]
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert len(done) > 3 and len(found) > 3
    assert not [host for host, run in done if run.returncode]
    assert {status for status, _ in found} == {0}, found
    assert verify(alice, *files)[:2] == (0, [])
    hosts = [entry.get("host") for _, entry in stream(client)]
    assert all(host in hosts for host, _ in done)


def test_two_at_once(alice, bob, client):
    """One of them archives, the other says so or finds nothing more to do;
    the files of what was archived are the whole trail."""
    for day in range(4, 40, 3):
        runs = []

        def run(admin, name):
            runs.append((name, admin(
                "audit", "archive", "--before", at(day), "--output", name,
                "--yes", check=False)))

        first = stream(client)[0][0]
        names = [(alice, f"a{day}"), (bob, f"b{day}")]
        threads = [threading.Thread(target=run, args=one) for one in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stream(client)[0][0] > first
        for name, done in runs:
            assert done.returncode == 0 or "another archive" in done.stderr, \
                done.stderr
        archived = [name for name, done in runs if "archived:" in done.stdout]
        assert len(archived) == 1
        for admin, name in names:
            assert (admin.home / name).exists() == (name in archived)
    files = sorted([*alice.home.glob("a[0-9]*"), *bob.home.glob("b[0-9]*")],
                   key=lambda path: int(path.name[1:]))
    assert verify(alice, *files)[:2] == (0, [])
    assert verify(bob)[:2] == (0, [])


def test_a_transaction_that_comes_late(alice, client, redis, private):
    """The connection is given up, nothing is there yet, and then it comes
    through: its file is no other's, and is kept."""
    entries = len(stream(client))
    with FakeRedis(redis.socket, private) as fake:
        late = ar.machine(ar.admin(fake, private / "late"), ALICE)
        late("init", "--yes")
        looked = threading.Event()

        def hold(raw):
            looked.wait(60)
            return raw

        def release():
            looked.set()
            wait_for("the archive", lambda: client.xlen(AUDIT) < entries)

        fake.on("EXEC", request=hold)
        fake.on("XRANGE", having=f"{entries + 1}-0".encode(), then=release)
        path = archive(late, 30, "late")
        assert fake.seen["EXEC"] == 1
    [(_, entry)] = [e for e in stream(client) if e[1]["action"] == "archive"]
    assert entry["archived"].endswith(
        hashlib.sha256(path.read_bytes()).hexdigest())
    assert verify(alice, path)[:2] == (0, [])
    late.redis = redis
    late("lock", "h1.example")
    assert verify(alice, path)[:2] == (0, [])
