# Copyright (C) 2026 paylock contributors
#
# The shared memory zone: its size, reloads, and the feed's alerts.

import os
import re
import shutil
import signal
import time

import pytest

from support import servers
from support.chain import LOCKED, Chain, Watch
from support.feed import SITES
from support.servers import wait_for

COUNTED = SITES.replace("{ server_name",
                        "{ listen 127.0.0.1:@PORT@; server_name") + """
    server {
        listen unix:@DIR@/metrics.sock;
        location = /metrics { paylock_metrics; }
    }
"""


def test_any_size(nginx, admin):
    """These leave the slab allocator one page less than others do."""
    server = nginx(SITES)
    for size in ("32k", "572k", "1260k", "1944k", "2632k", "100m"):
        done = server.test(f"paylock_zone {size};" + SITES)
        assert done.returncode == 0, done.stderr


def test_another_size(nginx, redis, admin):
    """A reload with a zone of another size opens nothing for a moment."""
    admin("init")
    hosts = [f"h{i}.example" for i in range(500)]
    admin("lock", "acme.example", *hosts, "--yes")
    admin("unlock", "open.example")
    server = nginx("paylock_zone 1m;" + SITES)
    server.wait_state("acme.example", "locked")
    redis.stop()
    with Watch(server) as watch:
        for size in ("2m", "512k", "4m", "1m"):
            server.reload(f"paylock_zone {size};" + SITES)
        assert len(watch.times) > 20
    for host in hosts[::50]:
        assert server.state(host) == "locked"
    redis.start()
    server.wait_live()
    admin("unlock", "h0.example")
    server.wait_state("h0.example", "open")
    assert server.state("h1.example") == "locked"


def load(server, module):
    """The next reload loads the module from there."""
    server.settings["load"] = f"load_module {module};"


def locked_requests(server):
    text = server.get("/metrics?format=prometheus", "metrics",
                      address=str(server.dir / "metrics.sock")).text
    return int(re.search(r'_requests_total\{state="locked"\} (\d+)', text)[1])


loaded = pytest.mark.skipif(servers.BUILTIN, reason="the module is built in")


@loaded
@pytest.mark.parametrize("size", ["1m", "2m"], ids=["same", "other"])
def test_module_at_another_path(nginx, redis, private, size):
    """The zone and what was counted outlive the file of the module: a reload
    that loads another copy opens nothing while Redis is down."""
    chain = Chain(redis).init()
    chain.write(("acme.example", LOCKED))
    copies = [shutil.copy(servers.MODULE, private / f"copy{i}.so")
              for i in range(3)]
    server = nginx("paylock_zone 1m;" + COUNTED, load=copies[:1])
    server.wait_state("acme.example", "locked")
    redis.stop()
    counted = locked_requests(server)
    assert counted > 0
    with Watch(server) as watch:
        for copy in copies[1:] + copies[:2]:
            load(server, copy)
            server.reload(f"paylock_zone {size};" + COUNTED)
            asked = len(watch.times)
            wait_for("more requests", lambda: len(watch.times) > asked + 20)
        # one that is made anew is as good
        server.allow("exited on signal 9")
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        wait_for("others", lambda: len(server.workers()) == 2)
        asked = len(watch.times)
        wait_for("more requests", lambda: len(watch.times) > asked + 20)
    assert locked_requests(server) > counted
    redis.start()
    chain.client = redis.client()
    chain.write(("acme.example", None), ("later.example", LOCKED))
    server.wait_state("acme.example", "open")
    server.wait_state("later.example", "locked")


@loaded
def test_module_of_another_layout(nginx, redis, private):
    """It begins with what the state file has, not with a zone that it would
    read in another way."""
    chain = Chain(redis).init()
    chain.write(("acme.example", LOCKED))
    other = private / "other.so"
    data = servers.MODULE.read_bytes()
    assert data.count(b"paylock_%d_") == data.count(b"paylock_count_1") == 1
    other.write_bytes(data.replace(b"paylock_%d_", b"paylock.%d_")
                      .replace(b"paylock_count_1", b"paylock_count_2"))
    server = nginx("paylock_state @DIR@/state/paylock;" + SITES)
    server.wait_state("acme.example", "locked")
    wait_for("the file", lambda: (server.dir / "state/paylock").exists())
    redis.stop()
    with Watch(server) as watch:
        for module in (other, servers.MODULE, other):
            load(server, module)
            server.reload()
            asked = len(watch.times)
            wait_for("more requests", lambda: len(watch.times) > asked + 20)
    assert server.error_log().count('records, entry 2, from "') == 3
    redis.start()
    chain.client = redis.client()
    chain.write(("acme.example", None))
    server.wait_state("acme.example", "open")


def test_too_small_by_reload(nginx, admin):
    """Such a reload fails, and the old configuration goes on."""
    admin("init")
    hosts = [f"h{i}.example" for i in range(900)]
    admin("lock", *hosts, "--yes")
    server = nginx("paylock_zone 1m;" + SITES)
    server.allow('"paylock_zone" would hold at most')
    server.wait_state("h1.example", "locked")
    workers = server.workers()
    server.reload("paylock_zone 32k;" + SITES, wait=False)
    wait_for("the error", lambda: "raise it" in server.error_log())
    assert server.workers() == workers
    for host in hosts[::100]:
        assert server.state(host) == "locked"
    server.reload("paylock_zone 2m;" + SITES)
    server.wait_state("h899.example", "locked")


def test_most_changed_while_away(nginx, redis, admin):
    """More changes than the zone has slots left are taken in two scans."""
    admin("init")
    hosts = [f"h{i}.example" for i in range(200)]
    server = nginx("paylock_zone 32k;" + SITES)
    server.wait_live()
    admin("lock", *hosts, "--yes")
    server.wait_state(hosts[-1], "locked")
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    with redis.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    admin("unlock", *hosts, "--yes")
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    for host in hosts:
        server.wait_state(host, "open")


def test_each_trouble_is_told(nginx, private):
    """That Redis was down does not hide that it then refuses the user."""
    (private / "own").mkdir()
    redis = servers.Redis(private / "own", requirepass="s3cret")
    try:
        server = nginx(SITES, redis=redis)
        server.allow("nothing is known yet|refuses user")
        wait_for("the first alert",
                 lambda: "nothing is known yet" in server.error_log())
        redis.start()
        wait_for("the second",
                 lambda: 'refuses user "default"' in server.error_log())
        time.sleep(1)
        assert server.error_log().count("[alert]") == 2
    finally:
        redis.stop()


def test_foreign_entry(nginx, redis, admin):
    """What is no entry stops the chain, and opens nothing at a restart."""
    admin("init")
    admin("lock", "acme.example")
    server = nginx(SITES)
    server.allow("has no|is of another")
    server.wait_state("acme.example", "locked")
    with redis.client() as client:
        client.xadd("{paylock}:audit", {"foo": "bar"})
    wait_for("the alert", lambda: "[alert]" in server.error_log())
    assert server.get(host="acme.example").status == 503
    server.stop()
    server = nginx(SITES)
    server.allow("has no|is of another")
    server.wait_state("acme.example", "locked")
    assert server.get(host="open.example").status == 200
