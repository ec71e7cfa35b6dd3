# Copyright (C) 2026 paylock contributors
#
# nginx with signers: entries that do not count open and close nothing.

import json
import types

import pytest

from support.chain import AUDIT, LOCKED, LOCKS, OPEN, count, logged
from support.fake_redis import FakeRedis
from support.feed import stopped
from support.signed import (A, C, CLOSED, ROOT, SITES, chain, diverged, fill,
                            followed, live, rolled, signed, stays)
from support.trail import SignedChain, signer, signers_file


# entries that do not count

def forged(chain, name):
    """Writes an entry that opens h0.example."""
    change = "h0.example", OPEN
    if name == "unsigned":
        chain.write(change, sign=False)
    elif name == "no signer":
        chain.write(change, key=C)
    elif name == "another realm":
        chain.realm = "staging"
        chain.write(change)
    elif name == "wrong signature":
        signer, chain.key.sign_entry = chain.key.sign_entry, \
            lambda *args: "0" * 128
        try:
            chain.write(change)
        finally:
            chain.key.sign_entry = signer
    elif name == "a fork":
        chain.hash = "1" * 64
        chain.write(change)
    elif name == "a gap":
        chain.seq += 1
        chain.write(change)
    elif name == "another chain":
        chain.chain = "a" * 32
        chain.write(change)
    elif name == "not an entry":
        chain.client.xadd(AUDIT, {"v": "2"}, id=f"{chain.seq + 1}-0")
    elif name == "another id":
        chain.client.xadd(AUDIT, {"v": "2"}, id=f"{chain.seq}-1")
    elif name == "edited":
        entry = chain.entry(chain.seq + 1, chain.hash, host="h0.example",
                            after=json.dumps(OPEN), action="unlock",
                            key=A.public)
        entry["reason"] = "edited"
        chain.client.xadd(AUDIT, entry, id=f"{chain.seq + 1}-0")


FORGED = {"unsigned": "is not signed", "no signer": "no signer's key",
          "another realm": "does not carry a good signature",
          "wrong signature": "does not carry a good signature",
          "a fork": "does not follow entry", "a gap": "is missing",
          "another chain": "is of chain", "not an entry": "is not an entry",
          "another id": "is not an entry", "edited": "not what was written"}


@pytest.mark.parametrize("name", FORGED)
def test_forged_entry(signed, chain, name):
    fill(chain)
    server = signed()
    good = chain.seq, chain.hash, chain.chain, dict(chain.records)
    forged(chain, name)
    diverged(chain, server, FORGED[name])
    stays(server, CLOSED)

    # a signer goes on without it, and nothing but an adopt counts
    chain.realm = "-"
    chain.seq, chain.hash, chain.chain, chain.records = good
    chain.know()
    if chain.client.hget(LOCKS, "h0.example") != good[3]["h0.example"]:
        chain.client.hset(LOCKS, "h0.example", good[3]["h0.example"])
        chain.know()
    chain.adopt()
    live(chain, server)
    chain.write(("h0.example", OPEN))
    server.wait_state("h0.example", "open")
    stays(server, {"h1.example": "locked"}, 0.1)


def test_unknown_version(signed, chain):
    fill(chain)
    server = signed()
    entry = chain.entry(chain.seq + 1, chain.hash, host="h0.example", v="3")
    chain.client.xadd(AUDIT, entry, id=f"{chain.seq + 1}-0")
    diverged(chain, server, "upgrade this first")
    stays(server, CLOSED, 0.5)


def test_row_without_an_end(signed, chain):
    """Nothing of a transaction is in force before its signature."""
    fill(chain)
    server = signed()
    chain.write(*((f"n{i}.example", LOCKED) for i in range(1100)), sign=False)
    diverged(chain, server, "is not signed")
    stays(server, CLOSED | {"n0.example": "open"}, 0.5)


# what an attacker found

def reversed_records(chain):
    """What is closed is open there, and the other way round."""
    chain.client.delete(AUDIT, LOCKS)
    chain.client.hset(LOCKS, mapping={
        host: json.dumps(OPEN if was == "locked" else LOCKED)
        for host, was in CLOSED.items()})
    chain.know()


@pytest.mark.parametrize("limits", [{"may": "notice"}, {"first": 2000}],
                         ids=str)
def test_a_limited_signer_begins_no_other_stream(signed, chain, limits):
    """Their signature alone, with nothing before it, leads nowhere."""
    fill(chain)
    server = signed(signer("a", A), signer("c", C, **limits))
    chain.seq, chain.hash = limits.get("first", chain.seq + 5), "5" * 64
    reversed_records(chain)
    chain.write(("x.example", {}), key=C,
                action=limits.get("may", "pass-issue"))
    diverged(chain, server, "does not go on from|is not the one|passes over"
                            "|missing|does not follow")
    stays(server, CLOSED)


