# Copyright (C) 2026 paylock contributors
#
# Operators who sign what they do, and what they find in Redis.

import json
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, LOCKS


@pytest.fixture
def operator(redis, private):
    """operator(name): a paylock-admin with a key of its own, .key."""
    def make(name):
        admin = servers.Admin(redis, private / name)
        admin.env["PAYLOCK_ACTOR"] = name
        admin.key = admin.json("keygen")["key"]
        return admin
    return make


@pytest.fixture
def alice(operator):
    """Who began the trail, and has locked a site."""
    alice = operator("alice")
    alice("init")
    alice("lock", "a.example")
    return alice


@pytest.fixture
def bob(alice, operator):
    """Whom alice has added, and who knows the trail."""
    bob = operator("bob")
    alice("key", "add", bob.key, "--reason", "Bob")
    bob("init", "--yes")
    return bob


def state(redis):
    client = redis.client()
    return client.hgetall(LOCKS), client.xrange(AUDIT)


def entries(redis):
    return [entry for _, entry in redis.client().xrange(AUDIT)]


def memory(admin):
    [path] = (admin.home / "state/paylock").iterdir()
    return path


def pinned(admin):
    lines = [line.split(" = ") for line in
             memory(admin).read_text().splitlines()]
    keys = [value.split() for name, value in lines if name == "key"]
    return dict(lines), {key for key, revoked in keys if revoked == "0"}


def openssl(*args, **kw):
    return subprocess.run(["openssl", *map(str, args)], check=True,
                          capture_output=True, timeout=30, **kw).stdout


def refused(admin, status, code, *args, **kw):
    done = admin("--json", *args, check=False, **kw)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    line = done.stderr.splitlines()[-1]
    assert line.isascii() and line.replace("\x7f", "").isprintable()
    error = json.loads(line)["error"]
    assert error["code"] == code, error
    assert error["message"]
    assert error["mend"], error
    return error


def config(admin, text, mode=0o600):
    path = admin.home / "config/paylock/config"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path
