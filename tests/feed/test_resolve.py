# Copyright (C) 2026 paylock contributors
#
# The host name in paylock_redis: with a resolver it is looked up for each
# connection, without blocking a worker.

import os
import re
import signal
import time

import pytest

from support import servers
from support.nameserver import NameServer
from support.servers import promised, wait_for

SITES = """
    server { server_name acme.example; paylock on;
             location / { return 200 "acme"; } }
"""

# nobody but the name server of the test knows it
NAME = "redis.paylock.invalid"

FIRST, SECOND = "127.0.0.2", "127.0.0.3"


class Pair:
    """Two Redis on the same port of two addresses, and one name."""

    def __init__(self, directory, port):
        self.url = f"redis://{NAME}:{port}"
        self.socket = None
        self.redis = {}
        for address in (FIRST, SECOND):
            path = directory / address
            path.mkdir()
            self.redis[address] = servers.Redis(path, port=port, bind=address)

    def start(self):
        for redis in self.redis.values():
            redis.start()
        return self

    def stop(self):
        for redis in self.redis.values():
            redis.stop()

    def lock(self, address, *hosts):
        with self.redis[address].client() as client:
            client.hset("{paylock}:locks", mapping={h: "1" for h in hosts})

    def drop(self, address):
        with self.redis[address].client() as client:
            client.client_kill_filter(_type="normal", skipme=True)


@pytest.fixture
def names():
    server = NameServer(NAME)
    yield server
    server.stop()


@pytest.fixture
def pair(private):
    pair = Pair(private, servers.free_port())
    try:
        yield pair.start()
    finally:
        pair.stop()


@pytest.fixture
def start(nginx, names, pair):
    def start(**kw):
        server = nginx(f"resolver {names.address} ipv6=off;" + SITES,
                       redis=pair, **kw)
        server.allow("nothing is known yet")
        return server
    return start


def test_asked_at_each_connection(start, names, pair):
    """Redis moves: nginx finds it without a reload."""
    names.answer = [FIRST]
    pair.lock(FIRST, "acme.example", "first.example")
    pair.lock(SECOND, "acme.example", "second.example")
    server = start()
    server.wait_state("first.example", "locked")
    assert server.state("second.example") == "open"

    names.answer = [SECOND]
    pair.redis[FIRST].stop()
    server.wait_state("second.example", "locked")
    assert server.state("acme.example") == "locked"

    # and back again
    pair.redis[FIRST].start()
    pair.lock(FIRST, "third.example")
    names.answer = [FIRST]
    wait_for("the old answer to expire", lambda: pair.drop(SECOND) is None
             and server.state("third.example") == "locked", pause=0.5)


def test_address_that_does_not_answer(start, names, pair):
    """Of several addresses the next is tried until one answers."""
    names.answer = [FIRST, SECOND]
    pair.redis[FIRST].stop()
    pair.lock(SECOND, "acme.example")
    server = start()
    server.wait_state("acme.example", "locked")


def test_all_addresses_before_an_alert(start, names, pair):
    """One at which nobody listens is no reason for a word."""
    names.answer = [FIRST, SECOND]
    pair.redis[FIRST].stop()
    pair.lock(SECOND, "acme.example")
    for _ in range(6):
        server = start()
        server.wait_state("acme.example", "locked")
        pair.drop(SECOND)
        pair.lock(SECOND, "later.example")
        server.wait_live(pair.redis[SECOND])
        assert "nothing is known yet" not in server.error_log()
        assert "Connection refused" not in server.error_log()
        server.stop()


def test_unknown_at_start(start, names, pair):
    """Nginx starts, says so once and goes on asking."""
    pair.lock(FIRST, "acme.example")
    server = start()
    assert f'host not found in "paylock_redis" "{NAME}:' in server.output() \
        + server.error_log()
    before = names.asked
    wait_for("some questions", lambda: names.asked >= before + 4)
    assert server.get(host="acme.example").status == 200
    named = [line for line in server.error_log().splitlines()
             if "the name cannot be resolved: Host not found" in line]
    assert len(named) == 1
    names.answer = [FIRST]
    server.wait_state("acme.example", "locked")


