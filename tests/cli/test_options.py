# Copyright (C) 2026 paylock contributors
#
# Options that all commands have, version, help, and wrong usage.

import json
import os
import re

from support.chain import AUDIT, LOCKS
from support.cli import record, remembered


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
        "chain": None, "seq": None, "hash": None, "signed": None,
        "created": True}
    assert client.keys() == []
    assert not (admin.home / "state").exists()

    admin("init")
    admin("lock", "a.example")
    before = client.hgetall(LOCKS), client.xrange(AUDIT)
    known = remembered(admin)

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
    assert remembered(admin) == known


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
