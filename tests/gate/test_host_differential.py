# Copyright (C) 2026 paylock contributors
#
# Thousands of Host headers, usual and malformed: the gate reads each as nginx
# does.

import random
import re
import socket

import pytest

from support.chain import LOCKED, NOTICE, OPEN, READONLY, Chain

RECORDS = {
    "acme.example": LOCKED, "www.two.example": NOTICE, "two.example": OPEN,
    "xn--caf-dma.example": READONLY, "a_b.example": NOTICE,
    "*.wild.example": LOCKED, "www.wild.example": OPEN,
    ".both.example": READONLY, "*.both.example": LOCKED,
    "*.deep.wild.example": NOTICE, "own.example": NOTICE,
    "www.www.three.example": READONLY, "*.www.two.example": READONLY,
    "*." + "x" * 63 + ".example": LOCKED
}

NAMES = {host for host in RECORDS if host[0] not in ".*"}

SEVERITY = {"free": 0, "note": 1, "read": 2, "lock": 3}

# Three servers: by the name, by the name where all names are its own, and
# by a key that is the header as it came

SERVERS = """
    paylock on;
    server {
        listen 127.0.0.1:@PORT@;
        paylock_dry_run on;
        server_name own.example;
        return 200 "$host|$paylock_host|$paylock_ref|";
    }
    server {
        listen unix:@DIR@/all.sock;
        paylock_dry_run on;
        server_name ~.;
        return 200 "$host|$paylock_host|$paylock_ref|";
    }
    server {
        listen unix:@DIR@/key.sock;
        paylock_dry_run on;
        server_name ~.;
        paylock_key $http_host;
        return 200 "$host|$paylock_host|$paylock_ref|";
    }
"""

LABELS = ["acme", "example", "www", "two", "wild", "both", "deep", "own", "a",
          "xn--caf-dma", "a_b", "test", "-a", "a-", "1", "127", "x" * 63,
          "x" * 64, "", "*", "caf\xe9", "_"]
KNOWN = [host.lstrip("*.") for host in RECORDS]
ODD = "%,;/\\ @*?#[]\t\"'<>{}|^`~!$&()+=\x7f\x80\xff:.-_0aZ"


def header(rnd):
    """A Host header, more often than not close to a known name."""
    labels = [rnd.choice(LABELS) for _ in range(rnd.choice((0, 0, 1, 1, 2)))]
    labels += [rnd.choice(KNOWN)] if rnd.random() < .7 \
        else [rnd.choice(LABELS) for _ in range(3)]
    if rnd.random() < .3:
        labels.insert(0, "www")
    name = ".".join(labels)
    if rnd.random() < .3:
        name = "".join(rnd.choice((c, c.upper())) for c in name)
    if rnd.random() < .2:
        at = rnd.randrange(len(name) + 1)
        name = name[:at] + rnd.choice(ODD) + name[at + rnd.randrange(2):]
    name += rnd.choice(("", "", "", "", ".", "..", ".:80", ":", ":80",
                        ":8080", ":x", ":80:80", ":-1", ":99999", " "))
    return rnd.choice([name] * 30 + ["127.0.0.1", "[::1]", "[::1]:80", "::1",
                                     "[", "[::1", "", ".", "..", ":", "-",
                                     "localhost", "2130706433"])


def record(host, www=True):
    """Which record holds for a name, by the first three rules."""
    if host in NAMES:
        return host
    if www and host.startswith("www.") and host[4:] in NAMES:
        return host[4:]
    suffix = host
    while suffix:
        found = [f for f in ("." + suffix, "*." + suffix) if f in RECORDS
                 and (f[0] == "." or suffix != host)]
        if found:
            return max(found, key=lambda f: SEVERITY[RECORDS[f]["ref"]])
        suffix = suffix.partition(".")[2]
    return ""


def as_key(value):
    """The header as paylock_key takes it: a name, or as good as not set."""
    name, _, port = value.strip(" ").lower().partition(":")
    name = name[:-1] if name.endswith(".") else name
    labels = name.split(".")
    good = len(name) <= 253 and re.fullmatch("[0-9]*", port) and not labels[-1].isdigit() and all(
        re.fullmatch(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", label)
        for label in labels)
    return name if good else ""


def ask(address, value):
    """$host, $paylock_host and $paylock_ref, or None for a 400."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as s:
        s.settimeout(10)
        s.connect(address)
        s.sendall(b"GET / HTTP/1.1\r\nHost: " + value.encode("latin-1")
                  + b"\r\nConnection: close\r\n\r\n")
        head, _, body = s.makefile("rb").read().partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 400 "):
        return None
    assert head.startswith(b"HTTP/1.1 200 "), (value, head)
    return body.decode("latin-1").rsplit("|", 3)[:3]


@pytest.mark.parametrize("seed", range(2))
def test_headers(seed, nginx, redis):
    server = nginx("paylock_reconcile 1d;" + SERVERS, log_level="error")
    chain = Chain(redis).init()
    server.wait_live()
    chain.put(server, RECORDS)
    addresses = [("127.0.0.1", server.port),
                 str(server.dir / "all.sock"), str(server.dir / "key.sock")]

    rnd = random.Random(seed)
    seen = dict.fromkeys([*RECORDS, "", "400"], 0)
    for _ in range(2000):
        value = header(rnd)
        stranger, known, key = (ask(address, value) for address in addresses)
        if None in (stranger, known, key):
            assert stranger is known is key is None, value
            seen["400"] += 1
            continue

        host = known[0]
        want = record(host)
        assert known[1:] == [want, RECORDS[want]["ref"] if want else ""], value
        seen[want] += 1

        # a name that is none of the block's has the block's own record
        assert stranger[0] == host
        assert stranger[1] == (want or "own.example"), value

        # the header as it came is read as nginx reads it
        if name := as_key(value):
            assert name == host, value
            want = record(name, www=False)
        assert key[1] == want, value

    # each record was met, and each kind of answer
    assert all(seen.values()), seen
