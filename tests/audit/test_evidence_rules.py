# Copyright (C) 2026 paylock contributors
#
# Evidence bundles of trails that paylock-admin would not write: verify.sh,
# paylock-admin and the second verifier agree on them.

import json
import pathlib
import re
import shutil

import pytest

from oracle import verify
from support import trail as t
from support.bundle import (LANGUAGES, bad, chain, edit, forged, good,
                            put_chain, refused, sum_up, unproven)
from support.chain import AUDIT
from support.trail import Key, Trail

ALICE, BOB, MALLORY = Key(1), Key(2), Key(66)
ZEROS = t.ZEROS


ALL = f"alice {ALICE.public}\nbob {BOB.public}\n"


def begun():
    trail = Trail(3).add(ALICE, {"action": "init"})
    trail.add(ALICE, trail.change("acme.example"))
    trail.add(BOB, trail.change("acme.example"), trail.change("b.example"))
    return trail


def until(trail, seq=4, hash=None):
    hash = hash or dict(trail.entries)[seq]["hash"]
    return f"alice {ALICE.public}\nbob {BOB.public} until={seq}:{hash}\n"


def more(trail):
    trail.add(ALICE, trail.change("acme.example", "reset"))


def adopt(trail, key=ALICE, back=0, lost=None, sign=True, **fields):
    """Gives up the last entries, back of them, and as many more as are lost."""
    stays = trail.entries[len(trail.entries) - back - 1]
    last = trail.seq + (lost or 0)
    there = trail.entries[:len(trail.entries) - back]
    trail.locks = {e["host"]: e.get("after", "") for _, e in there
                   if "host" in e}
    trail.last = {e["host"]: seq for seq, e in there if "host" in e}
    entry = {"action": "adopt", "reason": "a loss", "lost": "",
             "resumes": f"{stays[0]} {stays[1]['hash']}"}
    if last > stays[0]:
        entry["lost"] = f"{trail.chain} {stays[0] + 1} {last} {ZEROS}"
    trail.add(key, {**entry, **fields}, gap=lost or 0, sign=sign)


def fine(trail):
    more(trail)


def adopted(trail):
    adopt(trail, lost=5)


def adopted_nothing(trail):
    adopt(trail)
    more(trail)


def adopted_only(trail):
    adopt(trail, lost=5, resumes="")
    trail.entries = trail.entries[-1:]
    more(trail)


def adopted_another_chain(trail):
    """A new chain that gives up an old one whole."""
    lost = f"{trail.chain} 1 {trail.seq} {trail.hash}"
    seq, trail.entries, trail.chain = trail.seq, [], "ab" * 16
    trail.add(ALICE, {"action": "adopt", "lost": lost}, gap=seq)
    more(trail)


def revoked(trail):
    more(trail)
    return until(trail)


def bob_from(trail):
    more(trail)
    return f"alice {ALICE.public}\nbob {BOB.public} from=3\n"


def bob_may(trail):
    more(trail)
    return f"alice {ALICE.public} # root\n\nbob {BOB.public} may=lock,init\n"


def revoked_in_what_is_given_up(trail):
    """Another signer gives up the end of Bob's key."""
    adopt(trail, lost=5)
    return until(trail, 7, "ab" * 32)


def unsigned_and_given_up(trail):
    trail.add(None, trail.change("acme.example"), trail.change("b.example"))
    adopt(trail, back=2)
    more(trail)


def unknown_and_given_up(trail):
    trail.add(MALLORY, trail.change("acme.example"))
    adopt(trail, back=1, lost=3)


def edited_and_given_up(trail):
    """Its hash is not of what it says."""
    trail.add(ALICE, trail.change("acme.example", reason="late"))
    trail.entries[-1][1]["reason"] = "paid"
    adopt(trail, back=1)


def unreadable_and_given_up(trail):
    """Of a version that nobody knows."""
    trail.add(ALICE, trail.change("acme.example", v="9"))
    adopt(trail, back=1, prev=trail.entries[-2][1]["hash"])


def gap_and_given_up(trail):
    trail.add(ALICE, trail.change("acme.example"), gap=1)
    adopt(trail, back=1)


