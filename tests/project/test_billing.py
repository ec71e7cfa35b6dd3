# Copyright (C) 2026 paylock contributors
#
# The script and the sudo rule of docs/integrations.md, as they stand there:
# the web server's account can lock and unlock with them, and do nothing else.

import json
import os
import pwd
import re
import shlex
import subprocess

import pytest

from support import servers
from support.servers import OP_USER

PAGE = (servers.ROOT / "docs/integrations.md").read_text()
SCRIPT, = re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE)
SUDOERS, = re.findall(r"(?ms)^```text\n(.*?)^```$", PAGE)

HOSTILE = [
    [], ["lock"], ["lock", "a.example"],
    ["lock", "a.example", "b.example", "e1"],
    ["lock", "a.example", "e1", "--redis=redis://evil.example"],
    ["lock", "--redis=redis://evil.example", "e1"],
    ["lock", "a.example", "--redis=redis://evil.example"],
    ["lock", "--config", "e1"], ["lock", "a.example", "--config"],
    ["lock", "--config=/etc/shadow", "e1"], ["lock", "--", "e1"],
    ["--config=/etc/shadow", "a.example", "e1"],
    ["--json", "a.example", "e1"], ["adopt", "--yes", "e1"],
    ["reset", "a.example", "e1"], ["", "a.example", "e1"],
    ["lock unlock", "a.example", "e1"], ["lock\n", "a.example", "e1"],
    ["lock", "", "e1"], ["lock", "a.example", ""],
    ["lock", "a.example\n", "e1"], ["lock", "a.example", "e1\n"],
    ["lock", "a.example\nb.example", "e1"],
    ["lock", "a.example b.example", "e1"], ["lock", "a.example;id", "e1"],
    ["lock", "$(id).example", "e1"], ["lock", "a.example", "e1;id"],
    ["lock", "*.example", "e1"], ["lock", ".example", "e1"],
    ["lock", "*", "e1"], ["lock", "-x", "e1"], ["lock", "café.example", "e1"],
    ["lock", "a.example", "-e1"], ["lock", "a.example", "../e1"],
    ["lock", "a" * 254, "e1"], ["lock", "a.example", "e" * 101],
]


@pytest.fixture
def script(private):
    path = private / "paylock-billing"
    path.write_text(SCRIPT.replace("/usr/local/bin", str(private)))
    path.chmod(0o755)
    tool = private / "paylock-admin"
    tool.write_text(f"#!/bin/sh\n{{ printf '%s\\n' \"$@\"; env; }} "
                    f"> {private}/ran\n")
    tool.chmod(0o755)
    return path


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_hostile_arguments(script, private, shell):
    for args in HOSTILE:
        done = subprocess.run([shell, script, *args], text=True,
                              capture_output=True)
        assert done.returncode == 2, (args, done)
        assert done.stderr.startswith("paylock-billing: "), (args, done)
        assert not (private / "ran").exists(), args


def test_environment(script, private):
    """Nothing of it comes through, and the host is no option."""
    (private / "bin").mkdir()
    (private / "bin/env").write_text("#!/bin/sh\nexit 77\n")
    (private / "bin/env").chmod(0o755)
    subprocess.run([script, "unlock", "A.example", "evt_1.2-3"], check=True,
                   env={"PATH": str(private / "bin"), "HOME": "/nowhere",
                        "PAYLOCK_REDIS": "redis://evil.example",
                        "PAYLOCK_CONFIG": "/etc/shadow",
                        "LD_LIBRARY_PATH": "/nowhere"})
    ran = (private / "ran").read_text().splitlines()
    assert ran[:7] == [
        "--json", "unlock", "--request-id", "evt_1.2-3", "--reason",
        "billing system, evt_1.2-3", "--"] and ran[7] == "A.example"
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert {f"HOME={home}", "PATH=/usr/bin:/bin"} <= set(ran[8:]) \
        <= {f"HOME={home}", "PATH=/usr/bin:/bin", "PWD=" + os.getcwd(),
            "_=/usr/bin/env"}, ran


