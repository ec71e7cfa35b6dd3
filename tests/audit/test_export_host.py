# Copyright (C) 2026 paylock contributors
#
# Exports of one host: they hold its entries and a short way between them,
# however many there are of others, and whoever leaves one out is found.

import json
import re

import pytest

from support import trail as t
from support.bundle import (bad, forged, good, judged, operator, put_signers,
                            refused, unproven)
from support.chain import AUDIT, LOCKS
from support.trail import Key, Trail

ALICE, BOB = Key(1), Key(2)
SIGNERS = f"alice {ALICE.public}\nbob {BOB.public}\n"
HOST = "acme.example"


def entries_of(redis):
    return [(int(id.split("-")[0]), {k: v for k, v in entry.items() if v})
            for id, entry in redis.client().xrange(AUDIT)]


def shown(path):
    return path.read_text().splitlines(keepends=True)[1:-1]


def parsed(lines):
    return [list(json.loads(text).items()) for text in lines]


@pytest.fixture
def people(redis, private):
    """Two operators, who count, and their trail."""
    alice, bob = (operator(redis, private, name) for name in ("alice", "bob"))
    for admin in alice, bob:
        put_signers(admin, f"alice {alice.key}\nbob {bob.key}\n")
    alice("init")
    bob("init", "--yes")
    for i in range(8):
        one, two = (alice, bob)[::(-1) ** i]
        one("lock", *(f"c{i}-{k}.example" for k in range(7)))
        if i % 3 == 0:
            two("lock", HOST, f"d{i}.example", "--reason", f"case {i}")
            one("unlock", HOST)
    alice("lock", ".example", "--yes")
    return alice, bob


def test_the_way(people, redis, private, check):
    """Each entry of the host, and what leads from one to the next."""
    alice, bob = people
    told = alice.json("audit", "export", "--host", HOST, "-o",
                      f"{private}/out/")[0]
    export = private / "out/export.jsonl"
    entries = entries_of(redis)
    concerned = {HOST, ".example"}
    lines = shown(export)
    assert parsed(lines) == parsed(t.path(
        entries, HOST, names=(HOST, ".example")))
    full = [item for item in map(json.loads, lines) if "leaf" not in item]
    assert [item["seq"] for item in full if item.get("host")] == [
        seq for seq, e in entries if e.get("host") in concerned]
    assert (told["entries"], told["leaves"]) == (len(full),
                                                 len(lines) - len(full))
    assert told["leaves"] < len(entries) / 2
    good(check(private / "out"))
    bob("audit", "verify", export)
    put_signers(bob, f"alice {alice.key}\n")
    assert bob("audit", "verify", export, check=False).returncode == 10


@pytest.mark.parametrize("record", [
    None, "{}", '{"at":1000,"lock_at":1000,"entry":2}', "old"])
def test_a_record_that_leads_nowhere(record, people, redis, private):
    """Then all entries are read: those of the host are found.  An old record
    leads to old entries: that it is old, only audit verify can find."""
    alice, _ = people
    alice("audit", "export", "--host", HOST, "-o", private / "before")
    client = redis.client()
    if record == "old":
        record = [e["after"] for _, e in entries_of(redis)
                  if e.get("host") == HOST][1]
        client.hset(LOCKS, HOST, record)
        alice("audit", "export", "--host", HOST, "-o", private / "after")
        assert len(shown(private / "after")) < len(shown(private / "before"))
        assert alice("audit", "verify", check=False).returncode == 12
        return
    if record:
        client.hset(LOCKS, HOST, record)
    else:
        client.hdel(LOCKS, HOST)
    alice("audit", "export", "--host", HOST, "-o", private / "after")
    assert shown(private / "after") == shown(private / "before")


def test_a_kept_checkpoint(people, redis, private, check):
    """It is proven by a bundle that was made for it."""
    alice, bob = people
    alice("lock", "x.example", "y.example")
    alice("audit", "checkpoint", "-o", private / "kept")
    seq = int(re.search(r"seq (\d+)", (private / "kept").read_text())[1])
    for i in range(9):
        alice("lock", f"e{i}.example")
    alice("audit", "export", "--host", HOST, "-o", f"{private}/out/")
    export = private / "out/export.jsonl"
    assert seq not in [json.loads(text)["seq"] for text in shown(export)]
    good(check(private / "out"))
    unproven(check(private / "out", private / "kept"),
             f"NOTE: entry {seq}, of a checkpoint that you kept, is not shown")
    alice("audit", "verify", export)
    done = bob("audit", "verify", export, "--checkpoint", private / "kept",
               check=False)
    assert done.returncode == 11 and "is not shown" in done.stderr

    alice("audit", "export", "--host", HOST, "--checkpoint", private / "kept",
          "-o", f"{private}/with/")
    good(check(private / "with", private / "kept"))
    bob("audit", "verify", private / "with/export.jsonl", "--checkpoint",
        private / "kept")

    # one of another trail is none of this one
    text = re.sub("hash .*", "hash " + "0" * 64,
                  (private / "kept").read_text())
    (private / "kept").write_text(text)
    bad(check(private / "with", private / "kept"), "has another entry")
    done = alice("audit", "export", "--host", HOST, "--checkpoint",
                 private / "kept", "-o", f"{private}/x/", check=False)
    assert done.returncode == 1 and not (private / "x").exists()


