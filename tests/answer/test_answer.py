# Copyright (C) 2026 paylock contributors
#
# The answer of a locked site: status, headers, HTML, JSON and text.

import gzip
import json
import re
import time

import pytest

from support.answer import HTML, JSON, TEXT, Page, ask

# what a discreet page must not hold, in whatever language
TELLING = re.compile("paylock|suspen|pay(?!load)|paie|owner|propri|PL-|"
                     "erence|érence|contact|billing|agency", re.I)


def test_headers(site):
    reply = ask(site())
    assert reply.status == 503
    # as Angie calls it, and as nginx does
    assert reply.reason in ("Service Unavailable",
                            "Service Temporarily Unavailable")
    headers = {name.lower(): value for name, value in reply.headers.items()}
    assert headers.pop("server").startswith(
        ("nginx", "Angie", "Tengine", "freenginx"))
    assert headers.pop("date")
    assert headers == {
        "content-type": "text/html; charset=utf-8",
        "content-length": str(len(reply.body)),
        "content-language": "en",
        "connection": "close",
        "retry-after": "3600",
        "cache-control": "no-store",
        "vary": "Accept, Accept-Language, Sec-Fetch-Dest, Origin",
        "access-control-allow-origin": "*",
        "x-paylock": "locked"}


def test_page(site):
    reply = ask(site("paylock_contact mailto:billing@agency.example;",
                     "--reason", "overdue since May", "--invoice", "F-17"))
    assert len(reply.body) < 6144
    page = Page(reply.text)
    assert page.attributes["html"]["lang"] == "en"
    assert page.seen.count("h1") == page.seen.count("main") == 1
    assert not {"script", "img", "iframe", "form"} & set(page.seen)
    assert "suspended pending payment" in page.text
    assert "Your connection is fine" in page.text
    assert "PL-7F3K2M" in page.text
    assert page.links == {
        "mailto:billing@agency.example": "billing@agency.example"}
    for secret in ("overdue", "F-17", "tester", "acme"):
        assert secret not in reply.text


def test_contrast(site):
    """WCAG 2.1 AA: 4.5 to 1 for text, whatever it stands on."""
    style = ask(site()).text.partition("<style>")[2].partition("</style>")[0]

    def luminance(colour):
        if len(colour) == 3:
            colour = "".join(2 * digit for digit in colour)
        parts = [int(colour[i:i + 2], 16) / 255 for i in (0, 2, 4)]
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                 for c in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    schemes = [dict(re.findall(r"--(\w+): #([0-9a-f]+)", block))
               for block in re.findall(r":root \{(.*?)\}", style, re.S)]
    assert len(schemes) == 3                        # light, dark, print
    for scheme in schemes:
        scheme = {**schemes[0], **scheme}
        for ink, paper in (("ink", "card"), ("soft", "card"),
                           ("mark", "card"), ("mark", "tint")):
            one, two = sorted((luminance(scheme[ink]),
                               luminance(scheme[paper])))
            assert (two + 0.05) / (one + 0.05) >= 4.5, (scheme, ink, paper)


def test_no_contact(site):
    assert "contact your hosting provider" in ask(site()).text


def test_contact_is_escaped(site):
    server = site("""paylock_contact 'Ann <a@agency.example> & "co"';""")
    page = Page(ask(server).text)
    assert page.links == {}
    assert 'Ann <a@agency.example> & "co"' in page.text
    assert json.loads(ask(server, JSON).text)["contact"] \
        == 'Ann <a@agency.example> & "co"'
    assert 'Ann <a@agency.example> & "co"' in ask(server, TEXT).text


def test_settings_of_a_location(site):
    server = site("paylock_contact outer; "
                  "location /in { paylock_contact inner; paylock_status 403; "
                  "paylock_retry_after 2h; } "
                  'location /none { paylock_contact ""; } '
                  "location /shy { paylock_page discreet; }")

    def get(path):
        return server.get(path, host="acme.example")

    assert "outer" in get("/").text
    assert get("/").headers["Retry-After"] == "3600"
    assert "inner" in get("/in").text
    assert get("/in").status == 403
    assert get("/in").headers["Retry-After"] == "7200"
    assert "hosting provider" in get("/none").text
    assert get("/shy").headers["X-Paylock"] is None
    assert "suspended" not in get("/shy").text


