# Copyright (C) 2026 paylock contributors
#
# paylock_exempt: the paths that stay open on a locked host, and nothing else.

import pytest

from support import servers
from support.gate import SITE, closed, http10, http2, site

ACME = "/.well-known/acme-challenge/"

# a front controller takes all that is no file, as most of them do
PROXY = "proxy_pass http://127.0.0.1:@BACKEND@;"
SERVER = """
    server {
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name acme.example;
        paylock on;
        add_header X-State "$paylock_state" always;
        %s
    }
"""


def get(nginx, target, method="GET", body="", *fields):
    """The target as it is, which http.client might mend."""
    if body:
        fields += (f"Content-Length: {len(body)}",)
    head = "".join(f"{field}\r\n" for field in fields)
    return nginx.raw((f"{method} {target} HTTP/1.1\r\nHost: acme.example\r\n"
                      f"{head}Connection: close\r\n\r\n{body}").encode())


def passes(reply):
    return reply.startswith(b"HTTP/1.1 200 ") \
        and b"X-State: exempt\r\n" in reply


# the default: two paths

EXEMPT = ["/robots.txt", ACME + "token-AZ_09", ACME + "x" * 43]

# by another spelling, or not quite
NOT_EXEMPT = [
    "/index.php/%2e%2e" + ACME + "x", "/admin/..%2f.well-known/"
    "acme-challenge/x", "//robots.txt", "/.well-known/acme-challenge/..;/x",
    "/robots.txt?route=account/orders", "/robots.txt?", "/robots.txt/",
    "/./robots.txt", "/a/../robots.txt", "/robots%2etxt", "/%72obots.txt",
    "/robots.txt%00", "/robots.txt;x", "/robots.txt%3fx", "/Robots.txt",
    "/robots.txt.bak", "/robots.tx", "/robots.txt#x", "/.well-known/", ACME,
    "/.well-known/acme-challenge", ACME + "a/b", ACME + "../x", ACME + "x/",
    ACME + ".", ACME + "a.php", ACME + "a%2fb", ACME + "a?x=y", ACME + "a?",
    ACME + "%61", "/x" + ACME + "a", "/.well-known/security.txt",
    "/.well-known//acme-challenge/x", "\\robots.txt", "/\\robots.txt", "/"]


@pytest.mark.parametrize("conf", [
    "location / { " + PROXY + " }",
    "merge_slashes off; location / { " + PROXY + " }",
    "location / { proxy_pass http://127.0.0.1:@BACKEND@/; }",
])
def test_default(conf, gate, backend):
    nginx = gate.start(SERVER % conf)
    gate.lock("acme.example")

    for path in EXEMPT:
        assert passes(get(nginx, path)), path
        assert passes(get(nginx, path, "HEAD")), path
        assert b" 200 " in http10(nginx, path), path
        assert site(http2(nginx, path)), path
    assert {r.path for r in backend.requests} == set(EXEMPT)

    backend.requests.clear()
    for path in NOT_EXEMPT:
        reply = get(nginx, path)
        assert closed(reply), path
        assert b"X-State: locked\r\n" in reply or b"X-State" not in reply
        if path.startswith("/"):
            assert closed(http2(nginx, path)), path
            assert closed(http10(nginx, path)), path
    for method in "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE":
        assert closed(get(nginx, "/robots.txt", method)), method
    assert closed(get(nginx, "/robots.txt", "POST", "body"))
    assert not backend.requests


def test_absolute_form(gate, backend):
    """A proxy's request line names the path as plainly."""
    nginx = gate.start(SERVER % ("location / { " + PROXY + " }"))
    gate.lock("acme.example")
    assert passes(get(nginx, "http://acme.example/robots.txt"))
    backend.requests.clear()
    for target in ("http://acme.example/robots.txt?x", "http://acme.example/",
                   "http://acme.example//robots.txt",
                   "http://acme.example?/robots.txt", "http://acme.example"):
        assert closed(get(nginx, target)), target
    assert not backend.requests


# own paths

OWN = ("paylock_exempt /legal /pay/ /logo.png; location / { " + PROXY + " }")


def test_own_paths_replace_the_default(gate, backend):
    nginx = gate.start(SERVER % OWN)
    gate.lock("acme.example")
    for path in "/legal", "/pay/", "/pay/now", "/pay/a/b.php", "/logo.png":
        assert passes(get(nginx, path)), path

    backend.requests.clear()
    for path in ("/legal/", "/legalx", "/pay", "/pay/../x", "/pay//x",
                 "/pay/now?x=1", "/pay/%2e%2e/x", "/pay/..;/x", "/Pay/x",
                 "/logo.png/", *EXEMPT):
        assert closed(get(nginx, path)), path
    assert not backend.requests


