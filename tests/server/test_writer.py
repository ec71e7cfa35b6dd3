# Copyright (C) 2026 paylock contributors
#
# paylock-writer by itself: what it is asked over its socket, by whoever has a
# token, and by whoever has none.

import concurrent.futures
import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from support import servers
from support.chain import LOCKS
from support.servers import wait_for
from support.writer import Writer

KILLS = int(os.environ.get("PAYLOCK_TEST_KILLS", 10))
ALL = ("--allow", "read,audit,lock,unlock,reset,protect,unprotect,notice,pass")
NAMES = {"lock": "lock", "unlock": "unlock", "reset": "reset",
         "protect": "protect", "unprotect": "unprotect", "notice": "notice",
         "pass revoke": "pass"}


@pytest.fixture
def token(writer):
    return writer.token("whmcs", *ALL)


def ok(answer):
    assert answer["status"] == 200, answer
    return answer["body"]


def no(answer, status, code):
    assert (answer["status"], answer["error"]["code"]) == (status, code), \
        answer
    return answer["error"]


def entries(writer):
    return writer.issuer.json("audit", "log")


def record(writer, host):
    return writer.issuer.redis.client().hget(LOCKS, host)


def etag(writer, host):
    value = record(writer, host)
    return hashlib.sha256(value.encode()).hexdigest() if value else ""


def test_a_change(writer, token):
    body = ok(writer.ask("lock", token, hosts=["B.example"], input={
        "reason": "overdue", "invoice": "R-1"}))
    assert body["changed"] == ["b.example"] and body["unchanged"] == []
    entry = entries(writer)[-1]
    assert body["first_seq"] == body["last_seq"] == entry["seq"]
    assert entry["actor"] == "token:whmcs"
    assert (entry["reason"], entry["invoice"]) == ("overdue", "R-1")
    assert entry["key"] == writer.issuer.key
    assert writer.issuer("audit", "verify").returncode == 0
    again = ok(writer.ask("lock", token, hosts=["b.example"]))
    assert again["changed"] == [] and again["first_seq"] is None


@pytest.mark.parametrize("name", NAMES)
def test_it_does_what_the_command_does(writer, token, name):
    """The same record and the same answer, but for who did it, and when."""
    given = {"notice": {"channel": "letter", "ref": "RR1"},
             "lock": {"at": "2031-01-01", "until": "+10y"},
             "unlock": {"until": "2031-01-01", "reason": "paid"},
             "protect": {"reason": "never"}}.get(name, {})
    options = [arg for key, value in given.items()
               for arg in (f"--{key}", value)]
    if name == "unprotect":
        writer.issuer("protect", "one.example", "two.example")
    elif name != "protect":
        writer.issuer("lock", "one.example", "two.example")
    mine = writer.issuer.json(*name.split(), "one.example", *options)
    theirs = ok(writer.ask(name, token, hosts=["two.example"], input=given))
    assert set(theirs) - {"head"} == set(mine)
    assert [len(theirs[key]) for key in ("changed", "unchanged")] \
        == [len(mine[key]) for key in ("changed", "unchanged")]
    one, two = (json.loads(record(writer, f"{n}.example"))
                for n in ("one", "two"))
    for changing in "at", "entry", "ref", "actor", "pass_after":
        assert (changing in one) == (changing in two)
        one.pop(changing, None), two.pop(changing, None)
    for host in one, two:
        for when in "lock_at", "open_at":
            if when in host and when not in given:
                host[when] = None
    assert {k: v for k, v in one.items() if v} \
        == {k: v for k, v in two.items() if v}


@pytest.mark.parametrize("name, scope", NAMES.items())
@pytest.mark.parametrize("how", [
    "none", "unknown", "short", "expired", "revoked", "scope", "host",
    "address"])
def test_refused(writer, name, scope, how):
    limits = {"host": ["--hosts", "*.other.example,c.example"],
              "address": ["--ip", "192.0.2.0/24,2001:db8::1"],
              "expired": ["--expires", "1s"]}.get(how, [])
    allow = "read" if how == "scope" else scope
    token = writer.token("x", "--allow", allow, *limits)
    if how == "revoked":
        writer.issuer("token", "revoke", "x")
    elif how == "expired":
        wait_for("its end", lambda: no_longer(writer, token))
    elif how in ("none", "unknown", "short"):
        token = {"none": None, "unknown": token[:-4] + "0000",
                 "short": token[:-1]}[how]
    before = entries(writer), record(writer, "a.example")
    code = 403 if how in ("scope", "host", "address") else 401
    no(writer.ask(name, token, hosts=["a.example"], address="198.51.100.1"),
       code, "forbidden" if code == 403 else "unauthorized")
    assert (entries(writer), record(writer, "a.example")) == before


def no_longer(writer, token):
    return writer.ask("check", token, scope="lock")["status"] == 401


