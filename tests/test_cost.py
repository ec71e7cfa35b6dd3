# Copyright (C) 2026 paylock contributors
#
# What the gate costs, in instructions as callgrind counts them: for a host
# that is open, and for the answer of one that is locked.

import json

import pytest

import callgrind
import servers

# what it may be, whatever it was

OPEN_COST = 400         # more than nginx without the module; "www." is dearest
LOCKED_COST = 1.3       # times nginx's own "return 503"

# what it was when this was last written, and how much more passes

KEPT = json.loads((servers.ROOT / "tests/cost.json").read_text())
ROOM = 1.03

SERVER = """
    keepalive_requests 100000;
    default_type text/html;
    server {
        server_name open.example www.open.example acme.example;
        root @DIR@;
        %s
        location = / { %s }
        location / { }
    }
"""

STOCK = {"redis": None, "load": (), "control": False}

ASKED = [(path, host) for path in ("/", "/1k.html")
         for host in ("open.example", "www.open.example")]


@pytest.fixture
def measure(nginx, private):
    """measure(directives, code, **kw) -> a Callgrind."""
    made = []

    def start(directives, code="", **kw):
        made.append(None)
        out = private / f"callgrind{len(made)}"
        server = nginx(SERVER % (directives, code or 'return 200 "open";'),
                       under=callgrind.under(out), **callgrind.ALONE, **kw)
        (server.dir / "1k.html").write_text("x" * 1024)
        return callgrind.Callgrind(server, out)
    return start


def costs(counted):
    """Of an open host, without malloc: an open host allocates nothing, which
    is tested elsewhere."""
    found = {}
    for path, host in ASKED:
        found[f"{host}{path}"] = counted.cost(host, path=path, heap=False,
                                              rounds=5)
        assert counted.ask(1, host, path)[0] == 200
    return found


def guard(what, cost, stock):
    """No more than 3 % over what is kept.  Another nginx or another libc
    takes more or less by itself: what is kept for stock nginx tells."""
    now = {name: round(count) for name, count in cost.items()}
    before = {name: round(count) for name, count in stock.items()}
    print(f"{what}: {now}, stock: {before}")
    kept = KEPT[what]
    dear = [name for name in now if now[name] > ROOM * kept[name]
            * before[name] / KEPT["stock"][name]]
    assert not dear, (f"{what}: {dear} cost more than tests/cost.json has; "
                      f"now {now}, stock {before}: if that is meant, write "
                      "it there")


def test_open(measure, admin):
    """A host without a record, while none and while others are locked."""
    stock = costs(measure("", **STOCK))
    admin("init")
    ours = measure("paylock on;")
    ours.nginx.wait_live(timeout=60)
    guard("open, no records", costs(ours), stock)

    admin("lock", *(f"h{i}.example" for i in range(100)))
    ours.nginx.wait_state("h99.example", "locked", 60)
    cost = costs(ours)
    guard("open, 100 records", cost, stock)
    more = {name: round(cost[name] - stock[name]) for name in cost}
    assert 0 < min(more.values()) and max(more.values()) <= OPEN_COST, more


def test_locked(measure, admin):
    admin("init")
    admin("lock", "acme.example")
    ours = measure("paylock on;")
    ours.nginx.wait_state("acme.example", "locked", 60)
    status, body = ours.ask(1, "acme.example")
    assert status == 503 and b"suspended" in body

    # a parameter has no room for more; nginx does not look at it
    text = "x" * min(len(body), 4000)
    stock = measure("", f'return 503 "{text}";', **STOCK)
    assert stock.ask(1, "acme.example") == (503, text.encode())

    cost, before = ours.cost("acme.example"), stock.cost("acme.example")
    print(f"stock {before:.0f}, paylock {cost:.0f}, "
          f"{cost / before:.2f} times")
    assert cost <= LOCKED_COST * before
    guard("locked", {"locked": cost}, {"locked": before})
