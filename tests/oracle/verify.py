# Copyright (C) 2026 paylock contributors
#
# A second verifier of audit trails, from docs/audit-format.md alone.  It
# shares no code with paylock-admin, and knows all that a machine may know from
# outside: signers, pins, the realm and witnesses.

import bisect
import functools
import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from oracle import rule
from oracle.lattice import Lattice
from oracle.others import Others

LINKS = "v", "chain", "prev", "skip", "hash", "root", "sig"
RESERVED = "seq", "leaf", "format", "checkpoint"
ZEROS = "0" * 64
HEX = {"chain": (32, False), "salt": (32, False), "prev": (64, False),
       "skip": (64, False), "hash": (64, False), "document": (64, True),
       "key": (64, True), "root": (64, True), "sig": (128, True)}

# the status of paylock-admin for each kind
STATUS = {"edit": 10, "fork": 10, "signature": 10, "key": 10, "gap": 11,
          "rollback": 11, "flags": 12}


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
    return leaf_of_items(tuple(entry.items()))


@functools.lru_cache(10000)
def leaf_of_items(items):
    lines = [b"paylock audit leaf 2\n"]
    for name, value in items:
        value = value.encode()
        if value and name not in LINKS:
            lines.append(b"%s %d %s\n" % (name.encode(), len(value), value))
    return sha256(b"".join(lines))


def hash_of(chain, seq, prev, skip, leaf):
    return sha256(f"paylock audit entry 2\nchain {chain}\nseq {seq}\n"
                  f"prev {prev}\nleaf {leaf}\nskip {skip}\n".encode())


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
    try:
        return formed(tuple(entry.items()))
    except TypeError:                   # a list, say
        return False


@functools.lru_cache(10000)
def formed(items):
    entry = dict(items)
    if entry.get("v") != "2" or not re.fullmatch(
            r"0|[1-9][0-9]{0,14}", str(entry.get("time", ""))):
        return False
    if not re.fullmatch(r"|0|[1-9][0-9]{0,18}", str(entry.get("prior", ""))):
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


class Signers:
    """A signers file.  That it is well formed is tested elsewhere."""

    def __init__(self, text):
        self.by_key, self.pins = {}, []
        for line in text.splitlines():
            name, *words = re.sub(r"(^|\s)#.*", "", line).split() or [""]
            if name == "pin":
                self.pin(words[0], None)
            elif name:
                limits = dict(word.split("=") for word in words[1:])
                self.by_key[words[0]] = (
                    name, int(limits.get("from", 0)),
                    self.pin(limits["until"], words[0])
                    if "until" in limits else float("inf"),
                    limits["may"].split(",") if "may" in limits else None)

    def pin(self, text, whose):
        seq, hash, chain = (text + ":").split(":")[:3]
        self.pins.append((int(seq), hash, whose, chain))
        return int(seq)

    def counts(self, key, seq, entry=None):
        """entry: its fields, where they are known."""
        _, first, last, may = self.by_key.get(key, (None, 1, 0, None))
        return first <= seq <= last and (entry is None or rule.counts(
            may, entry.get("action", ""), seq, entry))


class Adopt:
    """What an adopt gives up (last 0: nothing), and what stays."""

    FORM = (r"(?:([0-9a-f]{32}) ([1-9]\d*) ([1-9]\d*) ([0-9a-f]{64}))?",
            r"(?:([1-9]\d*) ([0-9a-f]{64}))?")

    def __init__(self, seq, entry):
        lost, stays = (re.fullmatch(form, entry.get(name, ""), re.A)
                       for form, name in zip(self.FORM, ("lost", "resumes")))
        if not lost or not stays:
            raise Fault("edit", seq)
        self.seq, self.key = seq, entry.get("key", "")
        self.chain = lost[1]
        self.first, self.last = int(lost[2] or 0), int(lost[3] or 0)
        self.hash, self.own = lost[4], entry["chain"]
        self.resumes = int(stays[1] or 0), stays[2] or ""
        if self.first > self.last or not (self.last or self.resumes[0]) \
                or seq != max(self.last, self.resumes[0]) + 1:
            raise Fault("edit", seq)

    def gives_up(self, seq):
        return self.first <= seq <= self.last

    def excuses(self, seq, hash, chain):
        """Does it give up what is pinned?  Of another chain it says nothing."""
        if not self.gives_up(seq):
            return False
        if chain:
            return chain == self.chain
        return self.chain == self.own or (seq, hash) == (self.last, self.hash)


