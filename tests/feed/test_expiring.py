# Copyright (C) 2026 paylock contributors
#
# Records that somebody gave a time to live, which Redis 7.4 and Valkey 9 can:
# status and doctor tell of them while they are there.

import json

import pytest
import redis as redis_py

from support.chain import ALERTS, LOCKS, NODES
from support.feed import unaudited
from support.servers import promised, wait_for
from support.trail import signer, signers_file


@pytest.fixture
def expire(redis):
    """expire(host, seconds)"""
    try:
        redis.client().execute_command("HPTTL", LOCKS, "FIELDS", 1, "x")
    except redis_py.ResponseError as error:
        assert "unknown command" in str(error)
        pytest.skip("this Redis knows no time to live of a field")

    def set_it(host, seconds):
        assert redis.client().execute_command(
            "HEXPIRE", LOCKS, seconds, "FIELDS", 1, host) == [1]

    return set_it


def expiry(admin):
    """The findings of doctor, and its status."""
    done = admin("--json", "doctor", check=False)
    return [(f["result"], f["message"], f["mend"])
            for f in json.loads(done.stdout) if f["check"] == "expiry"]


def test_status_and_doctor_tell_before(known, redis, expire):
    known("lock", "acme.example", "b.example", "*.c.example", "--yes")
    assert expiry(known) == [
        ("ok", "no record has a time to live in Redis", None)]
    assert known("status", "acme.example").stderr == ""
    expire("acme.example", 100000)
    expire("*.c.example", 200000)
    for host, record in (("acme.example", "acme.example"),
                         ("www.acme.example", "acme.example"),
                         ("x.c.example", "*.c.example")):
        done = known("--json", "status", host)
        assert json.loads(done.stdout)[0]["stage"] == "locked"
        warning = json.loads(done.stderr)["warning"]
        assert (warning["code"], warning["host"]) == ("expires", record)
        assert "Redis will remove the record of" in warning["message"]
    assert known("status", "b.example").stderr == ""
    (result, message, mend), = expiry(known)
    assert result == "problem" and '"acme.example" in 99' in message
    assert message.startswith('Redis will remove 2 records of "{paylock}:')
    assert "HPERSIST KEY FIELDS 1 HOST" in mend
    for host in "acme.example", "*.c.example":
        redis.client().execute_command("HPERSIST", LOCKS, "FIELDS", 1, host)
    assert expiry(known)[0][0] == "ok"


def test_whoever_only_reads_is_told_as_well(known, expire):
    known("lock", "acme.example")
    expire("acme.example", 1000)
    done = known("status", "acme.example", env=known.login("paylock-audit"))
    assert "Redis will remove the record of" in done.stderr


def test_many_records(known, redis, expire):
    """Among thousands of them the one that goes first is named."""
    redis.client().hset(LOCKS, mapping={f"h{i}.example": "1"
                                        for i in range(5000)})
    for i in range(0, 5000, 7):
        expire(f"h{i}.example", 90000 - i)
    (_, message, _), = expiry(known)
    assert "715 records" in message and '"h4998.example"' in message


def test_a_change_takes_it_away(known, redis, expire):
    known("lock", "acme.example")
    expire("acme.example", 1000)
    known("lock", "acme.example", "--reason", "another")
    assert expiry(known)[0][0] == "ok"


def test_nginx_takes_it_as_removed_by_hand(known, nginx, redis, expire):
    """Without signers: open within 6 seconds, and counted."""
    known("lock", "acme.example", "b.example", "--yes")
    server = nginx("""paylock_reconcile 1h;
        server { server_name acme.example; paylock on;
                 location / { return 200; } }""")
    server.wait_state("acme.example", "locked")
    expire("acme.example", 1)
    server.wait_state("acme.example", "open", promised(8))
    wait_for("the count", lambda: unaudited(server) == 1)
    assert server.state("b.example") == "locked"


def test_with_signers_it_opens_nothing(nginx, alice, redis, private, expire):
    path = signers_file(private / "signers", signer("alice", alice.key))
    server = nginx(f"""paylock_signers {path}; paylock_reconcile 200ms;
        server {{ server_name a.example; paylock on;
                  location / {{ return 200; }} }}""")
    server.allow(ALERTS)
    server.wait_state("a.example", "locked")
    expire("a.example", 1)
    wait_for("Redis to remove it",
             lambda: not redis.client().hexists(LOCKS, "a.example"))

    def reported():
        report, = redis.client().hvals(NODES)
        assert server.state("a.example") == "locked"
        return json.loads(report).get("unaudited") == 1

    wait_for("the report", reported)
    done = alice("doctor", check=False)
    assert done.returncode == 1 and "by hand" in done.stdout
    alice("unlock", "a.example", "--yes")
    server.wait_state("a.example", "open")
