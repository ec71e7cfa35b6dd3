# Copyright (C) 2026 paylock contributors
#
# Requests a second, as wrk gets them.  Every figure is of pairs: so long bare
# nginx, so long the other one, the first of each pair in turn.

import json
import os
import re
import statistics
import subprocess

from bench import svg
from bench.instructions import OTHERS
from bench.report import spread
from bench.rig import MILLION, PAGE, SITES, cpu
from bench.variants import closes, variants

CONNECTIONS = 16

SCRIPT = """
local hosts = { %s }
local asked, i = {}, 0
init = function()
    for n, host in ipairs(hosts) do
        asked[n] = wrk.format("GET", "%s", { Host = host })
    end
end
request = function()
    i = i %% #asked + 1
    return asked[i]
end
done = function(summary)
    local e = summary.errors
    print(string.format('{"requests": %%d, "microseconds": %%d, "errors": %%d}',
          summary.requests, summary.duration,
          e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Wrk:
    def __init__(self, rig):
        self.script = rig.directory() / "wrk.lua"
        self.script.write_text(SCRIPT % (
            ", ".join(f'"{site}"' for site in SITES), PAGE))
        # what asks keeps off the processor of who answers
        self.pin = ["taskset", "-c", f"1-{os.cpu_count() - 1}"] \
            if os.cpu_count() > 1 else []

    def ask(self, nginx, seconds, threads=1):
        """(requests a second, processor seconds of nginx a request)"""
        before = sum(cpu(pid) for pid in nginx.workers())
        done = subprocess.run(
            [*self.pin, "wrk", f"-t{threads}", f"-c{CONNECTIONS * threads}",
             f"-d{seconds}s", "--timeout=60s", f"-s{self.script}",
             f"http://127.0.0.1:{nginx.port}{PAGE}"],
            text=True, capture_output=True, timeout=60 + seconds, check=True)
        said = json.loads(re.search(r"\{.*\}", done.stdout)[0])
        assert not said["errors"], done.stdout
        spent = sum(cpu(pid) for pid in nginx.workers()) - before
        return (said["requests"] / said["microseconds"] * 1e6,
                spent / said["requests"])

    def pairs(self, one, two, n, seconds, **kw):
        """(throughput of one by two's, processor time of two by one's)"""
        rate, time = [], []
        for i in range(n):
            order = (one, two) if i % 2 else (two, one)
            got = {id(nginx): self.ask(nginx, seconds, **kw)
                   for nginx in order}
            (rate1, time1), (rate2, time2) = got[id(one)], got[id(two)]
            rate.append(rate1 / rate2)
            time.append(time2 / time1)
        return rate, time


def said(values, digits=3):
    middle, low, high = spread(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def against(rig, report, wrk, big, n, seconds):
    alone = {"main": "worker_cpu_affinity 1;"} if os.cpu_count() > 1 else {}
    bare = rig.bare(**alone)
    lines, ratios = [], {}

    def line(name, nginx):
        ratios[name], time = wrk.pairs(nginx, bare, n, seconds)
        lines.append((name, said(ratios[name]), said(time)))
        print("   ", name, flush=True)
        nginx.stop()

    line("nginx alone, against itself", rig.bare(**alone))
    for records in (0, 1000, OTHERS, MILLION):
        redis = big[0] if records == MILLION else rig.redis(records)[0]
        line(f"paylock, {records:,} records",
             rig.paylock(redis, records, **alone))
    redis, _ = rig.redis(OTHERS)
    for variant in variants(OTHERS):
        nginx = variant.start(rig, redis, OTHERS, **alone)
        closes(nginx)
        line(variant.name, nginx)
    redis.stop()
    bare.stop()

    name = f"paylock, {MILLION:,} records"
    middle = statistics.median(ratios[name])
    report.row("open host, throughput against bare nginx, one worker, "
               "1,000,000 records", "≥ 0.99", said(ratios[name]),
               middle >= 0.99)
    report.table(
        "Requests a second, against nginx alone",
        ("", "throughput", "by processor time"), lines,
        f"One worker, wrk, {n} pairs of {seconds} s: the median, and the "
        "middle half in brackets. The second column is of the processor time "
        "that nginx took for a request: what else the machine does counts "
        "less there.")
    report.numbers["throughput"] = ratios
    report.figure("throughput", "throughput against bare nginx", svg.bars(
        "Requests a second, against nginx alone",
        "one worker, a static file of 1 KB, keep-alive; median of pairs",
        [(name, statistics.median(ratio), name.startswith("paylock"))
         for name, ratio in ratios.items()], "{:.2f}".format))


def two_workers(rig, report, wrk, big, n, seconds):
    """What a second worker brings, to us and to bare nginx."""
    many = "reuseport"
    paylock = [rig.paylock(big[0], MILLION, workers=workers, listen=f" {many}")
               for workers in (1, 2)]
    bare = [rig.nginx(rig.sites(listen=f" {many}"), redis=None, load=(),
                      workers=workers) for workers in (1, 2)]
    share = []
    for i in range(n):
        gains = [wrk.pairs(two, one, 1, seconds, threads=2)[0][0]
                 for one, two in (paylock, bare)]
        share.append(gains[0] / gains[1])
    for nginx in (*paylock, *bare):
        nginx.stop()
    report.row("two workers against one, share of the gain of bare nginx",
               "≥ 0.95", said(share, 2), statistics.median(share) >= 0.95)
    report.numbers["two workers"] = share


def measure(rig, report, big, quick):
    n, seconds = (3, 1) if quick else (21, 2)
    wrk = Wrk(rig)
    against(rig, report, wrk, big, n, seconds)
    two_workers(rig, report, wrk, big, n, seconds)
