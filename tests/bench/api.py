# Copyright (C) 2026 paylock contributors
#
# paylockd with a million records: how soon it is ready, how much it holds, and
# how fast it answers.

import http.client
import os
import pathlib
import socket
import statistics
import threading
import time

from bench.report import percentile
from bench.rig import MILLION
from support import servers
from support.api import Connection, Paylockd
from support.servers import wait_for
from support.writer import Writer

HOST = "s%d.c%d.example"
QUERIES = ["", "q=c17.", "q=zzz", "stage=locked&sort=-since", "stage=open",
           "sort=next", "sort=-host&limit=500", "invoice=R-77",
           "planned_before=%2B30d&sort=next", "match=*.c42.example",
           "ref=PL-77&sort=since", "hold=billing&q=s99&limit=500"]
CLIENTS = 100


def fill(admin, path):
    with open(path, "w") as file:
        file.write("host,lock_at,reason,invoice\n")
        for i in range(MILLION):
            when = "2031-01-01" if i % 3 else "2026-01-01"
            file.write(f"{HOST % (i, i % 5000)},{when}T00:00:00Z,overdue,"
                       f"R-{i}\n")
    admin("import", "--yes", str(path), timeout=1800)


def made(rig):
    redis, _ = rig.redis(0)
    redis.client().flushall()
    admin = servers.Admin(redis, rig.directory() / "admin")
    admin("keygen")
    admin("init")
    fill(admin, rig.directory() / "list.csv")
    writer = Writer(admin, rig.directory() / "writer", "--budget", "1000000")
    writer.start()
    rig.callback(writer.stop)
    return writer


def rss(pid):
    """MB that a process holds."""
    pages = pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Asker:
    """Requests on one connection."""

    def __init__(self, api, token):
        self.client = Connection(api.socket)
        self.headers = {"Authorization": f"Bearer {token}",
                        "X-Real-IP": "192.0.2.1"}

    def __call__(self, path):
        self.client.request("GET", path, headers=self.headers)
        reply = self.client.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise http.client.HTTPException(f"{path}: {reply.status} {body}")
        return body


def pages(ask, rounds):
    """ms of a page of the list, by query."""
    times = {}
    for query in QUERIES:
        for _ in range(rounds):
            start = time.perf_counter()
            ask(f"/v1/sites?{query}")
            times.setdefault(query, []).append(
                (time.perf_counter() - start) * 1000)
    return times


def rate(api, writer, token, seconds):
    """Reads a second of one site, and of the processor that both take."""
    stop, counts = time.perf_counter() + seconds, []

    def run():
        ask, done = Asker(api, token), 0
        while time.perf_counter() < stop:
            ask("/v1/sites/" + HOST % (done * 977 % MILLION,
                                       done * 977 % MILLION % 5000))
            done += 1
        counts.append(done)

    before = cpu_of(api, writer)
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds, sum(counts) / (cpu_of(api, writer) - before)


def cpu_of(*made):
    """Seconds of user and system, of all threads there were."""
    total = 0
    for one in made:
        fields = pathlib.Path(f"/proc/{one.process.pid}/stat").read_text() \
            .rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Events(threading.Thread):
    """A client that notes when each event came."""

    def __init__(self, api, token):
        super().__init__(daemon=True)
        self.at = {}
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(api.socket))
        self.socket.sendall(f"GET /v1/events HTTP/1.1\r\nHost: panel.example"
                            f"\r\nAuthorization: Bearer {token}\r\nX-Real-IP:"
                            " 192.0.2.1\r\n\r\n".encode())

    def run(self):
        with self.socket.makefile("rb") as lines:
            for line in lines:
                if line.startswith(b"id: "):
                    self.at[int(line[4:])] = time.perf_counter()


def events(api, writer, token, changes):
    """ms from sending a change until a client has its event."""
    clients = [Events(api, token) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(1)
    times = []
    for i in range(changes):
        start = time.perf_counter()
        reply = api.post("/v1/lock", token, {"hosts": [f"e{i}.example"]})
        seq = reply.body["last_seq"]
        wait_for("the event", lambda: all(seq in c.at for c in clients),
                 30, 0.005)
        times += [(c.at[seq] - start) * 1000 for c in clients]
    return times


def measure(rig, report, big, quick):
    writer = made(rig)
    token = writer.token("bench", "--allow", "read,lock")
    api = Paylockd(writer, rig.directory() / "paylockd")
    start = time.perf_counter()
    api.start()
    rig.callback(api.stop)
    took = time.perf_counter() - start
    report.row("paylockd with 1,000,000 records: ready", "≤ 15 s",
               f"{took:.1f} s", took <= 15)
    held = rss(api.process.pid)
    report.row("... memory", "≤ 300 MB", f"{held:.0f} MB", held <= 300)

    times = pages(Asker(api, token), 20 if quick else 100)
    worst = max(times, key=lambda query: percentile(times[query], 99))
    slow = percentile(times[worst], 99)
    report.row("... a page of the list, p99 of the slowest filter",
               "≤ 100 ms", f"{slow:.1f} ms ({worst or 'none'})", slow <= 100)
    report.numbers["pages"] = {query: statistics.median(t)
                               for query, t in times.items()}

    whole, each = rate(api, writer, token, 5 if quick else 20)
    report.row("... reads a second of a site, for a second of processor",
               "≥ 1,000", f"{each:,.0f} ({whole:,.0f} were done)",
               each >= 1000)

    times = events(api, writer, token, 20 if quick else 50)
    slow = percentile(times, 99)
    report.row("... from a change sent to its event at 100 clients, p99",
               "≤ 50 ms", f"{slow:.1f} ms", slow <= 50)
    report.numbers["events"] = {"p50": percentile(times, 50), "p99": slow}
