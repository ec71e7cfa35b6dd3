# Copyright (C) 2026 paylock contributors
#
# Changes that Redis refuses, or whose connection is cut: they are done wholly
# or not at all, and the error names cause and remedy.

import json
import os
import signal
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, LOCKS, check_trail, entry_hash
from support.cli import refused
from support.fake_redis import NOWHERE, FakeRedis

COMMANDS = [["lock", "b.example"], ["lock", "a.example", "--reason", "x"],
            ["lock", "b.example", "--at", "+1d", "--until", "+2d"],
            ["unlock", "a.example"], ["reset", "a.example"],
            ["adopt", "--yes"]]


@pytest.fixture
def known(admin):
    admin("init")
    admin("lock", "a.example")
    return admin


def state(client):
    return [client.dump(key) for key in (LOCKS, AUDIT)]


@pytest.mark.parametrize("rights, code", [
    (["-select"], "permission"), (["resetpass", ">other"], "auth")])
def test_login_refused(admin, redis, rights, code):
    """What was sent behind the login is done as somebody else, or in another
    database, which has the same keys: it may be no change."""
    redis.url += "?db=9"
    admin("init")
    admin("lock", "a.example")
    with redis.client(db=9) as client:
        client.hset("{paylock}:nodes", "n", "{}")
        for key in client.keys():
            client.copy(key, key, destination_db=0)
    client = redis.client()
    client.execute_command("ACL", "SETUSER", servers.OP_USER, *rights)
    client.config_resetstat()
    for command in [*COMMANDS, ["init", "--yes"], ["nodes", "forget", "n"],
                    ["protect", "a.example"],
                    ["notice", "c.example", "--channel", "letter",
                     "--ref", "x"]]:
        refused(admin, 1, code, *command)
    done = {name.removeprefix("cmdstat_").partition("|")[0]
            for name in client.info("commandstats")}
    assert {"watch", "xrevrange"} <= done
    assert not {"multi", "exec", "xadd", "hset", "hdel"} & done


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("key, make, kind", [
    (LOCKS, lambda c: c.set(LOCKS, "x"), "string"),
    (LOCKS, lambda c: c.xadd(LOCKS, {"a": "b"}), "stream"),
    (AUDIT, lambda c: c.hset(AUDIT, "a", "b"), "hash"),
    (AUDIT, lambda c: c.zadd(AUDIT, {"a": 1}), "zset")])
def test_a_key_of_another_type(known, redis, command, key, make, kind):
    client = redis.client()
    client.delete(key)
    make(client)
    before = state(client)
    error = refused(known, 1, "type", *command)
    assert key in error["message"] and f"is a {kind}" in error["message"]
    assert "--prefix" in error["mend"]
    assert state(client) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_replica(known, redis, command):
    client = redis.client()
    client.config_set("replica-read-only", "yes")
    client.replicaof("127.0.0.1", "1")
    before = state(client)
    error = refused(known, 1, "readonly", *command)
    assert "primary" in error["mend"]
    assert state(client) == before


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("setting, value, code, mend", [
    ("maxmemory", "1", "memory", "maxmemory"),
    ("min-replicas-to-write", "1", "replicas", "min-replicas-to-write")])
def test_settings_of_redis(known, redis, command, setting, value, code, mend):
    client = redis.client()
    before = state(client)
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set(setting, value)
    # what only takes away is no matter of memory
    if setting == "maxmemory" and command[0] == "reset":
        command = ["lock", "c.example"]
    error = refused(known, 1, code, *command)
    assert mend in error["mend"]
    assert state(client) == before
    client.config_set(setting, "0")
    known(*command)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_cannot_be_written(private, command):
    redis = servers.Redis(private, save="3600 1").start()
    try:
        admin = servers.Admin(redis, private / "admin")
        admin("init")
        admin("lock", "a.example")
        (private / "dump.rdb").mkdir()
        client = redis.client()
        client.bgsave()
        servers.wait_for("the save to fail", lambda: client.info(
            "persistence")["rdb_last_bgsave_status"] == "err")
        before = state(client)
        error = refused(admin, 1, "disk", *command)
        assert "MISCONF" in error["message"]
        assert state(client) == before
    finally:
        # which would not end without a save
        (private / "dump.rdb").rmdir()
        redis.stop()


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_a_used_up_stream(known, redis, command):
    client = redis.client()
    [(_, head)] = client.xrevrange(AUDIT, count=1)
    seq = 2 ** 64 - 1
    entry = {**head, "prev": head["hash"]}
    entry["hash"] = entry_hash(seq, entry)
    client.xadd(AUDIT, entry, f"{seq}-0")
    before = state(client)
    error = refused(known, 1, "exhausted", *command)
    assert str(seq) in error["message"]
    assert "RENAME" in error["mend"] and "adopt" in error["mend"]
    assert state(client) == before


