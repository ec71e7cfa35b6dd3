# Copyright (C) 2026 paylock contributors
#
# What an attack on the servers found: each of these tests failed when it was
# written.

import concurrent.futures
import http.client
import json
import pathlib
import random
import re
import select
import signal
import socket
import threading
import time

import pytest

from support import servers
from support.api import Connection
from support.servers import wait_for

ALL = ("--allow", "read,audit,lock,unlock,reset,protect,unprotect,notice,pass")


@pytest.fixture
def token(writer):
    return writer.token("whmcs", *ALL)


def entries(api):
    return api.writer.issuer.json("audit", "log")


def stage(api, host):
    return api.writer.issuer.json("status", host)[0]["stage"]


# what is not understood is done as if it had not been said

@pytest.mark.parametrize("query", [
    "dry_run", "dryrun=true", "dry-run=true", "dry_run=false&dry_run=true",
    "dry_run=0&dry_run=1", "%64ry_run"])
def test_a_dry_run_of_another_spelling(api, token, query):
    """What is meant as a trial changes nothing: it is one, or is refused."""
    before = entries(api)
    reply = api.post(f"/v1/lock?{query}", token, {"hosts": ["b.example"]})
    assert entries(api) == before, (reply.status, reply.body)
    assert reply.status == 422 or reply.body["dry_run"] is True


@pytest.mark.parametrize("query", ["stage", "stag=locked", "match", "ref"])
def test_a_filter_of_another_spelling(api, token, query):
    """A list that is to be of some sites is never of all."""
    api.writer.issuer("unlock", "open.example")
    api.fresh(token)
    reply = api.get(f"/v1/sites?{query}", token)
    assert reply.status == 422, reply.body


def test_a_key_that_is_no_text(api, token):
    """An Idempotency-Key in Latin-1 is a key or is refused; it is not left
    out."""
    sent = {"hosts": ["b.example"], "channel": "letter", "ref": "R"}
    before = len(entries(api))
    replies = [api.post("/v1/notice", token, sent, Idempotency_Key="caf\xe9")
               for _ in range(2)]
    assert len(entries(api)) - before <= 1, replies
    assert all(reply.status == 422
               or reply.body["request_id"].startswith("whmcs:")
               for reply in replies), replies


def test_if_match_that_is_no_text(api, token):
    """If-Match that fits no record changes none."""
    before = entries(api)
    reply = api.post("/v1/unlock", token, {"hosts": ["a.example"]},
                     If_Match='"caf\xe9"')
    assert reply.status in (412, 422), reply.body
    assert entries(api) == before


# rights

def test_an_expired_token_and_no_writer(api):
    """paylockd knows when a token expires, and need not ask for that."""
    token = api.writer.token("x", "--allow", "read", "--expires", "4s")
    reply = api.get("/v1/me", token)
    assert reply.status == 200 and reply.body["expires"]
    assert api.get("/v1/sites", token).status == 200
    api.writer.stop()
    wait_for("its end", lambda: api.get("/v1/sites", token).status != 200, 15)


def test_cookies_of_another_case(api):
    """No browser guards "__host-paylock" as it does "__Host-paylock": a page
    below the domain may set it."""
    cookie = api.login("operator")
    assert api.by(cookie, "GET", "/v1/me").status == 200
    name, _, secret = cookie.partition("=")
    for other in "__host-paylock", "__HOST-PAYLOCK":
        assert api.by(f"{other}={secret}", "GET", "/v1/me").status == 401, \
            other
        # nor does it count before the right one
        assert api.by(f"{other}=x; {cookie}", "GET", "/v1/me").status == 200


# what is said

