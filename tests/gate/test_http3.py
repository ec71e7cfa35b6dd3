# Copyright (C) 2026 paylock contributors
#
# The gate over HTTP/3: each request of a connection is judged by itself, in
# early data, too.  These need an nginx with HTTP/3, and python3-aioquic.

import pytest

from support.gate import closed, site
from support.http3 import H3, LISTEN, early_data, needed
from support.servers import wait_for

pytestmark = needed

BLOCKS = """
    paylock on;
    ssl_certificate %s;
    ssl_certificate_key %s;
    ssl_early_data on;
    add_header X-Early $ssl_early_data always;
    add_header Alt-Svc 'h3=":@PORT@"; ma=86400' always;

    server {
        """ + LISTEN.format(" default_server") + """
        server_name b.example;
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
    }
    server {
        """ + LISTEN.format("") + """
        server_name acme.example;
        client_max_body_size 1m;
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
        location /open { paylock off; return 200 open; }
        location /named { error_page 404 = @named; return 404; }
        location @named { proxy_pass http://127.0.0.1:@BACKEND@; }
    }
    server {
        """ + LISTEN.format("") + """
        server_name returns.example;
        paylock_key acme.example;
        return 200 THE-SITE;
        location /open { paylock off; }
    }
"""

TARGET = [(":method", "GET"), (":scheme", "https"), (":path", "/")]


@pytest.fixture
def h3(gate, tls):
    """h3(name) -> a connection with that name in its TLS greeting."""
    nginx = gate.start(BLOCKS % tls)
    return lambda name="acme.example", ticket=None: H3(
        ("127.0.0.1", nginx.port), name, ticket)


def asked(client, fields):
    """The reply, or nothing if nginx refused the stream or connection."""
    try:
        return client.reply(client.send(fields))
    except ConnectionError:
        return None


@pytest.mark.parametrize("name", ["b.example", "acme.example", None])
def test_coalescing(name, h3, gate, backend):
    """Two sites on one connection, whatever name it began with."""
    gate.lock("acme.example")
    with h3(name) as client:
        for _ in range(3):
            assert site(client.get(host="b.example"))
            assert closed(client.get(host="acme.example"))
    assert len(backend.requests) == 3

    gate.lock("b.example")
    backend.requests.clear()
    with h3(name) as client:
        assert closed(client.get(host="b.example"))
        assert closed(client.get(host="else.example"))
    assert not backend.requests


def test_a_lock_in_mid_connection(h3, gate):
    with h3() as client:
        assert site(client.get())
        gate.lock("acme.example")
        assert closed(client.get())
        gate.unlock("acme.example")
        assert site(client.get())


@pytest.mark.parametrize("host", [
    "acme.example", "ACME.Example", "acme.example.", "acme.example:443",
    "www.acme.example", "ACME.EXAMPLE.:8443"])
def test_spellings(host, h3, gate, backend):
    gate.lock("acme.example", "b.example")
    with h3() as client:
        assert closed(client.get(host=host))
        assert closed(client.get(host=None, headers={"host": host}))
    assert not backend.requests


@pytest.mark.parametrize("fields", [
    [(":authority", "b.example"), ("host", "acme.example")],
    [(":authority", "acme.example"), ("host", "b.example")],
    [("host", "acme.example")],
    [(":authority", "acme.example"), ("host", "acme.example")],
    [(":authority", "")],
    [],
    [("host", "")],
    [("host", "acme.example"), ("host", "b.example")],
    [(":authority", "acme.example"), (":authority", "b.example")],
    [(":authority", "else.example")],
    [(":authority", "127.0.0.1")],
    [(":authority", "_")],
    [(":authority", "acme%2eexample")],
    [(":authority", "acme.example,b.example")],
    [(":authority", "user@acme.example")],
])
def test_authority_and_host(fields, h3, gate, backend):
    """Whichever of two names nginx takes: none opens acme.example."""
    gate.lock("acme.example", "b.example")
    with h3() as client:
        reply = asked(client, TARGET + fields)
    assert reply is None or (not site(reply) and reply.status in (400, 503))
    assert not backend.requests


