# Copyright (C) 2026 paylock contributors
#
# What the keys of signers may: revoked ones, limits, pins.

from support import trail as t
from support.two_hundred import (
    ADOPT, ALICE, BASE, BOB, CAROL, DAVE, ENDS, ENTRIES, HEAD, LINES, MALLORY,
    PINNED, SEQS, Prefixes, check, past, resigned, row_of, signers_of,
    with_head)


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
