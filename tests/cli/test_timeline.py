# Copyright (C) 2026 paylock contributors
#
# What lock and unlock write into a record's timeline: docs/timeline.md, "What
# each command writes".

import json
import time

import pytest

from support.chain import LOCKS

DAY = 86400


@pytest.fixture
def change(known, redis):
    """change(before, command, *args): the record after, its times as distances
    from now; before may be a record of such distances."""

    def run(before, command, *args, host="a.example", check=True):
        client = redis.client()
        now = int(time.time())
        if before is not None:
            client.hset(LOCKS, host, json.dumps(
                {k: now + v if k.endswith("at") else v
                 for k, v in before.items()}))
        done = known("--json", command, host, *args, check=check)
        if not check:
            assert client.hget(LOCKS, host) is None or before is not None
            return done
        after = json.loads(client.hget(LOCKS, host))
        return {k: "@1000" if v == 1000 else rough(v - now)
                for k, v in after.items() if k.endswith("at")}

    return run


def rough(seconds):
    """The seconds that a test takes do not count, nor that a command's clock
    may be a moment behind."""
    return (seconds + 1) // 10 * 10


CASES = [
    # what was there, the command, what is there then

    (None, ["lock"], dict(at=0, lock_at=0)),
    (None, ["lock", "--at", "+7d"], dict(at=0, lock_at=7 * DAY)),
    (None, ["lock", "--until", "+7d"], dict(at=0, lock_at=0, open_at=7 * DAY)),
    (None, ["lock", "--notice", "now"], dict(at=0, notice_at=0)),
    (None, ["lock", "--readonly", "now"], dict(at=0, readonly_at=0)),
    (None, ["lock", "--notice", "+1d", "--readonly", "+2d", "--at", "+3d",
            "--until", "+4d"],
     dict(at=0, notice_at=DAY, readonly_at=2 * DAY, lock_at=3 * DAY,
          open_at=4 * DAY)),
    (None, ["lock", "--notice", "+1d", "--readonly", "+1d", "--at", "+1d"],
     dict(at=0, notice_at=DAY, readonly_at=DAY, lock_at=DAY)),
    (None, ["lock", "--notice", "now", "--until", "+1d"],
     dict(at=0, notice_at=0, open_at=DAY)),

    # an immediate lock or readonly drops an opening that has come, and what
    # that had ended

    (dict(at=-100, open_at=-100), ["lock"], dict(at=0, lock_at=0)),
    (dict(at=-100, open_at=-100), ["lock", "--readonly", "now"],
     dict(at=0, readonly_at=0)),
    (dict(at=-900, notice_at=-500, readonly_at=-400, lock_at=-300,
          open_at=-200), ["lock", "--readonly", "now"],
     dict(at=0, readonly_at=0)),
    (dict(at=-900, lock_at=-300, open_at=-200, notice_at=-100), ["lock"],
     dict(at=0, notice_at=-100, lock_at=0)),
    (dict(at=-100, open_at=-100), ["lock", "--readonly", "now", "--at", "+1d",
                                   "--until", "+2d"],
     dict(at=0, readonly_at=0, lock_at=DAY, open_at=2 * DAY)),
    (dict(at=-100, open_at=-50), ["lock", "--at", "@1000"],
     dict(at=0, lock_at="@1000")),

    # a plan and a notice keep it

    (dict(at=-100, open_at=-100), ["lock", "--at", "+1d"],
     dict(at=0, open_at=-100, lock_at=DAY)),
    (dict(at=-100, open_at=-100), ["lock", "--notice", "now"],
     dict(at=0, open_at=-100, notice_at=0)),
    (dict(at=-100, open_at=-100), ["lock", "--notice", "@1000"],
     dict(at=0, open_at=-100, notice_at=-100)),
    (dict(at=-900, lock_at=-300, open_at=-200), ["lock", "--at", "+1d"],
     dict(at=0, open_at=-200, lock_at=DAY)),

    # a plan keeps what is in force

    (dict(at=-100, lock_at=-100), ["lock", "--at", "+1d"],
     dict(at=0, lock_at=-100)),
    (dict(at=-100, readonly_at=-100), ["lock", "--readonly", "+1d"],
     dict(at=0, readonly_at=-100)),
    (dict(at=-100, readonly_at=-100), ["lock", "--readonly", "+1d", "--at",
                                       "+2d"],
     dict(at=0, readonly_at=-100, lock_at=2 * DAY)),
    (dict(at=-100, lock_at=-100), ["lock", "--notice", "now"],
     dict(at=0, notice_at=0, lock_at=-100)),
    (dict(at=-100, lock_at=-100), ["lock", "--readonly", "now"],
     dict(at=0, readonly_at=0, lock_at=-100)),
    (dict(at=-100, lock_at=-100, open_at=DAY), ["lock", "--at", "+2d",
                                                "--until", "+3d"],
     dict(at=0, lock_at=-100, open_at=3 * DAY)),
    (dict(at=-100, notice_at=DAY, readonly_at=2 * DAY), ["lock", "--at", "+3d"],
     dict(at=0, notice_at=DAY, readonly_at=2 * DAY, lock_at=3 * DAY)),

    # planned by a clock an hour ahead: lowered, and what was ended stays so

    (dict(at=3600, lock_at=3600), ["lock", "--notice", "now"],
     dict(at=0, notice_at=0, lock_at=0)),
    (dict(at=3600, lock_at=3500, open_at=3550), ["lock", "--at", "+1d"],
     dict(at=0, open_at=0, lock_at=DAY)),
    (dict(at=3600, readonly_at=3500, open_at=3550), ["lock", "--at", "+1d"],
     dict(at=0, open_at=0, lock_at=DAY)),

    # unlock

    (None, ["unlock"], dict(at=0, open_at=0)),
    (None, ["unlock", "--until", "+1d"], dict(at=0, open_at=0, lock_at=DAY)),
    (dict(at=-100, notice_at=-90, readonly_at=-80, lock_at=-70), ["unlock"],
     dict(at=0, open_at=0)),
    (dict(at=-100, lock_at=-100, open_at=DAY), ["unlock", "--until", "+2d"],
     dict(at=0, open_at=0, lock_at=2 * DAY)),
    (dict(at=-100, open_at=-100), ["unlock", "--until", "+1d"],
     dict(at=0, open_at=-100, lock_at=DAY)),
    (dict(at=-100, open_at=-100, lock_at=DAY), ["unlock"],
     dict(at=0, open_at=-100)),
]


