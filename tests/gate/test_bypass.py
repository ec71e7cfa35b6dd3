# Copyright (C) 2026 paylock contributors
#
# paylock_bypass: who is let in though the site is locked, and $paylock_state
# for them.

import re

import pytest

from support import servers
from support.gate import SITE, closed, http2, site

# staff by address, known from the load balancer's header

STAFF = """
    geo $staff {
        default 0;
        192.0.2.0/24 1;
        2001:db8::/32 1;
        198.51.100.7 "";
    }

    log_format seen '$uri "$paylock_state" $paylock_host $paylock_ref';

    server {
        access_log seen.log seen;
        listen 127.0.0.1:@PORT@;
        listen unix:@DIR@/h2.sock http2;
        server_name acme.example;
        set_real_ip_from 127.0.0.1;
        set_real_ip_from unix:;
        real_ip_header X-Forwarded-For;
        paylock on;
        paylock_bypass $staff;
        %s
        location / { proxy_pass http://127.0.0.1:@BACKEND@; }
    }
"""


def ask(nginx, address=None, path="/", by=None, **headers):
    headers = {name.replace("_", "-"): value
               for name, value in headers.items()}
    if address:
        headers["X-Forwarded-For"] = address
    if by:
        return by(nginx, path, headers=headers)
    return nginx.get(path, host="acme.example", headers=headers)


def states(nginx, n):
    """What the access log holds of the n requests, of one worker: it logs
    a request before it answers the next."""
    log = nginx.dir / "seen.log"
    servers.wait_for("the log", lambda: len(log.read_text().split("\n")) > n)
    return re.findall('"([a-z_]*)"', log.read_text())[-n:]


def test_staff_by_address(gate, backend):
    nginx = gate.start(STAFF % "")
    gate.lock("acme.example")
    for by in None, http2:
        for address in "192.0.2.1", "192.0.2.255", "2001:db8::1":
            assert site(ask(nginx, address, by=by)), address
        assert len(backend.requests) == 3
        backend.requests.clear()

        for address in (None, "192.0.3.1", "127.0.0.1", "198.51.100.7",
                        "nonsense", "192.0.2.1, 203.0.113.1"):
            assert closed(ask(nginx, address, by=by)), address
        assert not backend.requests


def test_state_tells(gate):
    nginx = gate.start(STAFF % """
        location /off { paylock off; return 200; }
        location /dry { paylock_dry_run on; return 200; }
        location /both { paylock_dry_run on; return 200; }
    """, workers=1)
    ask(nginx)
    gate.lock("acme.example")
    ask(nginx, "192.0.2.1")
    ask(nginx)
    ask(nginx, path="/off")
    ask(nginx, path="/dry")
    ask(nginx, "192.0.2.1", path="/both")
    ask(nginx, path="/robots.txt")
    ask(nginx, path="/robots.txt?x")
    ask(nginx, "192.0.2.1", path="/robots.txt")
    gate.admin("lock", "acme.example", "--readonly", "now")
    gate.unlock("acme.example")
    ask(nginx)
    ask(nginx, "192.0.2.1")
    assert states(nginx, 11) == [
        "open", "bypass", "locked", "", "dry_run", "bypass", "exempt",
        "locked", "exempt", "open", "open"]
    # whose record it was is told for all but where paylock is off
    last = (nginx.dir / "seen.log").read_text().split("\n")
    assert "acme.example" in last[1] and "acme.example" in last[2]
    assert "acme.example" not in last[3]


def test_everything_is_open_to_staff(gate):
    """Methods, paths, redirects: as if the site were open."""
    nginx = gate.start(STAFF % """
        location /try { try_files /none @app; }
        location @app { proxy_pass http://127.0.0.1:@BACKEND@; }
        location /rewrite { rewrite ^ /moved last; }
        location /return { return 200 "THE-SITE"; }
        location /subrequest { ssi on; root @SITE@; try_files /ssi.html =404; }
    """)
    paths = "/", "/try", "/rewrite", "/return", "/subrequest"
    before = [ask(nginx, "192.0.2.1", path=path).text for path in paths]
    gate.lock("acme.example")
    assert [ask(nginx, "192.0.2.1", path=path).text for path in paths] \
        == before
    assert all(closed(ask(nginx, path=path)) for path in paths)

    for method in "POST", "PUT", "DELETE", "OPTIONS":
        reply = nginx.get(host="acme.example", method=method, body=b"x",
                          headers={"X-Forwarded-For": "192.0.2.1"})
        assert site(reply), method


