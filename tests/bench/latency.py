# Copyright (C) 2026 paylock contributors
#
# How long a request takes while something else goes on: one after the other,
# on one connection, to the one worker, which is the one that follows Redis.
# Every stretch of it has one of quiet beside it.

import contextlib
import multiprocessing
import statistics
import time

from bench import svg
from bench.report import percentile, spread
from bench.rig import MILLION, SITES, Client, Clock, cut
from bench.variants import closes, variants
from bench.writer import LOCKED
from chain import LOCKS

QUIET = 0.5             # seconds of a stretch


class Asker:
    def __init__(self, nginx):
        worker, = nginx.workers()
        self.client, self.clock = Client(nginx), Clock(worker)

    def close(self):
        self.client.close()
        self.clock.close()

    def times(self, going, more=20):
        """Seconds of each request that was asked while going(), which is
        looked at after every so many; None ends it."""
        found = []
        while True:
            part = []
            for i in range(more):
                start = self.clock.now()
                status, _ = self.client.ask(SITES[i % len(SITES)])
                part.append(self.clock.now() - start)
                assert status == 200
            there = going()
            if there is None:
                return found
            if there:
                found += part

    def during(self, seconds):
        end = time.monotonic() + seconds
        return self.times(lambda: time.monotonic() < end or None)


def scans(client):
    """How often Redis was asked for a part of a scan."""
    return client.info("commandstats").get("cmdstat_hscan", {}).get("calls", 0)


def scanning(client):
    """Does a scan go on?  None when one has come to its end."""
    first = last = scans(client)
    seen = time.monotonic()

    def going():
        nonlocal last, seen
        calls = scans(client)
        grown, last = calls != last, calls
        if grown:
            seen = time.monotonic()
        if time.monotonic() - seen > (1 if calls != first else 30):
            return None
        return grown
    return going


def scan(asker, redis, writer):
    """The connection is cut: the next begins with a scan."""
    with redis.client() as client:
        going = scanning(client)
        cut(client)
        return asker.times(going)


def reconcile(asker, redis, writer):
    """A record comes or goes by hand: all are read again."""
    with redis.client() as client:
        going = scanning(client)
        if not client.hset(LOCKS, "by-hand.example", "1"):
            client.hdel(LOCKS, "by-hand.example")
        return asker.times(going)


def flipping(writer, stop):
    """A thousand flips a second, each in a transaction."""
    start, done = time.monotonic(), 0
    while not stop.is_set():
        due = (time.monotonic() - start) * 1000
        while done < due:
            writer.commit([(done % 1000, done // 1000 % 2 == 0)])
            done += 1
        time.sleep(0.0005)


@contextlib.contextmanager
def flood(writer):
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=flipping, args=(writer, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join(10)


def flips(asker, redis, writer):
    before, seconds = writer.seq, 2
    with flood(writer):
        found = asker.during(seconds)
    writer.look()
    made = (writer.seq - before) / seconds
    assert made >= 800, f"this machine writes only {made:.0f} flips a second"
    return found


def stopped(asker, redis, writer):
    """The connection is cut, and no other one is answered."""
    with redis.client() as client:
        cut(client)
        redis.pause()
    try:
        return asker.during(4)
    finally:
        redis.resume()


# a scan of a million, each time that Redis answers again, would take long

SCENES = {"first scan": (scan, MILLION), "reconcile": (reconcile, MILLION),
          "1,000 flips a second": (flips, MILLION),
          "Redis stopped (SIGSTOP)": (stopped, 1000)}


def scene(nginx, during, redis, writer, pairs):
    """p99 against quiet, of each pair; all p99 of it, and of quiet."""
    ratios, there, quiet = [], [], []
    asker = Asker(nginx)
    for _ in range(pairs):
        before = asker.during(QUIET)
        found = during(asker, redis, writer)
        assert len(found) > 100, len(found)
        settle(redis)
        quiet.append(percentile(before + asker.during(QUIET), 99))
        there.append(percentile(found, 99))
        ratios.append(there[-1] / quiet[-1])
    asker.close()
    return ratios, there, quiet


def settle(redis):
    """Waits until the node follows, and has done so for a second."""
    calm, calls = 0, None
    with redis.client() as client:
        for _ in range(600):
            last, calls = calls, scans(client)
            calm = calm + 1 if calls == last and any(
                one["cmd"] == "xread" and "b" in one["flags"]
                for one in client.client_list()) else 0
            if calm == 10:
                return
            time.sleep(0.1)
    raise TimeoutError("the node does not come to rest")


def hang(nginx):
    """(the longest of some answers for a locked host, what it is then)"""
    client, times, states = Client(nginx), [], set()
    for _ in range(3):
        start = time.perf_counter()
        status, _ = client.ask(LOCKED % 7)
        times.append(time.perf_counter() - start)
        states.add("open" if status == 200 else "closed")
    client.close()
    return f"{max(times) * 1000:,.1f} ms", ", then ".join(sorted(states))


def hanging(rig, report):
    redis, _ = rig.redis(1000)
    ways = {"paylock": rig.paylock(redis, 1000)}
    for variant in variants(1000):
        if variant.lua:
            ways[variant.name] = variant.start(rig, redis, 1000)
    for nginx in ways.values():
        closes(nginx)
    # what was known a moment ago is not any more
    time.sleep(1.5)
    redis.pause()
    try:
        lines = [(name, *hang(nginx)) for name, nginx in ways.items()]
    finally:
        redis.resume()
    for nginx in ways.values():
        nginx.stop()
    redis.stop()
    report.table("While Redis hangs",
                 ("", "an answer takes", "a locked site is"), lines,
                 "What waits for Redis gives up after 1 s.")


def measure(rig, report, big, quick):
    pairs, bars = 1 if quick else 11, []
    for name, (during, records) in SCENES.items():
        redis, writer = big if records == MILLION else rig.redis(records)
        nginx = rig.paylock(redis, records + 20000)
        ratios, there, quiet = scene(nginx, during, redis, writer, pairs)
        nginx.stop()
        middle, low, high = spread(ratios)
        report.row(f"p99 of a request, {name}, {records:,} records, against "
                   "quiet", "≤ 1.2",
                   f"{middle:.2f} ({low:.2f} to {high:.2f}); "
                   f"{statistics.median(there) * 1e6:.0f} µs, quiet "
                   f"{statistics.median(quiet) * 1e6:.0f} µs", middle <= 1.2)
        report.numbers[f"p99, {name}"] = [ratios, there, quiet]
        bars += [(name, statistics.median(there) * 1e6, True),
                 ("quiet, beside it", statistics.median(quiet) * 1e6, False)]
    hanging(rig, report)
    report.figure("latency", "p99 of a request", svg.bars(
        "The 99th percentile of a request's time, in µs",
        "one connection, one worker, which is the one that follows Redis",
        bars))
