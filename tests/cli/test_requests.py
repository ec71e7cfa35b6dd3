# Copyright (C) 2026 paylock contributors
#
# Request ids: what was asked for with one is done once, however often it is
# asked again, and whatever happened since.

import json
import re
import subprocess
import time

import pytest

from support import servers
from support.chain import AUDIT, LOCKS, REQUESTS, check_trail
from support.cli import refused
from support.fake_redis import FakeRedis

KEPT = 35 * 86400
LOCK = ["lock", "b.example", "--request-id", "R"]


@pytest.fixture
def known(admin):
    admin("init")
    admin("lock", "a.example")
    return admin


@pytest.fixture
def behind(redis, private):
    """An admin, one host locked, and what is between it and Redis."""
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "behind")
        admin("init")
        admin("lock", "a.example")
        yield admin, fake


@pytest.fixture
def other(redis, private):
    """Another operator; its init is the caller's, after the first one's."""
    return servers.Admin(redis, private / "other")


def state(client):
    """Records and entries."""
    return [client.dump(key) for key in (LOCKS, AUDIT)]


def whole(client):
    return [*state(client), client.hgetall(REQUESTS)]


def kept(redis, id="R"):
    with redis.client() as client:
        return json.loads(client.hget(REQUESTS, id))


def old(redis, id="R", age=KEPT + 60, **members):
    """Makes the value of an id older, or another one."""
    value = {**kept(redis), "at": int(time.time()) - age, **members}
    with redis.client() as client:
        client.hset(REQUESTS, id, json.dumps(value))


# once

def test_a_request_is_done_once(known, redis):
    client = redis.client()
    hosts = ["a.example", "b.example", "c.example"]
    request = ["--request-id", "order 7/é"]
    first = known.json("lock", *hosts, *request)
    assert first == {"changed": ["b.example", "c.example"],
                     "unchanged": ["a.example"], "first_seq": 3,
                     "last_seq": 4, "request_id": "order 7/é"}
    entries = client.xrange(AUDIT)
    assert [e["request"] for _, e in entries[2:]] == ["order 7/é"] * 2

    before = whole(client)
    assert known.json("lock", *hosts, *request) == first
    assert whole(client) == before

    # whatever has happened since
    known("unlock", "b.example")
    known("reset", "c.example")
    before = whole(client)
    assert known.json("lock", *hosts, *request) == first
    text = known("lock", *hosts, *request).stdout
    assert "a.example: unchanged, as it was found then\n" in text
    assert "b.example: locked since " in text
    assert ", entry 3, done before\n" in text

    # a set of hosts has no order
    again = known.json("lock", *reversed(hosts), *request)
    assert {name: sorted(value) if isinstance(value, list) else value
            for name, value in again.items()} == first
    assert whole(client) == before


@pytest.mark.parametrize("command", [
    ["lock", "--reason", "x"], ["unlock", "--reason", "x"], ["reset"],
    ["protect"], ["unprotect"], ["pass", "revoke"],
    ["notice", "--channel", "email", "--ref", "1"]])
def test_each_command_takes_one(known, redis, command):
    if command[0] == "protect":
        known("unlock", "a.example")
    elif command[0] == "unprotect":
        known("unlock", "a.example")
        known("protect", "a.example")
    length = redis.client().xlen(AUDIT)
    args = [*command, "a.example", "--request-id", "R"]
    first = known.json(*args)
    assert first["changed"] == ["a.example"]
    assert known.json(*args) == first
    assert redis.client().xlen(AUDIT) == length + 1


def test_one_is_made_up(known, redis):
    """It is in the entries, and nowhere else."""
    made = {known.json("lock", f"{i}.b.example")["request_id"]
            for i in range(3)}
    assert len(made) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in made)
    assert {e["request"] for _, e in redis.client().xrange(AUDIT)} > made
    assert not redis.client().exists(REQUESTS)


def test_a_request_that_changed_nothing_is_kept(known, redis):
    args = ["lock", "a.example", "--request-id", "R"]
    first = known.json(*args)
    assert first["changed"] == []
    assert {"seq": 0, "last": 0, "changed": 0, "done": True}.items() \
        <= kept(redis).items()
    known("unlock", "a.example")
    before = whole(redis.client())
    assert known.json(*args) == first
    assert whole(redis.client()) == before