@pytest.mark.parametrize("before, command, after", CASES)
def test_writes(change, before, command, after):
    assert change(before, *command) == after


def holds(times, now, default):
    """docs/timeline.md once more."""
    come = {k: v for k, v in times.items() if k.endswith("at")
            and (v <= now or v <= times.get("at", -1))}
    opened = come.get("open_at")
    stage = 0 if opened is not None else default
    for i, name in enumerate(["notice_at", "readonly_at", "lock_at"], 1):
        if name in come and (opened is None or come[name] >= opened):
            stage = max(stage, i)
    return stage


@pytest.mark.parametrize("args", [
    ["--at", "+1d"], ["--readonly", "+1d"], ["--notice", "+1d"],
    ["--notice", "+1d", "--at", "+2d"]])
def test_no_plan_loosens_or_tightens(known, redis, args):
    """All records of a few moments, under both defaults."""
    client = redis.client()
    now = int(time.time())
    moments = [None, -300, -200, 400]
    records = {}

    for n in range(len(moments) ** 4):
        record = {"at": now - 250}
        for i, name in enumerate(["open_at", "notice_at", "readonly_at",
                                  "lock_at"]):
            moment = moments[n // len(moments) ** i % len(moments)]
            if moment is not None:
                record[name] = now + moment
        records[f"h{n}.example"] = record

    client.hset(LOCKS, mapping={h: json.dumps(r) for h, r in records.items()})
    refused = 0

    for host, before in records.items():
        planned = before.get("open_at", 0) > now
        done = known("--json", "lock", host, *args, check=not planned)
        if done.returncode:
            refused += 1
            assert json.loads(done.stderr)["error"]["code"] == "plan"
        after = json.loads(client.hget(LOCKS, host))
        for default in 0, 3:
            assert holds(after, now + 5, default) \
                == holds(before, now + 5, default), (before, after)

    assert refused < len(records) / 4


REFUSED = [
    (None, ["lock", "--notice", "+2d", "--readonly", "+1d"], "time"),
    (None, ["lock", "--readonly", "+2d", "--at", "+1d"], "time"),
    (None, ["lock", "--notice", "+2d", "--at", "+1d"], "time"),
    (None, ["lock", "--notice", "+2d", "--at", "now"], "time"),
    (None, ["lock", "--notice", "+2d", "--until", "+2d"], "time"),
    (None, ["lock", "--readonly", "+2d", "--until", "+1d"], "time"),
    (None, ["lock", "--until", "now"], "time"),
    (None, ["lock", "--notice", "soon"], "time"),
    (None, ["lock", "--readonly", ""], "time"),
    (None, ["unlock", "--until", "now"], "time"),
    (None, ["unlock", "--until", "x"], "time"),

    # one record cannot hold two openings, nor two moments of a stage

    (dict(at=-100, open_at=-100), ["lock", "--at", "+1d", "--until", "+2d"],
     "plan"),
    (dict(at=-100, open_at=-100), ["lock", "--notice", "now", "--until",
                                   "+2d"], "plan"),
    (dict(at=-100, open_at=-100), ["lock", "--readonly", "+1d", "--until",
                                   "+2d"], "plan"),
    (dict(at=-100, lock_at=-100, open_at=DAY), ["lock", "--at", "+2d"],
     "plan"),
    (dict(at=-100, readonly_at=-100, open_at=DAY), ["lock", "--readonly",
                                                    "+2d"], "plan"),
]


@pytest.mark.parametrize("before, command, code", REFUSED)
def test_refused(change, redis, before, command, code):
    done = change(before, *command, check=False)
    assert done.returncode == 2, done.stderr
    error = json.loads(done.stderr)["error"]
    assert error["code"] == code
    assert error["mend"]
    assert redis.client().xlen("{paylock}:audit") == 1


def test_the_same_plan_again_is_no_change(known):
    when = int(time.time()) + DAY
    args = ["--notice", f"@{when}", "--readonly", f"@{when + 1}", "--at",
            f"@{when + 2}", "--until", f"@{when + 3}"]
    known("lock", "a.example", *args)
    assert known.json("lock", "a.example", *args)["changed"] == []
    known("unlock", "a.example", "--until", f"@{when}")
    assert known.json("unlock", "a.example", "--until",
                      f"@{when}")["changed"] == []
    assert known.json("unlock", "a.example", "--until",
                      f"@{when + 1}")["changed"] == ["a.example"]
    assert known.json("unlock", "a.example")["changed"] == ["a.example"]


def test_the_ladder_as_status_tells_it(known, redis):
    known("lock", "a.example", "--notice", "now", "--readonly", "+1d", "--at",
          "+2d", "--until", "+3d", "--reason", "late")
    [state] = known.json("status", "a.example")
    assert (state["stage"], state["next"]["stage"]) == ("notice", "readonly")
    assert state["since"] is not None
    lines = known("status", "a.example").stdout.splitlines()
    assert lines[0].startswith("a.example: notice since ")
    assert ", readonly from " in lines[0]
    assert lines[1].strip().startswith("then     locked from ")
    assert lines[2].strip().startswith("then     open from ")

    # a day later, and another
    client = redis.client()
    record = json.loads(client.hget(LOCKS, "a.example"))
    for days, stage in (1, "readonly"), (2, "locked"), (3, "open"):
        client.hset(LOCKS, "a.example", json.dumps(
            {k: v - days * DAY - 5 if isinstance(v, int) else v
             for k, v in record.items()}))
        assert known.json("status", "a.example")[0]["stage"] == stage


def test_a_case_goes_on_from_notice_to_lock(known, redis):
    known("lock", "a.example", "--notice", "now", "--reason", "late",
          "--invoice", "F-1")
    ref = json.loads(redis.client().hget(LOCKS, "a.example"))["ref"]
    known("lock", "a.example", "--readonly", "now")
    known("lock", "a.example")
    record = json.loads(redis.client().hget(LOCKS, "a.example"))
    assert (record["reason"], record["invoice"], record["ref"]) \
        == ("late", "F-1", ref)


def test_what_was_ended_stays_so_in_the_same_second(known, redis):
    """Written by a clock that is ahead; the command comes in the second of
    one of the locks, and lowers the opening behind it to that second."""
    now = int(time.time())
    hosts = {f"h{i}.example": {"at": now + 100, "lock_at": now + i,
                               "open_at": now + i + 1} for i in range(60)}
    redis.client().hset(LOCKS, mapping={
        host: json.dumps(record) for host, record in hosts.items()})
    assert {s["stage"] for s in known.json("status", *hosts)} == {"open"}
    known("lock", *hosts, "--yes", "--readonly", "+1d", timeout=120)
    assert {s["stage"] for s in known.json("status", *hosts)} == {"open"}


@pytest.mark.parametrize("args", [["--at", "+1d"], ["--notice", "now"],
                                  ["--readonly", "now"]])
def test_no_plan_over_what_is_no_record(known, redis, args):
    redis.client().hset(LOCKS, "a.example", '{"lock_at":"x"}')
    done = known("--json", "lock", "a.example", *args, check=False)
    assert done.returncode == 1
    assert json.loads(done.stderr.splitlines()[-1])["error"]["code"] \
        == "record"
    assert redis.client().hget(LOCKS, "a.example") == '{"lock_at":"x"}'
    known("lock", "a.example")


@pytest.mark.parametrize("value, stage", [("1", "locked"), ("open", "open")])
def test_a_plan_over_a_bare_value_keeps_it(known, redis, value, stage):
    redis.client().hset(LOCKS, "a.example", value)
    known("lock", "a.example", "--at", "+1d")
    record = json.loads(redis.client().hget(LOCKS, "a.example"))
    assert record["at"] > 0
    assert known.json("status", "a.example")[0]["stage"] == stage


@pytest.mark.parametrize("command", [
    ["lock"], ["lock", "--at", "+1d"], ["lock", "--notice", "now"],
    ["lock", "--readonly", "now", "--at", "+1d"], ["unlock"],
    ["unlock", "--until", "+1d"], ["lock", "--reason", "x"]])
def test_unknown_members_are_kept_in_their_order(known, redis, command):
    before = ('{"zz":null,"lock_at":5,"x":{"b":1,"a":[2.50,"é"]},'
              '"at":5,"ref":"R"}')
    redis.client().hset(LOCKS, "a.example", before)
    done = known("--json", command[0], "a.example", *command[1:])
    text = redis.client().hget(LOCKS, "a.example")
    if not json.loads(done.stdout)["changed"]:
        assert text == before
        return
    record = json.loads(text)
    assert record["zz"] is None
    assert record["x"] == {"b": 1, "a": [2.5, "é"]}
    assert list(record["x"]) == ["b", "a"]
    assert list(record)[-2:] == ["zz", "x"]
    assert list(record)[0] == "at"
