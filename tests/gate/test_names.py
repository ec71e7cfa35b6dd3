# Copyright (C) 2026 paylock contributors
#
# Which record applies to a request: suffix records, the names of a default
# server, paylock_key, requests that name two hosts.

import http.client
import socket

import pytest

from support.chain import LOCKED, NOTICE, OPEN, READONLY, Chain
from support.gate import closed, site

SEEN = 'add_header X-Seen "$paylock_state $paylock_host $paylock_ref" always;'

STATES = {"lock": "locked", "read": "readonly", "note": "notice",
          "free": "open"}


def seen(state, field=""):
    """What X-Seen says where the record of field holds."""
    return f"{STATES[state]} {field} {state}" if field else f"{state}  "


@pytest.fixture
def ask(nginx, chain):
    """ask(records, host, ...) -> X-Seen, one server named "known.test"."""
    server = nginx("paylock_reconcile 1d; paylock on;" + SEEN + """
        server { server_name known.test *.example ~.; return 200; }""")
    server.wait_live()
    last = []

    def asking(records, host):
        if last != [records]:
            chain.put(server, records)
            last[:] = [records]
        return server.get(host=host).headers["X-Seen"]
    return asking


# records, and which of them holds for a name ("": none)

SUFFIXES = [
    ({"*.acme.example": LOCKED},
     {"acme.example": "", "shop.acme.example": "*.acme.example",
      "a.b.c.acme.example": "*.acme.example", "xacme.example": "",
      "www.acme.example": "*.acme.example", "acme.example.other.example": "",
      "SHOP.Acme.Example.": "*.acme.example",
      "shop.acme.example:8080": "*.acme.example"}),
    ({".acme.example": LOCKED},
     {"acme.example": ".acme.example", "shop.acme.example": ".acme.example",
      "a.b.c.acme.example": ".acme.example", "xacme.example": "",
      "www.acme.example": ".acme.example", "example": ""}),

    # 1 before 3, 2 before 3
    ({".acme.example": LOCKED, "acme.example": OPEN},
     {"acme.example": "acme.example", "www.acme.example": "acme.example",
      "shop.acme.example": ".acme.example",
      "www.shop.acme.example": ".acme.example"}),
    ({"*.acme.example": OPEN, "acme.example": LOCKED},
     {"acme.example": "acme.example", "www.acme.example": "acme.example",
      "ww.acme.example": "*.acme.example"}),
    ({"*.acme.example": LOCKED, "www.acme.example": OPEN},
     {"www.acme.example": "www.acme.example", "acme.example": "",
      "www.www.acme.example": "www.acme.example"}),
    ({".acme.example": LOCKED, "shop.acme.example": OPEN},
     {"shop.acme.example": "shop.acme.example",
      "www.shop.acme.example": "shop.acme.example",
      "a.shop.acme.example": ".acme.example"}),

    # the longest of several, be it the milder one, of either kind
    ({".example": LOCKED, "*.acme.example": OPEN},
     {"acme.example": ".example", "shop.acme.example": "*.acme.example",
      "other.example": ".example", "example": ".example"}),
    ({"*.example": LOCKED, ".acme.example": NOTICE,
      "*.shop.acme.example": READONLY},
     {"acme.example": ".acme.example", "shop.acme.example": ".acme.example",
      "a.shop.acme.example": "*.shop.acme.example",
      "example": "", "b.example": "*.example"}),

    # of two as long as each other the stricter
    ({"*.acme.example": LOCKED, ".acme.example": OPEN},
     {"acme.example": ".acme.example", "a.acme.example": "*.acme.example"}),
    ({"*.acme.example": OPEN, ".acme.example": LOCKED},
     {"acme.example": ".acme.example", "a.acme.example": ".acme.example"}),
    ({"*.acme.example": NOTICE, ".acme.example": READONLY},
     {"a.acme.example": ".acme.example"}),
    ({"*.acme.example": READONLY, ".acme.example": NOTICE},
     {"a.acme.example": "*.acme.example", "acme.example": ".acme.example"}),

    # a record that plans nothing is none
    ({"acme.example": {"at": 5, "pass_after": 6}, ".acme.example": LOCKED},
     {"acme.example": ".acme.example", "a.acme.example": ".acme.example"}),
    ({"*.acme.example": {"at": 5, "pass_after": 6}, ".example": LOCKED},
     {"a.acme.example": ".example"}),
]