def test_what_does_not_make_it_another(known, redis):
    """How it is called; and what the words mean by now."""
    args = ["lock", "b.example", "--until", "+3d", "--request-id", "R"]
    first = known.json(*args)
    before = whole(redis.client())
    time.sleep(1.1)
    assert known.json(*args, "--yes") == first
    known("--quiet", *args)
    known("lock", "B.Example.", *args[2:])
    assert "nodes" in known("--json", *args, "--wait=1", check=False).stderr
    assert whole(redis.client()) == before


def test_ten_thousand_changes_later(known, redis):
    """The service tells twice that somebody paid; meanwhile much happened."""
    paid = ["unlock", "a.example", "--request-id", "evt_1"]
    first = known.json(*paid)
    path = known.home / "list"
    path.write_text("host,lock_at\n" + "".join(
        f"h{i}.example,1\n" for i in range(10100)))
    known("import", path, "--yes")
    known("lock", "a.example")
    client = redis.client()
    assert client.xlen(AUDIT) == 3 + 10100 + 1
    before = whole(client)
    assert known.json(*paid) == first
    assert whole(client) == before
    assert known.json("status", "a.example")[0]["stage"] == "locked"


def test_no_round_trip_more(behind):
    admin, fake = behind

    def rounds(*args):
        before = fake.rounds
        admin(*args)
        return fake.rounds - before

    assert rounds("lock", "b.example", "--request-id", "R") \
        == rounds("lock", "c.example")
    assert fake.seen["HSCAN"] == fake.seen["HGET"] == 1


# another

def test_a_request_that_is_another(known, redis):
    known("lock", "b.example", "c.example", "--reason", "x", *LOCK[2:])
    before = whole(redis.client())
    for args in [["unlock", "b.example", "c.example", "--reason", "x"],
                 ["lock", "b.example", "d.example", "--reason", "x"],
                 ["lock", "b.example", "--reason", "x"],
                 ["lock", "b.example", "c.example", "d.example", "--reason",
                  "x"],
                 ["lock", "b.example", "c.example"],
                 ["lock", "b.example", "c.example", "--reason", "y"],
                 ["lock", "b.example", "c.example", "--invoice", "x"],
                 ["lock", "b.example", "c.example", "--reason", "x", "--until",
                  "+1d"],
                 ["reset", "b.example", "c.example"]]:
        for dry in [], ["--dry-run"]:
            error = refused(known, 2, "request", *args, *LOCK[2:], *dry)
            assert "lock b.example and 1 more (entry 3)" in error["message"]
            assert ("other hosts or options" in error["message"]) \
                == (args[0] == "lock")
    assert whole(redis.client()) == before


def test_one_that_changed_nothing_is_another_too(known, redis):
    known("lock", "a.example", *LOCK[2:])
    before = whole(redis.client())
    error = refused(known, 2, "request", "unlock", "a.example", *LOCK[2:])
    assert error["message"].endswith("Z: lock a.example")
    assert whole(redis.client()) == before


def test_a_notice_of_another_document(known, redis):
    letter = known.home / "letter"
    args = ["notice", "a.example", "--channel", "letter", "--file", letter,
            "--request-id", "R"]
    letter.write_text("pay")
    known(*args)
    letter.write_text("pay now")
    refused(known, 2, "request", *args)
    assert redis.client().xlen(AUDIT) == 3


def test_what_is_no_id(known):
    for bad in "", "a\nb", "x" * 201, "\x1b":
        refused(known, 2, "request", "lock", "c.example", "--request-id", bad)


def test_a_dry_run_keeps_nothing(known, redis):
    client = redis.client()
    out = known.json(*LOCK, "--dry-run")
    assert out["changed"] == ["b.example"] and not client.exists(REQUESTS)
    known("unlock", "b.example", *LOCK[2:])
    before = whole(client)
    refused(known, 2, "request", *LOCK, "--dry-run")
    assert whole(client) == before


# 35 days

def test_an_id_is_free_again(known, redis):
    first = known.json(*LOCK)
    known("unlock", "b.example")
    old(redis, age=KEPT - 60)
    assert known.json(*LOCK) == first
    old(redis)
    again = known.json(*LOCK)
    assert again["changed"] == ["b.example"] and again["first_seq"] == 5
    assert kept(redis)["at"] > time.time() - 60
    old(redis)
    known("unlock", "b.example", *LOCK[2:])
    assert known.json("status", "b.example")[0]["stage"] == "open"


