# Copyright (C) 2026 paylock contributors
#
# paylock_metrics: the values are right in both formats, and no count is lost.

import json
import os
import pathlib
import re
import signal
import socket
import time

import pytest

from support.chain import (HOSTS, LOCKED, LOCKS, NOTICE, OPEN, READONLY,
                           Chain, closed_hosts)
from support.docs import source
from support.servers import NGINX_USER, ROOT, wait_for

PAGE = (ROOT / "docs/monitoring.md").read_text()
SOURCE = source("ngx_http_paylock_metrics_text.c")

SITES = """
    paylock_node web1;
    map $arg_staff $staff { default ""; yes 1; }
    server {
        listen unix:@DIR@/metrics.sock;
        location = /metrics { paylock_metrics; }
    }
    server {
        listen 127.0.0.1:@PORT@;
        server_name acme.example open.example read.example note.example
                    free.example;
        paylock on;
        paylock_bypass $staff;
        location / { return 200 "site"; }
        location /dry { paylock_dry_run on; return 200 "site"; }
        location /off { paylock off; return 200 "site"; }
        location = /inside { paylock_metrics; }
    }
"""

RECORDS = [("acme.example", LOCKED), ("read.example", READONLY),
           ("note.example", NOTICE), ("free.example", OPEN)]


def ask(server, query="", headers=(), method="GET"):
    return server.get(f"/metrics{query}", "metrics", method, headers,
                      address=str(server.dir / "metrics.sock"), timeout=120)


def told(server):
    return json.loads(ask(server, "?format=json").text)


def more(server, before, after=None):
    """What has been counted since, without what has not."""
    after = after or told(server)
    return {name: {label: n - before[name][label]
                   for label, n in after[name].items()
                   if n != before[name][label]}
            for name in ("paylock_requests_total", "paylock_answers_total")}


def wait_more(server, before, requests, answers):
    """A request counts when it has ended, a moment after its answer."""
    wanted = {"paylock_requests_total": requests,
              "paylock_answers_total": answers}
    try:
        wait_for("the counts", lambda: more(server, before) == wanted)
    except TimeoutError:
        assert more(server, before) == wanted


# a strict reader of the exposition format 0.0.4

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
VALUE = r"-?(?:\d+(?:\.\d+)?)"


def parse(text):
    """name -> (type, {labels: value}), in their order."""
    assert text.endswith("\n") and "\r" not in text
    lines = text[:-1].split("\n")
    families = {}
    while lines:
        head = re.fullmatch(rf"# HELP ({NAME}) (\S.*)", lines.pop(0))
        name = head[1]
        assert "\\" not in head[2] and name not in families
        type = re.fullmatch(rf"# TYPE {name} (counter|gauge)",
                            lines.pop(0))[1]
        assert (type == "counter") == name.endswith("_total")
        samples = {}
        while lines and not lines[0].startswith("#"):
            sample = re.fullmatch(
                rf"{name}(?:\{{({LABEL}(?:,{LABEL})*)\}})? ({VALUE})",
                lines.pop(0))
            assert sample[1] not in samples
            samples[sample[1]] = float(sample[2])
        families[name] = type, samples
    return families


# the forms

@pytest.fixture
def site(redis, nginx):
    chain = Chain(redis).init()
    chain.write(*RECORDS)
    server = nginx(SITES)
    server.wait_live()
    server.chain = chain
    return server


def test_both_forms_tell_the_same(site):
    text = ask(site)
    assert text.status == 200
    assert text.headers["Content-Type"] \
        == "text/plain; version=0.0.4; charset=utf-8"
    assert text.headers["Cache-Control"] == "no-store"
    families = parse(text.text)
    reply = ask(site, "?format=json")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    shown = json.loads(reply.text)
    assert list(shown) == list(families)
    assert families["paylock_info"][1] == {'node="web1",version="0.1.0"': 1}
    for name, (_, samples) in families.items():
        if name == "paylock_info":
            continue
        if isinstance(shown[name], dict):
            assert [re.search('="(.*)"', label)[1] for label in samples] \
                == list(shown[name])
        else:
            assert list(samples) == [None]
            shown[name] = {None: shown[name]}
        # what passes meanwhile is the time
        for one, two in zip(samples.values(), shown[name].values()):
            assert abs(one - two) < (30 if "second" in name else 1e-9), name


