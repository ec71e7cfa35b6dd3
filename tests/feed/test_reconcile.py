# Copyright (C) 2026 paylock contributors
#
# Records written into Redis by hand, well or badly formed, and when they come
# into force.

import concurrent.futures
import functools
import json
import random
import re
import threading
import time

import pytest

from support.chain import (HOSTS, LOCKED, LOCKS, NOTICE, OPEN, READONLY,
                           Chain, Watch, closed_hosts, count, logged)
from support.feed import scanned, unaudited
from support.servers import promised, wait_for


@pytest.fixture
def sites(nginx, chain):
    return functools.partial(closed_hosts, nginx, chain)


def states(server, hosts, state):
    # on a busy machine a scan takes a second, and nginx then pauses a hundred
    # times as long
    wait_for(f"{hosts} to be {state}", lambda: all(
        server.state(host) == state for host in hosts), 300)


@pytest.mark.parametrize("n", [1, 10])
def test_a_few_by_hand(sites, chain, n):
    """Closed, changed in place, opened, removed: each is counted."""
    server = sites()
    some, rest = HOSTS[:n], HOSTS[n:]
    with Watch(server, rest):
        for value, state in [("0", "open"), ('{"lock_at":7}', "locked"),
                             ('"open"', "open"), ("true", "locked")]:
            chain.client.hset(LOCKS, mapping=dict.fromkeys(some, value))
            states(server, some, state)
            # ten in all since the last entry
            chain.settle(server)
        chain.client.hdel(LOCKS, *some)
        states(server, some, "open")
        wait_for("the count", lambda: unaudited(server) == 5 * n)
        # and an entry takes them back
        chain.write(*((host, LOCKED) for host in some))
        states(server, some, "locked")
    assert unaudited(server) == 5 * n
    assert count(server, r"\[alert\]") == 0


@pytest.mark.parametrize("how", ["removed", "opened", "planned away",
                                 "broken up"])
def test_eleven_at_once(sites, chain, how):
    """Too many for a person: all of them are held, one alert says so."""
    server = sites()
    server.allow("11 closed hosts open or not at all; they stay closed")
    with Watch(server, HOSTS) as watch:
        if how == "removed":
            chain.client.hdel(LOCKS, *HOSTS[:11])
        else:
            value = {"opened": "0", "planned away": '{"notice_at":1}',
                     "broken up": '{}'}[how]
            chain.client.hset(LOCKS, mapping=dict.fromkeys(HOSTS[:11], value))
        logged(server, "11 closed hosts open or not at all; they stay")
        # the next scans do not ask again, nor count what is held
        time.sleep(0.8)
        assert count(server, r"\[alert\]") == 1
        assert unaudited(server) == 0
        # a few more are somebody's work again, those are not
        watch.forget(HOSTS[15])
        chain.client.hset(LOCKS, HOSTS[15], "0")
        server.wait_state(HOSTS[15], "open")
        watch.forget(*HOSTS)
        chain.adopt()
        states(server, HOSTS[:11],
               "notice" if how == "planned away" else "open")
    assert count(server, r"\[alert\]") == 1


def test_any_number_is_closed(sites, chain):
    """What closes needs no entry."""
    server = sites()
    more = {f"more{i}.example": "1" for i in range(500)}
    with Watch(server, HOSTS):
        chain.client.hset(LOCKS, mapping=more)
        states(server, list(more)[::25], "locked")
        wait_for("the count", lambda: unaudited(server) == 500)
    assert count(server, r"\[alert\]") == 0


def test_planned_locks_are_closed_hosts_too(sites, chain):
    """A record that would close tomorrow is lost as much."""
    server = sites()
    server.allow("15 closed hosts open or not at all; they stay closed")
    at = int(time.time()) + 3
    plans = [f"plan{i}.example" for i in range(15)]
    chain.write(*((host, {"at": 1000, "lock_at": at}) for host in plans))
    chain.settle(server)
    chain.client.hdel(LOCKS, *plans)
    logged(server, "15 closed hosts")
    assert server.state(plans[0]) == "open" or time.time() >= at
    states(server, plans, "locked")
    assert time.time() >= at


def test_new_and_gone_within_six_seconds(sites, chain):
    """The size of the hash tells, however long until the next reconcile."""
    server = sites("1h")
    chain.client.hset(LOCKS, "hand.example", "1")
    server.wait_state("hand.example", "locked", promised(6))
    chain.client.hdel(LOCKS, "hand.example")
    server.wait_state("hand.example", "open", promised(6))
    wait_for("the count", lambda: unaudited(server) == 2)


