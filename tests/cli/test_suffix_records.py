# Copyright (C) 2026 paylock contributors
#
# Records for suffixes (*.acme.example, .acme.example), and the record that
# status names.

import json
import time

import pytest

from support.chain import AUDIT, LOCKS
from support.cli import answered

LOCKED = '{"at":5,"lock_at":5}'
OPEN = '{"at":5,"open_at":5}'
READONLY = '{"at":5,"readonly_at":5}'


# asking


@pytest.mark.parametrize("name", ["*.acme.example", ".acme.example",
                                  "*.CAFÉ.example."])
@pytest.mark.parametrize("command", ["lock", "unlock", "reset"])
def test_a_script_needs_yes(known, redis, command, name):
    done = known("--json", command, "a.example", name, check=False)
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["code"]) == (2, "confirm")
    assert "--yes" in error["mend"]
    assert error["host"].endswith(".example")
    assert not redis.client().exists(LOCKS)
    assert redis.client().xlen(AUDIT) == 1

    out = known.json(command, "a.example", name, "--yes")
    assert len(out["changed"]) == (0 if command == "reset" else 2)


def test_a_dry_run_does_not_ask(known, redis):
    assert known.json("lock", "*.acme.example", "--dry-run")["changed"] \
        == ["*.acme.example"]
    assert not redis.client().exists(LOCKS)


@pytest.mark.parametrize("answer, status", [("y", 0), ("n", 1), ("", 1)])
def test_a_terminal_is_asked(known, redis, answer, status):
    done, out, err = answered(known, answer, "lock", ".acme.example")
    assert done == status
    assert "acme.example and all names below acme.example" in err
    assert "Lock it? [y/N]" in err
    assert redis.client().hexists(LOCKS, ".acme.example") == (status == 0)


def test_other_names_are_not_asked_about(known):
    done, out, err = answered(known, "n", "lock", "acme.example")
    assert (done, err) == (0, "")


def test_names_of_suffixes(known, redis):
    known("lock", "*.CAFÉ.example.", ".b.example", "--yes")
    assert sorted(redis.client().hkeys(LOCKS)) \
        == ["*.xn--caf-dma.example", ".b.example"]
    entries = [e.get("host") for _, e in redis.client().xrange(AUDIT)]
    assert entries == [None, "*.xn--caf-dma.example", ".b.example"]
    assert [e["host"] for e in known.json("list")] \
        == ["*.xn--caf-dma.example", ".b.example"]
    assert known.json("audit", "log", "*.café.example")[0]["action"] == "lock"


# which record holds


RULES = [
    # the records, the host, whose record, the stage

    ({"a.b.example": OPEN, "*.b.example": LOCKED}, "a.b.example",
     "a.b.example", "open"),
    ({"acme.example": LOCKED}, "www.acme.example", "acme.example", "locked"),
    ({"acme.example": LOCKED, "*.acme.example": OPEN}, "www.acme.example",
     "acme.example", "locked"),
    ({"www.acme.example": OPEN, "acme.example": LOCKED}, "www.acme.example",
     "www.acme.example", "open"),
    ({"acme.example": LOCKED}, "shop.acme.example", None, "default"),
    ({"acme.example": LOCKED}, "www.shop.acme.example", None, "default"),
    ({"*.acme.example": LOCKED}, "acme.example", None, "default"),
    ({"*.acme.example": LOCKED}, "www.acme.example", "*.acme.example",
     "locked"),
    ({".acme.example": LOCKED}, "acme.example", ".acme.example", "locked"),
    ({".acme.example": LOCKED}, "a.b.acme.example", ".acme.example", "locked"),
    ({".acme.example": LOCKED}, "xacme.example", None, "default"),
    ({".b.example": OPEN, "*.example": LOCKED}, "a.b.example", ".b.example",
     "open"),
    ({".b.example": OPEN, ".a.b.example": READONLY, "*.example": LOCKED},
     "a.b.example", ".a.b.example", "readonly"),
    ({"*.a.b.example": LOCKED, "*.b.example": OPEN}, "a.b.example",
     "*.b.example", "open"),
    ({".b.example": OPEN, "*.b.example": LOCKED}, "a.b.example",
     "*.b.example", "locked"),
    ({".b.example": LOCKED, "*.b.example": OPEN}, "a.b.example",
     ".b.example", "locked"),
    ({".b.example": LOCKED, "*.b.example": OPEN}, "b.example",
     ".b.example", "locked"),
    ({".b.example": OPEN, "*.b.example": LOCKED}, "b.example",
     ".b.example", "open"),
    ({".b.example": READONLY, "*.b.example": LOCKED, "www.b.example": OPEN},
     "x.www.b.example", "*.b.example", "locked"),
    ({".example": LOCKED}, "localhost", None, "default"),
    ({".localhost": LOCKED}, "localhost", ".localhost", "locked"),
    ({"a.b.example": "junk", ".b.example": LOCKED}, "a.b.example",
     ".b.example", "locked"),
    ({"*.b.example": LOCKED}, "*.b.example", "*.b.example", "locked"),
    ({".b.example": LOCKED}, "*.b.example", ".b.example", "locked"),
    ({"*.example": LOCKED}, "*.b.example", "*.example", "locked"),
    ({"*.b.example": LOCKED}, ".b.example", None, "default"),
]


