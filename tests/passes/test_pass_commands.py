# Copyright (C) 2026 paylock contributors
#
# paylock-admin keygen --pass, pass issue, list and revoke.

import base64
import calendar
import json
import re
import struct
import subprocess
import time

import pytest

from support import servers
from support.chain import LOCKS
from support.cli import trust
from support.fake_redis import NOWHERE, FakeRedis
from support.passes import follow, token
from support.trail import signer


def refused(admin, status, *args):
    done = admin("--json", *args, check=False)
    assert done.returncode == status, done
    assert done.stdout == ""
    return json.loads(done.stderr.splitlines()[-1])["error"]


def test_keygen(admin, private):
    path = private / "pass.keys"
    would = admin("--dry-run", "keygen", "--pass", path).stdout
    assert "would be made" in would and not path.exists()
    assert admin.json("keygen", "--pass", path) == {
        "file": str(path), "kid": "k1", "kept": 0, "dropped": 0}
    assert path.stat().st_mode & 0o777 == 0o600
    kid, _, secret = path.read_text().rstrip("\n").partition(":")
    assert kid == "k1" and len(base64.b64decode(secret)) == 32

    for n in range(2, 19):
        before = path.read_text().splitlines()
        out = admin.json("keygen", "--pass", path)
        assert out["kid"] == f"k{n}" and out["dropped"] == (n > 16)
        lines = path.read_text().splitlines()
        assert lines[1:] == before[:15] and lines[0] not in before
    assert sorted(p.name for p in private.glob("pass.keys*")) == ["pass.keys"]

    # whose it is, and what a link leads to, stays so
    path.chmod(0o640)
    (private / "link").symlink_to(path)
    admin("keygen", "--pass", private / "link")
    assert path.stat().st_mode & 0o777 == 0o640
    assert (private / "link").is_symlink()
    assert path.read_text().startswith("k19:")


def test_keygen_many_at_once(admin, private):
    """None takes away what another one has made."""
    path = private / "pass.keys"
    admin("keygen", "--pass", path)
    for _ in range(3):
        before = path.read_text().splitlines()
        making = [subprocess.Popen(
            admin.argv("keygen", "--pass", str(path)), env=admin.env,
            cwd=admin.home, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True) for _ in range(8)]
        errors = [p.communicate(timeout=120)[1] for p in making]
        made = sum(p.returncode == 0 for p in making)
        assert made and all("is there" in e for e in errors if e)
        lines = path.read_text().splitlines()
        kids = [int(line[1:line.index(":")]) for line in lines]
        assert kids == list(range(kids[0], kids[0] - len(kids), -1))
        assert kids[0] == int(before[0][1:before[0].index(":")]) + made
        assert lines[made:] == before[:16 - made]
    assert sorted(p.name for p in private.glob("pass.keys*")) == ["pass.keys"]


def test_keygen_refused(admin, private):
    path = private / "pass.keys"
    admin("keygen", "--pass", path)
    text = path.read_text()
    path.chmod(0o604)
    assert "chmod 600" in refused(admin, 1, "keygen", "--pass", path)["mend"]
    path.chmod(0o600)
    other = private / "pass.keys.new"
    other.write_text("")
    assert str(other) in refused(admin, 1, "keygen", "--pass",
                                 path)["message"]
    other.unlink()
    assert path.read_text() == text
    path.write_text("k1:short\n")
    assert "line 1" in refused(admin, 1, "keygen", "--pass", path)["message"]
    assert path.read_text() == "k1:short\n"
    refused(admin, 1, "keygen", "--pass", private / "no/such")
    refused(admin, 1, "keygen", "--pass", private)
    refused(admin, 2, "keygen", "--pass", private / "new", private / "two")
    refused(admin, 2, "keygen", "--pass", private / "new", "--passphrase")


def test_issue(gate, admin, keys, redis):
    """The link for people, its parts for programs, and the entry first."""
    admin("lock", "acme.example")
    before = int(time.time())
    out = admin.json("pass", "issue", "ACME.example.", "--ttl", "36h", "--key",
                     keys, "--path", "/a?b=1", "--reason", "for Ann")
    assert re.fullmatch(
        r"https://acme\.example/a\?b=1&paylock_pass=[\w-]{58}", out["url"])
    issued, expires = struct.unpack(
        ">II", base64.urlsafe_b64decode(
            token(out["url"]) + "==")[1:9])
    assert before <= issued <= time.time() and expires - issued == 36 * 3600

    entry = admin.json("audit", "log")[-1]
    assert entry["seq"] == out["seq"] == 3
    assert entry["action"] == "pass-issue" and entry["host"] == "acme.example"
    assert entry["reason"] == "for Ann"
    assert entry["reference"] == f"k1 {out['issued']} {out['expires']}"
    assert entry["after"] == redis.client().hget(
        "{paylock}:locks", "acme.example") \
        == entry["before"].replace('"entry":2', '"entry":3')
    stream = json.dumps(redis.client().xrange("{paylock}:audit"))
    assert token(out["url"]) not in stream
    assert keys.read_text().split(":")[1].strip() not in stream

    # it is for the record and changes nothing
    admin("audit", "verify")
    status, = admin.json("status", "acme.example")
    assert status["stage"] == "locked"


