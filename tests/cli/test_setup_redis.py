# Copyright (C) 2026 paylock contributors
#
# setup with a Redis that has a password, an aclfile, users or keys of others, or
# that lets itself not be administered.

import json
import re
import subprocess

import pytest

from support.cli import failed
from support.servers import NGINX_USER, OP_USER
from support.terminal import Terminal


def password_file(m):
    path = m.etc.parent / "administrator"
    path.touch(0o600)
    path.write_text(m.redis.password + "\n")
    return path


def test_requirepass(stock, machine):
    stock.password = "secret of theirs"
    stock.add(f'requirepass "{stock.password}"')
    stock.start()
    m = machine()
    before = m.everything()
    error = failed(m.setup("--json", "--yes", check=False), 1, "auth")
    assert "--password-file" in error["mend"]
    assert m.everything() == before
    terminal = Terminal(m.admin, "setup", "--dry-run", *m.options())
    terminal.answer("password of Redis", stock.password)
    assert terminal.end()[0] == 0 and "paylock-op" in terminal.shown
    assert m.everything() == before
    secret = password_file(m)
    done = m.setup("--yes", "--password-file", secret)
    assert stock.password not in done.stdout + done.stderr
    assert "default" not in done.stderr
    m.admin("lock", "acme.example")
    m.wait_answer(503)
    assert m.plan("--password-file", secret) == {}
    stock.restart()
    with pytest.raises(Exception, match="(?i)auth"):
        stock.client().ping()
    assert len(stock.client(stock.password).acl_users()) == 3
    m.nginx.allow("refuses|Redis")


def test_aclfile(stock, machine):
    users = stock.dir / "users.acl"
    users.write_text("user app on nopass ~app:* -@all +get\n")
    stock.add(f"aclfile {users}")
    stock.start()
    m = machine()
    m.setup("--yes")
    assert sorted(re.findall("(?m)^user (.*?) ", users.read_text())) == [
        "app", "default", NGINX_USER, OP_USER]
    assert NGINX_USER not in stock.conf.read_text()
    m.setup("--undo", "--yes")
    assert NGINX_USER not in users.read_text()


def test_redis_that_keeps_nothing(stock, machine):
    """Nothing is changed; the lines to be put there are shown, and then it
    goes on."""
    stock.start()
    m = machine()
    subprocess.run(["mv", stock.conf, f"{stock.conf}.away"], check=True)
    stock.conf.mkdir()
    client = stock.client()
    before = client.acl_list(), client.config_get("appendonly")
    done = m.setup("--yes", check=False)
    assert done.returncode == 3 and "cannot keep" in done.stderr
    first, *users = done.stdout.splitlines()[-3:]
    assert first == "appendonly yes" and len(users) == 2
    assert (client.acl_list(), client.config_get("appendonly")) == before
    client.config_set("appendonly", "yes")
    shown = m.admin("--json", "setup", "--yes", *m.options(), check=False)
    failed(shown, 3, "redis_keep")
    assert json.loads(shown.stdout) == {"by_hand": users}
    for line in users:
        client.execute_command("ACL", "SETUSER",
                               *re.findall(r"\(.*?\)|\S+", line)[1:])
    done = m.setup("--yes")
    assert "cannot keep its users" in done.stderr
    m.admin("lock", "acme.example")
    m.wait_answer(503)
    assert m.plan() == {}
    stock.conf.rmdir()


@pytest.mark.parametrize("command", ["CONFIG", "ACL"])
def test_redis_that_lets_nobody_administer_it(stock, machine, command):
    stock.add(f'rename-command {command} ""')
    stock.start()
    m = machine()
    before = m.files()
    error = failed(m.setup("--json", "--yes", check=False), 1, "redis_admin")
    assert "getting-started.md" in error["mend"]
    assert m.files() == before


def test_users_of_others(m):
    client = m.redis.client()
    client.acl_setuser(OP_USER, enabled=True, passwords=["+theirs"])
    before = m.everything()
    error = failed(m.setup("--json", "--yes", check=False), 1, "user")
    assert OP_USER in error["message"] and "DELUSER" in error["mend"]
    assert m.everything() == before


def test_rights_that_were_changed(m):
    m.setup("--yes")
    client = m.redis.client()
    before = client.acl_list()
    client.execute_command("ACL", "SETUSER", OP_USER, "+get")
    assert set(m.plan()) == {"users"}
    m.setup("--yes")
    assert client.acl_list() == before


@pytest.mark.parametrize("used", [False, True])
def test_cache(stock, machine, used):
    stock.add("maxmemory 100mb\nmaxmemory-policy allkeys-lru")
    stock.start()
    client = stock.client()
    if used:
        client.set("app:1", "1")
    m = machine()
    if used:
        error = failed(m.setup("--json", "--yes", check=False), 1, "cache")
        assert "of its own" in error["mend"]
    else:
        m.setup("--yes")
    assert client.config_get("maxmemory-policy") == {
        "maxmemory-policy": "allkeys-lru" if used else "noeviction"}


def test_another_redis_in_the_settings(m):
    (m.etc / "config").write_text("redis = redis://10.1.2.3:6379\n")
    before = m.everything()
    error = failed(m.setup("--json", "--yes", check=False), 1, "config")
    assert "leave out" in error["mend"]
    assert m.everything() == before
