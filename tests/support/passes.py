# Copyright (C) 2026 paylock contributors
#
# nginx with passes, their links, and tokens made from docs/passes.md alone.

import base64
import hmac
import re
import struct
import time
from urllib.parse import urlsplit

import pytest

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
    """Location and cookie (name=value) of the reply to a link."""
    assert reply.status == 303, reply
    assert reply.body == b""
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["Cache-Control"] == "no-store"
    cookie, *attributes = reply.headers["Set-Cookie"].split("; ")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes)
    assert "Domain" not in reply.headers["Set-Cookie"]
    return reply.headers["Location"], cookie


def follow(nginx, link, host="acme.example", **kw):
    """Follows a link; returns the cookie."""
    location, cookie = exchanged(ask(nginx, link, host, **kw))
    assert "paylock_pass" not in location
    return cookie


def token(text):
    return re.search(r"paylock_pass=([\w-]+)", text)[1]


# what is no pass; the format written once more

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(keys, host="acme.example", purpose="link", issued=None,
          expires=None, kid=None, version=1):
    """A token made from docs/passes.md, without paylock-admin."""
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
    """The replies to a token shown as a link and as a cookie."""
    return (ask(nginx, f"/?paylock_pass={value}", **kw),
            ask(nginx, cookie=f"paylock_pass={value}", **kw),
            ask(nginx, cookie=f"__Host-paylock_pass={value}", **kw))
