# Copyright (C) 2026 paylock contributors
#
# status, list and audit log on a terminal: colours, widths, filters, and text
# from Redis with control characters.

import json
import re
import subprocess
import unicodedata

import pytest

from support.chain import LOCKS
from support.terminal import Terminal

RED, PLAIN = "\x1b[31m", "\x1b[0m"


def on_terminal(admin, *args, width=80, env=None):
    """What the command writes to a terminal of this width."""
    terminal = Terminal(admin, *args, width=width, stderr=subprocess.PIPE,
                        env={"TERM": "xterm", **(env or {})})
    status, err = terminal.end()
    assert status == 0, err
    return terminal.shown


def plain(text):
    return re.sub(r"\x1b\[\d+m", "", text)


def cells(line):
    """How wide a terminal shows it."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


@pytest.fixture
def several(known):
    env = {"PAYLOCK_ACTOR": "alice"}
    known("lock", "a.example", "--reason", "overdue since the first of "
          "November, and reminded twice", "--invoice", "F-2026-017", env=env)
    known("lock", "b.example", "--notice", "now", "--at", "+7d", env=env)
    known("lock", "a-rather-long-name-of-a-site.department.acme.example",
          "--readonly", "now", "--ref", "R-1", env=env)
    known("unlock", "d.example", env=env)
    known("lock", "e.example", "--at", "+1d", "--until", "+2d", env=env)
    return known


# colours


def test_colours_only_on_a_terminal(several):
    for args in ["list"], ["status", "a.example"]:
        shown = on_terminal(several, *args)
        assert f"{RED}locked" in shown and PLAIN in shown
        for env in {"NO_COLOR": "1"}, {"TERM": "dumb"}:
            assert "\x1b" not in on_terminal(several, *args, env=env)
        assert RED in on_terminal(several, *args, env={"NO_COLOR": ""})
        assert "\x1b" not in several(*args).stdout
        assert "\x1b" not in on_terminal(several, "--json", *args)
    assert RED in on_terminal(several, "lock", "x.example")


def test_each_stage_has_its_colour(several):
    shown = on_terminal(several, "list")
    assert len({re.search(rf"(\x1b\[\d+m){stage}", shown)[1]
                for stage in ("open", "notice", "readonly", "locked")}) == 4
    assert re.search(r"\ne\.example +default", shown)


# the width


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100, 132, 200, 400])
@pytest.mark.parametrize("how", ["TIOCGWINSZ", "COLUMNS"])
def test_a_row_is_a_line(several, width, how):
    if how == "COLUMNS":
        shown = on_terminal(several, "list", width=77,
                            env={"COLUMNS": str(width)})
    else:
        shown = on_terminal(several, "list", width=width)
    lines = plain(shown).splitlines()
    assert len(lines) == 6
    assert all(cells(line) <= width for line in lines), lines
    assert lines[0].startswith("HOST")
    if width >= 30:
        assert lines[0].split()[1] == "STAGE"
    if width == 400:
        assert "reminded twice" in shown
        assert "department.acme.example" in shown
        assert "…" not in shown
    # no moment is shown in part
    for line in lines:
        for moment in re.findall(r"(?<!-)20\d\d-\S*", line):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d",
                                moment), line


def test_nothing_is_cut_elsewhere(several):
    out = several("list", env={"COLUMNS": "20"}).stdout
    assert "reminded twice" in out
    assert "a-rather-long-name-of-a-site.department.acme.example" in out
    assert "…" not in out
    starts = {line.index(" alice ") for line in out.splitlines()[1:]}
    assert len(starts) == 1


def test_wide_and_combining_characters(known):
    known("lock", "a.example", "--reason", "支払い期限切れのためロック中です")
    known("lock", "b.example", "--reason", "e\u0301" * 20)
    known("lock", "c.example", "--reason", "x" * 20)
    for width in range(50, 110):
        lines = plain(on_terminal(known, "list", width=width)).splitlines()
        assert all(cells(line) <= width for line in lines)
        assert len({cells(line.split(" root")[0]) for line in lines
                    if " root" in line}) <= 1


def test_an_empty_list_says_nothing(known):
    assert known("list").stdout == ""
    assert on_terminal(known, "list") == ""


# filters


def hosts(admin, *args):
    return [state["host"] for state in admin.json("list", *args)]


LONG = "a-rather-long-name-of-a-site.department.acme.example"


@pytest.mark.parametrize("args, found", [
    (["--stage", "locked"], ["a.example"]),
    (["--stage", "notice"], ["b.example"]),
    (["--stage", "readonly"], [LONG]),
    (["--stage", "open"], ["d.example"]),
    (["--stage", "default"], ["e.example"]),
    (["--match", "?.example"], ["a.example", "b.example", "d.example",
                                "e.example"]),
    (["--match", "*.acme.*"], [LONG]),
    (["--match", "[ab].example", "--stage", "notice"], ["b.example"]),
    (["--match", "x"], []),
    (["--ref", "R-1"], [LONG]),
    (["--ref", "r-1"], []),
    (["--ref", "R-1", "--stage", "open"], []),
])
def test_filters(several, args, found):
    assert hosts(several, *args) == found
    lines = several("list", *args).stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == found


def test_no_such_stage(known):
    done = known("--json", "list", "--stage", "shut", check=False)
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["code"]) == (2, "stage")
    assert "readonly" in error["mend"]


# times


def test_times_are_local_for_people_and_utc_for_programs(known):
    known("lock", "a.example", "--at", "2096-01-01T00:00:00Z")
    env = {"TZ": "XXX-3:30"}
    for args in ["status", "a.example"], ["list"]:
        assert "2096-01-01T03:30:00+03:30" in known(*args, env=env).stdout
        assert "2096-01-01T00:00:00Z" in known("--json", *args,
                                               env=env).stdout


def test_status_tells_by_whom_and_since_when(known):
    known("lock", "a.example", "--reason", "late", "--invoice", "F-1",
          "--until", "+7d", env={"PAYLOCK_ACTOR": "alice"})
    lines = known("status", "www.a.example").stdout.splitlines()
    assert re.fullmatch(r"www\.a\.example: locked since \S+, open from \S+",
                        lines[0])
    told = {line.split()[0]: line.split(None, 1)[1] for line in lines[1:]}
    assert list(told) == ["record", "ref", "reason", "invoice", "by",
                          "written", "entry"]
    assert told["record"] == "a.example, since it has none of its own"
    assert (told["reason"], told["invoice"], told["by"], told["entry"]) \
        == ("late", "F-1", "alice", "2")


# hostile text


EVIL = [
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x9b2J", "\r", "\n", "\n  forged",
    "\u2028forged", "\u2029", "\x85", "\b\b\b", "\x7f", "\t",
    "\u202eevil", "\u202d", "\u2066x\u2069", "\u200f", "\u061c", "\u200b",
    "\ufeff", "\u00ad", "\u180e", "\U000e0041", "\ufff9",
]

# control, format, line and paragraph separators
UNSAFE = {"Cc", "Cf", "Zl", "Zp"}


def harmless(text):
    return all(unicodedata.category(c) not in UNSAFE or c == "\n"
               for c in text)


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_redis_is_only_text(known, redis, evil):
    client = redis.client()
    text = f"a{evil}b"
    client.hset(LOCKS, "a.example", json.dumps(
        {"lock_at": 5, "ref": "R", "reason": text, "invoice": text,
         "actor": text}, ensure_ascii=False))
    client.hset(LOCKS, f"h{evil}", "1")
    client.hset(LOCKS, "b.example", text)
    client.hset("{paylock}:nodes", f"n{evil}", text)

    for args, lines in ((["status", "a.example"], 6), (["list"], 2),
                        (["adopt", "--dry-run"], 1)):
        shown = plain(on_terminal(known, *args))
        assert harmless(shown), shown
        assert len(shown.splitlines()) == lines
        assert "\\x" in shown or args[0] == "adopt"

        done = known(*args)
        assert harmless(done.stdout + done.stderr)
        done = known("--json", *args)
        assert done.stdout.isascii() and done.stderr.isascii()
        assert "\x7f" not in done.stdout.replace("a\x7fb", "")

    # as the entry keeps it: what stood there before
    known("unlock", "a.example")
    shown = on_terminal(known, "audit", "log")
    assert harmless(plain(shown))
    assert len(shown.splitlines()) == 3


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80",
                                 b"\xf8\x88\x80\x80\x80", b"\xc0\xaf",
                                 b"\xf4\x90\x80\x80"])
def test_bytes_that_are_no_text(known, redis, bad):
    client = redis.client()
    client.hset(LOCKS, b"h" + bad, "1")
    client.hset(LOCKS, "a.example", b'{"reason":"' + bad + b'"}')
    client.hset(LOCKS, "b.example", bad)
    for args in ["list"], ["status", "a.example", "b.example"]:
        done = known(*args)
        assert "\\x" in done.stderr or args[0] == "status"
        assert "is not in UTF-8" in done.stderr
        assert harmless(done.stdout + done.stderr)
        for line in known("--json", *args).stderr.splitlines():
            assert json.loads(line)["warning"]


def test_a_terminal_that_tells_no_width(several):
    lines = plain(on_terminal(several, "list", width=0)).splitlines()
    assert all(cells(line) <= 80 for line in lines)
    for bad in "x", "-5", "0", "":
        lines = plain(on_terminal(several, "list", width=60,
                                  env={"COLUMNS": bad})).splitlines()
        assert all(cells(line) <= 60 for line in lines)
