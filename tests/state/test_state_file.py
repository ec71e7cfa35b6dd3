# Copyright (C) 2026 paylock contributors
#
# The state file: nginx starts without Redis, whatever happened to the file,
# and opens no locked site.

import fcntl
import os
import pwd
import re
import signal
import stat
import subprocess
import time

import pytest

from oracle.statefile import State
from support import servers
from support.chain import LOCKED
from support.feed import SITES
from support.saving import (CONF, again, alerts, kill, unprivileged, valid,
                            wait_saved)
from support.servers import wait_for


root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")

LOCKED_REF = {"at": 1793491200, "lock_at": 1793491200}


# what is wrong with the file, and with its key

def cut(path):
    os.truncate(path, path.stat().st_size - 1)


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def instead(path, make):
    path.rename(path.with_name("away"))
    make(path)


FILE = {
    "empty": (lambda p: os.truncate(p, 0), "is no state file"),
    "text": (lambda p: p.write_text("hello\n" * 200), "is no state file"),
    "head cut": (lambda p: os.truncate(p, 487), "is cut off"),
    "cut": (cut, "is not as long"),
    "longer": (lambda p: p.write_bytes(p.read_bytes() + b"0"),
               "is not as long"),
    "head": (lambda p: flip(p, 30), "was not made with this key"),
    "mac": (lambda p: flip(p, 487), "was not made with this key"),
    "records": (lambda p: flip(p, 584), "records that were changed"),
    "symlink": (lambda p: instead(p, lambda p: p.symlink_to("away")),
                "is a symbolic link"),
    "directory": (lambda p: instead(p, lambda p: p.mkdir()),
                  "is no regular file"),
    "fifo": (lambda p: instead(p, os.mkfifo), "is no regular file"),
}

ROOT_FILE = {
    "owner": (lambda p: os.chown(p, 12345, -1), "is owned neither by"),
}

KEY = {
    "mode": (lambda p: p.chmod(0o640), "can be read or written by others"),
    "symlink": (lambda p: instead(p, lambda p: p.symlink_to("away")),
                "is a symbolic link"),
    "text": (lambda p: p.write_text("secret\n"), "64 hex digits"),
    "fifo": (lambda p: instead(p, os.mkfifo), "is no regular file"),
}

ROOT_KEY = {
    "owner": (lambda p: os.chown(p, 12345, -1), "is not owned by"),
}

if os.geteuid() == 0:
    FILE |= ROOT_FILE
    KEY |= ROOT_KEY


@pytest.mark.parametrize("what", FILE)
def test_bad_file(saving, redis, chain, what):
    """It is ignored, with the reason, and replaced when Redis has answered."""
    spoil, reason = FILE[what]
    server = saving()
    server.allow(f"the state file .* {reason}|nothing is known yet")
    server.stop()
    redis.stop()
    spoil(server.file)
    again(server)
    assert server.state("acme.example") == "open"
    assert len(alerts(server, reason)) == 1
    if what == "directory":
        server.file.rmdir()             # nothing can take its place
    redis.start()
    server.wait_state("acme.example", "locked")

    wait_for("the file to be replaced",
             lambda: not server.file.is_symlink() and server.file.is_file()
             and valid(server.file, chain.seq))


@pytest.mark.parametrize("what", KEY)
def test_bad_key(saving, redis, chain, what):
    """Neither read nor written until that is mended."""
    spoil, reason = KEY[what]
    server = saving()
    server.allow("the key .*" + reason + "|cannot be verified without"
                 "|nothing is known yet")
    server.stop()
    redis.stop()
    key = server.file.with_name("paylock.key")
    text = key.read_text()
    before = server.file.read_bytes()
    spoil(key)
    again(server)
    assert server.state("acme.example") == "open"
    assert len(alerts(server, reason)) == 1
    redis.start()
    chain.client = redis.client()
    chain.write(("later.example", LOCKED))
    server.wait_state("later.example", "locked")
    server.stop()
    assert server.file.read_bytes() == before
    # one is made where there is none
    key.unlink()
    again(server)
    wait_for("the file", lambda: key.exists()
             and valid(server.file, chain.seq))
    assert key.read_text() != text


def test_no_key(saving, redis, chain):
    """Without its key a file is worth nothing."""
    server = saving()
    server.allow("cannot be verified without its key|nothing is known yet")
    server.stop()
    redis.stop()
    server.file.with_name("paylock.key").unlink()
    again(server)
    assert server.state("acme.example") == "open"
    assert len(alerts(server, "cannot be verified without its key")) == 1
    redis.start()
    server.wait_state("acme.example", "locked")
    wait_for("a file of the new key",
             lambda: valid(server.file, chain.seq))


