# Copyright (C) 2026 paylock contributors
#
# What an attacker may try on the trail.  Nothing of it passes for good, and
# after each attack one command of a signer brings everything back.

import json

import pytest

from support import servers
from support.chain import AUDIT, LOCKS, NODES, entry_hash
from support.cli import (entries, memory, refused, remembered, signers_of,
                         state, trust)
from support.mallory import (FAR, HELD, Attacker, alice, back, bob, mallory,
                             operator, stopped, verify)
from support.trail import signer

__all__ = ["alice", "bob", "mallory", "operator"]


# a key that was stolen, or revoked


@pytest.mark.parametrize("keep", [1, 4, 5])
def test_a_revoked_key_rewrites_the_past(mallory, alice, bob, operator, redis,
                                         keep):
    """It cuts the stream before its revocation, signs anew what it likes, lets
    an accomplice in, and adopts all that in the name of both."""
    eve = operator("eve")
    trust([mallory.admin, eve], mallory.admin, eve)
    mallory.cut(keep)
    memory(mallory.admin).unlink()
    mallory.admin("adopt", "--yes")
    mallory.admin("unlock", *HELD, "--yes")
    eve("init", "--yes")
    eve("unlock", "later.example")

    for admin in alice, bob:
        assert verify(admin)[0] == 10
        before = state(redis)
        for command in (["lock", "b.example"], ["unlock", HELD[1]],
                        ["signers", "pin"], ["signers", "revoke", "bob",
                                             "--yes"]):
            stopped(admin, *command)
        stopped(admin, "init", "--yes")
        assert state(redis) == before

    # later.example was locked by alice: of what was cut off nothing is left
    # but the record, if the attacker has left it
    back(redis, [bob, alice], hosts=[
        *(HELD if keep > 1 else []),
        *(["of-mallory.example"] if keep > 4 else [])])


def test_a_revoked_key_gives_up_what_revoked_it(mallory, alice, bob, redis):
    """An adopt does not end the revocation of the key that signed it."""
    mallory.cut(4)
    memory(mallory.admin).unlink()
    known = entries(redis)[-1]["hash"]
    mallory.admin("adopt", "--yes", "--known", f"6:{known}")
    assert entries(redis)[-1]["lost"].split()[2] == "6"
    for admin in alice, bob:
        status, faults, _ = verify(admin)
        assert status == 10 and faults[0][0] == "key"
        stopped(admin, "lock", "b.example")
    back(redis, [alice, bob], hosts=HELD)


def test_a_stolen_key_after_its_end(mallory, alice, bob, redis):
    mallory.admin("init")
    mallory.admin("unlock", *HELD)
    for admin in alice, bob:
        status, faults, text = verify(admin)
        assert (status, faults) == (10, [("key", 7)])
        assert "mallory, whose key is revoked after entry 5" in text
        stopped(admin, "lock", "b.example")
    back(redis, [bob, alice])


def test_a_stolen_key_that_may_not(mallory, alice, bob, redis):
    """A key for locking alone opens nothing."""
    for admin in alice, bob:
        signers_of(admin).write_text(
            signers_of(admin).read_text().replace("until=", "# until=")
            .replace(mallory.admin.key, mallory.admin.key + " may=lock"))
    mallory.admin("unlock", *HELD)
    status, faults, text = verify(alice)
    assert (status, faults) == (10, [("key", 7)])
    assert "who may not unlock" in text
    mallory.admin("adopt", "--yes")
    assert verify(alice)[:2] == (10, [("key", 7)])
    back(redis, [alice, bob])


# an older state


def test_an_older_state_of_redis(mallory, alice, bob, redis):
    """All of it is signed by those who count.  Only it ends too early."""
    mallory.cut(5)
    older = mallory.copy()
    for admin in alice, bob:
        status, faults, text = verify(admin)
        assert status == 11 and ("rollback", 6) in faults
        assert "this machine remembers entry 6" in text
        stopped(admin, "lock", "b.example")
    assert mallory.copy() == older
    back(redis, [alice, bob], hosts=[*HELD, "of-mallory.example"])


