# Copyright (C) 2026 paylock contributors
#
# How nginx follows Redis, read from its log and from Redis.

import contextlib
import os
import re
import signal
import time

from support.chain import HOSTS
from support.servers import wait_for

SITES = """
    server { server_name acme.example; paylock on;
             location / { return 200 "acme"; } }
    server { server_name open.example; paylock on;
             location / { return 200 "open"; } }
"""


def owner(server):
    """The pid of the worker that follows Redis, by the latest log line."""
    return int(re.findall(r"\[notice\] (\d+)#\d+: paylock: this worker "
                          r"follows Redis", server.error_log())[-1])


@contextlib.contextmanager
def stopped(server):
    """As long as with, no worker runs."""
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def scanned(chain):
    """The number of HSCAN replies that Redis has sent."""
    return chain.client.info("commandstats")["cmdstat_hscan"]["calls"]


def unaudited(server):
    """The number of changes without an entry that the log reports."""
    return sum(map(int, re.findall(
        r"\[warn\] .* (\d+) records? w\w+ changed in Redis without an entry",
        server.error_log())))


def still_closed(server, seconds=2):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        opened = [h for h in HOSTS if server.state(h) == "open"]
        assert not opened, opened
        time.sleep(0.1)


def recover(fake):
    """Waits until all has been read again and nginx waits for entries."""
    was = fake.seen["XREAD"]
    wait_for("the feed to follow", lambda: fake.seen["XREAD"] > was)
