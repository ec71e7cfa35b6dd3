# Copyright (C) 2026 paylock contributors
#
# replica=on: nginx follows a replica, which is cut off, promoted, emptied or
# filled again.

import contextlib
import json
import re
import socket
import threading
import time

import pytest

from support.chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, NODES, OPEN,
                           SITES, Chain, Watch, agrees, closed_hosts, count,
                           logged)
from support.fake_redis import FakeRedis
from support.replication import follow, in_step, promote, redis_servers
from support.servers import promised, wait_for

CUT_OFF = (r"\[error\].*replica whose link to its primary is \"(\w+)\": "
           r"see its log; \d+ records stay")


@pytest.fixture
def trio(private):
    """A primary, its replica, and one more Redis."""
    with redis_servers(private, "one", "two", "three",
                       repl_timeout=3) as (one, two, three):
        follow(two, one)
        yield one, two, three


@pytest.fixture
def followed(nginx, trio):
    """An nginx at the replica that closes HOSTS, and who writes."""
    one, two, _ = trio
    chain = Chain(one).init()
    in_step(two, one)
    server = closed_hosts(nginx, chain, "60s", at=two, redis=two,
                          options="replica=on")
    server.allow(ALERTS)
    return server, chain


def reports(redis):
    return redis.client().hgetall(NODES)


def asked(redis, command):
    stats = redis.client().info("commandstats")
    return stats.get(f"cmdstat_{command}", {"calls": 0})["calls"]


def lost_and_found(server, chain, cut, mend):
    """What is closed stays so, and what was missed comes after."""
    with Watch(server, HOSTS) as watch:
        cut()
        logged(server, CUT_OFF)
        logged(server, r"\[error\].*stale, no good answer")
        assert server.state("late.example") == "open"
        mend()
        chain.write(("late.example", LOCKED))
        server.wait_state("late.example", "locked")
        assert not watch.wrong
    wait_for("live", lambda: count(server, r"live, \d+ records") == 2)
    # each state of the link once: mostly it is "connect" all the time
    links = re.findall(CUT_OFF, server.error_log())
    assert len(set(links)) == len(links)
    assert count(server, r"\[alert\]") == 0


def test_a_replica_is_followed(followed, trio):
    """A change comes as fast as from a primary, and nothing is asked without
    pause; a report would have to be written where nobody can write."""
    server, chain = followed
    one, two, _ = trio
    logged(server, r"live, \d+ records, entry \d+, from a replica\n")
    for i in range(20):
        start = time.monotonic()
        chain.write((f"fresh{i}.example", LOCKED))
        server.wait_state(f"fresh{i}.example", "locked")
        assert time.monotonic() - start < promised(3)
    before = asked(two, "xread"), asked(two, "exec")
    time.sleep(6)
    assert asked(two, "xread") - before[0] <= 4
    assert 1 <= asked(two, "exec") - before[1] <= 4
    assert asked(two, "hset") == asked(one, "hset")     # replicated ones
    assert reports(one) == reports(two) == {}
    assert count(server, r"\[(warn|error|alert)\]") == 0


def test_a_primary_that_is_killed(followed, trio):
    """The replica knows at once, the node at its next look."""
    server, chain = followed
    one = trio[0]

    def restart():
        one.start()
        chain.client = one.client()
    lost_and_found(server, chain, one.kill, restart)


def test_a_primary_that_hangs(followed, trio):
    """The replica knows after its repl-timeout."""
    server, chain = followed
    one = trio[0]
    lost_and_found(server, chain, one.pause, one.resume)


def test_a_replica_that_is_filled_again(followed, trio):
    """Its primary does not remember what it lacks: all of it comes anew."""
    server, chain = followed
    one, two, _ = trio
    full = one.client().info("stats")["sync_full"]

    def mend():
        one.client().config_set("repl-backlog-size", 16384)
        chain.write(*((f"more{i}.example", LOCKED) for i in range(100)))
        follow(two, one)
    lost_and_found(server, chain,
                   lambda: two.client().replicaof("127.0.0.1", "1"), mend)
    assert one.client().info("stats")["sync_full"] == full + 1
    agrees(server, chain)


