# Copyright (C) 2026 paylock contributors
#
# audit verify on Redis: witnesses, records, writers at the same time, exports,
# and the time and memory it takes.

import json
import os
import resource
import signal
import subprocess
import threading
import time

import pytest

from oracle import verify
from support import servers, trail as t
from support.chain import AUDIT, LOCKS, NODES
from support.cli import signers_of
from support.trail import Key, Trail

ALICE, BOB, MALLORY = Key(1), Key(2), Key(66)


def small(keys=(ALICE, BOB), entries=40, hosts=7):
    trail = Trail(5)
    trail.add(keys[0], {"action": "init"})
    n = 0
    while len(trail.entries) < entries:
        trail.add(keys[n % len(keys)],
                  *(trail.change(f"h{(n + k) % hosts}.example",
                               "reset" if n % 5 == 4 else "lock")
                    for k in range(1 + n % 3)))
        n += 1
    return trail


@pytest.fixture
def trail(redis, admin):
    """A trail of two signers, who count."""
    trail = small()
    t.load(redis.client(), trail.entries, trail.locks)
    t.signers_file(signers_of(admin), ALICE, BOB)
    return trail


@pytest.fixture
def run(admin):
    """run(*options): the status, what is printed, and the errors."""
    def verify(*options):
        done = admin("--json", "audit", "verify", *options, check=False)
        report = json.loads(done.stdout) if done.stdout else None
        errors = [json.loads(line) for line in done.stderr.splitlines()]
        return done.returncode, report, errors
    return verify


def faults(report):
    return [(fault["kind"], fault["seq"]) for fault in report["faults"]]


def stream(client):
    return client.xrange(AUDIT)


def put(client, entries):
    client.delete(AUDIT)
    for id, entry in entries:
        client.xadd(AUDIT, entry, id=id)


def test_what_is_printed(run, admin, trail, redis):
    status, report, errors = run()
    assert (status, errors) == (0, [])
    assert report["chain"] == trail.chain
    assert (report["first"], report["seq"]) == (1, trail.seq)
    assert report["hash"] == trail.hash
    assert report["entries"] == len(trail.entries)
    assert report["unsigned"] == report["differ"] == 0
    assert report["signers"] is True and report["given_up"] == []
    assert report["records"] == len([r for r in trail.locks.values() if r])
    assert report["from"] < report["to"]
    assert [key["signer"] for key in report["keys"]] == ["signer0", "signer1"]
    for key in report["keys"]:
        own = [seq for seq, e in trail.entries if e["key"] == key["key"]]
        assert (key["first"], key["entries"]) == (own[0], len(own))
    text = admin("audit", "verify").stdout
    v = verify.verify_stream(stream(redis.client()),
                             signers=signers_of(admin).read_text())
    assert (v.seq, v.hash) == (report["seq"], report["hash"])
    for part in (trail.chain, trail.hash, "signer0 " + ALICE.public,
                 "signer1 " + BOB.public):
        assert part in text
    assert admin("--quiet", "audit", "verify").stdout == ""


def test_nothing_known(run, trail, admin, private):
    """What is in Redis does not vouch for itself."""
    away = private / "away"
    signers_of(admin).rename(away)
    status, report, errors = run()
    assert (status, report) == (1, None)
    assert errors[0]["error"]["code"] == "chain_unknown"
    assert run("--signers", away)[0] == 0
    status, report, _ = run("--trust", BOB.public)
    assert (status, faults(report)) == (10, [("key", 1)])
    status, _, errors = run("--trust", "abc")
    assert status == 2
    assert "neither a public key" in errors[0]["error"]["message"]


def test_a_key_that_is_trusted_for_once(run, trail, admin):
    t.signers_file(signers_of(admin), ALICE)
    second = next(seq for seq, e in trail.entries if e["key"] == BOB.public)
    assert faults(run()[1]) == [("key", second)]
    status, report, _ = run("--trust", BOB.public)
    assert (status, [key["signer"] for key in report["keys"]]) \
        == (0, ["signer0", "--trust"])
    assert run("--trust", ALICE.public)[0] == 10


def edited(client, trail):
    entries = stream(client)
    entries[19][1]["reason"] = "paid"
    put(client, entries)
    return 10, ("edit", 20)


def moved_id(client, trail):
    entries = stream(client)
    entries.insert(5, ("5-1", dict(entries[5][1])))
    put(client, entries)
    return 10, ("edit", 6)


