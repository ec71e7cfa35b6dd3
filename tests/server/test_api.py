# Copyright (C) 2026 paylock contributors
#
# The API of paylockd: it says what paylock-admin says, and to nobody else.

import fnmatch
import json
import os
import random
import re
import socket

import jsonschema
import pytest

from support import openapi, servers
from support.api import BODIES as api_bodies
from support.api import Connection, problem, routes
from support.servers import wait_for

ALL = ("--allow", "read,audit,lock,unlock,reset,protect,unprotect,notice,"
       "pass,import")
CALLS = int(os.environ.get("PAYLOCK_TEST_CALLS", 40))
SEED = int(os.environ.get("PAYLOCK_TEST_SEED", random.randrange(1 << 30)))

CHANGES = {"/v1/lock": "lock", "/v1/unlock": "unlock", "/v1/reset": "reset",
           "/v1/protect": "protect", "/v1/unprotect": "unprotect",
           "/v1/notice": "notice", "/v1/import": "import",
           "/v1/passes": "pass", "/v1/passes/revoke": "pass"}
READS = {"/v1/sites": "read", "/v1/sites/a.example": "read",
         "/v1/audit": "audit", "/v1/nodes": "read", "/v1/me": "read",
         "/v1/tokens": "read", "/v1/doctor": "read", "/v1/passes": "pass",
         "/v1/audit/verify": "audit", "/v1/audit/export": "audit",
         "/v1/events": "read", "/v1/openapi.json": "read"}
HOLD = "/v1/sites/a.example/holds/billing"
BODIES = {**api_bodies, HOLD: {"reason": "overdue"}}
ROUTES = [("POST", path, scope) for path, scope in CHANGES.items()] \
    + [("PUT", HOLD, "lock"), ("DELETE", HOLD, "unlock")] \
    + [("GET", path, scope) for path, scope in READS.items()]


@pytest.fixture
def token(writer):
    return writer.token("whmcs", *ALL)


def entries(api):
    return api.writer.issuer.json("audit", "log")


# what it says is what paylock-admin says

def test_a_site(api, token):
    admin = api.writer.issuer
    admin("lock", "*.x.example", "--yes", "--invoice", "R-1")
    admin("lock", "a.x.example", "--until", "+3d", "--reason", "later")
    admin("protect", "p.example")
    api.fresh(token)
    for host in ("a.x.example", "b.x.example", "www.a.x.example", "p.example",
                 "nobody.example", "x.example", "*.x.example"):
        reply = api.get(f"/v1/sites/{host}", token)
        assert reply.status == 200
        assert [reply.body] == admin.json("status", host), host


def test_the_list(api, token):
    admin = api.writer.issuer
    admin("lock", "b.example", "c.example", "--at", "+2d")
    admin("unlock", "d.example")
    api.fresh(token)
    reply = api.get("/v1/sites", token)
    assert reply.body["data"] == admin.json("list")
    assert reply.body["total"] == 4 and reply.body["next"] is None
    assert reply.body["stale_since"] is None
    assert reply.body["as_of_seq"] == entries(api)[-1]["seq"]


def test_the_trail(api, token):
    admin = api.writer.issuer
    for host in "b.example", "c.example":
        admin("lock", host), admin("unlock", host)
    api.fresh(token)
    log = admin.json("audit", "log")
    assert api.get("/v1/audit", token).body == {"data": log, "next": None}
    assert api.get("/v1/audit?host=b.example", token).body["data"] \
        == admin.json("audit", "log", "b.example")
    assert api.get("/v1/audit?action=unlock", token).body["data"] \
        == [e for e in log if e["action"] == "unlock"]
    # page after page
    read, after = [], 0
    while after is not None:
        page = api.get(f"/v1/audit?limit=2&after={after}", token).body
        read += page["data"]
        after = page["next"]
    assert read == log


def test_nodes(api, token, nginx):
    nginx("paylock_node one; server { paylock on; }")
    # with the chain that it follows
    wait_for("a report", lambda: any(
        node["chain"] for node in api.get("/v1/nodes", token).body["data"]))
    mine, = api.writer.issuer.json("nodes")
    theirs, = api.get("/v1/nodes", token).body["data"]
    for changing in "age_ms", "written", "lag", "state", "seq", "hash", \
            "records", "ahead_ms":
        mine.pop(changing), theirs.pop(changing)
    assert mine == theirs