def test_a_fork_that_is_cut(rolled, chain):
    """Nobody gains by cutting away where two pasts part."""
    server, _ = rolled
    for _ in range(6):
        chain.write(("h1.example", OPEN))
    diverged(chain, server, "")
    chain.client.xtrim(AUDIT, maxlen=1, approximate=False)
    stays(server, CLOSED, 2)


def test_a_way_back_that_has_no_end(signed, chain):
    """Hundreds of elements that are no entries, where genuine ones were."""
    fill(chain)
    server = signed(more="paylock_state @DIR@/state/state;")
    chain.settle(server)
    known, hash = chain.seq, chain.hash
    server.stop()
    for i in range(12):
        chain.write((f"n{i}.example", LOCKED))
    entries = chain.client.xrange(AUDIT)
    chain.client.delete(AUDIT)
    with chain.client.pipeline() as p:
        for ident, entry in entries:
            if int(ident.split("-")[0]) <= known:
                p.xadd(AUDIT, entry, id=ident)
        for i in range(1, 600):
            p.xadd(AUDIT, {"v": "x"}, id=f"{known + 1}-{i}")
        p.xadd(AUDIT, entries[-1][1], id=entries[-1][0])
        p.execute()
    server.start()
    diverged(chain, server, "")
    chain.know()
    chain.adopt(lost=chain.seq, hash=chain.hash, resumes=(known, hash))
    chain.write(("after.example", LOCKED))
    server.wait_state("after.example", "locked")


def test_an_element_in_place_of_the_stream(signed, chain):
    fill(chain)
    server = signed()
    chain.client.delete(AUDIT)
    chain.client.xadd(AUDIT, {"v": "2"}, id="5-0")
    diverged(chain, server, "")
    stays(server, CLOSED, 0.5)


@pytest.mark.parametrize("action", ["notice", "pass-issue"])
def test_a_notice_during_the_first_scan(nginx, chain, redis, private, action):
    """It changes nothing that the record says, but the record."""
    for n in range(3):
        chain.write(*((f"n{n}-{i}.example", LOCKED) for i in range(1000)))
    path = signers_file(private / "signers", signer("a", A))
    with FakeRedis(redis.socket) as relay:
        host = next(iter(chain.client.hscan(LOCKS, 0, count=10)[1]))
        relay.on("HSCAN", times=1, then=lambda: chain.write(
            (host, json.loads(chain.records[host])), action=action))
        server = nginx(SITES % (path, "60s"), redis=types.SimpleNamespace(
            url=relay.url, users=redis.users, client=redis.client))
        server.wait_state(host, "locked")
        logged(server, "paylock: live")


def test_numbers_that_were_used_twice(followed, alice, bob, redis):
    """After a restore alice goes on, who never saw what bob had done.  nginx
    did: a signer gives up what it knows, by its hash."""
    client = redis.client()
    saved = client.dump(LOCKS), client.dump(AUDIT), client.dump(ROOT)
    bob("lock", "b.example")
    bob("lock", "c.example")
    followed.wait_state("c.example", "locked")
    [(ident, entry)] = client.xrevrange(AUDIT, count=1)
    with stopped(followed):
        for key, value in zip((LOCKS, AUDIT, ROOT), saved):
            client.restore(key, 0, value, replace=True)
        for i in range(5):
            alice("lock", f"k{i}.example")
    logged(followed, r"\[alert\]")
    alice("adopt", "--known", f"{ident.split('-')[0]}:{entry['hash']}",
          "--yes")
    alice("lock", "z.example")
    followed.wait_state("z.example", "locked")
    followed.wait_state("c.example", "open")


def test_the_stream_is_gone(signed, chain):
    fill(chain)
    server = signed()
    chain.client.delete(AUDIT, LOCKS)
    diverged(chain, server, "is gone, of which entry 22 is known here")
    stays(server, CLOSED)


def test_new_chain(signed, chain):
    """It takes an adopt that gives up the whole chain that is known."""
    fill(chain)
    server = signed()
    known = chain.seq, chain.hash, chain.chain
    chain.client.delete(AUDIT, LOCKS)
    other = SignedChain(chain.redis, A)
    other.init()
    while other.seq < known[0] + 2:
        other.write(("h0.example", OPEN))
    diverged(chain, server, "is of chain")
    stays(server, CLOSED)
    other.adopt(lost=known[0], hash=known[1], chain=known[2],
                resumes=(other.seq, other.hash))
    live(chain, server)
    server.wait_state("h0.example", "open")


def test_cut_stream(signed, chain):
    """The beginning of the stream is not needed."""
    fill(chain)
    server = signed()
    chain.settle(server)
    chain.client.xtrim(AUDIT, maxlen=1, approximate=False)
    chain.write(("h0.example", OPEN))
    server.wait_state("h0.example", "open")
    assert count(server, r"\[alert\]") == 0
