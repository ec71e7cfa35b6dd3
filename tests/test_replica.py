# Copyright (C) 2026 paylock contributors
#
# replica=on: a node that follows a replica, and what becomes of it when the
# replica is cut off, promoted, emptied or filled again.

import time

import pytest

from chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, OPEN, SITES, Chain,
                   Watch, agrees, closed_hosts, count, logged)
from replication import follow, in_step, promote, redis_servers
from servers import wait_for

NODES = "{paylock}:nodes"
# the second where REPLICAOF itself ends what waits
CUT_OFF = (r"\[error\].*(replica that has lost its primary|UNBLOCKED .*); "
           r"\d+ records stay")


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
        logged(server, CUT_OFF, 20)
        logged(server, r"\[error\].*stale, no good answer", 20)
        assert server.state("late.example") == "open"
        mend()
        chain.write(("late.example", LOCKED))
        server.wait_state("late.example", "locked", 20)
        assert not watch.wrong
    wait_for("live", lambda: count(server, r"live, \d+ records") == 2)
    assert count(server, CUT_OFF) == 1
    assert count(server, r"\[alert\]") == 0


def test_a_replica_is_followed(followed, trio):
    """A flip comes as fast as from a primary, and nothing is asked without
    pause; a report would have to be written where nobody can write."""
    server, chain = followed
    one, two, _ = trio
    logged(server, r"live, \d+ records, entry \d+, from a replica\n")
    for i in range(20):
        start = time.monotonic()
        chain.write((f"fresh{i}.example", LOCKED))
        server.wait_state(f"fresh{i}.example", "locked")
        assert time.monotonic() - start < 1
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
                 lambda: count(server, CUT_OFF) > logged_before, 20)
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
        wait_for("the report", lambda: reports(two), 15)
        assert not watch.wrong
    assert count(server, r"\[(warn|error|alert)\]") == 0


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
        server.wait_state("fresh.example", "locked", 15)
        time.sleep(6)
        other.write((HOSTS[0], OPEN), ("next.example", LOCKED))
        watch.forget(HOSTS[0])
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
                       "stay closed", 15)
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
    logged(server, r"\[alert\].*has lost its primary; nothing is known yet")
    time.sleep(2)
    assert count(server, "live,") == 0
    follow(three, one)
    server.wait_state(HOSTS[0], "locked", 15)
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
