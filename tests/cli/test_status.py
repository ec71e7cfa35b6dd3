# Copyright (C) 2026 paylock contributors
#
# status, list and audit log.

import json
import re

from support.chain import AUDIT, LOCKS
from support.cli import stream

MEMBERS = ["host", "stage", "record", "since", "next", "ref", "reason",
           "invoice", "actor", "protected", "seq"]


def test_status(known):
    known("lock", "acme.example", "--reason", "late")
    known("lock", "b.example")
    states = known.json("status", "www.acme.example", "none.example",
                        "b.example")

    assert [list(s) for s in states] == [MEMBERS] * 3
    www, none, b = states
    assert (www["host"], www["record"]) == ("www.acme.example", "acme.example")
    assert (www["stage"], www["reason"]) == ("locked", "late")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", www["since"])
    assert www["seq"] == 2
    assert none == {**dict.fromkeys(MEMBERS), "host": "none.example",
                    "protected": False,
                    "stage": "default"}
    assert b["seq"] == 3

    known("reset", "b.example")
    assert known.json("status", "b.example")[0]["record"] is None


def test_the_own_record_goes_before_that_without_www(known):
    known("lock", "acme.example")
    known("unlock", "www.acme.example")
    [state] = known.json("status", "www.acme.example")
    assert (state["stage"], state["record"]) == ("open", "www.acme.example")


def test_status_for_people(known):
    known("lock", "acme.example", "--reason", "late", "--until",
          "2096-01-01T00:00:00Z", env={"TZ": "UTC-1"})
    out = known("status", "acme.example", env={"TZ": "UTC-1"}).stdout
    assert re.match(r"acme.example: locked since \S+\+01:00, "
                    r"open from 2096-01-01T01:00:00\+01:00\n", out)
    assert "reason   late" in out


def test_list(known, redis):
    assert known.json("list") == []
    known("lock", "b.example", "a.example")
    redis.client().hset(LOCKS, mapping={"hand.example": "1",
                                        "Not A Host": "1",
                                        "junk.example": "x"})
    done = known("--json", "list")
    states = [json.loads(line) for line in done.stdout.splitlines()]

    assert [list(s) for s in states] == [MEMBERS] * 3
    assert [s["host"] for s in states] == ["a.example", "b.example",
                                           "hand.example"]
    assert [s["seq"] for s in states] == [3, 2, None]
    warnings = [json.loads(line)["warning"] for line in
                done.stderr.splitlines()]
    assert sorted(w["code"] for w in warnings) == ["host", "record"]

    lines = known("list").stdout.splitlines()
    assert lines[0].split() == ["HOST", "STAGE", "SINCE", "REF", "BY", "ENTRY"]
    assert lines[1].startswith("a.example     locked  20")
    assert len(lines) == 4


def test_audit_log(known, redis):
    known("lock", "a.example", "b.example", "--reason", "réason")
    known("unlock", "a.example")

    log = known.json("audit", "log")
    assert [e["seq"] for e in log] == [1, 2, 3, 4]
    assert [e["action"] for e in log] == ["init", "lock", "lock", "unlock"]
    for entry, (ident, fields) in zip(log, stream(redis)):
        assert entry.pop("seq") == int(ident[:-2])
        assert {k: v for k, v in entry.items() if v} == fields

    assert [e["seq"] for e in known.json("audit", "log", "a.example")] \
        == [2, 4]
    lines = known("audit", "log", "B.example.").stdout.splitlines()
    assert len(lines) == 2
    assert "lock b.example, reason réason" in lines[0]


def test_audit_log_names_what_is_no_entry(known, redis):
    redis.client().xadd(AUDIT, {"x": "y"}, "5-3")
    done = known("audit", "log")
    assert len(done.stdout.splitlines()) == 1
    assert "5-3" in done.stderr


def test_what_redis_holds_cannot_move_the_cursor(known, redis):
    evil = "a\x1b[2J\nforged: locked\x9b\u202ex"
    redis.client().hset(LOCKS, "acme.example", json.dumps(
        {"lock_at": 5, "reason": evil, "ref": "R"}, ensure_ascii=False))
    redis.client().hset(LOCKS, "evil\x1b[2Jhost", "1")
    known("unlock", "acme.example")

    for args in ["status", "acme.example"], ["list"], ["audit", "log"]:
        for json_too in [], ["--json"]:
            done = known(*json_too, *args)
            for text in done.stdout, done.stderr:
                assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]",
                                     text)
                assert "\nforged" not in text
