# Copyright (C) 2026 paylock contributors
#
# rediss:// in paylock-admin: no password and no command goes to a Redis that
# shows the wrong certificate.

import fcntl
import os
import pty
import re
import subprocess
import termios
import time

import pytest

from support import servers
from support.servers import promised
from support.tls_redis import (      # noqa: F401   fixtures
    NAME, NAMES, admin, certs, greeted, redis)


@pytest.mark.parametrize("name,greeting", NAMES)
def test_admin_server_name(name, greeting, greeted, redis, admin):
    redis.url, names = greeted
    options = ("--tls-name", name) if name else ()
    assert admin("list", *options, check=False).returncode == 1
    assert names == [greeting]


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
    tls = (f"tls_ca = {certs.ca}\ntls_cert = {cert}\ntls_key = {key}\n"
           f"tls_name = {NAME}\n")
    conf.write_text(f"redis = {redis.url}\n{tls}")
    assert admin("--config", conf, "init").returncode == 0

    # for another Redis than the one named there it is not shown
    conf.write_text(f"redis = rediss://192.0.2.1\n{tls}")
    done = admin("--config", conf, "list", check=False)
    assert done.returncode == 1
    assert done.stderr.count("is for the Redis of that configuration") == 2
    assert admin("--config", conf, "list", "--tls-cert", cert, "--tls-key",
                 key).stderr == ""


def refused(admin, redis, *options, env=None):
    start = time.monotonic()
    done = admin("lock", "acme.example", *options, check=False, env=env)
    assert time.monotonic() - start < promised(15)
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


def test_admin_asks_for_no_passphrase(admin, certs, private):
    """Not even on a terminal: what works there works in a script."""
    cert, key = certs.client
    locked = private / "locked"
    subprocess.run(["openssl", "ec", "-in", key, "-aes256", "-passout",
                    "pass:hush", "-out", locked],
                   check=True, capture_output=True)
    locked.chmod(0o600)
    argv = admin.argv("list", "--tls-cert", cert, "--tls-key", locked)
    master, slave = pty.openpty()
    try:
        done = subprocess.run(argv, env=admin.env, stdin=slave, stdout=slave,
                              stderr=subprocess.PIPE, text=True, timeout=120,
                              start_new_session=True,
                              preexec_fn=lambda: fcntl.ioctl(
                                  0, termios.TIOCSCTTY, 0))
    finally:
        os.close(slave)
        os.close(master)
    assert "no passphrase" in done.stderr


def test_admin_in_bulk(admin):
    """More than fits into a socket's buffers, both ways."""
    admin("init")
    hosts = [f"h{i}.example" for i in range(3000)]
    admin("lock", *hosts, "--yes", "--reason", "x" * 900, timeout=120)
    listed = admin.json("list", timeout=120)
    assert {one["host"] for one in listed} == set(hosts)


def test_admin_remembers_the_right_one(redis, admin):
    """Of each URL which chain was there."""
    admin("init")
    admin("lock", "acme.example")
    text = "".join(path.read_text() for path in
                   (admin.home / "state/paylock").iterdir())
    assert f"rediss://127.0.0.1:{redis.tls_port}/0" in text
