# Copyright (C) 2026 paylock contributors
#
# Evidence bundles: their files, verification with nothing but openssl and
# sha256sum, and where they may be written.

import hashlib
import html.parser
import json
import re
import resource
import signal
import stat
import subprocess

import pytest

from support import field_table, servers
from support.browser import Chromium, axe
from support.bundle import LANGUAGES, REASON, chain, good, put_chain

BUNDLE = servers.ROOT / "admin-cli/evidence/files"


# what is there


def test_files(made):
    assert sorted(p.name for p in made.iterdir()) == sorted([
        "SHA256SUMS", "VERIFY.en.txt", "VERIFY.fr.txt", "chain.txt",
        "checkpoint.txt", "entries", "export.jsonl", "keys", "signature.txt",
        "signers.txt", "timeline.en.html", "timeline.fr.html", "verify.sh"])
    for path in [made, *made.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert not list(made.parent.glob("bundle.*"))

    first, *_ = map(json.loads,
                    (made / "export.jsonl").read_text().splitlines())
    assert first["seq"] == 12
    realm, head, host, *lines = chain(made)
    assert realm == ["realm", "-"] and head == ["chain", first["chain"]]
    assert host == ["host", "acme.example"]
    assert lines[0][2:4] == ["0" * 64, "0" * 64]
    assert [line[0] for line in lines] == [str(n) for n in range(1, 13)]
    for line, seq in zip(lines, range(1, 13)):
        text = made / f"entries/{seq}.leaf"
        assert text.exists() == (line[4] == "full")
        if text.exists():
            assert hashlib.sha256(text.read_bytes()).hexdigest() == line[1]
    assert [line[0] for line in lines if line[4] == "leaf"] \
        == ["4", "8", "9", "10", "12"]
    alice, bob = first_key(made), key_of(made, 3)
    assert {p.stem for p in made.glob("keys/*")} == {alice, bob}
    assert (made / "signers.txt").read_text() \
        == f"alice {alice}\nbob {bob} from=2 may=lock,notice\n"
    for path in made.rglob("*"):
        assert path.is_dir() or "other" not in path.name
        assert path.is_dir() or b"secret of others" not in path.read_bytes()


def test_export_of_a_bundle_is_an_export(made, admin):
    done = admin("--json", "--signers", made / "signers.txt", "audit",
                 "verify", made / "export.jsonl")
    assert json.loads(done.stdout)["faults"] == []


def key_of(bundle, seq):
    return re.search(r"(?m)^key 64 (\w+)$",
                     (bundle / f"entries/{seq}.leaf").read_text())[1]


def first_key(bundle):
    return key_of(bundle, 1)


# verification


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_verify(shell, made, check):
    done = check(made, shell=shell)
    good(done)
    assert "12 entries, 7 of them in full" in done.stdout
    assert f"  {first_key(made)} alice\n" in done.stdout
    assert f"  {key_of(made, 3)} bob\n" in done.stdout
    assert "NOTE" not in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_verify_by_hand(language, bundle, tools):
    """The commands of the page, as they stand there."""
    page = (bundle / f"VERIFY.{language}.txt").read_text()
    assert "{{" not in page and "acme.example" in page
    assert f"    {first_key(bundle)}\n        alice\n" in page
    assert f"    {key_of(bundle, 3)}\n        bob\n" in page
    steps = ["".join(re.findall(r"(?m)^    (.*\n)", step)) for step in
             re.split(r"(?m)^(?:STEP|ÉTAPE) \d", page)]
    steps = [step for step in steps if "$" in step or "sha256sum" in step]
    assert len(steps) == 5
    (bundle / "steps").write_text("echo @\n".join(steps))

    def run():
        return subprocess.run(["/bin/sh", "steps"], cwd=bundle, text=True,
                              env={"PATH": str(tools), "TMPDIR": str(bundle)},
                              capture_output=True, timeout=120)

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
    lines[6][1] = "0" * 64
    put_chain(bundle, lines)
    done = run()
    sums, entry, links, last, whole = done.stdout.split("@\n")
    assert "chain.txt: FAILED" in sums
    assert "BAD: 5\n" in done.stderr
    lines = chain(bundle)
    lines[14][2] = "0" * 64
    put_chain(bundle, lines)
    done = run()
    sums, entry, links, last, whole = done.stdout.split("@\n")
    assert "BAD: 12\n" in done.stderr
    seq, hash = links.split("\n")[0].split()
    assert f"hash {hash}\n" not in links
    assert "Verified Successfully" not in last


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
    used |= {f"label_{row[1]}" for row in field_table.rows("ENTRY") if row[5]}
    values = {"label", "value", "unit", "lang", "site", "kind", "seq", "what",
              "ref", "fault", "made", "lost", "resumes", "first", "count",
              "version", "entries", "leaves", "chain", "head", "plain"}
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

    for text in (there["did_init"], there["did_notice"],
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
        text=True, capture_output=True, preexec_fn=limit, timeout=120)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert not list(private.glob("out*"))


def test_a_trail_that_is_not_there(admin, private):
    done = admin("audit", "export", "-o", f"{private}/out/", check=False)
    assert done.returncode == 1 and "no audit trail" in done.stderr
    assert not list(private.glob("out*"))
