# Copyright (C) 2026 paylock contributors
#
# init: a new audit trail, or one that is there already.

import re
import stat

import pytest

from support import servers
from support.chain import LOCKS
from support.cli import answered, entries, failed, stream


def test_init_makes_a_chain(admin, redis):
    made = admin.json("init")

    [(ident, first)] = stream(redis)
    assert ident == "1-0"
    assert first["action"] == "init"
    assert first["prev"] == "0" * 64
    assert not {"host", "before", "after"} & set(first)
    assert re.fullmatch("[0-9a-f]{32}", first["chain"])
    assert made == {"chain": first["chain"], "seq": 1, "hash": first["hash"],
                    "signed": False, "created": True}


def test_init_again(known, redis):
    again = known.json("init")
    assert again["created"] is False
    assert again["seq"] == 1
    assert len(entries(redis)) == 1


def test_init_beside_hand_written_records(admin, redis):
    redis.client().hset(LOCKS, "acme.example", "1")
    assert admin.json("init")["created"] is True
    assert redis.client().hgetall(LOCKS) == {"acme.example": "1"}


def test_init_remembers_another_machines_chain_after_a_yes(
        known, redis, private):
    other = servers.Admin(redis, private / "other")

    error = failed(other("--json", "init", check=False), 2, "confirm")
    assert "--yes" in error["mend"]
    assert stream(redis)[0][1]["chain"] in error["message"]
    failed(other("--json", "lock", "a.example", check=False), 1,
           "chain_unknown")

    assert other.json("init", "--yes")["created"] is False
    other("lock", "a.example")


@pytest.mark.parametrize("answer, status", [("y", 0), ("n", 1)])
def test_init_asks_on_a_terminal(known, redis, private, answer, status):
    other = servers.Admin(redis, private / "other")
    done, _, err = answered(other, answer, "init")
    assert done == status
    assert stream(redis)[0][1]["chain"] in err
    assert bool(list((other.home / "state").glob("paylock/*"))) == (not status)


def test_init_where_another_chain_is_known(known, redis):
    redis.client().flushall()
    error = failed(known("--json", "init", check=False), 1, "chain_differs")
    assert "adopt" in error["mend"]
    assert redis.client().keys() == []


def test_the_memory_is_private(known):
    directory = known.home / "state/paylock"
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} \
        == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
