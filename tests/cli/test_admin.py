# Copyright (C) 2026 paylock contributors
#
# What the commands of paylock-admin do, write and print.

import json
import os
import pty
import re
import stat
import subprocess
import time

import pytest

from support import servers

LOCKS = "{paylock}:locks"
AUDIT = "{paylock}:audit"

MEMBERS = ["host", "stage", "record", "since", "next", "ref", "reason",
           "invoice", "actor", "protected", "seq"]


def record(redis, host):
    value = redis.client().hget(LOCKS, host)
    return value if value is None else json.loads(value)


def entries(redis):
    return redis.client().xrange(AUDIT)


def failed(done, status, code):
    """An error as JSON, alone on stderr."""
    assert done.returncode == status, done.stderr
    error = json.loads(done.stderr)["error"]
    assert error["code"] == code, error
    assert set(error) == {"code", "message", "mend", "host"}
    return error


# init


def test_init_makes_a_chain(admin, redis):
    made = admin.json("init")

    [(ident, genesis)] = entries(redis)
    assert ident == "1-0"
    assert genesis["action"] == "init"
    assert genesis["prev"] == "0" * 64
    assert not {"host", "before", "after"} & set(genesis)
    assert re.fullmatch("[0-9a-f]{32}", genesis["chain"])
    assert made == {"chain": genesis["chain"], "seq": 1,
                    "hash": genesis["hash"], "key": None, "created": True}


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
    assert entries(redis)[0][1]["chain"] in error["message"]
    failed(other("--json", "lock", "a.example", check=False), 1,
           "chain_unknown")

    assert other.json("init", "--yes")["created"] is False
    other("lock", "a.example")


