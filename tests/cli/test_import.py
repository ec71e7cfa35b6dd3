# Copyright (C) 2026 paylock contributors
#
# import: the file formats, the records made of them, and interrupted imports.

import json
import os
import signal
import subprocess
import time

import pytest

from support import servers
from support.chain import AUDIT, LOCKS
from support.cli import parsed
from support.fake_redis import NOWHERE, FakeRedis
from support.terminal import Terminal

NAMES = "host,lock_at,open_at,notice_at,readonly_at,reason,invoice,ref"


def records(redis):
    with redis.client() as client:
        return {host: parsed(client, host, value)
                for host, value in client.hgetall(LOCKS).items()}


def there(redis):
    with redis.client() as client:
        return client.hgetall(LOCKS), client.xlen(AUDIT)


def put(admin, text, *args, **kw):
    """Imports a text, or bytes, from a file."""
    path = admin.home / "list"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return admin("import", path, *args, **kw)


def lines(n, when=1, first=0):
    return "host,lock_at\n" + "".join(
        f"h{i}.example,{when}\n" for i in range(first, first + n))


def refused(admin, redis, text):
    """Is refused before anything is asked; returns the errors."""
    before = there(redis)
    done = put(admin, text, "--json", check=False)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert there(redis) == before
    return [json.loads(line)["error"] for line in done.stderr.splitlines()]


# what is read

CSV = f"""{NAMES}
acme.example,2026-11-01T08:00:00Z,,1793491200,,"overdue, ""since"" 1 Nov",F-1,R1
CAFÉ.example.,1,4294967295,0,1,,,
*.b.example,,"7",,,,"",
"""

LINES = r"""
{"host":"acme.example","lock_at":"2026-11-01T09:00:00+01:00","notice_at":1793491200,"reason":"overdue, \"since\" 1 Nov","invoice":"F-1","ref":"R1"}
{"ref":null,"host":"café.example","lock_at":"1","open_at":4294967295,"notice_at":0,"readonly_at":1,"reason":""}

{"host":"*.b.example","open_at":7}
"""

MADE = {
    "acme.example": {"lock_at": 1793520000, "notice_at": 1793491200,
                     "reason": 'overdue, "since" 1 Nov', "invoice": "F-1",
                     "ref": "R1"},
    "xn--caf-dma.example": {"lock_at": 1, "open_at": 4294967295,
                            "notice_at": 0, "readonly_at": 1},
    "*.b.example": {"open_at": 7}}


@pytest.mark.parametrize("text", [
    CSV, CSV.replace("\n", "\r\n"), CSV.rstrip("\n"), "\ufeff" + CSV,
    "\n\n" + CSV.replace("\n", "\n\n"), LINES, LINES.replace("\n", "\r\n"),
    LINES.strip(), "\ufeff" + LINES,
    # other columns, in another order
    "notice_at,lock_at,host,ref,reason,open_at,invoice,readonly_at\n"
    '1793491200,1793520000,acme.example,R1,"overdue, ""since"" 1 Nov",,F-1,\n'
    "0,1,café.example,,,4294967295,,1\n,,*.b.example,,,7,,\n"])
def test_formats(known, redis, text):
    done = json.loads(put(known, text, "--yes", "--json").stdout)
    assert done["changed"] == list(MADE)
    assert (done["first_seq"], done["last_seq"]) == (2, 4)
    made = records(redis)
    ref = made["xn--caf-dma.example"].pop("ref")
    assert ref.startswith("PL-") and len(ref) == 9
    for host, record in made.items():
        assert record.pop("at") and record.pop("actor")
        assert ("pass_after" in record) == ("lock_at" in record)
        record.pop("pass_after", None)
        assert record == MADE[host]
    assert [e["action"] for e in known.json("audit", "log")[1:]] \
        == ["import"] * 3
    assert put(known, text, "--yes").stdout == "0 changed, 3 unchanged\n"
    assert known.json("audit", "verify")[0]["faults"] == []


