# Copyright (C) 2026 paylock contributors
#
# Which record applies to a request: the names of a server, Host, www.

import socket
import ssl

import pytest

from support.gate import SITE, closed, site

# The first block is the default server of its port

BLOCKS = f"""
    paylock on;

    server {{
        server_name acme.example other.example www.third.example;
        return 200 "{SITE}";
    }}

    server {{
        server_name b.example www.b.example;
        return 200 "{SITE} b";
    }}
"""

ODD = {
    "unknown name": "unknown.example",
    "unknown name under a known one": "sub.acme.example",
    "IPv4 address": "127.0.0.1",
    "IPv4 address with port": "127.0.0.1:80",
    "IPv6 address": "[::1]",
    "percent sign": "acme%2eexample",
    "two names": "acme.example,b.example",
    "underscore": "_",
    "wildcard": "*.acme.example",
    "leading dot": ".acme.example",
    "one letter more": "acme.examplee",
}


def request(host, version="1.1"):
    head = f"GET / HTTP/{version}\r\n"
    if host is not None:
        head += f"Host: {host}\r\n"
    return (head + "Connection: close\r\n\r\n").encode()


@pytest.mark.parametrize("host", [
    "acme.example", "ACME.EXAMPLE", "Acme.Example", "acme.example.",
    "ACME.example.", "acme.example:80", "acme.example:", "acme.example.:8080",
    " acme.example", "acme.example  "])
def test_spellings(host, gate):
    nginx = gate.start(BLOCKS)
    assert site(nginx.raw(request(host)))
    gate.lock("acme.example")
    assert closed(nginx.raw(request(host)))
    assert closed(nginx.raw(request(host, "1.0")))


def test_www(gate):
    nginx = gate.start(BLOCKS)
    assert site(nginx.get(host="www.b.example"))

    gate.lock("b.example")
    assert closed(nginx.get(host="b.example"))
    assert closed(nginx.get(host="www.b.example"))
    assert closed(nginx.get(host="WWW.b.example."))

    gate.unlock("www.b.example")
    assert site(nginx.get(host="www.b.example"))
    assert closed(nginx.get(host="b.example"))

    gate.admin("reset", "www.b.example")
    gate.nginx.wait_state("www.b.example", "locked")
    assert closed(nginx.get(host="www.b.example"))


def test_www_closes_nothing_else(gate):
    nginx = gate.start(BLOCKS)
    gate.lock("www.b.example")
    assert closed(nginx.get(host="www.b.example"))
    assert site(nginx.get(host="b.example"))
    assert site(nginx.get(host="acme.example"))


@pytest.mark.parametrize("odd", ODD)
def test_odd_names_at_the_default_server(odd, gate):
    nginx = gate.start(BLOCKS)
    assert site(nginx.raw(request(ODD[odd])))

    gate.lock("acme.example")
    assert closed(nginx.raw(request(ODD[odd])))
    gate.unlock("acme.example")
    assert site(nginx.raw(request(ODD[odd])))

    # another block's lock is none of its business
    gate.lock("b.example")
    assert site(nginx.raw(request(ODD[odd])))


def test_no_name_at_the_default_server(gate):
    nginx = gate.start(BLOCKS)
    http10, http09 = request(None, "1.0"), b"GET /\r\n"
    assert site(nginx.raw(http10))
    assert nginx.raw(http09) == SITE.encode()

    gate.lock("acme.example")
    assert closed(nginx.raw(http10))
    assert SITE.encode() not in nginx.raw(http09)


def test_one_name_of_a_block_closes_no_other(gate):
    nginx = gate.start(BLOCKS)
    gate.lock("acme.example")
    assert site(nginx.get(host="other.example"))
    assert site(nginx.get(host="www.third.example"))
    assert site(nginx.get(host="b.example"))


def test_an_open_name_of_the_block_opens_no_odd_name(gate):
    nginx = gate.start(BLOCKS)
    gate.unlock("other.example")
    gate.lock("acme.example")
    assert site(nginx.get(host="other.example"))
    assert closed(nginx.get(host="unknown.example"))
    assert closed(nginx.raw(request(None, "1.0")))


def test_the_blocks_names_count_with_their_www_rule(gate):
    nginx = gate.start(BLOCKS)
    gate.lock("third.example")
    assert closed(nginx.get(host="www.third.example"))
    assert closed(nginx.get(host="unknown.example"))
    assert site(nginx.get(host="acme.example"))


def test_an_odd_name_with_a_record_of_its_own(gate):
    nginx = gate.start(BLOCKS)
    gate.lock("unknown.example")
    assert closed(nginx.get(host="unknown.example"))
    assert closed(nginx.get(host="www.unknown.example"))
    assert site(nginx.get(host="else.example"))


