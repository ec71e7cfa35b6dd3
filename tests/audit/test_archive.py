# Copyright (C) 2026 paylock contributors
#
# audit archive: what it takes out of Redis, what it writes, and that everything
# goes on working.

import hashlib
import json

import pytest

from oracle.lattice import Lattice
from support import archive as ar
from support.archive import ALICE, BOB, HOSTS, archive, at, stream, verify
from support.chain import AUDIT, LOCKS, ROOT


@pytest.fixture
def trail():
    return ar.days()


@pytest.fixture
def client(redis, trail):
    client = redis.client()
    ar.put(client, trail)
    return client


@pytest.fixture
def alice(admin, client):
    ar.machine(admin)
    admin("init", "--yes")
    return admin


def test_what_is_archived(alice, client, trail):
    before = stream(client)
    out = alice("audit", "archive", "--before", at(10), "--output", "a.jsonl",
                "--yes").stdout
    last = trail.day[9]
    path = alice.home / "a.jsonl"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"archived: {last} entries, up to entry {last};" in out
    assert digest in out
    # entries that stay are the same, and one is new
    now = stream(client)
    assert now[:-1] == [one for one in before if one[0] > last]
    seq, entry = now[-1]
    assert seq == trail.seq + 1 and entry["action"] == "archive"
    assert "host" not in entry
    assert entry["archived"] == f"{last} {before[last - 1][1]['hash']} {digest}"
    assert entry["root"] == Lattice(client.hgetall(LOCKS)).root()
    assert client.hget(ROOT, "archive") == str(seq)
    # the file holds the others
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line.pop("seq"), line) for line in lines[1:-1]] == before[:last]
    assert "checkpoint" in lines[-1]
    assert path.stat().st_mode & 0o777 == 0o600
    assert alice("audit", "verify", path.name, check=False).returncode == 0
    assert verify(alice)[:2] == (0, [])
    assert verify(alice, path)[:2] == (0, [])
