# Copyright (C) 2026 paylock contributors
#
# Evidence bundles that were tampered with after the export.  None is verified.

import hashlib
import pathlib
import random
import re
import shutil

import pytest

from oracle import verify
from support import trail as t
from support.bundle import (bad, chain, edit, good, pem, put_chain, sum_up,
                            unproven)
from support.trail import Key

MALLORY = Key(66)


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


def hash_of(lines, i):
    """The hash of the entry of a line."""
    seq, leaf, prev, skip, *_ = lines[i]
    return verify.hash_of(lines[1][1], int(seq), prev, skip, leaf)


def splice(lines):
    """What was written of entry 4 is another, and the chain goes on."""
    lines[6][1] = "0" * 64
    for i in range(7, len(lines)):
        lines[i][2] = hash_of(lines, i - 1)


def passed_over(lines):
    """An entry of the host is left out where a skip leads over it."""
    assert lines[8][0] == "6" and lines[8][4] == "full"
    assert lines[9][3] == hash_of(lines, 8)
    lines[9][3] = hash_of(lines, 7)
    del lines[8]


def hide(seq):
    """An entry of the host that is not shown any more."""
    def change(bundle):
        change_chain(lambda lines: lines[seq + 2].__setitem__(4, "leaf"))(
            bundle)
        (bundle / f"entries/{seq}.leaf").unlink()
    return change


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
    keys = {line[5] for line in lines if len(line) > 5}
    lines[5][5], = keys - {lines[5][5]}


def no_key_in_a_line(lines):
    """A signature without the key that its line names."""
    del lines[5][5]


TAMPERED = {
    "leaf": edit("entries/11.leaf", "paid", "lies"),
    "leaf-length": edit("entries/11.leaf", "reason 4 paid", "reason 5 paid"),
    "leaf-and-chain": entry_and_chain,
    "leaf-gone": lambda bundle: (bundle / "entries/11.leaf").unlink(),
    "leaf-of-another": flip(6, 1),
    "signature": flip(3, 7),
    "last-signature": flip(14, 7),
    "signature-of-a-leaf": flip(11, 7),
    "root": flip(3, 6),
    "prev-of-another": flip(6, 2),
    "skip-of-another": flip(6, 3),
    "passed-over": change_chain(passed_over),
    "leaf-as-full": change_chain(
        lambda lines: lines[6].__setitem__(4, "full")),
    "hidden": hide(7),
    "first-of-the-host-hidden": hide(2),
    "host": edit("chain.txt", "host acme.example", "host -"),
    "no-host": edit("chain.txt", "host acme.example", "host "),
    "signature-gone": change_chain(lambda lines: lines[14].__delitem__(
        slice(5, 8))),
    "signature-of-another": change_chain(other_signer),
    "no-hex": change_chain(lambda lines: lines[3].__setitem__(7, "zz" * 64)),
    "line-gone": change_chain(lambda lines: lines.pop(6)),
    "first-gone": change_chain(lambda lines: lines.pop(3)),
    "last-gone": change_chain(lambda lines: lines.pop()),
    "line-twice": change_chain(lambda lines: lines.insert(7, lines[6])),
    "lines-swapped": change_chain(swap),
    "splice": change_chain(splice),
    "all-gone": change_chain(lambda lines: lines.__delitem__(slice(3, None))),
    "no-key": change_chain(no_key_in_a_line),
    "line-longer": change_chain(lambda lines: lines[5].append("x")),
    "line-of-neither": change_chain(lambda lines: lines[6].__setitem__(
        4, "fulL")),
    "line-more": change_chain(lambda lines: lines.append(
        ["13", *lines[14][1:2], hash_of(lines, 14), *lines[14][3:]])),
    "number-octal": change_chain(lambda lines: lines[5].__setitem__(0, "03")),
    "number-large": change_chain(lambda lines: lines[14].__setitem__(
        0, "99999999999999999999")),
    "no-chain": change_chain(lambda lines: lines[1].__setitem__(0, "prev")),
    "number": change_chain(lambda lines: lines[14].__setitem__(0, "13")),
    "realm": edit("chain.txt", "realm -", "realm x"),
    "chain": flip(1, 1),
    "prev": change_chain(
        lambda lines: lines[3].__setitem__(2, "1" + "0" * 63)),
    "pem": other_pem,
    "pem-name": other_name,
    "pem-broken": broken_pem,
    "signer-unknown": edit("signers.txt", "bob ", "# "),
    "signer-until": edit("signers.txt", "from=2", "until=2:" + "0" * 64),
    "signer-later": edit("signers.txt", "from=2", "from=4"),
    "signer-may": edit("signers.txt", "=lock,", "="),
    "signer-limit": edit("signers.txt", "from=2", "since=2"),
    "signer-from": edit("signers.txt", "from=2", "from=two"),
    "signer-twice": lambda bundle: edit("signers.txt", "bob", (
        bundle / "signers.txt").read_text() + "bob")(bundle),
    "signer-of-no-key": edit("signers.txt", "bob ", "bob x"),
    "no-signer": lambda bundle: (bundle / "signers.txt").write_text(""),
    "file-more": lambda bundle: (bundle / "notes.txt").write_text("paid"),
    "file-hidden": lambda bundle: (bundle / ".x").write_text("paid"),
    "file-link": lambda bundle: (bundle / "x").symlink_to("nothing"),
    "directory-more": lambda bundle: (bundle / "more").mkdir(),
    "key-more": lambda bundle: (
        bundle / f"keys/{MALLORY.public}.pem").write_bytes(pem(MALLORY)),
    "entry-more": lambda bundle: (bundle / "entries/4.leaf").write_text("x"),
    "entry-hidden": lambda bundle: (bundle / "entries/.1").write_text("x"),
    "entry-of-another-name": lambda bundle: (
        bundle / "entries/01.leaf").write_text("x"),
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
    edit("signers.txt", "bob ", "bert "),
    hide(11)])