class Archive:
    """What an entry archives: the last one, its hash, the file's digest; and
    the entries up to there to which later ones may lead."""

    FORM = (r"([1-9]\d{0,18}) ([0-9a-f]{64}) ([0-9a-f]{64})",
            r"[1-9]\d{0,18} [0-9a-f]{64}(?: [1-9]\d{0,18} [0-9a-f]{64})*")

    def __init__(self, seq, entry):
        last, peaks = (re.fullmatch(form, entry.get(name, ""), re.A)
                       for form, name in zip(self.FORM, ("archived", "peaks")))
        if not last or not peaks:
            raise Fault("edit", seq)
        self.last = int(last[1]), last[2]
        self.file = last[3]
        words = peaks[0].split()
        self.peaks = list(zip(map(int, words[::2]), words[1::2]))
        places = [at for at, _ in self.peaks]
        if (self.peaks[-1] != self.last or sorted(set(places)) != places
                or seq - self.last[0] < 2
                or places != self.reached(places)):
            raise Fault("edit", seq)

    @staticmethod
    def reached(places):
        """Those that an entry behind the last one may lead to."""
        found, seq = set(), places[-1]
        while seq:
            found.add(max((p for p in places if p <= seq), default=0))
            seq &= seq - 1
        return sorted(found - {0})

    def content(self):
        return self.last, self.file, self.peaks


def tells(seq, entry, realm, signers):
    """The archive of which an entry tells by itself; None if it does not."""
    if entry.get("action") != "archive" or not readable(entry):
        return None
    try:
        archive = Archive(seq, entry)
    except Fault:
        return None
    key, hash = entry.get("key", ""), entry["hash"]
    if hash != hash_of(entry["chain"], seq, entry["prev"], entry["skip"],
                       leaf_of(entry)):
        return None
    if signers and not (
            signers.counts(key, seq, entry) and entry.get("root")
            and entry.get("sig")
            and all(at != seq or pinned == hash
                    for at, pinned, *_ in signers.pins)
            and signed(key, f"paylock audit signature 2\nrealm {realm}\n"
                            f"hash {hash}\nroot {entry['root']}\n",
                       entry["sig"])):
        return None
    return archive


def behind(entries, realm, signers):
    """Where these entries, (seq, fields) or (0, None), begin: an Archive and
    the chain, or None if at the beginning or nobody knows where."""
    seq, first = entries[0] if entries else (0, None)
    if not first or not readable(first):
        return None
    before = seq - 1, first["prev"]
    if first.get("action") == "adopt":
        try:
            before = Adopt(seq, first).resumes
        except Fault:
            return None
    if not before[0]:
        return None
    for at, entry in reversed(entries):
        archive = tells(at, entry, realm, signers) if entry else None
        if archive and archive.last == before:
            return archive, entry["chain"]
    return None