def row_given_up(trail):
    """A transaction that broke off: nobody signed its entries."""
    trail.add(BOB, trail.change("acme.example"), trail.change("b.example"),
              sign=False)
    adopt(trail, back=2)
    more(trail)


def given_up_twice(trail):
    unsigned_and_given_up(trail)
    row_given_up(trail)


def adopt_given_up(trail):
    """One by a key that does not count, and then one by a key that does."""
    trail.add(MALLORY, trail.change("acme.example"))
    adopt(trail, MALLORY, back=1)
    adopt(trail, back=2)


def unknown_fields(trail):
    """Of a later version: here, they are hashed and kept."""
    trail.add(ALICE, {"Colour-2": "bläu", **trail.change(
        "acme.example", reason="late"), "pri_or": "7"})
    trail.add(BOB, trail.change("b.example", "unlock",
                                lost="a\nkey 1 x"))


def line_feeds(trail):
    """A text that looks like fields."""
    trail.add(ALICE, trail.change(
        "acme.example", reason="x\naction 5 adopt\nkey 64 "
        + MALLORY.public))


GOOD = [
    fine, adopted, adopted_nothing, adopted_only, adopted_another_chain,
    revoked, bob_from, bob_may, revoked_in_what_is_given_up,
    unsigned_and_given_up, unknown_and_given_up, edited_and_given_up,
    unreadable_and_given_up, gap_and_given_up,
    row_given_up, given_up_twice, adopt_given_up, unknown_fields, line_feeds]


def unknown(trail):
    trail.add(MALLORY, trail.change("acme.example"))


def unknown_by_reason(trail):
    line_feeds(trail)
    unknown(trail)


def unknown_in_a_row(trail):
    trail.add(MALLORY, trail.change("acme.example"),
              trail.change("b.example"))
    more(trail)


def after_until(trail):
    text = until(trail)
    trail.add(BOB, trail.change("acme.example"))
    return text


def after_until_for_another(trail):
    """Where no more than a leaf is shown."""
    text = until(trail)
    trail.add(BOB, trail.change("b.example"))
    return text


def revoked_and_signed_again(trail):
    """The thief writes anew what came before."""
    text = until(trail)
    trail.entries[2][1]["reason"] = "another"
    trail.entries = t.relink(trail.entries, 2, [BOB])
    return text


def revoked_and_cut_off(trail):
    more(trail)
    text = until(trail, 5)
    trail.entries = trail.entries[:4]
    return text


def adopts_own_revocation(trail):
    adopt(trail, BOB, lost=5)
    return until(trail, 7, "ab" * 32)


def passes_over_a_revocation(trail):
    """The adopt says that fewer entries are gone."""
    adopt(trail, lost=5)
    entry = trail.entries[-1][1]
    entry["lost"] = f"{trail.chain} 8 9 {ZEROS}"
    trail.entries = t.relink(trail.entries, 4, [ALICE])
    return until(trail, 7, "ab" * 32)


def before_from(trail):
    return f"alice {ALICE.public}\nbob {BOB.public} from=4\n"


def may_not(trail):
    return f"alice {ALICE.public}\nbob {BOB.public} may=unlock,notice\n"


def unsigned(trail):
    trail.add(None, trail.change("acme.example"))
    more(trail)


def unsigned_beginning(trail):
    trail.entries, trail.last, trail.locks = [], {}, {}
    trail.add(None, {"action": "init"}, trail.change("acme.example"))
    more(trail)


def unsigned_at_the_end(trail):
    trail.add(None, trail.change("acme.example"))


def row_unsigned(trail):
    trail.add(BOB, trail.change("acme.example"), sign=False)


def row_signed_by_another(trail):
    trail.add(BOB, trail.change("acme.example"), sign=False)
    more(trail)


def gap(trail):
    trail.add(ALICE, trail.change("acme.example"), gap=1)


def second_init(trail):
    trail.add(ALICE, {"action": "init"})


def adopts_more(trail):
    """The number is not that after what it gives up."""
    adopt(trail, lost=5)
    trail.entries[-1] = trail.entries[-1][0] + 1, trail.entries[-1][1]
    trail.entries = t.relink(trail.entries, 4, [ALICE])


