# Copyright (C) 2026 paylock contributors
#
# Forgers who compute the hashes anew, or take what was signed elsewhere.

from support import trail as t
from support.trail import Trail, entry_line, line, relink
from support.two_hundred import (
    ALICE, BASE, BOB, ENDS, ENTRIES, HEAD, HOSTS, KEYS, LINES, MALLORY, PINNED,
    SEQS, Prefixes, check, field_cases, forge, forged, mend, past,
    paylock_admin, resigned, row_of, with_head)


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
