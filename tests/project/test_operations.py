# Copyright (C) 2026 paylock contributors
#
# The procedures of docs/operations.md, typed as they stand there, with a real
# Redis and nginx.

import json
import os
import re
import shutil
import signal
import subprocess
import textwrap
import time

import pytest

from support import archive as ar, servers
from support.chain import AUDIT, LOCKED, LOCKS, OPEN, Chain
from support.servers import ARCHIVE_USER, OP_USER, wait_for

PAGE = (servers.ROOT / "docs/operations.md").read_text()
SITE = "server { server_name acme.example; paylock on; }"


def blocks(heading):
    """The commands of a section, one string a block."""
    part = re.search(rf"(?ms)^## {heading}\n(.*?)(?=^## |\Z)", PAGE)[1]
    return [textwrap.dedent(block) for block
            in re.findall(r"(?ms)^( *```sh\n.*?)^ *```$", part)
            for block in [re.sub(r"^ *```sh\n", "", block)]]


class Machine:
    """Where the commands are typed: paths are those of the test."""

    def __init__(self, redis, admin, private):
        self.redis = redis
        self.admin = admin
        self.dir = private
        self.backups = private / "backups"
        self.backups.mkdir()
        bin = private / "bin"
        bin.mkdir()
        for name, script in (
                ("paylock-admin",
                 f'exec {servers.CLI} --redis {redis.url} "$@"'),
                ("redis-cli",
                 f'exec /usr/bin/redis-cli -s {redis.socket} "$@"'),
                ("chown", "true"),
                ("systemctl", f'echo "$1" > {private}/wanted; while [ -e '
                              f'{private}/wanted ]; do sleep 0.05; done')):
            (bin / name).write_text(f"#!/bin/sh\n{script}\n")
            (bin / name).chmod(0o755)

    def systemctl(self):
        wanted = self.dir / "wanted"
        word = wanted.read_text().strip() if wanted.exists() else ""
        if word:
            getattr(self.redis, word)()
            wanted.unlink()

    def type(self, script, user=OP_USER):
        script = (script.replace("/var/lib/redis", str(self.redis.dir))
                  .replace("/var/lib/paylock", str(self.dir))
                  .replace("/var/backups/paylock", str(self.backups)))
        env = {**self.admin.env, **self.admin.login(user),
               "PAYLOCK_ACTOR": "alice",
               "PATH": f"{self.dir}/bin:{self.admin.env['PATH']}"}
        # as it is for who has set nothing
        del env["XDG_STATE_HOME"], env["XDG_CONFIG_HOME"]
        out = self.dir / "out"
        with open(out, "w") as file:
            ran = subprocess.Popen(["sh", "-e", "-c", script], env=env,
                                   stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=file, cwd=self.admin.home)
        end = time.monotonic() + 60
        while ran.poll() is None:
            assert time.monotonic() < end, (script, out.read_text())
            # not in a thread: Redis would end with it
            self.systemctl()
            time.sleep(0.01)
        assert ran.returncode == 0, (script, out.read_text())
        return out.read_text()


@pytest.fixture
def machine(redis, admin, private):
    machine = Machine(redis, admin, private)
    machine.type("paylock-admin keygen; paylock-admin init; "
                 "paylock-admin lock acme.example")
    return machine


def test_redis_is_lost(machine, redis, nginx):
    server = nginx(SITE + " server { server_name lost.example; paylock on; }")
    server.wait_state("acme.example", "locked")
    backup, = blocks("Backup")
    machine.type(backup)
    assert {path.name for path in machine.backups.iterdir()} \
        == {"dump.rdb", "trail.jsonl", "checkpoint"}
    machine.type(backup)                    # and the next day
    machine.type("paylock-admin lock lost.example")
    server.wait_state("lost.example", "locked")
    server.allow(r"\[alert\]")

    aside, back, declare = blocks("Disaster: Redis is lost")
    machine.type(aside)
    assert server.state("lost.example") == "locked"
    machine.type(back)
    assert redis.client().hkeys("{paylock}:locks") == ["acme.example"]
    said = machine.type("paylock-admin doctor || true")
    assert "ends before the entry last seen from here" in said
    wait_for("the loss to be noticed",
             lambda: "diverged" in machine.type("paylock-admin nodes"))
    assert server.state("lost.example") == "locked"
    machine.type(declare)
    server.wait_state("lost.example", "locked")
    wait_for("the end of the hold", lambda: " live " in machine.type(
        "paylock-admin nodes"))
    assert server.state("acme.example") == "locked"
    machine.type("paylock-admin audit verify")
    machine.type("paylock-admin unlock acme.example lost.example")
    server.wait_state("lost.example", "open")


