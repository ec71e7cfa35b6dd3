# Copyright (C) 2026 paylock contributors
#
# The memory of a million records, and of a map of as many names.

import os
import pathlib
import re
import signal
import time

from bench import svg
from bench.rig import MILLION, PAGE, live
from bench.variants import map_of
from bench.writer import LOCKED
from support.servers import wait_for

MB = 1 << 20


def used(nginx):
    """Bytes of all processes of an nginx, shared ones counted once."""
    total = 0
    for pid in nginx.family():
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"(?m)^Pss:\s+(\d+)", text)[1]) * 1024
    return total


def smallest(rig, redis):
    """The size that is asked for where the zone is too small."""
    nginx = rig.nginx(rig.sites("paylock_zone 32m;", "paylock on;"),
                      redis=redis)
    wait_for("the alert", lambda: "raise it to" in nginx.error_log(), 60)
    nginx.stop()
    return int(re.search(r"raise it to (\d+)k", nginx.error_log())[1])


def ours(rig, redis, size, workers):
    """Bytes that the records take."""
    sites = rig.sites(f"paylock_zone {size}k;", "paylock on;")
    nginx = rig.nginx(sites, redis=redis, workers=workers)
    live(nginx)
    full = used(nginx)
    nginx.stop()
    return full - used_by_none(rig, workers)


def used_by_none(rig, workers):
    nginx = rig.bare(workers=workers)
    none = used(nginx)
    nginx.stop()
    return none


def mapped(rig, redis, workers):
    """Bytes that a map takes, those at a reload, and how long that takes."""
    before = used_by_none(rig, workers)
    nginx = map_of(MILLION).start(rig, redis, MILLION, workers=workers)
    wait_for("the map", lambda: nginx.get(PAGE, LOCKED % 0).status == 503, 60)
    full = used(nginx)
    start = time.perf_counter()
    for _ in reloading(nginx):
        pass
    took = time.perf_counter() - start
    most = max(used(nginx) for _ in reloading(nginx))
    nginx.stop()
    return full - before, most - before, took


def reloading(nginx):
    """Yields until all workers are new ones."""
    old = set(nginx.workers())
    os.kill(nginx.pid, signal.SIGHUP)
    while not (new := nginx.workers()) or old & set(new):
        yield
        time.sleep(0.02)


def measure(rig, report, big, quick):
    redis, _ = big
    size = smallest(rig, redis)
    taken = {workers: ours(rig, redis, size, workers) for workers in (1, 8)}
    maps = {workers: mapped(rig, redis, workers) for workers in (1, 8)}
    fits = size * 1024 <= 96 * MB and max(taken.values()) <= 100 * MB
    report.row("memory for 1,000,000 records", "≤ 96 MB in one zone, whatever "
               "the number of workers",
               f"zone {size / 1024:.1f} MB; in all {taken[1] / MB:.1f} MB with "
               f"1 worker, {taken[8] / MB:.1f} MB with 8", fits)
    report.table(
        "Memory for 1,000,000 locked names",
        ("", "1 worker", "8 workers"),
        [("paylock", *(f"{taken[n] / MB:.0f} MB" for n in (1, 8))),
         ("map, included file", *(f"{maps[n][0] / MB:.0f} MB"
                                  for n in (1, 8))),
         ("... most at a reload", *(f"{maps[n][1] / MB:.0f} MB"
                                    for n in (1, 8))),
         ("... a change is in force after", *(f"{maps[n][2]:.1f} s"
                                              for n in (1, 8)))],
        "More than bare nginx takes, all processes together, what they share "
        "counted once; 1 MB is 1,048,576 bytes.")
    report.numbers["memory"] = {"zone": size * 1024, "paylock": taken,
                                "map": maps}
    report.figure("memory", "memory for a million records", svg.bars(
        "Memory for 1,000,000 locked names, in MB",
        "more than bare nginx; all processes, shared memory counted once",
        [("paylock, 1 worker", taken[1] / MB, True),
         ("paylock, 8 workers", taken[8] / MB, True),
         ("map, 1 worker", maps[1][0] / MB, False),
         ("map, 1 worker, at a reload", maps[1][1] / MB, False),
         ("map, 8 workers", maps[8][0] / MB, False),
         ("map, 8 workers, at a reload", maps[8][1] / MB, False)]))
