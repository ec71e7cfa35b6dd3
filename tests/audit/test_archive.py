# Copyright (C) 2026 paylock contributors
#
# audit archive: what it takes out of Redis, what it writes, and that everything
# goes on working.

import hashlib
import json

import pytest

from oracle.lattice import Lattice
from support import archive as ar
from support.archive import (ALICE, BOB, HOSTS, alice, archive, at, client,
                             stream, verify)
from support.chain import AUDIT, LOCKS, ROOT

__all__ = ["alice", "client"]


@pytest.fixture
def trail():
    return ar.days()


def test_what_is_archived(alice, client, trail):
    before = stream(client)
    out = alice("audit", "archive", "--before", at(10), "--output", "a.jsonl",
                "--yes").stdout
    last = trail.day[9]
    path = alice.home / "a.jsonl"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"archived: {last} entries, up to entry {last};" in out
    assert digest in out
    # entries that stay are the same, and one is new
    now = stream(client)
    assert now[:-1] == [one for one in before if one[0] > last]
    seq, entry = now[-1]
    assert seq == trail.seq + 1 and entry["action"] == "archive"
    assert "host" not in entry
    assert entry["archived"] == f"{last} {before[last - 1][1]['hash']} {digest}"
    assert entry["root"] == Lattice(client.hgetall(LOCKS)).root()
    assert client.hget(ROOT, "archive") == str(seq)
    # the file holds the others
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line.pop("seq"), line) for line in lines[1:-1]] == before[:last]
    assert "checkpoint" in lines[-1]
    assert path.stat().st_mode & 0o777 == 0o600
    assert verify(alice)[:2] == (0, [])
    assert verify(alice, path)[:2] == (0, [])


def test_nothing_to_archive(alice, client):
    """Nothing is written; the head is never archived."""
    before = ar.copy_of(client)
    done = alice("audit", "archive", "--before", at(0), "--output", "a",
                 "--yes")
    assert "nothing to archive" in done.stdout
    assert not (alice.home / "a").exists()
    assert ar.copy_of(client) == before


def test_the_head_stays(alice, client, trail):
    """Whatever the time; nor is a transaction divided."""
    archive(alice, 1000, "a")
    left = [seq for seq, _ in stream(client)]
    assert left == [*range(trail.day[18] + 1, trail.seq + 2)]
    assert verify(alice)[:2] == (0, [])
    # now the archive entry is the head
    archive(alice, 10000, "b")
    assert [e["action"] for _, e in stream(client)] == ["archive", "archive"]
    assert verify(alice, "a", "b")[:2] == (0, [])
    assert verify(alice)[:2] == (0, [])
    alice("lock", "h1.example")
    assert verify(alice)[:2] == (0, [])


def test_a_transaction_is_not_divided(alice, client, trail):
    """That of day 3 has two entries, of which the first alone is older."""
    last = trail.day[3]
    trail.entries[last - 1][1]["time"] = str(ar.BEGIN + 4 * ar.DAY)
    trail.entries = ar.resigned(trail.entries, last - 1)
    ar.put(client, trail)
    ar.forget(alice)
    alice("init", "--yes")
    archive(alice, 4, "a")
    assert stream(client)[0][0] == trail.day[2] + 1


def test_dry_run(alice, client):
    before = ar.copy_of(client)
    out = alice.json("audit", "archive", "--before", at(10), "--output", "a",
                     "--dry-run")
    assert out[0]["entries"] > 9 and out[0]["sha256"] is None
    assert not (alice.home / "a").exists()
    assert ar.copy_of(client) == before


def test_it_asks(alice, client):
    before = ar.copy_of(client)
    done = alice("audit", "archive", "--before", at(10), "--output", "a",
                 check=False)
    assert done.returncode == 2 and "--yes" in done.stderr
    assert not (alice.home / "a").exists()
    assert ar.copy_of(client) == before


@pytest.mark.parametrize("options, missing", [
    (("--output", "a"), "--before"), (("--before", at(3)), "--output"),
    (("--before", at(3), "--output", "-"), "--output"),
    (("--before", "once", "--output", "a"), "once")])
def test_what_is_missing(alice, options, missing):
    done = alice("audit", "archive", "--yes", *options, check=False)
    assert done.returncode == 2 and missing in done.stderr


