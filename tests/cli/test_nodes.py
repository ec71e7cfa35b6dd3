# Copyright (C) 2026 paylock contributors
#
# The reports of each nginx in Redis, nodes, and --wait.

import json
import os
import re
import signal
import threading
import time

import pytest

from support.chain import (AUDIT, HOSTS, LOCKED, LOCKS, NODES, Chain,
                           closed_hosts, count, logged)
from support.fake_redis import FakeRedis
from support.nodes import head, now, reports, wait_report, write
from support.servers import NGINX_USER, ROOT, Nginx, promised, wait_for

SITE = """
    paylock_node %s;
    server { server_name acme.example; paylock on; location / { return 200; } }
"""


# the reports

def test_report(redis, admin, nginx):
    """After each change, and every few seconds."""
    admin("init")
    server = nginx(SITE % "web1")
    server.wait_live()
    admin("lock", "acme.example", "b.example")
    told = wait_report(redis, "web1", lambda r: r["seq"] == 3)
    shown = json.loads(re.search(
        r"(?ms)^## What each nginx reports$.*?^```json\n(.*?)^```$",
        (ROOT / "docs/redis.md").read_text())[1])
    assert list(told) == list(shown)
    assert {type(v) for v in told.values()} == {int, str}
    assert {name: told[name] for name in head(redis)} == head(redis)
    assert (told["state"], told["records"], told["held"]) == ("live", 2, 0)
    assert abs(told["time"] - now(redis)) < 60000
    assert abs(told["ahead"]) < 60000
    later = wait_report(redis, "web1", lambda r: r["time"] > told["time"])
    assert later["seq"] == 3
    assert later["time"] - told["time"] > 2000


def test_hostname_is_the_default(redis, admin, nginx):
    admin("init")
    for name in "paylock_node $hostname;", "":
        redis.client().delete(NODES)
        server = nginx(name + "server { paylock on; }")
        wait_report(redis, os.uname().nodename.lower())
        server.stop()


@pytest.mark.parametrize("bad, why", [
    ('""', "1 to 128 bytes"), ("x" * 129, "1 to 128 bytes"),
    ('"a b"', "visible ASCII"), ("caf\u00e9", "visible ASCII"),
    ("$host", "takes no variable"), ("$hostname-2", "takes no variable"),
    ("a; paylock_node b", "is duplicate")])
def test_bad_name(private, bad, why):
    done = Nginx(private / "bad").test(SITE % bad)
    assert done.returncode == 1
    assert why in done.stderr and '"paylock_node"' in done.stderr


def test_many_changes_in_a_row(redis, nginx):
    """Not a report each; but the last one is told as soon as the first."""
    chain = Chain(redis).init()
    with FakeRedis(redis.socket) as fake:
        server = nginx(SITE % "web1", redis=fake)
        wait_report(redis, "web1")
        before, start = fake.seen["HSET"], time.monotonic()
        for i in range(400):
            chain.write((f"h{i}.example", LOCKED))
        told = wait_report(redis, "web1", lambda r: r["seq"] == chain.seq,
                           promised(5))
        took = time.monotonic() - start
        assert told["hash"] == chain.hash and told["records"] == 400
        written = fake.seen["HSET"] - before
        print(f"{written} reports of 400 changes in {took:.2f} s")
        assert 1 <= written <= took * 55 + 5
        assert count(server, "paylock: Redis") == 0


@pytest.mark.parametrize("deny, allow, mend", [
    (("ACL", "SETUSER", NGINX_USER, "clearselectors"),
     ("ACL", "SETUSER", NGINX_USER, "(%W~{paylock}:nodes +hset)"),
     f'NOPERM.*user "{NGINX_USER}" needs .*init --acl'),
    (("SET", NODES, "x"), ("DEL", NODES), 'WRONGTYPE.* do not see it$')])
def test_refused(redis, admin, nginx, deny, allow, mend):
    """Records are followed all the same, on the same connection; it is said
    once, and told again when it may be."""
    admin("init")
    server = nginx(SITE % "web1")
    wait_report(redis, "web1")
    control = redis.client()
    client, = (c["id"] for c in control.client_list()
               if c["name"] == "paylock-nginx")
    control.delete(NODES)
    control.execute_command(*deny)
    for command, state in [("lock", "locked"), ("unlock", "open")] * 3:
        admin(command, "acme.example")
        server.wait_state("acme.example", state)
    logged(server, r'\[warn\] .*refuses the report of this nginx in '
           rf'"\{{paylock\}}:nodes": (?m:{mend})')
    control.execute_command(*allow)
    wait_report(redis, "web1", lambda r: r["seq"] == head(redis)["seq"])
    assert count(server, "refuses the report") == 1
    assert [c["id"] for c in control.client_list()
            if c["name"] == "paylock-nginx"] == [client]


