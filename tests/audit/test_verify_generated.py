# Copyright (C) 2026 paylock contributors
#
# Whatever an attacker with revoked keys and old copies may think of.

from support import trail as t
from support.trail import Trail, entry_line, header, relink
from support.two_hundred import (
    ALICE, BOB, CAROL, DAVE, HOSTS, MALLORY, SAME, VALUES, Prefixes, check,
    forge, mend)


def stronghold():
    """A trail of 40 entries, with adopts of two kinds; BOB is revoked; and
    what stood in Redis at other times, signed by those who count."""
    trail = Trail(40)
    trail.add(ALICE, {"action": "init"})
    others = []
    while len(trail.entries) < 40:
        n = len(trail.entries)
        key = trail.random.choice([ALICE, CAROL] + [BOB] * (n < 20))
        trail.add(key, *(trail.change(host) for host in trail.random.sample(
            HOSTS, trail.random.choice([1, 1, 2, 3]))))
        if n in range(8, 40, 8):
            # another end that was lost
            others.append(trail.copy().add(ALICE, trail.change("h1.example"),
                                           trail.change("h2.example"))
                          .add(CAROL, trail.change("h3.example")))
            others[-1].random.seed(n)
        if n == 16:
            stays = trail.head()
            mend(forge(trail, MALLORY), stays)
    return trail, others


def test_generated(tmp_path):
    """2,000 trails made of up to four steps each: both verifiers say the same
    of all, and that one is well only if what counts in it is the true one:
    what stands before an adopt that gives it up may be anything."""
    trail, others = stronghold()
    end = next(i for i in range(20, 40) if "sig" in trail.entries[i][1])
    seq, last = trail.entries[end]
    signers = [t.signer("alice", ALICE), t.signer("carol", CAROL),
               t.signer("bob", BOB, until=(seq, last["hash"])),
               t.signer("dave", DAVE, may="notice")]
    kept = tmp_path / "kept"
    kept.write_text(t.checkpoint(CAROL, *trail.head()))
    head = header(*trail.head())
    lines = [entry_line(*entry) for entry in trail.entries]
    base = Prefixes(head, lines, signers, [trail.head()])
    cases, seen = [], set()
    attack = Attack(trail, others)
    while len(cases) < 2000:
        name, entries = attack.make()
        text = [entry_line(*entry) for entry in entries]
        if not entries or text == lines or tuple(text) in seen:
            continue
        seen.add(tuple(text))
        first = header(trail.chain, entries[-1][0], entries[-1][1]["hash"])
        cases.append((name, first, text, SAME, None))
    status = check(cases, tmp_path, base, "--checkpoint", kept)
    assert status == 10
    assert check([("true", head, lines, None, None)], tmp_path, base,
                 "--checkpoint", kept) == 0


class Attack:
    """Steps of somebody who may write to Redis, has the keys of BOB (revoked),
    DAVE (who may only write notices) and MALLORY (nobody), and copies."""

    HELD = BOB, DAVE, MALLORY

    def __init__(self, trail, others):
        self.trail, self.others = trail, others
        self.random = trail.random
        self.genuine = [e for one in (trail, *others) for e in one.entries]

    def make(self):
        entries, names = list(self.trail.entries), []
        for _ in range(self.random.randint(1, 4)):
            step = self.random.choice([
                self.delete, self.twice, self.swap, self.change, self.cut,
                self.splice, self.append, self.adopt, self.adopt, self.strip,
                self.relink, self.relink, self.replay, self.resign])
            if entries:
                entries = step(entries, self.random.randrange(len(entries)))
                names.append(step.__name__)
        return " ".join(names), entries

    def key(self):
        return self.random.choice(self.HELD)

    def delete(self, entries, i):
        return entries[:i] + entries[i + self.random.randint(1, 3):]

    def twice(self, entries, i):
        return entries[:i + 1] + entries[i:]

    def swap(self, entries, i):
        return entries[:i] + entries[i:i + 2][::-1] + entries[i + 2:]

    def change(self, entries, i):
        seq, entry = entries[i]
        name = self.random.choice(list(VALUES))
        return [*entries[:i], (seq, {**entry, name: VALUES[name]}),
                *entries[i + 1:]]

    def cut(self, entries, i):
        return entries[:i + 1]

    def splice(self, entries, i):
        return entries[:i] + self.random.choice(self.others).entries[i:]

    def strip(self, entries, i):
        gone = self.random.choice([("sig",), ("root",), ("root", "sig"),
                                   ("key", "root", "sig")])
        return [*entries[:i], (entries[i][0], {
            n: v for n, v in entries[i][1].items() if n not in gone}),
                *entries[i + 1:]]

    def relink(self, entries, i):
        return relink(entries, i, self.HELD)

    def replay(self, entries, i):
        seq, entry = self.random.choice(self.genuine)
        return [*entries[:i], (entries[i][0], entry), *entries[i + 1:]]

    def resign(self, entries, i):
        seq, entry = entries[i]
        key = self.key()
        entry = {**entry, "key": key.public}
        entry.setdefault("root", self.random.randbytes(32).hex())
        entry["hash"] = t.entry_hash(seq, entry)
        entry["sig"] = key.sign_entry(entry)
        return [*entries[:i], (seq, entry), *entries[i + 1:]]

    def behind(self, entries):
        trail = self.trail.copy()
        trail.entries = list(entries)
        return trail

    def append(self, entries, i):
        trail = self.behind(entries)
        return trail.add(self.key(), trail.change("h1.example", "unlock"),
                         sign=self.random.random() < 0.9).entries

    def adopt(self, entries, i):
        """Here, of what stands there or of what is to come."""
        trail = self.behind(entries[:i + 1])
        last = self.random.choice([0, trail.seq + 1, trail.seq + 9, 40, 1000])
        stays = self.random.randrange(i + 1)
        stays = (entries[stays][0], entries[stays][1]["hash"])
        trail.adopt(self.key(), max(last, trail.seq) if last else 0,
                    resumes=self.random.choice([None, stays, stays]))
        rest = [e for e in entries[i + 1:] if e[0] > trail.seq]
        return trail.entries + self.random.choice([[], rest, entries[i + 1:]])
