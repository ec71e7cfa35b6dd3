# Copyright (C) 2026 paylock contributors
#
# The name that paylock_key gives is judged by several looks as well: test_order
# _looks.py has the same for the name of the request.

import socket

import pytest

from support.chain import LOCKED, OPEN
from support.feed import owner
from support.servers import wait_for
from test_order_looks import FIND, Stopped

HTTP = """
    paylock_reconcile 1h;
    server { server_name x.test; paylock on; paylock_key $arg_k;
             location / { return 200; } }
"""

SUFFIX = "*.shop.test"
NAME = "n.shop.test"


def ask(s, key=NAME):
    s.sendall(b"GET /?k=%s HTTP/1.1\r\nHost: x.test\r\n\r\n" % key.encode())


def ask_until_there(server, stopped):
    others = []
    try:
        for _ in range(200):
            s = server.connect()
            ask(s)
            s.settimeout(0.3)
            try:
                assert s.recv(1 << 16).startswith(b"HTTP/1.1 503 ")
            except socket.timeout:
                wait_for("the breakpoint", stopped.there.exists)
                s.settimeout(20)
                return s
            others.append(s)
        raise AssertionError("the worker was not asked")
    finally:
        for one in others:
            one.close()


def followed(server):
    with server.connect() as s:
        s.settimeout(0.2)
        ask(s, "other.shop.test")
        try:
            return s.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        except socket.timeout:
            return False


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
    with ask_until_there(server, stopped) as s:
        chain.write((NAME, LOCKED), (SUFFIX, after))
        wait_for("it to be applied", lambda: followed(server))
        stopped.go_on()
        assert s.recv(1 << 16).startswith(b"HTTP/1.1 503 ")