def test_a_replica_of_another(followed, trio):
    """That of a replica which has lost its primary is silent, too."""
    server, chain = followed
    one, two, three = trio
    follow(three, one)
    in_step(three, one)
    follow(two, three)
    in_step(two, one)
    server.wait_live(two)
    chain.settle(server)
    logged_before = count(server, CUT_OFF)
    with Watch(server, HOSTS) as watch:
        one.kill()
        wait_for("the end of the silence",
                 lambda: count(server, CUT_OFF) > logged_before)
        assert not watch.wrong


def test_a_replica_that_is_promoted(followed, trio):
    """It is followed on, and then takes the report."""
    server, chain = followed
    one, two, _ = trio
    with Watch(server, HOSTS) as watch:
        promote(two)
        one.stop()
        other = Chain(two)
        other.write(("fresh.example", LOCKED))
        server.wait_state("fresh.example", "locked")
        wait_for("the report", lambda: reports(two))
        assert not watch.wrong
    assert count(server, r"\[(warn|error|alert)\]") == 0


class Held:
    """A way to a primary on which what comes for a replica can be kept."""

    def __init__(self, port):
        self.upstream, self.kept, self.hold = port, [], False
        self.lock = threading.Lock()
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.upstream))
                self.sockets += [near, far]
                for one, other, down in (near, far, False), (far, near, True):
                    self.threads.append(threading.Thread(
                        target=self.pass_on, args=(one, other, down)))
                    self.threads[-1].start()

    def pass_on(self, one, other, down):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                with self.lock:
                    if down and self.hold:
                        self.kept.append((other, data))
                    else:
                        other.sendall(data)

    def release(self):
        with self.lock:
            self.hold = False
            for other, data in self.kept:
                other.sendall(data)

    def stop(self):
        for s in self.listener, *self.sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
        for thread in self.threads:
            thread.join(120)


def test_a_replica_that_lags(nginx, private):
    """Behind one name there may be several: what is known is not done again,
    and what was opened for a while in between is not opened again."""
    with redis_servers(private, "one", "two", "three",
                       repl_timeout=60) as (one, two, three), \
            contextlib.ExitStack() as stack:
        held = Held(one.port)
        stack.callback(held.stop)
        relay = stack.enter_context(FakeRedis(two.socket))
        follow(two, one)
        three.client().replicaof("127.0.0.1", held.port)
        chain = Chain(one).init()
        in_step(three, one)
        server = closed_hosts(nginx, chain, "60s", at=two, redis=relay,
                              options="replica=on")
        in_step(three, one)
        held.hold = True
        for record in OPEN, LOCKED:
            chain.write(*((host, record) for host in HOSTS))
        chain.settle(server)
        with Watch(server, HOSTS) as watch:
            relay.to(three.socket)
            logged(server, r"\[error\].*this replica is behind: it ends with "
                           rf"entry \d+, and {chain.seq} is known here; "
                           r"\d+ records stay in force")
            time.sleep(1)
            chain.write(("late.example", LOCKED))
            held.release()
            server.wait_state("late.example", "locked")
            assert not watch.wrong
        assert count(server, "is behind") == 1
        assert count(server, r"\[alert\]") == 0