def test_key_changed_by_reload(saving, chain):
    """The file follows its key."""
    server = saving()
    key = server.file.with_name("paylock.key")
    key.write_text("ab" * 32 + "\n")
    server.reload()
    wait_for("a file of that key",
             lambda: valid(server.file, chain.seq))


def test_file_deleted(saving, chain):
    """It is there again after a reload, and after a change."""
    server = saving()
    server.file.unlink()
    server.reload()
    wait_saved(server, chain)
    server.file.unlink()
    chain.write(("later.example", LOCKED))
    wait_saved(server, chain)


@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_left_behind(saving, chain, kind):
    """By a worker that was killed, or put there by somebody."""
    server = saving()
    victim = server.dir / "victim"
    victim.write_text("dear")
    victim.chmod(0o666)
    temp = server.file.with_name("paylock.tmp")
    if kind == "symlink":
        temp.symlink_to(victim)
    else:
        temp.write_text("half")
    chain.write(("later.example", LOCKED))
    wait_saved(server, chain)
    assert victim.read_text() == "dear"


@pytest.mark.parametrize("end", [False, True], ids=["later", "at_the_end"])
def test_another_is_at_it(saving, chain, end):
    """Who has the directory locked has a file to put in the place of ours:
    it is left alone.  Told once if that comes to no end."""
    server = saving()
    server.allow(r"flock\(\) of its directory failed")
    temp = server.file.with_name("paylock.tmp")
    before = server.file.read_bytes()
    directory = os.open(server.file.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        temp.write_text("theirs")
        chain.write(("later.example", LOCKED))
        server.wait_state("later.example", "locked")
        if end:
            server.end(signal.SIGQUIT, 30)
        wait_for("the alert", lambda: alerts(server))
        assert server.file.read_bytes() == before
        assert temp.read_text() == "theirs"
    finally:
        os.close(directory)
    if end:
        again(server)
    else:
        wait_for("the notice",
                 lambda: "is written again" in server.error_log())
        assert len(alerts(server)) == 1
    wait_saved(server, chain)
    assert not temp.exists()


# what is wrong with the disk

@root
def test_directory_not_writable(saving, chain):
    """Sites stay as they are; told once, and once when it is mended."""
    server = saving()
    server.allow("the state file .* cannot be written")
    before = server.file.read_bytes()
    directory = server.file.parent
    os.chown(directory, 0, 0)
    directory.chmod(0o755)
    chain.write(("later.example", LOCKED))
    server.wait_state("later.example", "locked")
    wait_for("the alert", lambda: alerts(server))
    assert "Permission denied" in alerts(server)[0]
    for i in range(3):
        chain.write((f"h{i}.example", LOCKED))
        server.reload()
        server.wait_state(f"h{i}.example", "locked")
        wait_for("the next to follow", lambda: server.error_log().count(
            "this worker follows Redis") > i + 1)
    assert server.file.read_bytes() == before
    os.chown(directory, pwd.getpwnam(servers.WORKER).pw_uid, 0)
    server.reload()
    wait_saved(server, chain)
    wait_for("the notice", lambda: "is written again" in server.error_log())
    assert len(alerts(server)) == 1


@root
def test_disk_full(saving, redis, chain):
    """As far as a limit on the size of files is a full disk."""
    server = saving()
    server.allow("the state file .* cannot be written")

    user = pwd.getpwnam(servers.WORKER)

    def limit(size):
        for pid in server.workers():
            subprocess.run(["setpriv", f"--reuid={user.pw_uid}",
                            f"--regid={user.pw_gid}", "--clear-groups",
                            "prlimit", "--pid", str(pid), f"--fsize={size}:"],
                           check=True)
    limit(1 << 18)
    workers = server.workers()
    chain.write(*((f"h{i}.example", {**LOCKED_REF, "ref": f"PL-{i:013}"})
                  for i in range(9000)))
    server.wait_state("h8999.example", "locked")
    wait_for("the alert", lambda: alerts(server))
    assert "pwrite() failed" in alerts(server)[0]
    assert "File too large" in alerts(server)[0]
    assert not server.file.with_name("paylock.tmp").exists()
    assert State.read(server.file).count < 9001
    assert server.workers() == workers
    limit("unlimited")
    wait_saved(server, chain)
    wait_for("the notice", lambda: "is written again" in server.error_log())
    assert len(alerts(server)) == 1
    # which is what the next start has
    server.stop()
    redis.stop()
    again(server)
    assert server.state("h8999.example") == "locked"


def test_zone_too_small(saving, chain):
    """That is an error of the configuration."""
    server = saving()
    chain.write(*((f"h{i}.example", LOCKED) for i in range(900)))
    wait_saved(server, chain)
    server.stop()
    done = server.test("paylock_zone 32k;" + CONF)
    assert done.returncode == 1
    assert re.search(r'"paylock_zone" would hold at most \d+ of the 901 '
                     r'records in ".*/state/paylock": raise it', done.stderr)
    assert server.test("paylock_zone 1m;" + CONF).returncode == 0


# who owns what, and where

def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_owners(saving):
    server = saving()
    worker = (pwd.getpwnam(servers.WORKER).pw_uid if os.geteuid() == 0
              else os.geteuid())
    key = server.file.with_name("paylock.key")
    for path, uid, bits in ((server.file.parent, worker, 0o700),
                            (server.file, worker, 0o600),
                            (key, os.geteuid(), 0o600)):
        assert (path.stat().st_uid, mode(path)) == (uid, bits), path
    assert {p.name for p in server.file.parent.iterdir()} \
        == {"paylock", "paylock.key"}
    assert key.read_text() not in server.error_log()


@root
def test_directory_of_others(saving, nginx, private):
    """The owner of a directory that was there is left alone."""
    (private / "there").mkdir()
    server = nginx(CONF.replace("@DIR@/state", str(private / "there")))
    server.allow("the state file .* cannot be written")
    wait_for("the alert", lambda: alerts(server))
    assert (private / "there").stat().st_uid == 0
    assert not (private / "there/paylock").exists()


def test_directory_above(nginx, chain):
    """Only the last directory is made, and nginx starts without."""
    server = nginx("paylock_state @DIR@/no/state/paylock;" + SITES)
    server.allow('mkdir.. ".*/no/state" failed')
    assert len(alerts(server, '"paylock_state" is off')) == 1
    chain.write(("acme.example", LOCKED))
    server.wait_state("acme.example", "locked")


@root
def test_not_root(nginx, redis, chain, private):
    """Everything is the user's who starts nginx."""
    user = pwd.getpwnam(servers.WORKER)
    chain.write(("acme.example", LOCKED))
    server = unprivileged(private, CONF, redis)
    server.file = server.dir / "state/paylock"
    server.start()
    try:
        wait_saved(server, chain)
        for name in ("", "paylock", "paylock.key"):
            assert (server.file.parent / name).stat().st_uid == user.pw_uid
        kill(server)
        redis.stop()
        again(server)
        assert server.state("acme.example") == "locked"
    finally:
        server.stop()
    redis.start()


def test_relative(saving):
    server = saving("paylock_state state/paylock;" + SITES)
    assert server.file == server.dir / "state/paylock"


def test_off(nginx, chain):
    chain.write(("acme.example", LOCKED))
    server = nginx("paylock_state off;" + SITES)
    server.wait_state("acme.example", "locked")
    before = set(server.dir.rglob("*"))
    chain.write(("later.example", LOCKED))
    server.wait_state("later.example", "locked")
    time.sleep(1.5)
    server.stop()
    assert set(server.dir.rglob("*")) <= before


def test_test_makes_nothing(nginx, chain):
    """Neither does a reload that fails."""
    server = nginx(SITES)
    assert server.test(CONF).returncode == 0
    assert not (server.dir / "state").exists()
    server.allow('unknown directive "nonsense"|bind')
    server.reload(CONF + "server { listen 192.0.2.1:1; }", wait=False)
    wait_for("the error", lambda: alerts(server, "[emerg]"))
    assert not (server.dir / "state").exists()
    server.reload(CONF)
    server.file = server.dir / "state/paylock"
    wait_saved(server, chain)


@pytest.mark.parametrize("text, reason", [
    ("paylock_state state/;", "must be a file"),
    ('paylock_state "";', "must be a file"),
    ("paylock_state a; paylock_state b;", "is duplicate"),
    ("paylock_state off; paylock_state b;", "is duplicate"),
    ("paylock_state a b;", "invalid number of arguments"),
])
def test_bad_directive(private, text, reason):
    server = servers.Nginx(private / "nginx")
    done = server.test(text + SITES)
    assert done.returncode == 1
    assert reason in done.stderr


def test_no_names(saving, chain):
    """Nobody can tell by the file who has a record."""
    server = saving()
    chain.write(("very-secret-name.example", {**LOCKED_REF, "ref": "PL-9"}))
    wait_saved(server, chain)
    data = server.file.read_bytes()
    state = State.read(server.file)
    assert b"secret-name" not in data and b"acme" not in data
    assert state.secret not in data and b"PL-9" in data
    assert {ref for _, _, _, _, ref in state} == {LOCKED["ref"], "PL-9"}
