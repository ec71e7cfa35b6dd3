# Copyright (C) 2026 paylock contributors
#
# The time that a request takes while something else goes on: one request after
# the other on one connection to the worker that follows Redis.  Each
# measurement stands beside one without the disturbance.

import contextlib
import multiprocessing
import statistics
import time

from bench import svg
from bench.report import percentile, spread
from bench.rig import (ALONE, MILLION, SITES, Client, Clock, apart, cut,
                       follows, scans)
from bench.variants import closes, variants
from bench.writer import LOCKED
from support.chain import LOCKS

QUIET = 0.5             # seconds of a stretch


class Asker:
    def __init__(self, nginx):
        self.client, self.clock = Client(nginx), Clock()

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


def reconcile(asker, redis, writer):
    """A record comes or goes by hand: all are read again."""
    with redis.client() as client:
        calls, end = scans(client), time.monotonic() + 30

        def scanning():
            if scans(client) == calls:
                assert time.monotonic() < end, "no scan has begun"
                return False
            return None if follows(client) else True

        if not client.hset(LOCKS, "by-hand.example", "1"):
            client.hdel(LOCKS, "by-hand.example")
        return asker.times(scanning)


def changing(writer, stop):
    """A thousand changes a second, each in a transaction."""
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
    process = multiprocessing.Process(target=changing, args=(writer, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join(10)


def changes(asker, redis, writer):
    before, seconds = writer.seq, 2
    with flood(writer):
        found = asker.during(seconds)
    writer.look()
    made = (writer.seq - before) / seconds
    assert made >= 800, f"this machine writes only {made:.0f} changes a second"
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

SCENES = {"reconcile": (reconcile, MILLION),
          "1,000 changes a second": (changes, MILLION),
          "Redis stopped (SIGSTOP)": (stopped, 1000)}


def first_scan(rig, redis):
    """Of an nginx that has just started: (p99, p99 of quiet)"""
    nginx = rig.nginx(rig.closed(MILLION), redis=redis, **ALONE)
    asker = Asker(nginx)
    found = asker.times(lambda: None if "paylock: live" in nginx.error_log()
                        else True)
    pair = against_quiet(asker, redis, found, [])
    asker.close()
    nginx.stop()
    return pair


def scene(rig, during, redis, writer, records, pairs):
    """The same of what is done to an nginx that has all records."""
    nginx, found = rig.paylock(redis, records + 20000, **ALONE), []
    asker = Asker(nginx)
    for _ in range(pairs):
        before = asker.during(QUIET)
        found.append(against_quiet(asker, redis, during(asker, redis, writer),
                                   before))
    asker.close()
    nginx.stop()
    return found


def against_quiet(asker, redis, found, before):
    assert len(found) > 100, len(found)
    settle(redis)
    quiet = before + asker.during(QUIET if before else 2 * QUIET)
    return percentile(found, 99), percentile(quiet, 99)


def settle(redis):
    """Waits until the node follows, and has done so for a second."""
    calm, calls = 0, None
    with redis.client() as client:
        for _ in range(600):
            last, calls = calls, scans(client)
            calm = calm + 1 if calls == last and follows(client) else 0
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


def scenes(rig, big, pairs):
    """what goes on, records, and of each pair (p99, p99 of quiet)"""
    yield "first scan", MILLION, [first_scan(rig, big[0])
                                  for _ in range(pairs)]
    for name, (during, records) in SCENES.items():
        redis, writer = big if records == MILLION else rig.redis(records)
        # the hosts that are changed are there: no record comes or goes
        writer.changes(1000)
        yield name, records, scene(rig, during, redis, writer, records, pairs)


def measure(rig, report, big, quick):
    bars = []
    with apart(big[0].pid):
        for name, records, found in scenes(rig, big, 1 if quick else 11):
            middle, low, high = spread([there / quiet
                                        for there, quiet in found])
            there, quiet = (statistics.median(one) * 1e6
                            for one in zip(*found))
            report.row(f"p99 of a request, {name}, {records:,} records, "
                       "against quiet", "≤ 1.2",
                       f"{middle:.2f} ({low:.2f} to {high:.2f}); "
                       f"{there:.0f} µs, quiet {quiet:.0f} µs", middle <= 1.2)
            report.numbers[f"p99, {name}"] = found
            bars += [(name, there, True), ("quiet, beside it", quiet, False)]
    hanging(rig, report)
    report.figure("latency", "p99 of a request", svg.bars(
        "The 99th percentile of a request's time, in µs",
        "one connection, one worker, which is the one that follows Redis",
        bars))
