# Copyright (C) 2026 paylock contributors
#
# Ways around the gate.  Each is tried with the site open first, so that a test
# whose way leads nowhere fails as well.

import time
import pytest

from support.gate import SITE, closed, http10, http2, site


class Get:
    """A request that can be made by any version of HTTP."""

    def __init__(self, path="/", **kw):
        self.path = path
        self.kw = kw

    def __call__(self, nginx):
        return nginx.get(self.path, host="acme.example", **self.kw)

    def each(self, nginx):
        for version in http10, http2:
            yield version(nginx, self.path, **self.kw)




def raw(data):
    """Requests that http.client would not send, answered as text."""
    return lambda nginx: nginx.raw(data)


BAD_HOST = (b"GET / HTTP/1.1\r\nHost: acme.example\r\nHost: acme.example\r\n"
            b"Connection: close\r\n\r\n")
BAD_LENGTH = (b"POST / HTTP/1.1\r\nHost: acme.example\r\n"
              b"Content-Length: x\r\n\r\n")
LONG_HEADER = (b"GET / HTTP/1.1\r\nHost: acme.example\r\nX-Long: "
               + b"x" * 40000 + b"\r\n\r\n")
PROXY = "proxy_pass http://127.0.0.1:@BACKEND@;"
BIG = b"x" * 4096

# name: (the server's configuration, the request)

RETURN = {
    "return in a location":
        (f'location / {{ return 200 "{SITE}"; }}', Get()),
    "redirect in a location":
        (f"location / {{ return 301 http://other.example/{SITE}; }}", Get()),
    "return in the server":
        (f'return 200 "{SITE}";', Get()),
    "return in the server's if":
        (f'if ($request_method = GET) {{ return 200 "{SITE}"; }}', Get()),
    "redirect in the server":
        (f"rewrite ^ http://other.example/{SITE} redirect;", Get()),
    "return in the server above a location that is off":
        (f'return 200 "{SITE}"; location /open {{ paylock off; }}', Get()),
    "the same, looked at byte for byte":
        (f'return 200 "{SITE}"; location /open {{ paylock off; }}',
         raw(b"GET / HTTP/1.1\r\nHost: acme.example\r\n"
             b"Connection: close\r\n\r\n")),
    "redirect in the server above a location that is off":
        (f"rewrite ^ http://other.example/{SITE} permanent;"
         "location /open { paylock off; }", Get("/closed")),
    "rewrite in the server to a location that proxies":
        ("rewrite ^/a$ /b last; location /b { " + PROXY + " }", Get("/a")),
    "static file":
        ("location / { root @SITE@; }", Get("/file.txt")),
    "proxy":
        ("location / { " + PROXY + " }", Get()),
    "POST to a proxy":
        ("location / { " + PROXY + " }", Get(method="POST", body=BIG)),
    "HTTP/1.0":
        ("location / { " + PROXY + " }",
         raw(b"GET / HTTP/1.0\r\nHost: acme.example\r\n\r\n")),
}

ERROR_PAGE = {
    f"error_page {code} to {where}, {why}": (
        f"error_page {code} = {target}; {extra} {location} {{ {does} }}",
        request)
    for code, why, does, extra, request in (
        (400, "Host twice", PROXY, "", raw(BAD_HOST)),
        (400, "bad length", PROXY, "", raw(BAD_LENGTH)),
        (494, "long header", PROXY, "", raw(LONG_HEADER)),
        (413, "large body", f'return 200 "{SITE}";',
         "client_max_body_size 1k;", Get(method="POST", body=BIG)),
        (405, "POST to a file", PROXY, "location = /file.txt { root @SITE@; }",
         Get("/file.txt", method="POST", body=b"x")),
        (403, "denied", PROXY, "location = /none { deny all; }",
         Get("/none")),
        (404, "no file", PROXY, "location /none { root @SITE@; }",
         Get("/none")),
        (418, "return", PROXY, "location = /none { return 418; }",
         Get("/none")),
    )
    for where, target, location in (
        ("a named location", "@site", "location @site"),
        ("a URI", "/site", "location = /site"),
    )
}

