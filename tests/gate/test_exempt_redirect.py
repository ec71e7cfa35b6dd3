# Copyright (C) 2026 paylock contributors
#
# ACME challenges at a server that redirects everything: the exemption permits
# what the request would do at an open host, and nothing else.

import pytest

from support.gate import SITE, closed, http10, http2, text

ACME = "/.well-known/acme-challenge/"
TOKEN = ACME + "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"

HTTPS = "https://$host$request_uri"

SERVERS = {
    "return": f"return 301 {HTTPS};",
    "certbot": f"if ($host = acme.example) {{ return 301 {HTTPS}; }}"
               " return 404;",
    "certbot, another name":
        f"if ($host = www.acme.example) {{ return 301 {HTTPS}; }}"
        " return 404;",
    "if by scheme": f"if ($scheme = http) {{ return 301 {HTTPS}; }}",
    "rewrite permanent": f"rewrite ^ {HTTPS}? permanent;",
    "rewrite redirect": f"rewrite ^/(.*)$ {HTTPS}? redirect;",
    "return above a location": f"return 301 {HTTPS};"
                               " location ^~ " + ACME + " { root @SITE@; }",
    "return 308": f"return 308 {HTTPS};",
    "return text": f'return 200 "{SITE}";',
    "set, then return": f"set $to {HTTPS}; return 301 $to;",
    "404": "return 404;",
    "redirect of a location": f"location / {{ return 301 {HTTPS}; }}",
    "redirect of all but the challenge":
        "location " + ACME + " { root @SITE@; } location / { return 301 "
        f"{HTTPS}; }}",
    "error_page": f"error_page 418 = @go; return 418;"
                  f" location @go {{ return 301 {HTTPS}; }}",
}

# beside them: what makes the gate wait for the location
OFF = {
    "": "",
    "with a location that is off":
        "location /open { paylock off; return 200 open; }",
    "with another status": "location /open { paylock_status 402;"
                           " return 200 open; }",
}

# where the redirect would let something be seen that is no challenge
NOT_EXEMPT = [
    "/", "/index.php", ACME, ACME + "..", ACME + ".", ACME + "../x",
    ACME + "a/b", ACME + "a/../../x", ACME + "x?", ACME + "x?a=b",
    ACME + "%61", ACME + "a%2fb", "/" + TOKEN, "/%2ewell-known/"
    "acme-challenge/x", "/./.well-known/acme-challenge/x", ACME + "a.b",
    "/.well-known/acme-challenge", "/x" + TOKEN, TOKEN + "/", ACME + "/x",
    "/.Well-Known/acme-challenge/x", "/robots.txt?x", "/robots.txt/"]


def servers_of(off):
    return "".join(f"""
        server {{
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name s{i}.example www.s{i}.example;
            paylock on;
            {conf.replace("acme.example", f"s{i}.example")} {OFF[off]}
        }}""" for i, conf in enumerate(SERVERS.values()))


def raw(nginx, path, host, method="GET", **kw):
    return nginx.raw((f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
                      "Connection: close\r\n\r\n").encode())


def same(reply):
    return "\n".join(line for line in text(reply).splitlines()
                     if not line.lower().startswith("date:"))


VERSIONS = [raw, http10, http2]


@pytest.mark.parametrize("off", OFF)
def test_the_same_as_an_open_host(off, gate):
    (gate.site / TOKEN[1:]).parent.mkdir(parents=True)
    (gate.site / TOKEN[1:]).write_text("token")
    nginx = gate.start(servers_of(off))

    def answers(i):
        return [same(by(nginx, path, host=host, method=method))
                for path in (TOKEN, ACME + "x", "/robots.txt")
                for host in (f"s{i}.example", f"www.s{i}.example")
                for by in VERSIONS for method in ("GET", "HEAD")]

    before = {way: answers(i) for i, way in enumerate(SERVERS)}
    assert " 301 " in before["return"][0]
    gate.lock(*(f"s{i}.example" for i in range(len(SERVERS))))
    bad = {}
    # what sends the request elsewhere by a way of ours is judged again
    for i, way in enumerate(SERVERS):
        if way == "error_page":
            continue
        for was, now in zip(before[way], answers(i)):
            if was != now:
                bad.setdefault(way, (was[:100], now[:100]))
    if bad:
        pytest.fail("\n".join(f"{way}: {what}" for way, what in bad.items()))


@pytest.mark.parametrize("off", OFF)
def test_nothing_beside_it(off, gate):
    nginx = gate.start(servers_of(off))
    gate.lock(*(f"s{i}.example" for i in range(len(SERVERS))))
    bad = {}
    for i, way in enumerate(SERVERS):
        host = f"s{i}.example"
        replies = [(path, by(nginx, path, host=host)) for path in NOT_EXEMPT
                   for by in VERSIONS]
        replies += [(method, by(nginx, TOKEN, host=host, method=method))
                    for by in VERSIONS for method in ("POST", "OPTIONS",
                                                      "PUT")]
        for path, reply in replies:
            try:
                assert closed(
                    reply.replace(b"HTTP/1.0 ", b"HTTP/1.1 ")
                    if isinstance(reply, bytes) else reply)
            except AssertionError:
                bad.setdefault(way, (path, text(reply)[:200]))
    if bad:
        pytest.fail("\n".join(f"{way}: {what}" for way, what in bad.items()))


@pytest.mark.parametrize("conf", [
    "rewrite ^ /index.php last;",
    "rewrite ^ /index.php;",
    f"rewrite ^ /index.php; return 200 {SITE};",
    "rewrite ^/.well-known/(.*)$ /files/$1 last;",
    "if ($request_method = GET) { rewrite ^ /index.php last; }",
    "try_files /none /index.php;",
    "error_page 404 = /index.php; root @SITE@;",
    "error_page 418 = /index.php; return 418;",
    "error_page 418 = @app; return 418;",
])
@pytest.mark.parametrize("off", OFF)
def test_it_ends_with_a_rewrite(conf, off, gate, backend):
    """A rewrite in the server to the front controller is the site."""
    nginx = gate.start("""
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name acme.example;
            paylock on;
            %s
            location / { root @SITE@; }
            location /index.php { proxy_pass http://127.0.0.1:@BACKEND@; }
            location /files { proxy_pass http://127.0.0.1:@BACKEND@; }
            location @app { proxy_pass http://127.0.0.1:@BACKEND@; }
        }
    """ % (conf + OFF[off]))
    gate.lock("acme.example")
    for by in VERSIONS:
        for path in TOKEN, "/robots.txt":
            assert SITE not in text(by(nginx, path, host="acme.example"))
    assert not backend.requests


@pytest.mark.parametrize("off", OFF)
def test_exempt_off(off, gate):
    """Then the redirect is not for the challenge either."""
    nginx = gate.start("""
        server {
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name acme.example;
            paylock on;
            paylock_exempt off;
            return 301 https://$host$request_uri;
            %s
        }
    """ % OFF[off])
    gate.lock("acme.example")
    for by in VERSIONS:
        reply = by(nginx, TOKEN, host="acme.example")
        assert " 301 " not in text(reply).split("\n")[0] + " "
        assert "https://" not in text(reply).split("\r\n\r\n")[0]
