# Copyright (C) 2026 paylock contributors
#
# The languages of the locked page, and dates in them.

import json
import re
import time

import pytest

from support.answer import HTML, JSON, TEXT, Page, ask

LANGUAGES = {
    "en": ("suspended", "temporarily unavailable", "1 November 2026, 09:00 UTC"),
    "fr": ("suspendu", "momentanément", "1er novembre 2026 à 09:00 (UTC)"),
    "de": ("gesperrt", "vorübergehend", "1. November 2026, 09:00 Uhr (UTC)"),
    "es": ("suspendido", "por el momento",
           "1 de noviembre de 2026 a las 09:00 (UTC)"),
    "it": ("sospeso", "temporaneamente", "1º novembre 2026, ore 09:00 (UTC)"),
    "nl": ("opgeschort", "tijdelijk", "1 november 2026 om 09:00 uur (UTC)"),
    "pt": ("suspenso", "temporariamente",
           "1 de novembro de 2026 às 09:00 (UTC)"),
    "pl": ("zawieszona", "chwilowo", "1 listopada 2026, godz. 09:00 (UTC)"),
}


@pytest.fixture(scope="module")
def year():
    """A coming year: the dates above are those of its 1 November."""
    return time.gmtime().tm_year + 1


def planned(text, year):
    return text.replace("2026", str(year))


@pytest.mark.parametrize("language", LANGUAGES)
def test_language(site, year, language):
    server = site("paylock_contact mailto:billing@agency.example; "
                  "location /shy { paylock_page discreet; }",
                  "--until", f"{year}-11-01T09:00:00Z")
    word, discreet, date = LANGUAGES[language]
    date = planned(date, year)

    reply = ask(server, accept_language=f"{language}-XX, en;q=0.5, *;q=0.1")
    page = Page(reply.text)
    assert reply.headers["Content-Language"] == language
    assert page.attributes["html"]["lang"] == language
    assert len(reply.body) < 6144
    assert word in page.text and date in page.text

    reply = ask(server, TEXT, accept_language=language)
    assert reply.headers["Content-Language"] == language
    assert word in reply.text and date + "\n" in reply.text

    reply = ask(server, JSON, accept_language=language)
    problem = json.loads(reply.body)
    assert reply.headers["Content-Language"] == language
    assert word in problem["detail"]
    assert problem["until"] == f"{year}-11-01T09:00:00Z"

    for form in HTML, TEXT, JSON:
        reply = server.get("/shy", host="acme.example", headers={
            "Accept": form, "Accept-Language": language})
        assert reply.headers["Content-Language"] == language
        assert discreet in reply.text
        assert word not in reply.text and str(year) not in reply.text


@pytest.mark.parametrize("wish,language", [
    ("pl;q=0.3, it;q=0.8, de;q=0.5", "it"),
    ("ja, zh;q=0.9", "en"),
    ("ja, nl;q=0.1", "nl"),
    ("pt-BR, pt;q=0.9", "pt"),
    ("en;q=0, *", "fr"),
    ("DE-at", "de"),
    ("", "en"),
    (",;q==,\xff", "en"),
])
def test_wishes(site, wish, language):
    assert ask(site(), accept_language=wish).headers["Content-Language"] \
        == language


def test_until_is_gone_when_it_has_come(site):
    server = site("", "--until", "+2s")
    assert "Expected to reopen on" in ask(server).text
    server.wait_state("acme.example", "open")


@pytest.mark.parametrize("accept", [HTML, JSON, TEXT])
def test_nothing_planned(site, accept):
    reply = ask(site(), accept)
    assert "reopen on" not in reply.text and "until" not in reply.text.split(
        "</style>")[-1]


def test_until_without_retry_after(site, year):
    reply = ask(site("paylock_retry_after off;",
                     "--until", f"{year}-03-02T00:00:00Z"))
    assert f"2 March {year}, 00:00 UTC" in reply.text
    assert reply.headers["Retry-After"] is None


def test_until_of_readonly(nginx, admin):
    """A request that readonly closes is told when that ends."""
    admin("init")
    server = nginx("server { server_name acme.example; paylock on; "
                   "location / { return 200 open; } }")
    admin("lock", "acme.example", "--readonly", "now", "--until", "+1d")
    server.wait_state("acme.example", "readonly")
    reply = server.get("/", host="acme.example", method="POST", body=b"")
    assert reply.status == 503 and "Expected to reopen on" in reply.text
    assert re.search(r"^863\d\d$|^86400$", reply.headers["Retry-After"])


def test_planned_lock_is_no_opening(site, admin):
    """What comes next makes the site no more open than it is."""
    server = site("paylock_default locked;")
    admin("lock", "acme.example", "--at", "+1d", "--ref", "PL-7F3K2M")
    assert "reopen on" not in ask(server).text
    assert ask(server).headers["Retry-After"] == "3600"