def test_an_older_state_on_a_fresh_machine(mallory, alice, operator, redis):
    """A pin, or the end of a revoked key, says what must be there."""
    mallory.cut(4)
    carol = operator("carol")
    trust([carol], alice, signer("carol", carol.key))
    assert verify(carol)[0] == 0
    head = remembered(alice)
    signers_of(carol).write_text(
        signers_of(carol).read_text() + f"pin 6:{head['hash']}\n")
    assert verify(carol)[:2] == (11, [("rollback", 6)])
    refused(carol, 1, "chain_forged", "init", "--yes")

    # gone on from there to a number that is beyond the pin
    trust([alice], alice)
    memory(alice).unlink()
    alice("init", "--yes")
    alice("lock", "x.example", "y.example", "z.example")
    assert verify(carol)[:2] == (10, [("fork", 6)])
    refused(carol, 1, "chain_forged", "init", "--yes")
    assert not (carol.home / "state").exists()

    # the end of mallory's key is such a pin, too
    trust([carol], alice, signer("carol", carol.key), signer(
        "mallory", mallory.admin.key, until=(6, head["hash"])))
    assert verify(carol)[:2] == (10, [("fork", 6)])

    carol("adopt", "--yes", "--drop")
    carol("lock", "b.example")
    carol("unlock", HELD[0])
    assert verify(carol)[0] == 0


def test_an_adopt_of_another_chain_excuses_no_pin(alice, bob, operator, redis):
    """Its numbers say nothing of the chain that is pinned."""
    alice("signers", "pin")
    line = signers_of(alice).read_text().splitlines()[-1]
    _, four, hash, chain = line.replace(":", " ").split()
    assert (four, chain) == ("4", remembered(alice)["chain"])
    trust([alice, bob], alice, bob)
    redis.client().flushall()
    memory(bob).unlink()
    bob("init")
    bob("lock", "c.example")
    alice("adopt", "--yes")
    [lost] = [e["lost"] for e in entries(redis) if "lost" in e]
    assert lost == f"{chain} 1 4 {hash}"

    carol = operator("carol")
    for more, wanted in ((line, (0, [])),
                         (f"pin 3:{'5' * 64}:{chain}", (0, [])),
                         (f"pin 4:{hash}", (0, [])),
                         (f"pin 3:{'5' * 64}", (10, [("fork", 5)])),
                         (f"pin 3:{'5' * 64}:{'b' * 32}",
                          (10, [("fork", 5)]))):
        trust([carol], alice, bob, signer("carol", carol.key), more)
        assert verify(carol)[:2] == wanted, more
    refused(carol, 1, "chain_forged", "init", "--yes")

    # who would adopt must not pass over it either
    trust([carol], alice, bob, signer("carol", carol.key),
          f"pin 9:{'5' * 64}:{'b' * 32}")
    error = refused(carol, 1, "pinned", "adopt", "--yes")
    assert "line 4" in error["message"] and "entry 9" in error["message"]
    trust([carol], alice, bob, signer("carol", carol.key),
          f"pin 9:{'5' * 64}")
    carol("adopt", "--yes")
    assert verify(carol)[0] == 0


def test_pin_writes_no_older_state(mallory, alice, bob, redis):
    """What a fresh machine is to trust is not taken from a Redis that shows
    less than is known here."""
    mallory.cut(4)
    text = signers_of(alice).read_text()
    done = alice("signers", "pin", check=False)
    assert done.returncode == 1 and signers_of(alice).read_text() == text
    back(redis, [alice, bob], hosts=HELD)


# what nodes say


def test_a_false_report_moves_no_number(mallory, alice, bob, redis):
    """The number of an adopt would be used up for good."""
    redis.client().hset(NODES, "web1", json.dumps(
        {"chain": remembered(alice)["chain"], "seq": FAR, "hash": "0" * 64,
         "state": "diverged"}))
    redis.client().hset(NODES, "web2", json.dumps({"seq": FAR - 1}))
    status, faults, _ = verify(alice)
    assert (status, faults) == (0, [])
    mallory.cut(5)
    assert alice.json("adopt", "--dry-run")["seq"] == 7
    error = refused(alice, 2, "confirm", "adopt")
    assert "entry 7 of chain" in error["message"]
    back(redis, [alice, bob], hosts=[*HELD, "of-mallory.example"])
    assert len(str(redis.client().xrevrange(AUDIT, count=1)[0][0])) < 5


