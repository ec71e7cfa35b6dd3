# Copyright (C) 2026 paylock contributors
#
# What an nginx with debugging logs: the way of a request, and each step of
# following Redis.

import re
import subprocess

import pytest

from support import servers
from support.gate import closed, site
from support.passes import ask, exchanged, token
from support.servers import wait_for


pytestmark = pytest.mark.skipif(
    b"--with-debug" not in subprocess.run(
        [servers.NGINX, "-V"], capture_output=True, check=True).stderr,
    reason="nginx cannot log at that level")


SITES = """
    server {
        server_name open.example;
        paylock on;
        location / { return 200 ok; }
    }
"""


def lines(nginx):
    """The module's own: nginx logs all that a client sends."""
    return [line for line in nginx.error_log().splitlines()
            if re.search(r"\[debug\] \S+ (\*\d+ )?paylock ", line)]


def logged(nginx, *texts):
    """Waits until there are lines with these texts, in this order."""
    def there():
        rest = iter(lines(nginx))
        return all(any(text in line for line in rest) for text in texts)
    wait_for(texts, there)


def test_way_of_a_request(start, issue, admin):
    nginx = start(log_level="debug",
                  directives="paylock_exempt /robots.txt; "
                             "paylock_bypass $arg_staff;")
    assert closed(ask(nginx))
    logged(nginx, 'verdict: "acme.example" is locked by record acme.example',
           "gate: phase 1, locked, let through: no", "answer: 503")
    assert site(ask(nginx, host="other.example"))
    logged(nginx, 'verdict: "other.example" is open by default')
    assert site(ask(nginx, "/?staff=1"))
    logged(nginx, "let through: bypass")
    ask(nginx, "/robots.txt")
    logged(nginx, "let through: exempt")
    link = issue()
    location, cookie = exchanged(ask(nginx, link))
    assert site(ask(nginx, location, cookie=cookie))
    logged(nginx, "pass: 1 links, one is valid",
           "pass: 1 cookies, one is valid",
           "pass: issued", "let through: pass")
    secrets = [token(link), token(cookie)]
    text = "\n".join(lines(nginx))
    assert not any(secret in text for secret in secrets)


def test_steps_of_the_feed(nginx, admin, redis):
    admin("init", "--yes")
    server = nginx("paylock_state @DIR@/state/paylock;" + SITES,
                   log_level="debug")
    server.allow("Redis at")
    server.wait_live()
    logged(server, "redis: connect to ", "redis: connected, no TLS",
           "feed: log in as", "feed: state syncing, was empty",
           "feed: head 1, ", "feed: scan: applied 0, head 1",
           "feed: HSCAN: ", "feed: reconciled: ", "feed: cursor 1,",
           "feed: state live, was syncing", "feed: ask for entries after 1")
    admin("lock", "acme.example", "--reason", "x", "--yes")
    logged(server, "feed: 1 entries", "feed: applied 1 entries, up to 2",
           "feed: cursor 2,", "state: write entry", "state: written: 0, ")
    redis.kill()
    logged(server, "redis: the connection was closed", "feed: error 1, next")
    password = servers.PASSWORDS[servers.NGINX_USER]
    assert password not in "\n".join(lines(server))