def test_a_trail_that_is_gone(api, token):
    """paylock-admin warns that nginx may hold what is open here; an answer
    that says nothing of it is no worse than none."""
    admin = api.writer.issuer
    api.fresh(token)
    admin.redis.client().flushall()
    wait_for("it to notice", lambda: api.get(
        "/v1/sites", token).body.get("total") != 1)
    assert "gone" in admin("list", check=False).stderr
    assert api.post("/v1/lock", token, {"hosts": ["b.example"]}).status == 503
    health, page = api.get("/v1/health", None), api.get("/v1/sites", token)
    assert page.status == 503 or page.body["stale_since"], page.body
    assert health.status == 503, health.body


def test_a_site_while_redis_is_gone(api, token):
    """Of one site, too, it is said that what is told may be old."""
    api.writer.issuer.redis.stop()
    wait_for("it to notice", lambda: api.get(
        "/v1/sites", token).body["stale_since"])
    reply = api.get("/v1/sites/a.example", token)
    assert reply.status == 503 or "stale" in str(
        [reply.body, reply.headers.items()]).lower(), reply


def test_if_match_any(api, token):
    """RFC 9110, 13.1.1: "*" is of a record that is there."""
    before = entries(api)
    reply = api.post("/v1/lock", token, {"hosts": ["none.example"]},
                     If_Match="*")
    assert reply.status in (412, 422), reply
    assert entries(api) == before


def test_prefer_among_others(api, token):
    """RFC 7240: a list of preferences, in any case."""
    for n, prefer in enumerate(["respond-async, wait=1", "Wait=1"]):
        reply = api.post("/v1/lock", token, {"hosts": [f"p{n}.example"]},
                         Prefer=prefer)
        assert "nodes" in reply.body, (prefer, reply.body)


def test_planned_before_the_first_day(api, token):
    """Nothing is planned before 1970, so the list is empty."""
    reply = api.get("/v1/sites?planned_before=%400", token)
    assert reply.status == 422 or reply.body["data"] == [], reply.body

def test_health_without_redis(api, token):
    """docs/api.md: "Is Redis followed?"."""
    assert api.get("/v1/health", None).status == 200
    api.writer.issuer.redis.stop()
    wait_for("it to notice", lambda: api.get(
        "/v1/sites", token).body["stale_since"])
    reply = api.get("/v1/health", None)
    assert (reply.status, reply.body["live"]) == (503, False), reply.body


def test_a_record_by_hand(api, token):
    """A site is shown as paylock-admin shows it."""
    admin = api.writer.issuer
    api.fresh(token)
    admin.redis.client().hset("{paylock}:locks", "hand.example",
                              '{"lock_at":1}')
    wait_for("it", lambda: [api.get("/v1/sites/hand.example", token).body]
             == admin.json("status", "hand.example"), 20)


# clumsy admins

def answers(api):
    assert api.process.poll() is None
    try:
        return api.call("GET", "/v1/health").status
    except OSError:
        return None


@pytest.mark.parametrize("wrong", ["redsi = unix:/x\n", "redis\n",
                                   "redis = unix:/nowhere\n", None])
def test_wrong_settings_of_paylockd(api, token, wrong):
    """What is wrong is said with its mend, to somebody."""
    api.stop()
    good, bad = api.writer.config, api.dir / "wrong"
    if wrong:
        bad.write_text(wrong)
    api.writer.config = bad
    api.live = lambda: "listening" if answers(api) else None
    api.start()
    told = wait_for("it to try", lambda: "being read" not in (
        got := api.get("/v1/sites", token).body)["detail"] and got)
    api.writer.config = good
    said = api.writer.issuer("--config", bad, "list", check=False).stderr
    print(told, said)
    assert told["code"] != "starting", told
    assert told["mend"] in said, (told, said)


# Redis

class Proxy:
    """Passes on to Redis; cuts the first connections when so many bytes have
    come back.  deaf: passes nothing back once there was an EXEC."""

    deaf, hears = False, True

    def __init__(self, path, redis, cuts=()):
        self.redis, self.cuts, self.path = redis, list(cuts), path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            most = self.cuts.pop(0) if self.cuts else None
            threading.Thread(target=self.carry, args=(client, most),
                             daemon=True).start()

    def carry(self, client, most):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.redis)
        came, hears = 0, True
        with client, server:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    if one is server:
                        came += len(data)
                        if most and came > most:
                            return
                    if self.deaf and b"EXEC" in data and one is client:
                        hears = self.hears = False
                    if one is server and not (hears and self.hears):
                        continue
                    (client if one is server else server).sendall(data)


