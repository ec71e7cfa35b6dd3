# Copyright (C) 2026 paylock contributors
#
# A client without a token sends, through nginx, requests of which nginx and
# paylockd could see the end at different places.  What is left over would stand
# before the request of somebody with a token, on the connection that nginx
# keeps, and be carried out with that token.

import json
import socket

import pytest

from support import servers

# takes what comes next, with its token, as its own
LEFT = (b"DELETE /v1/sites/a.example/holds/billing HTTP/1.1\r\n"
        b"Host: panel.example\r\nX-Ignored: ")

HTTP = """
    upstream paylockd {
        server unix:%s;
        keepalive 1;
    }
    server {
        listen 127.0.0.1:@PORT@;
        server_name panel.example;
        location /paylock/ {
            proxy_pass http://paylockd/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_buffering off;
            %s
        }
    }
"""

POST = b"POST /paylock/v1/unlock HTTP/1.1\r\nHost: panel.example\r\n"
GET = b"GET /paylock/v1/health HTTP/1.1\r\nHost: panel.example\r\n"
JSON = b"Content-Type: application/json\r\n"
END = b"0\r\n\r\n"


def length(n):
    return b"Content-Length: %d\r\n" % n


def chunk(data, size=b"%x"):
    return size % len(data) + b"\r\n" + data + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked\r\n"

# what was done to Content-Length, Transfer-Encoding or chunks elsewhere
WAYS = {
    "left over": GET + b"\r\n" + LEFT,
    "CL and TE": POST + JSON + length(len(END + LEFT)) + CHUNKED
    + b"\r\n" + END + LEFT,
    "TE and CL": POST + JSON + CHUNKED + length(4) + b"\r\n"
    + chunk(LEFT) + END,
    "CL of a GET": GET + length(len(LEFT)) + b"\r\n" + LEFT,
    "TE of a GET": GET + CHUNKED + b"\r\n" + chunk(LEFT) + END,
    "CL 0 of a GET": GET + length(0) + b"\r\n" + LEFT,
    "two CLs": POST + JSON + length(2) + length(len(LEFT) + 2)
    + b"\r\n{}" + LEFT,
    "two CLs, as a list": POST + JSON + b"Content-Length: 2, 2\r\n\r\n{}" + LEFT,
    "CL with a sign": POST + JSON + b"Content-Length: +2\r\n\r\n{}" + LEFT,
    "CL below 0": POST + JSON + b"Content-Length: -1\r\n\r\n" + LEFT,
    "CL in hex": POST + JSON + b"Content-Length: 0x2\r\n\r\n{}" + LEFT,
    "CL with spaces": POST + JSON + b"Content-Length: 2 2\r\n\r\n{}" + LEFT,
    "CL beyond 64 bits": POST + JSON + length(2**64 + 2) + b"\r\n{}" + LEFT,
    "CL beyond 32 bits": POST + JSON + length(2**32 + 2) + b"\r\n{}" + LEFT,
    "CL with a zero": POST + JSON + b"Content-Length: 2\0\r\n\r\n{}" + LEFT,
    "space before the colon": POST + JSON + b"Content-Length : 2\r\n"
    + length(len(LEFT)) + b"\r\n" + LEFT,
    "a folded line": POST + JSON + b"X: 1\r\n Content-Length: 2\r\n"
    + length(len(LEFT)) + b"\r\n" + LEFT,
    "a folded TE": POST + JSON + b"Transfer-Encoding:\r\n chunked\r\n"
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "an unknown TE": POST + JSON + b"Transfer-Encoding: xchunked\r\n"
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "TE in capitals": POST + JSON + b"Transfer-Encoding: CHUNKED\r\n"
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "TE with a tab": POST + JSON + b"Transfer-Encoding:\tchunked\r\n"
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "TE with a vertical tab": POST + JSON + b"Transfer-Encoding:\x0bchunked"
    b"\r\n" + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "TE in quotes": POST + JSON + b'Transfer-Encoding: "chunked"\r\n'
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "TE with a comma": POST + JSON + b"Transfer-Encoding: chunked, x\r\n"
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "identity, chunked": POST + JSON + b"Transfer-Encoding: identity, chunked"
    b"\r\n" + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "two TEs": POST + JSON + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n"
    + END + LEFT,
    "TE by an underscore": POST + JSON + b"Transfer_Encoding: chunked\r\n"
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "TE of HTTP/1.0": (POST + JSON + CHUNKED).replace(b"1.1", b"1.0")
    + length(len(END + LEFT)) + b"\r\n" + END + LEFT,
    "HTTP/0.9": b"GET /paylock/v1/health\r\n" + LEFT,
    "chunks by LF": POST + JSON + CHUNKED + b"\r\n2\n{}\n0\n\n" + LEFT,
    "a chunk's extension by LF": POST + JSON + CHUNKED
    + b"\r\n2;\n{}\r\n0\r\n\r\n" + LEFT,
    "a chunk's extension": POST + JSON + CHUNKED
    + b"\r\n2;x=\"\r\n" + LEFT + b"\"\r\n{}\r\n0\r\n\r\n",
    "a chunk's size with a sign": POST + JSON + CHUNKED
    + b"\r\n+2\r\n{}\r\n0\r\n\r\n" + LEFT,
    "a chunk's size with 0x": POST + JSON + CHUNKED
    + b"\r\n0x2\r\n{}\r\n0\r\n\r\n" + LEFT,
    "a chunk's size beyond 64 bits": POST + JSON + CHUNKED
    + b"\r\n10000000000000002\r\n{}\r\n0\r\n\r\n" + LEFT,
    "a chunk's end is something": POST + JSON + CHUNKED
    + b"\r\n2\r\n{}XX0\r\n\r\n" + LEFT,
    "trailers": POST + JSON + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n"
    + length(len(LEFT)) + b"\r\n" + LEFT,
    "headers by LF": (POST + JSON + length(2) + b"\r\n").replace(
        b"\r\n", b"\n") + b"{}" + LEFT,
    "headers by CR": POST + b"X: 1\rContent-Length: 2\r\n" + JSON
    + length(len(LEFT)) + b"\r\n" + LEFT,
    "a zero in a header": POST + b"X: \0\r\n" + JSON + length(2)
    + b"\r\n{}" + LEFT,
    "CR LF in the path": GET.replace(b"health", b"health%0d%0aX:%201"
                                     b"%0d%0a%0d%0a" + b"DELETE") + b"\r\n"
    + LEFT,
    "Connection takes CL away": POST + JSON + b"Connection: Content-Length"
    b"\r\n" + length(len(LEFT)) + b"\r\n" + LEFT,
    "Expect": POST + JSON + b"Expect: 100-continue\r\n"
    + length(len(LEFT)) + b"\r\n" + LEFT,
    "Expect of something": POST + JSON + b"Expect: x\r\n"
    + length(len(LEFT)) + b"\r\n" + LEFT,
    "Upgrade": GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + LEFT,
    "the whole URL": GET.replace(b" /", b" http://evil.example/") + b"\r\n"
    + LEFT,
    "an early answer": POST + length(len(LEFT)) + b"\r\n" + LEFT,
    "too large": POST + JSON + length(2000000) + b"\r\n" + LEFT,
}


