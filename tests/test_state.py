# Copyright (C) 2026 paylock contributors
#
# The state file: a start without Redis opens nothing, whatever has happened
# before, and whatever has happened to the file.

import fcntl
import os
import pathlib
import pwd
import re
import shutil
import signal
import stat
import struct
import subprocess
import time

import pytest

import servers
from chain import LOCKED, LOCKS, Chain
from servers import wait_for
from statefile import State
from test_feed import SITES, Watch, owner

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")

LOCKED_REF = {"at": 1793491200, "lock_at": 1793491200}

CONF = "paylock_state @DIR@/state/paylock;" + SITES


@pytest.fixture
def chain(redis):
    return Chain(redis).init()


@pytest.fixture
def saving(nginx, chain):
    """An nginx with one lock, which is in its file."""
    def start(http=CONF, **kw):
        chain.write(("acme.example", LOCKED))
        server = nginx(http, **kw)
        server.wait_state("acme.example", "locked")
        server.file = server.dir / "state/paylock"
        wait_saved(server, chain)
        return server
    return start


def saved(path, seq):
    try:
        return State.read(path).seq == seq
    except OSError:
        return False


def valid(path, seq):
    """The same of a file that may be of another key, or none."""
    try:
        return saved(path, seq)
    except (AssertionError, struct.error):
        return False


def wait_saved(server, chain, timeout=15):
    wait_for(f"entry {chain.seq} in the file",
             lambda: saved(server.file, chain.seq), timeout)


def again(server):
    """Starts nginx once more."""
    (server.dir / "control.sock").unlink(missing_ok=True)
    (server.dir / "nginx.pid").unlink(missing_ok=True)
    (server.dir / "error.log").unlink()
    return server.start()


def kill(server):
    for pid in [server.pid, *server.family()]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    server.process.wait(10)
    wait_for("all of them to be gone", lambda: not server.family())


def alerts(server, text="[alert]"):
    return [line for line in server.error_log().splitlines()
            if text in line]


# a start without Redis

def test_restart(saving, redis, chain):
    """Locks are in force from the first request on, then the feed goes on."""
    server = saving()
    chain.write(("*.below.example", LOCKED), (".from.example", LOCKED),
                ("planned.example",
                 {"at": 1, "lock_at": int(time.time()) + 3, "ref": "PL-1"}))
    wait_saved(server, chain)
    server.stop()
    redis.stop()
    again(server)
    assert server.get(host="acme.example").status == 503
    assert server.get(host="open.example").status == 200
    for host in ("a.below.example", "from.example", "b.from.example"):
        assert server.state(host) == "locked"
    assert server.state("below.example") == "open"
    assert f"4 records, entry {chain.seq}, from" in server.error_log()
    assert "stay in force" in server.error_log()
    # a plan needs no Redis
    server.wait_state("planned.example", "locked")
    assert "PL-1" in server.get(host="planned.example",
                                address=server.control).text
    redis.start()
    chain.client = redis.client()
    chain.write(("acme.example", None), ("later.example", LOCKED))
    server.wait_state("acme.example", "open", 15)
    server.wait_state("later.example", "locked")
    wait_saved(server, chain)


def test_stale(saving, redis, chain):
    """What comes from the disk is stale when Redis does not answer."""
    server = saving()
    server.stop()
    redis.stop()
    again(server)
    wait_for("it to be stale", lambda: "stale, no good answer from Redis for"
             in server.error_log(), 30)
    assert server.state("acme.example") == "locked"
    assert not alerts(server)
    redis.start()
    server.wait_live(timeout=15)
    assert "live, 1 records" in server.error_log()


def test_missed(saving, redis, chain):
    """What was changed while nginx was not there is applied."""
    server = saving()
    chain.write(*((f"h{i}.example", LOCKED) for i in range(20)))
    wait_saved(server, chain)
    server.stop()
    chain.write(*((f"h{i}.example", None) for i in range(20)),
                ("new.example", LOCKED))
    again(server)
    server.wait_state("new.example", "locked")
    for i in range(20):
        assert server.state(f"h{i}.example") == "open"
    assert server.state("acme.example") == "locked"


