# Copyright (C) 2026 paylock contributors
#
# What an attacker may do to a trail that is archived in part: both verifiers
# find it, and find the same.

import json
import random

import pytest

from oracle import verify as oracle
from support import archive as ar, trail as t
from support.archive import ALICE, BOB, MALLORY, archive, stream, verify
from support.chain import AUDIT, LOCKS, ROOT, entry_hash
from support.cli import signers_of
from support.trail import pin, signer


class Archived:
    """A trail of which two archives were made, and some entries after them:
    what Redis holds, and the files."""

    def __init__(self, admin, client):
        self.admin, self.client = admin, client
        self.trail = ar.days()
        ar.put(client, self.trail)
        ar.machine(admin)
        admin("init", "--yes")
        self.files = [archive(admin, 6, "a"), archive(admin, 12, "b")]
        admin("lock", "h1.example")
        ar.forget(admin)
        self.entries = stream(client)
        self.kept = ar.copy_of(client)
        self.lines = [t.json.loads(line) for path in self.files
                      for line in path.read_text().splitlines()]
        self.gone = [(line.pop("seq"), line) for line in self.lines
                     if "salt" in line]
        # the entries that tell of the archives
        self.told = [i for i, (_, e) in enumerate(self.entries)
                     if e["action"] == "archive"]

    def put(self, entries):
        ar.restore(self.client, self.kept)
        self.client.delete(AUDIT)
        for seq, entry in entries:
            self.client.xadd(AUDIT, entry, f"{seq}-0")

    def judge(self, entries, files=(), signers=None):
        """The kinds that both verifiers find."""
        self.put(entries)
        lines = signers or (ALICE, BOB)
        t.signers_file(signers_of(self.admin), *lines)
        status, kinds, errors = verify(self.admin, *files)
        v = oracle.read_stream(
            [(f"{seq}-0", entry) for seq, entry in entries],
            signers=signers_of(self.admin).read_text(),
            archives=[path.read_bytes() for path in files])
        found = [fault for fault in v.faults if fault[0] != "flags"]
        mine = [fault for fault in kinds if fault[0] != "flags"]
        assert found[:1] == mine[:1], (kinds, v.faults, errors)
        if not found:
            assert (status == 0) == (not kinds)
        return status, mine[0] if mine else None


@pytest.fixture
def archived(admin, redis):
    return Archived(admin, redis.client())


def changed(entries, i, key=None, again=(), **fields):
    """Entry i says something else, signed by that key; then all that follows
    by those whose keys are at hand."""
    entries = [(seq, dict(entry)) for seq, entry in entries]
    seq, entry = entries[i]
    entry.update(fields)
    entry = {name: value for name, value in entry.items() if value != ""}
    if key:
        entry["key"] = key.public
    entry["hash"] = entry_hash(seq, entry)
    if key and "root" in entry:
        entry["sig"] = key.sign_entry(entry)
    entries[i] = seq, entry
    for j in range(i + 1, len(entries)):
        seq, e = entries[j]
        e["prev"] = entries[j - 1][1]["hash"]
        e["hash"] = entry_hash(seq, e)
        for own in again:
            if e["key"] == own.public and "sig" in e:
                e["sig"] = own.sign_entry(e)
    return entries


def test_good(archived):
    a = archived
    assert a.judge(a.entries) == (0, None)
    assert a.judge(a.entries, a.files) == (0, None)
    first = a.entries[0][0]
    assert first == a.trail.day[11] + 1 and len(a.told) == 2


def test_more_or_less_is_trimmed(archived):
    a = archived
    for n in (1, 2, 5, a.told[0], a.told[0] + 1, a.told[1]):
        assert a.judge(a.entries[n:]) == (11, ("gap", 1)), n
        assert a.judge(a.entries[n:], a.files)[0] == 11, n
    last = len(a.gone)
    for n in (1, 2, last - a.trail.day[5] - 1):
        assert a.judge(a.gone[last - n:] + a.entries) == (11, ("gap", 1)), n
        assert a.judge(a.gone[last - n:] + a.entries, a.files)[0] == 10, n
    # what the first archive left: it tells of that, but it is not the last
    assert a.judge(a.gone[a.trail.day[5]:] + a.entries) \
        == (10, ("fork", a.entries[a.told[1]][0]))
    assert a.judge(a.gone + a.entries) \
        == (10, ("fork", a.entries[a.told[0]][0]))
    assert a.judge(a.gone + a.entries, a.files)[0] == 10


