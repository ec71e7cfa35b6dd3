# Copyright (C) 2026 paylock contributors
#
# paylock_page FILE: your own page in the place of ours.

import json
import os

import pytest

from support import servers
from support.answer import JSON, TEXT, ask

ESCAPED = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"


@pytest.fixture
def page(private, nginx, admin):
    """page(template, directives, *options): acme.example, locked, with it."""
    admin("init")

    def start(template, directives="", *options, http=""):
        if isinstance(template, str):
            template = template.encode()
        (private / "page.html").write_bytes(template)
        server = nginx(f"{http} server {{ server_name acme.example; "
                       f"paylock on; paylock_page {private}/page.html; "
                       f"{directives} location / {{ return 200 site; }} }}")
        admin("lock", "acme.example", "--ref", "PL-7F3K2M", *options)
        server.wait_state("acme.example", "locked")
        return server

    return start


@pytest.fixture
def refused(private):
    """refused(template): what nginx -t says of it, from "cannot" on."""
    def check(template, file="page.html"):
        if template is not None:
            (private / file).write_bytes(template)
        server = servers.Nginx(private / "refused", control=False)
        done = server.test("server { paylock on; "
                           f"paylock_page {private}/{file}; }}")
        assert done.returncode == 1, done
        assert f'"{private}/{file}"' in done.stderr
        return done.stderr.partition('"paylock_page" cannot ')[2]

    return check


def test_variables(page):
    server = page("<p>$paylock_ref|${paylock_contact}|$paylock_until|$host|"
                  "$request_uri|$paylock_state|$http_x_this|$arg_b</p>\n",
                  "paylock_contact mailto:billing@agency.example;",
                  "--until", "2105-11-01T09:00:30Z")
    reply = server.get("/a?b=c", host="acme.example",
                       headers={"X-This": "that"})
    assert reply.text == (
        "<p>PL-7F3K2M|mailto:billing@agency.example|2105-11-01 09:01 UTC|"
        "acme.example|/a?b=c|locked|that|c</p>\n")


def test_headers(page):
    reply = ask(page("<p>mine</p>"))
    headers = {name.lower(): value for name, value in reply.headers.items()}
    assert reply.status == 503
    assert headers.pop("server") and headers.pop("date")
    assert headers == {
        "content-type": "text/html; charset=utf-8",
        "content-length": str(len("<p>mine</p>")),
        "connection": "close",
        "retry-after": "3600",
        "cache-control": "no-store",
        "vary": "Accept, Accept-Language, Sec-Fetch-Dest, Origin",
        "access-control-allow-origin": "*",
        "x-paylock": "locked"}


def test_other_forms_are_built_in(page):
    server = page("<p>mine</p>")
    assert ask(server, JSON, accept_language="de").headers[
        "Content-Language"] == "de"
    assert json.loads(ask(server, JSON).body)["ref"] == "PL-7F3K2M"
    assert "suspended" in ask(server, TEXT).text
    assert ask(server, "image/png").body == b""
    raw = server.raw(b"HEAD / HTTP/1.1\r\nHost: acme.example\r\n"
                     b"Connection: close\r\n\r\n")
    assert b"Content-Length: 11\r\n" in raw and raw.endswith(b"\r\n\r\n")


def test_values_are_escaped(page):
    server = page('<a title="$http_x_this" href="${arg_a}">$http_x_this</a>')
    reply = server.get("/?a='>", host="acme.example", headers={
        "X-This": "<script>alert(\"1\")</script>&'"})
    assert reply.text == (f'<a title="{ESCAPED}" href="&#39;&gt;">'
                          f"{ESCAPED}</a>")
    reply = server.get("/", host="acme.example", headers={
        "X-This": "\t\xff\xe9"})
    assert "<script" not in reply.text
    assert "\ufffd\ufffd</a>" in reply.text


def test_contact_is_escaped(page):
    server = page("<p>$paylock_contact</p>",
                  """paylock_contact '<b> & "Co"';""")
    assert ask(server).text == "<p>&lt;b&gt; &amp; &quot;Co&quot;</p>"


def test_dollars(page):
    assert ask(page("$$5, $$$$, $${host}, $$$host")).text \
        == "$5, $$, ${host}, $acme.example"


def test_nothing_but_a_variable(page):
    server = page("$http_x_this")
    assert ask(server, x_this="1").text == "1"
    reply = ask(server)
    assert reply.body == b"" and reply.headers["Content-Length"] == "0"


def test_variables_that_fail(page):
    """What is not there, and one that nginx cannot evaluate at all."""
    server = page("[$upstream_addr$ssl_cipher$request_body$sent_http_x"
                  "$cookie_a$uid_got$loop]",
                  http="map $host $loop { default $loop; }")
    assert ask(server).text == "[]"
    assert 'cycle while evaluating variable "loop"' in server.error_log()


def test_set_below(page):
    """A "set" that the gate lets nothing come to leaves its variable empty."""
    server = page("[$later]", 'set $later "value";')
    assert ask(server).text == "[]"


