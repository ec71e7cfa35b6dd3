# Copyright (C) 2026 paylock contributors
#
# Everything fails at once: workers are killed, nginx reloads, Redis hangs,
# dies, comes back and forgets, while four writers make changes.  All the while
# a site that is known to be locked gives no other answer.

import http.client
import os
import pathlib
import random
import re
import signal
import threading
import time

import redis as redis_py

from support import servers
from support.chain import AUDIT, LOCKED, LOCKS, OPEN, agrees, entry_hash
from support.servers import PATIENCE, wait_for
from support.writers import Writer, Writers

SECONDS = float(os.environ.get("PAYLOCK_CHAOS_SECONDS", 15))
RATE = 1000                             # changes a second

# the latter if a pass that was revoked would be good again
HELD = "paylock: .*(stay closed|stay as they were)"
WORKERS = 4
HOSTS = [f"h{i}.example" for i in range(300)]

# what $msec and $request_time may be late by, on a machine that is busy
LATE = 1.0

HTTP = """
    log_format chaos '$msec $request_time $host $status';
    paylock_reconcile 2s;
    paylock_state @DIR@/state/paylock;
    server { server_name *.example; paylock on;
             access_log @DIR@/access.log chaos;
             location / { return 200; } }
"""


class Ledger:
    """When hosts were locked for certain: from the moment that nginx was
    seen to have applied what Redis has acknowledged, until somebody sets
    out to open them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.epoch = 0
        self.since = {}
        self.spans = []                 # (host, from, until)

    def closed(self, hosts, epoch):
        """epoch: as it was before the lock; adopt makes an older one void."""
        with self.lock:
            if epoch == self.epoch:
                self.since.update(dict.fromkeys(hosts, time.time()))

    def opens(self, hosts):
        with self.lock:
            for host in hosts:
                since = self.since.pop(host, None)
                if since is not None:
                    self.spans.append((host, since, time.time()))

    def adopts(self):
        with self.lock:
            self.epoch += 1
            hosts = [*self.since]
        self.opens(hosts)

    def span(self, host, begin, end):
        """The time for which it was locked, if it was from begin to end."""
        for name, since, until in self.spans:
            if name == host and since <= begin and end <= until:
                return since, until
        return None


class Chaos:
    """Threads that do one thing each until it is over; what goes wrong in
    one of them is the test's failure."""

    def __init__(self, nginx, redis, admin):
        self.nginx = nginx
        self.redis = redis
        self.admin = admin
        self.ledger = Ledger()
        self.ending = False
        self.asked = []                 # (host, from, until, status)
        self.counts = dict.fromkeys(
            ("kills", "reloads", "stops", "restarts", "changes by CLI"), 0)
        self.up = 0                     # seconds in which Redis is there
        self.failures = []

    def loop(self, step, *args):
        def run():
            try:
                while not self.ending:
                    step(*args)
            except Exception as e:
                self.failures.append(e)
                raise
        return threading.Thread(target=run)

    # who changes, and knows what must hold then

    def until(self, check, timeout=PATIENCE):
        """Waits, but not beyond the end."""
        end = time.monotonic() + timeout
        while not check():
            if self.ending:
                return False
            assert time.monotonic() < end
            time.sleep(0.01)
        return True

    def open_and_lock(self, hosts, unlock, lock):
        """What is seen locked was open before: it is this lock that nginx
        has applied."""
        epoch = self.ledger.epoch
        if (self.until(unlock) and self.until(lambda: self.are(hosts, "open"))
                and self.until(lock)
                and self.until(lambda: self.are(hosts, "locked"))):
            self.ledger.closed(hosts, epoch)
            time.sleep(random.uniform(0.5, 2))
            self.ledger.opens(hosts)

    def are(self, hosts, state):
        try:
            return all(self.nginx.state(host) == state for host in hosts)
        except (OSError, http.client.HTTPException):
            return False                # the worker was killed

    def flip_by_chain(self, writer, hosts):
        self.open_and_lock(
            hosts, lambda: writer.change(*((h, OPEN) for h in hosts)),
            lambda: writer.change(*((h, LOCKED) for h in hosts)))

    def flip_by_cli(self, hosts):
        self.open_and_lock(hosts, lambda: self.cli("unlock", hosts),
                           lambda: self.cli("lock", hosts))

    def cli(self, command, hosts):
        done = self.admin(command, *hosts, check=False).returncode == 0
        self.counts["changes by CLI"] += len(hosts) * done
        return done

    # who asks

    def ask(self, hosts):
        conn = http.client.HTTPConnection("127.0.0.1", self.nginx.port,
                                          timeout=10)
        try:
            for host in random.choices(hosts, k=100):
                begin = time.time()
                conn.request("GET", "/", headers={"Host": host})
                reply = conn.getresponse()
                reply.read()
                self.asked.append((host, begin, time.time(), reply.status))
                time.sleep(0.002)
        except (OSError, http.client.HTTPException):
            pass                        # the worker was killed, or leaves
        finally:
            conn.close()

    # what goes wrong

    def kill(self):
        due = time.monotonic() + 0.3
        pids = [pid for pid in self.nginx.family() if pid != self.nginx.pid]
        if pids:
            try:
                os.kill(random.choice(pids), signal.SIGKILL)
                self.counts["kills"] += 1
            except ProcessLookupError:
                pass                    # it has left by itself
        time.sleep(max(0, due - time.monotonic()))

    def reload(self):
        self.nginx.reload(wait=False)
        self.counts["reloads"] += 1
        time.sleep(1)

    def redis_until(self, writers, changes):
        """However slow the machine is: some of them have to come."""
        before, end = -1, 0
        while (now := writers.changes) < changes:
            if now > before:
                before, end = now, time.monotonic() + PATIENCE
            assert time.monotonic() < end, "no changes any more"
            self.redis.pause()
            time.sleep(random.uniform(0.2, 1.5))
            self.redis.resume()
            self.counts["stops"] += 1
            self.redis_up()
            self.redis.kill()
            time.sleep(random.uniform(0, 1))
            self.redis.start()
            self.counts["restarts"] += 1
            self.redis_up()

    def redis_up(self):
        seconds = random.uniform(0.5, 1.5)
        time.sleep(seconds)
        self.up += seconds

    def forget(self, writers):
        """FLUSHALL, just when paylock-admin knows the last entry: its adopt
        comes behind that.  Then nobody writes before there is an adopt."""
        with writers.paused():
            while not self.flush():
                assert not self.ending
        self.until(lambda: re.search(HELD, self.nginx.error_log()))
        asked = len(self.asked)
        self.until(lambda: len(self.asked) > asked + 200)
        self.ledger.adopts()
        self.admin("adopt", "--yes")
        self.counts["adopts"] = 1

    def flush(self):
        last = self.admin.json("lock", "last.example", "--reason",
                               str(random.random()))["last_seq"]
        with self.redis.client() as client, client.pipeline() as p:
            p.watch(AUDIT)
            if Writer(self.redis).seq != last:
                return False
            p.multi()
            p.flushall()
            try:
                return p.execute()
            except redis_py.WatchError:
                return False


