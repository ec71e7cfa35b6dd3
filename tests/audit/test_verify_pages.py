# Copyright (C) 2026 paylock contributors
#
# audit verify reads the records in pages, from a Redis that may say anything.

import json

import pytest

from support import servers
from support.cli import refused
from support.fake_redis import FakeRedis, end_of

HUGE = b"$1073741900\r\n"
HEAD = b"*2\r\n$1\r\n0\r\n"


@pytest.fixture
def between(redis, private):
    """An operator whose trail is verified, and what is between and Redis."""
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "alice")
        admin("keygen")
        admin("init")
        admin("lock", "a.example", "b.example", ".c.example", "--yes")
        admin("audit", "verify")
        yield admin, fake


@pytest.mark.parametrize("reply, code", [
    (b"-NOPERM this user has no permissions\r\n", "permission"),
    (b"-ERR x\r\n", "redis"), (b"+OK\r\n", "protocol"),
    (b":0\r\n", "protocol"), (b"$-1\r\n", "protocol"),
    (b"*-1\r\n", "protocol"), (b"*0\r\n", "protocol"),
    (b"*1\r\n$1\r\n0\r\n", "protocol"), (b"hello\r\n", "protocol"),
    (b"*2\r\n:0\r\n*0\r\n", "protocol"),
    (b"*2\r\n$1\r\nx\r\n*0\r\n", "protocol"),
    (b"*2\r\n$0\r\n\r\n*0\r\n", "protocol"),
    (b"*2\r\n$30\r\n" + b"1" * 30 + b"\r\n*0\r\n", "protocol"),
    (b"*2\r\n$1\r\n0x\r\n", "protocol"), (HEAD + b"$1\r\nx\r\n", "protocol"),
    (HEAD + b"*1\r\n$1\r\nx\r\n", "protocol"),
    (HEAD + b"*2\r\n:1\r\n:2\r\n", "protocol"),
    (HEAD + b"*2\r\n$1\r\nx\r\n$-1\r\n", "protocol"),
    (HEAD + b"*2\r\n$1\r\nxyz$1\r\ny\r\n", "protocol"),
    (HEAD + b"*2\r\n$\r\n", "protocol"), (HEAD + b"*\n", "protocol"),
    (HEAD + b"*2\r\n$99999999999\r\n", "protocol"),
    (HEAD + b"*2\r\n" + HUGE, "protocol"),
    (HEAD + b"*131072\r\n", "protocol")])
def test_what_is_no_page(between, reply, code):
    admin, fake = between
    fake.on("HSCAN", reply)
    refused(admin, 1, code, "audit", "verify")


@pytest.mark.parametrize("end", ["fin", "rst"])
@pytest.mark.parametrize("sent", [0, 3, 30])
def test_a_link_that_breaks(between, sent, end):
    admin, fake = between
    fake.on("HSCAN", lambda real: real[:sent], end=end)
    refused(admin, 1, "link", "audit", "verify")


def test_pages_byte_by_byte(between):
    admin, fake = between
    fault = fake.on("HSCAN", pace=0.0005)
    assert admin.json("audit", "verify")[0]["before"] == 4
    assert fault.struck == 1


def test_records_that_come_twice(between):
    """As HSCAN may return them."""
    admin, fake = between

    def twice(real):
        at = real.index(b"\r\n*") + 2
        end = real.index(b"\r\n", at)
        items = real[end + 2:]
        assert end_of(real) == len(real)
        return real[:at] + b"*%d\r\n" % (2 * int(real[at + 1:end])) \
            + items + items

    fault = fake.on("HSCAN", twice, times=2)
    assert admin.json("audit", "verify")[0]["before"] == 4
    admin("lock", "b.example")
    assert admin.json("audit", "verify")[0]["before"] == 4
    assert fault.struck == 2


def test_pages_without_end(between):
    admin, fake = between
    page = b"*60000\r\n" + b"$9\r\na.example\r\n$1\r\n1\r\n" * 30000
    fault = fake.on("HSCAN", b"*2\r\n$1\r\n7\r\n" + page, times=1000)
    refused(admin, 1, "protocol", "audit", "verify")
    assert fault.struck <= 5


def test_large_records(between):
    """Three pages of a megabyte each."""
    admin, fake = between
    rows = "host,lock_at,reason\n" + "".join(
        f"h{n}.example,1,{'x' * 900}\n" for n in range(3000))
    admin("import", "-", "--yes", input=rows, timeout=120)
    admin("audit", "verify")
    report, = admin.json("audit", "verify")
    assert (report["before"], report["records"]) == (3004, 3003)
    assert json.loads(admin("--json", "audit", "verify", "--full",
                            timeout=120).stdout)["differ"] == 0
