# Copyright (C) 2026 paylock contributors
#
# What paylock-admin refuses, and its words: names, times, texts, settings, and
# a Redis that does not answer or refuses.

import json
import os
import shutil
import time

import pytest

from support import servers
from support.chain import AUDIT, LOCKS
from support.cli import config, memory, refused
from support.fake_redis import NOWHERE, FakeRedis
from support.servers import promised


@pytest.fixture
def untouched(known, redis):
    """Nothing is written by what the test does."""
    client = redis.client()
    yield known
    assert client.xlen(AUDIT) == 1
    assert not client.exists(LOCKS)


# names


NO_NAMES = [
    ("", None),
    ("a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 63 + "." +
     "e" * 44, None),
    ("a" * 64 + ".example", None),
    ("a..b", None),
    (".", None),
    ("acme.example..", None),
    ("a-.example", None),
    ("192.0.2.1", None),
    ("::1", None),
    ("[2001:db8::1]", None),
    ("https://Acme.example/x?y", "acme.example"),
    ("acme.example/", "acme.example"),
    ("acme.example:8080", "acme.example"),
    ("café.example:443", "xn--caf-dma.example"),
    ("acme example", None),
    ("acme.exam\tple", None),
    ("acme.example\n", None),
    ("\x1b[2Jacme.example", None),
    ("acme.example\x7f", None),
    ("user@acme.example", None),
    ("*", None),
    ("*.*.example", None),
    ("acme.*.example", None),
    ("*acme.example", None),
    ("..acme.example", None),
    ("*.", None),
    ("*.192.0.2", None),
    (".acme.example:80", ".acme.example"),
    ("\u202eacme.example", None),
    ("xn--\u00e9.example", None),
]


@pytest.mark.parametrize("command", ["lock", "status"])
def test_names_refused(untouched, command):
    for name, mend in NO_NAMES:
        error = refused(untouched, 2, "host", command, "--", name)
        assert (error["host"] or "")[:200] == name[:200]
        if mend:
            assert f'"{mend}"' in error["mend"]


def test_a_name_with_a_leading_hyphen(untouched):
    error = refused(untouched, 2, "option", "lock", "-x.example")
    assert '"-x.example"' in error["message"]
    assert "label" in error["mend"]
    refused(untouched, 2, "host", "lock", "--", "-x.example")


def test_a_name_that_is_not_utf8(untouched):
    done = servers.subprocess.run(
        [*map(os.fsencode, untouched.argv("lock")), b"caf\xe9.example"],
        env=untouched.env, capture_output=True)
    assert done.returncode == 2
    assert rb"caf\xe9.example" in done.stderr


NAMES = [
    ("ACME.Example", "acme.example"),
    ("acme.example.", "acme.example"),
    ("café.example", "xn--caf-dma.example"),
    ("CAFÉ.example.", "xn--caf-dma.example"),
    ("cafe\u0301.example", "xn--caf-dma.example"),
    ("straße.example", "xn--strae-oqa.example"),
    ("例え。example", "xn--r8jz45g.example"),
    ("XN--CAF-DMA.example", "xn--caf-dma.example"),
    ("a-b.c_d.example", "a-b.c_d.example"),
    ("localhost", "localhost"),
]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_names_normalised(known, redis, locale):
    for name, host in NAMES:
        out = known.json("lock", name, env={"LC_ALL": locale})
        assert out["changed"] == [host]
        assert redis.client().hkeys(LOCKS) == [host]
        assert known.json("lock", host, name)["unchanged"] == [host]
        redis.client().delete(LOCKS)


# times


