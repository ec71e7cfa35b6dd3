# Copyright (C) 2026 paylock contributors
#
# What a machine remembers belongs to the chain, however Redis was reached.

import pytest

from support import servers
from support.chain import AUDIT
from support.cli import memory, refused, remembered, stream


@pytest.fixture(params=["127.0.0.1", "localhost"])
def other_url(redis, request):
    """The same Redis by another URL."""
    port = servers.free_port()
    redis.client().config_set("port", port)
    return ["--redis", f"redis://{request.param}:{port}"]


def put(redis, entries):
    client = redis.client()
    client.delete(AUDIT)
    for ident, entry in entries:
        client.xadd(AUDIT, entry, ident)


def test_it_is_one_for_all_urls(alice, other_url, redis):
    """No init is needed, and each goes on from where the other was."""
    alice("lock", "b.example", *other_url)
    assert remembered_seq(alice) == 3
    alice("lock", "c.example")
    alice("audit", "checkpoint", *other_url)
    assert remembered_seq(alice) == 4
    assert len(list(memory_directory(alice).glob("chain-*"))) == 1
    assert len(list(memory_directory(alice).glob("url-*"))) == 2


def memory_directory(admin):
    return admin.home / "state/paylock"


def remembered_seq(admin):
    [path] = memory_directory(admin).glob("chain-*")
    return int(path.read_text().split("seq = ")[1].split()[0])


@pytest.mark.parametrize("known", [True, False], ids=["seen", "new"])
def test_another_url_finds_a_rollback(alice, other_url, redis, known):
    if known:
        alice("lock", "b.example", *other_url)
    alice("lock", "c.example")
    put(redis, stream(redis)[:2])
    error = refused(alice, 1, "chain_differs", "lock", "d.example",
                    *other_url)
    assert "ends before the entry last seen from here" in error["message"]
    done = alice("audit", "verify", *other_url, check=False)
    assert done.returncode == 11
    assert "this machine" in done.stdout


def test_another_chain_at_a_known_url(alice, operator, redis, other_url):
    """Also one that is known, of another URL."""
    alice("lock", "b.example")
    known = remembered(alice)
    redis.client().flushall()
    eve = operator("eve")
    eve("init")
    error = refused(alice, 1, "chain_forged", "lock", "c.example")
    assert eve.key in error["message"]
    assert alice("audit", "verify", check=False).returncode == 10
    assert remembered(alice) == known

    alice("--prefix", "{paylock}:other:", "init", "--redis", other_url[1],
          check=False)
    assert remembered(alice) == known


def test_another_chain_without_signers(admin, operator, redis):
    admin("init")
    admin("lock", "a.example")
    known = remembered(admin)
    redis.client().flushall()
    operator("eve")("init")
    error = refused(admin, 1, "chain_differs", "lock", "c.example")
    assert "another chain than the one known here" in error["message"]
    assert admin("audit", "verify", check=False).returncode == 10
    assert remembered(admin) == known


def test_an_export_is_compared_with_its_own_chain(alice, redis, private):
    """Whatever chain is seen at the URL."""
    export = private / "export"
    alice("audit", "export", "-o", export)
    text = export.read_text()
    alice("lock", "b.example")
    path = memory(alice)
    for place in path.parent.glob("url-*"):
        place.unlink()
    redis.stop()
    done = alice("audit", "verify", export, check=False)
    assert done.returncode == 11
    assert "this machine remembers entry 3" in done.stdout
    export.write_text(text)
