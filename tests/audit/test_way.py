# Copyright (C) 2026 paylock contributors
#
# A change goes on from a record only if an entry of the verified trail wrote
# it.  What somebody put in the place of that entry, or into the records, is
# nothing to go on from; and what is in its place is found, whatever was given
# up between.

import json

import pytest

from support.chain import AUDIT, LOCKED, LOCKS, OPEN, ROOT, entry_hash, text
from support.cli import refused, state, trust
from support.trail import Key, signer

LATER = 4260211201                      # in 2105
NOTICE = "--channel", "letter", "--ref", "R1"

COMMANDS = (["notice", "h1.example", *NOTICE], ["lock", "h1.example"],
            ["pass", "revoke", "h1.example"])


def key_of(admin):
    """The key of an operator, in the hands of a thief."""
    return Key(pem=(admin.home / "config/paylock/key.pem").read_bytes())


def entry_of(client, host):
    return json.loads(client.hget(LOCKS, host))["entry"]


def rewrite(client, change):
    """Another stream in the place of this one: change(seq, entry) returns the
    entry, or None."""
    there = client.xrange(AUDIT)
    client.delete(AUDIT)
    for id, entry in there:
        entry = change(int(id.split("-")[0]), entry)
        if entry:
            client.xadd(AUDIT, entry, id=id)


def keep(client):
    return {key: client.dump(key) for key in (LOCKS, AUDIT, ROOT)}


def put_back(client, kept):
    for key, value in kept.items():
        client.restore(key, 0, value, replace=True)


def limited(alice, bob):
    trust([alice, bob], alice, signer("bob", bob.key, may="lock,unlock"))
    bob("init", "--yes")
    alice("audit", "verify")


def by_the_way(redis, admin, hosts):
    """All can be changed, and the records need not be read for that."""
    admin("lock", "new.example")
    redis.client().config_resetstat()
    for host in hosts:
        admin("unlock", host)
    assert "cmdstat_hscan" not in redis.client().info("commandstats")
    done = admin("audit", "verify", "--full", check=False)
    assert done.returncode == 0, done.stdout


# what is not in its place


@pytest.mark.parametrize("cut", [False, True], ids=["", "cut"])
def test_a_row_of_two_signers(alice, bob, redis, cut):
    """A limited key signs for nobody else's entry before its own, also if the
    way to both is cut."""
    trust([alice, bob], alice, signer("bob", bob.key, may="notice"))
    alice("lock", "h1.example")
    alice("lock", "h2.example")
    alice("lock", *(f"f{i}.example" for i in range(20)))
    client, key = redis.client(), key_of(bob)
    at = entry_of(client, "h1.example")
    record = text({**OPEN, "entry": at})
    hashes = {}

    def forge(seq, entry):
        if seq == at:
            entry = {**entry, "action": "unlock", "before": text(LOCKED),
                     "after": record}
            del entry["root"], entry["sig"]
        elif seq == at + 1:
            entry = {**entry, "action": "notice", "prev": hashes[at],
                     "before": text({**LOCKED, "entry": 1}),
                     "after": text({**LOCKED, "entry": seq}),
                     "key": key.public}
        elif cut and seq == 16:
            return None
        else:
            return entry
        entry["hash"] = hashes[seq] = entry_hash(seq, entry)
        if "sig" in entry:
            entry["sig"] = key.sign_entry(entry)
        return entry

    rewrite(client, forge)
    client.hset(LOCKS, "h1.example", record)
    there = state(redis)
    for command in COMMANDS:
        refused(alice, 1, "chain_forged", *command)
    assert state(redis) == there


def test_a_lost_past(alice, bob, redis):
    """What a failover lost does not come back in the place of what came then,
    whoever had signed it."""
    trust([alice, bob], alice, bob)
    alice("lock", "h1.example")
    client = redis.client()
    kept = keep(client)
    alice("unlock", "h1.example")
    lost = entry_of(client, "h1.example")
    [(_, entry)] = client.xrevrange(AUDIT, count=1)
    put_back(client, kept)
    for i in range(4):
        bob("lock", f"n{i}.example")
    rewrite(client, lambda seq, there: entry if seq == lost else there)
    client.hset(LOCKS, "h1.example", entry["after"])
    there = state(redis)
    for command in COMMANDS:
        refused(bob, 1, "chain_forged", *command)
    assert state(redis) == there


def test_a_beginning_that_was_cut(alice, redis):
    """Nothing is known of a host whose entries are gone: not that it had
    none."""
    trust([alice], alice)
    for host in "h1", "f1", "f2", "f3":
        alice("lock", f"{host}.example")
    client = redis.client()
    client.xtrim(AUDIT, maxlen=2, approximate=False)
    client.hset(LOCKS, "h1.example", text(OPEN))
    there = state(redis)
    refused(alice, 1, "chain_forged", "lock", "h1.example", "--yes")
    assert state(redis) == there