def test_a_number_that_is_far_away_has_to_be_typed(alice, redis):
    for known in f"{10 ** 9}:{'a' * 64}", f"{2 ** 60}:{'a' * 64}":
        before = state(redis)
        done = alice("adopt", "--yes", "--known", known, check=False,
                     input="y\n")
        assert done.returncode == 1 and "Type " in done.stderr
        assert state(redis) == before
    alice("adopt", "--yes", "--known", f"{10 ** 9}:{'a' * 64}",
          input=f"{10 ** 9 + 1}\n")
    alice("lock", "b.example")
    assert verify(alice)[0] == 0


# witnesses


def test_a_signer_silences_no_checkpoint(mallory, alice, bob, redis, private):
    """Who counts may give entries up, and it is told for ever who did that."""
    kept = private / "kept"
    kept.write_text(alice("audit", "checkpoint").stdout)
    mallory.cut(4)
    bob("adopt", "--yes")
    status, faults, text = verify(alice, "--checkpoint", kept)
    assert status == 11 and set(faults) == {("rollback", 6)}
    assert "given up by entry 7 of bob" in text
    alice("init")
    assert verify(alice)[0] == 0
    for _ in range(2):
        status, faults, text = verify(alice, "--checkpoint", kept)
        assert (status, faults) == (11, [("rollback", 6)])
        assert f'the checkpoint \\"{kept}\\" remembers' in text
        assert "given up by entry 7 of bob" in text
        bob("lock", "b.example")
        bob("unlock", "b.example")


def test_another_content_is_never_excused(mallory, alice, bob, redis, private):
    kept = private / "kept"
    kept.write_text(alice("audit", "checkpoint").stdout)
    mallory.cut(4)
    memory(bob).unlink()
    trust([bob], alice, bob)
    bob("init", "--yes")
    bob("lock", "other.example", "others.example")
    bob("adopt", "--yes")
    trust([alice], alice, bob)
    for admin in alice, bob:
        status, faults, _ = verify(admin, "--checkpoint", kept)
        assert status == 10 and ("fork", 6) in faults


def test_a_checkpoint_of_a_revoked_key(mallory, alice, bob, redis, private):
    """It says what its owner likes."""
    kept = private / "kept"
    signers_of(alice).write_text(signers_of(bob).read_text())
    trust([mallory.admin], mallory.admin, alice, bob)
    kept.write_text(mallory.admin("audit", "checkpoint").stdout)
    done = alice("--json", "audit", "verify", "--checkpoint", kept,
                 check=False)
    assert done.returncode == 1
    assert "does not count here" in done.stderr


# entries of others


@pytest.mark.parametrize("signed", ["", "key", "key sig"])
def test_an_adopt_that_is_not_signed(mallory, alice, bob, redis, signed):
    """It gives up nothing, whatever it says."""
    mallory.cut(4)
    [(_, last)] = mallory.client.xrevrange(AUDIT, count=1)
    seq = mallory.append(
        action="adopt", resumes=f"4 {last['hash']}",
        **({"key": alice.key} if "key" in signed else {}),
        **({"sig": "0" * 128} if "sig" in signed else {}))
    for host in HELD:
        mallory.append(action="unlock", host=host,
                       before=redis.client().hget(LOCKS, host), after="open")
    for admin in alice, bob:
        status, faults, _ = verify(admin)
        assert status == 10
        assert faults[0] in [("signature", seq), ("fork", seq)]
        stopped(admin, "lock", "b.example")
    back(redis, [alice, bob], hosts=HELD)


def test_an_adopt_of_an_older_loss_comes_again(mallory, alice, bob, redis):
    """It is well signed, for another past."""
    whole = mallory.copy()
    known = memory(alice).read_text()
    mallory.cut(5)
    alice("adopt", "--yes", "--drop")
    adopt = entries(redis)[-1]
    mallory.put(whole)
    memory(alice).write_text(known)
    mallory.client.xadd(AUDIT, adopt, "7-0")
    for admin in alice, bob:
        status, faults, _ = verify(admin)
        assert (status, faults) == (10, [("fork", 7)])
        stopped(admin, "lock", "b.example")
    back(redis, [alice, bob])


