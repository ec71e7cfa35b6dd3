# Copyright (C) 2026 paylock contributors
#
# doctor: no finding where all is well, and the right one for each thing that
# can be broken in Redis or in the local files.

import json
import os
import re
import time

import pytest

from support import servers
from support.chain import AUDIT, LOCKED, LOCKS, NODES, Chain
from support.cli import signers_of
from support.docs import ADMIN
from support.servers import AUDIT_USER, OP_USER, promised, wait_for


def findings(admin, user=OP_USER, env=None):
    """check -> [(result, message, mend)]; the status fits them."""
    env = {**(admin.login(user) if user else ROOT), **(env or {})}
    done = admin("--json", "doctor", check=False, env=env)
    found = {}
    for one in json.loads(done.stdout):
        assert list(one) == ["check", "result", "message", "mend"]
        found.setdefault(one["check"], []).append(
            (one["result"], one["message"], one["mend"]))
    bad = [one for ones in found.values() for one in ones
           if one[0] == "problem"]
    assert all(mend for _, _, mend in bad), bad
    assert done.returncode == (1 if bad else 0)
    if bad:
        assert f"{len(bad)} problem" in json.loads(
            done.stderr.splitlines()[-1])["error"]["message"]
    return found


# the default user of the tests' Redis, who may do everything
ROOT = {"PAYLOCK_USERNAME": "", "PAYLOCK_PASSWORD_FILE": ""}


def problems(found):
    return {(check, message) for check, ones in found.items()
            for result, message, _ in ones if result == "problem"}


def only(found, check, *words):
    """The one problem there is; returns its mend."""
    (name, message), = problems(found)
    assert name == check
    for word in words:
        assert word in message, message
    mend, = (mend for result, _, mend in found[check] if result == "problem")
    return mend


@pytest.fixture
def known(admin):
    admin("keygen")
    admin("init")
    admin("lock", "a.example", "b.example", "--reason", "x")
    admin("unlock", "b.example")
    return admin


def test_all_is_well(known, redis):
    before = redis.client().xlen(AUDIT), redis.client().hgetall(LOCKS)
    found = findings(known)
    assert not problems(found)
    # which older servers do not know
    assert found.pop("expiry", [("ok",)])[0][0] == "ok"
    assert {check: ones[0][0] for check, ones in found.items()} == {
        "redis": "ok", "replication": "note", "clock": "ok",
        "persistence": "note", "rights": "ok", "entries": "ok", "chain": "ok",
        "signers": "ok", "key": "ok", "records": "ok", "nodes": "note"}
    # what this user cannot see is named, with the line that lets it
    (_, message, mend), = found["persistence"]
    assert f'"{OP_USER}"' in message and "NOPERM" in message
    assert f"ACL SETUSER {OP_USER} +info +config|get" in mend
    redis.client().execute_command(
        *mend[mend.index("ACL"):].split())
    found = findings(known)
    assert [one[0] for one in found["persistence"] + found["eviction"]] \
        == ["ok", "ok"]
    assert (redis.client().xlen(AUDIT), redis.client().hgetall(LOCKS)) \
        == before


def test_for_people(known, redis):
    done = known("doctor", env=known.login(OP_USER))
    assert "ok       chain: chain " in done.stdout
    assert "\n         mend: " in done.stdout
    assert done.stderr == ""
    redis.client().hset(LOCKS, "a.example", "x")
    done = known("doctor", env=known.login(OP_USER), check=False)
    assert done.returncode == 1
    assert "problem  records: " in done.stdout
    assert "problems were found" in done.stderr


def test_every_check_is_documented(known):
    section = ADMIN[ADMIN.index("### doctor"):]
    section = section[:section.index("\n### ")]
    for check in findings(known, user=None):
        assert f"| `{check}` |" in section


# Redis

def test_redis_is_gone(known, redis):
    redis.stop()
    mend = only(findings(known), "redis", "cannot connect")
    assert "is Redis running there?" in mend


def test_wrong_password(known, redis, private):
    secret = private / "wrong"
    secret.touch(0o600)
    secret.write_text("wrong\n")
    only(findings(known, env={"PAYLOCK_PASSWORD_FILE": str(secret)}),
         "redis", "WRONGPASS")


def test_a_password_that_others_can_read(known, private):
    secret = private / "open"
    secret.write_text("x\n")
    secret.chmod(0o644)
    mend = only(findings(known, env={"PAYLOCK_PASSWORD_FILE": str(secret)}),
                "settings", "others can read")
    assert mend == f"chmod 600 {secret}"