def test_a_pass_that_was_never_issued(alice, redis):
    """Whoever writes to Redis cannot end all passes that will be issued."""
    trust([alice], alice)
    for host in "f1", "f2", "f3", "h1":
        alice("lock", f"{host}.example")
    client = redis.client()
    at = entry_of(client, "h1.example")
    alice("lock", "h1.example", "--reason", "again")
    alice("lock", "f4.example")
    rewrite(client, lambda seq, entry: entry if seq != at else {
        **entry, "action": "pass-issue",
        "reference": "k1 2105-01-01T00:00:00Z 2106-01-01T00:00:00Z"})
    done = alice("--json", "pass", "revoke", "h1.example")
    assert f"entry {at} in Redis is not the one" in done.stderr
    record = json.loads(client.hget(LOCKS, "h1.example"))
    assert record["pass_after"] <= record["at"] + 1


# what somebody wrote by hand


@pytest.mark.parametrize("name, more", [
    (".h1.example", []), ("h1.example", ["--yes"])], ids=["other", "own"])
def test_a_revocation_by_hand(alice, redis, name, more):
    trust([alice], alice)
    alice("lock", "h1.example")
    client = redis.client()
    client.hset(LOCKS, name, text({**json.loads(
        client.hget(LOCKS, name) or "{}"), "at": 1, "pass_after": LATER}))
    if more:
        alice("pass", "revoke", "h1.example", *more)
    else:
        refused(alice, 1, "by_hand", "pass", "revoke", "h1.example")
    record = json.loads(client.hget(LOCKS, "h1.example"))
    assert record["pass_after"] <= record["at"] + 1


def test_by_hand_over_a_suffix(alice, redis):
    """A record by hand does not hide the suffix with which a plan begins."""
    trust([alice], alice)
    alice("lock", ".shop.example", "--yes")
    redis.client().hset(LOCKS, "a.shop.example", text(OPEN))
    alice("lock", "a.shop.example", "--at", "+7d", "--yes")
    [found] = alice.json("status", "a.shop.example")
    assert found["stage"] == "locked", found


def root_fits(admin, client):
    """The root is that of the records as they are."""
    client.delete(ROOT)
    admin("lock", "last.example")


@pytest.mark.parametrize("value", ["1", text({**LOCKED, "entry": 2})],
                         ids=["bare", "numbered"])
def test_a_record_before_the_first_entry(operator, redis, value):
    client = redis.client()
    client.hset(LOCKS, "old.example", value)
    alice, bob = operator("alice"), operator("bob")
    trust([alice, bob], alice, signer("bob", bob.key, may="lock,unlock"))
    alice("init")
    alice("lock", "a.example")
    bob("init", "--yes")
    refused(alice, 1, "by_hand", "unlock", "old.example")
    refused(bob, 1, "key_unknown", "unlock", "old.example", "--yes")
    alice("unlock", "old.example", "--yes")
    root_fits(alice, client)
    alice("audit", "verify", "--full")


def test_records_that_an_adopt_left(alice, redis):
    """Their entries are given up, and the records are not dropped."""
    trust([alice], alice)
    for host in "f1", "f2", "f3":
        alice("lock", f"{host}.example")
    client = redis.client()
    client.xdel(AUDIT, f"{entry_of(client, 'f1.example')}-0")
    alice("adopt", "--yes")
    for host in "f1", "f2", "f3":
        alice("unlock", f"{host}.example", "--yes")
    root_fits(alice, client)
    alice("audit", "verify", "--full")


# what is in its place


def test_numbers_used_again(alice, bob, redis):
    """A failover lost some; others have had their numbers since."""
    limited(alice, bob)
    hosts = [f"c{i}.example" for i in range(20)]
    for host in hosts[:2]:
        bob("lock", host)
    client = redis.client()
    kept = keep(client)
    for i in range(4):
        alice("lock", f"lost{i}.example")
    put_back(client, kept)
    for host in hosts[2:14]:
        bob("lock", host)
    alice("adopt", "--yes")
    bob("init", "--yes")
    for host in hosts[14:]:
        bob("lock", host)
    by_the_way(redis, alice, hosts)


def test_another_chain(alice, operator, redis):
    """An adopt gave up a chain that this machine knew."""
    for i in range(9):
        alice("lock", f"x{i}.example")
    redis.client().delete(AUDIT, LOCKS, ROOT)
    bob = operator("bob")
    trust([alice, bob], alice, signer("bob", bob.key, may="init,lock,unlock"))
    bob("init", "--yes")
    hosts = [f"c{i}.example" for i in range(14)]
    for host in hosts[:10]:
        bob("lock", host)
    alice("adopt", "--yes")
    bob("init", "--yes")
    for host in hosts[10:]:
        bob("lock", host)
    by_the_way(redis, alice, hosts)


def test_what_an_adopt_resumed(alice, bob, redis):
    """The entries on both sides of adopts that gave something up."""
    limited(alice, bob)
    client = redis.client()
    hosts = [f"c{i}.example" for i in range(14)]
    for i, host in enumerate(hosts):
        bob("lock", host)
        if i in (4, 5, 7, 11, 12):
            at = entry_of(client, host)
            alice("lock", *(f"lost{k}.example" for k in range(i % 4 + 1)))
            client.xdel(AUDIT, f"{at + 1}-0")
            alice("adopt", "--yes", "--drop")
            bob("init", "--yes")
    by_the_way(redis, alice, reversed(hosts))
