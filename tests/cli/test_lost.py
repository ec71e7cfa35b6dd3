# Copyright (C) 2026 paylock contributors
#
# Warnings when things are not as they seem: a mistyped name, a trail that is
# gone, hosts that nginx holds closed, a Redis that was emptied.

import json
import time

import pytest

from support import servers
from support.chain import AUDIT, LOCKS
from support.cli import answered
from support.nodes import head, reports, wait_report, write
from support.servers import AUDIT_USER, promised, wait_for

HOSTS = [f"h{i}.shop{i * 17}.example" for i in range(12)]


def warned(done, code):
    found = [json.loads(line) for line in done.stderr.splitlines()]
    return [one["warning"] for one in found
            if one.get("warning", {}).get("code") == code]


# mistyped


@pytest.fixture
def sites(known):
    known("lock", "acme.example", "www.widgets.example", "zebra.example")
    known("lock", ".suffix.example", "--yes")
    return known


@pytest.mark.parametrize("given, near", [
    ("acne.example", ["acme.example"]), ("acme.exmaple", ["acme.example"]),
    ("amce.exampl", ["acme.example"]), ("www.acme.example", ["acme.example"]),
    ("widgets.example", ["www.widgets.example"]),
    ("suffix.example", [".suffix.example"]),
    ("other.example", [])])
def test_unlock_what_has_no_record(sites, redis, given, near):
    """What is written stays written; but it is said."""
    done = sites("--json", "--dry-run", "unlock", given)
    [warning] = warned(done, "no_record")
    assert ("did you mean" in str(warning["mend"])) == bool(near)
    assert "reset" not in str(warning["mend"])
    assert not redis.client().hexists(LOCKS, given)

    done = sites("--json", "unlock", given)
    assert json.loads(done.stdout)["changed"] == [given]
    [warning] = warned(done, "no_record")
    assert warning["host"] == given
    assert f'no record of "{given}"' in warning["message"]
    for name in near:
        assert f'did you mean "{name}"?' in warning["mend"]
    assert f"paylock-admin reset {given}" in warning["mend"]
    record = json.loads(redis.client().hget(LOCKS, given))
    assert record["open_at"] == record["at"]
    assert sites("unlock", given).stderr == ""


def test_for_people(sites):
    done = sites("unlock", "acne.example", "acme.example")
    assert "acne.example: open since" in done.stdout
    mistyped, meant = done.stdout.splitlines()
    assert ", without a record before, entry 6" in mistyped
    assert "without" not in meant
    assert done.stderr.startswith('paylock-admin: warning: there was no record '
                                  'of "acne.example": did you mean '
                                  '"acme.example"?')
    assert sites("--quiet", "unlock", "acbe.example").stderr == ""


def test_reset_and_status_of_what_has_no_record(sites, redis):
    for command in "reset", "unprotect", "status":
        done = sites("--json", command, "acne.example", "acme.example",
                     "other.example")
        said = {w["host"]: w["mend"] for w in warned(done, "no_record")}
        assert said.pop("acne.example") == 'did you mean "acme.example"?'
        assert said == ({} if command == "status"
                        else {"other.example": None})
        sites("lock", "acme.example")
    assert not redis.client().hexists(LOCKS, "acne.example")


def test_what_a_suffix_locks(sites):
    """It is opened by a record of its own, as ever."""
    assert sites.json("status", "a.suffix.example")[0]["stage"] == "locked"
    done = sites("--json", "unlock", "a.suffix.example")
    assert len(warned(done, "no_record")) == 1
    assert sites.json("status", "a.suffix.example")[0]["stage"] == "open"


def test_near_ones_of_many_take_no_time(sites, redis):
    client = redis.client()
    for i in range(0, 300000, 10000):
        client.hset(LOCKS, mapping={
            f"h{j}.example": '{"at":1,"open_at":1}'
            for j in range(i, i + 10000)})
    started = time.monotonic()
    done = sites("--json", "unlock",
                 *(f"x{i}y{i}.example" for i in range(20)))
    assert time.monotonic() - started < promised(6)
    said = warned(done, "no_record")
    assert len(said) == 11 and "10 hosts more" in said[-1]["message"]


