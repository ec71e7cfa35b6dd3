# Copyright (C) 2026 paylock contributors
#
# Another module changes the Host header before the gate looks: the one that
# the client sent decides.

import pytest

from support import modules
from support.gate import SITE, closed, http2, site, text
from support.servers import Response

# The name that is set is $to: of a site that is open where a locked one is
# asked for, and the other way round

LUA_SET = 'ngx.req.set_header("Host", ngx.var.to)'

CHANGES = {
    "set_by_lua in the server": (
        "lua", "set_by_lua_block $x { " + LUA_SET + " return 1 }", ""),
    "server_rewrite_by_lua": (
        "lua", "server_rewrite_by_lua_block { " + LUA_SET + " }", ""),
    "more_set_input_headers in the server": (
        "headers", 'more_set_input_headers "Host: $to";', ""),
    "set_by_lua in a location": (
        "lua", "", "set_by_lua_block $x { " + LUA_SET + " return 1 }"),
    "rewrite_by_lua": (
        "lua", "", "rewrite_by_lua_block { " + LUA_SET + " }"),
    "access_by_lua": (
        "lua", "", "access_by_lua_block { " + LUA_SET + " }"),
    "more_set_input_headers in a location": (
        "headers", "", 'more_set_input_headers "Host: $to";'),
}

# what makes locations of the server differ
DIFFER = {
    "off": "location = /off { paylock off; return 200 off; }",
    "status": "location = /off { paylock_status 402; return 200 off; }",
    "page": "location = /off { paylock_page discreet; return 200 off; }",
    "nothing": "location = /off { return 200 off; }",
}

BLOCK = """
    map $arg_to $to { default $host; ~. $arg_to; }
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name acme.example open.example;
        paylock on;
        %s
        location / { %s proxy_set_header Host $http_host;
                     proxy_pass http://127.0.0.1:@BACKEND@; }
    }
"""


def both(nginx, path, host):
    for by in type(nginx).get, http2:
        try:
            yield by(nginx, path, host=host)
        except OSError as error:
            yield Response(0, "", {}, f"no answer: {error!r}".encode())


@pytest.mark.parametrize("order", modules.ORDERS)
@pytest.mark.parametrize("differ", DIFFER)
def test_in_the_server_of_the_site(differ, order, gate, backend):
    """All ways at once, each with a server of its own."""
    modules.needs("lua", "headers")
    nginx = gate.start(
        "map $arg_to $to { default $host; ~. $arg_to; }" + "".join(f"""
            server {{
                listen 127.0.0.1:@PORT@;
                listen unix:@DIR@/h2.sock http2;
                server_name acme{i}.example open{i}.example;
                paylock on;
                {server} {DIFFER[differ]}
                location / {{ {location} proxy_set_header Host $http_host;
                              proxy_pass http://127.0.0.1:@BACKEND@; }}
            }}""" for i, (_, server, location) in
            enumerate(CHANGES.values())),
        load=modules.load(["lua", "headers"], order))

    def to(i, one, other):
        return both(nginx, f"/?to={other}{i}.example", f"{one}{i}.example")

    for i, way in enumerate(CHANGES):
        for reply in to(i, "acme", "open"):
            assert site(reply), way
    seen = {r.headers["Host"] for r in backend.requests}
    assert seen <= {f"open{i}.example" for i in range(len(CHANGES))}, \
        "the Host was not changed"

    gate.lock(*(f"acme{i}.example" for i in range(len(CHANGES))))
    leaks, shut = [], []
    for i, way in enumerate(CHANGES):
        for version, reply in enumerate(to(i, "acme", "open"), 1):
            if reply.status != 503 or SITE in text(reply):
                leaks.append((way, version))
    reached = [r.path for r in backend.requests]
    for i, way in enumerate(CHANGES):
        for version, reply in enumerate(to(i, "open", "acme"), 1):
            if reply.status != 200:
                shut.append((way, version))
    assert not leaks and not reached, (leaks, reached)
    assert not shut, f"an open host is closed: {shut}"
    for reply in both(nginx, "/off?to=open0.example", "acme0.example"):
        assert reply.status == {"off": 200, "status": 402}.get(differ, 503)


# an "off" location that changes Host and goes on to one that is on