@pytest.mark.parametrize("automatic", [False, True])
def test_redis_crashed(machine, redis, automatic):
    """It lost the end of a transaction that was not answered yet, and is
    restarted once more later."""
    machine.type("cp -a ~/.local ~/before; paylock-admin lock lost.example; "
                 "rm -r ~/.local; mv ~/before ~/.local")
    os.kill(redis.pid, signal.SIGKILL)
    redis.process.wait()
    file = redis.dir / "appendonlydir/appendonly.aof.1.incr.aof"
    os.truncate(file, file.stat().st_size - 3)
    rewrite, drop_in = blocks("Redis crashed")
    if automatic:
        machine.type(re.search("'(yes .*)'", drop_in)[1])
    redis.start()
    if not automatic:
        machine.type(rewrite)
        wait_for("the file to be written anew", lambda: not file.exists())
    machine.type("paylock-admin lock next.example")
    redis.stop()
    redis.start()
    machine.type("paylock-admin audit verify")


def test_redis_is_whole_on_another_machine(machine, redis, nginx):
    server = nginx(SITE)
    server.wait_state("acme.example", "locked")
    aside, _, _ = blocks("Disaster: Redis is lost")
    machine.type(aside)
    shutil.move(redis.dir / "appendonlydir.lost", redis.dir / "appendonlydir")
    machine.type("systemctl start redis-server")
    said = machine.type("paylock-admin doctor")
    assert "ok       chain" in said


def test_node_is_lost(machine, redis, nginx):
    server = nginx(SITE)
    server.wait_state("acme.example", "locked")
    wait_for("a report", lambda: any(
        '"state":"live"' in report
        for report in redis.client().hvals("{paylock}:nodes")))
    redis.client().hset("{paylock}:nodes", "old-node", "{}")
    block, = blocks("Disaster: an nginx node is lost")
    machine.type(block)
    assert "old-node" not in redis.client().hkeys("{paylock}:nodes")
    assert " live " in machine.type("paylock-admin nodes")


def revoked(machine):
    return [one["name"] for one in json.loads(machine.type(
        "paylock-admin --json signers"))["signers"] if one["until"]]


def test_rotate_a_key(machine):
    block, = blocks("Rotate a key")
    machine.type(block)
    machine.type("paylock-admin unlock acme.example; paylock-admin audit verify")
    assert revoked(machine) == ["alice"]
    assert "ok       key" in machine.type("paylock-admin doctor")
    said = machine.type("paylock-admin --key old.pem lock acme.example || true")
    assert "is revoked" in said


def restore(machine, redis, backup=None):
    """Redis comes back with what was in the backup, or with nothing."""
    aside, back, _ = blocks("Disaster: Redis is lost")
    machine.type(aside)
    if backup:
        machine.type(back.replace("/var/backups/paylock/dump.rdb", str(backup)))
    else:
        machine.type("systemctl start redis-server")


@pytest.mark.parametrize("backup", ["meanwhile", "before", None])
def test_redis_is_lost_after_a_rotation(machine, redis, backup):
    """Who counts is not lost with it."""
    machine.type(f"redis-cli --rdb {machine.backups}/before.rdb")
    machine.type("paylock-admin lock second.example")
    block, = blocks("Rotate a key")
    machine.type(block)
    machine.type(f"redis-cli --rdb {machine.backups}/meanwhile.rdb; "
                 "paylock-admin lock third.example")
    restore(machine, redis, backup and machine.backups / f"{backup}.rdb")
    machine.type("paylock-admin adopt --yes; paylock-admin lock next.example; "
                 "paylock-admin audit verify")
    assert revoked(machine) == ["alice"]
    assert "ok       key" in machine.type("paylock-admin doctor || true")