def test_size_is_known_beside_entries(sites, chain):
    """Entries that add, change and remove do not look like hands."""
    server = sites("1h")
    hand = Chain(chain.redis)
    for i in range(30):
        hand.write((f"e{i % 7}.example", (LOCKED, OPEN, None)[i % 3]),
                   (HOSTS[i % 20], (None, LOCKED)[i % 2]))
    chain.look()
    chain.settle(server)
    before = scanned(chain)
    time.sleep(5.5)
    assert scanned(chain) == before > 0
    assert unaudited(server) == 0


def test_reconcile_takes_its_share_only(sites, chain):
    """1ms is stretched: scanning takes at most a hundredth of the time."""
    p = chain.client.pipeline(transaction=False)
    for i in range(0, 3000, 1000):
        p.hset(LOCKS, mapping={f"b{n}.example": "1"
                               for n in range(i, i + 1000)})
    p.execute()
    server = sites("1ms; paylock_zone 1m")

    time.sleep(0.5)
    before = scanned(chain)
    time.sleep(3)
    # a scan is about 12 replies, and lasts some 10 ms
    assert scanned(chain) - before <= 200
    # or a hundred times as long as it lasts on a machine that is busy
    chain.client.hset(LOCKS, "b7.example", "0")
    server.wait_state("b7.example", "open", 300)


GZIP = """
    gzip on; gzip_comp_level 9;
    server { server_name slow.example; root @DIR@; default_type text/html; }
    server { server_name *.example; paylock on; location / { return 200; } }
"""


def test_a_busy_worker_scans_too(nginx, chain):
    """Where requests make the turns of the event loop long, little is left of
    a scan that does little in each: it takes a share of the time."""
    server = nginx(GZIP, workers=1)
    (server.dir / "slow").write_text(random.Random(1).randbytes(400000).hex())
    server.wait_live()
    ending = threading.Event()

    def load():
        while not ending.is_set():
            assert server.get("/slow", host="slow.example", timeout=120,
                              headers={"Accept-Encoding": "gzip"}).status == 200

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load) for _ in range(4)]
        try:
            chain.client.hset(LOCKS, "b1.example", "1")
            server.wait_state("b1.example", "locked")
        finally:
            ending.set()
    for done in loads:
        done.result()


BROKEN = {
    "broken1.example": "2", "broken2.example": "lock",
    "broken3.example": '{"lock_at":"now"}', "broken4.example": '{"lock_at":-1}',
    "broken5.example": '{"lock_at":4294967296}', "broken6.example": "[1]",
    "broken7.example": '{"lock_at":1', "broken8.example": "",
    "broken9.example": "\x00\x1b[2J", "broken10.example": '{"lock_at":1.5}',
    "broken11.example": '{"lock_at":null}',
    "broken12.example": '{"lock_at":1}{"open_at":2}',
    "broken13.example": '{"lock_at":true}', "broken14.example": "1 1",
    "broken15.example": '{"open_at":1,"lock_at":1e3}',
    "broken16.example": "[" * 5000,
}

NO_HOSTS = ["Upper.example", "dot.example.", "port.example:80",
            "https://url.example/", "a..b.example", "-x.example", "*", ".",
            "*.", "**.example", "a.*.example", "..example", "192.0.2.1",
            "caf\u00e9.example", "", "new\nline.example", "x" * 300,
            "esc\x1b[2Jape.example"]


@pytest.mark.parametrize("was", [None, LOCKED, OPEN])
def test_broken_records_change_nothing(sites, chain, was):
    """Neither what is closed nor what is open; each is logged at most
    once a second, with its host."""
    server = sites()
    if was:
        chain.write(*((host, was) for host in BROKEN))
        chain.settle(server)
    closed = list(BROKEN) if was is LOCKED else []
    open_ = [] if was is LOCKED else list(BROKEN)
    with Watch(server, HOSTS + closed, ["open.example", *open_]):
        chain.client.hset(LOCKS, mapping=BROKEN)
        start = time.monotonic()
        logged(server, r'\[warn\].* record of "broken\d+\.example" in .* '
               "was ignored")
        time.sleep(1.5)
        lines = count(server, "was ignored")
        assert 1 <= lines <= time.monotonic() - start + 2
        server.reload()
        server.wait_live()
        time.sleep(0.5)
    assert "\x1b" not in server.error_log()
    assert count(server, r"\[alert\]") == 0
    # a whole one in its place counts
    chain.client.hset(LOCKS, "broken1.example", "1")
    server.wait_state("broken1.example", "locked")


