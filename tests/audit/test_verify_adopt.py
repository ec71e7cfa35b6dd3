# Copyright (C) 2026 paylock contributors
#
# What an adopt gives up, and what it may not.

import pytest

from support import trail as t
from support.trail import Trail, entry_line, header
from support.two_hundred import (
    ALICE, BASE, BOB, CAROL, ENDS, ENTRIES, KEYS, MALLORY, SEQS, Prefixes,
    check, faults_of, forge, mend, past, paylock_admin, with_head)


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
