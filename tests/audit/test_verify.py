# Copyright (C) 2026 paylock contributors
#
# A trail of 200 entries signed with four keys, and each way to tamper with
# it: paylock-admin and the verifier in oracle/ both find it and give it the
# same name.

import copy
import json
import subprocess

import pytest

from oracle import verify
from support import servers, trail as t
from support.chain import LINKS
from support.trail import Key, Trail, entry_line, header, line, relink

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


def test_the_base():
    assert len(ENTRIES) == 200 and SEQS[-1] == 203
    assert {e["key"] for _, e in ENTRIES} == {
        key.public for key in (ALICE, BOB, CAROL, DAVE)}
    assert 40 < len(ENDS) < 140
    assert PINNED in ENDS and SEQS[PINNED] == 100
    assert SEQS[ADOPT] == SEQS[ADOPT - 1] + 4
    # and with its records, as from Redis
    v = verify.verify_stream([(f"{seq}-0", e) for seq, e in ENTRIES],
                             signers="\n".join(SIGNERS))
    assert {host: after for host, (after, _) in v.records.items()} \
        == BASE.locks and v.hash == BASE.hash


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
    """Each field of each entry is changed, a third of them is removed."""
    for i, (seq, entry) in enumerate(ENTRIES):
        if i % PARTS != part:
            continue
        # what is of no form is named by its place
        place = {seq, SEQS[i - 1] + 1} if i else {seq}
        for k, (name, value) in enumerate(VALUES.items()):
            kinds = {"signature" if name in ("root", "sig") else "edit"}
            for other in [value, *([""] if (i + k) % 3 == 0
                                   and entry.get(name) else [])]:
                yield (f"{seq} {name}", HEAD,
                       [*LINES[:i], entry_line(seq, {**entry, name: other}),
                        *LINES[i + 1:]], kinds, place)
        yield (f"{seq} seq", HEAD,
               [*LINES[:i], entry_line(seq + 1, entry), *LINES[i + 1:]],
               {"edit"}, {seq + 1})


PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_every_field(part, tmp_path):
    cases = list(field_cases(part))
    assert len(cases) > 5200 // PARTS
    assert check(cases, tmp_path) == 10


# lines that go, come and move

def test_deleted_and_swapped(tmp_path):
    cases = []
    for i, seq in enumerate(SEQS):
        behind_gap = i + 1 == ADOPT
        cases.append((f"{seq} deleted", HEAD, LINES[:i] + LINES[i + 1:],
                      {"fork" if behind_gap else "gap"},
                      {SEQS[ADOPT] if behind_gap else
                       SEQS[i - 1] + 1 if i else 1}))
        if i + 1 < len(SEQS):
            cases.append((f"{seq} swapped", HEAD,
                          [*LINES[:i], LINES[i + 1], LINES[i],
                           *LINES[i + 2:]],
                          {"fork" if behind_gap else "gap"}, None))
    # an adopt may stand where entries are missing, but not in their place
    assert check(cases, tmp_path) == 10


def test_duplicated(tmp_path):
    cases = []
    for i, seq in enumerate(SEQS):
        # an adopt forgives what stands before it
        kinds = None if i + 1 == ADOPT else {"fork"}
        cases.append((f"{seq} twice", HEAD,
                      LINES[:i + 1] + LINES[i:], kinds, {seq}))
        cases.append((f"{seq} at the end", HEAD, LINES + LINES[i:i + 1],
                      {"fork"}, {seq}))
    assert check(cases, tmp_path) == 10


