# Copyright (C) 2026 paylock contributors
#
# A Redis that lost entries or records: every command but adopt refuses to
# change it.  And what adopt writes.

import json
import re
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, LOCKS, NODES, entry_hash
from support.cli import answered, failed, remembered as memory


def last(client):
    [(ident, fields)] = client.xrevrange(AUDIT, count=1)
    return ident, fields


def cut(client, *idents):
    """Entries are gone as after a failover: the last id is as well."""
    entries = [e for e in client.xrange(AUDIT) if e[0] not in idents]
    client.delete(AUDIT)
    for ident, fields in entries:
        client.xadd(AUDIT, fields, ident)


@pytest.fixture
def lost(known, redis):
    """57 entries of which the last two are lost."""
    known("lock", *(f"h{i}.example" for i in range(56)), "--yes")
    cut(redis.client(), "56-0", "57-0")
    return known


def test_adopt_after_a_lost_tail(lost, redis):
    client = redis.client()
    _, head = last(client)
    before = memory(lost)
    assert before["seq"] == "57"

    for command in "lock", "unlock", "reset":
        error = failed(lost("--json", command, "a.example", check=False), 1,
                       "chain_differs")
        assert "adopt" in error["mend"]

    out = lost.json("adopt", "--yes", env={"PAYLOCK_ACTOR": "alice"})

    ident, entry = last(client)
    assert ident == "58-0"
    assert entry["action"] == "adopt"
    assert not {"host", "before", "after"} & set(entry)
    assert entry["chain"] == head["chain"]
    assert entry["prev"] == head["hash"]
    assert entry["actor"] == "alice"
    assert entry["reason"] == (f"entry 55 stays; entries 56-57 of chain "
                               f"{head['chain']} are given up")
    assert entry["lost"] == f"{head['chain']} 56 57 {before['hash']}"
    assert entry["resumes"] == f"55 {head['hash']}"
    assert re.fullmatch("[0-9a-f]{32}", entry["request"])
    assert entry["hash"] == entry_hash(58, entry)
    assert out == {"chain": entry["chain"], "seq": 58, "hash": entry["hash"],
                   "reason": entry["reason"], "lost": entry["lost"],
                   "resumes": entry["resumes"], "opens": 0, "restored": 0,
                   "unknown": 0, "held": None}
    assert memory(lost)["seq"] == "58"
    assert memory(lost)["hash"] == entry["hash"]

    assert lost.json("lock", "a.example")["first_seq"] == 59
    assert last(client)[1]["prev"] == entry["hash"]


@pytest.mark.parametrize("command", [["adopt", "--yes"], ["audit", "verify"]])
def test_what_is_too_large_is_named(known, redis, command):
    redis.client().xadd(AUDIT, {"v": "x" * (17 << 20)})
    done = known("--json", *command, check=False)
    error = failed(done, 1, "protocol")
    assert "17825792 bytes" in error["message"]
    assert AUDIT in error["message"].split("it was asked for ")[1]


def test_a_huge_record_is_one_that_differs(known, redis):
    known("lock", "a.example")
    redis.client().hset(LOCKS, "a.example", "x" * (17 << 20))
    done = known("--json", "audit", "verify", check=False)
    assert "a.example" in failed(done, 12, "flags")["message"]
    known("adopt", "--yes")


def test_adopt_after_flushall(known, redis):
    known("lock", "a.example", "b.example")
    before = memory(known)
    redis.client().flushall()
    known("adopt", "--yes")
    ident, entry = last(redis.client())
    assert ident == "4-0"
    assert entry["chain"] == before["chain"]
    assert entry["prev"] == before["hash"]
    assert entry["reason"] == (f"no entry stays; entries 1-3 of chain "
                               f"{before['chain']} are given up")
    assert entry["lost"] == f"{before['chain']} 1 3 {before['hash']}"
    assert "resumes" not in entry
    known("lock", "a.example")
    assert [e["seq"] for e in known.json("audit", "log")] == [4, 5]


