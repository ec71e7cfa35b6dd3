# Copyright (C) 2026 paylock contributors
#
# Passes: a client reviews a locked site by a link, which becomes a cookie.

import base64
import calendar
import hmac
import http.client
import itertools
import json
import re
import socket
import ssl
import struct
import time
from urllib.parse import urljoin, urlsplit

import pytest

import servers
from browser import Chromium
from fake_redis import NOWHERE, FakeRedis
from gate import SITE, H2, closed, http2, site

SERVER = """
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name acme.example other.example *.below.example;
        paylock on;
        paylock_pass_key @KEY@;
        %s
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
    }
"""


@pytest.fixture
def keys(admin):
    path = admin.home / "pass.keys"
    admin("keygen", "--pass", path)
    return path


@pytest.fixture
def start(gate, keys):
    """start(directives, http): nginx with passes, acme.example locked."""
    def run(directives="", http="", **kw):
        nginx = gate.start(http.replace("@KEY@", str(keys))
                           + (SERVER % directives).replace("@KEY@", str(keys)),
                           **kw)
        gate.lock("acme.example")
        return nginx
    return run


@pytest.fixture
def issue(admin, keys):
    """issue(host, option, ...) -> the target of the link"""
    def run(host="acme.example", *options, ttl="7d"):
        url = admin("pass", "issue", host, "--ttl", ttl, "--key", keys,
                    *options).stdout
        parts = urlsplit(url.strip())
        assert parts.scheme == "https" and parts.netloc == host
        return f"{parts.path}?{parts.query}"
    return run


def ask(nginx, path="/", host="acme.example", by=None, cookie=None, **kw):
    headers = dict(kw.pop("headers", {}))
    if cookie:
        headers["Cookie"] = cookie
    return (by or type(nginx).get)(nginx, path, host=host, headers=headers,
                                   **kw)


def exchanged(reply):
    """The Location and the cookie, name=value, of an exchange."""
    assert reply.status == 303, reply
    assert reply.body == b""
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["Cache-Control"] == "no-store"
    cookie, *attributes = reply.headers["Set-Cookie"].split("; ")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes)
    assert "Domain" not in reply.headers["Set-Cookie"]
    return reply.headers["Location"], cookie


def follow(nginx, link, host="acme.example", **kw):
    """The cookie that a link is exchanged for."""
    location, cookie = exchanged(ask(nginx, link, host, **kw))
    assert "paylock_pass" not in location
    return cookie


def token(text):
    return re.search(r"paylock_pass=([\w-]+)", text)[1]


# the way of a client

@pytest.mark.parametrize("by", [None, http2])
def test_link_cookie_site(start, issue, backend, by):
    nginx = start()
    link = issue()
    assert closed(ask(nginx, by=by))
    location, cookie = exchanged(ask(nginx, link, by=by))
    assert location == "/" and cookie.startswith("paylock_pass=")
    assert token(cookie) != token(link)
    assert not backend.requests

    reply = ask(nginx, location, cookie=cookie, by=by)
    assert site(reply) and reply.headers["Cache-Control"] == "private"
    reply = ask(nginx, "/form", cookie=cookie, method="POST", body=b"a=1",
                by=by)
    assert site(reply)
    assert [r.method for r in backend.requests] == ["GET", "POST"]
    assert backend.requests[1].body == b"a=1"
    assert all("cookie" not in {n.lower() for n in r.headers}
               for r in backend.requests)
    assert closed(ask(nginx, by=by))


def test_head_is_exchanged_and_post_is_not(start, issue, backend):
    nginx = start()
    link = issue()
    for method in "POST", "PUT", "DELETE", "OPTIONS":
        assert closed(ask(nginx, link, method=method, body=b"x"))
    assert site(ask(nginx, cookie=follow(nginx, link, method="HEAD")))


def test_https(start, issue, tls):
    cert, key = tls
    nginx = start(f"listen unix:@DIR@/tls.sock ssl http2; "
                  f"ssl_certificate {cert}; ssl_certificate_key {key};")
    address = str(nginx.dir / "tls.sock")
    context = ssl.create_default_context(cafile=cert)
    context.check_hostname = False
    link = issue()

    def over(path, cookie=None):
        conn = http.client.HTTPConnection("acme.example")
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(10)
            plain.connect(address)
            with context.wrap_socket(plain) as conn.sock:
                conn.request("GET", path,
                             headers={"Cookie": cookie} if cookie else {})
                reply = conn.getresponse()
                return servers.Response(reply.status, "", reply.msg,
                                        reply.read())

    def over_h2(path, cookie=None):
        h2_context = ssl.create_default_context(cafile=cert)
        h2_context.set_alpn_protocols(["h2"])
        with H2(address, h2_context, "acme.example") as client:
            return client.get(path, headers={"cookie": cookie} if cookie
                              else {})

    for get in over, over_h2:
        reply = get(link)
        location, cookie = exchanged(reply)
        assert location == "/" and cookie.startswith("__Host-paylock_pass=")
        assert reply.headers["Set-Cookie"].endswith("; Secure")
        assert site(get("/", cookie))
        assert closed(get("/"))