def descriptors(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def memory(pid):
    """What the process has for itself, in kB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1])


def sizes(nginx):
    """Of an nginx that nobody asks anything."""
    def settled():
        return len(nginx.family()) == WORKERS + 1 \
            and len(nginx.workers()) == WORKERS
    wait_for("the old workers to leave", settled)
    return (descriptors(nginx.family()), memory(nginx.pid),
            max(map(memory, nginx.workers())))


def fold(client):
    """What the stream comes to; it is in order."""
    records, prev, before = {}, None, None
    for ident, entry in client.xrange(AUDIT):
        seq = int(ident.split("-")[0])
        assert entry["hash"] == entry_hash(seq, entry), (ident, entry)
        assert prev in (None, (seq - 1, entry["prev"])), \
            (before, (ident, entry))
        prev, before = (seq, entry["hash"]), (ident, entry)
        if entry["action"] == "adopt":
            records = {}                # of a Redis that was empty
        elif entry["host"]:
            records[entry["host"]] = entry["after"]
    return {host: record for host, record in records.items() if record}


def logged(nginx):
    """(host, begin, end, status) of the access log; the last line of a
    worker that was killed may be cut off."""
    for line in (nginx.dir / "access.log").read_text().splitlines():
        if m := re.fullmatch(r"([\d.]+) ([\d.]+) (\S+) (\d+)", line):
            yield m[3], float(m[1]) - float(m[2]), float(m[1]), int(m[4])


def test_chaos(nginx, redis, admin):
    server = nginx(HTTP, workers=WORKERS)
    server.allow(r'exited on signal 9|zone "paylock_\S+" was locked by')
    server.allow(HELD)
    admin("init")
    # nobody unlocks these, but when Redis forgets them an adopt opens them
    kept = [f"kept{i}.example" for i in range(3)]
    admin("lock", *kept, "end.example")
    server.wait_state("end.example", "locked")
    before = sizes(server)

    chaos = Chaos(server, redis, admin)
    by_chain = [f"chain{i}.example" for i in range(3)]
    by_cli = [f"cli{i}.example" for i in range(3)]
    tracked = [*by_chain, *by_cli, *kept]
    chaos.ledger.closed(kept, 0)

    with Writers(redis, HOSTS, RATE) as writers:
        threads = [
            chaos.loop(chaos.flip_by_chain, Writer(redis), by_chain),
            chaos.loop(chaos.flip_by_cli, by_cli),
            chaos.loop(chaos.ask, tracked), chaos.loop(chaos.ask, tracked),
            chaos.loop(chaos.kill), chaos.loop(chaos.reload)]
        for thread in threads:
            thread.start()
        try:
            start = time.monotonic()
            for half in 1, 2:
                chaos.redis_until(writers, half * RATE * SECONDS / 2)
                if half == 1:
                    chaos.forget(writers)
            seconds = time.monotonic() - start
        finally:
            chaos.ending = True
            for thread in threads:
                thread.join()
    assert not chaos.failures, chaos.failures

    # what is there in the end is what was written

    chain = Writer(redis)
    wait_for("Redis", lambda: chain.change(("last.example", OPEN),
                                         ("end.example", LOCKED)))
    server.wait_state("end.example", "locked")
    server.wait_state("last.example", "open")
    assert fold(chain.client) == chain.client.hgetall(LOCKS)
    agrees(server, chain)

    # nobody saw a site that was locked

    ledger = chaos.ledger
    judged = [(*one, span) for one in chaos.asked
              if (span := ledger.span(*one[:3]))]
    assert judged
    assert not [one for one in judged if one[3] != 503]
    lines = [(*one, span) for one in logged(server)
             if (span := ledger.span(one[0], one[1], one[2] + LATE))]
    assert lines
    assert not [one for one in lines if one[3] == 200]

    # and nothing has grown

    after = sizes(server)
    grown = [b - a for a, b in zip(before, after)]
    assert grown[0] < WORKERS, (before, after)
    if not servers.ASAN:
        assert grown[1] < 1024 and grown[2] < 4096, (before, after)
    users = [c["user"] for c in chain.client.client_list()]
    assert users.count(servers.NGINX_USER) == 1

    # and it is all in the file

    records = chain.client.hgetall(LOCKS)
    redis.stop()
    server.stop()
    server.start()
    for host in [*HOSTS, *tracked, "end.example", "last.example"]:
        assert (server.state(host) == "locked") \
            == ("lock_at" in records.get(host, "")), host

    counts = {**chaos.counts, "changes": writers.changes,
              "in vain": writers.lost, "seconds": seconds,
              "Redis up": chaos.up, "shares": writers.done,
              "asked": len(chaos.asked), "asked while locked": len(judged),
              "spans": len(ledger.spans), "sizes": (before, after)}
    print(counts)
    assert SECONDS < 60 or writers.changes > 0.8 * RATE * seconds, counts
    assert all(writers.done), counts
    assert all(counts[name] for name in (
        "kills", "reloads", "stops", "restarts", "adopts", "changes by CLI",
        "spans")), counts
