# Copyright (C) 2026 paylock contributors
#
# Operators' keys: how they are made and kept, whose signature counts, and
# what is written to a trail that somebody else has written to.

import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import termios

import pytest

import servers
from chain import AUDIT, LOCKED, LOCKS, Chain

SECRET = "correct horse battery staple"

WRITES = [["lock", "b.example"], ["unlock", "a.example"],
          ["reset", "a.example"], ["adopt", "--yes"],
          ["notice", "a.example", "--channel", "email", "--ref", "1"],
          ["key", "add", "KEY"], ["key", "revoke", "KEY"]]


@pytest.fixture
def operator(redis, private):
    """operator(name): a paylock-admin with a key of its own, .key."""
    def make(name):
        admin = servers.Admin(redis, private / name)
        admin.env["PAYLOCK_ACTOR"] = name
        admin.key = admin.json("keygen")["key"]
        return admin
    return make


@pytest.fixture
def alice(operator):
    """Who began the trail, and has locked a site."""
    alice = operator("alice")
    alice("init")
    alice("lock", "a.example")
    return alice


@pytest.fixture
def bob(alice, operator):
    """Whom alice has added, and who knows the trail."""
    bob = operator("bob")
    alice("key", "add", bob.key, "--reason", "Bob")
    bob("init", "--yes")
    return bob


def refused(admin, status, code, *args, **kw):
    done = admin("--json", *args, check=False, **kw)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert error["code"] == code, error
    return error


def state(redis):
    client = redis.client()
    return client.hgetall(LOCKS), client.xrange(AUDIT)


def entries(redis):
    return [entry for _, entry in redis.client().xrange(AUDIT)]


def memory(admin):
    [path] = (admin.home / "state/paylock").iterdir()
    return path


def pinned(admin):
    lines = [line.split(" = ") for line in
             memory(admin).read_text().splitlines()]
    keys = [value.split() for name, value in lines if name == "key"]
    return dict(lines), {key for key, revoked in keys if revoked == "0"}


def openssl(*args, **kw):
    return subprocess.run(["openssl", *map(str, args)], check=True,
                          capture_output=True, timeout=30, **kw).stdout


def public(path, *args):
    """The public half of a private key, as openssl has it."""
    return openssl("pkey", "-in", path, *args, "-pubout", "-outform",
                   "DER")[-32:].hex()


def secret_file(directory, text=SECRET + "\n"):
    path = directory / "passphrase"
    path.touch(0o600)
    path.write_text(text)
    return path


class Terminal:
    """A command whose standard input is a terminal; its output is read as it
    comes."""

    def __init__(self, admin, *args):
        self.master, slave = pty.openpty()
        self.slave = slave
        self.process = subprocess.Popen(
            admin.argv(*args), env=admin.env, stdin=slave,
            stdout=subprocess.PIPE, stderr=slave, text=True)
        self.shown = ""

    def wait(self, text):
        while text not in self.shown:
            ready, _, _ = select.select([self.master], [], [], 20)
            assert ready, self.shown
            self.shown += os.read(self.master, 4096).decode()

    def answer(self, question, text):
        self.wait(question)
        assert not self.echoes()
        os.write(self.master, text.encode() + b"\n")
        self.shown = self.shown.partition(question)[2]

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def end(self):
        out, _ = self.process.communicate(timeout=20)
        os.set_blocking(self.master, False)
        try:
            self.shown += os.read(self.master, 65536).decode()
        except BlockingIOError:
            pass
        echoes = self.echoes()
        os.close(self.master)
        os.close(self.slave)
        assert echoes
        assert SECRET not in self.shown
        return self.process.returncode, out


# keygen