def test_truncated(tmp_path):
    """Of the file only; the first line tells."""
    cases = [(f"{i} left", HEAD, LINES[:i], {"gap"}, None)
             for i in range(len(LINES))]
    assert check(cases, tmp_path) == 11
    # a line that is cut ends the file: there is one in each
    for i in range(0, len(LINES), 20):
        cut = [*LINES[:i], LINES[i][:len(LINES[i]) // 2]]
        assert check([(f"{i} and a half", HEAD, cut, {"gap"},
                       {SEQS[i - 1] + 1 if i else 1})], tmp_path) == 11


def test_cut_off_with_a_witness(tmp_path):
    """A forger who cuts the trail makes its first line fit: only a witness
    knows.  Within a transaction the signature is missing as well."""
    kept = tmp_path / "kept"
    kept.write_text(t.checkpoint(CAROL, *BASE.head()))
    cases = []
    for i in range(1, len(ENTRIES)):
        first, lines = with_head(ENTRIES[:i])
        cases.append((f"{i} left", first, lines,
                      {"signature"} if i - 1 not in ENDS else
                      {"rollback"} if i <= PINNED else None, None))
    assert check(cases, tmp_path) == 10
    witnesses = Prefixes(HEAD, LINES, witnesses=[
        (BASE.chain, SEQS[-1], BASE.hash)])
    cases = [(name, first, lines, kinds or {"rollback"}, seqs)
             for name, first, lines, kinds, seqs in cases]
    assert check(cases, tmp_path, witnesses, "--checkpoint", kept) == 10


# forgers who compute the hashes anew

def forged(i, changes):
    entries = list(ENTRIES)
    entries[i] = entries[i][0], {**entries[i][1], **changes}
    return entries


def test_rewritten(tmp_path):
    """Without the keys the next signature does not fit."""
    cases = []
    for i, (seq, entry) in enumerate(ENTRIES):
        entries = relink(forged(i, {"reason": "paid"}), i)
        first, lines = with_head(entries)
        end = row_of(i)[1]
        cases.append((f"{seq} rewritten", first, lines,
                      {"fork" if end == PINNED else "signature"},
                      {SEQS[end]}))
        # the entry alone: what follows does not follow
        alone = relink(ENTRIES[:i] + [forged(i, {"reason": "paid"})[i]], i)
        cases.append((f"{seq} alone", HEAD,
                      [*LINES[:i], entry_line(*alone[i]), *LINES[i + 1:]],
                      {"signature"} if i in ENDS and i != PINNED
                      else {"fork"}, None))
    assert check(cases, tmp_path) == 10


def test_replayed_under_another_host(tmp_path):
    cases = []
    last = SEQS[-1]
    for i, (seq, entry) in enumerate(ENTRIES):
        copied = {**entry, "host": "victim.example"}
        # as it is; with hashes that fit; and with all that signed it
        cases.append((f"{seq} as it is", HEAD,
                      [*LINES, entry_line(last + 1, copied)],
                      {"edit"}, {last + 1}))
        entries = relink([*ENTRIES, (last + 1, copied)], len(ENTRIES))
        kinds = ({"fork"} if entry["action"] == "init" else
                 {"edit"} if entry["action"] == "adopt" else
                 {"signature"} if entry["action"] == "reset"
                 and entry["key"] != BOB.public else {"key"})
        first, lines = with_head(entries)
        cases.append((f"{seq} replayed", first, lines, kinds, {last + 1}))
    assert check(cases, tmp_path) == 10


def resigned(i, key):
    """The transaction of an entry by another key, and all behind it linked
    to it."""
    begin, end = row_of(i)
    entries = list(ENTRIES)
    for j in range(begin, end + 1):
        entries[j] = entries[j][0], {**entries[j][1], "key": key.public}
    return begin, relink(entries, begin, [key])


def test_signed_by_a_foreign_key(tmp_path):
    cases = []
    for i in ENDS:
        begin, entries = resigned(i, MALLORY)
        cases.append((f"{SEQS[i]} foreign", *with_head(entries),
                      {"key"}, {SEQS[begin]}))
    # the whole trail, from its first entry on
    entries = [(seq, {**e, "key": MALLORY.public}) for seq, e in ENTRIES]
    cases.append(("all", *with_head(relink(entries, 0, [MALLORY])),
                  {"key"}, {1}))
    # nobody lets themselves in, or the signature of another key count
    trail = BASE.copy().adopt(MALLORY)
    cases.append(("adopt", *with_head(trail.entries), {"key"}, {204}))
    trail = BASE.copy().add(MALLORY, BASE.change("h1.example"))
    cases.append(("lock", *with_head(trail.entries), {"key"}, {204}))
    trail.entries[-1][1]["key"] = ALICE.public
    cases.append(("in the name of alice", *with_head(
        relink(trail.entries, 200)), {"signature"}, {204}))
    trail = BASE.copy().add(MALLORY, {"action": "key-add",
                                      "subject": MALLORY.public})
    cases.append(("as in older versions", *with_head(trail.entries), {"key"},
                  {204}))
    assert check(cases, tmp_path) == 10


# signers, and what their keys may

def test_signed_by_a_revoked_key(tmp_path):
    cases = []
    for i in ENDS:
        if i <= PINNED:
            continue
        begin, entries = resigned(i, BOB)
        cases.append((f"{SEQS[i]} revoked", *with_head(entries), {"key"},
                      {SEQS[begin]}))
    assert len(cases) > 15
    for trail in (BASE.copy().adopt(BOB), BASE.copy().adopt(BOB, 250),
                  BASE.copy().add(BOB, BASE.change("h1.example"))):
        cases.append(("goes on", *with_head(trail.entries), {"key"},
                      {trail.seq}))
    assert check(cases, tmp_path) == 10


def past(i):
    """A trail of which the entries behind index i are to be written anew."""
    trail = BASE.copy()
    del trail.entries[i + 1:]
    return trail


def test_a_revoked_key_rewrites_the_past(tmp_path):
    """What stands at the end that the signers file names is not the same, or
    is not there: whoever has the key goes no further, and cannot adopt."""
    cases = []

    def case(name, trail, kind, seq):
        cases.append((f"{i} {name}", *with_head(trail.entries), {kind},
                      {seq}))

    for i in ENDS[:ENDS.index(PINNED)]:
        case("cut", past(i), "rollback", 100)
        case("cut and adopted", past(i).adopt(BOB, 98), "rollback", 100)
        case("up to the end", past(i).adopt(BOB, 99), "fork", 100)
        case("behind it", past(i).adopt(BOB, 100), "key", 101)
        case("far behind it", past(i).adopt(BOB, 5000), "key", 5001)
        trail = past(i)
        while trail.seq < 100:
            trail.add(BOB, trail.change("h1.example", "unlock"))
        case("as long", trail, "fork", 100)
        case("and alice's later ones", spliced(trail), "fork", 100)
        # an accomplice whose key is foreign, or may not do that
        case("mallory", past(i).adopt(BOB, 98).adopt(MALLORY, 150), "key",
             151)
        case("dave", past(i).adopt(BOB, 98).adopt(DAVE, 150), "key", 151)
        # somebody else may
        cases.append((f"{i} alice", *with_head(
            past(i).adopt(ALICE, 100).entries), None, None))
        cases.append((f"{i} alice, too little", *with_head(
            past(i).adopt(ALICE, 101, first=101).entries), {"fork"}, {102}))
    assert check(cases, tmp_path) == 10


def spliced(trail):
    """With the true entries from 101 on."""
    trail.entries += ENTRIES[PINNED + 1:]
    return trail


def test_two_revoked_keys(tmp_path):
    """Each gives up the end of the other, but not both."""
    cases = []
    for i in ENDS[:ENDS.index(PINNED)]:
        one = past(i).adopt(BOB, 98).adopt(CAROL, 101)
        cases.append((f"{i} open", *with_head(one.entries), {"rollback"},
                      {SEQS[PINNED + 40]}))
        while one.seq < SEQS[PINNED + 40]:
            one.add(CAROL, one.change("h1.example", "unlock"))
        cases.append((f"{i} as long", *with_head(one.entries), {"fork"},
                      {SEQS[PINNED + 40]}))
        one = past(i).adopt(BOB, 98).adopt(CAROL, 101).adopt(BOB, 200)
        cases.append((f"{i} in turns", *with_head(one.entries), {"key"},
                      {201}))
    signers = signers_of(ENTRIES)
    signers[2] = t.signer("carol", CAROL, until=(
        SEQS[PINNED + 40], ENTRIES[PINNED + 40][1]["hash"]))
    assert check(cases, tmp_path, Prefixes(HEAD, LINES, signers)) == 10


def test_limits(tmp_path):
    """Before its first entry a key does not count, nor for what it may not
    do."""
    cases = []
    for i in ENDS:
        begin, entries = resigned(i, CAROL)
        if SEQS[begin] < 40:
            cases.append((f"{SEQS[i]} too early", *with_head(entries),
                          {"key"}, {SEQS[begin]}))
        begin, entries = resigned(i, DAVE)
        wrong = [seq for seq, e in entries[begin:row_of(i)[1] + 1]
                 if e["action"] != "lock"]
        if wrong:
            cases.append((f"{SEQS[i]} not his", *with_head(entries),
                          {"key"}, {wrong[0]}))
    assert len(cases) > 40
    assert check(cases, tmp_path) == 10


def test_pins(tmp_path):
    """Of each entry: only the chain that holds it is the chain."""
    for i in range(0, len(ENTRIES), 7):
        seq, entry = ENTRIES[i]
        signers = signers_of(ENTRIES, t.pin(seq, entry["hash"]))
        older = [(f"{seq} older", *with_head(ENTRIES[:j + 1]),
                  {"rollback"}, {min(seq, 100) if j < PINNED else seq})
                 for j in ENDS if j < i][-1:]
        assert check([("good", HEAD, LINES, None, None), *older], tmp_path,
                     Prefixes(HEAD, LINES, signers)) in (0, 11)
        signers = signers_of(ENTRIES, t.pin(seq, "9" * 64))
        if seq != 100:
            assert check([("another", HEAD, LINES, {"fork"}, {seq})],
                         tmp_path, Prefixes(HEAD, LINES, signers)) == 10
    # what an adopt passes over it must give up
    for seq in range(SEQS[ADOPT - 1] + 1, SEQS[ADOPT]):
        signers = signers_of(ENTRIES, t.pin(seq, "9" * 64))
        assert check([("given up", HEAD, LINES, None, None)], tmp_path,
                     Prefixes(HEAD, LINES, signers)) == 0
    signers = signers_of(ENTRIES, t.pin(SEQS[-1] + 1, "9" * 64))
    assert check([("to come", HEAD, LINES, {"rollback"}, {204})], tmp_path,
                 Prefixes(HEAD, LINES, signers)) == 11


def test_unsigned(tmp_path):
    """Who has no key leaves it away."""
    cases = []
    for i in ENDS:
        begin, _ = row_of(i)
        entries = ENTRIES[:begin] + [
            (seq, {name: value for name, value in e.items()
                   if name not in ("key", "root", "sig")})
            for seq, e in ENTRIES[begin:]]
        entries = relink(entries, begin)
        cases.append((f"{SEQS[i]} on", *with_head(entries),
                      {"signature"}, {SEQS[begin]}))
    assert check(cases, tmp_path) == 10


# what was given up

def forge(trail, key=None):
    """An entry of somebody who has no good key."""
    return trail.add(key, trail.change("h1.example", "unlock"))


def mend(trail, stays, by=ALICE, **fields):
    """An adopt that resumes what stood at that time."""
    return trail.adopt(by, trail.seq, trail.hash, resumes=stays[1:],
                       first=stays[1] + 1, **fields)


def mended():
    """Forged entries of several kinds, each given up by a signer."""
    trail = Trail(3)
    trail.add(ALICE, {"action": "init"})
    for by, do in ((ALICE, forge), (CAROL, lambda t: forge(t, MALLORY)),
                   (ALICE, lambda t: t.add(
                       CAROL, t.change("h2.example"), t.change("h3.example"),
                       sign=False)),
                   (ALICE, lambda t: forge(forge(t), BOB))):
        trail.add(CAROL, trail.change("h4.example", "lock"))
        stays = trail.head()
        do(trail)
        mend(trail, stays, by)
    return trail.add(ALICE, trail.change("h5.example"))


MENDED = mended()
MENDERS = [t.signer("alice", ALICE), t.signer("carol", CAROL)]


def test_given_up(tmp_path):
    """Without what gives it up each fault is back."""
    head = header(*MENDED.head())
    lines = [entry_line(*entry) for entry in MENDED.entries]
    base = Prefixes(head, lines, MENDERS)
    cases = [("whole", head, lines, None, None)]
    for i, (seq, e) in enumerate(MENDED.entries):
        if e["action"] != "adopt":
            continue
        cases.append((f"{seq} is gone", head, lines[:i] + lines[i + 1:],
                      {"signature", "key", "gap"}, None))
        first, last = e["lost"].split()[1:3]
        for name, other in (
                ("prev", {**e, "prev": "0" * 64}),
                ("resumes", {**e, "resumes": "1 " + "0" * 64}),
                ("no resumes", {**e, "resumes": ""}),
                ("lost", {**e, "lost": ""}),
                ("another chain", {**e, "chain": "0" * 32}),
                ("lost less", {**e, "lost": e["lost"].replace(
                    f" {first} {last} ", f" {first} {int(last) - 1} ")}),
                ("another action", {**e, "action": "lock"}),
                ("the key of mallory", {**e, "key": MALLORY.public})):
            entry = {**other, "hash": t.entry_hash(seq, other)}
            entry["sig"] = KEYS[entry["key"]].sign_entry(entry)
            cases.append((f"{seq} {name}", head,
                          [*lines[:i], entry_line(seq, entry),
                           *lines[i + 1:]],
                          {"signature", "key", "fork", "edit"}, None))
        for sig in "", "4" * 128:
            cases.append((f"{seq} sig {sig[:1]}", head,
                          [*lines[:i], entry_line(seq, {**e, "sig": sig}),
                           *lines[i + 1:]], {"signature", "key", "fork"},
                          None))
    assert len(cases) > 40
    assert check(cases, tmp_path, base) == 10


def points(trail, tmp_path, hash=None):
    """A checkpoint of each entry, and the options that name them."""
    options, witnesses = [], []
    for seq, entry in trail.entries:
        path = tmp_path / f"point{seq}"
        path.write_text(t.checkpoint(ALICE, trail.chain, seq,
                                     hash or entry["hash"]))
        options += ["--checkpoint", path]
        witnesses.append((trail.chain, seq, hash or entry["hash"]))
    return options, witnesses


def test_witnesses_of_what_was_given_up(tmp_path):
    """That is never well: it is a rollback, and the adopt is named; and
    another content is a fork, whatever was given up."""
    head = header(*MENDED.head())
    lines = [entry_line(*entry) for entry in MENDED.entries]
    options, witnesses = points(MENDED, tmp_path)
    base = Prefixes(head, lines, MENDERS, witnesses)
    lost = [seq for seq, _ in MENDED.entries
            if any(a.gives_up(seq) for a in base.states[-1].given_up)]
    assert len(lost) == 6
    assert check([("all", head, lines, {"rollback"}, {lost[0]})], tmp_path,
                 base, *options) == 11
    [verdict] = paylock_admin([(head, lines)], tmp_path, *options,
                              signers=MENDERS)[1]
    assert faults_of(verdict) == [("rollback", seq) for seq in lost]
    assert [w["state"] for w in verdict["witnesses"]] == [
        "given up" if seq in lost else "fits" for seq, _ in MENDED.entries]
    for fault in verdict["faults"]:
        adopt = next(a for a in base.states[-1].given_up
                     if a.gives_up(fault["seq"]))
        name = {ALICE.public: "alice", CAROL.public: "carol"}[adopt.key]
        assert f"given up by entry {adopt.seq} of {name}" in fault["message"]

    options, witnesses = points(MENDED, tmp_path, "7" * 64)
    base = Prefixes(head, lines, MENDERS, witnesses)
    assert check([("all", head, lines, {"fork"}, {1})], tmp_path, base,
                 *options) == 10
    [verdict] = paylock_admin([(head, lines)], tmp_path, *options,
                              signers=MENDERS)[1]
    assert faults_of(verdict) == [("fork", seq) for seq, _ in MENDED.entries]


def test_a_bad_entry_with_the_hash_of_another(tmp_path):
    """What was written over a known entry may carry its hash."""
    trail = Trail(4)
    trail.add(ALICE, {"action": "init"})
    trail.add(ALICE, trail.change("h1.example"))
    stays = trail.head()
    trail.add(ALICE, trail.change("h2.example"))
    options, witnesses = points(trail, tmp_path)
    trail.entries[-1][1]["after"] = "{}"
    mend(trail, stays)
    head = header(*trail.head())
    lines = [entry_line(*entry) for entry in trail.entries]
    base = Prefixes(head, lines, MENDERS, witnesses)
    assert check([("3", head, lines, {"fork"}, {3})], tmp_path, base,
                 *options) == 10


def test_a_pin_in_a_row_that_was_given_up(tmp_path):
    """Its adopt must give up what the signers file names."""
    trail = Trail(5)
    trail.add(ALICE, {"action": "init"})
    stays = trail.head()
    trail.add(CAROL, trail.change("h1.example"), trail.change("h2.example"),
              sign=False)
    pinned = trail.seq, trail.hash
    cases = []
    for name, first, kinds in ("all", 2, None), ("less", 4, {"signature"}):
        one = forge(trail.copy())
        one.adopt(ALICE, one.seq, one.hash, first=first, resumes=stays[1:])
        cases.append((name, header(*one.head()),
                      [entry_line(*e) for e in one.entries], kinds, None))
    base = Prefixes(*cases[0][1:3], [*MENDERS, t.pin(*pinned)])
    assert check(cases, tmp_path, base) == 10


def test_another_chain_gives_up_the_old_one(tmp_path):
    old = past(ENDS[50])
    new = Trail(9)
    new.adopt(ALICE, old.seq, old.hash, chain=old.chain, resumes=())
    new.add(ALICE, new.change("h1.example"))
    head = header(*new.head())
    lines = [entry_line(*entry) for entry in new.entries]
    for seq, entry in old.entries[0], old.entries[-1]:
        kept = tmp_path / "kept"
        kept.write_text(t.checkpoint(ALICE, old.chain, seq, entry["hash"]))
        base = Prefixes(head, lines, MENDERS, [(old.chain, seq,
                                                entry["hash"])])
        assert check([("old", head, lines, {"rollback"}, {seq})], tmp_path,
                     base, "--checkpoint", kept) == 11
    # what stands behind what is given up is not of this chain
    kept.write_text(t.checkpoint(ALICE, old.chain, old.seq + 1, "1" * 64))
    base = Prefixes(head, lines, MENDERS, [(old.chain, old.seq + 1,
                                            "1" * 64)])
    assert check([("more", head, lines, {"fork"}, {old.seq + 1})], tmp_path,
                 base, "--checkpoint", kept) == 10


@pytest.mark.parametrize("lost, resumes, seq", [
    ("", "", 204), ("x", "203", 204), ("C 204 203 H", "R", 204),
    ("C 0 210 H", "R", 211), ("C 204 210 H", "R", 210),
    ("C 204 210 H", "R", 212), ("C 204 210", "R", 211),
    ("C  204 210 H", "R", 211), ("C 204 210 H ", "R", 211),
    ("C 0204 210 H", "R", 211), ("c 204 210 H", "R", 211),
    ("", "0 H", 204), ("", "R", 205), ("", "R ", 204)])
def test_an_adopt_that_is_none(lost, resumes, seq, tmp_path):
    """However well it is signed."""
    last = f"{SEQS[-1]} {BASE.hash}"
    trail = BASE.copy()
    words = {"C": BASE.chain, "H": "0" * 64, "R": last, "c": "X" * 32}
    lost, resumes = ("".join(words.get(word, word) for word in
                             text.replace(" ", "\0 \0").split("\0"))
                     for text in (lost, resumes))
    trail.add(ALICE, {"action": "adopt", "lost": lost, "resumes": resumes},
              gap=seq - trail.seq - 1)
    assert check([("form", *with_head(trail.entries), {"edit"}, {seq})],
                 tmp_path) == 10


def test_an_adopt_resumes_the_last_good_entry(tmp_path):
    cases = []
    for i in ENDS[::5]:
        for name, one in (
                ("an earlier one", ENTRIES[i - 1][0:1]
                 + (ENTRIES[i - 1][1]["hash"],)),
                ("another hash", (SEQS[i], "0" * 64)), ("none", ())):
            if i == 0 and name == "an earlier one":
                continue
            trail = past(i)
            trail.adopt(ALICE, 300, resumes=one)
            cases.append((f"{SEQS[i]} {name}", *with_head(trail.entries),
                          {"fork"}, {301}))
    assert check(cases, tmp_path) == 10


# whatever an attacker with revoked keys and old copies may think of

def stronghold():
    """A trail of 40 entries, with adopts of two kinds; BOB is revoked; and
    what stood in Redis at other times, signed by those who count."""
    trail = Trail(40)
    trail.add(ALICE, {"action": "init"})
    others = []
    while len(trail.entries) < 40:
        n = len(trail.entries)
        key = trail.random.choice([ALICE, CAROL] + [BOB] * (n < 20))
        trail.add(key, *(trail.change(host) for host in trail.random.sample(
            HOSTS, trail.random.choice([1, 1, 2, 3]))))
        if n in range(8, 40, 8):
            # another end that was lost
            others.append(trail.copy().add(ALICE, trail.change("h1.example"),
                                           trail.change("h2.example"))
                          .add(CAROL, trail.change("h3.example")))
            others[-1].random.seed(n)
        if n == 16:
            stays = trail.head()
            mend(forge(trail, MALLORY), stays)
    return trail, others


def test_generated(tmp_path):
    """2,000 trails made of up to four steps each: both verifiers say the same
    of all, and that one is well only if what counts in it is the true one:
    what stands before an adopt that gives it up may be anything."""
    trail, others = stronghold()
    end = next(i for i in range(20, 40) if "sig" in trail.entries[i][1])
    seq, last = trail.entries[end]
    signers = [t.signer("alice", ALICE), t.signer("carol", CAROL),
               t.signer("bob", BOB, until=(seq, last["hash"])),
               t.signer("dave", DAVE, may="notice")]
    kept = tmp_path / "kept"
    kept.write_text(t.checkpoint(CAROL, *trail.head()))
    head = header(*trail.head())
    lines = [entry_line(*entry) for entry in trail.entries]
    base = Prefixes(head, lines, signers, [trail.head()])
    cases, seen = [], set()
    attack = Attack(trail, others)
    while len(cases) < 2000:
        name, entries = attack.make()
        text = [entry_line(*entry) for entry in entries]
        if not entries or text == lines or tuple(text) in seen:
            continue
        seen.add(tuple(text))
        first = header(trail.chain, entries[-1][0], entries[-1][1]["hash"])
        cases.append((name, first, text, SAME, None))
    status = check(cases, tmp_path, base, "--checkpoint", kept)
    assert status == 10
    assert check([("true", head, lines, None, None)], tmp_path, base,
                 "--checkpoint", kept) == 0


class Attack:
    """Steps of somebody who may write to Redis, has the keys of BOB (revoked),
    DAVE (who may only write notices) and MALLORY (nobody), and copies."""

    HELD = BOB, DAVE, MALLORY

    def __init__(self, trail, others):
        self.trail, self.others = trail, others
        self.random = trail.random
        self.genuine = [e for one in (trail, *others) for e in one.entries]

    def make(self):
        entries, names = list(self.trail.entries), []
        for _ in range(self.random.randint(1, 4)):
            step = self.random.choice([
                self.delete, self.twice, self.swap, self.change, self.cut,
                self.splice, self.append, self.adopt, self.adopt, self.strip,
                self.relink, self.relink, self.replay, self.resign])
            if entries:
                entries = step(entries, self.random.randrange(len(entries)))
                names.append(step.__name__)
        return " ".join(names), entries

    def key(self):
        return self.random.choice(self.HELD)

    def delete(self, entries, i):
        return entries[:i] + entries[i + self.random.randint(1, 3):]

    def twice(self, entries, i):
        return entries[:i + 1] + entries[i:]

    def swap(self, entries, i):
        return entries[:i] + entries[i:i + 2][::-1] + entries[i + 2:]

    def change(self, entries, i):
        seq, entry = entries[i]
        name = self.random.choice(list(VALUES))
        return [*entries[:i], (seq, {**entry, name: VALUES[name]}),
                *entries[i + 1:]]

    def cut(self, entries, i):
        return entries[:i + 1]

    def splice(self, entries, i):
        return entries[:i] + self.random.choice(self.others).entries[i:]

    def strip(self, entries, i):
        gone = self.random.choice([("sig",), ("root",), ("root", "sig"),
                                   ("key", "root", "sig")])
        return [*entries[:i], (entries[i][0], {
            n: v for n, v in entries[i][1].items() if n not in gone}),
                *entries[i + 1:]]

    def relink(self, entries, i):
        return relink(entries, i, self.HELD)

    def replay(self, entries, i):
        seq, entry = self.random.choice(self.genuine)
        return [*entries[:i], (entries[i][0], entry), *entries[i + 1:]]

    def resign(self, entries, i):
        seq, entry = entries[i]
        key = self.key()
        entry = {**entry, "key": key.public}
        entry.setdefault("root", self.random.randbytes(32).hex())
        entry["hash"] = t.entry_hash(seq, entry)
        entry["sig"] = key.sign_entry(entry)
        return [*entries[:i], (seq, entry), *entries[i + 1:]]

    def behind(self, entries):
        trail = self.trail.copy()
        trail.entries = list(entries)
        return trail

    def append(self, entries, i):
        trail = self.behind(entries)
        return trail.add(self.key(), trail.change("h1.example", "unlock"),
                         sign=self.random.random() < 0.9).entries

    def adopt(self, entries, i):
        """Here, of what stands there or of what is to come."""
        trail = self.behind(entries[:i + 1])
        last = self.random.choice([0, trail.seq + 1, trail.seq + 9, 40, 1000])
        stays = self.random.randrange(i + 1)
        stays = (entries[stays][0], entries[stays][1]["hash"])
        trail.adopt(self.key(), max(last, trail.seq) if last else 0,
                    resumes=self.random.choice([None, stays, stays]))
        rest = [e for e in entries[i + 1:] if e[0] > trail.seq]
        return trail.entries + self.random.choice([[], rest, entries[i + 1:]])


def test_without_a_signers_file(tmp_path):
    """Hashes and links, and that a signature is of the key it names: more
    cannot be said, and that is not well either."""
    loose = [(seq, {name: value for name, value in e.items()
                    if name not in ("key", "root", "sig")})
             for seq, e in ENTRIES]
    mallory = [(seq, {**e, "key": MALLORY.public}) for seq, e in ENTRIES]
    cases = [("whole", HEAD, LINES, None, None),
             ("unsigned", *with_head(relink(loose, 0)), None, None),
             ("a foreign key", *with_head(relink(mallory, 0, [MALLORY])),
              None, None)]
    base = Prefixes(HEAD, LINES, None)
    assert check(cases, tmp_path, base) == 1
    cases += [case for case in field_cases(1)][::7]
    for i in ENDS[::7]:
        end = row_of(i)[1]
        entries = relink(forged(i, {"reason": "paid"}), i)
        cases.append((f"{SEQS[i]} rewritten", *with_head(entries),
                      {"signature"}, {SEQS[end]}))
        # nobody can adopt for others
        trail = forge(past(i), ALICE)
        trail.entries[-1][1]["sig"] = "4" * 128
        stays = past(i).head()
        mend(trail, stays)
        cases.append((f"{SEQS[i]} adopted", *with_head(trail.entries),
                      {"signature"}, {SEQS[i] + 1}))
    assert check(cases, tmp_path, base) == 10


def test_spliced(tmp_path):
    """With a trail of others, and with another end of this one."""
    other = two_hundred_of_another_chain()
    cases = []
    for i in range(1, len(ENTRIES)):
        lines = LINES[:i] + [entry_line(*e) for e in other[i:]]
        cases.append((f"{i} of another chain", HEAD, lines, {"fork"},
                      {other[i][0]}))
    twin = Trail(200)
    twin.add(ALICE, {"action": "init"})
    while len(twin.entries) < 200:
        twin.add(ALICE, *(twin.change(HOSTS[n]) for n in range(3)))
    for i in range(2, 150):
        lines = LINES[:i] + [entry_line(*e) for e in twin.entries[i:]]
        cases.append((f"{i} of a twin", HEAD, lines, {"fork"},
                      {twin.entries[i][0]}))
    assert twin.chain == BASE.chain
    assert check(cases, tmp_path) == 10


def two_hundred_of_another_chain():
    entries = [(seq, {**e, "chain": "ab" * 16}) for seq, e in ENTRIES]
    return relink(entries, 0, KEYS.values())


# fields that this version does not know

def later():
    """Each entry has two more, somewhere among the others."""
    entries = []
    for i, (seq, entry) in enumerate(ENTRIES):
        items = list(entry.items())
        items.insert(i % (len(items) + 1), ("Colour-2", "bläu\nline"))
        items.insert(i % 7, ("pri_or", str(i)))
        entries.append((seq, dict(items)))
    return entries


def test_unknown_fields(tmp_path):
    """Each is covered by the hash, and so is its place."""
    good = relink(later(), 0, KEYS.values())
    head, lines = with_head(good)
    cases = [("good", head, lines, None, None)]

    def case(name, i, entry):
        cases.append((f"{good[i][0]} {name}", head,
                      [*lines[:i], entry_line(good[i][0], entry),
                       *lines[i + 1:]], {"edit"}, None))

    for i in range(0, len(good), 9):
        entry = good[i][1]
        case("changed", i, {**entry, "Colour-2": "red"})
        case("emptied", i, {**entry, "Colour-2": ""})
        case("another name", i, {
            "Colour-3" if name == "Colour-2" else name: value
            for name, value in entry.items()})
        case("added", i, {**entry, "shade": "dark"})
        case("order", i, dict(reversed(entry.items())))
        case("no name", i, {**entry, "a b": ""})
        case("no text", i, {**entry, "more": 1})
        case("many", i, {**entry, **{f"n{n}": "" for n in range(64)}})
    base = Prefixes(head, lines, signers_of(good))
    assert check(cases, tmp_path, base) == 10


@pytest.mark.parametrize("v", ["1", "3", "20", ""])
def test_another_version(v, tmp_path):
    """It is no entry that can be judged, however well it is linked."""
    cases = []
    for i in range(0, len(ENTRIES), 20):
        first, lines = with_head(relink(forged(i, {"v": v}), i,
                                        KEYS.values()))
        cases.append((f"{SEQS[i]}", first, lines, {"edit"},
                      {SEQS[i - 1] + 1 if i else 1}))
    assert check(cases, tmp_path) == 10


# another realm

def of_realm(realm, entries):
    return [(seq, {**e, **({"sig": KEYS[e["key"]].sign_entry(e, realm)}
                           if "sig" in e else {})})
            for seq, e in entries]


def test_another_realm(tmp_path):
    """What was signed in a copy under another name is worth nothing here."""
    first, lines = with_head(of_realm("staging", ENTRIES))
    staging = first.replace('"realm":"-"', '"realm":"staging"')
    cases = [("all", first, lines, {"signature"}, {1})]
    for i in ENDS[::9]:
        begin, _ = row_of(i)
        entries = ENTRIES[:begin] + of_realm("staging", ENTRIES[begin:])
        cases.append((f"{SEQS[i]} on", *with_head(entries), {"signature"},
                      {SEQS[i]}))
    chain, seq, hash = BASE.head()
    cases.append(("checkpoint", HEAD, [*LINES, line({
        "checkpoint": t.checkpoint(ALICE, chain, seq, hash, "staging")})],
        {"fork"}, {seq}))
    assert check(cases, tmp_path) == 10

    # a file that says so is not even looked at, unless that is meant
    for text in lines, LINES:
        assert paylock_admin([(staging, text)], tmp_path) == (1, [])
    base = Prefixes(staging, lines, realm="staging")
    assert check([("meant", staging, lines, None, None)], tmp_path, base,
                 "--realm", "staging") == 0
    assert check([("not so", staging, LINES, {"signature"}, {1})], tmp_path,
                 base, "--realm", "staging") == 10


# what is good

def test_never_accused(tmp_path):
    """The trail, the trail at each time, and the same in other clothes."""
    cases = [("whole", HEAD, LINES, None, None)]
    for i in ENDS:
        if i >= PINNED:
            cases.append((f"{i}", *with_head(ENTRIES[:i + 1]), None, None))
    # what the leaf does not cover may stand anywhere, and may be empty
    loose = []
    for seq, entry in ENTRIES:
        links = {name: entry[name] for name in LINKS if name in entry}
        rest = {name: entry[name] for name in entry if name not in LINKS}
        loose.append(line({"empty": "", **links, **rest, "seq": seq}))
    cases.append(("loose", HEAD, loose, None, None))
    cases.append(("checkpoint", HEAD, [
        *LINES, line({"checkpoint": t.checkpoint(CAROL, *BASE.head())})],
        None, None))
    assert check(cases, tmp_path) == 0
    for _, first, lines, _, _ in cases:
        verify.verify_export(first + "".join(lines), "\n".join(SIGNERS))


# exports of one host

EXPORT = t.path(ENTRIES, HOSTS[3], [SEQS[PINNED]])
EXPORT_HEAD = header(*BASE.head(), HOSTS[3])


def test_an_export(tmp_path):
    """Whatever is done to a line is found, if not always in its place."""
    point = line({"checkpoint": t.checkpoint(CAROL, *BASE.head())})
    items = [json.loads(text) for text in EXPORT]
    hashes = [dict(ENTRIES)[item["seq"]]["hash"] for item in items]
    full = [i for i, item in enumerate(items) if item.get("host")]
    assert sum("leaf" in item for item in items) > 50
    prefixes = Prefixes(EXPORT_HEAD, EXPORT)
    cases = [("whole", EXPORT_HEAD, EXPORT, None, None),
             ("with a checkpoint", EXPORT_HEAD, [*EXPORT, point], None, None)]

    def case(name, i, *lines, n=1, kinds=("edit", "fork", "gap", "signature",
                                           "key")):
        cases.append((f"{items[i]['seq']} {name}", EXPORT_HEAD,
                      [*EXPORT[:i], *lines, *EXPORT[i + n:]], set(kinds),
                      None))

    for i, item in enumerate(items):
        # to pass over lines by the skip of the next is another way
        if not i or i + 1 == len(items) or (
                items[i + 1]["skip"] != hashes[i - 1]):
            case("gone", i)
        elif i in full[:-1]:
            case("left out", i, kinds={"gap", "signature"})
        if not i or i + 2 >= len(items) or (
                items[i + 2]["skip"] != hashes[i - 1]):
            case("and the next gone", i, n=2)
        case("twice", i, EXPORT[i], EXPORT[i])
        case("before the next", i, *reversed(EXPORT[i:i + 2]), n=2) \
            if i + 1 < len(items) else None
        for link in "prev", "skip":
            case(f"another {link}", i, line({**item, link: "0" * 63 + "1"}))
        if "leaf" not in item:
            leaf = {"seq": item["seq"], "leaf": t.entry_leaf(
                {k: v for k, v in item.items() if k != "seq"}),
                "prev": item["prev"], "skip": item["skip"]}
            case("another", i, entry_line(item["seq"], {
                **item, "reason": "paid"}))
            if item.get("host") and i != full[-1]:
                case("hidden", i, line(leaf), kinds={"gap", "signature"})
            # by its skip a way may pass over what was given up
            if (item["action"] == "adopt"
                    and item["skip"] != hashes[i - 1]):
                case("hidden", i, line(leaf))
            continue
        case("another leaf", i, line({**item, "leaf": "0" * 64}))
        case("no leaf", i, line({**item, "leaf": "0" * 63}))
        case("another seq", i, line({**item, "seq": item["seq"] + 1}))
        if "sig" in item:
            bare = {name: item[name] for name in ("seq", "leaf", "prev",
                                                  "skip")}
            # the next signature of that key would be as good
            if next((after["key"] for after in items[i + 1:]
                     if "sig" in after), None) != item["key"]:
                case("not signed", i, line(bare))
            case("no key", i, line({**bare, "sig": item["sig"]}))
            case("another key", i, line({**item, "key": MALLORY.public}))
            case("another sig", i, line({**item, "sig": "0" * 128}))
            case("another root", i, line({**item, "root": "0" * 64}))
    assert len(cases) > 500
    assert check(cases, tmp_path, prefixes) == 10


def test_a_checkpoint_in_an_export(tmp_path):
    chain, seq, hash = BASE.head()

    def case(name, text, kind):
        return name, HEAD, [*LINES, line({"checkpoint": text})], {kind}, {seq}

    good = t.checkpoint(ALICE, chain, seq, hash)
    cases = [
        case("of nobody", t.checkpoint(MALLORY, chain, seq, hash), "key"),
        case("revoked", t.checkpoint(BOB, chain, seq, hash), "key"),
        case("of another", t.checkpoint(ALICE, chain, seq, "0" * 64), "fork"),
        case("changed", good.replace("time 1", "time 2"), "signature"),
        case("longer", good + "\n", "signature"),
        case("no text", 5, "signature"),
        ("early", HEAD, [line({"checkpoint": good}), *LINES], {"fork"},
         {seq})]
    assert check(cases, tmp_path) == 10


def test_the_first_line(tmp_path):
    chain, seq, hash = BASE.head()
    cases = [
        ("hash", header(chain, seq, "0" * 64), LINES, {"edit"}, {0}),
        ("less", header(chain, seq - 1, hash), LINES, {"edit"}, {0}),
        ("more", header(chain, seq + 9, hash), LINES, {"gap"}, {seq + 1})]
    assert check(cases, tmp_path) == 10
