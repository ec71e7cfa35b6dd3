# Copyright (C) 2026 paylock contributors
#
# Whoever may do anything to Redis, has revoked keys and copies of older
# states, opens and closes no site of a node that knows the trail, and makes
# no "audit verify" end with 0; one command of a signer brings everything back.
# PAYLOCK_TEST_ATTACKS is how many attacks there are.

import os
import random
import re
import secrets
import socket
import time

import pytest
import redis as redis_py

from oracle import model
from support.attacker import KEYS, Attacker
from support.chain import ALERTS, AUDIT, LOCKED, LOCKS, stays_of
from support.cli import trust
from support.servers import PATIENCE, promised, wait_for
from support.trail import Key, SignedChain, signer, signers_file

ATTACKS = int(os.environ.get("PAYLOCK_TEST_ATTACKS", "80"))
ROUNDS = 20                             # attacks on the same Redis

SITES = """
    paylock_signers %s;
    paylock_reconcile 50ms;
    paylock_log_level debug;
    paylock_state @DIR@/state/state;
    server { server_name *.example; paylock on;
             location / { return 200; } }
"""

KINDS = {key: "stream" if key == AUDIT else "hash" for key in KEYS}

HOSTS = [f"h{i}.example" for i in range(8)]
ASKED = [*HOSTS, "b.example", "c.example", "new.example", "x0.example",
         "x1.example"]