def test_keygen(admin):
    admin.redis = type("Nowhere", (), {"url": "unix:/nonexistent"})
    made = admin.json("keygen")
    path = admin.home / "config/paylock/key.pem"
    assert made == {"file": str(path), "key": public(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")

    other = admin.home / "other.pem"
    out = admin("keygen", other).stdout
    assert out == f"made {other}\npublic key {public(other)}\n"
    assert public(other) != public(path)


def test_keygen_overwrites_nothing(admin):
    admin("keygen")
    path = admin.home / "config/paylock/key.pem"
    before = path.read_text()
    link = admin.home / "link.pem"
    link.symlink_to(admin.home / "nothing.pem")
    for args in [], [path], [link]:
        error = refused(admin, 1, "key", "keygen", *args)
        assert "File exists" in error["message"]
        assert "another file" in error["mend"]
    assert path.read_text() == before
    assert not (admin.home / "nothing.pem").exists()

    refused(admin, 1, "key", "keygen", "/nonexistent/key.pem")
    assert admin("keygen", "x.pem", "--dry-run").stdout \
        == "would be made: x.pem\n"
    assert not (admin.home / "x.pem").exists()


def test_keygen_with_a_passphrase(alice, redis):
    secret = secret_file(alice.home)
    path = alice.home / "sealed.pem"
    made = alice.json("keygen", path, "--passphrase-file", secret)
    assert "BEGIN ENCRYPTED PRIVATE KEY" in path.read_text()
    assert public(path, "-passin", f"file:{secret}") == made["key"]
    alice("key", "add", made["key"])

    before = state(redis)
    error = refused(alice, 1, "passphrase", "lock", "b.example", "--key", path)
    assert "--passphrase-file" in error["mend"]
    secret_file(alice.home, "wrong\n")
    error = refused(alice, 1, "key", "lock", "b.example", "--key", path,
                    "--passphrase-file", secret)
    assert "passphrase does not open" in error["message"]
    assert state(redis) == before

    secret_file(alice.home)
    env = {"PAYLOCK_KEY": str(path), "PAYLOCK_PASSPHRASE_FILE": str(secret)}
    alice("lock", "b.example", env=env)
    assert entries(redis)[-1]["key"] == made["key"]

    secret.chmod(0o644)
    error = refused(alice, 1, "passphrase_file", "lock", "c.example", env=env)
    assert "chmod 600" in error["mend"]
    secret.chmod(0o600)
    secret.write_text("\n")
    refused(alice, 1, "passphrase_file", "lock", "c.example", env=env)


def test_a_passphrase_is_asked_for_on_a_terminal(alice, redis):
    path = alice.home / "sealed.pem"
    refused(alice, 2, "passphrase", "keygen", path, "--passphrase")

    terminal = Terminal(alice, "keygen", path, "--passphrase")
    terminal.answer("passphrase for the new key: ", SECRET)
    terminal.answer("once more: ", SECRET + "x")
    status, _ = terminal.end()
    assert status == 1 and "differ" in terminal.shown
    assert not path.exists()

    terminal = Terminal(alice, "--json", "keygen", path, "--passphrase")
    terminal.answer("passphrase for the new key: ", SECRET)
    terminal.answer("once more: ", SECRET)
    status, out = terminal.end()
    assert status == 0
    alice("key", "add", json.loads(out)["key"])

    for answer, wanted in (SECRET, 0), ("wrong", 1), ("", 1):
        terminal = Terminal(alice, "lock", "b.example", "--key", path)
        terminal.answer(f'passphrase of "{path}": ', answer)
        status, _ = terminal.end()
        assert status == wanted, terminal.shown
        if wanted:
            assert "passphrase" in terminal.shown
    assert entries(redis)[-1]["host"] == "b.example"


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM,
                                 signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(admin, sig):
    path = admin.home / "sealed.pem"
    terminal = Terminal(admin, "keygen", path, "--passphrase")
    terminal.wait("passphrase for the new key: ")
    os.kill(terminal.process.pid, sig)
    status, _ = terminal.end()
    assert status == -sig
    assert not path.exists()


# what is no key


def rsa(path):
    path.write_bytes(openssl("genpkey", "-algorithm", "RSA", "-pkeyopt",
                             "rsa_keygen_bits:1024"))


def other_user(path):
    os.chown(path, 65534, 65534)


def link_of_another(path):
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))
    os.chown(path, 65534, 65534, follow_symlinks=False)


def replaced(make):
    def change(path):
        path.unlink()
        make(path)
    return change


def kept(path):
    """The public half alone."""
    path.write_bytes(openssl("pkey", "-in", path, "-pubout"))