def test_standard_input(known, redis):
    assert known("import", "-", input="host,open_at\na.example,1\n").stdout \
        == "1 changed, 0 unchanged, entries 2 to 2\n"
    assert known("import", "-", input="host,open_at\n").stdout \
        == "0 changed, 0 unchanged\n"
    assert list(records(redis)) == ["a.example"]


BAD = [
    (b"", "line 1 is empty"),
    (b"\r\n\n", "line 3 is empty"),
    (b"\xef\xbb\xbf", "line 1 is empty"),
    ("host,lock_at\na.example,1\n".encode("utf-16"), "line 1 is in UTF-16"),
    ("lock_at\n1\n", 'line 1 names no column "host"'),
    ("host,lock_at,at\n", 'line 1 has the unknown name "at"'),
    ("host;lock_at\n", 'line 1 has the unknown name "host;lock_at"'),
    ("Host\n", 'line 1 has the unknown name "Host"'),
    ("host,host\n", "line 1 names a column twice"),
    ("a.example,1\n", 'line 1 has the unknown name "a.example"'),
    ("host" + "," * 16 + "\n", "line 1 has too many fields"),
    ("[]\n", 'line 1 has the unknown name "[]"'),
    ("host,lock_at\na.example\n", "line 2 has 1 fields, where the header has 2"),
    ("host,lock_at\na.example,1,\n", "line 2 has 3 fields"),
    ("host,lock_at\n,1\n", 'line 2: host "" is empty'),
    ("host,lock_at\n10.0.0.1,1\n", 'line 2: host "10.0.0.1" '),
    (b"host,lock_at\na\0b.example,1\n", "line 2: the host is no text"),
    (b"host,lock_at\ncaf\xe9.example,1\n", "line 2: the host is no text"),
    ("host,lock_at\na.example,\n", "line 2: there is no time"),
    ("host,lock_at\na.example,now\n", 'line 2: "now" of lock_at is not a time'),
    ("host,lock_at\na.example,+7d\n", 'line 2: "+7d" of lock_at '),
    ("host,lock_at\na.example,@7\n", 'line 2: "@7" of lock_at '),
    ("host,lock_at\na.example,-1\n", 'line 2: "-1" of lock_at '),
    ("host,lock_at\na.example, 1\n", 'line 2: " 1" of lock_at '),
    ("host,lock_at\na.example,2026-11-01\n", 'line 2: "2026-11-01" of lock_at '),
    ("host,lock_at\na.example,2026-11-01T08:00:00\n", "line 2: "),
    ("host,lock_at\na.example,2026-13-01T08:00:00Z\n", "line 2: "),
    ("host,lock_at\na.example,4294967296\n", "lies outside of 1970 to 2106"),
    (b"host,lock_at\na.example,1\0\n", "of lock_at is not a time"),
    ("host,notice_at,lock_at\na.example,2,1\n",
     "line 2: lock_at is earlier than what comes before it"),
    ("host,lock_at,reason\na.example,1,\"x\ny\"\n",
     "line 2: the reason has a control character"),
    (b"host,lock_at,reason\na.example,1,\xff\n",
     "line 2: the reason is not valid UTF-8"),
    ("host,lock_at,reason\na.example,1,%s\n" % ("x" * 1001),
     "line 2: the reason is too long"),
    ("host,lock_at,invoice\na.example,1,%s\n" % ("x" * 201),
     "line 2: the invoice is too long"),
    ("host,lock_at,ref\na.example,1,a b\n", "line 2: the ref is no reference"),
    ('host,lock_at\na"b.example,1\n', "line 2 has a quote in a field"),
    ('host,lock_at\n"a.example"x,1\n', "line 2 has text after a closing"),
    ('host,lock_at\na.example,1\n"b.example,1\nc.example,1\n',
     "line 3 begins a quoted field that does not end"),
    ('host,lock_at\na.example,"1""', "line 2 begins a quoted field"),
    ("host,lock_at\ra.example,1\r", "line 1 has a carriage return"),
    ("host,lock_at\na.example,1%s\n" % (" " * 65536), "line 2 is longer than"),
    ('{"host":"a.example","lock_at":1}\nx', "line 2 is not JSON from its byte"),
    ('{"host":"a.example","lock_at":1}\n[]', "line 2 is no JSON object"),
    ('{"host":"a.example","lock_at":1,"x":1}', 'has the unknown name "x"'),
    ('{"host":"a.example","lock_at":1,"lock_at":2}', "has a member twice"),
    ('{"host":"a.example","lock_at":1.5}', 'has a "lock_at" of a wrong type'),
    ('{"host":"a.example","lock_at":true}', 'has a "lock_at" of a wrong type'),
    ('{"host":"a.example","lock_at":-1}', '"-1" of lock_at is not a time'),
    ('{"host":7,"lock_at":1}', 'line 1 has a "host" of a wrong type'),
    ('{"lock_at":1}', 'line 1: host "" is empty'),
    (b'{"host":"a.example","reason":"\xff","lock_at":1}', "is not in UTF-8"),
    ('{"host":"a.example","lock_at":1,"reason":"\\u0000"}', "has a NUL"),
    ('{"host":"a.example","lock_at":1,"reason":"%s"}' % ("x" * 65536),
     "line 1 is longer than 65536 bytes"),
    (lines(3) + "\n\nH1.example.,1\n",
     'line 7: the host "h1.example" is on line 3 already')]


