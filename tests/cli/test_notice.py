# Copyright (C) 2026 paylock contributors
#
# Amounts due and notices sent: they are in the record and in the audit trail,
# never public, and never open or close a site.

import datetime
import hashlib
import json
import os
import resource
import subprocess

import pytest

from support import servers
from support.chain import (ALERTS, AUDIT, LOCKED, LOCKS, Chain, check_trail,
                           closed_hosts, logged)
from support.cli import record, refused
from support.feed import still_closed

CLAIM = ["--amount", "1200.00", "--currency", "EUR", "--due", "2026-11-01"]
SITE = """
    paylock_reconcile 200ms;
    server { server_name acme.example; paylock on;
             location / { return 200 "the site"; } }
    server { server_name *.example; paylock on; location / { return 200; } }
"""


@pytest.fixture
def letter(admin):
    path = admin.home / "letter.pdf"
    path.write_bytes(b"%PDF-1.4 pay within a week\n" * 9000)
    return path


def last(redis):
    [(_, entry)] = redis.client().xrevrange(AUDIT, count=1)
    return entry


# what is owed


def test_lock_with_what_is_owed(known, redis):
    known("lock", "acme.example", "--invoice", "F-1", *CLAIM)
    rec, entry = record(redis), last(redis)
    assert list(rec) == ["at", "lock_at", "pass_after", "ref", "invoice",
                         "amount", "currency", "due", "actor"]
    for there in rec, entry:
        assert (there["amount"], there["currency"], there["due"]) \
            == ("1200.00", "EUR", "2026-11-01")

    # the same again changes nothing, another amount is an entry
    again = known.json("lock", "acme.example", "--invoice", "F-1", *CLAIM)
    assert again["changed"] == []
    known("lock", "acme.example", "--amount", "600")
    assert record(redis) == {**rec, "amount": "600", "at": record(redis)["at"]}
    assert (last(redis)["amount"], last(redis)["currency"]) == ("600", "EUR")
    known("lock", "acme.example", "--amount", "", "--due", "")
    assert not {"amount", "due"} & set(record(redis))
    assert "amount" not in last(redis)


def test_what_was_owed_goes_with_the_case(known, redis):
    known("lock", "acme.example", *CLAIM)
    known("unlock", "acme.example")
    for there in record(redis), last(redis):
        assert not {"amount", "currency", "due"} & set(there)
    known("lock", "acme.example")
    assert not {"amount", "currency", "due"} & set(record(redis))


@pytest.mark.parametrize("option, code, values", [
    ("amount", "amount", ["x", "-1", "+1", "1,5", "1.", ".5", "01", "1e3",
                          "1 000", "1.23456", "9" * 16, "0x1", "٣"]),
    ("currency", "currency", ["eur", "EURO", "E", "€", "E R", "EU1"]),
    ("due", "day", ["tomorrow", "2026-02-30", "2026-13-01", "26-11-01",
                    "2026-11-01T00:00:00Z", "now", "+7d", "2026/11/01",
                    "2026-1-001"])])
def test_what_is_no_claim_is_refused(known, redis, option, code, values):
    for value in values:
        for command in (["lock", "acme.example"],
                        ["notice", "acme.example", "--channel", "c", "--ref",
                         "1"]):
            error = refused(known, 2, code, *command, f"--{option}", value)
            assert f"--{option}" in error["message"]
    assert redis.client().xlen(AUDIT) == 1
    for good in {"amount": ["0", "0.5", "1200", "1200.5", "9" * 15 + ".0001"],
                 "currency": ["EUR", "XAU"],
                 "due": ["2026-02-28", "2096-02-29"]}[option]:
        known("lock", "acme.example", f"--{option}", good)
        assert record(redis)[option] == good


# notices