@pytest.mark.parametrize("accept, json_wanted", [
    (None, False), ("*/*", False), ("application/json", True),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
    ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
     "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", False),
    ("application/json;q=0.1, text/plain", False), ("image/png", False),
    ("application/json, text/plain;q=0.5", True)])
def test_accept(site, accept, json_wanted):
    headers = {"Accept": accept} if accept else {}
    for query, wanted in [("", json_wanted), ("?format=json", True),
                          ("?format=prometheus", False)]:
        got = ask(site, query, headers).headers["Content-Type"]
        assert (got == "application/json") == wanted, query


def test_other_requests(site):
    head = ask(site, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) > 1000
    for method in "POST", "PUT", "DELETE", "OPTIONS":
        assert ask(site, method=method).status == 405
    for query in "?format=xml", "?format=", "?format=jso", "?format=JSON x":
        assert ask(site, query.replace(" ", "%20")).status == 400


def test_gate_stands_in_front(site):
    assert site.get("/inside", host="acme.example").status == 503
    reply = site.get("/inside", host="open.example")
    assert "paylock_info" in parse(reply.text)


def test_name_is_escaped(nginx):
    server = nginx(SITES.replace("web1", "'a\"b\\\\c'"))
    family = parse(ask(server).text)["paylock_info"]
    assert family[1] == {r'node="a\"b\\c",version="0.1.0"': 1}
    assert told(server)["paylock_info"]["node"] == 'a"b\\c'


def test_without_a_site(redis, nginx):
    """Who asks what it knows makes it know."""
    Chain(redis).init().write(*RECORDS)
    server = nginx("""server { listen unix:@DIR@/metrics.sock;
                      location = /metrics { paylock_metrics; } }""",
                   control=False)
    wait_for("the records",
             lambda: told(server)["paylock_records"]["locked"] == 1)


# the values

def test_knowledge(site):
    got = wait_for("all records", lambda: next(
        (t for t in [told(site)] if t["paylock_entry_seq"] == 5), None))
    assert got["paylock_records"] == {"open": 1, "notice": 1, "readonly": 1,
                                      "locked": 1}
    assert got["paylock_node_state"] == {
        "empty": 0, "disk": 0, "syncing": 0, "live": 1, "stale": 0,
        "diverged": 0}
    assert 0 <= got["paylock_answer_age_seconds"] < 15
    assert abs(got["paylock_clock_ahead_seconds"]) < 60
    assert got["paylock_zone_size_bytes"] == 8 << 20
    assert 100000 < got["paylock_zone_capacity_records"] < 120000
    assert got["paylock_redis_connections_total"] == 1
    assert 0 < got["paylock_feed_longest_turn_seconds"] < 10
    assert got["paylock_held_hosts"] == got["paylock_rejected_records"] \
        == got["paylock_unaudited_changes_total"] == 0


def test_stage_comes_with_the_clock(site):
    """Nothing is written when a planned time comes."""
    now = int(time.time())
    site.chain.write(("plan.example", {"at": now, "lock_at": now + 3}))
    site.chain.settle(site)
    stages = told(site)["paylock_records"]
    if time.time() < now + 2:
        assert (stages["open"], stages["locked"]) == (3, 1)
    wait_for("the time", lambda: told(site)["paylock_records"]
             == {"open": 2, "notice": 1, "readonly": 1, "locked": 2})