@pytest.mark.parametrize("text, why", BAD)
def test_bad(known, redis, text, why):
    errors = refused(known, redis, text)
    assert any(why in error["message"] for error in errors), errors


def test_all_bad_lines_are_told(known, redis):
    text = lines(3) + "a,b\nb..example,1\nc.example,1\nc.example,2\n"
    errors = refused(known, redis, text)
    assert [e["message"].split(":")[0] for e in errors[:-1]] \
        == ["line 5", "line 6", "line 8"]
    assert errors[-1]["message"].startswith("3 lines of ")
    done = put(known, text, check=False)
    assert [line[:21] for line in done.stderr.splitlines()] \
        == ["paylock-admin: line 5", "paylock-admin: line 6",
            "paylock-admin: line 8", "paylock-admin: 3 line"]


def test_up_to_a_limit(known, redis):
    errors = refused(known, redis, lines(30, "never"))
    assert len(errors) == 21
    assert "30 lines of " in errors[-1]["message"]
    assert "the first of which are named" in errors[-1]["message"]


@pytest.mark.parametrize("name, why", [
    ("nowhere", "No such file"), (".", "Is a directory"),
    ("/dev/zero", "larger than 256 MB")])
def test_a_file_that_cannot_be_read(known, redis, name, why):
    """The last of them has no end."""
    before = there(redis)
    done = known("--json", "import", name, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "file" and why in error["message"]
    assert there(redis) == before


# what it makes of records

def test_a_line_is_all_that_its_record_is(known, redis):
    known("lock", "a.example", "--notice", "now", "--readonly", "+1d", "--at",
          "+2d", "--until", "+3d", "--reason", "x", "--invoice", "y", "--ref",
          "R7", "--amount", "5.00", "--currency", "EUR")
    with redis.client() as client:
        record = json.loads(client.hget(LOCKS, "a.example"))
        client.hset(LOCKS, "a.example", json.dumps(
            {**record, "pass_after": 4 * 10 ** 9, "mine": [1]}))
    put(known, "host,lock_at\na.example,1\n")
    made = records(redis)["a.example"]
    kept = {"ref": "R7", "amount": "5.00", "currency": "EUR",
            "pass_after": 4 * 10 ** 9, "mine": [1]}
    assert made == {"at": made["at"], "lock_at": 1, "actor": made["actor"],
                    **kept}
    put(known, "host,lock_at,reason,invoice,ref\na.example,1,why,F-1,R8\n")
    made = records(redis)["a.example"]
    assert made == {"at": made["at"], "lock_at": 1, "actor": made["actor"],
                    **kept, "ref": "R8", "reason": "why", "invoice": "F-1"}
    # what is owed belongs to a case
    put(known, "host,open_at\na.example,2\n")
    made = records(redis)["a.example"]
    assert made == {"at": made["at"], "open_at": 2, "actor": made["actor"],
                    "ref": "R8", "pass_after": 4 * 10 ** 9, "mine": [1]}
    assert known("audit", "verify", check=False).returncode == 0


def test_it_takes_hold_in_nginx(known, nginx):
    server = nginx("server { server_name *.example; paylock on; }")
    now = int(time.time())
    put(known, f"""host,open_at,notice_at,readonly_at,lock_at
a.example,,,,1
b.example,{now},,,1
c.example,,,{now},{now + 9999}
d.example,,{now - 5},,
e.example,,,,{now + 9999}
z.example,,,,1
""")
    server.wait_state("z.example", "locked")
    assert [server.state(f"{c}.example") for c in "abcde"] \
        == ["locked", "open", "readonly", "notice", "open"]
    put(known, "host,open_at\na.example,2\nz.example,2\n")
    server.wait_state("z.example", "open")
    assert server.state("a.example") == "open"


def test_a_clock_that_was_ahead(known, redis):
    """What has come by the record stays so, and is not written again."""
    later = int(time.time()) + 3600
    redis.client().hset(LOCKS, "a.example", json.dumps(
        {"at": later, "lock_at": later, "ref": "R1"}))
    text = f"host,lock_at\na.example,{later}\n"
    assert "0 changed" in put(known, text).stdout
    put(known, text.replace("lock_at", "lock_at,reason")
        .replace(str(later), f"{later},x"))
    assert records(redis)["a.example"]["lock_at"] < later
    assert known.json("status", "a.example")[0]["stage"] == "locked"


def test_what_is_no_record_is_replaced(known, redis):
    redis.client().hset(LOCKS, "a.example", "nothing")
    done = put(known, "host,lock_at\na.example,1\n")
    assert "warning" in done.stderr and "a.example" in done.stderr
    assert records(redis)["a.example"]["lock_at"] == 1


def test_dry_run(known, redis):
    known("lock", "a.example", "b.example", "--at", "@1", "--ref", "R1")
    before = there(redis)
    text = "host,lock_at,open_at\na.example,,5\nb.example,1,\nc.example,7,\n"
    shown = put(known, text, "--dry-run", env={"TZ": "UTC"}).stdout
    assert shown == (
        "a.example: locked since 1970-01-01T00:00:01+00:00 -> "
        "open since 1970-01-01T00:00:05+00:00\n"
        "c.example: without a record -> "
        "locked since 1970-01-01T00:00:07+00:00\n"
        "2 would be changed, 1 unchanged\n")
    *each, last = map(json.loads, put(known, text, "--dry-run",
                                      "--json").stdout.splitlines())
    assert [(one["host"], one["from"] and one["from"]["lock_at"],
             one["to"].get("open_at")) for one in each] \
        == [("a.example", 1, 5), ("c.example", None, None)]
    assert last["changed"] == ["a.example", "c.example"]
    assert last["unchanged"] == ["b.example"]
    assert last["dry_run"] is True and last["first_seq"] is None
    assert there(redis) == before


def test_dry_run_of_many(known, redis):
    before = there(redis)
    shown = put(known, lines(2500), "--dry-run").stdout.splitlines()
    assert len(shown) == 2501
    assert shown[-1] == "2500 would be changed, 0 unchanged"
    assert there(redis) == before


# many of them, and what comes between

def once(redis):
    """No host has two entries."""
    with redis.client() as client:
        hosts = [e["host"] for _, e in client.xrange(AUDIT) if "host" in e]
    assert len(hosts) == len(set(hosts))
    return hosts


def running(admin, n):
    path = admin.home / "list"
    path.write_text(lines(n))
    return subprocess.Popen(
        admin.argv("--json", "import", path, "--yes"), env=admin.env,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM,
                                 signal.SIGKILL])