def test_suffixes(ask):
    for records, hosts in SUFFIXES:
        for host, field in hosts.items():
            want = (seen(records[field]["ref"], field) if field
                    else seen("open"))
            assert ask(records, host) == want, (records, host)


def test_a_long_name_has_all_its_suffixes(ask):
    host = "a." * 122 + "example"
    for field in (".example", "*.example", "." + "a." * 100 + "example",
                  "*." + "a." * 121 + "example", host):
        assert ask({field: LOCKED}, host) == seen("lock", field)
    assert ask({"*." + host[:-8]: LOCKED}, host) == seen("open")


def test_the_last_suffix_record_is_gone(ask):
    """Suffixes are looked for as long as there is one."""
    assert ask({"*.b.example": LOCKED, ".c.example": LOCKED},
               "a.b.example") == seen("lock", "*.b.example")
    assert ask({".c.example": LOCKED}, "a.b.example") == seen("open")
    assert ask({".c.example": LOCKED}, "c.example") == seen("lock",
                                                            ".c.example")
    assert ask({"d.example": LOCKED}, "c.example") == seen("open")
    assert ask({"*.example": LOCKED}, "c.example") == seen("lock",
                                                           "*.example")


# rule 4: each of these blocks is the default server of a socket of its own

DEFAULTS = {
    "dot": ".acme.example",
    "star": "*.acme.example",
    "plain": "acme.example other.example",
    "regex": r"~^x\d+\.acme\.example$",
    "under": "_",
    "empty": '""',
    "mixed": r'_ "" ~^y .acme.example other.example third.*',
}

STRANGERS = ["1.2.3.4", "[::1]", "1.2.3.4:80", None, "unknown.test",
             "acme%2eexample", "acme.test,b.test", "xacme.test", "_"]

# records, what the blocks named say to strangers; the others are open

STRICTEST = [
    ({"acme.example": LOCKED}, {"dot": "locked", "plain": "locked",
                                "mixed": "locked"}),
    ({"*.acme.example": LOCKED}, {"dot": "locked", "star": "locked",
                                  "mixed": "locked"}),
    ({".acme.example": LOCKED}, {"dot": "locked", "star": "locked",
                                 "plain": "locked", "mixed": "locked"}),
    ({"*.example": LOCKED}, {"dot": "locked", "star": "locked",
                             "plain": "locked", "mixed": "locked"}),
    ({"other.example": LOCKED}, {"plain": "locked", "mixed": "locked"}),
    ({"shop.acme.example": LOCKED}, {}),
    ({"x1.acme.example": LOCKED, "yes.test": LOCKED, "third.test": LOCKED},
     {}),
    # what opens one name opens no other
    ({"acme.example": OPEN, "*.acme.example": LOCKED},
     {"dot": "locked", "star": "locked", "mixed": "locked"}),
    ({"acme.example": LOCKED, "*.acme.example": OPEN, "other.example": OPEN},
     {"dot": "locked", "plain": "locked", "mixed": "locked"}),
    ({"acme.example": OPEN, "*.acme.example": OPEN, "other.example": OPEN},
     {}),
    ({".acme.example": READONLY, "other.example": NOTICE},
     {"dot": "readonly", "star": "readonly", "plain": "readonly",
      "mixed": "readonly"}),
    ({"acme.example": NOTICE, "other.example": READONLY},
     {"dot": "notice", "plain": "readonly", "mixed": "readonly"}),
]


def blocks():
    return "".join(f"""
        server {{
            listen unix:@DIR@/{name}.sock;
            server_name {names};
            return 200;
        }}""" for name, names in DEFAULTS.items())


