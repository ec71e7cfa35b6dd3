# Copyright (C) 2026 paylock contributors
#
# The gate beside nginx's rarer features: upgrades, caches, WebDAV, mirrors,
# post_action.

import gzip
import time

import pytest

from support import servers
from support.gate import SITE, closed, http10, http2, site

PROXY = "proxy_pass http://127.0.0.1:@BACKEND@;"

SERVER = """
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name acme.example;
        paylock on;
        root @SITE@;
        %s
    }
"""

HEAD = "%s HTTP/1.1\r\nHost: acme.example\r\nConnection: close\r\n%s\r\n"


def get(nginx, path="/", **kw):
    return nginx.get(path, host="acme.example", **kw)


# upgrades

@pytest.mark.parametrize("headers", [
    {"Upgrade": "websocket", "Connection": "Upgrade",
     "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
     "Sec-WebSocket-Version": "13"},
    {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings",
     "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA"},
])
def test_upgrade(headers, gate, backend):
    nginx = gate.start(SERVER % ("""
        location / {
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            """ + PROXY + "}"))
    data = ("GET /chat HTTP/1.1\r\nHost: acme.example\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items())
        + "\r\n").encode()
    end = (b"GET /robots.txt HTTP/1.1\r\nHost: acme.example\r\n"
           b"Connection: close\r\n\r\n")
    assert SITE.encode() in nginx.raw(data + end)
    assert backend.requests[0].headers["Upgrade"] == headers["Upgrade"]

    gate.lock("acme.example")
    with nginx.connect() as s:
        s.sendall(data)
        reply = s.recv(65536)
        assert closed(reply)
        assert b"Upgrade:" not in reply and b" 101 " not in reply
        # what follows is HTTP, not frames
        s.sendall(b"\x81\x85aaaabbbbb" + end)
        rest = s.makefile("rb").read()
    assert SITE.encode() not in rest
    assert not backend.requests


# a cache that holds the page's URL

CACHE = """
    proxy_cache_path @DIR@/cache keys_zone=cache:1m;
""" + SERVER % """
    location / {
        proxy_cache cache;
        proxy_cache_valid any 1h;
        proxy_cache_key $uri;
        proxy_cache_use_stale error timeout updating http_503;
        proxy_cache_background_update on;
        proxy_ignore_headers Cache-Control Vary Expires;
        add_header X-Cache $upstream_cache_status always;
        %s
    }
"""


@pytest.mark.parametrize("version", [None, http10, http2])
def test_cache(version, gate, backend):
    nginx = gate.start(CACHE % PROXY)
    ask = (lambda nginx: version(nginx, "/")) if version else get

    def cached():
        backend.requests.clear()
        return site(ask(nginx)) and not backend.requests

    # nginx answers before the file has its name
    servers.wait_for("the cache", cached)

    gate.lock("acme.example")
    assert closed(ask(nginx))

    # the page has not taken the place of what is cached
    gate.unlock("acme.example")
    assert site(ask(nginx))
    assert not backend.requests


def test_a_cache_in_front_keeps_no_page(gate):
    """Another nginx that caches whatever it may."""
    inner = gate.start(SERVER % ("location / { " + PROXY + " }"))
    front = gate.make("""
        proxy_cache_path @DIR@/cache keys_zone=cache:1m;
        server {
            location / {
                proxy_set_header Host acme.example;
                proxy_cache cache;
                proxy_cache_valid any 1h;
                proxy_pass http://127.0.0.1:%d;
            }
        }
    """ % inner.port, redis=None, load=(), control=False)
    gate.lock("acme.example")
    assert closed(front.get(host="front.example"))
    gate.unlock("acme.example")
    assert site(front.get(host="front.example"))


# content that nginx makes itself

CONTENT = {
    "stub_status": ("location = /s { stub_status; }", "/s", "active conn"),
    "alias": ("location /a/ { alias @SITE@/; }", "/a/file.txt", SITE),
    "alias to a file":
        ("location = /a { alias @SITE@/file.txt; }", "/a", SITE),
    "internal": ("location / { try_files /none /i/file.txt; }"
                 "location /i/ { internal; alias @SITE@/; }", "/x", SITE),
    "autoindex as JSON":
        ("location / { autoindex on; autoindex_format json; index none; }",
         "/", "file.txt"),
    "empty_gif": ("location / { empty_gif; }", "/", "GIF89a"),
    "random_index": ("location / { random_index on; }", "/dir/", SITE),
    "gzip_static":
        ("gzip_static always; gunzip on; location / { }", "/zip.txt", SITE),
    "return in nested ifs":
        ('location / { if ($request_method = GET) { set $x 1; } '
         'if ($x) { return 200 "' + SITE + '"; } }', "/", SITE),
    "a nested location":
        ("location / { location /in { " + PROXY + " } }", "/in", SITE),
    "a regex location":
        (r"location ~ \.php$ { " + PROXY + " }", "/x.php", SITE),
    "limit_req":
        ("location / { limit_req zone=one burst=9 nodelay; " + PROXY + " }",
         "/", SITE),
    "secure_link":
        ('location / { secure_link $arg_md5; secure_link_md5 "k$uri";'
         ' if ($secure_link = "1") { return 403; } ' + PROXY + " }",
         "/", SITE),
    "the server's name alone":
        ("location / { return 302 $scheme://$server_name/" + SITE + "; }",
         "/", SITE),
}


