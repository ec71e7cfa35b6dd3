# Copyright (C) 2026 paylock contributors
#
# The state file: nginx starts without Redis, whatever happened before, and
# opens no locked site.

import os
import signal
import time

import pytest

from oracle.statefile import State
from support.chain import LOCKED, LOCKS, Chain, Watch, logged
from support.daemon import Daemon, leave, upgrade, workers_of
from support.feed import owner
from support.saving import CONF, again, alerts, kill, saved, valid, wait_saved
from support.servers import wait_for



# a start without Redis

def test_restart(saving, redis, chain):
    """Locks are in force from the first request on, then the feed goes on."""
    server = saving()
    chain.write(("*.below.example", LOCKED), (".from.example", LOCKED),
                ("planned.example",
                 {"at": 1, "lock_at": int(time.time()) + 3, "ref": "PL-1"}))
    wait_saved(server, chain)
    server.stop()
    redis.stop()
    again(server)
    assert server.get(host="acme.example").status == 503
    assert server.get(host="open.example").status == 200
    for host in ("a.below.example", "from.example", "b.from.example"):
        assert server.state(host) == "locked"
    assert server.state("below.example") == "open"
    assert f"4 records, entry {chain.seq}, from" in server.error_log()
    logged(server, "stay in force")
    # a plan needs no Redis
    server.wait_state("planned.example", "locked")
    assert "PL-1" in server.get(host="planned.example",
                                address=server.control).text
    redis.start()
    chain.client = redis.client()
    chain.write(("acme.example", None), ("later.example", LOCKED))
    server.wait_state("acme.example", "open")
    server.wait_state("later.example", "locked")
    wait_saved(server, chain)


def test_stale(saving, redis):
    """What comes from the disk is stale when Redis does not answer."""
    server = saving()
    server.stop()
    redis.stop()
    again(server)
    wait_for("it to be stale", lambda: "stale, no good answer from Redis for"
             in server.error_log())
    assert server.state("acme.example") == "locked"
    assert not alerts(server)
    redis.start()
    server.wait_live()
    logged(server, "live, 1 records")


def test_missed(saving, chain):
    """What was changed while nginx was not there is applied."""
    server = saving()
    chain.write(*((f"h{i}.example", LOCKED) for i in range(20)))
    wait_saved(server, chain)
    server.stop()
    chain.write(*((f"h{i}.example", None) for i in range(20)),
                ("new.example", LOCKED))
    again(server)
    server.wait_state("new.example", "locked")
    # of several entries the last is applied first
    for i in range(20):
        server.wait_state(f"h{i}.example", "open")
    assert server.state("acme.example") == "locked"


def test_kill_everything(saving, redis):
    server = saving()
    for _ in range(3):
        kill(server)
        if redis.running():
            redis.kill()
        again(server)
        assert server.get(host="acme.example").status == 503
        assert server.state("acme.example") == "locked"


def test_redis_forgot(saving, redis, admin):
    """A start is no way round the guard."""
    admin("init", "--yes")
    server = saving()
    server.allow("does not go on from")
    server.stop()
    with redis.client() as client:
        client.flushall()
    again(server)
    wait_for("the alert", lambda: alerts(server))
    assert server.state("acme.example") == "locked"
    # what is held is so after a start without Redis, too
    wait_for("the hold to be saved",
             lambda: [r[2] for r in State.read(server.file)] == [True])
    server.stop()
    redis.stop()
    again(server)
    assert server.state("acme.example") == "locked"
    redis.start()
    wait_for("the alert", lambda: alerts(server))
    assert server.state("acme.example") == "locked"
    # nginx knows more than this machine
    at, = wait_for("the report", lambda: [
        node for node in admin.json("nodes") if node["seq"]])
    admin("adopt", "--yes", "--known", f"{at['seq']}:{at['hash']}")
    server.wait_state("acme.example", "open")


