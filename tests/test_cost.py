# Copyright (C) 2026 paylock contributors
#
# What the gate costs, in instructions as callgrind counts them: for a host
# that is open, and for the answer of one that is locked.

import pytest

import callgrind

# more than nginx without the module; a "www." name is looked up twice

OPEN_COST = {"open.example": 400, "www.open.example": 430}

LOCKED_COST = 1.3       # times nginx's own "return 503"

SERVER = """
    keepalive_requests 100000;
    default_type text/html;
    server {
        server_name open.example www.open.example acme.example;
        %s
        location / { %s }
    }
"""

STOCK = {"redis": None, "load": (), "control": False}


@pytest.fixture
def measure(nginx, private):
    """measure(directives, code, **kw) -> a Callgrind."""
    made = []

    def start(directives, code="", **kw):
        made.append(None)
        out = private / f"callgrind{len(made)}"
        server = nginx(SERVER % (directives, code or 'return 200 "open";'),
                       under=callgrind.under(out), **callgrind.ALONE, **kw)
        return callgrind.Callgrind(server, out)
    return start


def costs(counted):
    """Of an open host, without malloc: an open host allocates nothing, which
    is tested elsewhere."""
    found = {}
    for host in OPEN_COST:
        found[host] = counted.cost(host, heap=False)
        assert counted.ask(1, host)[0] == 200
    return found


def test_open(measure, admin):
    """A host without a record, while others are locked."""
    stock = costs(measure("", **STOCK))
    admin("init")
    admin("lock", *(f"h{i}.example" for i in range(100)))
    ours = measure("paylock on;")
    ours.nginx.wait_state("h99.example", "locked", 60)
    cost = costs(ours)
    more = {host: round(cost[host] - stock[host]) for host in cost}
    print(f"stock {stock}, more with paylock: {more}")
    assert all(0 < more[host] <= OPEN_COST[host] for host in more), more


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
