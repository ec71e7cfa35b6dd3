# Copyright (C) 2026 paylock contributors
#
# nginx with signers, the trail that they sign, and what is seen of both.  Whose
# test needs the fixtures imports them.

import json
import random
import threading
import time

import pytest

from support.chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, NODES, OPEN,
                           count, logged)
from support.servers import wait_for
from support.trail import Key, SignedChain, signer, signers_file

A, B, C = Key(1), Key(2), Key(3)

ROOT = "{paylock}:root"
STATE = "paylock_state @DIR@/state/state;"

SITES = """
    paylock_signers %s;
    paylock_reconcile %s;
    server { server_name open.example; paylock on;
             location / { return 200; } }
    server { server_name *.example; paylock on;
             location / { return 200; } }
"""


@pytest.fixture
def chain(redis):
    """A chain that A signs."""
    chain = SignedChain(redis, A)
    chain.init()
    return chain


@pytest.fixture
def signed(nginx, private, chain):
    """signed(line, …): an nginx with these signers, by default A and B."""
    def start(*lines, realm="", reconcile="200ms", alerts=True, live=True,
              more="", **kw):
        path = signers_file(private / "signers",
                            *(lines or (signer("a", A), signer("b", B))))
        server = nginx(SITES % (f"{path} {realm}", reconcile) + more, **kw)
        if alerts:
            server.allow(ALERTS)
        if live:
            logged(server, "paylock: live")
        return server
    return start


def state(chain, server):
    """What nginx reports of itself."""
    reports = chain.client.hgetall(NODES)
    return json.loads(*reports.values()) if reports else {}


def diverged(chain, server, why):
    """Waits until nginx holds what it has, for this reason, told once."""
    logged(server, rf"\[alert\] .*{why}")
    wait_for("the report", lambda: state(chain, server).get("state")
             == "diverged")
    assert count(server, rf"\[alert\] .*{why}") == 1


def live(chain, server):
    wait_for("live", lambda: state(chain, server).get("state") == "live")


def stays(server, states, seconds=1.5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for host, was in states.items():
            assert server.state(host) == was, host
        time.sleep(0.05)


CLOSED = dict.fromkeys(HOSTS, "locked") | {"open.example": "open"}


def fill(chain):
    chain.write(*((host, LOCKED) for host in HOSTS), ("open.example", OPEN))


@pytest.fixture
def followed(nginx, alice, bob, private):
    """An nginx that follows what alice and bob sign."""
    path = signers_file(private / "signers", signer("alice", alice.key),
                        signer("bob", bob.key))
    server = nginx(SITES % (path, "200ms"))
    server.allow(ALERTS)
    server.wait_state("a.example", "locked")
    return server


def backup(chain):
    return (chain.client.dump(LOCKS), chain.client.dump(AUDIT))


def restore(chain, saved):
    with chain.client.pipeline(transaction=True) as p:
        for key, value in zip((LOCKS, AUDIT), saved):
            p.restore(key, 0, value, replace=True)
        p.execute()


@pytest.fixture
def rolled(signed, chain):
    """An nginx that knows more than Redis: (server, what it knows)."""
    fill(chain)
    chain.write(("h0.example", OPEN))
    saved = backup(chain)
    server = signed()
    server.wait_state("h0.example", "open")
    chain.write(("h0.example", LOCKED))
    chain.settle(server)
    known = chain.seq, chain.hash
    restore(chain, saved)
    chain.look()
    chain.know()
    return server, known


class Busy:
    """Changes 300 hosts, as fast as it can, while the with block runs."""

    def __init__(self, chain, seed=1):
        self.chain, self.random, self.ending = chain, random.Random(seed), False
        self.thread = threading.Thread(target=self.run)

    def change(self):
        hosts = self.random.sample(range(300), self.random.choice([1, 1, 5]))
        return [(f"b{i}.example", self.random.choice([LOCKED, OPEN, None]))
                for i in hosts]

    def run(self):
        while not self.ending:
            self.chain.write(*self.change())

    def __enter__(self):
        self.began, self.first = time.monotonic(), self.chain.seq
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()
        print((self.chain.seq - self.first) / (time.monotonic() - self.began),
              "entries a second")


def agreed(chain, server):
    """nginx has what the chain has."""
    chain.settle(server)
    there = chain.client.hgetall(LOCKS)
    for host in {*there, *(f"b{i}.example" for i in range(300))}:
        assert server.state(host) == (
            "locked" if "lock_at" in there.get(host, "") else "open"), host