def test_notice(known, redis, letter):
    known("lock", "acme.example", "--reason", "late", "--invoice", "F-1")
    value = redis.client().hget(LOCKS, "acme.example")
    out = known.json("notice", "ACME.example.", "--channel", "letter", "--ref",
                     "RR 1", "--sent", "2026-10-20", "--file", letter,
                     "--invoice", "F-2", "--reason", "second reminder", *CLAIM)
    assert out["changed"] == ["acme.example"]
    assert out["first_seq"] == out["last_seq"] == 3

    entry = last(redis)
    assert {name: entry.get(name) for name in (
        "action", "host", "channel", "reference", "sent", "document",
        "invoice", "reason", "amount", "currency", "due", "request")} == {
            "action": "notice", "host": "acme.example", "channel": "letter",
            "reference": "RR 1", "sent": "2026-10-20",
            "document": hashlib.sha256(letter.read_bytes()).hexdigest(),
            "invoice": "F-2", "reason": "second reminder",
            "amount": "1200.00", "currency": "EUR", "due": "2026-11-01",
            "request": out["request_id"]}
    assert entry["before"] == value and entry["prior"] == "2"
    # nothing but the number of the entry is another one
    assert entry["after"] == redis.client().hget(LOCKS, "acme.example") \
        == value.replace('"entry":2', '"entry":3')
    assert check_trail(redis.client()) == 2

    shown = known("notice", "acme.example", "--channel", "email", "--ref",
                  "2").stdout
    assert shown.startswith("acme.example: noted, locked since ")
    assert "entry 4" in shown
    assert known.json("status", "acme.example")[0]["seq"] == 4


def test_a_notice_without_a_record(known, redis):
    known("notice", "acme.example", "--channel", "email", "--ref", "1",
          env={"TZ": "UTC"})
    entry = last(redis)
    assert not {"before", "document", "amount"} & set(entry)
    # a record that says nothing
    assert redis.client().hget(LOCKS, "acme.example") == entry["after"] \
        == '{"entry":2}'
    assert known.json("status", "acme.example")[0]["stage"] == "default"
    known("lock", "acme.example")
    assert (last(redis)["prior"], last(redis)["before"]) \
        == ("2", '{"entry":2}')
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert entry["sent"] in {str(today), str(today - datetime.timedelta(1))}
    # of a suffix nothing is asked: nothing changes
    known("notice", "*.acme.example", "--channel", "email", "--ref", "1")


def test_a_notice_is_noted_once(known, redis):
    args = ["notice", "acme.example", "--channel", "email", "--ref", "1",
            "--request-id", "r-1"]
    first = known.json(*args)
    assert known.json(*args) == first
    assert redis.client().xlen(AUDIT) == 2
    refused(known, 2, "request", "lock", "acme.example", "--request-id",
            "r-1")
    known("lock", "acme.example", "--request-id", "r-2")
    refused(known, 2, "request", *args[:-1], "r-2")
    # without an id each is a notice of its own
    known(*args[:-2])
    known(*args[:-2])
    assert redis.client().xlen(AUDIT) == 5


def test_a_notice_dry_run(known, redis):
    out = known("notice", "acme.example", "--channel", "email", "--ref", "1",
                "--dry-run")
    assert "would be noted" in out.stdout
    assert redis.client().xlen(AUDIT) == 1


def test_what_is_no_notice_is_refused(known, redis, letter, private):
    base = ["notice", "acme.example", "--channel", "letter"]
    refused(known, 2, "channel", "notice", "acme.example", "--ref", "1")
    refused(known, 2, "channel", "notice", "acme.example", "--ref", "1",
            "--channel", "")
    error = refused(known, 2, "notice", *base)
    assert "--ref" in error["mend"] and "--file" in error["mend"]
    refused(known, 2, "notice", *base, "--ref", "")
    for sent in "2096-01-01", "yesterday", "2026-02-30":
        refused(known, 2, "day", *base, "--ref", "1", "--sent", sent)
    for option, value in (("channel", "x" * 41), ("ref", "x" * 201),
                          ("ref", "a\nb"), ("channel", "\x1b[2J"),
                          ("reason", b"\xff".decode(errors="surrogateescape"))):
        error = refused(known, 2, "text", *base, "--ref", "1", f"--{option}",
                        value)
        assert f"--{option}" in error["message"]

    (private / "empty").touch()
    os.mkfifo(private / "pipe")
    for bad in private / "nothing", private / "empty", private / "pipe", \
            private, "/dev/zero":
        error = refused(known, 1, "file", *base, "--file", bad)
        assert str(bad) in error["message"]
    refused(known, 2, "host", "notice", "a..b", *base[2:], "--ref", "1")
    assert known("notice", "a.example", "b.example", check=False).returncode \
        == 2
    assert redis.client().xlen(AUDIT) == 1


@pytest.mark.skipif(servers.ASAN, reason="takes memory of its own")
def test_a_large_document_takes_no_memory(known, redis, private):
    document = private / "large"
    with open(document, "wb") as f:
        f.truncate(300 << 20)
    limit = 200 << 20

    done = subprocess.run(
        known.argv("notice", "acme.example", "--channel", "email", "--file",
                   document), env=known.env, capture_output=True, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS,
                                              (limit, limit)))
    assert done.returncode == 0, done.stderr
    digest = hashlib.sha256()
    for _ in range(300):
        digest.update(bytes(1 << 20))
    assert last(redis)["document"] == digest.hexdigest()


