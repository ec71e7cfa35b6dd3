# Copyright (C) 2026 paylock contributors
#
# An nginx that runs as a daemon, so that its binary can be upgraded.

import os
import pathlib
import signal
import subprocess

from support.servers import Nginx, wait_for


def pid_of(server, name):
    try:
        return int((server.dir / name).read_text())
    except (OSError, ValueError):
        return 0


class Daemon(Nginx):
    """An nginx that runs as a daemon."""

    master = 0

    @property
    def pid(self):
        return self.master

    def configuration(self, http):
        return super().configuration(http).replace("daemon off", "daemon on")

    def spawn(self, argv):
        with open(self.dir / "daemon.out", "ab") as out:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        assert self.process.wait(30) == 0, self.output()
        self.master = wait_for("its pid", lambda: pid_of(self, "nginx.pid"))

    def running(self):
        return self.master and alive(self.master)


def alive(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def upgrade(server):
    """Upgrades the binary: USR2, then WINCH to the old master; returns the new
    master's pid."""
    old = server.pid
    os.kill(old, signal.SIGUSR2)
    new = wait_for("the new master",
                   lambda: pid_of(server, "nginx.pid") not in (0, old)
                   and pid_of(server, "nginx.pid"))
    wait_for("its workers", lambda: workers_of(new))
    os.kill(old, signal.SIGWINCH)
    wait_for("the old workers to leave", lambda: not workers_of(old))
    return new


def titled(pid):
    """Is it a worker that still runs?"""
    try:
        title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return title.startswith((b"nginx: worker", b"angie: worker"))


def workers_of(master):
    children = pathlib.Path(f"/proc/{master}/task/{master}/children")
    try:
        pids = children.read_text().split()
    except OSError:
        return []
    return [int(pid) for pid in pids if titled(pid)]


def leave(pid):
    os.kill(pid, signal.SIGQUIT)
    wait_for("the master to leave", lambda: not alive(pid))
