# Copyright (C) 2026 paylock contributors
#
# The steps of docs/getting-started.md and docs/redis.md on a Redis that is in
# use with Debian's redis.conf: it keeps its data, users and password, and is
# never open to others meanwhile.

import hashlib
import os
import re
import socket
import subprocess
import threading
import time

import pytest

from support import servers
from support.servers import ARCHIVE_USER, AUDIT_USER, NGINX_USER, OP_USER

SECRET = "it's a \"secret\" of theirs"
APP = "on #%s ~app:* resetchannels -@all +get" % ("0" * 64)
STARTED = (servers.ROOT / "docs/getting-started.md").read_text()
RIGHTS = (servers.ROOT / "docs/redis.md").read_text()


def blocks(text, heading, language):
    part = re.search(rf"(?ms)^## {heading}$(.*?)(?=^## |\Z)", text)[1]
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", part)


class Stranger:
    """Tries all the while to come in without a password."""

    def __init__(self, port):
        self.port = port
        self.inside = self.refused = 0
        self.ending = False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ending:
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as s:
                    s.sendall(b"PING\r\n")
                    said = s.recv(100)
            except OSError:
                said = b""
            self.inside += said.startswith(b"+PONG")
            self.refused += said.startswith(b"-NOAUTH")
            time.sleep(0.001)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()


class Shell:
    """Where the commands are typed."""

    def __init__(self, stock, private):
        self.stock = stock
        self.home = private / "home"
        self.home.mkdir()
        bin = private / "bin"
        bin.mkdir()
        for name, command in (
                ("redis-cli", f"/usr/bin/redis-cli -p {stock.port}"),
                ("paylock-admin", f"{servers.CLI} --redis {stock.url}")):
            (bin / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (bin / name).chmod(0o755)
        self.env = {"PATH": f"{bin}:{os.environ['PATH']}",
                    "HOME": str(self.home)}

    def type(self, script, **env):
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=self.home, text=True, timeout=120,
            capture_output=True, env={**self.env, **env}, input=SECRET + "\n")
        assert done.returncode == 0, done
        return done.stdout


@pytest.fixture
def shell(stock, private):
    return Shell(stock, private)


def begin(stock, password, users):
    """A Redis in use, with or without a password and users of its own."""
    if password and users != "aclfile":
        stock.add('requirepass "%s"' % SECRET.replace('"', '\\"'))
    if users == "lines":
        stock.add(f"user app {APP}")
    if users == "aclfile":
        stock.add(f"aclfile {stock.dir}/users.acl")
        way = "#" + hashlib.sha256(SECRET.encode()).hexdigest()
        (stock.dir / "users.acl").write_text(
            f"user default on {way if password else 'nopass'} ~* &* +@all\n"
            f"user app {APP}\n")
    stock.start()
    client = stock.client(SECRET if password else None)
    client.mset({f"app:{i}": i for i in range(1000)})
    client.save()


def whole(client):
    return client.dbsize() >= 1000 and client.get("app:999") == "999"


@pytest.mark.parametrize("password", [False, True], ids=["open", "password"])
def test_append_only(stock, shell, password):
    begin(stock, password, None)
    given = {"REDISCLI_AUTH": SECRET} if password else {}
    block, = blocks(STARTED, "2. Redis", "sh")
    assert "ok" in shell.type(block, **given)
    lines, = blocks(STARTED, "2. Redis", "text")
    text, n = re.subn(r"(?m)^appendonly no\n", lines, stock.conf.read_text())
    assert n == 1
    stock.conf.write_text(text)
    client = stock.client(SECRET if password else None)
    client.set("app:later", "1")
    stock.restart()
    assert whole(client) and client.get("app:later") == "1"
    assert client.config_get("appendonly") == {"appendonly": "yes"}


@pytest.mark.parametrize("users", [None, "lines", "aclfile"])
@pytest.mark.parametrize("password", [False, True], ids=["open", "password"])
def test_access_rights(stock, shell, private, nginx, password, users):
    begin(stock, password, users)
    read, make, three, write = blocks(RIGHTS, "Access rights", "sh")
    with Stranger(stock.port) as stranger:
        if password:
            servers.wait_for("the stranger", lambda: stranger.refused > 5)
            shell.type(read + three + write)
            secret = SECRET
        else:
            shell.type(make)
            secret = (shell.home / "default.password").read_text()
            servers.wait_for("the stranger", lambda: stranger.refused > 5)
            inside = stranger.inside
            shell.type(three + write, REDISCLI_AUTH=secret)
        stock.restart()
        refused = stranger.refused
        servers.wait_for("more", lambda: stranger.refused > refused + 5)
        assert stranger.inside == (0 if password else inside)

    client = stock.client(secret)
    assert whole(client)
    there = {"default", NGINX_USER, OP_USER, ARCHIVE_USER, AUDIT_USER}
    assert set(client.acl_users()) == there | ({"app"} if users else set())
    assert client.config_get("bind") == {"bind": "127.0.0.1 -::1"}

    # they are enough for all of it
    def login(user):
        return {"PAYLOCK_USERNAME": user, "PAYLOCK_PASSWORD_FILE":
                str(shell.home / f"{user}.password")}

    admin = servers.Admin(stock, private / "admin")
    admin.env.update(login(OP_USER))
    admin("init")
    admin("lock", "acme.example")
    assert "acme.example" in admin("list", env=login(AUDIT_USER)).stdout
    server = nginx(
        "server { server_name acme.example; paylock on; }", redis=stock,
        options=f"username={NGINX_USER} "
                f"password_file={login(NGINX_USER)['PAYLOCK_PASSWORD_FILE']}")
    server.wait_state("acme.example", "locked")
    stored = "".join(path.read_text() for path in (
        stock.conf, stock.dir / "users.acl") if path.exists())
    assert not any(path.read_text().strip() in stored
                   for path in shell.home.glob("*.password"))

    # and a password is changed in the same way
    before = (shell.home / f"{OP_USER}.password").read_text()
    server.allow("refuses user")
    shell.type(three + write, REDISCLI_AUTH=secret)
    assert (shell.home / f"{OP_USER}.password").read_text() != before
    stock.restart()
    admin("unlock", "acme.example")
    assert set(client.acl_users()) == there | ({"app"} if users else set())


def test_without_the_password_nothing_is_done(stock, shell):
    """It ends there, and does not look as if it had succeeded."""
    begin(stock, True, None)
    _, _, three, write = blocks(RIGHTS, "Access rights", "sh")
    for script in three, write:
        done = subprocess.run(["sh", "-e", "-c", script], cwd=shell.home,
                              env=shell.env, text=True, timeout=120,
                              capture_output=True)
        assert done.returncode, done
        assert "auth" in (done.stdout + done.stderr).lower()
    assert stock.client(SECRET).acl_users() == ["default"]
