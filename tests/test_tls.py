# Copyright (C) 2026 paylock contributors
#
# rediss://: a Redis that shows the right certificate is followed; from any
# other nothing is believed, what was known stays in force, and why is said
# once.

import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

import pki
import servers
from nameserver import NameServer
from servers import wait_for

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


def flips_arrive(server, admin):
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
        server.wait_state("acme.example", "locked", 15)
        server.wait_live()
        return server
    return start


def said(server):
    return re.findall(r"paylock: Redis at .*", server.error_log())


# nginx: whom it follows

def test_followed(following, admin):
    server = following()
    flips_arrive(server, admin)
    assert server.get(host="acme.example").status == 503
    assert not said(server)


def test_name(following, redis, admin, certs):
    """The name to be checked need not be the one that is connected to."""
    redis.show(certs.ours.issue("named", f"DNS:{NAME}"))
    admin.env["PAYLOCK_TLS_NAME"] = NAME
    server = following(trust(certs, f"paylock_redis_ssl_name {NAME};"))
    flips_arrive(server, admin)


def test_other_name(nginx, redis, admin, certs):
    admin("init")
    admin("lock", "acme.example")
    server = nginx(trust(certs, "paylock_redis_ssl_name other.example;")
                   + SITES)
    server.allow("nothing is known yet")
    wait_for("the failure", lambda: said(server), 20)
    line, = said(server)
    assert re.search('certificate is refused: .*mismatch.* "other.example"',
                     line)
    assert server.state("acme.example") == "open"


def test_client_certificate(following, redis, admin, certs):
    cert, key = certs.client
    redis.set(tls_auth_clients="yes")
    admin.env.update(PAYLOCK_TLS_CERT=str(cert), PAYLOCK_TLS_KEY=str(key))
    server = following(trust(certs, client_certificate(certs)))
    flips_arrive(server, admin)


def test_authorities_of_the_system(following, admin, certs):
    """Without a file those count that OpenSSL finds by itself."""
    del admin.env["PAYLOCK_TLS_CA"]
    admin.env["SSL_CERT_FILE"] = str(certs.ca)
    server = following("paylock_redis_ssl_verify on;",
                       under=("env", f"SSL_CERT_FILE={certs.ca}"))
    flips_arrive(server, admin)


def test_not_verified(following, redis, admin, certs):
    """The check can be switched off, by a directive that says so."""
    server = following("paylock_redis_ssl_verify off;")
    redis.show(certs.other_ca)
    wait_for("Redis to be met again", lambda: server.wait_live() is None)
    with redis.client() as client:
        client.hset("{paylock}:locks", "hand.example", "1")
    server.wait_state("hand.example", "locked", 15)


def test_many_records(following, redis, admin):
    """Replies that are larger than a TLS record, and than what is read."""
    with redis.client() as client:
        client.hset("{paylock}:locks", mapping={
            f"h{i}.example": '{"lock_at":1,"reason":"%s"}' % ("x" * 900)
            for i in range(3000)})
    server = following()
    for i in range(0, 3000, 100):
        assert server.state(f"h{i}.example") == "locked"
    flips_arrive(server, admin)


# nginx: whom it does not follow

