# Copyright (C) 2026 paylock contributors
#
# The reports of nodes in Redis, real and made up.

import json

from support.chain import AUDIT, NODES
from support.servers import PATIENCE, wait_for


def reports(redis):
    with redis.client() as client:
        return {name: json.loads(text)
                for name, text in client.hgetall(NODES).items()}


def wait_report(redis, name, check=lambda report: True,
                timeout=PATIENCE):
    return wait_for(f"a report of {name}", lambda: next(
        (report for node, report in reports(redis).items()
         if node == name and check(report)), None), timeout)


def now(redis):
    """The time of Redis in milliseconds."""
    with redis.client() as client:
        seconds, us = client.time()
    return seconds * 1000 + us // 1000


def write(redis, name, head, age=0, **members):
    """Writes the report of a node that does not exist."""
    report = {"version": "0.1.0", "state": "live", "records": 1, "held": 0,
              "ahead": 0, "time": now(redis) - age, **head, **members}
    with redis.client() as client:
        client.hset(NODES, name, json.dumps(report))


def head(redis):
    with redis.client() as client:
        (id, entry), = client.xrevrange(AUDIT, count=1)
    return {"chain": entry["chain"], "seq": int(id[:-2]),
            "hash": entry["hash"]}