def test_a_file_is_never_overwritten(alice, client):
    (alice.home / "a").write_text("mine")
    before = ar.copy_of(client)
    done = alice("audit", "archive", "--before", at(10), "--output", "a",
                 "--yes", check=False)
    assert done.returncode == 1 and "is there already" in done.stderr
    assert (alice.home / "a").read_text() == "mine"
    assert ar.copy_of(client) == before


def test_without_signers(alice, client, trail):
    """All is believed then, and so is this."""
    for path in ar.config(alice):
        path.unlink()
    ar.forget(alice)
    trail = ar.plain(trail)
    ar.put(client, trail)
    alice("init", "--yes")
    path = archive(alice, 10, "a")
    assert stream(client)[0][0] == trail.day[9] + 1
    status, kinds, _ = verify(alice)
    assert (status, kinds) == (0, [])
    assert verify(alice, path)[:2] == (0, [])
    alice("lock", "h3.example")
    client.hdel(ROOT, "archive")
    assert verify(alice)[:2] == (0, [])


def test_a_bad_trail_is_not_archived(alice, client, trail):
    entries = trail.entries[:]
    entries[4] = 5, {**entries[4][1], "reason": "another"}
    ar.put(client, trail, entries)
    before = ar.copy_of(client)
    done = alice("audit", "archive", "--before", at(10), "--output", "a",
                 "--yes", check=False)
    assert done.returncode == 1 and "entry 5 is not what" in done.stderr
    assert not (alice.home / "a").exists()
    assert ar.copy_of(client) == before


def test_who_may(alice, client):
    """may= knows the action."""
    for may in "lock", "archive", "adopt":
        ar.machine(alice, BOB, ALICE, ar.limited("signer1", BOB, may))
        done = alice("audit", "archive", "--before", at(10), "--output", "a",
                     "--yes", check=False)
        assert done.returncode == 1 and "may not" in done.stderr, done.stderr
        assert not (alice.home / "a").exists()
    ar.machine(alice, BOB, ALICE, BOB)
    archive(alice, 10, "a")
    for may in "lock,adopt", "lock,archive":
        ar.machine(alice, ALICE, ALICE, ar.limited("signer1", BOB, may))
        assert verify(alice)[:2] == (11, [("gap", 1)])
    ar.machine(alice, ALICE, ALICE,
               ar.limited("signer1", BOB, "lock,archive,adopt"))
    assert verify(alice)[:2] == (0, [])


def test_again_and_again(alice, client, trail):
    """Each file goes on from the one before; the last one decides."""
    files = []
    for i, day in enumerate((4, 7, 12, 15)):
        files.append(archive(alice, day, f"{i}.jsonl"))
        assert stream(client)[0][0] == trail.day[day - 1] + 1
        assert verify(alice)[:2] == (0, [])
        assert verify(alice, *files)[:2] == (0, [])
    firsts = [json.loads(path.read_text().splitlines()[1])["seq"]
              for path in files]
    assert firsts == [1, *(trail.day[d - 1] + 1 for d in (4, 7, 12))]
    for i in range(4):
        alice("lock", HOSTS[i])
    assert verify(alice, *files)[:2] == (0, [])


@pytest.mark.parametrize("which, kind", [
    ((), None), ((0, 2), "gap"), ((1, 2), "gap"), ((0, 1), "gap"),
    ((1, 0, 2), "gap"), ((0, 2, 1), "gap"), ((0, 0, 1, 2), "fork"),
    ((0, 1, 2, 2), "fork"), ((0, 1, 2), None)])
def test_files_that_are_missing_or_swapped(alice, trail, which, kind):
    files = [archive(alice, day, f"{i}.jsonl")
             for i, day in enumerate((4, 7, 12))]
    status, kinds, _ = verify(alice, *(files[i] for i in which))
    if kind is None:
        assert (status, kinds) == (0, [])
    else:
        assert kinds[0][0] == kind and status in (10, 11)


def test_a_foreign_file(alice, admin, redis, private, client):
    path = archive(alice, 4, "a")
    other = ar.days(keys=(ALICE,))
    other.chain = "ab" * 16
    other = ar.rechained(other)
    foreign = alice.home / "foreign"
    foreign.write_text(ar.export(other.entries[:5]))
    status, kinds, _ = verify(alice, foreign)
    assert status in (10, 11) and kinds
    assert verify(alice, path, foreign)[0] == 10
    assert verify(alice, path)[:2] == (0, [])


