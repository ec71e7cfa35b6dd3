# Copyright (C) 2026 paylock contributors
#
# What somebody may try who writes to Redis as he likes, keeps copies of older
# states and holds a key that is revoked.  Nothing of it passes for good, and
# after each attack one command of a signer brings everything back.

import json

import pytest

from support import servers
from support.chain import AUDIT, LOCKED, LOCKS, NODES, entry_hash, skip_of
from support.cli import (entries, memory, operator, refused, remembered,
                         signers_of, state, trust)
from support.trail import signer

__all__ = ["operator"]

HELD = ["h1.example", "h2.example", "h3.example"]
FAR = 2 ** 63 - 1


class Attacker:
    """Redis is his.  He signs with a paylock-admin whose signers file names
    whom he likes."""

    def __init__(self, redis, admin):
        self.redis, self.admin = redis, admin
        self.client = redis.client()

    def copy(self):
        return self.client.xrange(AUDIT), self.client.hgetall(LOCKS)

    def put(self, copied):
        """Everything is as in a copy, the last id as well."""
        trail, locks = copied
        self.client.delete(AUDIT, LOCKS)
        for ident, entry in trail:
            self.client.xadd(AUDIT, entry, ident)
        for host, record in locks.items():
            self.client.hset(LOCKS, host, record)

    def cut(self, seq):
        """The entries after seq were never written."""
        trail = [one for one in self.client.xrange(AUDIT)
                 if int(one[0].split("-")[0]) <= seq]
        locks = {}
        for _, entry in trail:
            if entry.get("after"):
                locks[entry["host"]] = entry["after"]
        self.put((trail, locks))

    def append(self, **fields):
        """An entry of which all hashes fit, without a signature."""
        before = [(int(ident.split("-")[0]), entry) for ident, entry
                  in self.client.xrevrange(AUDIT)]
        seq, last = before[0][0] + 1, before[0][1]
        entry = {**{name: last[name] for name in
                    ("v", "chain", "time", "actor", "machine", "salt")},
                 "request": "0" * 32, "prev": last["hash"],
                 "skip": skip_of(before, seq), **fields}
        entry["hash"] = entry_hash(seq, entry)
        self.client.xadd(AUDIT, entry, f"{seq}-0")
        if entry.get("host"):
            self.client.hset(LOCKS, entry["host"], entry["after"])
        return seq


@pytest.fixture
def alice(operator):
    alice = operator("alice")
    alice("init")
    alice("lock", *HELD)
    return alice


@pytest.fixture
def bob(alice, operator):
    bob = operator("bob")
    trust([alice, bob], alice, bob)
    bob("init", "--yes")
    return bob


@pytest.fixture
def mallory(redis, alice, bob, operator):
    """Was a signer, locked a host, and is revoked since entry 5."""
    mallory = operator("mallory")
    trust([alice, bob, mallory], alice, bob, mallory)
    mallory("init", "--yes")
    mallory("lock", "of-mallory.example")
    alice("signers", "revoke", "mallory", "--yes")
    signers_of(bob).write_text(signers_of(alice).read_text())
    trust([mallory], mallory, alice, bob)
    alice("lock", "later.example")
    bob("audit", "verify")
    return Attacker(redis, mallory)


def verify(admin, *args):
    """The status, and the kinds and numbers of the faults."""
    done = admin("--json", "audit", "verify", *args, check=False)
    faults = json.loads(done.stdout)["faults"] if done.stdout else []
    return (done.returncode, [(one["kind"], one["seq"]) for one in faults],
            done.stderr)


def stopped(admin, *command):
    """The command refuses to continue this trail."""
    done = admin("--json", *command, check=False)
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert done.returncode == 1 and done.stdout == ""
    assert error["code"] in ("chain_forged", "chain_differs"), error
    assert "adopt" in error["mend"]