def test_adopt_with_nothing_known_takes_the_chain_of_the_stream(
        lost, redis, private):
    other = servers.Admin(redis, private / "other")
    out = other.json("adopt", "--yes")
    assert out["seq"] == 56
    assert out["chain"] == last(redis.client())[1]["chain"]
    assert out["reason"] == "entry 55 stays; nothing is given up"
    other("lock", "x.example")


def test_adopt_without_any_chain(admin, redis):
    error = failed(admin("--json", "adopt", "--yes", check=False), 1,
                   "chain_unknown")
    assert "init" in error["mend"]
    redis.client().hset(LOCKS, "a.example", "1")
    failed(admin("--json", "adopt", "--yes", check=False), 1, "chain_unknown")
    assert redis.client().keys() == [LOCKS]
    assert not (admin.home / "state").exists()


def test_adopt_another_chain(known, redis, private):
    client = redis.client()
    known("lock", "a.example", "b.example")
    before = memory(known)
    client.flushall()
    other = servers.Admin(redis, private / "other")
    other("init")
    other("lock", "c.example")

    for command in ["lock", "x.example"], ["init"], ["init", "--yes"]:
        error = failed(known("--json", *command, check=False), 1,
                       "chain_differs")
        assert "adopt" in error["mend"]
    assert client.xlen(AUDIT) == 2

    out = known.json("adopt", "--yes")
    assert out["seq"] == 4
    assert out["chain"] == memory(other)["chain"] != before["chain"]
    assert out["reason"] == (f"entry 2 stays; entries 1-3 of chain "
                             f"{before['chain']} are given up")
    assert out["lost"].startswith(f"{before['chain']} 1 3 ")
    known("lock", "x.example")
    other("lock", "y.example")


def test_what_nginx_reports_is_only_shown(lost, redis):
    """Whoever may write to Redis can report for it: --known takes it over."""
    client = redis.client()
    client.hset(NODES, mapping={
        "web1": '{"seq":60,"state":"diverged"}', "web2": '{"seq":7}',
        "web3": '{}', "junk": "x", "minus": '{"seq":-1}',
        "text": '{"seq":"99"}', "far": '{"seq":9223372036854775807}'})
    done = lost("--json", "adopt", check=False)
    message = json.loads(done.stderr.splitlines()[-1])["error"]["message"]
    assert "by entry 58 of chain" in message
    assert message.endswith("A node of nginx reports entry 60: if it does, "
                            "give it with --known")
    hash = "ab" * 32
    done = lost("--json", "adopt", "--yes", "--known", f"60:{hash}")
    assert json.loads(done.stdout)["seq"] == 61
    assert json.loads(done.stdout)["lost"].split()[1:] == ["56", "60", hash]
    assert sorted(re.search(r'for "(\w+)"', json.loads(line)["warning"]
                            ["message"])[1]
                  for line in done.stderr.splitlines()[:-1]) \
        == ["far", "junk", "minus", "text"]
    assert "no signers file" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", [
    "", "58", ":" + "a" * 64, "58:" + "a" * 63, "58:" + "A" * 64,
    "0:" + "a" * 64, "9223372036854775808:" + "a" * 64, "-1:" + "a" * 64])
def test_known_is_a_number_and_a_hash(lost, words):
    error = failed(lost("--json", "adopt", "--yes", "--known", words,
                        check=False), 2, "known")
    assert "SEQ:HASH" in error["message"]


def test_known_on_a_machine_that_remembers_nothing(lost, redis, private):
    """It is of the chain that is there."""
    other = servers.Admin(redis, private / "other")
    out = other.json("adopt", "--yes", "--known", f"60:{'ab' * 32}")
    chain = last(redis.client())[1]["chain"]
    assert (out["seq"], out["lost"]) \
        == (61, f"{chain} 56 60 {'ab' * 32}")
    redis.client().flushall()
    other = servers.Admin(redis, private / "another")
    failed(other("--json", "adopt", "--yes", "--known", f"60:{'ab' * 32}",
                 check=False), 1, "chain_unknown")


