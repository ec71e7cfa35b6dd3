# Copyright (C) 2026 paylock contributors
#
# The name that paylock_key gives is judged by several looks as well.

import pytest

from support.chain import LOCKED, OPEN
from support.feed import owner
from support.servers import wait_for
from test_order_looks import (FIND, Stopped, ask_until_there, followed,
                              request)

HTTP = """
    paylock_reconcile 1h;
    server { server_name x.test; paylock on; paylock_key $arg_k;
             location / { return 200; } }
"""

SUFFIX = "*.shop.test"
NAME = "n.shop.test"


def by_key(name):
    return request("x.test", f"/?k={name}")


@pytest.mark.parametrize("after", [OPEN, None])
@pytest.mark.parametrize("nth", [3, 4])
def test_key(nginx, chain, private, nth, after):
    server = nginx(HTTP, workers=2)
    server.allow("paylock: ")
    server.wait_live()
    chain.write((SUFFIX, LOCKED))
    chain.settle(server)
    worker, = set(server.workers()) - {owner(server)}
    stopped = Stopped(worker, FIND, nth, private)
    with ask_until_there(server, by_key(NAME), stopped) as s:
        chain.write((NAME, LOCKED), (SUFFIX, after))
        wait_for("it to be applied", lambda: followed(
            server, by_key("other.shop.test")))
        stopped.go_on()
        assert s.recv(1 << 16).startswith(b"HTTP/1.1 503 ")