@pytest.mark.parametrize("limit, good, bad", [
    ("*.x.example", ["a.x.example", "*.a.x.example", "*.x.example",
                     ".a.x.example"],
     ["x.example", ".x.example", "ax.example", "*.example", "x.example.org"]),
    (".x.example", ["x.example", "a.x.example", ".x.example", "*.x.example"],
     ["ax.example", ".example"]),
    ("x.example", ["x.example"], ["a.x.example", "*.x.example",
                                  ".x.example"])])
def test_hosts_of_a_token(writer, limit, good, bad):
    token = writer.token("x", "--allow", "lock", "--hosts", limit)
    for host in good:
        ok(writer.ask("lock", token, hosts=[host], confirm=1, dry_run=True))
        # all of them, or none
        no(writer.ask("lock", token, hosts=[host, bad[0]], confirm=2,
                      dry_run=True), 403, "forbidden")
    for host in bad:
        no(writer.ask("lock", token, hosts=[host], confirm=1, dry_run=True),
           403, "forbidden")


@pytest.mark.parametrize("limit, good, bad", [
    ("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"],
     ["192.0.2.8", "", "x", "192.0.2.7/24", "::192.0.2.7"]),
    ("192.0.2.128/25", ["192.0.2.128", "192.0.2.255"],
     ["192.0.2.127", "192.0.3.128"]),
    ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff::1"],
     ["2001:db8:8000::", "2001:db9::"]),
    ("0.0.0.0/0", ["203.0.113.1"], ["2001:db8::1"])])
def test_addresses_of_a_token(writer, limit, good, bad):
    token = writer.token("x", "--allow", "read", "--ip", limit)
    for address in good:
        ok(writer.ask("check", token, scope="read", address=address))
    for address in bad:
        no(writer.ask("check", token, scope="read", address=address), 403,
           "forbidden")


def test_a_key_of_its_own(writer, token):
    """The same key gives the same answer; with another change it is refused;
    another token's keys are others."""
    first = ok(writer.ask("lock", token, hosts=["b.example"], key="k1"))
    ok(writer.ask("unlock", token, hosts=["b.example"]))
    n = len(entries(writer))
    again = ok(writer.ask("lock", token, hosts=["b.example"], key="k1"))
    assert again.pop("replayed") is True
    assert [again[name] for name in ("changed", "first_seq", "request_id")] \
        == [first[name] for name in ("changed", "first_seq", "request_id")]
    no(writer.ask("lock", token, hosts=["c.example"], key="k1"), 422,
       "request")
    assert len(entries(writer)) == n
    other = writer.token("other", *ALL)
    assert "replayed" not in ok(writer.ask("lock", other, hosts=["c.example"],
                                           key="k1"))


def test_if_match(writer, token):
    seen = etag(writer, "a.example")
    ok(writer.ask("unlock", token, hosts=["a.example"], if_match=seen))
    no(writer.ask("lock", token, hosts=["a.example"], if_match=seen), 412,
       "changed")
    ok(writer.ask("lock", token, hosts=["new.example"], if_match=""))
    no(writer.ask("lock", token, hosts=["new.example"], if_match=""), 412,
       "changed")


def test_clients_at_once(writer, token):
    """Of those who saw the same record, one changes it."""
    def client(n):
        statuses = []
        for i in range(8):
            seen = etag(writer, "a.example")
            answer = writer.ask(
                ("lock", "unlock")[i % 2], token, hosts=["a.example"],
                input={"reason": f"{n} {i}"}, if_match=seen)
            statuses.append((answer["status"], seen))
        return statuses

    before = len(entries(writer))
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        done = [one for some in pool.map(client, range(10)) for one in some]
    assert {status for status, _ in done} <= {200, 412}
    changed = [seen for status, seen in done if status == 200]
    assert len(changed) == len(set(changed)) == len(entries(writer)) - before
    assert writer.issuer("audit", "verify").returncode == 0


@pytest.mark.parametrize("raw", [
    b"", b"null", b"[]", b"{", b'{"command": "lock", "command": "lock"}',
    b"\xff", b"1" * 5000, b'{"command": {}} {}'])
def test_what_is_no_command(writer, raw):
    assert writer.send(raw)["status"] in (400, 404)
    assert writer.process.poll() is None


@pytest.mark.parametrize("kw, code", [
    ({}, "hosts"), ({"hosts": []}, "hosts"), ({"hosts": "a.example"}, "hosts"),
    ({"hosts": [1]}, "hosts"), ({"hosts": ["a..b"]}, "host"),
    ({"hosts": [f"h{i}.example" for i in range(1001)]}, "hosts"),
    ({"hosts": ["a.example"], "input": {"yes": "1"}}, "member"),
    ({"hosts": ["a.example"], "input": {"channel": "x"}}, "member"),
    ({"hosts": ["a.example"], "input": {"reason": 1}}, "member"),
    ({"hosts": ["a.example"], "input": {"reason": "a\nb"}}, "text"),
    ({"hosts": ["a.example"], "input": {"at": "soon"}}, "time"),
    ({"hosts": ["a.example"], "key": ""}, "request"),
    ({"hosts": ["a.example"], "key": "x" * 121}, "request")])
