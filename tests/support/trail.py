# Copyright (C) 2026 paylock contributors
#
# Signed trails without paylock-admin: as it would write them, and as an
# attacker with write access to Redis would.

import bisect
import copy
import json
import random
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat, load_pem_private_key)

from oracle import model
from oracle.lattice import Lattice
from support.chain import (AUDIT, LOCKS, ZEROS, Chain, entry_hash, entry_leaf,
                           skip_of, stays_of, text)


class Key:
    """An Ed25519 key, the same for the same byte; or that of a PEM file."""

    def __init__(self, byte=0, pem=None):
        self.private = load_pem_private_key(pem, None) if pem else \
            Ed25519PrivateKey.from_private_bytes(bytes([byte] * 32))
        self.public = self.private.public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, text):
        return self.private.sign(text.encode()).hex()

    def sign_entry(self, entry, realm="-"):
        return self.sign(f"paylock audit signature 2\nrealm {realm}\n"
                         f"hash {entry['hash']}\nroot {entry['root']}\n")


class Trail:
    """Entries as (seq, fields).  What is random comes from a seed."""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        self.chain = self.hex(16)
        self.entries = []
        self.locks, self.last = {}, {}
        self.lattice = Lattice()
        self.time = 1793487600000

    def hex(self, n):
        return self.random.randbytes(n).hex()

    @property
    def seq(self):
        return self.entries[-1][0] if self.entries else 0

    @property
    def hash(self):
        return self.entries[-1][1]["hash"] if self.entries else ZEROS

    def add(self, key, *rows, gap=0, sign=True):
        """One transaction of an entry for each dict of fields."""
        request = self.hex(16)
        for fields in rows:
            self.time += self.random.randint(1, 60000)
            entry = {"v": "2", "chain": self.chain, "time": str(self.time),
                     "actor": "tester", "machine": "test", "request": request,
                     "key": key.public if key else "", "salt": self.hex(16),
                     "prev": self.hash, **fields}
            entry = {name: value for name, value in entry.items() if value}
            seq = self.seq + 1 + gap
            if entry.get("host") and entry["action"] not in ("init", "adopt"):
                self.number(entry, seq)
            entry["skip"] = skip_of(
                reversed(self.entries), seq,
                stays_of(entry) if entry["action"] == "adopt" else None)
            entry["hash"] = entry_hash(seq, entry)
            self.entries.append((seq, entry))
            changed(self.lattice, entry)
        if key and sign:
            entry["root"] = self.lattice.root()
            entry["sig"] = key.sign_entry(entry)
        return self

    def number(self, entry, seq):
        """The record after it carries its number.  A notice changes nothing
        else, and a reset removes it."""
        host = entry["host"]
        entry.setdefault("prior", str(self.last.get(host, 0)))
        if entry["action"] == "notice" and self.locks.get(host):
            entry.setdefault("before", self.locks[host])
        if entry["action"] != "reset":
            after = model.load(entry.get("after") or entry.get("before", "{}"))
            entry["after"] = text({**after, "entry": seq})
        self.last[host] = seq
        self.locks[host] = entry.get("after", "")

    def adopt(self, key, last=0, hash=ZEROS, first=None, chain=None,
              resumes=None, prev=None, sign=True, **fields):
        """The entry after the entries first to last, which it gives up (last
        0: none).  resumes: (seq, hash) of the one that stays, () for none; by
        default the last one here.  prev: the hash of what stands before."""
        if resumes is None:
            resumes = (self.seq, self.hash) if self.entries else ()
        stays = resumes[0] if resumes else 0
        lost = (chain or self.chain, first or stays + 1, last, hash)
        seq = max(last, stays) + 1
        self.add(key, adoption(lost if last else (), resumes,
                               prev=prev or self.hash, **fields),
                 gap=seq - self.seq - 1, sign=sign)
        return self

    def change(self, host, action="lock", **fields):
        """The fields of an entry that changes a record."""
        now = self.time // 1000
        after = {
            "lock": {"at": now, "lock_at": now,
                     "ref": f"PL-{self.random.randint(0, 9999)}"},
            "unlock": {"at": now, "open_at": now}, "reset": None}[action]
        return {"action": action, "host": host, "after": text(after),
                "before": self.locks.get(host, ""), **fields}

    def copy(self):
        return copy.deepcopy(self)

    def cut(self, seq):
        """A copy that ends with this entry."""
        other = self.copy()
        other.entries = [e for e in self.entries if e[0] <= seq]
        other.locks, other.last, other.lattice = {}, {}, Lattice()
        for at, entry in other.entries:
            changed(other.lattice, entry)
            if "host" in entry:
                other.last[entry["host"]] = at
                other.locks[entry["host"]] = entry.get("after", "")
        return other

    def head(self):
        return self.chain, self.seq, self.hash