@pytest.mark.parametrize("records, host, holder, stage", RULES)
def test_which_record_holds(known, redis, records, host, holder, stage):
    redis.client().hset(LOCKS, mapping=records)
    [state] = json.loads(known("--json", "status", host).stdout)
    assert (state["host"], state["record"], state["stage"]) \
        == (host, holder, stage)


def test_of_two_suffixes_the_stricter_at_each_moment(known, redis):
    now = int(time.time())
    redis.client().hset(LOCKS, mapping={
        ".b.example": json.dumps({"at": 5, "lock_at": 5,
                                  "open_at": now + 100}),
        "*.b.example": json.dumps({"at": 5, "open_at": 5,
                                   "readonly_at": now + 50})})
    [state] = known.json("status", "a.b.example")
    assert (state["record"], state["stage"]) == (".b.example", "locked")
    assert state["next"]["stage"] == "readonly"
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 100))
    assert state["next"]["at"] == at


def test_status_says_why(known, redis):
    redis.client().hset(LOCKS, mapping={
        "a.example": LOCKED, ".b.example": OPEN, "*.b.example": LOCKED})

    def lines(host):
        return known("status", host).stdout

    assert "record   a.example, its own\n" in lines("a.example")
    assert "record   a.example, since it has none of its own\n" \
        in lines("www.a.example")
    assert 'record   *.b.example, the longest suffix that has one, and ' \
        'stricter than "." beside it\n' in lines("x.b.example")
    assert "record   none" in lines("c.example")


# changes and what else holds


@pytest.mark.parametrize("holder", ["*.acme.example", ".acme.example",
                                    ".example", "*.example"])
@pytest.mark.parametrize("args", [["--at", "+1d"], ["--notice", "now"],
                                  ["--readonly", "now"],
                                  ["--readonly", "+1d", "--at", "+2d"]])
def test_a_plan_for_a_host_keeps_the_lock_of_its_suffix(known, holder, args):
    known("lock", holder, "--yes")
    known("lock", "a.acme.example", *args)
    [state] = known.json("status", "a.acme.example")
    assert (state["record"], state["stage"]) == ("a.acme.example", "locked")


def test_a_plan_keeps_the_stricter_of_two_suffixes(known, redis):
    redis.client().hset(LOCKS, mapping={".b.example": OPEN,
                                        "*.b.example": LOCKED})
    known("lock", "x.b.example", "--at", "+1d")
    assert known.json("status", "x.b.example")[0]["stage"] == "locked"
    known("lock", "www.b.example")      # or a plan for b.example would open it
    known("lock", "b.example", "--at", "+1d")
    assert known.json("status", "b.example")[0]["stage"] == "open"


def test_a_plan_for_a_suffix_keeps_what_holds(known):
    known("lock", ".example", "--yes")
    known("lock", "*.acme.example", "--at", "+1d", "--yes")
    assert known.json("status", "x.acme.example")[0]["stage"] == "locked"

    # "*.b.test" says nothing of b.test
    known("lock", "*.b.test", "--yes")
    known("lock", ".b.test", "--at", "+1d", "--yes")
    assert known.json("status", "b.test")[0]["stage"] == "default"
    assert known.json("status", "x.b.test")[0]["stage"] == "locked"


def test_an_own_record_opens_below_a_locked_suffix(known):
    known("lock", "*.acme.example", "--yes")
    known("unlock", "a.acme.example")
    assert known.json("status", "a.acme.example")[0]["stage"] == "open"
    known("reset", "a.acme.example")
    assert known.json("status", "a.acme.example")[0]["record"] \
        == "*.acme.example"


def test_the_longest_names(known):
    """127 labels, each with its suffixes."""
    name = ".".join("a" * 126)
    known("lock", name, "--at", "+1d")
    known("lock", "*.a.a", "--yes")
    [state] = known.json("status", "b." + name)
    assert state["record"] == "*.a.a"
