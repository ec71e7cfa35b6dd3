# Copyright (C) 2026 paylock contributors
#
# lock, unlock and reset: what they write and print.

import json
import re
import time

import pytest

from support.chain import AUDIT, LOCKS
from support.cli import entries, failed, record, stream


def test_lock(known, redis):
    before = int(time.time())
    out = known.json("lock", "acme.example", "--reason", "overdue since 1 Nov",
                     "--invoice", "F-2026-017", env={"PAYLOCK_ACTOR": "alice"})
    after = int(time.time())

    assert out["changed"] == ["acme.example"]
    assert out["unchanged"] == []
    assert out["first_seq"] == out["last_seq"] == 2
    assert set(out) == {"changed", "unchanged", "first_seq", "last_seq",
                        "request_id"}

    value = redis.client().hget(LOCKS, "acme.example")
    rec = json.loads(value)
    assert list(rec) == ["at", "lock_at", "pass_after", "entry", "ref",
                         "reason", "invoice", "actor"]
    assert rec["entry"] == 2
    assert before <= rec["at"] == rec["lock_at"] <= after
    assert rec["pass_after"] == rec["at"]
    assert re.fullmatch("PL-[0-9A-HJKMNP-TV-Z]{6}", rec["ref"])
    assert rec["reason"] == "overdue since 1 Nov"
    assert rec["invoice"] == "F-2026-017"
    assert rec["actor"] == "alice"

    ident, entry = stream(redis)[-1]
    assert ident == "2-0"
    assert entry["action"] == "lock"
    assert entry["host"] == "acme.example"
    assert "before" not in entry
    assert entry["after"] == value
    assert entry["actor"] == "alice"
    assert entry["reason"] == "overdue since 1 Nov"
    assert entry["invoice"] == "F-2026-017"
    assert entry["request"] == out["request_id"]
    assert before * 1000 <= int(entry["time"]) <= after * 1000 + 999


def test_lock_again_changes_nothing(known, redis):
    known("lock", "acme.example", "--reason", "late")
    first = record(redis, "acme.example")

    for args in [], ["--reason", "late"], ["--ref", first["ref"]]:
        again = known.json("lock", "acme.example", *args)
        assert again["changed"] == []
        assert again["unchanged"] == ["acme.example"]
        assert again["first_seq"] is again["last_seq"] is None

    assert record(redis, "acme.example") == first
    assert len(entries(redis)) == 2


@pytest.mark.parametrize("option", ["reason", "invoice", "ref"])
def test_lock_again_with_another_text(known, redis, option):
    known("lock", "acme.example")
    client = redis.client()
    first = record(redis, "acme.example")
    since = first["lock_at"] - 100
    client.hset(LOCKS, "acme.example",
                json.dumps({**first, "at": since, "lock_at": since}))

    out = known.json("lock", "acme.example", f"--{option}", "X-2")

    second = record(redis, "acme.example")
    assert out["changed"] == ["acme.example"]
    assert second[option] == "X-2"
    assert second["lock_at"] == since
    assert second["at"] > since
    if option != "ref":
        assert second["ref"] == first["ref"]
        assert entries(redis)[-1][option] == "X-2"


def test_lock_at_until(known, redis):
    known("lock", "acme.example", "--at", "@4000000000", "--until",
          "2096-10-03T00:00:00Z")
    rec = record(redis, "acme.example")
    assert list(rec) == ["at", "open_at", "lock_at", "pass_after", "ref",
                         "actor"]
    assert rec["lock_at"] == 4000000000
    assert rec["open_at"] == 4000060800

    [state] = known.json("status", "acme.example")
    assert state["stage"] == "default"
    assert state["next"] == {"stage": "locked", "at": "2096-10-02T07:06:40Z"}


def test_a_past_at_locks_at_once(known):
    known("lock", "acme.example", "--at", "2026-01-01T00:00:00Z")
    [state] = known.json("status", "acme.example")
    assert state["stage"] == "locked"
    assert state["since"] == "2026-01-01T00:00:00Z"