def back(redis, signers, command=("adopt", "--yes", "--drop"), others=("init",),
         hosts=(*HELD, "of-mallory.example", "later.example")):
    """One command of a signer, and all of them can work again.  Another
    machine that knew what is given up now accepts that with init."""
    first, *rest = signers
    first(*command)
    assert set(redis.client().hkeys(LOCKS)) == set(hosts)
    for record in redis.client().hgetall(LOCKS).values():
        assert "lock_at" in record
    for admin in rest:
        admin(*others)
    for admin in signers:
        assert verify(admin)[0] == 0
        admin("lock", "new.example")
        admin("unlock", HELD[0])
        admin("lock", HELD[0])
        admin("unlock", "new.example")
    for admin in signers:
        assert verify(admin)[0] == 0


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


# records


def test_records_written_by_hand(mallory, alice, bob, redis):
    """Opened, closed, removed, or one that no entry has written."""
    redis.client().hset(LOCKS, HELD[0], '{"at":1,"open_at":1}')
    redis.client().hdel(LOCKS, HELD[1])
    redis.client().hset(LOCKS, "closed.example", "locked")
    for admin in alice, bob:
        assert verify(admin)[:2] == (12, [("flags", None)])
    back(redis, [alice, bob])


@pytest.mark.parametrize("host", [HELD[0], "nobody.example"])
def test_a_record_by_hand_is_not_made_honest(mallory, alice, bob, redis, host):
    """By the next entry, which would take it for the record before."""
    client = redis.client()
    there = client.hget(LOCKS, host)
    client.hset(LOCKS, host, '{"at":1,"open_at":1,"reason":"by hand"}')
    before = state(redis)
    for command in ("lock", "unlock", "reset", "protect", "notice"):
        error = refused(alice, 1, "by_hand", command, host, *(
            ["--ref", "L1", "--channel", "letter"] * (command == "notice")))
        assert '"reason":"by hand"' in error["message"]
        assert (there or "no entry wrote one") in error["message"]
    assert state(redis) == before and verify(bob)[0] == 12
    # --yes starts from what the trail says
    alice("lock", host, "--yes")
    assert "by hand" not in client.hget(LOCKS, host)
    assert verify(bob)[0] == 0
    back(redis, [bob, alice], hosts={*HELD, "of-mallory.example",
                                     "later.example", host})


def forged(mallory, host, record):
    """An entry that nobody signed, and its record, which names it."""
    [(ident, _)] = mallory.client.xrevrange(AUDIT, count=1)
    seq = int(ident.split("-")[0]) + 1
    record = json.dumps({**record, "entry": seq}, separators=(",", ":"))
    mallory.append(action="unlock", host=host, after=record,
                   before=mallory.client.hget(LOCKS, host))
    return record


OPENED = {"at": 1, "open_at": 1}


def test_what_was_given_up_backs_no_record(mallory, alice, bob, redis):
    record = forged(mallory, HELD[0], OPENED)
    alice("adopt", "--yes")
    locked = redis.client().hget(LOCKS, HELD[0])
    assert "lock_at" in locked and verify(alice)[0] == 0
    for written in record, "0":
        redis.client().hset(LOCKS, HELD[0], written)
        error = refused(alice, 1, "by_hand", "pass", "revoke", HELD[0])
        # what counts is shown, not what was given up
        assert locked in error["message"]
    alice("pass", "revoke", HELD[0], "--yes")
    assert "lock_at" in redis.client().hget(LOCKS, HELD[0])
    back(redis, [bob, alice])


def test_an_entry_of_another_chain_is_the_last(mallory, alice, bob, redis):
    """The adopt goes on with the chain of what stays, not with that one."""
    [(_, good)] = redis.client().xrevrange(AUDIT, count=1)
    mallory.append(chain="a" * 32, action="unlock", host=HELD[0], after="")
    assert verify(alice)[0]
    alice("adopt", "--yes", "--drop")
    [(_, adopt)] = redis.client().xrevrange(AUDIT, count=1)
    assert adopt["chain"] == good["chain"]
    assert verify(alice)[0] == verify(bob)[0] == 0
    back(redis, [bob, alice])


