# Copyright (C) 2026 paylock contributors
#
# A trail of many days, by signers whose keys are known, and a machine of one of
# them; so that a part of it can be archived.

import datetime
import json
import re

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat)

from support import servers, trail as t
from support.chain import AUDIT, LOCKS, ROOT
from support.cli import memory, signers_of
from support.trail import Key, Trail

ALICE, BOB, MALLORY = Key(1), Key(2), Key(66)
DAY = 86400000
BEGIN = 1700000000000                   # milliseconds
HOSTS = [f"h{i}.example" for i in range(6)]


def locks(trail, hosts, action="lock", **fields):
    """Rows of one transaction, as paylock-admin writes them."""
    rows = []
    for i, host in enumerate(hosts, 1):
        record = {"at": trail.time // 1000, "entry": trail.seq + i,
                  "ref": f"PL-{trail.random.randint(1000, 9999)}"}
        if action == "lock":
            record["lock_at"] = trail.time // 1000
        rows.append({"action": action, "host": host,
                     "before": trail.locks.get(host, ""),
                     "after": json.dumps(record, separators=(",", ":")),
                     **fields})
    return rows


def days(n=20, keys=(ALICE, BOB), hosts=HOSTS):
    """The init on day 0, then a transaction each day: the one of day d is of
    hosts[d % 6], and every third one of the next host as well."""
    trail = Trail(7)
    trail.time = BEGIN
    trail.day = {0: 1}                  # the last entry of that day
    trail.add(keys[0], {"action": "init"})
    for d in range(1, n):
        trail.time = BEGIN + d * DAY
        pair = hosts[d % len(hosts)], hosts[(d + 1) % len(hosts)]
        trail.add(keys[d % len(keys)],
                  *locks(trail, pair[:1 + (d % 3 == 0)]))
        trail.day[d] = trail.seq
    return trail


def at(day):
    """A time between that day and the one before, for options."""
    when = datetime.datetime.fromtimestamp(
        (BEGIN + day * DAY - DAY // 2) // 1000, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def machine(admin, key=ALICE, *signers):
    """Gives a paylock-admin this key, and its signers file."""
    path = admin.home / "config/paylock/key.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_bytes(key.private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    t.signers_file(signers_of(admin), *(signers or (ALICE, BOB)))
    return admin


def put(client, trail, entries=None):
    """This is what Redis holds now."""
    client.delete(AUDIT, LOCKS, ROOT)
    t.load(client, trail.entries if entries is None else entries, trail.locks)


def stream(client):
    return [(int(ident.split("-")[0]), entry)
            for ident, entry in client.xrange(AUDIT)]


def archive(admin, day, name, *options, check=True):
    """Archives what is older than that day; the path of the file."""
    admin("audit", "archive", "--before", at(day), "--output", name, "--yes",
          *options, check=check)
    return admin.home / name


def verify(admin, *files, check=False):
    """The status, the report, and the kinds of what is wrong."""
    options = [word for path in files for word in ("--archive", path)]
    done = admin("--json", "audit", "verify", *options, check=False)
    report = json.loads(done.stdout) if done.stdout else None
    kinds = [(f["kind"], f["seq"]) for f in report["faults"]] if report else []
    return done.returncode, kinds, done.stderr


def copy_of(client):
    """All that Redis holds."""
    return {key: client.dump(key) for key in sorted(client.keys("*"))
            if "nodes" not in str(key)}


def restore(client, kept):
    client.flushall()
    for key, value in kept.items():
        client.restore(key, 0, value)


def config(admin):
    return [signers_of(admin), admin.home / "config/paylock/key.pem"]


def forget(admin):
    """The machine remembers nothing."""
    for path in (admin.home / "state/paylock").glob("*"):
        path.unlink()


def forget_vouched(admin):
    """The machine does not remember which records were vouched for."""
    for path in (admin.home / "state/paylock").glob("vouched-*"):
        path.unlink()


def remember(admin, seq, hash):
    """The machine remembers that entry as the last one."""
    path = memory(admin)
    for verified in path.parent.glob("verified-*"):
        verified.unlink()
    text = re.sub(r"(?m)^seq = .*$", f"seq = {seq}", path.read_text())
    path.write_text(re.sub(r"(?m)^hash = .*$", f"hash = {hash}", text))


def admin(redis, home):
    return servers.Admin(redis, home)


def limited(name, key, may):
    return t.signer(name, key, may=may)


def resigned(entries, begin):
    """Computes hashes and signatures anew from that index on."""
    return t.relink(entries, begin, (ALICE, BOB))


def rechained(trail):
    trail.entries = [(seq, {**entry, "chain": trail.chain})
                     for seq, entry in trail.entries]
    trail.entries = resigned(trail.entries, 0)
    return trail


def plain(trail):
    """The same without keys."""
    other = trail.copy()
    other.entries = t.relink(
        [(seq, {name: value for name, value in entry.items()
                if name not in ("key", "sig", "root")})
         for seq, entry in trail.entries], 0)
    other.day = trail.day
    return other


def export(entries, realm="-"):
    seq, last = entries[-1]
    return t.header(last["chain"], seq, last["hash"], realm=realm) + "".join(
        t.entry_line(seq, entry) for seq, entry in entries)


# for tests that have a fixture "trail"

@pytest.fixture
def client(redis, trail):
    client = redis.client()
    put(client, trail)
    return client


@pytest.fixture
def alice(admin, client):
    machine(admin)
    admin("init", "--yes")
    return admin
