# Copyright (C) 2026 paylock contributors
#
# Redis and the writer come and go while paylockd answers; and the events that
# it sends.

import json
import time

import pytest

from support import servers
from support.api import Connection, problem
from support.servers import wait_for


@pytest.fixture
def token(writer):
    return writer.token("whmcs", "--allow", "read,audit,lock,unlock")


def test_redis_comes_and_goes(api, token):
    admin = api.writer.issuer
    admin.redis.client().config_set("save", "3600 1")
    admin("lock", "b.example")
    api.fresh(token)
    admin.redis.client().save()
    admin.redis.stop()
    wait_for("it to notice", lambda: api.get(
        "/v1/sites", token).body["stale_since"])
    start = time.monotonic()
    page = api.get("/v1/sites", token).body
    took = time.monotonic() - start
    assert [s["host"] for s in page["data"]] == ["a.example", "b.example"]
    assert took < servers.promised(1)
    reply = api.post("/v1/lock", token, {"hosts": ["c.example"]})
    problem(reply, 503, "connect")
    assert int(reply.headers["Retry-After"]) > 0
    problem(api.get("/v1/audit", token), 503, "connect")
    admin.redis.start()
    wait_for("it to go on", lambda: api.get(
        "/v1/sites", token).body["stale_since"] is None)
    assert api.post("/v1/lock", token, {"hosts": ["c.example"]}).status == 200
    api.fresh(token)
    assert api.get("/v1/sites", token).body["total"] == 3


def test_the_writer_comes_and_goes(api, token):
    """Who was allowed to read a moment ago reads on; nobody else does."""
    assert api.get("/v1/sites", token).status == 200
    api.writer.stop()
    assert api.get("/v1/sites", token).status == 200
    problem(api.get("/v1/audit", token), 503, "writer")
    problem(api.get("/v1/sites", token[:-2] + "zz"), 503, "writer")
    problem(api.post("/v1/lock", token, {"hosts": ["b.example"]}), 503,
            "writer")
    api.writer.start()
    assert api.post("/v1/lock", token, {"hosts": ["b.example"]}).status == 200


def test_another_trail(api, token):
    """A Redis that was emptied is not believed; begun anew, it is read anew."""
    admin = api.writer.issuer
    admin.redis.client().flushall()
    wait_for("it to notice", lambda: api.get(
        "/v1/sites", token).body["stale_since"])
    assert api.get("/v1/sites", token).body["total"] == 1
    assert api.get("/v1/health", None).status == 503
    admin("adopt", "--yes")
    admin("lock", "z.example")
    wait_for("the other records", lambda: "z.example" in [
        s["host"] for s in api.get("/v1/sites", token).body["data"]])
    page = api.get("/v1/sites", token).body
    assert page["data"] == admin.json("list") and page["stale_since"] is None


# events

def events(api, token, last=None):
    client = Connection(api.socket)
    client.request("GET", "/v1/events", headers={
        "Authorization": f"Bearer {token}",
        **({"Last-Event-ID": str(last)} if last is not None else {})})
    reply = client.getresponse()
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/event-stream"
    assert reply.headers["X-Accel-Buffering"] == "no"
    lines = []
    while True:
        line = reply.readline().decode()
        if line == "":
            return
        line = line.rstrip("\n")
        if line == "":
            event = dict(one.split(": ", 1) for one in lines if ": " in one)
            lines = []
            yield event
        else:
            lines.append(line)


def test_events(api, token):
    admin = api.writer.issuer
    api.fresh(token)
    clients = [events(api, token) for _ in range(5)]
    for client in clients:
        assert next(client) == {}       # it is open
    admin("lock", "b.example", "--reason", "r")
    seqs = set()
    for client in clients:
        event = next(client)
        told = json.loads(event["data"])
        seqs.add(event["id"])
        assert (told["action"], told["host"], told["actor"], told["reason"]) \
            == ("lock", "b.example", "alice", "r")
        assert [told["site"]] == admin.json("list", "--match", "b.example")
    seq, = seqs
    admin("unlock", "b.example")
    admin("lock", "c.example")
    again = events(api, token, seq)
    assert next(again) == {}
    assert [json.loads(next(again)["data"])["action"] for _ in range(2)] \
        == ["unlock", "lock"]
    # one that it does not know: all has to be read anew
    assert next(events(api, token, 999))["event"] == "reset"


def test_events_of_a_token_that_is_revoked(api):
    name = api.writer.token("reader", "--allow", "read")
    client = events(api, name)
    assert next(client) == {}
    api.writer.issuer("token", "revoke", "reader")
    # it ends, within 15 seconds
    assert [json.loads(event["data"])["action"] for event in client] \
        == ["token-revoke"]