def test_the_entry_is_gone(archived):
    a = archived
    for i in a.told:
        left = a.entries[:i] + a.entries[i + 1:]
        seq = a.entries[i][0]
        status, fault = a.judge(left)
        assert status == 11 and fault in (("gap", 1), ("gap", seq))
        # the end is cut
        status, fault = a.judge(a.entries[:i])
        assert (status, fault) == (11, ("gap", 1))


FORGED = [
    ("archived", ""), ("archived", "x"), ("archived", "{seq} {hash}"),
    ("archived", "{seq} {hash} {file} "), ("archived", "0{seq} {hash} {file}"),
    ("archived", "{more} {hash} {file}"), ("archived", "{less} {hash} {file}"),
    ("archived", "{seq} {zeros} {file}"), ("archived", "{seq} {hash} {zeros}"),
    ("archived", "{itself} {hash} {file}"), ("peaks", ""),
    ("peaks", "{peaks} "), ("peaks", "{without}"), ("peaks", "{first}"),
    ("peaks", "{swapped}"), ("peaks", "{other}"),
    ("peaks", "1 {zeros} {peaks}"), ("action", "init"), ("action", "lock")]


@pytest.mark.parametrize("field, text", FORGED)
def test_what_it_says_is_forged(archived, field, text):
    """Without a key, by a stranger's, by one that is revoked, and even by one
    that counts: then what it tells is not what is there."""
    a = archived
    for which, i in enumerate(a.told):
        seq, entry = a.entries[i]
        last, hash, file = entry["archived"].split()
        peaks = entry["peaks"].split()
        pairs = [" ".join(peaks[n:n + 2]) for n in range(0, len(peaks), 2)]
        value = text.format(
            seq=last, hash=hash, file=file, more=int(last) + 1,
            less=int(last) - 1, zeros="0" * 64, itself=seq - 1,
            peaks=entry["peaks"], first=pairs[0],
            without=" ".join(pairs[1:]), swapped=" ".join(pairs[::-1]),
            other=" ".join([pairs[0][:-64] + "ab" * 32, *pairs[1:]]))
        if value == entry[field]:
            continue
        fields = {field: value}
        for files in (), a.files:
            for key in None, MALLORY, BOB:
                lines = (ALICE, signer("bob", BOB, until=(
                    2, a.gone[1][1]["hash"])))
                entries = changed(a.entries, i, key, (key,) if key else (),
                                  **fields)
                assert a.judge(entries, files,
                               lines if key is BOB else None)[0] in (10, 11)
            # a signer who lies
            entries = changed(a.entries, i, ALICE, (ALICE, BOB), **fields)
            status, fault = a.judge(entries, files)
            harmless = not files and (
                which == 0 and fault is None or
                (which, field) == (1, "archived") and "{zeros}" == text[-7:])
            # nobody but the skips of later entries tells wrong peaks
            harmless |= (not files and which == 1 and field == "peaks"
                         and fault is None)
            assert status in (10, 11) or harmless, (which, field, text, fault)


def test_a_revoked_signer_archives(archived):
    """What the key signs after its end does not count, though it is true."""
    a = archived
    seq, entry = a.entries[a.told[1]]
    lines = (BOB, signer("alice", ALICE, until=(
        seq - 1, a.entries[a.told[1] - 1][1]["hash"])))
    status, fault = a.judge(a.entries, signers=lines)
    assert (status, fault) == (11, ("gap", 1))
    status, fault = a.judge(a.entries, a.files, lines)
    assert (status, fault) == (10, ("key", seq))
    assert a.judge(a.entries, signers=(
        BOB, signer("alice", ALICE, may="init,lock")))[0] == 11
    lines = BOB, signer("alice", ALICE, until=(
        a.entries[-1][0], a.entries[-1][1]["hash"]))
    assert a.judge(a.entries, signers=lines) == (0, None)


