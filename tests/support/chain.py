# Copyright (C) 2026 paylock contributors
#
# Writes records and entries without paylock-admin, rightly or wrongly; and
# watches that sites stay closed or open.

import hashlib
import http.client
import json
import re
import secrets
import threading
import time

from support.servers import PATIENCE, wait_for

LOCKS, AUDIT, NODES = "{paylock}:locks", "{paylock}:audit", "{paylock}:nodes"
REQUESTS, ROOT = "{paylock}:requests", "{paylock}:root"

# of an entry, but not of its leaf
LINKS = "v", "chain", "prev", "skip", "hash", "root", "sig"

ZEROS = "0" * 64

# in force whatever the clock says, and each with a ref of its own
LOCKED = {"at": 1000, "lock_at": 1000, "ref": "lock"}
READONLY = {"at": 1000, "readonly_at": 1000, "ref": "read"}
NOTICE = {"at": 1000, "notice_at": 1000, "ref": "note"}
OPEN = {"at": 1000, "open_at": 1000, "ref": "free"}

# closed by entries where a test says no more
HOSTS = [f"h{i}.example" for i in range(20)]

SITES = """
    paylock_reconcile %s;
    server { server_name open.example; paylock on;
             location / { return 200; } }
    server { server_name *.example .again.test; paylock on;
             location / { return 200; } }
"""

# any of the ways to say that Redis and the table disagree
ALERTS = r"\[alert\] .*paylock: "


def leaf_text(entry):
    """The text whose hash is the leaf of docs/audit-format.md."""
    leaf = b"paylock audit leaf 2\n"
    for field, value in entry.items():
        value = value.encode()
        if value and field not in LINKS:
            leaf += b"%s %d %s\n" % (field.encode(), len(value), value)
    return leaf


def entry_leaf(entry):
    return hashlib.sha256(leaf_text(entry)).hexdigest()


def entry_hash(seq, entry):
    return hashlib.sha256(
        f"paylock audit entry 2\nchain {entry['chain']}\nseq {seq}\n"
        f"prev {entry['prev']}\nleaf {entry_leaf(entry)}\n"
        f"skip {entry['skip']}\n".encode()).hexdigest()


def stays_of(entry):
    """The entry that an adopt resumes: its seq."""
    return int((entry.get("resumes") or "0").split()[0])


def skip_of(newest_first, seq, stays=None):
    """The skip of entry seq behind these (seq, fields).  stays: the entry
    that it resumes, if it is an adopt."""
    last = seq & seq - 1
    stands = seq - 1 if stays is None else stays
    for at, entry in newest_first if last else ():
        if at > stands:
            continue
        if at <= last:
            return entry["hash"]
        if entry.get("action") == "adopt":
            stands = min(stands, stays_of(entry))
    return ZEROS


def text(record):
    if record is None or isinstance(record, str):
        return record or ""
    return json.dumps(record, separators=(",", ":"))