GIVEN = {
    "lock": [{}, {"reason": "overdue"}, {"at": "2031-01-01"},
             {"until": "2031-01-01", "invoice": "R-1"}, {"at": "soon"},
             {"at": "2031-01-01", "until": "2030-01-01"},
             {"amount": "12.50", "currency": "EUR"}, {"currency": "euro"},
             {"ref": "PL-1"}, {"ref": "no ref"}, {"readonly": "2031-01-01"}],
    "unlock": [{}, {"reason": "paid"}, {"until": "2031-01-01"},
               {"until": "2001-01-01"}],
    "reset": [{}], "protect": [{}, {"reason": "a\u202eb"}],
    "unprotect": [{}, {"reason": "x" * 1001}],
    "notice": [{"channel": "letter", "ref": "RR1"}, {"channel": "letter"}, {},
               {"channel": "email", "ref": "m", "sent": "2026-02-30"}],
    "pass revoke": [{}]}


def test_generated_calls(api, token):
    """The answer, the error and the record are those of the command."""
    print(f"PAYLOCK_TEST_SEED={SEED}")
    rng = random.Random(SEED)
    admin = api.writer.issuer
    admin.env["PAYLOCK_ACTOR"] = "token:whmcs"

    def mine(name, hosts, given):
        done = admin("--json", *name.split(), *hosts, *(
            arg for key, value in given.items()
            for arg in (f"--{key}", value)), check=False)
        lines = done.stdout.splitlines() or done.stderr.splitlines()
        return done.returncode, json.loads(lines[-1])

    for n in range(CALLS):
        name = rng.choice(list(GIVEN))
        given = rng.choice(GIVEN[name])
        hosts = [f"{rng.choice('uvw')}.%s.example"]
        if name != "notice" and rng.random() < 0.3:
            hosts.append("*.%s.example" if rng.random() < 0.2
                         else f"{rng.choice('xyz')}.%s.example")
        here, there = ([h % side for h in hosts] for side in ("one", "two"))
        status, told = mine(name, here, given)
        path = "/v1/passes/revoke" if name == "pass revoke" else f"/v1/{name}"
        reply = api.post(path, token, {"hosts": there, **given})
        what = name, given, here, told, reply.body
        if "error" in told:
            error = told["error"]
            if error["code"] == "confirm":
                assert reply.status == 409, what
                continue
            assert reply.status == {2: 422, 1: 409}[status], what
            assert reply.body["code"] == error["code"], what
            for key, at in ("detail", "message"), ("mend", "mend"), \
                    ("host", "host"):
                assert str(reply.body[key]) \
                    == str(error[at]).replace(".one.", ".two."), what
            continue
        assert reply.status == 200, what
        assert sorted(reply.body) == sorted(told)
        for key in "changed", "unchanged":
            assert [h.replace(".two.", ".one.") for h in reply.body[key]] \
                == told[key], what
    assert admin("audit", "verify").returncode == 0
    api.fresh(token)
    sites = {site["host"]: site for site in api.get(
        "/v1/sites?limit=500", token).body["data"]}
    for host, site in sites.items():
        if ".one." in host:
            twin = sites[host.replace(".one.", ".two.")]
            for key in "stage", "reason", "invoice", "protected":
                assert site[key] == twin[key], (site, twin)


# who is refused

@pytest.mark.parametrize("how", [
    "none", "unknown", "expired", "revoked", "scope", "host", "address",
    "origin", "site", "basic"])
def test_refused(api, writer, how):
    """Every route: nothing is said, nothing is written."""
    limits = {"host": ["--hosts", "*.other.example"],
              "address": ["--ip", "198.51.100.7"],
              "expired": ["--expires", "1s"]}.get(how, [])
    token = writer.token("x", *ALL, *limits)
    one = {scope: writer.token(f"not-{scope}", "--allow", ",".join(
        {"read", "audit", "lock", "unlock"} - {scope}))
        for scope in {scope for _, _, scope in ROUTES}}
    headers = {"origin": {"Origin": "https://evil.example"},
               "site": {"Sec-Fetch-Site": "cross-site"},
               "basic": {"Authorization": f"Basic {token}"}}.get(how, {})
    if how == "revoked":
        writer.issuer("token", "revoke", "x")
    elif how == "expired":
        wait_for("its end", lambda: api.get("/v1/me", token).status == 401)
    before = entries(api)
    for method, path, scope in ROUTES:
        used = {"none": None, "unknown": token[:-2] + "zz", "basic": None,
                "scope": one[scope]}.get(how, token)
        if how == "host" and (method, path) != ("GET", "/v1/sites/a.example") \
                and method == "GET" \
                and path not in ("/v1/audit", "/v1/events", "/v1/tokens",
                                 "/v1/passes", "/v1/audit/verify",
                                 "/v1/audit/export", "/v1/doctor"):
            continue                    # shows the token's hosts only
        reply = api.call(method, path, used, BODIES.get(
            path, {"hosts": ["a.example"]}), headers)
        status = 401 if how in ("none", "unknown", "expired", "revoked",
                                "basic") else 403
        problem(reply, status, {401: "unauthorized"}.get(
            status, "origin" if how in ("origin", "site") else "forbidden"))
        if status == 401:
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert entries(api) == before