def test_silent_name_server(start, names, pair):
    """Nobody waits for it: neither requests nor a worker that is to go."""
    names.answer = [FIRST]
    pair.lock(FIRST, "acme.example")
    server = start(options="connect_timeout=500ms")
    server.wait_state("acme.example", "locked")

    names.answer = None
    before = names.asked
    pair.redis[FIRST].stop()
    times = []

    def attempts():
        begin = time.monotonic()
        assert server.get(host="acme.example").status == 503
        times.append(time.monotonic() - begin)
        return names.asked >= before + 3

    wait_for("some questions", attempts)
    assert sorted(times)[len(times) // 2] < promised(0.1)
    told = re.findall(r"Redis at \S+: (.*); \d+ records stay in force",
                      server.error_log())
    assert "the name cannot be resolved: Operation timed out" in told
    assert len(told) == len(set(told)) <= 3
    server.reload()

    pair.redis[FIRST].start()
    names.answer = [FIRST]
    pair.lock(FIRST, "later.example")
    server.wait_state("later.example", "locked")


def owners(server):
    """The workers that have followed Redis, in their order."""
    return [int(pid) for pid in re.findall(
        r"(\d+)#\d+: paylock: this worker follows", server.error_log())]


def test_owner_sleeps_while_it_asks(start, names, pair):
    """An answer that comes when another worker has taken over is for nobody."""
    names.answer = [FIRST]
    pair.lock(FIRST, "acme.example")
    server = start(options="connect_timeout=20s")
    server.wait_state("acme.example", "locked")
    old = owners(server)[-1]

    names.answer = None
    before = names.asked
    pair.redis[FIRST].stop()
    wait_for("a question", lambda: names.asked >= before + 1)
    os.kill(old, signal.SIGSTOP)
    try:
        wait_for("another owner", lambda: owners(server)[-1] != old)
    finally:
        os.kill(old, signal.SIGCONT)

    pair.redis[FIRST].start()
    pair.lock(FIRST, "later.example")
    with pair.redis[FIRST].client() as client:
        before = client.info("stats")["total_connections_received"]
        names.answer = [FIRST]
        # the new one has asked later, and is answered later
        server.wait_state("later.example", "locked")
        after = client.info("stats")["total_connections_received"]
    assert after == before + 1
    assert old in server.workers()
    assert "exited on signal" not in server.error_log()


def test_silent_from_the_start(start, names, pair):
    names.answer = None
    pair.lock(FIRST, "acme.example")
    server = start(options="connect_timeout=500ms")
    wait_for("the failure", lambda: "the name cannot be resolved: Operation "
             "timed out" in server.error_log())
    names.answer = [FIRST]
    server.wait_state("acme.example", "locked")


def test_name_of_this_machine(nginx, names, private):
    """What the resolver does not know counts as it was at the start."""
    (private / "own").mkdir()
    redis = servers.Redis(private / "own", port=servers.free_port()).start()
    try:
        redis.url = f"redis://localhost:{redis.port}"
        with redis.client() as client:
            client.hset("{paylock}:locks", "acme.example", "1")
        server = nginx(f"resolver {names.address} ipv6=off;" + SITES,
                       redis=redis)
        server.wait_state("acme.example", "locked")
        assert names.asked
    finally:
        redis.stop()


def test_address_is_not_asked_for(nginx, names, redis):
    redis.client().config_set("port", port := servers.free_port())
    redis.url = f"redis://127.0.0.1:{port}"
    server = nginx(f"resolver {names.address};" + SITES)
    server.wait_live()
    assert not names.asked


def test_without_resolver(private):
    """Then the name must be known when nginx reads its configuration."""
    nginx = servers.Nginx(private / "config", control=False)
    none = servers.no_resolver()
    done = nginx.test(f"paylock_redis redis://{NAME}; {none}" + SITES)
    assert done.returncode == 1
    assert f'host not found in "paylock_redis" "{NAME}:6379" in ' \
        in done.stderr
    done = nginx.test(f"paylock_redis redis://{NAME}; resolver 127.0.0.1;"
                      + SITES)
    assert done.returncode == 0
    assert "[warn] " in done.stderr
    # one of a server is not that of paylock_redis
    done = nginx.test(f"paylock_redis redis://{NAME}; {none}"
                      + SITES.replace("paylock on;",
                                      "paylock on; resolver 127.0.0.1;"))
    assert done.returncode == 1