def junk(client, trail):
    client.xadd(AUDIT, {"a": "b"}, id=f"{trail.seq + 1}-0")
    return 10, ("edit", trail.seq + 1)


def of_another_realm(client, trail):
    """As a restored copy under another name would write it."""
    trail.add(BOB, trail.change("h1.example"))
    entry = trail.entries[-1][1]
    entry["sig"] = BOB.sign_entry(entry, "staging")
    t.load(client, trail.entries[-1:])
    return 10, ("signature", trail.seq)


def deleted(client, trail):
    client.xdel(AUDIT, "20-0", "21-0")
    return 11, ("gap", 20)


def trimmed(client, trail):
    client.xtrim(AUDIT, minid="10-0", approximate=False)
    return 11, ("gap", 1)


def shortened(client, trail):
    """Redis itself remembers the highest id."""
    ends = [seq for seq, e in trail.entries if "sig" in e]
    for seq in range(ends[-2] + 1, trail.seq + 1):
        client.xdel(AUDIT, f"{seq}-0")
    return 11, ("rollback", trail.seq)


def behind_the_last(client, trail):
    """An id that no entry has."""
    client.execute_command("XSETID", AUDIT, f"{trail.seq}-7")
    return 11, ("rollback", trail.seq + 1)


def cut_in_a_transaction(client, trail):
    seq = [seq for seq, e in trail.entries if "sig" not in e][-1]
    put(client, [(f"{n}-0", e) for n, e in trail.entries if n <= seq])
    return 10, ("signature", seq)


def foreign(client, trail):
    trail.add(MALLORY, trail.change("h1.example"))
    t.load(client, trail.entries[-1:])
    return 10, ("key", trail.seq)


def unsigned(client, trail):
    trail.add(None, trail.change("h1.example"))
    t.load(client, trail.entries[-1:])
    return 10, ("signature", trail.seq)


@pytest.mark.parametrize("tamper", [
    edited, moved_id, junk, deleted, trimmed, shortened, behind_the_last,
    cut_in_a_transaction, foreign, unsigned, of_another_realm])
def test_tampered(tamper, run, trail, redis):
    """audit/test_verify.py asks the oracle as well."""
    status, fault = tamper(redis.client(), trail)
    code, report, errors = run()
    assert code == status
    assert faults(report) == [fault]
    assert errors[-1]["error"]["code"] == fault[0]


# witnesses

def twin(trail, cut):
    """The same up to an entry, and another end, as long."""
    other = small().cut(cut)
    while other.seq < trail.seq + 2:
        other.add(ALICE, other.change("other.example"))
    return other


def put_trail(client, trail):
    put(client, [(f"{seq}-0", e) for seq, e in trail.entries])
    client.delete(LOCKS)
    t.load(client, [], trail.locks)


def ends(trail):
    return [seq for seq, e in trail.entries if "sig" in e]


@pytest.mark.parametrize("witness", ["machine", "checkpoint", "node"])
def test_witnesses(witness, run, admin, trail, redis, private):
    client = redis.client()
    options = []
    name = {"machine": "this machine", "node": 'nginx "web1"',
            "checkpoint": f'the checkpoint "{private / "kept"}"'}[witness]
    if witness == "machine":
        admin("init", "--yes")
    elif witness == "checkpoint":
        (private / "kept").write_text(t.checkpoint(BOB, *trail.head()))
        options = ["--checkpoint", private / "kept"]
    else:
        client.hset(NODES, "web1", json.dumps(
            {"chain": trail.chain, "seq": trail.seq, "hash": trail.hash}))
        client.hset(NODES, "web2", "nonsense")

    status, report, _ = run(*options)
    assert status == 0
    assert report["witnesses"] == [
        {"name": name, "seq": trail.seq, "state": "fits"}]
    node = witness == "node"

    def found(status, kind, message):
        """What a node says, anybody with its rights could say."""
        code, report, errors = run(*options)
        assert (code, faults(report)) == (
            (0, []) if node else (status, [(kind, trail.seq)]))
        last = errors[-1]["warning" if node else "error"]
        assert last["code"] == kind
        assert name in last["message"] and message in last["message"]
        return report

    # cut off: what is left is good by itself
    kept = trail.cut(ends(trail)[-3])
    put_trail(client, kept)
    found(11, "rollback", f"the trail ends after entry {kept.seq}")

    # declared by a signer: it is told, and by whom it was given up
    kept.adopt(BOB, last=trail.seq, hash=trail.hash)
    put_trail(client, kept)
    report = found(11, "rollback",
                   f"was given up by entry {kept.seq} of signer1")
    assert report["witnesses"][0]["state"] == "given up"
    assert report["given_up"] == [
        {"adopt": kept.seq, "signer": "signer1", "chain": trail.chain,
         "first": ends(trail)[-3] + 1, "last": trail.seq}]

    # gone on another way from there, and then declared
    other = twin(trail, ends(trail)[-3])
    put_trail(client, other)
    found(10, "fork", f"entry {trail.seq} is not the one")
    other.adopt(BOB, last=other.seq + 4)
    put_trail(client, other)
    report = found(10, "fork", f"entry {trail.seq} is not the one")
    assert report["witnesses"][0]["state"] == "differs"


