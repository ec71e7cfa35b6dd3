# Copyright (C) 2026 paylock contributors
#
# What an attack on paylock-writer found, and what is mended.

import hashlib
import json
import os
import re
import resource
import subprocess
import time

import pytest

from support.api import PROGRAM
from support.servers import wait_for
from support.writer import PROGRAM as WRITER
from support.writer import Writer

ALL = ("--allow", "read,audit,lock,unlock,reset,protect,unprotect,notice,pass")


@pytest.fixture
def token(writer):
    return writer.token("whmcs", *ALL)


def entries(api):
    return api.writer.issuer.json("audit", "log")


@pytest.mark.parametrize("name", ["lock", "unlock", "reset"])
def test_the_hold_of_a_token(api, writer, name):
    """A token without the hold "billing" does not touch it by another
    route."""
    token = writer.token("x", *ALL, "--hold", "abuse")
    assert api.call("PUT", "/v1/sites/b.example/holds/billing", token,
                    {}).status == 403
    before = entries(api)
    reply = api.post(f"/v1/{name}", token, {"hosts": ["a.example"]})
    assert reply.status == 403, reply.body
    assert entries(api) == before


def test_unlock_does_not_close(writer):
    """Who may only unlock closes nothing that is open."""
    token = writer.token("x", "--allow", "unlock")
    answer = writer.ask("unlock", token, hosts=["never.example"],
                        input={"until": "+1s"})
    assert answer["status"] == 403 and "until" in answer["error"]["mend"]
    with pytest.raises(TimeoutError):
        wait_for("the time", lambda: writer.issuer.json(
            "status", "never.example")[0]["stage"] == "locked", 3)


def test_lock_does_not_open(writer):
    """docs/security.md, of signers: "Who may lock alone opens nothing, now or
    later"."""
    assert writer.issuer.json("status", "a.example")[0]["stage"] == "locked"
    token = writer.token("x", "--allow", "lock")
    answer = writer.ask("lock", token, hosts=["a.example"],
                        input={"until": "+1s"})
    assert answer["status"] == 403 and "until" in answer["error"]["mend"]
    with pytest.raises(TimeoutError):
        wait_for("the time", lambda: writer.issuer.json(
            "status", "a.example")[0]["stage"] == "open", 3)


def small(alice, private, n):
    writer = Writer(alice, private / "writer", "--budget", str(n))
    writer.start()
    return writer


def test_a_budget_of_unlock(alice, private):
    """Hosts that an "unlock" closes again in a moment are closed, too."""
    writer = small(alice, private, 2)
    try:
        token = writer.token("x", "--allow", "lock,unlock")
        hosts = [f"u{n}.example" for n in range(10)]
        answer = writer.ask("unlock", token, hosts=hosts,
                            input={"until": "+1s"})
        if answer["status"] == 200:
            wait_for("the time", lambda: alice.json(
                "status", hosts[0])[0]["stage"] == "locked", 10)
        assert answer["status"] in (422, 429), answer
    finally:
        writer.stop()


def test_a_budget_of_reset(alice, private):
    """So are hosts whose suffix is closed, when their own records go."""
    writer = small(alice, private, 2)
    try:
        token = writer.token("x", "--allow", "reset")
        hosts = [f"u{n}.r.example" for n in range(10)]
        alice("unlock", *hosts)
        alice("lock", "*.r.example", "--yes")
        assert alice.json("status", hosts[0])[0]["stage"] == "open"
        answer = writer.ask("reset", token, hosts=hosts)
        assert alice.json("status", hosts[0])[0]["stage"] == "open", answer
    finally:
        writer.stop()


def test_a_budget_of_what_is_closed(alice, private):
    """docs/api.md: what is closed already does not count."""
    writer = small(alice, private, 2)
    try:
        token = writer.token("x", "--allow", "lock")
        for n in range(4):
            answer = writer.ask("lock", token, hosts=["b.example"],
                                input={"invoice": f"R-{n}"})
            assert answer["status"] == 200, (n, answer)
    finally:
        writer.stop()


