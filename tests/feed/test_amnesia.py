# Copyright (C) 2026 paylock contributors
#
# A Redis that lost its data, or has other data, neither opens a locked site
# nor closes an open one.

import os
import signal
import time

import pytest

from support import servers
from support.chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, OPEN, SITES,
                           Chain, Changing, Watch, agrees, count, entry_hash,
                           logged)
from support.fake_redis import FakeRedis
from support.servers import promised, wait_for


def ended_by_adopt(server, chain, watch):
    """The hosts of HOSTS are open in Redis, which is now the truth."""
    watch.forget(*HOSTS)
    adopts = count(server, "adopts this Redis|was adopted")
    chain.adopt()
    agrees(server, chain)
    wait_for("the adoption", lambda: count(
        server, "adopts this Redis|was adopted") > adopts)
    chain.write((HOSTS[0], LOCKED))
    server.wait_state(HOSTS[0], "locked")
    watch.expect(closed=[HOSTS[0]], open=HOSTS[1:])
    time.sleep(0.3)


# B8: what was there is gone

LOSSES = {
    "FLUSHALL": lambda c: c.flushall(),
    "DEL of the records": lambda c: c.delete(LOCKS),
    "TTL of the records": lambda c: c.pexpire(LOCKS, 200),
    "all hosts but one are gone": lambda c: c.hdel(LOCKS, *HOSTS),
    "every host is open": lambda c: c.hset(LOCKS, mapping=dict.fromkeys(
        c.hkeys(LOCKS), "0")),
}


@pytest.mark.parametrize("loss,reconcile", [
    *((loss, "200ms") for loss in LOSSES),
    ("FLUSHALL", "1h"), ("DEL of the records", "1h")])
def test_loss_of_records(sites, chain, loss, reconcile):
    """Found within 5 s however long until the next scan; held until
    adopted."""
    server = sites(reconcile)
    with Watch(server, HOSTS, ["open.example", "none.test"]) as watch:
        LOSSES[loss](chain.client)
        logged(server, ALERTS + r".*2[0-2] .*closed", promised(6))
        alerts = count(server, r"\[alert\]")
        time.sleep(0.5)
        ended_by_adopt(server, chain, watch)
        assert count(server, r"\[alert\]") == alerts


@pytest.mark.parametrize("how", ["DEL", "TTL"])
def test_loss_of_the_stream(sites, chain, how):
    """Nothing opens, since the records are there; adopt goes on."""
    server = sites()
    with Watch(server, HOSTS) as watch:
        if how == "DEL":
            chain.client.delete(AUDIT)
        else:
            chain.client.pexpire(AUDIT, 300)
        logged(server, ALERTS + "", promised(6))
        assert count(server, r"\[alert\]") == 1
        # without a stream nobody knows what a change is worth
        chain.client.hset(LOCKS, "late.example", "locked")
        server.wait_state("late.example", "locked", promised(6))
        chain.adopt()
        watch.forget(HOSTS[0])
        chain.write((HOSTS[0], OPEN))
        server.wait_state(HOSTS[0], "open")
        agrees(server, chain)
    assert count(server, r"\[alert\]") == 1


def test_an_entry_ends_a_hold(sites, chain):
    server = sites()
    with Watch(server, HOSTS) as watch:
        chain.client.delete(LOCKS)
        logged(server, ALERTS)
        watch.forget(*HOSTS[:3])
        chain.write((HOSTS[0], OPEN), (HOSTS[1], None))
        server.wait_state(HOSTS[0], "open")
        server.wait_state(HOSTS[1], "open")
        chain.write((HOSTS[2], LOCKED))
        time.sleep(0.6)
        assert server.state(HOSTS[2]) == "locked"
        # and what is written for it afterwards is believed as ever
        chain.write((HOSTS[2], None))
        server.wait_state(HOSTS[2], "open")


def test_what_comes_back_ends_a_hold(sites, chain):
    """A restored backup needs no adoption."""
    server = sites()
    records = chain.client.hgetall(LOCKS)
    with Watch(server, HOSTS):
        chain.client.delete(LOCKS)
        logged(server, ALERTS)
        chain.client.hset(LOCKS, mapping=records)
        logged(server, r"live, \d+ records(?s:.*)live, \d+ records")
    agrees(server, chain)


