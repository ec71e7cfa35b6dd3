# Copyright (C) 2026 paylock contributors
#
# status --probe: the answer of a real nginx compared with the record, and
# servers that answer nonsense.

import json
import socket
import threading

import pytest

from support import servers

SITE = 'return 200 "hello";'


@pytest.fixture
def site(nginx, known):
    """site(block): nginx with acme.example, which is locked in Redis."""
    def start(block="paylock on;", http="", host="acme.example"):
        known("lock", "acme.example")
        server = nginx(f"""
            {http}
            server {{
                server_name {host};
                {block}
                location / {{ {SITE} }}
            }}""")
        server.wait_state("acme.example", "locked")
        return server
    return start


def probe(admin, url, host="acme.example", status=0):
    done = admin("--json", "status", host, "--probe", url, check=False)
    assert done.returncode == status, done
    one, = json.loads(done.stdout)
    assert one["host"] == host
    error = [json.loads(line)["error"] for line in done.stderr.splitlines()
             if line.startswith('{"error"')]
    assert len(error) == (status != 0)
    return one.get("probe"), error[0] if error else None


def url(server, path="/", scheme="http"):
    return f"{scheme}://127.0.0.1:{server.port}{path}"


def test_it_agrees(known, site):
    server = site()
    got, _ = probe(known, url(server))
    assert got == {"url": url(server), "status": 503, "page": "locked",
                   "expected": "locked", "agrees": True, "location": None,
                   "certificate": None}
    known("unlock", "acme.example")
    server.wait_state("acme.example", "open")
    got, _ = probe(known, url(server))
    assert (got["status"], got["page"], got["agrees"]) == (200, "site", True)
    known("lock", "acme.example", "--readonly", "now")
    server.wait_state("acme.example", "readonly")
    assert probe(known, url(server))[0]["expected"] == "site"
    known("reset", "acme.example")
    server.wait_state("acme.example", "open")
    got, _ = probe(known, url(server))
    assert got["expected"] is None and got["agrees"]


def test_for_people(known, site):
    server = site()
    done = known("status", "Acme.Example.", "--probe", url(server))
    assert (f"    probe    {url(server)}: status 503, the locked page, as it "
            "should be\n") in done.stdout
    server.reload("server { server_name acme.example; paylock off;"
                  f" location / {{ {SITE} }} }}")
    done = known("status", "acme.example", "--probe", url(server),
                 check=False)
    assert done.returncode == 1
    assert "status 200, the site, which is wrong" in done.stdout
    assert '"acme.example" is locked, but the site answers' in done.stderr
    assert '"paylock on"' in done.stderr


@pytest.mark.parametrize("code", [503, 402, 403])
def test_discreet(code, known, site):
    server = site(f"paylock on; paylock_page discreet; paylock_status {code};")
    got, _ = probe(known, url(server))
    assert (got["status"], got["page"], got["agrees"]) \
        == (code, "discreet", True)


def test_locked_and_open(known, site):
    """paylock off, another server, an exempt path."""
    server = site("paylock off;")
    got, error = probe(known, url(server), status=1)
    assert not got["agrees"] and got["page"] == "site"
    assert error["code"] == "probe" and error["host"] == "acme.example"
    assert "paylock_exempt" in error["mend"]


def test_an_exempt_path(known, site):
    server = site()
    got, _ = probe(known, url(server, "/robots.txt"), status=1)
    assert got["page"] == "site"


def test_open_and_locked(known, site):
    """Another name of the block is locked; a paylock_default."""
    server = site("paylock on; paylock_key acme.example;",
                  host="acme.example blue.example")
    known("unlock", "blue.example")
    server.wait_state("blue.example", "open")
    got, error = probe(known, url(server), host="blue.example", status=1)
    assert got["page"] == "locked"
    assert "paylock_key" in error["mend"]


def test_a_redirect_is_not_followed(known, site):
    server = site("paylock off; return 301 https://elsewhere.example/;")
    got, error = probe(known, url(server), status=1)
    assert got["location"] == "https://elsewhere.example/"
    assert 'leads to "https://elsewhere.example/"' in error["message"]


def test_tls(known, nginx, tls):
    """The name in the certificate and SNI is that of the host."""
    cert, key = tls
    known("lock", "acme.example")
    server = nginx(f"""
        server {{ listen 127.0.0.1:@PORT@ ssl; ssl_reject_handshake on; }}
        server {{
            listen 127.0.0.1:@PORT@ ssl;
            server_name acme.example;
            ssl_certificate {cert};
            ssl_certificate_key {key};
            paylock on;
            location / {{ {SITE} }}
        }}""")
    server.wait_state("acme.example", "locked")
    got, _ = probe(known, url(server, scheme="https"))
    assert got["page"] == "locked"
    assert "self-signed" in got["certificate"]
    known.env["SSL_CERT_FILE"] = str(cert)
    assert probe(known, url(server, scheme="https"))[0]["certificate"] is None
    _, error = probe(known, url(server, scheme="https"), host="b.example",
                     status=1)
    assert "could not be asked" in error["message"]
    # nginx's own complaint about http on that port is locked as well
    assert probe(known, url(server))[0]["page"] == "locked"