class Chain:
    """A second writer of the protocol.  It remembers the last entry that it
    wrote."""

    def __init__(self, redis):
        self.redis = redis
        self.client = redis.client()
        self.markers = 0
        self.chain = secrets.token_hex(16)
        self.seq, self.hash = 0, ZEROS
        self.made = {}                  # hashes of entries, by seq
        self.look()

    def look(self, client=None):
        """Reads the last entry from Redis; None where there is no stream."""
        self.made.clear()
        if client is None:
            client = self.client
        for id, entry in client.xrevrange(AUDIT, count=1):
            self.seq, self.hash = int(id.split("-")[0]), entry["hash"]
            self.chain = entry["chain"]
            return entry
        return None

    def init(self):
        self.write(("", None), action="init")
        return self

    def entry(self, seq, prev, **fields):
        entry = {"v": "2", "chain": self.chain,
                 "time": str(time.time_ns() // 1000000), "actor": "tester",
                 "machine": "test", "request": secrets.token_hex(16),
                 "salt": secrets.token_hex(16), "prev": prev,
                 **{name: "" for name in ("action", "host", "before", "after",
                                          "reason", "invoice")}, **fields}
        entry["skip"] = self.skip(seq, entry)
        entry["hash"] = self.made[seq] = entry_hash(seq, entry)
        return entry

    def skip(self, seq, entry):
        last = seq & seq - 1
        if entry["action"] == "adopt":
            self.made.clear()
            return skip_of(self.backwards(), seq, stays_of(entry))
        return self.made.get(last) or skip_of(self.backwards(), seq)

    def backwards(self):
        """The entries in Redis, the newest first."""
        end = "+"
        while found := self.client.xrevrange(AUDIT, max=end, count=100):
            yield from ((int(id[:-2]), entry) for id, entry in found
                        if id.endswith("-0"))
            end = f"({found[-1][0]}"

    def write(self, *changes, action="lock", **fields):
        """One transaction: an entry and a record for each (host, record)."""
        if not changes:
            return
        before = [b or "" for b in self.client.hmget(
            LOCKS, [host for host, _ in changes])]
        with self.client.pipeline(transaction=True) as p:
            for (host, record), was in zip(changes, before):
                after = text(record)
                entry = self.entry(self.seq + 1, self.hash, action=action,
                                   host=host, before=was, after=after,
                                   **fields)
                self.seq, self.hash = self.seq + 1, entry["hash"]
                p.xadd(AUDIT, entry, id=f"{self.seq}-0")
                if after:
                    p.hset(LOCKS, host, after)
                elif host:
                    p.hdel(LOCKS, host)
            p.execute()

    def adopt(self):
        """Writes an adopt entry: this Redis is the truth from now on.  What
        is there stays; what is known and not there is given up."""
        seq, known, chain = self.seq, self.hash, self.chain
        lost = resumes = ""
        if self.look() is None:
            self.hash, self.chain, stays = known, chain, 0
        else:
            stays = self.seq
            resumes = f"{stays} {self.hash}"
        if seq > stays or chain != self.chain:
            first = stays + 1 if chain == self.chain else 1
            lost = f"{chain} {first} {seq} {known}"
        self.seq = max(seq, stays) + 1
        entry = self.entry(self.seq, self.hash, action="adopt", lost=lost,
                           resumes=resumes)
        self.client.xadd(AUDIT, entry, id=f"{self.seq}-0")
        self.hash = entry["hash"]

    def settle(self, nginx, timeout=PATIENCE):
        """Waits until nginx has applied what was written so far.  Of what comes
        with it the marker is applied first, as it closes; of what comes with
        the second one, nothing is from before."""
        self.markers += 1
        marker = f"marker-{self.markers}.test"
        self.write((marker, LOCKED))
        nginx.wait_state(marker, "locked", timeout)
        self.write((marker, OPEN))
        nginx.wait_state(marker, "open", timeout)

    def put(self, nginx, records):
        """Makes these the only records, and waits until nginx has them."""
        gone = set(self.client.hkeys(LOCKS)) - set(records)
        self.write(*((host, None) for host in gone), *records.items())
        self.settle(nginx)


def check_trail(client):
    """Checks that the trail has no gap and yields the records; returns the
    number of changes."""
    prev, chain, records, changes = "0" * 64, None, {}, 0
    entries = client.xrange(AUDIT)

    for seq, (ident, fields) in enumerate(entries, 1):
        assert ident == f"{seq}-0"
        assert fields["prev"] == prev
        assert fields["hash"] == entry_hash(seq, fields)
        assert fields["chain"] == (chain or fields["chain"])
        prev, chain = fields["hash"], fields["chain"]

        if host := fields.get("host"):
            assert fields.get("before", "") == records.get(host, "")
            records[host] = fields.get("after", "")
            changes += 1

    assert client.hgetall(LOCKS) == \
        {host: record for host, record in records.items() if record}
    return changes


class Changing:
    """Writes changes(1), changes(2) and so on while the with block runs."""

    def __init__(self, chain, changes):
        self.chain = Chain(chain.redis)
        self.changes = changes
        self.ending = False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        i = 0
        while not self.ending:
            i += 1
            self.chain.write(*self.changes(i))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()


class Watch:
    """Asks for hosts all the time on one connection, and fails if a closed one
    opens or an open one closes.  pause: seconds between two rounds."""

    def __init__(self, nginx, closed=("acme.example",),
                 open=("open.example",), pause=0.002):
        self.nginx, self.pause = nginx, pause
        self.wanted = [*((host, True) for host in closed),
                       *((host, False) for host in open)]
        self.lock = threading.Lock()
        self.wrong = []
        self.times = []                 # that the answers took, in seconds
        self.ending = False
        self.thread = threading.Thread(target=self.run)

    def expect(self, closed=(), open=()):
        """What to expect from now on of these hosts."""
        with self.lock:
            rest = [(host, shut) for host, shut in self.wanted
                    if host not in closed and host not in open]
            self.wanted = [*rest, *((host, True) for host in closed),
                           *((host, False) for host in open)]

    def forget(self, *hosts):
        with self.lock:
            self.wanted = [(host, shut) for host, shut in self.wanted
                           if host not in hosts]

    def run(self):
        conn = None
        while not self.ending:
            with self.lock:
                for host, shut in self.wanted:
                    start = time.monotonic()
                    try:
                        if conn is None:
                            conn = http.client.HTTPConnection(
                                "127.0.0.1", self.nginx.port,
                                timeout=PATIENCE)
                        conn.request("GET", "/", headers={"Host": host})
                        reply = conn.getresponse()
                        reply.read()
                    except (http.client.HTTPException, ConnectionError):
                        # a worker that leaves closes what is idle
                        conn.close()
                        conn = None
                        continue
                    self.times.append(time.monotonic() - start)
                    if (reply.status == 503) != shut:
                        self.wrong.append((host, reply.status))
            time.sleep(self.pause)
        if conn is not None:
            conn.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()
        assert not self.wrong, self.wrong[:5]
        assert self.times


def in_time(measure, tries=3):
    """Calls measure() until it says that it was fast enough: on a busy machine
    one try may be slow, but not each of them."""
    assert any(measure() for _ in range(tries))


def logged(nginx, regex, timeout=PATIENCE):
    """Waits for a line of the error log."""
    wait_for(f"/{regex}/ in the log",
             lambda: re.search(regex, nginx.error_log()), timeout)


def count(nginx, regex):
    return len(re.findall(regex, nginx.error_log()))


def told(nginx, since=0):
    """The reasons that nginx logged for not following Redis; it must log each
    only once."""
    why = [re.sub(r"\d", "", reason) for reason in re.findall(
        r"paylock: Redis at \S+: (.*); (?:\d+ records stay|nothing is known)",
        nginx.error_log()[since:])]
    assert len(why) == len(set(why)), why
    return why


def closed_hosts(nginx, chain, reconcile="200ms", at=None, **kw):
    """An nginx for which HOSTS are closed and open.example is open, by
    entries. at: the Redis that nginx follows, if it is not the chain's."""
    chain.write(*((host, LOCKED) for host in HOSTS), ("open.example", OPEN))
    server = nginx(SITES % reconcile, **kw)
    server.wait_live(at or chain.redis)
    chain.settle(server)
    return server


def agrees(server, chain, timeout=PATIENCE):
    """Waits until nginx and Redis agree on every record."""
    def check():
        there = chain.client.hgetall(LOCKS)
        return all((server.state(host) == "locked")
                   == ("lock" in there.get(host, ""))
                   for host in [*HOSTS, *there])
    wait_for("nginx and Redis to agree", check, timeout)
