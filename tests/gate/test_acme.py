# Copyright (C) 2026 paylock contributors
#
# A locked site keeps its certificate: certbot renews it at a real ACME server
# (pebble), whose http-01 request passes the gate.

import json
import os
import signal
import socket
import subprocess
import threading

import pytest

from support import servers
from support.gate import SITE, closed

CONF = """
    log_format seen '$uri "$paylock_state" $status';
    server {
        access_log seen.log seen;
        server_name acme.example;
        paylock on;
        %s
    }
"""


class Names:
    """A name server to which all names are 127.0.0.1."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            if not query:
                return
            end = query.index(b"\0", 12) + 5
            found = query[end - 4:end] == b"\0\1\0\1"
            reply = query[:2] + b"\x81\x80\0\1" + bytes([0, found]) \
                + b"\0\0\0\0" + query[12:end]
            if found:
                reply += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"
            self.socket.sendto(reply, client)

    def stop(self):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join(120)
        self.socket.close()


class Pebble(servers.Process):
    """Let's Encrypt's test server; it looks for the challenge at a port."""

    def __init__(self, directory, names, http_port):
        super().__init__(directory)
        self.port = servers.free_port()
        self.names = names
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", "pebble.key", "-out", "pebble.pem"],
            cwd=self.dir, check=True, capture_output=True)
        (self.dir / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "certificate": str(self.dir / "pebble.pem"),
            "privateKey": str(self.dir / "pebble.key"),
            "httpPort": http_port, "tlsPort": 1}}))

    def start(self):
        self.spawn(["pebble", "-strict", "-config", self.dir / "pebble.json",
                    "-dnsserver", f"127.0.0.1:{self.names.port}"],
                   env={**os.environ, "PEBBLE_VA_NOSLEEP": "1",
                        "PEBBLE_WFE_NONCEREJECT": "0",
                        "PEBBLE_AUTHZREUSE": "0"})
        servers.wait_for("pebble", self.answers)
        return self

    def answers(self):
        assert self.running(), self.output()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0


class Certbot:
    def __init__(self, directory, pebble, webroot):
        self.dir = directory / "certbot"
        self.dir.mkdir()
        self.pebble = pebble
        self.webroot = webroot

    def __call__(self, *command):
        done = subprocess.run(
            ["certbot", *command, "--non-interactive",
             "--server", f"https://127.0.0.1:{self.pebble.port}/dir",
             "--config-dir", self.dir, "--work-dir", self.dir / "work",
             "--logs-dir", self.dir / "logs", "--no-random-sleep-on-renew"],
            text=True, capture_output=True, timeout=120,
            env={**os.environ,
                 "REQUESTS_CA_BUNDLE": str(self.pebble.dir / "pebble.pem")})
        return done.returncode, done.stdout + done.stderr

    def obtain(self):
        return self("certonly", "--webroot", "-w", str(self.webroot), "-d",
                    "acme.example", "--agree-tos", "--key-type", "ecdsa",
                    "--register-unsafely-without-email")

    def serial(self):
        return subprocess.run(
            ["openssl", "x509", "-noout", "-serial", "-in",
             self.dir / "live/acme.example/cert.pem"],
            text=True, capture_output=True, check=True).stdout


@pytest.fixture
def certbot(gate, private):
    """certbot(conf) -> a Certbot, at a pebble that asks gate's nginx."""
    started = []

    def start(conf):
        nginx = gate.start(CONF % conf)
        names = Names()
        started.append(names.stop)
        pebble = Pebble(private, names, nginx.port)
        started.append(lambda: pebble.end(signal.SIGTERM))
        return Certbot(private, pebble.start(), gate.site)

    yield start
    for stop in reversed(started):
        stop()


# pebble goes without a challenge where it reuses an authorization, once in a
# hundred times although it is told not to
RENEWALS = 5

WEBROOT = {
    "the site's own root": "root @SITE@; location / { }",
    "a front controller":
        "root @SITE@; location / { try_files $uri /index.php; }"
        r"location ~ \.php$ { proxy_pass http://127.0.0.1:@BACKEND@; }",
    "a location of its own":
        "location / { proxy_pass http://127.0.0.1:@BACKEND@; }"
        "location ^~ /.well-known/acme-challenge/ { root @SITE@; }",
}


@pytest.mark.parametrize("webroot", WEBROOT)
def test_renewal_of_a_locked_site(webroot, certbot, gate, backend):
    bot = certbot(WEBROOT[webroot])
    status, said = bot.obtain()
    assert status == 0, said
    first = bot.serial()

    gate.lock("acme.example")
    seen = gate.nginx.dir / "seen.log"

    for _ in range(RENEWALS):
        before = len(seen.read_text())
        status, said = bot("renew", "--force-renewal")
        assert status == 0, said
        assert bot.serial() != first
        if len(seen.read_text()) > before:
            break

    log = seen.read_text()
    assert '"open" 200' in log and '"exempt" 200' in log
    assert closed(gate.nginx.get(host="acme.example"))
    assert closed(gate.nginx.get("/file.txt", host="acme.example"))
    assert not backend.requests


def test_without_the_exemption(certbot, gate):
    """What the exemption is for: the challenge gets the page."""
    bot = certbot("paylock_exempt off; root @SITE@; location / { }")
    assert bot.obtain()[0] == 0
    gate.lock("acme.example")
    for _ in range(RENEWALS):
        first = bot.serial()
        status, said = bot("renew", "--force-renewal")
        if status:
            break
    assert status != 0 and "acme.example" in said
    assert bot.serial() == first
    assert SITE not in said
