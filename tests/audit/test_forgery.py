# Copyright (C) 2026 paylock contributors
#
# Attacks by somebody who controls Redis: with a revoked key, or by giving
# different answers to the same question.

import json

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from support import servers
from support.chain import AUDIT, LOCKED, NODES, Chain
from support.cli import memory, refused, state
from support.fake_redis import FakeRedis
from support.trail import Key


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


# a key that was revoked


def ahead(redis, seq):
    """A node that says so makes an adopt come behind all that is known."""
    redis.client().hset(NODES, "web", json.dumps({"seq": seq}))


@pytest.fixture
def stolen(alice, bob, redis):
    """The entry that revoked bob's key is cut off, and he adopts that."""
    alice("key", "revoke", bob.key)
    put(redis, redis.client().xrange(AUDIT)[:3])
    ahead(redis, 9)
    bob("adopt", "--yes")
    bob("unlock", "a.example")
    return bob


def test_a_revoked_key_is_not_brought_back(alice, stolen, redis):
    before = state(redis)
    assert verify(alice) == (10, [("key", 10)])
    error = refused(alice, 1, "chain_forged", "lock", "b.example")
    assert "revoked by an entry 4" in error["message"]
    assert state(redis) == before


def test_a_first_key_that_was_revoked(alice, bob, redis):
    """Of a trail that is gone it is the only one that counts."""
    bob("key", "revoke", alice.key)
    redis.client().delete(AUDIT)
    ahead(redis, 9)
    alice("adopt", "--yes")
    alice("unlock", "a.example")
    assert verify(bob) == (10, [("key", 10)])
    error = refused(bob, 1, "chain_forged", "lock", "b.example")
    assert "revoked by an entry 4" in error["message"]

    # if the loss is real
    memory(bob).unlink()
    error = refused(bob, 2, "confirm", "init")
    assert alice.key in error["message"]
    bob("init", "--yes")
    alice("key", "add", bob.key)
    bob("lock", "b.example")
    assert verify(bob) == (0, [])


def test_who_adopts_is_told_of_keys_that_count_again(alice, stolen):
    warned = alice("adopt", "--yes").stderr
    assert f"the key {stolen.key} counts again" in warned
    assert "key revoke" in warned
    alice("key", "revoke", stolen.key)
    refused(stolen, 1, "key_unknown", "lock", "b.example")
    alice("lock", "a.example")


def test_an_honest_loss_of_a_revocation(alice, bob, operator, redis):
    """Who adopts is not the one who was revoked: nobody is accused."""
    carol = operator("carol")
    alice("key", "add", carol.key)
    alice("key", "revoke", bob.key)
    carol("init", "--yes")
    put(redis, redis.client().xrange(AUDIT)[:4])
    alice("adopt", "--yes")
    bob("lock", "b.example")
    done = carol("lock", "c.example")
    assert f"the key {bob.key} counts again" in done.stderr
    for admin in alice, bob, carol:
        assert verify(admin) == (0, [])
    carol("key", "revoke", bob.key)
    alice("lock", "d.example")
    refused(bob, 1, "key_unknown", "lock", "e.example")


# an adopt behind what was tampered with


def test_what_was_adopted_is_named_and_the_rest_is_judged(alice, bob, redis,
                                                          private):
    eve = Chain(redis)
    eve.write(("c.example", LOCKED))
    refused(alice, 10, "signature", "audit", "checkpoint")
    alice("adopt", "--yes")
    bob("lock", "b.example")
    report = json.loads(alice("--json", "audit", "verify", check=False).stdout)
    assert (report["seq"], report["faults"][0]["adopted"]) == (6, 5)
    assert verify(alice) == (10, [("signature", 4)])

    done = alice("audit", "checkpoint")
    assert "\nseq 6\n" in done.stdout
    assert "entry 4" in done.stderr and "entry 5 adopts" in done.stderr
    path = private / "export"
    alice("audit", "export", "-o", path)
    assert verify(alice, path) == (10, [("signature", 4)])

    eve.look()
    eve.write(("d.example", LOCKED), key=bob.key, sig="0" * 128)
    assert verify(alice) == (10, [("signature", 4), ("signature", 7)])
    refused(alice, 10, "signature", "audit", "checkpoint")


@pytest.mark.parametrize("by", ["nobody", "eve", "a revoked key"])
def test_what_such_an_adopt_does_not_mend(by, alice, bob, redis):
    alice("key", "revoke", bob.key)
    eve = Chain(redis)
    eve.write(("c.example", LOCKED))
    key = Key(66)
    if by == "a revoked key":
        path = bob.home / "config/paylock/key.pem"
        key.private = load_pem_private_key(path.read_bytes(), None)
        key.public = bob.key
    if by == "nobody":
        eve.write(("", None), action="adopt")
    else:
        adopt = eve.entry(eve.seq + 1, eve.hash, action="adopt",
                          key=key.public)
        redis.client().xadd(AUDIT, {**adopt, "sig": key.sign_entry(adopt)},
                            id=f"{eve.seq + 1}-0")
    assert verify(alice) == (10, [("signature", 5)])
    refused(alice, 10, "signature", "audit", "checkpoint")
    refused(alice, 1, "chain_forged", "lock", "b.example")


def test_what_is_not_known_is_not_called_unsigned(alice, operator):
    """Who has a key, and did not run init yet, is told to do that."""
    error = refused(operator("carol"), 1, "chain_unknown", "lock", "b.example")
    assert "init" in error["mend"]
    done = operator("dave")("lock", "b.example", check=False)
    assert "not signed" not in done.stderr
