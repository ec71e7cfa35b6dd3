# Copyright (C) 2026 paylock contributors
#
# Scripts of other sites and protocol upgrades: a CORS preflight gets a 204, so
# that the script can read the locked answer; every other request gets the
# locked answer.

import pytest

PREFLIGHT = {"Origin": "https://app.example",
             "Access-Control-Request-Method": "PUT",
             "Access-Control-Request-Headers": "x-token, content-type"}


def preflight(server, path="/", method="OPTIONS", **change):
    headers = {name: value for name, value in {**PREFLIGHT, **change}.items()
               if value is not None}
    return server.get(path, host="acme.example", method=method,
                      headers=headers)


def headers(reply):
    return {name.lower(): value for name, value in reply.headers.items()
            if name.lower() not in ("server", "date", "connection")}


ANSWER = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "PUT",
    "access-control-allow-headers": "x-token, content-type",
    "cache-control": "no-store",
    "vary": "Accept, Accept-Language, Sec-Fetch-Dest, Origin",
    "x-paylock": "locked",
}


@pytest.mark.parametrize("status", [503, 402, 403])
def test_preflight(site, status):
    reply = preflight(site(f"paylock_status {status};"))
    assert reply.status == 204 and reply.body == b""
    assert headers(reply) == ANSWER


def test_preflight_without_headers(site):
    reply = preflight(site(), **{"Access-Control-Request-Headers": None})
    assert reply.status == 204
    assert "access-control-allow-headers" not in headers(reply)


def test_preflight_discreet(site):
    reply = preflight(site("paylock_page discreet;"))
    assert reply.status == 204
    assert headers(reply) == {name: value for name, value in ANSWER.items()
                              if name != "x-paylock"}


@pytest.mark.parametrize("change", [
    {"Origin": None}, {"Access-Control-Request-Method": None},
    {"method": "GET"}, {"method": "PUT"}])
def test_no_preflight(site, change):
    reply = preflight(site(), **change)
    assert reply.status == 503
    assert headers(reply)["access-control-allow-origin"] == "*"
    assert "access-control-allow-methods" not in headers(reply)


def test_preflight_keeps_the_connection(site):
    server = site()
    ask_first = "OPTIONS / HTTP/1.1\r\nHost: acme.example\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in PREFLIGHT.items()) + "\r\n"
    raw = server.raw(ask_first.encode() + b"PUT / HTTP/1.1\r\n"
                     b"Host: acme.example\r\nContent-Length: 4\r\n"
                     b"Connection: close\r\n\r\nbody")
    assert raw.startswith(b"HTTP/1.1 204 ")
    assert raw.count(b"HTTP/1.1 503 ") == 1


def test_preflight_of_an_open_site(gate):
    """A preflight to an open site, and to a readonly one, is the site's."""
    server = gate.start("server { server_name acme.example; paylock on; "
                        "location / { proxy_pass http://127.0.0.1:@BACKEND@; "
                        "} }")
    for arguments in [], ["--readonly", "now"]:
        if arguments:
            gate.admin("lock", "acme.example", *arguments)
            server.wait_state("acme.example", "readonly")
        gate.backend.requests.clear()
        preflight(server)
        assert len(gate.backend.requests) == 1
    gate.lock("acme.example")
    assert preflight(server).status == 204
    assert gate.backend.requests == []


def test_upgrade(site):
    server = site("location / { proxy_pass http://127.0.0.1:1; "
                  "proxy_http_version 1.1; "
                  "proxy_set_header Upgrade $http_upgrade; "
                  "proxy_set_header Connection upgrade; }")
    with server.connect() as s:
        s.sendall(b"GET /chat HTTP/1.1\r\nHost: acme.example\r\n"
                  b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
                  b"Origin: https://app.example\r\n"
                  b"Sec-WebSocket-Version: 13\r\n"
                  b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        head = s.recv(65536).partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"X-Paylock: locked" in head and b"Upgrade" not in head