class Verifier:
    """chain: known from outside; signers: a Signers, None where there is no
    such file; witnesses: (chain, seq, hash).  After end() faults tells what
    is wrong, as (kind, seq)."""

    def __init__(self, chain=None, realm="-", signers=None, witnesses=(),
                 flags=False, path=False):
        self.realm, self.signers, self.chain = realm, signers, chain
        self.witnesses = sorted(witnesses, key=lambda known: known[1])
        self.flags = flags              # is "before" compared?
        self.path = path                # the export of one host
        self.hosts = {}                 # of a path: their last entry
        self.seq, self.hash, self.first = 0, "", 0
        self.covered = 0, ""            # the last entry that is signed
        self.pinned = 0                 # pins are compared up to here
        self.row = None                 # seq, key, request
        self.keys = {}                  # key -> how many entries
        self.given_up = []              # adopts
        self.good, self.other = {}, set()   # hashes by place; those of no use
        self.standing = []              # seq and hash of each that stands
        self.records, self.open = {}, []    # the latter not signed yet
        self.lattice, self.rooted = Lattice(), True
        self.others = Others()
        self.adopted = False
        self.stands = ""
        self.bad, self.faults = False, []
        self.archives = []              # of which the trail must tell
        self.told = 0                   # of so many it did
        self.begin = 0                  # entries up to here are not shown

    def go_behind(self, archive, chain):
        """Begins behind an archive, of which an entry must tell."""
        self.archives, self.begin = [archive.content()], archive.last[0]
        self.chain = self.chain or chain
        self.seq, self.hash = self.covered = archive.last
        self.stands, self.pinned = self.hash, self.seq
        self.first = self.seq + 1
        self.standing = list(archive.peaks)
        self.rooted = False

    def archived(self, file):
        """What was taken so far is a file with that digest."""
        places = [at for at, _ in self.standing]
        peaks = Archive.reached(places) if places else []
        self.archives.append((
            (self.seq, self.hash), file,
            [s for s in self.standing if s[0] in peaks]))

    # what comes, good or bad

    def take(self, seq, entry):
        """The next entry.  None: what is there is none."""
        good = readable(entry or {})
        if not self.bad:
            try:
                if not good:
                    raise Fault("edit", self.seq + 1)
                self.entry(seq, entry)
            except Fault as fault:
                self.fault(fault.kind, fault.seq)
        if not good:
            return
        if self.bad:
            self.mend(seq, entry)
        self.stands = entry["hash"]

    def fault(self, kind, seq):
        self.bad = True
        self.faults.append((kind, seq))

    def mend(self, seq, entry):
        """Does a signer who counts give up what is bad?  What was given up is
        not in the export of one host."""
        before = self.row, self.pinned
        try:
            self.row, self.pinned = None, self.covered[0]
            adopt = self.adopts(seq, entry)
        except Fault:
            adopt = None
        if adopt is None:
            self.row, self.pinned = before
            archive = self.signers and tells(seq, entry, self.realm,
                                             self.signers)
            if archive and self.is_next(archive):
                self.told += 1
            if self.witnesses:
                self.other.add((entry["chain"], seq, hash_of(
                    entry["chain"], seq, entry["prev"], entry["skip"],
                    leaf_of(entry))))
            return
        # what was not signed is gone
        for place in [p for p in self.good if p[1] > self.covered[0]]:
            self.other.add((*place, self.good.pop(place)))
        self.given_up = [a for a in self.given_up if a.seq <= self.covered[0]]
        self.standing = [s for s in self.standing if s[0] <= self.covered[0]]
        self.bad, self.open = False, []
        self.faults.pop()
        if not self.covered[0]:
            self.chain = entry["chain"]
        self.check(seq, entry["hash"], entry, adopt)
        self.accept(seq, entry, adopt)

    def adopts(self, seq, entry):
        if self.signers is None or entry.get("action") != "adopt" \
                or not entry.get("sig") or self.path:
            return None
        adopt = Adopt(seq, entry)
        if (adopt.resumes != self.covered or seq <= self.seq
                or self.covered[0] and self.chain != entry["chain"]
                or self.stands not in ("", entry["prev"])
                or entry["hash"] != hash_of(entry["chain"], seq,
                                            entry["prev"], entry["skip"],
                                            leaf_of(entry))):
            return None
        self.skips(seq, entry["skip"], self.covered[0])
        self.usable(seq, adopt.key, entry)
        self.pins(seq, entry["hash"], adopt)
        self.is_signed(seq, adopt.key, entry["hash"], entry)
        return adopt

    # an entry in its place

    def entry(self, seq, e):
        hash = hash_of(e["chain"], seq, e["prev"], e["skip"], leaf_of(e))
        if hash != e["hash"]:
            raise Fault("edit", seq)
        action, key, sig = (e.get(name, "") for name in ("action", "key",
                                                         "sig"))
        adopt = Adopt(seq, e) if action == "adopt" else None
        if self.path:
            self.leads(seq, e, action, adopt)
        else:
            self.place(seq, e["chain"], e["prev"], action, adopt)
            self.skips(seq, e["skip"], self.seq)
        archive = Archive(seq, e) if action == "archive" else None
        if archive and not self.path:
            self.archive(seq, e, archive)
        request = e.get("request", "")
        if self.row and self.row[1:] != (key, request):
            raise Fault("signature", self.row[0])
        row = (seq, key, request) if self.row or (key and not sig) else None
        if key:
            self.usable(seq, key, e)
        elif sig or e.get("root") or self.signers:
            raise Fault("signature", seq)
        self.pins(seq, hash, adopt)
        if key and (sig or e.get("root")):
            self.is_signed(seq, key, hash, e)
        if self.path:
            self.complete(seq, e)
        self.row = row
        self.accept(seq, e, adopt)
        if sig:
            self.check(seq, hash, e, adopt)
        if archive and self.is_next(archive):
            self.told += 1

    def is_next(self, archive):
        return self.archives[self.told:self.told + 1] == [archive.content()]

    def archive(self, seq, entry, archive):
        """Is it what was shown, or where that begins?"""
        if entry.get("key") and not entry.get("sig"):
            raise Fault("signature", seq)
        earlier = not self.told and archive.last[0] < self.begin
        if not earlier and not self.is_next(archive):
            raise Fault("fork", seq)

    def place(self, seq, chain, prev, action, adopt):
        """Does it follow the previous entry?"""
        if (self.chain and chain != self.chain) or seq <= self.seq:
            raise Fault("fork", seq)
        if seq != self.seq + 1 and not adopt:
            raise Fault("gap", self.seq + 1)
        if adopt and adopt.resumes != (self.seq, self.hash):
            raise Fault("fork", seq)
        if self.seq:
            if action == "init" or prev != self.hash:
                raise Fault("fork", seq)
        elif not adopt and (action != "init" or prev != ZEROS):
            raise Fault("fork", seq)

    def leads(self, seq, item, action=None, adopt=None):
        """Is the line before what this one names?"""
        if (self.chain and item.get("chain", self.chain) != self.chain) \
                or seq <= self.seq:
            raise Fault("fork", seq)
        if not self.seq:
            if seq != 1 and not adopt:
                raise Fault("gap", 1)
            good = adopt.resumes == (0, "") if adopt else (
                action == "init" and item["prev"] == ZEROS)
        else:
            far = item["skip"] == self.hash and self.seq <= seq & seq - 1
            near = item["prev"] == self.hash
            if near and not adopt and seq != self.seq + 1:
                raise Fault("gap", self.seq + 1)
            if adopt and adopt.resumes == (self.seq, self.hash):
                # what it gives up may have stood between
                good = far or near or bool(
                    self.signers and item.get("sig")
                    and self.covered == (self.seq, self.hash))
            elif adopt:
                good = far and adopt.resumes[0] > self.seq
            else:
                good = action != "init" and (far or near)
        if not good:
            raise Fault("fork", seq)

    def complete(self, seq, e):
        """Is the entry of the host that it names as the one before here?"""
        host, prior = e.get("host"), int(e.get("prior") or 0)
        if not host or e["action"] in ("init", "adopt"):
            return
        known = self.hosts.get(host, 0)
        if prior != known and (known or not any(
                a.resumes[0] < prior < a.seq for a in self.given_up)):
            raise Fault("gap", seq)
        self.hosts[host] = seq

    def skips(self, seq, skip, last):
        """Does it lead to the last entry up to seq without its lowest bit, of
        those up to last?"""
        to = min(seq & seq - 1, last)
        at = bisect.bisect_right(self.standing, (to, "~"))
        if skip != (self.standing[at - 1][1] if at else ZEROS):
            raise Fault("fork", seq)

    def usable(self, seq, key, entry=None):
        if self.signers and not self.signers.counts(key, seq, entry):
            raise Fault("key", seq)

    def pins(self, seq, hash, adopt):
        """Is what the signers file names where it should be?"""
        pins = self.signers.pins if self.signers else []
        for at, wanted, whose, chain in sorted(pins, key=lambda pin: pin[0]):
            if not self.pinned < at <= seq:
                continue
            if at == seq and wanted != hash:
                raise Fault("fork", seq)
            # nobody gives up the end of their own key
            if at < seq and not (adopt and adopt.excuses(at, wanted, chain)
                                 and whose != adopt.key):
                raise Fault("gap", at) if self.path else Fault("fork", seq)

    def is_signed(self, seq, key, hash, item):
        text = (f"paylock audit signature 2\nrealm {self.realm}\n"
                f"hash {hash}\nroot {item.get('root', '')}\n")
        if not item.get("root") or not item.get("sig") \
                or not signed(key, text, item["sig"]):
            raise Fault("signature", seq)

    def check(self, seq, hash, entry=None, adopt=None):
        """From here on all before it is signed."""
        self.row, self.covered = None, (seq, hash)
        self.replay()
        if adopt:
            # it put the records back, but may have kept those of no entry
            self.adopted = True
            self.faults = [f for f in self.faults if f[0] != "flags"]
            self.others.since.clear()
        if self.flags and self.signers:
            self.roots(seq, entry)

    def accept(self, seq, entry, adopt=None):
        if not self.seq:
            self.chain, self.first = entry["chain"], seq
        self.seq = self.pinned = seq
        self.hash = entry["hash"]
        self.good[self.chain, seq] = self.hash
        self.standing.append((seq, self.hash))
        if entry.get("key"):
            self.keys[entry["key"]] = self.keys.get(entry["key"], 0) + 1
        if adopt:
            self.given_up.append(adopt)
        if entry.get("host") and entry["action"] not in ("init", "adopt"):
            self.open.append((seq, entry["host"], entry.get("before", ""),
                              entry.get("after", ""),
                              int(entry.get("prior") or 0), entry["action"]))

    def roots(self, seq, entry):
        """Is what was signed that of the records that the entries wrote?  An
        init and an adopt may sign more."""
        fits = self.lattice.root() == entry["root"]
        if entry["action"] in ("init", "adopt"):
            self.rooted = fits
        elif self.rooted and not fits:
            self.rooted = False
            self.faults.append(("flags", seq))

    def replay(self):
        """What was there must be what was written last; the first entry of a
        transaction that says otherwise is named."""
        wrong = 0
        if self.flags and self.signers:
            self.others.take(self.open, lambda prior: self.adopted
                             or 0 < prior <= self.begin)
        for seq, host, before, after, prior, _ in self.open:
            unknown = ((before, prior)
                       if self.adopted or 0 < prior <= self.begin
                       else ("", 0))
            if (before, prior) != self.records.get(host, unknown):
                wrong = wrong or seq
            self.records[host] = after, seq
            if self.flags and self.signers:
                self.lattice.change(host, before, after)
        self.open = []
        if wrong and self.flags and self.signers:
            self.faults.append(("flags", wrong))

    # lines of exports

    def leaf(self, item):
        seq = item["seq"]
        if not self.bad:
            try:
                self.good_leaf(seq, item)
            except Fault as fault:
                self.fault(fault.kind, fault.seq)
        if self.bad:
            hash = hash_of(self.chain, seq, item["prev"], item["skip"],
                           item["leaf"])
            self.other.add((self.chain, seq, hash))
            self.stands = hash
        else:
            self.stands = self.hash

    def good_leaf(self, seq, item):
        if not self.path:
            raise Fault("edit", seq)
        self.leads(seq, item)
        hash = hash_of(self.chain, seq, item["prev"], item["skip"],
                       item["leaf"])
        self.pins(seq, hash, None)
        if "sig" in item:
            if self.row and self.row[1] != item["key"]:
                raise Fault("signature", self.row[0])
            self.usable(seq, item["key"])
            self.is_signed(seq, item["key"], hash, item)
        self.accept(seq, {"chain": self.chain, "hash": hash})
        if "sig" in item:
            self.check(seq, hash)

    def checkpoint(self, text):
        if self.bad:
            return
        point = read_checkpoint(text)
        if not point:
            self.fault("signature", self.seq)
            return
        realm, chain, seq, hash, key = point
        if self.signers and not self.signers.counts(key, seq):
            self.fault("key", seq)
        elif (realm, chain, seq, hash) != (self.realm, self.chain, self.seq,
                                           self.hash):
            self.fault("fork", seq)

    # the end

    def end(self):
        if not self.bad:
            if self.row or (self.signers and self.covered[0] != self.seq):
                self.fault("signature", self.seq)
            elif self.told < len(self.archives):
                if self.begin:
                    self.fault("gap", 1)
                else:
                    self.fault("fork", self.archives[self.told][0][0])
            elif self.signers:
                left = [at for at, *_ in self.signers.pins
                        if at > self.pinned]
                if left:
                    self.fault("rollback", min(left))
        if not self.faults:
            self.faults += self.others.faults()
        for known in self.witnesses:
            kind = self.contradicts(*known)
            if kind:
                self.faults.append((kind, known[1]))
        return self

    def contradicts(self, chain, seq, hash):
        """What is wrong by the word of a witness?"""
        here = self.good.get((chain, seq))
        if here:
            return None if here == hash else "fork"
        if seq <= self.begin and chain == self.chain \
                and not any(a.chain == chain and a.gives_up(seq)
                            for a in self.given_up):
            peaks = dict(self.archives[0][2])
            return None if peaks.get(seq, hash) == hash else "fork"
        # another content is never excused
        if any((there, at) == (chain, seq) and it != hash
               for there, at, it in self.other):
            return "fork"
        if any(a.chain == chain and a.gives_up(seq) for a in self.given_up):
            return "rollback"
        # behind what is bad nothing more can be said
        if self.bad and seq > self.seq:
            return None
        if self.seq and chain != self.chain:
            return "fork"
        return "gap" if self.path and seq < self.seq else "rollback"

    def verdict(self):
        """The status of paylock-admin audit verify, but for records."""
        return min((STATUS[kind] for kind, _ in self.faults), default=0)

    def judge(self):
        """Raises the first Fault if there is any."""
        for kind, seq in self.faults:
            raise Fault(kind, seq)
        return self