def test_size(redis, private, admin, check):
    """Of 20,000 entries of others some hundreds are shown, and no more are
    read."""
    key = admin.json("keygen")["key"]
    put_signers(admin, f"me {key}\n")
    admin("init")
    rows = "".join(f"c{i}.example,%d\n" for i in range(1000))
    for i in range(20):
        for action in "lock", "unlock", "lock"[:4 * (i % 2 == 0)]:
            if action:
                admin(action, HOST, "--reason", f"case {i}")
        (private / "rows.csv").write_text(
            "host,lock_at\n" + rows.replace("%d", str(1793487600 + i)))
        admin("import", private / "rows.csv", "--yes")
    client = redis.client()
    assert client.xlen(AUDIT) == 20051
    was = client.info()["total_net_output_bytes"]
    told = admin.json("audit", "export", "--host", HOST, "-o",
                      f"{private}/out/")[0]
    read = client.info()["total_net_output_bytes"] - was
    size = sum(path.stat().st_size for path in (private / "out").rglob("*")
               if path.is_file())
    print(told, size, read)
    assert told["entries"] == 51 and told["leaves"] < 600
    assert size < 600000 and read < 1500000
    good(check(private / "out"))


# forgeries


def base():
    """Two hosts and two signers; BOB's rows end with an entry of the other."""
    trail = Trail(8).add(ALICE, {"action": "init"})
    for i in range(12):
        trail.add(BOB, trail.change(HOST), trail.change("b.example"))
        for _ in range(i % 4):
            trail.add(ALICE, trail.change("b.example"))
    return trail


def bundle(private, lines, chain, key=ALICE, signers=SIGNERS):
    return forged(private / "out", chain, lines, signers, key=key)


def test_a_forged_bundle_is_one(private, check):
    """What is right is good, so that the tests below test something."""
    trail = base()
    lines = t.path(trail.entries, HOST)
    done, found = judged(bundle(private, lines, trail.chain), check, SIGNERS)
    good(done)
    assert found == []


def lines_of(entries, shown, full):
    """The lines of these seqs; what is not in full has its signature."""
    there, lines = dict(entries), []
    for seq in shown:
        entry = there[seq]
        if seq in full:
            lines.append(t.entry_line(seq, entry))
            continue
        names = ("prev", "skip") + ("key", "root", "sig") * ("sig" in entry)
        lines.append(t.line({"seq": seq, "leaf": t.entry_leaf(entry),
                             **{name: entry[name] for name in names}}))
    return lines


def own(trail):
    return [seq for seq, e in trail.entries if e.get("host", HOST) == HOST]