def test_a_connection_cut_while_records_are_read(api, token):
    """Then they are read anew, and all are there."""
    admin = api.writer.issuer
    hosts = [f"h{n * 7919 % 4000}.example" for n in range(4000)]
    admin("import", "-", "--yes", input="\n".join(
        ["host,lock_at,reason", *(f"{host},2026-01-01T00:00:00Z,r"
                                  for host in hosts)]))
    api.stop()
    good, other = api.writer.config, api.dir / "config"
    proxy = Proxy(api.dir / "proxy.sock", admin.redis.socket, [500000])
    other.write_text(f"redis = unix:{api.dir}/proxy.sock\n")
    api.writer.config = other
    api.start()
    api.writer.config = good
    assert not proxy.cuts
    api.fresh(token)
    page = api.get("/v1/sites?limit=500", token).body
    wrong = [host for host in random.sample(hosts, 100) if api.get(
        f"/v1/sites/{host}", token).body["stage"] != "locked"]
    proxy.listener.close()
    assert page["total"] == len(hosts) + 1
    assert [site["host"] for site in page["data"]] \
        == sorted([*hosts, "a.example"])[:500]
    assert not wrong


def test_redis_hangs(api, token):
    """Each write is refused in 5 s, whenever it comes; lists go on."""
    admin = api.writer.issuer
    api.fresh(token)
    admin.redis.pause()

    def write(n):
        time.sleep(n)
        start = time.monotonic()
        reply = api.post("/v1/lock", token, {"hosts": [f"w{n}.example"]})
        return reply.status, time.monotonic() - start

    try:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            told = [pool.submit(write, n) for n in range(5)]
            for _ in range(20):
                start = time.monotonic()
                assert api.get("/v1/sites", token).status == 200
                assert time.monotonic() - start < servers.promised(0.5)
                time.sleep(0.1)
            told = [one.result() for one in told]
    finally:
        admin.redis.resume()
    assert {status for status, _ in told} == {503}
    assert max(took for _, took in told) < 6, told


def test_redis_hangs_in_a_transaction(api, token):
    """It was sent and no answer comes: 500, "unknown", in 5 s."""
    admin = api.writer.issuer
    proxy = Proxy(api.dir / "deaf.sock", admin.redis.socket)
    api.writer.config.write_text(f"redis = unix:{proxy.path}\n")
    assert api.post("/v1/lock", token, {"hosts": ["b.example"]}).status == 200
    before = len(entries(api))
    proxy.deaf = True
    start = time.monotonic()
    reply = api.post("/v1/lock", token, {"hosts": ["c.example"]},
                     Idempotency_Key="k")
    took = time.monotonic() - start
    done = len(entries(api)) - before
    proxy.deaf, proxy.hears = False, True
    again = api.post("/v1/lock", token, {"hosts": ["c.example"]},
                     Idempotency_Key="k")
    proxy.listener.close()
    assert again.status == 200 and len(entries(api)) == before + 1
    assert done == 1 and (reply.status, reply.body["code"]) \
        == (500, "unknown"), (took, reply.body)
    assert took < 6, took


def test_the_writer_hangs(api, token):
    """Who was allowed to read reads on, as if there were no writer."""
    assert api.get("/v1/sites", token).status == 200
    api.writer.process.send_signal(signal.SIGSTOP)
    try:
        start = time.monotonic()
        assert api.get("/v1/sites", token).status == 200
        took = time.monotonic() - start
        start = time.monotonic()
        assert api.post("/v1/lock", token, {
            "hosts": ["b.example"]}).status == 503
        wrote = time.monotonic() - start
    finally:
        api.writer.process.send_signal(signal.SIGCONT)
    assert took < servers.promised(1) and wrote < servers.promised(5.5), (
        took, wrote)


