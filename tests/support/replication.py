# Copyright (C) 2026 paylock contributors
#
# Redis servers that replicate each other.

import contextlib

from support import servers
from support.servers import wait_for


@contextlib.contextmanager
def redis_servers(directory, *names, **conf):
    """Redis servers in folders of these names, independent until follow()."""
    with contextlib.ExitStack() as stack:
        started = []
        for name in names:
            (directory / name).mkdir()
            server = servers.Redis(
                directory / name, port=servers.free_port(),
                repl_diskless_sync_delay=0, repl_ping_replica_period=1, **conf)
            stack.callback(server.stop)
            started.append(server.start())
        yield started


def follow(replica, primary):
    replica.client().replicaof("127.0.0.1", primary.port)


def promote(replica):
    replica.client().replicaof("no", "one")


def in_step(replica, primary):
    def check():
        told = replica.client().info("replication")
        there = primary.client().info("replication")
        offset = there.get("slave_repl_offset", there["master_repl_offset"])
        return (told["master_link_status"] == "up"
                and told["slave_repl_offset"] == offset)
    wait_for("the replica to be in step", check)
