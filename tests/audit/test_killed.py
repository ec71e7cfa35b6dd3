# Copyright (C) 2026 paylock contributors
#
# paylock-admin is killed at a system call: what it wrote is there as a whole,
# or not at all, and the same command can be given again.

import json
import re
import signal
import subprocess

from oracle.lattice import Lattice
from support.chain import LOCKS, REQUESTS, ROOT
from support.cli import entries


def run(admin, host, options):
    """strace runs lock.  None: it was killed."""
    argv = admin.argv("lock", host, "--request-id", host, "--reason", "late")
    return subprocess.run(
        ["strace", "-f", "-o", str(admin.home / "calls"), *options, *argv],
        env=admin.env, cwd=admin.home, capture_output=True)


def calls(admin):
    """The system calls of a lock, from the first one to Redis on: the name of
    each, and how many of that name there were."""
    run(admin, "first.example", [])
    names = re.findall(r"(?m)^\d+ +(\w+)\(", (admin.home / "calls").read_text())
    begin = names.index("connect")
    return [(name, names[:i + 1].count(name))
            for i, name in enumerate(names) if i >= begin]


def whole(redis, host):
    """Is it written?  All says the same, and the root is that of all."""
    client = redis.client()
    locks, trail = client.hgetall(LOCKS), entries(redis)
    lattice = Lattice(locks)
    assert trail[-1]["root"] == lattice.root()
    root = redis.client(decode_responses=False).hgetall(ROOT)
    assert root == {b"seq": b"%d" % len(trail), b"lattice": lattice.bytes()}
    written = [e["after"] for e in trail if e.get("host") == host]
    assert written == [locks.get(host)] * (host in locks)
    request = client.hget(REQUESTS, host)
    assert (request is None) == (host not in locks)
    assert request is None or json.loads(request)["seq"] \
        == json.loads(locks[host])["entry"]
    return host in locks


def test_lock_is_killed(alice, redis):
    written = []
    for i, (name, nth) in enumerate(calls(alice)):
        host = f"h{i}.example"
        done = run(alice, host, ["-e", f"inject={name}:signal=KILL:when={nth}"])
        if done.returncode == 0:
            # how often it reads or waits may differ
            continue
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        written.append(whole(redis, host))
        # what is remembered is good whenever it was killed
        out = alice.json("lock", host, "--request-id", host, "--reason",
                         "late")
        assert out["changed"] == [host] and whole(redis, host)
    # before the transaction, and after it
    assert not written[0] and written[-1]
    assert min(written.count(False), written.count(True)) > 5
    assert alice("audit", "verify", check=False).returncode == 0
