# Copyright (C) 2026 paylock contributors
#
# Subrequests by nginx and by other modules: each is treated as its main
# request was, and none crashes a worker.

import re
import time

import pytest

from support import modules, subrequests
from support.gate import SITE, closed, http2, text
from support.passes import follow, forge
from support.servers import wait_for

ON = "paylock on; paylock_pass_key @KEY@;"


def slug(kind):
    return re.sub(r"\W+", "-", kind)


def sites():
    """Each kind from a location that is on or off to one that is so."""
    conf = subrequests.http() + subrequests.BACK + """
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name acme.example open.example;
    """ + ON
    conf = subrequests.map_of(
        (f"/{frm}/{slug(kind)}/{to}", f"/leaf/{to}")
        for frm, kind, to in WAYS) + conf
    for to in "on", "off":
        conf += subrequests.leaf(f"/leaf/{to}", f"paylock {to};")
        for kind in subrequests.KINDS:
            for frm in "on", "off":
                conf += subrequests.location(
                    f"/{frm}/{slug(kind)}/{to}", kind, f"/leaf/{to}",
                    f"paylock {frm};")
    return conf + "}"


WAYS = [(frm, kind, to) for frm in ("on", "off") for kind in subrequests.KINDS
        for to in ("on", "off")]


def same(reply, kind=""):
    """What two servers say alike."""
    if isinstance(reply, str):          # no answer
        return reply
    if kind.startswith("nchan"):        # which tells the time
        return reply.status
    headers = sorted((name.lower(), value) for name, value
                     in reply.headers.items()
                     if name.lower() not in ("date", "last-modified", "etag"))
    return reply.status, headers, reply.body


def none(bad):
    """Fails if something is bad: a dictionary."""
    if bad:
        pytest.fail(f"{len(bad)} ways:\n" + "\n".join(
            f"{way}: {str(reply)[:500]}" for way, reply in bad.items()))


@pytest.fixture(params=modules.ORDERS)
def both(request, gate, keys):                           # noqa: F811
    """nginx with ours, before the others' modules or after them, and one
    without."""
    subrequests.write(gate.site)
    conf = sites().replace("@KEY@", str(keys))
    ours = gate.start(conf, load=modules.load(subrequests.MODULES,
                                              request.param))
    stock = gate.make(subrequests.without(ours.http), redis=None,
                      load=modules.load(subrequests.MODULES, "none"),
                      control=False)
    return ours, stock


def ask(nginx, way, host="acme.example", by=None, **kw):
    frm, kind, to = way
    if kind.startswith("nchan"):
        kw = {"method": "POST", "body": b"x", **kw}
    try:
        return (by or type(nginx).get)(nginx, f"/{frm}/{slug(kind)}/{to}",
                                       host=host, **kw)
    except (OSError, EOFError) as error:
        return f"no answer: {error!r}"


def differing(both, host, **kw):
    """The ways in which nginx without ours answers otherwise."""
    ours, stock = both
    found = {}
    for way in WAYS:
        for by in None, http2:
            got, want = (ask(nginx, way, host, by, **kw) for nginx in both)
            if same(got, way[1]) != same(want, way[1]):
                found[way, by and "http2"] = (got, want)
    return found


def test_an_open_host(both, gate):
    """Another's lock is enough to have it looked up."""
    gate.lock("else.example")
    workers = gate.nginx.workers()
    found = differing(both, "open.example")
    none(found)
    assert gate.nginx.workers() == workers


def test_a_locked_host(both, gate):
    ours, stock = both
    gate.lock("acme.example")
    workers = ours.workers()
    bad = {}
    for way in WAYS:
        frm, kind, to = way
        for by in None, http2:
            reply = ask(ours, way, by=by)
            if isinstance(reply, str):
                bad[way] = reply
            elif frm == "on":
                if reply.status != 503 or SITE in text(reply):
                    bad[way] = reply
            elif "leaf/on" in text(reply):
                bad[way] = reply
            elif to == "off" and same(reply, kind) \
                    != same(want := ask(stock, way, by=by), kind):
                bad[way] = (reply, want)
    time.sleep(0.1)
    reached = [(host, path) for host, path in subrequests.backend(ours)
               if path == "/leaf/on"]
    none(bad)
    assert not reached
    assert ours.workers() == workers

    # what was asked beside it has brought no second page
    assert closed(ask(ours, WAYS[0])) and closed(ask(ours, WAYS[0], by=http2))


def test_a_pass_holds_inside(both, gate, issue):         # noqa: F811
    """Who may see the page sees all of it."""
    ours, stock = both
    gate.lock("acme.example")
    cookie = follow(ours, issue())
    bad = {}
    for way in WAYS:
        for by in None, http2:
            got = ask(ours, way, by=by, headers={"Cookie": cookie})
            want = ask(stock, way, by=by)
            if isinstance(got, str) or got.status != want.status \
                    or "nchan" not in way[1] and got.body != want.body:
                bad[way, by and "http2"] = (got, want)
    none(bad)


def test_a_part_under_a_pass_is_private(gate, keys):     # noqa: F811
    """Also in a page of a location that is off."""
    nginx = gate.start(f"""
        server {{
            listen 127.0.0.1:@PORT@;
            server_name acme.example;
            paylock on;
            paylock_pass_key {keys};
            location / {{ return 200 "{SITE}"; }}
            location /off {{
                paylock off;
                alias @SITE@/;
                add_after_body /part;
                addition_types *;
            }}
        }}
    """)
    gate.lock("acme.example")
    cookie = "paylock_pass=" + forge(keys, purpose="cookie")
    for headers, parts, control in (({}, 1, None),
                                    ({"Cookie": cookie}, 2, "private")):
        reply = nginx.get("/off/page.html", host="acme.example",
                          headers=headers)
        assert reply.status == 200 and reply.text.count(SITE) == parts
        assert reply.headers["Cache-Control"] == control