def test_entries_of_another_realm(mallory, alice, bob, redis, private):
    """A restore drill: the same trail, the same keys, another realm."""
    drill = servers.Redis(private / "drill")
    drill.dir.mkdir()
    try:
        drill.start()
        there = Attacker(drill, None)
        there.put(mallory.copy())
        tester = servers.Admin(drill, private / "tester")
        tester.env = {**alice.env, "XDG_STATE_HOME": str(private / "state"),
                      **tester.login(servers.OP_USER)}
        error = refused(tester, 1, "chain_forged", "init", "--yes", "--realm",
                        "drill")
        assert "good signature" in error["message"]
        drilled = tester.json("adopt", "--yes", "--realm", "drill",
                              "--known", f"6:{remembered(alice)['hash']}")
        tester("unlock", *HELD, "--realm", "drill", "--yes")
        assert drilled["seq"] == 7
        mallory.put(there.copy())
    finally:
        drill.stop()
    for admin in alice, bob:
        status, faults, _ = verify(admin)
        assert status == 10 and faults[0][1] == 7
        stopped(admin, "lock", "b.example")
    back(redis, [alice, bob])


def test_a_trail_of_strangers(mallory, alice, bob, operator, redis):
    """A whole new one, with the same records or with none."""
    redis.client().flushall()
    eve = operator("eve")
    eve("init")
    eve("lock", "x.example")
    for admin in alice, bob:
        assert verify(admin)[0] == 10
        stopped(admin, "lock", "b.example")
    back(redis, [alice, bob], hosts=[])


# the signers file


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_signers_file_that_others_write(mallory, alice, redis, mode):
    path = signers_of(alice)
    path.chmod(mode)
    before = state(redis)
    for command in (["lock", "b.example"], ["unlock", HELD[0]],
                    ["adopt", "--yes"], ["audit", "verify"], ["signers"],
                    ["signers", "pin"], ["init"]):
        error = refused(alice, 1, "signers", *command)
        assert "others can write" in error["message"]
        assert error["mend"] == f"chmod go-w {path}"
    assert state(redis) == before
    path.chmod(0o644)
    alice("lock", "b.example")
    assert verify(alice)[0] == 0


def test_a_signers_file_that_was_removed(mallory, alice, redis):
    """Nobody would be asked for a signature any more."""
    text = signers_of(alice).read_text()
    signers_of(alice).unlink()
    mallory.append(action="unlock", host=HELD[0], after="open",
                   before=redis.client().hget(LOCKS, HELD[0]))
    before = state(redis)
    for command in ["lock", "b.example"], ["adopt", "--yes"], \
            ["audit", "verify"]:
        refused(alice, 1, "signers", *command)
    assert state(redis) == before
    signers_of(alice).write_text(text)
    assert verify(alice)[:2] == (10, [("signature", 7)])
    back(redis, [alice])


# what holds for all of them


def test_the_whole_trail_is_lost(mallory, alice, bob, redis):
    redis.client().flushall()
    assert verify(alice)[:2] == (11, [("rollback", 5)])
    back(redis, [bob, alice], hosts=[])


def test_the_trail_alone_is_lost(mallory, alice, bob, redis):
    """Records that no entry wrote stay closed until somebody says otherwise."""
    redis.client().delete(AUDIT)
    alice("adopt", "--yes")
    assert set(redis.client().hkeys(LOCKS)) == {
        *HELD, "of-mallory.example", "later.example"}
    status, faults, _ = verify(alice)
    assert (status, faults) == (12, [("flags", None)])
    alice("lock", *redis.client().hkeys(LOCKS), "--reason", "as before",
          "--yes")
    assert verify(alice)[0] == 0


def test_the_number_is_used_up(mallory, alice, bob, redis):
    """An entry with the last number there is: nothing can follow it."""
    [(_, last)] = mallory.client.xrevrange(AUDIT, count=1)
    entry = {**last, "prev": last["hash"]}
    entry["hash"] = entry_hash(FAR, entry)
    mallory.client.xadd(AUDIT, entry, f"{FAR}-0")
    error = refused(alice, 1, "exhausted", "adopt", "--yes")
    assert "adopt" in error["mend"]
    mallory.client.rename(AUDIT, "old")
    back(redis, [alice, bob], hosts=[])