def states(server):
    """Which of these hosts are closed: all asked at once."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(server.control)
        s.sendall("".join(
            f"HEAD / HTTP/1.1\r\nHost: {host}\r\n"
            + "Connection: close\r\n" * (host == ASKED[-1]) + "\r\n"
            for host in ASKED).encode())
        got = b"".join(iter(lambda: s.recv(65536), b""))
    found = re.findall(rb"HTTP/1.1 (\d+) ", got)
    assert len(found) == len(ASKED), got
    return {host: status == b"503" for host, status in zip(ASKED, found)}


class Game:
    """A node, an operator, and somebody who attacks them."""

    def __init__(self, seed, redis, nginx, alice, private):
        self.seed, self.random = seed, random.Random(seed)
        self.redis, self.client = redis, redis.client()
        self.alice = alice
        self.steps, self.kinds = [], {}
        revoked = [Key(2), Key(3)]
        self.begin(revoked)
        self.attacker = Attacker(redis, self.random, HOSTS, revoked, Key(4),
                                 self.honest)
        self.nginx = nginx(SITES % signers_file(
            private / "signers", *self.lines))
        self.nginx.allow(ALERTS)
        self.go_on("begin")

    def begin(self, revoked):
        """What those who are revoked by now have signed, and alice."""
        lines = []
        for name, key in zip("bc", revoked):
            trust([self.alice], signer("alice", self.alice.key),
                  *lines, signer(name, key))
            chain = SignedChain(self.redis, key)
            chain.write((f"{name}.example", LOCKED))
            lines.append(signer(name, key, until=(chain.seq, chain.hash,
                                                  chain.chain)))
        self.lines = [signer("alice", self.alice.key), *lines]
        trust([self.alice], *self.lines)
        self.honest = Key(pem=(
            self.alice.home / "config/paylock/key.pem").read_bytes())

    # what is seen

    def looked(self, times=2):
        """Waits until nginx has looked at Redis again, and sees that no site
        opens or closes meanwhile."""
        def looks():
            return self.client.info("commandstats")["cmdstat_hlen"]["calls"]
        until = looks() + times
        def check():
            now = states(self.nginx)
            assert now == self.known, {
                host: now[host] for host in now
                if now[host] != self.known[host]}
            return looks() >= until
        wait_for("nginx to look at Redis", check, pause=0.01)

    def evidence(self):
        """What "audit verify" may not pass over: the entries that stay, as far
        as they have contents, the highest number that Redis has seen, the
        records."""
        try:
            last = self.client.xinfo_stream(AUDIT)["last-generated-id"]
            there = dict(self.client.xrange(AUDIT))
            at, stay = int(last.split("-")[0]), []
            while entry := there.get(f"{at}-0"):
                stay.append((at, {k: v for k, v in entry.items() if v}))
                at = min(at - 1, stays_of(entry) if entry.get("action")
                         == "adopt" else at)
            return last, stay, self.client.hgetall(LOCKS)
        except (redis_py.ResponseError, ValueError):
            return None                 # not what paylock-admin writes

    def verify(self, *args):
        done = self.alice("audit", "verify", *args, check=False)
        self.steps.append(f"verify: {done.returncode} {done.stderr[:300]}")
        return done.returncode

    # a round

    def play(self, n):
        attacker = self.attacker
        before, self.steps = self.evidence(), []
        attacker.copy()
        attacker.attack()
        self.steps += attacker.did
        self.looked()
        if n % 10 == 9:
            self.nginx.stop()
            self.nginx.start()
            self.steps.append("restart")
            self.looked()
        same = self.evidence() == before
        status = self.verify("--full")
        assert same or status, "audit verify says 0"
        if not same or status or self.wrong_types():
            self.bring_back()
        self.go_on(n)

    def wrong_types(self):
        return [key for key, kind in KINDS.items()
                if self.client.type(key) not in (kind, "none")]

    def bring_back(self):
        """The command of docs/operations.md, after what it asks for."""
        number = None
        for key in self.wrong_types():
            self.aside(key, "type")
        for _ in range(len(KEYS) + 3):
            done = self.alice("--json", "adopt", "--yes", "--drop",
                              check=False, input=number and f"{number}\n")
            self.steps.append(f"adopt: {done.returncode} {done.stderr[-200:]}")
            if done.returncode == 0:
                return
            number = self.asked(done)
        raise AssertionError("adopt does not bring everything back")

    def asked(self, done):
        """What has to be done, or typed, before."""
        code = re.findall(r'"error":{"code":"(\w+)"', done.stderr)[-1]
        typed = re.search(r"Type (\d+)", done.stderr)
        if "revoked keys only" in done.stderr:
            code = "revoked"
        if code == "confirm":
            return typed[1]
        assert code in ("exhausted", "revoked"), done.stderr
        self.aside(AUDIT, code)

    def aside(self, key, why):
        self.kinds[why] = self.kinds.get(why, 0) + 1
        self.client.rename(key, key + "-aside")
        self.steps.append(f"{key} is put aside: {why}")

    def go_on(self, n):
        """A lock and an unlock are in force, and nothing else changes."""
        lock = self.random.sample(HOSTS, 3)
        unlock = self.random.choice([host for host in HOSTS
                                     if host not in lock])
        self.alice("lock", *lock, "--yes", "--request-id", f"lock-{n}")
        self.alice("unlock", unlock, "--request-id", f"unlock-{n}")
        now = int(time.time())
        records = {host: model.load(record) for host, record
                   in self.client.hgetall(LOCKS).items()}
        self.known = {host: model.enforced(records, host, now) == "locked"
                      for host in ASKED}
        assert all(self.known[host] for host in lock)
        assert not self.known[unlock]
        wait_for("the node to follow",
                 lambda: states(self.nginx) == self.known, promised(15))
        assert self.verify() == 0


@pytest.mark.parametrize("part", range(-(-ATTACKS // ROUNDS)))
def test_generated_manipulations(part, redis, nginx, alice, private):
    seed = int(os.environ.get("PAYLOCK_TEST_SEED", 0)) \
        or secrets.randbelow(10 ** 9)
    game, n = None, "begin"
    try:
        game = Game(seed, redis, nginx, alice, private)
        for n in range(ROUNDS):
            game.play(n)
    except Exception as e:
        raise AssertionError(
            f"PAYLOCK_TEST_SEED={seed}, round {n}:\n{e}\n"
            + "\n".join(game.steps if game else [])) from e
    print(seed, game.kinds)
