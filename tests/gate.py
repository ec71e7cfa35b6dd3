# Copyright (C) 2026 paylock contributors
#
# What the tests of the gate have in common: a site that says THE-SITE in
# all it says, a backend that does so too, and the words for "closed".


SITE = "THE-SITE"

FILES = {
    "file.txt": SITE + " file\n",
    "page.html": f"<p>{SITE}</p>\n",
    "ssi.html": 'before <!--#include virtual="/frag" --> after\n',
    "index.php": SITE + " index\n",
    "dir/page.php": SITE + " page\n",
    "htpasswd": "user:{PLAIN}pass\n",
}


def text(reply):
    """A reply's head and body, from get() or raw()."""
    if isinstance(reply, bytes):
        return reply.decode("latin-1")
    return f"{reply.status}\n{reply.headers}\n{reply.text}"


def site(reply):
    """Did the site have a say?"""
    # the answer to TRACE and to a condition that holds has no body, the
    # redirect to a directory and the list of one are nginx's own words
    words = (SITE, "x-backend", "304\n", "405\n", "403\n", "/dir/", "file.txt")
    return any(w.lower() in text(reply).lower() for w in words)


def closed(reply):
    """Is it the locked answer and nothing else?"""
    head = text(reply)
    if isinstance(reply, bytes):
        assert head.startswith("HTTP/1.1 503 "), head
        assert head.count("HTTP/1.1 ") == 1, head
    else:
        assert reply.status == 503, head
    assert "x-paylock: locked\n" in head.lower().replace("\r", ""), head
    assert "cache-control: no-store\n" in head.lower().replace("\r", ""), head
    assert SITE not in head and "x-backend" not in head.lower(), head
    return True


class Gate:
    """One nginx, one chain, and what the tests do with them."""

    def __init__(self, nginx, admin, backend, directory):
        self.make = nginx
        self.admin = admin
        self.backend = backend
        self.site = directory / "site"
        self.nginx = None

        for name, content in FILES.items():
            path = self.site / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(content)

        for path in ("/accel", "/open/accel"):
            backend.answer(path, headers={
                "X-Accel-Redirect": "/files/file.txt"})
        backend.default = SITE + " backend\n"
        admin("init", "--yes")

    def start(self, http, **kw):
        http = (http.replace("@SITE@", str(self.site))
                .replace("@BACKEND@", str(self.backend.port)))
        self.nginx = self.make(http, **kw)
        self.nginx.wait_live()
        return self.nginx

    def lock(self, *hosts):
        self.admin("lock", *hosts, "--reason", "test")
        for host in hosts:
            self.nginx.wait_state(host, "locked")
        self.backend.requests.clear()

    def unlock(self, *hosts):
        self.admin("unlock", *hosts)
        for host in hosts:
            self.nginx.wait_state(host, "open")
