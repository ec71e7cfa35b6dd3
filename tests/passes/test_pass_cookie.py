# Copyright (C) 2026 paylock contributors
#
# The cookie of a pass: hidden from the backend, logs and caches.

import itertools
import socket
import ssl

import pytest

from support import servers
from support.gate import H2, SITE, closed, http2, site
from support.passes import ask, forge

COOKIES = [
    ("a=1; @; b=2", "a=1; b=2"), ("@; a=1", "a=1"), ("a=1; @", "a=1"),
    ("a=1;@;b=2", "a=1;b=2"), ("@;a", "a"), ("a;@", "a"), ("@;", None),
    ('a="x\\"y" ;  b=%3B; @', 'a="x\\"y" ;  b=%3B'), ("@; @", None),
    ("paylock_passx=1; @; xpaylock_pass=2", "paylock_passx=1; xpaylock_pass=2"),
    ("a=paylock_pass=1; @", "a=paylock_pass=1"),
    ("a=1; ; @; =; b", "a=1; ; =; b"), ("a=1;", "a=1;"), ("a=1; b", "a=1; b"),
]


@pytest.mark.parametrize("name", ["paylock_pass", "__Host-paylock_pass"])
def test_cookies(start, keys, backend, name):
    """Byte for byte as they were, in any number of headers."""
    nginx = start()
    ours = f"{name}=" + forge(keys, purpose="cookie")
    for given, left in COOKIES:
        reply = ask(nginx, cookie=given.replace("@", ours))
        assert site(reply) == ("@" in given), given
        if "@" in given:
            assert backend.requests.pop().headers.get_all("Cookie") \
                == (None if left is None else [left]), given


def test_cookie_headers(start, keys, backend):
    """Wherever they are in the list of headers, the others stay."""
    nginx = start()
    ours = "paylock_pass=" + forge(keys, purpose="cookie")
    for before, cookies in itertools.product(
            (0, 1, 17, 18, 19, 20, 60),
            ([ours], [ours, ours], ["a=1", ours, "b=2"], [ours, "a=1", ours],
             [ours, "a=1; " + ours + "; c=3"], [ours] * 25,
             ["a=1"] * 21 + [ours])):
        head = [("Host", "acme.example"), ("Connection", "close")]
        some = [(f"X-{i}", str(i)) for i in range(before)]
        lines = some + [("Cookie", c) for c in cookies] + [("X-Last", "yes")]
        for headers in head + lines, lines + head:
            text = "".join(f"{n}: {v}\r\n" for n, v in headers)
            assert SITE.encode() in nginx.raw(
                f"GET / HTTP/1.1\r\n{text}\r\n".encode())
            got = backend.requests.pop().headers
            left = [c.replace("; " + ours, "") for c in cookies if c != ours]
            assert got.get_all("Cookie", []) == left
            assert [(n, v) for n, v in got.items() if n.startswith("X-")] \
                == some + [("X-Last", "yes")]


def test_cookies_of_many_requests(start, keys, backend):
    """What stands behind a cookie is the next header, or the next request."""
    nginx = start("client_header_buffer_size 512; "
                  "large_client_header_buffers 4 2k;")
    ours = "paylock_pass=" + forge(keys, purpose="cookie")
    text, seen = "", []
    for i in range(30):
        pad = "p" * (i * 37 % 900)
        text += (f"GET /{i} HTTP/1.1\r\nHost: acme.example\r\n"
                 f"Cookie: a={pad}; {ours}; b={i}\r\nX-Pad: {pad}\r\n"
                 f"Cookie: {ours}\r\nX-Last: {i}\r\n\r\n"
                 "GET / HTTP/1.1\r\nHost: acme.example\r\n\r\n")
        seen.append((f"/{i}", [f"a={pad}; b={i}"], pad, str(i)))
    got = nginx.raw(text.encode() + b"GET / HTTP/1.0\r\n\r\n")
    assert got.count(b"HTTP/1.1 200 ") == 30
    assert got.count(b"HTTP/1.1 503 ") == 31
    assert seen == [
        (r.path, r.headers.get_all("Cookie"), r.headers["X-Pad"] or "",
         r.headers["X-Last"]) for r in backend.requests]


