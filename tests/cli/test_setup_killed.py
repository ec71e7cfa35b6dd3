# Copyright (C) 2026 paylock contributors
#
# setup is killed at a system call that changes something, here or in Redis:
# nginx and Redis go on, and the next run does the rest.

import os
import re
import signal
import subprocess

import pytest

KILLS = int(os.environ.get("PAYLOCK_TEST_KILLS", 3))

# what changes a file, is sent to Redis, or runs nginx
CALLS = "renameat2,link,write,sendto,sendmsg,wait4"


def run(m, *inject):
    """strace runs it."""
    argv = m.admin.argv("setup", "--yes", *m.options())
    return subprocess.run(
        ["strace", "-o", m.admin.home / "calls", "-e", f"trace={CALLS}",
         *inject, *argv], env=m.admin.env, cwd=m.admin.home,
        capture_output=True, text=True)


def calls(m):
    """The name of each system call, and how many of that name there were."""
    names = re.findall(r"(?m)^(\w+)\(", (m.admin.home / "calls").read_text())
    return [(name, names[:i + 1].count(name)) for i, name in enumerate(names)]


def forget(m, before):
    """All as it was before the first setup."""
    client = m.redis.client()
    client.flushall()
    for user in set(client.acl_users()) - {"default"}:
        client.acl_deluser(user)
    client.config_set("appendonly", "no")
    client.config_rewrite()
    if client.config_get("aclfile")["aclfile"]:
        client.acl_save()
    for path in [*m.etc.iterdir(), *m.admin.home.rglob("*")]:
        if path.is_file():
            path.unlink()
    for name, text in before.items():
        (m.etc / name).write_text(text)
    m.nginx.reload()


@pytest.mark.parametrize("users", ["lines", "aclfile"])
def test_it_is_killed(stock, machine, users):
    if users == "aclfile":
        (stock.dir / "users.acl").write_text("user default on nopass ~* &* "
                                             "+@all\n")
        stock.add(f"aclfile {stock.dir}/users.acl")
    stock.start()
    m = machine()
    m.nginx.allow("Redis at")           # which forgets all, again and again
    before = {path.name: path.read_text() for path in m.etc.iterdir()}
    done = run(m)
    assert done.returncode == 0, done.stderr
    places = calls(m)
    assert len(places) > 40
    killed = 0
    for name, nth in places[::-(-len(places) // KILLS)]:
        forget(m, before)
        ended = run(m, "-e", f"inject={name}:signal=KILL:when={nth}")
        if ended.returncode == 0:
            continue                    # how often it waits may differ
        assert ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        killed += 1
        where = name, nth
        assert m.answer() == 200, where
        assert subprocess.run([m.program, "-t", "-q"]).returncode == 0, where
        assert m.redis.client().ping(), where
        m.setup("--yes")
        assert m.plan() == {}, where
        m.admin("lock", "acme.example")
        m.wait_answer(503)
        m.redis.restart()
        client = m.redis.client()
        assert len(client.acl_users()) == 3, where
        assert client.config_get("appendonly")["appendonly"] == "yes", where
        assert "acme.example" in m.admin("list").stdout, where
    assert killed >= KILLS // 3
