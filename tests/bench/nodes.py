# Copyright (C) 2026 paylock contributors
#
# What a node asks of Redis: while nothing changes, for each flip, and for a
# scan of all records.

import time

from bench.rig import MILLION
from bench.writer import FLIPPED
from replication import in_step
from servers import wait_for

FLIPS = 20000


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


def flipping(redis, writer, done=None):
    """Of so many flips, one a transaction; done() when all are followed."""
    load = Load(redis)
    for i in range(FLIPS):
        writer.commit([(i % 1000, i // 1000 % 2 == 0)])
    if done:
        done()
    return load.spent()


def resting(redis, seconds):
    """A second in which nothing changes."""
    load = Load(redis)
    time.sleep(seconds)
    return [one / seconds for one in load.spent()]


def behind(rig):
    """Of a flip: what a primary spends on a replica, the replica on keeping
    up, and on a node that follows it."""
    redis, writer = rig.redis(1000)
    alone = flipping(redis, writer)
    replica = rig.replica(redis)

    def copied():
        in_step(replica, redis)
    primary, own = Load(redis), Load(replica)
    flipping(redis, writer, copied)
    primary, own = primary.spent(), own.spent()

    nginx = rig.paylock(replica, 20000, "paylock_reconcile 1d;",
                        options="replica=on")

    def followed():
        writer.commit([(1000, True)])
        wait_for("the flips", lambda: nginx.get(
            host=FLIPPED % 1000).status == 503, 60)
    both = Load(replica)
    flipping(redis, writer, followed)
    both = both.spent()
    nginx.stop()
    return [[(one - other) / FLIPS for one, other in zip(*pair)] for pair
            in ((primary, alone), (own, (0, 0)), (both, own))]


def measure(rig, report, big, quick):
    redis, writer = rig.redis(MILLION)
    seconds = 3 if quick else 20
    alone, rest = flipping(redis, writer), resting(redis, seconds)

    load = Load(redis)
    nginx = rig.paylock(redis, MILLION + 20000, "paylock_reconcile 1d;")
    scan = load.spent()

    idle = [max(0, one - other) for one, other
            in zip(resting(redis, seconds), rest)]

    writer.commit([(1000, False)])

    def followed():
        writer.commit([(1000, True)])
        wait_for("the flips", lambda: nginx.get(
            host=FLIPPED % 1000).status == 503, 60)
    both = flipping(redis, writer, followed)
    flip = [(one - other) / FLIPS for one, other in zip(both, alone)]
    nginx.stop()
    linked, kept, replica = behind(rig)

    report.table(
        "What a node asks of Redis", ("", "processor time", "sent"),
        [("while nothing changes, a second", f"{idle[0] * 1000:.2f} ms",
          f"{idle[1]:.0f} bytes"),
         ("a flip", f"{flip[0] * 1e6:.1f} µs", f"{flip[1]:.0f} bytes"),
         ("a flip, at a replica", f"{replica[0] * 1e6:.1f} µs",
          f"{replica[1]:.0f} bytes"),
         ("a scan of 1,000,000 records", f"{scan[0]:.2f} s",
          f"{scan[1] / 1e6:.0f} MB")],
        "What Redis takes without a node is not in it: "
        f"{rest[0] * 1000:.2f} ms a second, "
        f"{alone[0] / FLIPS * 1e6:.0f} µs for writing a flip. A replica takes "
        f"{kept[0] * 1e6:.0f} µs to keep up with a flip, and costs its primary "
        f"{linked[0] * 1e6:.0f} µs.")
    report.numbers["load of Redis"] = {"idle": idle, "flip": flip,
                                       "scan": scan, "writing": alone,
                                       "replica": [linked, kept, replica]}
