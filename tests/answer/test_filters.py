# Copyright (C) 2026 paylock contributors
#
# nginx modules that filter or replace a body (image_filter, xslt and the
# like): they must not break the locked page.

import base64

import pytest

from support import modules
from support.gate import SITE, closed, http10, http2, text

GIF = base64.b64decode("R0lGODlhAgACAIAAAP8AAAAAACH5BAAAAAAALAAAAAACAAIA"
                       "AAIChFEAOw==")

XSL = """<?xml version="1.0"?>
<xsl:stylesheet version="1.0"
 xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/">THE-SITE</xsl:template></xsl:stylesheet>
"""

SITE_ERROR = """
    error_page 415 = /error; error_page 500 502 503 = /error;
    location = /error { return 200 THE-SITE; }
"""

# name: (the module, what the location does, the server's)

FILTERS = {
    f"{how}{more}": ("image", f"image_filter {how}; alias @SITE@/a.gif;",
                     server)
    for how in ("test", "size", "resize 1 1", "crop 1 1", "rotate 90")
    for more, server in (
        ("", ""), (", error_page", SITE_ERROR),
        (", return in the server", f'return 200 "{SITE}";'))
} | {
    "xslt": ("xslt", "xslt_types *; xslt_stylesheet @SITE@/a.xsl;"
             " alias @SITE@/a.xml;", ""),
    "xslt, error_page": ("xslt", "xslt_types *;"
                         " xslt_stylesheet @SITE@/a.xsl;"
                         " alias @SITE@/a.xml;", SITE_ERROR),
    "subs": ("subs", "subs_filter_types *; subs_filter suspended THE-Page ir;"
             " alias @SITE@/file.txt;", ""),
    "sub": (None, "sub_filter_types *; sub_filter_once off;"
            " sub_filter suspended THE-Page; alias @SITE@/file.txt;", ""),
    "echo around": ("echo", "echo_before_body x; echo_after_body y;"
                    " alias @SITE@/file.txt;", ""),
    "addition": (None, "addition_types *; add_before_body /error;"
                 " add_after_body /error; alias @SITE@/file.txt;",
                 "location = /error { return 200 THE-SITE; }"),
    "headers": ("headers", "more_clear_headers Content-Type;"
                " alias @SITE@/file.txt;", ""),
    "gzip": (None, "gzip on; gzip_types *; gzip_min_length 1;"
             " alias @SITE@/file.txt;", ""),
    "slice": (None, "slice 1k; alias @SITE@/file.txt;", ""),
    "dav": ("dav", "dav_methods PUT; dav_ext_methods PROPFIND OPTIONS;"
            " alias @SITE@/file.txt;", ""),
}

# with such a location beside it, it is the location in which is judged
OFF = "location /open { paylock off; return 200 open; }"
FILTERS |= {f"{name}, off elsewhere": (module, location, server + OFF)
            for name, (module, location, server) in FILTERS.items()} | {
    f"{name}, error_page to where it is off": (
        module, location, "error_page 415 500 = /open;" + OFF)
    for name, (module, location, server) in FILTERS.items()
    if module in ("image", "xslt") and not server}

ACCEPTS = ["text/html,*/*;q=0.8", "image/avif,image/webp,*/*", "text/plain",
           "application/json", ""]


@pytest.mark.parametrize("order", modules.ORDERS)
def test_the_page_remains(order, gate):
    """Whatever the client accepts, and by all versions of HTTP."""
    (gate.site / "a.gif").write_bytes(GIF)
    (gate.site / "a.xml").write_text("<a/>")
    (gate.site / "a.xsl").write_text(XSL)
    ways = {name: way for name, way in FILTERS.items()
            if way[0] is None or modules.there(way[0])}
    nginx = gate.start("".join(f"""
        server {{
            listen 127.0.0.1:@PORT@;
            listen unix:@DIR@/h2.sock http2;
            server_name f{i}.example;
            paylock on;
            {server}
            location = /x {{ {location} }}
        }}""" for i, (_, location, server) in enumerate(ways.values())),
        load=modules.load(["image", "xslt", "subs", "echo", "headers", "dav"],
                          order))

    def ask(i):
        host = f"f{i}.example"
        for accept in ACCEPTS:
            for by in type(nginx).get, http2, http10:
                for method in "GET", "HEAD":
                    yield accept, by(nginx, "/x", host=host, method=method,
                                     headers={"Accept": accept})
        yield "POST", nginx.get("/x", host=host, method="POST",
                                body=b"x" * 5000)

    for i, way in enumerate(ways):
        reply = nginx.get("/x", host=f"f{i}.example")
        assert reply.status == 200, (way, reply)

    gate.lock(*(f"f{i}.example" for i in range(len(ways))))
    bad = {}
    for i, way in enumerate(ways):
        for accept, reply in ask(i):
            try:
                assert closed(reply)
            except AssertionError:
                bad.setdefault(way, (accept, text(reply)[:300]))
    if bad:
        pytest.fail(f"{len(bad)} of {len(ways)}:\n" + "\n".join(
            f"{way}: {reply}" for way, reply in bad.items()))

    # the page itself, to a browser, unless something was put around it
    for i, way in enumerate(ways):
        reply = nginx.get("/x", host=f"f{i}.example",
                          headers={"Accept": ACCEPTS[0]})
        assert b"</html>" in reply.body, way
        if "content-length" in {name.lower() for name in reply.headers}:
            assert int(reply.headers["Content-Length"]) == len(reply.body)


@pytest.mark.parametrize("order", modules.ORDERS)
def test_an_open_host_is_filtered(order, gate):
    """As without the module."""
    modules.needs("image")
    (gate.site / "a.gif").write_bytes(GIF)
    nginx = gate.start("""
        server {
            server_name acme.example;
            paylock on;
            location = /size { image_filter size; alias @SITE@/a.gif; }
            location = /bad { image_filter test; alias @SITE@/file.txt;
                              error_page 415 = /error; }
            location = /error { return 200 "no picture"; }
        }
    """, load=modules.load(["image"], order))
    gate.lock("else.example")
    assert b'"width": 2' in nginx.get("/size", host="acme.example").body
    assert nginx.get("/bad", host="acme.example").text == "no picture"
