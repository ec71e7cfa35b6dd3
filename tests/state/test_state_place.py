# Copyright (C) 2026 paylock contributors
#
# The state file without a paylock_state directive: in nginx's own directory,
# which is private in a mount namespace here.

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest

from support import servers
from support.chain import LOCKED, Chain, Watch
from support.daemon import Daemon, leave, upgrade, workers_of
from support.feed import SITES
from support.saving import again, alerts, kill, unprivileged, wait_saved
from support.servers import wait_for


root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")

# $0 is the private directory, $1 what /run is; the command follows
NAMESPACE = ('mount --bind "$0/lib" /var/lib/nginx && mount --bind "$1" /run '
             '&& shift && exec "$@"')


class Usual(servers.Nginx):
    """With the pid where this nginx was built to have it."""

    pid_file = "/run/nginx.pid"

    def configuration(self, http):
        return super().configuration(http).replace(
            "pid nginx.pid", f"pid {self.pid_file}")


class Another(Usual):
    """A second one on the machine."""

    pid_file = "/run/other.pid"

    def listens(self):
        path = self.dir / "other.pid"
        if path.exists():
            shutil.copy(path, self.dir / "nginx.pid")
        return super().listens()


class UsualDaemon(Usual, Daemon):
    pass


@pytest.fixture
def usual(private, redis):
    """usual(class, redis): starts one; what it has is in private/lib."""
    (private / "lib").mkdir()
    started = []

    def start(kind=Usual, of=redis):
        directory = private / f"usual{len(started)}"
        under = ["unshare", "-m", "sh", "-c", NAMESPACE, str(private),
                 str(directory)]
        directory.mkdir()
        if subprocess.run([*under, "/bin/true"],
                          capture_output=True).returncode:
            pytest.skip("there is no right to make a mount namespace")
        server = kind(directory, SITES, of, under=under, usual_state=True)
        started.append(server)
        server.file = private / "lib/paylock/state"
        return server.start()

    yield start
    for server in reversed(started):
        server.stop()


def test_usual_place(usual, redis, chain):
    """It is made when the configuration is in force, as the workers need it,
    and a start without Redis opens nothing."""
    chain.write(("acme.example", LOCKED))
    server = usual()
    wait_saved(server, chain)
    worker = pwd.getpwnam(servers.WORKER).pw_uid
    for path, uid, bits in ((server.file.parent, worker, 0o700),
                            (server.file, worker, 0o600),
                            (server.file.with_name("state.key"), 0, 0o600)):
        there = path.stat()
        assert (there.st_uid, stat.S_IMODE(there.st_mode)) == (uid, bits), path
    kill(server)
    redis.stop()
    again(server)
    assert server.get(host="acme.example").status == 503
    assert not alerts(server)
    # another user of the workers gets the directory
    os.chown(server.file.parent, 0, 0)
    redis.start()
    chain.client = redis.client()
    server.reload()
    chain.write(("later.example", LOCKED))
    wait_saved(server, chain)
    assert server.file.parent.stat().st_uid == worker


def test_usual_place_is_not_tested(usual, private):
    server = usual()
    wait_for("the key", server.file.with_name("state.key").exists)
    server.stop()
    shutil.rmtree(server.file.parent)
    assert server.test(SITES).returncode == 0
    assert list((private / "lib").iterdir()) == []
    server.start()


def test_two_on_a_machine(usual, redis, chain, private):
    """Each has its own, told apart by the file of the pid."""
    (private / "second").mkdir()
    second = servers.Redis(private / "second").start()
    try:
        theirs = Chain(second).init()
        chain.write(("acme.example", LOCKED))
        theirs.write(("open.example", LOCKED))
        one, other = usual(), usual(Another, second)
        for server in one, other:
            server.allow("nothing is known yet")
        wait_saved(one, chain)
        directories = {path.name for path in (private / "lib").iterdir()}
        assert len(directories) == 2 and "paylock" in directories
        name, = directories - {"paylock"}
        assert re.fullmatch("paylock-[0-9a-f]{8}", name)
        other.file = private / "lib" / name / "state"
        wait_saved(other, theirs)
    finally:
        second.stop()
    redis.stop()
    for server in one, other:
        kill(server)
        again(server)
    assert (one.state("acme.example"), one.state("open.example")) \
        == ("locked", "open")
    assert (other.state("acme.example"), other.state("open.example")) \
        == ("open", "locked")


@root
def test_place_that_cannot_be_used(nginx, redis, chain, private):
    """nginx starts, with one warning."""
    chain.write(("acme.example", LOCKED))
    server = unprivileged(private, SITES, redis, usual_state=True)
    server.start()
    try:
        server.wait_state("acme.example", "locked")
        warned = alerts(server, '"paylock_state" is off')
        assert len(warned) == 1 and "[warn]" in warned[0]
        assert re.search(r'mkdir\(\) "/var/lib/nginx/paylock-[0-9a-f]{8}" '
                         r'failed.*Permission denied', warned[0])
        assert not alerts(server)
    finally:
        server.stop()


@pytest.mark.parametrize("redis_is", ["well", "hung", "dead"])
def test_upgrade(usual, redis, chain, redis_is):
    """A binary upgrade opens nothing, whatever Redis does."""
    chain.write(("acme.example", LOCKED))
    server = usual(UsualDaemon)
    try:
        server.wait_state("acme.example", "locked")
        # by then it would be there; without a file nothing is waited for
        time.sleep(1)
        if redis_is == "hung":
            redis.pause()
        elif redis_is == "dead":
            redis.stop()
        with Watch(server) as watch:
            new = upgrade(server)
            asked = len(watch.times)
            wait_for("more requests", lambda: len(watch.times) > asked + 200)
            # and back
            os.kill(server.pid, signal.SIGHUP)
            wait_for("the old workers", lambda: workers_of(server.pid))
            leave(new)
            asked = len(watch.times)
            wait_for("more requests", lambda: len(watch.times) > asked + 20)
    finally:
        for pid in server.family():
            if pid != server.pid and not workers_of(server.pid):
                os.kill(pid, signal.SIGQUIT)
