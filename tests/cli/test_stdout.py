# Copyright (C) 2026 paylock contributors
#
# stdout that is full, closed or a pipe that nobody reads.

import os
import subprocess

from support.cli import record, remembered


def test_a_full_disk_is_not_silent(known):
    for args, status in (["list"], 0), (["help"], 1), (["version"], 1), \
            (["status", "a.example"], 1), (["audit", "log"], 1):
        with open("/dev/full", "w") as full:
            done = subprocess.run(known.argv(*args), env=known.env,
                                  stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        assert done.returncode == status
        assert ("No space left" in done.stderr) == (status == 1)


def test_a_closed_pipe_loses_no_transaction(known, redis):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(known.argv("lock", "a.example"), env=known.env,
                          stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert done.returncode == 3
    assert "the change is made" in done.stderr
    assert record(redis, "a.example")
    assert remembered(known)["seq"] == "2"


def test_a_closed_stdout_is_not_the_socket(known):
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh",
                           *known.argv("--json", "list")], env=known.env,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh",
                           *known.argv("audit", "log")], env=known.env,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