def test_a_file_that_was_changed(alice, trail):
    path = archive(alice, 10, "a")
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    for changed, status in (
            (text.replace('"time":"17', '"time":"18', 1), 10),
            ("".join(lines[:5] + lines[6:]), 11),
            ("".join(lines[:-2]), 11),
            ("".join(lines[:-1]), 10),  # the checkpoint alone
            (text.replace('{"seq":3,', '{ "seq":3,'), 10),
            (text[:-20], 11), ("", 1), ("x\n", 1)):
        assert changed != text
        path.write_text(changed)
        assert verify(alice, path)[0] == status, changed[:100]
    path.write_text(text)
    assert verify(alice, path)[:2] == (0, [])
    assert verify(alice, alice.home / "none")[0] == 1


# everything else goes on

@pytest.fixture
def archived(alice):
    """Of h4 and h5 all but the last entries stay in Redis; the others' are
    archived."""
    archive(alice, 18, "a")
    return alice


def test_changes_of_archived_hosts(archived, client):
    """Their records are known by the root alone."""
    archived("unlock", "h2.example")
    archived("lock", "h0.example", "h1.example", "--reason", "late")
    archived("reset", "h3.example")
    archived("notice", "h4.example", "--channel", "letter",
             "--ref", "R 1")
    archived("protect", "www.h2.example")
    assert verify(archived)[:2] == (0, [])
    assert verify(archived, archived.home / "a")[:2] == (0, [])
    entries = [entry for _, entry in stream(client)]
    unlocked = next(e for e in entries if e["action"] == "unlock")
    assert 0 < int(unlocked["prior"]) < 20 and unlocked["before"]


def by_hand(client, host, **members):
    record = json.loads(client.hget(LOCKS, host))
    record.update(members)
    client.hset(LOCKS, host, json.dumps(record, separators=(",", ":")))


@pytest.mark.parametrize("member", [{"ref": "PL-1"}, {"entry": 2}])
def test_an_archived_record_changed_by_hand(archived, client, member):
    """It is found, and not gone on from, even with --yes; nor are others, if
    the machine does not remember what was vouched for."""
    kept = ar.copy_of(client)
    by_hand(client, "h3.example", **member)
    for host in "h3.example", "h2.example":
        done = archived("lock", host, "--yes", check=False)
        ar.forget_vouched(archived)
        assert done.returncode == 1 and "by hand" in done.stderr
        assert "adopt --archive" in done.stderr
    status, kinds, _ = verify(archived)
    assert (status, kinds) == (12, [("flags", ar.days().seq + 1)])
    status, kinds, _ = verify(archived, archived.home / "a")
    assert (status, kinds) == (12, [("flags", None)])
    report = json.loads(archived("--json", "audit", "verify", "--archive",
                                 "a", check=False).stdout)
    assert report["hosts"] == ["h3.example"]
    # what stands in the stream is not concerned
    archived("lock", HOSTS[19 % 6])
    ar.restore(client, kept)


def test_an_archived_record_removed_by_hand(archived, client):
    client.hdel(LOCKS, "h3.example")
    assert verify(archived)[0] == 12
    assert verify(archived, archived.home / "a")[0] == 12
    done = archived("audit", "verify", "--archive", "a", check=False)
    assert "\ndiffers  h3.example\n" in done.stdout
    ar.forget_vouched(archived)
    done = archived("lock", "h2.example", check=False)
    assert done.returncode == 1 and "by hand" in done.stderr


def test_looking(archived):
    assert "locked" in archived("status", "h2.example").stdout
    assert "h2.example" in archived("list").stdout
    done = archived("audit", "log", "h2.example")
    assert done.stdout == "" and "are archived in the file" in done.stderr
    archived("unlock", "h2.example")
    done = archived("audit", "log", "h2.example")
    assert done.stdout.count("unlock h2.example") == 1
    assert "are archived in the file" in done.stderr
    done = archived("audit", "log")
    assert done.stdout.count("\n    {") == 3 + (18 % 3 == 0)
    assert "archived" in done.stderr
    done = archived("audit", "log", "--since", at(19))
    assert " lock " in done.stdout
    archived("lock", "new.example")
    done = archived("audit", "log", "new.example")
    assert done.stdout and done.stderr == ""
    archived("pass", "list")
    archived("audit", "checkpoint", "--output", "c")
    assert archived("audit", "verify", "--checkpoint", "c").returncode == 0
    doctor = archived("doctor", check=False)
    assert "as far as the last entries tell" in doctor.stdout
    assert "goes on" in doctor.stdout and "fit together" in doctor.stdout


