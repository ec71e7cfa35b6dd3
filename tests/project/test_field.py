# Copyright (C) 2026 paylock contributors
#
# A field of records and entries is one row of libpaylock's table: a
# paylock-admin that is built with one more row sets it, lists it, imports it,
# shows it, exports it and verifies it.

import fcntl
import hashlib
import json
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, LOCKS

ROW = ('_(PROJECT, "project", TEXT, 30,'
       ' PAYLOCK_FIELD_IMPORT|PAYLOCK_FIELD_LIST,'
       ' "project", "NAME", "what was made for it")')


ROOMS = ["libpaylock/core", "libpaylock/audit", "control", "admin-cli",
         "server/wire"]


def compile(to):
    done = subprocess.run(
        ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O0", "-pipe",
         f"-DPAYLOCK_MORE_FIELDS(_)={ROW}",
         *(f"-Ilibpaylock/{room}" for room in ("core", "http", "audit")),
         "-Ibuild/embed",
         "-iquote", "control", "-iquote", "admin-cli", "-iquote", "server",
         *(path for room in ROOMS
           for path in sorted((servers.ROOT / room).rglob("*.c"))),
         "-o", to, "-l:libhiredis.a", "-ljansson", "-lcrypto", "-lssl",
         "-lidn2"],
        cwd=servers.ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def program():
    """Built once for all workers of pytest, and again when a source changes."""
    sources = hashlib.sha256(ROW.encode())
    for room in [*ROOMS, "libpaylock/http"]:
        for path in sorted((servers.ROOT / room).rglob("*")):
            if path.is_file():
                sources.update(b"%s %s" % (bytes(path), path.read_bytes()))

    folder = servers.ROOT / "build/field"
    folder.mkdir(exist_ok=True)
    built, of = folder / "paylock-admin", folder / "sources"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not of.exists() or of.read_text() != sources.hexdigest():
            of.unlink(missing_ok=True)
            compile(built)
            of.write_text(sources.hexdigest())
    return built


@pytest.fixture
def admin(redis, private, program, monkeypatch):
    monkeypatch.setattr(servers, "CLI", program)
    return servers.Admin(redis, private / "admin")


def record(redis, host="acme.example"):
    return json.loads(redis.client().hget(LOCKS, host))


def last(redis):
    [(_, entry)] = redis.client().xrevrange(AUDIT, count=1)
    return entry


def test_option(known, redis):
    known("lock", "acme.example", "--reason", "r", "--project", "a shop")
    assert record(redis)["project"] == last(redis)["project"] == "a shop"
    assert list(record(redis))[-3:] == ["reason", "project", "actor"]

    known("notice", "acme.example", "--channel", "letter", "--ref", "L-1",
          "--project", "the notice's")
    assert last(redis)["project"] == "the notice's"
    assert record(redis)["project"] == "a shop"

    done = known("lock", "acme.example", "--project", "x" * 31, check=False)
    assert done.returncode == 2 and "--project" in done.stderr

    known("unlock", "acme.example")
    assert "project" not in record(redis)

    assert "--project NAME" in known("help", "lock").stdout


def test_shown(known):
    known("lock", "acme.example", "--project", "a shop")
    assert known.json("status", "acme.example")[0]["project"] == "a shop"
    assert known.json("list")[0]["project"] == "a shop"
    assert known.json("audit", "log")[-1]["project"] == "a shop"
    assert "    project  a shop\n" in known("status", "acme.example").stdout
    assert "PROJECT" in known("list").stdout.splitlines()[0]
    assert ", project a shop" in known("audit", "log").stdout


def test_import(known, redis):
    known("import", "-", "--yes", input="host,lock_at,project\n"
          "acme.example,1,a shop\nb.example,1,\n")
    assert record(redis)["project"] == "a shop"
    assert "project" not in record(redis, "b.example")

    known("import", "-", "--yes",
          input='{"host":"acme.example","lock_at":1,"project":"another"}\n')
    assert record(redis)["project"] == last(redis)["project"] == "another"

    done = known("import", "-", input="host,projects\n", check=False)
    assert ",invoice,project or some of them" in done.stderr


def test_verified(known, redis):
    known("lock", "acme.example", "--project", "a shop")
    known("audit", "verify")
    known("audit", "export", "--host", "acme.example", "-o", "bundle/")

    [page] = known.home.glob("bundle/timeline.en.html")
    assert "<dt>project</dt><dd><bdi>a shop</bdi></dd>" in page.read_text()

    known("audit", "export", "-o", "trail.jsonl")
    text = (known.home / "trail.jsonl").read_text()
    assert '"project":"a shop"' in text
    known("audit", "verify", "trail.jsonl")

    (known.home / "forged.jsonl").write_text(
        text.replace('"project":"a shop"', '"project":"no shop"'))
    done = known("audit", "verify", "forged.jsonl", check=False)
    assert done.returncode == 10
