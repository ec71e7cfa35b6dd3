# Copyright (C) 2026 paylock contributors
#
# Evidence bundles: what is in one, that openssl and sha256sum verify it, and
# that they do not once it was tampered with.

import hashlib
import html.parser
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import servers
import trail as t
import verify
from browser import Chromium, axe
from trail import Key, Trail

BUNDLE = servers.ROOT / "admin-cli/bundle"
LANGUAGES = ["en", "fr"]
ALICE, BOB, MALLORY = Key(1), Key(2), Key(66)

# what POSIX has, and the two that the pages name
TOOLS = ("sh cat cut dirname echo grep mktemp od printf rm sed tail tr "
         "openssl sha256sum").split()

REASON = "<script>alert(1)</script> \u202e'\"&amp; {{site}}"


@pytest.fixture(scope="module")
def made():
    """A bundle of acme.example, by two operators, which tests must copy."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="paylock-test-"))
    redis = servers.Redis(path)
    try:
        write(redis.start(), path)
        yield path / "bundle"
    finally:
        redis.stop()
        shutil.rmtree(path)


def operator(redis, path, name):
    admin = servers.Admin(redis, path / name)
    admin.env.update(PAYLOCK_ACTOR=name, TZ="Europe/Paris")
    admin.key = admin.json("keygen")["key"]
    return admin


def write(redis, path):
    alice, bob = (operator(redis, path, name) for name in ("alice", "bob"))
    alice("init")
    alice("key", "add", bob.key, "--reason", "Bob")
    bob("init", "--yes")
    (path / "letter.pdf").write_text("pay!")
    bob("notice", "acme.example", "--channel", "letter", "--ref", "RR1DE",
        "--file", path / "letter.pdf", "--sent", "2026-01-02")
    alice("lock", "other.example", "--reason", "secret of others")
    bob("lock", "acme.example", "--notice", "now", "--readonly", "+7d", "--at",
        "+14d", "--reason", REASON)
    alice("audit", "checkpoint", "-o", path / "early")
    bob("lock", "acme.example", "--invoice", "F-1")
    bob("lock", "acme.example", "b.example", "c.example", "--reason", "late",
        "--invoice", "F-1", "--amount", "1200.00", "--currency", "EUR",
        "--due", "2026-01-03")
    alice("lock", "other.example", "--reason", "again")
    alice("unlock", "acme.example", "--reason", "paid")
    alice("reset", "other.example")
    told = alice.json("audit", "export", "--host", "acme.example", "-o",
                      f"{path}/bundle/")[0]
    assert told == {"directory": f"{path}/bundle/", "seq": 12, "entries": 7,
                    "leaves": 5, "checkpoint": True}


@pytest.fixture
def bundle(made, private):
    return pathlib.Path(shutil.copytree(made, private / "bundle"))


@pytest.fixture
def tools(private):
    """A directory with the programs that a bundle may ask for."""
    path = private / "bin"
    path.mkdir()
    for name in TOOLS:
        (path / name).symlink_to(shutil.which(name))
    return path


@pytest.fixture
def check(tools):
    """check(bundle, *args): what verify.sh ends with."""
    def run(bundle, *args, shell="sh"):
        return subprocess.run(
            [shutil.which(shell), bundle / "verify.sh", *args], text=True,
            capture_output=True, env={"PATH": str(tools)}, cwd="/",
            timeout=60)
    return run


def good(done):
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and done.stdout.endswith("\nOK\n")


def bad(done, word=""):
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stderr.startswith("BAD: ") and word in done.stderr
    assert "OK" not in done.stdout


def chain(bundle):
    return [line.split() for line in
            (bundle / "chain.txt").read_text().splitlines()]


def put_chain(bundle, lines):
    (bundle / "chain.txt").write_text(
        "".join(" ".join(line) + "\n" for line in lines))


def sum_up(bundle):
    """What a forger does who has no key."""
    names = [line.split("  ")[1] for line in
             (bundle / "SHA256SUMS").read_text().splitlines()]
    (bundle / "SHA256SUMS").write_text("".join(
        f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names if (bundle / name).exists()))


# what is there


def test_files(made):
    assert sorted(p.name for p in made.iterdir()) == sorted([
        "SHA256SUMS", "VERIFY.en.txt", "VERIFY.fr.txt", "chain.txt",
        "checkpoint.txt", "entries", "export.jsonl", "keys", "signature.txt",
        "timeline.en.html", "timeline.fr.html", "verify.sh"])
    for path in [made, *made.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert not list(made.parent.glob("bundle.*"))

    v = verify.verify_export((made / "export.jsonl").read_text())
    assert v.seq == 12
    head, prev, *lines = chain(made)
    assert head == ["chain", v.chain] and prev == ["prev", "0" * 64]
    assert [line[0] for line in lines] == [str(n) for n in range(1, 13)]
    for line, seq in zip(lines, range(1, 13)):
        text = made / f"entries/{seq}.leaf"
        assert text.exists() == (line[2] == "full")
        if text.exists():
            assert hashlib.sha256(text.read_bytes()).hexdigest() == line[1]
    assert [line[0] for line in lines if line[2] == "leaf"] \
        == ["4", "8", "9", "10", "12"]
    assert {p.stem for p in made.glob("keys/*")} == set(v.keys)
    for path in made.rglob("*"):
        assert path.is_dir() or "other" not in path.name
        assert path.is_dir() or b"secret of others" not in path.read_bytes()


def test_export_of_a_bundle_is_an_export(made, admin):
    done = admin("--json", "audit", "verify", made / "export.jsonl",
                 "--trust", made / "keys" / f"{first_key(made)}.pem")
    assert json.loads(done.stdout)["faults"] == []


def first_key(bundle):
    return re.search(r"(?m)^key 64 (\w+)$",
                     (bundle / "entries/1.leaf").read_text())[1]


# verification


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_verify(shell, made, check):
    done = check(made, shell=shell)
    good(done)
    assert "12 entries, 7 of them in full" in done.stdout
    assert first_key(made) in done.stdout
    assert "NOTE" not in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_verify_by_hand(language, bundle, tools):
    """The commands of the page, as they stand there."""
    page = (bundle / f"VERIFY.{language}.txt").read_text()
    assert "{{" not in page and "acme.example" in page
    assert first_key(bundle) in page
    steps = ["".join(re.findall(r"(?m)^    (.*\n)", step)) for step in
             re.split(r"(?m)^(?:STEP|ÉTAPE) \d", page)]
    steps = [step for step in steps if "$" in step or "sha256sum" in step]
    assert len(steps) == 5
    (bundle / "steps").write_text("echo @\n".join(steps))

    def run():
        return subprocess.run(["/bin/sh", "steps"], cwd=bundle, text=True,
                              env={"PATH": str(tools), "TMPDIR": str(bundle)},
                              capture_output=True, timeout=60)

    done = run()
    assert done.stderr == ""
    sums, entry, links, last, whole = done.stdout.split("@\n")
    assert "FAILED" not in sums and sums.count(": OK\n") >= 10
    *_, computed, noted = entry.split("\n")[:-1]
    assert computed.split()[0] == noted
    assert "action 6 unlock" in entry
    seq, hash = links.split("\n")[0].split()
    assert f"seq {seq}\nhash {hash}\n" in links
    assert last == "Signature Verified Successfully\n"
    assert whole.count("Signature Verified Successfully") == 2
    computed, noted = re.findall(r"[0-9a-f]{64}", whole)[-2:]
    assert computed == noted

    # and they see what was changed
    lines = chain(bundle)
    lines[5][1] = "0" * 64
    put_chain(bundle, lines)
    done = run()
    sums, entry, links, last, whole = done.stdout.split("@\n")
    assert "chain.txt: FAILED" in sums
    seq, hash = links.split("\n")[0].split()
    assert f"hash {hash}\n" not in links
    assert "Verified Successfully" not in last


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
    lines[12][1] = hashlib.sha256(
        (bundle / "entries/11.leaf").read_bytes()).hexdigest()
    put_chain(bundle, lines)


def flip(line, column):
    """Another hex digit in the place of the first."""
    def change(lines):
        word = lines[line][column]
        lines[line][column] = "fe"[word[0] == "f"] + word[1:]
    return change_chain(change)


def swap(lines):
    lines[5], lines[6] = lines[6], lines[5]


def splice(lines):
    """What was written of entry 4 is another, and the chain goes on."""
    prev = lines[1][1]
    for seq, leaf, *_ in lines[2:6]:
        prev = verify.hash_of(lines[0][1], int(seq), prev, leaf)
    lines[5][1] = "0" * 64
    lines.insert(6, ["prev", prev])


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
    lines[4][3], = keys - {lines[4][3]}


TAMPERED = {
    "leaf": edit("entries/11.leaf", "paid", "lies"),
    "leaf-length": edit("entries/11.leaf", "reason 4 paid", "reason 5 paid"),
    "leaf-and-chain": entry_and_chain,
    "leaf-gone": lambda bundle: (bundle / "entries/11.leaf").unlink(),
    "leaf-of-another": flip(5, 1),
    "signature": flip(2, 4),
    "last-signature": flip(13, 4),
    "signature-of-a-leaf": flip(10, 4),
    "signature-gone": change_chain(lambda lines: lines[13].__delitem__(
        slice(3, 5))),
    "signature-of-another": change_chain(other_signer),
    "no-hex": change_chain(lambda lines: lines[2].__setitem__(4, "zz" * 64)),
    "line-gone": change_chain(lambda lines: lines.pop(5)),
    "first-gone": change_chain(lambda lines: lines.pop(2)),
    "last-gone": change_chain(lambda lines: lines.pop()),
    "line-twice": change_chain(lambda lines: lines.insert(6, lines[5])),
    "lines-swapped": change_chain(swap),
    "splice": change_chain(splice),
    "all-gone": change_chain(lambda lines: lines.__delitem__(slice(2, None))),
    "number": change_chain(lambda lines: lines[13].__setitem__(0, "13")),
    "chain": flip(0, 1),
    "prev": change_chain(lambda lines: lines[1].__setitem__(1, "1" + "0" * 63)),
    "pem": other_pem,
    "pem-name": other_name,
    "pem-broken": broken_pem,
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
    change_chain(lambda lines: lines[8].__setitem__(2, "leaf"))])
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
        text = f"paylock audit bundle 1\nsha256 {sum}\nkey {key.public}\n"
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
    hash = lines[1][1]
    for line in lines[2:]:
        hash = verify.hash_of(lines[0][1], int(line[0]), hash, line[1])
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
            (rf"seq {seq}", "seq 99", "entry 99, of"),
            (r"checkpoint 1", "checkpoint 2", "is no checkpoint")]:
        forged = private / "forged"
        forged.write_text(re.sub(old, new, text))
        bad(check(made, forged), word)
        bad(check(made, early, forged), word)
    bad(check(made, private / "nothing"), "nothing")


# trails that paylock-admin would not write

def begun():
    trail = Trail(3).add(ALICE, {"action": "init"})
    trail.add(ALICE, {"action": "key-add", "subject": BOB.public})
    trail.add(BOB, trail.flip("acme.example"), trail.flip("b.example"))
    return trail


def more(trail):
    return trail.add(ALICE, trail.flip("acme.example", "reset"))


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
    trail.add(None, {"action": "init"}, trail.flip("acme.example"))
    trail.add(BOB, {"action": "key-add", "subject": BOB.public})


def added_again(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(ALICE, {"action": "key-add", "subject": BOB.public})
    trail.add(BOB, trail.flip("acme.example", "reset"))


def line_feeds(trail):
    """A text that looks like fields."""
    trail.add(ALICE, trail.flip(
        "acme.example", reason="x\naction 7 key-add\nsubject 64 "
        + MALLORY.public))


def unknown(trail):
    trail.add(MALLORY, trail.flip("acme.example"))


def unknown_by_reason(trail):
    line_feeds(trail)
    unknown(trail)


def revoked(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(BOB, trail.flip("acme.example"))


def revoked_for_another(trail):
    """Where no more than a leaf is shown."""
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(BOB, trail.flip("b.example"))


def adds_itself_in_a_row(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": BOB.public})
    trail.add(BOB, {"action": "key-add", "subject": BOB.public},
              trail.flip("acme.example"))


def revokes_itself(trail):
    trail.add(ALICE, {"action": "key-revoke", "subject": ALICE.public})


def unsigned(trail):
    trail.add(None, trail.flip("acme.example"))
    more(trail)


def row_unsigned(trail):
    trail.add(BOB, trail.flip("acme.example"), sign=False)


def row_signed_by_another(trail):
    trail.add(BOB, trail.flip("acme.example"), sign=False)
    more(trail)


def added_by_itself(trail):
    trail.add(MALLORY, {"action": "key-add", "subject": MALLORY.public})


def gap(trail):
    trail.add(ALICE, trail.flip("acme.example"), skip=1)


def second_init(trail):
    trail.add(ALICE, {"action": "init"})


def first_key_not_added(trail):
    trail.entries = []
    trail.add(None, {"action": "init"})
    trail.add(BOB, trail.flip("acme.example"))


@pytest.mark.parametrize("how, word", [
    (fine, ""), (adopted, ""), (adopted_only, ""), (signed_later, ""),
    (added_again, ""), (line_feeds, ""), (unknown, "does not count"),
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
        lines[3][1] = hashlib.sha256(
            (out / "entries/2.leaf").read_bytes()).hexdigest()
        put_chain(out, lines)
        sum_up(out)

    forge("paid", "late")
    good(check(out))
    forge("reason 4 late", "reason 3 late")
    bad(check(out), "entry 2: reason is cut off")
    forge("reason 3 late", "reason 4000 late")
    bad(check(out), "entry 2: reason is cut off")
    put_chain(out, chain(out)[:2])
    sum_up(out)
    bad(check(out), "no entry")


# timelines


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.links = [], "", []
        self.feed(text)
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs
                       if name in ("href", "src", "action", "data")]

    def handle_data(self, data):
        self.text += data


def words(language):
    text = (BUNDLE / "texts.txt").read_text()
    section = re.search(rf"(?s)\[{language}\](.*?)(?:\n\[|$)", text)[1]
    return dict(re.findall(r"(?m)^([\w-]+) += (.+)$", section))


def test_texts():
    """The languages have the same texts; the page needs them all."""
    page = (BUNDLE / "timeline.html").read_text()
    used = set(re.findall(r"\{\{[#^/]?([\w-]+)\}\}", page))
    values = {"lang", "site", "kind", "seq", "what", "ref", "fault", "made",
              "version", "entries", "leaves", "chain", "head", "begun"}
    for language in LANGUAGES:
        there = words(language)
        assert set(there) == set(words("en"))
        assert all(name in used or name.startswith(("did_", "stage_"))
                   for name in there)
        assert not values & set(there)
    assert {n for n in used if re.match("label_|heading_|title_", n)} \
        <= set(words("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_timeline(language, made):
    source = (made / f"timeline.{language}.html").read_text()
    page, there = Page(source), words(language)
    assert f'<html lang="{language}">' in source
    assert "{{" not in source.replace("{{site}}", "")
    assert not {"script", "img", "iframe", "object", "form"} & set(page.tags)
    for link in page.links:
        assert link == "data:," or (made / link).is_file(), link
    assert len([li for li in page.tags if li == "h3"]) == 7 + 2

    for text in (there["did_init"], there["did_key-add"], there["did_notice"],
                 there["did_unlock"], there["stage_notice"],
                 there["stage_locked"], there["label_due"], "alice", "bob",
                 "letter", "RR1DE", "2026-01-02", "F-1", "1200.00 EUR",
                 "2026-01-03", "late", "paid",
                 hashlib.sha256(b"pay!").hexdigest(), first_key(made)):
        assert text in page.words, text

    # what people wrote is text, and cannot turn the line round
    assert REASON.replace("\u202e", r"\xe2\x80\xae") in page.words
    assert "\u202e" not in source

    utc, local = re.findall(
        r"<p><time>([\d :-]+) UTC</time> <small>\(([\d :+-]+)\)", source)[0]
    assert local.endswith((" +01:00", " +02:00")) and utc != local[:19]
    assert len(re.findall(r"<p><time>", source)) == 7
    assert page.words.count(there["signed_by"]) == 7
    assert there["not_signed"] not in page.words.replace(
        there["is_not_signed"], "")


def test_timelines_in_a_browser(made, private):
    """Nothing is fetched, nothing keeps people out, on paper or in the dark."""
    script = axe()
    browser = Chromium(private / "chromium")
    try:
        browser.start()
        for language in LANGUAGES:
            url = f"file://{made}/timeline.{language}.html"
            browser.go(url)
            assert browser.requests() == [url]
            browser.run(script + ";0")
            for width, scheme in (360, "dark"), (1200, "light"):
                browser.look(width, 900, scheme)
                assert browser.run("document.documentElement.scrollWidth "
                                   "<= innerWidth")
                found = browser.run("""
                    axe.run(document, {resultTypes: ["violations"],
                        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa",
                                  "best-practice"]})
                    .then(found => found.violations.map(v => v.id + ": "
                        + v.nodes.map(n => n.html).join(", ")))""")
                assert found == [], (language, scheme)
            browser.look(800, 1100, media="print")
            assert browser.run("getComputedStyle(document.body)"
                               ".backgroundColor") == "rgb(255, 255, 255)"
    finally:
        browser.stop()


# where it is put


@pytest.fixture
def known(admin):
    admin("init")
    admin("lock", "acme.example", "--reason", "x" * 1000)
    return admin


def test_where(known, private):
    there = private / "there"
    there.mkdir()
    known("audit", "export", "-o", there)
    assert (there / "verify.sh").exists()
    done = known("audit", "export", "-o", there, "--yes", check=False)
    assert done.returncode == 1 and "not empty" in done.stderr
    assert "give the name of a directory" in done.stderr
    (private / "file").write_text("mine")
    done = known("audit", "export", "-o", f"{private}/file/", check=False)
    assert done.returncode == 1 and "Not a directory" in done.stderr
    assert (private / "file").read_text() == "mine"
    done = known("audit", "export", "-o", f"{private}/no/x/", check=False)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    known("audit", "export", "-o", private / "new")
    assert (private / "new").is_file()
    known("--quiet", "audit", "export", "-o", f"{private}/twice//")
    assert (private / "twice/verify.sh").exists()
    assert {p.name for p in private.iterdir() if "." in p.name} <= {
        "redis.conf", "redis.out", "redis.sock"}


@pytest.mark.parametrize("size", [64, 512, 2048, 4096, 8192])
def test_a_full_disk(size, known, private):
    """All of it or nothing."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        known.argv("audit", "export", "-o", f"{private}/out/"), env=known.env,
        text=True, capture_output=True, preexec_fn=limit, timeout=30)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert not list(private.glob("out*"))


def test_a_trail_that_is_not_there(admin, private):
    done = admin("audit", "export", "-o", f"{private}/out/", check=False)
    assert done.returncode == 1 and "no audit trail" in done.stderr
    assert not list(private.glob("out*"))