def verify_stream(entries, chain=None, signers=None, **known):
    """Verifies (id, fields) pairs; returns the verifier or raises Fault.
    signers: the text of a file, None for none."""
    return read_stream(entries, chain, signers, **known).judge()


def read_stream(entries, chain=None, signers=None, archives=(), **known):
    """The same; faults are in the verifier.  archives: the bytes of files, in
    their order."""
    v = Verifier(chain, signers=signers if signers is None
                 else Signers(signers), flags=True, **known)
    for content in archives:
        read_archive(v, content)
    placed = [(int(id[:-2]), entry) if re.fullmatch(r"[1-9][0-9]*-0", id)
              else (0, None) for id, entry in entries]
    if not archives:
        found = behind(placed, v.realm, v.signers)
        if found:
            v.go_behind(*found)
    for seq, entry in placed:
        v.take(seq, entry)
    return v.end()


def read_archive(v, content):
    """The file of an archive goes on with the trail."""
    first, _, rest = content.decode().partition("\n")
    header = json.loads(first)
    last = v.seq
    if v.bad:
        return
    if header["chain"] != (v.chain or header["chain"]):
        v.fault("fork", v.seq + 1)
        return
    v.chain = header["chain"]
    for line in rest.splitlines(keepends=True):
        export_line(v, line)
    export_compare(v, header)
    if not v.bad and v.seq != last:
        v.archived(sha256(content))


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def verify_export(text, signers=None, **known):
    """Verifies the text of an export; returns the verifier or raises Fault."""
    first, _, rest = text.partition("\n")
    header = json.loads(first)
    assert header["format"] == "paylock audit export 2"
    v = Verifier(header["chain"], signers=signers if signers is None
                 else Signers(signers), path=header["host"] != "", **known)
    lines = rest.splitlines(keepends=True)
    found = None if header["host"] else \
        behind([placed for placed in map(full, lines) if placed],
               v.realm, v.signers)
    if found:
        v.go_behind(*found)
    for line in lines:
        export_line(v, line)
    return export_end(v, header).judge()