@pytest.mark.parametrize("name", ["ref", "no ref"])
def test_ref(site, redis, name):
    server = site()
    if name == "no ref":
        # one more as well, or it would wait for the next reconcile
        redis.client().hset("{paylock}:locks", mapping={
            "acme.example": '{"at":2,"lock_at":1}', "other.example": "1"})
        server.reload()
        server.wait_live()
        deadline = time.monotonic() + 120
        while "PL-7F3K2M" in ask(server).text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    shown = name == "ref"
    assert ("PL-7F3K2M" in ask(server).text) is shown
    assert ("<code>" in ask(server).text) is shown
    assert ("reference" in ask(server, TEXT).text) is shown
    assert ("ref" in json.loads(ask(server, JSON).text)) is shown


def test_french(site):
    server = site("paylock_contact https://agency.example/;")
    reply = ask(server, accept_language="fr-CH, fr;q=0.9, en;q=0.8")
    page = Page(reply.text)
    assert reply.headers["Content-Language"] == "fr"
    assert page.attributes["html"]["lang"] == "fr"
    assert "suspendu dans l’attente d’un paiement" in page.text
    assert "Votre connexion fonctionne bien" in page.text
    assert page.links == {"https://agency.example/": "https://agency.example/"}
    assert "suspendu" in ask(server, JSON, accept_language="fr").text
    assert "suspendu" in ask(server, TEXT, accept_language="fr").text
    assert "suspended" in ask(server, accept_language="xx").text


def test_problem(site):
    reply = ask(site("paylock_contact tel:+4930123;"), JSON)
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(reply.body)
    detail = problem.pop("detail")
    assert "suspended pending payment" in detail
    assert "Your connection is fine" in detail
    assert problem == {
        "type": "urn:paylock:locked", "title": "Site suspended",
        "status": 503, "contact": "tel:+4930123", "ref": "PL-7F3K2M"}


def test_text(site):
    reply = ask(site("paylock_contact tel:+4930123;"), TEXT)
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "suspended pending payment" in reply.text
    assert "Your connection is fine" in reply.text
    assert "PL-7F3K2M" in reply.text and " +4930123\n" in reply.text
    assert "<" not in reply.text


@pytest.mark.parametrize("headers,form", [
    ({}, "text/html"),
    ({"Accept": "*/*"}, "text/html"),
    ({"Accept": "application/json"}, JSON),
    ({"Accept": "application/json, text/html;q=0.5"}, JSON),
    ({"Accept": "text/*"}, "text/html"),
    ({"Accept": "image/avif,image/webp,*/*;q=0.8",
      "Sec-Fetch-Dest": "image"}, None),
    ({"Accept": "text/css,*/*;q=0.1", "Sec-Fetch-Dest": "style"}, None),
    ({"Accept": "*/*", "Sec-Fetch-Dest": "script"}, None),
    ({"Accept": "*/*", "Sec-Fetch-Dest": "font"}, None),
    ({"Accept": "image/png"}, None),
])
def test_form(site, headers, form):
    reply = site().get("/", host="acme.example", headers=headers)
    assert reply.status == 503
    assert reply.headers["X-Paylock"] == "locked"
    if form is None:
        assert reply.body == b""
        assert reply.headers["Content-Length"] == "0"
    else:
        assert reply.headers["Content-Type"].split(";")[0] == form