# nginx


def test_nothing_of_it_is_public(known, nginx, letter):
    server = nginx(SITE)
    server.wait_live()
    known("lock", "acme.example", "--reason", "zurückgebucht", *CLAIM)
    known("notice", "acme.example", "--channel", "by hand", "--ref", "RR-1",
          "--file", letter, *CLAIM)
    server.wait_state("acme.example", "locked")
    for accept in "text/html", "application/problem+json", "text/plain":
        answer = server.get(host="acme.example", headers={"Accept": accept})
        assert answer.status == 503
        whole = str(answer.headers) + answer.text
        for secret in ("1200.00", "EUR", "2026-11-01", "by hand", "RR-1",
                       "zurück"):
            assert secret not in whole


def applied(known, server, number):
    """Waits until nginx has taken all that was written so far."""
    known("lock", f"marker{number}.example")
    server.wait_state(f"marker{number}.example", "locked")


def test_a_notice_changes_no_site(known, redis, nginx):
    """Whatever stands in Redis for the host, and whatever its entry says."""
    server = nginx(SITE)
    server.wait_live()
    client = redis.client()
    known("lock", "a.example", "--at", "+1d")
    known("lock", "b.example")
    known("unlock", "c.example")
    applied(known, server, 1)
    hosts = {"a.example": "open", "b.example": "locked", "c.example": "open",
             "d.example": "open"}

    for host in hosts:
        known("notice", host, "--channel", "email", "--ref", "1")
    applied(known, server, 2)
    assert {host: server.state(host) for host in hosts} == hosts

    # not even one whose entry says that the record is another, or none
    chain = Chain(redis)
    with client.pipeline(transaction=True) as p:
        for host, after in (("b.example", ""), ("d.example",
                                                json.dumps(LOCKED))):
            entry = chain.entry(chain.seq + 1, chain.hash, action="notice",
                                host=host, after=after)
            chain.seq, chain.hash = chain.seq + 1, entry["hash"]
            p.xadd(AUDIT, entry, f"{chain.seq}-0")
        p.execute()
    applied(known, server, 3)
    assert {host: server.state(host) for host in hosts} == hosts
    server.reload()
    server.wait_live()
    assert {host: server.state(host) for host in hosts} == hosts


def test_a_notice_explains_no_loss(known, redis, nginx):
    """A site is held closed whose record is gone: a notice neither opens it
    nor says why, live or read afterwards.  Adopt does."""
    chain = Chain(redis)
    server = closed_hosts(nginx, chain)
    server.allow(ALERTS)
    client = redis.client()
    hosts = [host for host in client.hkeys(LOCKS) if host.startswith("h")]
    assert len(hosts) == 20

    client.delete(LOCKS)
    logged(server, r"\[alert\] .*paylock")
    known("adopt", "--dry-run")
    for host in hosts:
        known("notice", host, "--channel", "email", "--ref", "1")
    still_closed(server)

    client.client_kill_filter(_type="normal", skipme=True)
    server.wait_live()
    still_closed(server)

    known("adopt", "--yes")
    for host in hosts:
        server.wait_state(host, "open")


def test_notices_while_nginx_is_away(known, redis, nginx):
    """Read backwards from the head they explain nothing, either."""
    chain = Chain(redis)
    server = closed_hosts(nginx, chain)
    server.allow(ALERTS)
    client = redis.client()
    hosts = [host for host in client.hkeys(LOCKS) if host.startswith("h")]
    workers = server.workers()
    try:
        for pid in workers:
            os.kill(pid, 19)
        client.client_kill_filter(_type="normal", skipme=True)
        client.delete(LOCKS)
        for host in hosts:
            known("notice", host, "--channel", "email", "--ref", "1")
        known("lock", "new.example")
    finally:
        for pid in workers:
            os.kill(pid, 18)
    server.wait_state("new.example", "locked")
    still_closed(server)


def test_a_notice_of_a_record_written_by_hand(known, redis, nginx):
    """What nginx holds, and passes over, stays so."""
    server = nginx(SITE)
    server.wait_live()
    known("lock", "b.example")
    applied(known, server, 1)
    redis.client().hset(LOCKS, "b.example", "no record")
    done = known("notice", "b.example", "--channel", "email", "--ref", "1")
    assert "passes over" in done.stderr
    assert last(redis)["after"] == "no record"
    applied(known, server, 2)
    assert server.state("b.example") == "locked"
