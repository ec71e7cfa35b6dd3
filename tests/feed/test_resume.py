# Copyright (C) 2026 paylock contributors
#
# When all records are read again, what that costs, and that no change is
# missed.

import time

import pytest

from support import servers
from support.chain import (ALERTS, HOSTS, LOCKED, LOCKS, OPEN, SITES, Chain,
                           Watch, closed_hosts, count, logged)
from support.fake_redis import FakeRedis
from support.feed import scanned, unaudited
from support.servers import promised, wait_for


def fill(client, n, value="1"):
    p = client.pipeline(transaction=False)
    for i in range(0, n, 1000):
        p.hset(LOCKS, mapping={f"b{k}.example": value
                               for k in range(i, i + 1000)})
    p.execute()


def cut(server, chain, relay):
    before = len(relay.met)
    relay.cut()
    wait_for("the next connection", lambda: len(relay.met) > before)
    server.wait_live(chain.redis)


def test_connections_that_do_not_last(nginx, chain, redis):
    """Where the head is ours or extends ours, and the hash is as long as it
    should be, nothing is read again; what was missed is followed."""
    fill(chain.client, 3000)
    with FakeRedis(redis.socket) as relay:
        server = closed_hosts(nginx, chain, "1h", redis=relay, at=redis)
        before = scanned(chain)
        with Watch(server, HOSTS[1:]) as watch:
            for i in range(5):
                cut(server, chain, relay)
                relay.to("/nonexistent")
                chain.write((f"missed{i}.example", LOCKED),
                            (HOSTS[0], (OPEN, LOCKED)[i % 2]))
                relay.to(redis.socket)
                server.wait_state(f"missed{i}.example", "locked")
                server.wait_state(HOSTS[0], ("open", "locked")[i % 2])
            # more than a reply holds
            relay.to("/nonexistent")
            chain.write(*((f"more{i}.example", LOCKED) for i in range(600)))
            watch.forget(HOSTS[1])
            chain.write((HOSTS[1], None))
            relay.to(redis.socket)
            server.wait_state(HOSTS[1], "open")
        server.reload()
        server.wait_live(redis)
        chain.settle(server)
        assert scanned(chain) == before
        assert all((server.state(host) == "locked") == (i > 1)
                   for i, host in enumerate(HOSTS) if i)
        assert count(server, r"\[alert\]") == 0 == unaudited(server)


def test_by_hand_while_away(nginx, chain, redis):
    """A hash of another length is read, and a stream that goes elsewhere."""
    with FakeRedis(redis.socket) as relay:
        server = closed_hosts(nginx, chain, "1h", redis=relay, at=redis)
        relay.to("/nonexistent")
        chain.client.hset(LOCKS, "hand.example", "1")
        chain.write(("entry.example", LOCKED))
        relay.to(redis.socket)
        server.wait_state("entry.example", "locked")
        server.wait_state("hand.example", "locked")
        relay.to("/nonexistent")
        chain.client.hdel(LOCKS, "hand.example")
        relay.to(redis.socket)
        server.wait_state("hand.example", "open")


def test_scans_take_their_share(nginx, chain, redis):
    """Whatever asks for them: at first as they come, then seldom."""
    fill(chain.client, 100000)
    with FakeRedis(redis.socket) as relay:
        server = closed_hosts(nginx, chain, "1h; paylock_zone 8m",
                              redis=relay, at=redis)
        start = scanned(chain)
        for i in range(40):
            chain.client.hset(LOCKS, f"hand{i}.example", "1")
            cut(server, chain, relay)
        # one is some 400 replies, and lasts half a second or longer
        scans = (scanned(chain) - start) / 391
        print(f"{scans} scans for 40 connections")
        assert scans <= 15
        # entries do not wait for that, nor does a hash that is gone
        chain.settle(server)
        server.allow(ALERTS)
        chain.client.delete(LOCKS)
        logged(server, ALERTS + ".*closed", promised(6))


def test_a_scan_that_is_cut(nginx, chain, redis):
    """Entries that it has followed are not gone through once more, which
    would open what they open and close again."""
    fill(chain.client, 10000)
    written = iter([
        [(host, OPEN) for host in HOSTS],
        *([(f"more{n}-{i}.test", LOCKED) for i in range(200)]
          for n in range(4)),
        [(host, LOCKED) for host in HOSTS]])

    def slowly():
        chain.write(*next(written, []))
        time.sleep(0.3)

    with FakeRedis(redis.socket) as relay:
        server = closed_hosts(nginx, chain, "1h", redis=relay, at=redis)
        scan = relay.on("HSCAN", times=100, then=slowly)
        chain.client.hset(LOCKS, "hand.example", "1")
        relay.cut()
        wait_for("half of the scan", lambda: scan.struck >= 10)
        for host in HOSTS:
            server.wait_state(host, "locked")
        scan.times = 0
        with Watch(server, HOSTS):
            relay.cut()
            chain.settle(server)
            time.sleep(0.5)


def test_behind_the_place_that_is_read(nginx, chain, redis):
    """What is added by hand while all is read does not wait for the next
    time: a hash that is longer than what was seen is read again."""
    with FakeRedis(redis.socket) as relay:
        added = relay.on("HSCAN", then=lambda: chain.client.hset(
            LOCKS, "behind.example", "1"))
        server = closed_hosts(nginx, chain, "1h", redis=relay, at=redis)
        added.wait(0)
        server.wait_state("behind.example", "locked", promised(7))
        before = scanned(chain)
        time.sleep(6)
        assert scanned(chain) == before


@pytest.mark.parametrize("n", [20000, 50000])
def test_all_in_one_reply(nginx, private, n):
    """A hash that Redis keeps as a listpack comes whole, however much of it
    is asked for."""
    (private / "packed").mkdir()
    redis = servers.Redis(private / "packed", hash_max_listpack_entries=100000,
                          hash_max_listpack_value=1024)
    redis.start()
    try:
        client = redis.client()
        chain = Chain(redis).init()
        # such a hash is slow to write to, and not to be restored as one
        client.config_set("hash-max-listpack-entries", 0)
        value = '{"at":1000,"lock_at":1000,"reason":"%s"}' % ("x" * 100)
        client.hset(LOCKS, mapping={f"b{i}.example": value for i in range(n)})
        client.config_set("hash-max-listpack-entries", 100000)
        client.eval("return redis.call('RESTORE', KEYS[1], 0,"
                    " redis.call('DUMP', KEYS[1]), 'REPLACE')", 1, LOCKS)
        assert client.object("encoding", LOCKS) == "listpack"
        server = nginx(SITES % "60s; paylock_zone 8m", redis=redis)
        server.wait_state(f"b{n - 1}.example", "locked")
        logged(server, rf"live, {n} records")
        chain.write(("late.example", LOCKED))
        server.wait_state("late.example", "locked")
        assert count(server, r"\[(error|alert)\]") == 0
    finally:
        redis.stop()


def test_more_than_there_is(nginx, chain, redis):
    """What was not told to be there is not waited for."""
    with FakeRedis(redis.socket) as relay:
        server = closed_hosts(nginx, chain, "200ms", redis=relay, at=redis)
        server.allow("paylock: ")
        relay.on("HSCAN", b"*2\r\n$1\r\n0\r\n*131072\r\n")
        with Watch(server, HOSTS):
            logged(server, "an array of 131072 elements is announced")
            server.wait_live(redis)