def test_kill_everything(saving, redis, chain):
    server = saving()
    for _ in range(3):
        kill(server)
        if redis.running():
            redis.kill()
        again(server)
        assert server.get(host="acme.example").status == 503
        assert server.state("acme.example") == "locked"


def test_redis_forgot(saving, redis, admin, nginx):
    """A start is no way round the guard."""
    admin("init", "--yes")
    server = saving()
    server.allow("does not go on from")
    server.stop()
    with redis.client() as client:
        client.flushall()
    again(server)
    wait_for("the alert", lambda: alerts(server), 15)
    assert server.state("acme.example") == "locked"
    # what is held is so after a start without Redis, too
    wait_for("the hold to be saved",
             lambda: [r[2] for r in State.read(server.file)] == [True])
    server.stop()
    redis.stop()
    again(server)
    assert server.state("acme.example") == "locked"
    redis.start()
    wait_for("the alert", lambda: alerts(server), 15)
    assert server.state("acme.example") == "locked"
    admin("adopt", "--yes")
    server.wait_state("acme.example", "open", 15)


def test_hold_outlives_a_start(saving, redis, chain):
    """What another chain does not have is held as before."""
    server = saving()
    server.allow("does not go on from")
    with redis.client() as client:
        client.flushall()
    other = Chain(redis).init()
    other.write(("other.example", LOCKED))
    server.wait_state("other.example", "locked", 20)
    wait_for("the hold to be saved", lambda: sorted(
        held for _, _, held, _, _ in State.read(server.file))
        == [False, True] and saved(server.file, other.seq), 15)
    server.stop()
    again(server)
    server.wait_live(timeout=15)
    other.settle(server)
    assert server.state("acme.example") == "locked"


def test_written_at_the_end(saving, redis, chain):
    """What changed in the last moment is there after a shutdown."""
    server = saving()
    for number, sig in enumerate((signal.SIGQUIT, signal.SIGTERM) * 2):
        # a scan that has not ended does not move the position
        server.wait_live()
        chain.write((f"last{number}.example", LOCKED))
        server.wait_state(f"last{number}.example", "locked")
        server.end(sig)
        assert State.read(server.file).seq == chain.seq
        again(server)


def test_inherited(saving, redis, chain):
    """A zone of another size goes on with what the old one had."""
    server = saving("paylock_zone 1m;" + CONF)
    redis.stop()
    with Watch(server):
        for size in ("2m", "512k"):
            was = server.file.stat().st_mtime_ns
            server.reload(f"paylock_zone {size};" + CONF)
            wait_for("a new file",
                     lambda: server.file.stat().st_mtime_ns != was, 15)
            assert saved(server.file, chain.seq)
    server.stop()
    again(server)
    assert server.state("acme.example") == "locked"


# upgrades of the binary

def pid_of(server, name):
    try:
        return int((server.dir / name).read_text())
    except (OSError, ValueError):
        return 0


class Daemon(servers.Nginx):
    """One that can be upgraded: its parent is another than at the start."""

    master = 0

    @property
    def pid(self):
        return self.master

    def configuration(self, http):
        return super().configuration(http).replace("daemon off", "daemon on")

    def spawn(self, argv):
        with open(self.dir / "daemon.out", "ab") as out:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        assert self.process.wait(30) == 0, self.output()
        self.master = wait_for("its pid", lambda: pid_of(self, "nginx.pid"))

    def running(self):
        return self.master and alive(self.master)