def stranger(nginx, block, host):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f"{nginx.dir}/{block}.sock")
        line = f"\r\nHost: {host}" if host is not None else ""
        s.sendall(f"GET / HTTP/1.0{line}\r\n\r\n".encode())
        reply = http.client.HTTPResponse(s)
        reply.begin()
        return reply.headers["X-Seen"].split(" ")[0]


def test_strangers_at_a_default_server(nginx, chain):
    """Above all: "server_name .acme.example" is no way round its lock."""
    server = nginx("paylock_reconcile 1d; paylock on;" + SEEN + blocks())
    for records, wanted in STRICTEST:
        chain.put(server, records)
        for block in DEFAULTS:
            for host in STRANGERS:
                assert stranger(server, block, host) \
                    == wanted.get(block, "open"), (records, block, host)


def test_strangers_where_the_default_is_locked(nginx, chain):
    server = nginx("paylock_reconcile 1d; paylock on; paylock_default locked;"
                   + SEEN + blocks())
    for records, opened in [
            ({"acme.example": OPEN}, []),
            ({".acme.example": OPEN}, ["dot", "star"]),
            ({"acme.example": OPEN, "*.acme.example": OPEN}, ["dot", "star"]),
            ({"*.acme.example": OPEN}, ["star"]),
            ({"acme.example": OPEN, "other.example": OPEN}, ["plain"]),
            ({".acme.example": OPEN, "other.example": OPEN},
             ["dot", "star", "plain", "mixed"]),
            ({"third.test": OPEN, "_.test": OPEN}, [])]:
        chain.put(server, records)
        for block in DEFAULTS:
            assert stranger(server, block, "1.2.3.4") \
                == ("open" if block in opened else "locked"), (records, block)


def test_a_record_for_the_stranger_itself(nginx, chain):
    """1, 2 and 3 come first: the name that was asked for has a record."""
    server = nginx("paylock_reconcile 1d; paylock on;" + SEEN + blocks())
    chain.put(server, {"acme.example": LOCKED, "unknown.test": OPEN,
                       "*.odd.test": NOTICE})
    for host, state in [("unknown.test", "open"), ("www.unknown.test", "open"),
                        ("a.odd.test", "notice"), ("odd.test", "locked")]:
        assert stranger(server, "dot", host) == state, host


# paylock_key

KEYS = """
    paylock on; paylock_reconcile 1d;
    map $http_x_tenant $tenant { default $http_x_tenant; }
    %s

    server { listen unix:@DIR@/one.sock; server_name a.example b.example;
             paylock_key Shop.Example.:80; return 200; }
    server { listen unix:@DIR@/www.sock; server_name a.example;
             paylock_key www.shop.example; return 200; }
    server { listen unix:@DIR@/var.sock; server_name a.example b.example;
             paylock_key $tenant; return 200; }
    server { listen unix:@DIR@/mix.sock; server_name a.example b.example;
             paylock_key $http_x_tenant.shop.example; return 200; }
    server { listen unix:@DIR@/fail.sock; server_name a.example b.example;
             root /nonexistent; paylock_key $realpath_root; return 200; }
    server { listen unix:@DIR@/none.sock; server_name a.example b.example;
             paylock_key ""; return 200; }
    server { listen unix:@DIR@/http.sock; server_name a.example b.example;
             return 200; }
""" % SEEN


def tenant(nginx, block, name=None, host="a.example"):
    headers = {} if name is None else {"X-Tenant": name}
    return nginx.get(host=host, headers=headers,
                     address=f"{nginx.dir}/{block}.sock").headers["X-Seen"]


