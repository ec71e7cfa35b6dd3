# Copyright (C) 2026 paylock contributors
#
# A second verifier of audit trails, from docs/audit-format.md alone.  It
# shares no code with paylock-admin.

import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LINKS = "v", "chain", "prev", "hash", "sig"
RESERVED = "seq", "leaf", "format", "checkpoint"
ZEROS = "0" * 64
HEX = {"chain": (32, False), "salt": (32, False), "prev": (64, False),
       "hash": (64, False), "document": (64, True), "subject": (64, True),
       "key": (64, True), "sig": (128, True)}


class Fault(Exception):
    """What is wrong, and the first entry concerned."""

    def __init__(self, kind, seq):
        super().__init__(f"{kind} at {seq}")
        self.kind, self.seq = kind, seq


def is_hex(text, digits):
    return (isinstance(text, str)
            and re.fullmatch(r"[0-9a-f]{%d}" % digits, text) is not None)


def sha256(text):
    return hashlib.sha256(text).hexdigest()


def leaf_of(entry):
    lines = [b"paylock audit leaf 2\n"]
    for name, value in entry.items():
        value = value.encode()
        if value and name not in LINKS:
            lines.append(b"%s %d %s\n" % (name.encode(), len(value), value))
    return sha256(b"".join(lines))


def hash_of(chain, seq, prev, leaf):
    return sha256(f"paylock audit entry 2\nchain {chain}\nseq {seq}\n"
                  f"prev {prev}\nleaf {leaf}\n".encode())


def signed(key, text, sig, known={}):
    """Is this the key's signature?  Remembers the result."""
    asked = key, text, sig
    if asked not in known:
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
                bytes.fromhex(sig), text.encode())
            known[asked] = True
        except (InvalidSignature, ValueError):
            known[asked] = False
    return known[asked]


def readable(entry):
    """Is it formed like an entry?"""
    if entry.get("v") != "2" or not re.fullmatch(
            r"0|[1-9][0-9]{0,14}", str(entry.get("time", ""))):
        return False
    if len(entry) > 64 or any(
            not isinstance(value, str) or name in RESERVED
            or not re.fullmatch(r"[\w-]+", name, re.A)
            for name, value in entry.items()):
        return False
    return all(is_hex(entry.get(name, ""), digits)
               or (empty and not entry.get(name))
               for name, (digits, empty) in HEX.items())


def read_checkpoint(text):
    if not isinstance(text, str):
        return None
    match = re.fullmatch(
        r"(paylock audit checkpoint 2\nrealm ([\w.-]{1,64})\n"
        r"chain ([0-9a-f]{32})\n"
        r"seq ([1-9][0-9]*)\nhash ([0-9a-f]{64})\ntime (?:0|[1-9][0-9]*)\n"
        r"key ([0-9a-f]{64})\n)sig ([0-9a-f]{128})\n", text)
    if not match:
        return None
    body, realm, chain, seq, hash, key, sig = match.groups()
    return ((realm, chain, int(seq), hash, key) if signed(key, body, sig)
            else None)