def test_a_replica(known, redis, private):
    other = servers.Redis(private / "other")
    other.dir.mkdir()
    try:
        other.start()
        other.client().config_set("port", port := servers.free_port())
        with redis.client() as client:
            client.replicaof("127.0.0.1", port)
            wait_for("the replica", lambda: client.role()[3] == b"connected"
                     or client.role()[3] == "connected")
        found = findings(known, user=None)
        assert any(check == "replication"
                   and f"is a replica of 127.0.0.1:{port}" in message
                   for check, message in problems(found))
        # and what comes with it: this Redis has none of what is known here
        assert "chain" in dict(problems(found))
    finally:
        other.stop()


def test_replicas(known, redis, private):
    redis.client().config_set("port", port := servers.free_port())
    other = servers.Redis(private / "other", replicaof=f"127.0.0.1 {port}")
    other.dir.mkdir()
    try:
        other.start()
        wait_for("the replica", lambda: redis.client().role()[2])
        (result, message, _), = findings(known)["replication"]
        assert result == "ok" and "1 replica" in message
        redis.client().config_set("min-replicas-to-write", 2)
        only(findings(known, user=None), "replication",
             "it has 1 good replicas, and min-replicas-to-write is 2")
        redis.client().config_set("min-replicas-to-write", 0)
        # one that hangs falls behind
        other.pause()
        redis.client().set("x", "x" * 3_000_000)
        redis.client().set("x", "x" * 3_000_000)
        wait_for("the lag", lambda: "bytes behind" in str(
            problems(findings(known))), pause=0.2)
    finally:
        other.stop()


@pytest.mark.parametrize("offset, word", [("+2h", "ahead of"),
                                          ("-2h", "behind")])
def test_clock(offset, word, known, monkeypatch):
    real = known.argv
    monkeypatch.setattr(known, "argv", lambda *args: [
        "faketime", "-f", offset, *real(*args)])
    only(findings(known), "clock", f"7200 s {word} that of Redis")


# what it keeps

def test_eviction(known, redis):
    redis.client().config_set("maxmemory-policy", "allkeys-lru")
    mend = only(findings(known, user=None), "eviction", "allkeys-lru")
    redis.client().execute_command(*mend.split(",")[0].split())
    assert not problems(findings(known, user=None))
    redis.client().config_set("maxmemory-policy", "volatile-ttl")
    assert not problems(findings(known, user=None))


def test_persistence(known, redis):
    redis.client().config_set("appendonly", "no")
    mend = only(findings(known, user=None), "persistence", "nothing on disk")
    redis.client().config_set("save", "60 1")
    only(findings(known, user=None), "persistence", "no append-only file")
    redis.client().execute_command(*mend.split(",")[0].split())
    assert not problems(findings(known, user=None))
    # Redis does not end while it begins the file
    wait_for("the file", lambda: not redis.client().info("persistence")[
        "aof_rewrite_in_progress"])


# rights

@pytest.mark.parametrize("right", ["hset", "xadd", "multi", "exec", "hscan",
                                   "xinfo|stream", "watch"])
def test_a_right_is_missing(right, known, redis):
    redis.client().acl_setuser("half", enabled=True, passwords=["+half"],
                               keys="*", reset=True,
                               commands=["+@all", f"-{right}"])
    secret = known.home / "half"
    secret.touch(0o600)
    secret.write_text("half\n")
    before = redis.client().hgetall(LOCKS), redis.client().xlen(AUDIT)
    found = findings(known, env={"PAYLOCK_USERNAME": "half",
                                 "PAYLOCK_PASSWORD_FILE": str(secret)})
    (result, message, mend), = found["rights"]
    assert result == "problem"
    name = right.partition("|")[0].upper()
    assert message == f'the user "half" of Redis may not give {name}'
    assert "init --acl" in mend
    assert (redis.client().hgetall(LOCKS), redis.client().xlen(AUDIT)) \
        == before


@pytest.mark.parametrize("selector, names", [
    ("(%R~{paylock}:* +@read +watch)", "HSET, HDEL"),
    ("(%W~{paylock}:requests +hset)", "HGET, HSCAN|WATCH, HDEL")])
