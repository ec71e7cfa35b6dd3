# Copyright (C) 2026 paylock contributors
#
# A signed trail: whose signatures count, and when paylock-admin refuses to
# continue a trail that somebody else has written to.

import hashlib
import json
import re
import socket
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, LOCKED, LOCKS, ROOT, Chain
from support.cli import (entries, memory, openssl, refused, remembered,
                         signers_of, state, trust)
from support.trail import signer

WRITES = [["lock", "b.example"], ["unlock", "a.example"],
          ["reset", "a.example"], ["adopt", "--yes"],
          ["notice", "a.example", "--channel", "email", "--ref", "1"]]


# a signed trail


def test_init_is_signed(operator, redis):
    alice = operator("alice")
    made = alice("--json", "init")
    assert made.stderr == ""
    [entry] = entries(redis)
    assert entry["key"] == alice.key and "sig" in entry
    assert json.loads(made.stdout)["signed"] is True
    known = remembered(alice)
    assert (known["seq"], known["hash"], known["realm"]) \
        == ("1", entry["hash"], "-")
    assert known["signers"] == hashlib.sha256(
        signers_of(alice).read_bytes()).hexdigest()
    assert "signed by signers that count" in alice("init").stdout


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
            f"paylock audit signature 2\nrealm -\nhash {entry['hash']}\n"
            f"root {entry['root']}\n")
        (private / "sig").write_bytes(bytes.fromhex(entry["sig"]))
        assert b"Success" in openssl(
            "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key, "-in",
            private / "text", "-sigfile", private / "sig")


@pytest.mark.parametrize("command", WRITES, ids=" ".join)
def test_nothing_is_written_without_a_key_that_counts(
        alice, operator, redis, private, command):
    eve, nobody = operator("eve"), servers.Admin(redis, private / "nobody")
    trust([eve, nobody], alice)
    for admin in eve, nobody:
        admin("init", "--yes")
    before = state(redis)

    error = refused(nobody, 1, "unsigned", *command)
    assert "keygen" in error["mend"] and "signers file" in error["mend"]
    error = refused(eve, 1, "key_unknown", *command)
    assert eve.key in error["message"]
    assert str(signers_of(eve)) in error["message"]
    assert state(redis) == before


def test_nothing_is_written_outside_of_ones_limits(alice, bob, redis):
    """What would not count for the others is not signed at all."""
    seq, head = len(entries(redis)), entries(redis)[-1]["hash"]
    before = state(redis)
    for limits, words, command in (
            ({"first": seq + 2}, "does not count yet", "lock"),
            ({"until": (seq, head)}, "is revoked", "lock"),
            ({"may": "notice,unlock"}, "may not sign this", "lock"),
            ({"may": "lock"}, "may not sign this", "adopt")):
        trust([bob], alice, signer("bob", bob.key, **limits))
        error = refused(bob, 1, "key_unknown", command,
                        *(["b.example"] if command == "lock" else ["--yes"]))
        assert words in error["message"]
        assert state(redis) == before
    trust([bob], alice, signer("bob", bob.key, first=seq + 1, may="lock"))
    bob("lock", "b.example")
    assert entries(redis)[-1]["key"] == bob.key


def test_no_trail_is_begun_by_who_may_not(operator, redis):
    alice = operator("alice")
    trust([alice], signer("alice", alice.key, may="lock"))
    refused(alice, 1, "key_unknown", "init")
    assert redis.client().keys() == []


def test_init_shows_that_it_is_signed_and_remembers_it_after_a_yes(
        alice, redis, private):
    other = servers.Admin(redis, private / "other")
    trust([other], alice)
    error = refused(other, 2, "confirm", "init")
    assert "signed by signers that count" in error["message"]
    assert not (other.home / "state").exists()
    out = other("--json", "init", "--yes")
    assert json.loads(out.stdout)["signed"] is True
    assert out.stderr == ""
    assert remembered(other)["hash"] == entries(redis)[-1]["hash"]