def test_a_bypass_holds_inside(gate):
    """Staff sees all of a page."""
    subrequests.write(gate.site)
    nginx = gate.start(
        sites().replace(ON, "paylock on; paylock_bypass $http_x_staff;"),
        load=modules.load(subrequests.MODULES))
    gate.lock("acme.example")
    bad = {}
    for kind in subrequests.INSIDE:
        reply = ask(nginx, ("on", kind, "on"), headers={"X-Staff": "1"})
        if "leaf/on" not in text(reply):
            bad[kind] = reply
    none(bad)


# requests that began before the lock

WAITS = """
    location = /wait { content_by_lua_block {
        ngx.say("begun")
        ngx.flush(true)
        while not io.open("@DIR@/go") do ngx.sleep(0.02) end
        local vars = ngx.var.arg_share and { share_all_vars = true }
                     or ngx.var.arg_copy and { copy_all_vars = true } or {}
        local a = ngx.location.capture("/leaf/on", vars)
        local b = ngx.location.capture("/deeper", vars)
        ngx.print(a.status, a.body, b.status, b.body)
    } }
    location = /deeper { content_by_lua_block {
        ngx.print(ngx.location.capture("/leaf/on").body)
    } }
"""
WAITS_SSI = """
    location = /ssi { ssi on; ssi_types *;
                      proxy_pass http://127.0.0.1:@BACKEND@; }
"""


@pytest.fixture
def waits(gate):
    """nginx with locations that are not done when the host is locked."""
    conf = sites().replace(ON, "paylock on;" + WAITS_SSI + (
        WAITS if modules.there("lua") else ""))
    subrequests.write(gate.site)
    return gate.start(conf, load=modules.load(subrequests.MODULES))


@pytest.mark.parametrize("args", ["", "?share=1", "?copy=1"])
def test_begun_before_the_lock(args, waits, gate):
    modules.needs("lua")
    with waits.connect() as s:
        s.sendall(f"GET /wait{args} HTTP/1.1\r\nHost: acme.example\r\n"
                  "Connection: close\r\n\r\n".encode())
        wait_for("the beginning", lambda: b"begun" in s.recv(65536))
        gate.lock("acme.example")
        assert closed(waits.get("/leaf/on", host="acme.example"))
        (waits.dir / "go").touch()
        got = s.makefile("rb").read()
    assert got.count(b"200" + SITE.encode()) == 2, got


def test_begun_before_the_lock_by_ssi(waits, gate, backend):
    backend.answer("/ssi", body='<!--#include virtual="/leaf/on" -->|'
                                '<!--#include virtual="/leaf/on" -->')
    with waits.connect() as s:
        s.sendall(b"POST /ssi HTTP/1.1\r\nHost: acme.example\r\n"
                  b"Content-Length: 10\r\nExpect: 100-continue\r\n"
                  b"Connection: close\r\n\r\n")
        assert b" 100 " in s.recv(100)  # nginx has begun with it
        gate.lock("acme.example")
        s.sendall(b"helloworld")
        got = s.makefile("rb").read()
    assert got.count(b"leaf/on") == 2, got


# nchan asks by requests of its own

def test_nchan_subscriber(gate):
    """Asked for leave, told of it, and told of its end."""
    if not modules.there("nchan"):
        pytest.skip("needs nchan")
    subrequests.write(gate.site)
    kind = "nchan subscriber, authorized"
    subrequests.KINDS[kind] = ("nchan", subrequests.NCHAN_WAITS[kind])
    try:
        locations = "".join(subrequests.location(
            f"/{frm}/{to}", kind, f"/leaf/{to}", f"paylock {frm};")
            for frm in ("on", "off") for to in ("on", "off"))
    finally:
        del subrequests.KINDS[kind]
    nginx = gate.start(
        subrequests.http() + subrequests.BACK
        + "server { listen 127.0.0.1:@PORT@; server_name acme.example"
        " open.example; paylock on;" + locations
        + subrequests.leaf("/leaf/on") + subrequests.leaf(
            "/leaf/off", "paylock off;")
        + "location = /tell { paylock off; nchan_publisher;"
          " nchan_channel_id $arg_id; } }",
        load=modules.load(subrequests.MODULES), workers=1)
    gate.lock("acme.example")
    workers = nginx.workers()

    def subscribe(path, host):
        """What a subscriber hears, if it is told something."""
        with nginx.connect() as s:
            s.sendall(f"GET {path}?id=x HTTP/1.1\r\nHost: {host}\r\n"
                      "Accept: text/event-stream\r\n\r\n".encode())
            got = s.recv(65536)
            if b" 200 " in got.split(b"\r\n")[0]:
                nginx.get("/tell?id=x", host=host, method="POST",
                          body=b"told")
                end = time.monotonic() + 120
                while b"told" not in got and time.monotonic() < end:
                    got += s.recv(65536)
        return got

    for path in "/on/on", "/on/off", "/off/on", "/off/off":
        assert b"told" in subscribe(path, "open.example"), path
    for path in "/on/on", "/on/off":
        assert b"HTTP/1.1 503 " in subscribe(path, "acme.example"), path
    assert b"told" in subscribe("/off/off", "acme.example")
    # from off to on: nchan 1.3.6 does not survive to be refused at once, by
    # "return 403" neither
    assert nginx.workers() == workers
