# Copyright (C) 2026 paylock contributors
#
# POST /v1/import: each host gets the record that a row has for it, as by
# paylock-admin import.

import json
import os
import random

import pytest

from support.chain import LOCKS
from support.writer import Writer

ALL = ("--allow", "read,import,lock")
CALLS = int(os.environ.get("PAYLOCK_TEST_CALLS", 40))
SEED = int(os.environ.get("PAYLOCK_TEST_SEED", random.randrange(1 << 30)))


@pytest.fixture
def token(writer):
    return writer.token("whmcs", *ALL)


def entries(api):
    return api.writer.issuer.json("audit", "log")


def record(api, host):
    return json.loads(api.writer.issuer.redis.client().hget(LOCKS, host)
                      or "null")


GIVEN = {
    "lock_at": ["2026-01-01T00:00:00Z", 1893456000, "1893456000", "soon",
                "2026-01-01", -1, None, ["x"]],
    "readonly_at": ["2025-12-01T00:00:00Z", "2099-01-01T00:00:00Z"],
    "notice_at": ["2025-11-01T00:00:00Z"],
    "open_at": [1, "2099-01-01T00:00:00Z", "never"],
    "reason": ["overdue", "", "a\nb", "x" * 1001, "é"],
    "invoice": ["R-1"], "ref": ["PL-1", "no ref", None],
    "amount": ["12.50"],
    "other": ["x"]}


def test_generated_rows(api, token):
    """The answer, the error and the record are those of the command."""
    print(f"PAYLOCK_TEST_SEED={SEED}")
    rng = random.Random(SEED)
    admin = api.writer.issuer
    admin.env["PAYLOCK_ACTOR"] = "token:whmcs"
    done = refused = 0
    for _ in range(CALLS):
        rows = [{"host": f"{rng.choice('uvwxyz')}.%s.example", **{
            key: rng.choice(values) for key, values in GIVEN.items()
            if rng.random() < {"lock_at": .9, "reason": .3}.get(key, .1)}}
            for _ in range(rng.choice([1, 1, 2, 3]))]
        here, there = ([{**row, "host": row["host"] % side} for row in rows]
                       for side in ("one", "two"))
        mine = admin("--json", "import", "-", check=False,
                     input="\n".join(map(json.dumps, here)))
        reply = api.post("/v1/import", token, {"rows": there})
        if mine.returncode:
            refused += 1
            told = json.loads(mine.stderr.splitlines()[0])["error"]
            assert reply.status == {2: 422, 1: 409}[mine.returncode], rows
            assert [reply.body[key] for key in ("code", "detail", "mend")] \
                == [told[key].replace(".one.", ".two.") if told[key] else None
                    for key in ("code", "message", "mend")], rows
            continue
        done += 1
        told = json.loads(mine.stdout)
        assert reply.status == 200, (rows, reply.body)
        assert sorted(reply.body) == sorted(told)
        for key in "changed", "unchanged":
            assert [h.replace(".two.", ".one.") for h in reply.body[key]] \
                == told[key]
        for row in here:
            one = record(api, row["host"])
            two = record(api, row["host"].replace(".one.", ".two."))
            for own in {"at", "entry", "pass_after",
                        *({"ref"} - set(filter(row.get, row)))}:
                assert (own in one) == (own in two)
                one.pop(own, None), two.pop(own, None)
            assert one == two
    assert done and refused
    assert admin("audit", "verify").returncode == 0


def test_one_transaction(api, token):
    """All rows or none: the entries are one signed batch, by the token."""
    rows = [{"host": f"h{i}.example", "lock_at": 1, "reason": f"r{i}"}
            for i in range(1000)]
    reply = api.post("/v1/import", token, {"rows": rows, "confirm": 1000})
    assert reply.status == 200 and len(reply.body["changed"]) == 1000
    made = [e for e in entries(api) if e["action"] == "import"]
    assert [e["host"] for e in made] == [row["host"] for row in rows]
    assert {e["actor"] for e in made} == {"token:whmcs"}
    assert {e["request"] for e in made} == {reply.body["request_id"]}
    assert api.writer.issuer("audit", "verify").returncode == 0


