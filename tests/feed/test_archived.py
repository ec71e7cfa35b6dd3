# Copyright (C) 2026 paylock contributors
#
# nginx and a stream whose beginning is archived.

import pytest

from oracle.lattice import Lattice
from support import archive as ar, trail as t
from support.archive import ALICE, BOB, HOSTS, alice, archive, client
from support.chain import (ALERTS, AUDIT, LOCKS, ROOT, ZEROS, count,
                           entry_hash, logged)
from support.cli import refused
from support.feed import unaudited
from support.saving import again, valid
from support.servers import wait_for
from support.trail import Key, pin, signer, signers_file

__all__ = ["alice", "client"]

SITES = """
    %s
    paylock_reconcile 200ms;
    server { server_name *.example; paylock on;
             location / { return 200; } }
"""

LINES = signer("signer0", ALICE), signer("signer1", BOB)


@pytest.fixture
def trail():
    return ar.days()


@pytest.fixture
def start(nginx, private):
    def run(*lines, signers=True, saves=False, **kw):
        path = signers_file(private / "signers", *(lines or LINES))
        more = f"paylock_signers {path};" if signers else ""
        if saves:
            more += "paylock_state @DIR@/state/paylock;"
        return nginx(SITES % more, **kw)
    return run


def follows(alice, server):
    """A change takes effect, and nothing was said to be wrong."""
    alice("unlock", "h2.example")
    server.wait_state("h2.example", "open")
    alice("lock", "h2.example")
    server.wait_state("h2.example", "locked")
    assert count(server, ALERTS) == 0


@pytest.mark.parametrize("signers", [True, False])
def test_it_starts_and_follows(alice, client, start, signers):
    archive(alice, 18, "a")
    server = start(signers=signers)
    for host in HOSTS:
        server.wait_state(host, "locked")
    follows(alice, server)
    # while it follows
    archive(alice, 19, "b")
    follows(alice, server)
    archive(alice, 20000, "c")
    follows(alice, server)
    assert unaudited(server) == 0


@pytest.mark.parametrize("signers", [True, False])
@pytest.mark.parametrize("day", [4, 16, 17, 19])
def test_it_comes_back_with_an_old_state(alice, client, trail, start, signers,
                                         day, private):
    """What it knew is archived (day 19: is not): it takes the records by the
    root."""
    older = trail.cut(trail.day[day])
    ar.put(client, older)
    server = start(signers=signers, saves=True)
    for host, record in older.locks.items():
        server.wait_state(host, "locked")
    wait_for("the file", lambda: valid(server.dir / "state/paylock",
                                       older.seq))
    server.stop()
    ar.put(client, trail)
    archive(alice, 18, "a")
    again(server)
    for host in HOSTS:
        server.wait_state(host, "locked")
    follows(alice, server)


def test_what_was_trimmed_by_others_is_refused(alice, client, trail, start,
                                               private):
    """An entry less than what the archive says."""
    older = trail.cut(trail.day[4])
    ar.put(client, older)
    server = start(saves=True)
    server.wait_state("h1.example", "locked")
    wait_for("the file", lambda: valid(server.dir / "state/paylock",
                                       older.seq))
    server.stop()
    ar.put(client, trail)
    archive(alice, 18, "a")
    client.execute_command("XTRIM", AUDIT, "MINID", f"{trail.day[17] + 2}-0")
    client.hset(LOCKS, "h1.example", '{"open_at":5}')
    server.allow(ALERTS)
    again(server)
    logged(server, r"\[alert\] .*does not go on from|\[alert\] .*missing")
    assert server.state("h1.example") == "locked"


def test_pins_of_what_is_archived(alice, client, trail, start):
    last = trail.day[17]
    archive(alice, 18, "a")
    server = start(*LINES, pin(last, trail.entries[last - 1][1]["hash"]),
                   pin(3, "ab" * 32))
    server.wait_state("h1.example", "locked")
    follows(alice, server)
    server.stop()
    # that of the last one archived is known
    server = start(*LINES, pin(last, "ab" * 32))
    server.allow(ALERTS)
    logged(server, r"\[alert\] .*is not the one that line 3")
    assert server.state("h1.example") != "locked"


def test_adopt_after_an_archive(alice, client, trail, start):
    server = start()
    server.wait_state("h1.example", "locked")
    archive(alice, 18, "a")
    [(ident, last)] = client.xrevrange(AUDIT, count=1)
    client.xadd(AUDIT, {**last, "reason": "none"},
                f"{int(ident[:-2]) + 1}-0")
    server.allow(ALERTS)
    logged(server, r"\[alert\] ")
    alice("adopt", "--yes")
    alice("unlock", "h2.example")
    server.wait_state("h2.example", "open")
    assert server.state("h3.example") == "locked"


def begins_behind(trail, key, last, records):
    """A stream that says itself that all up to the entry last is archived,
    and signs these records."""
    hashes = {last & ~((1 << n) - 1): f"{n:064x}" for n in range(1, 64)}
    hashes = {seq: hashes[seq] for seq in sorted(hashes) if seq}
    hashes.setdefault(last, "7" * 64)
    rows = [{"action": "notice", "host": "x.example", "prior": "0",
             "after": f'{{"entry":{last + 1}}}'},
            {"action": "pass-issue", "host": "y.example", "prior": "0",
             "after": f'{{"entry":{last + 2}}}'},
            {"action": "archive",
             "archived": f"{last} {hashes[last]} {'5' * 64}",
             "peaks": " ".join(f"{seq} {hash}"
                               for seq, hash in hashes.items())}]
    entries = []
    for seq, row in enumerate(rows, last + 1):
        if "host" in row:
            records[row["host"]] = row["after"]
        to = [hash for at, hash in hashes.items() if at <= seq & seq - 1]
        entry = {"v": "2", "chain": trail.chain, "time": str(trail.time),
                 "request": trail.hex(16), "key": key.public,
                 "salt": trail.hex(16), "prev": hashes[seq - 1],
                 "skip": to[-1] if to else ZEROS, **row}
        hashes[seq] = entry["hash"] = entry_hash(seq, entry)
        entry["root"] = Lattice(records).root()
        entry["sig"] = key.sign_entry(entry)
        entries.append((seq, entry))
    return entries


@pytest.mark.parametrize("may", ["archive,notice,pass-issue", None])
def test_who_may_only_archive_begins_no_trail(alice, client, trail, start,
                                              may):
    """Else they could sign any records: nobody sees what was before.  Whoever
    may do everything could adopt as well."""
    key = Key(9)
    lines = *LINES, signer("l", key, **({"may": may} if may else {}))
    ar.machine(alice, ALICE, *lines)
    server = start(*lines, saves=True)
    server.wait_state("h1.example", "locked")
    wait_for("the file", lambda: valid(server.dir / "state/paylock",
                                       trail.seq))
    server.stop()
    records = {host: '{"at":5,"open_at":5,"entry":3}' for host in HOSTS}
    entries = begins_behind(trail, key, trail.seq + 30, records)
    client.delete(AUDIT, LOCKS, ROOT)
    t.load(client, entries, records)
    server.allow(ALERTS)
    again(server)
    if may is None:
        server.wait_state("h1.example", "open")
        assert ar.verify(alice)[:2] == (0, [])
        return
    logged(server, r"\[alert\] .*(are missing|may not adopt)")
    assert {server.state(host) for host in HOSTS} == {"locked"}
    assert ar.verify(alice)[0] == 11
    refused(alice, 1, "chain_differs", "lock", "z.example")
    ar.forget(alice)
    assert ar.verify(alice)[0] == 11
