# Copyright (C) 2026 paylock contributors
#
# Attacks on what verifies in part: archives, bundles, and what is remembered.
# Where an attack cannot be prevented, one command brings everything back.

import json
import os
import shutil
import subprocess

import pytest

from support import archive as ar, trail as t
from support.archive import ALICE, BOB, alice, archive, client, stream, verify
from support.bundle import bundle, made
from support.chain import AUDIT, LOCKS, ROOT

__all__ = ["alice", "bundle", "client", "made"]


@pytest.fixture
def trail():
    return ar.days()


def tells(trail, last, file="5" * 64):
    """The fields of an entry that archives up to there, and of no file."""
    entries, peaks = dict(trail.entries), []
    while last:
        peaks.insert(0, f"{last} {entries[last]['hash']}")
        last &= last - 1
    return {"action": "archive", "archived": f"{peaks[-1]} {file}",
            "peaks": " ".join(peaks)}


def test_an_archive_that_took_nothing_out(alice, client, trail):
    """Whoever goes on from what was verified before finds that, too."""
    alice("audit", "verify")
    seq = trail.seq
    trail.add(BOB, tells(trail, trail.day[5]))
    t.load(client, trail.entries[seq:])
    for full in (), ("--full",):
        done = alice("--json", "audit", "verify", *full, check=False)
        assert done.returncode == 10
        [fault] = json.loads(done.stdout)["faults"]
        assert (fault["kind"], fault["seq"]) == ("fork", seq + 1)


def test_an_entry_behind_an_archive_is_changed(alice, client, trail):
    """What is archived stays, and all is well after an adopt with the file:
    the trail begins there, though the entry that says so is given up."""
    path = archive(alice, 12, "a")
    kept = trail.cut(trail.day[12]).locks
    alice("lock", "y.example")
    entries = stream(client)
    seq = trail.day[12] + 1
    client.delete(AUDIT)
    for at, entry in entries:
        if at == seq:
            entry["reason"] = "another"
        client.xadd(AUDIT, entry, f"{at}-0")
    assert verify(alice)[:2] == (10, [("edit", seq)])
    assert alice("adopt", "--yes", check=False).returncode == 1
    out = alice("adopt", "--yes", "--dry-run", "--drop").stdout
    assert f"entry {seq - 1} stays" in out and "by hand" not in out
    alice("adopt", "--yes", "--drop", "--archive", "a")
    assert client.hgetall(LOCKS) == kept
    for files in (), (path,):
        assert verify(alice, *files)[:2] == (0, [])
    alice("lock", "h2.example")
    other = archive(alice, 20000, "b")
    alice("lock", "h1.example")
    for files in (), (path, other):
        assert verify(alice, *files)[:2] == (0, [])


@pytest.mark.parametrize("how", ["removed", "changed", "revoked"])
def test_who_told_of_an_archive_does_not_count(alice, client, trail, how):
    """The entry is lost, or its signer was revoked before it: with the file
    an adopt gives up no more than what follows, and says it anew."""
    path = archive(alice, 12, "a")
    told = trail.seq + 1
    alice("lock", "y.example")
    entries = dict(stream(client))
    lines = ALICE, BOB
    if how == "removed":
        client.xdel(AUDIT, f"{told}-0")
    elif how == "changed":
        client.delete(AUDIT)
        for seq, entry in entries.items():
            more = {"reason": "another"} if seq == told else {}
            client.xadd(AUDIT, {**entry, **more}, f"{seq}-0")
    else:
        last = min(entries) + 3
        lines = BOB, t.signer("alice", ALICE, until=(
            last, entries[last]["hash"], trail.chain))
        ar.machine(alice, BOB, *lines)
    assert verify(alice)[0] in (10, 11)
    alice("adopt", "--yes", "--drop", "--archive", "a")
    for files in (), (path,):
        assert verify(alice, *files)[:2] == (0, []), files
    seq, entry = stream(client)[-1]
    assert entry["archived"] == entries[told]["archived"]
    assert client.hget(ROOT, "archive") == str(seq)
    stays = stream(client)[-2][1]["resumes"].split()
    if how != "revoked":
        assert int(stays[0]) == trail.seq
    alice("lock", "h2.example")
    ar.forget(alice)
    assert verify(alice)[:2] == (0, [])
    alice("init", "--yes")
    other = archive(alice, 20000, "b")
    alice("lock", "h1.example")
    for files in (), (path, other):
        assert verify(alice, *files)[:2] == (0, [])


def test_an_adopt_with_too_few_files(alice, client, trail):
    """Nothing is given up that stands in the stream and is good."""
    archive(alice, 8, "a")
    archive(alice, 12, "b")
    kept = ar.copy_of(client)
    for options in (["a"], ["b"], ["b", "a"]):
        files = [word for path in options for word in ("--archive", path)]
        done = alice("adopt", "--yes", "--drop", *files, check=False)
        assert done.returncode == 1, options
    assert ar.copy_of(client) == kept


def test_a_bundle_elsewhere(bundle, private):
    """verify.sh verifies the bundle where it stands, whatever CDPATH says."""
    shutil.copytree(bundle, private / "other/bundle")
    (bundle / "chain.txt").write_text("realm -\n")
    for shell in "dash", "bash":
        done = subprocess.run(
            [shell, "bundle/verify.sh"], cwd=private, text=True,
            env={**os.environ, "CDPATH": str(private / "other")},
            capture_output=True, timeout=120)
        assert done.returncode == 1 and "BAD" in done.stderr
