# Copyright (C) 2026 paylock contributors
#
# Each way to tamper with a trail that needs no key: its fields, and lines that
# go, come and move.

import pytest

from oracle import verify
from support import trail as t
from support.chain import LINKS
from support.trail import entry_line, line, relink
from support.two_hundred import (
    ADOPT, ALICE, BASE, BOB, CAROL, DAVE, ENDS, ENTRIES, HEAD, KEYS, LINES,
    PARTS, PINNED, SEQS, SIGNERS, Prefixes, check, field_cases, forged,
    signers_of, with_head)


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


@pytest.mark.parametrize("part", range(PARTS))
def test_every_field(part, tmp_path):
    cases = list(field_cases(part))
    assert len(cases) > 5200 // PARTS
    assert check(cases, tmp_path) == 10


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