def test_a_plan_leaves_what_holds_now(known, redis):
    known("lock", "locked.example")
    since = record(redis, "locked.example")["lock_at"]
    known("lock", "locked.example", "--at", "+7d", "--reason", "more")
    assert record(redis, "locked.example")["lock_at"] == since

    known("unlock", "open.example")
    opened = record(redis, "open.example")["open_at"]
    known("lock", "open.example", "--at", "+7d")
    rec = record(redis, "open.example")
    assert rec["open_at"] == opened
    assert rec["lock_at"] > opened
    [state] = known.json("status", "open.example")
    assert (state["stage"], state["next"]["stage"]) == ("open", "locked")


def test_a_plan_for_www_keeps_the_lock_of_the_name(known):
    known("lock", "acme.example")
    known("lock", "www.acme.example", "--at", "+7d")
    [state] = known.json("status", "www.acme.example")
    assert state["record"] == "www.acme.example"
    assert state["stage"] == "locked"


def test_one_record_holds_one_opening_and_one_lock(known, redis):
    known("unlock", "open.example")
    known("lock", "locked.example", "--until", "+1d")
    count = len(entries(redis))

    error = failed(known("--json", "lock", "open.example", "--at", "+1d",
                         "--until", "+2d", check=False), 2, "plan")
    assert error["host"] == "open.example"
    assert "reset" in error["mend"]
    failed(known("--json", "lock", "locked.example", "--at", "+2d",
                 check=False), 2, "plan")
    assert len(entries(redis)) == count


def test_an_immediate_lock_drops_a_past_opening(known, redis):
    known("unlock", "acme.example", "--reason", "paid")
    known("lock", "acme.example")
    rec = record(redis, "acme.example")
    assert "open_at" not in rec
    assert "reason" not in rec


def test_until_of_an_old_lock_goes(known, redis):
    now = int(time.time())
    redis.client().hset(LOCKS, "acme.example", json.dumps(
        {"at": now - 100, "lock_at": now - 100, "open_at": now - 50}))
    assert known.json("status", "acme.example")[0]["stage"] == "open"
    known("lock", "acme.example")
    assert known.json("status", "acme.example")[0]["stage"] == "locked"


def test_unknown_members_are_kept(known, redis):
    redis.client().hset(LOCKS, "acme.example",
                        '{"at":5,"x":{"y":[1]},"pass_after":7,"lock_at":5}')
    known("lock", "acme.example", "--reason", "r")
    assert record(redis, "acme.example")["x"] == {"y": [1]}
    known("unlock", "acme.example")
    rec = record(redis, "acme.example")
    assert (rec["x"], rec["pass_after"]) == ({"y": [1]}, 7)
    known("reset", "acme.example")
    rec = record(redis, "acme.example")
    assert list(rec) == ["at", "pass_after", "actor"]
    assert known.json("reset", "acme.example")["changed"] == []


def test_times_beyond_at_are_lowered_when_they_had_come(known, redis):
    """Written by a clock an hour ahead: what held goes on holding."""
    ahead = int(time.time()) + 3600
    redis.client().hset(LOCKS, "acme.example", json.dumps(
        {"at": ahead, "lock_at": ahead, "ref": "R"}))
    assert known.json("lock", "acme.example")["changed"] == []
    known("lock", "acme.example", "--reason", "r")
    rec = record(redis, "acme.example")
    assert rec["lock_at"] == rec["at"] < ahead


def test_a_planned_lock_that_came_is_written_for_clocks_behind(known, redis):
    now = int(time.time())
    redis.client().hset(LOCKS, "acme.example", json.dumps(
        {"at": now - 100, "lock_at": now - 10, "ref": "R"}))
    assert known.json("lock", "acme.example")["changed"] == ["acme.example"]
    rec = record(redis, "acme.example")
    assert rec["lock_at"] == now - 10 < rec["at"]


@pytest.mark.parametrize("value, stage", [
    ("1", "locked"), ("true", "locked"), ('"locked"', "locked"),
    ("locked", "locked"), ("0", "open"), ("false", "open"), ("open", "open")])