REDIRECT = {
    "try_files to a URI":
        ("root @SITE@; location / { try_files $uri /index.php; }"
         r"location ~ \.php$ { " + PROXY + " }", Get("/none")),
    "try_files to a named location":
        ("root @SITE@; location / { try_files $uri @app; }"
         "location @app { " + PROXY + " }", Get("/none")),
    "index":
        ("location / { root @SITE@; index index.php file.txt; }", Get()),
    "index to another location":
        ("root @SITE@; index page.php; location / { }"
         r"location ~ \.php$ { " + PROXY + " }", Get("/dir/")),
    "autoindex":
        ("location / { root @SITE@; autoindex on; index none; }", Get()),
    "rewrite in a location":
        ("location /a { rewrite ^ /b last; } location /b { internal; "
         + PROXY + " }", Get("/a")),
    "rewrite with break":
        ("location /a { rewrite ^ /b break; " + PROXY + " }", Get("/a")),
    "error_page 404 to the front controller":
        ("root @SITE@; error_page 404 = /index.php; location / { }"
         r"location ~ \.php$ { " + PROXY + " }", Get("/none")),
    "X-Accel-Redirect":
        ("location / { " + PROXY + " } location /files/ { internal;"
         " alias @SITE@/; }", Get("/accel")),
}

AUTH = {
    "satisfy any with allow":
        ("location / { satisfy any; allow all; auth_basic x;"
         " auth_basic_user_file @SITE@/htpasswd; " + PROXY + " }", Get()),
    "satisfy any with a password":
        ("location / { satisfy any; deny all; auth_basic x;"
         " auth_basic_user_file @SITE@/htpasswd; " + PROXY + " }",
         Get(headers={"Authorization": "Basic dXNlcjpwYXNz"})),
    "auth_request":
        ("location / { auth_request /auth; root @SITE@; index file.txt; }"
         "location = /auth { internal; " + PROXY + " }", Get()),
}

SUBREQUEST = {
    "SSI include":
        ("root @SITE@; ssi on; location /frag { " + PROXY + " }",
         Get("/ssi.html")),
    "mirror":
        ("location / { mirror /mirror; root @SITE@; }"
         "location = /mirror { internal; " + PROXY + " }", Get("/file.txt")),
    "addition before the page":
        ("root @SITE@; addition_types *; add_before_body /frag;"
         "location = /frag { " + PROXY + " }", Get("/page.html")),
    "addition after the page":
        ("root @SITE@; addition_types *; add_after_body /frag;"
         "location = /frag { " + PROXY + " }", Get("/page.html")),
    "slice":
        ("location / { slice 1k; proxy_set_header Range $slice_range; "
         + PROXY + " }", Get()),
}

OTHER = {
    "TRACE":
        (f'location / {{ return 200 "{SITE}"; }}', Get(method="TRACE")),
    "redirect to a directory":
        ("location / { root @SITE@; }", Get("/dir")),
    "condition that holds":
        ("location / { root @SITE@; }", Get("/file.txt", headers={
            "If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"})),
    "range":
        ("location / { root @SITE@; }", Get("/file.txt", headers={
            "Range": "bytes=0-7"})),
    "limit_except":
        ("location / { limit_except GET { deny all; } " + PROXY + " }",
         Get(method="POST", body=b"x")),
    "error_page 503":
        (f"error_page 503 =200 /mine; location = /mine {{ return 200 {SITE}; }}"
         " location / { return 503; }", Get()),
}

WAYS = {**RETURN, **ERROR_PAGE, **REDIRECT, **AUTH, **SUBREQUEST, **OTHER}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_round(way, gate, backend):
    conf, request = WAYS[way]
    nginx = gate.start("server { listen 127.0.0.1:@PORT@;"
                       " listen unix:@DIR@/h2.sock http2;"
                       " server_name acme.example; paylock on; "
                       + conf + " }")
    versions = request.each if isinstance(request, Get) else lambda nginx: ()
    for reply in (request(nginx), *versions(nginx)):
        assert site(reply) or backend.requests, f"leads nowhere: {reply}"

    gate.lock("acme.example")
    assert closed(request(nginx)), way
    assert all(closed(reply) for reply in versions(nginx)), way
    assert not backend.requests, way

    # what went by outside the answer would arrive a moment later
    gate.unlock("acme.example")
    assert site(request(nginx)) or backend.requests, way


def test_http_on_the_tls_port(gate, backend, tls):
    nginx = gate.start("""
        server {
            listen 127.0.0.1:@PORT@ ssl;
            server_name acme.example;
            ssl_certificate %s;
            ssl_certificate_key %s;
            paylock on;
            error_page 497 = @plain;
            location @plain { proxy_pass http://127.0.0.1:@BACKEND@; }
        }
    """ % tls)
    assert site(nginx.get(host="acme.example"))

    gate.lock("acme.example")
    assert closed(nginx.get(host="acme.example"))
    assert not backend.requests


