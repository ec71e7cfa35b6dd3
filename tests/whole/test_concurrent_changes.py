# Copyright (C) 2026 paylock contributors
#
# Random changes by several paylock-admins at once, some of which are killed:
# no gap in the trail, no change lost or made twice, and every hash as
# docs/audit-format.md defines it.  PAYLOCK_TEST_CHANGES is the least number of
# changes.

import json
import os
import random
import subprocess
import threading
import time

import pytest

from oracle import verify
from support import servers
from support.chain import check_trail
from support.cli import signers_of, trust

CHANGES = int(os.environ.get("PAYLOCK_TEST_CHANGES", "500"))


def requests(client):
    """What was done of each: the numbers and the hosts of its entries."""
    done = {}
    for ident, fields in client.xrange("{paylock}:audit"):
        if host := fields.get("host"):
            done.setdefault(fields["request"], []).append(
                (int(ident[:-2]), host))
    return done


class Hand:
    """One of those who make changes, and kill what they began."""

    def __init__(self, admin, number, wanted):
        self.admin, self.number, self.wanted = admin, number, wanted
        self.dice = random.Random(number)
        self.hosts = [f"h{i}.example" for i in range(40)]
        self.made = self.killed = 0
        self.told = {}                  # request: (arguments, answer)
        self.lasts = 0.05               # what a command takes, in seconds
        self.problem = None

    def work(self):
        try:
            while self.made < self.wanted:
                self.change()
        except AssertionError as problem:
            self.problem = problem

    def change(self):
        request = f"{self.number} {len(self.told)}"
        n = min(self.dice.choice([1, 1, 2, 5, 10]), self.wanted - self.made)
        command = self.dice.choice(["lock", "lock", "unlock", "reset"])
        args = [command, *self.dice.sample(self.hosts, n), "--request-id",
                request, "--json"]
        if command != "reset":
            args += ["--reason", request]
        while self.dice.random() < 0.4:
            self.kill(args)
        began = time.monotonic()
        answer = json.loads(self.admin(*args, timeout=120).stdout)
        self.lasts = time.monotonic() - began
        self.told[request] = args, answer
        self.made += len(answer["changed"])

    def kill(self, args):
        """At any moment of its life."""
        process = subprocess.Popen(
            self.admin.argv(*args), env=self.admin.env, cwd=self.admin.home,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(self.dice.uniform(0, self.lasts))
        process.kill()
        self.killed += process.wait() != 0


@pytest.mark.parametrize("signed", [False, True])
def test_changes_by_four(signed, redis, private):
    admins = [servers.Admin(redis, private / f"admin{i}") for i in range(4)]
    for admin in admins if signed else []:
        admin.key = admin.json("keygen")["key"]
    if signed:
        trust(admins, *admins)
    admins[0]("init")
    for admin in admins[1:]:
        admin("init", "--yes")

    hands = [Hand(admin, i, -(-CHANGES // 4)) for i, admin in enumerate(admins)]
    threads = [threading.Thread(target=hand.work) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not any(hand.problem for hand in hands), \
        [hand.problem for hand in hands]
    assert all(hand.killed for hand in hands)

    # what was told is what was done, whichever attempt it was that did it
    client = redis.client()
    changes, done = check_trail(client), requests(client)
    told = {request: answer for hand in hands
            for request, (_, answer) in hand.told.items()}
    assert set(done) <= set(told)
    for request, answer in told.items():
        made = done.get(request, [])
        assert sorted(host for _, host in made) == sorted(answer["changed"])
        if made:
            assert answer["first_seq"] == made[0][0]
            assert answer["last_seq"] == made[-1][0]
    assert changes == sum(hand.made for hand in hands) >= CHANGES

    # to do it again does nothing
    length = client.xlen("{paylock}:audit")
    for hand in hands:
        for args, answer in hand.dice.sample(
                [one for one in hand.told.values() if one[1]["changed"]], 5):
            again = json.loads(hand.admin(*args).stdout)
            assert (again["changed"], again["first_seq"], again["last_seq"]) \
                == (answer["changed"], answer["first_seq"],
                    answer["last_seq"])
    assert client.xlen("{paylock}:audit") == length

    # two verifiers find nothing
    for admin in admins:
        assert admin.json("audit", "verify")[0]["faults"] == []
    v = verify.verify_stream(
        client.xrange("{paylock}:audit"),
        signers=signers_of(admins[0]).read_text() if signed else None)
    assert v.seq == length
    assert set(v.keys) == ({admin.key for admin in admins} if signed
                           else set())


def test_a_batch_gives_way_to_single_changes(redis, admin):
    """Large transactions against a stream of small writes get through."""
    admin("init")
    stop = threading.Event()

    def disturb():
        with redis.client() as client:
            while not stop.is_set():
                client.hset("{paylock}:locks", "hand.example", "1")
                stop.wait(0.001)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        out = admin.json("lock", *(f"h{i}.example" for i in range(1000)),
                         "--yes")
    finally:
        stop.set()
        thread.join()

    assert len(out["changed"]) == 1000
    redis.client().hdel("{paylock}:locks", "hand.example")
    assert check_trail(redis.client()) == 1000