def test_hosts_of_a_token(api, writer):
    """A list shows those of the token, and no others."""
    writer.issuer("lock", "b.mine.example", "c.mine.example", "d.example")
    token = writer.token("x", *ALL, "--hosts", "*.mine.example")
    api.fresh(token)
    page = api.get("/v1/sites", token).body
    assert [site["host"] for site in page["data"]] == ["b.mine.example",
                                                       "c.mine.example"]
    assert page["total"] == 2
    assert api.get("/v1/audit?host=b.mine.example", token).status == 200


# lists

def test_lists(api, token):
    """All filters, orders and pages, compared with what Python makes of the
    whole list."""
    rng = random.Random(SEED)
    admin = api.writer.issuer
    rows = ["host,lock_at,reason,invoice,ref"]
    for i in range(300):
        at = rng.choice(["2026-01-01T00:00:00Z", "2026-02-%02dT08:00:00Z"
                         % rng.randrange(1, 28), "2031-%02d-07T00:00:00Z"
                         % rng.randrange(1, 13)])
        rows.append(f"{rng.choice(['shop', 'www', 'blog'])}{i}."
                    f"{rng.choice(['acme', 'bell'])}.example,{at},r,"
                    f"R-{i % 7},P{i % 5}")
    admin("import", "-", "--yes", input="\n".join(rows))
    admin("unlock", *(f"open{i}.example" for i in range(15)))
    api.fresh(token)
    whole = admin.json("list")
    for _ in range(30):
        wanted, shown = {}, whole
        if rng.random() < 0.5:
            wanted["stage"] = rng.choice(["open", "locked", "default"])
            shown = [s for s in shown if s["stage"] == wanted["stage"]]
        if rng.random() < 0.4:
            wanted["q"] = rng.choice(["acme", "1", "shop2", "nothing"])
            shown = [s for s in shown if wanted["q"] in s["host"]]
        if rng.random() < 0.4:
            wanted["match"] = rng.choice(["*.acme.*", "shop?.*", "[a-n]*", "*"])
            shown = [s for s in shown
                     if fnmatch.fnmatchcase(s["host"], wanted["match"])]
        for key in "invoice", "ref":
            if rng.random() < 0.2:
                wanted[key] = {"invoice": "R-3", "ref": "P2"}[key]
                shown = [s for s in shown if s[key] == wanted[key]]
        sort = rng.choice(["host", "since", "next", "-host", "-since", "-next"])
        key = {"host": lambda s: ("", s["host"]),
               "since": lambda s: (s["since"] or ("~" if sort[0] != "-"
                                                  else ""), s["host"]),
               "next": lambda s: ((s["next"] or {}).get("at") or (
                   "~" if sort[0] != "-" else ""), s["host"])}[sort.strip("-")]
        shown = sorted(shown, key=key, reverse=sort[0] == "-")
        limit = rng.choice([1, 7, 50, 500]) if len(shown) < 40 \
            else rng.choice([50, 500])
        query = "&".join(f"{k}={v}" for k, v in {
            **wanted, "sort": sort, "limit": limit}.items())
        read, cursor = [], ""
        while True:
            page = api.get(f"/v1/sites?{query}{cursor}".replace("[", "%5B")
                           .replace("]", "%5D"), token).body
            assert page["total"] == len(shown), query
            assert len(page["data"]) <= limit
            read += page["data"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert [s["host"] for s in read] == [s["host"] for s in shown], query


def test_a_time_comes(api, token):
    """A list knows it without an entry that tells of it."""
    api.writer.issuer("lock", "soon.example", "--at", "+3s", "--until", "+6s")
    api.fresh(token)

    def shown(query):
        return [s["host"] for s in api.get(f"/v1/sites?{query}",
                                           token).body["data"]]

    assert "soon.example" not in shown("stage=locked")
    assert shown("sort=next&stage=default") == ["soon.example"]
    wait_for("its time", lambda: "soon.example" in shown("stage=locked"))
    assert shown("planned_before=%2B1h") == ["soon.example"]
    wait_for("its end", lambda: "soon.example" in shown("stage=open"))
    assert "soon.example" not in shown("stage=locked&q=soon")
    assert shown("planned_before=%2B1h") == []


@pytest.mark.parametrize("query, code", [
    ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"),
    ("sort=age", "sort"), ("stage=closed", "stage"), ("hold=rent", "hold"),
    ("cursor=x", "cursor"), ("cursor=-1-a", "cursor"),
    ("planned_before=soon", "time")])
def test_bad_queries(api, token, query, code):
    problem(api.get(f"/v1/sites?{query}", token), 422, code)


@pytest.mark.parametrize("query, code", [
    ("limit=0", "limit"), ("limit=501", "limit"), ("after=x", "number"),
    ("host=a..b", "host"), ("host=", "host"), ("since=soon", "time"),
    ("until=soon", "time")])
def test_bad_queries_of_the_trail(api, token, query, code):
    problem(api.get(f"/v1/audit?{query}", token), 422, code)


# changes

def test_an_error_has_the_request_id(api, token):
    """That by which it may be sent again, once something was tried."""
    admin = api.writer.issuer
    admin("protect", "p.example")
    reply = api.post("/v1/lock", token, {"hosts": ["p.example"]},
                     Idempotency_Key="k1")
    assert problem(reply, 409, "protected")["request_id"] == "whmcs:k1"
    made = problem(api.post("/v1/lock", token, {"hosts": ["p.example"]}), 409,
                   "protected")["request_id"]
    assert re.fullmatch("[0-9a-f]{32}", made)
    reply = api.post("/v1/lock", token, {"hosts": ["a..b"]})
    assert problem(reply, 422, "host")["request_id"] is None
    reply = api.get("/v1/audit?limit=0", token)
    assert problem(reply, 422, "limit")["request_id"] is None


def test_a_change(api, token):
    reply = api.post("/v1/lock", token, {"hosts": ["b.example"]},
                     Idempotency_Key="k1")
    assert reply.status == 200 and "Idempotency-Replayed" not in reply.headers
    again = api.post("/v1/lock", token, {"hosts": ["b.example"]},
                     Idempotency_Key="k1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == reply.body
    problem(api.post("/v1/lock", token, {"hosts": ["c.example"]},
                     Idempotency_Key="k1"), 422, "request")
    dry = api.post("/v1/lock?dry_run=true", token, {"hosts": ["c.example"]})
    assert dry.body["dry_run"] is True
    assert entries(api)[-1]["host"] == "b.example"


def test_if_match(api, token):
    tag = api.get("/v1/sites/a.example", token).headers["ETag"]
    assert api.post("/v1/unlock", token, {"hosts": ["a.example"]},
                    If_Match=tag).status == 200
    problem(api.post("/v1/lock", token, {"hosts": ["a.example"]},
                     If_Match=tag), 412, "changed")
    api.fresh(token)
    assert api.get("/v1/sites/a.example", token).headers["ETag"] != tag
    none = api.get("/v1/sites/new.example", token).headers["ETag"]
    assert none == '"none"'
    assert api.post("/v1/lock", token, {"hosts": ["new.example"]},
                    If_Match=none).status == 200
    problem(api.post("/v1/lock", token, {"hosts": ["new.example"]},
                     If_Match="new"), 422, "if_match")


def test_prefer_wait(api, token, nginx):
    server = nginx("server { paylock on; server_name b.example; }")
    server.wait_state("a.example", "locked")
    reply = api.post("/v1/lock", token, {"hosts": ["b.example"]},
                     Prefer="wait=20")
    assert reply.status == 200 and reply.body["nodes"]["missing"] == []
    assert reply.body["nodes"]["have"] == reply.body["nodes"]["live"] == 1
    assert server.state("b.example") == "locked"


@pytest.mark.parametrize("body, headers, status, code", [
    (b"", {}, 400, "json"), (b"[]", {}, 400, "json"),
    (b'{"hosts":["a"],"hosts":["b"]}', {}, 400, "json"),
    (b"\xff\xfe", {}, 400, "json"),
    (b'{"hosts":["b.example"]}', {"Content-Type": "text/plain"}, 415, "type"),
    (b'{"hosts":["b.example"]}', {"Content-Type": "application/jsonp"}, 415,
     "type"),
    (b" " * (1 << 20) + b"{}", {}, 413, "large")],
    ids=["none", "array", "twice", "latin", "text", "jsonp", "large"])
def test_bad_bodies(api, token, body, headers, status, code):
    before = entries(api)
    client = Connection(api.socket)
    client.request("POST", "/v1/lock", body, {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json", **headers})
    reply = client.getresponse()
    assert reply.status == status
    assert json.loads(reply.read())["code"] == code
    assert entries(api) == before


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/", 404), ("GET", "/v1", 404), ("GET", "/v1/sites/", 404),
    ("GET", "/v1/sites/a/b", 404), ("GET", "//v1/sites", 404),
    ("GET", "/v1/sites/../health", 404), ("GET", "/V1/SITES", 404),
    ("POST", "/v1/sites", 405), ("GET", "/v1/lock", 405),
    ("DELETE", "/v1/lock", 405), ("GET", "/v1/sites/a..b", 422),
    ("GET", "/v1/sites/a%00b", 400),
    ("GET", "/v1/sites?q=a%00b", 400), ("GET", "/v1/sites/a%2eb%2Fc", 404)])
def test_other_paths(api, token, method, path, status):
    reply = api.call(method, path, token, {})
    assert reply.status == status
    assert api.get("/v1/me", token).status == 200


@pytest.mark.parametrize("raw", [
    b"GET /v1/sites HTTP/1.1\r\n\r\n",
    b"POST /v1/lock HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Content-Length: 6\r\n\r\n{}   ",
    b"POST /v1/lock HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Length: 4\r\n\r\n0\r\n\r\n",
    b"POST /v1/lock HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET /v1/sites HTTP/9.9\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00", b"GET " + b"/" * 100000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 100000 + b"\r\n\r\n"],
    ids=range(8))
def test_what_is_no_request(api, token, raw):
    before = entries(api)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(servers.PATIENCE)
        client.connect(str(api.socket))
        try:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(65536)
        except OSError:
            answer = b""
    assert not answer or int(answer.split()[1]) >= 400, answer
    assert api.get("/v1/me", token).status == 200
    assert entries(api) == before


def test_openapi(api, token):
    document = api.get("/v1/openapi.json", token).body
    assert document["openapi"] == "3.1.0"
    there = {(method.upper(), path) for path, methods
             in document["paths"].items() for method in methods}
    assert there == {(m, p.replace("a.example", "{host}").replace("billing", "{hold}"))
                     for m, p, _ in ROUTES} | {
        ("GET", "/v1/health"), ("POST", "/v1/session"),
        ("DELETE", "/v1/session")}
    for (method, path) in there:
        names = re.findall(r"{(\w+)}", path)
        said = document["paths"][path][method.lower()]["parameters"]
        assert [p["name"] for p in said if p["in"] == "path"] == names
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["required"] or name == "reached", name


def test_answers_are_of_their_types(api, token, nginx):
    """Each one, and none with a member more, one less or of another type."""
    nginx("paylock_node one; server { paylock on; }")
    admin = api.writer.issuer
    admin("lock", "*.x.example", "--yes", "--invoice", "R", "--until", "+3d")
    wait_for("a report", lambda: api.get("/v1/nodes", token).body["data"])
    document = api.get("/v1/openapi.json", token).body
    refused = 0
    for method, path, _ in [*ROUTES, ("GET", "/v1/health", None)]:
        if path in ("/v1/events", "/v1/openapi.json", "/v1/audit/export"):
            continue
        reply = api.call(method, path, token, BODIES.get(
            path, {"hosts": ["a.example"]}))
        assert reply.status == 200, (path, reply.body)
        openapi.check(document, method, path, reply)
        for body in broken(reply.body):
            with pytest.raises(jsonschema.ValidationError):
                openapi.check(document, method, path,
                              reply._replace(body=body))
            refused += 1
    assert refused > 100


def broken(body):
    """What is no answer: each required member of another type."""
    yield {**body, "another": 1}
    for key, value in body.items():
        yield {**body, key: {"of": ["no", "type"]}}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for one in broken(value[0]) if "seq" != key else ():
                # entries may have new fields, which are texts
                if "another" not in one or "salt" not in one:
                    yield {**body, key: [one]}
        if key not in ("dry_run", "url", "issued", "expires", "kid", "seq",
                       "request_id") or "url" not in body:
            yield {k: v for k, v in body.items() if k != key}


def test_documentation():
    """docs/api.md has the table of routes.c, and no other."""
    there = [(f"{method} {path}", scope, " ".join(
        f"`{name}`" for name in query.split()), summary)
        for method, path, scope, query, summary in routes()]
    page = (servers.ROOT / "docs/api.md").read_text()
    assert re.findall(r"(?m)^\| `(\w+ /.*?)` \| (.*?) ?\| (.*?) ?\| (.*) \|$",
                      page) == there
