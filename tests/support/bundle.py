# Copyright (C) 2026 paylock contributors
#
# An evidence bundle with entries of two operators, and its verify.sh.

import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oracle import verify
from support import servers
from support.chain import entry_leaf, leaf_text
from support.trail import Key, checkpoint, header

LANGUAGES = ["en", "fr"]

# what POSIX has, and the two that the pages name
TOOLS = ("sh cat cut echo grep mktemp od printf rm sed tail tr "
         "openssl sha256sum").split()

REASON = "<script>alert(1)</script> \u202e'\"&amp; {{site}}"


@pytest.fixture(scope="module")
def made():
    """A bundle of acme.example by two operators, made once: tests copy it."""
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


def put_signers(admin, text):
    """Writes the signers file of the user."""
    path = admin.home / "config/paylock/signers"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)


def write(redis, path):
    alice, bob = (operator(redis, path, name) for name in ("alice", "bob"))
    for admin in alice, bob:
        put_signers(admin, f"# us\nalice {alice.key}  # since 2019\n"
                    f"bob\t{bob.key} from=2 may=notice,lock\n"
                    f"carol {Key(3).public}\n")
    alice("init")
    bob("init", "--yes")
    alice("notice", "acme.example", "--channel", "mail", "--ref", "m1")
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
    """A directory with the only programs that verify.sh may use."""
    path = private / "bin"
    path.mkdir()
    for name in TOOLS:
        (path / name).symlink_to(shutil.which(name))
    return path


@pytest.fixture
def check(tools):
    """check(bundle, *args) runs verify.sh."""
    def run(bundle, *args, shell="sh"):
        return subprocess.run(
            [shutil.which(shell), bundle / "verify.sh", *args], text=True,
            capture_output=True, env={"PATH": str(tools)}, cwd="/",
            timeout=120)
    return run


def good(done):
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and done.stdout.endswith("\nOK\n")


def unproven(done, word="NOTE: "):
    """Nothing is wrong, but nobody vouches for all of it."""
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert done.stderr == "" and done.stdout.endswith("\nNOT PROVEN\n")
    assert word in done.stdout


def bad(done, word=""):
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stderr.startswith("BAD: ") and word in done.stderr
    assert "OK" not in done.stdout and "NOT PROVEN" not in done.stdout


def chain(bundle):
    return [line.split() for line in
            (bundle / "chain.txt").read_text().splitlines()]


def put_chain(bundle, lines):
    (bundle / "chain.txt").write_text(
        "".join(" ".join(line) + "\n" for line in lines))


def sum_up(bundle, *more):
    """Recomputes the checksums, as a forger without a key can; more: names of
    files to add."""
    names = [line.split("  ")[1] for line in
             (bundle / "SHA256SUMS").read_text().splitlines()]
    names += more
    (bundle / "SHA256SUMS").write_text("".join(
        f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names if (bundle / name).exists()))


@pytest.fixture
def exporter(admin):
    """exporter(text): a paylock-admin with a key of its own that counts, and
    these signers; None: none."""
    def make(text):
        key = admin.json("keygen")["key"]
        put_signers(admin, f"{text or ''}me {key}\n")
        if text is None:
            (admin.home / "config/paylock/signers").unlink()
        return admin
    return make


def edit(name, old, new, count=1):
    def change(bundle):
        path = bundle / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, count))
    return change


def pem(key):
    return key.private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def forged(out, chain, lines, signers=None, host="acme.example", key=None):
    """Writes a bundle of these lines of an export for one host, whose links
    nobody has looked at.  key: signs the end and the whole."""
    for path in out, out / "entries", out / "keys":
        path.mkdir()
    items = [json.loads(text) for text in lines]
    rows, keys = [["realm", "-"], ["chain", chain], ["host", host]], set()
    for item in items:
        fields = {k: v for k, v in item.items() if k != "seq"}
        leaf = fields.get("leaf") or entry_leaf(fields)
        rows.append([str(item["seq"]), leaf, item["prev"], item["skip"],
                     "leaf" if "leaf" in item else "full",
                     *(item[name] for name in ("key", "root", "sig")
                       if "sig" in item)])
        hash = verify.hash_of(chain, item["seq"], item["prev"], item["skip"],
                              leaf)
        keys |= {item["key"]} if "key" in item else set()
        if "leaf" not in item:
            (out / f"entries/{item['seq']}.leaf").write_bytes(
                leaf_text(fields))
    put_chain(out, rows)
    first = header(chain, items[-1]["seq"], hash, host)
    (out / "export.jsonl").write_text(first + "".join(lines))
    shutil.copy(servers.ROOT / "admin-cli/evidence/files/verify.sh", out)
    if signers:
        (out / "signers.txt").write_text(signers)
    if key:
        keys.add(key.public)
        (out / "checkpoint.txt").write_text(
            checkpoint(key, chain, items[-1]["seq"], hash))
    for name in keys:
        (out / f"keys/{name}.pem").write_bytes(public_pem(name))
    (out / "SHA256SUMS").write_text("")
    sum_up(out, *sorted(str(path.relative_to(out)) for path in out.rglob("*")
                        if path.is_file() and path.name != "SHA256SUMS"
                        and path.parent.name != "entries"))
    if key:
        sum = hashlib.sha256((out / "SHA256SUMS").read_bytes()).hexdigest()
        text = (f"paylock audit bundle 2\nrealm -\nsha256 {sum}\n"
                f"key {key.public}\n")
        (out / "signature.txt").write_text(f"{text}sig {key.sign(text)}\n")
    return out


def public_pem(name):
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(name)) \
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def judged(out, check, signers, *witnesses):
    """What the three verifiers say of a bundle: that of verify.sh, and the
    kind and entry that paylock-admin names, as the second one does."""
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home) / "signers"
        path.write_text(signers)
        path.chmod(0o644)
        done = subprocess.run(
            [servers.CLI, "--json", "--signers", path, "audit", "verify",
             out / "export.jsonl"], env={"HOME": home}, text=True,
            capture_output=True, timeout=120)
    found = [(fault["kind"], fault["seq"] or 0)
             for fault in json.loads(done.stdout)["faults"]]
    try:
        verify.verify_export((out / "export.jsonl").read_text(), signers)
        wanted = []
    except verify.Fault as fault:
        wanted = [(fault.kind, fault.seq)]
    assert found[:1] == wanted
    assert done.returncode == (verify.STATUS[wanted[0][0]] if wanted else 0)
    return check(out), found


def refused(out, check, signers, word="", kind=None):
    done, found = judged(out, check, signers)
    bad(done, word)
    assert found and kind in (None, found[0][0]), found
