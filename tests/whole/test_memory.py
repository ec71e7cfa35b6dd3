# Copyright (C) 2026 paylock contributors
#
# nginx under valgrind: errors, leaks, and what the gate does for an open host.

import collections
import http.client
import re

from support.chain import LOCKED, LOCKS, Chain
from support.servers import wait_for

SITES = """
    server { server_name acme.example; paylock on;
             location / { return 200 "acme"; } }
    server { server_name open.example www.open.example; paylock on;
             location / { return 200 "open"; } }
"""

# a process that does not fork, so that all happens where it is watched
MAIN = "master_process off;"


def ask(nginx, n, host):
    """n requests on one connection; the status that all had."""
    conn = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=120)
    seen = set()
    for _ in range(n):
        conn.request("GET", "/", headers={"Host": host})
        reply = conn.getresponse()
        reply.read()
        seen.add(reply.status)
    conn.close()
    assert len(seen) == 1
    return seen.pop()


def test_memcheck(nginx, redis, admin, private):
    """Connect, scan, 1,000 requests, changes, disconnect, quit: no error, and
    nothing of ours that nobody points to any more."""
    log = private / "memcheck.log"
    admin("init")
    admin("lock", "acme.example", "--reason", "overdue")
    server = nginx(SITES, workers=1, main=MAIN, under=(
        "valgrind", "--leak-check=full", "--keep-debuginfo=yes",
        "--show-leak-kinds=definite",
        f"--log-file={log}"))
    server.wait_live()

    assert ask(server, 300, "acme.example") == 503
    assert ask(server, 300, "open.example") == 200
    assert ask(server, 100, "unknown.example") == 503

    for i in range(10):
        admin("lock", f"h{i}.example", "open.example")
        admin("unlock", f"h{i}.example")
    server.wait_state("open.example", "locked")
    assert ask(server, 200, "open.example") == 503
    admin("reset", "open.example")

    redis.stop()
    wait_for("the loss to be noticed",
             lambda: "records stay in force" in server.error_log())
    assert ask(server, 100, "acme.example") == 503
    redis.start()
    server.wait_live()
    server.wait_state("open.example", "open")
    server.stop()
    clean(log)


def clean(log):
    text = log.read_text()
    assert "ERROR SUMMARY: " in text
    blocks = re.split(r"==\d+== \n", text)
    errors = [b for b in blocks
              if re.search(r"Invalid|uninitialised|Mismatched|overlap", b)
              or ("definitely lost in loss record" in b and "paylock" in b)]
    assert not errors, "\n".join(errors)


def test_memcheck_state(nginx, redis, admin, private):
    """The same of the state file: written, read again, written at the end."""
    log = private / "memcheck.log"
    admin("init")
    admin("lock", "acme.example", *(f"h{i}.example" for i in range(500)),
          "--yes")
    server = nginx("paylock_state @DIR@/state/paylock;" + SITES, workers=1,
                   main=MAIN, under=(
                       "valgrind", "--leak-check=full", "--keep-debuginfo=yes",
                       "--show-leak-kinds=definite", f"--log-file={log}"))
    file = server.dir / "state/paylock"
    wait_for("the file", file.exists)
    server.wait_state("h499.example", "locked")
    admin("lock", "last.example")
    server.wait_state("last.example", "locked")
    server.stop()
    clean(log)
    redis.stop()
    server.start()
    assert ask(server, 1, "acme.example") == 503
    redis.start()
    server.wait_live()
    admin("unlock", "acme.example")
    server.wait_state("acme.example", "open")
    server.stop()
    clean(log)


def callees(text):
    """Who calls whom in a callgrind profile: {caller: {callee: calls}}."""
    names = {}

    def name(field):
        number, given = re.match(r"\((\d+)\)(?: (.*))?", field).groups()
        if given:
            names[number] = re.sub(r"'\d+$", "", given)
        return names[number]

    calls = {}
    caller = callee = None
    for line in text.splitlines():
        if line.startswith("fn="):
            caller = name(line[3:])
        elif line.startswith("cfn="):
            callee = name(line[4:])
        elif line.startswith("calls="):
            at = calls.setdefault(caller, {})
            at[callee] = at.get(callee, 0) + int(line[6:].split()[0])
    return calls


