# Copyright (C) 2026 paylock contributors
#
# The trail, verified and exported by paylockd: as by paylock-admin.

import concurrent.futures
import json
import time

import pytest

from support import servers
from support.api import Connection
from support.chain import AUDIT, LOCKS


@pytest.fixture
def token(writer):
    return writer.token("panel", "--allow", "read,audit,pass")


def verified(admin):
    done = admin("--json", "audit", "verify", "--full", check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[0])


def same(reply, told):
    """But for what this machine remembers of the trail."""
    assert reply.status == 200, reply.body
    body = dict(reply.body)
    assert sorted(body) == sorted(told)
    mine = [w for w in told["witnesses"] if w["name"] != "this machine"]
    assert {**body, "before": None} == {**told, "before": None,
                                        "witnesses": mine}


def test_a_good_trail(api, token):
    admin = api.writer.issuer
    for host in "b.example", "c.example":
        admin("lock", host), admin("unlock", host)
    status, told = verified(admin)
    assert status == 0
    same(api.get("/v1/audit/verify", token), told)
    assert told["faults"] == [] and told["records"] == 3


@pytest.mark.parametrize("how", ["flag", "flags", "entry", "gap"])
def test_a_bad_trail(api, token, how):
    """Is an answer, and the next request has one as well."""
    admin = api.writer.issuer
    admin("lock", "b.example", "c.example")
    client = admin.redis.client()
    if how == "flag":
        client.hset(LOCKS, "z.example", '{"lock_at":1}')
    elif how == "flags":
        client.hset(LOCKS, "b.example", '{"open_at":1}')
    elif how == "entry":
        client.xadd(AUDIT, {"seq": "x"})
    else:
        (first, _), = client.xrange(AUDIT, count=1)
        client.xdel(AUDIT, first)
    status, told = verified(admin)
    assert status in (10, 11, 12) and told["faults"]
    reply = api.get("/v1/audit/verify", token)
    same(reply, told)
    assert api.get("/v1/me", token).status == 200


def test_nothing_is_remembered(api, token):
    """Neither here nor, after a request, in what the next one says."""
    admin = api.writer.issuer
    for _ in range(2):
        assert api.get("/v1/audit/verify", token).body["before"] is None
    assert not [path for path in (api.dir / "state").rglob("*")
                if path.is_file()]
    assert admin("audit", "verify").returncode == 0


def test_without_signers(api, token):
    """What is there could be anybody's: it does not say that it is good."""
    api.stop()
    api.env = {**api.env, "PAYLOCK_SIGNERS": "",
               "XDG_CONFIG_HOME": str(api.dir / "none"),
               "HOME": str(api.dir)}
    api.start()
    reply = api.get("/v1/audit/verify", token)
    assert (reply.status, reply.body["code"]) == (503, "chain_unknown")
    assert "signers" in reply.body["mend"]


def exported(admin, *args):
    done = admin("audit", "export", *args)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if "checkpoint" not in line]


def test_an_export(api, token, private):
    admin = api.writer.issuer
    admin("lock", "*.x.example", "--yes")
    for host in "a.x.example", "b.example", "a.x.example":
        admin("lock", host), admin("unlock", host)
    for query, args in ("", ()), ("?host=a.x.example", (
            "--host", "a.x.example")), ("?host=nobody.example", (
                "--host", "nobody.example")):
        reply = api.get(f"/v1/audit/export{query}", token)
        assert reply.status == 200, reply.body
        assert reply.headers["Content-Type"] == "application/x-ndjson"
        assert reply.body == exported(admin, *args), query
        file = private / "export"
        file.write_text("".join(json.dumps(line) + "\n"
                                for line in reply.body))
        assert admin("audit", "verify", file).returncode == 0


def test_exports_of_the_hosts_of_a_token(api, writer):
    token = writer.token("x", "--allow", "read,audit", "--hosts", "*.mine.example")
    for query in "", "?host=b.example", "?host=mine.example":
        assert api.get(f"/v1/audit/export{query}", token).status == 403
    writer.issuer("lock", "a.mine.example", "b.example", "--reason", "secret")
    reply = api.get("/v1/audit/export?host=a.mine.example", token)
    assert reply.status == 200
    assert "b.example" not in json.dumps(reply.body)
    assert api.get("/v1/audit/verify", token).status == 403


def test_a_bad_trail_is_not_shown_for_one_host(api, token):
    admin = api.writer.issuer
    admin.redis.client().xadd(AUDIT, {"seq": "x"})
    reply = api.get("/v1/audit/export?host=a.example", token)
    assert reply.status == 503 and reply.body["detail"]
    assert api.get("/v1/audit/export", token).status == 200


def test_redis_away(api, token):
    api.writer.issuer.redis.stop()
    for path in "verify", "export", "export?host=a.example":
        reply = api.get(f"/v1/audit/{path}", token)
        assert (reply.status, reply.body["code"]) == (503, "connect"), path
    reply = api.get("/v1/passes", token)
    assert (reply.status, reply.body["code"]) == (503, "connect")


def slow(api, token, path):
    """The answer to a client that has read its head, and no more."""
    client = Connection(api.socket)
    client.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    reply = client.getresponse()
    assert reply.status == 200
    return reply


def test_others_are_not_kept_waiting(api, token):
    """While the whole trail is read by as many as may, others read lists,
    and one more is told to come back."""
    admin = api.writer.issuer
    admin("import", "-", "--yes", input="host,lock_at,reason\n" + "".join(
        f"h{i}.example,1,{'r' * 900}\n" for i in range(2000)))
    exports = [slow(api, token, "/v1/audit/export") for _ in range(4)]
    reply = api.get("/v1/audit/verify", token)
    assert (reply.status, reply.body["code"]) == (503, "busy")
    assert int(reply.headers["Retry-After"]) > 0
    start = time.monotonic()
    assert api.get("/v1/sites?limit=1", token).status == 200
    assert api.get("/v1/audit?limit=1", token).status == 200
    assert time.monotonic() - start < servers.promised(1)
    for export in exports:
        assert export.read().count(b"\n") > 2000
        export.close()
    # ... and their places are free again
    servers.wait_for("a place", lambda: api.get(
        "/v1/audit/verify", token).status == 200)


def test_many_at_once(api, token):
    """Each one is whole, and none says what another is."""
    api.writer.issuer("lock", "b.example")
    told = api.get("/v1/audit/verify", token).body
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for reply in pool.map(lambda _: api.get("/v1/audit/verify", token),
                              range(24)):
            assert reply.status == 503 or reply.body == told
