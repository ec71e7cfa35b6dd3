# Copyright (C) 2026 paylock contributors
#
# nginx with signers: what they sign is in force, after restarts and losses too,
# and nothing else.

import re

import pytest

from support.chain import (ALERTS, AUDIT, HOSTS, LOCKED, LOCKS, OPEN, count,
                           logged)
from support.cli import signers_of
from support.feed import unaudited
from support.servers import wait_for
from support.signed import (A, B, C, CLOSED, ROOT, SITES, STATE, Busy, agreed,
                            backup, chain, diverged, fill, followed, live,
                            restore, signed, state, stays)
from support.trail import SignedChain, signer, signers_file


# what the signers sign

def test_signed_changes_take_effect(signed, chain):
    fill(chain)
    server = signed(alerts=False)
    stays(server, CLOSED, 0.1)
    chain.write(("h0.example", OPEN), ("later.example", LOCKED))
    server.wait_state("h0.example", "open")
    server.wait_state("later.example", "locked")
    chain.write(("h1.example", None), key=B, action="reset")
    server.wait_state("h1.example", "open")
    chain.settle(server)
    assert state(chain, server)["state"] == "live"
    assert unaudited(server) == 0
    assert "signatures decide: 2 signers" in server.error_log()


def test_paylock_admin(nginx, alice, bob, redis, private):
    path = signers_file(private / "signers", signer("alice", alice.key),
                        signer("bob", bob.key))
    server = nginx(SITES % (path, "200ms"))
    server.wait_state("a.example", "locked")
    bob("unlock", "a.example")
    server.wait_state("a.example", "open")
    alice("lock", *(f"n{i}.example" for i in range(1500)), "--yes", "--wait")
    assert server.state("n1499.example") == "locked"
    assert server.state("n0.example") == "locked"

def test_paylock_admin_adopts_after_a_loss(followed, alice, redis):
    """Redis lost the last entries: sites stay as they were until then."""
    client = redis.client()
    saved = client.dump(LOCKS), client.dump(AUDIT), client.dump(ROOT)
    alice("unlock", "a.example")
    alice("lock", "b.example")
    followed.wait_state("b.example", "locked")
    for key, value in zip((LOCKS, AUDIT, ROOT), saved):
        client.restore(key, 0, value, replace=True)
    logged(followed, "is known here")
    stays(followed, {"a.example": "open", "b.example": "locked"}, 1)
    alice("adopt", "--yes")
    followed.wait_state("a.example", "locked")
    followed.wait_state("b.example", "open")
    alice("unlock", "a.example")
    followed.wait_state("a.example", "open")


def test_paylock_admin_adopts_an_empty_redis(followed, alice, redis):
    redis.client().flushall()
    logged(followed, "is gone, of which entry")
    stays(followed, {"a.example": "locked"}, 1)
    alice("adopt", "--yes")
    followed.wait_state("a.example", "open")
    alice("lock", "b.example")
    followed.wait_state("b.example", "locked")


def test_paylock_admin_adopts_after_a_forgery(followed, alice, redis):
    """What was forged is given up, and what it wrote put right."""
    chain = SignedChain(redis, C)
    chain.write(("a.example", OPEN), ("b.example", LOCKED))
    logged(followed, "no signer's key")
    stays(followed, {"a.example": "locked", "b.example": "open"}, 0.5)
    alice("adopt", "--drop", "--yes")   # else b.example is signed as it is
    alice("lock", "c.example", "--yes")
    followed.wait_state("c.example", "locked")
    stays(followed, {"a.example": "locked", "b.example": "open"}, 0.5)


def test_paylock_admin_revokes(followed, alice, bob, private):
    """signers revoke, and a reload with that file."""
    bob("lock", "b.example")
    alice("signers", "revoke", "bob", "--yes")
    (private / "signers").write_text(signers_of(alice).read_text())
    followed.reload()
    bob("unlock", "b.example")
    logged(followed, "whose key is revoked after entry")
    stays(followed, {"b.example": "locked"}, 0.5)
    alice("adopt", "--yes")
    alice("lock", "c.example", "--yes")
    followed.wait_state("c.example", "locked")
    stays(followed, {"b.example": "locked"}, 0.5)