def test_before_the_servers_own_return(gate):
    """The server's "return" does not come first: 444 would say nothing."""
    nginx = gate.start(
        "server { server_name acme.example; paylock on; return 444; }")
    data = b"GET / HTTP/1.0\r\nHost: acme.example\r\n\r\n"
    assert nginx.raw(data) == b""

    gate.lock("acme.example")
    assert closed(nginx.raw(data))


# "paylock off" opens a location and no other

OFF = """
    server {
        server_name acme.example;
        paylock on;
        root @SITE@;
        ssi on;
        rewrite ^/moved$ /open/moved last;

        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        location /page.php { proxy_pass http://127.0.0.1:@BACKEND@; }

        location /open/ { paylock off; return 200 "open"; }
        location /open/try { paylock off; try_files /none /page.php; }
        location /open/named { paylock off; try_files /none @app; }
        location /open/rewrite { paylock off; rewrite ^ /page.php last; }
        location /open/error { paylock off; error_page 404 = /page.php;
                               return 404; }
        location /open/accel { paylock off;
                               proxy_pass http://127.0.0.1:@BACKEND@/accel; }
        location /files/ { internal; alias @SITE@/; }
        location @app { proxy_pass http://127.0.0.1:@BACKEND@; }
        location = /ssi.html { paylock off; }
        location /frag { proxy_pass http://127.0.0.1:@BACKEND@; }
    }
"""


def test_off_opens_a_location(gate, backend):
    nginx = gate.start(OFF)
    gate.lock("acme.example")

    for path in "/open/", "/moved":
        reply = nginx.get(path, host="acme.example")
        assert (reply.status, reply.text) == (200, "open"), path
        assert "X-Paylock" not in reply.headers

    assert closed(nginx.get("/", host="acme.example"))
    assert not backend.requests


@pytest.mark.parametrize("path", ["try", "named", "rewrite", "error"])
def test_off_opens_no_other_location(path, gate, backend):
    nginx = gate.start(OFF)
    assert site(nginx.get("/open/" + path, host="acme.example"))

    gate.lock("acme.example")
    assert closed(nginx.get("/open/" + path, host="acme.example"))
    assert not backend.requests


def test_off_and_x_accel_redirect(gate, backend):
    nginx = gate.start(OFF)
    assert site(nginx.get("/open/accel", host="acme.example"))

    gate.lock("acme.example")
    assert closed(nginx.get("/open/accel", host="acme.example"))
    assert [r.path for r in backend.requests] == ["/accel"]


def test_off_and_a_subrequest(gate, backend):
    """A page that is open does not bring along what is closed."""
    nginx = gate.start(OFF)
    assert site(nginx.get("/ssi.html", host="acme.example"))

    gate.lock("acme.example")
    reply = nginx.get("/ssi.html", host="acme.example")
    assert (reply.status, reply.headers["X-Paylock"]) == (200, None)
    assert reply.text.startswith("before ") and "payment" not in reply.text
    assert not backend.requests


def test_off_in_the_server(gate):
    nginx = gate.start("""
        paylock on;
        server { server_name acme.example; paylock off; return 200 "open"; }
        server { server_name b.example; location / { return 200 "open"; } }
    """)
    gate.lock("acme.example", "b.example")
    assert nginx.get(host="acme.example").text == "open"
    assert closed(nginx.get(host="b.example"))


def test_satisfy_any_stays_shut_on_an_open_host(gate):
    """The gate has no objection, which is not the same as "allowed"."""
    nginx = gate.start("""
        server {
            server_name acme.example;
            paylock on;
            location / {
                satisfy any;
                deny all;
                auth_basic x;
                auth_basic_user_file @SITE@/htpasswd;
                root @SITE@;
            }
        }
    """)
    gate.unlock("acme.example")
    assert nginx.get("/file.txt", host="acme.example").status == 401


def test_a_request_that_has_begun_finishes(gate, backend):
    nginx = gate.start("""
        server {
            server_name acme.example;
            paylock on;
            client_max_body_size 0;
            location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        }
    """)
    with nginx.connect() as s:
        s.sendall(b"POST / HTTP/1.1\r\nHost: acme.example\r\n"
                  b"Content-Length: 10\r\nExpect: 100-continue\r\n"
                  b"Connection: close\r\n\r\n")
        assert b" 100 " in s.recv(100)  # nginx has begun with it
        gate.lock("acme.example")
        assert closed(nginx.get(host="acme.example"))
        s.sendall(b"helloworld")
        assert SITE.encode() in s.makefile("rb").read()
    assert [r.body for r in backend.requests] == [b"helloworld"]