def test_a_loss_is_no_lag(nginx, trio):
    """The other replica was promoted without the last entries: what was
    written since applies when its numbers are beyond those that are known,
    and what was lost is held."""
    one, two, three = trio
    follow(three, one)
    chain = Chain(one).init()
    in_step(three, one)
    server = closed_hosts(nginx, chain, "60s", at=two, redis=two,
                          options="replica=on")
    server.allow(ALERTS)
    in_step(three, one)
    promote(three)
    chain.write(*((f"lost{i}.example", LOCKED) for i in range(5)))
    server.wait_state("lost4.example", "locked")
    with Watch(server, [*HOSTS, "lost4.example"]) as watch:
        follow(two, three)
        logged(server, "this replica is behind")
        other = Chain(three)
        other.write(*((f"fresh{i}.example", LOCKED) for i in range(6)))
        server.wait_state("fresh5.example", "locked")
        assert not watch.wrong
    logged(server, r"\[alert\].*5 hosts that it shows open or not at all stay")
    other.seq = max(other.seq, chain.seq)
    other.adopt()
    server.wait_state("lost4.example", "open")
    assert server.state(HOSTS[0]) == "locked"


def test_reports_in_trouble(nginx, trio):
    """Whoever may be followed is reported to before it is known which it is:
    that what is there does not fit is told, too."""
    one = trio[0]
    chain = Chain(one).init()
    server = nginx("paylock_zone 256k;" + SITES % "200ms", redis=one,
                   options="replica=on")
    server.allow(ALERTS)
    server.wait_live(one)
    for n in range(12):
        chain.write(*((f"n{n}x{i}.example", LOCKED) for i in range(1000)))

    def stale():
        return any(json.loads(report)["state"] == "stale"
                   for report in reports(one).values())
    wait_for("the report of it", stale)


def test_a_primary_that_becomes_a_replica(nginx, trio):
    """With replica=on one directive serves both: there is one refusal of a
    report at most, for the one that was on its way."""
    one, two, three = trio
    chain = Chain(one).init()
    in_step(two, one)
    server = closed_hosts(nginx, chain, "60s", redis=one,
                          options="replica=on")
    wait_for("the report", lambda: reports(one))
    with Watch(server, HOSTS) as watch:
        promote(two)
        follow(one, two)
        in_step(one, two)
        other = Chain(two)
        other.write(("fresh.example", LOCKED))
        server.wait_state("fresh.example", "locked")
        time.sleep(6)
        watch.forget(HOSTS[0])
        other.write((HOSTS[0], OPEN), ("next.example", LOCKED))
        server.wait_state("next.example", "locked")
        assert not watch.wrong
    assert count(server, r"\[warn\].*refuses the report") <= 1
    assert count(server, r"\[alert\]") == 0


def test_a_replica_of_an_empty_redis(followed, trio):
    """What is gone opens nothing, as everywhere."""
    server, chain = followed
    _, two, three = trio
    with Watch(server, HOSTS) as watch:
        follow(two, three)
        in_step(two, three)
        assert two.client().dbsize() == 0
        logged(server, r"\[alert\].*hosts that it shows open or not at all "
                       "stay closed")
        assert not watch.wrong
    assert count(server, r"\[alert\]") == 1


def test_a_replica_that_never_had_its_primary(nginx, trio):
    """That nothing is there is not known before the first copy is."""
    one, two, three = trio
    chain = Chain(one).init()
    chain.write((HOSTS[0], LOCKED))
    three.client().replicaof("127.0.0.1", "1")
    server = nginx(SITES % "60s", redis=three, options="replica=on")
    server.allow("nothing is known yet")
    logged(server, r"\[alert\].*link to its primary is \"connect\": see its log; "
                   "nothing is known yet")
    time.sleep(2)
    assert count(server, "live,") == 0
    follow(three, one)
    server.wait_state(HOSTS[0], "locked")
    assert count(server, r"\[alert\]") == 1
    assert three.client().xlen(AUDIT) == 2 and three.client().hlen(LOCKS) == 1


def test_a_replica_without_the_parameter(nginx, trio):
    one, two, _ = trio
    Chain(one).init()
    in_step(two, one)
    for options in "", "replica=off":
        server = nginx(SITES % "60s", redis=two, options=options)
        server.allow("nothing is known yet")
        logged(server, r"\[alert\].*this is a replica: name its primary in "
                       r'"paylock_redis", or add replica=on')
        assert count(server, "live,") == 0
