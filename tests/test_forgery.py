# Copyright (C) 2026 paylock contributors
#
# What somebody tries who rules over Redis, be it with a key that was revoked,
# or by answering one question so and another otherwise.

import json

import pytest

import servers
from chain import AUDIT, LOCKED, LOCKS, Chain
from fake_redis import FakeRedis
from test_keys import alice, bob, entries, operator, pinned, refused, state
from trail import Key

__all__ = ["alice", "bob", "operator"]


def put(redis, kept):
    client = redis.client()
    client.delete(AUDIT)
    for ident, entry in kept:
        client.xadd(AUDIT, entry, ident)


def verify(admin, *args):
    done = admin("--json", "audit", "verify", *args, check=False)
    report = json.loads(done.stdout)
    return done.returncode, [(f["kind"], f["seq"]) for f in report["faults"]]


# a Redis that shows two trails


@pytest.fixture
def liar(redis, private):
    with FakeRedis(redis.socket, private) as fake:
        yield fake


@pytest.fixture
def carol(liar, private):
    """Whose Redis may lie."""
    carol = servers.Admin(liar, private / "carol")
    carol.key = carol.json("keygen")["key"]
    carol("init")
    carol("lock", "a.example", "--request-id", "one")
    return carol


def forged(carol, redis):
    """An entry that might be of her next transaction."""
    eve = Chain(redis)
    eve.write(("b.example", LOCKED), key=carol.key, request="two")
    return eve


def hides(liar, eve, command):
    """Up to the end is up to the entry before the last one."""
    liar.on(command, times=99, request=lambda raw: raw.replace(
        b"$1\r\n+\r\n", b"$3\r\n%d-0\r\n" % (eve.seq - 1)))


def test_a_head_that_is_not_shown_in_its_place(carol, liar, redis):
    """Signed over, it would be hers."""
    eve = forged(carol, redis)
    hides(liar, eve, "XRANGE")
    liar.on("XREVRANGE", b"*0\r\n", times=99, having=b"$3\r\n100\r\n")
    before = state(redis)
    for command in (["lock", "c.example", "--request-id", "two"],
                    ["key", "add", Key(1).public]):
        error = refused(carol, 1, "chain_forged", *command)
        assert f"entry {eve.seq}" in error["message"]
    assert state(redis) == before


def test_init_remembers_no_such_head(carol, liar, redis, private):
    """It would never be looked at again."""
    eve = forged(carol, redis)
    hides(liar, eve, "XRANGE")
    other = servers.Admin(liar, private / "other")
    error = refused(other, 1, "chain_forged", "init", "--yes")
    assert f"entry {eve.seq}" in error["message"]


def test_an_export_signs_no_such_head(carol, liar, redis, private):
    """What is verified ends before it."""
    eve = forged(carol, redis)
    shown, last = b"%d-0\r\n" % eve.seq, b"%d-0\r\n" % (eve.seq - 1)
    hides(liar, eve, "XREVRANGE")
    liar.on("XINFO", lambda real: real.replace(shown, last), times=99)
    path = private / "export"
    carol("audit", "export", "-o", path)
    assert eve.hash not in path.read_text()
    assert f"seq {eve.seq - 1}\\n" in path.read_text().splitlines()[-1]