class SignedChain(Chain):
    """Writes records and entries to Redis, signed by a key."""

    def __init__(self, redis, key, realm="-"):
        self.key, self.realm, self.lattice = key, realm, Lattice()
        self.last = {}                  # entries, by host
        super().__init__(redis)
        self.know()

    def know(self):
        """Takes the records as they are."""
        self.records = self.client.hgetall(LOCKS)
        self.lattice = Lattice(self.records)

    def write(self, *changes, action=None, key=None, sign=True, root=None,
              records=True, **fields):
        """One transaction, which the last entry signs; records: False to
        write entries alone.  By default it is an action that may do this."""
        key = key or self.key
        request = secrets.token_hex(16)
        with self.client.pipeline(transaction=True) as p:
            for i, (host, record) in enumerate(changes, 1):
                seq = self.seq + 1
                if isinstance(record, dict):
                    record = {**record, "entry": seq}
                was, after = self.records.get(host, ""), text(record)
                entry = self.entry(seq, self.hash, host=host,
                                   action=action or ("import" if after
                                                     else "reset"),
                                   before=was, after=after, request=request,
                                   key=key.public,
                                   **{"prior": str(self.last.get(host, 0)),
                                      **fields})
                self.last[host] = seq
                self.lattice.change(host, was, after)
                if sign and i == len(changes):
                    entry["root"] = root or self.lattice.root()
                    entry["sig"] = key.sign_entry(entry, self.realm)
                self.seq, self.hash = seq, entry["hash"]
                self.records[host] = after
                p.xadd(AUDIT, entry, id=f"{seq}-0")
                if records and host:
                    if after:
                        p.hset(LOCKS, host, after)
                    else:
                        p.hdel(LOCKS, host)
            p.execute()

    def adopt(self, key=None, sign=True, lost=0, hash=ZEROS, chain=None,
              resumes=None):
        """An adopt after what stands there: resumes (seq, hash), by default
        the last entry that was written here, and gives up what is behind it
        up to lost."""
        key = key or self.key
        stays, prev = (self.seq, self.hash) if resumes is None else resumes, \
            self.hash
        for id, entry in self.client.xrevrange(AUDIT, count=1):
            last, prev = int(id.split("-")[0]), entry.get("hash", prev)
            lost = max(lost, last if last > stays[0] else 0)
            hash = prev if lost == last else hash
        seq = max(lost, stays[0]) + 1
        entry = self.entry(seq, prev, key=key.public, action="adopt", **{
            k: v for k, v in adoption(
                (chain or self.chain, 1 if chain else stays[0] + 1, lost, hash)
                if lost else (), stays).items() if k != "action"})
        if sign:
            entry["root"] = self.lattice.root()
            entry["sig"] = key.sign_entry(entry, self.realm)
        self.client.xadd(AUDIT, entry, id=f"{seq}-0")
        self.seq, self.hash = seq, entry["hash"]


def adoption(lost=(), resumes=(), **fields):
    """The fields of an adopt.  lost: chain, first, last and hash of what it
    gives up; resumes: seq and hash of what stays."""
    return {"action": "adopt", "lost": " ".join(map(str, lost)),
            "resumes": " ".join(map(str, resumes)), **fields}


def signer(name, key, **limits):
    """A line of a signers file.  key: a Key or the digits of one; limits:
    first (which is from=), until=(seq, hash) or (seq, hash, chain), may."""
    words = [name, getattr(key, "public", key)]
    if "first" in limits:
        words.append(f"from={limits['first']}")
    if "until" in limits:
        words.append("until=" + ":".join(map(str, limits["until"])))
    if "may" in limits:
        words.append(f"may={limits['may']}")
    return " ".join(words)


def pin(*entry):
    """entry: seq and hash, and perhaps the chain."""
    return "pin " + ":".join(map(str, entry))


