# Copyright (C) 2026 paylock contributors
#
# audit log: filters, --follow, and a Redis that answers with lies.

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import servers
from support.chain import AUDIT, LOCKS, Chain
from support.servers import wait_for


def seqs(admin, *args, **kw):
    return [entry["seq"] for entry in
            admin.json("audit", "log", *args, **kw)]


# what is listed


def test_filters(known, redis):
    chain = Chain(redis)
    chain.look()
    for i, (host, actor) in enumerate((("a.example", "alice"),
                                       ("b.example", "bob"),
                                       ("a.example", "bob"),
                                       ("c.example", "alice bob"))):
        chain.write((host, None), actor=actor,
                    time=str(1793487600000 + i * 1000))
    assert seqs(known) == [1, 2, 3, 4, 5]
    assert seqs(known, "--actor", "bob") == [3, 4]
    assert seqs(known, "a.example", "--actor", "bob") == [4]
    assert seqs(known, "--actor", "") == []
    assert seqs(known, "--since", "@1793487601", "--until",
                "@1793487602") == [3, 4]
    assert seqs(known, "--until", "2026-11-01T00:20:00+01:00",
                "--since", "2026-10-31T23:00:00Z") == [2, 3, 4, 5]
    assert seqs(known, "b.example", "--since", "@1793487602") == []
    for option in "--since", "--until":
        done = known("--json", "audit", "log", option, "soon", check=False)
        assert done.returncode == 2
        assert option in json.loads(done.stderr)["error"]["message"]


# what is read

def many(redis, n, step=1000):
    """Entries of other hosts, step milliseconds apart, behind what is there.
    Returns the time of the first one, in seconds."""
    chain = Chain(redis)
    chain.look()
    now = 1793487600000
    with redis.client().pipeline(transaction=False) as p:
        for i in range(n):
            entry = chain.entry(chain.seq + 1, chain.hash, action="lock",
                                host=f"h{i}.test", time=str(now + i * step))
            chain.seq, chain.hash = chain.seq + 1, entry["hash"]
            p.xadd(AUDIT, entry, id=f"{chain.seq}-0")
        p.execute()
    return now // 1000


def asked(redis, run):
    """What run() returns, and how many entries Redis was asked for at most."""
    client = redis.client()
    client.config_resetstat()
    result = run()
    calls = sum(client.info("commandstats").get(f"cmdstat_{name}", {}).get(
        "calls", 0) for name in ("xrange", "xrevrange"))
    return result, calls


def test_a_host_is_read_alone(known, redis):
    """Its entries lead from one to the other, whatever stands between them:
    also after a reset, and with notices and passes."""
    for command in (["notice", "a.example", "--channel", "letter", "--ref",
                     "1"], ["lock", "a.example"], ["reset", "a.example"],
                    ["lock", "b.example"], ["lock", "a.example"]):
        known(*command)
        many(redis, 2000)
        known("init", "--yes")
    found, calls = asked(redis, lambda: seqs(known, "a.example"))
    assert found == [2, 2003, 4004, 8006] and calls < 12
    assert [e["prior"] for e in known.json("audit", "log", "a.example")] \
        == ["0", "2", "2003", "4004"]
    assert seqs(known, "a.example", "--since", "@2000000000") == []

    # a record that somebody wrote by hand leads nowhere
    for value in "open", '{"entry":3}', '{"entry":8006}', '{"entry":99999}':
        redis.client().hset(LOCKS, "a.example", value)
        assert seqs(known, "a.example") == found
    redis.client().hdel(LOCKS, "a.example")
    assert seqs(known, "a.example") == found


def test_a_time_is_looked_for(known, redis):
    begin = many(redis, 20000, 5000)
    for since, until in (50000, 50040), (0, 20), (99980, 200000), (7, 7):
        times = range(begin + since, begin + until + 1)
        wanted = [2 + i for i in range(20000) if begin + i * 5 in times]
        found, calls = asked(redis, lambda: seqs(
            known, "--since", f"@{begin + since}", "--until",
            f"@{begin + until}"))
        assert found == wanted and calls < 60, (since, calls)