BAD = {
    "readable by others": (lambda p: p.chmod(0o604), "others can read"),
    "readable by a group": (lambda p: p.chmod(0o640), "others can read"),
    "writable by a group": (lambda p: p.chmod(0o620), "others can read"),
    "of another user": (other_user, "another user"),
    "link of another user": (link_of_another, "link of another user"),
    "text": (lambda p: p.write_text("key\n"), "no private key"),
    "empty": (lambda p: p.write_text(""), "no private key"),
    "cut off": (lambda p: p.write_text(p.read_text()[:60]), "no private key"),
    "public": (kept, "no private key"),
    "RSA": (rsa, "not an Ed25519 key"),
    "X25519": (lambda p: p.write_bytes(
        openssl("genpkey", "-algorithm", "X25519")), "not an Ed25519 key"),
    "too long": (lambda p: p.write_text("\n" * 20000 + p.read_text()),
                 "no private key"),
    "not there": (lambda p: p.unlink(), "cannot read"),
    "a directory": (replaced(lambda p: p.mkdir()), "is not a file"),
    "a pipe": (replaced(lambda p: os.mkfifo(p, 0o600)), "is not a file"),
}


@pytest.mark.parametrize("how", BAD)
def test_what_is_no_key_is_refused(alice, redis, how):
    change, message = BAD[how]
    if "another user" in how and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    path = alice.home / "config/paylock/key.pem"
    body = "".join(path.read_text().splitlines()[1:-1])
    change(path)
    before = state(redis)
    done = alice("--json", "lock", "b.example", "--key", path, check=False)
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["code"]) == (1, "key")
    assert message in error["message"] and str(path) in error["message"]
    assert error["mend"]
    assert body not in done.stderr
    assert state(redis) == before


def test_a_link_of_ones_own_is_followed(alice):
    path = alice.home / "config/paylock/key.pem"
    path.rename(alice.home / "key.pem")
    path.symlink_to(alice.home / "key.pem")
    alice("lock", "b.example")


# a signed trail


def test_init_is_signed(operator, redis):
    alice = operator("alice")
    made = alice("--json", "init")
    assert made.stderr == ""
    [entry] = entries(redis)
    assert json.loads(made.stdout)["key"] == entry["key"] == alice.key
    pin, keys = pinned(alice)
    assert (pin["genesis"], pin["genesis_seq"]) == (alice.key, "1")
    assert keys == {alice.key}
    assert f"signed since entry 1 by the key {alice.key}" \
        in alice("init").stdout


def test_a_signature_is_what_openssl_says(alice, redis, private):
    """Of a transaction the last entry has it, and all have the key."""
    hosts = [f"h{i}.example" for i in range(1100)]
    alice("lock", *hosts, "--yes")
    seen = entries(redis)
    signed = [i for i, entry in enumerate(seen) if "sig" in entry]
    assert signed == [0, 1, 1001, 1101]
    assert {entry["key"] for entry in seen} == {alice.key}

    key = private / "public.pem"
    key.write_bytes(openssl("pkey", "-in",
                            alice.home / "config/paylock/key.pem", "-pubout"))
    for entry in (seen[0], seen[-1]):
        (private / "text").write_text(
            f"paylock audit signature 1\nhash {entry['hash']}\n")
        (private / "sig").write_bytes(bytes.fromhex(entry["sig"]))
        assert b"Success" in openssl(
            "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key, "-in",
            private / "text", "-sigfile", private / "sig")


@pytest.mark.parametrize("command", WRITES, ids=" ".join)
def test_nothing_is_written_without_a_key_that_counts(
        alice, operator, redis, private, command):
    eve, nobody = operator("eve"), servers.Admin(redis, private / "nobody")
    for admin in eve, nobody:
        admin("init", "--yes")
    command = [eve.key if word == "KEY" else word for word in command]
    before = state(redis)

    error = refused(nobody, 1, "unsigned", *command)
    assert "keygen" in error["mend"] and "key add" in error["mend"]
    error = refused(eve, 1, "key_unknown", *command)
    assert eve.key in error["message"] and "key add" in error["mend"]
    assert state(redis) == before


