# Copyright (C) 2026 paylock contributors
#
# libpaylock-control locks a host without paylock-admin, and knows neither
# command line nor terminal.

import os
import subprocess

from support import servers
from support.chain import AUDIT

LOCK = servers.ROOT / "build/control/lock"
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


def test_no_command_line_and_no_terminal():
    out = subprocess.run(["nm", "-u", LIBRARY], text=True, check=True,
                         capture_output=True).stdout
    needed = {line.split()[-1] for line in out.splitlines() if " U " in line}
    assert {"json_object_set_new", "paylock_record_dump"} <= needed
    assert not needed & {
        "stdin", "stdout", "stderr", "printf", "__printf_chk", "puts",
        "putchar", "isatty", "getopt", "getopt_long", "exit", "_exit",
        "abort", "tcgetattr", "admin_options"}
