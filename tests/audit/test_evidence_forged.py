# Copyright (C) 2026 paylock contributors
#
# Forged evidence bundles: tampered with after the export, or made of a trail
# that paylock-admin would not write.  None is verified.

import hashlib
import json
import re

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oracle import verify
from support import trail as t
from support.bundle import LANGUAGES, bad, chain, good, put_chain, sum_up
from support.chain import AUDIT
from support.trail import Key, Trail

ALICE, BOB, MALLORY = Key(1), Key(2), Key(66)


def edit(name, old, new, count=1):
    def change(bundle):
        path = bundle / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, count))
    return change


def change_chain(change):
    def apply(bundle):
        lines = chain(bundle)
        change(lines)
        put_chain(bundle, lines)
    return apply


def entry_and_chain(bundle):
    edit("entries/11.leaf", "reason 4 paid", "reason 4 late")(bundle)
    lines = chain(bundle)
    lines[13][1] = hashlib.sha256(
        (bundle / "entries/11.leaf").read_bytes()).hexdigest()
    put_chain(bundle, lines)


def flip(line, column):
    """Another hex digit in the place of the first."""
    def change(lines):
        word = lines[line][column]
        lines[line][column] = "fe"[word[0] == "f"] + word[1:]
    return change_chain(change)


def swap(lines):
    lines[6], lines[7] = lines[7], lines[6]


def splice(lines):
    """What was written of entry 4 is another, and the chain goes on."""
    prev = lines[2][1]
    for seq, leaf, *_ in lines[3:7]:
        prev = verify.hash_of(lines[1][1], int(seq), prev, leaf)
    lines[6][1] = "0" * 64
    lines.insert(7, ["prev", prev])


def other_pem(bundle):
    one, two = sorted(bundle.glob("keys/*.pem"))
    one.write_bytes(two.read_bytes())


def other_name(bundle):
    one, two = sorted(bundle.glob("keys/*.pem"))
    one.rename(bundle / "keys" / ("0" * 64 + ".pem"))


def broken_pem(bundle):
    path, _ = sorted(bundle.glob("keys/*.pem"))
    path.write_text(path.read_text().replace("MCowBQ", "MCowBR"))


def other_signer(lines):
    """The signature of one, said to be by another who counts."""
    keys = {line[3] for line in lines if len(line) > 3}
    lines[5][3], = keys - {lines[5][3]}


