# Copyright (C) 2026 paylock contributors
#
# With signers: a first scan that must fit the root, and how many signed
# changes a second nginx can follow.

import json
import os
import signal
import statistics
import time

from bench.report import spread
from bench.rig import ALONE, MILLION, Client, Clock, apart, live
from bench.scan import METRICS, longest
from bench.writer import BATCH, LOCKED, record
from oracle.lattice import Lattice
from support.chain import LOCKS
from support.servers import wait_for
from support.trail import Key, SignedChain, signers_file

KEY = Key(1)
CHANGES = 50000
HOSTS = 10000


def before(n):
    """The hashes of those of n entries to which the skips of later ones
    lead, by seq."""
    hashes = {}
    while n:
        hashes[n] = f"{n:064x}"
        n &= n - 1
    return hashes


def fill(redis, n):
    """n records, each with the number of its entry, and the last entry of
    their trail; returns who goes on with it."""
    chain = SignedChain(redis, KEY)
    lattice, at = Lattice(), int(time.time())
    for first in range(0, n, BATCH):
        rows = {LOCKED % i: record(i, at)[:-1] + f',"entry":{i + 1}}}'
                for i in range(first, min(first + BATCH, n))}
        for host, text in rows.items():
            lattice.change(host, "", text)
        chain.client.hset(LOCKS, mapping=rows)
    chain.made = before(n)
    chain.seq, chain.hash = n, chain.made[n]
    chain.lattice, chain.records = lattice, {}
    chain.write(("last.example", {"at": at, "lock_at": at}))
    return chain


def sites(rig, records, path, http=""):
    return rig.closed(records, f"paylock_signers {path}; {http}")


def scan(rig, redis, path):
    """(seconds from the start of nginx until all is in force, the longest
    turn)"""
    start = time.perf_counter()
    nginx = rig.nginx(sites(rig, MILLION, path, METRICS), redis=redis,
                      **ALONE)
    clock, client = Clock(), Client(nginx)
    worst = 0
    while "paylock: live" not in nginx.error_log():
        if time.perf_counter() > start + 60:
            raise TimeoutError(nginx.error_log())
        worst = max(worst, longest(client, clock, 20))
    took = time.perf_counter() - start
    clock.close()
    client.close()
    told = json.loads(nginx.get("/?format=json", "metrics.example").body)
    nginx.stop()
    return took, min(worst, told["paylock_feed_longest_turn_seconds"])


def stop(nginx, sig):
    for pid in nginx.family():
        os.kill(pid, sig)


def follow(rig, chain, path, batch):
    """Signed changes a second that a node takes which has fallen behind."""
    nginx = rig.nginx(sites(rig, MILLION, path,
                            METRICS + "paylock_reconcile 1h;"),
                      redis=chain.redis, **ALONE)
    live(nginx)
    stop(nginx, signal.SIGSTOP)
    for first in range(0, CHANGES, batch):
        chain.write(*((f"c{i % HOSTS}.example", {"at": 1, "lock_at": i + 1})
                      for i in range(first, first + batch)))
    last = f"last{chain.seq}.example"
    chain.write((last, {"at": 1, "lock_at": 1}))
    start = time.perf_counter()
    stop(nginx, signal.SIGCONT)
    wait_for(last, lambda: nginx.get("/", last).status == 503, 60, 0.01)
    took = time.perf_counter() - start
    nginx.stop()
    return CHANGES / took


def measure(rig, report, big, quick):
    redis, _ = rig.redis(0)
    redis.client().flushall()
    chain = fill(redis, MILLION)
    path = signers_file(rig.directory() / "signers", KEY)
    with apart(redis.pid):
        times, turns = zip(*(scan(rig, redis, path)
                             for _ in range(2 if quick else 5)))
        middle = statistics.median(times)
        report.row("with signers: first scan of 1,000,000 records, from the "
                   "start of nginx", "≤ 8 s", f"{middle:.2f} s", middle <= 8)
        report.row("... longest turn of the event loop", "≤ 5 ms",
                   f"{max(turns) * 1000:.1f} ms", max(turns) <= 0.005)
        report.numbers["first scan with signers"] = {"seconds": times,
                                                     "turns": turns}
        for batch in (1000, 10) if quick else (1000, 100, 10):
            rates = [follow(rig, chain, path, batch)
                     for _ in range(1 if quick else 3)]
            middle, low, high = spread(rates)
            report.row(f"... signed changes a second, {batch:,} a "
                       "transaction", "≥ 50,000" if batch == 1000 else "",
                       f"{middle:,.0f} ({low:,.0f} to {high:,.0f})",
                       batch != 1000 or middle >= 50000)
            report.numbers[f"signed changes, {batch}"] = rates
