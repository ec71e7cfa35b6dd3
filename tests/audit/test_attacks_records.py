# Copyright (C) 2026 paylock contributors
#
# What an attacker may try on records, and on single entries.  Nothing of it
# passes for good, and after each attack one command of a signer brings
# everything back.

import json

import pytest

from support.chain import AUDIT, LOCKS, entry_hash
from support.cli import memory, refused, remembered, signers_of, state
from support.mallory import (FAR, HELD, alice, back, bob, mallory, operator,
                             verify)

__all__ = ["alice", "bob", "mallory", "operator"]


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