class Verifier:
    def __init__(self, chain=None, genesis=None, realm="-"):
        self.realm = realm
        self.chain, self.wanted = chain, genesis
        self.seq, self.hash, self.first = 0, "", 0
        self.begun = self.covered = 0
        self.genesis = ""
        self.keys = {}                  # key -> the entry that revoked it, 0
        self.row = None                 # seq, key, request

    def entry(self, seq, e):
        if not readable(e):
            raise Fault("edit", self.seq + 1)
        if hash_of(e["chain"], seq, e["prev"], leaf_of(e)) != e["hash"]:
            raise Fault("edit", seq)
        action = e.get("action")
        self.place(seq, e["chain"], e["prev"], action)
        key, request = e.get("key", ""), e.get("request", "")
        if self.row and self.row[1:] != (key, request):
            raise Fault("signature", self.row[0])
        self.signature(seq, e, action, key, request)
        if key and action in ("key-add", "key-revoke"):
            self.change_keys(seq, e, action, key)
        self.seq, self.hash = seq, e["hash"]

    def place(self, seq, chain, prev, action):
        """Does it follow the previous entry?"""
        if self.chain and chain != self.chain:
            raise Fault("fork", seq)
        if seq <= self.seq:
            raise Fault("fork", seq)
        if seq != self.seq + 1 and action != "adopt":
            raise Fault("gap", self.seq + 1)
        if self.seq:
            if action == "init" or prev != self.hash:
                raise Fault("fork", seq)
        else:
            if action != "adopt" and (action != "init" or prev != ZEROS):
                raise Fault("fork", seq)
            self.chain, self.first = chain, seq

    def signature(self, seq, e, action, key, request):
        sig = e.get("sig", "")
        if not key:
            if self.begun or sig:
                raise Fault("signature", seq)
            return
        if not self.begun:
            if self.wanted and key != self.wanted:
                raise Fault("key", seq)
            if self.seq and (action, e.get("subject")) != ("key-add", key):
                raise Fault("key", seq)
            self.keys[key] = 0
            self.genesis, self.begun = key, seq
        self.usable(seq, key)
        self.row = (seq, key, request)
        if sig:
            self.check(seq, key, e["hash"], sig)

    def usable(self, seq, key):
        if self.keys.get(key, 1):
            raise Fault("key", seq)

    def check(self, seq, key, hash, sig):
        if not signed(key, f"paylock audit signature 2\nrealm {self.realm}\n"
                      f"hash {hash}\n", sig):
            raise Fault("signature", seq)
        self.row, self.covered = None, seq

    def change_keys(self, seq, e, action, key):
        subject = e.get("subject", "")
        if not subject:
            raise Fault("key", seq)
        if action == "key-add":
            self.keys[subject] = 0
        elif subject == key:
            raise Fault("key", seq)
        elif subject in self.keys:
            self.keys[subject] = self.keys[subject] or seq

    def leaf(self, seq, e):
        self.place(seq, self.chain, self.hash, None)
        hash = hash_of(self.chain, seq, self.hash, e["leaf"])
        if "sig" in e:
            if self.row and self.row[1] != e["key"]:
                raise Fault("signature", self.row[0])
            self.usable(seq, e["key"])
            self.check(seq, e["key"], hash, e["sig"])
        self.seq, self.hash = seq, hash

    def checkpoint(self, text):
        point = read_checkpoint(text)
        if not point:
            raise Fault("signature", self.seq)
        realm, chain, seq, hash, key = point
        self.usable(seq, key)
        if (realm, chain, seq, hash) != (self.realm, self.chain, self.seq,
                                         self.hash):
            raise Fault("fork", seq)

    def end(self):
        if self.begun and self.covered != self.seq:
            raise Fault("signature", self.seq)
        if self.wanted and not self.begun and self.seq:
            raise Fault("signature", self.first)


def verify_stream(entries, chain=None, genesis=None):
    """Verifies (id, fields) pairs; returns the verifier or raises Fault."""
    v = Verifier(chain, genesis)
    for id, entry in entries:
        if not re.fullmatch(r"[1-9][0-9]*-0", id):
            raise Fault("edit", v.seq + 1)
        v.entry(int(id[:-2]), entry)
    v.end()
    return v


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def verify_export(text, genesis=None):
    """Verifies the text of an export; returns the verifier or raises Fault."""
    first, _, rest = text.partition("\n")
    header = json.loads(first)
    assert header["format"] == "paylock audit export 2"
    v = Verifier(header["chain"], genesis)
    for line in rest.splitlines(keepends=True):
        export_line(v, line)
    compare(v, header)
    v.end()
    return v


def compare(v, header):
    """Does it match the first line?"""
    if v.seq < header["seq"]:
        raise Fault("gap", v.seq + 1)
    if (v.seq, v.hash, v.realm, v.genesis) != (
            header["seq"], header["hash"], header["realm"],
            header["genesis"]):
        raise Fault("edit", 0)


def export_line(v, line):
    try:
        item = json.loads(line, object_pairs_hook=unique)
    except ValueError:
        # cut off in the middle of a line
        raise Fault("edit" if line.endswith("\n") else "gap",
                    v.seq + 1) from None
    if not isinstance(item, dict):
        raise Fault("edit", v.seq + 1)
    if "checkpoint" in item:
        v.checkpoint(item["checkpoint"])
        return
    seq = item.get("seq")
    if type(seq) is not int or seq < 1:
        raise Fault("edit", v.seq + 1)
    if "leaf" not in item:
        v.entry(seq, {k: v for k, v in item.items() if k != "seq"})
    elif (is_hex(item["leaf"], 64)
          and ("key" in item) == ("sig" in item)
          and ("sig" not in item or (is_hex(item["key"], 64)
                                     and is_hex(item["sig"], 128)))):
        v.leaf(seq, item)
    else:
        raise Fault("edit", v.seq + 1)