# the whole of it, with sudo, in a mount namespace where this machine's files
# are as the page wants them

@pytest.fixture
def machine(redis, private, mounts):
    """machine(*args): what www-data calls, and what became of it."""
    home = private / "home"
    (home / ".config/paylock").mkdir(parents=True)
    uid = 64999
    config = home / ".config/paylock/config"
    secret = servers.password_file(private, OP_USER)
    config.write_text(f"redis = {redis.url}\nusername = {OP_USER}\n"
                      f"password_file = {secret}\n")
    config.chmod(0o600)
    for path in (*home.rglob("*"), home, secret):
        os.chown(path, uid, uid)
    for name, line in (("passwd", f"paylock:x:{uid}:{uid}::{home}:/bin/sh"),
                       ("group", f"paylock:x:{uid}:")):
        with open(f"/etc/{name}") as file:
            (private / name).write_text(file.read().rstrip("\n")
                                        + f"\n{line}\n")
    for name, text in (("bin/paylock-admin", servers.CLI.read_bytes()),
                       ("sbin/paylock-billing", SCRIPT.encode())):
        path = private / name
        path.parent.mkdir()
        path.write_bytes(text)
        path.chmod(0o755)
    (private / "sudoers.d").mkdir()
    (private / "sudoers.d/paylock").write_text(SUDOERS)
    (private / "sudoers.d/paylock").chmod(0o440)

    def run(*argv, user="www-data"):
        binds = "".join(
            f"mount --bind {private}/{what} {where}\n" for what, where in (
                ("passwd", "/etc/passwd"), ("group", "/etc/group"),
                ("sudoers.d", "/etc/sudoers.d"), ("bin", "/usr/local/bin"),
                ("sbin", "/usr/local/sbin")))
        return subprocess.run(
            [*mounts, "sh", "-ec", f"{binds}\nexec setpriv "
             f"--reuid {user} --regid {user} --init-groups "
             + shlex.join(argv)], text=True, capture_output=True, timeout=120,
            cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                          "PAYLOCK_REDIS": "redis://evil.example",
                          "PAYLOCK_CONFIG": "/etc/shadow"})
    return run


def test_by_sudo(machine, redis, nginx):
    assert machine("visudo", "-c", user="root").returncode == 0
    done = machine("env", "-i", "/usr/local/bin/paylock-admin", "init",
                   user="paylock")
    assert done.returncode == 0, done
    server = nginx("server { server_name acme.example; paylock on; }")
    sudo = ["sudo", "-n", "-u", "paylock", "/usr/local/sbin/paylock-billing"]

    first = machine(*sudo, "lock", "acme.example", "whmcs-1")
    assert first.returncode == 0, first
    assert json.loads(first.stdout)["changed"] == ["acme.example"]
    server.wait_state("acme.example", "locked")
    # an id that was given is not done twice
    assert machine(*sudo, "lock", "acme.example", "whmcs-1"
                   ).stdout == first.stdout
    assert machine(*sudo, "unlock", "acme.example", "whmcs-2"
                   ).returncode == 0
    server.wait_state("acme.example", "open")
    for _, entry in redis.client().xrange("{paylock}:audit", min="2"):
        assert (entry["actor"], entry["reason"]) == (
            "paylock", "billing system, " + entry["request"])

    entries = redis.client().xlen("{paylock}:audit")
    for args in HOSTILE:
        assert machine(*sudo, *args).returncode == 2, args
    for argv in (["sudo", "-n", "-u", "paylock",
                  "/usr/local/bin/paylock-admin", "--json", "lock", "x.test"],
                 ["sudo", "-n", *sudo[4:], "lock", "x.test", "e"],
                 [*sudo[:4], "PAYLOCK_REDIS=redis://evil.example", sudo[4],
                  "lock", "x.test", "e"],
                 [*sudo[:4], "-E", sudo[4], "lock", "x.test", "e"]):
        done = machine(*argv)
        assert done.returncode == 1 and done.stdout == "", done
    assert redis.client().xlen("{paylock}:audit") == entries
