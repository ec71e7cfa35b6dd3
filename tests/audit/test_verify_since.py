# Copyright (C) 2026 paylock contributors
#
# audit verify goes on from what it verified before: it finds what reading all
# finds, except in the entries of before.

import json
import os
import resource
import threading

import pytest

from support import trail as t
from support.chain import AUDIT, LOCKS, NODES, text
from support.cli import memory, remembered, signers_of
from support.trail import Key, Trail

ALICE, BOB, MALLORY = Key(1), Key(2), Key(66)


class Numbered(Trail):
    """Each record names its entry, as those of paylock-admin do."""

    def lock(self, host, key=ALICE, after=None, **fields):
        if after is None:
            after = text({"at": self.time // 1000, "ref": "r",
                          "lock_at": 1000, "entry": self.seq + 1})
        return self.add(key, {
            "action": "lock", "host": host, "after": after,
            "before": self.locks.get(host, ""), **fields})

    def remove(self, host):
        return self.add(ALICE, {"action": "reset", "host": host,
                                "before": self.locks.get(host, "")})


@pytest.fixture
def trail(redis, admin):
    """Two signers, five hosts, one of them without a record; verified."""
    trail = Numbered(5)
    trail.add(ALICE, {"action": "init"})
    for n in range(12):
        trail.lock(f"h{n % 5}.example", (ALICE, BOB)[n % 2])
    trail.remove("h4.example")
    t.load(redis.client(), trail.entries, trail.locks)
    t.signers_file(signers_of(admin), ALICE, BOB)
    admin("init", "--yes")
    admin("audit", "verify")
    return trail


@pytest.fixture
def more(redis, trail):
    """more(lambda trail: ...) puts what it adds into Redis, too."""
    def more(change):
        seq = trail.seq
        change(trail)
        client = redis.client()
        t.load(client, [e for e in trail.entries if e[0] > seq], trail.locks)
        for host, record in trail.locks.items():
            if not record:
                client.hdel(LOCKS, host)
    return more


@pytest.fixture
def run(admin):
    """run(*options): the status, what is printed, and the errors."""
    def run(*options):
        done = admin("--json", "audit", "verify", *options, check=False)
        report = json.loads(done.stdout) if done.stdout else None
        return done.returncode, report, done.stderr
    return run


@pytest.fixture
def both(run):
    """What is found in the short way is what is found in the long one, and is
    remembered.  Returns the status, the faults, and up to which entry nothing
    was read again."""
    def both():
        whole = run("--dry-run", "--full")
        status, report, errors = run("--dry-run")
        before = report.pop("before")
        assert whole[1].pop("before") is None
        assert (status, report, errors) == whole
        assert run()[0] == status
        return (status, [(f["kind"], f["seq"]) for f in report["faults"]],
                before)
    return both


def test_what_is_printed(trail, both, more, admin):
    """The same as if all had been read."""
    assert both() == (0, [], trail.seq)
    seq = trail.seq
    more(lambda t: t.lock("h1.example").lock("new.example", BOB)
         .lock("h4.example").lock("h1.example").remove("h2.example"))
    assert both() == (0, [], seq)
    assert both() == (0, [], trail.seq)
    assert f"before   up to entry {trail.seq} " \
        in admin("audit", "verify").stdout
    assert "before" not in admin("audit", "verify", "--full").stdout


def test_what_paylock_admin_writes(alice, both_of, redis):
    """All its commands, one after the other."""
    commands = [
        ["lock", "b.example", "c.example"], ["unlock", "a.example"],
        ["reset", "c.example"], ["lock", "c.example", "--until", "+1d"],
        ["notice", "b.example", "--channel", "email", "--ref", "1"],
        ["notice", "x.example", "--channel", "email", "--ref", "1"],
        ["lock", "x.example"], ["pass", "revoke", "b.example"],
        ["lock", ".d.example", "--yes"], ["protect", "e.example"],
        ["lock", *(f"h{n}.example" for n in range(1500)), "--yes"]]
    alice("audit", "verify")
    for command in commands:
        known = alice.json("audit", "verify")[0]["seq"]
        alice(*command)
        assert both_of(alice) == (0, known), command