def alive(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def daemon(redis, chain, private):
    """What can be upgraded, with one lock that is in its file."""
    chain.write(("acme.example", LOCKED))
    server = Daemon(private / "daemon", CONF, redis)
    server.file = server.dir / "state/paylock"
    try:
        server.start()
        server.wait_state("acme.example", "locked")
        wait_saved(server, chain)
        yield server
    finally:
        for pid in server.family():
            if pid != server.pid and not workers_of(server.pid):
                os.kill(pid, signal.SIGQUIT)
        server.stop()


def upgrade(server):
    """USR2, then WINCH to the old master: the pid of the new one."""
    old = server.pid
    os.kill(old, signal.SIGUSR2)
    new = wait_for("the new master",
                   lambda: pid_of(server, "nginx.pid") not in (0, old)
                   and pid_of(server, "nginx.pid"), 20)
    wait_for("its workers", lambda: workers_of(new), 20)
    os.kill(old, signal.SIGWINCH)
    wait_for("the old workers to leave", lambda: not workers_of(old), 20)
    return new


def workers_of(master):
    children = pathlib.Path(f"/proc/{master}/task/{master}/children")
    try:
        pids = children.read_text().split()
        return [int(pid) for pid in pids if pathlib.Path(
                f"/proc/{pid}/cmdline").read_bytes().startswith(
                    b"nginx: worker")]
    except OSError:
        return []


def leave(pid):
    os.kill(pid, signal.SIGQUIT)
    wait_for("the master to leave", lambda: not alive(pid), 20)


@pytest.mark.parametrize("down", [False, True], ids=["redis", "no_redis"])
def test_upgrade_and_back(daemon, redis, chain, down):
    """A binary upgrade that is backed out, with a client at it all along."""
    server = daemon
    if down:
        redis.stop()
    with Watch(server) as watch:
        new = upgrade(server)
        assert server.error_log().count("1 records, entry 2, from") == 1
        if not down:
            # the old master's zone will never have heard of this one
            chain.write(("later.example", LOCKED))
            server.wait_state("later.example", "locked")
            wait_saved(server, chain)
            redis.stop()
        os.kill(server.pid, signal.SIGHUP)
        wait_for("the old workers", lambda: workers_of(server.pid), 20)
        leave(new)
        asked = len(watch.times)
        wait_for("more requests", lambda: len(watch.times) > asked + 20)
        if not down:
            for _ in range(20):
                assert server.state("later.example") == "locked"
    assert State.read(server.file).seq == chain.seq
    redis.start()
    chain.client = redis.client()
    chain.write(("more.example", LOCKED))
    server.wait_state("more.example", "locked", 15)
    wait_saved(server, chain)


def test_upgrade(daemon, redis, chain):
    """The same, carried through."""
    server = daemon
    redis.stop()
    with Watch(server) as watch:
        new = upgrade(server)
        leave(server.pid)
        asked = len(watch.times)
        wait_for("more requests", lambda: len(watch.times) > asked + 20)
    leave(new)
    again(server)
    assert server.state("acme.example") == "locked"


def test_side_by_side(saving, nginx, redis, chain):
    """Two masters with one file: it is whole, and never goes back."""
    server = saving()
    other = nginx(CONF.replace("@DIR@", str(server.dir)))
    seqs = []
    for i in range(12):
        chain.write((f"h{i}.example", LOCKED))
        for one in (server, other):
            one.wait_state(f"h{i}.example", "locked")
        seqs.append(State.read(server.file).seq)
    wait_saved(server, chain)
    assert seqs == sorted(seqs)
    server.stop()
    other.stop()
    redis.stop()
    again(other)
    assert other.state("h11.example") == "locked"


# never back

def by_hand(chain, host):
    """A change without an entry: it has to be saved, too."""
    chain.client.hset(LOCKS, host, "1")


def test_file_ahead_stays(saving, chain):
    server = saving(CONF + "paylock_reconcile 500ms;")
    ahead = State.read(server.file)
    ahead.seq += 5
    ahead.write(server.file)
    by_hand(chain, "hand.example")
    server.wait_state("hand.example", "locked", 15)
    wait_for("it to be left", lambda: "ahead of what is known here"
             in server.error_log(), 15)
    assert State.read(server.file) == ahead
    for i in range(6):
        chain.write((f"h{i}.example", LOCKED))
    wait_saved(server, chain)
    assert State.read(server.file).count == 8


def test_other_file_is_replaced(saving, chain):
    """One that was written to before ours, and one of another key."""
    server = saving()
    other = State.read(server.file)
    other.chain, other.seq, other.time = "f" * 32, 10 ** 9, other.time - 10000
    other.write(server.file)
    chain.write(("next.example", LOCKED))
    wait_saved(server, chain)
    other.chain = chain.chain
    other.write(server.file, key=bytes(32))
    chain.write(("another.example", LOCKED))
    wait_for("ours to be back", lambda: valid(server.file, chain.seq), 15)


def test_tail_lost(saving, redis, chain):
    """A stream that lost its end does not take the file back; an adoption
    by a new chain replaces it."""
    server = saving()
    server.allow("does not go on from|does not follow|without an entry")
    chain.write(*((f"h{i}.example", LOCKED) for i in range(5)))
    wait_saved(server, chain)
    last = chain.seq
    # the failover: the last three entries are gone, and their locks
    entries = chain.client.xrange("{paylock}:audit")[:-3]
    chain.client.delete("{paylock}:audit")
    for id, entry in entries:
        chain.client.xadd("{paylock}:audit", entry, id=id)
    chain.client.hdel(LOCKS, "h2.example", "h3.example", "h4.example")
    wait_for("the alert", lambda: alerts(server), 20)
    chain.look()
    chain.write(("after.example", LOCKED))
    server.wait_state("after.example", "locked")
    wait_for("the file", lambda: State.read(server.file).count == 7, 15)
    state = State.read(server.file)
    assert state.seq == last > chain.seq
    assert sum(held for _, _, held, _, _ in state) == 3
    # everything of this is known after a start
    server.stop()
    redis.stop()
    again(server)
    for host in ("h0", "h4", "after"):
        assert server.state(f"{host}.example") == "locked"
    redis.start()
    chain.client = redis.client()
    wait_for("the alert", lambda: alerts(server), 20)
    assert server.state("h4.example") == "locked"
    chain.client.flushall()
    other = Chain(redis).init()
    other.seq = last + 1
    other.adopt()
    server.wait_state("h4.example", "open", 20)
    wait_for("the new chain",
             lambda: State.read(server.file).chain == other.chain, 15)
    assert State.read(server.file).seq == other.seq


def test_owner_killed(saving, chain):
    """The file is whole however often its writer is killed."""
    server = saving()
    server.allow("exited on signal 9")
    chain.write(*((f"h{i}.example", LOCKED) for i in range(3000)))
    wait_saved(server, chain)
    for i in range(8):
        chain.write((f"more{i}.example", LOCKED))
        end = time.monotonic() + 0.05 + i * 0.02
        while time.monotonic() < end:
            State.read(server.file)
        os.kill(owner(server), signal.SIGKILL)
        wait_for("another", lambda: len(server.workers()) == 2)
        server.wait_state(f"more{i}.example", "locked", 15)
    wait_saved(server, chain)
    assert State.read(server.file).count == 3009


# what is wrong with the file, and with its key

def cut(path):
    os.truncate(path, path.stat().st_size - 1)


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def instead(path, make):
    path.rename(path.with_name("away"))
    make(path)


FILE = {
    "empty": (lambda p: os.truncate(p, 0), "is no state file"),
    "text": (lambda p: p.write_text("hello\n" * 200), "is no state file"),
    "head cut": (lambda p: os.truncate(p, 487), "is cut off"),
    "cut": (cut, "is not as long"),
    "longer": (lambda p: p.write_bytes(p.read_bytes() + b"0"),
               "is not as long"),
    "head": (lambda p: flip(p, 30), "was not made with this key"),
    "mac": (lambda p: flip(p, 487), "was not made with this key"),
    "records": (lambda p: flip(p, 488), "records that were changed"),
    "symlink": (lambda p: instead(p, lambda p: p.symlink_to("away")),
                "is a symbolic link"),
    "directory": (lambda p: instead(p, lambda p: p.mkdir()),
                  "is no regular file"),
    "fifo": (lambda p: instead(p, os.mkfifo), "is no regular file"),
}

ROOT_FILE = {
    "owner": (lambda p: os.chown(p, 12345, -1), "is owned neither by"),
}

KEY = {
    "mode": (lambda p: p.chmod(0o640), "can be read or written by others"),
    "symlink": (lambda p: instead(p, lambda p: p.symlink_to("away")),
                "is a symbolic link"),
    "text": (lambda p: p.write_text("secret\n"), "64 hex digits"),
    "fifo": (lambda p: instead(p, os.mkfifo), "is no regular file"),
}

ROOT_KEY = {
    "owner": (lambda p: os.chown(p, 12345, -1), "is not owned by"),
}

if os.geteuid() == 0:
    FILE |= ROOT_FILE
    KEY |= ROOT_KEY


@pytest.mark.parametrize("what", FILE)
def test_bad_file(saving, redis, chain, what):
    """It is ignored, with the reason, and replaced when Redis has answered."""
    spoil, reason = FILE[what]
    server = saving()
    server.allow(f"the state file .* {reason}|nothing is known yet")
    server.stop()
    redis.stop()
    spoil(server.file)
    again(server)
    assert server.state("acme.example") == "open"
    assert len(alerts(server, reason)) == 1
    if what == "directory":
        server.file.rmdir()             # nothing can take its place
    redis.start()
    server.wait_state("acme.example", "locked", 15)

    wait_for("the file to be replaced",
             lambda: not server.file.is_symlink() and server.file.is_file()
             and valid(server.file, chain.seq), 15)


@pytest.mark.parametrize("what", KEY)
def test_bad_key(saving, redis, chain, what):
    """Neither read nor written until that is mended."""
    spoil, reason = KEY[what]
    server = saving()
    server.allow("the key .*" + reason + "|cannot be verified without"
                 "|nothing is known yet")
    server.stop()
    redis.stop()
    key = server.file.with_name("paylock.key")
    text = key.read_text()
    before = server.file.read_bytes()
    spoil(key)
    again(server)
    assert server.state("acme.example") == "open"
    assert len(alerts(server, reason)) == 1
    redis.start()
    chain.client = redis.client()
    chain.write(("later.example", LOCKED))
    server.wait_state("later.example", "locked", 15)
    server.stop()
    assert server.file.read_bytes() == before
    # one is made where there is none
    key.unlink()
    again(server)
    wait_for("the file", lambda: key.exists()
             and valid(server.file, chain.seq), 15)
    assert key.read_text() != text


def test_no_key(saving, redis, chain):
    """Without its key a file is worth nothing."""
    server = saving()
    server.allow("cannot be verified without its key|nothing is known yet")
    server.stop()
    redis.stop()
    server.file.with_name("paylock.key").unlink()
    again(server)
    assert server.state("acme.example") == "open"
    assert len(alerts(server, "cannot be verified without its key")) == 1
    redis.start()
    server.wait_state("acme.example", "locked", 15)
    wait_for("a file of the new key",
             lambda: valid(server.file, chain.seq), 15)


def test_key_changed_by_reload(saving, chain):
    """The file follows its key."""
    server = saving()
    key = server.file.with_name("paylock.key")
    key.write_text("ab" * 32 + "\n")
    server.reload()
    wait_for("a file of that key",
             lambda: valid(server.file, chain.seq), 15)


def test_file_deleted(saving, chain):
    """It is there again after a reload, and after a change."""
    server = saving()
    server.file.unlink()
    server.reload()
    wait_saved(server, chain)
    server.file.unlink()
    chain.write(("later.example", LOCKED))
    wait_saved(server, chain)


@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_left_behind(saving, chain, kind):
    """By a worker that was killed, or put there by somebody."""
    server = saving()
    victim = server.dir / "victim"
    victim.write_text("dear")
    victim.chmod(0o666)
    temp = server.file.with_name("paylock.tmp")
    if kind == "symlink":
        temp.symlink_to(victim)
    else:
        temp.write_text("half")
    chain.write(("later.example", LOCKED))
    wait_saved(server, chain)
    assert victim.read_text() == "dear"


@pytest.mark.parametrize("end", [False, True], ids=["later", "at_the_end"])
def test_another_is_at_it(saving, chain, end):
    """Who has the directory locked has a file to put in the place of ours:
    it is left alone.  Told once if that comes to no end."""
    server = saving()
    server.allow(r"flock\(\) of its directory failed")
    temp = server.file.with_name("paylock.tmp")
    before = server.file.read_bytes()
    directory = os.open(server.file.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        temp.write_text("theirs")
        chain.write(("later.example", LOCKED))
        server.wait_state("later.example", "locked")
        if end:
            server.end(signal.SIGQUIT, 30)
        wait_for("the alert", lambda: alerts(server), 30)
        assert server.file.read_bytes() == before
        assert temp.read_text() == "theirs"
    finally:
        os.close(directory)
    if end:
        again(server)
    else:
        wait_for("the notice",
                 lambda: "is written again" in server.error_log(), 30)
        assert len(alerts(server)) == 1
    wait_saved(server, chain)
    assert not temp.exists()


# what is wrong with the disk

@root
def test_directory_not_writable(saving, redis, chain):
    """Sites stay as they are; told once, and once when it is mended."""
    server = saving()
    server.allow("the state file .* cannot be written")
    before = server.file.read_bytes()
    directory = server.file.parent
    os.chown(directory, 0, 0)
    directory.chmod(0o755)
    chain.write(("later.example", LOCKED))
    server.wait_state("later.example", "locked")
    wait_for("the alert", lambda: alerts(server), 15)
    assert "Permission denied" in alerts(server)[0]
    for i in range(3):
        chain.write((f"h{i}.example", LOCKED))
        server.reload()
        server.wait_state(f"h{i}.example", "locked")
        wait_for("the next to follow", lambda: server.error_log().count(
            "this worker follows Redis") > i + 1, 15)
    assert server.file.read_bytes() == before
    os.chown(directory, pwd.getpwnam(servers.WORKER).pw_uid, 0)
    server.reload()
    wait_saved(server, chain, 30)
    wait_for("the notice", lambda: "is written again" in server.error_log())
    assert len(alerts(server)) == 1


@root
def test_disk_full(saving, redis, chain):
    """As far as a limit on the size of files is a full disk."""
    server = saving()
    server.allow("the state file .* cannot be written")

    user = pwd.getpwnam(servers.WORKER)

    def limit(size):
        for pid in server.workers():
            subprocess.run(["setpriv", f"--reuid={user.pw_uid}",
                            f"--regid={user.pw_gid}", "--clear-groups",
                            "prlimit", "--pid", str(pid), f"--fsize={size}:"],
                           check=True)
    limit(1 << 18)
    workers = server.workers()
    chain.write(*((f"h{i}.example", {**LOCKED_REF, "ref": f"PL-{i:013}"})
                  for i in range(9000)))
    server.wait_state("h8999.example", "locked", 15)
    wait_for("the alert", lambda: alerts(server), 15)
    assert "pwrite() failed" in alerts(server)[0]
    assert "File too large" in alerts(server)[0]
    assert not server.file.with_name("paylock.tmp").exists()
    assert State.read(server.file).count < 9001
    assert server.workers() == workers
    limit("unlimited")
    wait_saved(server, chain, 30)
    wait_for("the notice", lambda: "is written again" in server.error_log())
    assert len(alerts(server)) == 1
    # which is what the next start has
    server.stop()
    redis.stop()
    again(server)
    assert server.state("h8999.example") == "locked"


def test_zone_too_small(saving, chain):
    """That is an error of the configuration."""
    server = saving()
    chain.write(*((f"h{i}.example", LOCKED) for i in range(900)))
    wait_saved(server, chain)
    server.stop()
    done = server.test("paylock_zone 32k;" + CONF)
    assert done.returncode == 1
    assert re.search(r'"paylock_zone" would hold at most \d+ of the 901 '
                     r'records in ".*/state/paylock": raise it', done.stderr)
    assert server.test("paylock_zone 1m;" + CONF).returncode == 0


# who owns what, and where

def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_owners(saving, chain):
    server = saving()
    worker = (pwd.getpwnam(servers.WORKER).pw_uid if os.geteuid() == 0
              else os.geteuid())
    key = server.file.with_name("paylock.key")
    for path, uid, bits in ((server.file.parent, worker, 0o700),
                            (server.file, worker, 0o600),
                            (key, os.geteuid(), 0o600)):
        assert (path.stat().st_uid, mode(path)) == (uid, bits), path
    assert {p.name for p in server.file.parent.iterdir()} \
        == {"paylock", "paylock.key"}
    assert key.read_text() not in server.error_log()


@root
def test_directory_of_others(saving, nginx, private, chain):
    """The owner of a directory that was there is left alone."""
    (private / "there").mkdir()
    server = nginx(CONF.replace("@DIR@/state", str(private / "there")))
    server.allow("the state file .* cannot be written")
    wait_for("the alert", lambda: alerts(server), 15)
    assert (private / "there").stat().st_uid == 0
    assert not (private / "there/paylock").exists()


def test_directory_above(nginx, private, chain):
    """Only the last directory is made, and nginx starts without."""
    server = nginx("paylock_state @DIR@/no/state/paylock;" + SITES)
    server.allow('mkdir.. ".*/no/state" failed')
    assert len(alerts(server, '"paylock_state" is off')) == 1
    chain.write(("acme.example", LOCKED))
    server.wait_state("acme.example", "locked")


@root
def test_not_root(nginx, redis, chain, private):
    """Everything is the user's who starts nginx."""
    user = pwd.getpwnam(servers.WORKER)
    chain.write(("acme.example", LOCKED))
    module = shutil.copy(servers.MODULE, private)
    server = servers.Nginx(
        private / "unprivileged", CONF, redis, load=(module,),
        under=["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
               "--clear-groups"])
    server.settings["user"] = ""
    for path in (server.dir, server.dir / "tmp",
                 servers.password_file(server.dir, servers.NGINX_USER)):
        os.chown(path, user.pw_uid, user.pw_gid)
    server.file = server.dir / "state/paylock"
    server.start()
    try:
        wait_saved(server, chain)
        for name in ("", "paylock", "paylock.key"):
            assert (server.file.parent / name).stat().st_uid == user.pw_uid
        kill(server)
        redis.stop()
        again(server)
        assert server.state("acme.example") == "locked"
    finally:
        server.stop()
    redis.start()


def test_relative(saving, chain):
    server = saving("paylock_state state/paylock;" + SITES)
    assert server.file == server.dir / "state/paylock"


def test_off(nginx, redis, chain):
    chain.write(("acme.example", LOCKED))
    server = nginx("paylock_state off;" + SITES)
    server.wait_state("acme.example", "locked")
    before = set(server.dir.rglob("*"))
    chain.write(("later.example", LOCKED))
    server.wait_state("later.example", "locked")
    time.sleep(1.5)
    server.stop()
    assert set(server.dir.rglob("*")) <= before


def test_test_makes_nothing(nginx, redis, chain, private):
    """Neither does a reload that fails."""
    server = nginx(SITES)
    assert server.test(CONF).returncode == 0
    assert not (server.dir / "state").exists()
    server.allow('unknown directive "nonsense"|bind')
    server.reload(CONF + "server { listen 192.0.2.1:1; }", wait=False)
    wait_for("the error", lambda: alerts(server, "[emerg]"), 15)
    assert not (server.dir / "state").exists()
    server.reload(CONF)
    server.file = server.dir / "state/paylock"
    wait_saved(server, chain)


@pytest.mark.parametrize("text, reason", [
    ("paylock_state state/;", "must be a file"),
    ('paylock_state "";', "must be a file"),
    ("paylock_state a; paylock_state b;", "is duplicate"),
    ("paylock_state off; paylock_state b;", "is duplicate"),
    ("paylock_state a b;", "invalid number of arguments"),
])
def test_bad_directive(private, text, reason):
    server = servers.Nginx(private / "nginx")
    done = server.test(text + SITES)
    assert done.returncode == 1
    assert reason in done.stderr


def test_no_names(saving, chain):
    """Nobody can tell by the file who has a record."""
    server = saving()
    chain.write(("very-secret-name.example", {**LOCKED_REF, "ref": "PL-9"}))
    wait_saved(server, chain)
    data = server.file.read_bytes()
    state = State.read(server.file)
    assert b"secret-name" not in data and b"acme" not in data
    assert state.secret not in data and b"PL-9" in data
    assert {ref for _, _, _, _, ref in state} == {LOCKED["ref"], "PL-9"}
