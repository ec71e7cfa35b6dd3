# Copyright (C) 2026 paylock contributors
#
# A plan for a host is one for its "www." name, which another record may close.

import pytest

from support.chain import LOCKS
from support.cli import refused, state

PLANS = [("--at", "+1d"), ("--notice", "now"), ("--notice", "+1d")]
SUFFIX = "*.acme.example"


@pytest.mark.parametrize("plan", PLANS)
def test_refused(admin, redis, plan):
    admin("init")
    admin("lock", SUFFIX, "--yes")
    before = state(redis)
    error = refused(admin, 2, "plan", "lock", "acme.example", *plan)
    assert '"www.acme.example"' in error["message"]
    assert SUFFIX in error["message"]
    assert state(redis) == before
    # as it says
    admin("lock", "www.acme.example")
    admin("lock", "acme.example", *plan)
    assert status(admin, "www.acme.example") == "locked"


def status(admin, host):
    return admin.json("status", host)[0]["stage"]


@pytest.mark.parametrize("above,stage", [
    ([".acme.example"], "locked"), (["*.other.example"], "default"),
    (["*.example"], "locked")])
@pytest.mark.parametrize("plan", PLANS[::2])
def test_begins_with_the_same_record(admin, redis, above, stage, plan):
    admin("init")
    admin("lock", *above, "--yes")
    admin("lock", "acme.example", *plan)
    for host in "acme.example", "www.acme.example":
        assert status(admin, host) == stage


def test_a_suffix_that_is_no_stricter(admin, redis):
    admin("init")
    admin("lock", SUFFIX, "--notice", "now", "--yes")
    admin("lock", "acme.example", "--notice", "now")
    admin("unlock", SUFFIX, "--yes")
    admin("reset", "acme.example")
    admin("lock", "acme.example", "--at", "+1d")
    assert "acme.example" in redis.client().hkeys(LOCKS)
