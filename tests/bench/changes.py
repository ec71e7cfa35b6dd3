# Copyright (C) 2026 paylock contributors
#
# The time from a transaction in Redis to the first locked answer, and how many
# changes a second nginx can follow.

import os
import signal
import statistics
import subprocess
import time

from bench.report import percentile, spread
from bench.rig import MILLION, Client, cpu, cut, scans
from bench.writer import CHANGED
from support import servers
from support.servers import wait_for

WORKERS = 8
CHANGES = 50000     # are written sooner than a node gives Redis up
HOSTS = 10000       # that are changed

PIDS = """
    server { listen 127.0.0.1:@PORT@; server_name pid.example;
             location / { return 200 "\\n$pid"; } }
"""


def clients(nginx):
    """A connection to each worker."""
    found, spare = {}, []
    while len(found) < WORKERS:
        client = Client(nginx)
        spare.append(client)
        _, data = client.ask("pid.example", "/")
        found.setdefault(data.rpartition(b"\n")[2], client)
        assert len(spare) < 1000
    for client in spare:
        if client not in found.values():
            client.close()
    return list(found.values())


def latency(rig, redis, writer, records, rounds):
    """Seconds from the reply to EXEC to the end of the first locked answer,
    asked for by another worker each time."""
    nginx = rig.paylock(redis, records, PIDS, listen=" reuseport",
                        workers=WORKERS)
    asked = clients(nginx)
    times = []
    for i in range(rounds):
        client, host = asked[i % WORKERS], CHANGED % i
        assert client.ask(host)[0] == 200
        writer.commit([(i, True)])
        start = time.perf_counter()
        while client.ask(host)[0] == 200:
            pass
        times.append(time.perf_counter() - start)
    for client in asked:
        client.close()
    nginx.stop()
    return times


def propagation(rig, report, big, rounds):
    small = rig.redis(0)
    for records, (redis, writer) in ((0, small), (MILLION, big)):
        times = latency(rig, redis, writer, records, rounds)
        middle, worst = statistics.median(times), percentile(times, 99)
        report.row("transaction acknowledged → first locked answer, "
                   f"{WORKERS} workers, {records:,} records",
                   "median ≤ 1 ms, p99 ≤ 5 ms",
                   f"{middle * 1000:.2f} ms, {worst * 1000:.2f} ms",
                   middle <= 0.001 and worst <= 0.005)
        report.numbers[f"change to answer, {records}"] = times


def whole_process(rig, report, rounds):
    """paylock-admin lock, from fork to exit."""
    redis, _ = rig.redis(0)
    admin = servers.Admin(redis, rig.directory())
    admin("init", "--yes")
    times = []
    for i in range(rounds):
        argv = admin.argv("lock", f"site-{i}.example", "--reason", "overdue")
        start = time.perf_counter()
        subprocess.run(argv, env=admin.env, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    middle, worst = statistics.median(times), percentile(times, 99)
    report.row("`paylock-admin lock`, whole process", "≤ 15 ms",
               f"median {middle * 1000:.1f} ms, p99 {worst * 1000:.1f} ms",
               middle <= 0.015)
    report.numbers["paylock-admin lock"] = times


def catching_up(nginx, writer, changes, meanwhile):
    """The worker sleeps while so many are written, and more happens: seconds
    until the last, which opens a host, is in force, and how many of them on
    the processor."""
    worker, = nginx.workers()
    client = Client(nginx)
    last = CHANGED % HOSTS

    def becomes(status):
        wait_for("a change", lambda: client.ask(last)[0] == status, 120, 0.005)

    writer.commit([(HOSTS, True)])
    becomes(503)
    os.kill(worker, signal.SIGSTOP)
    writer.changes(changes, HOSTS)
    writer.commit([(HOSTS, False)])
    meanwhile()
    spent, start = cpu(worker), time.perf_counter()
    os.kill(worker, signal.SIGCONT)
    becomes(200)
    took, spent = time.perf_counter() - start, cpu(worker) - spent
    client.close()
    return took, spent


def rate(rig, report, big, rounds, outage):
    redis, writer = big
    nginx = rig.paylock(redis, MILLION + 20000)
    with redis.client() as client:
        calls = scans(client)
        found = [catching_up(nginx, writer, CHANGES, lambda: None)
                 for _ in range(rounds)]
        assert scans(client) == calls, "it was scanned meanwhile"
        lost, _ = catching_up(nginx, writer, outage, lambda: cut(client))
    nginx.stop()
    rates = [CHANGES / took for took, _ in found]
    middle, low, high = spread(rates)
    each = statistics.median(spent for _, spent in found) / CHANGES
    report.row("changes applied by a node", "≥ 50,000 a second",
               f"{middle:,.0f} a second ({low:,.0f} to {high:,.0f}), "
               f"{each * 1e6:.1f} µs of the processor each; after an outage "
               f"{outage:,} and a scan of 1,000,000 records in {lost:.1f} s",
               middle >= 50000)
    report.numbers["changes a second"] = rates
    report.numbers["processor seconds a change"] = each
    report.numbers["seconds after an outage"] = lost


def measure(rig, report, big, quick):
    propagation(rig, report, big, 200 if quick else 2000)
    whole_process(rig, report, 51 if quick else 501)
    rate(rig, report, big, 3 if quick else 11, 50000 if quick else 500000)