def test_interrupted_and_run_again(redis, private, sig):
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        fake.on("EXEC")
        fake.on("EXEC", then=lambda: process.send_signal(sig))
        process = running(admin, 2500)
        out, err = process.communicate(timeout=120)
    if sig == signal.SIGKILL:
        assert process.returncode == -sig
    else:
        assert process.returncode == 3, err
        error = json.loads(err)["error"]
        assert error["code"] == "interrupted"
        assert "the first 2000 of 2500 hosts are done" in error["message"]
        assert '"h2000.example"' in error["message"]
        assert len(json.loads(out)["changed"]) == 2000
    assert redis.client().hlen(LOCKS) == 2000

    admin = servers.Admin(redis, private / "admin")
    admin("init", "--yes")
    again = json.loads(put(admin, lines(2500), "--yes", "--json").stdout)
    assert len(again["unchanged"]) == 2000
    assert again["changed"] == [f"h{i}.example" for i in range(2000, 2500)]
    assert len(once(redis)) == 2500
    assert admin.json("audit", "verify")[0]["faults"] == []


def test_interrupted_before_anything_is_written(redis, private):
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        fake.on("DISCARD", then=lambda: process.send_signal(signal.SIGINT))
        process = running(admin, 2500)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert "nothing is changed" in json.loads(err)["error"]["message"]
    assert redis.client().xlen(AUDIT) == 1


