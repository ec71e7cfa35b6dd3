# Copyright (C) 2026 paylock contributors
#
# wrk asks at full speed while records change and nginx reloads.
#
# A worker that leaves answers what it has read and closes the connections
# that are idle to it: a request that lies unread on one of them is lost, in
# any nginx (1.27.4 has keepalive_min_timeout against that).  RFC 9112,
# section 9.3.1, has clients ask again; wrk does not, and counts a failure.
# So it asks on connections of one request each, and through a proxy that
# keeps its own and does ask again.  What a proxy could hide is counted: each
# answer in the log of a worker that has left is one that wrk got.

import collections
import json
import os
import signal
import subprocess
import time

import pytest

from support.servers import wait_for
from support.writers import Writers

SECONDS = int(os.environ.get("PAYLOCK_LOAD_SECONDS", 8))
PATIENCE = 3 * SECONDS + 60             # with a machine that is too slow
HOSTS = [f"h{i}.example" for i in range(300)]

RATE = 1000                             # changes a second
CONNECTIONS = 16                        # of each client

HTTP = """
    keepalive_requests 1000000000;
    log_format worker $pid;
    server { server_name *.example *.open.test *.locked.test; paylock on;
             access_log @DIR@/access.log worker buffer=64k;
             add_header X-Worker $pid always;
             location / { return 200 "the site"; } }
"""

# nginx without the module

PROXY = """
    keepalive_requests 1000000000;
    upstream site {
        server 127.0.0.1:%d;
        keepalive 64;
        keepalive_requests 1000000000;
    }
    server { location / { proxy_pass http://site;
                          proxy_http_version 1.1;
                          proxy_set_header Connection "";
                          proxy_set_header Host $http_host; } }
"""

# each thread asks for all hosts of a kind in turn; wrk's own count of bad
# answers would take a 503 for one

SCRIPT = """
    local threads = {}

    function setup(thread) table.insert(threads, thread) end

    function init(args)
        kind, want, close = args[1], tonumber(args[2]), args[3]
        n, wrong, good = 0, 0, {}
    end

    function request()
        n = n + 1
        return wrk.format("GET", "/", {
            Host = "h" .. n % 50 .. "." .. kind .. ".test",
            Connection = close })
    end

    function response(status, headers)
        local worker = headers["X-Worker"]
        if status ~= want or not worker then wrong = wrong + 1 end
        if worker then good[worker] = (good[worker] or 0) + 1 end
    end

    function done(summary, latency)
        local e, wrong, good = summary.errors, 0, {}
        for _, thread in ipairs(threads) do
            wrong = wrong + thread:get("wrong")
            for worker, n in pairs(thread:get("good")) do
                table.insert(good, string.format('"%s": %d', worker, n))
            end
        end
        print(string.format('{"good": {%s}, "wrong": %d, "connect": %d, ' ..
            '"read": %d, "write": %d, "timeout": %d, "p99": %f}',
            table.concat(good, ", "), wrong, e.connect, e.read, e.write,
            e.timeout, latency:percentile(99)))
    end
"""


class Wrk:
    """One client, until somebody wants to know the result."""

    def __init__(self, nginx, script, kind, status, connection):
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{2 * PATIENCE}s",
             "--timeout", "10s", "-s", script,
             f"http://127.0.0.1:{nginx.port}/", "--", kind, str(status),
             connection], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def result(self):
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, err
        found = [line for line in out.splitlines() if line.startswith("{")]
        assert len(found) == 1, out + err
        return json.loads(found[0])


def answered(server):
    """By worker: what its log says; it is written when the worker leaves."""
    return collections.Counter(
        (server.dir / "access.log").read_text().split())


@pytest.mark.parametrize("connection, proxy, reloads", [
    ("keep-alive", False, 0), ("close", False, 3), ("keep-alive", True, 3)])
def test_load(nginx, redis, admin, private, connection, proxy, reloads):
    admin("init")
    admin("lock", *(f"h{i}.locked.test" for i in range(50)), "--yes")
    admin("unlock", *(f"h{i}.open.test" for i in range(50)), "--yes")
    server = asked = nginx(HTTP)
    if proxy:
        asked = nginx(PROXY % server.port, load=(), control=False, redis=None)
    server.wait_live()
    for i in range(50):
        server.wait_state(f"h{i}.locked.test", "locked")

    script = private / "wrk.lua"
    script.write_text(SCRIPT)
    left, start = set(), time.monotonic()
    with Writers(redis, HOSTS, RATE) as writers:
        clients = [Wrk(asked, script, "locked", 503, connection),
                   Wrk(asked, script, "open", 200, connection)]
        try:
            for _ in range(reloads):
                time.sleep(SECONDS / (reloads + 1))
                left.update(server.workers())
                server.reload()
            wait_for("the changes", lambda: writers.changes >= RATE * SECONDS,
                     PATIENCE)
            wait_for("the old workers to leave",
                     lambda: not left.intersection(server.family()))
            rate = writers.changes / (time.monotonic() - start)
            results = [client.result() for client in clients]
        finally:
            for client in clients:
                client.process.kill()
                client.process.wait()
    server.stop()

    again = asked.error_log().count("[error]")
    print(round(rate), writers.lost, again, results)
    assert SECONDS < 60 or rate > 0.8 * RATE, writers.done
    for result in results:
        assert sum(result["good"].values()) > 100 * SECONDS, results
        assert not any(result[bad] for bad in (
            "wrong", "connect", "read", "write", "timeout")), results

    # the proxy asks again no more than each worker that left can close

    assert again <= len(left) * CONNECTIONS * len(clients) * proxy, \
        asked.error_log()

    got = collections.Counter()
    for result in results:
        got.update(result["good"])
    log = answered(server)
    assert {pid: got[str(pid)] for pid in left} \
        == {pid: log[str(pid)] for pid in left}
    assert not reloads or any(log[str(pid)] for pid in left)