def test_hold_outlives_a_start(saving, redis, chain):
    """What another chain does not have is held as before."""
    server = saving()
    server.allow("does not go on from")
    with redis.client() as client:
        client.flushall()
    other = Chain(redis).init()
    other.write(("other.example", LOCKED))
    server.wait_state("other.example", "locked")
    wait_for("the hold to be saved", lambda: sorted(
        held for _, _, held, _, _ in State.read(server.file))
        == [False, True] and saved(server.file, other.seq))
    server.stop()
    again(server)
    server.wait_live()
    other.settle(server)
    assert server.state("acme.example") == "locked"


def test_written_at_the_end(saving, chain):
    """What changed in the last moment is there after a shutdown."""
    server = saving()
    for number, sig in enumerate((signal.SIGQUIT, signal.SIGTERM) * 2):
        # a scan that has not ended does not move the position
        server.wait_live()
        chain.write((f"last{number}.example", LOCKED))
        server.wait_state(f"last{number}.example", "locked")
        server.end(sig)
        assert State.read(server.file).seq == chain.seq
        again(server)


def test_inherited(saving, redis, chain):
    """A zone of another size goes on with what the old one had."""
    server = saving("paylock_zone 1m;" + CONF)
    redis.stop()
    with Watch(server):
        for size in ("2m", "512k"):
            was = server.file.stat().st_mtime_ns
            server.reload(f"paylock_zone {size};" + CONF)
            wait_for("a new file",
                     lambda: server.file.stat().st_mtime_ns != was)
            assert saved(server.file, chain.seq)
    server.stop()
    again(server)
    assert server.state("acme.example") == "locked"


# upgrades of the binary


@pytest.fixture
def daemon(redis, chain, private):
    """What can be upgraded, with one lock that is in its file."""
    chain.write(("acme.example", LOCKED))
    server = Daemon(private / "daemon", CONF, redis)
    server.file = server.dir / "state/paylock"
    try:
        server.start()
        server.wait_state("acme.example", "locked")
        wait_saved(server, chain)
        yield server
    finally:
        for pid in server.family():
            if pid != server.pid and not workers_of(server.pid):
                os.kill(pid, signal.SIGQUIT)
        server.stop()


@pytest.mark.parametrize("down", [False, True], ids=["redis", "no_redis"])
def test_upgrade_and_back(daemon, redis, chain, down):
    """A binary upgrade that is backed out, with a client at it all along."""
    server = daemon
    if down:
        redis.stop()
    with Watch(server) as watch:
        new = upgrade(server)
        assert server.error_log().count("1 records, entry 2, from") == 1
        if not down:
            # the old master's zone will never have heard of this one
            chain.write(("later.example", LOCKED))
            server.wait_state("later.example", "locked")
            wait_saved(server, chain)
            redis.stop()
        os.kill(server.pid, signal.SIGHUP)
        wait_for("the old workers", lambda: workers_of(server.pid))
        leave(new)
        asked = len(watch.times)
        wait_for("more requests", lambda: len(watch.times) > asked + 20)
        if not down:
            for _ in range(20):
                assert server.state("later.example") == "locked"
    assert State.read(server.file).seq == chain.seq
    redis.start()
    chain.client = redis.client()
    chain.write(("more.example", LOCKED))
    server.wait_state("more.example", "locked")
    wait_saved(server, chain)


def test_upgrade(daemon, redis):
    """The same, carried through."""
    server = daemon
    redis.stop()
    with Watch(server) as watch:
        new = upgrade(server)
        leave(server.pid)
        asked = len(watch.times)
        wait_for("more requests", lambda: len(watch.times) > asked + 20)
    leave(new)
    again(server)
    assert server.state("acme.example") == "locked"


def test_side_by_side(saving, nginx, redis, chain):
    """Two masters with one file: it is whole, and never goes back."""
    server = saving()
    other = nginx(CONF.replace("@DIR@", str(server.dir)))
    seqs = []
    for i in range(12):
        chain.write((f"h{i}.example", LOCKED))
        for one in (server, other):
            one.wait_state(f"h{i}.example", "locked")
        seqs.append(State.read(server.file).seq)
    wait_saved(server, chain)
    assert seqs == sorted(seqs)
    server.stop()
    other.stop()
    redis.stop()
    again(other)
    assert other.state("h11.example") == "locked"