def test_a_503_of_a_hanging_writer_and_what_it_did(api, token):
    """What is done later is not said to be refused: 500, "unknown"."""
    before = len(entries(api))
    api.writer.process.send_signal(signal.SIGSTOP)
    try:
        reply = api.post("/v1/lock", token, {"hosts": ["b.example"]})
    finally:
        api.writer.process.send_signal(signal.SIGCONT)
    time.sleep(1)
    done = len(entries(api)) - before
    assert not done or (reply.status, reply.body["code"]) \
        == (500, "unknown"), (done, reply.status, reply.body)


def test_all_connections(api, token):
    """One token that follows events does not keep all others out."""
    reader = api.writer.token("reader", "--allow", "read")
    held = []
    try:
        for _ in range(520):
            client = Connection(api.socket)
            client.timeout = 5
            try:
                time.sleep(0.01)
                client.request("GET", "/v1/events", headers={
                    "Authorization": f"Bearer {reader}"})
            except OSError:
                break
            held.append(client)
        time.sleep(5)
        try:
            other = Connection(api.socket)
            other.connect()
            other.sock.settimeout(10)
            other.request("GET", "/v1/sites", headers={
                "Authorization": f"Bearer {token}"})
            status = other.getresponse().status
        except OSError as why:
            status = repr(why)
        assert status == 200, (len(held), status)
    finally:
        for client in held:
            client.close()


def test_a_list_of_a_hard_pattern(api, token):
    """A pattern costs no more than any other."""
    admin = api.writer.issuer
    hosts = [".".join(["a" * 60] * 3) + f".{n:02}.example"
             for n in range(50)]
    admin("unlock", *hosts, "--yes")
    api.fresh(token)
    start = time.monotonic()
    for match in "*a*a*a*a*a*a*a*a*a*a*b", "*" + "?*" * 60 + "z", \
            "[a]*" * 60 + "z":
        api.get("/v1/sites?match=" + match.replace("[", "%5B").replace(
            "]", "%5D").replace("?", "%3F"), token)
        print(match, time.monotonic() - start)
    assert time.monotonic() - start < servers.promised(1)


def test_it_waits_and_cannot_ask(api, token):
    """docs/api.md: 202 names the nodes that do not have it."""
    config = api.writer.config
    other = api.dir / "config"
    other.write_text(config.read_text())
    api.stop()
    api.writer.config = other
    api.start()
    api.writer.config = config
    other.write_text("redis = unix:/nowhere\n")
    reply = api.post("/v1/lock", token, {"hosts": ["b.example"]},
                     Prefer="wait=1")
    assert reply.status == 200 or reply.body["nodes"]["missing"], reply.body


def test_records_that_are_none(api, token):
    """The list is that of paylock-admin, whatever somebody wrote by hand."""
    admin = api.writer.issuer
    client = admin.redis.client()
    for host, value in (("j1.example", "x"), ("j2.example", "{}"),
                        ("j3.example", '{"lock_at":"x"}'),
                        ("J4.example", '{"lock_at":1}'),
                        ("j5.example.", '{"lock_at":1}'),
                        ("j6.example", '{"lock_at":1,"reason":"\\u0001"}'),
                        ("j7.example", '{"lock_at":1,"lock_at":2}'),
                        (".j8.example", '{"lock_at":1}'),
                        ("*.j8.example", '{"open_at":1}'),
                        ("j9.example", '{"lock_at":1e3}'),
                        ("j10.example", '{"protected":true}'),
                        ("j11.example", '{"lock_at":1,"reason":7}'),
                        ("j12.example", '{"lock_at":1,"entry":-1}'),
                        ("j13.example", '{"lock_at":4294967295,"at":9}')):
        client.hset("{paylock}:locks", host, value)
    api.stop()
    api.start()
    listed = {site["host"]: site for site in admin.json("list")}
    shown = {site["host"]: site for site in api.get(
        "/v1/sites", token).body["data"]}
    for host in listed.keys() | shown.keys():
        assert shown.get(host) == listed.get(host), host
    for n in range(1, 14):
        host = f"j{n}.example"
        assert [api.get(f"/v1/sites/{host}", token).body] \
            == admin.json("status", host), host
    for host in "x.j8.example", "j8.example", ".j8.example", "*.j8.example":
        assert [api.get(f"/v1/sites/{host}", token).body] \
            == admin.json("status", host), host


