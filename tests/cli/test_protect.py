# Copyright (C) 2026 paylock contributors
#
# protect: names that are never to be locked.  And the confirmation that a
# command on many hosts needs.

import json

import pytest

from support.chain import AUDIT, LOCKS
from support.cli import failed, record
from support.terminal import Terminal

SITES = "server { server_name *.example; paylock on; }"


def there(redis):
    with redis.client() as client:
        return client.hgetall(LOCKS), client.xlen(AUDIT)


def refused(admin, redis, status, code, *args, **kw):
    before = there(redis)
    done = admin("--json", *args, check=False, **kw)
    assert done.stdout == ""
    assert there(redis) == before
    return failed(done, status, code)


# protect

CLOSING = [["lock"], ["lock", "--at", "+1d"], ["lock", "--notice", "now"],
           ["lock", "--readonly", "+1d"], ["lock", "--until", "+1d"],
           ["unlock", "--until", "+1d"]]


@pytest.mark.parametrize("command", CLOSING, ids=" ".join)
def test_a_protected_host_is_not_locked(known, redis, command):
    assert known.json("protect", "acme.example")["changed"] \
        == ["acme.example"]
    for host in "acme.example", "www.acme.example":
        error = refused(known, redis, 1, "protected", command[0], "a.example",
                        host, *command[1:])
        assert "unprotect acme.example" in error["mend"]
        assert error["host"] == host
    known(command[0], "b.acme.example", *command[1:])
    known("unprotect", "acme.example")
    known(command[0], "acme.example", "www.acme.example", *command[1:])
    assert len(known.json("audit", "log", "acme.example")) == 3
    assert known.json("audit", "verify")[0]["faults"] == []


def test_import_does_not_lock_it_either(known, redis):
    known("protect", "acme.example")
    for line in ("lock_at\nx.example,0\nacme.example,1",
                 "lock_at\nx.example,0\nwww.acme.example,4294967295",
                 "notice_at\nx.example,0\nacme.example,0",
                 "open_at\nx.example,0\nacme.example,4294967295"):
        error = refused(known, redis, 1, "protected", "import", "-",
                        input="host," + line)
        assert "unprotect acme.example" in error["mend"]
    known("import", "-", input="host,open_at\nacme.example,7")
    assert record(redis, "acme.example")["protected"] is True
    assert record(redis, "acme.example")["open_at"] == 7


def test_the_last_of_many_is_found_before_the_first_is_written(known, redis):
    known("protect", "acme.example")
    refused(known, redis, 1, "protected", "import", "-", "--yes",
            input="host,lock_at\n" + "".join(f"h{i}.example,1\n" for i
                                             in range(1500))
            + "acme.example,1\n")


def test_what_a_protected_record_is(known, redis):
    known("protect", "acme.example", "--reason", "our own")
    now = record(redis, "acme.example")
    assert now == {"at": now["at"], "open_at": now["at"], "protected": True,
                   "reason": "our own", "actor": now["actor"]}
    assert known.json("protect", "acme.example")["changed"] == []
    entry = known.json("audit", "log")[-1]
    assert (entry["action"], entry["reason"]) == ("protect", "our own")

    status, = known.json("status", "acme.example")
    assert (status["stage"], status["protected"]) == ("open", True)
    assert known.json("status", "a.example")[0]["protected"] is False
    assert known.json("list")[0]["protected"] is True
    assert "protected" in known("status", "acme.example").stdout
    assert "protected" in known("list").stdout

    known("unprotect", "acme.example")
    after = record(redis, "acme.example")
    assert after.keys() == {"at", "open_at", "actor"}
    assert known.json("unprotect", "acme.example", "b.example")["changed"] \
        == []
    assert known.json("audit", "log")[-1]["action"] == "unprotect"


@pytest.mark.parametrize("command", ["unlock", "reset"])
def test_the_mark_survives(known, redis, command):
    known("unlock", "acme.example", "--reason", "paid")
    known("protect", "acme.example")
    redis.client().hset(LOCKS, "b.example", json.dumps(
        {"at": 5, "open_at": 5, "pass_after": 4, "protected": True,
         "reason": "x", "ref": "y"}))
    known(command, "acme.example", "b.example")
    for host in "acme.example", "b.example":
        assert record(redis, host)["protected"] is True
        assert "open_at" in record(redis, host)
    assert record(redis, "b.example")["pass_after"] == 4
    assert ("ref" in record(redis, "b.example")) == (command == "unlock")
    assert known.json(command, "acme.example", "b.example")["changed"] == []