# a sibling domain can toss cookies of our name, and as many as it likes

TOSSED = 60


def tossed(keys, n=TOSSED):
    """What no sibling can make good, each another one."""
    made = [
        lambda i: f"{i:086d}", lambda i: "", lambda i: f"%{i}",
        lambda i: forge(keys, purpose="link", issued=i),
        lambda i: forge(keys, purpose="cookie", host=f"h{i}.example"),
        lambda i: forge(keys, purpose="cookie", issued=i, expires=i + 1),
        lambda i: forge(keys, purpose="cookie", version=2, issued=i),
    ]
    return [made[i % len(made)](i) for i in range(n)]


@pytest.mark.parametrize("where", ["last", "first", "middle"])
@pytest.mark.parametrize("name", ["paylock_pass", "__Host-paylock_pass"])
def test_tossed_cookies(name, where, start, keys, backend, tls):
    """However many come with it, the good one is found, on both ports."""
    nginx = start("listen unix:@DIR@/tls.sock ssl;"
                  f" ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};"
                  " large_client_header_buffers 8 32k;")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    good = f"{name}=" + forge(keys, purpose="cookie")

    def answers(cookies):
        """In one header, in one each, by https and by HTTP/2."""
        for lines in [cookies], [[c] for c in cookies]:
            text = "".join(f"Cookie: {'; '.join(c)}\r\n" for c in lines)
            data = ("GET / HTTP/1.1\r\nHost: acme.example\r\n"
                    f"{text}Connection: close\r\n\r\n").encode()
            yield nginx.raw(data)
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(nginx.dir / "tls.sock"))
                with context.wrap_socket(s) as secure:
                    secure.sendall(data)
                    yield secure.makefile("rb").read()
        yield ask(nginx, by=http2, cookie="; ".join(cookies))

    # browsers take no "__Host-" cookie from a sibling
    bad = [f"paylock_pass={value}" for value in tossed(keys)]
    assert all(closed(reply) for reply in answers(bad))
    assert not backend.requests
    at = {"last": len(bad), "first": 0, "middle": len(bad) // 2}[where]
    for reply in answers(bad[:at] + [good] + bad[at:]):
        assert site(reply)
    for request in backend.requests:
        # nor does the backend see any
        assert "paylock_pass" not in str(request.headers)


def test_cookie_crumbs(start, keys, backend):
    """HTTP/2 may send each cookie in a header of its own."""
    nginx = start()
    ours = "paylock_pass=" + forge(keys, purpose="cookie")
    with H2(str(nginx.dir / "h2.sock")) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, [
            (":method", "GET"), (":scheme", "http"), (":path", "/"),
            (":authority", "acme.example"), ("cookie", "a=1"),
            ("cookie", ours), ("cookie", "b=2")], end_stream=True)
        client.flush()
        assert site(client.reply(stream))
    assert backend.requests[0].headers["Cookie"] == "a=1; b=2"