def test_an_hour_with_many_entries(known, redis):
    """Not all of it is read because a clock might be wrong."""
    begin = many(redis, 30000, 1)
    found, calls = asked(redis, lambda: seqs(known, "--since",
                                             f"@{begin + 29}"))
    assert found == list(range(29002, 30002)) and calls < 170, calls
    found, calls = asked(redis, lambda: seqs(known, "--until", f"@{begin}"))
    assert found == list(range(2, 1002)) and calls < 170, calls


def test_who_signed(admin):
    key = admin.json("keygen", "own.pem")["key"]
    own = {"PAYLOCK_KEY": "own.pem"}
    admin("init")
    admin("lock", "a.example", "--quiet")
    admin("lock", "b.example", "--amount", "1200.00", "--currency", "EUR",
          "--due", "2026-11-01", env=own)
    admin("notice", "b.example", "--channel", "letter", "--ref", "RR 1",
          "--sent", "2026-10-20", env=own)
    admin("adopt", "--yes", env=own)
    lines = [line for line in admin("audit", "log").stdout.splitlines()
             if not line.startswith(" ")]
    assert [line.split(", ")[-1] for line in lines] \
        == ["unsigned"] * 2 + [f"key {key[:8]}"] * 3
    assert ", amount 1200.00 EUR, due 2026-11-01, key" in lines[2]
    assert " notice b.example, by letter, sent 2026-10-20, reference RR 1," \
        in lines[3]
    assert " adopt, reason entry 4 stays; nothing is given up, key" in lines[4]
    last = admin.json("audit", "log")[-1]
    assert (last["lost"], last["resumes"]) == ("", f"4 {last['prev']}")


# following


