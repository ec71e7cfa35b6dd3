# Copyright (C) 2026 paylock contributors
#
# Passes: a client reviews a locked site with a link, which nginx exchanges for
# a cookie.

import base64
import http.client
import json
import re
import socket
import ssl
import struct
import time
from urllib.parse import urljoin, urlsplit

import pytest

from support import servers
from support.browser import Chromium
from support.gate import H2, SITE, closed, http2, site
from support.passes import (SERVER, ask, b64, exchanged, follow, forge, shown,
                            token)


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


def test_head_is_exchanged_and_post_is_not(start, issue):
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


def test_purposes(start, issue):
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

def test_revoked_at_once(start, issue, admin):
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


def test_revoked_where_another_record_holds(start, issue, admin):
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


def test_revoked_of_a_key_that_is_set_later(start, issue, gate, admin):
    """By its name, or by another key, the request is locked, too."""
    nginx = start("""
        set $tenant "";
        paylock_key $tenant.test;
        location /a { set $tenant a; alias @SITE@/file.txt; }
        location /b { set $tenant b; alias @SITE@/file.txt; }
        location /moved { set $tenant b; rewrite ^ /a last; }
    """)
    gate.lock("a.test", "b.test")
    cookie = follow(nginx, issue())
    assert all(site(ask(nginx, path, cookie=cookie))
               for path in ("/a", "/b", "/moved"))
    admin("pass", "revoke", "a.test")
    servers.wait_for("the revocation", lambda: ask(
        nginx, "/a", cookie=cookie).status == 503)
    assert closed(ask(nginx, "/moved", cookie=cookie))
    assert site(ask(nginx, "/b", cookie=cookie))


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
    assert set(record()) == {"at", "pass_after", "entry", "actor"}
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
    assert closed(ask(nginx, "/?" + "&".join([bad] * 300 + [good])))
    cookie = "paylock_pass=" + forge(keys, purpose="cookie")
    assert site(ask(nginx, cookie=f"paylock_pass=x; {cookie}"))


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


def test_readonly(start, issue, admin):
    nginx = start()
    admin("unlock", "acme.example")
    admin("lock", "acme.example", "--readonly", "now")
    nginx.wait_state("acme.example", "readonly")
    post = {"method": "POST", "body": b"x"}
    assert closed(ask(nginx, **post))
    cookie = follow(nginx, issue())
    assert site(ask(nginx, cookie=cookie, **post))
    assert closed(ask(nginx, **post))


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
