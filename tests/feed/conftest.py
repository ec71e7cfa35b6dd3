# Copyright (C) 2026 paylock contributors
#
# What several tests of the feed start from.

import pytest

from support.chain import ALERTS, closed_hosts
from support.fake_redis import FakeRedis
from support.replication import follow, redis_servers


@pytest.fixture
def sites(nginx, chain):
    """sites(): an nginx that closes HOSTS; it may say that Redis disagrees."""
    def start(*args, **kw):
        server = closed_hosts(nginx, chain, *args, **kw)
        server.allow(ALERTS)
        return server
    return start


@pytest.fixture
def pair(private):
    """A primary, its replica, and a relay to the former."""
    with redis_servers(private, "one", "two") as (one, two), \
            FakeRedis(one.socket) as relay:
        follow(two, one)
        yield one, two, relay