def test_init_remembers_no_trail_of_others(alice, operator):
    """Whoever signed it does not count here."""
    eve = operator("eve")
    error = refused(eve, 1, "chain_forged", "init", "--yes")
    assert "no signer's key" in error["message"]
    assert not (eve.home / "state").exists()


def test_who_counts_is_not_learnt_from_redis(alice, operator, redis):
    """Who replaces the whole trail cannot sign it with a key known here."""
    eve = operator("eve")
    redis.client().flushall()
    eve("init")
    eve("lock", "a.example")
    error = refused(alice, 1, "chain_forged", "lock", "b.example")
    assert eve.key in error["message"]

    # the same chain id, another key
    chain = Chain(redis)
    redis.client().flushall()
    chain.chain, chain.seq, chain.hash = remembered(alice)["chain"], 0, "0" * 64
    chain.write(("", None), action="init", key=eve.key)
    chain.write(("a.example", LOCKED), key=eve.key)
    chain.write(("a.example", LOCKED), key=eve.key)
    error = refused(alice, 1, "chain_differs", "lock", "b.example")
    assert "adopt" in error["mend"]


def test_a_memory_that_was_damaged_is_not_taken_for_unsigned(alice, redis):
    path = memory(alice)
    whole = path.read_text()
    digest = remembered(alice)["signers"]
    before = state(redis)
    for damaged in (whole.replace("signers = ", "signer = "),
                    whole.replace(digest, digest[:-1]),
                    whole.replace(digest, "X" + digest),
                    whole.replace("realm = -\n", ""),
                    whole.replace("end\n", ""),
                    whole + "more\n"):
        assert damaged != whole
        path.write_text(damaged)
        refused(alice, 1, "state", "lock", "b.example")
    assert state(redis) == before


# the signers file


def test_who_is_added_to_the_file_counts(alice, operator, redis):
    """On machines whose file says so, and on no other."""
    bob = operator("bob")
    trust([bob], alice, bob)
    bob("init", "--yes")
    bob("lock", "b.example")
    assert entries(redis)[-1]["key"] == bob.key
    error = refused(alice, 1, "chain_forged", "lock", "c.example")
    assert bob.key in error["message"]
    trust([alice], alice, bob)
    alice("lock", "c.example")


def test_a_signer_is_revoked(alice, bob, redis):
    bob("lock", "b.example")
    alice("signers", "revoke", "bob", "--yes")
    bob_knows = signers_of(bob).read_text()
    alice("lock", "c.example")

    # the file is copied to all machines
    signers_of(bob).write_text(signers_of(alice).read_text())
    before = state(redis)
    error = refused(bob, 1, "key_unknown", "lock", "d.example")
    assert "is revoked" in error["message"]
    assert state(redis) == before

    # what he signs with the old file counts for him alone
    signers_of(bob).write_text(bob_knows)
    bob("lock", "d.example")
    error = refused(alice, 1, "chain_forged", "lock", "e.example")
    assert "bob, whose key is revoked after entry 3" in error["message"]
    alice("adopt", "--yes")
    alice("lock", "e.example")
    assert alice("audit", "verify", check=False).returncode == 12
    alice("adopt", "--yes", "--drop")
    assert set(redis.client().hkeys(LOCKS)) == {
        "a.example", "b.example", "c.example", "e.example"}
    assert alice("audit", "verify", check=False).returncode == 0


def test_another_file_has_all_verified_again(alice, bob, redis):
    """Not only what came after the head that is remembered."""
    bob("lock", "b.example")
    alice("lock", "c.example")
    trust([alice], alice)
    error = refused(alice, 1, "chain_forged", "lock", "d.example")
    assert "entry 3" in error["message"] and bob.key in error["message"]


def test_a_file_that_is_gone_is_not_forgotten(alice, redis):
    signers_of(alice).unlink()
    before = state(redis)
    for command in ["lock", "b.example"], ["adopt", "--yes"], \
            ["audit", "verify"], ["init"]:
        error = refused(alice, 1, "signers", *command)
        assert "is gone" in error["message"]
        assert "--signers" in error["mend"]
    assert state(redis) == before


