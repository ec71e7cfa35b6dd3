# Copyright (C) 2026 paylock contributors
#
# nginx with a state file, and the content of that file.

import os
import pwd
import shutil
import signal
import struct

import pytest

from oracle.statefile import State
from support.chain import LOCKED
from support.feed import SITES
from support.servers import (LOAD, NGINX_USER, PATIENCE, WORKER, Nginx,
                             password_file, wait_for)

CONF = "paylock_state @DIR@/state/paylock;" + SITES


@pytest.fixture
def saving(nginx, chain):
    """Starts an nginx with one locked host that is in its state file."""
    def start(http=CONF, **kw):
        chain.write(("acme.example", LOCKED))
        server = nginx(http, **kw)
        server.wait_state("acme.example", "locked")
        server.file = server.dir / "state/paylock"
        wait_saved(server, chain)
        return server
    return start


def saved(path, seq):
    try:
        return State.read(path).seq == seq
    except OSError:
        return False


def valid(path, seq):
    """As saved(), for a file that may have another key or be broken."""
    try:
        return saved(path, seq)
    except (AssertionError, struct.error):
        return False


def wait_saved(server, chain, timeout=PATIENCE):
    wait_for(f"entry {chain.seq} in the file",
             lambda: saved(server.file, chain.seq), timeout)


def again(server):
    """Starts nginx again after kill()."""
    (server.dir / "control.sock").unlink(missing_ok=True)
    (server.dir / "nginx.pid").unlink(missing_ok=True)
    (server.dir / "error.log").unlink()
    return server.start()


def kill(server):
    for pid in [server.pid, *server.family()]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    server.process.wait(120)
    wait_for("all of them to be gone", lambda: not server.family())


def alerts(server, text="[alert]"):
    return [line for line in server.error_log().splitlines()
            if text in line]


def unprivileged(directory, http, redis, **kw):
    """An nginx, not yet started, whose master does not run as root."""
    user = pwd.getpwnam(WORKER)
    # the build may be root's alone
    load = [shutil.copy(module, directory) for module in LOAD]
    server = Nginx(directory / "unprivileged", http, redis, load=load,
                   under=["setpriv", f"--reuid={user.pw_uid}",
                          f"--regid={user.pw_gid}", "--clear-groups"], **kw)
    server.settings["user"] = ""
    for path in (server.dir, server.dir / "tmp",
                 password_file(server.dir, NGINX_USER)):
        os.chown(path, user.pw_uid, user.pw_gid)
    return server
