# Copyright (C) 2026 paylock contributors
#
# setup on a machine with a hostile user, a hostile Redis, or an admin who is
# tired: nothing opens, nothing of others is lost, nothing is believed.

import fcntl
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from support import servers
from support.cli import failed
from support.fake_redis import FakeRedis
from support.machine import SITES
from support.servers import NGINX_USER, OP_USER

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def lock(m):
    m.setup("--yes")
    m.admin("lock", "acme.example")
    m.wait_answer(503)


# undo never opens a closed site by itself

@pytest.mark.parametrize("option", ["redis", "prefix"])
def test_undo_looks_at_no_other_redis(m, private, option):
    lock(m)
    before = m.everything()
    other = None
    if option == "redis":
        (private / "other").mkdir()
        other = servers.Redis(private / "other")
        other.start()
        args = ["--redis", other.url]
    else:
        args = ["--prefix", "{other}:"]
    try:
        done = m.setup("--json", "--undo", "--yes", *args, check=False)
        failed(done, 1, "redis")
        assert m.everything() == before
        assert m.answer() == 503
    finally:
        if other:
            other.stop()


def test_undo_when_redis_has_lost_all(m):
    m.nginx.allow(".")
    lock(m)
    m.redis.client().flushall()
    before = m.files()
    done = m.setup("--undo", "--yes", check=False, input="y\n")
    assert done.returncode == 1 and "does not hold" in done.stderr
    assert m.files() == before
    assert m.answer() == 503
    m.setup("--undo", input="open all\n")
    m.wait_answer(200)


def test_undo_where_the_directives_are_elsewhere(m, private):
    """nginx would not start without the file of its password."""
    m.setup("--yes")
    before = m.everything()
    error = failed(m.setup("--json", "--undo", "--yes", "--nginx-conf",
                           m.etc / "another.conf", check=False),
                   1, "nginx_conf")
    assert "--nginx-conf" in error["mend"]
    assert m.everything() == before


def test_undo_when_the_module_is_gone(m):
    m.nginx.allow("unknown directive")
    m.setup("--yes", "--contact", "mailto:billing@agency.example")
    text = (m.nginx.dir / "nginx.conf").read_text()
    m.nginx.put(re.sub(r"(?m)^\s*(load_module|paylock).*;", "", text))
    done = m.setup("--undo", "--yes", check=False, input="open 0\n")
    assert done.returncode == 0, done.stderr
    assert "unknown directive" in done.stderr
    assert subprocess.run([m.program, "-t", "-q"]).returncode == 0
    assert not m.secrets()
    m.nginx.put(text)


# nginx

def test_location_that_is_let_through_gates_nothing(stock, machine):
    stock.start()
    m = machine(SITES.replace("location / {", "location /open { paylock off; }"
                              " location / {", 1))
    lock(m)


@pytest.mark.parametrize("kind", ["fifo", "directory", "device"])
def test_conf_that_is_no_file(m, private, kind):
    path = private / "conf"
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "directory":
        path.mkdir()
    elif os.getuid() == 0:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    else:
        pytest.skip("needs root")
    before = path.lstat()
    done = m.setup("--json", "--yes", "--nginx-conf", path, check=False,
                   timeout=20)
    assert done.returncode and json.loads(done.stderr.splitlines()[-1])
    assert path.lstat().st_ino == before.st_ino


def test_empty_file_stays_when_it_is_taken_back(m):
    m.nginx.allow("is longer than 200 bytes")
    m.snippet.write_text("")
    m.setup("--yes", "--contact", "x" * 201, check=False)
    assert m.snippet.read_text() == ""


# other users of the machine

@needs_root
@pytest.mark.parametrize("how", ["password", "directory", "sticky", "key",
                                 "link"])
def test_what_another_user_may_write_is_not_believed(m, how):
    secret = m.etc / "redis-op.password"
    key = m.admin.home / "config/paylock"
    if how == "password":
        secret.write_text("known to him\n")
        secret.chmod(0o600)
        os.chown(secret, 65534, 65534)
    elif how == "directory":
        os.chown(m.etc, 65534, 65534)
    elif how == "sticky":
        m.etc.chmod(0o1777)
    elif how == "key":
        key.mkdir(parents=True)
        os.chown(key, 65534, 65534)
    else:
        away = m.etc.parent / "away"
        away.write_text("")
        secret.symlink_to(away)
        os.chown(secret, 65534, 65534, follow_symlinks=False)
    done = m.setup("--json", "--yes", check=False)
    failed(done, 1, "config" if how == "sticky" and
           '"config"' in done.stderr else "owner")
    assert m.redis.client().acl_users() == ["default"]
    os.chown(m.etc, 0, 0)


