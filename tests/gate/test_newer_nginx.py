# Copyright (C) 2026 paylock contributors
#
# What newer versions of nginx can do before, beside or instead of an answer:
# none of it is a way round the lock, and an open host has all of it.

import re
import socket
import threading

import pytest

from support import servers
from support.gate import SITE, closed, http2, site

BODY = b"x" * 200000


@pytest.fixture
def needs(private):
    """needs(configuration): skips the test where nginx knows no such thing."""
    def check(http):
        done = servers.Nginx(private / "known", control=False).test(http)
        # it takes the name of a predicate location for the begin of a path
        unknown = re.search(r'unknown directive \S+|location "\$\w+" is '
                            "outside location", done.stderr)
        if done.returncode and unknown:
            pytest.skip(f"this nginx: {unknown[0]}")
        assert done.returncode == 0, done.stderr

    return check


@pytest.fixture
def hinting():
    """A backend that sends 103 before its answer; .paths is what it is
    asked."""
    class Server:
        paths = []

        def __init__(self):
            self.socket = socket.create_server(("127.0.0.1", 0))
            self.port = self.socket.getsockname()[1]
            threading.Thread(target=self.run, daemon=True).start()

        def run(self):
            while True:
                try:
                    connection, _ = self.socket.accept()
                except OSError:
                    return
                with connection:
                    head = connection.recv(65536)
                    self.paths.append(head.split(b" ")[1].decode())
                    connection.sendall(
                        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=THE-SITE"
                        b"\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n"
                        b"Content-Length: 8\r\n\r\nTHE-SITE")

    Server.paths = []
    server = Server()
    yield server
    server.socket.shutdown(socket.SHUT_RDWR)
    server.socket.close()


HINTS = """
    early_hints 1;
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock %s;
        server_name acme.example;
        paylock on;
        proxy_http_version 1.1;
        location / { proxy_pass http://127.0.0.1:@HINTS@; }
        location /checked { auth_request /sub; proxy_pass http://127.0.0.1:@HINTS@; }
        location /off { paylock off; auth_request /sub; return 200 open; }
        location /sub { proxy_pass http://127.0.0.1:@HINTS@; }
    }
"""


def raw(nginx, path, host="acme.example"):
    return nginx.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n"
                     "Connection: close\r\n\r\n".encode())


def test_early_hints(needs, gate, hinting):
    http = (HINTS % ("http2" if not servers.at_least("1.25.1") else "; http2 on"
                     )).replace("@HINTS@", str(hinting.port))
    needs(http)
    nginx = gate.start(http)
    for path in "/", "/checked":
        got = raw(nginx, path)
        assert got.startswith(b"HTTP/1.1 103 "), got
        assert b"rel=THE-SITE" in got and b"HTTP/1.1 200 OK" in got
    gate.lock("acme.example")
    hinting.paths.clear()
    for path in "/", "/checked", "/sub":
        assert closed(raw(nginx, path))
        assert closed(http2(nginx, path))
    # of a location that is open and asks one that is closed
    got = raw(nginx, "/off")
    assert b" 103 " not in got and b"THE-SITE" not in got
    assert hinting.paths == []
    gate.unlock("acme.example")
    assert raw(nginx, "/").startswith(b"HTTP/1.1 103 ")


EARLY = """
    client_body_early_read $http_x_early;
    server {
        server_name acme.example;
        paylock on;
        client_max_body_size 1m;
        error_page 413 = @large;
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        location @large { return 200 THE-SITE; }
        location /off { paylock off; proxy_pass http://127.0.0.1:@BACKEND@; }
    }
"""


