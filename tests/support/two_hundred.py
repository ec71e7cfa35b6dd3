# Copyright (C) 2026 paylock contributors
#
# A trail of 200 entries signed with four keys, for all that may be done to it:
# paylock-admin and the verifier in oracle/ are to find it and to give it the
# same name.

import copy
import json
import subprocess

from oracle import verify
from support import servers, trail as t
from support.trail import Key, Trail, entry_line, header, relink


ALICE, BOB, CAROL, DAVE, MALLORY = (Key(byte) for byte in (1, 2, 3, 4, 66))
KEYS = {key.public: key for key in (ALICE, BOB, CAROL, DAVE, MALLORY)}
HOSTS = [f"h{i}.example" for i in range(12)]


def two_hundred():
    """Rows of one to eight entries; CAROL counts from entry 40 on, DAVE may
    only lock, BOB is revoked in the middle; one adopt leaves a gap."""
    trail = Trail(200)
    trail.add(ALICE, {"action": "init"})
    while len(trail.entries) < 200:
        n = len(trail.entries)
        people = [ALICE, DAVE] + [CAROL] * (n >= 39) + [BOB] * (n < 100)
        if n == 60:
            trail.add(CAROL, {"action": "notice", "host": HOSTS[0],
                              "amount": "1200.00", "currency": "EUR",
                              "due": "2026-11-01", "channel": "letter",
                              "sent": "2026-11-02", "reference": "R 1",
                              "document": "ab" * 32, "invoice": "F-1"})
        elif n >= 150 and not any(e["action"] == "adopt"
                                  for _, e in trail.entries):
            trail.adopt(ALICE, trail.seq + 3, reason="entries lost")
        else:
            rows = trail.random.choice([1, 2, 3, 6, 8])
            limit = min(x for x in (39, 60, 100, 200) if x > n)
            key = trail.random.choice(people)
            trail.add(key, *(trail.change(
                host, "lock" if key is DAVE else
                trail.random.choice(["lock", "unlock", "reset"]),
                reason="überfällig")
                for host in trail.random.sample(HOSTS,
                                                min(rows, limit - n))))
    return trail


def signers_of(entries, *more):
    """The signers file of the trail: it names what stands at entry 100."""
    return [t.signer("alice", ALICE),
            t.signer("bob", BOB, until=(100, entries[99][1]["hash"])),
            t.signer("carol", CAROL, first=40),
            t.signer("dave", DAVE, may="lock"), *more]


BASE = two_hundred()
ENTRIES = BASE.entries
LINES = [entry_line(*entry) for entry in ENTRIES]
SEQS = [seq for seq, _ in ENTRIES]
HEAD = header(*BASE.head())
SIGNERS = signers_of(ENTRIES)
ENDS = [i for i, (_, entry) in enumerate(ENTRIES) if "sig" in entry]
ADOPT = next(i for i, (_, e) in enumerate(ENTRIES) if e["action"] == "adopt")
PINNED = 99                             # the index of entry 100


def row_of(i):
    """The first and the last index of the transaction of an entry."""
    request = ENTRIES[i][1]["request"]
    row = [j for j, (_, e) in enumerate(ENTRIES) if e["request"] == request]
    return row[0], row[-1]


def twin(v):
    """A copy of a verifier that goes its own way."""
    other = copy.copy(v)
    for name, value in vars(v).items():
        if isinstance(value, (dict, list, set)):
            setattr(other, name, copy.copy(value))
    return other


class Prefixes:
    """What the second verifier knows behind each line of an export, so that
    it need not read again what was not touched."""

    def __init__(self, first, lines, signers=SIGNERS, witnesses=(),
                 realm="-"):
        self.lines, self.signers = lines, signers
        v = verify.Verifier(
            json.loads(first)["chain"], realm, signers if signers is None
            else verify.Signers("\n".join(signers)), witnesses,
            path=json.loads(first)["host"] != "")
        self.states = [twin(v)]
        for text in lines:
            verify.export_line(v, text)
            self.states.append(twin(v))

    def verdict(self, first, lines):
        same = next((i for i, (a, b) in enumerate(zip(lines, self.lines))
                     if a != b), min(len(lines), len(self.lines)))
        v = twin(self.states[same])
        head = json.loads(first)
        assert v.chain in (None, head["chain"])
        for text in lines[same:]:
            verify.export_line(v, text)
        return verify.export_end(v, head)


def paylock_admin(cases, tmp_path, *options, signers=SIGNERS):
    """What audit verify says of many exports in one file.  What was written
    is large: it goes through a pipe."""
    argv = [servers.CLI, "--json", "audit", "verify", "-", *options]
    if signers is not None:
        argv += ["--signers", t.signers_file(tmp_path / "signers", *signers)]
    with open(tmp_path / "verdicts", "w+") as out:
        p = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=out, text=True,
            stderr=subprocess.DEVNULL, encoding="utf-8",
            env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"})
        try:
            with p.stdin:
                for first, lines in cases:
                    p.stdin.write(first + "".join(lines))
        except BrokenPipeError:
            pass                        # it reads no further
        status = p.wait(600)
        out.seek(0)
        return status, [json.loads(text) for text in out]


