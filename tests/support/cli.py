# Copyright (C) 2026 paylock contributors
#
# Operators with keys of their own, the errors of paylock-admin, and what it
# writes.

import json
import os
import pty
import re
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, LOCKS
from support.trail import signer, signers_file


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
    """An operator who ran init and locked a site."""
    alice = operator("alice")
    alice("init")
    alice("lock", "a.example")
    return alice


@pytest.fixture
def bob(alice, operator):
    """A second operator; both signers files name both."""
    bob = operator("bob")
    trust([alice, bob], alice, bob)
    bob("init", "--yes")
    return bob


def signers_of(admin):
    """The path of a machine's signers file."""
    return admin.home / "config/paylock/signers"


def trust(machines, *signers):
    """Gives these machines a signers file: of operators, by the names of their
    homes, or of lines."""
    for admin in machines:
        signers_file(signers_of(admin), *(
            one if isinstance(one, str) else signer(one.home.name, one.key)
            for one in signers))


def failed(done, status, code):
    """Checks that a command failed this way and returns the error; warnings
    may precede it."""
    assert done.returncode == status, done.stderr
    *warnings, line = done.stderr.splitlines()
    assert line.isascii() and line.replace("\x7f", "").isprintable()
    assert not any("error" in json.loads(warning) for warning in warnings)
    error = json.loads(line)["error"]
    assert error["code"] == code, error
    assert set(error) == {"code", "message", "mend", "host"}
    assert error["message"]
    assert error["mend"], error
    return error


def refused(admin, status, code, *args, **kw):
    """Runs a command that has to fail, and returns its error."""
    done = admin("--json", *args, check=False, **kw)
    assert done.stdout == ""
    return failed(done, status, code)


def answered(admin, answer, *args):
    """Runs a command on a terminal, answers its question, and returns status,
    stdout and stderr."""
    master, slave = pty.openpty()
    try:
        os.write(master, answer.encode() + b"\n")
        done = subprocess.run(admin.argv(*args), env=admin.env, stdin=slave,
                              capture_output=True, text=True, timeout=120)
    finally:
        os.close(master)
        os.close(slave)
    return done.returncode, done.stdout, done.stderr


def record(redis, host="acme.example"):
    with redis.client() as client:
        return parsed(client, host, client.hget(LOCKS, host))


def parsed(client, host, value):
    """A record without the number of the entry that wrote it, which must be
    there and have written just that."""
    if value is None:
        return None
    found = json.loads(value)
    if isinstance(found, dict) and "entry" in found:
        seq = found.pop("entry")
        (_, entry), = client.xrange(AUDIT, f"{seq}-0", f"{seq}-0")
        assert (entry["host"], entry["after"]) == (host, value)
    return found


def stream(redis):
    """The trail in Redis: (id, entry)."""
    return redis.client().xrange(AUDIT)


def entries(redis):
    return [entry for _, entry in stream(redis)]


def state(redis):
    return redis.client().hgetall(LOCKS), stream(redis)


def memory(admin):
    """The file of what a machine remembers of the trail it saw last."""
    [place] = (admin.home / "state/paylock").glob("url-*")
    chain = re.search("^chain = (.*)$", place.read_text(), re.M)[1]
    return place.parent / f"chain-{chain}"


def remembered(admin):
    """What a machine remembers of the trail, by name."""
    return dict(line.split(" = ") for line in
                memory(admin).read_text().splitlines() if " = " in line)


def openssl(*args, **kw):
    return subprocess.run(["openssl", *map(str, args)], check=True,
                          capture_output=True, timeout=120, **kw).stdout


def config(admin, text, mode=0o600):
    path = admin.home / "config/paylock/config"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path