def test_body_that_is_read_early(needs, gate, backend):
    """nginx itself reads it before anybody is asked: it goes no further."""
    needs(EARLY.replace("@BACKEND@", "80"))
    nginx = gate.start(EARLY)
    early = {"X-Early": "1"}

    def post(path="/", body=BODY, **more):
        return nginx.get(path, host="acme.example", method="POST", body=body,
                         headers={**early, **more})

    assert site(post())
    assert backend.requests[-1].body == BODY
    gate.lock("acme.example")
    for body in b"", b"x", BODY, b"x" * 1000000:
        assert closed(post(body=body))
    assert closed(post(body=b"x" * 1500000))    # too large
    assert not backend.requests
    assert site(post("/off"))
    assert backend.requests[-1].body == BODY

    # chunked, and the next request on the connection
    got = nginx.raw(b"POST / HTTP/1.1\r\nHost: acme.example\r\nX-Early: 1\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"
                    b"GET / HTTP/1.1\r\nHost: acme.example\r\n"
                    b"Connection: close\r\n\r\n")
    assert got.count(b"HTTP/1.1 503 ") == 2 and SITE.encode() not in got
    gate.unlock("acme.example")
    assert site(post())


PREDICATES = """
    map $arg_p $wanted { on 1; off 0; }
    map $arg_q $inner { on 1; }
    server {
        server_name acme.example;
        paylock on;
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        location $wanted {
            proxy_pass http://127.0.0.1:@BACKEND@;
            location $inner { paylock off; return 200 open; }
        }
    }
    server {
        server_name b.example;
        paylock off;
        location $wanted { paylock on; proxy_pass http://127.0.0.1:@BACKEND@; }
        location / { return 200 open; }
    }
"""


def test_predicate_locations(needs, gate, backend):
    """Chosen by what the client sends: each goes by what it has itself."""
    needs(PREDICATES.replace("@BACKEND@", "80"))
    nginx = gate.start(PREDICATES)

    def get(path, host="acme.example"):
        return nginx.get(path, host=host)

    for path in "/", "/?p=on", "/?p=off":
        assert site(get(path))
    gate.lock("acme.example", "b.example")
    for path in "/", "/?p=on", "/?p=off", "/?p=", "/?q=on":
        assert closed(get(path))
    assert get("/?p=on&q=on").text == "open"
    assert get("/", "b.example").text == "open"
    assert closed(get("/?p=on", "b.example"))
    assert not backend.requests


TUNNELS = """
    server {
        server_name acme.example;
        paylock on;
        location / { tunnel_pass 127.0.0.1:@BACKEND@; }
    }
    server {
        server_name b.example;
        paylock on;
        tunnel_pass 127.0.0.1:@BACKEND@;
    }
    server {
        server_name off.example;
        paylock on;
        location / { paylock off; tunnel_pass 127.0.0.1:@BACKEND@; }
    }
"""

INNER = b"GET /inner HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def connect(nginx, target, host=None):
    """What comes to CONNECT and a request through the tunnel, sent at once
    and after an answer."""
    head = (f"CONNECT {target} HTTP/1.1\r\nHost: {host or target}\r\n"
            "\r\n").encode()
    with nginx.connect() as s:
        s.sendall(head)
        got = s.recv(65536)
        try:
            s.sendall(INNER)
            while part := s.recv(65536):
                got += part
        except ConnectionError:
            pass
    return got


@pytest.mark.parametrize("name", ["acme.example", "b.example"])
def test_tunnels(name, needs, gate, backend):
    needs(TUNNELS.replace("@BACKEND@", "80"))
    nginx = gate.start(TUNNELS)
    assert site(connect(nginx, f"{name}:443"))
    assert [r.path for r in backend.requests] == ["/inner"]
    gate.lock(name)
    for target in (f"{name}:443", f"{name.upper()}:80", f"www.{name}:443"):
        got = connect(nginx, target)
        assert got.startswith(b"HTTP/1.1 503 "), got
        assert SITE.encode() not in got
    # one name before, another behind
    other = {"acme.example": "b.example", "b.example": "acme.example"}[name]
    for target, host in ((f"{name}:443", other), (f"{other}:443", name)):
        got = connect(nginx, target, host)
        assert SITE.encode() not in got, got
    assert not backend.requests
    gate.lock("off.example")
    assert site(connect(nginx, "off.example:443"))
    gate.unlock(name)
    assert site(connect(nginx, f"{name}:443"))