def test_adopt_where_nothing_is_lost(known, redis):
    """The records are gone, the trail is not: nginx holds them until then."""
    known("lock", "a.example")
    redis.client().delete(LOCKS)
    assert known.json("adopt", "--yes")["reason"] \
        == "entry 2 stays; nothing is given up"
    assert known.json("adopt", "--yes")["seq"] == 4


def test_adopt_asks(lost, redis):
    client = redis.client()
    error = failed(lost("--json", "adopt", check=False), 2, "confirm")
    assert "--yes" in error["mend"]
    assert "entries 56-57 of chain" in error["message"]
    assert client.xlen(AUDIT) == 55

    for answer, status in ("n", 1), ("y", 0):
        done, _, err = answered(lost, answer, "adopt")
        assert done == status
        assert "56 records" in err and "entry 58" in err
        assert memory(lost)["seq"] == ("58" if status == 0 else "57")


def test_adopt_dry_run(lost, redis):
    before = memory(lost)
    out = lost.json("adopt", "--dry-run")
    assert (out["seq"], out["hash"]) == (58, None)
    assert lost("adopt", "--dry-run").stdout.startswith("would be adopted: ")
    assert redis.client().xlen(AUDIT) == 55
    assert memory(lost) == before


# another machine that knows the same chain


def test_a_loss_that_another_machine_adopted(known, redis, private):
    client = redis.client()
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    known("lock", "a.example", "b.example", "c.example")
    other("lock", "d.example")
    cut(client, "4-0", "5-0")

    failed(known("--json", "lock", "x.example", check=False), 1,
           "chain_differs")
    other("adopt", "--yes")
    assert last(client)[0] == "6-0"
    other("lock", "y.example")
    assert known.json("lock", "x.example")["first_seq"] == 8
    assert known.json("init")["seq"] == 8


def test_an_adopt_below_what_is_known_here_declares_nothing(
        known, redis, private):
    """The machine that adopted had seen less: our own loss is not known."""
    client = redis.client()
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    known("lock", *(f"h{i}.example" for i in range(5)))
    client.delete(LOCKS)
    cut(client, *(f"{i}-0" for i in range(2, 7)))
    other("adopt", "--yes")
    assert last(client)[0] == "2-0"
    failed(known("--json", "lock", "x.example", check=False), 1,
           "chain_differs")
    other("lock", *(f"g{i}.example" for i in range(9)))
    failed(known("--json", "lock", "x.example", check=False), 1,
           "chain_differs")
    out = known.json("adopt", "--yes")
    assert (out["seq"], out["resumes"].split()[0]) == (12, "11")
    assert out["lost"].split()[1:3] == ["6", "6"]   # another stays there


def test_a_forged_adopt_without_its_hash_declares_nothing(lost, redis):
    client = redis.client()
    _, head = last(client)
    forged = {**head, "action": "adopt", "host": "", "before": "",
              "after": "", "prev": head["hash"]}
    client.xadd(AUDIT, forged, "58-0")
    error = failed(lost("--json", "lock", "x.example", check=False), 1,
                   "chain_broken")
    assert "hash" in error["message"]


def test_a_stream_that_was_trimmed_below_what_is_known(known, redis, private):
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    other("lock", "a.example", "b.example")
    redis.client().xtrim(AUDIT, maxlen=1, approximate=False)
    failed(known("--json", "lock", "x.example", check=False), 1,
           "chain_differs")
    other("lock", "c.example")
    assert known.json("adopt", "--yes")["seq"] == 5


# a stream whose end is none


