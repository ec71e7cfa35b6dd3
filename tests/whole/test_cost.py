# Copyright (C) 2026 paylock contributors
#
# The gate's instructions, counted by callgrind, for an open host and for a
# locked answer.  They may not exceed those in cost.json; PAYLOCK_KEEP_COST=yes
# writes it anew.

import json
import os
import pathlib
import platform
import re
import subprocess

import pytest

from support import callgrind, servers

# more than nginx without the module, with a few records; by HTTP/2 filters are
# called more often, whatever the host.  The key of the hash is another one each
# time: a name may take two looks more to be found, at 7 instructions each.

OPEN_COST, OPEN_COST_HTTP2, LOOKS = 300, 320, 14
HOSTS = "open.example", "www.open.example"

# times nginx's own "return 503"; it is to be 1.3, and malloc's part of it goes
# by the shape of the heap

LOCKED_COST = 1.33

KEPT = pathlib.Path(__file__).with_name("cost.json")
RISE = 0.03             # of all that a request takes

SERVER = """
    keepalive_requests 100000;
    default_type text/html;
    server {
        server_name open.example www.open.example acme.example;
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        %s
        location / { %s }
    }
"""

STOCK = {"redis": None, "load": (), "control": False}


@pytest.fixture
def measure(nginx, private):
    """measure(directives, code, **kw) -> a Callgrind."""
    made = []

    def start(directives, code="", http2=False, **kw):
        made.append(None)
        out = private / f"callgrind{len(made)}"
        server = nginx(SERVER % (directives, code or 'return 200 "open";'),
                       under=callgrind.under(out), **callgrind.ALONE, **kw)
        return callgrind.Callgrind(server, out, http2)
    return start


def made_with():
    """What instruction counts depend on.  Of the processor, AVX2 alone: all
    that have it are the same one under valgrind."""
    avx2 = re.search(r"(?m)^flags.* avx2 ",
                     pathlib.Path("/proc/cpuinfo").read_text())
    nginx = subprocess.run([servers.NGINX, "-v"], capture_output=True,
                           text=True, check=True).stderr
    return ", ".join((
        platform.machine() + (" with AVX2" if avx2 else ""),
        *servers.compilers(), nginx.split()[-1],
        os.confstr("CS_GNU_LIBC_VERSION")))


def compare(found):
    """With what is kept: found is path -> (nginx without the module, with
    it).  What nginx itself takes is a little different with each of its
    builds, so that it is what paylock adds that counts."""
    kept, name = json.loads(KEPT.read_text()), made_with()
    if os.environ.get("PAYLOCK_KEEP_COST"):
        kept.setdefault(name, {}).update({
            path: [round(count) for count in counts]
            for path, counts in found.items()})
        KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        return
    if name not in kept:
        pytest.skip(f"the limits hold; {KEPT.name} has no figures for {name}"
                    " to compare with (PAYLOCK_KEEP_COST=yes keeps them)")
    for path, (stock, ours) in found.items():
        was_stock, was = kept[name][path]
        rise = (ours - stock) - (was - was_stock)
        print(f"{path}: {rise:+.0f} of {was:.0f}")
        assert rise <= RISE * was, (
            f"{path}: paylock adds {ours - stock:.0f} instructions, "
            f"{was - was_stock:.0f} are kept: more than {RISE:.0%} of {was:.0f}")


def costs(counted):
    """Of an open host, without malloc: an open host allocates nothing, which
    is tested elsewhere."""
    found = {}
    for host in HOSTS:
        found[host], _ = counted.cost(host)
        assert counted.ask(1, host)[0] == 200
    return found


@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
def test_open(http2, measure, admin):
    """A host without a record, while others are locked."""
    stock = costs(measure("", http2=http2, **STOCK))
    admin("init")
    admin("lock", *(f"h{i}.example" for i in range(100)), "--yes")
    ours = measure("paylock on;", http2=http2)
    ours.nginx.wait_state("h99.example", "locked")
    cost = costs(ours)
    more = {host: round(cost[host] - stock[host]) for host in cost}
    print(f"stock {stock}, more with paylock: {more}")
    limit = LOOKS + (OPEN_COST_HTTP2 if http2 else OPEN_COST)
    assert all(0 < added <= limit for added in more.values()), more
    if not http2:
        compare({host: (stock[host], cost[host]) for host in cost})


def test_locked(measure, admin):
    """Also where there are keys for passes, and none is shown."""
    admin("init")
    admin("lock", "acme.example")
    keys = admin.home / "pass.keys"
    admin("keygen", "--pass", keys)
    ours = measure(f"paylock on; paylock_pass_key {keys};")
    ours.nginx.wait_state("acme.example", "locked")
    status, body = ours.ask(1, "acme.example")
    assert status == 503 and b"suspended" in body

    # a parameter has no room for more; nginx does not look at it
    text = "x" * min(len(body), 4000)
    stock = measure("", f'return 503 "{text}";', **STOCK)
    assert stock.ask(1, "acme.example") == (503, text.encode())

    (cost, total), (before, total_before) = (
        one.cost("acme.example") for one in (ours, stock))
    print(f"stock {before:.0f}, paylock {cost:.0f}; with malloc "
          f"{total / total_before:.2f} times")
    assert total <= LOCKED_COST * total_before
    compare({"locked": (before, cost)})