def test_init_shows_the_key_and_remembers_it_after_a_yes(alice, redis,
                                                         private):
    other = servers.Admin(redis, private / "other")
    error = refused(other, 2, "confirm", "init")
    assert f"signed since entry 1 by the key {alice.key}" in error["message"]
    assert not (other.home / "state").exists()
    out = other("--json", "init", "--yes")
    assert json.loads(out.stdout)["key"] == alice.key
    assert out.stderr == ""
    pin, keys = pinned(other)
    assert pin["genesis"] == alice.key and keys == {alice.key}


def test_the_pin_is_not_learnt_from_redis(alice, operator, redis):
    """Who replaces the whole trail cannot sign it with the key known here."""
    eve = operator("eve")
    redis.client().flushall()
    eve("init")
    eve("lock", "a.example")
    error = refused(alice, 1, "chain_differs", "lock", "b.example")

    # the same chain id, another key
    chain = Chain(redis)
    redis.client().flushall()
    pin, _ = pinned(alice)
    path = memory(eve)
    path.write_text(path.read_text().replace(
        next(line for line in path.read_text().splitlines()
             if line.startswith("chain")), f"chain = {pin['chain']}"))
    chain.chain, chain.seq, chain.hash = pin["chain"], 0, "0" * 64
    chain.write(("", None), action="init", key=eve.key)
    chain.write(("a.example", LOCKED), key=eve.key)
    chain.write(("a.example", LOCKED), key=eve.key)
    error = refused(alice, 1, "chain_differs", "lock", "b.example")
    assert "adopt" in error["mend"]


def test_a_memory_that_was_damaged_is_not_taken_for_unsigned(alice, redis):
    path = memory(alice)
    whole = path.read_text()
    before = state(redis)
    for damaged in (whole.replace("genesis_seq", "genesis_"),
                    whole.replace(alice.key, alice.key[:-1]),
                    whole.replace("genesis = ", "genesis = X"),
                    whole.replace("key = ", "kex = "),
                    whole + "more\n"):
        assert damaged != whole
        path.write_text(damaged)
        refused(alice, 1, "state", "lock", "b.example")
    assert state(redis) == before


# keys that come and go


def test_key_add(alice, bob, redis):
    entry = next(e for e in entries(redis) if e["action"] == "key-add")
    assert entry["subject"] == bob.key
    assert entry["key"] == alice.key
    assert entry["reason"] == "Bob"
    assert "host" not in entry
    bob("lock", "b.example")
    assert entries(redis)[-1]["key"] == bob.key
    assert pinned(bob)[1] == {alice.key, bob.key}

    before = state(redis)
    for admin in alice, bob:
        assert admin.json("key", "add", bob.key) \
            == {"key": bob.key, "changed": False, "seq": None}
    assert state(redis) == before


def test_a_key_from_a_file(alice, operator, private):
    bob = operator("bob")
    own = bob.home / "config/paylock/key.pem"
    path = private / "bob.pem"
    path.write_bytes(openssl("pkey", "-in", own, "-pubout"))
    assert alice.json("key", "add", path)["key"] == bob.key

    error = refused(alice, 2, "key", "key", "add", own)
    assert "public half" in error["mend"]
    for bad in "x" * 64, bob.key[:-1], bob.key.upper(), "", "/nonexistent", \
            str(private), "0" * 65:
        refused(alice, 2, "key", "key", "add", bad)


def test_key_add_dry_run(alice, operator, redis):
    bob = operator("bob")
    before = state(redis)
    assert alice.json("key", "add", bob.key, "--dry-run") \
        == {"key": bob.key, "changed": True, "seq": None}
    assert state(redis) == before
    assert alice.json("key", "add", bob.key)["seq"] == 3


def test_key_revoke(alice, bob, redis):
    bob("lock", "b.example")
    assert alice.json("key", "revoke", bob.key)["changed"]
    entry = entries(redis)[-1]
    assert (entry["action"], entry["subject"], entry["key"]) \
        == ("key-revoke", bob.key, alice.key)

    before = state(redis)
    error = refused(bob, 1, "key_unknown", "lock", "c.example")
    assert "entry 5 revoked it" in error["message"]
    assert alice.json("key", "revoke", bob.key)["changed"] is False
    error = refused(alice, 1, "key_unknown", "key", "revoke", "9" * 64)
    assert "key list" in error["mend"]
    assert state(redis) == before
    assert pinned(alice)[1] == {alice.key}

    # and it may come back
    alice("key", "add", bob.key)
    bob("lock", "c.example")