def test_nobody_behind_sees_it(start, keys, backend):
    """Variables, subrequests, X-Accel-Redirect, where paylock is off, and
    when the site is open."""
    nginx = start("""
        location /vars {
            return 200 "SITE $http_cookie|$cookie_paylock_pass|$cookie_a";
        }
        location /off { paylock off; proxy_pass http://127.0.0.1:@BACKEND@; }
        location /accel { proxy_pass http://127.0.0.1:@BACKEND@; }
        location /files/ {
            internal; add_header X-Seen "$http_cookie";
            alias @SITE@/;
        }
        location /ssi { ssi on; alias @SITE@/ssi.html;
                        default_type text/html; }
        location /auth { auth_request /check;
                         proxy_pass http://127.0.0.1:@BACKEND@; }
        location /robots.txt { proxy_pass http://127.0.0.1:@BACKEND@; }
    """.replace("SITE $", SITE + " $"))
    for expires in None, 1:
        ours = forge(keys, purpose="cookie", expires=expires)
        cookie = f"paylock_pass={ours}; a=1"
        for path in "/off", "/robots.txt":
            assert site(ask(nginx, path, cookie=cookie))
        if expires:
            continue
        assert ask(nginx, "/vars", cookie=cookie).text == SITE + " a=1||1"
        for path in "/ssi", "/auth", "/accel":
            reply = ask(nginx, path, cookie=cookie)
            assert SITE in reply.text
        assert reply.headers["X-Seen"] == "a=1"
    assert len(backend.requests) >= 7
    assert {r.headers["Cookie"] for r in backend.requests} == {"a=1"}