def test_above_a_location_that_is_off(gate):
    """The backstop lets staff by as the gate does."""
    nginx = gate.start(STAFF % f"""
        location /open {{ paylock off; return 200 open; }}
        if ($arg_x) {{ return 200 "{SITE}"; }}
    """)
    gate.lock("acme.example")
    assert site(ask(nginx, "192.0.2.1", path="/?x=1"))
    assert closed(ask(nginx, path="/?x=1"))
    assert closed(ask(nginx, path="/open?x=1"))
    assert ask(nginx, path="/open").text == "open"


# values

VALUES = """
    map $arg_v $mapped { default ""; yes 1; no 0; space " "; }
    server {
        server_name acme.example;
        paylock on;
        paylock_bypass %s;
        return 200 "SITE $paylock_state";
    }
""".replace("SITE", SITE)


@pytest.mark.parametrize("values,query,opens", [
    ("$arg_v", "", False),
    ("$arg_v", "v", False),
    ("$arg_v", "v=", False),
    ("$arg_v", "v=0", False),
    ("$arg_v", "v=1", True),
    ("$arg_v", "v=00", True),
    ("$mapped", "v=yes", True),
    ("$mapped", "v=no", False),
    ("$mapped", "v=else", False),
    ("$arg_a $arg_b", "b=1", True),
    ("$arg_a $arg_b", "a=1", True),
    ("$arg_a $arg_b", "a=0&b=0", False),
    ('"$arg_a$arg_b"', "a=0&b=0", True),
    ("$cookie_staff", "", False),
    ("$http_x_staff", "", False),
    ("$ssl_client_verify", "", False),
    ("$upstream_status", "", False),
    ("$upstream_http_x_staff", "", False),
    ("$sent_http_x_staff", "", False),
    ("$realip_remote_port$arg_a", "", True),
    ("$arg_missing", "", False),
    ("$paylock_ref", "", True),
    ('""', "", False),
    ("0", "", False),
    ("1", "", True),
])
def test_values(values, query, opens, gate):
    nginx = gate.start(VALUES % values)
    gate.lock("acme.example")
    reply = nginx.get("/?" + query, host="acme.example")
    if opens:
        assert reply.text == SITE + " bypass"
    else:
        assert closed(reply)


@pytest.mark.parametrize("values", ["$asks", "$asks_twice"])
def test_values_that_ask_for_themselves(values, gate):
    """What holds without them is what they are told, and at once."""
    nginx = gate.start("""
        map $paylock_state $asks { default 0; bypass 1; }
        map $paylock_state $twice { default "twice $paylock_state"; }
        map $twice $asks_twice { default 0; "twice bypass" 1; }
    """ + VALUES % values)
    assert site(nginx.get(host="acme.example"))
    gate.admin("lock", "acme.example")
    servers.wait_for("the lock", lambda: nginx.get(
        host="acme.example").status == 503)
    assert closed(nginx.get(host="acme.example"))
    assert "cycle while evaluating" not in nginx.error_log()


def test_inherited_and_replaced(gate):
    nginx = gate.start("paylock_bypass $arg_http;" + """
        server {
            server_name acme.example;
            paylock on;
            location / { return 200 SITE; }
            location /own { paylock_bypass $arg_own; return 200 SITE; }
            location /none { paylock_bypass ""; return 200 SITE; }
        }
    """.replace("SITE", SITE))
    gate.lock("acme.example")
    for path, opens in (("/?http=1", True), ("/?own=1", False),
                        ("/own?own=1", True), ("/own?http=1", False),
                        ("/none?http=1&own=1", False)):
        reply = nginx.get(path, host="acme.example")
        assert site(reply) if opens else closed(reply), path


def test_lines_add_up(gate):
    nginx = gate.start(VALUES % "$arg_a; paylock_bypass $arg_b", workers=1)
    gate.lock("acme.example")
    assert site(nginx.get("/?a=1", host="acme.example"))
    assert site(nginx.get("/?b=1", host="acme.example"))
    assert closed(nginx.get("/?c=1", host="acme.example"))


def test_readonly(gate):
    """Staff may write where others may not."""
    nginx = gate.start(STAFF % "", workers=1)
    gate.admin("lock", "acme.example", "--readonly", "now")
    nginx.wait_state("acme.example", "readonly")
    assert site(ask(nginx))
    post = {"host": "acme.example", "method": "POST", "body": b"x"}
    assert closed(nginx.get(**post))
    assert site(nginx.get(headers={"X-Forwarded-For": "192.0.2.1"}, **post))
    assert states(nginx, 3) == ["readonly", "readonly", "bypass"]


def test_refused(private):
    nginx = servers.Nginx(private / "nginx", control=False)
    for conf, why in (("", "invalid number of arguments"),
                      ("$nosuch", 'unknown "nosuch" variable')):
        done = nginx.test(f"server {{ paylock on; paylock_bypass {conf}; }}")
        assert done.returncode == 1 and why in done.stderr
