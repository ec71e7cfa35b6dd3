# Copyright (C) 2026 paylock contributors
#
# setup: from an installed package to a locked site, again, and back.

import json
import re
import subprocess

import pytest

from support import servers
from support.chain import AUDIT
from support.cli import answered, failed
from support.machine import SITES
from support.servers import NGINX_USER, OP_USER
from support.terminal import Terminal

STEPS = ["passwords", "redis", "users", "settings", "signers", "trail",
         "nginx"]


@pytest.fixture
def m(stock, machine):
    stock.start()
    return machine()


def redis_state(m):
    client = m.redis.client(m.redis.password)
    return (client.acl_list(), client.config_get("append*"),
            client.config_get("maxmemory*"), client.keys(),
            m.redis.conf.read_text())


def everything(m):
    return m.files(), redis_state(m)


def test_from_nothing_to_a_locked_site(m):
    done = m.setup("--yes")
    assert re.findall("(?m)^done: (.*)$", done.stdout) == STEPS
    assert m.answer() == 200
    m.admin("lock", "acme.example")
    m.wait_answer(503)
    assert m.answer("other.example") == 200
    assert m.admin("audit", "verify").returncode == 0

    modes = {name: mode for name, (mode, _) in m.files().items()}
    assert modes == {"config": 0o644, "http.conf": 0o644, "signers": 0o644,
                     "redis-nginx.password": 0o600,
                     "redis-op.password": 0o640}

    # Redis keeps its data, its settings and its users
    m.redis.restart()
    m.admin("unlock", "acme.example")
    m.wait_answer(200)
    client = m.redis.client()
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert set(client.acl_users()) == {"default", NGINX_USER, OP_USER}
    m.nginx.allow("refuses|Redis")


def test_secrets_are_in_their_files_alone(m):
    done = m.setup("--yes")
    shown = done.stdout + done.stderr + m.nginx.error_log()
    shown += m.redis.conf.read_text()
    shown += "".join(text for name, (_, text) in m.files().items()
                     if not name.endswith(".password"))
    assert len(set(m.secrets())) == 2
    for secret in m.secrets():
        assert len(secret) == 64
        assert secret not in shown


def test_again_there_is_nothing_to_do(m):
    m.setup("--yes")
    before = everything(m)
    again = m.setup()
    assert again.stdout.startswith("nothing to do")
    assert m.plan() == {}
    assert everything(m) == before
    assert m.admin.json("setup", *m.options())["done"] is False


def test_dry_run_changes_nothing(m):
    before = everything(m)
    plan = m.plan("--contact", "mailto:billing@agency.example")
    assert list(plan) == STEPS
    assert any("paylock_contact \"mailto:billing@agency.example\";" in line
               for line in plan["nginx"])
    assert everything(m) == before
    assert not any(path.is_file() for path in m.admin.home.rglob("*"))
    runs = (m.program.parent / "nginx-runs").read_text()
    assert set(runs.splitlines()) == {"-T"}


def test_it_asks(m):
    before = everything(m)
    error = failed(m.setup("--json", check=False), 2, "confirm")
    assert "--yes" in error["mend"]
    status, _, _ = answered(m.admin, "n", "setup", *m.options())
    assert status == 1
    assert everything(m) == before
    status, out, _ = answered(m.admin, "y", "setup", *m.options())
    assert status == 0 and "done: nginx" in out


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_nobody_can_read_what_it_says(m, json_too):
    """What was done stays done, and the status says so."""
    argv = m.admin.argv("setup", *m.options(), *json_too)
    with open("/dev/full", "w") as full:
        dry = subprocess.run([*argv, "--dry-run"], env=m.admin.env, text=True,
                             stdout=full, stderr=subprocess.PIPE)
        done = subprocess.run([*argv, "--yes"], env=m.admin.env, text=True,
                              stdout=full, stderr=subprocess.PIPE)
    assert dry.returncode == 1 and "could not be written" in dry.stderr
    assert done.returncode == 3 and "the change is made, but" in done.stderr
    assert m.plan() == {}


def test_contact_is_shown(m):
    m.setup("--yes", "--contact", "mailto:billing@agency.example")
    m.admin("lock", "acme.example")
    m.wait_answer(503)
    assert "billing@agency.example" in m.nginx.get(host="acme.example").text
    assert m.plan("--contact", "mailto:billing@agency.example") == {}
    error = failed(m.setup("--json", "--contact", "tel:+4930", check=False),
                   1, "contact")
    assert "--contact" in error["mend"]


# undo

def test_undo_opens_nothing_without_the_words(m):
    m.setup("--yes")
    m.admin("lock", "acme.example")
    m.wait_answer(503)
    before = everything(m)
    done = m.setup("--undo", "--yes", check=False, input="y\n")
    assert done.returncode == 1 and "1 site is closed" in done.stderr
    assert everything(m) == before
    assert m.answer() == 503

    m.setup("--undo", input="open 1\n")
    m.wait_answer(200)
    client = m.redis.client()
    assert client.acl_users() == ["default"]
    assert client.xlen(AUDIT) == 2
    assert not m.secrets() and m.signers.exists()
    assert not re.search("(?m)^(paylock|username|password)",
                         m.snippet.read_text()
                         + (m.etc / "config").read_text())
    assert m.setup("--undo").stdout.startswith("nothing to do")

    # and there again: with the same key and trail
    m.setup("--yes")
    m.wait_answer(503)
    m.redis.restart()
    assert set(client.acl_users()) == {"default", NGINX_USER, OP_USER}
    m.nginx.allow("refuses|Redis")


