# Copyright (C) 2026 paylock contributors
#
# The locked page in Chromium: WCAG 2.1 AA in all languages and settings,
# nothing is fetched or cut off.  And what scripts of other sites can read.

import base64
import json
import time

import pytest

from support.browser import Chromium, axe

LANGUAGES = ["en", "fr", "de", "es", "it", "nl", "pt", "pl"]
PHONE, DESKTOP = (360, 740), (1440, 900)

PAGES = """
    location / { }
    location /contact { paylock_contact mailto:billing@agency.example; }
    location /long {
        paylock_contact "https://agency.example/pay/averyveryveryverylong\
pathwithoutanyplacetobreakitatall/F-2026-017/averyveryveryverylongpath";
    }
    location /shy { paylock_page discreet; }
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser = Chromium(tmp_path_factory.mktemp("chromium"))
    try:
        yield browser.start()
    finally:
        browser.stop()


@pytest.fixture
def sites(nginx, admin):
    """acme.example, locked for good; due.example, until a day; the tests'
    own app.example, open."""
    admin("init")
    # Chromium would keep connections, and nginx wait for their end
    server = nginx(f"""
        keepalive_timeout 0; client_header_timeout 500ms;
        types {{ }} default_type text/html;
        server {{ server_name app.example;
                 location / {{ return 200 "<title>app</title>"; }} }}
        server {{ server_name acme.example due.example; paylock on; {PAGES} }}
    """)
    admin("lock", "acme.example", "--ref", "0123456789._-AZa")
    admin("lock", "due.example", "--until",
          f"{time.gmtime().tm_year + 1}-11-01T09:00:00Z")
    server.wait_state("due.example", "locked")
    return server


def violations(browser):
    return browser.run("""
        axe.run(document, {resultTypes: ["violations", "incomplete"],
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa",
                      "best-practice"]})
        .then(found => [...found.violations, ...found.incomplete].map(
            v => v.id + ": " + v.nodes.map(n => n.html).join(", ")))""")


def test_axe(chromium, sites):
    script = axe()
    seen = set()

    for language in LANGUAGES:
        for url in ("acme.example:@/", "due.example:@/contact",
                    "acme.example:@/shy"):
            url = "http://" + url.replace("@", str(sites.port))
            chromium.go(url, Accept_Language=language)
            assert chromium.requests() == [url]
            assert chromium.run("document.documentElement.lang") == language
            chromium.run(script + ";0")

            for size in PHONE, DESKTOP:
                for scheme in "light", "dark":
                    chromium.look(*size, scheme)
                    where = language, url, size, scheme
                    assert violations(chromium) == [], where
                    assert chromium.run(
                        "document.documentElement.scrollWidth") <= size[0]
                    seen.add(chromium.run(
                        "getComputedStyle(document.body).backgroundColor"))

    assert len(seen) == 2, "light and dark look the same"


def test_axe_finds_something(chromium, sites):
    """Nothing of what the page does well is taken for granted."""
    chromium.go(f"http://acme.example:{sites.port}/contact")
    chromium.look(*PHONE)
    chromium.run(axe() + ";0")
    assert violations(chromium) == []
    chromium.run("""document.documentElement.lang = "";
        document.querySelector("h2").style.color = "#ccc";
        document.querySelector("a").textContent = "";""")
    found = {v.partition(":")[0] for v in violations(chromium)}
    assert {"html-has-lang", "color-contrast", "link-name"} <= found


@pytest.mark.parametrize("width", [240, 320, 768, 1920])
def test_nothing_is_cut_off(chromium, sites, width):
    for language in "de", "pl", "nl":
        chromium.go(f"http://due.example:{sites.port}/long",
                    Accept_Language=language)
        chromium.look(width, 600)
        assert chromium.run("document.documentElement.scrollWidth") <= width
        assert chromium.run("""[...document.querySelectorAll("main *")].every(
            e => e.getBoundingClientRect().right
                 <= document.querySelector("main").getBoundingClientRect()
                    .right)""")


def test_print(chromium, sites):
    """One sheet of paper, black on white."""
    chromium.go(f"http://due.example:{sites.port}/contact",
                Accept_Language="de")
    chromium.look(800, 1000, "dark", "print")
    assert chromium.run("getComputedStyle(document.querySelector('h1')).color"
                        ) == "rgb(0, 0, 0)"
    pdf = chromium.do("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)

    assert base64.b64decode(pdf["data"]).count(b"/Type /Page\n") == 1


ASK = """
    fetch(%s, {method: "PUT", body: "{}", headers: {
        "Accept": "application/json", "X-Token": "1",
        "Content-Type": "application/json"}})
    .then(async reply => [reply.status, await reply.json()],
          error => [0, String(error)])
"""


@pytest.mark.parametrize("path,kind", [("/", "urn:paylock:locked"),
                                       ("/shy", "about:blank")])
def test_fetch(chromium, sites, path, kind):
    """A script of another site, with all that calls for a preflight."""
    chromium.go(f"http://app.example:{sites.port}/")
    status, problem = chromium.run(ASK % json.dumps(
        f"http://acme.example:{sites.port}{path}"))
    assert status == 503, problem
    assert problem["type"] == kind and problem["status"] == 503


def test_fetch_needs_it(chromium, sites):
    """An open site without such headers tells the script nothing."""
    chromium.go(f"http://app.example:{sites.port}/")
    status, error = chromium.run(ASK % json.dumps(
        f"http://other.example:{sites.port}/"))
    assert status == 0 and "Failed to fetch" in error


def test_websocket(chromium, sites):
    chromium.go(f"http://app.example:{sites.port}/")
    assert chromium.run("""new Promise(done => {
        const s = new WebSocket("ws://acme.example:%d/chat");
        s.onopen = () => done("open");
        s.onclose = event => done(event.code);
    })""" % sites.port) == 1006
