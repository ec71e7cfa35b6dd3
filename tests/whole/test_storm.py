# Copyright (C) 2026 paylock contributors
#
# A storm: generated requests at generated locations that ask each other by
# subrequests of every kind, some of them off, at hosts that are open and
# locked.  No worker dies, nothing leaks, and open hosts get what nginx without
# the module gives.  PAYLOCK_TEST_STORM is how many requests, PAYLOCK_TEST_SEED
# repeats a run, PAYLOCK_TEST_NGINX is another nginx.

import http.client
import os
import random
import re

import pytest

from support import modules, subrequests
from support.gate import H2, SITE
from support.passes import follow
from support.servers import ASAN, Response, promised

REQUESTS = int(os.environ.get("PAYLOCK_TEST_STORM", "3000"))

LOCATIONS = 120
HOSTS = ["open.example", "acme.example", "www.acme.example", "other.example",
         "unknown.example", "_", "127.0.0.1"]
CLOSED = {"acme.example", "www.acme.example", "unknown.example", "_",
          "127.0.0.1"}

# of one nginx, in bytes: modules that ask each other may need all there is
MEMORY = 2 << 30

# a worker that dies is no reason to stop before more is known
ENOUGH = 20

SERVER = """
    absolute_redirect off;
    keepalive_requests 1000000;
    log_format told '$paylock_state|$paylock_host|$paylock_ref';
    log_subrequest on;
    access_log @DIR@/told.log told;
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name open.example acme.example www.acme.example other.example;
        paylock on;
        paylock_pass_key @KEY@;
        %s
        client_max_body_size 4k;
        location /leaf/on/ { proxy_set_header X-Site $host;
                             proxy_pass http://unix:@DIR@/back.sock; }
        location /leaf/off/ { paylock off; proxy_set_header X-Site $host;
                              proxy_pass http://unix:@DIR@/back.sock; }
        location /leaf/on/return { return 200 "leaf/on/return"; }
        location /leaf/off/return { paylock off;
                                    return 200 "leaf/off/return"; }
        location /leaf/on/file { alias @SITE@/secret.txt; }
        location /leaf/on/403 { return 403 "leaf/on/403"; }
        location /leaf/on/404 { root @SITE@; }
        location /leaf/off/404 { paylock off; root @SITE@; }
        location /leaf/on/redirect { return 302 /leaf/on/there; }
        %s
    }
"""

LEAVES = ["/leaf/on/a", "/leaf/on/a", "/leaf/on/return", "/leaf/on/file",
          "/leaf/on/403", "/leaf/on/404", "/leaf/on/redirect", "/leaf/off/a",
          "/leaf/off/return", "/leaf/off/404"]

# of the server, before its locations
ABOVE = ["", "set $above 1;",
         "if ($arg_above) { return 200 'leaf/on/above'; }",
         "rewrite ^/moved(/.*)$ $1 last;"]


class Site:
    """Locations, each of which asks one that was there before."""

    def __init__(self, rnd):
        self.on = {}                    # path -> is it on?
        self.text, ways = "", {}
        kinds = list(subrequests.KINDS)
        plain, deep = [], []            # what may be asked, or gone on to
        for i in range(LOCATIONS):
            # each kind at least once
            kind = kinds[i] if i < len(kinds) else rnd.choice(kinds)
            to = rnd.choice(LEAVES)
            earlier = deep if kind in subrequests.GOES_ON else plain
            if earlier and rnd.random() < .5:
                to = rnd.choice(earlier)
            nchan = kind.startswith("nchan") or to.startswith("/n")
            path = f"{'/n' if nchan else '/s'}{i}"
            word = rnd.choice(("on", "on", "off", ""))
            self.on[path] = word != "off"
            ways[path] = to
            if kind in subrequests.GOES_ON_BY_NGINX \
                    and (to in plain or to in LEAVES):
                plain.append(path)
            deep.append(path)
            more = f"paylock {word};" if word else ""
            if rnd.random() < .1:
                more += "paylock_status 402;"
            self.text += subrequests.location(path, kind, to, more)
        self.map = subrequests.map_of(ways.items())
        self.paths = [*self.on, *LEAVES, "/none", "/ssi.html"]
        for path in LEAVES:
            self.on[path] = not path.startswith("/leaf/off")
        self.above = " ".join(rnd.sample(ABOVE, rnd.randrange(len(ABOVE))))


class Ask:
    def __init__(self, rnd, site, cookie):
        self.path = rnd.choice(site.paths)
        self.on = site.on.get(self.path, True)
        if "rewrite" in site.above and rnd.random() < .1:
            self.target = "/moved" + self.path
        else:
            self.target = self.path
        self.args = rnd.choice(("", "", "", "?a=b", "?above=1"))
        self.target += self.args
        self.host = rnd.choice(HOSTS)
        self.version = rnd.choice(("1.1", "1.1", "1.0", "2"))
        self.method = rnd.choice(("GET", "GET", "GET", "HEAD", "POST"))
        if self.path.startswith("/n"):
            self.method = "POST"
        self.body = b""
        if self.method == "POST":
            self.body = b"x" * rnd.choice((1, 10, 3000, 5000))
        self.headers = {}
        if rnd.random() < .1:
            self.headers["Range"] = "bytes=0-5"
        if rnd.random() < .1:
            self.headers["Accept-Encoding"] = "gzip"
        self.shown = rnd.random() < .15
        self.cookie = cookie if self.shown else None

        # the server's own return is above all locations, but not behind a
        # rewrite that goes to one of them
        first = site.above.partition("return")[0]
        self.above = "return" in site.above and self.args == "?above=1" \
            and not ("rewrite" in first and self.target.startswith("/moved"))
        self.on = self.on or self.above

    def __repr__(self):
        return (f"{self.method} {self.target} HTTP/{self.version}"
                f" Host: {self.host} {self.headers} {len(self.body)}"
                f"{' with a pass' * self.shown}")

    def at(self, client):
        headers = dict(self.headers)
        if self.cookie:
            headers["Cookie"] = self.cookie
        return client.ask(self.version, self.method, self.target, self.host,
                          headers, self.body)


