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
from support.trail import Key, Trail

ALICE, BOB, MALLORY = Key(1), Key(2), Key(66)


def small(keys=(ALICE, BOB), entries=40, hosts=7):
    trail = Trail(5)
    trail.add(keys[0], {"action": "init"})
    for key in keys[1:]:
        trail.add(keys[0], {"action": "key-add", "subject": key.public})
    n = 0
    while len(trail.entries) < entries:
        trail.add(keys[n % len(keys)],
                  *(trail.change(f"h{(n + k) % hosts}.example",
                               "reset" if n % 5 == 4 else "lock")
                    for k in range(1 + n % 3)))
        n += 1
    return trail


@pytest.fixture
def trail(redis):
    trail = small()
    t.load(redis.client(), trail.entries, trail.locks)
    return trail


@pytest.fixture
def run(admin):
    """run(*options): the status, what is printed, and the errors."""
    def verify(*options, trust=ALICE.public):
        done = admin("--json", "audit", "verify", *options,
                     *(["--trust", trust] if trust else []), check=False)
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
    assert report["unsigned"] == report["missing"] == report["differ"] == 0
    assert report["genesis"] == ALICE.public
    assert report["records"] == len([r for r in trail.locks.values() if r])
    assert report["from"] < report["to"]
    for key in report["keys"]:
        assert key["entries"] == sum(
            e["key"] == key["key"] for _, e in trail.entries)
        assert key["revoked"] is None
    assert len(report["keys"]) == 2
    v = verify.verify_stream(stream(redis.client()), genesis=ALICE.public)
    assert (v.seq, v.hash) == (report["seq"], report["hash"])
    text = admin("audit", "verify", "--trust", ALICE.public).stdout
    for part in (trail.chain, trail.hash, ALICE.public, BOB.public):
        assert part in text
    assert admin("--quiet", "audit", "verify", "--trust",
                 ALICE.public).stdout == ""


def test_nothing_known(run, trail):
    """What is in Redis does not vouch for itself."""
    status, report, errors = run(trust=None)
    assert (status, report) == (1, None)
    assert errors[0]["error"]["code"] == "chain_unknown"
    status, report, _ = run(trust=BOB.public)
    assert (status, faults(report)) == (10, [("key", 1)])
    status, _, errors = run(trust="abc")
    assert status in (1, 2) and errors


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
    edited, moved_id, junk, deleted, trimmed, shortened, cut_in_a_transaction,
    foreign, unsigned, of_another_realm])
def test_tampered(tamper, run, trail, redis):
    client = redis.client()
    status, fault = tamper(client, trail)
    code, report, errors = run()
    assert code == status
    assert faults(report)[0] == fault
    assert errors[-1]["error"]["code"] == fault[0]
    if fault[0] != "rollback":
        with pytest.raises(verify.Fault) as found:
            verify.verify_stream(stream(client), genesis=ALICE.public)
        assert (found.value.kind, found.value.seq) == fault


# witnesses

def twin(trail, cut):
    """The same up to an entry, and another end, as long."""
    other = small()
    other.entries = [e for e in other.entries if e[0] <= cut]
    other.locks = {e["host"]: e.get("after", "") for _, e in other.entries
                   if "host" in e}
    while other.seq < trail.seq + 2:
        other.add(ALICE, other.change("other.example"))
    return other


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

    # cut off: what is left is good by itself
    cut = ends(trail)[-3]
    put(client, [(f"{n}-0", e) for n, e in trail.entries if n <= cut])
    status, report, errors = run(*options)
    assert (status, faults(report)) == (11, [("rollback", trail.seq)])
    assert name in errors[-1]["error"]["message"]

    # gone on another way from there
    other = twin(trail, cut)
    put(client, [(f"{n}-0", e) for n, e in other.entries])
    status, report, errors = run(*options)
    assert (status, faults(report)) == (10, [("fork", trail.seq)])
    assert name in errors[-1]["error"]["message"]

    # and declared, by a key that counts
    other.add(BOB, {"action": "adopt", "reason": "entries lost"}, skip=4)
    t.load(client, other.entries[-1:])
    client.delete(LOCKS)
    t.load(client, [], other.locks)
    status, report, errors = run(*options)
    assert (status, faults(report)) == (0, [])
    assert report["witnesses"][0]["state"] == "adopted"
    assert report["missing"] == 4
    assert [e["warning"]["code"] for e in errors] \
        == ["node"] * (witness == "node") + ["missing"]


def test_a_whole_other_trail(run, admin, trail, redis):
    admin("init", "--yes")
    other = Trail(77)
    other.add(ALICE, {"action": "init"})
    while other.seq < 60:
        other.add(ALICE, other.change("h1.example"))
    put(redis.client(), [(f"{n}-0", e) for n, e in other.entries])
    for options in ({}, {"trust": None}):
        status, report, errors = run(**options)
        assert (status, faults(report)[0]) == (10, ("fork", 1))
    redis.client().delete(AUDIT)
    status, report, _ = run()
    assert (status, faults(report)) == (11, [("rollback", trail.seq)])