def test_key_is_constant(nginx, chain):
    server = nginx(KEYS)
    chain.put(server, {"shop.example": LOCKED, "a.example": NOTICE})
    for host in ("a.example", "b.example", "1.2.3.4", "shop.example"):
        assert tenant(server, "one", host=host) \
            == seen("lock", "shop.example")

    # 2 and 4 do not apply: neither to the key nor to the name
    assert tenant(server, "www") == seen("open")
    assert tenant(server, "www", host="1.2.3.4") == seen("open")

    # 3 does
    chain.put(server, {"*.shop.example": LOCKED, "a.example": LOCKED})
    assert tenant(server, "www") == seen("lock", "*.shop.example")
    assert tenant(server, "one") == seen("open")


def test_key_is_a_variable(nginx, chain):
    server = nginx(KEYS)
    chain.put(server, {"shop.example": LOCKED, "a.example": NOTICE,
                       "*.deep.example": READONLY, "localhost": LOCKED})
    for name, want in [
            ("shop.example", seen("lock", "shop.example")),
            ("SHOP.Example", seen("lock", "shop.example")),
            ("shop.example:8080", seen("lock", "shop.example")),
            ("shop.example.", seen("lock", "shop.example")),
            ("localhost", seen("lock", "localhost")),
            ("x.deep.example", seen("read", "*.deep.example")),
            ("www.shop.example", seen("open")),
            ("unknown.example", seen("open")),
            ("b.example", seen("open"))]:
        assert tenant(server, "var", name) == want, name

    # what is no name of a host counts as not set, as does nothing at all
    for name in (None, "", "not a host", "shop_example!", "..", ".", ":80",
                 "x" * 300, "-shop.example", "*.deep.example", ".a.example",
                 "shop.example/", "\xe9.example"):
        assert tenant(server, "var", name) == seen("note", "a.example"), name
        assert tenant(server, "var", name, "b.example") == seen("open"), name
        # and then 4 counts again
        assert tenant(server, "var", name, "1.2.3.4") \
            == seen("note", "a.example"), name


def test_key_is_made_of_parts(nginx, chain):
    server = nginx(KEYS)
    chain.put(server, {"one.shop.example": LOCKED, "a.example": NOTICE})
    assert tenant(server, "mix", "one") == seen("lock", "one.shop.example")
    assert tenant(server, "mix", "two") == seen("open")
    assert tenant(server, "mix", "") == seen("note", "a.example")


def test_key_fails(nginx, chain):
    """What cannot be evaluated never opens."""
    server = nginx(KEYS)
    server.allow("realpath.. .* failed")
    chain.put(server, {"a.example": LOCKED})
    for block in ("fail", "none", "http"):
        assert tenant(server, block) == seen("lock", "a.example")
        assert tenant(server, block, host="b.example") == seen("open")
        assert tenant(server, block, host="1.2.3.4") \
            == seen("lock", "a.example")


def test_key_of_the_http_block(nginx, chain):
    server = nginx("paylock_key shop.example;" + KEYS)
    chain.write(("a.example", NOTICE))
    chain.write(("shop.example", LOCKED))
    server.wait_state("any.example", "locked")
    assert tenant(server, "http") == seen("lock", "shop.example")
    assert tenant(server, "http", host="1.2.3.4") \
        == seen("lock", "shop.example")
    # an inner one replaces it, be it empty
    assert tenant(server, "www") == seen("open")
    assert tenant(server, "none") == seen("note", "a.example")


def test_key_and_default(nginx, chain):
    server = nginx("paylock_default locked;" + KEYS)
    chain.put(server, {"a.example": OPEN, "b.example": OPEN})
    assert tenant(server, "one") == seen("locked")
    assert tenant(server, "var", "unknown.example") == seen("locked")
    assert tenant(server, "var", "") == seen("free", "a.example")


@pytest.mark.parametrize("key", ["a_b!", "*.acme.example", ".acme.example",
                                 "x..y", "https://acme.example/"])
def test_key_is_refused(nginx, key):
    server = nginx("server { }")
    done = server.test(f'paylock_key "{key}"; server {{ }}')
    assert done.returncode == 1
    assert f'"{key}" in "paylock_key" is not the name of a host' \
        in done.stderr


# a request line that names a host, and a Host header that names another

