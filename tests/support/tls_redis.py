# Copyright (C) 2026 paylock contributors
#
# A Redis with TLS, the certificates that it may show, and an nginx that
# follows it.

import re
import socket
import ssl
import threading

import pytest

from support import pki, servers

SITES = """
    server { server_name acme.example; paylock on;
             location / { return 200 "acme"; } }
    server { server_name open.example; paylock on;
             location / { return 200 "open"; } }
"""


NAME = "redis.example"


class Certificates:
    """Whom nginx and paylock-admin trust, and what Redis may show."""

    def __init__(self, directory):
        self.ours = pki.Authority(directory, "ours")
        self.other = pki.Authority(directory, "other")
        self.ca = self.ours.cert
        alt = f"IP:127.0.0.1,DNS:{NAME}"
        self.right = self.ours.issue("right", alt)
        self.wrong_name = self.ours.issue(
            "wrong", "IP:127.0.0.9,DNS:other.example")
        self.expired = self.ours.issue("expired", alt, days=-1)
        self.other_ca = self.other.issue("other", alt)
        self.client = self.ours.issue("client", "DNS:nginx.example")


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("pki"))


class TlsRedis(servers.Redis):
    """A Redis with a port for TLS beside its socket, which is the test's."""

    def __init__(self, directory, certs):
        directory.mkdir()
        self.certs = certs
        cert, key = certs.right
        super().__init__(directory, tls_port=servers.free_port(),
                         tls_cert_file=cert, tls_key_file=key,
                         tls_ca_cert_file=certs.ca, tls_auth_clients="no")
        self.tls_port = int(self.conf["tls-port"])
        self.url = f"rediss://127.0.0.1:{self.tls_port}"
        self.own = 0

    def client(self, **kw):
        self.own += 1
        return super().client(**kw)

    def set(self, **conf):
        """Another configuration, and nobody stays connected under the old."""
        with self.client() as client:
            words = [w for k, v in conf.items()
                     for w in (k.replace("_", "-"), str(v))]
            if words:
                client.execute_command("CONFIG", "SET", *words)
            client.client_kill_filter(_type="normal", skipme=True)

    def show(self, certificate):
        cert, key = certificate
        self.set(tls_cert_file=cert, tls_key_file=key)

    def met(self):
        """How often others than the test have connected, or tried to."""
        with self.client() as client:
            stats = client.info("stats")
        return (stats["total_connections_received"] - self.own
                + self.output().count("Error accepting a client connection"))


@pytest.fixture
def redis(private, certs):
    server = TlsRedis(private / "redis", certs)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def admin(redis, private, certs):
    """paylock-admin knows the authority of Redis by its environment."""
    admin = servers.Admin(redis, private / "admin")
    admin.env["PAYLOCK_TLS_CA"] = str(certs.ca)
    return admin


def trust(certs, more=""):
    return f"paylock_redis_ssl_trusted_certificate {certs.ca}; {more}"


def client_certificate(certs):
    cert, key = certs.client
    return (f"paylock_redis_ssl_certificate {cert};"
            f"paylock_redis_ssl_certificate_key {key};")


def changes_arrive(server, admin):
    for command, state in (("lock", "locked"), ("unlock", "open")):
        admin(command, "later.example")
        server.wait_state("later.example", state)


@pytest.fixture
def following(nginx, admin, certs):
    """An nginx that has a lock in force by way of TLS."""
    def start(conf=None, **kw):
        admin("init")
        admin("lock", "acme.example")
        server = nginx((conf or trust(certs)) + SITES, **kw)
        server.wait_state("acme.example", "locked")
        server.wait_live()
        return server
    return start


def said(server):
    return re.findall(r"paylock: Redis at .*", server.error_log())


# nginx: whom it does not follow

REFUSED = {
    "wrong_name": r'its certificate is refused: .*mismatch.* "127\.0\.0\.1", '
                  'see "paylock_redis_ssl_name"',
    "expired": "its certificate is refused: certificate has expired",
    "other_ca": "its certificate is refused: .*local issuer.*, see "
                '"paylock_redis_ssl_trusted_certificate"',
}


@pytest.fixture
def greeted(certs):
    """The names in the greetings that come to a port that says no more."""
    def greet():
        while not ending.is_set():
            try:
                conn, _ = listener.accept()
            except TimeoutError:
                continue
            try:
                context.wrap_socket(conn, server_side=True).close()
            except OSError:
                conn.close()

    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certs.right)
    context.sni_callback = lambda _, name, __: names.append(name)
    ending = threading.Event()
    thread = threading.Thread(target=greet)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread.start()
        try:
            yield "rediss://127.0.0.1:%d" % listener.getsockname()[1], names
        finally:
            ending.set()
            thread.join()


NAMES = [(None, None), (NAME, NAME), ("192.0.2.1", None)]