def test_before_redis_answers(redis, nginx, private):
    class Nowhere:
        url = f"unix:{private}/nothing.sock"

    server = nginx(SITES, redis=Nowhere)
    server.allow("nothing is known yet")
    got = told(server)
    assert got["paylock_answer_age_seconds"] is None
    assert got["paylock_clock_ahead_seconds"] is None
    assert got["paylock_node_state"]["empty"] == 1
    assert parse(ask(server).text)["paylock_answer_age_seconds"][1] == {}


def test_trouble(redis, nginx):
    """By hand, no record, a refused report, a Redis that forgets."""
    chain = Chain(redis).init()
    server = closed_hosts(nginx, chain)
    control = redis.client()
    server.reload(SITES + "paylock_reconcile 200ms;")
    server.wait_live()

    def value(name):
        return told(server)[name]

    control.hset(LOCKS, mapping={"hand.example": "locked", "odd.example": "x",
                                 "No.Host": "1"})
    wait_for("what was written by hand", lambda: (
        value("paylock_unaudited_changes_total"),
        value("paylock_rejected_records")) == (1, 2))
    control.execute_command("ACL", "SETUSER", NGINX_USER, "clearselectors")
    wait_for("a refusal", lambda: value("paylock_refused_reports_total"))
    server.allow("without an entry")
    control.delete(LOCKS)
    wait_for("the hold", lambda: value("paylock_held_hosts") > len(HOSTS))
    wait_for("its state", lambda: value("paylock_node_state")["diverged"])
    before = value("paylock_redis_connections_total")
    control.client_kill_filter(_type="normal", skipme=True)
    wait_for("another connection",
             lambda: value("paylock_redis_connections_total") > before)


# the counters

def test_requests_and_answers(site):
    before = told(site)

    def get(path="/", host="acme.example", method="GET", **headers):
        return site.get(path, host=host, method=method, headers={
            name.replace("_", "-"): value for name, value in headers.items()})

    for args, kw in [
            ([], {}), ([], {"method": "HEAD"}),
            ([], {"Accept": "application/json"}),
            ([], {"Accept": "text/plain"}), ([], {"Sec_Fetch_Dest": "image"}),
            (["/", "acme.example", "OPTIONS"], {
                "Origin": "https://x", "Access_Control_Request_Method": "PUT"}),
            (["/robots.txt"], {}), (["/?staff=yes"], {}), (["/dry"], {}),
            (["/off"], {}), (["/", "open.example"], {}),
            (["/", "open.example"], {}),
            (["/", "note.example"], {}), (["/", "read.example"], {}),
            (["/", "read.example", "POST"], {}),
            (["/", "free.example"], {})]:
        get(*args, **kw)
    wait_more(site, before,
              {"locked": 6, "exempt": 1, "bypass": 1, "dry_run": 1, "open": 3,
               "notice": 1, "readonly": 2},
              {"html": 3, "problem+json": 1, "text": 1, "empty": 1,
               "preflight": 1})


def test_nothing_is_lost(site):
    """Over reloads, a worker that is killed, another size of the zone."""
    site.allow("exited on signal 9")
    before, asked = told(site), 0
    for step in range(4):
        for _ in range(50):
            assert site.get(host="open.example").status == 200
            assert site.get(host="acme.example").status == 503
        asked += 50
        wait_more(site, before, {"open": asked, "locked": asked},
                  {"html": asked})
        if step == 0:
            site.reload()
        elif step == 1:
            old = set(site.workers())
            os.kill(min(old), signal.SIGKILL)
            wait_for("another worker", lambda: len(site.workers()) == 2
                     and set(site.workers()) != old)
        elif step == 2:
            site.reload(SITES + "paylock_zone 9m;")
            assert told(site)["paylock_zone_size_bytes"] == 9 << 20
    assert told(site)["paylock_redis_connections_total"] >= 3


