# Copyright (C) 2026 paylock contributors
#
# Operators' keys: how they are made and stored.

import json
import os
import signal
import stat
import subprocess

import pytest

from support.cli import entries, openssl, refused, state, trust
from support.terminal import Terminal
from support.trail import signer

SECRET = "correct horse battery staple"


def public(path, *args):
    """The public half of a private key, as openssl has it."""
    return openssl("pkey", "-in", path, *args, "-pubout", "-outform",
                   "DER")[-32:].hex()


def secret_file(directory, text=SECRET + "\n"):
    path = directory / "passphrase"
    path.touch(0o600)
    path.write_text(text)
    return path


def on_terminal(admin, *args):
    return Terminal(admin, *args, stdout=subprocess.PIPE)


def ended(terminal):
    status, out = terminal.end()
    assert SECRET not in terminal.shown
    return status, out


# keygen


def test_keygen(admin):
    admin.redis = type("Nowhere", (), {"url": "unix:/nonexistent"})
    made = admin.json("keygen")
    path = admin.home / "config/paylock/key.pem"
    assert made == {"file": str(path), "key": public(path),
                    "signers": str(path.parent / "signers"), "begun": True}
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
    trust([alice], alice, signer("sealed", made["key"]))

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

    terminal = on_terminal(alice, "keygen", path, "--passphrase")
    terminal.answer("passphrase for the new key: ", SECRET)
    terminal.answer("once more: ", SECRET + "x")
    status, _ = ended(terminal)
    assert status == 1 and "differ" in terminal.shown
    assert not path.exists()

    terminal = on_terminal(alice, "--json", "keygen", path, "--passphrase")
    terminal.answer("passphrase for the new key: ", SECRET)
    terminal.answer("once more: ", SECRET)
    status, out = ended(terminal)
    assert status == 0
    trust([alice], alice, signer("sealed", json.loads(out)["key"]))

    for answer, wanted in (SECRET, 0), ("wrong", 1), ("", 1):
        terminal = on_terminal(alice, "lock", "b.example", "--key", path)
        terminal.answer(f'passphrase of "{path}": ', answer)
        status, _ = ended(terminal)
        assert status == wanted, terminal.shown
        if wanted:
            assert "passphrase" in terminal.shown
    assert entries(redis)[-1]["host"] == "b.example"


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM,
                                 signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(admin, sig):
    path = admin.home / "sealed.pem"
    terminal = on_terminal(admin, "keygen", path, "--passphrase")
    terminal.wait("passphrase for the new key: ")
    os.kill(terminal.process.pid, sig)
    status, _ = ended(terminal)
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