REFUSED = [
    (["--ttl", "7d"], "option"), (["--key", "@"], "option"),
    (["--ttl", "x", "--key", "@"], "time"),
    (["--ttl", "0d", "--key", "@"], "time"),
    (["--ttl", "2099-01-01", "--key", "@"], "time"),
    (["--ttl", "", "--key", "@"], "time"),
    (["--ttl", "99999999999d", "--key", "@"], "time"),
    (["--ttl", "4000000000s", "--key", "@"], "time"),
    (["--ttl", "7d", "--key", "@", "--path", "x"], "path"),
    (["--ttl", "7d", "--key", "@", "--path", "/a b"], "path"),
    (["--ttl", "7d", "--key", "@", "--path", "/#a"], "path"),
    (["--ttl", "7d", "--key", "@", "--quiet"], "option"),
    (["--ttl", "7d", "--key", "@", "--reason", "a\nb"], "text"),
]


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("deaf", [False, True])
def test_issue_cut(start, keys, redis, private, carried_out, deaf):
    """The entry is there and the pass is good, or no pass is shown."""
    nginx = start()
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "cut")
        admin("init", "--yes")
        fault = fake.on("EXEC", (lambda real: b"") if carried_out else b"",
                        end="fin")
        if deaf:
            fault.then = lambda: setattr(fake, "upstream", NOWHERE)
        args = "pass", "issue", "acme.example", "--ttl", "7d", "--key", keys
        if deaf:
            assert refused(admin, 4, *args)["code"] == "unknown"
            return
        out = admin.json(*args)
    assert fault.struck == 1
    follow(nginx, out["url"].partition("acme.example")[2])
    entry = admin_log(redis)[-1]
    assert entry["reference"] == f"k1 {out['issued']} {out['expires']}"
    assert entry["action"] == "pass-issue" and out["seq"] == 3


def admin_log(redis):
    return [fields for _, fields in redis.client().xrange("{paylock}:audit")]


def test_issue_refused(gate, admin, keys, redis):
    for args, code in REFUSED:
        args = [str(keys) if a == "@" else a for a in args]
        assert refused(admin, 2, "pass", "issue", "acme.example",
                       *args)["code"] == code
    assert redis.client().xlen("{paylock}:audit") == 1


def test_issue_refused_for_its_file(gate, admin, keys, redis, private):
    def issue(path):
        return refused(admin, 1, "pass", "issue", "acme.example", "--ttl",
                       "7d", "--key", path)
    keys.chmod(0o644)
    assert "chmod 600" in issue(keys)["mend"]
    assert "keygen --pass" in issue(private / "none")["mend"]
    keys.chmod(0o600)
    keys.write_text("k1:AAAA\n")
    assert "too short" in issue(keys)["message"]
    for host in ".acme.example", "*.acme.example":
        refused(admin, 2, "pass", "issue", host, "--ttl", "7d", "--key", keys)
    assert redis.client().xlen("{paylock}:audit") == 1


def test_dry_run(gate, admin, keys, redis):
    admin("lock", "acme.example")
    out = admin("--dry-run", "pass", "issue", "acme.example", "--ttl", "7d",
                "--key", keys).stdout
    assert "would be issued" in out and "http" not in out
    admin("--dry-run", "pass", "revoke", "acme.example")
    assert redis.client().xlen("{paylock}:audit") == 2


def test_a_warning_where_it_is_open(gate, admin, keys):
    args = ("pass", "issue", "acme.example", "--ttl", "7d", "--key", keys)
    assert admin(*args).stderr == ""
    admin("unlock", "acme.example")
    assert "not locked" in admin(*args).stderr


