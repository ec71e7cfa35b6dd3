# Copyright (C) 2026 paylock contributors
#
# Random commands, records written by hand, and passing time: after every step
# paylock-admin, nginx and oracle/model.py agree.

import calendar
import http.client
import itertools
import json
import os
import random
import re
import socket
import time

import pytest

from oracle import model
from support.chain import LOCKS
from support.servers import PATIENCE, wait_for

STEPS = 5000
PARTS = 4

HOSTS = ["a.test", "www.a.test", "b.test", "www.b.test", "x.b.test",
         "www.x.b.test", "y.x.b.test", "c.example", "www.c.example"]

FIELDS = ["a.test", "a.test", "b.test", "b.test", "x.b.test", "www.a.test",
          "www.b.test", "www.x.b.test", "c.example", "www.c.example",
          ".b.test", "*.b.test", ".x.b.test", "*.x.b.test", "*.test",
          ".example", "*.a.test"]

TEXTS = ["overdue", "überfällig \\ \"x\"", "since May"]

# a hand is believed at the next reconcile, or the one after it: after so many
# seconds, or the longer pauses that nginx makes on a busy machine
HAND = 3
HANDS = 8                               # fewer than the guard takes for a loss


def begun():
    """The second in which a command begins at the earliest: time(2) goes by
    CLOCK_REALTIME_COARSE, which is behind, on a machine that was paused by
    much."""
    return int(time.clock_gettime(5))