# a trail that is gone, nodes that hold


def lose(client, admin, private):
    client.delete(AUDIT)


def replace(client, admin, private):
    client.flushall()
    servers.Admin(admin.redis, private / "other")("init")


def cut_off(client, admin, private):
    [(ident, first), *_] = client.xrange(AUDIT)
    client.delete(AUDIT)
    client.xadd(AUDIT, first, ident)


@pytest.mark.parametrize("how, what", [
    (lose, "is gone"), (replace, "is another than"),
    (cut_off, "lacks the entry last seen")])
def test_the_trail_is_gone(known, redis, private, how, what):
    """Who looks is told, in one line, and sees what is there."""
    known("lock", "acme.example")
    for args in ["list"], ["status", "acme.example"]:
        assert known(*args).stderr == ""
    how(redis.client(), known, private)
    for args in ["list"], ["status", "acme.example"], ["list", "--held"]:
        done = known("--json", *args)
        [warning] = warned(done, "chain_differs")
        assert what in warning["message"] and "doctor" in warning["mend"]
        assert known("--quiet", *args).stderr == ""
        assert len(known(*args).stderr.splitlines()) == 1


def test_the_trail_is_gone_says_nginx(known, redis, private):
    """To who does not know the trail."""
    other = servers.Admin(redis, private / "other")
    known("lock", "acme.example")
    write(redis, "web1", head(redis))
    assert other("list").stderr == ""
    redis.client().delete(AUDIT)
    [warning] = warned(other("--json", "list"), "chain_differs")
    assert "is gone" in warning["message"]


def test_diverged(known, redis):
    known("lock", "acme.example")
    at = head(redis)
    write(redis, "web1", at)
    write(redis, "web2", at, state="diverged", held=3)
    write(redis, "web3", at, state="diverged", held=7)
    write(redis, "web4", at, state="diverged", held=99, age=60000)
    for args in ["list"], ["status", "acme.example"]:
        [warning] = warned(known("--json", *args), "diverged")
        assert warning["message"].startswith("2 nodes of nginx hold up to 7 ")
        assert "list --held" in warning["mend"]


# hosts that are held


def test_held_hosts(redis, admin, nginx):
    """Are listed by name, and adopt says that it opens them."""
    admin("init")
    admin("lock", *HOSTS, "--reason", "overdue")
    admin("lock", "kept.example", "late.example", "back.example")
    admin("unlock", "back.example")
    server = nginx("paylock_reconcile 200ms; paylock_node web1; " + "".join(
        f"server {{ server_name {host}; paylock on; "
        "location / { return 200; } }"
        for host in [*HOSTS, "kept.example", "late.example"]))
    server.allow("paylock:")
    server.wait_live(redis)
    wait_for("the locks", lambda: server.state(HOSTS[-1]) == "locked")
    assert admin.json("list", "--held") == []
    client = redis.client()
    with client.pipeline(transaction=True) as p:
        p.hdel(LOCKS, *HOSTS[:6])
        for host in HOSTS[6:]:
            p.hset(LOCKS, host, "open")
        p.execute()
    told = wait_report(redis, "web1", lambda r: r["state"] == "diverged")
    assert told["held"] >= len(HOSTS)

    env = admin.login(AUDIT_USER)
    held = admin.json("list", "--held", env=env)
    assert [one["host"] for one in held] == sorted(HOSTS)
    assert {(one["stage"], one["reason"]) for one in held} \
        == {("locked", "overdue")}
    assert all(one["seq"] for one in held)
    assert [one["host"] for one in
            admin.json("list", "--held", "--match", "h3.*")] == [HOSTS[3]]
    text = admin("list", "--held").stdout
    assert all(host in text for host in HOSTS)
    assert admin.json("list", "--held", "--stage", "open") == []
    assert [server.state(host) for host in HOSTS] == ["locked"] * len(HOSTS)

    # an entry for it ends the hold
    admin("unlock", HOSTS[0])
    admin("lock", HOSTS[11])
    held = [one["host"] for one in admin.json("list", "--held")]
    assert held == sorted(HOSTS[1:11])

    done = admin("--json", "adopt", check=False)
    message = json.loads(done.stderr)["error"]["message"]
    assert "It opens 10 sites that the trail says to be closed: h10." in message
    assert "; nginx holds up to " in message
    out = admin.json("--dry-run", "adopt")
    assert (out["opens"], out["held"] >= 10) == (10, True)
    done = admin("adopt", "--yes")
    assert "; it opens 10 sites that the trail says to be closed" in done.stdout
    server.wait_state(HOSTS[1], "open")
    assert admin.json("list", "--held") == []
    wait_report(redis, "web1", lambda r: not r.get("held"))
    assert "opens no site that the trail says is closed; nginx holds none" \
        in admin("--dry-run", "adopt").stdout


