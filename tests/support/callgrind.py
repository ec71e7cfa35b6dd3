# Copyright (C) 2026 paylock contributors
#
# nginx under callgrind: the instructions of a request.  The counters are read
# before and after a number of requests, so the start of nginx does not count.

import collections
import http.client
import re
import subprocess

from support.gate import H2
from support.servers import wait_for

# what malloc takes goes by the shape of the heap, which is another one after
# a scan
HEAP = re.compile(r"^(_int_)?(malloc|free|memalign|realloc|calloc)"
                  r"|^(posix_memalign|_mid_memalign|malloc_consolidate"
                  r"|unlink_chunk|tcache_|systrim|alloc_perturb)")

# requests: so few that most rounds see nothing of the feed's timers, and rounds

ROUND = 10
FEWEST, MOST = 6, 60

# as a browser asks
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "
                         "Gecko/20100101 Firefox/128.0",
           "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,"
                     "*/*;q=0.8",
           "Accept-Language": "en-US,en;q=0.5",
           "Accept-Encoding": "gzip, deflate, br"}

# how to start nginx so that its one process is the one that is counted
ALONE = {"workers": 1, "main": "master_process off;", "log_level": "error"}


def costs(text):
    """(function, its own instructions) for each line of a profile."""
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


def under(out, at_once=True):
    """The command to run nginx under. at_once=False: counting starts with
    start(), and nginx is several times as fast until then."""
    return ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
            f"--instr-atstart={'yes' if at_once else 'no'}")


class Callgrind:
    """Counts the instructions of an nginx that runs under callgrind."""

    def __init__(self, nginx, out, http2=False):
        self.nginx = nginx
        self.out = out
        self.http2 = http2 and H2(str(nginx.dir / "h2.sock"))
        self.conn = http.client.HTTPConnection("127.0.0.1", nginx.port,
                                               timeout=120)

    def control(self, *args):
        subprocess.run(["callgrind_control", *args, str(self.nginx.pid)],
                       check=True, capture_output=True, timeout=120)

    def start(self):
        self.control("-i", "on")

    def ask(self, n, host, path="/", headers=BROWSER):
        """Sends n requests, to one host or to several in turn."""
        hosts = [host] if isinstance(host, str) else host
        for i in range(n):
            if self.http2:
                reply = self.http2.get(path, hosts[i % len(hosts)],
                                       headers=headers)
                body = reply.body
                continue
            self.conn.request("GET", path, headers={
                "Host": hosts[i % len(hosts)], **headers})
            reply = self.conn.getresponse()
            body = reply.read()
        return reply.status, body

    def dump(self):
        """function -> instructions since the last dump."""
        def dumps():
            return set(self.out.parent.glob(f"{self.out.name}.*"))
        done = dumps()
        self.control("-d")
        new = wait_for("the dump", lambda: dumps() - done)
        assert len(new) == 1, new
        counts = collections.Counter()
        for function, cost in costs(new.pop().read_text()):
            counts[function] += cost
        return counts

    def cost(self, host, n=ROUND, fewest=FEWEST, **kw):
        """Instructions of one request, (without malloc, with it): the lowest
        of several rounds of n requests, as other work falls into some of
        them; on a busy machine into most, so that the lowest must come three
        times."""
        self.ask(n, host, **kw)
        self.dump()
        found = []
        while len(found) < fewest or (found.count(min(found)) < 3
                                      and len(found) < MOST):
            self.ask(n, host, **kw)
            counts = self.dump()
            heap = sum(cost for function, cost in counts.items()
                       if HEAP.search(function))
            total = sum(counts.values())
            found.append(((total - heap) / n, total / n))
        return tuple(min(costs) for costs in zip(*found))

    def profile(self, host, n=1000, **kw):
        """function -> its own instructions for one request."""
        self.ask(n, host, **kw)
        self.dump()
        self.ask(n, host, **kw)
        return {function: cost / n for function, cost in self.dump().items()}
