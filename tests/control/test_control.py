# Copyright (C) 2026 paylock contributors
#
# libpaylock-control locks a host and pins an entry without paylock-admin, and
# knows neither command line nor terminal.

import os
import subprocess

import pytest

from support import servers
from support.chain import AUDIT

LOCK = servers.ROOT / "build/control/lock"
SIGNERS = servers.ROOT / "build/control/signers"
LIBRARY = servers.ROOT / "build/libpaylock-control.a"


def test_a_host_is_locked(redis, nginx, private):
    server = nginx("""
        server { server_name acme.example; paylock on;
                 location / { return 200; } }""")
    server.wait_live(redis)
    assert server.state("acme.example") == "open"
    done = subprocess.run([LOCK, redis.url, "acme.example"], text=True,
                          capture_output=True, timeout=120,
                          env={**os.environ, "XDG_STATE_HOME": private / "x"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    server.wait_state("acme.example", "locked")
    assert server.get(host="acme.example").status == 503
    init, lock = [entry for _, entry in redis.client().xrange(AUDIT)]
    assert (init["action"], lock["action"], lock["reason"]) \
        == ("init", "lock", "invoice overdue")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
@pytest.mark.parametrize("owner, directory, said", [
    ((65534, 65534), 65534, ""),
    # it is not given to another group, which may not be able to read it then
    ((65534, 0), 65534, "cannot keep the owner"),
    ((0, 65534), 65534, "cannot keep the owner"),
    ((65534, 65534), 0, "Permission denied"),
])
def test_the_owner_of_the_signers_file_stays(owner, directory, said, private):
    private.chmod(0o711)
    path = private / "etc/signers"
    path.parent.mkdir()
    text = "alice d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68" \
           "f707511a\n"
    path.write_text(text)
    path.chmod(0o640 if owner[1] == 65534 else 0o644)
    mode = path.stat().st_mode
    os.chown(path, *owner)
    os.chown(path.parent, directory, 0)
    pin = "12" * 32
    done = subprocess.run([SIGNERS, path, pin], text=True, timeout=120,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (1 if said else 0, "")
    assert said in done.stdout
    assert path.read_text() == text + ("" if said else f"pin 7:{pin}\n")
    now = path.stat()
    assert (now.st_uid, now.st_gid, now.st_mode) == (*owner, mode)
    assert list(path.parent.iterdir()) == [path]


def test_no_command_line_and_no_terminal():
    out = subprocess.run(["nm", "-u", LIBRARY], text=True, check=True,
                         capture_output=True).stdout
    needed = {line.split()[-1] for line in out.splitlines() if " U " in line}
    assert {"json_object_set_new", "paylock_record_dump"} <= needed
    assert not needed & {
        "stdin", "stdout", "stderr", "printf", "__printf_chk", "puts",
        "putchar", "isatty", "getopt", "getopt_long", "exit", "_exit",
        "abort", "tcgetattr", "admin_options"}