def test_acme_among_own_paths(gate, backend):
    """The path keeps its own rule where it is written down."""
    nginx = gate.start(SERVER % f"paylock_exempt /a {ACME}; location / {{ "
                       f"{PROXY} }}")
    gate.lock("acme.example")
    assert passes(get(nginx, ACME + "token"))
    backend.requests.clear()
    assert closed(get(nginx, ACME + "a.php"))
    assert closed(get(nginx, ACME + "a/b"))
    assert not backend.requests


def test_off(gate, backend):
    nginx = gate.start(SERVER % ("paylock_exempt off; location / { "
                                 + PROXY + " }"))
    gate.lock("acme.example")
    for path in EXEMPT:
        assert closed(get(nginx, path)), path
    assert not backend.requests


def test_inherited_and_replaced(gate):
    nginx = gate.start("paylock_exempt /http;" + SERVER % ("""
        location / { """ + PROXY + """ }
        location /own/ { paylock_exempt /own/a; """ + PROXY + """ }
        location /none/ { paylock_exempt off; """ + PROXY + """ }
    """))
    gate.lock("acme.example")
    assert passes(get(nginx, "/http"))
    assert passes(get(nginx, "/own/a"))
    for path in "/robots.txt", "/own/b", "/none/a":
        assert closed(get(nginx, path)), path


def test_location_found_counts(gate):
    """What is exempt elsewhere is not where the request lands."""
    nginx = gate.start(SERVER % ("""
        location / { paylock_exempt /a /b; """ + PROXY + """ }
        location = /b { paylock_exempt off; """ + PROXY + """ }
    """))
    gate.lock("acme.example")
    assert passes(get(nginx, "/a"))
    assert closed(get(nginx, "/b"))


def test_open_host_needs_no_exemption(gate):
    nginx = gate.start(SERVER % ("location / { " + PROXY + " }"))
    assert b"X-State: open\r\n" in get(nginx, "/robots.txt")


# An exempt path that leads on to the rest of the site

LEADS_ON = {
    "try_files to a URI":
        "try_files $uri /index.php;",
    "try_files to a named location":
        "try_files $uri @app;",
    "try_files to a file":
        "try_files $uri /file.txt =404;",
    "try_files to a directory's index":
        "try_files $uri /dir/ =404; index page.php;",
    "try_files by way of a variable":
        "try_files $uri /file$is_args$args.txt =404;",
    "error_page to a URI":
        "error_page 404 = /index.php;",
    "error_page to a named location":
        "error_page 404 = @app;",
    "error_page to a file":
        "error_page 404 /file.txt;",
    "error_page after return":
        "error_page 404 = @app; return 404;",
    "rewrite … last":
        "rewrite ^ /index.php last;",
    "rewrite … break":
        "rewrite ^ /file.txt break;",
    "rewrite without a flag":
        "rewrite ^ /index.php;",
    "rewrite in an if":
        "if ($request_method = GET) { rewrite ^ /file.txt break; }",
    "X-Accel-Redirect":
        "proxy_pass http://127.0.0.1:@BACKEND@/accel;",
    "index":
        "index file.txt; try_files /dir/ /;",
}

LEADS_ON_SERVER = """
    root @SITE@;
    location = /robots.txt { %s }
    location /files/ { internal; alias @SITE@/; }
    location = /index.php { """ + PROXY + """ }
    location / { }
    location @app { """ + PROXY + """ }
"""


@pytest.mark.parametrize("way", LEADS_ON)
def test_exemption_ends(way, gate, backend):
    nginx = gate.start(SERVER % (LEADS_ON_SERVER % LEADS_ON[way]))
    assert site(get(nginx, "/robots.txt")) or backend.requests, way

    gate.lock("acme.example")
    assert closed(get(nginx, "/robots.txt")), way
    assert closed(http2(nginx, "/robots.txt")), way
    # who speaks for the exempt path itself may be asked
    assert [r for r in backend.requests if r.path != "/accel"] == [], way


@pytest.mark.parametrize("way", [
    "rewrite ^ /secret break; " + PROXY,
    "if ($host) { rewrite ^ /secret break; } " + PROXY,
    "if ($host) { rewrite ^ /secret break; " + PROXY + " }",
    "try_files /file.txt =404; " + PROXY,
    "try_files /file.txt =404; proxy_set_body $uri; "
    "proxy_pass http://127.0.0.1:@BACKEND@$uri;",
])
def test_no_backend_hears_of_it(way, gate, backend):
    nginx = gate.start(SERVER % (LEADS_ON_SERVER % way))
    get(nginx, "/robots.txt")
    assert backend.requests

    gate.lock("acme.example")
    assert closed(get(nginx, "/robots.txt")), way
    assert not backend.requests, way