def test_no_right_to_the_request_ids(known, redis, selector, names):
    keys = " ".join(f"~{{paylock}}:{key}" for key in ("locks", "audit",
                                                      "nodes", "root"))
    redis.client().execute_command(
        "ACL", "SETUSER", "half", "reset", "on", ">half", "+@all",
        *keys.split(), selector)
    secret = known.home / "half"
    secret.touch(0o600)
    secret.write_text("half\n")
    found = findings(known, env={"PAYLOCK_USERNAME": "half",
                                 "PAYLOCK_PASSWORD_FILE": str(secret)})
    assert [(result, message.partition("not give ")[2])
            for result, message, _ in found["rights"]] \
        == [("problem", name) for name in names.split("|")]


def test_who_only_reads(known):
    found = findings(known, user=AUDIT_USER)
    assert not problems(found)
    (result, message, _), = found["rights"]
    assert result == "note" and "can look and not change" in message


def test_keys_of_another(known):
    found = findings(known, env={"PAYLOCK_PREFIX": "other:"})
    assert {"rights", "entries", "chain", "records", "nodes"} \
        == {check for check, _ in problems(found)}


# the trail

def test_another_trail(known, redis):
    redis.client().flushall()
    only(findings(known), "chain", "is gone")


def test_not_known_here(known, private):
    other = servers.Admin(known.redis, private / "another")
    found = findings(other)
    only(found, "chain", "knows no audit trail")


@pytest.mark.parametrize("how", ["edited", "cut"])
def test_a_broken_entry(how, known, redis):
    client = redis.client()
    entries = client.xrange(AUDIT)
    if how == "edited":
        client.delete(AUDIT)
        for id, fields in entries:
            if id == "2-0":
                fields["reason"] = "y"
            client.xadd(AUDIT, fields, id=id)
    else:
        client.xdel(AUDIT, "2-0")
    found = findings(known)
    assert ("entries", {
        "edited": "entry 2-0 of the audit trail does not carry the hash of "
                  "its contents",
        "cut": "entry 1-0 of the audit trail is not the one that the next one "
               "follows"}[how]) in problems(found)


def test_a_broken_head(known, redis):
    last, fields = redis.client().xrevrange(AUDIT, count=1)[0]
    redis.client().xdel(AUDIT, last)
    assert ("chain", "has lost its last entry") in {
        (check, message[-23:]) for check, message in problems(findings(known))}


def test_adopted(known, redis):
    redis.client().xdel(AUDIT, "4-0")
    known("adopt", "--yes")
    assert not [one for one in problems(findings(known)) if one[0] != "records"]


# records

def test_by_hand(known, redis):
    redis.client().hset(LOCKS, "c.example", "1")
    mend = only(findings(known), "records", "1 record is not", '"c.example"')
    assert '"paylock-admin adopt" puts them back' in mend and "--drop" in mend
    redis.client().hdel(LOCKS, "a.example")
    only(findings(known), "records", "2 records are not")
    known("adopt", "--yes", "--drop")
    assert not problems(findings(known))
    assert set(redis.client().hkeys(LOCKS)) == {"a.example", "b.example"}


def test_by_hand_without_signers(admin, redis):
    admin("init")
    redis.client().hset(LOCKS, "c.example", "1")
    mend = only(findings(admin), "records", "1 record is not", '"c.example"')
    assert "lock, unlock or reset" in mend
    admin("reset", "c.example")
    assert not problems(findings(admin))


def test_what_was_given_up_is_no_record(known, redis):
    """An entry that an adopt gave up does not say what a record is."""
    chain = Chain(redis)
    chain.write(("a.example", "open"), ("c.example", LOCKED))
    known("adopt", "--yes", "--drop")
    assert not problems(findings(known))
    known("lock", "c.example")
    assert not problems(findings(known))


def test_protected_and_closed(known, redis):
    """What is closed by hand, or planned to be, and is not to be."""
    client = redis.client()
    hosts = [f"p{i}.example" for i in range(6)]
    known("protect", *hosts)
    known("unlock", hosts[0])
    for host, record in zip(hosts[1:], (
            {"lock_at": 1}, {"open_at": 1, "readonly_at": 2}, {},
            {"open_at": 1, "lock_at": 4102444800})):
        client.hset(LOCKS, host, json.dumps({"at": 5, "protected": True,
                                             **record}))
    found = {message for _, message in problems(findings(known))}
    one, = [message for message in found if "protected" in message]
    assert one.startswith("4 records are protected") and '"p' in one
    known("unlock", *hosts, "--yes")
    assert not problems(findings(known))


