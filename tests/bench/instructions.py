# Copyright (C) 2026 paylock contributors
#
# Instructions of a request in user space, as callgrind counts them.

from bench import svg
from bench.rig import MILLION, PAGE, SITES
from bench.variants import closes, variants
from bench.writer import CHANGED, LOCKED
from support import callgrind
from support.chain import LOCKS
from support.servers import wait_for

WWW = [f"www.{site}" for site in SITES]

# what the other ways are tried with
OTHERS = 100000

# neither a scan of all records is counted, nor the line of the log
ONCE = "paylock_reconcile 1d; paylock_log_level info;"


class Counter:
    """Counts for one nginx at a time."""

    def __init__(self, rig, quick):
        self.rig = rig
        self.fewest = 5 if quick else callgrind.FEWEST

    def under(self, start, *args, ready=None, **kw):
        """A Callgrind of start(*args), which makes an nginx."""
        out = self.rig.directory() / "callgrind"
        nginx = start(*args, main="master_process off;",
                      under=callgrind.under(out, at_once=False), **kw)
        if ready:
            ready(nginx)
        counted = callgrind.Callgrind(nginx, out)
        counted.start()
        return counted

    def cost(self, counted, hosts, **kw):
        """(without malloc and free, with them), taken twice."""
        kw = {"path": PAGE, "headers": {}, "n": len(SITES),
              "fewest": self.fewest, **kw}
        return [counted.cost(hosts, **kw) for _ in range(2)]

    def both(self, counted):
        """Of a name, and of one with "www."."""
        assert counted.ask(1, SITES, PAGE, {})[0] == 200
        return self.cost(counted, SITES), self.cost(counted, WWW)


def more(cost, before):
    """What is added, by the dearer count of two."""
    return [round(max(one[i] for one in cost) - min(one[i] for one in before))
            for i in range(2)]


def profile(counted, bare):
    """Where it goes: (function, instructions more than bare)."""
    ours, theirs = (one.profile(SITES, path=PAGE, headers={})
                    for one in (counted, bare))
    both = {name: ours.get(name, 0) - theirs.get(name, 0)
            for name in {*ours, *theirs}
            if not callgrind.HEAP.search(name or "")}
    return sorted(((name, cost) for name, cost in both.items()
                   if abs(cost) >= 0.5), key=lambda item: -abs(item[1]))


def changed(counted, count, before, writer, changes):
    """What is added after so many changes of others."""
    counted.control("-i", "off")
    writer.changes(changes)
    for lock, status in (True, 503), (False, 200):
        writer.commit([(1000, lock)])
        wait_for("the changes", lambda: counted.nginx.get(
            PAGE, CHANGED % 1000, timeout=60).status == status, 600, 0.1)
    counted.start()
    return more(count.cost(counted, SITES), before)


def table_of(rig, report, count, bare, before, big, changes):
    """All ways side by side; what each adds, by its name, without malloc and
    with it; and a million records after so many changes."""
    added, total, lines = {}, {}, []

    def line(name, cost, www=None):
        added[name], total[name] = more(cost, before[0])
        lines.append((name, f"{max(one[0] for one in cost):,.0f}",
                      f"{added[name]:+,}", f"{total[name]:+,}",
                      f"{more(www, before[1])[0]:+,}" if www else ""))
        print("   ", name, flush=True)

    line("nginx alone", before[0], before[1])
    for records in (0, 1000, OTHERS, MILLION):
        redis = big[0] if records == MILLION else rig.redis(records)[0]
        counted = count.under(rig.paylock, redis, records, http=ONCE)
        line(f"paylock, {records:,} records", *count.both(counted))
        if records in (0, MILLION):
            report.numbers[f"profile {records}"] = profile(counted, bare)
        if records == MILLION:
            after = changed(counted, count, before[0], big[1], changes)
        counted.nginx.stop()

    redis, _ = rig.redis(OTHERS)
    with redis.client() as client:
        # of a length at which the names have a dot
        client.hset(LOCKS, ".another", "1")
    counted = count.under(rig.paylock, redis, OTHERS, http=ONCE)
    line(f"... {OTHERS:,} and one of a suffix", *count.both(counted))
    counted.nginx.stop()

    redis, _ = rig.redis(OTHERS)
    for variant in variants(OTHERS):
        counted = count.under(variant.start, rig, redis, OTHERS,
                              ready=closes)
        # what Lua compiles, it does after some hundred requests
        counted.ask(500, SITES, PAGE, {})
        line(variant.name, count.cost(counted, SITES))
        counted.nginx.stop()
    return added, total, after, lines


def locked(rig, count):
    """The locked page, and nginx's own with as large a body."""
    redis, _ = rig.redis(1)
    kw = {"headers": callgrind.BROWSER}
    ours = count.under(rig.paylock, redis, 1, http=ONCE)
    status, body = ours.ask(1, LOCKED % 0, PAGE)
    assert status == 503 and b"suspended" in body
    mine = count.cost(ours, LOCKED % 0, **kw)
    ours.nginx.stop()

    # a parameter has no room for more; nginx does not look at it
    assert len(body) <= 4000
    text = "x" * len(body)
    stock = count.under(rig.nginx, rig.sites(
        location=f'return 503 "{text}";'), redis=None, load=())
    assert stock.ask(1, LOCKED % 0, PAGE) == (503, text.encode())
    theirs = count.cost(stock, LOCKED % 0, **kw)
    stock.nginx.stop()
    return max(one[1] for one in mine), min(one[1] for one in theirs)


def measure(rig, report, big, quick):
    count = Counter(rig, quick)
    bare = count.under(rig.bare)
    before = count.both(bare)
    changes = MILLION // 20 if quick else MILLION
    added, total, after, lines = table_of(rig, report, count, bare, before,
                                          big, changes)
    bare.nginx.stop()

    for records, goal in (0, 300), (MILLION, 300):
        name = f"paylock, {records:,} records"
        report.row(f"open host, instructions added, {records:,} records",
                   f"≤ {goal}", f"{added[name]:+}, without malloc "
                   f"(with it {total[name]:+})", added[name] <= goal)
    report.row(f"the same after {changes:,} locks and unlocks of others",
               "≤ 300", f"{after[0]:+} (with malloc {after[1]:+})",
               after[0] <= 300)

    ours, theirs = locked(rig, count)
    report.row("locked answer against `return 503` of the same size",
               "≤ 1.3 times", f"{ours / theirs:.2f} times "
               f"({ours:,.0f} to {theirs:,.0f}), with malloc",
               ours <= 1.3 * theirs)

    report.table(
        "Instructions of a request for a static file of 1 KB",
        ("", "of a request", "added", "with malloc", "added, `www.`"), lines,
        f"The other ways know {OTHERS:,} locked names.")
    report.numbers["instructions"] = {
        "added": added, "with malloc": total, "after the changes": after,
        "locked": ours, "return 503": theirs}
    report.figure("instructions", "instructions added to a request", svg.bars(
        "Instructions added to a request for an open site",
        "nginx alone takes "
        f"{before[0][0][0]:,.0f}; a static file of 1 KB, keep-alive",
        [(name, cost, name.startswith("paylock"))
         for name, cost in added.items() if name != "nginx alone"]))