def test_holds_outlive_reload_and_worker(sites, chain):
    server = sites()
    server.allow("exited on signal 9")
    chain.client.flushall()
    logged(server, ALERTS)
    with Watch(server, HOSTS) as watch:
        server.reload()
        server.wait_live()
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
            time.sleep(0.3)
        wait_for("workers", lambda: len(server.workers()) == 2)
        server.wait_live()
        time.sleep(0.6)
        assert not watch.wrong
        ended_by_adopt(server, chain, watch)


def test_flushall_under_load(sites, chain):
    """Changes all the while; one of them may be the first of the new chain."""
    server = sites()

    def changes(i):
        return [(f"load{i % 50}.example", (OPEN, LOCKED)[i % 2])]

    with Watch(server, HOSTS) as watch:
        with Changing(chain, changes):
            time.sleep(0.5)
            chain.client.flushall()
            logged(server, ALERTS, promised(6))
            time.sleep(2)
            assert not watch.wrong
        chain.look()
        ended_by_adopt(server, chain, watch)


def test_eviction(nginx, private):
    """maxmemory and allkeys-lru, as a cache has them: both keys go."""
    (private / "cache").mkdir()
    redis = servers.Redis(private / "cache", appendonly="no",
                          maxmemory_policy="allkeys-lru")
    redis.start()
    try:
        chain = Chain(redis).init()
        chain.write(*((host, LOCKED) for host in HOSTS))
        server = nginx(SITES % "200ms", redis=redis)
        server.allow(ALERTS)
        server.wait_live()
        chain.settle(server)
        client = redis.client()
        with Watch(server, HOSTS) as watch:
            client.config_set("maxmemory", "3mb")

            def evicted():
                with client.pipeline(transaction=False) as p:
                    for _ in range(200):
                        p.set(f"junk:{time.time_ns()}", "x" * 2000)
                        time.sleep(0)
                    p.execute(raise_on_error=False)
                return not client.exists(LOCKS) and not client.exists(AUDIT)
            wait_for("the eviction of both keys", evicted)
            logged(server, ALERTS + ".*closed", promised(6))
            time.sleep(0.6)
            assert not watch.wrong
            client.config_set("maxmemory", "0")
            client.config_set("maxmemory-policy", "noeviction")
            ended_by_adopt(server, chain, watch)
    finally:
        redis.stop()


@pytest.mark.parametrize("key", [LOCKS, AUDIT])
def test_wrong_type(sites, chain, key):
    """Named, once; the state stays; put right, it is followed."""
    server = sites()
    with Watch(server, HOSTS):
        chain.client.rename(key, "aside")
        chain.client.set(key, "junk")
        logged(server, "WRONGTYPE.*records stay in force", promised(6))
        time.sleep(1)
        assert count(server, "WRONGTYPE") == 1
        chain.client.rename("aside", key)
        server.wait_live()
        chain.settle(server)
    agrees(server, chain)


def test_wrong_database(sites, chain):
    server = sites()
    right = server.redis.url
    with Watch(server, HOSTS):
        server.redis.url = right + "?db=5"
        server.reload()
        logged(server, ALERTS + ".*closed")
        time.sleep(0.6)
        server.redis.url = right
        server.reload()
        server.wait_live()
        chain.settle(server)
    agrees(server, chain)


@pytest.mark.parametrize("there", ["nothing", "another chain",
                                   "hand-written locks"])
