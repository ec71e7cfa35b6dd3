# Copyright (C) 2026 paylock contributors
#
# A host may be closed by a suffix, by www, or by no record at all (a
# default).  A Redis that forgot must not open it then either.

import pathlib
import time

import pytest

from support.chain import (ALERTS, HOSTS, LOCKED, LOCKS, OPEN, SITES, Chain,
                           Watch, count, logged)
from support.fake_redis import FakeRedis
from support.passes import ask, forge
from support.replication import in_step, promote
from support.saving import again
from support.servers import wait_for

HTTP = """
    paylock_reconcile 200ms;
    paylock_state @DIR@/state/paylock;
    server { server_name open.example; paylock on;
             location / { return 200; } }
    server { server_name *.shop.test *.one.test *.two.test; paylock on;
             location / { return 200; } }
"""

SHUT = HTTP + """
    server { server_name *.shut.test; paylock on; paylock_default locked;
             location / { return 200; } }
"""

NAMES = [f"n{i}.shop.test" for i in range(20)]


# what closes, what opens in spite of that, whom that concerns

CLOSED_BY = {
    "a suffix": ({"*.shop.test": LOCKED}, NAMES, NAMES),
    "the name itself and below": ({".shop.test": LOCKED}, NAMES, NAMES),
    "www.": ({f"n{i}.one.test": LOCKED for i in range(20)},
             [f"www.n{i}.one.test" for i in range(20)],
             [f"www.n{i}.one.test" for i in range(20)]),
    "a shorter suffix": ({"*.two.test": LOCKED},
                         [f"*.s{i}.two.test" for i in range(20)],
                         [f"x.s{i}.two.test" for i in range(20)]),
    "the default": ({"open.example": OPEN},
                    [f"n{i}.shut.test" for i in range(20)],
                    [f"n{i}.shut.test" for i in range(20)]),
}