def test_a_checkpoint_vouches(run, trail, private):
    """As the only thing that is known from outside."""
    kept = private / "kept"
    kept.write_text(t.checkpoint(BOB, *trail.head()))
    status, report, _ = run("--checkpoint", kept, trust=None)
    assert status == 0 and report["genesis"] == ALICE.public
    for text, word in (("", "form"), (kept.read_text()[:-2], "form"),
                       (kept.read_text().replace("time 1", "time 2"),
                        "signature"),
                       (t.checkpoint(BOB, *trail.head(), "staging"),
                        'of the realm "staging"')):
        kept.write_text(text)
        status, _, errors = run("--checkpoint", kept)
        assert status == 1 and word in errors[-1]["error"]["message"]
    status, _, errors = run("--checkpoint", private / "nothing")
    assert status == 1
    assert "nothing" in errors[-1]["error"]["message"]


def test_a_trail_that_began_without_a_key(run, redis, admin):
    trail = Trail(8)
    trail.add(None, {"action": "init"})
    for n in range(5):
        trail.add(None, trail.change(f"h{n}.example"),
                  trail.change("h9.example"))
    client = redis.client()
    t.load(client, trail.entries, trail.locks)
    admin("init", "--yes")
    status, report, errors = run(trust=None)
    assert (status, report["unsigned"], report["keys"]) == (0, 11, [])
    assert errors[0]["warning"]["code"] == "unsigned"
    # it is known to be signed: then it is forged
    status, report, _ = run()
    assert (status, faults(report)) == (10, [("signature", 1)])

    trail.add(ALICE, {"action": "key-add", "subject": ALICE.public})
    trail.add(ALICE, trail.change("h2.example"))
    t.load(client, trail.entries[-2:], trail.locks)
    status, report, errors = run()
    assert (status, report["unsigned"]) == (0, 11)
    assert "entry 12" in errors[0]["warning"]["message"]
    trail.add(None, trail.change("h2.example"))
    t.load(client, trail.entries[-1:], trail.locks)
    status, report, _ = run()
    assert (status, faults(report)) == (10, [("signature", 14)])


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


def test_a_notice_is_no_record(run, trail, redis):
    client = redis.client()
    client.hset(LOCKS, "hand.example", "locked")
    trail.add(BOB, {"action": "notice", "host": "hand.example",
                    "before": "locked", "after": "locked"})
    t.load(client, trail.entries[-1:])
    status, report, _ = run()
    assert (status, report["hosts"]) == (12, ["hand.example"])


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
    status, _, errors = run()
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
    assert shown["entries"] + shown["leaves"] == len(trail.entries)
    assert oct(path.stat().st_mode & 0o777) == "0o600"

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["host"] == "h3.example"
    assert lines[0]["genesis"] == ALICE.public
    hosts = {item.get("host") for item in lines[1:] if "leaf" not in item}
    assert hosts == {None, "h3.example"}
    others = [item for item in lines if "leaf" in item]
    assert others and all(item.keys() <= {"seq", "leaf", "key", "sig"}
                          for item in others)
    assert any("sig" not in item for item in others)
    assert "".join(t.leaves(trail.entries, "h3.example")) \
        .count("sig") == path.read_text().count("sig")

    # offline, by both; and the whole trail
    redis.stop()
    status, report, _ = run(path)
    assert (status, report["leaves"]) == (0, len(others))
    v = verify.verify_export(path.read_text(), ALICE.public)
    assert v.hash == report["hash"] == trail.hash
    status, report, errors = run(path, trust=None)
    assert status == 1 and errors[-1]["error"]["code"] == "trust"
    assert ALICE.public in errors[-1]["error"]["message"]


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
    good = (t.header(*trail.head(), ALICE.public)
            + "".join(t.entry_line(*e) for e in trail.entries))
    bad = good.replace('"seq":20,', '"seq":20,"reason":"paid",')
    (private / "x").write_text(good + bad + good)
    done = subprocess.run(
        [servers.CLI, "--json", "audit", "verify", private / "x", "--trust",
         ALICE.public], env={"HOME": str(private)}, text=True,
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
            f"hash {trail.hash}\n").encode()
    begin = time.process_time()
    for _ in range(2000):
        key.verify(signed, text)
    one = (time.process_time() - begin) / 2000
    rate = ENTRIES / seconds
    print(f"{rate:.0f} entries/s of {1 / one:.0f} signatures/s, "
          f"{memory} KiB")
    assert rate > min(5000, 0.4 / one)
    assert memory[ENTRIES] < memory[2000] + 2048
