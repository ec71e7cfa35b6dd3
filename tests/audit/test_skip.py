# Copyright (C) 2026 paylock contributors
#
# The link of each entry that leads far back: what paylock-admin writes, also
# where an adopt gave entries up, and that both verifiers look at it.

import pytest

from oracle import verify
from support import trail as t
from support.chain import AUDIT, ZEROS, entry_hash
from support.cli import failed, operator, signers_of
from support.trail import Key, Trail, entry_line, header

__all__ = ["operator"]

ALICE = Key(1)


@pytest.fixture
def alice(operator):
    alice = operator("alice")
    alice("init")
    return alice


def entries_of(client):
    return [(int(id.split("-")[0]), e) for id, e in client.xrange(AUDIT)]


def check(entries):
    """Written from the sentence in docs/audit-format.md."""
    stands = {}
    for seq, entry in entries:
        if entry.get("reason") == "forged":
            continue
        if entry["action"] == "adopt":
            stays = int(entry["resumes"].split()[0])
            stands = {s: h for s, h in stands.items() if s <= stays}
        last = max((s for s in stands if s <= seq & seq - 1), default=0)
        assert entry["skip"] == stands.get(last, ZEROS), seq
        stands[seq] = entry["hash"]


def forge(client, *seqs):
    """Adds entries of nobody behind the last one."""
    _, last = entries_of(client)[-1]
    for seq in seqs:
        client.xadd(AUDIT, {**last, "reason": "forged"}, id=f"{seq}-0")


def test_what_is_written(alice, redis):
    """One by one, many at once, and over what adopts gave up."""
    client = redis.client()
    for i in range(9):
        alice("lock", f"a{i}.example", "--reason", "one")
    alice("lock", *(f"b{i}.example" for i in range(60)), "--yes")
    forge(client, 71, 72, 73)                       # 72 would be a target
    alice("adopt", "--yes")
    for i in range(4):
        alice("unlock", f"a{i}.example", "--reason", "two")
    forge(client, *range(79, 98))                   # 96, too
    alice("adopt", "--yes")
    alice("unlock", *(f"b{i}.example" for i in range(35)), "--yes")
    entries = entries_of(client)
    assert [s for s, e in entries if e["action"] == "adopt"] == [74, 98]
    check(entries)
    alice("audit", "verify")


def test_the_entry_it_leads_to_is_gone(alice, redis):
    """A false link is never signed: the trail must be mended first."""
    client = redis.client()
    alice("lock", *(f"h{i}.example" for i in range(4)), "--yes")
    client.xdel(AUDIT, "4-0")
    error = failed(alice("--json", "lock", "x.example", check=False), 1,
                   "chain_broken")
    assert "up to 4 " in error["message"]
    assert entries_of(client)[-1][0] == 5


@pytest.mark.parametrize("how", ["zeros", "other", "none", "next"])
@pytest.mark.parametrize("seq", [2, 7, 8, 12, 20, 24, 31])
def test_verifiers(how, seq, redis, admin, private):
    """A signer who counts has signed it."""
    trail = Trail(3).add(ALICE, {"action": "init"})
    while trail.seq < seq - 1:
        trail.add(ALICE, trail.change(f"h{trail.seq % 5}.example"))
        if trail.seq == 13:
            trail.adopt(ALICE, 18)
    right = trail.copy().add(ALICE, trail.change("x.example"))
    wrong = trail.copy().add(ALICE, trail.change("x.example"))
    at, entry = wrong.entries[-1]
    skip = {"zeros": ZEROS, "other": "f" * 64, "none": "",
            "next": trail.hash}[how]
    same = skip == entry["skip"]
    entry["skip"] = skip
    entry["hash"] = entry_hash(at, entry)
    entry["sig"] = ALICE.sign_entry(entry)
    t.signers_file(signers_of(admin), ALICE)
    signers = t.signer("alice", ALICE)
    for made, good in (right, True), (wrong, same):
        try:
            verify.verify_stream([(f"{s}-0", e) for s, e in made.entries],
                                 signers=signers)
            kind = None
        except verify.Fault as fault:
            kind = fault.kind, fault.seq
        assert kind == (None if good else ("edit" if how == "none"
                                           else "fork", seq))
        path = private / f"export-{good}"
        path.write_text(header(*made.head()) + "".join(
            entry_line(*e) for e in made.entries))
        done = admin("--json", "audit", "verify", path, check=False)
        assert done.returncode == (0 if good else 10), done.stdout
