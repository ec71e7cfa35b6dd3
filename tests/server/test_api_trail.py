# Copyright (C) 2026 paylock contributors
#
# What paylockd tells of tokens, passes and the audit trail: what paylock-admin
# tells.

import json

import pytest


@pytest.fixture
def token(writer):
    return writer.token("panel", "--allow", "read,audit,pass,lock,unlock")


def lines(admin, *args):
    """What a command prints with --json, which are lines."""
    return [json.loads(line)
            for line in admin("--json", *args).stdout.splitlines()]


# tokens

def test_tokens(api, token):
    admin = api.writer.issuer
    other = api.writer.token("whmcs", "--allow", "lock", "--hosts",
                             "*.client.example", "--ip", "192.0.2.7",
                             "--hold", "billing", "--expires", "1y")
    api.writer.token("old", "--allow", "read")
    admin("token", "revoke", "old")
    reply = api.get("/v1/tokens", token)
    assert reply.body == {"data": lines(admin, "token", "list")}
    assert [one["name"] for one in reply.body["data"]] == ["panel", "whmcs",
                                                           "old"]
    kept = json.loads((api.writer.dir / "tokens").read_text())["tokens"]
    said = json.dumps(reply.body)
    for secret in token, other, *(one["sha256"] for one in kept):
        assert secret not in said
    assert "sha256" not in said


def test_tokens_of_others_are_not_shown(api):
    """A client who has some hosts does not learn who has which."""
    mine = api.writer.token("client", "--allow", "read", "--hosts",
                            "*.client.example")
    reply = api.get("/v1/tokens", mine)
    assert (reply.status, reply.body["code"]) == (403, "forbidden")
    # nor by asking the writer
    assert api.writer.ask("token list", mine)["status"] == 403


# passes

def test_passes(api, token, private):
    admin = api.writer.issuer
    keys = private / "pass.keys"
    admin("keygen", "--pass", keys)
    for host in "a.x.example", "b.example", "a.x.example":
        admin("lock", host)
        admin("pass", "issue", host, "--ttl", "7d", "--key", keys,
              "--reason", "review")
    admin("pass", "revoke", "b.example")
    assert api.get("/v1/passes", token).body \
        == {"data": lines(admin, "pass", "list")}
    for host in "a.x.example", "b.example", "nobody.example":
        assert api.get(f"/v1/passes?host={host}", token).body \
            == {"data": lines(admin, "pass", "list", host)}, host
    states = [one["state"] for one in
              api.get("/v1/passes", token).body["data"]]
    assert sorted(states) == ["revoked", "valid", "valid"]


def test_passes_of_the_hosts_of_a_token(api, writer):
    token = writer.token("x", "--allow", "pass", "--hosts", "*.mine.example")
    for query in "", "?host=other.example", "?host=mine.example":
        assert api.get(f"/v1/passes{query}", token).status == 403, query
    assert api.get("/v1/passes?host=a.mine.example", token).status == 200
    assert api.get("/v1/passes?host=a..b", token).status == 422
