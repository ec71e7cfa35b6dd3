# Copyright (C) 2026 paylock contributors
#
# What each stage lets through, timelines whose times come while requests
# arrive, and the dry run.

import re
import time

import pytest

from support.chain import LOCKED, NOTICE, OPEN, READONLY, Chain, Watch, count
from support.gate import SITE, closed, site
from support.servers import promised

SITES = """
    server { server_name acme.example; paylock on;
             location / { proxy_pass http://127.0.0.1:@BACKEND@; }
             location /off/ { paylock off;
                 proxy_pass http://127.0.0.1:@BACKEND@; }
             location /said { return 200 "$paylock_state $paylock_ref"; } }
    server { server_name open.example; paylock on;
             location / { return 200 "open"; } }
"""

METHODS = {method: method in ("GET", "HEAD", "OPTIONS") for method in
           ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")}

# a hand-made method, WebDAV's, and what looks like one that reads
ODD = ("PROPFIND", "COPY", "PURGE", "get")


@pytest.fixture
def chain(gate, redis):
    return Chain(redis)


def request(method, host="acme.example", path="/"):
    return (f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n").encode()


def passes(gate, method, path="/"):
    """Does the request reach the backend?  If not it is answered by us."""
    gate.backend.requests.clear()
    reply = gate.nginx.raw(request(method, path=path))
    if gate.backend.requests:
        assert "x-backend: yes" in reply.decode().lower()
        assert "x-paylock" not in reply.decode().lower()
        return True
    return not closed(reply)


def test_methods(gate, chain):
    nginx = gate.start(SITES)
    for record, state in [(OPEN, "open"), (NOTICE, "notice"),
                          (READONLY, "readonly"), (LOCKED, "locked")]:
        chain.put(nginx, {"acme.example": record})
        assert nginx.state("acme.example") == state
        for method, reads in METHODS.items():
            want = state != "locked" and (reads or state != "readonly")
            assert passes(gate, method) == want, (state, method)
            assert passes(gate, method, "/off/")


def test_odd_methods_do_not_write(gate, chain):
    nginx = gate.start(SITES)
    chain.put(nginx, {"acme.example": READONLY})
    gate.backend.requests.clear()
    for method in ODD:
        assert SITE not in nginx.raw(request(method)).decode(), method
    # HTTP/0.9 can only read
    assert SITE in nginx.raw(b"GET /\r\n").decode()
    assert [r for r in gate.backend.requests if r.method != "GET"] == []


def test_variables(gate, chain):
    nginx = gate.start(SITES)
    for record, said in [(OPEN, "open free"), (NOTICE, "notice note"),
                         (READONLY, "readonly read")]:
        chain.put(nginx, {"acme.example": record})
        assert nginx.get("/said", host="acme.example").text == said


def test_readonly_backstop(gate, chain):
    """What answers beside the phases is no way to write, either."""
    nginx = gate.start(SITES + f"""
        server {{ server_name early.example; paylock on;
                  client_max_body_size 1;
                  location / {{ error_page 405 413 = @site;
                                root @SITE@; }}
                  location @site {{ return 200 "{SITE}"; }}
                  location /off {{ paylock off; }} }}
        server {{ server_name return.example; paylock on;
                  return 200 "{SITE}";
                  location /off {{ paylock off; }} }}""")
    chain.put(nginx, {"early.example": READONLY, "return.example": READONLY})
    for host in ("early.example", "return.example"):
        assert closed(nginx.get(host=host, method="POST", body=b"x" * 100))
        assert closed(nginx.get(host=host, method="DELETE"))
    assert site(nginx.get(host="return.example"))
    assert site(nginx.get("/file.txt", host="early.example"))


def test_subrequests_go_by_the_main_request(gate, chain):
    """A POST's subrequests are not its way round, those of a GET pass."""
    nginx = gate.start(f"""
        server {{ server_name acme.example; paylock on; root @SITE@;
                  location /ssi {{ ssi on; ssi_types *; }}
                  location /ssi.html {{ ssi on; }}
                  location /frag {{ return 200 "{SITE}"; }}
                  location /auth {{ auth_request /sub; return 204; }}
                  location /sub {{ internal;
                      proxy_method POST;
                      proxy_pass http://127.0.0.1:@BACKEND@; }} }}""")
    chain.put(nginx, {"acme.example": READONLY})
    assert nginx.get("/ssi.html", host="acme.example").text.count(SITE) == 1
    assert closed(nginx.get("/ssi.html", host="acme.example", method="POST"))


# timelines

def follow(nginx, host, start, wanted):
    """Samples the state for len(wanted) seconds from start on."""
    samples = 0
    while (now := time.time()) < start + len(wanted):
        state = nginx.state(host)
        # only where the answer is of one second for sure
        if int(now) == int(time.time()) and now >= start:
            want = wanted[int(now) - start]
            assert state == want, (now - start, state, want)
            samples += 1
        time.sleep(0.02)
    assert samples >= len(wanted)


def test_a_timeline_comes_to_pass(gate, chain):
    nginx = gate.start(SITES)
    at = int(time.time()) + 1
    chain.put(nginx, {
        "acme.example": {"at": at - 1, "notice_at": at + 1,
                         "readonly_at": at + 2, "lock_at": at + 3,
                         "open_at": at + 5}})
    follow(nginx, "acme.example", at, [
        "open", "notice", "readonly", "locked", "locked", "open", "open"])


def test_planned_times_need_no_redis(gate, chain, redis):
    nginx = gate.start(SITES)
    at = int(time.time()) + 1
    chain.put(nginx, {
        "acme.example": {"at": at - 1, "lock_at": at + 2, "open_at": at + 4},
        "again.example": {"at": at - 1, "open_at": at - 1, "lock_at": at + 2},
        "*.all.example": {"at": at - 1, "lock_at": at + 2}})
    redis.kill()
    follow(nginx, "acme.example", at,
           ["open", "open", "locked", "locked", "open"])
    assert nginx.state("again.example") == "locked"
    assert nginx.state("a.all.example") == "locked"
    redis.start()
    nginx.wait_live()
    assert nginx.state("again.example") == "locked"


def test_a_request_is_judged_once(gate, chain):
    """One that began before the lock is finished, one after is not."""
    nginx = gate.start(SITES)
    at = int(time.time()) + 4
    chain.put(nginx, {"acme.example": {"at": at - 4, "readonly_at": at}})
    with nginx.connect() as s:
        s.sendall(b"POST / HTTP/1.1\r\nHost: acme.example\r\n"
                  b"Connection: close\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(max(0, at + 0.1 - time.time()))
        nginx.wait_state("acme.example", "readonly")
        s.sendall(b"cd")
        assert SITE in s.makefile("rb").read().decode()
    assert not passes(gate, "POST")


def test_retry_after(gate, chain):
    nginx = gate.start("paylock_retry_after 20m;" + SITES)
    now = int(time.time())
    for record, method, want in [
            (LOCKED, "GET", 1200),
            ({**LOCKED, "open_at": now + 500}, "GET", 500),
            ({**READONLY, "open_at": now + 500}, "POST", 500),
            # not open before the later of the two is over
            ({**LOCKED, "open_at": now + 86400}, "GET", 86400),
            # an opening that a lock meets at once is none
            ({"at": 1000, "readonly_at": 900, "lock_at": now + 500,
              "open_at": now + 500}, "POST", 1200)]:
        chain.put(nginx, {"acme.example": record})
        reply = nginx.get(host="acme.example", method=method)
        assert closed(reply)
        assert 0 <= want - int(reply.headers["Retry-After"]) <= 10, record


# with paylock-admin

def test_by_command(gate):
    nginx = gate.start(SITES)
    gate.admin("lock", "acme.example", "--notice", "now")
    nginx.wait_state("acme.example", "notice")
    assert passes(gate, "GET") and passes(gate, "POST")

    gate.admin("lock", "acme.example", "--readonly", "now")
    nginx.wait_state("acme.example", "readonly")
    assert passes(gate, "GET") and not passes(gate, "POST")

    gate.admin("lock", "acme.example", "--until", "+6s")
    nginx.wait_state("acme.example", "locked")
    assert not passes(gate, "GET")
    assert nginx.get(host="acme.example").headers["Retry-After"] in "123456"
    nginx.wait_state("acme.example", "open", promised(7))
    assert passes(gate, "GET") and passes(gate, "POST")

    gate.admin("unlock", "acme.example", "--until", "+4s")
    assert passes(gate, "POST")
    nginx.wait_state("acme.example", "locked", promised(5))
    assert not passes(gate, "GET")


# the dry run

def test_dry_run(gate, chain):
    nginx = gate.start(SITES.replace("paylock on;",
                                     "paylock on; paylock_dry_run on;"))
    chain.put(nginx, {"acme.example": LOCKED})
    for method in METHODS:
        assert passes(gate, method)
    assert nginx.get("/said", host="acme.example").text == "dry_run lock"
    assert count(nginx, '"acme.example" is locked, dry run') == 8
    assert nginx.get("/said", host="open.example").status == 200

    chain.put(nginx, {"acme.example": READONLY})
    assert nginx.get("/said", host="acme.example").text == "readonly read"
    assert nginx.get("/said", host="acme.example", method="POST",
                     body=b"x").text == "dry_run read"
    assert count(nginx, '"acme.example" is readonly, dry run') == 1

    chain.put(nginx, {"acme.example": NOTICE})
    assert nginx.get("/said", host="acme.example",
                     method="POST").text == "notice note"
    assert count(nginx, "dry run") == 9


def test_dry_run_changes_no_answer(gate, chain):
    """Errors and what is said beside the phases are the site's own."""
    nginx = gate.start(f"""
        paylock on;
        server {{ server_name acme.example; paylock_dry_run on;
                  return 403 "{SITE}"; }}
        server {{ server_name two.example; paylock_dry_run on;
                  location / {{ return 200 "{SITE}"; }}
                  location /off {{ paylock off; return 200 "{SITE} off"; }}
                  location /shut {{ paylock_dry_run off;
                                    return 200 "{SITE}"; }} }}""")

    def answers():
        return [(reply.status, reply.text,
                 [h for h in reply.headers.items() if h[0] != "Date"])
                for reply in (nginx.get(host="acme.example"),
                              nginx.get(host="two.example"),
                              nginx.get("/off", host="two.example"),
                              nginx.get("/x" + "y" * 9000, host="two.example"),
                              nginx.get("/", host="two.example",
                                        method="POST", body=b"x"))]
    chain.put(nginx, {})
    before = answers()
    chain.put(nginx, {"acme.example": LOCKED, "two.example": LOCKED})
    assert answers() == before
    # a location of its own may be closed for good
    assert closed(nginx.get("/shut", host="two.example"))


def test_dry_run_is_taken_back(gate, chain):
    nginx = gate.start(SITES.replace("paylock on;",
                                     "paylock on; paylock_dry_run on;"))
    chain.put(nginx, {"acme.example": LOCKED})
    assert passes(gate, "GET")
    nginx.reload(nginx.http.replace("dry_run on", "dry_run off"))
    assert not passes(gate, "GET")


def test_stages_while_redis_comes_and_goes(gate, chain, redis):
    """A stage is a matter of the table, whatever becomes of the link."""
    nginx = gate.start(SITES)
    chain.put(nginx, {"acme.example": LOCKED})
    with Watch(nginx, ["acme.example"]):
        for _ in range(2):
            redis.client().client_kill_filter(_type="normal")
            time.sleep(0.2)
        redis.kill()
        time.sleep(0.5)
        redis.start()
        nginx.wait_live()
    assert re.search("records stay in force", nginx.error_log())