class Follower:
    """paylock-admin audit log --follow, line by line."""

    def __init__(self, admin, *args):
        self.process = subprocess.Popen(
            admin.argv("audit", "log", "--follow", *args),
            env={**admin.env, **admin.login(servers.AUDIT_USER)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def wait(self, n):
        wait_for(f"{n} lines", lambda: len(self.lines) >= n)

    def end(self, sig=signal.SIGINT):
        if sig:
            os.kill(self.process.pid, sig)
        try:
            status = self.process.wait(120)
        finally:
            self.process.kill()
            self.process.wait()
            self.thread.join()
        return status, self.process.stderr.read()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_follow(known, sig):
    known("lock", "a.example")
    follower = Follower(known, "--json")
    follower.wait(2)
    known("lock", "b.example", *(f"h{i}.example" for i in range(250)), "--yes")
    follower.wait(253)
    # longer than it waits for one answer
    time.sleep(2.5)
    known("unlock", "a.example")
    follower.wait(254)
    status, err = follower.end(sig)
    assert (status, err) == (0, "")
    assert [json.loads(line)["seq"] for line in follower.lines] \
        == list(range(1, 255))


def test_follow_one_host_from_an_empty_redis_on(admin):
    follower = Follower(admin, "--json", "b.example", "--actor", "bob")
    admin("init")
    admin("lock", "a.example", "b.example", env={"PAYLOCK_ACTOR": "bob"})
    admin("unlock", "b.example", env={"PAYLOCK_ACTOR": "alice"})
    admin("reset", "b.example", env={"PAYLOCK_ACTOR": "bob"})
    follower.wait(2)
    status, err = follower.end()
    assert (status, err) == (0, "")
    assert [json.loads(line)["seq"] for line in follower.lines] == [3, 5]


def test_follow_ends_when_nobody_reads(known):
    """Not only when there is something to write."""
    for lock in False, True:
        process = subprocess.Popen(
            known.argv("audit", "log", "--follow"), env=known.env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout.readline().startswith("1 ")
        process.stdout.close()
        if lock:
            known("lock", "a.example")
        assert process.wait(120) == 0
        assert process.stderr.read() == ""
        process.stderr.close()


def test_follow_tells_when_redis_goes_away(known, redis):
    follower = Follower(known)
    follower.wait(1)
    redis.kill()
    status, err = follower.end(sig=None)
    assert status == 1
    assert "Redis" in err


# a server that means no good


def bulk(text):
    text = text.encode()
    return b"$%d\r\n%s\r\n" % (len(text), text)


def reply(*items):
    return b"*%d\r\n" % len(items) + b"".join(
        reply(*item) if isinstance(item, (list, tuple)) else bulk(item)
        for item in items)


def entry(ident, **fields):
    fields = {"v": "2", "chain": "0" * 32, "time": "1793487600000",
              "actor": "x", "action": "lock", "host": "a.example",
              "salt": "0" * 32, "prev": "0" * 64, "hash": "0" * 64, **fields}
    return [ident, [part for pair in fields.items() for part in pair]]


class Liar:
    """Answers commands by their name as told, over and over."""

    def __init__(self, path, answers):
        self.url = f"unix:{path}"
        self.answers = answers
        self.asked = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                while True:
                    try:
                        data = client.recv(65536)
                        if not data:
                            break
                        for name in re.findall(rb"\r\n([A-Z]+)\r\n", data):
                            if name == b"AUTH":
                                client.sendall(b"+OK\r\n")
                            elif name == b"XLEN":
                                client.sendall(b":1000\r\n")
                            elif name in (b"XRANGE", b"XREAD"):
                                self.asked += 1
                                client.sendall(self.answers[name.decode()])
                    except OSError:
                        break


@pytest.mark.parametrize("answer, error", [
    # the same page again and again, or one that goes back
    (reply(entry("1-0")), "not in order"),
    (reply(entry("5-0"), entry("3-0"), entry("4-0")), "not in order"),
    (reply(["1-0", "y"], ["2-1", []], entry("3-0"), ["", []]), "not in order"),
    (b"*2147483647\r\n", "does not speak as Redis"),
    (b"+OK\r\n", "unexpected type"),
    (b"$9223372036854775807\r\n", "does not speak as Redis")])
def test_a_list_ends(admin, private, answer, error):
    liar = Liar(private / "liar.sock", {"XRANGE": answer})
    admin.redis = liar
    done = admin("audit", "log", check=False, timeout=120)
    liar.socket.close()
    assert done.returncode == 1
    assert error in done.stderr
    assert liar.asked <= 3              # once for what is archived
    assert len(done.stdout.splitlines()) <= 1


@pytest.mark.parametrize("read, error", [
    (reply(["1-0", []]), "does not give"), (b"*0\r\n", "does not give"),
    (reply(entry("1-0")), "does not give"),
    (b"*2147483647\r\n", "does not speak as Redis"),
    (b":1\r\n", "unexpected type"), (b"-ERR no\r\n", "refused: ERR no")])
def test_following_ends(admin, private, read, error):
    """What is told of and never given is not asked for without end."""
    liar = Liar(private / "liar.sock", {"XRANGE": b"*0\r\n", "XREAD": read})
    admin.redis = liar
    done = admin("audit", "log", "--follow", check=False, timeout=120)
    liar.socket.close()
    assert done.returncode == 1
    assert error in done.stderr
    assert liar.asked <= 4


def test_text_of_entries_is_only_text(known, redis):
    evil = "\x1b[2J\r\n2 forged \u202e"
    chain = Chain(redis)
    chain.look()
    chain.write(("a.example", None), **{name: evil for name in (
        "actor", "machine", "action", "reason", "invoice", "amount",
        "currency", "due", "channel", "sent", "reference", "request")})
    out = known("audit", "log").stdout
    assert len(out.splitlines()) == 2
    assert "\x1b" not in out and "\u202e" not in out and "\\x1b[2J" in out
    shown = known("--json", "audit", "log").stdout
    assert shown.isascii() and len(shown.splitlines()) == 2
    assert json.loads(shown.splitlines()[1])["actor"] == evil


def test_what_stood_there_with_a_nul(known, redis):
    """Is no text, so that no entry can hold it."""
    redis.client().hset(LOCKS, "acme.example", b"a\0b")
    known("lock", "acme.example")
    assert "before" not in redis.client().xrevrange(AUDIT, count=1)[0][1]
    known("audit", "verify")
