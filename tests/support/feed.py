# Copyright (C) 2026 paylock contributors
#
# What nginx does to follow Redis, as its log and Redis tell of it.

import re
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
    """The worker that follows Redis, by the last that said so."""
    return int(re.findall(r"\[notice\] (\d+)#\d+: paylock: this worker "
                          r"follows Redis", server.error_log())[-1])


def scanned(chain):
    """How many replies to HSCAN Redis has given."""
    return chain.client.info("commandstats")["cmdstat_hscan"]["calls"]


def unaudited(server):
    """How many changes without an entry the log has counted."""
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
    """The scan has been made again, and entries are waited for."""
    was = fake.seen["XREAD"]
    wait_for("the feed to follow", lambda: fake.seen["XREAD"] > was)