# what is no pass; the format written once more

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(keys, host="acme.example", purpose="link", issued=None,
          expires=None, kid=None, version=1):
    """A token, made as docs/passes.md has it."""
    line = keys.read_text().split()[0]
    name, secret = line.split(":")
    kid = kid or name
    now = int(time.time())
    head = bytes([version]) + struct.pack(
        ">II", now if issued is None else issued,
        now + 3600 if expires is None else expires)
    sub = hmac.digest(base64.b64decode(secret),
                      f"paylock pass {purpose} 1".encode(), "sha256")
    mac = hmac.digest(sub, head + bytes([len(kid)]) + kid.encode()
                      + host.encode(), "sha256")
    return b64(head + mac + kid.encode())


def shown(nginx, value, **kw):
    """Both ways to show a token: the answers."""
    return (ask(nginx, f"/?paylock_pass={value}", **kw),
            ask(nginx, cookie=f"paylock_pass={value}", **kw),
            ask(nginx, cookie=f"__Host-paylock_pass={value}", **kw))


def test_the_format(start, issue, keys):
    """Who has the key can make what nginx takes, by the page alone."""
    nginx = start()
    now = int(time.time())
    mine = forge(keys, issued=now, expires=now + 60)
    assert follow(nginx, f"/?paylock_pass={mine}") \
        == "paylock_pass=" + forge(keys, purpose="cookie", issued=now,
                                   expires=now + 60)
    theirs = base64.urlsafe_b64decode(token(issue()) + "==")
    issued, expires = struct.unpack(">II", theirs[1:9])
    assert token(issue()) != "" and expires - issued == 7 * 86400
    assert forge(keys, issued=issued, expires=expires) == b64(theirs)


def test_bad_tokens(start, keys, backend):
    nginx = start()
    good = forge(keys)
    raw = base64.urlsafe_b64decode(good + "==")
    bad = {
        "other host": forge(keys, host="other.example"),
        "www": forge(keys, host="www.acme.example"),
        "upper case": forge(keys, host="ACME.example"),
        "expired": forge(keys, expires=int(time.time())),
        "long ago": forge(keys, issued=1, expires=2),
        "other kid": forge(keys, kid="k2"),
        "other version": forge(keys, version=2),
        "truncated": good[:-1], "half": good[:30], "empty": "",
        "longer": good + "A", "filled up": good + "=",
        "over-long": good * 100, "two": good + "," + good,
        "not base64": good[:-1] + "!", "encoded": "%" + f"{ord(good[0]):x}"
        + good[1:], "nothing": "A" * 76,
        "other alphabet": base64.b64encode(raw).decode() + "/+",
    }
    # each bit of it counts
    for i in range(len(raw)):
        changed = bytearray(raw)
        changed[i] ^= 1 << i % 8
        bad[f"byte {i}"] = b64(bytes(changed))
    for what, value in bad.items():
        for reply in shown(nginx, value):
            assert closed(reply), what
    assert not backend.requests
    # and the same is good where nothing is changed
    assert site(ask(nginx, cookie=follow(nginx, f"/?paylock_pass={good}")))


def test_purposes(start, issue, keys):
    """A link is no cookie, a cookie no link."""
    nginx = start()
    link = issue()
    cookie = follow(nginx, link)
    assert closed(ask(nginx, cookie=f"paylock_pass={token(link)}"))
    assert closed(ask(nginx, f"/?paylock_pass={token(cookie)}"))
    assert site(ask(nginx, cookie=cookie))


def test_other_host(start, issue, gate):
    nginx = start()
    gate.lock("other.example")
    gate.admin("lock", ".below.example", "--yes")
    nginx.wait_state("below.example", "locked")
    link = issue()
    cookie = follow(nginx, link)
    for host in "other.example", "a.below.example", "nobody.example":
        assert closed(ask(nginx, link, host))
        assert closed(ask(nginx, host=host, cookie=cookie))

    # a suffix may be locked, a pass is for one name
    link = issue("a.below.example")
    cookie = follow(nginx, link, "a.below.example")
    assert site(ask(nginx, host="a.below.example", cookie=cookie))
    assert closed(ask(nginx, host="b.below.example", cookie=cookie))
    assert closed(ask(nginx, link, "b.below.example"))


