# Copyright (C) 2026 paylock contributors
#
# What a node asks of Redis: while nothing changes, for each flip, and for a
# scan of all records; and what changes where it follows a replica.

import statistics
import time

from bench.rig import MILLION
from bench.writer import FLIPPED
from replication import follow, in_step, promote
from servers import wait_for

FLIPS = 4000


class Load:
    """What Redis spends from now on."""

    def __init__(self, redis):
        self.redis = redis
        self.before = self.now()

    def now(self):
        with self.redis.client() as client:
            info = client.info()
        return (info["used_cpu_user"] + info["used_cpu_sys"],
                info["total_net_output_bytes"])

    def spent(self):
        """(processor seconds, bytes sent)"""
        return [now - before for now, before in zip(self.now(), self.before)]


def flipping(writer, done, *servers):
    """What each of them spends on a flip, one a transaction, until done()
    says that all are followed."""
    loads = [Load(redis) for redis in servers]
    for i in range(FLIPS):
        writer.commit([(i % 1000, i // 1000 % 2 == 0)])
    done()
    return [[one / FLIPS for one in load.spent()] for load in loads]


def followed(rig, writer, at, *servers, **kw):
    """The same with a node at one of them."""
    nginx = rig.paylock(at, 20000, "paylock_reconcile 1d;", **kw)
    writer.commit([(1000, False)])

    def done():
        writer.commit([(1000, True)])
        wait_for("the flips", lambda: nginx.get(
            host=FLIPPED % 1000).status == 503, 60, 0.001)
    spent = flipping(writer, done, *servers)
    nginx.stop()
    return spent


def a_flip(rig, rounds):
    """What there is, one after the other, so often that what else the machine
    does is told apart: (processor seconds, bytes sent) for writing it, for a
    node, for a replica at its primary, at itself, and for a node there."""
    redis, writer = rig.redis(1000)
    replica = rig.redis()[0]
    found = []
    for _ in range(rounds):
        alone, = flipping(writer, lambda: None, redis)
        node, = followed(rig, writer, redis, redis)
        follow(replica, redis)
        in_step(replica, redis)
        copied = flipping(writer, lambda: in_step(replica, redis),
                          redis, replica)
        there, = followed(rig, writer, replica, replica, options="replica=on")
        promote(replica)
        found.append([alone, minus(node, alone), minus(copied[0], alone),
                      copied[1], minus(there, copied[1])])
    return [[statistics.median(one) for one in zip(*each)]
            for each in zip(*found)]


def minus(one, other):
    return [a - b for a, b in zip(one, other)]


def resting(redis, seconds):
    """A second in which nothing changes."""
    load = Load(redis)
    time.sleep(seconds)
    return [one / seconds for one in load.spent()]


def measure(rig, report, big, quick):
    redis, _ = big
    seconds = 3 if quick else 20
    rest = resting(redis, seconds)

    load = Load(redis)
    nginx = rig.paylock(redis, MILLION + 20000, "paylock_reconcile 1d;")
    scan = load.spent()

    idle = [max(0, one) for one in minus(resting(redis, seconds), rest)]
    nginx.stop()
    alone, node, linked, copy, there = a_flip(rig, 3 if quick else 11)

    report.table(
        "What a node asks of Redis", ("", "processor time", "sent"),
        [("while nothing changes, a second", f"{idle[0] * 1000:.2f} ms",
          f"{idle[1]:.0f} bytes"),
         ("a flip", f"{node[0] * 1e6:.1f} µs", f"{node[1]:.0f} bytes"),
         ("a flip, at a replica", f"{there[0] * 1e6:.1f} µs",
          f"{there[1]:.0f} bytes"),
         ("a scan of 1,000,000 records", f"{scan[0]:.2f} s",
          f"{scan[1] / 1e6:.0f} MB")],
        "What Redis takes without a node is not in it: "
        f"{rest[0] * 1000:.2f} ms a second, {alone[0] * 1e6:.0f} µs for "
        f"writing a flip. A replica takes {copy[0] * 1e6:.0f} µs to keep up "
        f"with a flip, and costs its primary {linked[0] * 1e6:.0f} µs.")
    report.numbers["load of Redis"] = {
        "idle": idle, "flip": node, "scan": scan, "writing": alone,
        "replica": {"at its primary": linked, "keeping up": copy,
                    "a node": there}}