@pytest.fixture
def both_of():
    def both(admin):
        whole, = admin.json("audit", "verify", "--full", "--dry-run")
        report, = admin.json("audit", "verify")
        before = report.pop("before")
        assert whole.pop("before") is None
        assert report == whole
        return len(report["faults"]), before
    return both


def test_old_entries_are_not_read_again(trail, run, redis, more):
    """That is what --full is for."""
    client = redis.client()
    entries = client.xrange(AUDIT)
    entries[4][1]["reason"] = "paid"
    client.delete(AUDIT)
    for ident, entry in entries:
        client.xadd(AUDIT, entry, ident)
    more(lambda t: t.lock("h1.example"))
    assert run()[0] == 0
    assert run("--full")[0] == 10
    # nor is it found by what was verified meanwhile
    assert run()[0] == 0


@pytest.mark.parametrize("delete", [
    lambda c: c.xdel(AUDIT, "5-0"),
    lambda c: c.xtrim(AUDIT, minid="3-0", approximate=False)])
def test_old_entries_that_went_away(trail, both, redis, delete):
    delete(redis.client())
    status, faults, before = both()
    assert (status, faults[0][0], before) == (11, "gap", None)


# records

@pytest.mark.parametrize("changed", [False, True], ids=["as is", "new"])
@pytest.mark.parametrize("change", [
    lambda c: c.hset(LOCKS, "hand.example", "locked"),
    lambda c: c.hset(LOCKS, "h4.example", "open"),
    lambda c: c.hset(LOCKS, "h0.example", "open"),
    lambda c: c.hset(LOCKS, "h1.example", "open"),
    lambda c: c.hdel(LOCKS, "h0.example"),
    lambda c: c.hdel(LOCKS, "h1.example")])
def test_records_by_hand(trail, both, more, redis, change, changed):
    if changed:
        more(lambda t: t.lock("h1.example").lock("h2.example"))
    change(redis.client())
    assert both() == (12, [("flags", None)], None)


def test_two_records_that_changed_places(trail, both, redis):
    client = redis.client()
    one, two = client.hmget(LOCKS, "h0.example", "h1.example")
    client.hset(LOCKS, mapping={"h0.example": two, "h1.example": one})
    assert both()[0] == 12


def test_a_record_that_comes_back_after_its_entries(trail, both, more, redis):
    """From b to b, while a is there: the lattice alone would not tell."""
    client = redis.client()
    other = text({"lock_at": 1, "entry": trail.seq + 1})
    was = trail.locks["h0.example"]
    more(lambda t: t.lock("h0.example", before=other, after=other))
    client.hset(LOCKS, "h0.example", was)
    status, faults, before = both()
    assert (status, before) == (12, None)


# entries

def forged(t):
    t.lock("h1.example", MALLORY)


def unsigned(t):
    t.lock("h1.example", None)


def in_another_realm(t):
    t.lock("h1.example")
    t.entries[-1][1]["sig"] = ALICE.sign_entry(t.entries[-1][1], "drill")


def wrong_root(t):
    t.lattice.change("x.example", "", "locked")
    t.lock("h1.example")


def over_a_record_by_hand(t):
    t.lock("h1.example", before="open")


def over_one_that_was_not_there(t):
    t.lock("hand.example", before="locked")


def with_a_prior_of_another(t):
    t.lock("h1.example", prior="3")


def with_a_prior_of_none(t):
    t.lock("h4.example", prior="0")


def with_a_prior_of_nothing(t):
    t.lock("new.example", prior="2")


def with_a_prior_of_another_later(t):
    t.lock("h1.example").lock("h1.example", prior="3")