def adopts_nothing(trail):
    trail.add(ALICE, {"action": "adopt"})


def adopts_in_prose(trail):
    trail.add(ALICE, {"action": "adopt", "lost": "5 to 9",
                      "resumes": f"{trail.seq} {trail.hash}"}, gap=5)


def resumes_another(trail):
    adopt(trail, lost=5, resumes=f"{trail.seq} {'ab' * 32}")


def resumes_an_earlier_one(trail):
    """What it gives up was good, and stays in the chain."""
    adopt(trail, back=1)


def given_up_by_an_unknown_key(trail):
    trail.add(None, trail.change("acme.example"))
    adopt(trail, MALLORY, back=1)


def given_up_by_nobody(trail):
    trail.add(MALLORY, trail.change("acme.example"))
    adopt(trail, None, back=1)


BAD = [
    (unknown, "no signer's key"), (unknown_by_reason, "no signer's key"),
    (unknown_in_a_row, "no signer's key"),
    (after_until, "bob, whose key is revoked after entry 4"),
    (after_until_for_another, "revoked after entry 4"),
    (revoked_and_signed_again, "entry 4 is not the one"),
    (revoked_and_cut_off, "the chain ends before entry 5"),
    (adopts_own_revocation, "passes over entry 7"),
    (passes_over_a_revocation, "passes over entry 7"),
    (before_from, "bob, who counts from entry 4"),
    (may_not, "bob, who may not lock"),
    (unsigned, "entry 5 is not signed"),
    (unsigned_beginning, "entry 1 is not signed"),
    (unsigned_at_the_end, "entry 5 is not signed"),
    (row_unsigned, "the last one and is not signed"),
    (row_signed_by_another, "the last of its transaction"),
    (gap, "missing between"), (second_init, "begins again"),
    (adopts_more, "has not the number"),
    (adopts_nothing, "does not resume"),
    (adopts_in_prose, "does not say what it gives up"),
    (resumes_another, "does not resume"),
    (resumes_an_earlier_one, "does not resume"),
    (given_up_by_an_unknown_key, "entry 5 is not signed"),
    (given_up_by_nobody, "no signer's key")]


@pytest.mark.parametrize("how", GOOD)
@pytest.mark.parametrize("host", [(), ("--host", "acme.example")])
def test_good(how, host, redis, exporter, check, private):
    """verify.sh, paylock-admin and the second verifier agree."""
    trail = begun()
    signers = how(trail) or ALL
    t.load(redis.client(), trail.entries)
    admin = exporter(signers)
    done = admin("audit", "export", *host, "-o", f"{private}/out/")
    out = private / "out"
    assert done.stderr == ""
    good(check(out))
    assert "NOTE" not in check(out, shell="bash").stdout
    admin("audit", "verify", out / "export.jsonl")
    text = (out / "export.jsonl").read_text()
    verify.verify_export(text,
                         (admin.home / "config/paylock/signers").read_text())
    if host:
        assert parsed(text.splitlines()[1:-1]) == parsed(
            t.path(trail.entries, "acme.example", pins(signers)))
    for language in LANGUAGES:
        page = (out / f"timeline.{language}.html").read_text()
        assert 'class="verdict bad"' not in page


def parsed(lines):
    return [list(json.loads(text).items()) for text in lines]


def pins(signers):
    return [int(seq) for seq in re.findall(r"until=(\d+)", signers)]


@pytest.mark.parametrize("how, word", BAD)
def test_bad(how, word, redis, exporter, check, private):
    """All of it is written as it is, and nothing for one host."""
    trail = begun()
    signers = how(trail) or ALL
    t.load(redis.client(), trail.entries)
    admin = exporter(signers)
    done = admin("audit", "export", "-o", f"{private}/out/")
    out = private / "out"
    assert "not good" in done.stderr
    bad(check(out), word)
    done = admin("audit", "verify", out / "export.jsonl", check=False)
    assert done.returncode in (10, 11), done.stderr
    with pytest.raises(verify.Fault):
        verify.verify_export((out / "export.jsonl").read_text(), signers)
    for language in LANGUAGES:
        page = (out / f"timeline.{language}.html").read_text()
        assert 'class="verdict bad"' in page

    done = admin("audit", "export", "--host", "acme.example", "-o",
                 f"{private}/host/", check=False)
    assert done.returncode == 1 and "not good" in done.stderr
    assert not list(private.glob("host*"))