def test_somebody_wrote_to_redis(machine, redis, nginx):
    server = nginx(SITE)
    server.wait_state("acme.example", "locked")
    server.allow(r"\[alert\]")
    chain = Chain(redis)
    chain.write(("acme.example", OPEN), ("x.example", LOCKED))
    said = machine.type("paylock-admin lock y.example || true")
    assert "must not be continued" in said
    evidence, adopt, _, _ = blocks("Disaster: somebody wrote to Redis")
    machine.type(evidence)
    machine.type(adopt)
    server.wait_state("acme.example", "locked")
    machine.type("paylock-admin unlock acme.example; paylock-admin audit verify")
    server.wait_state("acme.example", "open")


def test_the_numbers_are_used_up(machine, redis, nginx):
    server = nginx(SITE)
    server.wait_state("acme.example", "locked")
    server.allow(r"\[alert\]")
    redis.client().xadd(AUDIT, {"x": "y"}, "18446744073709551615-0")
    said = machine.type("paylock-admin adopt --yes || true")
    assert "no entry can follow" in said
    _, _, aside, _ = blocks("Disaster: somebody wrote to Redis")
    machine.type(aside)
    machine.type("paylock-admin lock acme.example --yes --reason again; "
                 "paylock-admin audit verify; paylock-admin unlock acme.example")
    server.wait_state("acme.example", "open")


def test_key_is_lost(machine):
    digits = machine.type("paylock-admin keygen lost.pem").split()[-1]
    machine.type(f"echo bob {digits} >> ~/.config/paylock/signers; "
                 "paylock-admin --key lost.pem lock bobs.example")
    revoke, _ = blocks("Disaster: a key is lost")
    machine.type(revoke)
    assert revoked(machine) == ["bob"]
    machine.type("paylock-admin lock next.example; paylock-admin audit verify")


def test_the_only_key_is_lost(machine, nginx):
    server = nginx(SITE)
    server.wait_state("acme.example", "locked")
    _, again = blocks("Disaster: a key is lost")
    machine.type(again)
    assert revoked(machine) == ["alice"]
    machine.type("paylock-admin unlock acme.example; paylock-admin audit verify")
    server.wait_state("acme.example", "open")


def test_archive(redis, admin, private):
    """Old entries go into a file, each month; and a record of one is put back
    from there."""
    client, trail = redis.client(), ar.days()
    ar.put(client, trail)
    ar.machine(admin)
    (admin.home / ".config").symlink_to("config")
    machine = Machine(redis, admin, private)
    (private / "archive").mkdir()
    machine.type("paylock-admin init --yes")
    cron, verify, evidence, read = blocks("Archive")
    for month in "01", "02":            # the last entry stays at first
        assert "archived: " in machine.type(cron, ARCHIVE_USER)
        [path] = (private / "archive").glob("20[2-9]*")
        path.rename(private / f"archive/2001-{month}-01.jsonl")
        machine.type("paylock-admin lock new.example")
    assert "nothing to archive" in machine.type(cron, ARCHIVE_USER)
    machine.type(verify)
    assert machine.type(evidence.replace("acme.example", "h1.example")
                        + "sh evidence/verify.sh").endswith("\nOK\n")
    rows = machine.type("cd " + str(private / "archive") + "\n"
                        + read.replace("acme.example", "h1.example"))
    assert rows.count("lock") == sum(
        e.get("host") == "h1.example" for _, e in trail.entries)
    kept = client.hgetall(LOCKS)
    client.hset(LOCKS, "h3.example", '{"entry":2}')
    client.hset(LOCKS, "hand.example", '{"lock_at":2}')
    *_, adopt = blocks("Disaster: somebody wrote to Redis")
    machine.type(adopt)
    assert client.hgetall(LOCKS) == kept
    machine.type(verify)