def test_adopt_behind_what_is_no_entry(known, redis):
    client = redis.client()
    known("lock", "a.example")
    _, head = last(client)
    client.xadd(AUDIT, {"x": "y"}, "9-3")
    client.xadd(AUDIT, {"x": "y"}, "9-4")
    failed(known("--json", "lock", "x.example", check=False), 1,
           "chain_broken")
    out = known.json("adopt", "--yes")
    assert out["seq"] == 10
    assert (out["resumes"], out["lost"].split()[1:3]) \
        == (f"2 {head['hash']}", ["3", "9"])
    assert last(client)[1]["prev"] == head["hash"]
    known("lock", "x.example")


def test_adopt_behind_an_edited_entry(known, redis):
    client = redis.client()
    known("lock", "a.example")
    ident, head = last(client)
    cut(client, ident)
    client.xadd(AUDIT, {**head, "reason": "paid"}, ident)
    out = known.json("adopt", "--yes")
    assert out["seq"] == 3
    assert last(client)[1]["prev"] == head["hash"]
    known("lock", "x.example")


@pytest.mark.parametrize("remove", [
    lambda client: client.xdel(AUDIT, "3-0"),
    lambda client: client.xtrim(AUDIT, 0, approximate=False)])
def test_adopt_where_the_last_entry_was_deleted(known, redis, private,
                                                remove):
    """Nobody here has seen it, but its id is used up."""
    client = redis.client()
    other = servers.Admin(redis, private / "other")
    other("init", "--yes")
    other("lock", "a.example", "b.example")
    remove(client)
    assert known.json("adopt", "--yes")["seq"] == 4
    known("lock", "x.example")


@pytest.mark.parametrize("ident", [
    "18446744073709551615-18446744073709551615", "18446744073709551615-0",
    "9223372036854775807-0", "9223372036854775807-7"])
def test_a_stream_that_is_used_up(known, redis, ident):
    client = redis.client()
    known("lock", "a.example")
    _, head = last(client)
    seq, n = map(int, ident.split("-"))
    entry = {**head, "prev": head["hash"]}
    entry["hash"] = entry_hash(seq, entry)
    client.xadd(AUDIT, entry, ident)
    before = client.xrange(AUDIT), client.hgetall(LOCKS)

    for command in ["lock", "x.example"], ["adopt", "--yes"]:
        done = known("--json", *command, check=False)
        error = json.loads(done.stderr)["error"]
        assert done.returncode == 1
        assert "adopt" in error["mend"]
        if command[0] == "adopt" or n == 0:
            assert error["code"] == "exhausted"
    assert (client.xrange(AUDIT), client.hgetall(LOCKS)) == before

    # the mend that is named
    client.rename(AUDIT, "old")
    assert known.json("adopt", "--yes")["seq"] == 3
    known("lock", "x.example")


def test_keys_of_another_type_are_not_adopted(known, redis):
    client = redis.client()
    client.delete(AUDIT)
    client.set(AUDIT, "x")
    error = failed(known("--json", "adopt", "--yes", check=False), 1, "type")
    assert AUDIT in error["message"]
    client.delete(AUDIT)
    client.set(NODES, "x")
    failed(known("--json", "adopt", "--yes", check=False), 1, "type")
    assert not client.exists(AUDIT)


def test_the_check_of_the_documentation_accepts_it(lost, redis, private):
    lost("adopt", "--yes")
    lost("lock", "x.example")
    text = (servers.ROOT / "docs/audit-format.md").read_text()
    script = private / "check.py"
    script.write_text(re.search(r"(?ms)^```python\n(.*?)^```$", text)[1])

    def check():
        return subprocess.run(
            ["/usr/bin/python3", script, f"unix://{redis.socket}"], text=True,
            capture_output=True, timeout=120)

    done = check()
    assert done.returncode == 0, done.stderr
    assert "entry 58 gives up: " in done.stdout
    assert "the last entry is 59" in done.stdout

    redis.client().flushall()
    lost("adopt", "--yes")
    lost("lock", "x.example")
    done = check()
    assert done.returncode == 0, done.stderr
    assert "entry 60 gives up: " in done.stdout
    assert "the last entry is 61" in done.stdout

    # a gap without one is found
    cut(redis.client(), "60-0")
    assert check().returncode == 1