GOES_ON = {
    "ngx.exec": "content_by_lua_block { %s ngx.exec('/site') }",
    "ngx.exec in rewrite": "rewrite_by_lua_block { %s ngx.exec('/site') }",
    "ngx.exec to a named location":
        "rewrite_by_lua_block { %s ngx.exec('@site') }",
    "ngx.req.set_uri":
        "rewrite_by_lua_block { %s ngx.req.set_uri('/site', true) }",
    "rewrite … last":
        "set_by_lua_block $x { %s return 1 } rewrite ^ /site last;",
    "error_page":
        "error_page 404 = /site; access_by_lua_block { %s ngx.exit(404) }",
    "error_page to a named location":
        "error_page 404 = @site; access_by_lua_block { %s ngx.exit(404) }",
    "try_files":
        "access_by_lua_block { %s } root /nowhere;"
        " try_files /none /site;",
    "try_files to a named location":
        "set_by_lua_block $x { %s return 1 } root /nowhere;"
        " try_files /none @site;",
    "a subrequest":
        "content_by_lua_block { %s ngx.print("
        "ngx.location.capture('/site').body) }",
    "auth_request":
        "rewrite_by_lua_block { %s } auth_request /site;"
        " alias @SITE@/htpasswd;",
}


@pytest.mark.parametrize("order", modules.ORDERS)
@pytest.mark.parametrize("server", ["", "set $y 1;"])
def test_from_a_location_that_is_off(server, order, gate, backend):
    modules.needs("lua")
    nginx = gate.start(
        BLOCK % (server + "".join(
            f"location = /off{i} {{ paylock off; {how % LUA_SET} }}"
            for i, how in enumerate(GOES_ON.values()))
            + "location @site { proxy_set_header Host $http_host;"
              " proxy_pass http://127.0.0.1:@BACKEND@; }", ""),
        load=modules.load(["lua"], order))
    for i, way in enumerate(GOES_ON):
        for reply in both(nginx, f"/off{i}?to=open.example", "acme.example"):
            # lua's capture knows no HTTP/2
            assert backend.requests or reply.status == 500, (way, reply)
            backend.requests.clear()

    gate.lock("acme.example")
    leaks, shut = [], []
    for i, way in enumerate(GOES_ON):
        for version, reply in enumerate(both(
                nginx, f"/off{i}?to=open.example", "acme.example"), 1):
            if SITE in text(reply) or backend.requests:
                leaks.append((way, version))
            backend.requests.clear()
        for version, reply in enumerate(both(
                nginx, f"/off{i}?to=acme.example", "open.example"), 1):
            if not backend.requests and reply.status != 500:
                shut.append((way, version))
            backend.requests.clear()
    assert not leaks, leaks
    assert not shut, f"an open host is closed: {shut}"


# two servers: the name that is set has one of its own

@pytest.mark.parametrize("order", modules.ORDERS)
def test_the_name_of_another_server(order, gate, backend):
    modules.needs("lua", "headers")
    nginx = gate.start("""
        paylock on;
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name acme.example;
            more_set_input_headers "Host: open.example";
            location /off { paylock off; return 200 off; }
            location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        }
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name default.example;
            set_by_lua_block $x { ngx.req.set_header("Host", "open.example")
                                  return 1 }
            location /off { paylock off; return 200 off; }
            location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        }
    """, load=modules.load(["lua", "headers"], order))
    gate.lock("acme.example", "default.example")
    for host in "acme.example", "default.example":
        for reply in both(nginx, "/", host):
            assert closed(reply), host
    assert not backend.requests


@pytest.mark.parametrize("order", modules.ORDERS)
def test_the_method_is_the_clients_too(order, gate, backend):
    """At readonly a POST that Lua calls a GET remains one."""
    modules.needs("lua")
    nginx = gate.start(
        BLOCK % ("server_rewrite_by_lua_block {"
                 " ngx.req.set_method(ngx.HTTP_GET) }" + DIFFER["off"], ""),
        load=modules.load(["lua"], order))
    gate.admin("lock", "acme.example", "--readonly", "now")
    nginx.wait_state("acme.example", "readonly")
    assert site(nginx.get(host="acme.example"))
    backend.requests.clear()
    assert closed(nginx.get(host="acme.example", method="POST", body=b"x"))
    assert not backend.requests
