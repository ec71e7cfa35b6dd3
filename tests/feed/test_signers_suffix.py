# Copyright (C) 2026 paylock contributors
#
# A record of another name is taken out of Redis, or an old one is put in, while
# a lock is planned: an nginx that follows holds, and audit verify names it.

import time

import pytest

from support.chain import ALERTS, LOCKS
from support.cli import alice
from support.mallory import bob, operator, verify
from support.signed import SITES
from support.trail import signer, signers_file

__all__ = ["alice", "bob", "operator"]

LOCKED_SITES = """
    server { server_name d.test *.d.test; paylock on; paylock_default locked;
             location / { return 200; } }
"""


@pytest.fixture
def begun(nginx, alice, bob, private):
    """begun(): an nginx that knows nothing yet."""
    path = signers_file(private / "signers", signer("alice", alice.key),
                        signer("bob", bob.key))

    def start():
        server = nginx(SITES % (path, "200ms") + LOCKED_SITES)
        server.allow(ALERTS)
        server.wait_state("a.example", "locked")
        time.sleep(1)                   # what closes is applied first
        return server
    return start


def meanwhile(redis, name, value, admin, *command):
    client = redis.client()
    kept = client.hget(LOCKS, name)
    client.hset(LOCKS, name, value) if value else client.hdel(LOCKS, name)
    admin(*command, "--yes")
    client.hset(LOCKS, name, kept) if kept else client.hdel(LOCKS, name)


def test_www(begun, alice, bob, redis):
    alice("lock", "*.acme.example", "--yes")
    before = begun()
    before.wait_state("www.acme.example", "locked", 10)
    meanwhile(redis, "*.acme.example", None, alice, "lock", "acme.example",
              "--at", "+1d")
    time.sleep(1)
    seen = (verify(bob), before.state("www.acme.example"),
            begun().state("www.acme.example"))
    assert seen[0][0] == 12 and seen[1] == "locked", seen


def test_old_opening(begun, alice, bob, redis):
    alice("unlock", ".d.test", "--yes")
    old = redis.client().hget(LOCKS, ".d.test")
    alice("reset", ".d.test", "--yes")
    before = begun()
    assert before.get("/", host="a.d.test").status == 503
    meanwhile(redis, ".d.test", old, alice, "lock", "a.d.test", "--at", "+1d")
    time.sleep(1)
    seen = (verify(bob), before.get("/", host="a.d.test").status,
            begun().get("/", host="a.d.test").status)
    assert seen[0][0] == 12 or seen[1:] == (503, 503), seen