def test_two_at_once(m):
    before = m.everything()
    with open(m.etc / "setup.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        failed(m.setup("--json", "--yes", check=False), 1, "busy")
    (m.etc / "setup.lock").unlink()
    assert m.everything() == before
    argv = m.admin.argv("setup", "--yes", *m.options())
    runs = [subprocess.Popen(argv, env=m.admin.env, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for _ in range(4)]
    for run in runs:
        run.communicate(timeout=60)
    assert 0 in [run.returncode for run in runs]
    assert m.plan() == {} and not (m.etc / "setup.lock").exists()
    m.admin("lock", "acme.example")
    m.wait_answer(503)


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_umask(m, mask):
    shutil.rmtree(m.etc)
    m.etc.mkdir()
    m.snippet.touch()
    m.nginx.allow(".")
    argv = m.admin.argv("setup", "--yes", *m.options())
    subprocess.run(argv, env=m.admin.env, check=True, umask=mask,
                   capture_output=True)
    modes = {name: mode for name, (mode, _) in m.files().items()}
    assert modes["redis-nginx.password"] == 0o600
    assert modes["redis-op.password"] == 0o640


# Redis

@pytest.mark.parametrize("command,reply,times", [
    ("TIME", b"*2\r\n:1\r\n:2\r\n", 99),
    ("ACL", b"*2\r\n$9\r\npasswords\r\n*1\r\n:1\r\n", 99),
    ("ACL", b"-ERR once\r\n", 1),
    ("INFO", b"*0\r\n", 99),
    ("INFO", b"$100000000\r\n", 99),
    ("ROLE", b"$-1\r\n", 99),
    ("ROLE", b"*1\r\n*0\r\n", 99),
    ("CONFIG", b"*2\r\n:1\r\n:2\r\n", 99),
    ("CONFIG", b"\x00\xff\x1b[2J\r\n", 99),
    ("*", b"+OK\r\n", 999),
])
def test_redis_answers_nonsense(stock, machine, private, command, reply,
                                times):
    stock.add(f"unixsocket {stock.dir}/sock")
    stock.start()
    m = machine()
    with FakeRedis(f"{stock.dir}/sock") as fake:
        fake.on(command, reply, times=times)
        if command == "ACL":
            for path in ("redis-op.password", "redis-nginx.password"):
                (m.etc / path).touch(0o600)
                (m.etc / path).write_text("secret\n")
        done = m.admin("--json", "setup", "--yes", "--redis", fake.url,
                       *m.options()[2:], check=False, timeout=60)
    assert done.returncode in (1, 3), done
    assert json.loads(done.stderr.splitlines()[-1])["error"]["message"]
    assert "\x1b" not in done.stderr


def test_user_with_the_name_of_the_copy(m):
    m.setup("--yes")
    client = m.redis.client()
    client.acl_setuser("paylock-setup", enabled=True, passwords=["+theirs"])
    before = client.acl_list()
    assert m.plan() == {}
    assert client.acl_list() == before


def written(stock):
    """Turns the append-only file on, and waits for it."""
    client = stock.client()
    client.config_set("appendonly", "yes")
    servers.wait_for("the file", lambda: not client.info("persistence")[
        "aof_rewrite_in_progress"])


def test_file_that_is_begun_is_waited_for(stock, machine):
    """Redis would begin empty if it kept the setting before the file."""
    stock.add(f"unixsocket {stock.dir}/sock")
    stock.start()
    stock.client().set("theirs", "1")
    m = machine()
    written(stock)
    with FakeRedis(f"{stock.dir}/sock") as fake:
        text = b"aof_enabled:1\r\naof_rewrite_in_progress:0\r\n" \
               b"aof_last_bgrewrite_status:err\r\n"
        fake.on("INFO", b"$%d\r\n%s\r\n" % (len(text), text), times=99,
                having=b"persistence")
        before = stock.conf.read_text()
        failed(m.admin("--json", "setup", "--yes", "--redis", fake.url,
                       *m.options()[2:], check=False), 3, "appendonly")
        assert stock.conf.read_text() == before


def test_file_that_is_written_meanwhile(stock, machine):
    """Redis begins and ends that by itself: it is no other plan."""
    stock.add(f"unixsocket {stock.dir}/sock")
    stock.start()
    written(stock)
    m = machine()
    with FakeRedis(f"{stock.dir}/sock") as fake:
        text = b"aof_enabled:1\r\naof_rewrite_in_progress:1\r\n"
        fake.on("INFO", b"$%d\r\n%s\r\n" % (len(text), text),
                having=b"persistence")
        m.admin("setup", "--yes", "--redis", fake.url, *m.options()[2:])


def test_cluster(stock, machine):
    stock.add(f"cluster-enabled yes\ncluster-config-file {stock.dir}/nodes")
    stock.start()
    m = machine()
    before = m.files()
    error = failed(m.setup("--json", "--yes", check=False), 1, "cluster")
    assert "each of its nodes" in error["mend"]
    assert m.files() == before
    assert set(stock.client().acl_users()) == {"default"}
