# Copyright (C) 2026 paylock contributors
#
# What a billing module calls: it says how a site is to be, as often as it likes.

import pytest

PATH = "/v1/sites/h.example/holds/"


@pytest.fixture
def token(writer):
    return writer.token("whmcs", "--allow", "read,lock,unlock")


def entries(api):
    return api.writer.issuer.json("audit", "log")


def put(api, token, body=None, hold="billing", **headers):
    return api.call("PUT", PATH + hold, token, body or {}, {
        name.replace("_", "-"): value for name, value in headers.items()})


def delete(api, token, body=None, hold="billing"):
    return api.call("DELETE", PATH + hold, token, body)


def test_said_twice(api, token):
    """The second time is no change; a new invoice is one."""
    before = len(entries(api))
    first = put(api, token, {"invoice": "R-1"})
    assert first.status == 200 and first.body["changed"] == ["h.example"]
    again = put(api, token, {"invoice": "R-1"})
    assert again.status == 200 and again.body["unchanged"] == ["h.example"]
    assert put(api, token, {"invoice": "R-2"}).body["changed"]
    made = entries(api)[before:]
    assert [(e["action"], e["actor"]) for e in made] \
        == [("lock", "token:whmcs")] * 2
    assert [api.writer.issuer.json("status", "h.example")[0][key]
            for key in ("stage", "invoice")] == ["locked", "R-2"]
    assert delete(api, token).body["changed"] == ["h.example"]
    assert delete(api, token, {}).body["unchanged"] == ["h.example"]
    assert delete(api, token, {"reason": "paid"}).status == 200
    assert api.writer.issuer.json("status", "h.example")[0]["stage"] == "open"


def test_as_the_commands(api, token):
    """Plans, versions, keys and trial runs."""
    tag = api.get("/v1/sites/h.example", token).headers["ETag"]
    made = put(api, token, {"at": "2031-01-01"}, If_Match=tag,
               Idempotency_Key="k")
    assert made.status == 200
    assert put(api, token, {"at": "2031-01-01"}, Idempotency_Key="k",
               If_Match=tag).headers["Idempotency-Replayed"] == "true"
    assert put(api, token, If_Match=tag).status == 412
    site = api.writer.issuer.json("status", "h.example")[0]
    assert site["next"] == {"stage": "locked", "at": "2031-01-01T00:00:00Z"}
    dry = api.call("PUT", PATH + "billing?dry_run=true", token, {})
    assert dry.body["dry_run"] is True and dry.body["changed"]
    assert api.writer.issuer.json("status", "h.example") == [site]


@pytest.mark.parametrize("path, body, status, code", [
    (PATH + "abuse", {}, 403, "forbidden"),
    (PATH + "debt", {}, 403, "forbidden"),
    (PATH + "billing", {"hosts": ["b.example"]}, 422, "member"),
    (PATH + "billing", {"hold": "abuse"}, 422, "member"),
    (PATH + "billing", [], 400, "json"),
    ("/v1/sites/a..b/holds/billing", {}, 422, "host"),
    ("/v1/sites/%2A.h.example/holds/billing", {}, 409, "confirm"),
    (PATH, {}, 404, "path"), (PATH + "billing/x", {}, 404, "path"),
    ("/v1/sites/%ff/holds/billing", {}, 422, "path"),
    (PATH + "bill%ffing", {}, 422, "path")])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_refused(api, token, method, path, body, status, code):
    before = entries(api)
    reply = api.call(method, path, token, body)
    assert (reply.status, reply.body["code"]) == (status, code)
    assert entries(api) == before


def test_the_hold_of_a_token(api, writer):
    """One of the hold alone, without the verb; and the other way round."""
    other = writer.token("x", "--allow", "lock,unlock", "--hold", "abuse")
    reads = writer.token("y", "--allow", "read", "--hold", "billing")
    before = entries(api)
    for call in put, delete:
        for mine in other, reads:
            assert call(api, mine).status == 403
        # its own hold cannot be in a record yet
        reply = call(api, other, hold="abuse")
        assert (reply.status, reply.body["code"]) == (422, "hold")
    assert entries(api) == before