def test_what_was_given_up_is_remembered_no_more(run, admin, trail, redis):
    """Once it was said, the next change or init accepts it."""
    admin("init", "--yes")
    kept = trail.cut(ends(trail)[-3])
    kept.adopt(BOB, last=trail.seq, hash=trail.hash)
    put_trail(redis.client(), kept)
    assert run()[0] == run()[0] == 11
    admin("init")
    assert run()[0] == 0


def test_a_whole_other_trail(run, admin, trail, redis):
    admin("init", "--yes")
    other = Trail(77)
    other.add(ALICE, {"action": "init"})
    while other.seq < 60:
        other.add(ALICE, other.change("h1.example"))
    put_trail(redis.client(), other)
    status, report, errors = run()
    assert (status, faults(report)) == (10, [("fork", trail.seq)])
    assert "remembers chain" in errors[-1]["error"]["message"]
    redis.client().delete(AUDIT)
    status, report, _ = run()
    assert status == 11
    assert ("rollback", trail.seq) in faults(report)


def test_a_checkpoint(run, trail, admin, private):
    """It counts if its signer does."""
    kept = private / "kept"
    kept.write_text(t.checkpoint(BOB, *trail.head()))
    assert run("--checkpoint", kept)[0] == 0
    for text, word in (("", "form"), (kept.read_text()[:-2], "form"),
                       (kept.read_text().replace("time 1", "time 2"),
                        "signature"),
                       (t.checkpoint(BOB, *trail.head(), "staging"),
                        "of another realm"),
                       (t.checkpoint(MALLORY, *trail.head()),
                        f"signed by {MALLORY.public}, which does not count")):
        kept.write_text(text)
        status, _, errors = run("--checkpoint", kept)
        assert status == 1 and word in errors[-1]["error"]["message"]
    assert "--trust" in errors[-1]["error"]["mend"]
    assert run("--checkpoint", kept, "--trust", MALLORY.public)[0] == 0
    status, _, errors = run("--checkpoint", private / "nothing")
    assert status == 1
    assert "nothing" in errors[-1]["error"]["message"]

    # signed after its key was revoked
    kept.write_text(t.checkpoint(BOB, *trail.head()))
    end = trail.entries[ends(trail)[-3] - 1]
    t.signers_file(signers_of(admin), ALICE, t.signer(
        "bob", BOB, until=(end[0], end[1]["hash"])))
    status, _, errors = run("--checkpoint", kept)
    assert status == 1
    assert "does not count" in errors[-1]["error"]["message"]


def test_without_signers(run, redis, admin, private):
    """Nobody is known: hashes and links are all that can be checked."""
    trail = Trail(8)
    trail.add(None, {"action": "init"})
    for n in range(5):
        trail.add(None, trail.change(f"h{n}.example"),
                  trail.change("h9.example"))
    client = redis.client()
    t.load(client, trail.entries, trail.locks)
    admin("init", "--yes")
    status, report, errors = run()
    assert (status, report["unsigned"], report["keys"]) == (0, 11, [])
    assert report["signers"] is False
    assert errors[0]["warning"]["code"] == "unsigned"

    # a signature has to be the key's; whose it is nobody knows
    trail.add(MALLORY, trail.change("h2.example"))
    trail.add(None, trail.change("h2.example"))
    t.load(client, trail.entries[-2:], trail.locks)
    status, report, _ = run()
    assert (status, report["unsigned"]) == (0, 12)
    assert report["keys"] == [{"key": MALLORY.public, "signer": None,
                               "first": 12, "entries": 1}]
    trail.add(MALLORY, trail.change("h2.example"))
    trail.entries[-1][1]["sig"] = "0" * 128
    t.load(client, trail.entries[-1:], trail.locks)
    status, report, _ = run()
    assert (status, faults(report)) == (10, [("signature", 14)])

    # with signers it is nothing
    t.signers_file(signers_of(admin), ALICE)
    status, report, _ = run()
    assert (status, faults(report)) == (10, [("signature", 1)])