def test_empty_and_back_again(api, token):
    """A Redis that was empty for a moment, and is being read again: nothing
    is said of it before all is there."""
    admin = api.writer.issuer
    hosts = [f"h{n * 7919 % 4000}.example" for n in range(4000)]
    admin("import", "-", "--yes", input="\n".join(
        ["host,lock_at,reason", *(f"{host},2026-01-01T00:00:00Z,r"
                                  for host in hosts)]))
    api.stop()
    good, other = api.writer.config, api.dir / "config"
    proxy = Proxy(api.dir / "proxy.sock", admin.redis.socket,
                  [None, 500000, 500000, 500000])
    other.write_text(f"redis = unix:{api.dir}/proxy.sock\n")
    api.writer.config = other
    api.start()
    api.writer.config = good
    api.fresh(token)
    raw = admin.redis.client(decode_responses=False)
    kept = {key: raw.dump(key) for key in raw.keys()}
    raw.flushall()
    wait_for("it to notice", lambda: api.get(
        "/v1/sites", token).body["total"] == 0)
    with raw.pipeline() as p:
        for key, value in kept.items():
            p.restore(key, 0, value)
        p.execute()
    told = []
    for _ in range(200):
        page = api.get("/v1/sites?limit=500", token).body
        if page["total"]:
            told.append((page["total"], page["stale_since"],
                         page["data"] == sorted(
                             page["data"], key=lambda site: site["host"])))
        time.sleep(0.01)
    proxy.listener.close()
    assert all(total == len(hosts) + 1 and order
               for total, stale, order in told if not stale), set(told)


def test_events_after_a_logout(api):
    """docs/api.md: they end within 15 seconds, whatever happens meanwhile."""
    cookie = api.login()
    client = Connection(api.socket)
    client.request("GET", "/v1/events", headers={"Cookie": cookie})
    reply = client.getresponse()
    assert reply.status == 200 and reply.readline() == b":\n"
    start = time.monotonic()
    assert api.by(cookie, "DELETE", "/v1/session").status == 200
    time.sleep(max(0, start + 8.5 - time.monotonic()))
    api.writer.issuer("lock", "b.example")
    while reply.readline():
        pass
    assert time.monotonic() - start < 18


def test_memory_without_a_token(api):
    """A request of 1 MB from nobody takes no hundreds of megabytes, least of
    all of the process with the key."""
    def most(process):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024

    before = most(api.process), most(api.writer.process)
    sent = {"hosts": [{}] * 340000}
    text = json.dumps(sent, separators=(",", ":"))
    assert len(text) < 1 << 20

    def post(_):
        client = Connection(api.socket)
        client.request("POST", "/v1/lock", text, {
            "Content-Type": "application/json", "X-Real-IP": "192.0.2.1"})
        return client.getresponse().status

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        told = list(pool.map(post, range(10)))
    after = most(api.process), most(api.writer.process)
    assert set(told) <= {401, 422}, told
    assert all(b - a < 100 for a, b in zip(before, after)), (before, after)


def test_stopped_while_it_answers(api, token):
    """It ends, with the status 0, whatever its threads do."""
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            try:
                api.get("/v1/sites/a.example", token)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.005)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        told = []
        for _ in range(40):
            time.sleep(0.1)
            api.process.send_signal(signal.SIGTERM)
            told.append(api.process.wait(20))
            api.start()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(told) == {0}, told