class Client:
    """Connections that are kept, as far as nginx keeps them."""

    def __init__(self, nginx):
        self.nginx = nginx
        self.conn = self.h2 = None

    def ask(self, version, method, target, host, headers, body):
        if version == "2":
            if self.h2 is None:
                self.h2 = H2(str(self.nginx.dir / "h2.sock"))
            try:
                return self.h2.get(target, host, method, headers, body)
            except (OSError, EOFError):
                self.h2.socket.close()
                self.h2 = None
                raise
        if version == "1.0":
            with self.nginx.connect() as s:
                text = f"{method} {target} HTTP/1.0\r\nHost: {host}\r\n"
                headers = {**headers, "Content-Length": len(body)} \
                    if body else headers
                text += "".join(f"{n}: {v}\r\n" for n, v in headers.items())
                s.sendall(text.encode() + b"\r\n" + body)
                reply = http.client.HTTPResponse(s, method=method)
                reply.begin()
                return Response(reply.status, reply.reason, reply.headers,
                                reply.read())
        if self.conn is None:
            self.conn = http.client.HTTPConnection(
                "127.0.0.1", self.nginx.port, timeout=promised(3))
        try:
            self.conn.request(method, target, body or None,
                              {"Host": host, **headers})
            reply = self.conn.getresponse()
            return Response(reply.status, reply.reason, reply.headers,
                            reply.read())
        except (OSError, http.client.HTTPException):
            self.close_http()
            raise

    def close_http(self):
        if self.conn:
            self.conn.close()
        self.conn = None

    def close(self):
        self.close_http()
        if self.h2:
            self.h2.socket.close()


CHANGES = {"date", "last-modified", "etag", "connection"}


def headers(reply):
    return sorted((name.lower(), value) for name, value
                  in reply.headers.items() if name.lower() not in CHANGES)


def same(ask, one, other, body_alone=False):
    """Do two servers say the same?"""
    if ask.path.startswith("/n"):       # nchan tells the time
        return one.status == other.status
    return (one.status, one.body) == (other.status, other.body) \
        and (body_alone or headers(one) == headers(other))


def wrong(ask, ours, stock):
    """What is wrong with the answer, if something is."""
    try:
        want = ask.at(stock)
    except (OSError, http.client.HTTPException) as error:
        want = error
    try:
        got = ask.at(ours)
    except (OSError, http.client.HTTPException) as error:
        return None if isinstance(want, Exception) \
            else f"no answer: {error!r}, want {want}"
    if isinstance(want, Exception):
        return f"nginx alone gives no answer: {want!r}, ours {got}"

    locked = ask.host in CLOSED
    passed = ask.shown and ask.host in ("acme.example", "www.acme.example")
    if not locked:
        return None if same(ask, got, want) else f"{got}\nwant {want}"
    if passed and ask.host == "acme.example":
        return None if same(ask, got, want, True) else \
            f"under a pass {got}\nwant {want}"
    said = got.body.decode("latin-1") + str(got.headers)
    if "leaf/on" in said:
        return f"leaks: {got}"
    if ask.on and (got.status not in (503, 402)
                   or "x-paylock" not in str(got.headers).lower()
                   or SITE in said):
        return f"not the page: {got}"
    return None


def test_storm(gate, issue, keys):                       # noqa: F811
    seed = int(os.environ.get("PAYLOCK_TEST_SEED", 0)) \
        or random.SystemRandom().randrange(1, 1 << 32)
    rnd = random.Random(seed)
    site = Site(rnd)
    subrequests.write(gate.site)
    (gate.site / "secret.txt").write_text("leaf/on/file\n")
    conf = (subrequests.http() + site.map + subrequests.BACK
            + SERVER % (site.above, site.text)).replace("@KEY@", str(keys))
    order = rnd.choice(modules.ORDERS)
    under = () if ASAN else ("prlimit", f"--as={MEMORY}")
    ours = gate.start(conf, load=modules.load(subrequests.MODULES, order),
                      under=under)
    stock = gate.make(
        re.sub(r"\$paylock_\w+", "-", subrequests.without(ours.http)),
        redis=None, load=modules.load(subrequests.MODULES, "none"),
        control=False, under=under)
    gate.lock("acme.example")
    cookie = follow(ours, issue())
    workers = ours.workers()
    one, other = Client(ours), Client(stock)
    found = []
    try:
        for i in range(REQUESTS):
            ask = Ask(rnd, site, cookie)
            bad = wrong(ask, one, other)
            if bad:
                found.append(f"{i}: {ask}: {bad[:700]}")
            if len(found) == ENOUGH:
                break
    finally:
        one.close()
        other.close()

    died = ours.workers() != workers
    if found or died:
        locations = dict(re.findall(r"location = (/\w+) (.*)", site.text))
        pytest.fail(
            f"PAYLOCK_TEST_SEED={seed}, ours {order}"
            f"{', workers died' * died}\n" + "\n".join(found)
            + f"\nserver: {site.above}\n" + "\n".join(
                f"{path}: {text}" for path, text in locations.items()
                if any(re.search(path + r"\b", f) for f in found))[:6000])
    reached = {path for host, path in subrequests.backend(ours)
               if path.startswith("/leaf/on") and host in CLOSED}
    # whoever showed a pass was asked for with that name, too
    assert not reached - {"/leaf/on/a"}, reached