def test_another_worker(redis, admin, nginx):
    """Whoever follows Redis reports; a new name leaves the old one there."""
    admin("init")
    server = nginx(SITE % "web1", workers=2)
    server.allow("exited on signal 9")
    server.allow("was locked by")
    told = wait_report(redis, "web1")
    owner = int(re.findall(r"\[notice\] (\d+)#\d+: paylock: this worker",
                           server.error_log())[-1])
    os.kill(owner, signal.SIGKILL)
    admin("lock", "acme.example")
    wait_report(redis, "web1", lambda r: r["seq"] == 2)
    server.reload(SITE % "other")
    admin("unlock", "acme.example")
    wait_report(redis, "other", lambda r: r["seq"] == 3)
    assert told.keys() == reports(redis)["web1"].keys()


def test_state(redis, admin, nginx):
    """What is held, and what was seen and is lost, is told.  For the trail it
    is a warning, as others could have written the report."""
    chain = Chain(redis).init()
    server = closed_hosts(nginx, chain)
    server.allow("does not go on from")
    client = redis.client()
    kept = client.xrange(AUDIT)
    chain.write(("late.example", LOCKED))
    wait_report(redis, os.uname().nodename.lower(),
                lambda r: r["seq"] == chain.seq)
    lost = chain.seq, chain.hash
    with client.pipeline(transaction=True) as p:
        p.delete(AUDIT, LOCKS)
        for id, entry in kept:
            p.xadd(AUDIT, entry, id=id)
        p.execute()
    told = wait_report(redis, os.uname().nodename.lower(),
                       lambda r: r["state"] == "diverged")
    assert told["held"] == len(HOSTS) + 1
    assert told["seq"] == lost[0] - 1
    assert (told["furthest"]["seq"], told["furthest"]["hash"]) == lost
    shown, = admin.json("nodes")
    assert (shown["state"], shown["lag"], shown["held"]) \
        == ("diverged", 0, told["held"])
    admin("init", "--yes")
    done = admin("--json", "audit", "verify", check=False)
    witness, = json.loads(done.stdout)["witnesses"][-1:]
    assert (witness["seq"], witness["state"]) == (lost[0], "missing")
    assert any(json.loads(line).get("warning", {}).get("code") == "rollback"
               for line in done.stderr.splitlines())
    assert done.returncode == 12            # the records are gone


def test_stale(redis, nginx):
    """As far as Redis can be reached."""
    chain = Chain(redis).init()
    server = nginx(SITE % "web1")
    wait_report(redis, "web1", lambda r: r["state"] == "live")
    server.allow("the entry after 1 of|the last entry of")
    chain.client.xadd(AUDIT, {"no": "entry"}, id=f"{chain.seq + 1}-0")
    wait_report(redis, "web1", lambda r: r["state"] == "stale")
    chain.client.xdel(AUDIT, f"{chain.seq + 1}-0")
    wait_report(redis, "web1", lambda r: r["state"] == "live")


# paylock-admin nodes

def test_list(redis, admin):
    admin("init")
    admin("lock", "acme.example")
    assert admin("nodes").stdout == "" and admin.json("nodes") == []
    at = head(redis)
    write(redis, "web1", at)
    write(redis, "web2", {**at, "seq": 1}, age=16000, ahead=-3600000)
    write(redis, "web3", {**at, "chain": "0" * 32}, state="stale", held=3)
    write(redis, "web4", at, age=-60000)
    redis.client().hset(NODES, "junk", "[]")
    done = admin("--json", "nodes")
    nodes = {node["node"]: node
             for node in map(json.loads, done.stdout.splitlines())}
    assert list(nodes) == ["web1", "web2", "web3", "web4"]
    assert [n["silent"] for n in nodes.values()] == [False, True, False, True]
    assert [n["lag"] for n in nodes.values()] == [0, 1, None, 0]
    assert nodes["web2"]["ahead_ms"] == -3600000
    assert 16000 <= nodes["web2"]["age_ms"] < 60000
    assert json.loads(done.stderr)["warning"]["code"] == "node"
    rows = [re.split(r"  +", line.strip())
            for line in admin("nodes").stdout.splitlines()]
    assert rows[0] == ["NODE", "STATE", "LAG", "WRITTEN", "ENTRY", "RECORDS",
                       "HELD", "CLOCK", "VERSION"]
    assert [row[1] for row in rows[1:]] == ["live", "silent", "stale", "silent"]
    assert "-3600 s" in rows[2]