def test_another_realm(alice, redis):
    """What is signed in a restore drill is worth nothing in production."""
    known = remembered(alice)
    refused(alice, 1, "chain_unknown", "lock", "b.example", "--realm", "drill")
    error = refused(alice, 1, "chain_forged", "init", "--yes", "--realm",
                    "drill")
    assert "good signature" in error["message"]
    assert len(entries(redis)) == 2

    # nor does the drill change what is remembered for production
    client = redis.client(decode_responses=False)
    before = {key: client.dump(key) for key in (AUDIT, LOCKS, ROOT)}
    alice("adopt", "--yes", "--realm", "drill")
    alice("lock", "c.example", "--realm", "drill")
    for key, value in before.items():
        client.restore(key, 0, value, replace=True)
    assert remembered(alice) == known
    alice("lock", "d.example")


# without a signers file


def test_without_signers_it_says_so(admin, redis):
    for args in ["init"], ["init"], ["adopt", "--yes"]:
        done = admin("--json", *args)
        warning = json.loads(done.stderr)["warning"]
        assert warning["code"] == "unsigned"
        assert "no signers file" in warning["message"]
        assert "keygen" in warning["mend"]
        assert admin("--quiet", *args).stderr == ""
    assert admin.json("init")["signed"] is False
    assert admin("lock", "a.example").stderr == ""
    assert not any("key" in entry or "sig" in entry
                   for entry in entries(redis))

    # a key that is there signs, even if nobody looks
    key = admin.json("keygen", "own.pem")["key"]
    admin("lock", "b.example", "--key", "own.pem")
    assert entries(redis)[-1]["key"] == key


def test_how_an_unsigned_trail_becomes_signed(admin, redis, private):
    """What was unsigned stays so: somebody who counts takes it over."""
    admin("init")
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    admin("lock", "a.example")
    key = admin.json("keygen")["key"]
    error = refused(admin, 1, "chain_forged", "lock", "b.example")
    assert "entry 1 is not signed" in error["message"]

    assert admin.json("adopt", "--yes")["lost"].split()[1:3] == ["1", "2"]
    assert entries(redis)[-1]["key"] == key
    assert redis.client().hkeys(LOCKS) == ["a.example"]
    refused(admin, 1, "by_hand", "lock", "a.example")
    admin("lock", "a.example", "--reason", "again", "--yes")
    assert admin("audit", "verify", check=False).returncode == 0

    # who has no file goes on, and what they write is no entry for the others
    other("lock", "b.example")
    error = refused(admin, 1, "chain_forged", "lock", "c.example")
    assert "entry 5 is not signed" in error["message"]
    signers_of(other).parent.mkdir(parents=True)
    signers_of(other).write_text(signers_of(admin).read_text())
    refused(other, 1, "unsigned", "lock", "b.example")


# who may write to Redis


@pytest.fixture
def eve(redis, alice, bob):
    """Writes entries of which all hashes fit."""
    return Chain(redis)


@pytest.mark.parametrize("how", [
    {}, {"key": "ALICE"}, {"key": "ALICE", "sig": "0" * 128},
    {"key": "EVE"}, {"sig": "0" * 128},
    {"key": "ALICE", "action": "adopt", "resumes": "HEAD"},
    {"action": "adopt", "resumes": "HEAD"}, {"action": "adopt"}],
    ids=lambda how: " ".join(how) or "nothing")