def test_an_edited_entry_backs_no_record(mallory, alice, bob, redis):
    """Before the head that is remembered, where nobody looks any more."""
    trail, locks = mallory.copy()
    for ident, entry in trail:
        if entry.get("host") == HELD[0]:
            entry["after"] = locks[HELD[0]] = json.dumps(
                {**OPENED, "entry": int(ident.split("-")[0])})
    mallory.put((trail, locks))
    refused(alice, 1, "chain_forged", "pass", "revoke", HELD[0])
    assert verify(alice)[0] == 10
    # nothing behind the edited entry counts, but no site opens by that
    alice("adopt", "--yes")
    alice("lock", *redis.client().hkeys(LOCKS), "--yes")
    assert verify(alice)[0] == 0


def test_a_name_with_a_zero(mallory, alice, bob, redis):
    """It is not the host that stands before the zero."""
    redis.client().hset(LOCKS, HELD[0] + "\0x", "locked")
    assert verify(alice)[0] == 12
    back(redis, [alice, bob])


def test_a_number_almost_used_up(mallory, alice, bob, redis):
    [(_, last)] = mallory.client.xrevrange(AUDIT, count=1)
    entry = {**last, "prev": last["hash"]}
    entry["hash"] = entry_hash(FAR - 3, entry)
    mallory.client.xadd(AUDIT, entry, f"{FAR - 3}-0")
    refused(alice, 1, "exhausted", "adopt", "--yes")
    mallory.client.rename(AUDIT, "old")
    back(redis, [alice, bob], hosts=[])


def test_a_suffix_by_hand_closes_nobody_by_an_entry(mallory, alice, redis):
    """A notice begins with the record that holds, if somebody wrote it."""
    redis.client().hset(LOCKS, ".shop.example", '{"at":1,"lock_at":1}')
    before = state(redis)
    error = refused(alice, 1, "by_hand", "lock", "y.shop.example", "--notice",
                    "now", "--yes")
    assert '".shop.example"' in error["message"]
    assert state(redis) == before
    alice("reset", ".shop.example", "--yes")
    alice("lock", "y.shop.example", "--notice", "now")
    assert verify(alice)[0] == 0
    assert "lock_at" not in redis.client().hget(LOCKS, "y.shop.example")


def test_a_record_that_need_not_change_is_put_back(mallory, alice, redis):
    locked = redis.client().hget(LOCKS, HELD[0])
    redis.client().hset(LOCKS, HELD[0], '{"at":1,"open_at":1}')
    alice("unprotect", HELD[0], "--yes")
    now = json.loads(redis.client().hget(LOCKS, HELD[0]))
    assert {**now, "entry": 0, "at": 0} \
        == {**json.loads(locked), "entry": 0, "at": 0}
    assert verify(alice)[0] == 0


def test_an_element_before_the_first(mallory, alice, bob, redis):
    trail, locks = mallory.copy()
    mallory.put(([("0-1", {"x": "y"}), *trail], locks))
    assert verify(alice)[:2] == (10, [("edit", 1)])


def test_a_pin_forbids_a_new_trail(mallory, alice, redis):
    redis.client().flushall()
    signers_of(alice).write_text(
        signers_of(alice).read_text() + f"pin 4:{'a' * 64}\n")
    memory(alice).unlink()
    error = refused(alice, 1, "chain_differs", "init")
    assert "names entry" in error["message"]
    assert not redis.client().exists(AUDIT)


def test_many_dropped_records_have_to_be_typed(mallory, alice, redis):
    for i in range(11):
        redis.client().hset(LOCKS, f"x{i}.example", "locked")
    before = state(redis)
    done = alice("adopt", "--yes", "--drop", check=False, input="y\n")
    assert done.returncode == 1 and "Type 11" in done.stderr
    assert state(redis) == before
    alice("adopt", "--drop", input="11\n")
    assert verify(alice)[0] == 0


def test_an_id_whose_entry_was_given_up(mallory, alice, bob, redis):
    """It is not done; the answer of then would say that it is."""
    alice("unlock", HELD[0], "--request-id", "paid")
    trail, locks = mallory.copy()
    trail[-2][1]["machine"] = "other"
    mallory.put((trail, locks))
    alice("adopt", "--yes")
    assert "lock_at" in redis.client().hget(LOCKS, HELD[0])
    error = refused(alice, 1, "request", "unlock", HELD[0], "--request-id",
                    "paid")
    assert "use another id" in error["mend"]
    alice("unlock", HELD[0], "--request-id", "paid again")


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