@pytest.mark.parametrize("how, word", BAD)
def test_bad_path(how, word, private, check):
    """What a forger makes of it for one host is found as well."""
    trail = begun()
    signers = how(trail) or ALL
    lines = t.path(trail.entries, "acme.example",
                   pins(signers) if "passes" not in word else [])
    forged(private / "out", trail.chain, lines, signers)
    refused(private / "out", check, signers)


def test_signature_by_another_who_counts(redis, exporter, check, private):
    """Of what one has done, at an entry of which there is but a leaf."""
    trail = begun()
    t.load(redis.client(), trail.entries)
    exporter(ALL)("audit", "export", "--host", "acme.example", "-o",
                  f"{private}/out/")
    out = private / "out"
    good(check(out))
    lines = chain(out)
    assert lines[-1][4:6] == ["leaf", BOB.public]
    last = trail.entries[-1][1]
    lines[-1][5:] = ALICE.public, last["root"], ALICE.sign_entry(last)
    put_chain(out, lines)
    sum_up(out)
    bad(check(out), "is not of the key")


# what was given up


@pytest.mark.parametrize("how", [
    unsigned_and_given_up, unknown_and_given_up, edited_and_given_up,
    gap_and_given_up, row_given_up, given_up_twice, adopt_given_up])
def test_given_up(how, redis, exporter, check, private):
    """It is not shown as if it counted, and nobody can give up more."""
    trail = begun()
    how(trail)
    t.load(redis.client(), trail.entries)
    exporter(ALL)("audit", "export", "-o", f"{private}/out/")
    out = private / "out"
    done = check(out)
    good(done)
    seqs = [int(line[0]) for line in chain(out)[3:]]
    given_up = {seq for seq, _ in trail.entries} - set(seqs)
    assert given_up
    for seq in given_up:
        assert not (out / f"entries/{seq}.leaf").exists()
        assert f'id="e{seq}"' not in (out / "timeline.en.html").read_text()
    assert "gives up the entries 5 to " in done.stdout
    assert f"<dd>{len(seqs)}</dd>" in (out / "timeline.en.html").read_text()
    assert not (out / f"keys/{MALLORY.public}.pem").exists()

    # who takes the signatures away proves nothing, and changes nothing
    for name in "checkpoint.txt", "signature.txt":
        (out / name).unlink()
    sum_up(out)
    unproven(check(out))
    at = next(i for i, line in reversed(list(enumerate(chain(out))))
              if i > 3 and int(line[0]) > int(chain(out)[i - 1][0]) + 1)
    for change, word in [
            (lambda lines: lines[at].__setitem__(2, ZEROS), "signature of"),
            (lambda lines: lines.pop(at - 1), ""),
            (lambda lines: lines.insert(at - 1, lines.pop(at)),
             "stands after")]:
        lines = chain(out)
        change(lines)
        copy = pathlib.Path(shutil.copytree(out, private / "copy"))
        put_chain(copy, lines)
        sum_up(copy)
        bad(check(copy), word)
        shutil.rmtree(copy)
    (out / "signers.txt").unlink()
    sum_up(out)
    bad(check(out), "nobody has signed that entries before")


def test_a_leaf_that_was_given_up(redis, exporter, check, private):
    """Of an entry whose hash is not of what it says."""
    trail = begun()
    trail.add(ALICE, trail.change("b.example", reason="late"))
    trail.entries[-1][1]["reason"] = "paid"
    adopt(trail, back=1)
    more(trail)
    t.load(redis.client(), trail.entries)
    exporter(ALL)("audit", "export", "--host", "acme.example", "-o",
                  f"{private}/out/")
    done = check(private / "out")
    good(done)
    assert "6 entries, 5 of them in full" in done.stdout