def test_large_transactions(signed, chain):
    server = signed(alerts=False)
    chain.write(*((f"n{i}.example", LOCKED) for i in range(1000)))
    server.wait_state("n0.example", "locked")
    for n in range(3):
        chain.write(*((f"n{i}.example", LOCKED) for i in range(300)))
        chain.write(*((f"n{i}.example", OPEN) for i in range(300)))
    chain.settle(server)
    assert server.state("n0.example") == "open"
    assert server.state("n999.example") == "locked"


def test_first_scan_of_a_large_hash(signed, chain):
    for n in range(5):
        chain.write(*((f"n{n}-{i}.example", LOCKED) for i in range(1000)))
    server = signed(alerts=False)
    assert server.state("n4-999.example") == "locked"

def test_first_scan_while_much_is_changed(signed, chain, private):
    """It fits the root of an entry that came during the scan."""
    for n in range(20):
        chain.write(*((f"n{n}-{i}.example", LOCKED) for i in range(1000)))
    with Busy(chain):
        server = signed(alerts=False)
        for n in range(5):
            # another file: all is read anew
            signers_file(private / "signers", signer("a", A),
                         signer(f"n{n}", C))
            server.reload()
            live(chain, server)
    agreed(chain, server)
    assert unaudited(server) == 0
    assert count(server, r"\[alert\]") == 0


# by hand

def test_by_hand(signed, chain):
    """It opens and closes nothing, however long it stands there."""
    fill(chain)
    server = signed()
    chain.client.hset(LOCKS, "h0.example", "open")
    chain.client.hset(LOCKS, "open.example", "locked")
    chain.client.hset(LOCKS, "new.example", "1")
    chain.client.hdel(LOCKS, "h1.example")
    logged(server, "4 records were changed in Redis without an entry")
    stays(server, CLOSED | {"new.example": "open"})
    assert count(server, "were changed in Redis without an entry") == 1
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 4)
    assert state(chain, server)["state"] == "live"
    assert count(server, r"\[alert\]") == 0

    # an entry ends it
    chain.write(("h0.example", OPEN), ("new.example", LOCKED))
    server.wait_state("h0.example", "open")
    server.wait_state("new.example", "locked")
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 2)


def test_by_hand_before_the_first_start(signed, chain):
    """What names no entry is left out; what replaces a record is missed."""
    fill(chain)
    chain.client.hset(LOCKS, "new.example", "1")
    server = signed()
    stays(server, CLOSED | {"new.example": "open"}, 0.5)
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 1)


@pytest.mark.parametrize("change", [
    lambda c: c.hset(LOCKS, "h0.example", "open"),
    lambda c: c.hset(LOCKS, "h0.example", '{"open_at":1,"entry":2}'),
    lambda c: c.hset(LOCKS, "new.example", '{"lock_at":1,"entry":2}'),
    lambda c: c.hdel(LOCKS, "h0.example"),
    lambda c: c.delete(LOCKS)])
def test_another_record_at_the_first_start(signed, chain, change):
    """Nothing is in force then, until it is put right."""
    fill(chain)
    was = chain.client.hgetall(LOCKS)
    change(chain.client)
    server = signed(live=False)
    diverged(chain, server, "do not have the root that entry 22 has signed")
    stays(server, dict.fromkeys([*HOSTS, "new.example"], "open"), 0.5)
    chain.client.delete(LOCKS)
    chain.client.hset(LOCKS, mapping=was)
    live(chain, server)
    stays(server, CLOSED, 0.1)


def test_a_record_of_before_the_trail(signed, chain):
    """The root of the init covers it, though it names no entry."""
    chain.client.delete(AUDIT)
    chain.client.hset(LOCKS, "h0.example", "1")
    SignedChain(chain.redis, A).init()
    server = signed()
    server.wait_state("h0.example", "locked")


# restarts