@pytest.mark.parametrize("change, status", [
    (forged, 10), (unsigned, 10), (in_another_realm, 10), (wrong_root, 12),
    (over_a_record_by_hand, 12), (over_one_that_was_not_there, 12),
    (with_a_prior_of_another, 12), (with_a_prior_of_none, 12),
    (with_a_prior_of_nothing, 12), (with_a_prior_of_another_later, 12)])
def test_new_entries_that_are_wrong(trail, both, more, change, status):
    more(lambda t: t.lock("h3.example"))
    more(change)
    code, faults, before = both()
    assert (code, before) == (status, None)
    assert faults


def test_an_adopt_has_all_read(trail, both, more):
    more(lambda t: t.adopt(BOB))
    assert both() == (0, [], None)
    assert both() == (0, [], trail.seq)
    more(lambda t: t.lock("h1.example"))
    assert both()[0] == 0


# witnesses

def test_checkpoints(trail, run, more, private):
    kept = private / "kept"

    def check(seq, hash=None):
        entry = trail.entries[seq - 1][1]
        kept.write_text(t.checkpoint(BOB, trail.chain, seq,
                                     hash or entry["hash"]))
        status, report, _ = run("--checkpoint", kept)
        state, = (one["state"] for one in report["witnesses"]
                  if "kept" in one["name"])
        return status, report["before"], state

    seq = trail.seq
    assert check(3) == (0, None, "fits")
    assert check(3, "0" * 64) == (10, None, "differs")
    assert check(seq) == (0, seq, "fits")
    assert check(seq, "0" * 64) == (10, None, "differs")
    more(lambda t: t.lock("h1.example").lock("h1.example"))
    assert check(seq + 1, "0" * 64) == (10, None, "differs")
    assert check(seq + 1) == (0, seq, "fits")


def test_nodes(trail, both, redis):
    """Their reports alone are no fault, and make nothing slow."""
    def report(seq, hash, chain=trail.chain):
        redis.client().hset(NODES, "web1", json.dumps(
            {"chain": chain, "seq": seq, "hash": hash}))
        return both()

    good = 0, [], trail.seq
    assert report(3, trail.entries[2][1]["hash"]) == good
    assert report(3, "0" * 64) == good
    assert report(3, "0" * 64, "0" * 32) == good
    assert report(trail.seq + 9, "0" * 64) == good
    assert report(trail.seq, "0" * 64) == good


# what is remembered

def files(admin):
    return {path.name: path.read_bytes() for path in
            memory(admin).parent.iterdir()}


def test_memory_never_goes_back(trail, run, more, admin, redis):
    client = redis.client()
    old = client.xrange(AUDIT), client.hgetall(LOCKS)
    more(lambda t: t.lock("h1.example").remove("h2.example"))
    assert run()[0] == 0
    known = files(admin)
    assert remembered(admin)["seq"] == str(trail.seq)
    client.delete(AUDIT, LOCKS)
    for ident, entry in old[0]:
        client.xadd(AUDIT, entry, ident)
    client.hset(LOCKS, mapping=old[1])
    for options in [], ["--full"], ["--trust", ALICE.public]:
        assert run(*options)[0] == 11
    assert files(admin) == known
    assert admin("lock", "x.example", check=False).returncode == 1
    assert files(admin) == known


def test_who_only_looks_remembers_nothing(trail, run, more, admin):
    known = files(admin)
    more(lambda t: t.lock("h1.example"))
    for options in ["--dry-run"], ["--trust", MALLORY.public]:
        assert run(*options)[0] == 0
        assert files(admin) == known


@pytest.mark.parametrize("damage", [
    lambda s: s[:-4], lambda s: s[:40], lambda s: "",
    lambda s: s.replace("lattice = ", "lattice = A"),
    lambda s: s.replace("removed = ", "removed = x")])
def test_a_file_that_is_damaged(trail, both, admin, more, damage):
    """It is as if it were not there, and is written again."""
    path, = memory(admin).parent.glob("verified-*")
    text = path.read_text()
    path.write_text(damage(text))
    assert both() == (0, [], None)
    assert path.read_text() == text
    assert both() == (0, [], trail.seq)


