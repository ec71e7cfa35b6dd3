# Copyright (C) 2026 paylock contributors
#
# Passes: a client reviews a locked site by a link, which becomes a cookie.

import base64
import http.client
import json
import re
import socket
import ssl
import time
from urllib.parse import urljoin, urlsplit

import pytest

import servers
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


def test_https(start, issue, tls, gate):
    cert, key = tls
    nginx = start(f"listen 127.0.0.1:@PORT2@ ssl http2; "
                  f"ssl_certificate {cert}; ssl_certificate_key {key};"
                  .replace("@PORT2@", str(port := servers.free_port())))
    context = ssl.create_default_context(cafile=cert)
    context.check_hostname = False
    link = issue()

    def over(path, cookie=None):
        conn = http.client.HTTPSConnection("127.0.0.1", port, timeout=10,
                                           context=context)
        conn.request("GET", path, headers={
            "Host": "acme.example", **({"Cookie": cookie} if cookie else {})})
        reply = conn.getresponse()
        return servers.Response(reply.status, "", reply.msg, reply.read())

    def over_h2(path, cookie=None):
        h2_context = ssl.create_default_context(cafile=cert)
        h2_context.set_alpn_protocols(["h2"])
        with H2(("127.0.0.1", port), h2_context, "acme.example") as client:
            return client.get(path, headers={"cookie": cookie} if cookie
                              else {})

    for get in over, over_h2:
        reply = get(link)
        location, cookie = exchanged(reply)
        assert location == "/" and cookie.startswith("__Host-paylock_pass=")
        assert reply.headers["Set-Cookie"].endswith("; Secure")
        assert site(get("/", cookie))
        assert closed(get("/"))
