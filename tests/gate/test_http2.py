# Copyright (C) 2026 paylock contributors
#
# The gate over HTTP/2: each request of a connection is judged by itself.

import ssl

import pytest

from support.gate import H2, closed, site

BLOCKS = """
    paylock on;
    ssl_certificate %s;
    ssl_certificate_key %s;
    http2_max_concurrent_streams 200;

    server {
        listen 127.0.0.1:@PORT@ ssl http2 default_server;
        server_name b.example;
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
    }
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        server_name acme.example;
        client_max_body_size 0;
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        location /open { paylock off; http2_push /pushed; return 200 open; }
        location /pushed { proxy_pass http://127.0.0.1:@BACKEND@; }
    }
"""


@pytest.fixture
def h2(gate, tls):
    """h2(name) -> a connection with that name in its TLS greeting."""
    nginx = gate.start(BLOCKS % tls)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return lambda name: H2(("127.0.0.1", nginx.port), context, name)


def test_coalescing(h2, gate, backend):
    """Two sites on one connection, whatever name it began with."""
    gate.lock("acme.example")
    for name in "b.example", "acme.example", None:
        with h2(name) as client:
            for _ in range(3):
                assert site(client.get(host="b.example"))
                assert closed(client.get(host="acme.example"))
                assert closed(client.get(host="ACME.Example.:443"))
    assert len(backend.requests) == 9

    gate.lock("b.example")
    backend.requests.clear()
    with h2("b.example") as client:
        assert closed(client.get(host="b.example"))
        assert closed(client.get(host="else.example"))
    assert not backend.requests


def test_a_lock_in_mid_connection(h2, gate):
    with h2("acme.example") as client:
        assert site(client.get())
        gate.lock("acme.example")
        assert closed(client.get())
        gate.unlock("acme.example")
        assert site(client.get())


@pytest.mark.parametrize("fields", [
    [(":authority", "b.example"), ("host", "acme.example")],
    [(":authority", "acme.example"), ("host", "b.example")],
    [("host", "acme.example")],
    [(":authority", "acme.example"), ("host", "acme.example")],
    [(":authority", "")],
    [],
    [("host", "acme.example"), ("host", "b.example")],
])
def test_authority_and_host(fields, h2, gate, backend):
    """Whichever of two names nginx takes: none opens acme.example."""
    gate.lock("acme.example", "b.example")
    with h2("acme.example") as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, [
            (":method", "GET"), (":scheme", "https"), (":path", "/"),
            *fields], end_stream=True)
        client.flush()
        try:
            reply = client.reply(stream)
        except ConnectionError:
            reply = None
    assert reply is None or not site(reply)
    assert reply is None or reply.status in (400, 503)
    assert not backend.requests


def test_another_authority_than_host(h2, gate, backend):
    """One of them locked: the backend is not asked by the other's name."""
    gate.lock("acme.example")
    for one, two in (("b.example", "acme.example"),
                     ("acme.example", "b.example")):
        with h2("b.example") as client:
            stream = client.h2.get_next_available_stream_id()
            client.h2.send_headers(stream, [
                (":method", "GET"), (":scheme", "https"), (":path", "/"),
                (":authority", one), ("host", two)], end_stream=True)
            client.flush()
            try:
                assert not site(client.reply(stream))
            except ConnectionError:
                pass
    assert not backend.requests


def test_many_streams_at_once(h2, gate, backend):
    gate.lock("acme.example")
    hosts = ["acme.example", "b.example"] * 40
    with h2("b.example") as client:
        streams = {}
        for host in hosts:
            stream = client.h2.get_next_available_stream_id()
            client.h2.send_headers(stream, [
                (":method", "GET"), (":scheme", "https"), (":path", "/"),
                (":authority", host)], end_stream=True)
            streams[stream] = host
        client.flush()
        seen = client.replies(streams)
    for stream, host in streams.items():
        if host == "acme.example":
            assert closed(seen[stream])
        else:
            assert site(seen[stream])
    assert len(backend.requests) == 40


@pytest.mark.parametrize("size", [0, 5, 60000])
@pytest.mark.parametrize("end", [True, False])
def test_bodies(size, end, h2, gate, backend):
    """A body, whole or still to come, and the next request."""
    gate.lock("acme.example")
    with h2("b.example") as client:
        for _ in range(3):
            assert closed(client.get(host="acme.example", method="POST",
                                     body=b"x" * size, end=end or not size))
        assert site(client.get(host="b.example"))
    assert [r.method for r in backend.requests] == ["GET"]


def test_head_and_no_body(h2, gate):
    gate.lock("acme.example")
    with h2("acme.example") as client:
        reply = client.get(method="HEAD")
        assert closed(reply) and reply.body == b""
        assert "connection" not in str(reply.headers).lower()
        assert "transfer-encoding" not in str(reply.headers).lower()


def test_push(h2, gate, backend):
    """What an open location pushes is judged where it is from."""
    with h2("acme.example") as client:
        assert client.get("/open").text == "open"
        assert site(client.get("/pushed"))
    gate.lock("acme.example")
    with h2("acme.example") as client:
        assert client.get("/open").text == "open"
        assert closed(client.get("/pushed"))
    assert not backend.requests


def test_trailers_of_a_request(h2, gate, backend):
    gate.lock("acme.example")
    with h2("acme.example") as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, [
            (":method", "POST"), (":scheme", "https"), (":path", "/"),
            (":authority", "acme.example")])
        client.h2.send_data(stream, b"x")
        client.flush()
        assert closed(client.reply(stream))
    assert not backend.requests