# the link


CUTS = {
    # the link is cut when EXEC comes, in the middle of it, when it has been
    # carried out, and in the middle of its reply; or no more is said
    "before": dict(reply=b"", end="fin"),
    "inside": dict(reply=b"", end="fin", request=lambda raw: raw[:-3]),
    "after": dict(reply=lambda real: b"", end="fin"),
    "reply": dict(reply=lambda real: real[:-5], end="fin"),
    "hold": dict(reply=lambda real: b"", end="hang"),
}


@pytest.fixture
def proxied(redis, private):
    """proxied(when, …): an admin behind a link that is cut once, one host
    locked; with deaf=True nobody answers afterwards."""
    fakes = []

    def start(when, deaf=False):
        fake = FakeRedis(redis.socket, private)
        fakes.append(fake)
        admin = servers.Admin(fake, private / "proxied")
        admin("init")
        admin("lock", "a.example")
        fault = fake.on("EXEC", **CUTS[when])
        if deaf:
            fault.then = lambda: setattr(fake, "upstream", NOWHERE)
        return admin, fake, fault

    yield start
    for fake in fakes:
        fake.stop()


@pytest.mark.parametrize("when", ["before", "inside", "after", "reply"])
def test_the_link_is_cut_and_the_outcome_read_back(proxied, redis, when):
    admin, _, fault = proxied(when)
    out = admin.json("lock", "b.example", "--request-id", "R1")
    assert fault.struck == 1
    assert out == {"changed": ["b.example"], "unchanged": [], "first_seq": 3,
                   "last_seq": 3, "request_id": "R1"}
    assert check_trail(redis.client()) == 2
    assert admin.json("lock", "b.example", "--request-id", "R1") == out


@pytest.mark.parametrize("when", ["before", "inside", "after", "reply"])
def test_the_link_is_cut_and_nobody_answers(proxied, redis, when):
    admin, fake, _ = proxied(when, deaf=True)
    error = refused(admin, 4, "unknown", "unlock", "a.example")
    assert "again" in error["mend"]
    carried_out = when in ("after", "reply")
    assert check_trail(redis.client()) == 1 + carried_out

    # what is named as the mend
    fake.to(redis.socket)
    out = admin.json("unlock", "a.example")
    assert out["changed"] == ([] if carried_out else ["a.example"])
    assert check_trail(redis.client()) == 2