PROXIED = """
    paylock on;
    server { server_name open.example also.example;
             location / { proxy_set_header Host $http_host;
                          proxy_pass http://127.0.0.1:@BACKEND@; } }
    server { server_name acme.example;
             location / { proxy_set_header Host $http_host;
                          proxy_pass http://127.0.0.1:@BACKEND@; } }
    server { server_name keyed.example; paylock_key also.example;
             location / { proxy_set_header Host $http_host;
                          proxy_pass http://127.0.0.1:@BACKEND@; } }
"""


def absolute(line, host, method="GET"):
    head = f"Host: {host}\r\n" if host is not None else ""
    version = "1.1" if host is not None else "1.0"
    return (f"{method} http://{line}/ HTTP/{version}\r\n{head}"
            "Connection: close\r\n\r\n").encode()


def test_two_names(gate):
    nginx = gate.start(PROXIED)
    pairs = [("open.example", "acme.example"), ("acme.example", "open.example"),
             ("open.example", "ACME.EXAMPLE"), ("ACME.Example", "open.example"),
             ("open.example", "acme.example."), ("open.example:80",
                                                 "acme.example:8080"),
             ("open.example", "www.acme.example"),
             ("acme.example", None), ("acme.example", "acme.example"),
             ("acme.example", "1.2.3.4"), ("acme.example", "a%b")]
    for pair in pairs:
        assert site(nginx.raw(absolute(*pair))), pair
    assert len(gate.backend.requests) == len(pairs)

    gate.lock("acme.example")
    for pair in pairs:
        assert closed(nginx.raw(absolute(*pair))), pair
        assert closed(nginx.raw(absolute(*pair, "POST"))), pair
    assert gate.backend.requests == []

    # the other names are nobody else's business
    for pair in [("open.example", "also.example"), ("open.example", None),
                 ("also.example", "open.example"),
                 ("open.example", "unknown.example")]:
        assert site(nginx.raw(absolute(*pair))), pair


def test_two_names_of_one_block(gate):
    nginx = gate.start(PROXIED)
    gate.lock("also.example")
    for pair in [("open.example", "also.example"),
                 ("also.example", "open.example"),
                 ("acme.example", "also.example"),
                 # nobody's names, at the block of both
                 ("open.example", "unknown.example"),
                 ("open.example", "a%b"), ("open.example", "1.2.3.4"),
                 ("1.2.3.4", "open.example")]:
        assert closed(nginx.raw(absolute(*pair))), pair
    assert site(nginx.raw(absolute("open.example", "open.example")))
    assert site(nginx.raw(absolute("acme.example", "open.example")))


def test_two_names_and_a_suffix(gate, redis):
    nginx = gate.start(PROXIED)
    chain = Chain(redis)
    chain.put(nginx, {"*.acme.example": LOCKED})
    gate.backend.requests.clear()
    assert closed(nginx.raw(absolute("open.example", "x.acme.example")))
    assert closed(nginx.raw(absolute("x.acme.example", "open.example")))
    assert gate.backend.requests == []
    assert site(nginx.raw(absolute("open.example", "acme.example")))


def test_two_names_and_a_key(gate):
    """The key stands in the place of the name, of both."""
    nginx = gate.start(PROXIED)
    gate.lock("acme.example")
    assert site(nginx.raw(absolute("keyed.example", "acme.example")))
    gate.lock("also.example")
    assert closed(nginx.raw(absolute("keyed.example", "acme.example")))
    assert closed(nginx.raw(absolute("keyed.example", "open.example")))


def test_the_stricter_of_two(gate, redis):
    nginx = gate.start(PROXIED)
    chain = Chain(redis)
    chain.put(nginx, {"open.example": READONLY, "acme.example": NOTICE})
    for pair in [("open.example", "acme.example"),
                 ("acme.example", "open.example")]:
        assert site(nginx.raw(absolute(*pair)))
        assert closed(nginx.raw(absolute(*pair, "POST")))
    assert site(nginx.raw(absolute("acme.example", "acme.example", "POST")))