def test_a_lattice_of_others(trail, both, admin):
    path, = memory(admin).parent.glob("verified-*")
    text = path.read_text()
    at = text.index("lattice = ") + 40
    path.write_text(text[:at] + ("B" if text[at] == "A" else "A")
                    + text[at + 1:])
    assert both() == (0, [], None)
    assert both() == (0, [], trail.seq)


def test_other_signers(trail, run, admin):
    """Whoever counts now was not asked then."""
    t.signers_file(signers_of(admin), ALICE)
    assert run()[0] == 10
    t.signers_file(signers_of(admin), ALICE, BOB, MALLORY)
    status, report, _ = run()
    assert (status, report["before"]) == (0, None)
    assert run()[1]["before"] == trail.seq


def test_what_a_key_signed_that_was_trusted_once(trail, run, admin, more):
    more(lambda t: t.lock("h1.example", MALLORY))
    assert run("--trust", MALLORY.public)[1]["before"] is None
    assert run()[0] == 10


def test_others_write_meanwhile(alice, redis):
    """Nobody is accused who writes while we read."""
    alice("lock", *(f"h{n}.example" for n in range(300)), "--yes")
    alice("audit", "verify")
    ending = threading.Event()

    def write(n):
        while not ending.is_set():
            alice("lock", f"h{n}.example", f"w{n}.example", f"x{n}.example")
            alice("unlock", f"w{n}.example")
            alice("reset", f"x{n}.example", f"h{n + 10}.example")

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    try:
        reports = [alice.json("audit", "verify")[0] for _ in range(20)]
    finally:
        ending.set()
        for writer in writers:
            writer.join()
    seqs = [report["seq"] for report in reports]
    assert seqs == sorted(seqs) and seqs[-1] > seqs[0]
    assert [r["before"] for r in reports[1:]] == seqs[:-1]
    redis.client().hset(LOCKS, "hand.example", "locked")
    assert alice("audit", "verify", check=False).returncode == 12


def test_many_records(alice, both_of, redis):
    """More than a page of them, while the hash grows and shrinks."""
    alice("lock", *(f"h{n}.example" for n in range(6000)), "--yes",
          timeout=120)
    known = alice.json("audit", "verify")[0]["seq"]
    assert both_of(alice) == (0, known)
    client = redis.client()
    client.hset(LOCKS, "h5999.example", "open")
    done = alice("audit", "verify", check=False)
    assert done.returncode == 12 and "h5999.example" in done.stdout


# what it costs

def cpu(*args, admin, **kw):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    admin(*args, **kw)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime
            - before.ru_stime)


def test_a_bulk_change_compares_in_no_time(alice):
    """Each of 2,000 records with the entry that wrote it."""
    def rows(reason):
        return "host,lock_at,reason\n" + "".join(
            f"h{n}.example,1,{reason}\n" for n in range(2000))

    alice("import", "-", "--yes", input=rows("one"), timeout=120)
    seconds = cpu("import", "-", "--yes", input=rows("two"), timeout=120,
                  admin=alice)
    print(f"{seconds:.2f} s")
    assert seconds < 2


RECORDS = int(os.environ.get("PAYLOCK_VERIFY_RECORDS", "20000"))


def test_cost(alice):
    """A second for a million records, not for their entries."""
    for reason in "one", "two":
        alice("import", "-", "--yes", timeout=3600, input=(
            "host,lock_at,reason\n" + "".join(
                f"h{n}.example,1,{reason}\n" for n in range(RECORDS))))
    whole = cpu("audit", "verify", admin=alice, timeout=3600)
    since = min(cpu("audit", "verify", admin=alice, timeout=3600)
                for _ in range(3))
    print(f"{RECORDS} records: {since:.2f} s, --full {whole:.2f} s")
    assert since < max(0.1, whole / 5)