def test_a_forged_entry_is_not_signed_over(eve, alice, bob, redis, how):
    """What alice signs next would make it hers."""
    fields = {name: {"ALICE": alice.key, "EVE": "e" * 64,
                     "HEAD": f"{eve.seq} {eve.hash}"}.get(value, value)
              for name, value in how.items()}
    host = ("c.example", LOCKED) if "action" not in how else ("", None)
    if "sig" in how:
        fields["root"] = "0" * 64
    eve.write(host, **fields)
    before = state(redis)
    for admin in alice, bob:
        error = refused(admin, 1, "chain_forged", "lock", "b.example")
        assert f"entry {eve.seq}" in error["message"]
        assert "audit verify" in error["mend"]
        assert "adopt" in error["mend"]
    assert state(redis) == before

    # an adopt gives it up, and its record is dropped
    alice("adopt", "--yes", "--drop")
    assert redis.client().hkeys(LOCKS) == ["a.example"]
    bob("lock", "b.example")
    for admin in alice, bob:
        assert admin("audit", "verify", check=False).returncode == 0


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
    client.hdel(LOCKS, "b.example")
    memory(alice).write_text(known)
    alice("lock", "c.example")
    client.xadd(AUDIT, adopt, "4-0")
    error = refused(alice, 1, "chain_forged", "lock", "d.example")
    assert "entry 4" in error["message"]


def test_verify_moves_what_is_remembered(alice, bob):
    alice("lock", "b.example")
    assert remembered(bob)["seq"] == "2"
    bob("audit", "verify")
    assert remembered(bob)["seq"] == "3"


def test_a_bad_trail_moves_nothing(alice, bob, redis):
    alice("lock", "b.example")
    redis.client().hset(LOCKS, "b.example", "open")
    assert bob("audit", "verify", check=False).returncode == 12
    assert remembered(bob)["seq"] == "2"


# a loss


def test_adopt_after_the_loss_of_all(alice, bob, redis):
    """Who counts stands in a file: anybody there may declare it."""
    redis.client().flushall()
    out = bob("--json", "adopt", "--yes")
    assert out.stderr == ""
    [entry] = entries(redis)
    assert entry["key"] == bob.key and "sig" in entry
    assert "resumes" not in entry
    assert entry["lost"].split()[1:3] == ["1", "2"]
    alice("lock", "a.example")
    bob("lock", "b.example")
    for admin in alice, bob:
        assert admin("audit", "verify", check=False).returncode == 0


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

    # the records of the entries that were lost are kept, if nobody drops them
    assert set(client.hkeys(LOCKS)) == {"a.example", "b.example", "c.example"}
    assert alice("audit", "verify", check=False).returncode == 12
    alice("unlock", "b.example", "--yes")
    assert alice("audit", "verify", check=False).returncode == 0


def test_adopt_of_another_trail_gives_up_all_of_it(alice, operator, redis):
    """Whoever signed it does not count here, and nothing of it stays."""
    chain = remembered(alice)["chain"]
    redis.client().flushall()
    eve = operator("eve")
    eve("init")
    eve("lock", "a.example")
    out = alice.json("adopt", "--yes", "--drop")
    assert out["resumes"] == "" and out["lost"].startswith(chain)
    assert alice("audit", "verify", check=False).returncode == 0
    alice("lock", "b.example")


# together


def test_operators_at_once(alice, bob, redis):
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
    assert len(entries(redis)) == 2 + 24
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


def test_each_entry_is_in_the_syslog(alice, redis, syslog):
    log, wrap = syslog
    document = alice.home / "letter"
    document.write_text("pay")
    request = 'x" hash=0 \\ é'
    commands = [
        ["lock", "b.example", "c.example", "--request-id", request],
        ["notice", "b.example", "--channel", "letter", "--file", document],
        ["adopt", "--yes"], ["unlock", "b.example"], ["reset", "c.example"]]
    quiet = [["lock", "b.example", "c.example", "--request-id", request],
             ["lock", "d.example", "--dry-run"], ["status", "b.example"],
             ["adopt", "--dry-run"]]
    for command in (*commands, *quiet):
        subprocess.run([*wrap, *alice.argv(*command)], env=alice.env,
                       check=True, capture_output=True, timeout=120)
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
                   check=True, capture_output=True, timeout=120)
    line = log.recv(8192).decode()
    assert "action=init" in line and "key=unsigned" in line