def test_hostile_reports(redis, admin):
    """No text of theirs reaches the terminal as it is."""
    admin("init")
    evil = "a\x1b[2J\r\u202eb"
    write(redis, evil, head(redis), state=evil, version=evil)
    redis.client().hset(NODES, evil + "2", "x")
    write(redis, "x" * 5000, head(redis))
    done = admin("nodes")
    for text in done.stdout, done.stderr:
        assert "\\x1b" in text.lower()
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    assert admin("nodes", "forget", evil, evil + "2").returncode == 0
    assert list(reports(redis)) == ["x" * 5000]


LARGE = 17 * 1024 * 1024


@pytest.fixture
def flooded(redis, admin):
    """A good report among such as only who means harm writes, as nginx's user
    may: what is too large, in value or in name."""
    admin("init")
    with redis.client() as client:
        client.hset(NODES, "large", "x" * LARGE)
        client.hset(NODES, "y" * LARGE, json.dumps(head(redis)))
        client.hset(NODES, "over", json.dumps({"x": "x" * 4096}))
        client.hset(NODES, "list", "[]")
    write(redis, "web1", head(redis))
    return admin


def test_large_reports_are_passed_over_and_named(flooded, redis):
    """By every command that looks at the reports; none fetches them."""
    control = redis.client()
    env = flooded.login("paylock-op")
    for command in (["nodes"], ["audit", "verify"],
                    ["lock", "acme.example", "--wait=1"], ["adopt", "--yes"]):
        done = flooded("--json", *command, env=env, check=False)
        assert done.returncode == (3 if "--wait=1" in command else 0), done
        said = [json.loads(line)["warning"] for line in
                done.stderr.splitlines() if '"warning"' in line]
        names = [re.search('holds for "(.*?)" is no report', warning["message"])
                 for warning in said if warning["code"] == "node"]
        assert [name[1][:9] for name in names] == [
            "large", "list", "over", "y" * 9]
        assert "4096 bytes" in said[0]["message"]
        assert "nodes forget" in said[0]["mend"]
        assert "administrator of Redis" in said[3]["mend"]
    done = flooded("--json", "doctor", env=env, check=False)
    bad = [one for one in json.loads(done.stdout)
           if one["result"] == "problem" and one["check"] == "nodes"]
    assert len(bad) == 4
    # the name comes, as nothing else tells of it; the value does not
    control.hdel(NODES, "y" * LARGE)
    before = control.info("stats")["total_net_output_bytes"]
    for command in ["nodes"], ["audit", "verify"], ["adopt", "--yes"]:
        flooded(*command, env=env)
    assert (control.info("stats")["total_net_output_bytes"] - before) < 200_000


def test_forget_does_not_read_large_reports(flooded, redis):
    env = flooded.login("paylock-op")
    done = flooded("nodes", "forget", "large", "over", "list", "none",
                   env=env, check=False)
    assert done.returncode == 3 and 'a node "none"' in done.stderr
    assert done.stdout == "large: forgotten\nover: forgotten\n" \
                          "list: forgotten\n"
    assert sorted(redis.client().hkeys(NODES)) == ["web1", "y" * LARGE]


def test_more_fields_than_are_looked_at(redis, admin):
    admin("init")
    client = redis.client()
    for i in range(0, 70000, 10000):
        client.hset(NODES, mapping={f"n{j}": "1" for j in range(i, i + 10000)})
    done = admin("--json", "nodes")
    said = [json.loads(line)["warning"] for line in done.stderr.splitlines()]
    assert len(said) == 11
    assert "holds 70000 fields" in said[-1]["message"]
    assert "administrator of Redis" in said[-1]["mend"]
    done = admin("--json", "doctor", check=False)
    said = [one["message"] for one in json.loads(done.stdout)
            if one["check"] == "nodes"]
    assert len(said) == 11 and "holds 70000 fields" in said[-1]
    admin("lock", "acme.example")
    admin("adopt", "--yes")


