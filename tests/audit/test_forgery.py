# Copyright (C) 2026 paylock contributors
#
# Attacks by somebody who controls Redis: with a revoked key, or by giving
# different answers to the same question.

import json

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from oracle.lattice import Lattice
from support import servers
from support.chain import AUDIT, LOCKED, LOCKS, NODES, Chain
from support.cli import entries, memory, refused, state, stream, trust
from support.fake_redis import FakeRedis
from support.trail import Key, adoption, signer


def put(redis, kept):
    """An earlier state, as a whole."""
    client = redis.client()
    client.delete(AUDIT, LOCKS)
    for ident, entry in kept:
        client.xadd(AUDIT, entry, ident)
        if entry.get("after"):
            client.hset(LOCKS, entry["host"], entry["after"])
        elif entry.get("host"):
            client.hdel(LOCKS, entry["host"])


def verify(admin, *args):
    done = admin("--json", "audit", "verify", *args, check=False)
    report = json.loads(done.stdout)
    return done.returncode, [(f["kind"], f["seq"]) for f in report["faults"]]


def key_of(admin):
    """The key of an operator, in the hands of a thief."""
    key = Key(1)
    path = admin.home / "config/paylock/key.pem"
    key.private = load_pem_private_key(path.read_bytes(), None)
    key.public = admin.key
    return key


def write(redis, key, seq, prev, **fields):
    """An entry that is signed, whatever stands before it."""
    chain = Chain(redis)
    entry = chain.entry(seq, prev, key=key.public, **fields)
    records = redis.client().hgetall(LOCKS)
    records[entry["host"]] = entry["after"]
    entry["root"] = Lattice(records).root()
    entry["sig"] = key.sign_entry(entry)
    redis.client().xadd(AUDIT, entry, id=f"{seq}-0")
    return entry


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
                    ["unlock", "a.example"]):
        error = refused(carol, 1, "chain_forged", *command)
        assert f"entry {eve.seq}" in error["message"]
    assert state(redis) == before


def test_init_remembers_no_such_head(carol, liar, redis, private):
    """It would never be looked at again."""
    eve = forged(carol, redis)
    hides(liar, eve, "XRANGE")
    other = servers.Admin(liar, private / "other")
    trust([other], carol)
    error = refused(other, 1, "chain_forged", "init", "--yes")
    assert f"entry {eve.seq}" in error["message"]
    assert not (other.home / "state/paylock").exists()


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
    """A node that says so: whoever writes to Redis can make it say that."""
    redis.client().hset(NODES, "web", json.dumps({"seq": seq}))


@pytest.fixture
def revoked(alice, bob, redis):
    """bob signed entry 3, and is revoked there by alice's signers file."""
    bob("lock", "b.example")
    alice("signers", "revoke", "bob", "--yes")
    alice("lock", "c.example")
    assert verify(alice) == (0, [])
    return bob


def test_what_a_revoked_key_signs_does_not_count(alice, revoked, redis):
    """On its own machine nothing says that it is revoked."""
    revoked("unlock", "a.example")
    assert entries(redis)[-1]["key"] == revoked.key
    assert verify(alice) == (10, [("key", 5)])
    before = state(redis)
    error = refused(alice, 1, "chain_forged", "lock", "d.example")
    assert "revoked after entry 3" in error["message"]
    assert state(redis) == before


def test_it_adopts_no_earlier_state(alice, revoked, redis):
    """The attack that succeeded when Redis said which keys count: the stream
    is cut before the revocation, an accomplice comes in, and both adopt."""
    put(redis, stream(redis)[:2])
    ahead(redis, 9)
    memory(revoked).unlink()
    revoked("init", "--yes")
    revoked("lock", "x.example")
    revoked("unlock", "a.example")
    before = state(redis)
    status, faults = verify(alice)
    assert status == 10 and faults[0] == ("fork", 3)
    refused(alice, 1, "chain_differs", "lock", "d.example")
    assert state(redis) == before