def test_no_key_revokes_itself_so_one_is_left(alice, bob, redis):
    error = refused(alice, 1, "key_own", "key", "revoke", alice.key)
    assert "another operator" in error["mend"]
    bob("key", "revoke", alice.key)
    refused(bob, 1, "key_own", "key", "revoke", bob.key)
    refused(alice, 1, "key_unknown", "key", "revoke", bob.key)
    bob("lock", "b.example")
    assert pinned(bob)[0]["genesis"] == alice.key
    assert pinned(bob)[1] == {bob.key}


def test_key_list(alice, bob):
    bob("key", "revoke", alice.key, "--reason", "left")
    first, second = bob.json("key", "list")
    assert (first["key"], first["reason"]) == (alice.key, None)
    assert first["added"]["seq"] == 1
    assert first["added"]["by"] == alice.key
    assert first["revoked"].items() >= {
        "seq": 4, "by": bob.key, "actor": "bob"}.items()
    assert (second["key"], second["reason"]) == (bob.key, "Bob")
    assert second["added"].items() >= {
        "seq": 3, "by": alice.key, "actor": "alice"}.items()
    assert second["revoked"] is None

    lines = bob("key", "list").stdout.splitlines()
    assert lines[0] == alice.key and lines[3] == f"{bob.key} Bob"
    assert re.fullmatch(r"    revoked 20\S+, entry 4, by bob with key "
                        + bob.key[:8], lines[2])


# a trail that was not signed


def test_an_unsigned_trail_says_so(admin, redis):
    for args in ["init"], ["init"], ["adopt", "--yes"], ["key", "list"]:
        done = admin("--json", *args)
        warning = json.loads(done.stderr)["warning"]
        assert warning["code"] == "unsigned"
        assert "not signed" in warning["message"]
        assert "keygen" in warning["mend"]
        assert admin("--quiet", *args).stderr == ""
    assert admin.json("key", "list") == []
    assert admin("lock", "a.example").stderr == ""
    assert not any("key" in entry or "sig" in entry
                   for entry in entries(redis))

    # a key that is there, and does not sign
    admin("keygen")
    warning = json.loads(admin("--json", "lock", "b.example").stderr)
    assert "not used" in warning["warning"]["message"]
    assert "key" not in entries(redis)[-1]


def test_how_an_unsigned_trail_becomes_signed(admin, operator, redis,
                                              private):
    admin("init")
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    admin("lock", "a.example")
    refused(admin, 1, "unsigned", "key", "add", "1" * 64)

    key = admin.json("keygen")["key"]
    bob = operator("bob")
    error = refused(admin, 1, "unsigned", "key", "add", bob.key)
    assert key in error["message"]
    refused(admin, 1, "unsigned", "key", "revoke", key)
    assert admin.json("key", "add", key)["seq"] == 3

    entry = entries(redis)[-1]
    assert entry["subject"] == entry["key"] == key and "sig" in entry
    pin, keys = pinned(admin)
    assert (pin["genesis"], pin["genesis_seq"], keys) == (key, "3", {key})
    admin("key", "add", bob.key)
    assert admin.json("init")["key"] == key
    assert [one["key"] for one in admin.json("key", "list")] == [key, bob.key]

    # who knew it unsigned is told, and learns it after a yes alone
    before = state(redis)
    error = refused(other, 1, "chain_signed", "lock", "b.example")
    assert "init" in error["mend"]
    error = refused(other, 2, "confirm", "init")
    assert f"signed since entry 3 by the key {key}" in error["message"]
    refused(other, 1, "chain_signed", "lock", "b.example")
    other("init", "--yes")
    refused(other, 1, "unsigned", "lock", "b.example")
    assert state(redis) == before
    assert pinned(other)[0]["genesis_seq"] == "3"


# who may write to Redis


@pytest.fixture
def eve(redis, alice, bob):
    """Writes entries of which all hashes fit."""
    return Chain(redis)