def test_no_record(known, redis):
    redis.client().hset(LOCKS, "a.example", '{"lock_at":"soon"}')
    redis.client().hset(LOCKS, "A b", "1")
    found = findings(known)
    assert any("ignores 2 of 3 records" in message
               for _, message in problems(found))


def test_longer_than_what_is_read(known, redis):
    """What has its entry further back is not called wrong."""
    for i in range(6):
        known("lock", *(f"h{j}.example" for j in range(2000)), "--yes",
              "--reason", f"{i}", timeout=120)
    known("reset", "h1.example")
    found = findings(known)
    assert not problems(found)
    assert "as far as the last entries tell" in found["records"][0][1]
    client = redis.client()
    client.hset(LOCKS, "h7.example", "0")
    only(findings(known), "records", '"h7.example"')
    # of very many it looks at some, and at all that the entries wrote
    client.hset(LOCKS, mapping={
        f"far{i}.example": '{"open_at":1}' for i in range(120000)})
    only(findings(known), "records", '"h7.example"')
    known("lock", "h7.example", "--yes")
    found = findings(known)
    assert not problems(found)
    said = found["records"][0][1]
    read, every = re.match(r"(\d+) of (\d+) records, as far", said).groups()
    assert 100000 <= int(read) < int(every) == client.hlen(LOCKS)
    client.hset(LOCKS, mapping={f"h{i}.example": "0" for i in range(2, 900)})
    only(findings(known), "records", "898 records are not")


# keys

def test_key_that_others_can_read(known):
    key = known.home / "config/paylock/key.pem"
    key.chmod(0o644)
    mend = only(findings(known), "key", "others can read")
    assert mend == f"chmod 600 {key}"


def test_key_that_was_revoked(known):
    env = {"PAYLOCK_KEY": "other.pem"}
    other = known.json("keygen", "other.pem")["key"]
    only(findings(known, env=env), "key", other, "is not in it")
    with signers_of(known).open("a") as file:
        file.write(f"other {other}\n")
    assert not problems(findings(known, env=env))
    known("signers", "revoke", "other", "--yes")
    only(findings(known, env=env), "key", other, "is revoked")


def test_signers_that_are_odd(known):
    (result, message, _), = findings(known)["signers"]
    assert result == "ok" and str(signers_of(known)) in message
    signers_of(known).chmod(0o666)
    assert any("others can write" in message
               for _, message in problems(findings(known)))


def test_no_key(known):
    os.rename(known.home / "config/paylock/key.pem", known.home / "away.pem")
    mend = only(findings(known), "key", "no key here")
    assert "--key" in mend


def test_unsigned(admin):
    admin("init")
    found = findings(admin)
    assert not problems(found)
    assert found["signers"][0][0] == "note"
    assert "no signers file" in found["signers"][0][1]
    assert "key" not in found


def test_it_takes_no_time(known):
    started = time.monotonic()
    findings(known)
    assert time.monotonic() - started < promised(10)


# nodes

def test_nodes(known, redis, nginx):
    server = nginx("server { server_name a.example; paylock on; }")
    server.wait_state("a.example", "locked")
    control = redis.client()
    name, = wait_for("a report", lambda: control.hkeys(NODES))
    wait_for("a node that is well", lambda: findings(known)["nodes"][0][:2]
             == ("ok", "1 node of nginx reports"))
    report = json.loads(control.hget(NODES, name))

    # what others would have reported
    for changed, words in (
            ({"time": report["time"] - 100_000}, "has not reported for 1"),
            ({"time": report["time"], "state": "stale"}, "is stale"),
            ({"time": report["time"], "state": "diverged", "held": 3},
             "is diverged, and holds 3 hosts"),
            ({"time": report["time"], "unaudited": 4},
             "4 records of this Redis that were written"),
            ({"time": report["time"], "ahead": -60_000},
             "60 s behind that of Redis"),
            ({"time": report["time"], "ahead": -2 ** 63}, "behind that of"),
            ({"time": report["time"] + 100_000}, "has not come for Redis")):
        seconds, micro = control.time()
        changed["time"] += seconds * 1000 - report["time"]
        control.hset(NODES, "other", json.dumps({**report, **changed}))
        only(findings(known), "nodes", '"other"', words)
    control.hset(NODES, "other", "x")
    mend = only(findings(known), "nodes", '"other"')
    assert "nodes forget" in mend
    known("nodes", "forget", "other")
    assert not problems(findings(known))
