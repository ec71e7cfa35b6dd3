# Copyright (C) 2026 paylock contributors
#
# A failover that lost the last entries, wrong clocks, and thousands of entries
# at once.

import re
import time

import pytest

from support import servers
from support.chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, OPEN, SITES,
                           Chain, Watch, agrees, count, logged)
from support.fake_redis import NOWHERE
from support.replication import in_step, promote
from support.servers import promised


# B10: a failover that lost the tail


@pytest.mark.parametrize("writes", [0, 1, 3, 5])
def test_failover_that_lost_the_tail(nginx, pair, writes):
    """Three locks and an unlock are lost; the new primary gets entries of
    its own, fewer, as many, or more: the same ids hold something else."""
    one, two, relay = pair
    chain = Chain(one).init()
    chain.write(*((host, LOCKED) for host in HOSTS[:10]),
                ("open.example", OPEN))
    server = nginx(SITES % "200ms", redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    chain.settle(server)
    in_step(two, one)

    # the link is cut, and the old primary does not know
    promote(two)
    lost = HOSTS[10:13]
    chain.write(*((host, LOCKED) for host in lost))
    chain.write((HOSTS[0], OPEN))
    server.wait_state(lost[-1], "locked")
    server.wait_state(HOSTS[0], "open")
    known = chain.seq

    other = Chain(two)
    assert other.seq == known - 4
    other.markers = 100
    for i in range(writes):
        other.write((f"other{i}.example", LOCKED))
    assert (other.seq >= known) == (writes >= 4)

    with Watch(server, [*HOSTS[1:10], *lost]) as watch:
        relay.to(two.socket)
        logged(server, ALERTS + r".*3 (closed )?hosts.*stay closed.*")
        line, = re.findall(r"\[alert\].*stay closed.*", server.error_log())
        for host in lost:
            assert host in line
        for i in range(writes):
            server.wait_state(f"other{i}.example", "locked")

        # the lost opening closes the host again: what closes is believed
        server.wait_state(HOSTS[0], "locked")

        # new entries apply, also to a host that is held
        watch.forget(lost[0])
        other.write(("fresh.example", LOCKED), (lost[0], OPEN))
        server.wait_state("fresh.example", "locked")
        server.wait_state(lost[0], "open")
        time.sleep(0.6)
        assert count(server, r"\[alert\]") == 1
        assert not watch.wrong

        watch.forget(*lost)
        other.seq = max(other.seq, known)
        other.adopt()
        agrees(server, other)
        for host in lost:
            server.wait_state(host, "open")
        logged(server, r"\[alert\](?s:.*)live, \d+ records")
    assert count(server, r"\[alert\]") == 1


PLANS = {
    "an opening is called off": lambda at: (
        {**LOCKED, "open_at": at}, LOCKED),
    "a lock is brought forward": lambda at: (
        {"at": 1000, "lock_at": at + 3600}, {"at": 1000, "lock_at": at}),
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("again", [False, True], ids=["lost", "known"])
def test_failover_that_lost_a_plan(nginx, pair, plan, again):
    """What is planned in its place opens nothing that would be closed then;
    unless an entry that is newer says so."""
    one, two, relay = pair
    chain = Chain(one).init()
    at = int(time.time()) + 6
    first, then = PLANS[plan](at)
    chain.write(*((host, first) for host in HOSTS))
    server = nginx(SITES % "200ms", redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    in_step(two, one)
    promote(two)
    chain.write(*((host, then) for host in HOSTS))
    chain.settle(server)
    other = Chain(two)
    if again:
        other.markers = 100
        other.write(*((f"more{i}.test", LOCKED) for i in range(30)))
        other.write(*((host, first) for host in HOSTS))
    relay.to(two.socket)
    logged(server, "does not go on from")
    time.sleep(max(0, at + 1 - time.time()))
    assert {server.state(host) for host in HOSTS} \
        == {"open" if again else "locked"}


def test_adopted_while_nginx_was_away(nginx, pair):
    """The walk back meets the adopt entry before it meets its own."""
    one, two, relay = pair
    chain = Chain(one).init()
    chain.write(*((host, LOCKED) for host in HOSTS))
    server = nginx(SITES % "200ms", redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    chain.settle(server)
    in_step(two, one)
    promote(two)
    chain.write(("lost.example", LOCKED))
    server.wait_state("lost.example", "locked")

    other = Chain(two)
    other.markers = 100
    other.client.hdel(LOCKS, *HOSTS[:15])
    other.seq = chain.seq
    entry = other.client.xrevrange(AUDIT, count=1)[0][1]
    other.hash = entry["hash"]
    other.adopt()
    # more than one reply of the walk
    other.write(*((f"other{i}.example", LOCKED) for i in range(400)))
    with Watch(server, HOSTS[15:]):
        relay.to(two.socket)
        server.wait_state("other399.example", "locked")
        for host in [*HOSTS[:15], "lost.example"]:
            server.wait_state(host, "open")
        agrees(server, other)
    assert count(server, r"\[alert\]") == 0
    logged(server, "it was adopted")


def test_failover_as_people_live_it(nginx, pair, private):
    """paylock-admin and nginx, both behind the same address."""
    one, two, relay = pair
    admin = servers.Admin(relay, private / "admin")
    admin("init")
    admin("lock", *HOSTS)
    server = nginx(SITES % "200ms", redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    server.wait_state(HOSTS[-1], "locked")
    in_step(two, one)
    promote(two)
    admin("lock", "lost.again.test", "lost.example")
    server.wait_state("lost.example", "locked")

    lost = ["lost.again.test", "lost.example"]
    with Watch(server, [*HOSTS, *lost]) as watch:
        relay.to(two.socket)
        logged(server, ALERTS + ".*2 hosts .*stay closed.*lost.example")
        refused = admin("unlock", HOSTS[0], check=False)
        assert refused.returncode == 1 and "adopt" in refused.stderr
        assert not watch.wrong
        watch.forget(*lost)
        admin("adopt", "--yes")
        for host in lost:
            server.wait_state(host, "open")
        admin("lock", "lost.example")
        server.wait_state("lost.example", "locked")
        watch.forget(HOSTS[0])
        admin("unlock", HOSTS[0])
        server.wait_state(HOSTS[0], "open")
    agrees(server, Chain(two))
    assert count(server, r"\[alert\]") == 1


def test_away_for_long(nginx, pair):
    """Without loss: thousands of entries are walked back to our own, and
    the openings among them are believed, however many they are."""
    one, two, relay = pair
    chain = Chain(one).init()
    chain.write(*((host, LOCKED) for host in HOSTS))
    server = nginx(SITES % "200ms", redis=relay)
    server.wait_live(one)
    chain.settle(server)
    in_step(two, one)
    with Watch(server, HOSTS[15:]):
        relay.to(NOWHERE)
        for n in range(8):
            chain.write(*((f"new{i}.example", LOCKED) for i in range(n, 250)))
        chain.write(*((host, None) for host in HOSTS[:15]))
        in_step(two, one)
        relay.to(two.socket)
        promote(two)
        server.wait_state("new249.example", "locked")
        for host in HOSTS[:15]:
            server.wait_state(host, "open")
        agrees(server, chain)
    assert count(server, r"\[alert\]") == 0


# B12: clocks

def test_clocks_one_hour_off(sites, chain):
    """Now is now, whatever the writer's clock or ours says of it."""
    server = sites()
    now = int(time.time())
    for off in (-3600, 3600):
        at = now + off
        chain.write(("a.example", {"at": at, "lock_at": at}),
                    time=str(at * 1000))
        server.wait_state("a.example", "locked")
        chain.write(("a.example", {"at": at + 1, "open_at": at + 1}),
                    time=str(at * 1000 + 1000))
        server.wait_state("a.example", "open")
        chain.write(("a.example", {"at": at + 2, "open_at": at + 1,
                                   "readonly_at": at + 2}),
                    time=str(at * 1000 + 2000))
        server.wait_state("a.example", "readonly")
    # a plan is a matter of our clock
    chain.write(("b.example", {"at": now - 3600, "lock_at": now - 10}),
                ("c.example", {"at": now - 3600, "lock_at": now + 3590}))
    server.wait_state("b.example", "locked")
    assert server.state("c.example") == "open"
    # neither order nor staleness knows of clocks
    chain.settle(server)
    assert "stale" not in server.error_log()


def test_clock_that_goes_back_during_an_outage(sites, chain, redis):
    """Entries are ours or not by their hashes, not by their times."""
    server = sites()
    client = redis.client()
    with Watch(server, HOSTS[1:]):
        redis.pause()
        time.sleep(0.1)
        redis.resume()
        client.client_kill_filter(_type="normal")
        ago = str(int(time.time() - 3600) * 1000)
        chain.client = redis.client()
        chain.write((HOSTS[0], None), time=ago)
        chain.write(("new.example", LOCKED), time=ago)
        server.wait_state("new.example", "locked")
        server.wait_state(HOSTS[0], "open")
    assert count(server, r"\[alert\]") == 0


@pytest.mark.parametrize("writes", [0, 3])
def test_failover_after_a_clock_that_was_ahead(nginx, pair, writes):
    """Of one chain the numbers alone tell what is newer: what was opened by a
    machine an hour ahead, and locked again since, was not opened later."""
    one, two, relay = pair
    ahead = str(int(time.time() + 3600) * 1000)
    chain = Chain(one).init()
    chain.write(*((host, LOCKED) for host in HOSTS))
    chain.write(*((host, OPEN) for host in HOSTS), time=ahead)
    server = nginx(SITES % "200ms", redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    in_step(two, one)
    promote(two)
    chain.write(*((host, LOCKED) for host in HOSTS))
    chain.settle(server)
    other = Chain(two)
    # nor is what is written now, with numbers that are known already
    for host in HOSTS[:writes]:
        other.write((host, OPEN), time=ahead)
    with Watch(server, HOSTS):
        relay.to(two.socket)
        logged(server, ALERTS + r".*2[01] (closed )?hosts.*stay closed")
        time.sleep(0.6)


# B13: many at once

def test_ten_thousand_changes_a_second(sites, chain):
    """Batches of 500 entries; converged as soon as they are written."""
    server = sites()
    batches = []
    seq, prev = chain.seq, chain.hash
    known = {}
    texts = ['{"at":1000,"lock_at":1000}', '{"at":1000,"open_at":1000}']
    final = {}
    client = chain.redis.client()
    for b in range(40):
        p = client.pipeline(transaction=True)
        for i in range(500):
            host = f"m{(b * 500 + i) % 3000}.example"
            seq += 1
            after = texts[(b + i) % 2]
            entry = chain.entry(seq, prev, host=host, action="lock",
                                before=known.get(host, ""), after=after)
            known[host] = final[host] = after
            prev = entry["hash"]
            p.xadd(AUDIT, entry, id=f"{seq}-0")
            p.hset(LOCKS, host, after)
        batches.append(p)
    with Watch(server, HOSTS):
        start = time.monotonic()
        for p in batches:
            p.execute()
        wrote = time.monotonic() - start
        chain.seq, chain.hash = seq, prev
        chain.settle(server)
        took = time.monotonic() - start
        for host in sorted(final)[::37]:
            want = "locked" if "lock_at" in final[host] else "open"
            assert server.state(host) == want, host
    print(f"20,000 changes: written in {wrote:.2f} s, in force {took:.2f} s")
    assert took < max(wrote, 2) + promised(1)
