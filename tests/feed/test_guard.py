# Copyright (C) 2026 paylock contributors
#
# A Redis that forgot: each test is a case that once opened a closed host.

import contextlib
import os
import signal

import pytest
import redis as redis_py

from support import servers
from support.chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, OPEN, Chain,
                           closed_hosts, logged)
from support.feed import still_closed
from support.servers import promised, wait_for


@pytest.fixture
def sites(nginx, chain):
    def start(reconcile="200ms"):
        server = closed_hosts(nginx, chain, reconcile)
        server.allow("paylock: |exited on signal 9")
        return server
    return start


@pytest.fixture
def other(private):
    """Another Redis, as one that nginx may be pointed to by mistake."""
    (private / "other").mkdir()
    server = servers.Redis(private / "other")
    try:
        yield server.start()
    finally:
        server.stop()


@contextlib.contextmanager
def away(server, chain):
    """nginx does not follow, and has lost its connection meanwhile."""
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    chain.client.client_kill_filter(_type="normal", skipme=True)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def test_locked_again_while_away(sites, chain):
    """An entry that locks does not explain why the record is gone."""
    server = sites()
    with away(server, chain):
        chain.write(*((h, {**LOCKED, "ref": "again"}) for h in HOSTS),
                    ("new.example", LOCKED))
        chain.client.delete(LOCKS)
    server.wait_state("new.example", "locked")
    still_closed(server)


def test_unlocked_while_away(sites, chain):
    """And one that opens does, however many there are."""
    server = sites()
    with away(server, chain):
        chain.write(*((h, LOCKED) for h in HOSTS))
        chain.write(*((h, OPEN) for h in HOSTS))
    for host in HOSTS:
        server.wait_state(host, "open")


def adopt_and_break(chain):
    """The scan that an adoption asks for cannot be made."""
    entry = chain.entry(chain.seq + 1, chain.hash, action="adopt")
    with chain.client.pipeline(transaction=True) as p:
        p.rename(LOCKS, "aside")
        p.set(LOCKS, "no hash")
        p.xadd(AUDIT, entry, id=f"{chain.seq + 1}-0")
        p.execute()


def test_adoption_is_not_for_later(sites, chain):
    """What was adopted was that Redis, not what became of it."""
    server = sites()
    adopt_and_break(chain)
    logged(server, "adopts this Redis")
    chain.client.flushall()
    still_closed(server, 8)


def test_adoption_outlives_the_owner(sites, chain):
    server = sites()
    chain.client.hdel(LOCKS, *HOSTS)
    logged(server, ALERTS)
    adopt_and_break(chain)
    logged(server, "adopts this Redis")
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
    with chain.client.pipeline(transaction=True) as p:
        p.delete(LOCKS)
        p.rename("aside", LOCKS)
        p.execute()
    for host in HOSTS:
        server.wait_state(host, "open")


def test_put_off_by_hand(sites, chain):
    """A lock in force that becomes a plan is a host that is opened."""
    server = sites()
    chain.client.hset(LOCKS, mapping={
        h: '{"lock_at":4102444800}' for h in HOSTS})
    logged(server, ALERTS)
    still_closed(server)


def test_old_backup_on_the_same_connection(sites, chain, redis):
    """The history that an old backup brings back is not followed."""
    chain.write(*((h, LOCKED) for h in HOSTS))
    chain.write(*((h, OPEN) for h in HOSTS))
    with redis_py.Redis(unix_socket_path=redis.socket) as raw:
        old = {key: raw.dump(key) for key in (LOCKS, AUDIT)}
        server = sites()
        raw.flushall()
        logged(server, ALERTS, promised(6))
        for key, value in old.items():
            raw.restore(key, 0, value)
    still_closed(server, 3)


def pointed_to(server, other):
    server.redis = other
    server.reload()
    server.wait_live(other)


def test_another_chain_opens_nothing(sites, other):
    server = sites()
    Chain(other).init().write(*((h, OPEN) for h in HOSTS))
    pointed_to(server, other)
    still_closed(server)


def test_another_chain_adopted_long_ago(sites, other):
    server = sites()
    staging = Chain(other)
    staging.write(("", None), action="init", time="1000")
    for i in range(60):
        staging.write((f"x{i}.test", LOCKED), time=str(2000 + i))
    staging.write(("", None), action="adopt", time="9000")
    pointed_to(server, other)
    still_closed(server)
    # but one that adopts it now is believed
    staging.adopt()
    wait_for("the adoption", lambda: server.state(HOSTS[0]) == "open")