def test_two_hosts(start, issue, backend):
    """A pass for the one opens nothing that the other one closes."""
    nginx = start()
    other = follow(nginx, issue("other.example"), "other.example")
    for first, second in (("other.example", "acme.example"),
                          ("acme.example", "other.example")):
        reply = nginx.raw(f"GET http://{first}/ HTTP/1.1\r\nHost: {second}\r\n"
                          f"Cookie: {other}\r\nConnection: close\r\n\r\n"
                          .encode())
        assert closed(reply), (first, second)
    assert not backend.requests


# revocation

def test_revoked_at_once(start, issue, gate, admin):
    """In the second of its issue as well, link and cookie."""
    nginx = start()
    for _ in range(3):
        link, second = issue(), issue(ttl="1d")
        cookie = follow(nginx, link)
        assert site(ask(nginx, cookie=cookie))
        admin("pass", "revoke", "acme.example")
        servers.wait_for("the revocation",
                         lambda: ask(nginx, cookie=cookie).status == 503)
        assert closed(ask(nginx, link)) and closed(ask(nginx, second))
        # the next one is good at once
        assert site(ask(nginx, cookie=follow(nginx, issue())))


def test_revoked_where_another_record_holds(start, issue, gate, admin):
    nginx = start()
    admin("lock", ".below.example", "--yes")
    host, beside = "a.below.example", "b.below.example"
    nginx.wait_state(host, "locked")
    for revoked, judge in (host, site), (".below.example", closed):
        link = issue(host)
        cookie = follow(nginx, link, host)
        other = follow(nginx, issue(beside), beside)
        assert site(ask(nginx, host=host, cookie=cookie))
        admin("pass", "revoke", revoked, "--yes")
        servers.wait_for("the revocation", lambda: ask(
            nginx, host=host, cookie=cookie).status == 503)
        assert closed(ask(nginx, link, host))
        assert judge(ask(nginx, host=beside, cookie=other))


def test_by_default_locked(gate, keys, issue, admin):
    """Without any record."""
    nginx = gate.start((SERVER % "paylock_default locked;").replace(
        "@KEY@", str(keys)))
    link = issue()
    cookie = follow(nginx, link)
    assert site(ask(nginx, cookie=cookie))
    admin("pass", "revoke", "acme.example")
    servers.wait_for("the revocation",
                     lambda: ask(nginx, cookie=cookie).status == 503)
    assert closed(ask(nginx, link))
    assert site(ask(nginx, cookie=follow(nginx, issue())))


@pytest.mark.parametrize("end, lock", [
    ("unlock", "lock"), ("reset", "lock"), ("unlock", "import")])
def test_replayed(start, issue, admin, end, lock):
    """After unlock, or reset, and lock, be it in the same second."""
    nginx = start()
    link = issue()
    cookie = follow(nginx, link)
    admin(end, "acme.example")
    nginx.wait_state("acme.example", "open")
    if lock == "import":
        admin("import", "-", input='{"host":"acme.example","lock_at":1}')
    else:
        admin("lock", "acme.example")
    nginx.wait_state("acme.example", "locked")
    assert closed(ask(nginx, link)) and closed(ask(nginx, cookie=cookie))
    assert site(ask(nginx, cookie=follow(nginx, issue())))


def test_pass_after(admin, redis, gate):
    """What each command makes of it."""
    def record():
        return json.loads(redis.client().hget("{paylock}:locks",
                                              "acme.example") or "{}")

    before = int(time.time())
    admin("lock", "acme.example", "--reason", "x")
    first = record()["pass_after"]
    assert before <= first <= time.time()
    # locked already: it stays
    admin("lock", "acme.example", "--reason", "y")
    assert record()["pass_after"] == first
    # a revocation is later than all that was issued
    before = int(time.time())
    admin("pass", "revoke", "acme.example")
    revoked = record()["pass_after"]
    assert before + 1 <= revoked <= time.time() + 1
    assert record()["reason"] == "y" and "lock_at" in record()
    for command in "unlock", "reset":
        admin(command, "acme.example")
        assert record()["pass_after"] == revoked
    assert set(record()) == {"at", "pass_after", "actor"}
    # a later one is not taken back
    later = int(time.time()) + 1000
    redis.client().hset("{paylock}:locks", "acme.example", json.dumps(
        {"at": 1, "open_at": 1, "pass_after": later}))
    admin("lock", "acme.example")
    assert record()["pass_after"] == later
    # a line of a file that locks does the same, no other
    def put(line):
        admin("import", "-", input=json.dumps({"host": "acme.example",
                                               **line}))
        return record().get("pass_after")

    redis.client().delete("{paylock}:locks")
    for line in {"open_at": 1}, {"notice_at": 1}, {"lock_at": 1, "open_at": 2}:
        assert put(line) is None
    before = int(time.time())
    first = put({"lock_at": 1})
    assert before <= first <= time.time() + 1
    assert put({"lock_at": 1, "reason": "y"}) == first
    assert put({"open_at": 1}) == first
    redis.client().hset("{paylock}:locks", "acme.example", json.dumps(
        {"at": 1, "open_at": 1, "pass_after": 1}))
    assert put({"lock_at": 4102444800}) >= before
    # the same plan again is the same
    admin("reset", "acme.example")
    plan = "lock", "acme.example", "--at", "2099-01-01T00:00:00Z"
    assert admin.json(*plan)["changed"] and not admin.json(*plan)["changed"]