class Control(http.client.HTTPConnection):
    """nginx's word on a name, on as few connections as it allows."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def state(self, host):
        self.request("GET", "/", headers={"Host": host})
        reply = self.getresponse()
        text = reply.read().decode()
        return reply.headers["X-Paylock"] or text


def second(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class Run:
    def __init__(self, seed, redis, admin, nginx):
        self.random = random.Random(seed)
        self.client = redis.client()
        self.admin = admin
        self.nginx = nginx
        self.control = Control(nginx.control)
        self.records = self.read()
        self.pending = {}               # field -> (former records, until, scans)
        self.history = []
        self.kinds = {}

    def scans(self):
        calls = self.client.info("commandstats").get("cmdstat_hscan")
        return calls["calls"] if calls else 0

    def believed(self, field):
        """Has nginx had the time to see what was done by hand?"""
        _, until, scans = self.pending[field]
        return time.monotonic() > until and self.scans() >= scans

    def read(self):
        return {field: model.load(value) for field, value
                in self.client.hgetall(LOCKS).items()}

    def moment(self, now):
        """Soon, already there, or far away."""
        return self.random.choice(
            (now + 1, now + 1, now + 2, now + 2, now + 3, now + 4, now + 3600,
             now - 1, now - 100, now))

    # steps

    def lock(self, now):
        options, given = [], {}
        names = [n for n in ("at", "notice", "readonly", "until")
                 if self.random.random() < 0.35]
        whens = [self.moment(now) for _ in names]
        if self.random.random() < 0.8:
            order = ("notice", "readonly", "at", "until")
            names.sort(key=order.index)
            whens.sort()
        for name, when in zip(names, whens):
            given[name] = when
            options += [f"--{name}", f"@{when}"]
        for name, choice in (("reason", TEXTS), ("invoice", ["F-1", "F-2"]),
                             ("ref", ["R-1", "x.y_z"])):
            if self.random.random() < 0.2:
                given[name] = self.random.choice(choice)
                options += [f"--{name}", given[name]]
        return "lock", options, given

    def unlock(self, now):
        options, given = [], {}
        if self.random.random() < 0.3:
            given["until"] = self.moment(now)
            options += ["--until", f"@{given['until']}"]
        if self.random.random() < 0.2:
            given["reason"] = self.random.choice(TEXTS)
            options += ["--reason", given["reason"]]
        return "unlock", options, given

    def reset(self, now):
        return "reset", [], {}

    def command(self):
        start = begun()
        make = self.random.choices((self.lock, self.unlock, self.reset),
                                   (6, 3, 2))[0]
        name, options, given = make(start)
        fields = sorted(set(self.random.choices(
            FIELDS, k=self.random.choice((1, 1, 1, 2, 3)))))
        self.history.append((name, *fields, *options))
        done = self.admin("--json", name, *fields, *options, "--yes",
                          check=False)
        end = int(time.time())
        there = self.read()

        # the command looked at the clock twice in between
        tried = []
        for asked, now in itertools.combinations_with_replacement(
                range(start, end + 1), 2):
            expected = self.predict(getattr(model, name), fields, asked, now,
                                    given)
            if expected is None:
                if done.returncode == 2 and there == self.records:
                    self.kinds["refused"] = self.kinds.get("refused", 0) + 1
                    return fields
            elif done.returncode == 0 and self.same(expected, there):
                said = json.loads(done.stdout)
                changed = [f for f in fields
                           if expected.get(f) is not self.records.get(f)]
                assert sorted(said["changed"]) == changed, (said, changed)
                assert sorted(said["unchanged"]) \
                    == sorted(set(fields) - set(changed)), (said, changed)
                for field in changed:
                    self.pending.pop(field, None)
                self.records = there
                kind = name if changed else "unchanged"
                self.kinds[kind] = self.kinds.get(kind, 0) + 1
                return fields
            tried.append(expected)
        raise AssertionError(
            f"{done.returncode} {done.stdout}{done.stderr}\n"
            + "\n".join(f"{f}:\n before {self.records.get(f)}\n "
                        f"Redis  {there.get(f)}\n model  "
                        f"{[e and e.get(f) for e in tried]}" for f in fields))

    def predict(self, command, fields, asked, now, given):
        """The records afterwards; None where the command is refused."""
        records = dict(self.records)
        try:
            for field in fields:
                after = command(self.records, field, asked, now, **given)
                if after is None:
                    records.pop(field, None)
                else:
                    records[field] = after
        except model.Refused:
            return None
        return records

    @staticmethod
    def same(expected, there):
        """A ref that was made up is any of the right form."""
        if expected.keys() != there.keys():
            return False
        for field, record in expected.items():
            real = there[field]
            if record.get("ref") == "made up":
                if not re.fullmatch(r"PL-[0-9A-HJKMNP-TV-Z]{6}",
                                    real.get("ref", "")):
                    return False
                record = {**record, "ref": real["ref"]}
            if record != real:
                return False
        return True

    def hand(self):
        """Somebody with redis-cli."""
        now = int(time.time())
        field = self.random.choice(FIELDS)
        value = self.random.choice([
            "1", "0", "true", '"open"', None, None,
            *(json.dumps({
                "at": now + self.random.choice((0, 0, -5, 5, 3600)),
                **{name: self.moment(now) + self.random.choice((0, 0, 3500))
                   for name in self.random.sample(
                       model.TIMES, self.random.randint(1, 3))},
                **self.random.choice(({}, {"colour": "red"}))})
              for _ in range(4))])
        self.history.append(("by hand", field, value))
        if value is None:
            self.client.hdel(LOCKS, field)
        else:
            self.client.hset(LOCKS, field, value)
        former, *_ = self.pending.get(field, ([],))
        self.pending[field] = ([*former, self.records.get(field)],
                               time.monotonic() + HAND, self.scans() + 2)
        self.records = self.read()
        self.kinds["by hand"] = self.kinds.get("by hand", 0) + 1
        return [field]

    def wait(self):
        """Until something that is planned comes to pass."""
        now = time.time()
        coming = [when for record in self.records.values()
                  for name in model.TIMES
                  if now < (when := record.get(name, 0)) < now + 2]
        self.history.append(("wait", *sorted(coming)))
        time.sleep(min(coming, default=now + 0.1) - now + 0.01)
        self.kinds["wait"] = self.kinds.get("wait", 0) + 1
        return []

    # what is checked after each

    def enforced(self, host, start, end):
        """What nginx may say between two moments."""
        said = set()
        fields = [f for f in self.pending]
        for former in itertools.product(
                *([self.records.get(f), *self.pending[f][0]]
                  for f in fields if self.concerns(f, host))):
            records = {**self.records, **dict(zip(
                (f for f in fields if self.concerns(f, host)), former))}
            said |= {model.enforced(records, host, now)
                     for now in range(start, end + 1)}
        return said

    @staticmethod
    def concerns(field, host):
        return host.endswith(field.lstrip("*."))

    def check(self, hosts):
        end = time.monotonic() + PATIENCE
        while True:
            bad = self.look(hosts)
            if not bad:
                break
            if time.monotonic() > end:
                raise AssertionError(bad)
            time.sleep(0.001)

        start = begun()
        shown = self.admin.json("status", *hosts)
        now = int(time.time())
        assert [one["host"] for one in shown] == hosts
        for one in shown:
            next_ = one["next"] and (one["next"]["stage"],
                                     second(one["next"]["at"]))
            wanted = [model.status(self.records, one["host"], t)
                      for t in range(start, now + 1)]
            assert any(one["stage"] == stage and one["record"] in fields
                       and next_ == following
                       for stage, fields, following in wanted), (one, wanted)

    def look(self, hosts):
        for host in hosts:
            start = begun()
            said = self.control.state(host)
            wanted = self.enforced(host, start, int(time.time()))
            if said not in wanted:
                return f"nginx says {said} of {host}, the model {wanted}"
        return None

    def step(self):
        for field in [*self.pending]:
            if self.believed(field):
                del self.pending[field]
        kind = self.random.random()
        if kind < 0.05 and len(self.pending) < HANDS:
            fields = self.hand()
        elif kind < 0.06:
            fields = self.wait()
        elif kind < 0.15:
            fields = []                 # time alone
        else:
            fields = self.command()
        near = [h for h in HOSTS if any(self.concerns(f, h) for f in fields)]
        self.check(sorted({*self.random.sample(near or HOSTS, 1),
                           *self.random.sample(HOSTS, 2)}))


@pytest.mark.parametrize("part", range(PARTS))
def test_model(part, redis, admin, nginx):
    """PAYLOCK_TEST_SEED repeats a run, PAYLOCK_TEST_STEPS makes it longer."""
    seed = int(os.environ.get("PAYLOCK_TEST_SEED", 0)) \
        or random.SystemRandom().randrange(1, 1 << 32)
    steps = int(os.environ.get("PAYLOCK_TEST_STEPS", STEPS // PARTS))
    admin.env["PAYLOCK_ACTOR"] = "tester"
    admin("init")
    # the hash is never empty: that would be a loss
    admin("lock", "keep.test")
    server = nginx("paylock_reconcile 200ms;")
    server.wait_live()
    run = Run(seed, redis, admin, server)
    try:
        for i in range(steps):
            run.step()
        wait_for("the last hand", lambda: all(map(run.believed, run.pending)))
        run.pending.clear()
        run.check(HOSTS)
    except Exception as e:
        last = "\n".join(map(str, run.history[-12:]))
        raise AssertionError(
            f"PAYLOCK_TEST_SEED={seed}, step {i}:\n{e}\nlast steps:\n{last}\n"
            f"records:\n{json.dumps(run.records, indent=1)}") from e
    print(seed, run.kinds)
    for kind in ("lock", "unlock", "reset", "unchanged", "refused", "by hand",
                 "wait"):
        assert run.kinds[kind] > 0


@pytest.mark.parametrize("nothing", [
    {}, {"pass_after": 1000, "at": 900}, {"at": 900, "colour": "red"}])
def test_a_record_that_says_nothing(redis, admin, nginx, nothing):
    """It counts as none: the next one holds, for nginx, for "status", and
    for what a plan must not end."""
    admin("init")
    admin("lock", ".acme.example", "--yes")
    client = redis.client()
    client.hset(LOCKS, "acme.example", json.dumps(nothing))
    server = nginx("")
    for host in ("acme.example", "www.acme.example"):
        server.wait_state(host, "locked")
        shown, = admin.json("status", host)
        assert (shown["stage"], shown["record"]) \
            == ("locked", ".acme.example")
    admin("lock", "acme.example", "--notice", "+1h")
    server.wait_live()
    record = model.load(client.hget(LOCKS, "acme.example"))
    suffix = model.load(client.hget(LOCKS, ".acme.example"))
    assert record["pass_after"] == nothing.get("pass_after",
                                               suffix["pass_after"])
    assert model.stage(record, int(time.time())) == 3
    assert server.state("acme.example") == "locked"