def test_restart_from_the_state_file(signed, chain):
    """Goes on from the file, without a look at the records."""
    fill(chain)
    server = signed(more=STATE)
    chain.settle(server)
    server.stop()
    chain.write(("h0.example", OPEN), ("later.example", LOCKED))
    chain.client.hset(LOCKS, "h1.example", "open")
    server.start()
    server.wait_state("h0.example", "open")
    server.wait_state("later.example", "locked")
    wait_for("the report", lambda: state(chain, server).get("unaudited") == 1)
    stays(server, {"h1.example": "locked"}, 0.5)
    assert count(server, r"\[alert\]") == 0


def test_rollback_while_it_was_down(signed, chain):
    fill(chain)
    saved = backup(chain)
    chain.write(("later.example", LOCKED))
    server = signed(more=STATE)
    chain.settle(server)
    server.stop()
    restore(chain, saved)
    server.start()
    diverged(chain, server, "is known here")
    stays(server, CLOSED | {"later.example": "locked"}, 0.5)


def test_state_file_of_before_there_were_signers(nginx, chain, private):
    """It counts as not verified; its records stay until a scan fits."""
    fill(chain)
    path = signers_file(private / "signers", signer("a", A))
    server = nginx((SITES % (path, "200ms")).replace("paylock_signers", "#")
                   + STATE)
    logged(server, "paylock: live")
    assert "what Redis says is in force" in server.error_log()
    chain.client.hset(LOCKS, "new.example", "1")
    server.wait_state("new.example", "locked")
    server.allow(ALERTS)
    server.reload(SITES % (path, "200ms") + STATE)
    server.wait_state("new.example", "open")
    stays(server, CLOSED, 0.2)


# the file

@pytest.mark.parametrize("lines, why", [
    ([signer("a", A), "b 12"], "line 2 "),
    ([signer("a", A), signer("b", A)], "line 2 "),
    (["# nobody"], "it names no signer")])
def test_bad_file(nginx, signed, chain, private, lines, why):
    server = signed(alerts=False)
    path = signers_file(private / "bad", *lines)
    done = server.test(SITES % (path, "1s"))
    assert done.returncode == 1
    assert re.search(rf'\[emerg\] .*"paylock_signers" cannot use "{path}": '
                     rf'{why}', done.stderr), done.stderr


@pytest.mark.parametrize("text, why", [
    ("paylock_signers nothing;", "cannot read"),
    ("paylock_signers @FILE@; paylock_signers @FILE@;", "is duplicate"),
    ("paylock_signers @FILE@ realm=a/b;", "names no realm"),
    ("paylock_signers @FILE@ relm=a;", "invalid parameter"),
    ("server { paylock_signers @FILE@; }", "is not allowed here")])
def test_bad_directive(signed, chain, private, text, why):
    server = signed(alerts=False)
    done = server.test(text.replace("@FILE@", str(private / "signers")))
    assert done.returncode == 1 and why in done.stderr, done.stderr


def test_file_that_others_may_write(signed, chain, private):
    server = signed(alerts=False)
    path = private / "signers"
    path.chmod(0o664)
    done = server.test(SITES % (path, "1s"))
    assert done.returncode == 1 and "others can write it" in done.stderr


def test_realm(signed, chain):
    server = signed(realm="realm=staging", live=False)
    diverged(chain, server, "does not carry a good signature")
    chain.realm = "staging"
    chain.write(("h0.example", LOCKED))
    server.wait_state("h0.example", "locked")


def test_no_stream_yet(nginx, redis, private, operator):
    """Before init that is no alarm."""
    alice = operator("alice")
    path = signers_file(private / "signers", signer("alice", alice.key))
    server = nginx(SITES % (path, "200ms"))
    logged(server, r'\[warn\] .*run "paylock-admin init"')
    alice("init")
    alice("lock", "h0.example")
    server.wait_state("h0.example", "locked")
    assert count(server, 'run "paylock-admin init"') == 1


def test_check_scans_do_not_hold_up_entries(signed, chain):
    fill(chain)
    server = signed(reconcile="10ms")
    for n in range(100):
        chain.write((f"n{n}.example", LOCKED))
    chain.settle(server)
    assert unaudited(server) == 0
