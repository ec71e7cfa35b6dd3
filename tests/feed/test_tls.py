# Copyright (C) 2026 paylock contributors
#
# rediss:// in nginx: only a Redis with the right certificate is followed; the
# reason for refusing another one is logged once.

import os
import re
import socket
import time

import pytest

from support import servers
from support.nameserver import NameServer
from support.servers import promised, wait_for
from support.tls_redis import (      # noqa: F401   fixtures
    NAME, NAMES, REFUSED, SITES, admin, certs, changes_arrive,
    client_certificate, following, greeted, redis, said, trust)

# nginx: whom it follows

def test_followed(following, admin):
    server = following()
    changes_arrive(server, admin)
    assert server.get(host="acme.example").status == 503
    assert not said(server)


def test_name(following, redis, admin, certs):
    """The name to be checked need not be the one that is connected to."""
    redis.show(certs.ours.issue("named", f"DNS:{NAME}"))
    admin.env["PAYLOCK_TLS_NAME"] = NAME
    server = following(trust(certs, f"paylock_redis_ssl_name {NAME};"))
    changes_arrive(server, admin)


def test_other_name(nginx, admin, certs):
    admin("init")
    admin("lock", "acme.example")
    server = nginx(trust(certs, "paylock_redis_ssl_name other.example;")
                   + SITES)
    server.allow("nothing is known yet")
    wait_for("the failure", lambda: said(server))
    line, = said(server)
    assert re.search('certificate is refused: .*mismatch.* "other.example"',
                     line)
    assert server.state("acme.example") == "open"


def test_client_certificate(following, redis, admin, certs):
    cert, key = certs.client
    redis.set(tls_auth_clients="yes")
    admin.env.update(PAYLOCK_TLS_CERT=str(cert), PAYLOCK_TLS_KEY=str(key))
    server = following(trust(certs, client_certificate(certs)))
    changes_arrive(server, admin)


def test_authorities_of_the_system(following, admin, certs):
    """Without a file those count that OpenSSL finds by itself."""
    del admin.env["PAYLOCK_TLS_CA"]
    admin.env["SSL_CERT_FILE"] = str(certs.ca)
    server = following("paylock_redis_ssl_verify on;",
                       under=("env", f"SSL_CERT_FILE={certs.ca}"))
    changes_arrive(server, admin)


def test_not_verified(following, redis, certs):
    """The check can be switched off, by a directive that says so."""
    server = following("paylock_redis_ssl_verify off;")
    redis.show(certs.other_ca)
    wait_for("Redis to be met again", lambda: server.wait_live() is None)
    with redis.client() as client:
        client.hset("{paylock}:locks", "hand.example", "1")
    server.wait_state("hand.example", "locked")


def test_many_records(following, redis, admin):
    """Replies that are larger than a TLS record, and than what is read."""
    with redis.client() as client:
        client.hset("{paylock}:locks", mapping={
            f"h{i}.example": '{"lock_at":1,"reason":"%s"}' % ("x" * 900)
            for i in range(3000)})
    server = following()
    for i in range(0, 3000, 100):
        assert server.state(f"h{i}.example") == "locked"
    changes_arrive(server, admin)


@pytest.mark.parametrize("what", REFUSED)
def test_refused_from_the_start(what, nginx, redis, admin, certs):
    admin("init")
    admin("lock", "acme.example")
    redis.show(getattr(certs, what))
    before = redis.met()
    server = nginx(trust(certs) + SITES)
    server.allow("nothing is known yet")
    wait_for("some attempts", lambda: redis.met() >= before + 4)
    assert server.state("acme.example") == "open"
    line, = said(server)
    assert re.search(REFUSED[what], line)
    assert "nothing is known yet" in line
    redis.show(certs.right)
    server.wait_state("acme.example", "locked")


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
    wait_for("some attempts", lambda: redis.met() >= before + 4)
    assert server.get(host="acme.example").status == 503
    assert server.get(host="open.example").status == 200
    refused = [line for line in said(server) if "certificate" in line]
    assert len(refused) == 1, refused
    assert re.search(REFUSED[what], refused[0])
    assert "stay in force" in refused[0]
    redis.show(certs.right)
    server.wait_state("open.example", "locked")
    changes_arrive(server, admin)