# the exchange

LOCATIONS = [
    ("/?@", "/"),
    ("/?a=1&@", "/?a=1"),
    ("/?@&a=1", "/?a=1"),
    ("/?a=1&@&b=2&a=3", "/?a=1&b=2&a=3"),
    ("/?&a&&@&&b=%26", "/?&a&&&b=%26"),
    ("/?@&@", "/"),
    ("/?xpaylock_pass=1&@", "/?xpaylock_pass=1"),
    ("/a%20b/%C3%A9?@", "/a%20b/%C3%A9"),
    ("/a?b?&@&c=/?d", "/a?b?&c=/?d"),
    ("/a?b?@", None),
    ("//evil.example/?@", "/.//evil.example/"),
    ("///evil.example?@", "/.///evil.example"),
    ("/\\evil.example/?@", "/%5Cevil.example/"),
    ("/\\/evil.example/?@", "/%5C/evil.example/"),
    ("/%09/evil.example/?@", "/%09/evil.example/"),
    ("/%0d%0aSet-Cookie:x/?@", "/%0d%0aSet-Cookie:x/"),
    ("/%2f/evil.example/?@", "/%2f/evil.example/"),
    ("/.//evil.example?@", "/.//evil.example"),
    ("/javascript:alert(1)?@", "/javascript:alert(1)"),
    ("http://acme.example//evil.example/?@", "/.//evil.example/"),
    ("http://acme.example/?@", "/"),
    ("http://acme.example?@", "/"),
    ("/?u=//evil.example&@", "/?u=//evil.example"),
    ("/\xc3\xa9?@", "/%C3%A9"),
    ('/"<>?@', "/%22%3C%3E"),
]


def test_location(start, keys):
    """The same address without the token, of the same site for whoever
    reads it."""
    nginx = start()
    for path, location in LOCATIONS:
        target = path.replace("@", "paylock_pass=" + forge(keys))
        reply = nginx.raw(f"GET {target} ".encode("latin-1")
                          + b"HTTP/1.1\r\nHost: acme.example\r\n"
                          b"Connection: close\r\n\r\n").decode()
        found = re.search(r"(?m)^Location: (.*)\r$", reply)
        if location is None:
            assert found is None, path
            continue
        assert reply.startswith("HTTP/1.1 303 "), path
        assert found[1] == location
        # as a browser reads it: backslashes are slashes, tabs are nothing
        url = re.sub(r"[\t\r\n]", "", found[1]).replace("\\", "/")
        assert urlsplit(urljoin("https://acme.example/x", url)).netloc \
            == "acme.example"


def test_control_characters(start, keys, backend):
    nginx = start()
    for evil in b"\t/evil.example", b"/\t/evil.example", b"/\x01", b"/\r/x", \
            b"/..//evil.example":
        reply = nginx.raw(b"GET " + evil + b"?paylock_pass="
                          + forge(keys).encode() + b" HTTP/1.1\r\n"
                          b"Host: acme.example\r\nConnection: close\r\n\r\n")
        assert b"\nLocation:" not in reply, reply
    assert not backend.requests


def test_max_age(start, keys):
    nginx = start()
    for left in 100, 3600:
        reply = ask(nginx, "/?paylock_pass="
                    + forge(keys, expires=int(time.time()) + left))
        age = int(re.search(r"Max-Age=(\d+)", reply.headers["Set-Cookie"])[1])
        assert left - 60 < age <= left


def test_it_ends(start, keys):
    nginx = start()
    end = int(time.time()) + 5
    cookie = follow(nginx, f"/?paylock_pass={forge(keys, expires=end)}")
    servers.wait_for("the end", lambda: ask(nginx, cookie=cookie).status
                     == 503)
    assert time.time() >= end - 0.1


