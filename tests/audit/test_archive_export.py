# Copyright (C) 2026 paylock contributors
#
# Exports of one host whose entries are archived: with the files they are as if
# nothing had been archived; no other file is believed.

import json

import pytest

from support import archive as ar, trail as t
from support.archive import ALICE, BOB, alice, archive, client, stream
from support.bundle import good, judged

__all__ = ["alice", "client"]

HOST = "h2.example"
SIGNERS = f"alice {ALICE.public}\nbob {BOB.public}\n"


@pytest.fixture
def trail():
    return ar.days()


@pytest.fixture
def files(alice):
    """Three archives: the entry that tells of the first stands in the last
    file, those of the others in Redis."""
    first = archive(alice, 4, "1.jsonl")
    alice("lock", "other.example")
    return [first, archive(alice, 9, "2.jsonl"), archive(alice, 13, "3.jsonl")]


def export(admin, files, output, host=HOST, check=True):
    options = [word for path in files for word in ("--archive", path)]
    return admin("audit", "export", "--host", host, *options, "--output",
                 output, "--yes", check=check)


def lines(path):
    """Without the first line and the checkpoint."""
    return [list(json.loads(text).items())
            for text in path.read_text().splitlines()[1:-1]]


def wanted(trail, client, host=HOST):
    last = trail.seq
    entries = trail.entries + [one for one in stream(client) if one[0] > last]
    return [list(json.loads(text).items()) for text in t.path(entries, host)]


def test_as_if_nothing_were_archived(alice, client, trail, files, check):
    alice("unlock", HOST)
    for host in HOST, "h0.example", "other.example":
        export(alice, files, "out", host)
        assert lines(alice.home / "out") == wanted(trail, client, host)
        alice("audit", "verify", "out")
    export(alice, files, "bundle/")
    done, found = judged(alice.home / "bundle", check, SIGNERS)
    good(done)
    assert found == []


def test_the_first_archive_is_told_of_in_a_later_file(alice, client, trail,
                                                      check):
    files = [archive(alice, day, f"{day}") for day in (4, 9)]
    alice("lock", HOST)
    files.append(archive(alice, 10000, "all"))
    kept = trail.entries + [
        (seq, {k: v for k, v in json.loads(line).items() if k != "seq"})
        for line in files[-1].read_text().splitlines()[1:-1]
        if (seq := json.loads(line)["seq"]) > trail.seq]
    alice("lock", "h0.example")
    export(alice, files, "bundle/")
    after = [one for one in stream(client) if one[0] > kept[-1][0]]
    assert lines(alice.home / "bundle/export.jsonl") == [
        list(json.loads(text).items())
        for text in t.path(kept + after, HOST)]
    good(check(alice.home / "bundle"))


def test_a_record_that_leads_nowhere(alice, client, trail, files):
    """Then the files are read from their beginning."""
    export(alice, files, "before")
    client.hset(ar.LOCKS, HOST, "{}")
    export(alice, files, "after")
    assert lines(alice.home / "after") == lines(alice.home / "before")


def test_what_an_adopt_gave_up(alice, client, trail, check):
    """An adopt in a file counts, unless a later one gave it up."""
    archived = ar.days(8)
    for _ in range(2):
        stays = archived.seq, archived.hash
        archived.adopt(ar.MALLORY, archived.seq + 2,
                       resumes=(3, archived.entries[2][1]["hash"]))
        archived.adopt(ALICE, archived.seq, archived.hash, resumes=stays)
        archived.add(BOB, *ar.locks(archived, [HOST]))
    for i in range(4):
        archived.time += 40 * ar.DAY
        archived.add(BOB, *ar.locks(archived, ["h0.example"]))
    ar.put(client, archived)
    ar.forget(alice)
    alice("init", "--yes")
    export(alice, [], "before")
    path = archive(alice, 60, "a")
    ar.forget(alice)
    alice("init", "--yes")
    export(alice, [path], "after")
    before, after = (lines(alice.home / name) for name in ("before", "after"))
    assert after[:len(before) - 1] == before[:-1]
    export(alice, [path], "bundle/")
    good(check(alice.home / "bundle"))