def left_out(trail):
    """One entry of the host is left out, and the way leads without it."""
    seqs = own(trail)
    hidden = seqs.pop(len(seqs) // 2)
    shown, _ = t.way([(seq, {**e, "host": "b.example"} if seq == hidden else e)
                      for seq, e in trail.entries], HOST)
    return lines_of(trail.entries, [seq for seq, _ in shown], seqs)


def first_left_out(trail):
    seqs = own(trail)
    del seqs[1]
    shown, _ = t.way(trail.entries, HOST)
    return lines_of(trail.entries, [seq for seq, _ in shown], seqs)


def leads_nowhere(trail):
    """A line without which the next one leads to none here."""
    lines = t.path(trail.entries, HOST)
    there = dict(trail.entries)
    items = [json.loads(text) for text in lines]
    at = next(i for i in range(3, len(lines) - 1)
              if "leaf" in items[i] and "sig" not in items[i]
              and items[i + 1]["skip"] != there[items[i - 1]["seq"]]["hash"])
    return lines[:at] + lines[at + 1:]


def shortened(trail):
    lines = t.path(trail.entries, HOST)
    return [lines[0], lines[-1]]


def through_another_chain(trail):
    """The rest is of a chain that the same people signed."""
    other = base()
    other.chain, other.entries = "ab" * 16, []
    other.last, other.locks = {}, {}
    for seq, e in trail.entries:
        other.add(ALICE, {"action": "init"} if seq == 1
                  else other.change(e["host"]))
    lines = t.path(other.entries, HOST)
    return t.path(trail.cut(9).entries, HOST) + [
        text for text in lines if json.loads(text)["seq"] > 9]


def signature_of_another(trail):
    """That of a later row, which another signed."""
    lines = t.path(trail.entries, HOST)
    at = max(i for i, text in enumerate(lines)
             if json.loads(text).get("key") == BOB.public
             and "leaf" in json.loads(text))
    item = json.loads(lines[at])
    assert json.loads(lines[-1])["key"] == ALICE.public
    lines[at] = t.line({k: v for k, v in item.items()
                        if k not in ("key", "root", "sig")})
    return lines


def prior_changed(trail):
    lines = t.path(trail.entries, HOST)
    at = [i for i, text in enumerate(lines) if HOST in text][4]
    item = json.loads(lines[at])
    lines[at] = t.line({**item, "prior": "0"})
    return lines


def prior_signed(trail):
    """A signer says of a later entry that it is the first one."""
    trail.add(BOB, {**trail.change(HOST), "prior": "0"})
    return t.path(trail.entries, HOST)


def prior_of_nothing(trail):
    trail.entries, trail.last = trail.entries[:1], {HOST: 7}
    for i in range(8):
        trail.add(BOB, trail.change(HOST if i > 6 else "b.example"))
    return t.path(trail.entries, HOST)


def prior_of_another(trail):
    """It was not that entry which an adopt gave up."""
    trail.adopt(ALICE, trail.seq + 9)
    trail.last[".example"] = trail.seq - 10
    trail.add(BOB, trail.change(".example"))
    return lines_of(trail.entries,
                    [seq for seq, _ in t.way(trail.entries, HOST)[0]],
                    [*own(trail), trail.seq])


FORGED = [
    (left_out, "gap", "follows its entry"),
    (first_left_out, "gap", "but the one before it here is 0"),
    (leads_nowhere, "fork", "does not lead to entry"),
    (shortened, None, ""),
    (through_another_chain, None, ""),
    (signature_of_another, "signature", "not of the key it needs"),
    (prior_changed, "edit", ""),
    (prior_signed, "gap", "follows its entry 0"),
    (prior_of_nothing, "gap", "but the one before it here is 0"),
    (prior_of_another, "gap", "but the one before it here is 0")]


@pytest.mark.parametrize("how, kind, word", FORGED)
def test_forged(how, kind, word, private, check):
    trail = base()
    lines = how(trail)
    refused(bundle(private, lines, trail.chain), check, SIGNERS, word, kind)


def test_an_adopt_may_leave_records(private, check):
    """Then the first entry of a host may go on from what is given up."""
    trail = base()
    trail.entries = []
    trail.adopt(ALICE, 60, resumes=())
    trail.last = {HOST: 57}
    trail.add(BOB, trail.change(HOST))
    done, found = judged(bundle(private, t.path(trail.entries, HOST),
                                trail.chain), check, SIGNERS)
    good(done)
    assert found == []


def test_an_end_that_is_not_shown(private, check):
    """The end of a revoked key must be shown, or be given up."""
    trail = base()
    lines = t.path(trail.entries, HOST)
    shown = {json.loads(text)["seq"] for text in lines}
    seq = next(seq for seq in range(trail.seq - 1, 0, -1)
               if seq not in shown and "sig" in dict(trail.entries)[seq]
               and seq > max(own(trail)) + 1)
    limit = t.signer("bob", BOB, until=(seq, dict(trail.entries)[seq]["hash"]))
    signers = f"alice {ALICE.public}\n{limit}\n"
    refused(bundle(private, lines, trail.chain, signers=signers), check,
            signers, f"entry {seq}, which signers.txt names, is not here",
            "gap")
    (private / "more").mkdir()
    lines = t.path(trail.entries, HOST, [seq])
    done, found = judged(bundle(private / "more", lines, trail.chain,
                                signers=signers), check, signers)
    good(done)
    assert found == []


def test_the_last_entry_is_not_proven(private, check):
    """No later one names it.  The next bundle does."""
    trail = base()
    lines = lines_of(trail.entries,
                     [seq for seq, _ in t.way(trail.entries, HOST)[0]],
                     own(trail)[:-1])
    done, found = judged(bundle(private, lines, trail.chain), check, SIGNERS)
    good(done)
    assert found == []
    seqs = own(trail)
    trail.add(BOB, trail.change(HOST))
    (private / "next").mkdir()
    lines = lines_of(trail.entries,
                     [seq for seq, _ in t.way(trail.entries, HOST)[0]],
                     [*seqs[:-1], trail.seq])
    refused(bundle(private / "next", lines, trail.chain), check, SIGNERS,
            "follows its entry", "gap")