def test_what_is_old_goes(known, redis):
    """A few at a time, whatever else is there."""
    client = redis.client()
    known(*LOCK)
    for i in range(100):
        old(redis, f"old{i}\0x")
    old(redis, "young", age=KEPT - 3600)
    client.hset(REQUESTS, "foreign", "{}")

    # what writes no request forgets none
    known(*LOCK)
    known("lock", "c.example")
    known("lock", "a.example", "--request-id", "S", "--dry-run")
    assert client.hlen(REQUESTS) == 103

    ids = {"R", "young", "foreign"}
    while client.hlen(REQUESTS) > len(ids):
        ids.add(id := f"new{len(ids)}")
        known("lock", "a.example", "--request-id", id)
        assert len(ids) < 1000
    assert set(client.hkeys(REQUESTS)) == ids


# at once

def test_the_same_request_four_times_at_once(known, redis, private):
    admins = [servers.Admin(redis, private / f"admin{i}") for i in range(4)]
    for admin in admins:
        admin("init", "--yes")
    for round in range(10):
        processes = [subprocess.Popen(
            admin.argv("--json", "lock", f"r{round}.example", "--request-id",
                       f"R{round}"), env=admin.env, stdout=subprocess.PIPE)
            for admin in admins]
        answers = {p.communicate(timeout=120)[0] for p in processes}
        assert len(answers) == 1
    assert check_trail(redis.client()) == 11


