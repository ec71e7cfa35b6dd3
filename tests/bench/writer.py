# Copyright (C) 2026 paylock contributors
#
# Writes records and changes as paylock-admin does, as fast as Redis takes
# them.

import secrets
import socket
import time

from support.chain import AUDIT, LOCKS, ZEROS, entry_hash

LOCKED = "customer-%d.example"          # has a record
OPEN = "open.example"                   # has none
CHANGED = "changed-%d.example"  # is locked and unlocked

BATCH = 1000                            # fields an HSET
ENTRIES = 100                           # entries a transaction

RECORD = ('{"at":%d,"%s":%d,"ref":"PL-%06d","reason":"overdue since 1 Nov",'
          '"invoice":"F-2026-%d","actor":"alice"}')


def record(i, at, stage="lock_at"):
    return RECORD % (at, stage, at, i, i)


def command(*words):
    """A command as it goes over the wire; all of it is ASCII."""
    return (f"*{len(words)}\r\n" + "".join(
        [f"${len(word)}\r\n{word}\r\n" for word in words])).encode()


class Writer:
    """The only writer of a chain, which is in an empty Redis."""

    def __init__(self, redis):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(redis.socket)
        self.replies = self.socket.makefile("rb")
        self.chain = secrets.token_hex(16)
        self.seq, self.hash = 0, ZEROS
        self.targets = []               # seq and hash, for the skip
        self.at = int(time.time())
        self.records = {}               # of the hosts that were changed
        self.run(self.entry("init", "", "", ""))

    def close(self):
        self.replies.close()
        self.socket.close()

    def send(self, *commands):
        self.socket.sendall(b"".join(commands))

    def reply(self):
        line = self.replies.readline()
        kind, rest = line[:1], line[1:-2]
        assert kind in b"+:$*", line
        if kind == b"$":
            return self.replies.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        return rest

    def run(self, *commands):
        self.send(*commands)
        return [self.reply() for _ in commands]

    def fill(self, n):
        """n locks, without entries: as after a chain that began long ago."""
        for first in range(0, n, BATCH):
            words = []
            for i in range(first, min(first + BATCH, n)):
                words += LOCKED % i, record(i, self.at)
            self.run(command("HSET", LOCKS, *words))

    def entry(self, action, host, before, after):
        """The XADD of the next entry."""
        self.seq += 1
        entry = {"v": "2", "chain": self.chain,
                 "time": str(time.time_ns() // 1000000), "actor": "alice",
                 "machine": "bench", "action": action, "host": host,
                 "before": before, "after": after,
                 "reason": "overdue since 1 Nov",
                 "request": f"{self.seq:032x}", "salt": f"{self.seq:032x}",
                 "prev": self.hash, "skip": self.skip()}
        self.hash = entry["hash"] = entry_hash(self.seq, entry)
        self.targets.append((self.seq, self.hash))
        return command("XADD", AUDIT, f"{self.seq}-0", *(
            word for pair in entry.items() if pair[1] for word in pair))

    def skip(self):
        while self.targets and self.targets[-1][0] > self.seq & self.seq - 1:
            self.targets.pop()
        return self.targets[-1][1] if self.targets else ZEROS

    def change(self, i, lock=True):
        """The commands of one change."""
        host = CHANGED % i
        before = self.records.get(host, "")
        after = record(i, self.at, "lock_at" if lock else "open_at")
        self.records[host] = after
        return (self.entry("lock" if lock else "unlock", host, before, after),
                command("HSET", LOCKS, host, after))

    def look(self):
        """The head, where another one has written meanwhile."""
        reply, = self.run(command("XREVRANGE", AUDIT, "+", "-", "COUNT", "1"))
        (ident, fields), = reply
        self.seq, self.hash = int(ident.split(b"-")[0]), fields[-1].decode()
        self.targets = [(self.seq, self.hash)]

    def transaction(self, changes):
        """The bytes of a transaction of some (i, lock), and the number of
        replies to it."""
        commands = [part for i, lock in changes
                    for part in self.change(i, lock)]
        return (command("MULTI") + b"".join(commands) + command("EXEC"),
                len(commands) + 2)

    def commit(self, changes):
        data, replies = self.transaction(changes)
        self.socket.sendall(data)
        for _ in range(replies):
            last = self.reply()
        assert len(last) == replies - 2
        return last

    def changes(self, n, hosts=1000):
        """n changes of so many hosts: each is locked, each is unlocked..."""
        for first in range(0, n, ENTRIES):
            self.commit([(i % hosts, i // hosts % 2 == 0)
                         for i in range(first, min(first + ENTRIES, n))])
