# Copyright (C) 2026 paylock contributors
#
# Many changes at once: a host that is closed before and after them is never
# open in between, even if the worker that applies them is killed.

import contextlib
import os
import random
import re
import signal
import threading
import time

import pytest

from oracle.statefile import State
from support.chain import AUDIT, LOCKED, LOCKS, OPEN
from support.feed import owner, stopped
from support.saving import saved
from support.servers import wait_for

HTTP = """
    paylock_reconcile %s;
    server { server_name *.shop.test; paylock on;
             location / { return 200; } }
"""

NAMES = [f"n{i}.shop.test" for i in range(200)]
SUFFIX = "*.shop.test"

REQUEST = "ab" * 16


@pytest.fixture
def shop(nginx, chain):
    """Its names are closed by their suffix."""
    def start(reconcile="1h", more="", **kw):
        server = nginx(more + HTTP % reconcile, **kw)
        server.allow("exited on signal 9|was locked by|paylock: ")
        server.wait_live()
        close(server, chain)
        return server
    return start


def close(server, chain):
    chain.write((SUFFIX, LOCKED), *((name, None) for name in NAMES))
    chain.settle(server)


class Watches:
    """Ask for all names without pause, many requests at once, so that the
    worker has more to do than to follow."""

    def __init__(self, server, names, n=3):
        self.server = server
        self.wanted = b"".join(b"GET / HTTP/1.1\r\nHost: %s\r\nAccept: image/*"
                               b"\r\n\r\n" % name.encode() for name in names)
        self.names = names
        self.ending = False
        self.open = []
        self.asked = 0
        self.threads = [threading.Thread(target=self.run) for _ in range(n)]

    def run(self):
        while not self.ending:
            # a worker that dies takes its connections along
            with contextlib.suppress(ConnectionError), \
                    self.server.connect() as s:
                while not self.ending:
                    s.sendall(self.wanted)
                    self.read(s)

    def read(self, s):
        data, n = b"", 0
        while n < len(self.names):
            got = s.recv(1 << 16)
            if not got:
                raise ConnectionResetError
            data += got
            *whole, data = data.split(b"HTTP/1.1 ")
            for reply in whole:
                if reply:
                    self.count(n, reply)
                    n += 1
            if n == len(self.names) - 1 and data.endswith(b"\r\n\r\n"):
                self.count(n, data)
                return

    def count(self, n, reply):
        self.asked += 1
        if not reply.startswith(b"503 "):
            self.open.append((self.names[n], reply[:40]))

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.ending = True
        for thread in self.threads:
            thread.join()
        assert not self.open, (len(self.open), self.asked, self.open[:3])
        assert self.asked


def locks():
    return [*((name, LOCKED) for name in NAMES), (SUFFIX, OPEN)]


# each: from the names being closed by their suffix

IMPORTS = {
    "the suffix last": locks,
    "the suffix first": lambda: locks()[::-1],
    "the suffix removed": lambda: [*locks()[:-1], (SUFFIX, None)],
}


@pytest.mark.parametrize("how", IMPORTS)
def test_closed_by_another_record(shop, chain, how):
    """By their suffix, then by their own: and back."""
    server = shop()
    for _ in range(3):
        with Watches(server, NAMES):
            chain.write(*IMPORTS[how](), request=REQUEST)
            chain.settle(server)
            # back: all at once, what opens first
            chain.write(*((name, None) for name in NAMES), (SUFFIX, LOCKED),
                        request=REQUEST)
            chain.settle(server)


def test_the_worker_dies_in_the_middle(shop, chain):
    server = shop(workers=2)
    random.seed(4)
    for _ in range(5):
        with Watches(server, NAMES):
            chain.write(*locks(), request=REQUEST)
            time.sleep(random.random() * 0.008)
            for pid in server.workers():
                os.kill(pid, signal.SIGKILL)
            chain.settle(server)
        close(server, chain)