@pytest.mark.parametrize("how", [
    {}, {"key": "ALICE"}, {"key": "ALICE", "sig": "0" * 128},
    {"key": "EVE"}, {"sig": "0" * 128},
    {"key": "ALICE", "action": "key-add", "subject": "1" * 64},
    {"key": "ALICE", "action": "adopt"}, {"action": "adopt"}],
    ids=lambda how: " ".join(how) or "nothing")
def test_a_forged_entry_is_not_signed_over(eve, alice, bob, redis, how):
    """What alice signs next would make it hers."""
    fields = {name: {"ALICE": alice.key, "EVE": "e" * 64}.get(value, value)
              for name, value in how.items()}
    host = ("c.example", LOCKED) if "action" not in how else ("", None)
    eve.write(host, **fields)
    before = state(redis)
    for admin in alice, bob:
        for command in ["lock", "b.example"], ["key", "add", "1" * 64]:
            if command[0] == "key":
                command = ["key", "revoke", bob.key if admin is alice
                           else alice.key]
            error = refused(admin, 1, "chain_forged", *command)
            assert f"entry {eve.seq}" in error["message"]
            assert "audit verify" in error["mend"]
            assert "adopt" in error["mend"]
    assert state(redis) == before

    # who takes it as the truth says so in an entry that is signed
    alice("adopt", "--yes")
    bob("lock", "b.example")
    assert "1" * 64 not in pinned(bob)[1]


def test_a_forged_entry_before_others_is_found(eve, alice, bob):
    """Not only at the head, and not only the first time."""
    eve.write(("c.example", LOCKED))
    eve.write(("d.example", LOCKED), key=bob.key)
    for _ in range(2):
        error = refused(alice, 1, "chain_forged", "lock", "b.example")
        assert f"entry {eve.seq - 1}" in error["message"]


def test_an_adopt_of_another_past_mends_nothing(alice, redis):
    """It is well signed, and was written behind other entries."""
    client = redis.client()
    begin, known = client.xrange(AUDIT), memory(alice).read_text()
    alice("lock", "b.example")
    alice("adopt", "--yes")
    adopt = entries(redis)[-1]

    client.delete(AUDIT)
    for ident, entry in begin:
        client.xadd(AUDIT, entry, ident)
    memory(alice).write_text(known)
    alice("lock", "c.example")
    client.xadd(AUDIT, adopt, "4-0")
    error = refused(alice, 1, "chain_forged", "lock", "d.example")
    assert "entry 4" in error["message"]


def test_verify_remembers_which_keys_count(alice, bob, redis):
    """As it remembers the head behind which nobody looks again."""
    alice("key", "revoke", bob.key)
    assert bob("audit", "verify", check=False).returncode in (0, 12)
    assert pinned(bob)[0]["seq"] == "4"
    assert pinned(bob)[1] == {alice.key}
    refused(bob, 1, "key_unknown", "lock", "b.example")


def test_verify_learns_no_key(admin, redis, private):
    admin("init")
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    admin("key", "add", admin.json("keygen")["key"])
    other("audit", "verify", check=False)
    assert "genesis" not in pinned(other)[0]
    refused(other, 1, "chain_signed", "lock", "b.example")


# a loss


def test_adopt_after_the_loss_of_all(alice, bob, redis):
    """What the entries said of keys is lost as well."""
    redis.client().flushall()
    error = refused(bob, 1, "key_unknown", "adopt", "--yes")
    assert "began the trail" in error["mend"]
    assert redis.client().keys() == []

    out = alice("--json", "adopt", "--yes")
    assert out.stderr == ""
    [entry] = entries(redis)
    assert entry["key"] == alice.key and "sig" in entry
    refused(bob, 1, "key_unknown", "lock", "a.example")
    alice("key", "add", bob.key)
    bob("lock", "a.example")
    assert pinned(bob)[0]["genesis"] == alice.key


def test_adopt_after_the_loss_of_a_tail(alice, bob, redis):
    bob("lock", "b.example")
    client = redis.client()
    kept = client.xrange(AUDIT)[:-1]
    client.delete(AUDIT)
    for ident, entry in kept:
        client.xadd(AUDIT, entry, ident)
    refused(bob, 1, "chain_differs", "lock", "c.example")
    bob("adopt", "--yes")
    assert entries(redis)[-1]["key"] == bob.key
    alice("lock", "c.example")