def test_forget(redis, admin):
    admin("init")
    for name in "web1", "web2", "web3":
        write(redis, name, head(redis), age=20000)
    assert admin("--dry-run", "nodes", "forget", "web1").stdout \
        == "web1: would be forgotten\n"
    assert len(reports(redis)) == 3
    assert admin("nodes", "forget", "web1").stdout == "web1: forgotten\n"
    done = admin("--json", "nodes", "forget", "web2", "web9", check=False)
    assert done.returncode == 3
    assert json.loads(done.stdout) == {"forgotten": ["web2"],
                                       "unknown": ["web9"]}
    done = admin("nodes", "forget", "web9", check=False)
    assert done.returncode == 1 and '"web9"' in done.stderr
    assert list(reports(redis)) == ["web3"]
    done = admin("nodes", "forget", "", check=False)
    assert done.returncode == 1 and 'a node "" in' in done.stderr
    assert admin("nodes", "forget", check=False).returncode == 2
    write(redis, "web3", head(redis))
    assert "will be there again" in admin("nodes", "forget", "web3").stderr


# --wait

@pytest.fixture
def three(redis, admin, nginx):
    admin("init")
    servers = [nginx(SITE % f"web{i}") for i in range(1, 4)]
    for i in range(1, 4):
        wait_report(redis, f"web{i}", lambda r: r["seq"] == 1)
    return servers


def test_wait(admin, three):
    """When it returns, it is so everywhere."""
    for command, word, status in [("lock", "locked", 503),
                                  ("unlock", "open", 200)] * 10:
        done = admin(command, "acme.example", "--wait")
        assert re.search(rf"(?m)^{word} on 3 of 3 nodes in \d+ ms$",
                         done.stdout)
        assert [server.get(host="acme.example").status
                for server in three] == [status] * 3
    shown = admin.json("lock", "acme.example", "--wait=5")
    assert shown["nodes"].keys() == {"live", "have", "ms", "missing", "silent",
                                     "dry_run"}
    assert (shown["nodes"]["have"], shown["nodes"]["missing"]) == (3, [])
    again = admin.json("lock", "acme.example", "--wait")
    assert again["changed"] == [] and again["nodes"]["have"] == 3
    assert "known on 3 of 3" in admin("reset", "acme.example", "--wait").stdout
    assert "known on 3 of 3" in admin("lock", "acme.example", "--at", "+1d",
                                      "--wait").stdout
    assert admin("--quiet", "lock", "acme.example", "--wait").stdout == ""


DRY = """
    paylock_node web1;
    server { server_name acme.example; paylock on; %s
             location / { return 200; }
             location /a { paylock_dry_run on; return 200; }
             location /b { paylock off; paylock_dry_run on; return 200; }
             location /c { if ($arg_x) { set $x 1; } return 200; } }
    server { server_name b.example; paylock_dry_run on; }
"""


def test_dry_run(redis, admin, nginx):
    """What only logs is said to do so, as soon as it is configured."""
    admin("keygen")
    admin("init")
    server = nginx(DRY % "")
    wait_report(redis, "web1", lambda r: r["dry_run"] == 1)
    server.reload(DRY % "paylock_dry_run on;")
    wait_report(redis, "web1", lambda r: r["dry_run"] == 4)
    done = admin("lock", "acme.example", "--wait")
    assert server.get(host="acme.example").status == 200
    assert re.search(r"locked on 1 of 1 node in \d+ ms; in dry run, which "
                     r"closes nothing and only logs: web1\n$", done.stdout)
    shown = admin.json("unlock", "acme.example", "--wait")["nodes"]
    assert (shown["have"], shown["dry_run"]) == (1, ["web1"])
    assert admin.json("nodes")[0]["dry_run"] == 4
    rows = [re.split(r"  +", line.strip())
            for line in admin("nodes").stdout.splitlines()]
    assert dict(zip(*rows))["DRY RUN"] == "yes"
    found = [one for one in json.loads(admin("--json", "doctor").stdout)
             if one["check"] == "nodes"]
    assert [one["result"] for one in found] == ["note", "ok"]
    assert '"web1" has dry run on in 4 servers and' in found[0]["message"]
    assert "paylock_dry_run on" in found[0]["mend"]

    server.reload(DRY.replace("paylock_dry_run on;", "") % "")
    wait_report(redis, "web1", lambda r: r["dry_run"] == 0)
    done = admin("lock", "acme.example", "--wait")
    assert re.search(r"locked on 1 of 1 node in \d+ ms\n$", done.stdout)
    assert server.get(host="acme.example").status == 503
    assert "DRY RUN" not in admin("nodes").stdout


