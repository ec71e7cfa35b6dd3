# Copyright (C) 2026 paylock contributors
#
# A signed trail: which keys count, and when paylock-admin refuses to continue
# a trail that somebody else has written to.

import json
import re
import socket
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, LOCKED, Chain
from support.cli import entries, memory, openssl, pinned, refused, state

WRITES = [["lock", "b.example"], ["unlock", "a.example"],
          ["reset", "a.example"], ["adopt", "--yes"],
          ["notice", "a.example", "--channel", "email", "--ref", "1"],
          ["key", "add", "KEY"], ["key", "revoke", "KEY"]]


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
            f"paylock audit signature 2\nrealm -\nhash {entry['hash']}\n")
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


def test_no_key_revokes_itself_so_one_is_left(alice, bob):
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


def test_verify_remembers_which_keys_count(alice, bob):
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