def test_a_link_among_others(start, keys):
    """The good one counts; of very many none is looked for."""
    nginx = start()
    bad, good = "paylock_pass=x", f"paylock_pass={forge(keys)}"
    follow(nginx, "/?" + "&".join([bad, good, bad]))
    assert closed(ask(nginx, "/?" + "&".join([bad] * 50 + [good])))
    cookie = "paylock_pass=" + forge(keys, purpose="cookie")
    assert site(ask(nginx, cookie=f"paylock_pass=x; {cookie}"))


# cookies of others

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


# what is open

def test_an_open_host(start, issue, backend, gate):
    """A link that is followed later leads to the site all the same; the
    cookie does not go with it, and what is no pass is the site's own."""
    nginx = start()
    link = issue()
    cookie = follow(nginx, link)
    gate.unlock("acme.example")
    backend.requests.clear()
    location, _ = exchanged(ask(nginx, link))
    assert location == "/" and not backend.requests
    reply = ask(nginx, cookie=cookie + "; a=1")
    assert site(reply) and reply.headers["Cache-Control"] is None
    assert site(ask(nginx, "/?paylock_pass=theirs"))
    assert [r.path for r in backend.requests] == ["/", "/?paylock_pass=theirs"]
    assert backend.requests[0].headers["Cookie"] == "a=1"


def test_readonly(start, issue, gate, admin):
    nginx = start()
    admin("unlock", "acme.example")
    admin("lock", "acme.example", "--readonly", "now")
    nginx.wait_state("acme.example", "readonly")
    post = {"method": "POST", "body": b"x"}
    assert closed(ask(nginx, **post))
    cookie = follow(nginx, issue())
    assert site(ask(nginx, cookie=cookie, **post))
    assert closed(ask(nginx, **post))


# what is told

def test_state(start, keys, gate):
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


def test_nginx_own_cache(start, keys, gate, backend):
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


# what is configured

KEY = base64.b64encode(bytes(32)).decode()


def test_key_files_refused(private):
    nginx = servers.Nginx(private / "nginx", control=False)
    path = private / "keys"

    def config(text, mode=0o600):
        path.write_text(text)
        path.chmod(mode)
        return nginx.test(f"paylock_pass_key {path};"
                          "server { paylock on; server_name a.example; }")

    good = config(f"k1:{KEY}\n")
    assert good.returncode == 0 and "warn" not in good.stderr
    wide = config(f"k1:{KEY}\n", 0o644)
    assert wide.returncode == 0 and "others can read" in wide.stderr
    for text, why in (("", "line 1 is missing"), ("k1\n", "line 1 has not"),
                      (f"k1:{KEY}\nk1:{KEY}\n", "line 2 has the kid"),
                      (f"k1:{KEY[:-4]}\n", "too short"),
                      (f"k1:{KEY}\n# old\n", "line 2 has not"),
                      ("x" * 5000, "larger than 4096")):
        done = config(text)
        assert done.returncode == 1, text
        assert why in done.stderr and str(path) in done.stderr
        assert KEY[:8] not in done.stderr
    path.unlink()
    assert "keygen --pass" in nginx.test(f"paylock_pass_key {path};").stderr
    path.mkdir()
    assert "not a file" in nginx.test(f"paylock_pass_key {path};").stderr
    twice = nginx.test(f"paylock_pass_key {path}; paylock_pass_key {path};")
    assert twice.returncode == 1


def test_rotation(start, issue, admin, keys):
    """What the old key made is good until it is taken away."""
    nginx = start()
    old, cookie = issue(), follow(nginx, issue())
    admin("keygen", "--pass", keys)
    new = issue()
    assert closed(ask(nginx, new))
    nginx.reload()
    nginx.wait_state("acme.example", "locked")
    for link in old, new:
        assert site(ask(nginx, cookie=follow(nginx, link)))
    assert site(ask(nginx, cookie=cookie))
    from_old = follow(nginx, old)
    keys.write_text(keys.read_text().splitlines()[0] + "\n")
    nginx.reload()
    nginx.wait_state("acme.example", "locked")
    assert closed(ask(nginx, old))
    assert closed(ask(nginx, cookie=cookie))
    assert closed(ask(nginx, cookie=from_old))
    assert site(ask(nginx, cookie=follow(nginx, new)))


def test_keys_of_a_server(gate, keys, admin, issue):
    """Each block has its own, or that of the http block, or none."""
    other = admin.home / "other.keys"
    admin("keygen", "--pass", other)
    nginx = gate.start(f"""
        paylock_pass_key {keys};
        server {{ server_name acme.example; paylock on;
                 return 200 {SITE}; }}
        server {{ server_name other.example; paylock on;
                 paylock_pass_key {other}; return 200 {SITE}; }}
    """)
    gate.lock("acme.example", "other.example")
    assert site(ask(nginx, cookie=follow(nginx, issue())))
    assert closed(ask(nginx, issue("other.example"), "other.example"))
    url = admin("pass", "issue", "other.example", "--ttl", "1d", "--key",
                other).stdout
    follow(nginx, f"/?paylock_pass={token(url)}", "other.example")


