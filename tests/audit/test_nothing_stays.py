# Copyright (C) 2026 paylock contributors
#
# A stream of which nothing stays, because somebody put another one in its
# place: adopt goes on with the chain that the machine knows.

import pytest

from support.chain import AUDIT, LOCKED, LOCKS, OPEN
from support.cli import entries, operator, remembered, trust
from support.trail import Key, SignedChain, signer

__all__ = ["operator"]

BOB, EVE = Key(2), Key(3)


@pytest.fixture
def alice(operator, redis):
    """Bob has signed entry 3, and is revoked since."""
    alice = operator("alice")
    alice("init")
    alice("lock", "a.example")
    chain = SignedChain(redis, BOB)
    trust([alice], alice, signer("bob", BOB))
    chain.write(("b.example", LOCKED))
    trust([alice], alice, signer("bob", BOB, until=(
        chain.seq, chain.hash, chain.chain)))
    alice("lock", "c.example")
    return alice


def another(redis, key, n=3, **kw):
    """A trail that nobody here knows, with sites opened."""
    redis.client().delete(AUDIT, LOCKS)
    chain = SignedChain(redis, key)
    chain.write(("", None), action="init", **kw)
    for _ in range(n):
        chain.write(("a.example", OPEN), **kw)
    return chain


@pytest.mark.parametrize("how", ["own key", "no signature"])
def test_the_chain_stays(redis, alice, how):
    """Again and again: what is pinned is of this chain."""
    known = remembered(alice)["chain"]
    for _ in range(3):
        if how == "own key":
            another(redis, EVE)
        else:
            another(redis, Key(pem=(alice.home / "config/paylock/key.pem")
                               .read_bytes()), sign=False)
        assert alice("audit", "verify", check=False).returncode == 10
        alice("adopt", "--yes", "--drop")
        last = entries(redis)[-1]
        assert (last["chain"], last.get("resumes", "")) == (known, "")
        alice("audit", "verify", "--full")
        hosts = [f"h{i}.example" for i in range(9)]
        alice("lock", *hosts)           # the skips of some lead to nothing
        assert sorted(redis.client().hkeys(LOCKS)) == hosts
        alice("audit", "verify", "--full")


def test_what_only_a_revoked_key_has_signed(redis, alice):
    """It can be written today: whoever adopts that has to type it."""
    another(redis, BOB, 1)
    done = alice("adopt", "--yes", "--drop", check=False)
    assert done.returncode == 1 and "Type 2 to do it" in done.stderr
    assert "signed by revoked keys only" in done.stderr
    assert len(entries(redis)) == 2

    redis.client().rename(AUDIT, AUDIT + "-forged")
    alice("adopt", "--yes", "--drop")
    alice("audit", "verify", "--full")
    assert not redis.client().exists(LOCKS)


def test_what_a_signer_has_signed_behind_it(redis, alice):
    """Nothing has to be typed: alice vouches for it."""
    client = redis.client()
    for n in 3, 2:
        client.xdel(AUDIT, f"{n + 1}-0")
        assert alice("adopt", "--yes", "--dry-run").returncode == 0
    alice("adopt", "--yes", "--drop")
    alice("audit", "verify", "--full")
    assert client.hkeys(LOCKS) == ["a.example"]