# all that an open host may cost: a hash, a look, and what compares names

ALLOWED = re.compile(r"ngx_http_paylock_[\w.]+|paylock_timeline_[\w.]+|XXH[\w.]+"
                     r"|mem(cmp|cpy|set)\w*|__mem(cmp|cpy|set)\w*|bcmp"
                     r"|_dl_runtime_resolve\w*|\d+")

# what a filter hands on to: functions of a binary without their names

NEXT = re.compile(r"ngx_http_\w+_filter|0x[0-9a-f]+")

GATE = {"ngx_http_paylock_server_rewrite_handler", "ngx_http_paylock_gate",
        "ngx_http_paylock_judge", "ngx_http_paylock_header_filter",
        "ngx_http_paylock_body_filter"}


def test_open_path(nginx, admin, private):
    """For a host that is open: no allocation, no lock, no system call."""
    out = private / "callgrind.out"
    admin("init")
    admin("lock", *(f"h{i}.example" for i in range(15)))
    server = nginx(SITES, workers=1, main=MAIN, under=(
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
        "--compress-strings=yes", "--compress-pos=no"))
    server.wait_state("h3.example", "locked")
    assert ask(server, 500, "open.example") == 200
    assert ask(server, 500, "www.open.example") == 200
    server.stop()

    calls = callees(out.read_text())
    judged = {f for f in calls if f in GATE}
    assert judged, sorted(calls)[:50]

    # what happens 1,000 times is the open path; the rest is this test asking
    # for the state of a locked host, and the feed
    todo, seen = sorted(judged), set()
    often = 0
    while todo:
        caller = todo.pop()
        if caller in seen:
            continue
        seen.add(caller)
        for callee, n in calls.get(caller, {}).items():
            if n < 500:
                continue
            often += n
            if caller.endswith("_filter") and callee not in GATE \
                    and NEXT.fullmatch(callee):
                continue
            assert ALLOWED.fullmatch(callee), (caller, callee, n)
            todo.append(callee)
    assert often >= 2000


def test_turns(nginx, redis, private):
    """What the feed does in a turn of the event loop is little, however much
    there is to do: the records and the entries of one reply are dealt with in
    many turns, and so are the buckets of the zone."""
    out = private / "callgrind.out"
    chain = Chain(redis).init()
    records, entries = 2000, 250
    chain.client.hset(LOCKS, mapping=dict.fromkeys(
        (f"r{i}.example" for i in range(records)), "1"))
    server = nginx(SITES, workers=1, main=MAIN, under=(
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
        "--compress-strings=yes", "--compress-pos=no"))
    server.wait_live()
    chain.write(*((f"e{i}.example", LOCKED) for i in range(entries)))
    server.wait_state("e0.example", "locked")
    server.wait_live()
    server.stop()

    made = collections.Counter()
    for called in callees(out.read_text()).values():
        for callee, n in called.items():
            made[callee.partition("@")[0]] += n

    for part, least, whole, most in [
            ("table_note", records, "apply_fields", 8),
            ("chain_next", entries, "apply_entries", 2),
            ("table_field", records + entries, "apply_lock", 8)]:
        parts = made["ngx_http_paylock_" + part]
        wholes = made["ngx_http_paylock_" + whole]
        print(f"{parts} of {part} in {wholes} of {whole}")
        assert least <= parts <= most * wholes
    slices = sum(made["ngx_http_paylock_apply_" + name]
                 for name in ("fields", "entries", "sweep"))
    print(f"{slices} slices in {made['epoll_wait']} turns")
    # a turn has more of them where it came late, as on a busy machine
    assert made["epoll_wait"] >= slices / 8