def test_bad_input(writer, token, kw, code):
    before = entries(writer)
    no(writer.ask("lock", token, **kw), 422, code)
    assert entries(writer) == before


def test_many_are_confirmed(writer, token):
    hosts = [f"h{i}.example" for i in range(21)]
    error = no(writer.ask("lock", token, hosts=hosts), 409, "confirm")
    assert '"confirm": 21' in error["mend"]
    no(writer.ask("lock", token, hosts=hosts, confirm=20), 409, "confirm")
    assert len(ok(writer.ask("lock", token, hosts=hosts,
                             confirm=21))["changed"]) == 21
    error = no(writer.ask("lock", token, hosts=["*.example"]), 409, "confirm")
    assert error["host"] == "*.example"


def test_a_dry_run(writer, token):
    before = entries(writer)
    body = ok(writer.ask("lock", token, hosts=["b.example"], dry_run=True))
    assert body["changed"] == ["b.example"] and body["dry_run"] is True
    assert entries(writer) == before


def test_a_budget(alice, private):
    """Of hosts that a token closes; what is closed already does not count,
    and opening never does."""
    writer = Writer(alice, private / "writer", "--budget", "3")
    writer.start()
    try:
        one, two = (writer.token(name, *ALL) for name in ("one", "two"))
        ok(writer.ask("lock", one, hosts=["b.example", "c.example"]))
        no(writer.ask("lock", one, hosts=["d.example", "e.example"]), 429,
           "budget")
        ok(writer.ask("lock", one, hosts=["a.example", "b.example",
                                          "c.example", "d.example"]))
        no(writer.ask("lock", one, hosts=["e.example"]), 429, "budget")
        ok(writer.ask("lock", one, hosts=["e.example"], dry_run=True))
        ok(writer.ask("unlock", one, hosts=["b.example"]))
        ok(writer.ask("lock", two, hosts=["e.example"]))
    finally:
        writer.stop()


def test_redis_comes_and_goes(writer, token):
    writer.issuer.redis.client().config_set("appendonly", "yes")
    writer.issuer.redis.stop()
    no(writer.ask("lock", token, hosts=["b.example"], key="k"), 503, "connect")
    # who may what is known all the same
    ok(writer.ask("check", token, scope="read"))


def test_killed_at_any_time(writer, token):
    """The same key again: one entry.  It is killed at once, when it has
    answered, and at times between the two."""
    start = time.monotonic()
    ok(writer.ask("lock", token, hosts=["k.example"]))
    took = time.monotonic() - start
    written = 0
    for n in range(KILLS):
        hosts = [f"k{n}.example"]
        client = writer.connect()
        client.sendall(json.dumps({"command": "lock", "token": token,
                                   "hosts": hosts, "key": f"k{n}"}).encode())
        client.shutdown(1)
        time.sleep(2 * took * n / KILLS)
        writer.process.kill()
        writer.process.wait()
        client.close()
        written += record(writer, hosts[0]) is not None
        writer.start()
        ok(writer.ask("lock", token, hosts=hosts, key=f"k{n}"))
        made = [e for e in writer.issuer.json("audit", "log", hosts[0])]
        assert len(made) == 1 and made[0]["action"] == "lock"
    print(f"{written} of {KILLS} had written")
    assert writer.issuer("audit", "verify").returncode == 0


def test_a_second_one_does_not_take_the_socket(writer):
    done = subprocess.run(
        [writer.process.args[0], "--socket", writer.socket], env=writer.env,
        text=True, capture_output=True, timeout=servers.PATIENCE)
    assert done.returncode == 1 and "cannot listen" in done.stderr
    assert writer.ask("check")["status"] == 401


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_another_user_is_not_read(writer, token, private):
    """Of those who can reach the socket paylockd alone is listened to."""
    for path in [writer.dir, *writer.dir.parents]:
        if str(path).startswith(str(private)):
            path.chmod(0o711)
    writer.socket.chmod(0o777)
    script = ("import socket,sys; s = socket.socket(socket.AF_UNIX);"
              "s.connect(sys.argv[1]);\n"
              "try: s.sendall(b'{}'); s.shutdown(1); print(s.recv(10))\n"
              "except OSError: print(b'')")
    done = subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
         "/usr/bin/python3", "-c", script, writer.socket],
        capture_output=True, text=True, timeout=servers.PATIENCE)
    assert done.stdout == "b''\n", done.stderr


def test_secrets_are_not_shown(writer, token):
    writer.ask("lock", token, hosts=["b.example"])
    argv = " ".join(map(str, writer.process.args))
    assert token not in argv + (writer.dir / "log").read_text()
    # no core, and nobody else reads its memory
    limits = open(f"/proc/{writer.process.pid}/limits").read()
    assert "Max core file size        0 " in limits


def test_many_connections_that_say_nothing(writer, token):
    idle = [writer.connect() for _ in range(50)]
    ok(writer.ask("check", token, scope="read"))
    for client in idle:
        client.close()
    writer.process.send_signal(signal.SIGCONT)
    ok(writer.ask("lock", token, hosts=["b.example"]))
