# Copyright (C) 2026 paylock contributors
#
# Variables that "set" fills after the gate has run, and maps of them: the gate
# has their value, or "nginx -t" refuses the configuration.  An open host's
# variables are as without the module.

import pytest

from support import modules
from support.gate import closed, http2, site
from support.subrequests import without

# @USE@ is what of ours asks for the variable; the site's answer has it, too

MAP = """
    map $tenant $site { default other.test; a acme.test; b b.test; }
    map $kind $staff { default 0; yes 1; }
    map $uri $kind_of { default no; /staff yes; }
"""

SAYS = 'return 200 "THE-SITE tenant=$tenant site=$site staff=$staff";'

SERVERS = {
    "set in the server":
        ("set $tenant a; set $kind no;", "location / { @SAYS@ }"),
    "set in the server's if":
        ('set $kind no; if ($request_uri ~ "") { set $tenant a; }',
         "location / { @SAYS@ }"),
    "set, in a server with a location that is off":
        ("set $tenant a; set $kind no;",
         "location / { @SAYS@ } location /off { paylock off; return 200; }"),
    "set in the location":
        ("", "location / { set $tenant a; set $kind no; @SAYS@ }"),
    "set above a return":
        ("set $tenant a; set $kind no; if ($arg_r) { @SAYS@ }",
         "location / { @SAYS@ }"),
    "set after a rewrite":
        ("rewrite ^/x$ /y; set $tenant a; set $kind no;",
         "location / { @SAYS@ }"),
    "set by a capture":
        ('if ($request_uri ~ "^/(b?)") { set $tenant a$1; } set $kind no;',
         "location / { @SAYS@ }"),
    "set from another map":
        ("set $kind $kind_of; set $tenant a;", "location / { @SAYS@ }"),
}

USES = {
    "key": "paylock_key $tenant.test;",
    "key alone": "paylock_key $site;",
    "key of both": "paylock_key $tenant$arg_none.test;",
    "bypass": "paylock_bypass $staff;",
    "key and bypass": "paylock_key $site; paylock_bypass $staff $http_x_staff;",
}

# what is locked: the keys' names, not the servers' own
LOCKED = {"bypass": [f"s{i}.example" for i in range(len(SERVERS))]}


def server(i, use):
    first, location = SERVERS[list(SERVERS)[i]]
    return f"""
        server {{
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name s{i}.example;
            paylock on;
            {use}
            {first}
            {location}
        }}
    """.replace("@SAYS@", SAYS)


PATHS = "/", "/x", "/?r=1", "/staff", "/a"


@pytest.mark.parametrize("use", USES)
def test_set_later(use, gate):
    plain = MAP + "".join(server(i, "") for i in range(len(SERVERS)))
    nginx = gate.start(plain)
    taken = []
    for i, name in enumerate(SERVERS):
        done = nginx.test(MAP + server(i, USES[use]))
        if done.returncode:
            # of which directive, and which variable
            assert "paylock_" in done.stderr and "$" in done.stderr, name
        else:
            taken.append(i)
    if not taken:
        return

    text = MAP + "".join(server(i, USES[use]) for i in taken)
    nginx.reload(text)
    nginx.wait_live()
    stock = gate.make(without(text), redis=None, load=(), control=False)
    gate.lock("else.example")

    def asked(nginx, i):
        return [(reply.status, reply.text) for path in PATHS
                for by in (type(nginx).get, http2)
                for reply in [by(nginx, path, host=f"s{i}.example")]]

    names = list(SERVERS)
    want = {names[i]: asked(stock, i) for i in taken}
    assert all(status == 200 for one in want.values() for status, _ in one)
    others = [names[i] for i in taken if asked(nginx, i) != want[names[i]]]

    gate.lock(*LOCKED.get(use, ["a.test", "acme.test"]))
    opens = []
    for i in taken:
        for path in PATHS:
            # who is staff by what is set later is let in, or not
            said = stock.get(path, host=f"s{i}.example").text
            if "bypass" in use and "staff=1" in said:
                continue
            for by in type(nginx).get, http2:
                if site(by(nginx, path, host=f"s{i}.example")):
                    opens.append((names[i], path))
    assert not opens, f"not locked: {opens}"
    assert "uninitialized" not in nginx.error_log()
    assert not others, f"an open host's variables are others: {others}"


@pytest.mark.parametrize("by_lua", [False, True])
def test_set_by_who_decides_on_access(by_lua, gate):
    if by_lua and not modules.there("lua"):
        pytest.skip("needs lua")
    nginx = gate.start("""
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name acme.example;
            paylock on;
            paylock_key $tenant.test;
            set $tenant "";
            location = /auth { return 204; }
            location / { %s proxy_pass http://127.0.0.1:@BACKEND@; }
        }
    """ % ('access_by_lua_block { ngx.var.tenant = "a" }' if by_lua else
           "auth_request /auth; auth_request_set $tenant a;"),
        load=modules.load(["lua"] * by_lua))
    assert site(nginx.get(host="acme.example"))
    gate.lock("a.test")
    for by in type(nginx).get, http2:
        assert closed(by(nginx, host="acme.example"))
    assert not gate.backend.requests