@pytest.mark.parametrize("one, two", [("b.example", "acme.example"),
                                      ("acme.example", "b.example")])
def test_another_authority_than_host(one, two, h3, gate, backend):
    """One of them locked: the backend is not asked by the other's name."""
    gate.lock("acme.example")
    with h3("b.example") as client:
        reply = asked(client, [*TARGET, (":authority", one), ("host", two)])
    assert reply is None or not site(reply)
    assert not backend.requests


@pytest.mark.parametrize("fields", [
    [(":method", "GET"), (":scheme", "https"), (":authority", "acme.example")],
    [(":method", "GET"), (":scheme", "https"), (":path", "*"),
     (":authority", "acme.example")],
    [(":method", "GET"), (":scheme", "https"),
     (":path", "https://b.example/"), (":authority", "acme.example")],
    [(":method", "GET"), (":scheme", "http"), (":path", "/"),
     (":authority", "acme.example")],
    [(":method", "OPTIONS"), (":scheme", "https"), (":path", "*"),
     (":authority", "acme.example")],
    [(":method", "CONNECT"), (":authority", "acme.example:443")],
    [(":method", "CONNECT"), (":protocol", "websocket"),
     (":scheme", "https"), (":path", "/"), (":authority", "acme.example")],
    [*TARGET, (":authority", "acme.example"), ("transfer-encoding",
                                               "chunked")],
    [*TARGET, (":authority", "acme.example"), ("X-Upper", "x")],
    [*TARGET, (":authority", "acme.example"), ("content-length", "x")],
    [*TARGET, (":authority", "acme.example"), ("connection", "upgrade"),
     ("upgrade", "websocket")],
], ids=str)
def test_odd_requests(fields, h3, gate, backend):
    """Refused or closed, and the connection's other site is served."""
    gate.lock("acme.example")
    with h3("b.example") as client:
        reply = asked(client, fields)
        assert reply is None or not site(reply) or reply.status == 405
        if reply is not None and reply.status != 405:
            assert reply.status in (400, 501, 503)
    assert not backend.requests
    with h3("b.example") as client:
        assert site(client.get(host="b.example"))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS",
                                    "PATCH", "PROPFIND"])
def test_methods(method, h3, gate, backend):
    """Without HEAD: aioquic takes the length in its answer for an error."""
    gate.lock("acme.example")
    with h3() as client:
        reply = client.get(method=method)
        assert closed(reply)
        assert reply.body
        # fields that are errors in HTTP/3
        head = str(reply.headers).lower()
        assert "connection:" not in head and "transfer-encoding" not in head
    assert not backend.requests


@pytest.mark.parametrize("path", ["/", "/named", "/a/b?c=d", "/%2e%2e/",
                                  "/.well-known/acme-challenge/../../x"])
def test_paths(path, h3, gate, backend):
    gate.lock("acme.example")
    with h3() as client:
        assert closed(client.get(path))
    assert not backend.requests


def test_off_and_a_return_above_it(h3, gate):
    gate.lock("acme.example")
    with h3() as client:
        assert client.get("/open").text == "open"
        assert closed(client.get(host="returns.example"))
        assert closed(client.get("/elsewhere", host="returns.example"))


@pytest.mark.parametrize("locked", [True, False])
def test_alt_svc(locked, h3, gate):
    """The page has it as the site has: browsers stay with HTTP/3."""
    if locked:
        gate.lock("acme.example")
    with h3() as client:
        reply = client.get()
        assert closed(reply) if locked else site(reply)
        assert reply.headers["Alt-Svc"].startswith('h3=":')


