# Copyright (C) 2026 paylock contributors
#
# Requests with a body at a closed site: the framing stays right.

import re
import time

import pytest

from gate import SITE, closed

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


def test_a_body_of_10_gigabytes(gate, backend):
    nginx = gate.start(CONF)
    gate.lock("acme.example")
    with nginx.connect() as s:
        s.sendall(POST + b"Content-Length: 10737418240\r\n\r\n" + b"x" * 1000)
        reply = s.recv(65536)
        assert reply.startswith(b"HTTP/1.1 503 "), reply
    assert not backend.requests