def test_without_keys(gate, keys, issue):
    nginx = gate.start("server { server_name acme.example; paylock on;"
                       f"return 200 {SITE}; }}")
    gate.lock("acme.example")
    assert closed(ask(nginx, issue()))
    assert closed(ask(nginx, cookie="paylock_pass="
                      + forge(keys, purpose="cookie")))


def test_paylock_key(gate, keys, issue, admin):
    """A pass is for the name in the address; the record of the key counts
    for when it ends, even if the key is set late."""
    nginx = gate.start(f"""
        map $arg_t $tenant {{ default tenant.example; }}
        server {{
            server_name acme.example; paylock on;
            paylock_pass_key {keys};
            set $late $tenant;
            paylock_key $late;
            location / {{ proxy_pass http://127.0.0.1:@BACKEND@; }}
            location /off {{ paylock off; return 200 off; }}
        }}
    """)
    admin("lock", "tenant.example")
    servers.wait_for("the lock", lambda: ask(nginx).status == 503)
    link = issue()
    cookie = follow(nginx, link)
    assert site(ask(nginx, cookie=cookie))
    admin("pass", "revoke", "tenant.example")
    servers.wait_for("the revocation",
                     lambda: ask(nginx, cookie=cookie).status == 503)


# what is typed

def refused(admin, status, *args):
    done = admin("--json", *args, check=False)
    assert done.returncode == status, done
    assert done.stdout == ""
    return json.loads(done.stderr.splitlines()[-1])["error"]


def test_keygen(admin, private):
    path = private / "pass.keys"
    would = admin("--dry-run", "keygen", "--pass", path).stdout
    assert "would be made" in would and not path.exists()
    assert admin.json("keygen", "--pass", path) == {
        "file": str(path), "kid": "k1", "kept": 0, "dropped": 0}
    assert path.stat().st_mode & 0o777 == 0o600
    kid, _, secret = path.read_text().rstrip("\n").partition(":")
    assert kid == "k1" and len(base64.b64decode(secret)) == 32

    for n in range(2, 19):
        before = path.read_text().splitlines()
        out = admin.json("keygen", "--pass", path)
        assert out["kid"] == f"k{n}" and out["dropped"] == (n > 16)
        lines = path.read_text().splitlines()
        assert lines[1:] == before[:15] and lines[0] not in before
    assert sorted(p.name for p in private.glob("pass.keys*")) == ["pass.keys"]

    # whose it is, and what a link leads to, stays so
    path.chmod(0o640)
    (private / "link").symlink_to(path)
    admin("keygen", "--pass", private / "link")
    assert path.stat().st_mode & 0o777 == 0o640
    assert (private / "link").is_symlink()
    assert path.read_text().startswith("k19:")


def test_keygen_refused(admin, private):
    path = private / "pass.keys"
    admin("keygen", "--pass", path)
    text = path.read_text()
    path.chmod(0o604)
    assert "chmod 600" in refused(admin, 1, "keygen", "--pass", path)["mend"]
    path.chmod(0o600)
    other = private / "pass.keys.new"
    other.write_text("")
    assert str(other) in refused(admin, 1, "keygen", "--pass",
                                 path)["message"]
    other.unlink()
    assert path.read_text() == text
    path.write_text("k1:short\n")
    assert "line 1" in refused(admin, 1, "keygen", "--pass", path)["message"]
    assert path.read_text() == "k1:short\n"
    refused(admin, 1, "keygen", "--pass", private / "no/such")
    refused(admin, 1, "keygen", "--pass", private)
    refused(admin, 2, "keygen", "--pass", private / "new", private / "two")
    refused(admin, 2, "keygen", "--pass", private / "new", "--passphrase")