def test_bare_values_are_records(known, redis, value, stage):
    redis.client().hset(LOCKS, "acme.example", value)
    [state] = known.json("status", "acme.example")
    assert state["stage"] == stage
    assert state["record"] == "acme.example"
    assert state["since"] is None

    known("unlock" if stage == "locked" else "lock", "acme.example")
    assert known.json("status", "acme.example")[0]["stage"] != stage
    assert entries(redis)[-1]["before"] == value


@pytest.mark.parametrize("value", ["{", "[]", '{"lock_at":"x"}', "maybe",
                                   '{"lock_at":-1}', "x" * 70000])
def test_junk_is_no_record(known, redis, value):
    redis.client().hset(LOCKS, "acme.example", value)

    done = known("--json", "status", "acme.example")
    assert json.loads(done.stdout)[0]["stage"] == "default"
    assert "acme.example" in json.loads(done.stderr)["warning"]["message"]

    done = known("lock", "acme.example")
    assert "warning" in done.stderr
    assert known.json("status", "acme.example")[0]["stage"] == "locked"
    assert known("lock", "acme.example").stderr == ""


def test_junk_can_be_reset(known, redis):
    redis.client().hset(LOCKS, "acme.example", b"\xff\xfe")
    assert known.json("reset", "acme.example")["changed"] == ["acme.example"]
    # a record that says nothing
    assert set(json.loads(redis.client().hget(LOCKS, "acme.example"))) \
        == {"at", "actor", "entry"}
    assert known.json("status", "acme.example")[0]["stage"] == "default"
    assert known.json("reset", "acme.example")["changed"] == []


# unlock, reset

def test_unlock(known, redis):
    known("lock", "acme.example", "--reason", "late", "--invoice", "F-1",
          "--until", "+9d")
    ref = record(redis, "acme.example")["ref"]
    known("unlock", "acme.example", "--reason", "paid")

    rec = record(redis, "acme.example")
    assert list(rec) == ["at", "open_at", "pass_after", "ref", "reason",
                         "actor"]
    assert rec["open_at"] == rec["at"]
    assert rec["reason"] == "paid"
    assert rec["ref"] == ref

    again = known.json("unlock", "acme.example")
    assert again["unchanged"] == ["acme.example"]
    other = known.json("unlock", "acme.example", "--reason", "sold")
    assert other["changed"] == ["acme.example"]
    assert record(redis, "acme.example")["open_at"] == rec["open_at"]


def test_unlock_without_a_record_opens_against_the_default(known):
    known("unlock", "acme.example")
    assert known.json("status", "acme.example")[0]["stage"] == "open"


def test_unlock_takes_a_planned_lock_away(known):
    known("unlock", "acme.example")
    known("lock", "acme.example", "--at", "+1d")
    known("unlock", "acme.example")
    assert known.json("status", "acme.example")[0]["next"] is None


def test_reset(known, redis):
    known("lock", "acme.example")
    value = redis.client().hget(LOCKS, "acme.example")
    out = known.json("reset", "acme.example")
    assert out["changed"] == ["acme.example"]
    # what is left counts as none
    assert set(record(redis, "acme.example")) == {"at", "pass_after", "actor"}
    entry = entries(redis)[-1]
    assert entry["before"] == value
    assert entry["after"] == redis.client().hget(LOCKS, "acme.example")
    assert known.json("reset", "acme.example")["changed"] == []


# many hosts

def test_many_hosts_at_once(known, redis):
    hosts = [f"h{i}.example" for i in range(2500)]
    out = known.json("lock", *hosts, "h7.example", "--yes")
    assert out["changed"] == hosts
    assert (out["first_seq"], out["last_seq"]) == (2, 2501)
    assert redis.client().xlen(AUDIT) == 2501
    assert known.json("lock", *hosts, "new.example",
                      "--yes")["last_seq"] == 2502
    assert known.json("list")[0]["host"] == "h0.example"
    assert len(known.json("list")) == 2501
    assert len(known.json("audit", "log")) == 2502


def test_all_arguments_are_checked_before_anything_is_written(known, redis):
    done = known("--json", "lock", "good.example", "a..b", check=False)
    error = failed(done, 2, "host")
    assert error["host"] == "a..b"
    assert not redis.client().exists(LOCKS)
    assert len(entries(redis)) == 1
