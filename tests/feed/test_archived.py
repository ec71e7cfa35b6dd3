# Copyright (C) 2026 paylock contributors
#
# nginx and a stream whose beginning is archived.

import pytest

from support import archive as ar
from support.archive import ALICE, BOB, HOSTS, alice, archive, client
from support.chain import ALERTS, AUDIT, LOCKS, count, logged
from support.feed import unaudited
from support.saving import again, valid
from support.servers import wait_for
from support.trail import pin, signer, signers_file

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