NO_TIMES = [
    "", "tomorrow", "7d", "+", "+d", "+7", "+7x", "+7dd", "+-7d", "-7d",
    "+99999999999d", "+9999w9", "@", "@x", "@-1", "@4294967296",
    "@99999999999999999999999", "2026-13-01", "2026-00-10", "2026-02-29",
    "2026-06-31", "2026-6-1", "20260601", "2026-06-01T", "2026-06-01T10:00",
    "2026-06-01T10:00:00", "2026-06-01T24:00:00Z", "2026-06-01T10:60:00Z",
    "2026-06-01T10:00:00.Z", "2026-06-01T10:00:00+1:00",
    "2026-06-01T10:00:00+0100", "2026-06-01T10:00:00Zx", "1969-12-31",
    "2200-01-01", "now ", " now", "2026-06-01Z", "１２"]


@pytest.mark.parametrize("option", ["--at", "--until"])
def test_times_refused(untouched, option):
    for when in NO_TIMES:
        error = refused(untouched, 2, "time", "lock", "a.example",
                        f"{option}={when}")
        assert "RFC 3339" in error["mend"]
        assert f'"{when}"' in error["message"]


TIMES = [
    ("@4000000000", 4000000000),
    ("2096-10-02T07:06:40Z", 4000000000),
    ("2096-10-02t07:06:40.999z", 4000000000),
    ("2096-10-02 09:06:40+02:00", 4000000000),
    ("2096-10-02T03:36:40-03:30", 4000000000),
    ("2096-10-02", 3999974400 - 3 * 3600),
    ("2096-02-29", 3981312000 - 3 * 3600),
    ("2096-12-31T23:59:60Z", 4007836800),
    ("@4294967295", 4294967295),
]


def test_times(known, redis):
    for when, unix in TIMES:
        known("lock", "a.example", "--at", when, env={"TZ": "UTC-3"})
        value = json.loads(redis.client().hget(LOCKS, "a.example"))
        assert value["lock_at"] == unix


def test_relative_times(known, redis):
    for when, seconds in ("+90s", 90), ("+5m", 300), ("+2h", 7200), \
            ("+7d", 604800), ("+2w", 1209600):
        known("lock", "a.example", "--at", when)
        value = json.loads(redis.client().hget(LOCKS, "a.example"))
        assert 0 <= value["at"] + seconds - value["lock_at"] <= 2


def test_until_comes_later(untouched):
    for args in (["--until", "now"], ["--until", "@5"],
                 ["--at", "+7d", "--until", "+6d"],
                 ["--at", "@4000000000", "--until", "@4000000000"],
                 ["--at", "2026-01-01", "--until", "2026-01-02"]):
        refused(untouched, 2, "time", "lock", "a.example", *args)


# texts


NO_TEXTS = [
    ("--reason", "a\nb", "text"), ("--reason", "a\x1bb", "text"),
    ("--reason", "a\u0085b", "text"), ("--reason", "x" * 1001, "text"),
    ("--invoice", "x" * 201, "text"), ("--invoice", "\x7f", "text"),
    ("--reason", b"\xff", "text"), ("--reason", b"\xed\xa0\x80", "text"),
    ("--ref", "", "ref"), ("--ref", "x" * 17, "ref"), ("--ref", "a b", "ref"),
    ("--ref", "é", "ref"), ("--ref", "<b>", "ref")]


def test_texts_refused(untouched):
    for option, value, code in NO_TEXTS:
        refused(untouched, 2, code, "lock", "a.example", option,
                os.fsdecode(value) if isinstance(value, bytes) else value)


def test_the_longest_texts(known, redis):
    known("lock", "a.example", "--reason", "é" * 500, "--invoice", "x" * 200,
          "--ref", "A.b_c-9" + "x" * 9)
    value = json.loads(redis.client().hget(LOCKS, "a.example"))
    assert value["reason"] == "é" * 500
    known("lock", "a.example", "--reason", "")
    assert "reason" not in json.loads(redis.client().hget(LOCKS, "a.example"))


# settings


NO_URLS = [
    "", "localhost", "http://localhost", "redis://", "redis://h:0",
    "redis://h:65536", "redis://h:x", "redis://h/x", "redis://h/-1", "unix:",
    "unix:/x?db=x", "unix:/" + "x" * 200, "sentinel://h"]