def test_many_streams_at_once(h3, gate, backend):
    gate.lock("acme.example")
    with h3("b.example") as client:
        streams = [(host, client.send([*TARGET, (":authority", host)]))
                   for host in ["acme.example", "b.example"] * 40]
        for host, stream in streams:
            reply = client.reply(stream)
            assert closed(reply) if host == "acme.example" else site(reply)
    assert len(backend.requests) == 40


@pytest.mark.parametrize("size", [0, 5, 60000, 900000])
@pytest.mark.parametrize("end", [True, False])
def test_bodies(size, end, h3, gate, backend):
    """A body, whole or still to come, and the next requests."""
    gate.lock("acme.example")
    with h3("b.example") as client:
        for _ in range(3):
            assert closed(client.get(host="acme.example", method="POST",
                                     body=b"x" * size, end=end or not size))
        assert site(client.get(host="b.example"))
    assert [r.method for r in backend.requests] == ["GET"]


def test_body_larger_than_allowed(h3, gate, backend):
    """Not 413, which would tell of the site."""
    gate.lock("acme.example")
    with h3("b.example") as client:
        assert closed(client.get(host="acme.example", method="POST",
                                 body=b"x" * 5000000))
        assert site(client.get(host="b.example"))
    assert [r.method for r in backend.requests] == ["GET"]


@pytest.mark.parametrize("size", [5, 60000, 900000])
def test_bodies_of_an_open_host(size, h3, backend):
    with h3() as client:
        for _ in range(3):
            assert site(client.get(method="POST", body=b"x" * size))
    assert [len(r.body) for r in backend.requests] == [size] * 3


def test_expect(h3, gate, backend):
    """The page comes instead of 100."""
    gate.lock("acme.example")
    with h3() as client:
        reply = client.get(method="POST", body=b"x" * 10,
                           headers={"expect": "100-continue"})
        assert closed(reply) and not reply.hints
    assert not backend.requests


@pytest.mark.parametrize("headers", [
    {"range": "bytes=0-10"}, {"if-modified-since":
                              "Thu, 01 Jan 2099 00:00:00 GMT"},
    {"if-none-match": "*"}, {"accept-encoding": "gzip, br"},
    {"accept": "application/json"}])
def test_conditions_and_forms(headers, h3, gate):
    gate.lock("acme.example")
    with h3() as client:
        assert closed(client.get(headers=headers))


# early data

def ticket(h3, host):
    """That of a connection before."""
    with h3() as client:
        client.get(host=host)

        def there():
            client.turn(0.2)
            return client.tickets

        return wait_for("a session ticket", there)[-1]


@pytest.mark.skipif(not early_data(), reason="nginx takes early data over "
                    "QUIC from 1.29.1 on, with OpenSSL 3.5.1")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_early_data(method, h3, gate, backend):
    """Sent before the handshake is done: judged as any other request."""
    assert site(backend_reply(h3, method, ticket(h3, "acme.example"), True))
    known = ticket(h3, "acme.example")
    gate.lock("acme.example")
    backend.requests.clear()
    reply = backend_reply(h3, method, known, True)
    assert closed(reply)
    gate.unlock("acme.example")
    # of a connection that was answered by the page
    gate.lock("acme.example")
    assert closed(backend_reply(h3, method, ticket(h3, "acme.example"), True))
    assert not backend.requests


def backend_reply(h3, method, known, early):
    with h3(ticket=known) as client:
        stream = client.send([(":method", method), (":scheme", "https"),
                              (":path", "/"), (":authority", "acme.example")],
                             body=b"x" * 9 if method == "POST" else None)
        reply = client.reply(stream)
        assert client.quic.tls.early_data_accepted == early
        assert reply.headers["X-Early"] == ("1" if early else None)
        return reply


def test_resumption(h3, gate, backend):
    """A session that began while the site was open opens nothing."""
    known = ticket(h3, "acme.example")
    gate.lock("acme.example")
    backend.requests.clear()
    with h3(ticket=known) as client:
        assert closed(client.get())
        assert closed(client.get())
    assert not backend.requests