REFUSED = {
    "wrong_name": r'its certificate is refused: .*mismatch.* "127\.0\.0\.1", '
                  'see "paylock_redis_ssl_name"',
    "expired": "its certificate is refused: certificate has expired",
    "other_ca": "its certificate is refused: .*local issuer.*, see "
                '"paylock_redis_ssl_trusted_certificate"',
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_from_the_start(what, nginx, redis, admin, certs):
    admin("init")
    admin("lock", "acme.example")
    redis.show(getattr(certs, what))
    before = redis.met()
    server = nginx(trust(certs) + SITES)
    server.allow("nothing is known yet")
    wait_for("some attempts", lambda: redis.met() >= before + 4, 20)
    assert server.state("acme.example") == "open"
    line, = said(server)
    assert re.search(REFUSED[what], line)
    assert "nothing is known yet" in line
    redis.show(certs.right)
    server.wait_state("acme.example", "locked", 20)


@pytest.mark.parametrize("what", REFUSED)
def test_refused_later(what, following, redis, admin, certs):
    """HOLD: also if a lock is lifted there meanwhile."""
    server = following()
    server.allow("its certificate is refused")
    redis.show(getattr(certs, what))
    with redis.client() as client:
        client.hset("{paylock}:locks", "acme.example", "open")
        client.hset("{paylock}:locks", "open.example", "1")
    before = redis.met()
    wait_for("some attempts", lambda: redis.met() >= before + 4, 20)
    assert server.get(host="acme.example").status == 503
    assert server.get(host="open.example").status == 200
    refused = [line for line in said(server) if "certificate" in line]
    assert len(refused) == 1, refused
    assert re.search(REFUSED[what], refused[0])
    assert "stay in force" in refused[0]
    redis.show(certs.right)
    server.wait_state("open.example", "locked", 20)
    flips_arrive(server, admin)


def test_client_certificate_missing(following, redis, admin, certs):
    server = following()
    server.allow("certificate required|handshake failure")
    redis.set(tls_auth_clients="yes")
    before = redis.met()
    wait_for("some attempts", lambda: redis.met() >= before + 4, 20)
    assert server.get(host="acme.example").status == 503
    named = [line for line in said(server) if "certificate required" in line]
    assert len(named) == 1, said(server)
    redis.set(tls_auth_clients="no")
    flips_arrive(server, admin)


def test_no_tls_there(nginx, redis, admin):
    """A port for plain text: it waits for more, or makes out a line."""
    admin("init")
    admin("lock", "acme.example")
    redis.set(tls_port=0)
    redis.set(port=redis.tls_port)
    before = redis.met()
    server = nginx(SITES, options="connect_timeout=500ms")
    server.allow("nothing is known yet|wrong version number")
    wait_for("some attempts", lambda: redis.met() >= before + 4, 20)
    assert server.state("acme.example") == "open"
    assert re.search("no TLS handshake in time|wrong version number",
                     said(server)[0])
    assert len(said(server)) <= 2


def test_plain_text_to_tls(nginx, redis, admin):
    admin("init")
    admin("lock", "acme.example")
    redis.url = redis.url.replace("rediss:", "redis:")
    before = redis.met()
    server = nginx(SITES)
    server.allow("nothing is known yet")
    wait_for("some attempts", lambda: redis.met() >= before + 4, 20)
    assert server.state("acme.example") == "open"
    line, = said(server)
    assert re.search("connection was closed|cannot read|cannot write", line)


def test_stalled_handshake(following, redis, admin):
    """A Redis that hangs: each attempt has an end, and no request waits."""
    server = following(options="connect_timeout=200ms timeout=300ms")
    before = redis.met()
    redis.pause()
    try:
        wait_for("the failure", lambda: said(server), 20)
        end = time.monotonic() + 4
        times = []
        while time.monotonic() < end:
            start = time.monotonic()
            assert server.get(host="acme.example").status == 503
            times.append(time.monotonic() - start)
            time.sleep(0.01)
        assert sorted(times)[len(times) // 2] < 0.1
    finally:
        redis.resume()
    flips_arrive(server, admin)
    # the kernel kept those that were given up
    wait_for("the attempts", lambda: redis.met() >= before + 3)
    assert len(said(server)) == 1


def test_stalled_from_the_start(nginx, redis, admin):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        redis.url = "rediss://127.0.0.1:%d" % silent.getsockname()[1]
        server = nginx(SITES, options="connect_timeout=300ms")
        server.allow("nothing is known yet")
        wait_for("the failure", lambda: said(server), 20)
        assert "no TLS handshake in time" in said(server)[0]
        old = set(server.workers())
        server.reload()
        assert not old & set(server.workers())


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


@pytest.mark.parametrize("name,greeting", NAMES)
def test_server_name(name, greeting, greeted, nginx, redis, certs):
    """A name goes out with the greeting, an address does not."""
    redis.url, names = greeted
    server = nginx(trust(certs) + SITES + (
        f"paylock_redis_ssl_name {name};" if name else ""))
    server.allow("nothing is known yet")
    wait_for("a greeting", lambda: names, 20)
    wait_for("the failure", lambda: said(server), 20)
    assert names[0] == greeting


@pytest.mark.parametrize("name,greeting", NAMES)
def test_admin_server_name(name, greeting, greeted, redis, admin):
    redis.url, names = greeted
    options = ("--tls-name", name) if name else ()
    assert admin("list", *options, check=False).returncode == 1
    assert names == [greeting]


def test_nothing_leaks(following, redis, admin):
    """Connections that come and go leave no descriptor behind."""
    server = following()

    def descriptors():
        return sum(len(os.listdir(f"/proc/{pid}/fd"))
                   for pid in server.workers())

    before = descriptors()
    for _ in range(10):
        old = redis.met()
        redis.set()
        wait_for("the next one", lambda: redis.met() > old, 20)
        server.wait_live(timeout=20)
    # a state file may be open for writing just now
    assert descriptors() < before + 5
    flips_arrive(server, admin)


@pytest.mark.skipif(servers.ASAN, reason="valgrind or sanitizers, not both")
def test_memcheck(nginx, redis, admin, certs, private):
    """Valgrind sees no error, and nothing of ours that is lost: connections
    that end well, that are refused, and that wait when nginx ends."""
    log = private / "memcheck.log"
    names = NameServer(NAME)
    try:
        names.answer = ["127.0.0.1"]
        admin("init")
        admin("lock", "acme.example")
        redis.url = f"rediss://{NAME}:{redis.tls_port}"
        server = nginx(
            trust(certs, f"resolver {names.address} ipv6=off;") + SITES,
            workers=1, main="master_process off;", patience=60,
            options="connect_timeout=10s timeout=10s",
            under=("valgrind", "--leak-check=full", "--keep-debuginfo=yes",
                   "--show-leak-kinds=definite", f"--log-file={log}"))
        server.allow("its certificate is refused")
        server.wait_live(timeout=60)
        for certificate, n in ((certs.right, 1), (certs.expired, 2)):
            before = redis.met()
            redis.show(certificate)
            wait_for("connections", lambda: redis.met() >= before + n, 60)
        wait_for("the line about it", lambda: "certificate has expired"
                 in server.error_log(), 60)
        names.answer = None
        before = names.asked
        wait_for("a question", lambda: names.asked > before, 60)
        server.stop()
    finally:
        names.stop()

    text = log.read_text()
    assert "ERROR SUMMARY: " in text
    errors = [block for block in re.split(r"==\d+== \n", text)
              if re.search(r"Invalid|uninitialised|Mismatched|overlap", block)
              or ("definitely lost in loss record" in block
                  and "paylock" in block)]
    assert not errors, "\n".join(errors)


def test_reload(following, redis, admin):
    server = following()
    for _ in range(3):
        server.reload()
    server.wait_live()
    flips_arrive(server, admin)
    assert server.get(host="acme.example").status == 503


# nginx: its configuration

@pytest.fixture
def config(private):
    nginx = servers.Nginx(private / "config", control=False)

    def test(http):
        done = nginx.test("paylock_redis rediss://127.0.0.1;" + http + SITES)
        return done.returncode, done.stderr
    return test


@pytest.mark.parametrize("conf,message", [
    ("paylock_redis_ssl_certificate {right[0]};", "need each other"),
    ("paylock_redis_ssl_certificate_key {right[1]};", "need each other"),
    ("paylock_redis_ssl_certificate {right[0]};"
     "paylock_redis_ssl_certificate_key {client[1]};", "key values mismatch"),
    ("paylock_redis_ssl_certificate /no/such/file;"
     "paylock_redis_ssl_certificate_key {client[1]};", "/no/such/file"),
    ("paylock_redis_ssl_trusted_certificate /no/such/file;", "/no/such/file"),
    ("paylock_redis_ssl_trusted_certificate {right[1]};", "{right[1]}"),
    ("paylock_redis_ssl_verify maybe;", 'it must be "on" or "off"'),
    ("paylock_redis_ssl_name a; paylock_redis_ssl_name b;", "duplicate"),
])
def test_bad_configuration(conf, message, config, certs):
    code, err = config(conf.format(**vars(certs)))
    assert code == 1, err
    assert message.format(**vars(certs)) in err


def test_good_configuration(config, certs):
    code, err = config(trust(certs, client_certificate(certs)
                             + "paylock_redis_ssl_name redis.example;"
                               "paylock_redis_ssl_verify on;"))
    assert code == 0, err
    assert "[warn]" not in err


def test_useless_configuration(private, certs):
    """Certificates do not make redis:// safe, and that is said."""
    nginx = servers.Nginx(private / "config", control=False)
    done = nginx.test("paylock_redis redis://127.0.0.1;" + trust(certs)
                      + SITES)
    assert done.returncode == 0
    assert "no TLS without" in done.stderr


# paylock-admin

def test_admin_options(redis, private, certs):
    admin = servers.Admin(redis, private / "admin")
    cert, key = certs.client
    redis.set(tls_auth_clients="yes")
    options = ("--tls-ca", certs.ca, "--tls-cert", cert, "--tls-key", key)
    admin("init", *options)
    admin("lock", "acme.example", *options)
    redis.show(certs.ours.issue("by-name", f"DNS:{NAME}"))
    admin("status", "acme.example", "--tls-name", NAME, *options)
    admin("unlock", "acme.example", "--tls-name", NAME, *options)
    done = admin("lock", "acme.example", "--tls-name", "other.example",
                 *options, check=False)
    assert done.returncode == 1
    assert 'is not for "other.example"' in done.stderr


def test_admin_settings(redis, private, certs):
    admin = servers.Admin(redis, private / "admin")
    conf = private / "config"
    cert, key = certs.client
    redis.set(tls_auth_clients="yes")
    conf.write_text(f"tls_ca = {certs.ca}\ntls_cert = {cert}\n"
                    f"tls_key = {key}\ntls_name = {NAME}\n")
    assert admin("--config", conf, "init").returncode == 0


def refused(admin, redis, *options, env=None):
    start = time.monotonic()
    done = admin("lock", "acme.example", *options, check=False, env=env)
    assert time.monotonic() - start < 15
    assert done.returncode == 1, done.stderr
    with redis.client() as client:
        assert not client.exists("{paylock}:locks")
    return done.stderr


@pytest.mark.parametrize("what,message", [
    ("wrong_name", 'is not for "127.0.0.1": --tls-name'),
    ("expired", "certificate has expired"),
    ("other_ca", "--tls-ca names"),
])
def test_admin_refuses(what, message, redis, admin, certs):
    admin("init")
    redis.show(getattr(certs, what))
    assert message in refused(admin, redis)
    redis.show(certs.right)
    admin("lock", "acme.example")


def test_admin_trusts_no_unknown_authority(redis, admin):
    admin("init")
    del admin.env["PAYLOCK_TLS_CA"]
    assert "--tls-ca names" in refused(admin, redis)


def test_admin_without_certificate(redis, admin, certs):
    admin("init")
    redis.set(tls_auth_clients="yes")
    assert "--tls-cert" in refused(admin, redis)
    # one that is not of the authority of Redis
    cert, key = certs.other.issue("stranger", "DNS:x.example")
    assert "--tls-cert" in refused(admin, redis, "--tls-cert", cert,
                                   "--tls-key", key)


def test_admin_stalled(redis, admin):
    admin("init")
    redis.pause()
    try:
        done = admin("lock", "acme.example", check=False)
    finally:
        redis.resume()
    assert done.returncode == 1
    assert "no TLS with Redis" in done.stderr
    assert "timed out" in done.stderr
    admin("lock", "acme.example")


def test_admin_no_tls_there(redis, admin):
    admin("init")
    redis.set(tls_port=0)
    redis.set(port=redis.tls_port)
    assert re.search("no TLS with Redis at .*(timed out|wrong version)",
                     refused(admin, redis))


def test_admin_plain_text_to_tls(redis, admin):
    admin("init")
    redis.url = redis.url.replace("rediss:", "redis:")
    assert "rediss://" in refused(admin, redis)


def test_admin_files(redis, admin, certs, private):
    admin("init")
    cert, key = certs.client
    both = ("--tls-cert", cert, "--tls-key")
    secret = private / "key"
    secret.write_bytes(key.read_bytes())
    secret.chmod(0o644)
    assert "holds a secret and others" in refused(admin, redis, *both, secret)
    secret.chmod(0o600)
    admin("status", "acme.example", *both, secret)

    subprocess.run(["openssl", "ec", "-in", key, "-aes256", "-passout",
                    "pass:hush", "-out", private / "locked"],
                   check=True, capture_output=True)
    assert "no passphrase" in refused(admin, redis, *both, private / "locked")
    assert "tls_key" in refused(admin, redis, *both, certs.right[1])
    assert "/no/such" in refused(admin, redis, *both, "/no/such")
    assert "/no/such" in refused(admin, redis, "--tls-ca", "/no/such")
    done = admin("lock", "acme.example", "--tls-cert", cert, check=False)
    assert done.returncode == 2
    assert 'a "tls_cert" without a "tls_key"' in done.stderr


def test_admin_asks_for_no_passphrase(redis, admin, certs, private):
    """Not even on a terminal: what works there works in a script."""
    cert, key = certs.client
    locked = private / "locked"
    subprocess.run(["openssl", "ec", "-in", key, "-aes256", "-passout",
                    "pass:hush", "-out", locked],
                   check=True, capture_output=True)
    locked.chmod(0o600)
    argv = admin.argv("list", "--tls-cert", cert, "--tls-key", locked)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(argv[0], argv, admin.env)
    text, end = "", time.monotonic() + 20
    try:
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                text += os.read(terminal, 4096).decode()
    except OSError:
        pass                            # it has ended
    finally:
        os.close(terminal)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert time.monotonic() < end, text
    assert "no passphrase" in text


def test_admin_in_bulk(redis, admin):
    """More than fits into a socket's buffers, both ways."""
    admin("init")
    hosts = [f"h{i}.example" for i in range(3000)]
    admin("lock", *hosts, "--yes", "--reason", "x" * 900, timeout=120)
    listed = admin.json("list", timeout=120)
    assert {one["host"] for one in listed} == set(hosts)


def test_admin_remembers_the_right_one(redis, admin):
    """The head is of the URL: another Redis is another one."""
    admin("init")
    admin("lock", "acme.example")
    text = "".join(path.read_text() for path in
                   (admin.home / "state/paylock").iterdir())
    assert f"rediss://127.0.0.1:{redis.tls_port}/0" in text
