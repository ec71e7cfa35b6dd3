# Copyright (C) 2026 paylock contributors
#
# What the gate costs, in instructions as callgrind counts them: for a host
# that is open, and for the answer of one that is locked.

import http.client
import re
import subprocess

import pytest

from servers import wait_for

# what it is today, with a little room: it may not become more

OPEN_COST = 400         # more than nginx without the module
WWW_COST = 430          # a "www." name is looked up twice
LOCKED_COST = 1.3       # times nginx's own "return 503"

# what malloc takes goes by the shape of the heap, which is another one after
# a scan; that an open host allocates nothing is tested elsewhere
HEAP = re.compile(r"^(_int_)?(malloc|free|memalign|realloc|calloc)"
                  r"|^(posix_memalign|_mid_memalign|malloc_consolidate"
                  r"|unlink_chunk|tcache_)|^_int_memalign")

# requests: so few that most rounds see nothing of the feed's timers

ROUND = 50
ROUNDS = 15

# as a browser asks
HEADERS = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "
                         "Gecko/20100101 Firefox/128.0",
           "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,"
                     "*/*;q=0.8",
           "Accept-Language": "en-US,en;q=0.5",
           "Accept-Encoding": "gzip, deflate, br"}

SERVER = """
    keepalive_requests 100000;
    default_type text/html;
    server {
        server_name open.example www.open.example acme.example;
        %s
        location / { %s }
    }
"""


def costs(text):
    """(function, instructions of its own), of a profile's lines."""
    names, function, inclusive = {}, None, False
    for line in text.splitlines():
        if m := re.match(r"fn=\((\d+)\)(?: (.*))?", line):
            function = names.setdefault(m[1], m[2])
        elif m := re.match(r"cfn=\((\d+)\) (.*)", line):
            names.setdefault(m[1], m[2])
        elif line.startswith("calls="):
            inclusive = True
        elif m := re.match(r"[-+*\d]\S* (\d+)$", line):
            if not inclusive:
                yield function, int(m[1])
            inclusive = False


class Callgrind:
    """An nginx in one process whose instructions are counted."""

    def __init__(self, nginx, out, http, **kw):
        self.out = out
        self.nginx = nginx(http, workers=1, main="master_process off;",
                           patience=60, log_level="error", under=(
                               "valgrind", "--tool=callgrind",
                               f"--callgrind-out-file={out}"), **kw)
        self.conn = http_client(self.nginx.port)

    def ask(self, n, host):
        for _ in range(n):
            self.conn.request("GET", "/", headers={"Host": host, **HEADERS})
            reply = self.conn.getresponse()
            body = reply.read()
        return reply.status, body

    def count(self, heap):
        """Instructions since the last time, those of malloc if heap."""
        done = set(self.out.parent.glob(f"{self.out.name}.*"))
        subprocess.run(["callgrind_control", "-d", str(self.nginx.pid)],
                       check=True, capture_output=True, timeout=60)
        new = set(self.out.parent.glob(f"{self.out.name}.*")) - done
        assert len(new) == 1, new
        return sum(cost for function, cost in costs(new.pop().read_text())
                   if heap or not HEAP.search(function))

    def cost(self, host, heap=True):
        """Of one request: what else goes on is not in every round."""
        self.ask(ROUND, host)
        self.count(heap)
        rounds = []
        for _ in range(ROUNDS):
            self.ask(ROUND, host)
            rounds.append(self.count(heap) / ROUND)
        return min(rounds)


def http_client(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


@pytest.fixture
def measure(nginx, private):
    """measure(directives, location, **kw) -> a Callgrind."""
    made = []

    def start(directives, location, **kw):
        made.append(None)
        out = private / f"callgrind{len(made)}"
        return Callgrind(nginx, out, SERVER % (directives, location), **kw)
    return start


STOCK = {"redis": None, "load": (), "control": False}


def test_open(measure, admin):
    """A host without a record, while others are locked."""
    stock = measure("", 'return 200 "open";', **STOCK)
    hosts = "open.example", "www.open.example"
    before = {host: stock.cost(host, heap=False) for host in hosts}

    admin("init")
    admin("lock", *(f"h{i}.example" for i in range(100)))
    ours = measure("paylock on;", 'return 200 "open";')
    ours.nginx.wait_state("h99.example", "locked", 60)
    more = {host: round(ours.cost(host, heap=False) - before[host])
            for host in hosts}
    print(f"stock {before}, more with paylock: {more}")
    assert ours.ask(1, "open.example") == (200, b"open")
    assert 0 < more["open.example"] <= OPEN_COST, more
    assert 0 < more["www.open.example"] <= WWW_COST, more


def test_locked(measure, admin):
    """Also where there are keys for passes, and none is shown."""
    admin("init")
    admin("lock", "acme.example")
    keys = admin.home / "pass.keys"
    admin("keygen", "--pass", keys)
    ours = measure(f"paylock on; paylock_pass_key {keys};",
                   'return 200 "open";')
    ours.nginx.wait_state("acme.example", "locked", 60)
    locked = ours.cost("acme.example")
    status, body = ours.ask(1, "acme.example")
    assert status == 503 and b"suspended" in body

    # a parameter has no room for more; nginx does not look at it
    text = "x" * min(len(body), 4000)
    stock = measure("", f'return 503 "{text}";', **STOCK)
    before = stock.cost("acme.example")
    assert stock.ask(1, "acme.example") == (503, text.encode())

    print(f"stock {before:.0f}, paylock {locked:.0f}, "
          f"{locked / before:.2f} times")
    assert locked <= LOCKED_COST * before