def test_many_records(redis, nginx):
    """Are counted in slices, whoever asks meanwhile; who leaves does no
    harm."""
    Chain(redis).init()
    redis.client().hset(LOCKS, mapping={
        f"h{i}.example": "locked" if i % 3 else "open" for i in range(30000)})
    server = nginx("paylock_zone 64m; ssi on;" + SITES.replace(
        "location = /metrics", """location = /page {
            default_type text/html;
            return 200 '%s';
        }
        location = /metrics""" % ('<!--# include virtual="/metrics" -->' * 5)))
    wait_for("the records", lambda: told(server)["paylock_records"]
             == {"open": 10000, "notice": 0, "readonly": 0, "locked": 20000})

    def leave(path="/metrics", times=20):
        for _ in range(times):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(server.dir / "metrics.sock"))
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    leave()
    assert told(server)["paylock_records"]["locked"] == 20000
    # all of one page come to their end at once
    page = server.get("/page", "x", address=str(server.dir / "metrics.sock"))
    assert page.text.count('{stage="locked"} 20000\n') == 5
    leave("/page")
    assert told(server)["paylock_records"]["locked"] == 20000
    # nor does a worker leave before it has answered
    leave()
    server.reload()
    leave()


def test_many_who_ask(redis, nginx):
    """Records are counted for all of them at once: it takes the worker little
    more time than for one, and each has them all, whenever it came."""
    Chain(redis).init()
    redis.client().hset(LOCKS, mapping={
        f"h{i}.example": "locked" for i in range(30000)})
    server = nginx("paylock_zone 64m;" + SITES, workers=1)
    wait_for("the records",
             lambda: told(server)["paylock_records"]["locked"] == 30000)
    worker, = server.workers()

    def cpu():
        stat = pathlib.Path(f"/proc/{worker}/stat").read_text()
        return sum(map(int, stat.rpartition(")")[2].split()[11:13]))

    def asking(n, pause=0):
        sockets = [socket.socket(socket.AF_UNIX) for _ in range(n)]
        for s in sockets:
            s.settimeout(30)
            s.connect(str(server.dir / "metrics.sock"))
            s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            time.sleep(pause)
        return sockets

    def answered(sockets):
        for s in sockets:
            with s, s.makefile() as reply:
                assert re.search(r'(?m)^paylock_records\{stage="locked"\} 30000$',
                                 reply.read())

    start = cpu()
    for _ in range(10):
        answered(asking(1))
    ten = cpu() - start
    answered(asking(20, pause=0.01))

    start = cpu()
    os.kill(worker, signal.SIGSTOP)
    try:
        sockets = asking(100)
    finally:
        os.kill(worker, signal.SIGCONT)
    answered(sockets)
    hundred = cpu() - start
    print(f"10 in a row: {ten} ticks, 100 at once: {hundred}")
    assert hundred < max(2 * ten, 5)


# the documentation

def test_metrics_of_the_page(site):
    """It names all that there are, and no others."""
    there = parse(ask(site).text)
    rows = re.findall(r"(?m)^\| `(paylock_\w+)(?:\{([\w,]+)\})?` \| (\w+) \|",
                      PAGE)
    assert [(name, type) for name, _, type in rows] \
        == [(name, type) for name, (type, _) in there.items()]
    for name, labels, _ in rows:
        for label in there[name][1]:
            assert re.findall(r'(\w+)="', label or "") \
                == [word for word in labels.split(",") if word]
    table = re.findall(r'\{ "(paylock_\w+)"', SOURCE)
    assert ["paylock_info", *table] == list(there)


def test_rules(site):
    """Each names metrics and labels' values that there are."""
    there = parse(ask(site).text)
    rules = re.search(r"(?ms)^```yaml\n(.*?)^```$", PAGE)[1]
    exprs = re.findall(r"(?m)^    expr: (.+)$", rules)
    assert len(exprs) == len(re.findall(r"(?m)^  - alert: Paylock\w+$",
                                        rules)) >= 8
    for expr in exprs:
        for name, label in re.findall(r"(paylock_\w+)(?:\{(.*?)\})?", expr):
            assert not label or label in there[name][1], expr
            assert name in there