def test_without_signers_or_witnesses(admin, redis, run, trail, private):
    """It fits together, which says nothing."""
    path = private / "export"
    admin("audit", "export", "-o", path)
    signers_of(admin).unlink()
    status, report, errors = run(path)
    assert (status, report["faults"]) == (1, [])
    assert errors[-1]["error"]["code"] == "trust"
    assert run(path, "--trust", ALICE.public, "--trust", BOB.public)[0] == 10


# records

def test_records_by_hand(run, trail, redis):
    client = redis.client()
    there = sorted(h for h, r in trail.locks.items() if r)
    gone = sorted(h for h, r in trail.locks.items() if not r)
    assert there and gone

    def check(*hosts):
        status, report, errors = run()
        assert (status, report["differ"]) == (12, len(hosts))
        assert report["hosts"] == sorted(hosts)[:10]
        assert faults(report) == [("flags", None)]

    client.hset(LOCKS, "hand.example", "locked")
    check("hand.example")
    client.hdel(LOCKS, there[0])
    check("hand.example", there[0])
    client.hset(LOCKS, there[1], "1")
    check("hand.example", *there[:2])
    client.hset(LOCKS, gone[0], "0")
    check("hand.example", *there[:2], gone[0])
    client.hdel(LOCKS, "hand.example")
    many = [f"m{n}.example" for n in range(12)]
    for host in many:
        client.hset(LOCKS, host, "locked")
    check(*there[:2], gone[0], *many)
    # a trail that is bad is worse
    client.xdel(AUDIT, "9-0")
    assert run()[0] == 11


def test_a_record_by_hand_does_not_become_honest(run, trail, redis, admin):
    """Not by the next entry for that host, only by an adopt."""
    there = next(h for h, r in trail.locks.items() if r)
    for host, before in ("new.example", "locked"), (there, "open"):
        trail.locks[host] = before
        trail.add(BOB, trail.change(host))
        wrong = trail.seq
        trail.add(BOB, trail.change(host))
        t.load(redis.client(), trail.entries[-2:], trail.locks)
        status, report, errors = run()
        assert (status, faults(report)) == (12, [("flags", wrong)])
        assert f"entry {wrong} does not go on" in errors[-1]["error"]["message"]
        assert "adopt" in errors[-1]["error"]["mend"]
        trail.adopt(ALICE)
        t.load(redis.client(), trail.entries[-1:])
        assert run()[0] == 0

    # one that only says so
    trail.locks[there] = "open"
    trail.add(BOB, trail.change(there))
    wrong = trail.seq
    t.load(redis.client(), trail.entries[-1:], trail.locks)
    trail.adopt(ALICE, sign=False)
    t.load(redis.client(), trail.entries[-1:])
    status, report, _ = run()
    assert status == 10 and ("flags", wrong) in faults(report)


def test_records_that_an_adopt_has_kept(run, trail, redis):
    """No entry wrote them, and their first entry finds them."""
    trail.adopt(ALICE)
    trail.locks["kept.example"] = "locked"
    trail.add(BOB, trail.change("kept.example"))
    first = trail.seq
    trail.locks["kept.example"] = "open"
    trail.add(BOB, trail.change("kept.example"))
    t.load(redis.client(), trail.entries[-3:], trail.locks)
    assert faults(run()[1]) == [("flags", first + 1)]


def test_a_notice_makes_no_record_honest(run, trail, redis):
    client = redis.client()
    hand = json.dumps({"at": 1000, "lock_at": 1000})
    client.hset(LOCKS, "hand.example", hand)
    trail.add(BOB, {"action": "notice", "host": "hand.example",
                    "before": hand})
    t.load(client, trail.entries[-1:])
    status, report, _ = run()
    assert (status, faults(report)) == (12, [("flags", trail.seq)])


