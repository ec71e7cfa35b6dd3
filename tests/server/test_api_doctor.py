# Copyright (C) 2026 paylock contributors
#
# GET /v1/doctor says what "paylock-admin doctor" says.

import json

import pytest

from support.chain import LOCKS


@pytest.fixture
def token(writer):
    return writer.token("panel", "--allow", "read,lock")


def found(api, token):
    reply = api.get("/v1/doctor", token)
    assert reply.status == 200
    return reply.body["data"]


def test_the_same(api, token):
    """As the command says it of the settings of paylockd."""
    mine = api.writer.issuer("--config", api.writer.config, "--json", "doctor",
                             env=api.env, check=False)
    assert found(api, token) == json.loads(mine.stdout)


def test_a_record_by_hand(api, token):
    assert not [f for f in found(api, token) if f["check"] == "records"
                and f["result"] == "problem"]
    api.writer.issuer.redis.client().hset(LOCKS, "b.example", '{"lock_at":1}')
    problem, = [f for f in found(api, token) if f["check"] == "records"
                and f["result"] == "problem"]
    assert "b.example" in problem["message"] and problem["mend"]


def test_no_redis(api, token):
    """That is a finding, and not an error of the server."""
    api.writer.issuer.redis.stop()
    problem, = found(api, token)
    assert (problem["check"], problem["result"]) == ("redis", "problem")
    api.writer.issuer.redis.start()


def test_for_all_hosts_only(api, writer):
    mine = writer.token("x", "--allow", "read", "--hosts", "*.mine.example")
    assert api.get("/v1/doctor", mine).status == 403
