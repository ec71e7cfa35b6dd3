# Copyright (C) 2026 paylock contributors
#
# A host is judged by several looks at the table.  If records change between two
# of them, it is not open that was closed before and is after.

import socket
import subprocess

import pytest

from support.chain import LOCKED, OPEN
from support.feed import owner
from support.servers import PATIENCE, wait_for

HTTP = """
    paylock_reconcile 1h;
    server { server_name *.shop.test; paylock on;
             location / { return 200; } }
"""

SUFFIX = "*.shop.test"
FIND, ABOVE = "ngx_http_paylock_table_find", "ngx_http_paylock_table_above"


class Stopped:
    """The worker stops where it calls the function the nth time."""

    def __init__(self, pid, function, nth, private):
        self.there = private / "there"
        ready = private / "ready"
        self.gdb = subprocess.Popen(
            ["gdb", "-q", "-batch", "-nx", "-p", str(pid),
             "-ex", f"break {function}", "-ex", f"ignore 1 {nth - 1}",
             "-ex", f"shell touch {ready}", "-ex", "continue",
             "-ex", f"shell touch {self.there}; "
                    f"while [ -e {self.there} ]; do sleep 0.01; done",
             "-ex", "delete", "-ex", "detach"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        wait_for("the debugger", ready.exists)

    def go_on(self):
        self.there.unlink()
        said, _ = self.gdb.communicate(timeout=PATIENCE)
        assert self.gdb.returncode == 0, said


def request(host, path="/"):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def ask_until_there(server, asked, stopped):
    """The connection whose request the worker has stopped at."""
    others = []
    try:
        for _ in range(200):
            s = server.connect()
            s.sendall(asked)
            s.settimeout(0.3)
            try:
                assert s.recv(1 << 16).startswith(b"HTTP/1.1 503 ")
            except socket.timeout:
                wait_for("the breakpoint", stopped.there.exists)
                s.settimeout(PATIENCE)
                return s
            others.append(s)            # so that the next is another worker's
        raise AssertionError("the worker was not asked")
    finally:
        for one in others:
            one.close()


@pytest.mark.parametrize("name,function,nth,after", [
    ("n." + "a." * 40 + "shop.test", FIND, 2, OPEN),
    ("n." + "a." * 40 + "shop.test", FIND, 2, None),
    ("n.shop.test", FIND, 2, OPEN),
    ("n.shop.test", ABOVE, 1, None)])   # the short way
def test_all_changes_between_two_looks(nginx, chain, private, name, function,
                                       nth, after):
    server = nginx(HTTP, workers=2)
    server.allow("paylock: ")
    server.wait_live()
    chain.write((SUFFIX, LOCKED))
    chain.settle(server)
    worker, = set(server.workers()) - {owner(server)}
    stopped = Stopped(worker, function, nth, private)
    with ask_until_there(server, request(name), stopped) as s:
        chain.write((name, LOCKED), (SUFFIX, after))
        wait_for("it to be applied", lambda: followed(
            server, request("other.shop.test")))
        stopped.go_on()
        assert s.recv(1 << 16).startswith(b"HTTP/1.1 503 ")


def followed(server, asked):
    """By the other worker, which may not be woken by the first request."""
    with server.connect() as s:
        s.settimeout(0.2)
        s.sendall(asked)
        try:
            return s.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        except socket.timeout:
            return False
