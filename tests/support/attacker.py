# Copyright (C) 2026 paylock contributors
#
# Whoever may do anything to Redis, holds revoked keys, and copies of older
# states and of what was signed in another realm.  What they do comes from a
# seed, and is told.

import json

import redis as redis_py

from oracle.lattice import Lattice
from support.chain import (AUDIT, LOCKED, LOCKS, NODES, OPEN, REQUESTS, ROOT,
                           ZEROS, entry_hash, skip_of)
from support.trail import SignedChain, adoption, relink

KEYS = [LOCKS, AUDIT, ROOT, NODES, REQUESTS]
FAR = 2 ** 63 - 1


class Attacker:
    """revoked: keys that counted once; own: one that never did; honest: one
    that counts, of which only what it signed in another realm is there."""

    def __init__(self, redis, random, hosts, revoked, own, honest):
        self.redis, self.client, self.random = redis, redis.client(), random
        self.hosts = [*hosts, "new.example", ".example", "*.example"]
        self.revoked, self.own, self.honest = revoked, own, honest
        self.copies, self.did = [], []

    # what there is

    def pick(self, *choices):
        return self.random.choice(choices)

    def copy(self):
        """Keeps what Redis holds."""
        self.copies.append({key: self.client.dump(key) for key in KEYS})

    def trail(self):
        try:
            return self.client.xrange(AUDIT)
        except redis_py.ResponseError:
            return []                   # it is another type by now

    def records(self):
        try:
            return self.client.hgetall(LOCKS)
        except redis_py.ResponseError:
            return {}

    def key(self):
        return self.random.choice([*self.revoked, self.own])

    def value(self):
        return self.pick("open", "locked", "1", "", "x", "{", *(
            json.dumps({**record, "entry": self.pick(1, 5, len(self.trail()))})
            for record in (LOCKED, OPEN)), *self.records().values())

    def put(self, entries):
        """Another stream in the place of this one."""
        with self.client.pipeline(transaction=True) as p:
            p.delete(AUDIT)
            for ident, entry in entries:
                p.xadd(AUDIT, entry, id=ident)
            try:
                p.execute(raise_on_error=False)
            except redis_py.DataError:
                pass

    # entries

    def forge(self):
        """An entry, wherever it may stand."""
        trail = [(int(i.split("-")[0]), e) for i, e in self.trail()]
        seq, last = trail[-1] if trail else (0, {})
        chain, hash = last.get("chain", "a" * 32), last.get("hash", ZEROS)
        some = self.random.choice(trail) if trail else (0, {})
        seq += self.pick(1, 1, 1, 1, 2, 1000, 10 ** 7)
        action = self.pick("lock", "unlock", "adopt", "adopt", "init", "reset",
                           "import", "protect", "archive", "notice")
        signs = self.pick(None, self.own, *self.revoked, self.honest)
        entry = {"v": self.pick("2", "2", "2", "2", "3"), "chain": chain,
                 "time": last.get("time", "1793487600000"), "actor": "alice",
                 "machine": "test", "action": action,
                 "host": self.random.choice(self.hosts),
                 "before": self.value(), "after": self.value(),
                 "request": "1" * 32, "salt": "2" * 32,
                 "key": (signs or self.honest).public,
                 "prev": self.pick(hash, hash, hash, ZEROS)}
        stays = some[0], some[1].get("hash", ZEROS)
        if action == "adopt":
            entry |= adoption(
                self.pick((), (chain, some[0] + 1, seq - 1, hash)),
                self.pick((), stays))
        if action == "archive":
            entry["peaks"] = " ".join(map(str, stays))
            entry["archived"] = f"{entry['peaks']} {ZEROS}"
        if action in ("adopt", "archive", "init"):
            entry |= {"host": "", "before": "", "after": ""}
        entry = {k: v for k, v in entry.items() if v}
        entry["skip"] = skip_of(reversed(trail), seq)
        entry["hash"] = entry_hash(seq, entry)
        if signs:
            realm = "staging" if signs is self.honest else "-"
            entry["root"] = Lattice(self.records()).root()
            entry["sig"] = signs.sign_entry(entry, realm)
        self.client.xadd(AUDIT, entry, id=f"{seq}-0")
        if entry.get("host") and self.pick(0, 1):
            self.client.hset(LOCKS, entry["host"], entry.get("after", "x"))
        return action, seq, signs and signs.public[:4]

    def sign(self):
        """Changes as a signer would make them, with all that belongs to it."""
        key = self.key()
        chain = SignedChain(self.redis, key)
        chain.write(*((host, self.pick(LOCKED, OPEN, None)) for host in
                      self.random.sample(self.hosts, self.pick(1, 1, 5, 12))))
        self.client.hset(ROOT, mapping={"seq": chain.seq,
                                        "lattice": chain.lattice.bytes()})
        return key.public[:4], chain.seq

    def adopt(self):
        """A revoked key gives up what it likes, and goes on."""
        trail = self.trail()
        some = self.random.choice(trail) if trail else ("0-0", {})
        stays = int(some[0].split("-")[0])
        chain = SignedChain(self.redis, self.key())
        chain.adopt(resumes=(stays, some[1].get("hash", ZEROS)),
                    lost=self.pick(0, chain.seq, chain.seq + 9))
        chain.write((self.random.choice(self.hosts), OPEN))
        return stays

    def rewrite(self):
        """One entry is changed, and what follows is put right as far as it can
        be with the keys at hand."""
        trail = self.trail()
        at = self.random.randrange(len(trail))
        entry = dict(trail[at][1])
        field = self.random.choice([*entry, "reason", "host", "more"])
        entry[field] = self.pick("", "x", self.value(), "0" * 64,
                                 self.own.public, self.honest.public,
                                 self.random.choice(trail)[1].get(field, ""))
        trail[at] = trail[at][0], entry
        again = self.pick(0, 1)
        if again:
            numbered = [(int(i.split("-")[0]), e) for i, e in trail]
            trail = [(f"{seq}-0", e) for seq, e in relink(
                numbered, at, [*self.revoked, self.own])]
        self.put(trail)
        return at, field, again

    def remove(self):
        """Some entries, wherever they stand."""
        ids = [id for id, _ in self.trail()]
        gone = self.random.sample(ids, min(len(ids), self.pick(1, 1, 2, 5)))
        self.client.xdel(AUDIT, *gone)
        return gone

    def order(self):
        """Two entries change places."""
        trail = self.trail()
        one, two = self.random.sample(range(len(trail)), 2)
        trail[one], trail[two] = ((trail[one][0], trail[two][1]),
                                  (trail[two][0], trail[one][1]))
        self.put(trail)
        return one, two

    def begin_later(self):
        left = self.random.randint(0, 5)
        self.client.xtrim(AUDIT, maxlen=left, approximate=False)
        return left

    def end_earlier(self):
        """As if what came last had never been, with or without its records."""
        trail = self.trail()
        trail = trail[:-self.pick(1, 1, 2, 5)]
        self.put(trail)
        fold = self.pick(0, 1)
        if fold:
            records = {}
            for _, entry in trail:
                if entry.get("host"):
                    records[entry["host"]] = entry.get("after", "")
            self.client.delete(LOCKS)
            for host, record in records.items():
                self.client.hset(LOCKS, host, record)
        return len(trail), fold

    def fork(self):
        """Another past of a revoked key, as long as what stood there or
        longer."""
        length = len(self.trail())
        end = self.end_earlier()
        chain = SignedChain(self.redis, self.key())
        for _ in range(length - end[0] + self.pick(0, 1)):
            chain.write((self.random.choice(self.hosts),
                         self.pick(LOCKED, OPEN)))
        return end

    def element(self):
        """Something that is no entry."""
        ident = self.pick("*", f"{FAR}-0", f"{2 ** 64 - 1}-0",
                          f"{2 ** 64 - 1}-{2 ** 64 - 1}",
                          f"{len(self.trail()) + 1}-1")
        self.client.xadd(AUDIT, {"v": "2"}, id=ident)
        return ident

    def last_id(self):
        ident = self.pick("*", f"{FAR}-0", f"{len(self.trail()) + 1000}-0")
        ident = ident if ident != "*" else f"{len(self.trail()) + 1}-7"
        self.client.execute_command("XSETID", AUDIT, ident)
        return ident

    def another_chain(self):
        """A whole trail of their own."""
        self.client.delete(AUDIT, *self.pick([], [LOCKS], [ROOT]))
        chain = SignedChain(self.redis, self.key())
        chain.init()
        for _ in range(self.pick(1, 3, 60)):
            chain.write((self.random.choice(self.hosts),
                         self.pick(LOCKED, OPEN)))

    # records

    def write(self):
        host, value = self.random.choice(self.hosts), self.value()
        self.client.hset(LOCKS, host, value)
        return host, value

    def write_many(self):
        """More than anybody would by hand."""
        for i in range(self.pick(9, 11, 40)):
            self.client.hset(LOCKS, self.pick(f"x{i}.example",
                                              *self.hosts), self.value())

    def write_bad_name(self):
        name = self.pick("", "H0.EXAMPLE", "x" * 300, "a\nb", "\xff", "h0..",
                         "*", ".", "h0.example.")
        self.client.hset(LOCKS, name, self.value())
        return name

    def take(self):
        host = self.random.choice([*self.records(), *self.hosts])
        self.client.hdel(LOCKS, host)
        return host

    def exchange(self):
        """The genuine record of one host is that of another."""
        records = self.records()
        one, two = self.random.sample(sorted(records), 2)
        self.client.hset(LOCKS, mapping={one: records[two], two: records[one]})
        return one, two

    # what is beside them

    def root(self):
        field = self.pick("seq", "lattice", "lattice", "archive", "x")
        value = self.pick("", "0", "1", str(FAR), "x" * 2048, bytes(2048),
                          Lattice(self.records()).bytes())
        self.client.hset(ROOT, field, value)
        return field

    def report(self):
        """Of a node that is there, or of none."""
        node = self.random.choice([*self.client.hkeys(NODES), "web1", "\n"])
        last = (self.trail() or [("0-0", {})])[-1][1]
        self.client.hset(NODES, node, self.pick("", "{}", "[" * 3000,
            "x" * 5000, json.dumps({
                "chain": last.get("chain", ""), "seq": self.pick(1, 9, FAR),
                "hash": ZEROS, "state": self.pick("live", "diverged", 7),
                "held": FAR, "at": FAR})))
        return node

    def request(self):
        """Forged, or forgotten."""
        known = self.client.hkeys(REQUESTS)
        name = self.random.choice([*known, "x"])
        if self.pick(0, 1):
            self.client.hdel(REQUESTS, name)
        else:
            self.client.hset(REQUESTS, name, self.pick("", "x", "{}", *(
                self.client.hmget(REQUESTS, known) if known else [])))
        return name

    # keys

    def other_type(self):
        key = self.random.choice(KEYS)
        with self.client.pipeline(transaction=True) as p:
            p.delete(key)
            self.pick(lambda: p.set(key, "x"), lambda: p.sadd(key, "x"),
                      lambda: p.rpush(key, "x"),
                      lambda: p.xadd(key, {"v": "2"}),
                      lambda: p.hset(key, "x", "x"))()
            p.execute()
        return key, self.client.type(key)

    def lose(self):
        key = self.random.choice(KEYS)
        self.pick(self.client.delete, lambda key: self.client.pexpire(key, 1),
                  lambda key: self.client.rename(key, key + "-x"))(key)
        return key

    def live_on(self):
        """It goes away later: so far that changes nothing."""
        key = self.random.choice(KEYS)
        self.client.expire(key, 3600)
        return key

    def exchange_keys(self):
        one, two = self.random.sample(KEYS, 2)
        with self.client.pipeline(transaction=True) as p:
            p.rename(one, "x").rename(two, one).rename("x", two)
            p.execute()
        return one, two

    def empty(self):
        self.pick(self.client.flushall, lambda: self.client.swapdb(0, 1))()

    def put_back(self):
        """An older state, in part or as a whole."""
        copy = self.random.choice(self.copies)
        keys = self.pick(KEYS, KEYS[:3], KEYS[:2], [LOCKS], [AUDIT], [ROOT],
                         [REQUESTS], [AUDIT, ROOT])
        with self.client.pipeline(transaction=True) as p:
            for key in keys:
                p.delete(key)
                if copy[key] is not None:
                    p.restore(key, 0, copy[key])
            p.execute()
        return self.copies.index(copy), keys

    STEPS = [forge] * 4 + [sign] * 2 + [adopt] * 2 + [rewrite] * 3 + [
        remove, order, begin_later, end_earlier, end_earlier, fork, element,
        last_id, another_chain, write, write, write_many, write_bad_name, take,
        exchange, root, root, report, request, other_type, lose, lose,
        live_on, exchange_keys, empty] + [put_back] * 4

    def attack(self):
        """Some of that; what is not possible is left out."""
        self.did = []
        for step in self.random.choices(self.STEPS,
                                        k=self.pick(1, 1, 1, 2, 3, 4)):
            state = self.random.getstate()
            try:
                told = step(self)
            except (redis_py.RedisError, IndexError, ValueError, KeyError,
                    TypeError) as failure:
                told = failure
            self.did.append(f"{step.__name__}: {told}")
            self.random.setstate(state)
            self.random.random()