def test_wait_is_short(admin, three):
    """Milliseconds, on a machine that has nothing else to do."""
    took = sorted(admin.json(("lock", "unlock")[i % 2], "acme.example",
                             "--wait")["nodes"]["ms"] for i in range(20))
    print("ms:", took)
    assert took[len(took) // 2] < promised(200)


def test_missing_and_silent(redis, admin):
    """Those that do not have it are named, those that are silent not waited
    for."""
    admin("init")
    at = head(redis)
    far = {**at, "seq": 10 ** 6}
    write(redis, "web1", far)
    write(redis, "web2", at)
    write(redis, "web3", at, age=3600000)
    start = time.monotonic()
    done = admin("--json", "lock", "acme.example", "--wait=1", check=False)
    assert 0.9 < time.monotonic() - start < promised(8)
    assert done.returncode == 3
    shown = json.loads(done.stdout)
    assert shown["changed"] == ["acme.example"]
    assert shown["nodes"]["missing"] == ["web2"]
    assert shown["nodes"]["silent"] == ["web3"]
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "wait" and "1 of 2 nodes" in error["message"]
    assert "missing: web2; silent: web3" in error["message"]

    # another chain's number says nothing, nor another entry of that number
    for odd in {**far, "chain": "0" * 32}, {**head(redis), "hash": "0" * 64}:
        write(redis, "web1", far)
        write(redis, "web2", odd)
        done = admin("lock", "acme.example", "--wait=1", check=False)
        assert done.returncode == 3 and "missing: web2" in done.stderr

    write(redis, "web1", far)
    redis.client().hdel(NODES, "web2")
    done = admin("unlock", "acme.example", "--wait=1")
    assert re.search(r"open on 1 of 1 node in \d+ ms; silent: web3", done.stdout)


def test_late(redis, admin):
    """It returns when the last one has it, not when time is up."""
    admin("init")
    write(redis, "web1", head(redis))
    done = []
    waiting = threading.Thread(target=lambda: done.append(
        admin.json("lock", "acme.example", "--wait=30")))
    start = time.monotonic()
    waiting.start()
    wait_for("the lock", lambda: head(redis)["seq"] == 2)
    time.sleep(0.5)
    assert waiting.is_alive()
    write(redis, "web1", head(redis))
    waiting.join()
    assert time.monotonic() - start < promised(20)
    assert done[0]["nodes"]["have"] == 1 and done[0]["nodes"]["ms"] >= 400


def test_nobody(redis, admin):
    admin("init")
    for prepare in (lambda: None,
                    lambda: write(redis, "web1", head(redis), age=20000)):
        prepare()
        start = time.monotonic()
        done = admin("lock", "acme.example", "--wait", check=False)
        assert done.returncode == 3
        assert time.monotonic() - start < promised(8)
        assert "acme.example: " in done.stdout
        assert "it is done, but no node of nginx" in done.stderr
        assert admin.json("status", "acme.example")[0]["stage"] == "locked"
    assert "silent: web1" in done.stderr


def test_nodes_cannot_be_read(redis, admin):
    admin("init")
    redis.client().set(NODES, "x")
    done = admin("--json", "lock", "acme.example", "--wait", check=False)
    assert done.returncode == 3
    assert json.loads(done.stdout)["changed"] == ["acme.example"]
    assert "is not known" in json.loads(done.stderr)["error"]["message"]


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "3601", "1s", " 1",
                                   "9" * 30])
def test_bad_seconds(redis, admin, value):
    admin("init")
    done = admin("lock", "acme.example", f"--wait={value}", check=False)
    assert done.returncode == 2 and "--wait" in done.stderr
    assert head(redis)["seq"] == 1


def test_dry_run_does_not_wait(admin):
    admin("init")
    done = admin("--dry-run", "lock", "acme.example", "--wait")
    assert "would be locked" in done.stdout