def test_urls_refused(admin):
    for url in NO_URLS:
        error = refused(admin, 2, "redis", f"--redis={url}", "list")
        assert "redis://" in error["mend"]


def test_a_password_on_the_command_line(admin):
    done = admin("--redis", "redis://u:s3cret@127.0.0.1:1/0", "list",
                 check=False)
    assert done.returncode == 2
    assert "--password-file" in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize("text", [
    "password = s3cret\n", "redis = redis://u:s3cret@127.0.0.1:1/0\n"])
def test_a_configuration_with_a_password_is_private(admin, text):
    path = config(admin, text, 0o644)
    error = refused(admin, 1, "config", "list")
    assert error["mend"] == f"chmod 600 {path}"
    assert "s3cret" not in str(error)
    path.chmod(0o640)
    done = admin("list", check=False)
    assert "holds a password" not in done.stderr
    config(admin, "redis = redis://127.0.0.1:1/0\n", 0o644)
    admin("list")


@pytest.mark.parametrize("text, word", [
    ("frob = 1\n", "line 1 is not a setting"),
    ("\n# x\nredis\n", "line 3"), ("= x\n", "line 1")])
def test_a_configuration_with_a_mistake(admin, text, word):
    error = refused(admin, 1, "config", "list", env={
        "PAYLOCK_CONFIG": str(config(admin, text))})
    assert word in error["message"]


def test_settings_come_in_their_order(known, redis):
    redis.allow("*")
    config(known, "prefix = file:\n")
    extra = known.home / "extra"
    extra.write_text("prefix = extra:\n")

    def prefix(*args, **env):
        client = redis.client()
        known(*args, "init", env=env)
        [key] = [k for k in client.keys() if "paylock" not in k]
        client.delete(key)
        return key.removesuffix("audit")

    for path in (known.home / "state/paylock").iterdir():
        path.unlink()
    assert prefix() == "file:"
    for path in (known.home / "state/paylock").iterdir():
        path.unlink()
    assert prefix("--config", extra) == "extra:"
    assert prefix(PAYLOCK_PREFIX="env:") == "env:"
    assert prefix("--prefix", "arg:", PAYLOCK_PREFIX="env:") == "arg:"


def test_files_that_are_not_there(admin):
    refused(admin, 1, "config", "--config", "/nonexistent", "list")
    refused(admin, 1, "password_file", "--password-file", "/nonexistent",
            "list")


def test_passwords(private):
    redis = servers.Redis(private, requirepass="s3cret pass").start()
    try:
        admin = servers.Admin(redis, private / "admin")
        error = refused(admin, 1, "auth", "init")
        assert "--password-file" in error["mend"]
        assert redis.client().keys() == []

        secret = admin.home / "secret"
        secret.write_text("wrong\n")
        secret.chmod(0o600)
        error = refused(admin, 1, "auth", "init", "--password-file", secret)
        assert "correct" in error["mend"]

        secret.write_text("")
        refused(admin, 1, "password_file", "init", "--password-file", secret)

        secret.write_text("s3cret pass\nsecond line\n")
        admin("init", "--password-file", secret)
        secret.chmod(0o644)
        error = refused(admin, 1, "password_file", "list", "--password-file",
                        secret)
        assert "chmod 600" in error["mend"]
        secret.chmod(0o600)

        admin("list", env={"PAYLOCK_PASSWORD_FILE": str(secret)})
        admin("list", env={"PAYLOCK_PASSWORD": "s3cret pass"})
        config(admin, f"redis = {redis.url}\npassword_file = {secret}\n")
        admin("list")
        config(admin, f"redis = {redis.url}\npassword = s3cret pass\n")
        admin("list")
        refused(admin, 1, "auth", "list", env={"PAYLOCK_PASSWORD": "x"})
        for path in admin.home.rglob("*"):
            if path.is_file() and path.name not in ("secret", "config"):
                assert "s3cret" not in path.read_text()
    finally:
        redis.stop()


