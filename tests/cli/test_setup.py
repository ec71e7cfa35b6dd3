# Copyright (C) 2026 paylock contributors
#
# setup: from an installed package to a locked site, again, and back;
# test_setup_redis.py has other kinds of Redis.

import re
import subprocess

import pytest

from support import servers
from support.chain import AUDIT
from support.cli import answered, failed
from support.machine import SITES
from support.servers import NGINX_USER, OP_USER

STEPS = ["passwords", "redis", "users", "settings", "signers", "trail",
         "nginx"]


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
    before = m.everything()
    again = m.setup()
    assert again.stdout.startswith("nothing to do")
    assert m.plan() == {}
    assert m.everything() == before
    assert m.admin.json("setup", *m.options())["done"] is False


def test_dry_run_changes_nothing(m):
    before = m.everything()
    plan = m.plan("--contact", "mailto:billing@agency.example")
    assert list(plan) == STEPS
    assert any("paylock_contact \"mailto:billing@agency.example\";" in line
               for line in plan["nginx"])
    assert m.everything() == before
    assert not any(path.is_file() for path in m.admin.home.rglob("*"))
    runs = (m.program.parent / "nginx-runs").read_text()
    assert set(runs.splitlines()) == {"-T"}


def test_it_asks(m):
    before = m.everything()
    error = failed(m.setup("--json", check=False), 2, "confirm")
    assert "--yes" in error["mend"]
    status, _, _ = answered(m.admin, "n", "setup", *m.options())
    assert status == 1
    assert m.everything() == before
    status, out, _ = answered(m.admin, "y", "setup", *m.options())
    assert status == 0 and "done: nginx" in out


def test_signal_leaves_no_file_untested(m):
    """The program that is nginx sends it when the snippet is just written."""
    text = m.program.read_text()
    m.program.write_text(text.replace("exec ", """
        if grep -q '^paylock on' %s && [ "$1" = -T ]; then
            kill -INT $PPID; touch %s/sent
        fi
        exec """ % (m.snippet, m.etc.parent)))
    m.setup("--yes")
    assert (m.etc.parent / "sent").exists()
    m.program.write_text(text)
    assert m.plan() == {}
    m.admin("lock", "acme.example")
    m.wait_answer(503)


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
    before = m.everything()
    done = m.setup("--undo", "--yes", check=False, input="y\n")
    assert done.returncode == 1 and "1 site is closed" in done.stderr
    assert m.everything() == before
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
    before = m.everything()
    error = failed(m.setup("--json", "--yes", check=False), 1, "nginx")
    assert "nonsense" in error["message"]
    assert m.everything() == before
    m.snippet.write_text("")


def test_module_that_is_not_loaded(m):
    text = (m.nginx.dir / "nginx.conf").read_text()
    m.nginx.put(re.sub(r"(?m)^\s*(load_module|paylock).*;", "", text))
    before = m.everything()
    error = failed(m.setup("--json", "--yes", check=False), 1, "nginx_module")
    assert "libnginx-mod-http-paylock" in error["mend"]
    assert m.everything() == before


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