def test_tampered_beside_the_chain(how, bundle, check):
    """What no entry tells only the signature of the whole does: also that the
    last entry of the host is there."""
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
    unproven(check(bundle), "NOTE: nobody signed the bundle")


@pytest.mark.parametrize("gone, word", [
    ("checkpoint.txt", "NOTE: there is no checkpoint"),
    ("signature.txt", "NOTE: nobody signed the bundle"),
    ("", "NOTE: nobody signed the bundle")])
def test_without_its_signatures(gone, word, bundle, check):
    """Nothing is wrong, and nothing is proven."""
    for name in ["checkpoint.txt", "signature.txt"]:
        if gone in ("", name):
            (bundle / name).unlink()
    if gone != "signature.txt":
        bad(check(bundle), "checkpoint.txt")
        sum_up(bundle)
        if gone:
            bad(check(bundle), "signature.txt is not of SHA256SUMS")
            (bundle / "signature.txt").unlink()
    unproven(check(bundle), word)


def test_cut_off_with_its_end(bundle, check):
    """The last entries are taken away, with what tells of them."""
    lines = chain(bundle)
    put_chain(bundle, lines[:-1])
    (bundle / "checkpoint.txt").unlink()
    (bundle / "signature.txt").unlink()
    sum_up(bundle)
    unproven(check(bundle), "11 entries")


@pytest.mark.parametrize("line", [
    "{sum} chain.txt", "{sum}  /etc/passwd x", "x  timeline.en.html",
    "{sum}  keys\\x", "{sum}x  timeline.en.html", ""])
def test_lines_of_the_checksums(line, bundle, check):
    """sha256sum passes over some of them."""
    with (bundle / "SHA256SUMS").open("a") as f:
        f.write(line.format(sum="0" * 64) + "\n")
    bad(check(bundle))