# what is not found has changed nothing that counts
SAME = "same"


def faults_of(verdict):
    return [(fault["kind"], fault["seq"] or 0) for fault in verdict["faults"]]


def check(cases, tmp_path, base=None, *options):
    """cases: (name, first line, lines, kinds, seqs or None).  Both verifiers
    agree on each, and each is found and rightly named."""
    prefixes = base or Prefixes(HEAD, LINES)
    status, found = paylock_admin([case[1:3] for case in cases], tmp_path,
                                  *options, signers=prefixes.signers)
    assert len(found) == len(cases)
    worst = []
    for (name, first, lines, kinds, seqs), verdict in zip(cases, found):
        other = prefixes.verdict(first, lines)
        faults = faults_of(verdict)
        assert faults == other.faults, name
        assert [g["adopt"] for g in verdict["given_up"]] == \
            [a.seq for a in other.given_up], name
        assert (verdict["seq"] or 0) == other.seq, name
        worst.append(other.verdict())
        if kinds is None:
            assert faults == [], name
            continue
        if kinds == SAME and not faults:
            assert other.good == prefixes.states[-1].good, name
            continue
        assert faults, f"{name}: not found"
        assert kinds == SAME or faults[0][0] in kinds, (name, faults)
        assert seqs is None or faults[0][1] in seqs, (name, faults)
    if prefixes.signers is not None:
        assert status == min(filter(None, worst), default=0)
    return status


def with_head(entries):
    """An export whose first line fits: what a forger makes."""
    seq, last = entries[-1]
    return (header(BASE.chain, seq, last["hash"]),
            [LINES[i] if i < len(ENTRIES) and ENTRIES[i] is entries[i]
             else entry_line(*entries[i]) for i in range(len(entries))])


# another value of each field, of the right form and of none

VALUES = {
    "v": "1", "chain": "0" * 32, "time": "1", "actor": "eve",
    "machine": "laptop", "action": "settle", "host": "other.example",
    "before": '{"at":1}', "after": '{"at":1,"open_at":1}', "reason": "paid",
    "invoice": "F-0", "amount": "1.00", "currency": "USD",
    "due": "2027-01-01", "channel": "fax", "sent": "2027-01-01",
    "reference": "R 2", "document": "cd" * 32,
    "lost": f"{'0' * 32} 1 1 {'0' * 64}", "resumes": f"1 {'0' * 64}",
    "request": "again", "key": MALLORY.public, "salt": "1" * 32,
    "prev": "2" * 64, "hash": "3" * 64, "root": "5" * 64, "sig": "4" * 128}


def field_cases(part):
    """Each field of each entry is changed, a third of them is removed.  An
    export ends with the transaction behind, or with what a signer pins."""
    for i, (seq, entry) in enumerate(ENTRIES):
        if i % PARTS != part:
            continue
        end = max(PINNED, *([j for j in ENDS if j > i][:2] or [i]))
        first = header(BASE.chain, SEQS[end], ENTRIES[end][1]["hash"])
        behind = LINES[i + 1:end + 1]
        # what is of no form is named by its place
        place = {seq, SEQS[i - 1] + 1} if i else {seq}
        for k, (name, value) in enumerate(VALUES.items()):
            kinds = {"signature" if name in ("root", "sig") else "edit"}
            for other in [value, *([""] if (i + k) % 3 == 0
                                   and entry.get(name) else [])]:
                yield (f"{seq} {name}", first,
                       [*LINES[:i], entry_line(seq, {**entry, name: other}),
                        *behind], kinds, place)
        yield (f"{seq} seq", first,
               [*LINES[:i], entry_line(seq + 1, entry), *behind],
               {"edit"}, {seq + 1})


PARTS = 4


def forged(i, changes):
    entries = list(ENTRIES)
    entries[i] = entries[i][0], {**entries[i][1], **changes}
    return entries


def resigned(i, key):
    """The transaction of an entry by another key, and all behind it linked
    to it."""
    begin, end = row_of(i)
    entries = list(ENTRIES)
    for j in range(begin, end + 1):
        entries[j] = entries[j][0], {**entries[j][1], "key": key.public}
    return begin, relink(entries, begin, [key])


def past(i):
    """A trail of which the entries behind index i are to be written anew."""
    trail = BASE.copy()
    del trail.entries[i + 1:]
    return trail


def forge(trail, key=None):
    """An entry of somebody who has no good key."""
    return trail.add(key, trail.change("h1.example", "unlock"))


def mend(trail, stays, by=ALICE, **fields):
    """An adopt that resumes what stood at that time."""
    return trail.adopt(by, trail.seq, trail.hash, resumes=stays[1:],
                       first=stays[1] + 1, **fields)