IN_LOCATION = """
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name acme.example;
        paylock on;
        paylock_key $tenant.test;
        location / { set $tenant a; proxy_pass http://127.0.0.1:@BACKEND@; }
        location /file { set $tenant a; alias @SITE@/file.txt; }
        location /ssi { paylock off; ssi on; ssi_types *;
                        alias @SITE@/ssi.html; }
        location /frag { set $tenant a;
                         proxy_pass http://127.0.0.1:@BACKEND@; }
    }
"""


def test_set_in_location(gate):
    """There the gate is behind the location's directives, and its answer the
    only one."""
    nginx = gate.start(IN_LOCATION)
    assert site(nginx.get(host="acme.example"))
    gate.lock("a.test")
    for path in "/", "/file":
        for by in type(nginx).get, http2:
            assert closed(by(nginx, path, host="acme.example"))
    one = "%s HTTP/1.1\r\nHost: acme.example\r\n%s\r\n"
    several = nginx.raw("".join((
        one % ("POST /", "Content-Length: 4\r\n"), "body",
        one % ("HEAD /file", ""),
        one % ("GET /file", "Connection: close\r\n"))).encode())
    assert several.count(b"HTTP/1.1 503 ") == several.count(b"HTTP/1.1 ") == 3
    assert b"THE-SITE" not in several
    assert nginx.get("/ssi", host="acme.example").text == "before  after\n"
    assert not gate.backend.requests


# what is known before all phases is taken

KNOWN = {
    "a named capture of the server's name":
        (r"server_name ~^(?<tenant>\w+)\.site\.test$;", "$tenant.test",
         "a.site.test", "a.test"),
    "a map of the host":
        ("server_name acme.example;", "$byhost", "acme.example", "acme.test"),
    "a map of a capture":
        (r"server_name ~^(?<who>\w+)\.site\.test$;", "$bywho",
         "a.site.test", "acme.test"),
    "a header":
        ("server_name acme.example;", "$http_host", "acme.example",
         "acme.example"),
}


@pytest.mark.parametrize("known", KNOWN)
def test_known_before(known, gate):
    name, key, host, locked = KNOWN[known]
    nginx = gate.start("""
        map $host $byhost { default other.test; acme.example acme.test; }
        map $who $bywho { default other.test; a acme.test; }
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            paylock on;
            %s
            paylock_key %s;
            location / { set $x 1; return 200 "THE-SITE"; }
        }
        server { server_name ~^(?<who>none)$; listen 127.0.0.1:@PORT@; }
    """ % (name, key))
    assert site(nginx.get(host=host))
    gate.lock(locked)
    assert closed(nginx.get(host=host)) and closed(http2(nginx, host=host))


@pytest.mark.parametrize("order", modules.ORDERS)
def test_set_by_lua(order, gate):
    """The same with a variable that Lua fills."""
    if not modules.there("lua"):
        pytest.skip("needs lua")
    text = """
        map $tenant $site { default other.test; a acme.test; }
        server {
            server_name acme.example;
            paylock on;
            paylock_key $site;
            set_by_lua_block $tenant { return "a" }
            location / { return 200 "THE-SITE $tenant $site"; }
        }
    """
    load = modules.load(["lua"], order)
    nginx = gate.start("server { server_name x; }", load=load)
    if nginx.test(text).returncode:
        return
    nginx.reload(text)
    nginx.wait_live()
    gate.lock("else.example")
    assert nginx.get(host="acme.example").text == "THE-SITE a acme.test"
    gate.lock("acme.test")
    assert closed(nginx.get(host="acme.example"))


def test_headers_set_by_lua(gate):
    """What Lua has put into the answer by then is not in ours."""
    if not modules.there("lua"):
        pytest.skip("needs lua")
    nginx = gate.start("""
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name acme.example;
            paylock on;
            paylock_key $tenant.test;
            set $tenant "";
            location / {
                rewrite_by_lua_block {
                    ngx.var.tenant = "a"
                    ngx.header["X-Site"] = "THE-SITE"
                    ngx.header["Content-Encoding"] = "br"
                    ngx.header["Content-Length"] = 5
                }
                alias @SITE@/file.txt;
            }
        }
    """, load=modules.load(["lua"]))
    gate.lock("a.test")
    for by in type(nginx).get, http2:
        reply = by(nginx, host="acme.example")
        assert closed(reply) and "Content-Encoding" not in reply.headers
        assert "</html>" in reply.text