@pytest.mark.parametrize("last", [2, 4, 8, 5000])
def test_it_adopts_from_nowhere(alice, revoked, redis, private, last):
    """On a machine that knows the signers file and nothing else, too."""
    head = entries(redis)[1]
    put(redis, stream(redis)[:2])
    write(redis, key_of(revoked), last + 1, head["hash"], **adoption(
        (head["chain"], 3, last, "0" * 64) if last > 2 else (),
        (2, head["hash"])))
    fresh = servers.Admin(redis, private / "fresh")
    path = fresh.home / "config/paylock"
    path.mkdir(parents=True)
    signers = (alice.home / "config/paylock/signers").read_text()
    (path / "signers").write_text(signers)
    kind = ("fork", 3) if last == 2 else ("key", last + 1)
    assert verify(fresh) == (10, [kind])
    assert verify(alice)[0] == 10
    refused(alice, 1, "chain_differs" if last == 2 else "chain_forged",
            "unlock", "a.example")
    refused(fresh, 1, "chain_forged", "init", "--yes")

    # one command brings it back
    alice("adopt", "--yes", "--drop")
    alice("lock", "e.example")
    assert verify(alice) == (0, [])
    assert verify(fresh) == (0, [])


def test_the_first_key_can_be_revoked_as_well(alice, bob, redis):
    """Of a trail that is gone it is none that counts more than others."""
    alice("lock", "b.example")
    bob("init", "--yes")
    bob("signers", "revoke", "alice", "--yes")
    chain = Chain(redis).chain
    redis.client().delete(AUDIT)
    ahead(redis, 9)
    write(redis, key_of(alice), 10, "0" * 64, chain=chain, **adoption(
        (chain, 1, 9, "0" * 64)))
    status, faults = verify(bob)
    assert status == 10 and ("key", 10) in faults
    refused(bob, 1, "chain_forged", "lock", "c.example")
    bob("adopt", "--yes", "--drop")
    bob("lock", "c.example")
    assert verify(bob) == (0, [])


def test_who_adopts_gives_a_revoked_key_nothing(alice, revoked, redis):
    """After an adopt of alice it counts no more than before."""
    put(redis, stream(redis)[:2])
    alice("adopt", "--yes", "--drop")
    alice("lock", "d.example")
    assert verify(alice) == (0, [])
    revoked("lock", "e.example")
    assert [ident for ident, _ in stream(redis)] == [
        "1-0", "2-0", "5-0", "6-0", "7-0"]
    assert verify(alice) == (10, [("key", 7)])


def test_keys_in_the_stream_are_nothing(alice, bob, redis):
    """Entries that let a key in, as older versions wrote them."""
    eve, head = Key(66), entries(redis)[-1]
    trust([alice], alice)
    made = write(redis, key_of(alice), 3, head["hash"], action="notice",
                 host="b.example", after='{"entry":3}', subject=eve.public)
    write(redis, eve, 4, made["hash"], action="unlock", host="a.example")
    assert verify(alice) == (10, [("key", 4)])
    refused(alice, 1, "chain_forged", "lock", "b.example")


def test_limits_of_a_key(alice, bob, redis):
    """Who may only lock has no hand in anything else."""
    trust([alice, bob], signer("alice", alice.key),
          signer("bob", bob.key, may="lock"))
    bob("lock", "b.example")
    for command in (["unlock", "b.example"], ["adopt", "--yes"],
                    ["reset", "a.example"]):
        refused(bob, 1, "key_unknown", *command)
    assert verify(alice) == (0, [])
    head = entries(redis)[-1]
    write(redis, key_of(bob), 4, head["hash"], action="unlock",
          host="b.example", before=head["after"])
    assert verify(alice) == (10, [("key", 4)])


# an adopt behind what was tampered with