# a Redis that is none


ANSWERS = [
    (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "protocol"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
    (b"*2147483647\r\n", "protocol"),
    (b"$99999999999\r\n", "protocol"),
    (b":1\r\n" * 9, "protocol"),
    (b"$5\r\nab", "link"),
    (b"", "link"),
    (b"-LOADING Redis is loading the dataset in memory\r\n", "busy"),
    (b"-ERR \x1b[2Jx\r\n", "redis"),
]


def test_a_server_that_is_no_redis(admin):
    for answer, code in ANSWERS:
        with FakeRedis() as fake:
            fake.on("*", answer, times=99, end="fin")
            start = time.monotonic()
            for args in ["init"], ["list"], ["status", "a.example"]:
                refused(admin, 1, code, "--redis", fake.url, *args)
            assert time.monotonic() - start < promised(3)


def test_a_server_that_says_nothing(admin):
    with FakeRedis() as fake:
        start = time.monotonic()
        error = refused(admin, 1, "link", "--redis", fake.url, "list")
        assert "timed out" in error["message"]
        assert 3 < time.monotonic() - start < promised(8)


def test_nobody_there(admin):
    port = servers.free_port()
    for url in f"redis://127.0.0.1:{port}", "unix:/nonexistent/redis.sock", \
            "redis://[::1]:1", "redis://host.invalid":
        error = refused(admin, 1, "connect", "--redis", url, "list")
        assert "--redis" in error["mend"]


# a Redis that says no


def test_keys_of_another_type(known, redis):
    client = redis.client()
    client.set(LOCKS, "x")
    for args in ["lock", "a.example"], ["list"], ["status", "a.example"]:
        error = refused(known, 1, "type", *args)
        assert "--prefix" in error["mend"]
    error = refused(known, 1, "type", "lock", "a.example")
    assert LOCKS in error["message"]
    client.delete(LOCKS)

    client.delete(AUDIT)
    client.lpush(AUDIT, "x")
    for args in ["init"], ["lock", "a.example"], ["audit", "log"]:
        refused(known, 1, "type", *args)
    assert not client.exists(LOCKS)


def test_no_chain_known(admin, redis):
    for command in "lock", "unlock", "reset":
        error = refused(admin, 1, "chain_unknown", command, "a.example")
        assert "init" in error["mend"]
    assert redis.client().keys() == []


def other_chain(client, admin, private):
    client.flushall()
    servers.Admin(admin.redis, private / "other")("init")


def earlier(client, admin, private):
    admin("lock", "a.example")
    client.execute_command("DEL", LOCKS)
    entries = client.xrange(AUDIT)
    client.delete(AUDIT)
    client.xadd(AUDIT, entries[0][1], entries[0][0])


def edited(client, admin, private):
    [(ident, fields)] = client.xrange(AUDIT)
    client.delete(AUDIT)
    client.xadd(AUDIT, {**fields, "actor": "nobody"}, ident)


def deleted(client, admin, private):
    """A head that was seen by another, and is deleted."""
    other = servers.Admin(admin.redis, private / "other")
    other("init", "--yes")
    other("lock", "a.example")
    client.delete(LOCKS)
    client.xdel(AUDIT, "2-0")


def forked(client, admin, private):
    """After a failover: the same ids hold other entries."""
    [(ident, first)] = client.xrange(AUDIT)
    admin("lock", "a.example", "--reason", "one")
    client.flushall()
    client.xadd(AUDIT, first, ident)
    other = servers.Admin(admin.redis, private / "other")
    other("init", "--yes")
    other("lock", "b.example")
    other("lock", "c.example")


@pytest.mark.parametrize("happened", [
    lambda client, admin, private: client.flushall(),
    lambda client, admin, private: client.delete(AUDIT),
    lambda client, admin, private: client.xtrim(AUDIT, 0),
    other_chain, earlier, edited, deleted, forked,
    lambda client, admin, private: client.xadd(AUDIT, {"x": "y"}),
])
def test_a_chain_that_does_not_go_on(known, redis, private, happened):
    client = redis.client()
    happened(client, known, private)
    before = client.hgetall(LOCKS), client.xrange(AUDIT)

    for args in ["lock", "x.example"], ["unlock", "x.example"], ["init"]:
        done = known("--json", *args, check=False)
        assert done.returncode == 1
        error = json.loads(done.stderr)["error"]
        assert error["code"] in ("chain_differs", "chain_broken")
        assert "adopt" in error["mend"]

    assert (client.hgetall(LOCKS), client.xrange(AUDIT)) == before


def test_the_memory_is_damaged_or_cannot_be_written(known, redis):
    path = memory(known)
    [place] = path.parent.glob("url-*")
    for file in path, place:
        text = file.read_text()
        for bad in "", "x", text.replace(" = ", " = x"), text[:-20]:
            file.write_text(bad)
            error = refused(known, 1, "state", "lock", "a.example")
            assert file.name in error["message"]
        file.write_text(text)
    assert not redis.client().exists(LOCKS)

    shutil.rmtree(path.parent)
    path.parent.write_text("")
    redis.client().flushall()
    refused(known, 1, "state", "init")
    assert redis.client().keys() == []


# a link that is lost


def cut_at_exec(fake, carried_out, times=1):
    """The link is cut at EXEC: before it arrives, or after it was carried
    out."""
    return fake.on("EXEC", (lambda real: b"") if carried_out else b"",
                   times=times, end="fin")


@pytest.mark.parametrize("forward, cuts, deaf, status", [
    (True, 1, False, 0),      # carried out, and found so
    (False, 1, False, 0),     # not carried out: done again
    (False, 3, False, 1),     # never carried out
    (True, 1, True, 4),       # carried out, and nobody answers
    (False, 1, True, 4),
])
def test_the_link_is_lost_in_exec(redis, private, forward, cuts, deaf,
                                  status):
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        fault = cut_at_exec(fake, forward, cuts)
        if deaf:
            fault.then = lambda: setattr(fake, "upstream", NOWHERE)
        done = admin("--json", "lock", "a.example", check=False)

    assert done.returncode == status, done.stderr
    carried_out = status == 0 or (forward and status == 4)
    assert redis.client().hexists(LOCKS, "a.example") == carried_out
    assert redis.client().xlen(AUDIT) == 1 + carried_out
    if status == 0:
        assert json.loads(done.stdout)["changed"] == ["a.example"]
        assert json.loads(done.stdout)["last_seq"] == 2
    else:
        assert json.loads(done.stderr)["error"]["mend"]


@pytest.mark.parametrize("forward", [True, False])
def test_the_link_is_lost_in_init(redis, private, forward):
    with FakeRedis(redis.socket, private) as fake:
        cut_at_exec(fake, forward)
        admin = servers.Admin(fake, private / "admin")
        refused(admin, 4, "unknown", "init")
        assert redis.client().xlen(AUDIT) == forward
        assert admin.json("init", "--yes")["created"] is not forward


def test_none_done_where_one_cannot_be(known, redis):
    """The second transaction would meet a record that it must refuse."""
    known("unlock", "z.example")
    hosts = [f"h{i}.example" for i in range(1000)]
    done = known("--json", "lock", *hosts, "z.example", "--yes", "--at", "+1d",
                 "--until", "+2d", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "z.example" in json.loads(done.stderr)["error"]["message"]
    assert redis.client().xlen(AUDIT) == 2


def test_a_hung_redis(untouched, redis):
    redis.pause()
    start = time.monotonic()
    refused(untouched, 1, "link", "lock", "a.example")
    assert time.monotonic() - start < promised(8)
    redis.resume()