def signers_file(path, *lines):
    """Writes a signers file of these lines, or of the keys themselves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(
        (signer(f"signer{i}", text) if isinstance(text, Key) else text) + "\n"
        for i, text in enumerate(lines)))
    path.chmod(0o644)
    return path


def changed(lattice, entry):
    if entry.get("host") and entry.get("action") not in ("init", "adopt"):
        lattice.change(entry["host"], entry.get("before"), entry.get("after"))


def relink(entries, begin, keys=()):
    """Computes hashes and roots anew from that index on, as a forger does;
    signs again with the keys that are at hand.  The entries before are
    shared."""
    keys = {key.public: key for key in keys}
    entries = list(entries)
    lattice = Lattice()
    for _, entry in entries[:begin]:
        changed(lattice, entry)
    prev = entries[begin - 1][1]["hash"] if begin else ZEROS
    for i in range(begin, len(entries)):
        seq, entry = entries[i]
        entry = {**entry, "prev": prev}
        if i and entry.get("resumes", "").startswith(f"{entries[i - 1][0]} "):
            entry["resumes"] = f"{entries[i - 1][0]} {prev}"
        entry["skip"] = skip_of(
            reversed(entries[:i]), seq,
            stays_of(entry) if entry["action"] == "adopt" else None)
        prev = entry["hash"] = entry_hash(seq, entry)
        changed(lattice, entry)
        if "sig" in entry and entry.get("key") in keys:
            entry["root"] = lattice.root()
            entry["sig"] = keys[entry["key"]].sign_entry(entry)
        entries[i] = seq, entry
    return entries


def line(item):
    return json.dumps(item, separators=(",", ":")) + "\n"


def entry_line(seq, entry):
    return line({"seq": seq, **entry})


def header(trail_chain, seq, hash, host="", realm="-"):
    return line({"format": "paylock audit export 2", "realm": realm,
                 "chain": trail_chain, "host": host, "seq": seq,
                 "hash": hash})


def standing(entries):
    """Those that no adopt gave up."""
    there = []
    for seq, entry in entries:
        while (entry["action"] == "adopt" and there
               and there[-1][0] > stays_of(entry)):
            there.pop()
        there.append((seq, entry))
    return there


def way(entries, host, more=(), names=()):
    """The entries that an export for one host shows, and those after which an
    adopt goes on.  more: the seqs of some that it shows as well; names: the
    host and others whose records may hold for it."""
    names = names or (host,)
    there = standing(entries)
    seqs = [seq for seq, _ in there]
    need = {seqs[0], seqs[-1], *more}
    for i, (seq, entry) in enumerate(there):
        if entry.get("host", host) in names:
            need.add(seq)
            if "key" in entry:
                need.add(next((at for at, e in there[i:] if "sig" in e), seq))
    at, shown, resumed = len(seqs) - 1, [len(seqs) - 1], set()
    for to in sorted(need & set(seqs), reverse=True):
        while seqs[at] > to:
            far = bisect.bisect_right(seqs, seqs[at] & seqs[at] - 1) - 1
            if far >= 0 and seqs[far] >= to:
                at = far
            else:
                if there[at][1].get("lost"):
                    resumed.add(seqs[at - 1])
                at -= 1
            shown.append(at)
    return [there[i] for i in reversed(shown)], resumed


def path(entries, host, more=(), names=()):
    """The lines of an export for one host."""
    lines, pending = [], False
    shown, resumed = way(entries, host, more, names)
    for seq, entry in shown:
        if entry.get("host", host) in (names or (host,)):
            lines.append(entry_line(seq, entry))
            pending = "key" in entry and "sig" not in entry
            continue
        leaf = {"seq": seq, "leaf": entry_leaf(entry),
                "prev": entry["prev"], "skip": entry["skip"]}
        if "sig" in entry and (pending or seq in resumed
                               or seq == shown[-1][0]):
            leaf.update(key=entry["key"], root=entry["root"],
                        sig=entry["sig"])
            pending = False
        lines.append(line(leaf))
    return lines


def checkpoint(key, chain, seq, hash, realm="-"):
    text = (f"paylock audit checkpoint 2\nrealm {realm}\n"
            f"chain {chain}\nseq {seq}\nhash {hash}\n"
            f"time {time.time_ns() // 1000000}\n"
            f"key {key.public}\n")
    return text + f"sig {key.sign(text)}\n"


def load(client, entries, locks=()):
    """Puts a trail and records into Redis."""
    with client.pipeline(transaction=False) as p:
        for seq, entry in entries:
            p.xadd(AUDIT, entry, id=f"{seq}-0")
        for host, record in dict(locks).items():
            if record:
                p.hset(LOCKS, host, record)
        p.execute()
