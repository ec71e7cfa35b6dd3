# Copyright (C) 2026 paylock contributors
#
# What honest operators do, in any order, by oracle/model.py: an nginx with
# signers holds nothing of it, whether it follows, begins anew or goes on from
# its state file.

import json
import os
import random
import time

from oracle import model, rule, verify as oracle
from support.chain import AUDIT, count
from support.feed import stopped
from support.signed import A, B, C, STATE, chain, signed
from support.trail import signer

# of commands; more of them: PAYLOCK_HONEST=240 PAYLOCK_SEED=11
SEQUENCES = int(os.environ.get("PAYLOCK_HONEST", "8"))
STEPS = 20

NAMES = ["a.%s", "www.a.%s", "b.%s", "x.b.%s", "www.x.b.%s", ".%s", "*.%s",
         ".b.%s", "*.b.%s", "*.a.%s"]
ASKED = ["a.%s", "www.a.%s", "b.%s", "x.b.%s", "www.x.b.%s", "y.x.b.%s", "%s"]

# both defaults are compared then
DEFAULTS = """
    server { server_name z.test; paylock on; paylock_default locked;
             location / { return 200; } }
"""

ALL = "lock,unlock,notice,reset,import,pass-revoke,protect,unprotect"


FEW = "lock", "notice", "pass-revoke"


def opens(new, old, kind="lock"):
    whens = rule.moments(new.get("at", 0), old, new)
    return kind == "lock" and any(a < b for a, b in zip(
        rule.course(new, whens), rule.course(old, whens)))


class Honest:
    """Operators of one site and its names.  Their clock begins two hours
    ago, so that what they plan comes."""

    def __init__(self, seed, chain):
        self.random, self.chain = random.Random(seed), chain
        self.site = f"s{seed}.test"
        self.records, self.did = {}, []
        self.now = int(time.time()) - 7200

    def moment(self):
        return self.now + self.random.choice((0, 10, 100, 500, 2000, 20000))

    def lock(self, host):
        given = {n: 0 for n in ("notice", "readonly", "at", "until")
                 if self.random.random() < 0.35}
        whens = sorted(self.moment() for _ in given)
        given = dict(zip(given, whens))
        return model.lock(self.records, host, self.now, self.now, ref="R",
                          **given)

    def unlock(self, host):
        until = self.moment() if self.random.random() < 0.3 else None
        return model.unlock(self.records, host, self.now, self.now,
                            until=until)

    def reset(self, host):
        return model.reset(self.records, host, self.now, self.now)

    def pass_revoke(self, host):
        was = self.records.get(host) or {}
        return {**model.rewritten(was, self.now),
                "pass_after": max(self.now, was.get("pass_after", 0)) + 1}

    def protect(self, host):
        was = self.records.get(host) or {}
        if host[0] in ".*" or any(
                name in was and not model.ended(was, name, self.now)
                for name in model.CLOSING):
            raise model.Refused
        new = model.rewritten(was, self.now)
        if model.stage(was, self.now, "locked"):
            new["open_at"] = self.now
        for name in model.CLOSING:
            new.pop(name, None)
        return {**new, "protected": True}

    def unprotect(self, host):
        was = self.records.get(host) or {}
        if "protected" not in was:
            raise model.Refused
        new = model.rewritten(was, self.now)
        del new["protected"]
        return new

    def notice(self, host):
        return self.records.get(host) or {}

    def import_(self, host):
        new = model.rewritten(self.records.get(host), self.now)
        for name in model.TIMES:
            new.pop(name, None)
        new[self.random.choice(model.TIMES)] = self.moment()
        return new

    # one command

    def step(self):
        self.now += self.random.choice((0, 0, 1, 50, 300, 1000))
        action, = self.random.choices(
            (self.lock, self.unlock, self.reset, self.pass_revoke,
             self.protect, self.unprotect, self.notice, self.import_),
            (12, 4, 3, 2, 1, 2, 2, 2))
        kind = action.__name__.strip("_").replace("_", "-")
        key = self.random.choice((A, B, C))
        rows = [(host, new) for host in (name % self.site for name in
                self.random.sample(NAMES, self.random.choice((1, 1, 3))))
                for new in self.changed(action, kind, host)
                if key is not C or self.may(kind, host, new)]
        if rows:
            rows = rows[:1] if kind == "notice" else rows
            self.did.append((kind, self.now, rows))
            self.chain.write(*rows, action=kind, key=key)
            self.records.update((host, model.load(json.dumps(new)))
                                for host, new in rows)

    def may(self, kind, host, new):
        """Does paylock-admin let whoever may not unlock do that?"""
        old = self.records.get(host) or {}
        return kind in FEW and not opens(new or {}, old, kind) and (
            kind != "lock" or model.means_something(old) or not any(
                opens(new, self.records[field])
                for name in (host, "www." + host)
                for field in model.holders(self.records, name)
                if field != name))

    def changed(self, action, kind, host):
        """Yields the new record, if there is one."""
        guards = host, host.removeprefix("www.")
        if kind in ("lock", "import", "reset", "unlock") and any(
                "protected" in (self.records.get(h) or {}) for h in guards):
            return
        was = self.records.get(host)
        try:
            new = action(host)
        except model.Refused:
            return
        if kind == "notice" or new is not was:
            yield new


def agree(server, honest):
    for host in (name % honest.site for name in ASKED):
        should = model.enforced(honest.records, host, int(time.time()))
        assert server.state(host) == should, (host, honest.did)


def test_what_honest_operators_do(nginx, signed, chain, admin, private):
    lines = (signer("a", A), signer("b", B, may=ALL),
             signer("c", C, may=",".join(FEW)))
    follows = signed(*lines, more=DEFAULTS, alerts=False)
    again = nginx(follows.http + STATE)
    seed = random.Random(os.environ.get("PAYLOCK_SEED", "5"))
    for n in range(0, SEQUENCES, 4):
        four = [Honest(seed.randrange(10 ** 6), chain) for _ in range(4)]
        steps = [h for h in four for _ in range(STEPS)]
        seed.shuffle(steps)
        for i, honest in enumerate(steps):
            if i == len(steps) // 2:
                again.stop()
            if i % 20 == 10:
                with stopped(follows):
                    for h in four:
                        h.step()
            honest.step()
        again.start()
        begins = nginx(follows.http)
        for server in (follows, again, begins):
            chain.settle(server, 20)
            for honest in four:
                agree(server, honest)
        begins.stop()
    for server in (follows, again):
        assert count(server, r"\[alert\]") == 0
    signers = private / "signers"
    admin("audit", "verify", "--signers", str(signers))
    oracle.verify_stream(chain.client.xrange(AUDIT),
                         signers=signers.read_text())