def test_what_a_signer_gave_up_is_told_and_the_rest_is_judged(
        alice, bob, redis, private):
    eve = Chain(redis)
    eve.write(("c.example", LOCKED))
    assert verify(alice) == (10, [("signature", 3)])
    refused(alice, 10, "signature", "audit", "checkpoint")
    alice("adopt", "--yes", "--drop")
    bob("lock", "b.example")
    [report] = [json.loads(alice("--json", "audit", "verify").stdout)]
    assert (report["seq"], report["faults"]) == (5, [])
    assert [(g["adopt"], g["signer"], g["first"], g["last"])
            for g in report["given_up"]] == [(4, "alice", 3, 3)]

    done = alice("audit", "checkpoint")
    assert "\nseq 5\n" in done.stdout
    path = private / "export"
    alice("audit", "export", "-o", path)
    assert verify(alice, path) == (0, [])

    eve.look()
    eve.write(("d.example", {**LOCKED, "entry": 6}), key=bob.key,
              sig="0" * 128)
    assert verify(alice) == (10, [("signature", 6)])
    refused(alice, 10, "signature", "audit", "checkpoint")


def test_a_checkpoint_of_what_was_given_up(alice, bob, redis, private):
    """No adopt, of whomever, makes a witness silent."""
    kept = private / "kept"
    bob("lock", "b.example")
    bob("audit", "checkpoint", "-o", kept)
    assert verify(alice, "--checkpoint", kept) == (0, [])
    put(redis, stream(redis)[:2])
    alice("adopt", "--yes", "--drop")
    alice("lock", "c.example")
    assert verify(alice) == (0, [])
    assert verify(alice, "--checkpoint", kept) == (11, [("rollback", 3)])
    done = alice("audit", "verify", "--checkpoint", kept, check=False)
    assert "given up by entry" in done.stdout and "of alice" in done.stdout
    # nor does an entry in its place, whose signature is good
    put(redis, stream(redis)[:2])
    memory(alice).unlink()
    alice("init", "--yes")
    alice("lock", "e.example")
    assert verify(alice, "--checkpoint", kept) == (10, [("fork", 3)])


def test_an_adopt_of_another_past(alice, bob, redis, private):
    """The same numbers were used twice, as after a restore that nobody told
    of: what is given up is what alice knew."""
    kept, point = stream(redis), private / "point"
    alice("lock", "b.example")
    alice("audit", "checkpoint", "-o", point)
    put(redis, kept)
    bob("lock", "c.example")
    bob("unlock", "a.example")
    assert verify(alice)[1][-1] == ("fork", 3)
    refused(alice, 1, "chain_differs", "lock", "d.example")
    alice("adopt", "--yes")
    [g] = json.loads(alice("--json", "audit", "verify").stdout)["given_up"]
    assert (g["adopt"], g["first"], g["last"]) == (5, 3, 3)
    bob("lock", "e.example")
    for admin in alice, bob:
        assert verify(admin) == (0, [])
    assert verify(bob, "--checkpoint", point) == (10, [("fork", 3)])


@pytest.mark.parametrize("by", ["nobody", "eve", "a revoked key",
                                "another past"])
def test_what_such_an_adopt_does_not_mend(by, alice, revoked, redis):
    head = entries(redis)[-1]
    eve = Chain(redis)
    eve.write(("d.example", LOCKED))
    key = {"a revoked key": key_of(revoked),
           "another past": key_of(alice)}.get(by, Key(66))
    stays = (3, entries(redis)[2]["hash"]) if by == "another past" else \
        (4, head["hash"])
    fields = adoption((eve.chain, stays[0] + 1, 5, eve.hash), stays)
    if by == "nobody":
        adopt = eve.entry(6, eve.hash, **fields)
        redis.client().xadd(AUDIT, adopt, id="6-0")
    else:
        write(redis, key, 6, eve.hash, **fields)
    assert verify(alice) == (10, [("signature", 5)])
    refused(alice, 10, "signature", "audit", "checkpoint")
    refused(alice, 1, "chain_forged", "lock", "b.example")


def test_whose_key_does_not_count_is_told_so(alice, operator, redis):
    """By the signers file of their own machine it does."""
    dave = operator("dave")
    refused(dave, 1, "chain_unknown", "lock", "b.example")
    refused(dave, 1, "chain_forged", "init", "--yes")
    trust([dave], alice)
    dave("init", "--yes")
    before = state(redis)
    error = refused(dave, 1, "key_unknown", "lock", "b.example")
    assert dave.key in error["message"]
    assert state(redis) == before
