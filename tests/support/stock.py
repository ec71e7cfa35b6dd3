# Copyright (C) 2026 paylock contributors
#
# A Redis with Debian's redis.conf.

import os
import pathlib
import re

import pytest
import redis as redis_py

from support import servers

DEBIAN = pathlib.Path("/etc/redis/redis.conf")


class Stock(servers.Process):
    """redis-server as Debian configures it, but for where it writes."""

    users = False
    password = None                     # of the default user

    def __init__(self, directory):
        super().__init__(directory)
        self.dir.mkdir()
        self.conf = self.dir / "redis.conf"
        self.port = servers.free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        text = DEBIAN.read_text()
        for name, value in (
                ("dir", self.dir), ("port", self.port), ("daemonize", "no"),
                ("pidfile", self.dir / "pid"), ("logfile", self.dir / "log")):
            text, n = re.subn(rf"(?m)^{name} .*$", f"{name} {value}", text)
            assert n == 1, name
        self.conf.write_text(text)
        self.conf.chmod(0o600)

    def add(self, line):
        self.conf.write_text(self.conf.read_text() + line + "\n")

    def start(self):
        before = self.ready()
        self.spawn([servers.REDIS, self.conf])

        def answers():
            assert self.running(), (self.dir / "log").read_text()
            return self.ready() > before
        servers.wait_for("Redis to be ready", answers)
        return self

    def ready(self):
        """How often it was; it says NOAUTH while it loads, too."""
        log = self.dir / "log"
        return log.exists() and log.read_text().count("Ready to accept")

    def restart(self):
        self.end(servers.signal.SIGTERM, again=True)
        self.start()

    def client(self, password=None, username=None):
        return redis_py.Redis(port=self.port, password=password,
                              username=username, decode_responses=True)


@pytest.fixture
def stock(private):
    if not os.access(DEBIAN, os.R_OK):
        pytest.skip(f"{DEBIAN} can be read by root alone")
    server = Stock(private / "stock")
    yield server
    server.end(servers.signal.SIGTERM, again=True)