def test_others_write_meanwhile(redis, admin):
    """Nobody is accused who writes while we read."""
    admin("init")
    admin("lock", *(f"h{n}.example" for n in range(300)), "--yes")
    ending = threading.Event()

    def write(n):
        while not ending.is_set():
            admin("lock", f"h{n}.example", f"w{n}.example", f"x{n}.example")
            admin("unlock", f"w{n}.example")
            admin("reset", f"x{n}.example", f"h{n + 10}.example")

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    try:
        seqs = [admin.json("audit", "verify")[0]["seq"] for _ in range(25)]
    finally:
        ending.set()
        for writer in writers:
            writer.join()
    assert seqs == sorted(seqs) and seqs[-1] > seqs[0]
    # one who writes by hand is, all the same
    redis.client().hset(LOCKS, "hand.example", "locked")
    assert admin("audit", "verify", check=False).returncode == 12


def test_clocks(run, redis):
    trail = Trail(9)
    trail.add(ALICE, {"action": "init"})
    trail.time -= 7200000
    trail.add(ALICE, trail.change("h1.example"))
    trail.time = (time.time_ns() // 1000000) + 86400000
    trail.add(ALICE, trail.change("h1.example"))
    t.load(redis.client(), trail.entries, trail.locks)
    status, _, errors = run("--trust", ALICE.public)
    assert status == 0
    back, ahead = (e["warning"] for e in errors)
    assert back["code"] == ahead["code"] == "clock"
    assert "entry 2" in back["message"] and "yet to come" in ahead["message"]


# files

def test_export(admin, run, trail, redis, private):
    path = private / "export"
    shown = admin.json("audit", "export", "--host", "H3.example", "-o",
                       path)[0]
    assert shown["seq"] == trail.seq
    first, *lines = path.read_text().splitlines(keepends=True)
    assert json.loads(first)["host"] == "h3.example"
    assert lines == t.path(trail.entries, "h3.example")
    others = [text for text in lines if "leaf" in json.loads(text)]
    assert (shown["entries"], shown["leaves"]) == (len(lines) - len(others),
                                                   len(others))
    assert others and len(lines) < len(trail.entries)

    # offline
    redis.stop()
    status, report, _ = run(path)
    assert (status, report["leaves"]) == (0, len(others))
    assert report["hash"] == trail.hash
    v = verify.verify_export(path.read_text(),
                             signers_of(admin).read_text())
    assert v.hash == trail.hash
    t.signers_file(signers_of(admin), ALICE)
    assert run(path)[0] == 10
    signers_of(admin).unlink()
    status, report, errors = run(path)
    assert status == 1 and errors[-1]["error"]["code"] == "trust"


def test_export_of_suffixes(admin):
    admin("init")
    admin("lock", "acme.example", "www.acme.example", "x.acme.example",
          "other.example")
    admin("lock", ".acme.example", "*.example", "--yes")

    def hosts(*options):
        text = admin("audit", "export", *options).stdout
        assert admin("audit", "verify", "-", input=text).returncode == 0
        return [item["host"] for item in map(json.loads, text.splitlines()[1:])
                if item.get("host")]

    assert hosts("--host", "acme.example") == [
        "acme.example", ".acme.example", "*.example"]
    assert hosts("--host", "www.acme.example") == [
        "acme.example", "www.acme.example", ".acme.example", "*.example"]
    assert hosts("--host", ".acme.example") == [
        "acme.example", "www.acme.example", "x.acme.example",
        ".acme.example", "*.example"]
    assert len(hosts()) == 6


def test_export_of_a_bad_trail(admin, run, trail, redis, private):
    """It is written as it is, and says so."""
    redis.client().xdel(AUDIT, "20-0")
    path = private / "export"
    done = admin("audit", "export", "-o", path)
    assert "entry 20 is missing" in done.stderr
    status, report, _ = run(path)
    assert (status, faults(report)) == (11, [("gap", 20)])


def test_files_are_not_lost(admin, trail, private):
    path = private / "export"
    path.write_text("mine")
    done = admin("audit", "export", "-o", path, check=False)
    assert done.returncode == 1 and "is there already" in done.stderr
    assert path.read_text() == "mine"
    admin("audit", "export", "-o", path, "--yes")
    assert path.read_text().startswith('{"format"')
    done = admin("audit", "export", "-o", private, "--yes", check=False)
    assert done.returncode == 1 and "not empty" in done.stderr
    done = admin("audit", "export", "-o", "/dev/null", "--yes", check=False)
    assert done.returncode == 1 and "no file" in done.stderr
    done = admin("audit", "export", "-o", private / "no" / "x", check=False)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert not list(private.glob("export.*"))


def test_a_full_disk(admin, trail, private):
    path = private / "export"

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    done = subprocess.run(
        admin.argv("audit", "export", "-o", path), env=admin.env, text=True,
        capture_output=True, preexec_fn=limit, timeout=120)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert not list(private.glob("export*"))
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            admin.argv("audit", "export"), env=admin.env, text=True,
            stdout=full, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 1 and "could not be written" in done.stderr


@pytest.mark.parametrize("text, word", [
    ("", "empty"), ("hello\n", "line 1"), ('{"seq":1}\n', "line 1"),
    ('{"format":"paylock audit export 1"}\n', "another format"),
    ('{"format":"paylock audit export 2"}\n', "lacks")])
def test_no_export(text, word, admin, private):
    (private / "x").write_text(text)
    done = admin("audit", "verify", private / "x", check=False)
    assert done.returncode == 1 and word in done.stderr


def test_many_exports_in_one_file(run, private, trail):
    good = (t.header(*trail.head())
            + "".join(t.entry_line(*e) for e in trail.entries))
    bad = good.replace('"seq":20,', '"seq":20,"reason":"paid",')
    (private / "x").write_text(good + bad + good)
    signers = t.signers_file(private / "signers", ALICE, BOB)
    done = subprocess.run(
        [servers.CLI, "--json", "audit", "verify", private / "x", "--signers",
         signers], env={"HOME": str(private)}, text=True,
        capture_output=True, timeout=120)
    assert done.returncode == 10
    assert [len(json.loads(text)["faults"]) for text in
            done.stdout.splitlines()] == [0, 1, 0]


# what it costs

def cost(admin):
    """Seconds of CPU and the most memory in KiB, as verify runs."""
    argv = admin.argv("--json", "audit", "verify", "--trust", ALICE.public)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(os.devnull, "w") as null:
        p = subprocess.Popen(argv, env={**admin.env,
                                        **admin.login(servers.AUDIT_USER)},
                             stdout=null, stderr=null)
        most = 0
        while p.poll() is None:
            try:
                with open(f"/proc/{p.pid}/status") as status:
                    most = max([most, *(int(line.split()[1])
                                        for line in status
                                        if line.startswith("VmHWM"))])
            except (FileNotFoundError, ProcessLookupError):
                pass
            time.sleep(0.02)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert p.returncode == 0
    return (after.ru_utime + after.ru_stime - before.ru_utime
            - before.ru_stime), most


ENTRIES = int(os.environ.get("PAYLOCK_VERIFY_ENTRIES", "20000"))


@pytest.mark.skipif(servers.ASAN, reason="takes memory of its own")
def test_cost(redis, admin):
    """A signature for each entry: 5,000 a second on one core, and memory for
    hosts, not for entries."""
    client = redis.client()
    trail = Trail(3)
    trail.add(ALICE, {"action": "init"})
    memory, done = {}, 0
    for n in (2000, ENTRIES):
        while len(trail.entries) < n:
            trail.add(ALICE, trail.change(
                f"h{len(trail.entries) % 200}.example", reason="overdue"))
        for i in range(done, n, 5000):
            t.load(client, trail.entries[i:i + 5000])
        done = n
        t.load(client, [], trail.locks)
        seconds, memory[n] = cost(admin)
    # a machine that is slow at Ed25519 is so for us, too
    key = ALICE.private.public_key()
    signed = bytes.fromhex(trail.entries[-1][1]["sig"])
    text = (f"paylock audit signature 2\nrealm -\n"
            f"hash {trail.hash}\n"
            f"root {trail.entries[-1][1]['root']}\n").encode()
    begin = time.process_time()
    for _ in range(2000):
        key.verify(signed, text)
    one = (time.process_time() - begin) / 2000
    rate = ENTRIES / seconds
    print(f"{rate:.0f} entries/s of {1 / one:.0f} signatures/s, "
          f"{memory} KiB")
    assert rate > min(5000, 0.4 / one)
    assert memory[ENTRIES] < memory[2000] + 2048
