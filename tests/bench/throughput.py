# Copyright (C) 2026 paylock contributors
#
# Requests a second, measured by wrk.  Each figure compares pairs: bare nginx
# and another one, in turn or at the same time.

import json
import os
import re
import statistics
import subprocess

from bench import svg
from bench.instructions import OTHERS
from bench.report import spread
from bench.rig import ALONE, MILLION, PAGE, SITES, cpu
from bench.variants import closes, variants

CONNECTIONS = 16
SECONDS = 1             # of one of a pair
TOGETHER = 2            # of both

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
        # what asks keeps off the processor of who answers, if that is one
        self.pin = ["taskset", "-c", f"1-{os.cpu_count() - 1}"] \
            if os.cpu_count() > 1 else []

    def start(self, nginx, threads, seconds):
        pin = self.pin if threads == 1 else []
        return subprocess.Popen(
            [*pin, "wrk", f"-t{threads}", f"-c{CONNECTIONS * threads}",
             f"-d{seconds}s", "--timeout=60s", f"-s{self.script}",
             f"http://127.0.0.1:{nginx.port}{PAGE}"],
            text=True, stdout=subprocess.PIPE)

    def ask(self, *several, threads=1, seconds=SECONDS):
        """Of each nginx, all of them at the same time: (requests a second,
        processor seconds a request)"""
        before = [spent(nginx) for nginx in several]
        asking = [self.start(nginx, threads, seconds) for nginx in several]
        said = [one.communicate(timeout=60 + seconds)[0] for one in asking]
        took = [spent(nginx) - one for nginx, one in zip(several, before)]
        found = []
        for text, cost in zip(said, took):
            told = json.loads(re.search(r"\{.*\}", text)[0])
            assert told["requests"] and not told["errors"], text
            found.append((told["requests"] / told["microseconds"] * 1e6,
                          cost / told["requests"]))
        return found


def spent(nginx):
    return sum(cpu(pid) for pid in nginx.workers())


def rounds(wrk, bare, ways, n):
    """name -> (throughput by that of bare, processor time of bare by its),
    a list of each.  One of bare stands between two others."""
    found = {name: ([], []) for name in ways}
    for i in range(n):
        names = list(ways)
        for j in range(0, len(names), 2):
            order = [*names[j:j + 1], None, *names[j + 1:j + 2]]
            got = {name: wrk.ask(ways[name] if name else bare)[0]
                   for name in (order[::-1] if i % 2 else order)}
            rate, time = got.pop(None)
            for name, (rate1, time1) in got.items():
                found[name][0].append(rate1 / rate)
                found[name][1].append(time / time1)
        print(f"    round {i + 1} of {n}", flush=True)
    return found


def together(wrk, bare, other, n):
    """Requests a second of the worker's processor, by that of bare.  Both are
    asked at the same time and share one processor, so that what else befalls
    it befalls both."""
    found = []
    for i in range(n):
        order = (bare, other) if i % 2 else (other, bare)
        cost = dict(zip(order, wrk.ask(*order, seconds=TOGETHER)))
        found.append(cost[bare][1] / cost[other][1])
    return found


def said(values, digits=3):
    middle, low, high = spread(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def everything(rig, big, **kw):
    """name -> an nginx, each way to know who is locked."""
    redis, _ = rig.redis(OTHERS)
    of = {0: rig.redis(0)[0], 1000: rig.redis(1000)[0], OTHERS: redis,
          MILLION: big[0]}
    ways = {"nginx alone, against itself": rig.bare(**kw)}
    for records in of:
        ways[f"paylock, {records:,} records"] = rig.paylock(
            of[records], records + 20000, **kw)
    for variant in variants(OTHERS):
        ways[variant.name] = variant.start(rig, redis, OTHERS, **kw)
        closes(ways[variant.name])
    return ways


def against(rig, report, wrk, big, n):
    bare, ways = rig.bare(**ALONE), everything(rig, big, **ALONE)
    found = rounds(wrk, bare, ways, n)
    name = f"paylock, {MILLION:,} records"
    ratio = together(wrk, bare, ways[name], 2 * n)
    noise = together(wrk, bare, ways["nginx alone, against itself"], n)
    for nginx in (bare, *ways.values()):
        nginx.stop()
    lines = [(name, said(rate), said(time))
             for name, (rate, time) in found.items()]
    ratios = {name: rate for name, (rate, _) in found.items()}

    report.row("open host, throughput against bare nginx, one worker, "
               "1,000,000 records", "≥ 0.99",
               f"{said(ratio)}; bare nginx against itself {said(noise)}",
               statistics.median(ratio) >= 0.99)
    report.table(
        "Requests a second, against nginx alone",
        ("", "throughput", "by processor time"), lines,
        f"One worker, wrk, {n} pairs of {SECONDS} s: the median, and the "
        "middle half in brackets. The second column is of the processor time "
        "that nginx took for a request: what else the machine does counts "
        "less there.")
    report.numbers["throughput"] = {**ratios, "together": ratio,
                                    "together, itself": noise}
    report.figure("throughput", "throughput against bare nginx", svg.bars(
        "Requests a second, against nginx alone",
        "one worker, a static file of 1 KB, keep-alive; median of pairs",
        [(name, statistics.median(ratio), name.startswith("paylock"))
         for name, ratio in ratios.items()], "{:.2f}".format))


def capacity(wrk, nginx):
    """Requests a second, if each worker had a processor for itself."""
    before = {pid: cpu(pid) for pid in nginx.workers()}
    (_, cost), = wrk.ask(nginx, threads=2)
    for pid, then in before.items():
        assert cpu(pid) - then >= SECONDS / 5, "a worker had little to do"
    return len(before) / cost


def two_workers(rig, report, wrk, big, n):
    """What a second worker brings, to us and to bare nginx.  Each worker has
    a processor that it shares with who asks, if there is no other one: so it
    is by the time on it."""
    kw = [{"workers": 1, **ALONE},
          {"workers": 2, "main": "worker_cpu_affinity 01 10;"
           if os.cpu_count() > 1 else ""}]
    many = " reuseport"
    paylock = [rig.paylock(big[0], MILLION + 20000, listen=many, **one)
               for one in kw]
    bare = [rig.nginx(rig.sites(listen=many), redis=None, load=(), **one)
            for one in kw]
    share, gains = [], []
    for i in range(n):
        order = (paylock, bare) if i % 2 else (bare, paylock)
        gain = {one: capacity(wrk, two) / capacity(wrk, one)
                for one, two in order}
        gains.append(gain[bare[0]])
        share.append(gain[paylock[0]] / gains[-1])
    for nginx in (*paylock, *bare):
        nginx.stop()
    report.row("two workers against one, share of the gain of bare nginx",
               "≥ 0.95", f"{said(share, 2)}; bare nginx answers "
               f"{statistics.median(gains):.2f} times as many",
               statistics.median(share) >= 0.95)
    report.numbers["two workers"] = {"share": share, "bare": gains}


def measure(rig, report, big, quick):
    n = 2 if quick else 11
    wrk = Wrk(rig)
    against(rig, report, wrk, big, n)
    two_workers(rig, report, wrk, big, 2 * n)