@pytest.mark.parametrize("by", CLOSED_BY)
def test_reset_lost_in_a_failover(nginx, pair, by):
    """What was reset shows its old opening again."""
    one, two, relay = pair
    closing, fields, hosts = CLOSED_BY[by]
    chain = Chain(one).init()
    chain.write(*closing.items(), *((field, OPEN) for field in fields))
    server = nginx(SHUT if by == "the default" else HTTP, redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    chain.settle(server)
    in_step(two, one)
    promote(two)
    chain.write(*((field, None) for field in fields))
    chain.settle(server)
    with Watch(server, hosts) as watch:
        relay.to(two.socket)
        logged(server, r"\[alert\] .*2[01] hosts that it shows open or not at "
                       "all stay closed")
        time.sleep(0.6)
        assert count(server, r"\[alert\]") == 1

        # an entry for the host ends its hold, whatever it was held by
        other = Chain(two)
        watch.forget(hosts[0])
        other.write((fields[0], OPEN))
        wait_for("the opening",
                 lambda: server.get(host=hosts[0]).status == 200)
        other.write((fields[0], None))
        wait_for("the end of it",
                 lambda: server.get(host=hosts[0]).status == 503)
        assert not watch.wrong

        # and an adoption all
        watch.forget(*hosts)
        other.seq = max(other.seq, chain.seq)
        other.adopt()
        wait_for("the adoption", lambda: all(
            server.get(host=host).status == 200 for host in hosts[1:]))


def test_held_without_a_record_after_a_restart(nginx, pair):
    """The state file knows what is held, whatever it is held by."""
    one, two, relay = pair
    chain = Chain(one).init()
    hosts = NAMES[:5]
    chain.write(("*.shop.test", LOCKED), *((host, OPEN) for host in hosts))
    server = nginx(HTTP, redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    chain.settle(server)
    in_step(two, one)
    promote(two)
    chain.write(*((host, None) for host in hosts))
    chain.settle(server)
    relay.to(two.socket)
    logged(server, ALERTS + ".*[56] hosts .* stay closed")
    file = pathlib.Path(server.dir / "state/paylock")
    seen = file.stat().st_mtime_ns
    Chain(two).write(("late.shop.test", LOCKED))
    wait_for("the file", lambda: file.stat().st_mtime_ns != seen)
    server.stop()
    again(server)
    server.wait_live(two)
    with Watch(server, hosts):
        time.sleep(1)


@pytest.mark.parametrize("by", ["a suffix", "www.", "the default"])
def test_fifty_by_hand(nginx, chain, by):
    closing, fields, hosts = CLOSED_BY[by]
    chain.write(*closing.items())
    server = nginx(SHUT if by == "the default" else HTTP)
    server.allow(ALERTS)
    server.wait_live()
    chain.settle(server)
    with Watch(server, hosts) as watch:
        chain.client.hset(LOCKS, mapping=dict.fromkeys(fields, "open"))
        logged(server, "20 closed hosts open or not at all; they stay closed")
        time.sleep(0.6)
        assert not watch.wrong
        watch.forget(*hosts)
        chain.client.hdel(LOCKS, *fields[1:])
        chain.write((fields[0], OPEN))
        wait_for("the opening",
                 lambda: server.get(host=hosts[0]).status == 200)
        # what is gone holds nothing up
        logged(server, r"live, \d+ records(?s:.*)live, \d+ records")
        watch.expect(closed=hosts[1:])
        time.sleep(0.3)


def test_ten_by_hand_in_all(sites, chain):
    """Not ten a look: the next entry begins to count anew."""
    server = sites()
    with Watch(server, HOSTS[10:]) as watch:
        for i in range(0, 10, 5):
            chain.client.hdel(LOCKS, *HOSTS[i:i + 5])
            for host in HOSTS[i:i + 5]:
                server.wait_state(host, "open")
        chain.client.hset(LOCKS, HOSTS[10], "0")
        logged(server, "1 closed hosts open or not at all; they stay closed")
        time.sleep(0.6)
        assert not watch.wrong
        chain.settle(server)
        time.sleep(0.6)
        # held is held, but another one is one of ten again
        watch.forget(HOSTS[11])
        chain.client.hset(LOCKS, HOSTS[11], "0")
        server.wait_state(HOSTS[11], "open")


def test_ten_by_hand_whoever_looks(sites, chain):
    """A reload or another worker does not begin anew."""
    server = sites()
    chain.client.hdel(LOCKS, *HOSTS[:10])
    server.wait_state(HOSTS[9], "open")
    server.reload()
    server.wait_live()
    with Watch(server, HOSTS[10:]):
        chain.client.hdel(LOCKS, *HOSTS[10:15])
        logged(server, "5 closed hosts open or not at all; they stay closed")
        time.sleep(0.6)


def test_no_word_for_a_later_scan(nginx, chain, redis):
    """An entry accounts for what the scan shows that it was caught up with
    for, not for what Redis forgets when that scan is broken off."""
    with FakeRedis(redis.socket) as relay:
        chain.write(*((host, LOCKED) for host in HOSTS))
        server = nginx(SITES % "1h", redis=relay)
        server.allow(ALERTS)
        server.wait_live(redis)
        chain.settle(server)
        with Watch(server, HOSTS):
            relay.to("/nonexistent")
            chain.write(*((host, OPEN) for host in HOSTS),
                        ("new.example", LOCKED))
            broken = relay.on("HSCAN", b"*2\r\n", end="fin",
                              then=chain.client.flushall)
            # more than there are entries for, so that all is read
            chain.client.hset(LOCKS, "hand.example", "1")
            relay.to(redis.socket)
            broken.wait()
            logged(server, ALERTS + ".*2[0-3] hosts .*stay closed")
            time.sleep(0.6)


# passes

PASSES = """
    paylock_reconcile 200ms;
    server { server_name acme.example; paylock on;
             paylock_pass_key @KEY@;
             location / { return 200; } }
"""

NOW = int(time.time())


def revoked(at):
    return {"at": 1000, "lock_at": 1000, "pass_after": at}


@pytest.fixture
def keys(private):
    path = private / "pass.keys"
    path.write_text("k1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n")
    path.chmod(0o600)
    return path


def passes(server, keys):
    """Is a pass of a minute ago good?"""
    token = forge(keys, purpose="cookie", issued=NOW - 60)
    return ask(server, cookie=f"paylock_pass={token}").status == 200


def test_revocation_lost_in_a_failover(nginx, pair, keys):
    one, two, relay = pair
    chain = Chain(one).init()
    chain.write(("acme.example", revoked(NOW - 100)))
    server = nginx(PASSES.replace("@KEY@", str(keys)), redis=relay)
    server.allow(ALERTS)
    server.wait_live(one)
    chain.settle(server)
    assert passes(server, keys)
    in_step(two, one)
    promote(two)
    chain.write(("acme.example", revoked(NOW - 10)))
    chain.settle(server)
    assert not passes(server, keys)
    relay.to(two.socket)
    logged(server, ALERTS + ".*hosts .*stay")
    end = time.monotonic() + 1
    while time.monotonic() < end:
        assert not passes(server, keys)
    # an entry says what it is to be
    other = Chain(two)
    other.write(("acme.example", revoked(NOW - 90)))
    wait_for("the entry", lambda: passes(server, keys))


@pytest.mark.parametrize("value", ["1", None, "0"])
def test_revocations_by_hand(nginx, chain, keys, value):
    """More than ten: what closes does so, the passes stay revoked."""
    chain.write(("acme.example", revoked(NOW - 10)),
                *((host, {**OPEN, "pass_after": NOW - 10}) for host in HOSTS))
    server = nginx(PASSES.replace("@KEY@", str(keys)))
    server.allow(ALERTS)
    server.wait_live()
    chain.settle(server)
    assert not passes(server, keys)
    fields = ["acme.example", *HOSTS]
    if value is None:
        chain.client.hdel(LOCKS, *fields)
    else:
        chain.client.hset(LOCKS, mapping=dict.fromkeys(fields, value))
    logged(server, "21 closed hosts open or not at all, or revoked passes "
                   "good; they stay as they were")
    if value == "1":
        for host in HOSTS:
            server.wait_state(host, "locked")
    time.sleep(0.6)
    assert server.state("acme.example") == "locked"
    assert not passes(server, keys)
    # lock them for those that were opened: the passes are still revoked
    chain.write(("acme.example", revoked(NOW - 9)))
    chain.settle(server)
    assert not passes(server, keys)
    assert count(server, r"\[alert\]") == 1
