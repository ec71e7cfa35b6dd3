# Copyright (C) 2026 paylock contributors
#
# A trail of 200 entries signed with three keys, and each way to tamper with
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

ALICE, BOB, CAROL, MALLORY = (Key(byte) for byte in (1, 2, 3, 66))
KEYS = {key.public: key for key in (ALICE, BOB, CAROL, MALLORY)}
HOSTS = [f"h{i}.example" for i in range(12)]


def two_hundred():
    """Rows of one to eight entries; BOB's key is revoked in the middle; one
    adopt leaves a gap."""
    trail = Trail(200)
    trail.add(ALICE, {"action": "init"})
    trail.add(ALICE, {"action": "key-add", "subject": BOB.public,
                      "reason": "Bob"})
    trail.add(BOB, {"action": "key-add", "subject": CAROL.public})
    people = [ALICE, BOB, CAROL]
    while len(trail.entries) < 200:
        n = len(trail.entries)
        if n == 60:
            trail.add(CAROL, {"action": "notice", "host": HOSTS[0],
                              "amount": "1200.00", "currency": "EUR",
                              "due": "2026-11-01", "channel": "letter",
                              "sent": "2026-11-02", "reference": "R 1",
                              "document": "ab" * 32, "invoice": "F-1"})
        elif n >= 100 and BOB in people:
            trail.add(CAROL, {"action": "key-revoke", "subject": BOB.public})
            people.remove(BOB)
        elif n >= 150 and not any(e["action"] == "adopt"
                                  for _, e in trail.entries):
            trail.add(ALICE, {"action": "adopt", "reason": "entries lost"},
                      skip=3)
        else:
            rows = trail.random.choice([1, 2, 3, 6, 8])
            limit = 60 if n < 60 else 200
            trail.add(trail.random.choice(people),
                      *(trail.change(trail.random.choice(HOSTS),
                                   trail.random.choice(
                                       ["lock", "unlock", "reset"]),
                                   reason="überfällig")
                        for _ in range(min(rows, limit - n))))
    return trail


BASE = two_hundred()
ENTRIES = BASE.entries
LINES = [entry_line(*entry) for entry in ENTRIES]
SEQS = [seq for seq, _ in ENTRIES]
HEAD = header(*BASE.head(), ALICE.public)
ENDS = [i for i, (_, entry) in enumerate(ENTRIES) if "sig" in entry]
ADOPT = next(i for i, (_, e) in enumerate(ENTRIES) if e["action"] == "adopt")
REVOKED = next(i for i, (_, e) in enumerate(ENTRIES)
               if e["action"] == "key-revoke")


def row_of(i):
    """The first and the last index of the transaction of an entry."""
    request = ENTRIES[i][1]["request"]
    row = [j for j, (_, e) in enumerate(ENTRIES) if e["request"] == request]
    return row[0], row[-1]


def test_the_base():
    assert len(ENTRIES) == 200 and SEQS[-1] == 203
    assert {e["key"] for _, e in ENTRIES} == {ALICE.public, BOB.public,
                                              CAROL.public}
    assert 40 < len(ENDS) < 140
    assert SEQS[ADOPT] == SEQS[ADOPT - 1] + 4


class Prefixes:
    """What the second verifier knows behind each line of an export, so that
    it need not read again what was not touched."""

    def __init__(self, first, lines):
        self.lines = lines
        v = verify.Verifier(json.loads(first)["chain"], ALICE.public)
        self.states = [copy.deepcopy(v)]
        for text in lines:
            verify.export_line(v, text)
            self.states.append(copy.deepcopy(v))

    def verdict(self, first, lines):
        same = next((i for i, (a, b) in enumerate(zip(lines, self.lines))
                     if a != b), min(len(lines), len(self.lines)))
        v = copy.deepcopy(self.states[same])
        head = json.loads(first)
        try:
            assert v.chain == head["chain"]
            for text in lines[same:]:
                verify.export_line(v, text)
            verify.compare(v, head)
            v.end()
        except verify.Fault as fault:
            return fault.kind, fault.seq
        return None


def paylock_admin(cases, tmp_path, *options):
    """What audit verify says of many exports in one file: the first fault of
    each.  What was written is large: it goes through a pipe."""
    argv = [servers.CLI, "--json", "audit", "verify", "-", "--trust",
            ALICE.public, *options]
    with open(tmp_path / "verdicts", "w+") as out:
        p = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=out, text=True,
            stderr=subprocess.DEVNULL, encoding="utf-8",
            env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"})
        for first, lines in cases:
            p.stdin.write(first + "".join(lines))
        p.stdin.close()
        status = p.wait(120)
        out.seek(0)
        verdicts = [json.loads(text) for text in out]
    return status, [
        (v["faults"][0]["kind"], v["faults"][0]["seq"] or 0)
        if v["faults"] else None for v in verdicts]