def test_fresh_server(nginx, redis, chain, private, there):
    """Another Redis behind the same address."""
    chain.write(*((host, LOCKED) for host in HOSTS), ("open.example", OPEN))
    (private / "new").mkdir()
    fresh = servers.Redis(private / "new").start()
    relay = FakeRedis(redis.socket)
    try:
        server = nginx(SITES % "200ms", redis=relay)
        server.allow(ALERTS)
        server.wait_live(redis)
        chain.settle(server)
        with Watch(server, HOSTS) as watch:
            if there == "another chain":
                # its entries are new to us, and one opens this host
                watch.forget(HOSTS[0])
                Chain(fresh).init().write(("new.example", LOCKED),
                                          (HOSTS[0], OPEN))
            elif there == "hand-written locks":
                fresh.client().hset(LOCKS, "new.example", "locked")
            relay.to(fresh.socket)
            logged(server, ALERTS + ".*closed")
            if there != "nothing":
                server.wait_state("new.example", "locked")
            time.sleep(0.6)
            after = Chain(fresh)
            if there != "another chain":
                after.chain, after.seq, after.hash = (chain.chain, chain.seq,
                                                      chain.hash)
            after.markers = 100
            ended_by_adopt(server, after, watch)
    finally:
        relay.stop()
        fresh.stop()


# B9: a stream that was tampered with

def rebuild(chain, change, gone=(), there=None):
    """The stream written anew, as change makes it of its entries; records
    that go with it, and that come."""
    entries = change(chain.client.xrange(AUDIT))
    with chain.client.pipeline(transaction=True) as p:
        p.delete(AUDIT)
        if gone:
            p.hdel(LOCKS, *gone)
        if there:
            p.hset(LOCKS, mapping=there)
        for id, entry in entries:
            p.xadd(AUDIT, entry, id=id)
        p.execute()


def edited(entries, n):
    entries[n][1]["reason"] = "paid"
    return entries


def test_trimmed_below_our_seq(sites, chain):
    """Entries that were never followed are gone, and others came."""
    server = sites()
    with Watch(server, HOSTS) as watch:
        with chain.client.pipeline(transaction=True) as p:
            seq = chain.seq
            prev = chain.hash
            for i in range(1, 5):
                host = f"new{i}.example"
                entry = chain.entry(seq + i, prev, host=host, action="lock",
                                    after='{"lock_at":1}')
                prev = entry["hash"]
                p.xadd(AUDIT, entry, id=f"{seq + i}-0")
                p.hset(LOCKS, host, '{"lock_at":1}')
            # an opening that no entry tells of any more
            p.hdel(LOCKS, HOSTS[0])
            p.xtrim(AUDIT, minid=f"{seq + 3}-0", approximate=False)
            p.execute()
        chain.look()
        logged(server, ALERTS)
        for i in range(1, 5):
            server.wait_state(f"new{i}.example", "locked")
        # what is new is applied, HOSTS[0] stays closed until it is adopted
        chain.write(("new1.example", OPEN))
        server.wait_state("new1.example", "open")
        assert not watch.wrong
        watch.forget(HOSTS[0])
        chain.adopt()
        agrees(server, chain)


def test_trimmed_to_nothing(sites, chain):
    server = sites("1h")
    with Watch(server, HOSTS):
        chain.client.xtrim(AUDIT, maxlen=0, approximate=False)
        logged(server, ALERTS, promised(6))
        agrees(server, chain)
        # what goes on from there goes on
        chain.settle(server)
    agrees(server, chain)
    assert count(server, r"\[alert\]") == 1


def test_deleted_in_the_middle(sites, chain):
    """Of entries that come one is missing: read again, and say so."""
    server = sites()
    with Watch(server, HOSTS) as watch:
        seq, prev = chain.seq, chain.hash
        with chain.client.pipeline(transaction=True) as p:
            for i, host in enumerate(["new1.example", HOSTS[0],
                                      "new2.example"], 1):
                after = '{"open_at":1}' if host in HOSTS else '{"lock_at":1}'
                entry = chain.entry(seq + i, prev, host=host, action="lock",
                                    after=after)
                prev = entry["hash"]
                p.xadd(AUDIT, entry, id=f"{seq + i}-0")
                p.hset(LOCKS, host, after)
            p.xdel(AUDIT, f"{seq + 2}-0")
            p.execute()
        chain.look()
        logged(server, "does not follow")
        logged(server, ALERTS)
        server.wait_state("new1.example", "locked")
        server.wait_state("new2.example", "locked")
        # nothing tells any more why this one should open
        time.sleep(0.6)
        assert server.state(HOSTS[0]) == "locked"
        watch.forget(HOSTS[0])
        chain.write((HOSTS[0], OPEN))
        server.wait_state(HOSTS[0], "open")
        agrees(server, chain)