def test_fastcgi_cookie(gate, keys, private):
    """HTTP_COOKIE is without ours."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(private / "fcgi.sock"))
        (private / "fcgi.sock").chmod(0o777)
        server.listen()
        server.settimeout(10)
        nginx = gate.start(f"""
            server {{ server_name acme.example; paylock on;
                paylock_pass_key {keys};
                location / {{ fastcgi_pass unix:{private}/fcgi.sock; }} }}
        """)
        gate.lock("acme.example")
        cookie = "paylock_pass=" + forge(keys, purpose="cookie")
        with nginx.connect() as client:
            client.sendall(f"GET / HTTP/1.0\r\nHost: acme.example\r\n"
                           f"Cookie: x=y; {cookie}\r\nX-Last: yes\r\n\r\n"
                           .encode())
            peer, _ = server.accept()
            with peer:
                peer.settimeout(10)
                got = b""
                while b"HTTP_X_LAST" not in got:
                    got += peer.recv(65536)
    assert b"HTTP_COOKIEx=y" in got and b"paylock_pass" not in got


# what is told

def test_state(start, keys):
    nginx = start("""
        access_log @DIR@/seen.log seen;
        paylock_bypass $arg_staff;
        location /dry { paylock_dry_run on; return 200 SITE; }
    """.replace("SITE", SITE), "log_format seen '$paylock_state';", workers=1)
    cookie = "paylock_pass=" + forge(keys, purpose="cookie")
    for path in "/", "/?staff=1", "/robots.txt", "/dry":
        assert site(ask(nginx, path, cookie=cookie))
    ask(nginx, "/dry")
    ask(nginx)
    log = nginx.dir / "seen.log"
    servers.wait_for("the log", lambda: len(log.read_text().split()) >= 6)
    assert log.read_text().split() == ["pass", "bypass", "exempt", "pass",
                                       "dry_run", "locked"]


def test_logs(start, keys, gate):
    """No token in the access log, the error log, the next Referer."""
    nginx = start("access_log @DIR@/seen.log seen; access_log @DIR@/all.log;"
                  "location /gone { root /nowhere; }",
                  "log_format seen '$paylock_request';", workers=1,
                  log_level="info")
    good, other = forge(keys), forge(keys, host="other.example")
    ask(nginx, f"/gone?a=1&paylock_pass={good}&b=2")
    ask(nginx, f"/gone?paylock_pass={other}")
    ask(nginx, f"/gone?paylock_pass={good}", method="POST", body=b"x")
    ask(nginx, "/gone?a=1")
    gate.unlock("acme.example")
    ask(nginx, f"/gone?paylock_pass={other}")
    ask(nginx, "/last")
    log = nginx.dir / "seen.log"
    servers.wait_for("the log", lambda: "/last" in log.read_text())
    assert log.read_text().splitlines() == [
        "GET /gone?a=1&paylock_pass=***&b=2 HTTP/1.1",
        "GET /gone?paylock_pass=*** HTTP/1.1",
        "POST /gone?paylock_pass=*** HTTP/1.1", "GET /gone?a=1 HTTP/1.1",
        "GET /gone?paylock_pass=*** HTTP/1.1", "GET /last HTTP/1.1"]
    logged = (nginx.dir / "all.log").read_text() + nginx.error_log()
    assert "paylock_pass=***" in logged
    assert good not in logged and other not in logged


def test_a_link_that_is_not_good_has_no_referer(start, keys):
    """It may be good for another name."""
    nginx = start("error_page 405 = @other; location @other { return 200; }")
    link = f"/?a=1&paylock_pass={forge(keys, host='www.acme.example')}"
    for method in "GET", "POST":
        reply = ask(nginx, link, method=method)
        assert closed(reply)
        assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert ask(nginx, "/?a=1").headers["Referrer-Policy"] is None


CACHE = [
    (None, "private"), ("public", "private"), ("no-store", "private, no-store"),
    ("public, max-age=60, s-maxage=600", "private, max-age=60"),
    ("Public,max-age=60", "private, max-age=60"),
    ('private="x, y", no-cache="Set-Cookie, z"',
     'private, no-cache="Set-Cookie, z"'),
    ("private", "private"), ("max-age=60 , ,", "private, max-age=60"),
]


def test_private(start, keys, backend):
    nginx = start("proxy_pass_header X-Accel-Expires;")
    cookie = "paylock_pass=" + forge(keys, purpose="cookie")
    for n, (given, got) in enumerate(CACHE):
        backend.answer(f"/{n}", headers={"Cache-Control": given}
                       if given else {}, body=SITE)
        reply = ask(nginx, f"/{n}", cookie=cookie)
        assert reply.headers.get_all("Cache-Control") == [got]
    others = ("CDN-Cache-Control", "Some-CDN-Cache-Control",
              "surrogate-control", "Edge-Control", "X-Accel-Expires")
    backend.answer("/cdn", headers={
        **{name: "max-age=9" for name in others}, "X-Other-Control": "9"},
        body=SITE)
    reply = ask(nginx, "/cdn", cookie=cookie)
    assert reply.headers["X-Other-Control"] == "9"
    assert not {name.lower() for name in reply.headers} & {
        name.lower() for name in others}


def test_private_whatever_is_added(start, keys):
    nginx = start("""
        location /expires { expires 30d; return 200 SITE; }
        location /added { add_header Cache-Control "max-age=9";
                          return 200 SITE; }
        location /file { alias @SITE@/file.txt; }
    """.replace("200 SITE", "200 " + SITE))
    cookie = "paylock_pass=" + forge(keys, purpose="cookie")
    for path in "/expires", "/added", "/file":
        reply = ask(nginx, path, cookie=cookie)
        assert site(reply)
        assert reply.headers.get_all("Cache-Control")[0] == "private"
    # not modified is an answer, too
    since = {"If-Modified-Since": reply.headers["Last-Modified"]}
    reply = ask(nginx, "/file", cookie=cookie, headers=since)
    assert reply.status == 304
    assert reply.headers["Cache-Control"] == "private"


def test_nginx_own_cache(start, keys):
    """What was fetched under a pass is for nobody else while it is locked."""
    nginx = start("location /c { proxy_cache one; proxy_cache_valid 1h; "
                  "add_header X-Cache $upstream_cache_status; "
                  "proxy_pass http://127.0.0.1:@BACKEND@; }",
                  "proxy_cache_path @DIR@/tmp/cache keys_zone=one:1m;")
    cookie = "paylock_pass=" + forge(keys, purpose="cookie")

    def cached():
        reply = ask(nginx, "/c", cookie=cookie)
        assert site(reply) and reply.headers["Cache-Control"] == "private"
        return reply.headers["X-Cache"] == "HIT"

    # nginx stores it when the client has it
    assert not cached()
    servers.wait_for("the cache", cached)
    assert closed(ask(nginx, "/c"))
