# Copyright (C) 2026 paylock contributors
#
# A Redis that is away, silent, slow, busy or the wrong one; and workers that
# are killed, full or leaving meanwhile.  Closed sites stay closed, no request
# waits, one log line tells of it, and no change is lost.

import contextlib
import os
import re
import signal
import socket
import statistics
import threading
import time
import types

import pytest

from support.chain import (HOSTS, LOCKED, LOCKS, OPEN, SITES, Changing, Watch,
                           closed_hosts, count, logged, told)
from support.fake_redis import NOWHERE, FakeRedis
from support.feed import owner, recover
from support.servers import promised, wait_for

FOREVER = 10 ** 9

# between two rounds of asking, in outages that take many seconds
CALM = 0.05


@pytest.fixture
def fakes(redis):
    """fakes(n): so many, each in front of redis."""
    with contextlib.ExitStack() as stack:
        yield lambda n: [stack.enter_context(FakeRedis(redis.socket))
                         for _ in range(n)]


@contextlib.contextmanager
def full():
    """A port where nobody takes the connections, and no more fit."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(
            socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            s = stack.enter_context(socket.socket())
            s.setblocking(False)
            s.connect_ex(listener.getsockname())
        yield "redis://127.0.0.1:%d" % listener.getsockname()[1]


def stale(server):
    return re.findall(r"stale, no good answer from Redis for (\d+) ms",
                      server.error_log())


def test_attempts(nginx, chain, fakes, redis):
    """0.1 to 5 s apart, further and further, and no two nodes in step; the
    age is told, and what was changed meanwhile is in force at once."""
    pair = fakes(2)
    # another worker that takes over would begin anew
    nodes = [closed_hosts(nginx, chain, redis=fake, workers=1)
             for fake in pair]
    with Watch(nodes[0], HOSTS[1:], pause=CALM), \
            Watch(nodes[1], HOSTS[1:], pause=CALM):
        for fake in pair:
            fake.met.clear()
            fake.to(NOWHERE)
        chain.write((HOSTS[0], OPEN), ("new.example", LOCKED))
        wait_for("attempts", lambda: all(len(fake.met) >= 7 for fake in pair))
        both = [[b - a for a, b in zip(fake.met, fake.met[1:])][:6]
                for fake in pair]
        for gaps in both:
            # what is measured is when they were accepted, maybe late
            assert min(gaps) > 0.03 and max(gaps) < 8, gaps
            assert min(gaps[4:]) > 1 and sum(gaps[:3]) < 5, gaps
        assert any(abs(a - b) > 0.005 for a, b in zip(*both)), both
        for node, fake in zip(nodes, pair):
            wait_for("the age", lambda: stale(node))
            assert 10000 < int(stale(node)[0]) < 20000
            assert node.state(HOSTS[0]) == "locked"
            fake.to(redis.socket)
        for node in nodes:
            node.wait_state(HOSTS[0], "open")
            node.wait_state("new.example", "locked")
            wait_for("live again", lambda: count(node, r"live, \d+ rec") >= 2)
            assert len(stale(node)) == 1
            assert told(node)
            assert count(node, r"\[alert\]") == 0
    print("seconds between attempts:", both)


def test_a_whole_batch_after_an_outage(nginx, chain, fakes, redis):
    """That nobody answered says nothing of the size of replies."""
    fake, = fakes(1)
    server = closed_hosts(nginx, chain, redis=fake)
    fake.met.clear()
    fake.to(NOWHERE)
    wait_for("attempts", lambda: len(fake.met) >= 4)
    asked = []
    fake.on("HSCAN", request=lambda raw: asked.append(raw) or raw)
    fake.to(redis.socket)
    wait_for("HSCAN", lambda: asked)
    assert b"COUNT\r\n$3\r\n256\r\n" in asked[0]
    chain.settle(server)


def test_a_machine_that_stood_still(nginx, chain, fakes):
    """Where nginx itself did not run, the answer is not late."""
    fake, = fakes(1)
    server = closed_hosts(nginx, chain, redis=fake, options="timeout=1s",
                          workers=1)
    worker, = server.workers()

    def stand_still():
        os.kill(worker, signal.SIGSTOP)
        time.sleep(1.3)
        os.kill(worker, signal.SIGCONT)
        time.sleep(0.3)

    before = len(told(server))
    fault = fake.on("HSCAN", then=stand_still)
    wait_for("the scan", lambda: fault.struck)
    chain.settle(server)
    assert told(server)[before:] == []

    # but then Redis has to answer
    fake.on("*", b"", times=FOREVER, end="hang", then=stand_still)
    fake.cut()
    logged(server, "no answer in time")
    fake.heal()
    chain.settle(server)


def test_silence(nginx, chain, fakes):
    """No answer at all, connections that nobody takes, a byte now and then:
    each command has its deadline, and no request waits."""
    hung, slow, _ = three = fakes(3)
    nodes = [closed_hosts(nginx, chain, redis=fake) for fake in three]
    with contextlib.ExitStack() as stack:
        watches = [stack.enter_context(Watch(node, HOSTS[1:], pause=CALM))
                   for node in nodes]
        time.sleep(1)
        quiet = statistics.median(watches[0].times)
        for watch in watches:
            watch.times.clear()

        hung.on("*", b"", times=FOREVER, end="hang")
        slow.on("*", lambda real: real, times=FOREVER, pace=0.3)
        hung.met.clear(), slow.met.clear()
        hung.cut(), slow.cut()
        nodes[2].redis = types.SimpleNamespace(
            url=stack.enter_context(full()), users=True)
        nodes[2].reload()

        chain.write((HOSTS[0], OPEN))
        for node in nodes:
            wait_for("the age", lambda: stale(node))
            assert node.state(HOSTS[0]) == "locked"
            assert count(node, "stale") == 1
            assert told(node)
        logged(nodes[0], "no answer in time|connection was closed")
        logged(nodes[2], "cannot connect in time")
        wait_for("attempts", lambda: len(hung.met) > 2 and len(slow.met) > 2)
        for watch in watches:
            median = statistics.median(watch.times)
            p99 = statistics.quantiles(watch.times, n=100)[98]
            print(f"{median * 1000:.2f} ms, {quiet * 1000:.2f} ms before, "
                  f"99 % within {p99 * 1000:.2f} ms")
            # who waits for Redis waits for 300 ms, or for seconds
            assert median < max(5 * quiet, 0.05) and p99 < promised(1)

        hung.heal(), slow.heal()
        nodes[2].redis = three[2]
        nodes[2].reload()
        for node in nodes:
            node.wait_state(HOSTS[0], "open")


RIGHTS = r"it needs (%R~\S+) (%R~\S+) ((?:\+\S+ )*\+[a-z]+)"


def test_refused(nginx, chain, fakes, redis):
    """Without a password, with a wrong one, without the rights: one alert
    names the user and what it needs; again after 30 s, and no sooner."""
    three = fakes(3)
    nodes = [closed_hosts(nginx, chain, redis=fake) for fake in three]
    client = redis.client()
    for user in ("none", "wrong", "poor"):
        client.execute_command("ACL", "SETUSER", user, "on", ">secret-1",
                               "~*", "+@all")
    client.execute_command("ACL", "SETUSER", "poor", "-@all", "+auth",
                           "resetkeys", "+client|setname")
    (nodes[0].dir / "secret").write_text("secret-1")
    (nodes[0].dir / "mistake").write_text("secret-2")
    for name in "secret", "mistake":
        (nodes[0].dir / name).chmod(0o600)
    options = ["", f"username=wrong password_file={nodes[0].dir}/mistake",
               f"username=poor password_file={nodes[0].dir}/secret"]
    # as if the users that the tests have were unknown
    client.execute_command("CONFIG", "SET", "requirepass", "secret-3")
    said = [r'user "default": NOAUTH .*password of "paylock_redis"',
            r'user "wrong": WRONGPASS .*password of "paylock_redis"',
            rf'user "poor": NOPERM .*{RIGHTS}']
    with contextlib.ExitStack() as stack:
        for node, fake, option, words in zip(nodes, three, options, said):
            stack.enter_context(Watch(node, HOSTS, pause=CALM))
            node.allow("refuses user")
            fake.users = False
            node.options = option
            fake.met.clear()
            node.reload()
            logged(node, r"\[alert\].*refuses " + words)
        # the connection of the old worker may be counted
        first = [len(fake.met) for fake in three]
        start = time.monotonic()
        for node in nodes:
            wait_for("the age", lambda: stale(node))
        assert [len(fake.met) for fake in three] == first
        client.execute_command("CONFIG", "SET", "requirepass", "")
        rights = re.search(RIGHTS, nodes[2].error_log())
        client.execute_command("ACL", "SETUSER", "poor", rights[1], rights[2],
                               *rights[3].split())
        wait_for("the next attempts", lambda: all(
            len(fake.met) > n for fake, n in zip(three, first)))
        assert time.monotonic() - start > 20
        # two of the three have what they need now
        for node in nodes[::2]:
            wait_for("live", lambda: count(node, r"live, \d+ records") >= 2)
            chain.settle(node)
        for node in nodes:
            assert count(node, r"\[alert\]") == 1
            assert "secret-" not in node.error_log()


ERRORS = {
    "LOADING Redis is loading the dataset in memory": "XREVRANGE",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or "
    "SHUTDOWN NOSAVE.": "CLIENT",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set "
    "to 'no'.": "XREVRANGE",
    "UNBLOCKED force unblock from blocking operation, instance state changed "
    "(master -> replica?)": "XREAD",
    "CLUSTERDOWN Hash slot not served": "XREVRANGE",
    "MOVED 8118 192.0.2.7:6379": "XREVRANGE",
}


def test_not_now_or_not_here(nginx, chain, fakes):
    """Told once, tried again, and never taken for an empty Redis."""
    fake, = fakes(1)
    server = closed_hosts(nginx, chain, redis=fake)
    with Watch(server, HOSTS, pause=CALM):
        for error, command in ERRORS.items():
            fault = fake.on(command, b"-%s\r\n" % error.encode(), times=2)
            fake.cut()
            # each after as long a pause as there is
            try:
                wait_for("the fault", lambda: fault.struck == 2)
            except TimeoutError:
                log = (server.dir / "error.log").read_text()
                pytest.fail(f"{error}: {fault.struck} times\n{log[-4000:]}")
            recover(fake)
            chain.settle(server)
        for word in "MASTERDOWN", "CLUSTERDOWN", "MOVED":
            assert count(server, rf"\[error\].*{word} .*stay in force") == 1
        # between them there was peace: each is a reason anew
        assert count(server, "stay in force") <= 3 * len(ERRORS)
    assert count(server, r"\[alert\]") == 0


def test_one_reason_after_another(nginx, chain, fakes):
    """In one outage: each is told, once."""
    fake, = fakes(1)
    server = closed_hosts(nginx, chain, redis=fake)
    with Watch(server, HOSTS, pause=CALM):
        faults = [fake.on("XREVRANGE", b"-%s\r\n" % why, times=3) for why in (
            b"MASTERDOWN Link with MASTER is down",
            b"CLUSTERDOWN Hash slot 123 not served",
            b"CLUSTERDOWN Hash slot 124 not served")]
        fake.cut()
        wait_for("the faults", lambda: faults[-1].struck == 3)
        chain.settle(server)
    assert [why[:12] for why in told(server) if "DOWN" in why] \
        == ["MASTERDOWN L", "CLUSTERDOWN "]


@pytest.mark.parametrize("error", [
    "LOADING Redis is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down"])
def test_not_yet(nginx, chain, error, redis):
    """From the start: nothing is known, which is not that nothing is there."""
    chain.write((HOSTS[0], LOCKED))
    with FakeRedis(redis.socket) as fake:
        fault = fake.on("XREVRANGE", b"-%s\r\n" % error.encode(), times=4)
        server = nginx(SITES % "200ms", redis=fake)
        server.allow("nothing is known yet")
        wait_for("the fault", lambda: fault.struck >= 2)
        assert count(server, "live,") == 0
        server.wait_state(HOSTS[0], "locked")
        assert count(server, r"\[alert\]") == 1
        assert count(server, "live, 0") == 0


def test_a_primary_that_becomes_a_replica(nginx, chain):
    """Followed no more, though it would answer, until it is one again."""
    server = closed_hosts(nginx, chain)
    with Watch(server, HOSTS):
        # which takes from its new primary, as soon as there is one, all
        chain.client.replicaof("127.0.0.1", "1")
        logged(server, "this is a replica: name its primary")
        chain.client.config_set("replica-read-only", "no")
        chain.client.delete(LOCKS)
        time.sleep(1)
        chain.client.config_set("replica-serve-stale-data", "no")
        time.sleep(1)
        assert told(server)
        records = {host: '{"at":1000,"lock_at":1000}' for host in HOSTS}
        chain.client.config_set("replica-serve-stale-data", "yes")
        chain.client.hset(LOCKS, mapping=records)
        chain.client.replicaof("no", "one")
        server.wait_live()
        chain.settle(server)
    assert count(server, r"\[alert\]") == 0


def test_a_script_that_blocks(nginx, chain, redis):
    server = closed_hosts(nginx, chain)
    chain.client.config_set("busy-reply-threshold", "10")

    def block():
        with redis.client() as client, contextlib.suppress(Exception):
            client.eval("while true do end", 0)

    thread = threading.Thread(target=block)
    with Watch(server, HOSTS):
        thread.start()
        try:
            logged(server, "stay in force")
            time.sleep(1)
        finally:
            with redis.client() as client:
                wait_for("the script to end",
                         lambda: client.script_kill() or True)
            thread.join(120)
        server.wait_live()
        chain.settle(server)
    assert count(server, r"\[alert\]") == 0
    assert told(server)


def test_owner_is_killed_while_it_writes(nginx, chain, fakes):
    """Again and again, in the middle of a scan and of changes: the table is
    whole, and the next owner goes on within 2 s."""
    server = closed_hosts(nginx, chain, "1ms", workers=3)
    # the master frees what was locked when its holder died
    server.allow(r'exited on signal 9|zone "paylock_\S+" was locked by')
    p = chain.client.pipeline(transaction=False)
    for i in range(0, 20000, 1000):
        p.hset(LOCKS, mapping={f"b{n}.example": "1"
                               for n in range(i, i + 1000)})
    p.execute()
    server.wait_state("b19999.example", "locked")

    def changes(i):
        return [(f"f{(i * 40 + n) % 400}.example",
                 (OPEN, LOCKED)[i // 10 % 2]) for n in range(40)]

    took = []
    with Watch(server, [*HOSTS, "b1.example", "b777.example"]):
        with Changing(chain, changes):
            for i in range(12):
                # somewhere in what a scan of 50 ms does
                time.sleep(0.1 + 0.013 * i)
                old = owner(server)
                os.kill(old, signal.SIGKILL)
                start = time.monotonic()
                wait_for("another owner", lambda: owner(server) != old)
                took.append(time.monotonic() - start)
        chain.look()
        chain.settle(server)
    print(f"taken over after {max(took):.2f} s at most")
    assert statistics.median(took) < promised(2)
    # what opens waits for the end of the new owner's scan
    there = {host: record for host, record
             in chain.client.hgetall(LOCKS).items() if host[0] != "b"}
    wait_for("nginx and Redis to agree", lambda: all(
        (server.state(host) == "locked") == ("lock" in record)
        for host, record in there.items()))


def test_no_connection_left(nginx, chain, fakes):
    """When the clients take them all, nothing opens, and it is said what to
    raise; when they are gone, nginx goes on."""
    fake, = fakes(1)
    server = closed_hosts(nginx, chain, redis=fake, workers=1)
    server.allow("worker_connections are not enough|raise them")
    with contextlib.ExitStack() as stack:
        def crowd(n):
            for _ in range(n):
                s = stack.enter_context(socket.socket())
                s.setblocking(False)
                s.connect_ex(("127.0.0.1", server.port))
                s.setblocking(True)
                with contextlib.suppress(OSError):
                    s.sendall(b"GET / HTTP/1.1\r\n")

        crowd(520)

        def refused():
            # nginx takes back what has sent nothing yet
            fake.cut()
            crowd(5)
            return count(server, r'\[alert\].*all "worker_connections" are '
                         "in use: raise them; 2. records stay in force")
        wait_for("the reason", refused, pause=0.2)
    server.wait_state(HOSTS[0], "locked")
    chain.settle(server)


@pytest.mark.parametrize("stage", ["connecting", "silent", "slow", "away"])
def test_workers_leave_meanwhile(nginx, chain, fakes, stage):
    """A reload and the end, whatever the connection waits for."""
    fake, = fakes(1)
    server = closed_hosts(nginx, chain, redis=fake)
    with contextlib.ExitStack() as stack:
        fake.met.clear()
        if stage == "silent":
            fake.on("*", b"", times=FOREVER, end="hang")
        elif stage == "slow":
            fake.on("*", lambda real: real, times=FOREVER, pace=0.3)
        elif stage == "away":
            fake.upstream = NOWHERE
        else:
            server.redis = types.SimpleNamespace(
                url=stack.enter_context(full()), users=True)
            server.reload()
        fake.cut()
        if stage != "connecting":
            wait_for("attempts", lambda: fake.met)
        with Watch(server, HOSTS):
            start = time.monotonic()
            server.reload()
            wait_for("the old workers to leave",
                     lambda: len(server.family()) == 3)
        server.stop()
        print(f"{stage}: {time.monotonic() - start:.2f} s")
    assert count(server, "open socket|left in connection") == 0