def check(cases, tmp_path, base=None, *options):
    """cases: (name, first line, lines, kinds, seqs or None).  Both verifiers
    agree on each, and each is found and rightly named."""
    prefixes = base or Prefixes(HEAD, LINES)
    status, found = paylock_admin([case[1:3] for case in cases], tmp_path,
                                  *options)
    assert len(found) == len(cases)
    for (name, first, lines, kinds, seqs), one in zip(cases, found):
        other = prefixes.verdict(first, lines)
        assert one == other, name
        if kinds is None:
            assert one is None, name
            continue
        assert one is not None, f"{name}: not found"
        assert one[0] in kinds, (name, one)
        assert seqs is None or one[1] in seqs, (name, one)
    return status


def with_head(entries, genesis=ALICE.public):
    """An export whose first line fits: what a forger makes."""
    seq, last = entries[-1]
    return (header(BASE.chain, seq, last["hash"], genesis),
            [LINES[i] if i < len(ENTRIES) and ENTRIES[i] is entries[i]
             else entry_line(*entries[i]) for i in range(len(entries))])


# another value of each field, of the right form and of none

VALUES = {
    "v": "1", "chain": "0" * 32, "time": "1", "actor": "eve",
    "machine": "laptop", "action": "settle", "host": "other.example",
    "before": '{"at":1}', "after": '{"at":1,"open_at":1}', "reason": "paid",
    "invoice": "F-0", "amount": "1.00", "currency": "USD",
    "due": "2027-01-01", "channel": "fax", "sent": "2027-01-01",
    "reference": "R 2", "document": "cd" * 32, "subject": MALLORY.public,
    "request": "again", "key": MALLORY.public, "salt": "1" * 32,
    "prev": "2" * 64, "hash": "3" * 64, "sig": "4" * 128}


def field_cases(part):
    """Each field of each entry is changed, a third of them is removed."""
    for i, (seq, entry) in enumerate(ENTRIES):
        if i % PARTS != part:
            continue
        # what is of no form is named by its place
        place = {seq, SEQS[i - 1] + 1} if i else {seq}
        for k, (name, value) in enumerate(VALUES.items()):
            kinds = {"signature" if name == "sig" else "edit"}
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
        cases.append((f"{seq} twice", HEAD,
                      LINES[:i + 1] + LINES[i:], {"fork"}, {seq}))
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
                      None if i - 1 in ENDS else {"signature"}, None))
    prefixes = Prefixes(HEAD, LINES)
    _, alone = paylock_admin([case[1:3] for case in cases], tmp_path)
    status, found = paylock_admin([case[1:3] for case in cases], tmp_path,
                                  "--checkpoint", kept)
    assert status == 10
    for (name, first, lines, kinds, _), one, two in zip(cases, alone, found):
        assert one == prefixes.verdict(first, lines), name
        assert one is None if kinds is None else one[0] in kinds
        assert two == (one or ("rollback", SEQS[-1])), name


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
        cases.append((f"{seq} rewritten", first, lines, {"signature"},
                      {SEQS[row_of(i)[1]]}))
        # the entry alone: what follows does not follow
        alone = relink(ENTRIES[:i] + [forged(i, {"reason": "paid"})[i]], i)
        cases.append((f"{seq} alone", HEAD,
                      [*LINES[:i], entry_line(*alone[i]), *LINES[i + 1:]],
                      {"signature"} if i in ENDS else {"fork"}, None))
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
                 {"key"} if entry["key"] == BOB.public else {"signature"})
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
    cases.append(("all", *with_head(relink(entries, 0, [MALLORY]),
                                    MALLORY.public), {"key"}, {1}))
    # a key that adds itself, and one that names itself in another entry
    for fields in ({"action": "key-add", "subject": MALLORY.public},
                   {"action": "adopt"}, BASE.change("h1.example")):
        trail = BASE.copy().add(MALLORY, fields)
        cases.append((fields["action"], *with_head(trail.entries), {"key"},
                      {SEQS[-1] + 1}))
    assert check(cases, tmp_path) == 10


def test_signed_by_a_revoked_key(tmp_path):
    cases = []
    for i in ENDS:
        if i <= REVOKED:
            continue
        begin, entries = resigned(i, BOB)
        cases.append((f"{SEQS[i]} revoked", *with_head(entries), {"key"},
                      {SEQS[begin]}))
    assert len(cases) > 15
    # what somebody may do whose key counts, but not this
    cases.append(("itself", *with_head(BASE.copy().add(
        CAROL, {"action": "key-revoke", "subject": CAROL.public}).entries),
        {"key"}, {SEQS[-1] + 1}))
    assert check(cases, tmp_path) == 10