@pytest.mark.parametrize("host, given", [
    ("acme.example", "ftp://x/"), ("acme.example", "acme.example"),
    ("acme.example", "http://"), ("acme.example", "http://:80/"),
    ("acme.example", "http://x:0/"), ("acme.example", "http://x:65536/"),
    ("acme.example", "http://x:http/"), ("acme.example", "http://x:/"),
    ("acme.example", "http://a:b@x/"), ("acme.example", "http://x/ y"),
    ("acme.example", "http://x/\r\nX: y"), ("acme.example", "http://x/é"),
    ("acme.example", "http://" + "x" * 300), ("*.acme.example", "http://x/"),
    ("acme.example", "http://[::1"),
])
def test_bad_url(host, given, known):
    done = known("--json", "status", host, "--probe", given, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert json.loads(done.stderr)["error"]["code"] == "probe"


def test_one_host(known):
    done = known("status", "a.example", "b.example", "--probe", "http://x/",
                 check=False)
    assert done.returncode == 2


# servers that answer anything

class Server:
    """Sends these parts to whom connects, and keeps what it was asked."""

    def __init__(self, parts, hang):
        self.parts = parts
        self.hang = hang
        self.asked = b""
        self.over = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            conn, _ = self.socket.accept()
            with conn:
                conn.settimeout(10)
                while b"\r\n\r\n" not in self.asked and (
                        part := conn.recv(4096)):
                    self.asked += part
                for part in self.parts:
                    conn.sendall(part)
                if self.hang:
                    self.over.wait(20)
        except OSError:
            pass

    def stop(self):
        self.over.set()
        self.socket.close()
        self.thread.join(120)


@pytest.fixture
def server():
    started = []

    def start(*parts, hang=False):
        started.append(Server(parts, hang))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_what_is_sent(known, server):
    known("lock", "café.example")
    s = server(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\n"
               b"X-Paylock: no\r\n\r\nHTTP/1.0 503 x\r\nx-paylock:  lo",
               b"cked\r\n\r\n\0\0", hang=True)
    got, _ = probe(known, url(s, "/a?b=%20#c"), host="xn--caf-dma.example")
    assert got["page"] == "locked"
    lines = s.asked.decode().split("\r\n")
    assert lines[:2] == ["GET /a?b=%20 HTTP/1.1",
                         f"Host: xn--caf-dma.example:{s.port}"]


@pytest.mark.parametrize("header", ["Age: 35", "CF-Cache-Status: HIT",
                                    "X-Cache: HIT from cdn"])
def test_a_cache(header, known, server):
    known("lock", "acme.example")
    s = server(f"HTTP/1.1 200 OK\r\n{header}\r\n\r\n".encode())
    _, error = probe(known, url(s), status=1)
    name, value = header.split(": ")
    assert f"a cache in between has answered ({name}: {value})" \
        in error["mend"]


@pytest.mark.parametrize("answer", [
    b"", b"\0", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-x\r\n",
    b"HTTP/1.1 999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
    b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 100 x\r\n\r\n" * 9,
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000,
    b"\x15\x03\x01\x00\x02\x02\x28",
], ids=range(11))
def test_no_answer(answer, known, server):
    known("lock", "acme.example")
    got, error = probe(known, url(server(answer)), status=1)
    assert got is None
    assert "gave no answer of HTTP/1.1" in error["message"]
    assert error["mend"]


def test_interim_answers_without_end(known, server):
    """As fast as they are read: there is never a moment to wait for more."""
    known("lock", "acme.example")
    s = server(*[b"HTTP/1.1 100 x\r\n\r\n" * 10 ** 5] * 10 ** 5)
    got, error = probe(known, url(s), status=1)
    assert got is None and "gave no answer" in error["message"]


def test_nobody_listens(known):
    known("lock", "acme.example")
    port = servers.free_port()
    got, error = probe(known, f"http://127.0.0.1:{port}/", status=1)
    assert got is None and "could not be asked" in error["message"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_hangs(scheme, known, server):
    known("lock", "acme.example")
    s = server(b"HTTP/1.1 200 O", hang=True)
    got, error = probe(known, url(s, scheme=scheme), status=1)
    assert got is None and "could not be asked" in error["message"]


def test_what_it_answers_moves_no_cursor(known, server):
    known("lock", "acme.example")
    s = server(b"HTTP/1.1 302 x\r\nLocation: /\x1b[2J\r\n\r\n")
    done = known("status", "acme.example", "--probe", url(s), check=False)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    assert "\\x1b[2J" in done.stdout