@pytest.mark.parametrize("body, code", [
    ({}, "rows"), ({"rows": []}, "rows"), ({"rows": {}}, "rows"),
    ({"rows": ["host"]}, "rows"), ({"rows": ["host,lock_at", "a.example,1"]},
                                   "rows"),
    ({"rows": [{"host": "a.example"}] * 1001}, "rows"),
    ({"rows": [{"lock_at": 1}]}, "host"),
    ({"rows": [{"host": "b.example"}]}, "time"),
    ({"rows": [{"host": "b.example", "lock_at": 1}] * 2}, "line"),
    ({"rows": [{"host": "b.example", "lock_at": 1, "x": 1}]}, "line"),
    ({"rows": [{"host": "b.example", "lock_at": 1,
                "reason": "x" * 70000}]}, "line"),
    ({"rows": [{"host": "b.example", "lock_at": 1}], "hosts": ["c.example"]},
     "member"),
    ({"rows": [{"host": "b.example", "lock_at": 1}], "reason": "r"},
     "member")], ids=range(13))
def test_bad_rows(api, token, body, code):
    """A wrong row, and none is imported."""
    good = [{"host": "good.example", "lock_at": 1}]
    if isinstance(body.get("rows"), list) and len(body["rows"]) in (1, 2):
        body = {**body, "rows": good + body["rows"]}
    before = entries(api)
    reply = api.post("/v1/import", token, body)
    assert (reply.status, reply.body["code"]) == (422, code), reply.body
    assert entries(api) == before
    # the commands with hosts do not take rows
    reply = api.post("/v1/lock", token, {"hosts": ["b.example"],
                                         "rows": body.get("rows", [])})
    assert (reply.status, reply.body["code"]) == (422, "member")
    assert entries(api) == before


def test_confirm_key_and_dry_run(api, token):
    rows = [{"host": f"h{i}.example", "lock_at": 1} for i in range(21)]
    before = entries(api)
    reply = api.post("/v1/import", token, {"rows": rows})
    assert (reply.status, reply.body["code"]) == (409, "confirm")
    assert '"confirm": 21' in reply.body["mend"]
    suffix = [{"host": "*.example", "lock_at": 1}]
    reply = api.post("/v1/import", token, {"rows": suffix})
    assert (reply.status, reply.body["host"]) == (409, "*.example")
    dry = api.post("/v1/import?dry_run=true", token, {"rows": rows})
    assert dry.body["dry_run"] is True and len(dry.body["changed"]) == 21
    assert entries(api) == before
    first = api.post("/v1/import", token, {"rows": rows, "confirm": 21},
                     Idempotency_Key="k")
    again = api.post("/v1/import", token, {"rows": rows, "confirm": 21},
                     Idempotency_Key="k")
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    n = len(entries(api))
    rows[20]["reason"] = "another"
    reply = api.post("/v1/import", token, {"rows": rows, "confirm": 21},
                     Idempotency_Key="k")
    assert (reply.status, reply.body["code"]) == (422, "request")
    assert len(entries(api)) == n


def test_hosts_of_a_token(api, writer):
    """One row of another host, and none is imported."""
    token = writer.token("x", *ALL, "--hosts", "*.mine.example")
    before = entries(api)
    rows = [{"host": "a.mine.example", "lock_at": 1}]
    reply = api.post("/v1/import", token, {"rows": [
        *rows, {"host": "other.example", "open_at": 1}]})
    assert (reply.status, reply.body["code"]) == (403, "forbidden")
    assert entries(api) == before
    assert api.post("/v1/import", token, {"rows": rows}).status == 200


def test_a_protected_host(api, token):
    api.writer.issuer("protect", "p.example")
    before = entries(api)
    reply = api.post("/v1/import", token, {"rows": [
        {"host": "b.example", "lock_at": 1},
        {"host": "p.example", "lock_at": 1}]})
    assert (reply.status, reply.body["code"]) == (409, "protected")
    assert entries(api) == before


def test_a_budget(alice, private):
    """Rows that close count, those that open do not."""
    writer = Writer(alice, private / "writer", "--budget", "2")
    writer.start()
    try:
        token = writer.token("one", *ALL)

        def sent(**at):
            return writer.ask("import", token, rows=[
                {"host": host.replace("_", "."), key: value}
                for host, (key, value) in at.items()])["status"]

        lock, opens = ("lock_at", 1), ("open_at", 1)
        assert sent(b_example=lock, c_example=opens, d_example=opens) == 200
        assert sent(e_example=lock, f_example=lock) == 429
        assert sent(e_example=("lock_at", 4000000000)) == 200
        assert sent(f_example=lock) == 429
        assert sent(f_example=("notice_at", 1)) == 429
        assert sent(b_example=lock, g_example=opens) == 200
        # what locks closes and imports close is one sum
        assert writer.ask("lock", token, hosts=["f.example"])["status"] == 429
    finally:
        writer.stop()