def test_nginx_keeps_it_open(known, nginx):
    server = nginx(SITES + "server { server_name a.test; paylock on; "
                           "paylock_default locked; }")
    known("lock", ".example", "--yes")
    server.wait_state("b.acme.example", "locked")
    server.wait_state("www.acme.example", "locked")
    known("protect", "acme.example", "a.test")
    for host in "acme.example", "www.acme.example", "a.test":
        server.wait_state(host, "open")
    known("lock", "*.example", "--yes")
    known("reset", "acme.example")
    known("lock", "last.example")
    server.wait_state("last.example", "locked")
    assert server.state("acme.example") == "open"
    assert server.state("b.acme.example") == "locked"


@pytest.mark.parametrize("command", [
    ["lock"], ["lock", "--at", "+1d"], ["lock", "--notice", "now"],
    ["unlock", "--until", "+1d"]], ids=" ".join)
def test_what_is_closed_is_not_opened_by_it(known, redis, command):
    known(command[0], "acme.example", *command[1:])
    error = refused(known, redis, 1, "locked", "protect", "acme.example")
    assert "unlock" in error["mend"]
    known("unlock", "acme.example")
    known("protect", "acme.example")


def test_what_cannot_be_protected(known, redis):
    redis.client().hset(LOCKS, "a.example", "nothing")
    refused(known, redis, 1, "record", "protect", "a.example")
    for host in ".acme.example", "*.acme.example":
        refused(known, redis, 2, "host", "protect", host, "--yes")


@pytest.mark.parametrize("mark, protects", [
    (True, True), (1, True), ("no", True), ({}, True), (False, False),
    (None, False)])
def test_a_mark_by_hand(known, redis, mark, protects):
    redis.client().hset(LOCKS, "acme.example", json.dumps(
        {"at": 1, "open_at": 1, "protected": mark}))
    if protects:
        refused(known, redis, 1, "protected", "lock", "acme.example")
    else:
        known("lock", "acme.example")


def test_a_lock_by_hand_is_found(known, redis):
    known("protect", "acme.example")
    redis.client().hset(LOCKS, "acme.example", json.dumps(
        {"at": 1, "lock_at": 1, "protected": True}))
    done = known("--json", "audit", "verify", check=False)
    assert done.returncode == 12
    assert json.loads(done.stdout)["hosts"] == ["acme.example"]


# many hosts in one command

HOSTS = [f"h{i}.example" for i in range(21)]


@pytest.mark.parametrize("command", ["lock", "unlock", "reset", "protect",
                                     "unprotect"])
def test_many_hosts_need_a_yes(known, redis, command):
    if command == "unprotect":
        known("protect", *HOSTS, "--yes")
    if command == "reset":
        known("unlock", *HOSTS, "--yes")
    error = refused(known, redis, 2, "confirm", command, *HOSTS)
    assert f"{command} of 21 hosts: h0.example, h1.example, h2.example and " \
           f"18 more" in error["message"]
    assert "--yes" in error["mend"]
    known(command, *HOSTS, "--dry-run")
    assert known.json(command, *HOSTS[1:])["changed"] == HOSTS[1:]
    assert known.json(command, *HOSTS, "--yes")["changed"] == HOSTS[:1]


def test_a_name_twice_is_one(known):
    known("lock", *HOSTS[1:], *HOSTS[1:])


def test_import_of_many_needs_a_yes(known, redis):
    text = "host,lock_at\n" + "".join(f"{host},1\n" for host in HOSTS)
    error = refused(known, redis, 2, "confirm", "import", "-", input=text)
    assert "import of 21 hosts" in error["message"]
    refused(known, redis, 2, "confirm", "import", "-",
            input="host,lock_at\n.x.example,1\n")
    known("import", "-", "--yes", input=text)


def test_suffixes_among_many_are_told(known, redis):
    error = refused(known, redis, 2, "confirm", "lock", *HOSTS, ".a.example",
                    "*.b.example")
    assert "; 2 of them stand for all names below" in error["message"]
    error = refused(known, redis, 2, "confirm", "lock", *HOSTS, ".a.example")
    assert "; 1 of them stands for all names below" in error["message"]


@pytest.mark.parametrize("answer, status, changed", [
    ("y", 0, 21), ("n", 1, 0), ("", 1, 0)])
def test_on_a_terminal_it_is_asked(known, redis, answer, status, changed):
    terminal = Terminal(known, "lock", *HOSTS)
    terminal.wait("[y/N]")
    terminal.type(answer)
    assert terminal.end()[0] == status, terminal.shown
    assert terminal.shown.count("[y/N]") == 1
    assert "lock of 21 hosts: h0.example" in terminal.shown
    assert "Lock them all?" in terminal.shown
    assert redis.client().hlen(LOCKS) == changed
