# Copyright (C) 2026 paylock contributors
#
# nginx with signers is reloaded, and its binary upgraded, while signed changes
# and attacks on Redis go on: no site opens or closes by an attack, and old and
# new workers follow what is signed.

import os
import random
import secrets
import signal
import threading

import pytest

from support.attacker import KEYS, Attacker
from support.chain import HOSTS, LOCKED, OPEN, Watch, count
from support.daemon import Daemon, alive, leave, pid_of, workers_of
from support.servers import wait_for
from support.trail import Key, SignedChain, signer, signers_file

A, B, C = Key(1), Key(2), Key(3)

SITES = """
    paylock_signers %s;
    paylock_reconcile 50ms;
    paylock_state @DIR@/state/state;
    paylock_log_level debug;
    server { server_name open.example; paylock on;
             location / { return 200; } }
    server { server_name *.example; paylock on;
             location / { return 200; } }
"""

BUSY = [f"b{i}.example" for i in range(10)]
HELD = r"\[alert\] .*paylock: what Redis at \S+ shows is not in force"


@pytest.fixture
def chain(redis):
    """A has locked HOSTS; B is revoked since."""
    chain = SignedChain(redis, A)
    chain.init()
    chain.write(("of-b.example", LOCKED), key=B)
    chain.until = chain.seq, chain.hash
    chain.write(*((host, LOCKED) for host in HOSTS), ("open.example", OPEN))
    return chain


@pytest.fixture
def server(redis, chain, private):
    path = signers_file(private / "signers", signer("a", A),
                        signer("b", B, until=chain.until))
    server = Daemon(private / "daemon", SITES % path, redis)
    server.start()
    server.allow(HELD)
    server.wait_state(HOSTS[-1], "locked")
    # it is written 100 ms later, and a new binary has nothing else to begin with
    wait_for("the state file", (server.dir / "state/state").exists)
    yield server
    for name in "nginx.pid", "nginx.pid.oldbin":
        pid = pid_of(server, name)
        if pid and alive(pid):
            leave(pid)
    server.check_log()


class Unrest:
    """Changes that A signs, and attacks, in turn, while the with block runs.
    Redis is as A has left it at the end."""

    def __init__(self, chain, seed):
        self.chain, self.random = chain, random.Random(seed)
        self.attacker = Attacker(chain.redis, self.random, HOSTS, [B], C, A)
        self.attacks, self.ending = 0, threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.ending.is_set():
                for _ in range(3):
                    self.chain.write(*(
                        (host, self.random.choice([LOCKED, OPEN, None]))
                        for host in self.random.sample(BUSY, 2)))
                self.attack()
        except Exception as e:
            self.failure = e

    def attack(self):
        client, attacker = self.chain.client, self.attacker
        attacker.copy()
        genuine = attacker.copies[-1]
        del attacker.copies[:-20]
        attacker.attack()
        self.attacks += 1
        self.ending.wait(self.random.choice([0, 0.05, 0.3]))
        with client.pipeline(transaction=True) as p:
            p.delete(*KEYS)
            for key, value in genuine.items():
                if value is not None:
                    p.restore(key, 0, value)
            p.execute()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        if self.failure:
            raise self.failure


def agree(server, chain):
    """All workers that take requests have what A has signed last: not always
    the same one is asked, and another one may still be behind."""
    for record, state in (LOCKED, "locked"), (OPEN, "open"):
        chain.write(("last.example", record))
        wait_for(f"all to say {state}", lambda: all(
            server.state("last.example") == state for _ in range(30)))
    for host in BUSY:
        wanted = "locked" if "lock_at" in chain.records.get(host, "") \
            else "open"
        wait_for(f"{host} to be {wanted}", lambda: {
            server.state(host) for _ in range(30)} == {wanted})


@pytest.fixture
def seed():
    seed = int(os.environ.get("PAYLOCK_TEST_SEED", 0)) \
        or secrets.randbelow(10 ** 9)
    print(f"PAYLOCK_TEST_SEED={seed}")
    return seed


def attacked(unrest, times):
    """Waits until so many attacks more have begun."""
    until = unrest.attacks + times
    wait_for("attacks", lambda: unrest.failure or unrest.attacks >= until)


def quiet(server, chain):
    """Without attacks nothing is held, whatever the workers do."""
    agree(server, chain)
    alerts = count(server, r"\[alert\]")
    workers = workers_of(server.pid)
    os.kill(server.pid, signal.SIGHUP)
    wait_for("new workers", lambda: (new := workers_of(server.pid))
             and not set(new) & set(workers))
    agree(server, chain)
    assert count(server, r"\[alert\]") == alerts


def test_reloads(server, chain, seed):
    with Watch(server, HOSTS, ["open.example"]), Unrest(chain, seed) as unrest:
        for _ in range(6):
            attacked(unrest, 3)
            workers = workers_of(server.pid)
            os.kill(server.pid, signal.SIGHUP)
            wait_for("new workers", lambda: set(workers_of(server.pid))
                     - set(workers))
    quiet(server, chain)


@pytest.mark.parametrize("back", [False, True])
def test_binary_upgrade(server, chain, seed, back):
    """back: the new one leaves again, and the old one goes on."""
    old = server.pid
    with Watch(server, HOSTS, ["open.example"]), Unrest(chain, seed) as unrest:
        attacked(unrest, 5)
        os.kill(old, signal.SIGUSR2)
        new = wait_for("the new master", lambda: pid_of(server, "nginx.pid")
                       not in (0, old) and pid_of(server, "nginx.pid"))
        wait_for("its workers", lambda: workers_of(new))
        attacked(unrest, 10)
    # both serve
    agree(server, chain)
    with Watch(server, HOSTS, ["open.example"]), Unrest(chain, seed) as unrest:
        leave(new if back else old)
        attacked(unrest, 5)
    server.master = old if back else new
    quiet(server, chain)