@pytest.mark.parametrize("carried_out", [True, False])
def test_the_link_is_lost_for_good(redis, private, carried_out):
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        fake.on("EXEC")
        fake.on("EXEC", (lambda real: b"") if carried_out else b"", end="fin",
                then=lambda: setattr(fake, "upstream", NOWHERE))
        process = running(admin, 2500)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (4, "")
    assert "the first 1000 of 2500 hosts are done" \
        in json.loads(err)["error"]["message"]

    admin = servers.Admin(redis, private / "admin")
    admin("init", "--yes")
    again = json.loads(put(admin, lines(2500), "--yes", "--json").stdout)
    assert len(again["changed"]) == 1500 - 1000 * carried_out
    assert len(once(redis)) == 2500


def test_the_link_is_lost_between(redis, private):
    """And is not needed to know how far it came."""
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        fake.on("EXEC", then=lambda: fake.on("WATCH", b"", end="fin"))
        process = running(admin, 2500)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "the first 1000 of 2500 hosts are done" \
        in json.loads(err)["error"]["message"]
    assert len(json.loads(out)["changed"]) == 1000


def test_the_link_is_lost_and_found(redis, private):
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        fake.on("EXEC")
        fake.on("EXEC", lambda real: b"", end="fin")
        process = running(admin, 2500)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(json.loads(out)["changed"]) == 2500
    assert len(once(redis)) == 2500


def test_beside_busy_writers(redis, private):
    """A transaction of more than 200 entries never wins here."""
    with FakeRedis(redis.socket, private) as fake, redis.client() as client:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        seen = [fake.seen["XADD"]]

        def busy(raw):
            seen.append(fake.seen["XADD"])
            if seen[-1] - seen[-2] > 200:
                client.hincrby(LOCKS, "busy.example", 1)
            return raw

        fake.on("EXEC", times=1000, request=busy)
        done = json.loads(put(admin, lines(1500), "--yes", "--json",
                              timeout=120).stdout)
    assert len(done["changed"]) == 1500
    assert int(redis.client().hget(LOCKS, "busy.example")) >= 3
    assert len(once(redis)) == 1500


def test_transactions_grow_again(redis, private):
    """Once nobody is in the way any more."""
    with FakeRedis(redis.socket, private) as fake, redis.client() as client:
        admin = servers.Admin(fake, private / "admin")
        admin("init")

        def busy(raw):
            client.hincrby(LOCKS, "busy.example", 1)
            return raw

        fake.on("EXEC", times=10, request=busy)
        put(admin, lines(1500), "--yes", timeout=120)
        assert int(client.hget(LOCKS, "busy.example")) == 10
        assert fake.seen["EXEC"] < 100
    assert len(once(redis)) == 1500