@pytest.mark.parametrize("way", [
    "if ($host) { set $x 1; } " + PROXY,
    "if ($host) { " + PROXY + " }",
    "limit_except POST { allow all; } " + PROXY,
    "rewrite ^/none$ / break; " + PROXY,
])
def test_what_leads_nowhere_ends_nothing(way, gate, backend):
    nginx = gate.start(SERVER % (LEADS_ON_SERVER % way))
    before = get(nginx, "/robots.txt").partition(b"\r\n\r\n")[2]
    asked = [r.path for r in backend.requests]

    gate.lock("acme.example")
    reply = get(nginx, "/robots.txt")
    assert passes(reply) and reply.endswith(before), reply
    assert [r.path for r in backend.requests] == asked


def test_a_file_of_its_own(gate):
    """try_files that finds the exempt file is no way round."""
    nginx = gate.start(SERVER % (LEADS_ON_SERVER
                                 % "try_files $uri /index.php;"))
    (gate.site / "robots.txt").write_text(SITE + " robots\n")
    gate.lock("acme.example")
    for reply in (get(nginx, "/robots.txt"), get(nginx, "/robots.txt", "HEAD")):
        assert passes(reply)
    assert get(nginx, "/robots.txt").endswith(b" robots\n")


def test_missing_file_is_404(gate):
    nginx = gate.start(SERVER % "root @SITE@; location / { }")
    gate.lock("acme.example")
    assert get(nginx, "/robots.txt").startswith(b"HTTP/1.1 404 ")
    assert closed(get(nginx, "/file.txt"))


# Subrequests of an exempt answer

@pytest.mark.parametrize("conf", [
    "location / { mirror /frag; root @SITE@; }",
    "location / { root @SITE@; ssi on; ssi_types *; }",
    "location / { root @SITE@; addition_types *; add_after_body /frag; }",
    "location / { auth_request /frag; root @SITE@; }",
])
def test_nothing_comes_along(conf, gate, backend):
    (gate.site / "robots.txt").write_text(
        'robots <!--#include virtual="/frag" -->\n')
    nginx = gate.start(SERVER % (conf + "location = /frag { " + PROXY + " }"))
    get(nginx, "/robots.txt")
    assert backend.requests

    gate.lock("acme.example")
    assert SITE.encode() not in get(nginx, "/robots.txt")
    assert not backend.requests


def test_post_action(gate, backend):
    """What is done after the answer is of the site as well."""
    nginx = gate.start(SERVER % (
        "root @SITE@; location / { post_action /done; }"
        "location = /done { " + PROXY + " }"))
    (gate.site / "robots.txt").write_text("robots\n")
    get(nginx, "/robots.txt")
    servers.wait_for("post_action", lambda: backend.requests)

    gate.lock("acme.example")
    assert passes(get(nginx, "/robots.txt"))
    assert closed(get(nginx, "/file.txt"))
    gate.unlock("acme.example")
    get(nginx, "/robots.txt")
    servers.wait_for("post_action", lambda: backend.requests)
    assert len(backend.requests) == 1


# Both bypass and an exemption: the location serves as it would open

@pytest.mark.parametrize("let", ["paylock_bypass 1;", "paylock_dry_run on;"])
@pytest.mark.parametrize("way", [
    "rewrite ^ /secret break; " + PROXY,
    "rewrite ^ /file.txt break; root @SITE@;",
    "try_files /file.txt =404; " + PROXY,
    "try_files $uri /index.php;",
])
def test_let_through_all_the_same(let, way, gate, backend):
    nginx = gate.start(SERVER % (let + LEADS_ON_SERVER % way))
    before = get(nginx, "/robots.txt").partition(b"\r\n\r\n")[2]
    asked = [r.path for r in backend.requests]

    gate.lock("acme.example")
    after = get(nginx, "/robots.txt").partition(b"\r\n\r\n")[2]
    assert after == before and SITE.encode() in after
    assert [r.path for r in backend.requests] == asked


# nginx -t

@pytest.mark.parametrize("path,why", [
    ("robots.txt", "does not begin with a slash"),
    ('""', "does not begin with a slash"),
    ("//robots.txt", "has an empty segment"),
    ("/a//b", "has an empty segment"),
    ("/a/../b", "has a segment of dots"),
    ("/./a", "has a segment of dots"),
    ("/a/..;/b", "has a segment of dots"),
    ("/a%2fb", "would have to be escaped"),
    ("/a?b", "would have to be escaped"),
    ('"/a b"', "would have to be escaped"),
    ("/é", "would have to be escaped"),
    ("/a off", 'path "off" in "paylock_exempt" does not begin'),
    ("", "invalid number of arguments"),
    ("/a; paylock_exempt /b", "is duplicate"),
])
@pytest.mark.parametrize("where", ["%s", "server { %s }",
                                   "server { location / { %s } }"])
def test_refused(path, why, where, private):
    nginx = servers.Nginx(private / "nginx", control=False)
    done = nginx.test(where % f"paylock_exempt {path};")
    assert done.returncode == 1
    assert why in done.stderr and "nginx-test.conf:" in done.stderr