def test_random(bundle, check, private):
    """Bytes changed anywhere are never verified, nor with new checksums."""
    chance = random.Random(7)
    names = sorted(p.relative_to(bundle) for p in bundle.rglob("*")
                   if p.is_file() and p.name != "verify.sh")
    for i in range(40):
        copy = pathlib.Path(shutil.copytree(bundle, private / f"copy{i}"))
        path = copy / chance.choice(names)
        data = bytearray(path.read_bytes())
        for _ in range(chance.choice([1, 1, 3])):
            at = chance.randrange(len(data))
            data[at] = chance.choice(set_of_bytes(data[at]))
        path.write_bytes(data)
        done = check(copy)
        assert done.returncode == 1, (i, path, done.stdout)
        if path.name != "SHA256SUMS":
            sum_up(copy)
            done = check(copy)
            assert done.returncode == 1, (i, path, done.stdout)
        shutil.rmtree(copy)


def set_of_bytes(but):
    return [byte for byte in b"0123456789abcdef xyz\n-/" if byte != but]


def test_signature_of_another(bundle, check):
    sum = hashlib.sha256((bundle / "SHA256SUMS").read_bytes()).hexdigest()

    def sign(key):
        text = (f"paylock audit bundle 2\nrealm -\nsha256 {sum}\n"
                f"key {key.public}\n")
        (bundle / "signature.txt").write_text(
            f"{text}sig {key.sign(text)}\n")

    sign(MALLORY)
    bad(check(bundle), "not signed by the key of the checkpoint")

    (bundle / "signature.txt").unlink()
    (bundle / f"keys/{MALLORY.public}.pem").write_bytes(pem(MALLORY))
    *_, last = chain(bundle)
    text = (bundle / "checkpoint.txt").read_text()
    (bundle / "checkpoint.txt").write_text(t.checkpoint(
        MALLORY, re.search("chain (.*)", text)[1], int(last[0]),
        re.search("hash (.*)", text)[1]))
    sum_up(bundle, f"keys/{MALLORY.public}.pem")
    bad(check(bundle), f"checkpoint.txt is signed by {MALLORY.public}")

    (bundle / "checkpoint.txt").unlink()
    sum_up(bundle)
    sum = hashlib.sha256((bundle / "SHA256SUMS").read_bytes()).hexdigest()
    sign(MALLORY)
    bad(check(bundle), f"signature.txt is signed by {MALLORY.public}")


def test_another_key_under_the_name_of_ours(bundle, check):
    """All that is signed is signed anew, and the names are as they were."""
    for path in bundle.glob("keys/*.pem"):
        path.write_bytes(pem(MALLORY))
    lines = chain(bundle)
    for i, line in enumerate(lines[3:], 3):
        if len(line) > 5:
            line[7] = MALLORY.sign_entry({"hash": hash_of(lines, i),
                                          "root": line[6]})
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
            (r"hash .{64}", "hash " + "0" * 64, "has another entry"),
            (r"chain .{32}", "chain " + "0" * 32, "of another chain or realm"),
            (r"hash .", "hash x", "is no checkpoint"),
            (r"chain .", "chain x", "is no checkpoint"),
            (r"realm -", "realm x", "of another chain or realm"),
            (rf"seq {seq}", "seq 99", "entry 99, of"),
            (r"checkpoint 2", "checkpoint 1", "is no checkpoint")]:
        forged = private / "forged"
        forged.write_text(re.sub(old, new, text))
        bad(check(made, forged), word)
        bad(check(made, early, forged), word)
    bad(check(made, private / "nothing"), "nothing")


def test_unsigned(admin, check, private):
    admin("init")
    admin("lock", "acme.example", "--reason", "late")
    admin("audit", "export", "-o", f"{private}/out/")
    out = private / "out"
    assert not list(out.glob("keys/*"))
    assert not (out / "signature.txt").exists()
    assert not (out / "signers.txt").exists()
    done = check(out)
    unproven(done, "NOTE: no entry is signed")
    assert done.stdout.count("NOTE") == 4
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
    unproven(check(out))
    forge("reason 4 late", "reason 3 late")
    bad(check(out), "entry 2: reason is cut off")
    forge("reason 3 late", "reason 4000 late")
    bad(check(out), "entry 2: reason is cut off")
    put_chain(out, chain(out)[:3])
    sum_up(out)
    bad(check(out), "no entry")
