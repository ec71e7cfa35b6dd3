# Copyright (C) 2026 paylock contributors
#
# A reload that fails after nginx has taken over the new configuration's
# modules and filters: nginx continues with the old configuration, and a worker
# that dies then starts with both.

import os
import re
import signal
import socket

import pytest

from support.gate import SITE, closed, http2, site
from support.servers import MODULE, wait_for

SERVERS = f"""
    server {{
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name acme.example open.example;
        paylock on;
        add_header X-State "$paylock_state" always;
        if ($arg_r) {{ return 200 "{SITE} $arg_r"; }}
        location / {{ return 200 "{SITE}"; }}
        location /open {{ paylock off; return 200 "open"; }}
    }}
    limit_req_zone $uri zone=one:1m rate=100r/s;
"""

# the new configuration fails only after all directives were read

FAILS = {
    "a zone with another key":
        ("limit_req_zone $host zone=one:1m rate=100r/s;",
         '"one" uses the "$host" key'),
    "an address that is in use":
        ("server { listen 127.0.0.1:@USED@; }", "still could not bind"),
}

# and uses nothing of ours

WITHOUT = {
    "no directive": "load_module {ours};",
    "no module": "",
}


@pytest.fixture
def used():
    """An address in use."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        yield s.getsockname()[1]


def rewritten(nginx, load, http):
    """nginx's file with another load_module and http."""
    text = (nginx.dir / "nginx.conf").read_text()
    text = re.sub(r"load_module [^;]*;", "", text)
    head, _, _ = text.partition("http {")
    nginx.put(head.replace("daemon off;", "daemon off; " + load)
              + f"http {{ access_log off; {http} }}")


def respawn(nginx):
    """All workers die, and the master makes new ones."""
    old = set(nginx.workers())
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_for("new workers",
             lambda: nginx.workers() and not old & set(nginx.workers()))


@pytest.mark.parametrize("without", WITHOUT)
@pytest.mark.parametrize("fails", FAILS)
def test_the_gate_stays(without, fails, gate, used):
    nginx = gate.start(SERVERS)
    nginx.allow(r"\[emerg\].*(limit_req \"one\"|bind\(\)|still could not bind)")
    nginx.allow(r"exited on signal 9")
    paths = "/", "/?r=1", "/open/../x?r=1"
    for path in paths:
        assert site(nginx.get(path, host="acme.example"))
    gate.lock("acme.example")

    more, why = FAILS[fails]
    rewritten(nginx, WITHOUT[without].format(ours=MODULE),
              more.replace("@USED@", str(used))
              + "server { listen 127.0.0.1:%d; return 200 new; }" % nginx.port)
    os.kill(nginx.pid, signal.SIGHUP)
    wait_for("the failure", lambda: why in nginx.error_log())

    # the workers that are there go on, and so do those that replace them
    for again in range(2):
        for path in paths:
            for by in type(nginx).get, http2:
                reply = by(nginx, path, host="acme.example")
                assert closed(reply), (path, again)
                assert reply.headers["X-State"] in (None, "locked")
                reply = by(nginx, path, host="open.example")
                assert site(reply) and reply.headers["X-State"] == "open"
        assert nginx.get("/open", host="acme.example").text == "open"
        assert closed(nginx.raw(
            b"GET / HTTP/1.1\r\nHost: acme.example\r\nHost: acme.example\r\n"
            b"Connection: close\r\n\r\n"))
        respawn(nginx)

    # a lock after all that, and the next reload is a good one
    gate.lock("open.example")
    assert closed(nginx.get("/?r=1", host="open.example"))
    gate.unlock("open.example")
    nginx.reload()
    gate.nginx.wait_live()
    assert closed(nginx.get("/?r=1", host="acme.example"))
    assert site(nginx.get("/?r=1", host="open.example"))
