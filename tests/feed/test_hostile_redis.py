# Copyright (C) 2026 paylock contributors
#
# A Redis whose replies break the protocol: nginx closes the connection at
# once, keeps what it knows, retries, and leaks nothing.

import itertools
import os
import pathlib
import re
import time

import pytest

from support.chain import (HOSTS, LOCKED, LOCKS, OPEN, SITES, Watch,
                           closed_hosts, count, logged)
from support.fake_redis import NOWHERE, FakeRedis
from support.feed import owner, recover
from support.servers import ASAN, PATIENCE, wait_for


@pytest.fixture
def fake(redis):
    with FakeRedis(redis.socket) as fake:
        yield fake


def half(real):
    return real[:len(real) // 2]


def endless(head, part):
    return itertools.chain([head], itertools.repeat(part))


LENGTHS = [b"*2147483647\r\n", b"*9223372036854775807\r\n", b"*65537\r\n",
           b"*-2\r\n", b"$9223372036854775807\r\n", b"$2147483647\r\n",
           b"$16777217\r\n", b"$-2\r\n", b"$99999999999999999999999\r\n",
           b"*1\r\n" * 20000, b"*65536\r\n" * 8, b"*\r\n", b":+1\r\n"]

# (the reply, what Fault takes besides)
BROKEN = [
    *((reply, {}) for reply in LENGTHS),
    (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", {}),
    (b"SSH-2.0-OpenSSH_9.2\r\n", {}), (b"\x16\x03\x03\x00\x2a", {}),
    (b"\0" * 5000, {}), (os.urandom(50) + b"\r\n", {}), (b"\r\n", {}),
    (b"+OK\n", {}), (b"$2\r\nOKAY\r\n", {}),
    (b"", {"end": "fin"}), (b"", {"end": "rst"}), (b"*", {"end": "fin"}),
    (half, {"end": "fin"}), (half, {"end": "rst"}),
    (lambda real: real[:-1], {"end": "fin"}),
    (lambda real: real + b"+OK\r\n", {}), (lambda real: real + real[:1], {}),
    (lambda real: b"$-1\r\n" * 3 + real, {}),
    (endless(b"*60000\r\n", b"$60000\r\n" + b"x" * 60000 + b"\r\n"), {}),
    (endless(b"+", b"x" * 60000), {}), (endless(b"", b":1\r\n" * 9000), {}),
]

MASTER = b"*1\r\n$6\r\nmaster\r\n"
TIME = b"*2\r\n$1\r\n1\r\n$1\r\n0\r\n"

WRONG = {
    "EXEC": [b"+OK\r\n", b"*-1\r\n", b"$-1\r\n", b":3\r\n", b"*0\r\n",
             *(b"*4\r\n" + most + at for most, at in [
                 (b"*0\r\n:1\r\n*0\r\n", TIME),
                 (b"+x\r\n:1\r\n+master\r\n", TIME),
                 (b"*0\r\n+1\r\n" + MASTER, TIME),
                 (b"*0\r\n:1\r\n*1\r\n$6\r\nmaste\0\r\n", TIME),
                 (b"*2\r\n*0\r\n*0\r\n:1\r\n" + MASTER, TIME),
                 (b"*0\r\n-WRONGTYPE x\r\n" + MASTER, TIME),
                 (b"*0\r\n:1\r\n" + MASTER, b"*0\r\n"),
                 (b"*0\r\n:1\r\n" + MASTER, b"*2\r\n:1\r\n:1\r\n"),
                 (b"*0\r\n:1\r\n" + MASTER,
                  b"*2\r\n$2\r\n-1\r\n$1\r\n0\r\n")]),
             b"*3\r\n*0\r\n:1\r\n" + MASTER],
    "HSCAN": [b"+0\r\n", b"*-1\r\n", b"*0\r\n", b"*2\r\n:0\r\n*0\r\n",
              b"*2\r\n$1\r\n0\r\n$-1\r\n", b"*2\r\n$1\r\n0\r\n*1\r\n+x\r\n",
              b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\nx\r\n:1\r\n",
              b"*2\r\n$1\r\n0\r\n*2\r\n*0\r\n$1\r\n1\r\n",
              b"*2\r\n$30\r\n" + b"1" * 30 + b"\r\n*0\r\n",
              b"*2\r\n$3\r\n7 x\r\n*0\r\n"],
    "XREAD": [b"+OK\r\n", b":1\r\n", b"*0\r\n", b"*1\r\n*-1\r\n",
              b"*1\r\n*2\r\n$1\r\nx\r\n:3\r\n", b"*-1\r\n" * 2,
              b"*1\r\n*2\r\n$1\r\nx\r\n*0\r\n",
              b"*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*-1\r\n",
              b"*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n9-0\r\n*0\r\n",
              b"*2\r\n*2\r\n+x\r\n*0\r\n*2\r\n+x\r\n*0\r\n",
              b"*1\r\n*2\r\n+x\r\n*600\r\n" + b"*0\r\n" * 600],
    "CLIENT": [],
}

# what is said of a whole reply whose entries are none
TOLD = "the entry after .* (is no pair|has no|has an id)"


def holdings(pid):
    """Descriptors, and memory of its own in kB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return (len(os.listdir(f"/proc/{pid}/fd")),
            int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]))


@pytest.mark.parametrize("command", WRONG)
def test_broken_replies(nginx, chain, fake, command):
    """In the place of a reply: the connection is closed, and all is read
    again.  Nothing opens or closes, and nothing is left behind."""
    server = closed_hosts(nginx, chain, redis=fake, workers=1)
    server.allow(TOLD)
    pid = owner(server)
    struck = 0
    broken = BROKEN if command == "XREAD" else BROKEN[::3]
    with Watch(server, HOSTS):
        for reply, more in [*broken, *((r, {}) for r in WRONG[command])]:
            # who waits for entries has made the scan again
            fault = fake.on(command, reply, **more, having=(
                b"BLOCK" if command == "XREAD" else b""))
            if command == "CLIENT":
                fake.cut()
            fault.wait()
            struck += 1
            if command != "XREAD":
                recover(fake)
            if struck == 10:
                before = holdings(pid)
        after = holdings(pid)
        chain.settle(server)
    assert owner(server) == pid
    print(f"{struck} faults, {len(fake.met)} connections: "
          f"{before} to {after}")
    # some of the connections that ask for sites
    assert after[0] <= before[0] + 2
    assert ASAN or after[1] <= before[1] + 1024


def test_hundreds_of_connections(nginx, chain, redis):
    """Lost as soon as all was read: nothing is left of any of them."""
    with FakeRedis(redis.socket) as one, FakeRedis(redis.socket) as other:
        nodes = [(closed_hosts(nginx, chain, redis=fake, workers=1), fake,
                  fake.on("XREAD", reply, having=b"BLOCK", times=120, end=end))
                 for fake, reply, end in [(one, b"*1\r\n*2\r\n+", "rst"),
                                          (other, b"$9\r\nxyz", "fin")]]
        pids = [owner(node) for node, _, _ in nodes]
        for _, _, fault in nodes:
            fault.wait(20)
        before = [holdings(pid) for pid in pids]
        for node, _, fault in nodes:
            fault.wait(120, 300)
        for node, fake, _ in nodes:
            recover(fake)
        after = [holdings(pid) for pid in pids]
        print([len(fake.met) for _, fake, _ in nodes], before, after)
        for (fds, memory), (fds_then, memory_then) in zip(before, after):
            assert fds_then <= fds + 1
            assert ASAN or memory_then <= memory + 256
        for node, _, _ in nodes:
            chain.settle(node)


def cpu(pid):
    """Milliseconds that it has run."""
    text = pathlib.Path(f"/proc/{pid}/schedstat").read_text()
    return int(text.split()[0]) / 1e6


def test_refused_at_once(nginx, chain, fake):
    """Nothing is waited for, spun through or made room for."""
    server = closed_hosts(nginx, chain, redis=fake, workers=1)
    pid = owner(server)
    worst = 0
    for reply in LENGTHS:
        times = []
        for _ in range(5):
            start = []
            fake.on("XREAD", reply, then=lambda: start.append(cpu(pid))).wait()
            times.append(cpu(pid) - start[0])
            recover(fake)
            if times[-1] <= 1:
                break
        worst = max(worst, min(times))
    print(f"{worst:.2f} ms of CPU at most")
    assert worst <= 1


def unreachable(fake):
    fake.upstream = NOWHERE


@pytest.mark.parametrize("end", ["fin", "rst"])
def test_entries_are_applied_whole_or_not(nginx, chain, fake, redis, end):
    server = closed_hosts(nginx, chain, "1h", redis=fake)
    # one that waits for seconds; those that wait for less come before it
    fault = fake.on("XREAD", lambda real: real[:-30], end=end,
                    having=b"BLOCK\r\n$4\r\n",
                    then=lambda: unreachable(fake))
    wait_for("the command", lambda: fault.times == 0)
    with Watch(server, HOSTS[1:]) as watch:
        chain.write(("one.example", LOCKED), ("two.example", LOCKED),
                    (HOSTS[0], OPEN))
        fault.wait()
        wait_for("attempts", lambda: len(fake.met) > 3)
        assert server.state("one.example") == "open"
        assert server.state("two.example") == "open"
        assert server.state(HOSTS[0]) == "locked"
        assert not watch.wrong
        fake.to(redis.socket)
        server.wait_state("one.example", "locked")
        server.wait_state("two.example", "locked")
        server.wait_state(HOSTS[0], "open")


@pytest.mark.parametrize("reply", [
    lambda real: real[:-8] + b"*1\r\n", b"*2147483647\r\n"])
def test_half_a_scan_is_none(nginx, chain, fake, redis, reply):
    """Some fields came, others did not: none is in force, or gone."""
    server = closed_hosts(nginx, chain, "1h", redis=fake)
    more = [f"more{i}.example" for i in range(2000)]
    with Watch(server, HOSTS[1:]):
        fake.on("HSCAN", times=3)
        fault = fake.on("HSCAN", reply, then=lambda: unreachable(fake))
        chain.client.hset(LOCKS, mapping=dict.fromkeys(more, "1"))
        chain.client.hdel(LOCKS, HOSTS[0])
        fault.wait()
        wait_for("attempts", lambda: len(fake.met) > 2)
        assert all(server.state(host) == "open" for host in more[::40])
        assert server.state(HOSTS[0]) == "locked"
        fake.to(redis.socket)
        # on a busy machine the scans before may have used up their share
        try:
            server.wait_state(more[0], "locked", 3 * PATIENCE)
        except TimeoutError:
            print(server.error_log())
            raise
        for host in more[::200]:
            server.wait_state(host, "locked")
        server.wait_state(HOSTS[0], "open")


def test_a_scan_without_end(nginx, chain, fake):
    """A cursor that never comes back to 0 is followed so far only."""
    server = closed_hosts(nginx, chain, "1h", redis=fake)
    page = b"*60000\r\n" + b"$1\r\n1\r\n" * 60000
    fault = fake.on("HSCAN", b"*2\r\n$1\r\n7\r\n" + page, times=1000)
    chain.client.hset(LOCKS, "hand.example", "1")
    fake.cut()
    with Watch(server, HOSTS):
        logged(server, "HSCAN comes to no end")
        assert fault.struck < 20
        fake.heal()
        chain.settle(server)


def test_entries_that_nobody_waits_for(nginx, chain, fake):
    """"None" at once, each time: no reason to ask without pause."""
    server = closed_hosts(nginx, chain, redis=fake, workers=1)
    pid = owner(server)
    with Watch(server, HOSTS):
        fault = fake.on("XREAD", b"*-1\r\n", times=10 ** 9,
                        having=b"BLOCK")
        logged(server, "XREAD does not wait")
        time.sleep(3)
        assert fault.struck < 60
        fake.heal()
        chain.settle(server)
    assert owner(server) == pid


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    b"*2147483647\r\n", b"+OK\r\n+OK\r\n+OK\r\n", b":1\r\n" * 1000,
    b"-LOADING Redis is loading the dataset in memory\r\n",
    b"-NOPERM this user has no permissions\r\n", b"$5\r\nab\r\n"])
def test_not_redis(nginx, answer):
    """From the start: refused, and tried again without haste; nothing is
    enforced by it, one alert says so."""
    with FakeRedis() as fake:
        fake.on("*", answer, times=10 ** 9)
        server = nginx(SITES % "200ms", redis=fake)
        server.allow("nothing is known yet|refuses user")
        wait_for("the alert", lambda: count(server, r"\[alert\]"))
        time.sleep(0.5)
        assert len(fake.met) < 8
        assert count(server, r"\[alert\]") == 1
        assert server.get(host=HOSTS[0]).status == 200