TAMPERED = {
    "leaf": edit("entries/11.leaf", "paid", "lies"),
    "leaf-length": edit("entries/11.leaf", "reason 4 paid", "reason 5 paid"),
    "leaf-and-chain": entry_and_chain,
    "leaf-gone": lambda bundle: (bundle / "entries/11.leaf").unlink(),
    "leaf-of-another": flip(6, 1),
    "signature": flip(3, 4),
    "last-signature": flip(14, 4),
    "signature-of-a-leaf": flip(11, 4),
    "signature-gone": change_chain(lambda lines: lines[14].__delitem__(
        slice(3, 5))),
    "signature-of-another": change_chain(other_signer),
    "no-hex": change_chain(lambda lines: lines[3].__setitem__(4, "zz" * 64)),
    "line-gone": change_chain(lambda lines: lines.pop(6)),
    "first-gone": change_chain(lambda lines: lines.pop(3)),
    "last-gone": change_chain(lambda lines: lines.pop()),
    "line-twice": change_chain(lambda lines: lines.insert(7, lines[6])),
    "lines-swapped": change_chain(swap),
    "splice": change_chain(splice),
    "all-gone": change_chain(lambda lines: lines.__delitem__(slice(3, None))),
    "number": change_chain(lambda lines: lines[14].__setitem__(0, "13")),
    "realm": edit("chain.txt", "realm -", "realm x"),
    "chain": flip(1, 1),
    "prev": change_chain(
        lambda lines: lines[2].__setitem__(1, "1" + "0" * 63)),
    "pem": other_pem,
    "pem-name": other_name,
    "pem-broken": broken_pem,
    "checkpoint-realm": edit("checkpoint.txt", "realm -", "realm x"),
    "checkpoint-hash": edit("checkpoint.txt", "hash ", "hash 0"),
    "checkpoint-seq": edit("checkpoint.txt", "seq 12", "seq 11"),
    "checkpoint-time": edit("checkpoint.txt", "time 1", "time 2"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampered(how, bundle, check):
    """Whether or not the checksums were made anew."""
    TAMPERED[how](bundle)
    bad(check(bundle))
    sum_up(bundle)
    bad(check(bundle))
    (bundle / "signature.txt").unlink()
    bad(check(bundle))


@pytest.mark.parametrize("how", [
    edit("timeline.fr.html", "F-1", "F-2"),
    edit("timeline.en.html", "paid", "late"),
    edit("VERIFY.en.txt", "sha256sum", "true"),
    # an entry that is not shown any more
    change_chain(lambda lines: lines[9].__setitem__(2, "leaf"))])
def test_tampered_beside_the_chain(how, bundle, check):
    """What no entry tells only the signature of the whole does."""
    how(bundle)
    bad(check(bundle), "are not what was written")
    sum_up(bundle)
    bad(check(bundle), "signature.txt")
    path = bundle / "signature.txt"
    path.write_text(re.sub(
        r"(?m)^sha256 .*", "sha256 " + hashlib.sha256(
            (bundle / "SHA256SUMS").read_bytes()).hexdigest(),
        path.read_text()))
    bad(check(bundle), "the signature of signature.txt")
    (bundle / "signature.txt").unlink()
    assert "NOTE: nobody signed the bundle" in check(bundle).stdout


def test_signature_of_another(bundle, check):
    sum = hashlib.sha256((bundle / "SHA256SUMS").read_bytes()).hexdigest()

    def sign(key):
        text = (f"paylock audit bundle 2\nrealm -\nsha256 {sum}\n"
                f"key {key.public}\n")
        (bundle / "signature.txt").write_text(
            f"{text}sig {key.sign(text)}\n")

    sign(MALLORY)
    bad(check(bundle), "signature.txt is signed by a key that does not count")

    (bundle / "signature.txt").unlink()
    (bundle / f"keys/{MALLORY.public}.pem").write_bytes(pem(MALLORY))
    *_, last = chain(bundle)
    text = (bundle / "checkpoint.txt").read_text()
    (bundle / "checkpoint.txt").write_text(t.checkpoint(
        MALLORY, re.search("chain (.*)", text)[1], int(last[0]),
        re.search("hash (.*)", text)[1]))
    sum_up(bundle)
    bad(check(bundle), "checkpoint.txt is signed by a key that does not count")


def pem(key):
    return key.private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_signature_by_another_who_counts(redis, admin, check, private):
    """Of what one has done, at an entry of which there is but a leaf."""
    trail = begun()
    t.load(redis.client(), trail.entries)
    admin("audit", "export", "--host", "acme.example", "-o",
          f"{private}/out/")
    out = private / "out"
    good(check(out))
    lines = chain(out)
    assert lines[-1][2:4] == ["leaf", BOB.public]
    lines[-1][3:] = ALICE.public, ALICE.sign_entry(trail.entries[-1][1])
    put_chain(out, lines)
    sum_up(out)
    bad(check(out), "is not of the key")


def test_another_key_under_the_name_of_ours(bundle, check):
    """All that is signed is signed anew, and the names are as they were."""
    for path in bundle.glob("keys/*.pem"):
        path.write_bytes(pem(MALLORY))
    lines = chain(bundle)
    hash = lines[2][1]
    for line in lines[3:]:
        hash = verify.hash_of(lines[1][1], int(line[0]), hash, line[1])
        if len(line) > 3:
            line[4] = MALLORY.sign_entry({"hash": hash})
    put_chain(bundle, lines)

    def sign(path):
        text = "".join(path.read_text().splitlines(keepends=True)[:-1])
        path.write_text(f"{text}sig {MALLORY.sign(text)}\n")

    sign(bundle / "checkpoint.txt")
    sum_up(bundle)
    edit("signature.txt", re.search(
        r"sha256 (\w+)", (bundle / "signature.txt").read_text())[1],
        hashlib.sha256((bundle / "SHA256SUMS").read_bytes()).hexdigest())(
            bundle)
    sign(bundle / "signature.txt")
    bad(check(bundle), "is not the key that its name says")


def test_kept_checkpoints(made, check, private):
    early = made.parent / "early"
    good(check(made, early))
    good(check(made, early, made / "checkpoint.txt"))
    text = early.read_text()
    seq = int(re.search(r"seq (\d+)", text)[1])
    for old, new, word in [
            (r"hash .", "hash x", "has another entry"),
            (r"chain .", "chain x", "has another entry"),
            (r"realm -", "realm x", "has another entry"),
            (rf"seq {seq}", "seq 99", "entry 99, of"),
            (r"checkpoint 2", "checkpoint 1", "is no checkpoint")]:
        forged = private / "forged"
        forged.write_text(re.sub(old, new, text))
        bad(check(made, forged), word)
        bad(check(made, early, forged), word)
    bad(check(made, private / "nothing"), "nothing")


# trails that paylock-admin would not write

def begun():
    trail = Trail(3).add(ALICE, {"action": "init"})
    trail.add(ALICE, {"action": "key-add", "subject": BOB.public})
    trail.add(BOB, trail.change("acme.example"), trail.change("b.example"))
    return trail


def more(trail):
    return trail.add(ALICE, trail.change("acme.example", "reset"))


def fine(trail):
    more(trail)


def adopted(trail):
    trail.add(ALICE, {"action": "adopt", "reason": "a loss"}, skip=5)


def adopted_only(trail):
    adopted(trail)
    trail.entries = trail.entries[-1:]
    more(trail)


def signed_later(trail):
    trail.entries = []
    trail.add(None, {"action": "init"}, trail.change("acme.example"))
    trail.add(BOB, {"action": "key-add", "subject": BOB.public})


def added_again(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(ALICE, {"action": "key-add", "subject": BOB.public})
    trail.add(BOB, trail.change("acme.example", "reset"))


def unknown_fields(trail):
    """Of a later version: here, they are hashed and kept."""
    trail.add(ALICE, {"Colour-2": "bläu", **trail.change(
        "acme.example", reason="late"), "pri_or": "7"})
    trail.add(BOB, {"action": "unlock", "lost": "a\nkey 1 x",
                    "host": "b.example"})


def line_feeds(trail):
    """A text that looks like fields."""
    trail.add(ALICE, trail.change(
        "acme.example", reason="x\naction 7 key-add\nsubject 64 "
        + MALLORY.public))


def unknown(trail):
    trail.add(MALLORY, trail.change("acme.example"))


def unknown_by_reason(trail):
    line_feeds(trail)
    unknown(trail)


def revoked(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(BOB, trail.change("acme.example"))


def revoked_for_another(trail):
    """Where no more than a leaf is shown."""
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(BOB, trail.change("b.example"))


def adds_itself_in_a_row(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(BOB, {"action": "key-add", "subject": BOB.public},
              trail.change("acme.example"))


def revokes_itself(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": ALICE.public})


def unsigned(trail):
    trail.add(None, trail.change("acme.example"))
    more(trail)


def row_unsigned(trail):
    trail.add(BOB, trail.change("acme.example"), sign=False)


def row_signed_by_another(trail):
    trail.add(BOB, trail.change("acme.example"), sign=False)
    more(trail)


def added_by_itself(trail):
    trail.add(MALLORY, {"action": "key-add", "subject": MALLORY.public})


def gap(trail):
    trail.add(ALICE, trail.change("acme.example"), skip=1)


def second_init(trail):
    trail.add(ALICE, {"action": "init"})


def first_key_not_added(trail):
    trail.entries = []
    trail.add(None, {"action": "init"})
    trail.add(BOB, trail.change("acme.example"))


@pytest.mark.parametrize("how, word", [
    (fine, ""), (adopted, ""), (adopted_only, ""), (signed_later, ""),
    (added_again, ""), (unknown_fields, ""),
    (line_feeds, ""), (unknown, "does not count"),
    (unknown_by_reason, "does not count"), (revoked, "does not count"),
    (revoked_for_another, "does not count"),
    (adds_itself_in_a_row, "does not count"),
    (revokes_itself, "revokes itself"), (unsigned, "is not signed"),
    (row_unsigned, "no signature"), (row_signed_by_another, "no signature"),
    (added_by_itself, "does not count"), (gap, "missing between"),
    (second_init, "begins again"), (first_key_not_added, "nobody added")])
def test_rules(how, word, redis, admin, check, private):
    """verify.sh and the second verifier agree."""
    trail = begun()
    how(trail)
    t.load(redis.client(), trail.entries)
    done = admin("audit", "export", "--host", "acme.example", "-o",
                 f"{private}/out/")
    text = (private / "out/export.jsonl").read_text()
    if word:
        assert "not good" in done.stderr
        bad(check(private / "out"), word)
        with pytest.raises(verify.Fault):
            verify.verify_export(text)
    else:
        assert done.stderr == ""
        good(check(private / "out"))
        verify.verify_export(text)
    for language in LANGUAGES:
        page = (private / f"out/timeline.{language}.html").read_text()
        assert ('class="verdict bad"' in page) == bool(word)


def test_an_unknown_field(redis, admin, check, private):
    """It is accepted, kept in each copy, and cannot be changed."""
    trail = begun()
    unknown_fields(trail)
    client = redis.client()
    t.load(client, trail.entries, trail.locks)
    admin("audit", "verify", "--trust", ALICE.public)
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
    done = admin("audit", "verify", out / "export.jsonl", "--trust",
                 ALICE.public, check=False)
    assert done.returncode == 10 and f"entry {seq}" in done.stderr


def test_unsigned(admin, check, private):
    admin("init")
    admin("lock", "acme.example", "--reason", "late")
    admin("audit", "export", "-o", f"{private}/out/")
    out = private / "out"
    assert not list(out.glob("keys/*"))
    assert not (out / "signature.txt").exists()
    done = check(out)
    good(done)
    assert done.stdout.count("NOTE") == 3
    assert "NO ENTRY IS SIGNED" in (out / "VERIFY.en.txt").read_text()
    assert "AUCUNE ENTRÉE" in (out / "VERIFY.fr.txt").read_text()
    assert "They are not signed" in (out / "timeline.en.html").read_text()
    edit("entries/2.leaf", "late", "paid")(out)
    sum_up(out)
    bad(check(out), "entries/2.leaf")

    # nobody is needed to forge it but somebody who knows how
    def forge(old, new):
        edit("entries/2.leaf", old, new)(out)
        lines = chain(out)
        lines[4][1] = hashlib.sha256(
            (out / "entries/2.leaf").read_bytes()).hexdigest()
        put_chain(out, lines)
        sum_up(out)

    forge("paid", "late")
    good(check(out))
    forge("reason 4 late", "reason 3 late")
    bad(check(out), "entry 2: reason is cut off")
    forge("reason 3 late", "reason 4000 late")
    bad(check(out), "entry 2: reason is cut off")
    put_chain(out, chain(out)[:3])
    sum_up(out)
    bad(check(out), "no entry")