def test_default_locked(gate):
    nginx = gate.start(f"""
        paylock on;
        server {{
            server_name acme.example other.example;
            paylock_default locked;
            return 200 "{SITE}";
        }}
        server {{ server_name b.example; return 200 "{SITE}"; }}
    """)
    assert closed(nginx.get(host="acme.example"))
    assert closed(nginx.get(host="unknown.example"))
    assert closed(nginx.raw(request(None, "1.0")))
    assert site(nginx.get(host="b.example"))

    # an open record opens its name; the block's other name is still closed
    gate.unlock("acme.example")
    assert site(nginx.get(host="acme.example"))
    assert site(nginx.get(host="www.acme.example"))
    assert closed(nginx.get(host="other.example"))
    assert closed(nginx.get(host="unknown.example"))

    gate.unlock("other.example")
    assert site(nginx.get(host="unknown.example"))

    gate.admin("reset", "acme.example")
    nginx.wait_live()
    gate.lock("marker.example")
    assert closed(nginx.get(host="acme.example"))


def test_default_locked_without_names(gate):
    nginx = gate.start(f"""
        server {{
            paylock on;
            paylock_default locked;
            server_name _ "";
            return 200 "{SITE}";
        }}
    """)
    assert closed(nginx.raw(request(None, "1.0")))
    assert closed(nginx.get(host="unknown.example"))
    gate.unlock("unknown.example")
    assert site(nginx.get(host="unknown.example"))


@pytest.mark.parametrize("name", ["_", '""', r"~^x\d+\.example$"])
def test_names_that_are_no_hosts_are_passed_over(name, gate):
    nginx = gate.start(f"""
        server {{
            paylock on;
            server_name {name} acme.example;
            return 200 "{SITE}";
        }}
    """)
    assert site(nginx.get(host="unknown.example"))
    gate.lock("acme.example")
    assert closed(nginx.get(host="unknown.example"))

    # were they looked up, the default would keep the block closed
    nginx.reload("paylock_default locked;" + nginx.http)
    nginx.wait_live()
    assert closed(nginx.get(host="unknown.example"))
    gate.unlock("acme.example")
    assert site(nginx.get(host="unknown.example"))


def test_regex_and_wildcard_names_are_the_blocks_own(gate):
    nginx = gate.start(rf"""
        server {{
            paylock on;
            server_name acme.example *.acme.example .third.example
                        ~^x\d+\.example$;
            return 200 "{SITE}";
        }}
    """)
    gate.lock("acme.example")
    for host in ("sub.acme.example", "third.example", "a.third.example",
                 "x1.example"):
        assert site(nginx.get(host=host)), host
    assert closed(nginx.get(host="y1.example"))

    gate.lock("x1.example", "a.third.example")
    assert closed(nginx.get(host="x1.example"))
    assert closed(nginx.get(host="a.third.example"))
    assert site(nginx.get(host="x2.example"))
    assert site(nginx.get(host="third.example"))


def test_the_name_nginx_fills_in_does_not_count(gate):
    """$host without a Host is the first server name, which is not asked
    for: the block's strictest name holds, not the first one's."""
    nginx = gate.start(BLOCKS)
    gate.unlock("acme.example")
    gate.lock("other.example")
    assert site(nginx.get(host="acme.example"))
    assert closed(nginx.raw(request(None, "1.0")))


def test_tls_name_and_host_differ(gate, tls):
    nginx = gate.start(f"""
        paylock on;
        ssl_certificate {tls[0]};
        ssl_certificate_key {tls[1]};
        server {{
            listen 127.0.0.1:@PORT@ ssl default_server;
            server_name b.example;
            return 200 "{SITE} b";
        }}
        server {{
            listen 127.0.0.1:@PORT@ ssl;
            server_name acme.example;
            return 200 "{SITE} acme";
        }}
    """)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def ask(sni, data):
        with socket.create_connection(("127.0.0.1", nginx.port), 10) as s, \
                context.wrap_socket(s, server_hostname=sni) as t:
            t.sendall(data)
            return t.makefile("rb").read()

    # the block goes by Host; only what fails before Host is read is the
    # business of the block that SNI chose
    acme = [("b.example", request("acme.example")),
            (None, request("acme.example"))]
    other = [("acme.example", request("b.example")),
             ("acme.example", request("unknown.example")),
             ("acme.example", request(None, "1.0"))]
    broken = ("acme.example", b"nonsense\r\n\r\n")

    assert all(ask(*case).endswith(b" acme") for case in acme)
    assert all(ask(*case).endswith(b" b") for case in other)
    assert ask(*broken).startswith(b"HTTP/1.1 400 ")

    gate.lock("acme.example")
    assert all(closed(ask(*case)) for case in [*acme, broken])
    assert all(site(ask(*case)) for case in other)

    gate.lock("b.example")
    assert all(closed(ask(*case)) for case in other)
