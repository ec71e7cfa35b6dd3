# Copyright (C) 2026 paylock contributors
#
# wrk asks at full speed while records change and nginx reloads.  It reloads
# under clients that close each connection: what waits unread on one that is
# kept alive is lost in any reload of nginx.

import json
import os
import subprocess
import time

import pytest

from writers import Writers

SECONDS = int(os.environ.get("PAYLOCK_LOAD_SECONDS", 8))
HOSTS = [f"h{i}.example" for i in range(300)]

HTTP = """
    keepalive_requests 1000000000;
    server { server_name *.example *.open.test *.locked.test; paylock on;
             location / { return 200 "the site"; } }
"""

# each thread asks for all hosts of a kind in turn; wrk's own count of bad
# answers would take a 503 for one

SCRIPT = """
    local threads = {}

    function setup(thread) table.insert(threads, thread) end

    function init(args)
        kind, want, close = args[1], tonumber(args[2]), args[3]
        n, good, wrong = 0, 0, 0
    end

    function request()
        n = n + 1
        return wrk.format("GET", "/", {
            Host = "h" .. n % 50 .. "." .. kind .. ".test",
            Connection = close })
    end

    function response(status)
        if status == want then good = good + 1 else wrong = wrong + 1 end
    end

    function done(summary, latency)
        local e, good, wrong = summary.errors, 0, 0
        for _, thread in ipairs(threads) do
            good = good + thread:get("good")
            wrong = wrong + thread:get("wrong")
        end
        print(string.format('{"good": %d, "wrong": %d, "connect": %d, ' ..
            '"read": %d, "write": %d, "timeout": %d, "p99": %f}', good, wrong,
            e.connect, e.read, e.write, e.timeout, latency:percentile(99)))
    end
"""


class Wrk:
    """One client on a core of its own, as long as with."""

    def __init__(self, nginx, directory, kind, status, connection):
        script = directory / "wrk.lua"
        script.write_text(SCRIPT)
        self.process = subprocess.Popen(
            ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "--timeout", "10s", "-s",
             script, f"http://127.0.0.1:{nginx.port}/", "--", kind,
             str(status), connection], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE)

    def result(self):
        out, _ = self.process.communicate(timeout=SECONDS + 60)
        assert self.process.returncode == 0
        return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("connection, reloads", [
    ("keep-alive", False), ("close", True)])
def test_load(nginx, redis, admin, private, connection, reloads):
    admin("init")
    admin("lock", *(f"h{i}.locked.test" for i in range(50)))
    admin("unlock", *(f"h{i}.open.test" for i in range(50)))
    server = nginx(HTTP)
    server.wait_live()
    for i in range(50):
        server.wait_state(f"h{i}.locked.test", "locked")

    with Writers(redis, HOSTS, rate=1000) as writers:
        clients = [Wrk(server, private, "locked", 503, connection),
                   Wrk(server, private, "open", 200, connection)]
        try:
            time.sleep(SECONDS / 2)
            if reloads:
                server.reload()
            results = [client.result() for client in clients]
        finally:
            for client in clients:
                client.process.kill()
                client.process.wait()
    print(connection, writers.flips, results)
    for result in results:
        assert result["good"] > 100 * SECONDS, results
        assert not any(result[bad] for bad in (
            "wrong", "connect", "read", "write", "timeout")), results
    assert writers.flips > 20 * SECONDS
