# Copyright (C) 2026 paylock contributors
#
# Server names for which no record can exist (underscores, regular expressions
# and the like): they open no locked name of the same server.

import pytest

from support.gate import H2, SITE, closed, site

# in "server_name", and as a Host that it is found by

ODD = {
    "_": b"_",
    "127.0.0.1": b"127.0.0.1",
    "10.1.2.3": b"10.1.2.3:80",
    "[::1]": b"[::1]",
    "a.1": b"a.1",
    "b\u00fccher.test": "b\u00fccher.test".encode(),
    "a-.test": b"a-.test",
    "-a.test": b"-A.test.",
    "x.a-.test": b"x.a-.test",
    "x" * 64 + ".test": b"x" * 64 + b".test",
    "a%2etest": b"a%2etest",
    "a,b.test": b"a,b.test",
    "*.a-.test": b"www.a-.test",
    "*.x.test": b"a-.x.test",
    ".y.test": b"-.y.test",
    "www.z.*": b"www.z.a-",
    r"~^r\d+-$": b"r1-",
    "~^192\\.": b"192.0.2.1",
}

# which nginx takes for a name no more, from 1.31 on
REFUSED = {"b\u00fccher.test"}

BLOCKS = """
    server_names_hash_bucket_size 256;
    paylock on;
    server {
        listen 127.0.0.1:@PORT@ default_server;
        listen unix:@DIR@/h2.sock http2 default_server;
        server_name %s;
        return 200 "THE-SITE %s";
    }
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name %s;
        return 200 "THE-SITE %s";
    }
"""


def request(host, version=b"1.1"):
    return b"GET / HTTP/" + version + b"\r\nHost: " + host \
        + b"\r\nConnection: close\r\n\r\n"


def each(nginx, host):
    """By all versions of HTTP; nginx may refuse what is no name at all."""
    yield nginx.raw(request(host))
    yield nginx.raw(request(host, b"1.0"))
    with H2(str(nginx.dir / "h2.sock")) as client:
        # a text would be sent as UTF-8
        yield client.get(host=host)


def refused(nginx, host):
    return b" 400 " in nginx.raw(request(host)).partition(b"\r\n")[0]


def names(odd):
    return " ".join(["acme.example", *(f'"{name}"' for name in odd)])


@pytest.mark.parametrize("block", ["default server", "not the default"])
def test_no_odd_name_opens(block, gate):
    blocks = [(names(ODD), "odd"), ("else.example", "else")]
    if block == "not the default":
        blocks.reverse()
    nginx = gate.start(BLOCKS % (*blocks[0], *blocks[1]))
    odd = {name: host for name, host in ODD.items()
           if not (name in REFUSED and refused(nginx, host))}
    for name, host in odd.items():
        for reply in each(nginx, host):
            assert SITE.encode() in (
                reply if isinstance(reply, bytes) else reply.body), name
            assert b"odd" in (
                reply if isinstance(reply, bytes) else reply.body), name

    # another's lock is nobody's business
    gate.lock("else.example")
    for name, host in odd.items():
        assert all(site(reply) for reply in each(nginx, host)), name

    gate.unlock("else.example")
    gate.lock("acme.example")
    leaks = [(name, version) for name, host in ODD.items()
             for version, reply in zip(("1.1", "1.0", "2"), each(nginx, host))
             if site(reply)]
    assert not leaks
    for name, host in odd.items():
        assert all(closed(reply) for reply in each(nginx, host)), name


@pytest.mark.parametrize("odd", ["_", "127.0.0.1", "a-.test"])
def test_first_of_the_names(odd, gate):
    """nginx makes it $server_name, and $host where there is none."""
    nginx = gate.start(BLOCKS % (f"{odd} acme.example", "odd",
                                 "else.example", "else"))
    gate.lock("acme.example")
    for host in odd.encode(), b"unknown.test", b"":
        for version in b"1.1", b"1.0":
            assert closed(nginx.raw(request(host, version))), host
    assert closed(nginx.raw(b"GET / HTTP/1.0\r\n\r\n"))


def test_a_name_that_can_have_a_record_is_its_own(gate):
    """And one's lock closes no other."""
    nginx = gate.start(BLOCKS % (
        names(["a_b.test", "_x.test", "xn--bcher-kva.test", "a--b.test",
               "1.2.3.test", "localhost", "a" * 63 + ".test"]),
        "odd", "else.example", "else"))
    gate.lock("acme.example")
    for host in (b"a_b.test", b"_x.test", b"xn--bcher-kva.test", b"A--b.test",
                 b"1.2.3.test", b"localhost", b"a" * 63 + b".test"):
        assert all(site(reply) for reply in each(nginx, host)), host


def test_the_strictest_of_the_others(gate):
    """Of all that the server's names get, defaults and suffixes too."""
    nginx = gate.start(BLOCKS % (
        "_ one.test *.two.test .three.test", "odd", "else.example", "else"))
    gate.unlock("one.test", "three.test")
    assert all(site(reply) for reply in each(nginx, b"_"))
    for field in "one.test", "*.two.test", ".three.test", ".test":
        before = gate.admin.json("status", "one.test")
        assert before[0]["stage"] == "open"
        gate.admin("lock", field, "--yes")
        gate.lock("marker.example")
        assert all(closed(reply) for reply in each(nginx, b"_")), field
        gate.admin("unlock" if field == "one.test" else "reset", field,
                   "--yes")
        gate.unlock("marker.example")
        assert all(site(reply) for reply in each(nginx, b"_")), field


def test_default_locked(gate):
    """What can have no record is not what keeps the others closed."""
    nginx = gate.start("paylock_default locked;" + BLOCKS % (
        names(["_"]), "odd", "else.example", "else"))
    assert all(closed(reply) for reply in each(nginx, b"_"))
    gate.unlock("acme.example")
    assert all(site(reply) for reply in each(nginx, b"_"))
    assert all(site(reply) for reply in each(nginx, b"127.0.0.1"))