def test_adopt_shows_by_whom_another_trail_is_signed(alice, operator, redis):
    redis.client().flushall()
    eve = operator("eve")
    eve("init")
    eve("lock", "a.example")
    error = refused(alice, 1, "key_unknown", "adopt", "--yes")
    eve("key", "add", alice.key)
    error = refused(alice, 2, "confirm", "adopt")
    assert f"signed since entry 1 by the key {eve.key}" in error["message"]
    assert pinned(alice)[0]["genesis"] == alice.key
    alice("adopt", "--yes")
    assert pinned(alice)[0]["genesis"] == eve.key
    alice("lock", "b.example")


# together


def test_operators_at_once(alice, bob, redis, private):
    """Each verifies what the other has just signed."""
    procs = [subprocess.Popen(
        ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do "
         f"\"$@\" lock {name}$i.example || exit 1; done", "sh",
         *admin.argv()], env=admin.env, cwd=admin.home,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for name, admin in (("x", alice), ("y", bob), ("z", bob))]
    for process in procs:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len(entries(redis)) == 3 + 24
    assert alice("audit", "verify", check=False).returncode == 0


# the syslog


NAMESPACE = ('touch "$0/null" && mount --bind /dev/null "$0/null" '
             '&& mount --bind "$0" /dev && exec "$@"')


@pytest.fixture
def syslog(private):
    """A /dev/log for commands in a mount namespace of their own."""
    directory = private / "dev"
    directory.mkdir()
    wrap = ["unshare", "-m", "sh", "-c", NAMESPACE, str(directory)]
    if subprocess.run([*wrap, "/bin/true"], capture_output=True).returncode:
        pytest.skip("there is no right to make a mount namespace")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(directory / "log"))
        log.settimeout(10)
        yield log, wrap


def test_each_entry_is_in_the_syslog(alice, operator, redis, syslog):
    log, wrap = syslog
    bob = operator("bob")
    document = alice.home / "letter"
    document.write_text("pay")
    request = 'x" hash=0 \\ é'
    commands = [
        ["lock", "b.example", "c.example", "--request-id", request],
        ["notice", "b.example", "--channel", "letter", "--file", document],
        ["adopt", "--yes"], ["key", "add", bob.key], ["unlock", "b.example"],
        ["reset", "c.example"], ["key", "revoke", bob.key]]
    quiet = [["lock", "b.example", "c.example", "--request-id", request],
             ["lock", "d.example", "--dry-run"], ["key", "revoke", bob.key],
             ["status", "b.example"], ["adopt", "--dry-run"]]
    for command in (*commands, *quiet):
        subprocess.run([*wrap, *alice.argv(*command)], env=alice.env,
                       check=True, capture_output=True, timeout=30)
    written = redis.client().xrange(AUDIT)[2:]
    assert len(written) == len(commands) + 1

    for ident, entry in written:
        line = log.recv(8192).decode("ascii")
        found = re.fullmatch(
            r'<85>.{16}paylock-admin\[\d+\]: action=(\S+) host="(.*?)" '
            r'chain=(\w+) seq=(\d+) hash=(\w+) key=(\w+) actor="(.*?)" '
            r'request="(.*?)"', line)
        assert found, line
        assert found.groups()[:7] == (
            entry["action"], entry.get("host", ""), entry["chain"],
            ident[:-2], entry["hash"], alice.key, "alice")
        assert found[8] == (entry["request"] if entry["request"] != request
                            else r"x\x22 hash=0 \x5c \xc3\xa9")

    # neither what was done before nor what was not done
    log.settimeout(0)
    with pytest.raises(BlockingIOError):
        log.recv(8192)


def test_an_unsigned_entry_in_the_syslog(admin, syslog):
    log, wrap = syslog
    subprocess.run([*wrap, *admin.argv("init")], env=admin.env,
                   check=True, capture_output=True, timeout=30)
    line = log.recv(8192).decode()
    assert "action=init" in line and "key=unsigned" in line