def test_the_same_request_goes_on(redis, private):
    """What it has done is left alone, whatever became of it since."""
    request = ["--yes", "--request-id", "r1"]
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        fake.on("EXEC")
        fake.on("EXEC", b"-OOM command not allowed\r\n")
        done = put(admin, lines(1005), *request, check=False)
        assert done.returncode == 3, done.stderr
        fake.heal()

        admin("unlock", "h1.example")
        length = redis.client().xlen(AUDIT)
        assert length == 1002
        again = json.loads(put(admin, lines(1005), *request, "--json").stdout)
        assert again == {"changed": [f"h{i}.example" for i in range(1005)],
                         "unchanged": [], "first_seq": 2,
                         "last_seq": length + 5, "request_id": "r1"}
        assert redis.client().xlen(AUDIT) == length + 5
        assert admin.json("status", "h1.example")[0]["stage"] == "open"

        before = there(redis)
        text = put(admin, lines(1005), *request).stdout
        assert text == "1005 changed, 0 unchanged, entries 2 to 1007\n"
        assert there(redis) == before


def test_a_request_with_another_list(known, redis):
    put(known, lines(3), "--request-id", "r1")
    before = there(redis)
    for text in lines(5), lines(3, when=2), lines(2):
        done = put(known, text, "--request-id", "r1", check=False)
        assert done.returncode == 2 and "belongs to another" in done.stderr
        assert "import h0.example and 2 more (entry 2)" in done.stderr
    done = known("lock", "h1.example", "--request-id", "r1", check=False)
    assert done.returncode == 2 and "belongs to another" in done.stderr
    assert there(redis) == before


def test_a_request_whose_list_changed_nothing(known, redis):
    text = "host,open_at\nh0.example,1\n"
    put(known, text)
    put(known, text, "--request-id", "r1")
    known("lock", "h0.example")
    before = there(redis)
    put(known, text, "--request-id", "r1")
    assert there(redis) == before


def test_one_signature_a_transaction(redis, admin):
    admin("keygen")
    admin("init")
    put(admin, lines(1500), "--yes")
    with redis.client() as client:
        signed = [ident for ident, entry in client.xrange(AUDIT)
                  if "sig" in entry]
    assert signed == ["1-0", "1001-0", "1501-0"]
    assert admin.json("audit", "verify")[0]["faults"] == []


@pytest.mark.parametrize("args, shown", [([], True), (["--quiet"], False),
                                         (["--json"], False)])
def test_progress_on_a_terminal(redis, private, args, shown):
    with FakeRedis(redis.socket, private) as fake:
        admin = servers.Admin(fake, private / "admin")
        admin("init")
        (admin.home / "list").write_text(lines(1500))
        fake.on("EXEC", then=lambda: time.sleep(0.5))
        terminal = Terminal(
            admin, *args, "import", admin.home / "list", "--yes",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        status, _ = terminal.end()
    said = terminal.read.decode()
    assert status == 0
    assert ("done 1000 of 1500" in said) == shown
    if shown:
        assert said.endswith("\r\x1b[K")
    else:
        assert said == ""


@pytest.mark.skipif(servers.ASAN, reason="counts time and memory")
def test_fifty_thousand(known, redis):
    """Quick, and in 64 MB."""
    (known.home / "list").write_text(lines(50000))
    with open(known.home / "out", "w") as out:
        process = subprocess.Popen(
            ["prlimit", "--data=67108864",
             *known.argv("--json", "import", "list", "--yes")], env=known.env,
            cwd=known.home, stdin=subprocess.DEVNULL, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    done = json.loads((known.home / "out").read_text())
    assert len(done["changed"]) == 50000
    assert redis.client().hlen(LOCKS) == 50000
    assert usage.ru_utime + usage.ru_stime < 5