def test_a_transaction_is_not_cut(shop, chain):
    """A reply that ends in the middle of one waits with its beginning."""
    server = shop()
    with Watches(server, NAMES):
        with stopped(server):
            chain.write(*((f"more{i}.test", LOCKED) for i in range(100)))
            chain.write(*locks()[::-1], request=REQUEST)
        chain.settle(server)
        with stopped(server):
            chain.write(*((f"more{i}.test", OPEN) for i in range(100)))
            chain.write(*((name, None) for name in NAMES), (SUFFIX, LOCKED),
                        request=REQUEST)
        chain.settle(server)


@pytest.mark.parametrize("killed", [False, True])
def test_a_scan_too(shop, chain, killed):
    """By hand, or by what is there when nginx comes back."""
    server = shop("200ms", workers=2)
    for i in range(3):
        with Watches(server, NAMES):
            with chain.client.pipeline(transaction=True) as p:
                p.hset(LOCKS, mapping=dict.fromkeys(NAMES, "1"))
                p.hset(LOCKS, SUFFIX, "0")
                p.execute()
            if killed:
                time.sleep(0.2)
                for pid in server.workers():
                    os.kill(pid, signal.SIGKILL)
            wait_for("the suffix",
                     lambda: server.state("other.shop.test") == "open")
            time.sleep(0.2)
        close(server, chain)


def kill_owners(server):
    """One after the other, until a worker that comes back has read the state
    file: one that serves, and follows Redis before that, does not read it."""
    killed = None

    def file_was_read():
        nonlocal killed
        if server.state("other.shop.test") == "open":
            return True
        if owner(server) != killed:
            killed = owner(server)
            os.kill(killed, signal.SIGKILL)
        return False

    wait_for("the file to be read", file_was_read)


def test_a_state_file_too(shop, chain, redis):
    """One that is ahead, as that of a newer binary, is read by a worker that
    comes back while another one serves."""
    server = shop(more="paylock_zone 4m; paylock_state @DIR@/state/paylock;",
                  workers=2)
    file = server.dir / "state/paylock"
    # as many as make it take its time
    for i in range(0, 20000, 1000):
        chain.write(*((f"more{k}.test", LOCKED) for k in range(i, i + 1000)))
    for _ in range(3):
        chain.write(*locks(), request=REQUEST)
        chain.settle(server)
        wait_for("the file", lambda: saved(file, chain.seq))
        ahead = State.read(file)
        ahead.seq += 10000
        close(server, chain)
        wait_for("the file", lambda: saved(file, chain.seq))
        redis.pause()
        ahead.write(file)
        with Watches(server, NAMES):
            kill_owners(server)
        redis.resume()
        chain.seq = ahead.seq
        chain.adopt()
        chain.settle(server)
        close(server, chain)


@pytest.mark.parametrize("n", [40, 1500])
def test_import_orders_its_entries(redis, known, n):
    """Within a transaction what closes comes before what opens, however long
    the replies are that nginx asks for."""
    names = [f"n{i}.shop.test" for i in range(n)]

    def put(*lines):
        path = known.home / "list"
        path.write_text("host,lock_at,open_at\n" + "\n".join(lines) + "\n")
        with redis.client() as client:
            before = client.xlen(AUDIT)
            known("import", path, "--yes")
            entries = client.xrange(AUDIT)[before:]
        assert [int(id.split("-")[0]) for id, _ in entries] \
            == list(range(before + 1, before + len(entries) + 1))
        return [entry["host"] for _, entry in entries]

    assert put("*.shop.test,1,") == ["*.shop.test"]
    hosts = put("*.shop.test,,1", *(f"{name},1," for name in names))
    first = min(n, 999)
    assert hosts == [*names[:first], "*.shop.test", *names[first:]]
    hosts = put(*(f"{name},,1" for name in names[:50]), "*.shop.test,1,")
    assert hosts == ["*.shop.test", *names[:50]]