def test_export(archived, client):
    """An export holds the entry that tells of the archive."""
    archived("audit", "export", "--output", "e")
    assert archived("audit", "verify", "e").returncode == 0
    text = (archived.home / "e").read_text()
    lines = [line for line in text.splitlines(keepends=True)
             if '"action":"archive"' not in line]
    (archived.home / "e").write_text("".join(lines))
    done = archived("audit", "verify", "e", check=False)
    assert done.returncode == 11
    done = archived("audit", "verify", "-", input=text, check=False)
    assert done.returncode == 0, done.stderr


def test_a_request_that_is_archived(alice, client, trail):
    """It is not done again."""
    alice("lock", "once.example", "--request-id", "R1")
    alice("unlock", "once.example")
    archive(alice, 20000, "a")
    before = ar.copy_of(client)
    done = alice("lock", "once.example", "--request-id", "R1", check=False)
    assert done.returncode == 0, done.stderr
    assert ar.copy_of(client) == before
    assert "R1" in done.stdout or done.stdout


def test_a_new_machine(archived, redis, private, client):
    other = ar.machine(ar.admin(redis, private / "other"), BOB)
    done = other("init", "--yes")
    other("lock", "h2.example")
    assert verify(other)[:2] == (0, []) and verify(archived)[:2] == (0, [])
    assert done.returncode == 0


def test_a_machine_that_was_behind(alice, redis, private, client, trail):
    """What it remembers is archived: a signer says so."""
    other = ar.machine(ar.admin(redis, private / "other"), BOB)
    for seq, differs in (5, False), (6, True), (22, False), (22, True):
        ar.put(client, trail, trail.entries[:seq])
        cut = trail.cut(seq)
        for host in client.hkeys(LOCKS):
            client.hdel(LOCKS, host)
        for host, record in cut.locks.items():
            client.hset(LOCKS, host, record)
        ar.forget(other)
        other("init", "--yes")
        if differs:
            ar.remember(other, seq, "ab" * 32)
        ar.put(client, trail)
        ar.forget(alice)
        alice("init", "--yes")
        archive(alice, 18, f"a{seq}{differs}")
        status, kinds, _ = verify(other)
        # entry 22 is one of the peaks, so its hash is known
        if differs and seq == 22:
            assert (status, kinds) == (10, [("fork", 22)])
            assert other("lock", "h1.example", check=False).returncode == 1
        else:
            assert (status, kinds) == (0, [])
            ar.remember(other, seq, "ab" * 32 if differs
                        else trail.entries[seq - 1][1]["hash"])
            other("lock", "h1.example")


def test_adopt_after_an_archive(archived, client, trail):
    """Records whose entry is archived stay, even with --drop."""
    kept = client.hgetall(LOCKS)
    client.hset(LOCKS, "hand.example", '{"lock_at":5}')
    by_hand(client, HOSTS[19 % 6], ref="PL-1")
    archived("adopt", "--yes", "--drop")
    assert client.hgetall(LOCKS) == kept
    assert verify(archived)[:2] == (0, [])
    assert verify(archived, archived.home / "a")[:2] == (0, [])
    archived("lock", "h2.example")
    archive(archived, 20000, "b")
    archived("lock", "h1.example")
    assert verify(archived, archived.home / "a", archived.home / "b")[:2] \
        == (0, [])


def test_adopt_of_who_was_behind(archived, client, trail):
    """What is archived is not given up."""
    for seq, hash, lost in ((5, trail.entries[4][1]["hash"], ""),
                            (22, trail.entries[21][1]["hash"], ""),
                            (22, "ab" * 32, f"{trail.chain} 22 22 "
                                            + "ab" * 32)):
        ar.remember(archived, seq, hash)
        done = archived.json("adopt", "--yes", "--dry-run")
        assert done["lost"] == lost, seq


def test_adopt_by_the_archive(archived, client, trail):
    """The files say what the records of archived hosts were."""
    kept = client.hgetall(LOCKS)
    by_hand(client, "h3.example", ref="PL-1")
    client.hdel(LOCKS, "h2.example")
    archived("adopt", "--yes", "--archive", "a")
    assert client.hgetall(LOCKS) == kept
    assert verify(archived)[:2] == (0, [])
    assert verify(archived, archived.home / "a")[:2] == (0, [])
    archived("lock", "h3.example", "h2.example")