def test_fields_that_are_no_hosts(sites, chain):
    server = sites()
    with Watch(server, HOSTS):
        chain.client.hset(LOCKS, mapping=dict.fromkeys(NO_HOSTS, "1"))
        logged(server, r'\[warn\].* host ".*" in .* was ignored')
        time.sleep(0.5)
        for host in ("upper.example", "dot.example", "port.example",
                     "url.example", "a.example", "caf.example", "x.example",
                     "new", "line.example"):
            assert server.state(host) == "open", host
    log = server.error_log()
    assert "\nline" not in log and "\x1b" not in log
    assert unaudited(server) == 0


@pytest.mark.parametrize("field,form", [
    ("Upper.example", "upper.example"), ("dot.example.", "dot.example"),
    ("port.example:80", "port.example"), ("*.UP.example", "*.up.example")])
def test_the_right_form_is_named(sites, chain, field, form):
    chain.client.hset(LOCKS, field, "1")
    server = sites()
    logged(server, f'"{re.escape(field)}" in .* was ignored; the right form '
           f'is "{re.escape(form)}"')


UNKNOWN = {
    **LOCKED, "colour": "red", "nested": {"lock_at": [1, {"x": None}]},
    "paid": 1.5, "Lock_at": 5, "lock_at ": 9, "notes": "\u00e9\n" * 100,
    "actor": "alice", "empty": "",
}


def test_unknown_members_harm_nothing(sites, chain):
    """By hand and by entry; the commands keep them: see test_admin.py."""
    server = sites()
    with Watch(server, HOSTS):
        chain.write(("entry.example", UNKNOWN))
        server.wait_state("entry.example", "locked")
        chain.client.hset(LOCKS, "hand.example", json.dumps(UNKNOWN))
        server.wait_state("hand.example", "locked")
        chain.write(("entry.example", {**UNKNOWN, "open_at": 1001}))
        server.wait_state("entry.example", "open")
    assert count(server, "was ignored") == 0


def test_broken_reference(sites, chain):
    """A bad ref drops only the ref."""
    server = sites()
    refs = ("x" * 17, "<b>", "a b", "", 7, None, ["PL-1"])
    for i, ref in enumerate(refs):
        chain.client.hset(LOCKS, f"ref{i}.example", json.dumps(
            {**LOCKED, "ref": ref}))
    states(server, [f"ref{i}.example" for i in range(len(refs))], "locked")
    for i in range(len(refs)):
        page = server.get(host=f"ref{i}.example",
                          headers={"Accept": "text/html"})
        assert page.status == 503 and "<b>" not in page.text
    assert count(server, "was ignored") == 0


def test_stages_changed_in_place(sites, chain):
    server = sites()
    with Watch(server, HOSTS[1:]):
        for record, state in [(READONLY, "readonly"), (NOTICE, "notice"),
                              (LOCKED, "locked"), (OPEN, "open")]:
            chain.client.hset(LOCKS, HOSTS[0], json.dumps(record))
            server.wait_state(HOSTS[0], state)
    wait_for("the count", lambda: unaudited(server) == 4)


def test_suffixes_by_hand(sites, chain):
    server = sites()
    chain.client.hset(LOCKS, mapping={"*.hand.example": "1",
                                      ".both.example": "1"})
    for host in ("a.hand.example", "both.example", "a.both.example"):
        server.wait_state(host, "locked")
    assert server.state("hand.example") == "open"
    chain.client.hdel(LOCKS, "*.hand.example", ".both.example")
    for host in ("a.hand.example", "both.example", "a.both.example"):
        server.wait_state(host, "open")


def test_changes_while_reconciling(sites, chain):
    """An entry that comes during a scan is not undone by it."""
    p = chain.client.pipeline(transaction=False)
    for i in range(0, 20000, 1000):
        p.hset(LOCKS, mapping={f"b{n}.example": "1"
                               for n in range(i, i + 1000)})
    p.execute()
    server = sites("1ms")
    with Watch(server, HOSTS):
        for n in range(60):
            host = f"b{n * 37}.example"
            for record, state in ((OPEN, "open"), (LOCKED, "locked")):
                chain.write((host, record))
                server.wait_state(host, state)
                for _ in range(5):
                    assert server.state(host) == state
    assert unaudited(server) == 0