@pytest.fixture(params=["", "proxy_request_buffering off;"],
                ids=["buffered", "unbuffered"])
def panel(api, private, nginx, request):
    """nginx, one worker with one connection to paylockd, which it keeps."""
    for path in private, api.dir:
        path.chmod(0o711)
    api.socket.chmod(0o666)
    return nginx(HTTP % (api.socket, request.param), workers=1)


def ask(panel, token):
    reply = panel.get("/paylock/v1/me", "panel.example",
                      headers={"Authorization": f"Bearer {token}"})
    return reply.status, json.loads(reply.body).get("actor")


def test_left_over(panel, api, writer):
    """Nobody's request is taken for another one's, in none of the ways."""
    token = writer.token("whmcs", "--allow", "read,lock,unlock")
    before = writer.issuer.json("audit", "log")
    assert len(WAYS) >= 40
    for name, raw in WAYS.items():
        with panel.connect() as client:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            # the others come while it is there, and when it is gone
            assert ask(panel, token) == (200, "token:whmcs"), name
            client.settimeout(servers.PATIENCE)
            try:
                while client.recv(65536):
                    pass
            except ConnectionResetError:
                pass
        assert ask(panel, token) == (200, "token:whmcs"), name
        assert writer.issuer.json("audit", "log") == before, name
    panel.allow("client sent|client intended|upstream prematurely")


def test_it_would_be_seen(panel, api, writer):
    """What is left over on a connection to paylockd is carried out, so it is
    nginx that has to see the same end: paylockd alone is told both."""
    token = writer.token("whmcs", "--allow", "read,lock,unlock")
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(api.socket))
    client.settimeout(servers.PATIENCE)
    client.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n" + LEFT)
    client.sendall(b"GET /v1/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                   + token.encode() + b"\r\nConnection: close\r\n\r\n")
    while client.recv(65536):
        pass
    client.close()
    last = writer.issuer.json("audit", "log")[-1]
    assert (last["action"], last["host"], last["actor"]) \
        == ("unlock", "a.example", "token:whmcs")