def test_issue(gate, admin, keys, redis):
    """The link for people, its parts for programs, and the entry first."""
    admin("lock", "acme.example")
    before = int(time.time())
    out = admin.json("pass", "issue", "ACME.example.", "--ttl", "36h", "--key",
                     keys, "--path", "/a?b=1", "--reason", "for Ann")
    assert re.fullmatch(
        r"https://acme\.example/a\?b=1&paylock_pass=[\w-]{58}", out["url"])
    issued, expires = struct.unpack(
        ">II", base64.urlsafe_b64decode(
            token(out["url"]) + "==")[1:9])
    assert before <= issued <= time.time() and expires - issued == 36 * 3600

    entry = admin.json("audit", "log")[-1]
    assert entry["seq"] == out["seq"] == 3
    assert entry["action"] == "pass-issue" and entry["host"] == "acme.example"
    assert entry["reason"] == "for Ann"
    assert entry["reference"] == f"k1 {out['issued']} {out['expires']}"
    assert entry["before"] == entry["after"] == redis.client().hget(
        "{paylock}:locks", "acme.example")
    stream = json.dumps(redis.client().xrange("{paylock}:audit"))
    assert token(out["url"]) not in stream
    assert keys.read_text().split(":")[1].strip() not in stream

    # it is for the record and changes nothing
    admin("audit", "verify")
    status, = admin.json("status", "acme.example")
    assert status["stage"] == "locked"


REFUSED = [
    (["--ttl", "7d"], "option"), (["--key", "@"], "option"),
    (["--ttl", "x", "--key", "@"], "time"),
    (["--ttl", "0d", "--key", "@"], "time"),
    (["--ttl", "2099-01-01", "--key", "@"], "time"),
    (["--ttl", "", "--key", "@"], "time"),
    (["--ttl", "99999999999d", "--key", "@"], "time"),
    (["--ttl", "4000000000s", "--key", "@"], "time"),
    (["--ttl", "7d", "--key", "@", "--path", "x"], "path"),
    (["--ttl", "7d", "--key", "@", "--path", "/a b"], "path"),
    (["--ttl", "7d", "--key", "@", "--path", "/#a"], "path"),
    (["--ttl", "7d", "--key", "@", "--quiet"], "option"),
    (["--ttl", "7d", "--key", "@", "--reason", "a\nb"], "text"),
]


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("deaf", [False, True])
def test_issue_cut(start, keys, redis, private, carried_out, deaf):
    """The entry is there and the pass is good, or no pass is shown."""
    nginx = start()
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "cut")
        admin("init", "--yes")
        fault = fake.on("EXEC", (lambda real: b"") if carried_out else b"",
                        end="fin")
        if deaf:
            fault.then = lambda: setattr(fake, "upstream", NOWHERE)
        args = "pass", "issue", "acme.example", "--ttl", "7d", "--key", keys
        if deaf:
            assert refused(admin, 4, *args)["code"] == "unknown"
            return
        out = admin.json(*args)
    assert fault.struck == 1
    follow(nginx, out["url"].partition("acme.example")[2])
    entry = admin_log(redis)[-1]
    assert entry["reference"] == f"k1 {out['issued']} {out['expires']}"
    assert entry["action"] == "pass-issue" and out["seq"] == 3


def admin_log(redis):
    return [fields for _, fields in redis.client().xrange("{paylock}:audit")]


def test_issue_refused(gate, admin, keys, redis):
    for args, code in REFUSED:
        args = [str(keys) if a == "@" else a for a in args]
        assert refused(admin, 2, "pass", "issue", "acme.example",
                       *args)["code"] == code
    assert redis.client().xlen("{paylock}:audit") == 1


def test_issue_refused_for_its_file(gate, admin, keys, redis, private):
    def issue(path):
        return refused(admin, 1, "pass", "issue", "acme.example", "--ttl",
                       "7d", "--key", path)
    keys.chmod(0o644)
    assert "chmod 600" in issue(keys)["mend"]
    assert "keygen --pass" in issue(private / "none")["mend"]
    keys.chmod(0o600)
    keys.write_text("k1:AAAA\n")
    assert "too short" in issue(keys)["message"]
    for host in ".acme.example", "*.acme.example":
        refused(admin, 2, "pass", "issue", host, "--ttl", "7d", "--key", keys)
    assert redis.client().xlen("{paylock}:audit") == 1


def test_dry_run(gate, admin, keys, redis):
    admin("lock", "acme.example")
    out = admin("--dry-run", "pass", "issue", "acme.example", "--ttl", "7d",
                "--key", keys).stdout
    assert "would be issued" in out and "http" not in out
    admin("--dry-run", "pass", "revoke", "acme.example")
    assert redis.client().xlen("{paylock}:audit") == 2


def test_a_warning_where_it_is_open(gate, admin, keys):
    args = ("pass", "issue", "acme.example", "--ttl", "7d", "--key", keys)
    assert admin(*args).stderr == ""
    admin("unlock", "acme.example")
    assert "not locked" in admin(*args).stderr