@pytest.mark.parametrize("way", CONTENT)
def test_content(way, gate, backend):
    conf, path, word = CONTENT[way]
    (gate.site / "zip.txt.gz").write_bytes(gzip.compress(SITE.encode()))
    nginx = gate.start("limit_req_zone $host zone=one:1m rate=100r/s;"
                       + SERVER % conf)

    def says(reply):
        if isinstance(reply, bytes):
            return word.encode() in reply.lower() + reply
        return word.encode() in reply.body.lower() + reply.body \
            + str(reply.headers).encode()

    for reply in get(nginx, path), http10(nginx, path), http2(nginx, path):
        assert says(reply), way

    gate.lock("acme.example")
    for reply in get(nginx, path), http10(nginx, path), http2(nginx, path):
        assert closed(reply) and not says(reply), way
    assert not backend.requests


# WebDAV: what is closed is not written to either

DAV = SERVER % """
    location / {
        dav_methods PUT DELETE MKCOL COPY MOVE;
        create_full_put_path on;
        client_body_temp_path @SITE@/tmp;
        root @SITE@/dav;
    }
"""


def test_dav(gate):
    (gate.site / "dav").mkdir()
    for path in (gate.site, gate.site / "dav"):
        path.chmod(0o777)
    nginx = gate.start(DAV)
    assert get(nginx, "/a", method="PUT", body=b"one").status == 201

    gate.lock("acme.example")
    where = {"Destination": "http://acme.example/b"}
    for method, body, headers in (("PUT", b"two", {}), ("DELETE", None, {}),
                                  ("MOVE", None, where),
                                  ("COPY", None, where)):
        for by in get, lambda nginx, path, **kw: http2(
                nginx, path, **{k: v for k, v in kw.items() if v}):
            assert closed(by(nginx, "/a", method=method, body=body,
                             headers=headers)), method
    assert closed(get(nginx, "/dir/", method="MKCOL"))
    assert closed(get(nginx, "/new", method="PUT", body=b"x" * 100000))
    assert {p.name: p.read_bytes() for p in (gate.site / "dav").iterdir()} \
        == {"a": b"one"}
    left = [p for p in (gate.site / "tmp").rglob("*") if p.is_file()]
    assert left == []


# Locations that are off, and what they bring along

BESIDE = """
    location = /auth { %s """ + PROXY + """ }
    location = /beside { %s """ + PROXY + """ }
    location = /open/file.txt { paylock off; alias @SITE@/file.txt; }
    location /open/ { paylock off; alias @SITE@/dir/; %s }
"""

BESIDE_WAYS = {
    "auth_request": ("auth_request /auth;", "/open/page.php", 500),
    "mirror": ("mirror /beside;", "/open/page.php", 200),
    "post_action": ("post_action /beside;", "/open/page.php", 200),
    "error_page": ("error_page 404 = /beside;", "/open/none", 503),
    "add_after_body":
        ("addition_types *; add_after_body /beside;", "/open/page.php", 200),
    "try_files": ("try_files /none /beside;", "/open/page.php", 503),
    "rewrite … last": ("rewrite ^ /beside last;", "/open/page.php", 503),
}


@pytest.mark.parametrize("way", BESIDE_WAYS)
def test_off_brings_along_nothing_that_is_on(way, gate, backend):
    conf, path, status = BESIDE_WAYS[way]
    nginx = gate.start(SERVER % (BESIDE % ("", "", conf)))
    get(nginx, path)
    servers.wait_for(way, lambda: backend.requests)

    gate.lock("acme.example")
    for reply in get(nginx, path), http2(nginx, path):
        assert reply.status == status, reply
        assert (SITE in reply.text) == (status == 200)
    time.sleep(0.05)
    assert not backend.requests

    # and what is off as well may come along
    nginx.reload(nginx.http.replace("location = /auth {",
                                    "location = /auth { paylock off;")
                 .replace("location = /beside {",
                          "location = /beside { paylock off;"))
    nginx.wait_live()
    assert get(nginx, path).status == 200
    servers.wait_for(way, lambda: backend.requests)


def test_off_in_an_ssi_page(gate, backend):
    """Each part of a page goes by its own location."""
    (gate.site / "parts.html").write_text(
        '<!--#include virtual="/on" -->|<!--#include virtual="/off" -->|'
        '<!--#include virtual="/on" stub="none" -->|end\n'
        '<!--#block name="none" -->stub<!--#endblock -->')
    nginx = gate.start(SERVER % ("""
        location = /parts.html { paylock off; ssi on; }
        location = /on { """ + PROXY + """ }
        location = /off { paylock off; """ + PROXY + """ }
    """))
    assert get(nginx, "/parts.html").text.count(SITE) >= 2
    gate.lock("acme.example")
    reply = get(nginx, "/parts.html")
    assert reply.status == 200 and "end" in reply.text
    assert {r.path for r in backend.requests} == {"/off"}


