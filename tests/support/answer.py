# Copyright (C) 2026 paylock contributors
#
# A locked site and a reader of its page.

import html.parser

import pytest

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
JSON = "application/problem+json"
TEXT = "text/plain"


@pytest.fixture
def site(nginx, admin):
    """site(directives, *options) starts nginx with acme.example locked."""
    admin("init")

    def start(directives="", *options, ref="PL-7F3K2M"):
        server = nginx("server { server_name acme.example; paylock on; "
                       f"{directives} }}")
        admin("lock", "acme.example", "--ref", ref, *options)
        server.wait_state("acme.example", "locked")
        return server

    return start


def ask(server, accept=HTML, **headers):
    headers = {name.replace("_", "-"): value
               for name, value in headers.items()}
    if accept is not None:
        headers["Accept"] = accept
    return server.get("/", host="acme.example", headers=headers)


class Page(html.parser.HTMLParser):
    """Parses the page as a browser does; every tag has to be closed."""

    VOID = {"meta", "link", "br", "circle", "path"}

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text, self.links = [], [], "", {}
        self.attributes = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes.setdefault(tag, dict(attrs))
        assert not any(name.startswith("on") or name == "style"
                       for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "a":
            self.links[dict(attrs)["href"]] = ""

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data
        if "a" in self.open:
            self.links[list(self.links)[-1]] += data
