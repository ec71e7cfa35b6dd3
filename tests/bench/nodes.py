# Copyright (C) 2026 paylock contributors
#
# The load of nodes on Redis: while nothing changes, for each change, for a
# scan of all records; and with a replica.

import os
import signal
import statistics
import time

from bench.rig import MILLION, PAGE, cpu
from bench.writer import CHANGED
from support.replication import follow, in_step, promote
from support.servers import wait_for

NODES = 10
CHANGES, RATE = 60, 20    # so many a second: each node reports each of them


class Load:
    """What Redis spends from now on."""

    def __init__(self, redis):
        self.redis = redis
        self.before = self.now()

    def now(self):
        with self.redis.client() as client:
            sent = client.info("stats")["total_net_output_bytes"]
        return cpu(self.redis.pid), sent

    def spent(self):
        """(processor seconds, bytes sent)"""
        return minus(self.now(), self.before)


def minus(one, other):
    return [a - b for a, b in zip(one, other)]


def parts(values, n):
    return [value / n for value in values]


def changing(writer, *servers):
    """What each of them spends on a change, one a transaction."""
    loads = [Load(redis) for redis in servers]
    start = time.monotonic()
    for i in range(CHANGES):
        writer.commit([(i % 1000, i // 1000 % 2 == 0)])
        time.sleep(max(0, start + (i + 1) / RATE - time.monotonic()))
    return [parts(load.spent(), CHANGES) for load in loads]


class Nodes:
    """So many, which follow one Redis."""

    def __init__(self, rig, redis, records=20000, n=NODES, **kw):
        self.all = [rig.paylock(redis, records, "paylock_reconcile 1d;", **kw)
                    for _ in range(n)]

    def follow(self, writer):
        """Waits until each has applied what was written up to now."""
        for lock, status in (True, 503), (False, 200):
            writer.commit([(1000, lock)])
            for nginx in self.all:
                wait_for("the changes", lambda: nginx.get(
                    PAGE, CHANGED % 1000).status == status, 60, 0.001)

    def signal(self, number):
        for nginx in self.all:
            for pid in nginx.workers():
                os.kill(pid, number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for nginx in self.all:
            nginx.stop()


def followed(rig, writer, at, **kw):
    """What a change costs the Redis at which the nodes are."""
    with Nodes(rig, at, **kw) as nodes:
        nodes.follow(writer)
        spent, = changing(writer, at)
        nodes.follow(writer)
    return spent


def a_change(rig, rounds):
    """What there is, one after the other, so often that what else the machine
    does is told apart: (processor seconds, bytes sent) for writing it, for a
    node, for a replica at its primary, at itself, and for a node there."""
    redis, writer = rig.redis(1000)
    replica = rig.redis()[0]
    # the hosts are there: no record comes or goes
    writer.changes(1001, 1001)
    found = []
    for _ in range(rounds):
        alone, = changing(writer, redis)
        node = followed(rig, writer, redis)
        follow(replica, redis)
        in_step(replica, redis)
        copied = changing(writer, redis, replica)
        there = followed(rig, writer, replica, options="replica=on")
        promote(replica)
        found.append([alone, parts(minus(node, alone), NODES),
                      minus(copied[0], alone), copied[1],
                      parts(minus(there, copied[1]), NODES)])
    return [[statistics.median(one) for one in zip(*each)]
            for each in zip(*found)]


def resting(redis, seconds):
    """A second in which nothing changes."""
    load = Load(redis)
    time.sleep(seconds)
    return parts(load.spent(), seconds)


def idle(rig, rounds):
    """What a second costs while the nodes are asleep, and with each that is
    awake."""
    redis, writer = rig.redis(1000)
    asleep, awake = [], []
    with Nodes(rig, redis) as nodes:
        nodes.follow(writer)
        for _ in range(rounds):
            time.sleep(1)
            there = resting(redis, 5)
            nodes.signal(signal.SIGSTOP)
            asleep.append(resting(redis, 4))
            nodes.signal(signal.SIGCONT)
            awake.append(parts(minus(there, asleep[-1]), NODES))
    return [[statistics.median(one) for one in zip(*each)]
            for each in (asleep, awake)]


def measure(rig, report, big, quick):
    redis, _ = big
    load = Load(redis)
    with Nodes(rig, redis, MILLION + 20000, 1):
        scan = load.spent()
    rest, quiet = idle(rig, 1 if quick else 7)
    alone, node, linked, copy, there = a_change(rig, 1 if quick else 5)
    alone, copy = (minus(one, parts(rest, RATE)) for one in (alone, copy))

    report.table(
        "What a node asks of Redis", ("", "processor time", "sent"),
        [("while nothing changes, a second", f"{quiet[0] * 1e6:.0f} µs",
          f"{quiet[1]:.0f} bytes"),
         ("a change", f"{node[0] * 1e6:.0f} µs", f"{node[1]:.0f} bytes"),
         ("a change, at a replica", f"{there[0] * 1e6:.0f} µs",
          f"{there[1]:.0f} bytes"),
         ("a scan of 1,000,000 records", f"{scan[0]:.2f} s",
          f"{scan[1] / 1e6:.0f} MB")],
        f"{NODES} nodes, {RATE} changes a second, each reported. What Redis "
        f"takes without them is not in it: {rest[0] * 1000:.2f} ms a second, "
        f"{alone[0] * 1e6:.0f} µs for writing a change. A replica takes "
        f"{copy[0] * 1e6:.0f} µs to keep up with a change, and costs its "
        f"primary {linked[0] * 1e6:.0f} µs.")
    report.numbers["load of Redis"] = {
        "without nodes": rest, "idle": quiet, "change": node, "scan": scan,
        "writing": alone,
        "replica": {"at its primary": linked, "keeping up": copy,
                    "a node": there}}
