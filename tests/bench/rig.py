# Copyright (C) 2026 paylock contributors
#
# What all measurements use: servers, the same sites for each, and a client
# that takes little time.

import contextlib
import os
import pathlib
import re
import shutil
import socket
import tempfile
import time

from bench.writer import Writer
from support import servers
from support.servers import NGINX_USER, wait_for

MILLION = 1000000

# the sites: as many blocks of their own, so that the place that a name has in
# a table is not that of one name

SITES = [f"open-{i}.example" for i in range(50)]
PAGE, SIZE = "/1k.html", 1024

HTTP = """
    keepalive_requests 100000000;
    keepalive_timeout 1h;
    types {{ text/html html; }}
    server_names_hash_bucket_size 128;
    {http}
    server {{
        listen 127.0.0.1:@PORT@ backlog=4096{listen};
        server_name *.example;
        {server}
        location / {{
            root {root};
            {location}
        }}
    }}
"""

SITE = """
    server {{
        listen 127.0.0.1:@PORT@;
        server_name {name} www.{name};
        {server}
        location / {{
            root {root};
            {location}
        }}
    }}
"""

# one worker, on the first processor; see apart()
ALONE = {"main": "worker_cpu_affinity 1;"} if os.cpu_count() > 1 else {}

BARE = {"redis": None, "load": (), "control": False}


class Rig(contextlib.ExitStack):
    """Ends in reverse order what was started."""

    def __init__(self):
        super().__init__()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="paylock-bench-"))
        self.dir.chmod(0o755)
        self.callback(shutil.rmtree, self.dir)
        self.made = 0
        self.root = self.directory()
        (self.root / PAGE[1:]).write_text("x" * SIZE)

    def directory(self):
        self.made += 1
        path = self.dir / f"{self.made}"
        path.mkdir()
        path.chmod(0o755)
        return path

    def redis(self, records=0):
        """A Redis with a chain and so many locks, and who writes to it."""
        redis = servers.Redis(self.directory(), appendonly="no",
                              port=servers.free_port(),
                              repl_diskless_sync_delay=0,
                              slowlog_log_slower_than=1000,
                              slowlog_max_len=100000)
        self.callback(redis.stop)
        redis.start()
        writer = Writer(redis)
        self.callback(writer.close)
        writer.fill(records)
        return redis, writer

    def sites(self, http="", server="", location="", listen=""):
        words = {"server": server, "location": location, "root": self.root}
        return HTTP.format(http=http, listen=listen, **words) + "".join(
            SITE.format(name=name, **words) for name in SITES)

    def nginx(self, sites, **kw):
        kw = {"workers": 1, "log_level": "notice",
              "control": False, **kw}
        nginx = servers.Nginx(self.directory(), sites, **kw)
        # what is measured may be stopped meanwhile, and says so
        nginx.allow(".")
        self.callback(nginx.stop)
        nginx.start()
        if "master_process off" not in kw.get("main", ""):
            wait_for("all workers", lambda: len(nginx.workers())
                     == kw["workers"])
        return nginx

    def bare(self, **kw):
        return self.nginx(self.sites(), **{**BARE, **kw})

    def closed(self, records, http="", listen=""):
        """The sites with the gate, and room for so many records."""
        return self.sites(f"paylock_zone {1 + records // 12500}m; {http}",
                          "paylock on;", listen=listen)

    def paylock(self, redis, records, http="", listen="", **kw):
        """An nginx that knows the records."""
        nginx = self.nginx(self.closed(records, http, listen), redis=redis,
                           **kw)
        live(nginx)
        return nginx


def live(nginx, pause=0.01):
    wait_for("the records", lambda: "paylock: live" in nginx.error_log(), 300,
             pause)


def scans(client):
    """How often Redis was asked for a part of a scan."""
    return client.info("commandstats").get("cmdstat_hscan", {}).get("calls", 0)


def follows(client):
    """Does a node wait for entries?"""
    return any(one["cmd"] == "xread" and "b" in one["flags"]
               for one in client.client_list())


def cut(client):
    """The connections of all nodes to this Redis."""
    for one in client.client_list():
        if one["user"] == NGINX_USER:
            client.client_kill_filter(_id=one["id"])


class Client:
    """Requests on one connection."""

    def __init__(self, nginx, timeout=30):
        self.socket = nginx.connect(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    def ask(self, host, path=PAGE):
        """The status, and all of the answer."""
        self.socket.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"
                            % (path.encode(), host.encode()))
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("closed within an answer")
            data += part
        size = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", data)[1])
        while len(data) < end + 4 + size:
            data += self.socket.recv(65536)
        return int(data[9:12]), data


class Clock:
    """Seconds that do not run while this thread is ready to run and has to
    wait for a processor."""

    def __init__(self):
        self.fd = os.open("/proc/thread-self/schedstat", os.O_RDONLY)

    def close(self):
        os.close(self.fd)

    def waited(self):
        return int(os.pread(self.fd, 64, 0).split()[1])

    def now(self):
        while True:
            lost = self.waited()
            now = time.perf_counter_ns()
            if self.waited() == lost:
                return (now - lost) / 1e9


@contextlib.contextmanager
def apart(*pids):
    """Leaves the first processor to the worker of an ALONE: this process, what
    it starts and these keep off it."""
    every = os.sched_getaffinity(0)
    for pid in (0, *pids):
        os.sched_setaffinity(pid, every - {0} or every)
    try:
        yield
    finally:
        for pid in (0, *pids):
            os.sched_setaffinity(pid, every)


def cpu(pid):
    """The seconds that a process has spent on a processor."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text()
               .split()[0]) / 1e9