def test_client_certificate_missing(following, redis, admin):
    server = following()
    server.allow("certificate required|handshake failure")
    redis.set(tls_auth_clients="yes")
    before = redis.met()
    wait_for("some attempts", lambda: redis.met() >= before + 4)
    assert server.get(host="acme.example").status == 503
    named = [line for line in said(server) if "certificate required" in line]
    assert len(named) == 1, said(server)
    redis.set(tls_auth_clients="no")
    changes_arrive(server, admin)


def test_no_tls_there(nginx, redis, admin):
    """A port for plain text: it waits for more, or makes out a line."""
    admin("init")
    admin("lock", "acme.example")
    redis.set(tls_port=0)
    redis.set(port=redis.tls_port)
    before = redis.met()
    server = nginx(SITES, options="connect_timeout=500ms")
    server.allow("nothing is known yet|wrong version number")
    wait_for("some attempts", lambda: redis.met() >= before + 4)
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
    wait_for("some attempts", lambda: redis.met() >= before + 4)
    assert server.state("acme.example") == "open"
    line, = said(server)
    assert re.search("connection was closed|cannot read|cannot write", line)


def test_stalled_handshake(following, redis, admin):
    """A Redis that hangs: each attempt has an end, and no request waits."""
    server = following(options="connect_timeout=200ms timeout=300ms")
    before = redis.met()
    redis.pause()
    try:
        wait_for("the failure", lambda: said(server))
        end = time.monotonic() + 4
        times = []
        while time.monotonic() < end:
            start = time.monotonic()
            assert server.get(host="acme.example").status == 503
            times.append(time.monotonic() - start)
            time.sleep(0.01)
        assert sorted(times)[len(times) // 2] < promised(0.1)
    finally:
        redis.resume()
    changes_arrive(server, admin)
    # the kernel kept those that were given up
    wait_for("the attempts", lambda: redis.met() >= before + 3)
    # the connection that hung, and those that were never made
    assert len(said(server)) == len(set(said(server))) <= 2


def test_stalled_from_the_start(nginx, redis, admin):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        redis.url = "rediss://127.0.0.1:%d" % silent.getsockname()[1]
        server = nginx(SITES, options="connect_timeout=300ms")
        server.allow("nothing is known yet")
        wait_for("the failure", lambda: said(server))
        assert "no TLS handshake in time" in said(server)[0]
        old = set(server.workers())
        server.reload()
        assert not old & set(server.workers())


@pytest.mark.parametrize("name,greeting", NAMES)
def test_server_name(name, greeting, greeted, nginx, redis, certs):
    """A name goes out with the greeting, an address does not."""
    redis.url, names = greeted
    server = nginx(trust(certs) + SITES + (
        f"paylock_redis_ssl_name {name};" if name else ""))
    server.allow("nothing is known yet")
    wait_for("a greeting", lambda: names)
    wait_for("the failure", lambda: said(server))
    assert names[0] == greeting


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
        wait_for("the next one", lambda: redis.met() > old)
        server.wait_live()
    # a state file may be open for writing just now
    assert descriptors() < before + 5
    changes_arrive(server, admin)


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
            workers=1, main="master_process off;",
            options="connect_timeout=10s timeout=10s",
            under=("valgrind", "--leak-check=full", "--keep-debuginfo=yes",
                   "--show-leak-kinds=definite", f"--log-file={log}"))
        server.allow("its certificate is refused")
        server.wait_live()
        for certificate, n in ((certs.right, 1), (certs.expired, 2)):
            before = redis.met()
            redis.show(certificate)
            wait_for("connections", lambda: redis.met() >= before + n)
        wait_for("the line about it", lambda: "certificate has expired"
                 in server.error_log())
        names.answer = None
        before = names.asked
        wait_for("a question", lambda: names.asked > before)
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


def test_reload(following, admin):
    server = following()
    for _ in range(3):
        server.reload()
    server.wait_live()
    changes_arrive(server, admin)
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