def test_errors_of_the_request_show_it_too(page):
    server = page("<p>$host$request_method$request_uri</p>")
    raw = server.raw(b"GET / HTTP/1.1\r\nHost: acme.example\r\n"
                     b"Content-Length: x\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 503 ")
    assert raw.endswith(b"<p>acme.exampleGET/</p>")


def test_it_is_read_once_and_again_at_a_reload(page, private):
    server = page("<p>one</p>", "location /in { paylock_status 403; }")
    (private / "page.html").write_text("<p>two</p>")
    assert ask(server).text == "<p>one</p>"
    assert server.get("/in", host="acme.example").text == "<p>one</p>"
    server.reload()
    assert ask(server).text == "<p>two</p>"


def test_locations(page, private):
    (private / "other.html").write_text("<p>other</p>")
    server = page("<p>outer</p>", f"""
        location /other {{ paylock_page {private}/other.html; }}
        location /shy {{ paylock_page discreet;
                         location /shy/back {{
                             paylock_page {private}/page.html; }} }}
        location /in {{ paylock_status 403; }}""")

    def get(path):
        return server.get(path, host="acme.example")

    assert get("/").text == get("/in").text == "<p>outer</p>"
    assert get("/other").text == "<p>other</p>"
    assert "temporarily unavailable" in get("/shy").text
    assert get("/shy").headers["X-Paylock"] is None
    assert get("/shy/back").text == "<p>outer</p>"
    assert get("/shy/back").headers["X-Paylock"] == "locked"


def test_relative_name(private, nginx, admin):
    admin("init")
    server = servers.Nginx(private / "relative", control=False)
    (private / "relative/discreet").write_text("<p>mine</p>")
    done = server.test("server { paylock on; paylock_page ./discreet; }")
    assert done.returncode == 0, done.stderr


def test_a_large_page(page):
    text = "<p>" + "x" * (65536 - 7 - 5) + "</p>$host"
    server = page(text[:65536])
    assert ask(server).text == text.replace("$host", "acme.example")


def test_many_variables(page):
    assert ask(page("$host\n" * 10000)).text == "acme.example\n" * 10000


def test_filters(page):
    server = page("<body>$paylock_ref</body>",
                  "sub_filter PL- QL-; ssi on; paylock_status 403; gzip on;"
                  "gzip_min_length 1;")
    assert ask(server).text == "<body>QL-7F3K2M</body>"


def test_the_documented_page(page):
    text = (servers.ROOT / "docs/page.md").read_text()
    text = text.partition("```html\n")[2].partition("```")[0]
    server = page(text, "paylock_contact https://agency.example/;")
    assert "<p class=\"ref\">PL-7F3K2M</p>" in ask(server).text
    assert '<p class="until"></p>' in ask(server).text
    assert '<a href="https://agency.example/">' in ask(server).text
    assert "$" not in ask(server).text


REFUSED = {
    "an unknown variable": (
        b"<p>\n <b>$host $nothing</b>", "line 2, column 11: there is no "
        'variable "$nothing"; for a dollar write "$$"'),
    "an unknown variable in braces": (
        b"${nothing}", 'line 1, column 1: there is no variable "$nothing"'),
    "a capture": (b"$1", 'there is no variable "$1"'),
    "a lone dollar": (
        "\u00e9\u20ac$ 5".encode(), 'line 1, column 3: a "$" begins no name: '
        'for a dollar write "$$"'),
    "a dollar at the end": (b"\n\n5 $", "line 3, column 3: "),
    "empty braces": (b"${}", "line 1, column 1: "),
    "an open brace": (b"${host", 'line 1, column 1: "${" without "}"'),
    "another brace": (b"${host)}", 'line 1, column 1: "${" without "}"'),
    "invalid UTF-8": (b"<p>\n\xc3\xa9\xe9</p>",
                      "line 2, column 2: a byte that is no UTF-8"),
    "a cut character": (b"x\xe2\x82", "line 1, column 2: a byte"),
    "too large": (b"x" * 65537, "it has 65537 bytes, 65536 are allowed"),
    "empty": (b"", "it is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(refused, name):
    template, words = REFUSED[name]
    assert words in refused(template)


def test_refused_when_not_there(refused):
    words = refused(None)
    assert "open() failed (2: No such file or directory)" in words
    assert "nginx-test.conf:" in words


def test_refused_when_not_readable(refused, private):
    os.mkfifo(private / "fifo")
    assert "it is not a file" in refused(None, "fifo")
    (private / "directory").mkdir()
    assert "it is not a file" in refused(None, "directory")


def test_a_failing_reload_keeps_the_page(page, private):
    server = page("<p>one</p>")
    server.allow(r"\[emerg\].*no variable \"\$nothing\"")
    (private / "page.html").write_text("<p>$nothing</p>")
    os.kill(server.pid, 1)
    servers.wait_for("the reload to fail",
                     lambda: '"$nothing"' in server.error_log())
    assert ask(server).text == "<p>one</p>"