def test_two_commands_at_once_of_which_one_is_cut(proxied, redis, private):
    """What another wrote in between is neither taken for ours nor lost."""
    admin, _, _ = proxied("before")
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    other("lock", "c.example")
    assert admin.json("lock", "b.example")["last_seq"] == 4
    assert check_trail(redis.client()) == 3


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_killed_right_after_exec(proxied, redis, sig):
    admin, _, fault = proxied("hold")
    process = subprocess.Popen(
        admin.argv("lock", "b.example", "--request-id", "R1"), env=admin.env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    servers.wait_for("EXEC", lambda: fault.struck)
    os.kill(process.pid, sig)
    process.wait(120)

    # the head remembered is the one before, and is carried on
    client = redis.client()
    assert check_trail(client) == 2
    before = state(client)
    out = admin.json("lock", "b.example", "--request-id", "R1")
    assert (out["changed"], out["first_seq"]) == (["b.example"], 3)
    assert admin.json("lock", "b.example")["unchanged"] == ["b.example"]
    assert state(client) == before
    admin("unlock", "b.example")
    assert check_trail(client) == 3


@pytest.mark.parametrize("when", ["before", "inside"])
def test_adopt_is_cut_and_done_again(proxied, redis, when):
    admin, _, _ = proxied(when)
    assert admin.json("adopt", "--yes")["seq"] == 3
    assert redis.client().xlen(AUDIT) == 3


@pytest.mark.parametrize("when", ["before", "inside"])
def test_adopt_is_cut_and_nobody_answers(proxied, redis, when):
    admin, _, _ = proxied(when, deaf=True)
    refused(admin, 4, "unknown", "adopt", "--yes")
    assert redis.client().xlen(AUDIT) == 2


# a Redis that refuses, or lies


@pytest.fixture
def lied_to(redis, private):
    """An admin, one host locked, and what is between it and Redis."""
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "lied_to")
        admin("init")
        admin("lock", "a.example")
        yield admin, fake


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("refusal, word, code, mend", [
    ("MULTI", "NOPERM this user has no permissions to run the 'multi' "
     "command", "permission", "rights"),
    ("MULTI", "OOM command not allowed when used memory > 'maxmemory'.",
     "memory", "maxmemory"),
    ("XADD", "READONLY You can't write against a read only replica.",
     "readonly", "primary"),
    ("EXEC", "EXECABORT Transaction discarded because of: MISCONF x", "disk",
     "log"),
    ("EXEC", "MOVED 8118 192.0.2.7:6379", "cluster", "node")])
def test_a_refusal(lied_to, redis, command, refusal, word, code, mend):
    """What stands behind a command that was refused is not carried out."""
    admin, fake = lied_to
    client = redis.client()
    before = state(client)
    # where Redis would refuse to queue it, it would refuse EXEC as well
    for name in {refusal, "EXEC"}:
        fake.on(name, b"-%s\r\n" % word.encode(), times=99)
    error = refused(admin, 1, code, *command)
    assert mend in error["mend"]
    assert state(client) == before
    fake.heal()
    admin(*command)


PAGE = b"*60000\r\n" + b"$9\r\na.example\r\n$1\r\n1\r\n" * 30000


@pytest.mark.parametrize("length, pages", [
    (None, 4), (b":9223372036854775807\r\n", 0), (b":-5\r\n", 4)])
def test_a_cursor_that_never_comes_back(lied_to, length, pages):
    admin, fake = lied_to
    if length:
        fake.on("HLEN", length)
    fault = fake.on("HSCAN", b"*2\r\n$1\r\n7\r\n" + PAGE, times=1000)
    refused(admin, 1, "protocol", "list")
    assert fault.struck <= pages


def test_a_trail_that_repeats_itself(lied_to):
    admin, fake = lied_to
    first = []
    fake.on("XLEN", b":9223372036854775807\r\n", times=99)
    fault = fake.on("XRANGE", lambda real: first.append(real) or first[0],
                    times=1000, having=b"\r\n100\r\n")
    done = admin("--json", "audit", "log", check=False)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert "not in order" in json.loads(done.stderr)["error"]["message"]
    assert fault.struck == 2


@pytest.mark.parametrize("id", [b"x", b"1", b"1-", b"-1", b"1-0x", b"",
                                b"99999999999999999999-0"])
def test_an_entry_without_an_id(lied_to, id):
    admin, fake = lied_to
    fake.on("XRANGE", b"*1\r\n*2\r\n$%d\r\n%s\r\n*0\r\n" % (len(id), id),
            times=1000)
    refused(admin, 1, "protocol", "audit", "log")


def test_a_trail_that_grows_while_it_is_read(lied_to):
    """What is shown is what there was at the beginning."""
    admin, fake = lied_to
    ids = iter(range(1, 10 ** 9))
    fault = fake.on("XRANGE", lambda real: b"*1\r\n*2\r\n$%d\r\n%d-0\r\n*0"
                    b"\r\n" % (len(str(n := next(ids))) + 2, n), times=1000,
                    having=b"\r\n100\r\n")
    done = admin("audit", "log")
    assert done.stderr.count("trail is no entry") == fault.struck == 2
