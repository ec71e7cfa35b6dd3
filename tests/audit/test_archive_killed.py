# Copyright (C) 2026 paylock contributors
#
# audit archive is killed at a system call: either all entries are in Redis, or
# the file is whole and an entry tells of it.

import re
import signal
import subprocess

from support import archive as ar
from support.archive import at, stream, verify
from support.chain import ROOT
from support.servers import ARCHIVE_USER


def run(admin, name, options):
    """strace runs it."""
    argv = admin.argv("audit", "archive", "--before", at(10), "--output", name,
                      "--yes")
    return subprocess.run(
        ["strace", "-f", "-o", str(admin.home / "calls"), *options, *argv],
        env={**admin.env, **admin.login(ARCHIVE_USER)}, cwd=admin.home,
        capture_output=True)


def calls(admin):
    """The system calls, from the first one to Redis on: the name of each, and
    how many of that name there were."""
    names = re.findall(r"(?m)^\d+ +(\w+)\(", (admin.home / "calls").read_text())
    begin = names.index("connect")
    return [(name, names[:i + 1].count(name))
            for i, name in enumerate(names) if i >= begin]


def test_it_is_killed(admin, redis):
    client, trail = redis.client(), ar.days()
    ar.put(client, trail)
    ar.machine(admin)
    admin("init", "--yes")
    kept = ar.copy_of(client)
    assert run(admin, "all", []).returncode == 0
    done = []
    # all near the transaction, which comes late
    places = calls(admin)
    for i, (name, nth) in enumerate(places[:-60:12] + places[-60:]):
        ar.restore(client, kept)
        ar.forget(admin)
        admin("init", "--yes")
        path = admin.home / f"{i}.jsonl"
        ended = run(admin, path.name,
                    ["-e", f"inject={name}:signal=KILL:when={nth}"])
        if ended.returncode == 0:
            # how often it reads or waits may differ
            continue
        assert ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        entries = stream(client)
        done.append(entries[0][0] != 1)
        if done[-1]:
            assert entries[0][0] == trail.day[9] + 1
            assert client.hget(ROOT, "archive") == str(entries[-1][0])
            assert verify(admin, path)[:2] == (0, [])
        else:
            assert entries == trail.entries
            left = ar.archive(admin, 10, f"{i}-again.jsonl")
            assert verify(admin, left)[:2] == (0, [])
        assert verify(admin)[:2] == (0, [])
    assert not done[0] and done[-1]
    assert min(done.count(False), done.count(True)) > 5