def test_a_budget_and_a_step_of_the_clock(alice, private):
    """A clock that is set back by seconds does not give the budget back; nor
    does a request that waited for its turn over the end of a minute."""
    writer = small(alice, private, 2)
    try:
        writer.env["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        writer.fake_clock()
        token = writer.token("x", "--allow", "lock")
        writer.move_clock(120)
        assert writer.ask("lock", token, hosts=["b.example", "c.example"])[
            "status"] == 200
        assert writer.ask("lock", token, hosts=["d.example"])[
            "status"] == 429
        writer.move_clock(60)
        assert writer.ask("lock", token, hosts=["d.example", "e.example"])[
            "status"] == 429
    finally:
        writer.stop()


def test_a_budget_comes_back(alice, private):
    """After an hour, and each part of it after its own."""
    writer = small(alice, private, 2)
    try:
        writer.fake_clock()
        token = writer.token("x", "--allow", "lock")

        def lock(minutes, *hosts):
            writer.move_clock(60 * minutes)
            return writer.ask("lock", token, hosts=hosts)["status"]

        assert lock(0, "b.example") == lock(30, "c.example") == 200
        assert lock(58, "d.example") == 429
        assert lock(61, "d.example", "e.example") == 429
        assert lock(61, "d.example") == 200
        assert lock(88, "e.example") == 429
        assert lock(91, "e.example") == 200
        assert lock(300, "f.example", "g.example") == 200
    finally:
        writer.stop()


def test_a_budget_and_many_tokens(alice, private):
    """What one token has used is not forgotten because others ask."""
    writer = small(alice, private, 1)
    try:
        token = writer.token("x", "--allow", "lock")
        path = writer.dir / "tokens"
        file = json.loads(path.read_text())
        others = [f"plk_{n:064x}" for n in range(256)]
        file["tokens"] += [
            {**file["tokens"][0], "name": f"t{n}", "sha256":
             hashlib.sha256(text.encode()).hexdigest()}
            for n, text in enumerate(others)]
        path.write_text(json.dumps(file))
        assert writer.ask("lock", token, hosts=["b.example"])["status"] == 200
        assert writer.ask("lock", token, hosts=["c.example"])["status"] == 429
        for other in others:
            assert writer.ask("lock", other, hosts=["d.example"],
                              dry_run=True)["status"] == 200
        assert writer.ask("lock", token, hosts=["c.example"])["status"] == 429
    finally:
        writer.stop()


def test_a_budget_that_is_no_number(alice, private):
    """One too large is refused, or is large; it is not another number."""
    writer = Writer(alice, private / "writer", "--budget", "4294967297")
    writer.start()
    try:
        token = writer.token("x", "--allow", "lock")
        assert writer.ask("lock", token, hosts=["b.example", "c.example"])[
            "status"] == 200
    finally:
        writer.stop()


def test_more_than_20_notices(api, token):
    """docs/api.md: more than 20 hosts need a number."""
    reply = api.post("/v1/notice", token, {
        "hosts": [f"m{n}.example" for n in range(21)], "channel": "letter",
        "ref": "R"})
    assert (reply.status, reply.body.get("code")) == (409, "confirm"), reply


@pytest.mark.parametrize("wrong", [
    "redis = redis:///x y\n", "redsi = unix:/x\n", "redis\n",
    "key = /nowhere\n", "signers = /nowhere\n", "realm = a b\n", None],
    ids=range(7))
def test_wrong_settings_of_the_writer(api, token, wrong):
    """The request is right, what is wrong is here: 503, as it may be mended,
    and not 422, after which no program tries again."""
    config = api.writer.config
    before = config.read_text()
    config.unlink()
    if wrong:
        config.write_text(wrong + before * (not wrong.startswith("red")))
    reply = api.post("/v1/lock", token, {"hosts": ["b.example"]})
    assert reply.status == 503 and reply.body["mend"], reply.body


def test_tokens_in_no_directory(alice, private):
    """A path that is wrong is not a file without tokens."""
    writer = Writer(alice, private / "writer")
    token = writer.token("x", "--allow", "read")
    writer.dir.joinpath("tokens").rename(private / "tokens")
    writer.start()
    writer.stop()
    writer.log = open(private / "log", "a")
    writer.process = subprocess.Popen(
        [WRITER, "--config", writer.config, "--socket", writer.socket,
         "--tokens", private / "nowhere/tokens"], env=writer.env)
    try:
        wait_for("paylock-writer", writer.listens)
        answer = writer.ask("check", token, scope="read")
    finally:
        writer.stop()
    assert answer["status"] == 503, answer


def test_a_socket_that_cannot_be(alice, private):
    """Why it cannot listen is said with its mend."""
    (private / "file").write_text("")
    for path in private / "file", private / "nowhere/sock", \
            private / ("a" * 120):
        for program in PROGRAM, WRITER:
            done = subprocess.run([program, "--socket", path], text=True,
                                  capture_output=True, timeout=20)
            assert done.returncode == 1
            assert re.search(r"(?m)^paylock\S*: cannot .*: .*: .+$",
                             done.stderr), done.stderr
            assert "stop the one that listens" not in done.stderr


def test_it_cannot_remember_the_head(alice, private):
    """A full disk: the change is made, but what a later rollback of Redis
    would be noticed by is not kept.  Somebody is told."""
    writer = Writer(alice, private / "writer", "--budget", "100")
    token = writer.token("x", "--allow", "lock")
    with open(private / "told", "w+b") as unused:
        reader, end = os.pipe()
        writer.log = unused
        writer.process = subprocess.Popen(
            [WRITER, "--config", writer.config, "--socket", writer.socket,
             "--tokens", writer.dir / "tokens"], env=writer.env,
            stderr=end, restore_signals=False,      # SIGXFSZ stays ignored
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                  (0, 0)))
        os.close(end)
        try:
            wait_for("paylock-writer", writer.socket.exists)
            time.sleep(0.2)
            kept = alice.home / "state/paylock"
            before = {path: path.read_bytes() for path in kept.iterdir()}
            answer = writer.ask("lock", token, hosts=["b.example"])
            after = {path: path.read_bytes() for path in kept.iterdir()}
        finally:
            writer.stop()
        told = os.read(reader, 65536)
        os.close(reader)
    assert answer["status"] == 200 and before == after
    assert re.search(rb"(?m)^paylock-writer: warning: cannot .*: .+$", told), \
        told