def test_a_kept_checkpoint_of_what_was_given_up(redis, exporter, check,
                                                private):
    trail = begun()
    more(trail)
    kept = t.checkpoint(ALICE, trail.chain, trail.seq, trail.hash)
    (private / "kept").write_text(kept)
    trail.entries.pop()
    adopt(trail, lost=5)
    t.load(redis.client(), trail.entries)
    exporter(ALL)("audit", "export", "-o", f"{private}/out/")
    out = private / "out"
    good(check(out))
    bad(check(out, private / "kept"), "is given up by entry 10")
    other = kept.replace(trail.chain, "ab" * 16)
    (private / "kept").write_text(other)
    bad(check(out, private / "kept"), "is of another chain")


# where nobody knows the signers


def signed_later(trail):
    trail.entries, trail.last, trail.locks = [], {}, {}
    trail.add(None, {"action": "init"}, trail.change("acme.example"))
    trail.add(BOB, trail.change("acme.example"))


def named_key_and_no_signature(trail):
    trail.add(ALICE, trail.change("acme.example"), sign=False)
    trail.add(None, trail.change("acme.example"))


def signed_by_no_key(trail):
    trail.add(None, trail.change("acme.example"))
    entry = trail.entries[-1][1]
    entry["root"] = trail.lattice.root()
    entry["sig"] = ALICE.sign_entry(entry)


def signed_by_another_than_it_names(trail):
    trail.add(ALICE, trail.change("acme.example"))
    entry = trail.entries[-1][1]
    entry["sig"] = BOB.sign_entry(entry)


@pytest.mark.parametrize("how, word", [
    (fine, ""), (adopted, ""), (adopted_only, ""), (unknown, ""),
    (unsigned, ""), (signed_later, ""), (unsigned_at_the_end, ""),
    (line_feeds, ""), (row_unsigned, "the last one and is not signed"),
    (row_signed_by_another, "the last of its transaction"),
    (named_key_and_no_signature, "the last of its transaction"),
    (signed_by_no_key, "chain.txt has a line"),
    (signed_by_another_than_it_names, "the signature of entry 5"),
    (unknown_and_given_up, "does not resume"),
    (edited_and_given_up, "the signature of entry 5"),
    (gap, "missing between"), (adopts_nothing, "does not resume")])
def test_without_signers(how, word, redis, exporter, check, private):
    trail = begun()
    how(trail)
    t.load(redis.client(), trail.entries)
    host = () if word else ("--host", "acme.example")
    done = exporter(None)("audit", "export", *host, "-o", f"{private}/out/")
    out = private / "out"
    assert not (out / "signers.txt").exists()
    if word:
        assert "not good" in done.stderr
        bad(check(out), word)
        return
    assert done.stderr == ""
    good(check(out))
    assert "NOTE: there is no signers.txt" in check(out).stdout
    plain = sum("key" not in entry and entry.get("host") != "b.example"
                for _, entry in trail.entries)
    assert (f"NOTE: {plain} of the entries in full are not signed"
            in check(out).stdout) == (plain > 0)


def test_an_unknown_field(redis, exporter, check, private):
    """It is accepted, kept in each copy, and cannot be changed."""
    trail = begun()
    unknown_fields(trail)
    client = redis.client()
    t.load(client, trail.entries, trail.locks)
    admin = exporter(ALL)
    admin("audit", "verify")
    seq = trail.seq - 1
    admin("audit", "export", "--host", "acme.example", "-o",
          f"{private}/out/")
    out = private / "out"
    line = (out / "export.jsonl").read_text().splitlines()[seq]
    assert list(json.loads(line).items()) \
        == [("seq", seq), *client.xrange(AUDIT)[seq - 1][1].items()]
    shown = admin.json("audit", "log")[seq - 1]
    assert [(name, value) for name, value in shown.items() if value] \
        == list(json.loads(line).items())
    text = (out / f"entries/{seq}.leaf").read_text()
    assert "\nColour-2 5 bläu\naction " in text
    assert "\npri_or 1 7\n" in text
    good(check(out))

    edit(f"entries/{seq}.leaf", "bläu", "gelb")(out)
    bad(check(out), f"entries/{seq}.leaf is not what was written")
    edit("export.jsonl", '"pri_or":"7"', '"pri_or":"8"')(out)
    done = admin("audit", "verify", out / "export.jsonl", check=False)
    assert done.returncode == 10 and f"entry {seq}" in done.stderr