@pytest.mark.parametrize("accept", [HTML, JSON, TEXT])
def test_head(site, accept):
    server = site()
    full = ask(server, accept)
    raw = server.raw(b"HEAD / HTTP/1.1\r\nHost: acme.example\r\n"
                     b"Accept: " + accept.encode() + b"\r\n"
                     b"Connection: close\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert body == b""
    assert f"Content-Type: {full.headers['Content-Type']}".encode() in head
    assert f"Content-Length: {len(full.body)}".encode() in head


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("accept", [HTML, JSON, TEXT])
def test_discreet(site, accept, language):
    server = site("paylock_page discreet; "
                  "paylock_contact mailto:billing@agency.example;")
    reply = ask(server, accept, accept_language=language)
    assert reply.status == 503
    assert {"en": "temporarily unavailable",
            "fr": "momentanément indisponible"}[language] in reply.text
    # the request itself is no part of what is said
    told = str(reply.headers) + reply.text
    assert not TELLING.search(told), TELLING.search(told)
    if accept == JSON:
        problem = json.loads(reply.body)
        assert problem["type"] == "about:blank"
        assert set(problem) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize("status", [402, 403])
def test_status(site, status):
    server = site(f"paylock_status {status};")
    assert ask(server).status == status
    assert json.loads(ask(server, JSON).body)["status"] == status


def test_retry_after_off(site):
    assert ask(site("paylock_retry_after off;")).headers["Retry-After"] is None


def test_retry_after(site):
    assert ask(site("paylock_retry_after 2d;")).headers["Retry-After"] \
        == "172800"


def test_retry_after_next_opening(site):
    server = site("", "--until", "+1000s")
    assert 990 <= int(ask(server).headers["Retry-After"]) <= 1000


def test_retry_after_off_stays_off(site):
    server = site("paylock_retry_after off;", "--until", "+1000s")
    assert ask(server).headers["Retry-After"] is None


def test_error_page(site):
    server = site("error_page 503 /mine.html; error_page 402 403 503 = @mine; "
                  "location = /mine.html { return 200 mine; } "
                  "location @mine { return 200 mine; }")
    reply = ask(server)
    assert reply.status == 503
    assert "suspended" in reply.text and "mine" not in reply.text


def test_default_locked(nginx, admin):
    admin("init")
    server = nginx("server { server_name new.example; paylock on; "
                   "paylock_default locked; }")
    reply = server.get("/", host="new.example")
    assert reply.status == 503
    assert "suspended" in reply.text and "<code>" not in reply.text


def test_add_header(site):
    reply = ask(site("add_header X-Mine yes always; "
                     "add_header Content-Security-Policy "
                     "\"default-src 'none'; style-src 'unsafe-inline'\" "
                     "always;"))
    assert reply.headers["X-Mine"] == "yes"
    assert reply.headers["X-Paylock"] == "locked"
    Page(reply.text)


def test_expires(site):
    reply = ask(site("expires 1h;"))
    assert reply.headers.get_all("Cache-Control") == ["no-store"]


def test_gzip(site):
    server = site("gzip on; gzip_min_length 1; gzip_vary on; gzip_types *; "
                  "gzip_proxied any;")
    plain = ask(server)
    reply = ask(server, accept_encoding="gzip")
    # nginx compresses 200, 403 and 404 alone
    assert reply.headers["Content-Encoding"] is None
    assert reply.body == plain.body


def test_gzip_403(site):
    server = site("gzip on; gzip_min_length 1; gzip_vary on; "
                  "paylock_status 403;")
    plain = ask(server)
    reply = ask(server, accept_encoding="gzip")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(reply.body) == plain.body
    vary = ", ".join(reply.headers.get_all("Vary"))
    assert "Accept-Encoding" in vary and "Accept-Language" in vary


def test_sub_filter(site):
    server = site("sub_filter_once off; sub_filter_types *; "
                  "sub_filter '</main>' '<p>Agency</p></main>'; "
                  "sub_filter PL-7F3K2M PL-XXXXXX;")
    page = Page(ask(server).text)
    assert "Agency" in page.text
    assert "PL-XXXXXX" in page.text
    assert ask(server).headers["X-Paylock"] == "locked"


def test_ssi_and_addition(site):
    server = site("ssi on; ssi_types *; add_after_body /after; "
                  "location = /after { return 200 after; }")
    reply = ask(server, accept_language="fr")
    assert reply.status == 503
    assert "suspendu" in reply.text and "</html>" in reply.text


def test_charset(nginx, admin):
    admin("init")
    server = nginx("charset_map iso-8859-1 utf-8 { 92 E28099; A0 C2A0; "
                   "E9 C3A9; E0 C3A0; } "
                   "server { server_name acme.example; paylock on; "
                   "paylock_default locked; charset iso-8859-1; "
                   "override_charset on; charset_types text/html; }")
    reply = ask(server, accept_language="fr")
    text = reply.body.decode(reply.headers.get_content_charset())
    assert "votre hébergeur" in text and "</html>" in text


def test_keepalive(site):
    server = site()
    request = b"GET / HTTP/1.1\r\nHost: acme.example\r\nAccept: %s\r\n"
    raw = server.raw(request % TEXT.encode() + b"\r\n"
                     + request % JSON.encode() + b"Connection: close\r\n\r\n")
    assert raw.count(b"HTTP/1.1 503 ") == 2
    assert raw.endswith(b"}\n")


def test_http_1_0(site):
    raw = site().raw(b"GET / HTTP/1.0\r\nHost: acme.example\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert f"Content-Length: {len(body)}".encode() in head