def test_a_replay_of_what_is_archived(api, token):
    """The same key, the same answer: also of several hosts, and once the
    entries are archived."""
    admin = api.writer.issuer
    sent = {"hosts": ["b.example", "c.example"]}
    first = api.post("/v1/lock", token, sent, Idempotency_Key="k")
    assert len(first.body["changed"]) == 2
    api.post("/v1/unlock", token, sent)
    admin("lock", "d.example")
    time.sleep(2)
    admin("audit", "archive", "--before", f"@{int(time.time())}",
          "--output", str(api.dir / "archive"), "--yes")
    again = api.post("/v1/lock", token, sent, Idempotency_Key="k")
    assert (again.status, again.body) == (200, first.body), again.body


def test_lock_does_not_put_off(writer):
    """Nor does "lock" alone open a host by closing it later than planned."""
    token = writer.token("x", "--allow", "lock")
    both = writer.token("y", "--allow", "lock,unlock")
    plan = {"at": "2031-01-01"}
    assert writer.ask("lock", token, hosts=["b.example"],
                      input=plan)["status"] == 200
    before = writer.issuer.json("audit", "log")
    for hosts in ["b.example"], ["c.example", "b.example"]:
        answer = writer.ask("lock", token, hosts=hosts,
                            input={"at": "2032-01-01"})
        assert (answer["status"], answer["error"]["code"]) \
            == (403, "forbidden"), answer
    assert writer.issuer.json("audit", "log") == before
    for sooner in {"at": "2030-01-01"}, {}, {"invoice": "R-2"}:
        assert writer.ask("lock", token, hosts=["b.example"],
                          input=sooner)["status"] == 200
    assert writer.ask("lock", both, hosts=["c.example"],
                      input=plan)["status"] == 200
    assert writer.ask("lock", both, hosts=["c.example"],
                      input={"at": "2032-01-01"})["status"] == 200