def test_undo_with_no_site_closed(m):
    m.setup("--yes")
    m.admin("lock", "acme.example", "--at", "+7d")
    m.setup("--undo", "--yes")
    assert m.redis.client().acl_users() == ["default"]


def test_undo_where_new_sites_are_closed(stock, machine):
    stock.start()
    m = machine("paylock_default locked;" + SITES)
    m.setup("--yes")
    m.wait_answer(503)
    done = m.setup("--undo", "--yes", check=False)
    assert done.returncode == 1 and "paylock_default" in done.stderr
    assert m.answer() == 503
    m.setup("--undo", input="open 0\n")
    m.wait_answer(200)


def test_undo_leaves_the_users_that_other_nodes_need(m):
    m.setup("--yes")
    client = m.redis.client()
    [(_, report)] = client.hgetall("{paylock}:nodes").items()
    client.hset("{paylock}:nodes", "web2", report)
    done = m.setup("--undo", "--yes")
    assert "1 other node" in done.stderr
    assert set(client.acl_users()) == {"default", NGINX_USER, OP_USER}
    assert len(m.secrets()) == 2
    m.setup("--yes")


# nginx

def test_what_nginx_refuses_is_taken_back(m):
    m.nginx.allow("is longer than 200 bytes")
    before = m.snippet.read_text()
    error = failed(m.setup("--json", "--yes", "--contact", "x" * 201,
                           check=False), 3, "nginx")
    assert "paylock_contact" in error["message"]
    assert m.snippet.read_text() == before
    assert set(m.plan()) == {"nginx"}
    m.setup("--yes")
    m.admin("lock", "acme.example")
    m.wait_answer(503)


def test_file_that_nginx_does_not_read(m):
    elsewhere = m.etc / "elsewhere.conf"
    error = failed(m.setup("--json", "--yes", "--nginx-conf", elsewhere,
                           check=False), 3, "nginx")
    assert "--nginx-conf" in error["mend"]
    assert not elsewhere.exists()


def test_broken_configuration(m):
    m.nginx.allow("nonsense")
    m.snippet.write_text("nonsense;\n")
    before = everything(m)
    error = failed(m.setup("--json", "--yes", check=False), 1, "nginx")
    assert "nonsense" in error["message"]
    assert everything(m) == before
    m.snippet.write_text("")


def test_module_that_is_not_loaded(m):
    conf = m.nginx.dir / "nginx.conf"
    text = conf.read_text()
    conf.write_text(re.sub(r"(?m)^\s*(load_module|paylock).*;", "", text))
    before = everything(m)
    error = failed(m.setup("--json", "--yes", check=False), 1, "nginx_module")
    assert "libnginx-mod-http-paylock" in error["mend"]
    assert everything(m) == before


def test_directives_of_your_own_stay(stock, machine):
    """Also without the snippet of the package."""
    stock.start()
    m = machine(SITES.replace("server_name acme.example;",
                              "server_name acme.example; paylock on;"))
    m.snippet.unlink()
    m.nginx.allow("cannot connect")
    m.setup("--yes")
    assert not re.search("(?m)^paylock on", m.snippet.read_text())
    m.admin("lock", "acme.example", "other.example")
    m.wait_answer(503)
    assert m.answer("other.example") == 200


# Redis

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
    before = everything(m)
    error = failed(m.setup("--json", "--yes", check=False), 1, "auth")
    assert "--password-file" in error["mend"]
    assert everything(m) == before
    terminal = Terminal(m.admin, "setup", "--dry-run", *m.options())
    terminal.answer("password of Redis", stock.password)
    assert terminal.end()[0] == 0 and "paylock-op" in terminal.shown
    assert everything(m) == before
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
    failed(shown, 1, "redis_keep")
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
    before = everything(m)
    error = failed(m.setup("--json", "--yes", check=False), 1, "user")
    assert OP_USER in error["message"] and "DELUSER" in error["mend"]
    assert everything(m) == before


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
    before = everything(m)
    error = failed(m.setup("--json", "--yes", check=False), 1, "config")
    assert "leave out" in error["mend"]
    assert everything(m) == before


# keys and trails that are there

def test_trail_of_another_machine(m, private):
    """It needs its signers file, and the passwords."""
    m.setup("--yes")
    other = servers.Admin(m.redis, private / "other")
    there = private / "there"
    there.mkdir()
    other.argv = lambda *args: [
        str(servers.CLI), "--config", str(there / "config"), *map(str, args)]
    options = ["setup", "--yes", "--redis", m.redis.url, "--signers",
               there / "signers", "--nginx", m.program, "--nginx-conf",
               m.snippet]
    error = failed(other("--json", *options, check=False), 1, "user")
    assert "copy that file" in error["mend"]
    for path in m.etc.glob("*.password"):
        (there / path.name).touch(path.stat().st_mode & 0o777)
        (there / path.name).write_text(path.read_text())
    error = failed(other("--json", *options, check=False), 1, "signers")
    assert "copy the signers file" in error["mend"]
    (there / "signers").write_text(m.signers.read_text())
    other(*options)
    assert "acme.example" not in other("list").stdout
    m.admin("lock", "acme.example")
    assert "acme.example" in other("list").stdout


def test_after_keygen(m):
    """Its key and its signers file become those of the machine."""
    key = m.admin.json("keygen")["key"]
    m.setup("--yes")
    assert key in m.signers.read_text()
    m.admin("lock", "acme.example")
    m.wait_answer(503)