def full(line):
    """The seq and the fields of an entry in full, in the line of an export."""
    try:
        item = parse(line)
    except ValueError:
        return None
    if not isinstance(item, dict) or type(item.get("seq")) is not int:
        return None
    if "leaf" in item:
        return 0, None
    return item["seq"], {k: v for k, v in item.items() if k != "seq"}


def export_end(v, header):
    export_compare(v, header)
    return v.end()


def export_compare(v, header):
    """Does it match the first line?"""
    if not v.bad:
        if v.seq < header["seq"]:
            v.fault("gap", v.seq + 1)
        elif (v.seq, v.hash, v.realm) != (header["seq"], header["hash"],
                                          header["realm"]):
            v.fault("edit", 0)


@functools.lru_cache(10000)
def parse(line):
    return json.loads(line, object_pairs_hook=unique)


def export_line(v, line):
    try:
        item = parse(line)
    except ValueError:
        if not v.bad:
            # cut off in the middle of a line
            v.fault("edit" if line.endswith("\n") else "gap", v.seq + 1)
        return
    if not isinstance(item, dict):
        v.take(0, None)
    elif "checkpoint" in item:
        v.checkpoint(item["checkpoint"])
    elif type(item.get("seq")) is not int or item["seq"] < 1:
        v.take(0, None)
    elif "leaf" not in item:
        v.take(item["seq"], {k: v for k, v in item.items() if k != "seq"})
    elif (all(is_hex(item.get(name), 64) for name in ("leaf", "prev", "skip"))
          and ("key" in item) == ("sig" in item) == ("root" in item)
          and ("sig" not in item or (is_hex(item["key"], 64)
                                     and is_hex(item["root"], 64)
                                     and is_hex(item["sig"], 128)))):
        v.leaf(item)
    else:
        v.take(0, None)