def test_held_is_what_is_less_closed(known, redis):
    """Not what is closed otherwise, open by the trail, planned, or no name."""
    client = redis.client()
    known("lock", "a.example", "b.example", "c.example", "d.example")
    known("lock", "ro.example", "--readonly", "now")
    known("lock", "plan.example", "--at", "+1d")
    known("lock", "notice.example", "--notice", "now")
    known("unlock", "o.example")
    client.hset(LOCKS, "a.example", '{"at":5,"readonly_at":5}')
    client.hset(LOCKS, "b.example", "1")
    client.hset(LOCKS, "c.example", '{"lock_at":"soon"}')
    client.hdel(LOCKS, "ro.example", "plan.example", "notice.example",
                "o.example")
    held = known.json("list", "--held")
    assert {one["host"]: one["stage"] for one in held} == {
        "a.example": "locked", "c.example": "locked", "ro.example": "readonly"}
    assert known.json("--dry-run", "adopt")["opens"] == 3


# init beside nodes that follow another trail


def test_init_beside_nodes_of_another_trail(known, redis, private, nginx):
    known("lock", "acme.example")
    server = nginx("paylock_node web1; server { server_name acme.example; "
                   "paylock on; }")
    wait_report(redis, "web1", lambda r: r["seq"] == 2)
    chain = head(redis)["chain"]
    redis.client().flushall()
    wait_for("the report", lambda: "web1" in reports(redis))
    other = servers.Admin(redis, private / "other")
    done = other("--json", "init", check=False)
    assert done.returncode == 2
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "confirm" and "--yes" in error["mend"]
    assert f'"web1", follows another audit trail: chain {chain}' \
        in error["message"]
    assert not redis.client().exists(AUDIT)

    status, _, err = answered(other, "n", "init")
    assert status == 1 and "paylock-admin adopt" in err and chain in err
    assert not redis.client().exists(AUDIT)
    assert not list((other.home).rglob("state/paylock/*"))

    assert other.json("init", "--yes")["created"] is True
    assert server.get(host="acme.example").status == 503
    server.allow("paylock:")


def test_init_where_nodes_follow_another_trail_than_this(known, redis,
                                                         private):
    for i in range(3):
        write(redis, f"web{i}", {**head(redis), "chain": "ab" * 16})
    other = servers.Admin(redis, private / "other")
    error = json.loads(other("--json", "init", check=False).stderr)["error"]
    assert "there is an audit trail already" in error["message"]
    assert '3 nodes of nginx, "web0" among them, follow another audit trail' \
        in error["message"]


def test_init_beside_nodes_of_this_trail(known, redis, private):
    write(redis, "web1", head(redis))
    write(redis, "web2", {"seq": 0, "chain": "", "hash": ""})
    other = servers.Admin(redis, private / "other")
    done = other("--json", "init", check=False)
    assert "web" not in json.loads(done.stderr)["error"]["message"]
    assert other.json("init", "--yes")["created"] is False