def test_signed(redis, admin, keys, private):
    """The operator's key signs, the keys of passes make the pass; named
    before the command or in the settings."""
    mine = private / "mine.pem"
    admin("keygen", mine)
    admin("--key", mine, "init")
    args = "pass", "issue", "acme.example", "--ttl", "7d", "--key", keys
    assert admin("--key", mine, *args).stdout.startswith("https://")
    assert admin(*args, env={"PAYLOCK_KEY": str(mine)}).returncode == 0
    assert admin(*args, check=False).returncode == 1
    admin("--key", mine, "pass", "revoke", "acme.example")
    admin("audit", "verify")
    assert [e["key"] != "" for e in admin.json("audit", "log")] == [True] * 4


def test_list(gate, admin, keys):
    def listed(*args):
        out = admin("--json", "pass", "list", *args).stdout
        return [json.loads(line) for line in out.splitlines()]

    def issue(host, ttl, *args):
        return admin.json("pass", "issue", host, "--ttl", ttl, "--key", keys,
                          *args, env={"PAYLOCK_ACTOR": "alice"})

    assert listed() == []
    first = issue("acme.example", "1s", "--reason", "x")
    issue("a.below.example", "7d")
    admin("pass", "revoke", ".below.example", "--yes")
    issue("a.below.example", "7d")
    issue("other.example", "7d")
    admin("lock", "www.other.example")
    servers.wait_for("the end", lambda: time.time() > json_time(
        first["expires"]))
    assert [(p["host"], p["state"]) for p in listed()] == [
        ("acme.example", "expired"), ("a.below.example", "revoked"),
        ("a.below.example", "valid"), ("other.example", "valid")]
    one, = listed("acme.example")
    assert one == {"host": "acme.example", "state": "expired",
                   "issued": first["issued"], "expires": first["expires"],
                   "kid": "k1", "actor": "alice", "reason": "x", "seq": 2}
    text = admin("pass", "list").stdout
    assert text.startswith("HOST") and "revoked" in text
    admin("pass", "revoke", "other.example")
    assert listed("other.example")[0]["state"] == "revoked"


def json_time(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_revoke_where_a_clock_is_ahead(gate, admin, keys, redis):
    """What another machine has dated an hour later is refused, too."""
    admin("pass", "issue", "acme.example", "--ttl", "7d", "--key", keys)

    client = redis.client()
    future = int(time.time()) + 3600
    client.hset("{paylock}:locks", "acme.example",
                json.dumps({"at": 1, "pass_after": future}))
    out = admin.json("pass", "issue", "acme.example", "--ttl", "7d", "--key",
                     keys)
    assert json_time(out["issued"]) == future
    client.hset("{paylock}:locks", "acme.example", json.dumps({"at": 1}))
    admin("pass", "revoke", "acme.example")
    assert json.loads(client.hget("{paylock}:locks", "acme.example"))[
        "pass_after"] == future + 1


def test_revoke_what_is_no_record(gate, admin, redis):
    redis.client().hset("{paylock}:locks", "acme.example", "nonsense")
    assert "no record" in refused(admin, 1, "pass", "revoke",
                                  "acme.example")["message"]
    assert redis.client().hget("{paylock}:locks", "acme.example") \
        == "nonsense"


# a browser

def test_chromium(gate, keys, issue, tmp_path_factory):
    browser = Chromium(tmp_path_factory.mktemp("chromium"))
    try:
        browser.start()
        # Chromium would keep connections, and nginx wait for their end
        nginx = gate.start(f"""
            keepalive_timeout 0; client_header_timeout 500ms;
            server {{
                server_name acme.example; paylock on;
                paylock_pass_key {keys};
                default_type text/html;
                location / {{ return 200 "<title>$request_uri</title>
                    <p>{SITE} $http_referer|$http_cookie</p>
                    <img src=/pixel>"; }}
            }}
        """)
        gate.lock("acme.example")
        base = f"http://acme.example:{nginx.port}"
        title = "document.title"
        body = "document.querySelector('p')?.textContent"

        browser.go(base + "/")
        assert SITE not in browser.run("document.body.textContent")
        browser.go(base + issue("acme.example", "--path", "//shop?page=2"))
        assert browser.run("location.href") == base + "//shop?page=2"
        assert browser.run(title) == "//shop?page=2"
        # the cookie stays with the browser, and out of the page's scripts
        browser.run("document.cookie = 'a=1'")
        browser.go(base + "/next")
        assert browser.run(body) == SITE + " |a=1"
        assert browser.run("document.cookie") == "a=1"
        assert not any("paylock_pass" in url for url in browser.requests())
        gate.admin("pass", "revoke", "acme.example")
        servers.wait_for("the revocation", lambda: (
            browser.go(base + "/"), browser.run(body))[1] is None
            or SITE not in browser.run("document.body.textContent"))
    finally:
        browser.stop()