def test_pins(archived):
    """Of what is archived only the peaks are known here; the files know."""
    a = archived
    seq, entry = a.gone[2]
    assert a.judge(a.entries, signers=(ALICE, BOB, pin(seq, entry["hash"]))) \
        == (0, None)
    lines = ALICE, BOB, pin(seq, "ab" * 32)
    assert a.judge(a.entries, a.files, lines) == (10, ("fork", seq))


@pytest.mark.parametrize("hint", [
    None, "", "x", "1", "-1", "99999999999999999999", "{first}", "{head}"])
def test_the_hint(archived, hint):
    """It is believed only if such an entry is there."""
    a = archived
    if hint is None:
        a.client.hdel(ROOT, "archive")
    else:
        a.client.hset(ROOT, "archive", hint.format(
            first=a.entries[a.told[0]][0], head=a.entries[-1][0]))
    assert verify(a.admin)[:2] == (0, [])
    a.admin("init", "--yes")
    a.admin("lock", "h1.example", "h2.example")
    assert verify(a.admin)[:2] == (0, [])


def test_witnesses(archived):
    """Of a head that is archived and not a peak nothing can be said without
    the files; with them all can."""
    a = archived
    for seq, entry in a.gone[1::3]:
        for hash in entry["hash"], "ab" * 32:
            path = a.admin.home / "point"
            path.write_text(t.checkpoint(ALICE, a.trail.chain, seq, hash))
            for files in (), a.files:
                options = [w for f in files for w in ("--archive", f)]
                done = a.admin("audit", "verify", "--checkpoint", path,
                               *options, check=False)
                v = oracle.read_stream(
                    [(f"{n}-0", e) for n, e in a.entries],
                    signers=signers_of(a.admin).read_text(),
                    witnesses=[(a.trail.chain, seq, hash)],
                    archives=[f.read_bytes() for f in files])
                assert done.returncode == v.verdict()
                if files:
                    assert (done.returncode == 0) == (hash == entry["hash"])
                elif hash == entry["hash"]:
                    assert done.returncode == 0


def test_many_generated_changes(archived):
    """Fields, entries and their order; by somebody without a key."""
    a = archived
    dice = random.Random(11)
    for n in range(150):
        entries = [(seq, dict(entry)) for seq, entry in a.entries]
        i = dice.randrange(len(entries))
        what = dice.choice("field drop twice swap forge front key".split())
        if what == "field":
            name = dice.choice(sorted(entries[i][1]))
            value = entries[i][1][name]
            entries[i][1][name] = value[:-1] + chr(ord(value[-1]) ^ 1)
        elif what == "drop":
            del entries[i:i + dice.randint(1, 3)]
        elif what == "twice":
            entries.append((entries[-1][0] + 1, dict(entries[i][1])))
        elif what == "swap":
            j = dice.randrange(len(entries))
            entries[i], entries[j] = ((entries[i][0], entries[j][1]),
                                      (entries[j][0], entries[i][1]))
        elif what == "forge":
            entries = changed(entries, i, dice.choice((None, MALLORY)),
                              reason="another")
        elif what == "front":
            entries = a.gone[dice.randrange(len(a.gone)):] + entries
        else:
            entries = changed(entries, i, MALLORY)
        if entries == a.entries or not entries:
            continue
        files = a.files if dice.random() < 0.5 else ()
        assert a.judge(entries, files)[0] in (10, 11), (what, i, n)


def test_both_know_the_same_archives(archived):
    """Exports that begin behind an archive, too."""
    a = archived
    a.admin("init", "--yes")
    a.admin("audit", "export", "--output", "e")
    text = (a.admin.home / "e").read_text()
    signers = signers_of(a.admin).read_text()
    v = oracle.verify_export(text, signers)
    assert v.first == a.entries[0][0]
    ar.forget(a.admin)
    assert a.admin("audit", "verify", "e").returncode == 0
    lines = text.splitlines(keepends=True)
    for i in range(1, len(lines)):
        broken = "".join(lines[:i] + lines[i + 1:])
        (a.admin.home / "broken").write_text(broken)
        done = a.admin("audit", "verify", "broken", check=False)
        try:
            status = oracle.verify_export(broken, signers).verdict()
        except oracle.Fault as fault:
            status = oracle.STATUS[fault.kind]
        assert done.returncode == status, i
    assert json.loads(lines[1])["seq"] == a.entries[0][0]
    assert a.client.hlen(LOCKS) > 5
