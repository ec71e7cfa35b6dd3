# Copyright (C) 2026 paylock contributors
#
# A million records: how soon they are known, from Redis and from the file,
# and whether anybody waits meanwhile.

import json
import statistics
import struct
import time

from bench.report import spread
from bench.rig import ALONE, MILLION, PAGE, Client, Clock, apart, live
from bench.writer import LOCKED
from support.servers import wait_for

METRICS = """
    server { listen 127.0.0.1:@PORT@; server_name metrics.example;
             location / { paylock_metrics; } }
"""


class Nowhere:
    """A Redis that is not there."""
    url, users = "unix:/nonexistent", False


def first(rig, redis):
    """(seconds from the start of nginx until all records are in force, the
    longest that another client of Redis waited meanwhile)"""
    start, worst = time.perf_counter(), 0
    nginx = rig.nginx(rig.closed(MILLION), redis=redis, **ALONE)
    clock = Clock()
    with redis.client() as client:
        while "paylock: live" not in nginx.error_log():
            sent = clock.now()
            client.ping()
            worst = max(worst, clock.now() - sent)
            time.sleep(0.001)
    took = time.perf_counter() - start
    clock.close()
    nginx.stop()
    return took, worst


def longest(client, clock, n):
    """The longest of so many answers."""
    worst = 0
    for _ in range(n):
        start = clock.now()
        client.ask("open.example")
        worst = max(worst, clock.now() - start)
    return worst


def turn(rig, redis):
    """(what no turn of the event loop of the worker that scans exceeds, the
    longest of as many answers when nothing is scanned).  No turn was longer
    than the longest answer, nor than what nginx has counted itself."""
    nginx = rig.nginx(rig.closed(MILLION, METRICS), redis=redis, **ALONE)
    clock, client = Clock(), Client(nginx)
    worst, asked = 0, 0
    while "paylock: live" not in nginx.error_log():
        worst = max(worst, longest(client, clock, 50))
        asked += 50
    quiet = longest(client, clock, asked)
    clock.close()
    client.close()
    told = json.loads(nginx.get("/?format=json", "metrics.example").body)
    nginx.stop()
    assert asked > 100
    return min(worst, told["paylock_feed_longest_turn_seconds"]), quiet


def blocked(redis):
    """The longest command since the last time, in seconds."""
    with redis.client() as client:
        longest = max((entry["duration"] for entry
                       in client.slowlog_get(100000)), default=0)
        client.slowlog_reset()
    return longest / 1e6


def from_redis(rig, report, redis, n):
    blocked(redis)
    with apart(redis.pid):
        times, waits = zip(*(first(rig, redis) for _ in range(n)))
        block = blocked(redis)
        turns, quiet = zip(*(turn(rig, redis) for _ in range(n)))
    middle = statistics.median(times)
    report.row("first scan of 1,000,000 records, from the start of nginx",
               "≤ 4 s", f"{middle:.2f} s", middle <= 4)
    report.row("... longest turn of the event loop", "≤ 5 ms",
               f"{statistics.median(turns) * 1000:.1f} ms, in the worst of "
               f"{n} scans {max(turns) * 1000:.1f}; in a quiet time the "
               f"longest answer takes {statistics.median(quiet) * 1000:.1f}, "
               f"at worst {max(quiet) * 1000:.1f}",
               max(turns) <= 0.005)
    report.row("... longest that another client of Redis waits", "≤ 10 ms",
               f"{statistics.median(waits) * 1000:.1f} ms, in the worst of "
               f"{n} scans {max(waits) * 1000:.1f}; longest command "
               + (f"{block * 1000:.1f} ms" if block else "under 1 ms"),
               max(waits) <= 0.010)
    report.numbers["first scan"] = {"seconds": times, "turns": turns,
                                    "quiet": quiet, "waits": waits,
                                    "longest command": block}


def saved(path):
    """How many records the state file holds."""
    if not path.exists():
        return 0
    with open(path, "rb") as file:
        return struct.unpack("<12xI", file.read(16))[0]


def from_file(rig, report, redis, n):
    directory = rig.directory()
    path = directory / "state" / "state"
    sites = rig.closed(MILLION + 20000, f"paylock_state {path};")
    nginx = rig.nginx(sites, redis=redis)
    live(nginx)
    wait_for("the state file", lambda: saved(path) >= MILLION, 60)
    nginx.stop()

    times = []
    for _ in range(n):
        start = time.perf_counter()
        nginx = rig.nginx(sites, redis=Nowhere)
        reply = nginx.get(PAGE, LOCKED % (MILLION - 1))
        times.append(time.perf_counter() - start)
        assert reply.status == 503
        nginx.stop()
    middle, low, high = spread(times)
    report.row("start from the state file, 1,000,000 records, to the first "
               "answer", "≤ 0.5 s",
               f"{middle:.2f} s ({low:.2f} to {high:.2f})", middle <= 0.5)
    report.numbers["state file"] = {"seconds": times,
                                    "bytes": path.stat().st_size}


def measure(rig, report, big, quick):
    redis, _ = big
    from_redis(rig, report, redis, 2 if quick else 7)
    from_file(rig, report, redis, 3 if quick else 11)