def test_two_requests_with_one_id_at_once(known, other, redis):
    """One is carried out, the other is refused."""
    other("init", "--yes")
    for round in range(10):
        processes = [subprocess.Popen(
            admin.argv("--json", command, f"r{round}.example", "--request-id",
                       f"R{round}"), env=admin.env, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
            for admin, command in ((known, "lock"), (other, "unlock"))]
        for process in processes:
            process.communicate(timeout=120)
        assert sorted(p.returncode for p in processes) == [0, 2]
    assert check_trail(redis.client()) == 11


@pytest.mark.parametrize("host", ["a.example", "b.example"])
def test_another_run_is_faster(behind, other, redis, host):
    """The same request, and both give the same answer; of a.example nothing
    changes, so that the request is all that is written."""
    admin, fake = behind
    other("init", "--yes")
    args = ["lock", host, "--request-id", "R"]
    answers = []

    def first(raw):
        answers.append(other.json(*args))
        return raw

    fake.on("EXEC", request=first)
    assert admin.json(*args) == answers[0]
    assert len(answers) == 1
    assert redis.client().xlen(AUDIT) == 2 + (host == "b.example")


def test_another_request_is_faster(behind, other, redis):
    """Neither changes anything: only the request tells that they differ."""
    admin, fake = behind
    other("init", "--yes")

    def first(raw):
        other("lock", "a.example", "--request-id", "R")
        return raw

    fake.on("EXEC", request=first)
    error = refused(admin, 2, "request", "lock", "a.example", "--reason", "",
                    "--request-id", "R")
    assert "lock a.example" in error["message"]
    assert redis.client().xlen(AUDIT) == 2


# the link

@pytest.mark.parametrize("host", ["a.example", "b.example"])
@pytest.mark.parametrize("fault", [
    dict(reply=b""), dict(reply=lambda real: b""),
    dict(reply=lambda real: real[:-5])], ids=["before", "after", "reply"])
def test_the_link_is_cut(behind, redis, fault, host):
    """Whether or not EXEC was carried out, it is carried out once."""
    admin, fake = behind
    changes = host == "b.example"
    cut = fake.on("EXEC", end="fin", **fault)
    out = admin.json("lock", host, "--request-id", "R")
    assert cut.struck == 1
    assert out["changed"] == [host] * changes
    assert {"seq": 3 * changes, "changed": int(changes), "done": True}.items() \
        <= kept(redis).items()
    assert check_trail(redis.client()) == 1 + changes
    admin("unlock", host)
    before = whole(redis.client())
    assert admin.json("lock", host, "--request-id", "R") == out
    assert whole(redis.client()) == before


@pytest.mark.parametrize("order", [list, reversed])
def test_done_in_part(behind, redis, order):
    """The rest is done by the same command."""
    admin, fake = behind
    client = redis.client()
    hosts = [f"h{i}.example" for i in range(1010)]
    args = ["--yes", "--request-id", "R"]
    fake.on("EXEC")
    fake.on("EXEC", b"-OOM command not allowed\r\n")
    done = admin("lock", *hosts, *args, check=False)
    assert done.returncode == 3 and "the first 1000 of 1010" in done.stderr
    assert kept(redis)["done"] is False
    fake.heal()

    admin("unlock", "h7.example")
    refused(admin, 2, "request", "lock", *hosts[:1000], *args)
    text = admin("lock", *order(hosts), *args).stdout.splitlines()
    assert sum(line.endswith(", done before") for line in text) == 1000
    assert sum("locked since" in line for line in text) == 1010
    assert [line.partition(":")[0] for line in text] == list(order(hosts))
    assert {"seq": 3, "last": 1013, "changed": 1010, "done": True}.items() \
        <= kept(redis).items()
    assert check_trail(client) == 1 + 1010 + 1
    assert admin.json("status", "h7.example")[0]["stage"] == "open"

    before = whole(client)
    out = admin.json("lock", *hosts, *args)
    assert (out["changed"], out["last_seq"]) == (hosts, 1013)
    assert whole(client) == before


# what somebody else wrote there

BAD = ["", "x", "[]", "{}", '{"at":1}', "\0", "[" * 3000]


@pytest.mark.parametrize("bad", BAD)
def test_a_value_that_is_none(known, redis, bad):
    client = redis.client()
    client.hset(REQUESTS, "R", bad)
    before = whole(client)
    for dry in [], ["--dry-run"]:
        error = refused(known, 1, "request", *LOCK, *dry)
        assert '"R"' in error["message"] and REQUESTS in error["message"]
        assert "HDEL" in error["mend"]
    assert whole(client) == before
    known("lock", "b.example", "--request-id", "S")
    # the way back
    client.hdel(REQUESTS, "R")
    assert known.json(*LOCK)["unchanged"] == ["b.example"]


@pytest.mark.parametrize("member, bad", [
    ("at", -1), ("at", 2 ** 32), ("at", "1"), ("at", 2 ** 32 - 1),
    ("action", ""), ("action", "x" * 99), ("action", "a\nb"), ("host", None),
    ("hosts", -1), ("digest", "0" * 63), ("digest", "G" * 64), ("seq", 1.5),
    ("seq", 0), ("seq", 4), ("last", 2), ("last", 2 ** 64), ("changed", 2),
    ("changed", 0), ("done", 1)])
def test_a_member_that_is_none(known, redis, member, bad):
    known(*LOCK)
    client = redis.client()
    client.hset(REQUESTS, "R", json.dumps({**kept(redis), member: bad}))
    before = whole(client)
    refused(known, 1, "request", *LOCK)
    assert whole(client) == before


def test_a_key_of_another_type(known, redis):
    client = redis.client()
    client.set(REQUESTS, "x")
    before = state(client)
    refused(known, 1, "type", *LOCK)
    assert state(client) == before
    known("lock", "b.example")


@pytest.mark.parametrize("page", [b"*0\r\n", b"*2\r\n$1\r\n0\r\n$1\r\nx\r\n",
                                  b"$1\r\nx\r\n", b"$-1\r\n"])
def test_a_page_that_is_none(behind, redis, page):
    admin, fake = behind
    before = state(redis.client())
    fake.on("HSCAN", page)
    refused(admin, 1, "protocol", *LOCK)
    assert state(redis.client()) == before


def test_entries_that_are_gone(known, redis):
    """What was done is not known any more: it is not done again."""
    client = redis.client()
    known(*LOCK)
    known("unlock", "b.example")
    client.xdel(AUDIT, "3-0")
    before = whole(client)
    error = refused(known, 1, "request", *LOCK)
    assert "entries from 3 to 3" in error["message"]
    assert whole(client) == before


def test_a_claim_that_it_was_done(known, redis):
    """A value made by hand names entries of another request."""
    client = redis.client()
    known("lock", "b.example", "--request-id", "real")
    known("unlock", "b.example")
    client.hset(REQUESTS, "R", client.hget(REQUESTS, "real"))
    before = whole(client)
    refused(known, 1, "request", *LOCK)
    assert whole(client) == before