def test_deleted_where_it_was_followed(sites, chain):
    """What nginx has applied stays applied, now and after a reload."""
    server = sites()
    with Watch(server, HOSTS):
        chain.client.xdel(AUDIT, f"{chain.seq - 5}-0")
        server.reload()
        server.wait_live()
        chain.settle(server)
    agrees(server, chain)
    assert count(server, r"\[alert\]") == 0


def test_entry_edited_before_it_is_read(sites, chain):
    server = sites()
    with Watch(server, HOSTS) as watch:
        watch.forget(HOSTS[2])
        seq, prev = chain.seq, chain.hash
        with chain.client.pipeline(transaction=True) as p:
            for i in (1, 2):
                entry = chain.entry(seq + i, prev, host=HOSTS[i],
                                    action="unlock", after='{"open_at":1}')
                prev = entry["hash"]
                if i == 1:
                    entry["reason"] = "paid"
                p.xadd(AUDIT, entry, id=f"{seq + i}-0")
                p.hset(LOCKS, HOSTS[i], '{"open_at":1}')
            p.execute()
        chain.look()
        logged(server, "does not carry the hash of its contents")
        logged(server, ALERTS)
        # the entry after it is whole; of the edited one nothing is believed
        server.wait_state(HOSTS[2], "open")
        time.sleep(0.6)
        assert server.state(HOSTS[1]) == "locked"
        watch.forget(HOSTS[1])
        chain.adopt()
        agrees(server, chain)


def test_last_entry_edited(sites, chain):
    """The head itself does not hold: everything stays, and it is said."""
    server = sites()
    with Watch(server, HOSTS) as watch:
        rebuild(chain, lambda entries: edited(entries, -1))
        logged(server, r"the last entry of .* does not carry the hash",
               promised(7))
        logged(server, ALERTS, promised(7))
        # entries after it come through
        watch.forget(HOSTS[0])
        chain.write((HOSTS[0], OPEN))
        server.wait_state(HOSTS[0], "open")


def test_recreated_with_an_edited_entry(sites, chain):
    """Behind what nginx knows nothing changes for it; the head is ours."""
    server = sites()
    with Watch(server, HOSTS):
        rebuild(chain, lambda entries: edited(entries, 3))
        server.reload()
        server.wait_live()
        chain.settle(server)
    agrees(server, chain)


def test_history_forged_to_the_end(sites, chain):
    """Every hash fits, and none is the one that nginx knows: what this Redis
    opens without a new entry stays closed, be it one host."""
    server = sites()

    def forge(entries):
        chain.seq, chain.hash = 0, "0" * 64
        for id, entry in edited(entries, 3):
            chain.seq = int(id.split("-")[0])
            entry["prev"] = chain.hash
            chain.hash = entry["hash"] = entry_hash(chain.seq, entry)
        entries.append((f"{chain.seq + 1}-0", chain.entry(
            chain.seq + 1, chain.hash, action="lock", host="new.example",
            after='{"lock_at":1}')))
        return entries

    with Watch(server, HOSTS) as watch:
        rebuild(chain, forge, [HOSTS[0]], {"new.example": '{"lock_at":1}'})
        chain.look()
        logged(server, "does not follow|does not go on")
        server.wait_state("new.example", "locked")
        time.sleep(0.6)
        assert server.state(HOSTS[0]) == "locked"
        watch.forget(HOSTS[0])
        chain.adopt()
        server.wait_state(HOSTS[0], "open")


def test_recreated_with_lower_ids(sites, chain):
    server = sites()
    with Watch(server, HOSTS) as watch:
        chain.client.delete(AUDIT, LOCKS)
        new = Chain(chain.redis).init()
        assert new.seq == 1
        logged(server, ALERTS + ".*closed", promised(6))
        new.write(("new.example", LOCKED))
        server.wait_state("new.example", "locked")
        # an entry of the new chain for the host is believed
        watch.forget(HOSTS[0])
        new.write((HOSTS[0], OPEN))
        server.wait_state(HOSTS[0], "open")
        new.markers = 100
        new.seq = chain.seq + 5
        ended_by_adopt(server, new, watch)