@pytest.mark.parametrize("answer, status", [("y", 0), ("n", 1)])
def test_init_asks_on_a_terminal(known, redis, private, answer, status):
    other = servers.Admin(redis, private / "other")
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(other.argv("init"), env=other.env,
                                   stdin=slave, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        os.write(master, answer.encode() + b"\n")
        out, err = process.communicate(timeout=10)
    finally:
        os.close(master)
        os.close(slave)
    assert process.returncode == status
    assert entries(redis)[0][1]["chain"] in err
    assert bool(list((other.home / "state").glob("paylock/*"))) == (not status)


def test_init_where_another_chain_is_known(known, redis):
    redis.client().flushall()
    error = failed(known("--json", "init", check=False), 1, "chain_differs")
    assert "adopt" in error["mend"]
    assert redis.client().keys() == []


def test_the_memory_is_private(known):
    [path] = (known.home / "state/paylock").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


# lock


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
    assert list(rec) == ["at", "lock_at", "pass_after", "ref", "reason",
                         "invoice", "actor"]
    assert before <= rec["at"] == rec["lock_at"] <= after
    assert rec["pass_after"] == rec["at"]
    assert re.fullmatch("PL-[0-9A-HJKMNP-TV-Z]{6}", rec["ref"])
    assert rec["reason"] == "overdue since 1 Nov"
    assert rec["invoice"] == "F-2026-017"
    assert rec["actor"] == "alice"

    ident, entry = entries(redis)[-1]
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
        assert entries(redis)[-1][1][option] == "X-2"


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


def test_a_past_at_locks_at_once(known, redis):
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


def test_a_plan_for_www_keeps_the_lock_of_the_name(known, redis):
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
    assert entries(redis)[-1][1]["before"] == value


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
    assert not redis.client().exists(LOCKS)


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


def test_unlock_without_a_record_opens_against_the_default(known, redis):
    known("unlock", "acme.example")
    assert known.json("status", "acme.example")[0]["stage"] == "open"


def test_unlock_takes_a_planned_lock_away(known, redis):
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
    entry = entries(redis)[-1][1]
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


# status, list, audit log


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
    assert known.json("status", "b.example")[0]["seq"] == 4


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
    for entry, (ident, fields) in zip(log, entries(redis)):
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


# global options and the rest


def test_global_options_before_and_behind(known):
    for args in ["--json", "status", "a.example"], \
                ["status", "--json", "a.example"], \
                ["status", "a.example", "--json"]:
        assert json.loads(known(*args).stdout)[0]["host"] == "a.example"


def test_quiet(known):
    assert known("--quiet", "lock", "a.example").stdout == ""
    assert known("lock", "--json", "b.example", "--quiet").stdout == ""
    assert known("list", "--quiet").stdout == ""
    done = known("--quiet", "lock", "a..b", check=False)
    assert done.returncode == 2 and done.stderr


def test_dry_run_writes_nothing(admin, redis):
    client = redis.client()
    assert admin("--dry-run", "init").stdout == "an audit trail would be made\n"
    assert json.loads(admin("--dry-run", "--json", "init").stdout) == {
        "chain": None, "seq": None, "hash": None, "key": None,
        "created": True}
    assert client.keys() == []
    assert not (admin.home / "state").exists()

    admin("init")
    admin("lock", "a.example")
    before = client.hgetall(LOCKS), client.xrange(AUDIT)
    [memory] = (admin.home / "state/paylock").iterdir()
    remembered = memory.read_text()

    for command in "lock", "unlock", "reset":
        out = admin.json(command, "a.example", "b.example", "--dry-run")
        assert out["dry_run"] is True
        assert out["changed"] == {"lock": ["b.example"],
                                  "unlock": ["a.example", "b.example"],
                                  "reset": ["a.example"]}[command]
        assert out["first_seq"] is None
    assert "would be locked" in admin("lock", "b.example",
                                      "--dry-run").stdout

    assert (client.hgetall(LOCKS), client.xrange(AUDIT)) == before
    assert memory.read_text() == remembered


def test_another_prefix(known, redis):
    redis.allow("*")
    known("--prefix", "other:", "init")
    known("lock", "a.example", env={"PAYLOCK_PREFIX": "other:"})
    assert redis.client().hkeys("other:locks") == ["a.example"]
    assert not redis.client().exists(LOCKS)
    assert known.json("list") == []


def test_version(admin):
    version = admin.json("version")["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert admin("version").stdout == f"paylock-admin {version}\n"


def test_help_needs_no_redis_and_names_all(admin):
    admin.redis = type("Nowhere", (), {"url": "unix:/nonexistent"})
    text = admin("help").stdout
    for command in "init", "lock", "unlock", "reset", "status", "list", \
            "audit log", "version", "help":
        assert f"  {command} " in text
        one = admin("help", *command.split()).stdout
        assert one.startswith(f"Usage: paylock-admin {command}")
        if command != "help":
            assert admin(*command.split(), "--help").stdout == one
    assert admin("--help").stdout == text
    lock = admin("help", "lock").stdout
    for option in "at TIME", "until TIME", "reason TEXT", "invoice ID", \
            "ref TEXT":
        assert f"[--{option}]" in lock
    assert all(len(line) < 80 for line in (text + lock).splitlines())


MISUSES = [
    [], ["frob"], ["audit"], ["audit", "frob"], ["lock"], ["--frob", "list"],
    ["list", "--at", "now"], ["list", "x"], ["audit", "log", "a.b", "c.d"],
    ["lock", "a.example", "--at"], ["--json=1", "list"],
    ["help", "frob"], ["version", "1"]]


def test_usage(admin):
    for args in MISUSES:
        done = admin("--json", *args, check=False)
        assert done.returncode == 2
        assert done.stdout == ""
        error = json.loads(done.stderr)["error"]
        assert error["message"] and error["mend"]


# stdout


def test_a_full_disk_is_not_silent(known, redis):
    for args, status in (["list"], 0), (["help"], 1), (["version"], 1), \
            (["status", "a.example"], 1), (["audit", "log"], 1):
        with open("/dev/full", "w") as full:
            done = subprocess.run(known.argv(*args), env=known.env,
                                  stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        assert done.returncode == status
        assert ("No space left" in done.stderr) == (status == 1)


def test_a_closed_pipe_loses_no_transaction(known, redis):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(known.argv("lock", "a.example"), env=known.env,
                          stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert done.returncode == 3
    assert "the change is made" in done.stderr
    assert record(redis, "a.example")
    [memory] = (known.home / "state/paylock").iterdir()
    assert "seq = 2\n" in memory.read_text()


def test_a_closed_stdout_is_not_the_socket(known, redis):
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh",
                           *known.argv("--json", "list")], env=known.env,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh",
                           *known.argv("audit", "log")], env=known.env,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "could not be written" in done.stderr


def test_the_actor(known, redis):
    env = {"SUDO_USER": "bob"} if os.geteuid() == 0 else {}
    known("lock", "a.example", env=env)
    if env:
        assert record(redis, "a.example")["actor"] == "bob"
    config = known.home / "config/paylock"
    config.mkdir(parents=True)
    (config / "config").write_text("# who\n\n  actor = carol \n")
    known("lock", "b.example", env=env)
    assert record(redis, "b.example")["actor"] == "carol"
    known("lock", "c.example", env={**env, "PAYLOCK_ACTOR": "dave"})
    assert record(redis, "c.example")["actor"] == "dave"
