# Copyright (C) 2026 paylock contributors
#
# Requests with a body at a locked site: they are not taken for the next
# request.

import re
import time

import pytest

from support.gate import SITE, closed
from support.servers import promised

CONF = f"""
    paylock on;
    lingering_timeout 300ms;
    server {{
        server_name acme.example;
        client_max_body_size 0;
        location / {{ proxy_pass http://127.0.0.1:@BACKEND@; }}
    }}
    server {{ server_name open.example; return 200 "{SITE}"; }}
"""

NEXT = b"GET / HTTP/1.1\r\nHost: open.example\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: acme.example\r\n"

BODIES = {
    "none": (b"Content-Length: 0\r\n", b""),
    "short": (b"Content-Length: 5\r\n", b"hello"),
    # a body that looks like a request must not be taken for one
    "request": (b"Content-Length: %d\r\n" % len(NEXT), NEXT),
    "long": (b"Content-Length: 300000\r\n", b"x" * 300000),
    "chunked": (b"Transfer-Encoding: chunked\r\n",
                b"5\r\nhello\r\n" + b"1000\r\n" + b"x" * 4096
                + b"\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("body", BODIES)
def test_the_next_request_on_the_connection(body, gate, backend):
    nginx = gate.start(CONF)
    gate.lock("acme.example")
    field, data = BODIES[body]
    reply = nginx.raw(POST + field + b"\r\n" + data + NEXT)

    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", reply)
    assert statuses == [b"503", b"200"], reply
    assert reply.endswith(SITE.encode())
    assert not backend.requests


@pytest.mark.parametrize("body", BODIES)
def test_the_body_comes_later(body, gate, backend):
    nginx = gate.start(CONF)
    gate.lock("acme.example")
    field, data = BODIES[body]
    with nginx.connect() as s:
        s.sendall(POST + field + b"\r\n")
        time.sleep(0.05)
        s.sendall(data + NEXT)
        reply = s.makefile("rb").read()
    assert re.findall(rb"HTTP/1\.1 (\d+) ", reply) == [b"503", b"200"], reply
    assert not backend.requests


def test_no_100_continue(gate, backend):
    nginx = gate.start(CONF)
    gate.lock("acme.example")
    with nginx.connect() as s:
        s.sendall(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n"
                  b"Connection: close\r\n\r\n")
        # the client waits for 100 and gets the final answer instead
        assert closed(s.makefile("rb").read())
    assert not backend.requests


# What is not going to end: how much of it is taken?

ENDLESS = {
    "10 GB": (b"Content-Length: 10737418240\r\n", b"x" * 65536),
    "chunked": (b"Transfer-Encoding: chunked\r\n",
                b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "small chunks": (b"Transfer-Encoding: chunked\r\n",
                     b"1\r\nx\r\n" * 8192),
    "one huge chunk": (b"Transfer-Encoding: chunked\r\n7fffffffffff\r\n",
                       b"x" * 65536),
}


@pytest.mark.parametrize("body", ENDLESS)
@pytest.mark.parametrize("path", [b"/", b"/robots.txt"])
def test_a_body_without_an_end(body, path, gate, backend):
    """The answer comes at once, and soon nobody listens any more."""
    nginx = gate.start(CONF.replace("300ms", "300ms; lingering_time 1s"))
    gate.lock("acme.example")
    field, data = ENDLESS[body]
    field, _, begun = field.partition(b"\r\n")
    with nginx.connect() as s:
        s.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: acme.example\r\n"
                  + field + b"\r\n\r\n" + begun)
        assert closed(s.recv(65536))

        # a client as fast as nginx reads would take seconds for 1 GB
        s.settimeout(0.2)
        sent, start = 0, time.monotonic()
        try:
            while time.monotonic() - start < 8:
                try:
                    sent += s.send(data)
                except TimeoutError:
                    pass
                time.sleep(0.01)
        except (ConnectionResetError, BrokenPipeError):
            pass
        took = time.monotonic() - start
    assert took < promised(6), f"taken for {took:.1f} s: {sent} bytes"
    assert not backend.requests
    assert not list((nginx.dir / "tmp").rglob("*/0*"))


def test_nothing_huge_is_kept(gate, backend):
    """100 MB, as fast as can be: neither in memory nor in a file."""
    nginx = gate.start(CONF, workers=1)
    gate.lock("acme.example")
    worker = nginx.workers()[0]

    def memory():
        with open(f"/proc/{worker}/status") as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])

    before = memory()
    with nginx.connect() as s:
        s.sendall(POST + b"Content-Length: 104857600\r\n\r\n")
        try:
            for _ in range(1600):
                s.sendall(b"x" * 65536)
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert memory() - before < 2048
    assert not [p for p in (nginx.dir / "tmp").rglob("*") if p.is_file()]
    assert not backend.requests