def test_signed(admin, keys, private):
    """The operator's key signs, the keys of passes make the pass; named
    before the command or in the settings."""
    mine = private / "mine.pem"
    admin("keygen", mine)
    admin("--key", mine, "init")
    args = "pass", "issue", "acme.example", "--ttl", "7d", "--key", keys
    assert admin("--key", mine, *args).stdout.startswith("https://")
    assert admin(*args, env={"PAYLOCK_KEY": str(mine)}).returncode == 0
    public = admin.json("audit", "log")[-1]["key"]
    trust([admin], signer("mine", public))
    error = json.loads(admin("--json", *args, check=False).stderr)["error"]
    assert error["code"] == "unsigned"
    admin("--key", mine, "pass", "revoke", "acme.example")
    admin("audit", "verify")
    assert [e["key"] != "" for e in admin.json("audit", "log")] == [True] * 4


def test_list(gate, admin, keys):
    def listed(*args):
        out = admin("--json", "pass", "list", *args).stdout
        return [json.loads(line) for line in out.splitlines()]

    def issue(host, ttl, *args):
        return admin.json("pass", "issue", host, "--ttl", ttl, "--key", keys,
                          *args, env={"PAYLOCK_ACTOR": "alice"})

    assert listed() == []
    first = issue("acme.example", "1s", "--reason", "x")
    issue("a.below.example", "7d")
    admin("pass", "revoke", ".below.example", "--yes")
    issue("a.below.example", "7d")
    issue("other.example", "7d")
    admin("lock", "www.other.example")
    # the clock by which a command asks for the second may be a little behind
    servers.wait_for("the end", lambda: time.time() > 0.1 + json_time(
        first["expires"]))
    assert [(p["host"], p["state"]) for p in listed()] == [
        ("acme.example", "expired"), ("a.below.example", "revoked"),
        ("a.below.example", "valid"), ("other.example", "valid")]
    one, = listed("acme.example")
    assert one == {"host": "acme.example", "state": "expired",
                   "issued": first["issued"], "expires": first["expires"],
                   "kid": "k1", "actor": "alice", "reason": "x", "seq": 2}
    text = admin("pass", "list").stdout
    assert text.startswith("HOST") and "revoked" in text
    admin("pass", "revoke", "other.example")
    assert listed("other.example")[0]["state"] == "revoked"


def json_time(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_revoke_where_a_clock_is_ahead(gate, admin, keys, redis):
    """What another machine has dated an hour later is refused, too."""
    admin("pass", "issue", "acme.example", "--ttl", "7d", "--key", keys)

    client = redis.client()
    future = int(time.time()) + 3600
    client.hset("{paylock}:locks", "acme.example",
                json.dumps({"at": 1, "pass_after": future}))
    out = admin.json("pass", "issue", "acme.example", "--ttl", "7d", "--key",
                     keys)
    assert json_time(out["issued"]) == future
    client.hset("{paylock}:locks", "acme.example", json.dumps({"at": 1}))
    admin("pass", "revoke", "acme.example")
    assert json.loads(client.hget("{paylock}:locks", "acme.example"))[
        "pass_after"] == future + 1


@pytest.mark.parametrize("record, host", [
    ("acme.example", "acme.example"), ("acme.example", "www.acme.example"),
    (".acme.example", "acme.example")])
def test_revoke_what_the_trail_dates_later(gate, admin, keys, redis, record,
                                           host):
    """All that the record holds for, though only few entries are read."""
    future = int(time.time()) + 3600
    redis.client().hset(LOCKS, record, json.dumps(
        {"at": 1, "pass_after": future}))
    admin("pass", "issue", host, "--ttl", "7d", "--key", keys)
    admin("reset", record, "--yes")
    admin("reset", host)
    admin("lock", record, "--yes")
    admin("pass", "revoke", record, "--yes")
    assert json.loads(redis.client().hget(LOCKS, record))[
        "pass_after"] == future + 1


def test_revoke_reads_one_host(gate, admin, redis):
    admin("lock", "acme.example")
    admin("import", "-", "--yes", input="host,lock_at\n" + "".join(
        f"h{i}.example,2027-01-01T00:00:00Z\n" for i in range(3000)))
    client = redis.client()
    client.config_resetstat()
    admin("pass", "revoke", "acme.example")
    assert client.info("commandstats")["cmdstat_xrange"]["calls"] < 12


def test_revoke_what_is_no_record(gate, admin, redis):
    redis.client().hset("{paylock}:locks", "acme.example", "nonsense")
    assert "not a record" in refused(admin, 1, "pass", "revoke",
                                  "acme.example")["message"]
    assert redis.client().hget("{paylock}:locks", "acme.example") \
        == "nonsense"