# never back

def by_hand(chain, host):
    """A change without an entry: it has to be saved, too."""
    chain.client.hset(LOCKS, host, "1")


def test_file_ahead_stays(saving, chain):
    server = saving(CONF + "paylock_reconcile 500ms;")
    ahead = State.read(server.file)
    ahead.seq += 5
    ahead.write(server.file)
    by_hand(chain, "hand.example")
    server.wait_state("hand.example", "locked")
    wait_for("it to be left", lambda: "ahead of what is known here"
             in server.error_log())
    assert State.read(server.file) == ahead
    for i in range(6):
        chain.write((f"h{i}.example", LOCKED))
    wait_saved(server, chain)
    assert State.read(server.file).count == 8


def test_other_file_is_replaced(saving, chain):
    """One that was written to before ours, and one of another key."""
    server = saving()
    other = State.read(server.file)
    other.chain, other.seq, other.time = "f" * 32, 10 ** 9, other.time - 10000
    other.write(server.file)
    chain.write(("next.example", LOCKED))
    wait_saved(server, chain)
    other.chain = chain.chain
    other.write(server.file, key=bytes(32))
    chain.write(("another.example", LOCKED))
    wait_for("ours to be back", lambda: valid(server.file, chain.seq))


def test_tail_lost(saving, redis, chain):
    """A stream that lost its end does not take the file back; an adoption
    by a new chain replaces it."""
    server = saving()
    server.allow("does not go on from|does not follow|without an entry")
    chain.write(*((f"h{i}.example", LOCKED) for i in range(5)))
    wait_saved(server, chain)
    last = chain.seq
    # the failover: the last three entries are gone, and their locks
    entries = chain.client.xrange("{paylock}:audit")[:-3]
    chain.client.delete("{paylock}:audit")
    for id, entry in entries:
        chain.client.xadd("{paylock}:audit", entry, id=id)
    chain.client.hdel(LOCKS, "h2.example", "h3.example", "h4.example")
    wait_for("the alert", lambda: alerts(server))
    chain.look()
    chain.write(("after.example", LOCKED))
    server.wait_state("after.example", "locked")
    wait_for("the file", lambda: State.read(server.file).count == 7)
    state = State.read(server.file)
    assert state.seq == last > chain.seq
    assert sum(held for _, _, held, _, _ in state) == 3
    # everything of this is known after a start
    server.stop()
    redis.stop()
    again(server)
    for host in ("h0", "h4", "after"):
        assert server.state(f"{host}.example") == "locked"
    redis.start()
    chain.client = redis.client()
    wait_for("the alert", lambda: alerts(server))
    assert server.state("h4.example") == "locked"
    chain.client.flushall()
    other = Chain(redis).init()
    other.seq = last + 1
    other.adopt()
    server.wait_state("h4.example", "open")
    wait_for("the new chain",
             lambda: State.read(server.file).chain == other.chain)
    assert State.read(server.file).seq == other.seq


def test_owner_killed(saving, chain):
    """The file is whole however often its writer is killed."""
    server = saving()
    server.allow("exited on signal 9")
    chain.write(*((f"h{i}.example", LOCKED) for i in range(3000)))
    wait_saved(server, chain)
    for i in range(8):
        chain.write((f"more{i}.example", LOCKED))
        end = time.monotonic() + 0.05 + i * 0.02
        while time.monotonic() < end:
            State.read(server.file)
        old = owner(server)
        os.kill(old, signal.SIGKILL)
        wait_for("another owner", lambda: owner(server) != old)
        server.wait_state(f"more{i}.example", "locked")
    wait_saved(server, chain)
    assert State.read(server.file).count == 3009