def test_unsigned(tmp_path):
    """Who has no key leaves it away."""
    cases = []
    for i in ENDS:
        begin, _ = row_of(i)
        entries = ENTRIES[:begin] + [
            (seq, {name: value for name, value in e.items()
                   if name not in ("key", "sig")})
            for seq, e in ENTRIES[begin:]]
        entries = relink(entries, begin)
        genesis = "" if begin == 0 else ALICE.public
        cases.append((f"{SEQS[i]} on", *with_head(entries, genesis),
                      {"signature"}, {SEQS[begin]}))
    assert check(cases, tmp_path) == 10


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
    assert check(cases, tmp_path, Prefixes(head, lines)) == 10


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
    cases = [("all", first, lines, {"signature"}, {1}),
             ("and it says so", staging, lines, {"signature"}, {1}),
             ("the first line alone", staging, LINES, {"edit"}, {0})]
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

    v = verify.Verifier(BASE.chain, ALICE.public, "staging")
    for text in lines:
        verify.export_line(v, text)
    v.end()


# what is good

def test_never_accused(tmp_path):
    """The trail, the trail at each time, and the same in other clothes."""
    cases = [("whole", HEAD, LINES, None, None)]
    for i in ENDS:
        first, lines = with_head(ENTRIES[:i + 1])
        cases.append((f"{i}", first, lines, None, None))
    # what the leaf does not cover may stand anywhere, and may be empty
    loose = []
    for seq, entry in ENTRIES:
        links = {name: entry[name] for name in LINKS if name in entry}
        rest = {name: entry[name] for name in entry if name not in LINKS}
        loose.append(line({"empty": "", **links, **rest, "seq": seq}))
    cases.append(("loose", HEAD, loose, None, None))
    cases.append(("later", *with_head(relink(later(), 0, KEYS.values())),
                  None, None))
    cases.append(("checkpoint", HEAD, [
        *LINES, line({"checkpoint": t.checkpoint(CAROL, *BASE.head())})],
        None, None))
    assert check(cases, tmp_path) == 0
    for _, first, lines, _, _ in cases:
        verify.verify_export(first + "".join(lines), ALICE.public)


# exports of one host

EXPORT = t.leaves(ENTRIES, HOSTS[3])
EXPORT_HEAD = header(*BASE.head(), ALICE.public, HOSTS[3])


def test_an_export(tmp_path):
    """Whatever is done to a line is found, if not always in its place."""
    point = line({"checkpoint": t.checkpoint(CAROL, *BASE.head())})
    items = [json.loads(text) for text in EXPORT]
    assert sum("leaf" in item for item in items) > 150
    prefixes = Prefixes(EXPORT_HEAD, EXPORT)
    cases = [("whole", EXPORT_HEAD, EXPORT, None, None),
             ("with a checkpoint", EXPORT_HEAD, [*EXPORT, point], None, None)]

    def case(name, i, *lines):
        cases.append((f"{SEQS[i]} {name}", EXPORT_HEAD,
                      [*EXPORT[:i], *lines, *EXPORT[i + 1:]],
                      {"edit", "fork", "gap", "signature", "key"}, None))

    for i, item in enumerate(items):
        case("gone", i)
        case("twice", i, EXPORT[i], EXPORT[i])
        if "leaf" not in item:
            leaf = {"seq": item["seq"], "leaf": t.entry_leaf(
                {k: v for k, v in item.items() if k != "seq"})}
            case("another", i, entry_line(item["seq"], {
                **item, "reason": "paid"}))
            # keys that come and go cannot be hidden
            if item["action"] in ("key-add", "key-revoke") \
                    and item["subject"] != BOB.public:
                case("hidden", i, line(leaf))
            continue
        case("another leaf", i, line({**item, "leaf": "0" * 64}))
        case("no leaf", i, line({**item, "leaf": "0" * 63}))
        case("another seq", i, line({**item, "seq": item["seq"] + 1}))
        if "sig" in item:
            bare = {"seq": item["seq"], "leaf": item["leaf"]}
            case("not signed", i, line(bare))
            case("no key", i, line({**bare, "sig": item["sig"]}))
            case("another key", i, line({**item, "key": MALLORY.public}))
            case("another sig", i, line({**item, "sig": "0" * 128}))
    assert len(cases) > 900
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
        ("early", HEAD, [line({"checkpoint": good}), *LINES], {"key"},
         {seq})]
    assert check(cases, tmp_path) == 10


def test_the_first_line(tmp_path):
    chain, seq, hash = BASE.head()
    cases = [
        ("hash", header(chain, seq, "0" * 64, ALICE.public), LINES,
         {"edit"}, {0}),
        ("key", header(chain, seq, hash, BOB.public), LINES, {"edit"}, {0}),
        ("no key", header(chain, seq, hash), LINES, {"edit"}, {0}),
        ("less", header(chain, seq - 1, hash, ALICE.public), LINES,
         {"edit"}, {0}),
        ("more", header(chain, seq + 9, hash, ALICE.public), LINES,
         {"gap"}, {seq + 1})]
    assert check(cases, tmp_path) == 10