def test_the_error_names_the_way(alice, files):
    done = export(alice, [], "out", check=False)
    assert done.returncode == 1 and not (alice.home / "out").exists()
    assert "--archive" in done.stderr and "entries up to" in done.stderr
    done = alice("audit", "export", "--archive", files[0], "-o", "out",
                 check=False)
    assert done.returncode == 2 and "--host" in done.stderr


def test_nothing_is_archived(alice):
    (alice.home / "a").write_text("x")
    done = export(alice, ["a"], "out", check=False)
    assert done.returncode == 1 and "is no archive" in done.stderr


@pytest.mark.parametrize("which, word", [
    ((0, 1), "entries up to"), ((1, 2), "goes on from"),
    ((0, 2), "goes on from"), ((1, 0, 2), "goes on from"),
    ((0, 1, 2, 2), "goes on from"), ((2,), "goes on from")])
def test_files_that_are_missing_or_swapped(alice, files, which, word):
    done = export(alice, [files[i] for i in which], "out", check=False)
    assert done.returncode == 1 and word in done.stderr, done.stderr
    assert not (alice.home / "out").exists()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_file_that_was_changed(alice, files, at):
    """By a byte, anywhere, even by one that makes no difference."""
    text = files[at].read_text()
    for changed in (text.replace('"time":"17', '"time":"18', 1),
                    text.replace('{"seq":', '{ "seq":', 1), text + "\n",
                    text[:-20], "", "\0" + text):
        files[at].write_text(changed)
        done = export(alice, files, "out", check=False)
        assert done.returncode == 1
        assert f'"{files[at]}" is no archive of this trail' in done.stderr
    files[at].unlink()
    done = export(alice, files, "out", check=False)
    assert done.returncode == 1 and str(files[at]) in done.stderr


def test_a_file_that_nobody_signed(alice, client, trail, files):
    """Whoever writes to Redis cannot have a file of theirs believed."""
    forged = ar.days(keys=(ar.MALLORY,))
    path = alice.home / "forged"
    path.write_text(ar.export(forged.entries[:5]))
    done = export(alice, [path, *files], "out", check=False)
    assert done.returncode == 1 and "is no archive" in done.stderr
    done = alice("audit", "log", HOST, "--archive", path, check=False)
    assert done.returncode == 1 and done.stdout == ""


def test_without_signers(alice, client, trail):
    for path in ar.config(alice):
        path.unlink()
    ar.forget(alice)
    ar.put(client, ar.plain(trail))
    alice("init", "--yes")
    export(alice, [], "before")
    path = archive(alice, 10, "a")
    export(alice, [path], "after")
    before, after = (lines(alice.home / name) for name in ("before", "after"))
    assert after[:len(before) - 1] == before[:-1]


def test_audit_log(alice, client, trail, files):
    """The entries of a host, or all, as before they were archived."""
    alice("unlock", HOST)
    options = [word for path in files for word in ("--archive", path)]
    for host in HOST, "h0.example":
        entries = alice.json("audit", "log", host, *options)
        assert [e["seq"] for e in entries] == [
            item[0][1] for item in wanted(trail, client, host)
            if ("host", host) in item]
    done = alice("--json", "audit", "log", *options)
    assert done.stderr == ""
    seqs = [json.loads(line)["seq"] for line in done.stdout.splitlines()]
    assert seqs == [*range(1, stream(client)[-1][0] + 1)]
    done = alice("--json", "audit", "log", "--since", ar.at(3), "--until",
                 ar.at(6), *options)
    seqs = [json.loads(line)["seq"] for line in done.stdout.splitlines()]
    assert seqs == [*range(trail.day[2] + 1, trail.day[5] + 1)]