@pytest.mark.parametrize("way", [
    PROXY, 'auth_basic "THE-SITE"; auth_basic_user_file @SITE@/htpasswd;'
           "error_page 401 = /on;"])
def test_no_header_of_what_came_before(way, gate, backend):
    """Of what is off and then goes on to what is on, nothing is left."""
    backend.answer("/off", headers={
        "X-Accel-Redirect": "/on", "Set-Cookie": SITE,
        "Content-Disposition": "attachment", "Cache-Control": "public",
        "Expires": "Thu, 31 Dec 2037 23:55:55 GMT"})
    nginx = gate.start(SERVER % ("""
        location = /off { paylock off; %s }
        location = /on { return 200 THE-SITE; }
    """ % way))
    gate.lock("acme.example")
    for by in get, http2:
        reply = by(nginx, "/off")
        assert closed(reply)
        assert reply.headers.keys() == by(nginx, "/on").headers.keys()


# The server's own words, above locations that are off

ABOVE = {
    "return": f"return 200 {SITE};",
    "redirect": f"return 302 http://else.example/{SITE};",
    "if": f'if ($request_uri ~ "") {{ return 200 {SITE}; }}',
    "rewrite": f"rewrite ^ http://else.example/{SITE} redirect;",
    "rewrite last": "rewrite ^ /closed last;",
    "error_page": "error_page 418 = @closed; return 418;",
    "set, then return": f"set $x {SITE}; return 200 $x;",
}


@pytest.mark.parametrize("way", ABOVE)
@pytest.mark.parametrize("off", ["", "location /open { paylock off; }"])
def test_above_locations(way, off, gate, backend):
    nginx = gate.start(SERVER % (
        ABOVE[way] + off + "location = /closed { " + PROXY + " }"
        "location @closed { " + PROXY + " }"))
    post = dict(method="POST", body=b"x" * 5000)
    assert site(get(nginx)) or backend.requests

    gate.lock("acme.example")
    for reply in (get(nginx), http10(nginx), http2(nginx), get(nginx, **post),
                  http2(nginx, **post), get(nginx, "/open/x")
                  if "last" not in way else get(nginx)):
        assert closed(reply), way
    assert not backend.requests


def test_expect_above_a_location_that_is_off(gate):
    """What nginx says before its own return is no answer: ours follows."""
    nginx = gate.start(SERVER % (f"return 200 {SITE};"
                                 "location /open { paylock off; }"))
    gate.lock("acme.example")
    reply = nginx.raw((HEAD % (
        "POST /", "Content-Length: 5\r\nExpect: 100-continue\r\n")).encode()
        + b"hello")
    assert closed(reply.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))


def test_off_opens_exactly_that(gate, backend):
    nginx = gate.start(SERVER % ("""
        location /open { paylock off; """ + PROXY + """
            location /open/but { paylock on; """ + PROXY + """ } }
        location = /open/exact { """ + PROXY + """ }
        location ~ /open/.*re { """ + PROXY + """ }
        location / { """ + PROXY + """ }
    """))
    gate.lock("acme.example")
    opens = ["/open", "/open/", "/open/x", "/openly", "/x/../open",
             "/%6fpen", "//open/x"]
    shut = ["/", "/Open", "/open/but", "/open/but/x", "/open/exact",
            "/open/xre", "/op", "/open/../x", "/open%2f..%2f../x",
            "/x/open", "/open/%2e%2e/x"]
    for path in opens:
        assert site(nginx.raw((HEAD % (f"GET {path}", "")).encode())), path
        assert site(http2(nginx, path)), path
    backend.requests.clear()
    for path in shut:
        assert closed(nginx.raw((HEAD % (f"GET {path}", "")).encode())), path
        assert closed(http2(nginx, path)), path
    assert not backend.requests


def test_a_server_answers_a_subrequest(gate):
    """Before it is known in which location: it is none that is on."""
    nginx = gate.start(f"""
        server {{
            listen 127.0.0.1:@PORT@;
            server_name acme.example;
            paylock on;
            if ($uri = /said) {{ return 200 "{SITE} said"; }}
            location /off {{
                paylock off;
                alias @SITE@/;
                add_after_body /said;
                addition_types *;
            }}
        }}
    """)
    reply = nginx.get("/off/page.html", host="acme.example")
    assert reply.text.count(SITE) == 2
    gate.lock("acme.example")
    reply = nginx.get("/off/page.html", host="acme.example")
    assert reply.status == 200 and reply.text.count(SITE) == 1
    assert closed(nginx.get("/said", host="acme.example"))
