# Copyright (C) 2026 paylock contributors
#
# Records and flips as paylock-admin writes them, as fast as Redis takes them.

import json
import secrets
import socket
import struct
import time
from hashlib import sha256

from chain import AUDIT, FIELDS, LOCKS

LOCKED = "customer-%d.example"          # has a record
OPEN = "open.example"                   # has none
FLIPPED = "flipped-%d.example"          # is locked and unlocked

BATCH = 1000                            # fields an HSET
ENTRIES = 100                           # entries a transaction

NAMES = [name.encode() for name in FIELDS]


def record(i, at, stage="lock_at"):
    return json.dumps({
        "at": at, stage: at, "ref": f"PL-{i:06}",
        "reason": "overdue since 1 Nov", "invoice": f"F-2026-{i}",
        "actor": "alice"}, separators=(",", ":")).encode()


def command(*words):
    """A command as it goes over the wire."""
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Writer:
    """The only writer of a chain, which is in an empty Redis."""

    def __init__(self, redis):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(redis.socket)
        self.replies = self.socket.makefile("rb")
        self.chain = secrets.token_hex(16).encode()
        self.seq, self.hash = 0, b"0" * 64
        self.at = int(time.time())
        self.records = {}               # of the hosts that were flipped
        self.run(self.entry(b"init", b"", b"", b""))

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
                words += (LOCKED % i).encode(), record(i, self.at)
            self.run(command(b"HSET", LOCKS.encode(), *words))

    def entry(self, action, host, before, after):
        """The XADD of the next entry."""
        self.seq += 1
        values = [b"1", self.chain, b"%d" % (time.time_ns() // 1000000),
                  b"alice", b"bench", action, host, before, after,
                  b"overdue since 1 Nov", b"", b"%032x" % self.seq, self.hash]
        h = sha256(b"paylock audit entry 1\n" + struct.pack(">Q", self.seq)
                   + b"".join(struct.pack(">I", len(value)) + value
                              for value in values))
        self.hash = h.hexdigest().encode()
        words = [word for pair in zip(NAMES, values) for word in pair
                 if pair[1]]
        return command(b"XADD", AUDIT.encode(), b"%d-0" % self.seq, *words,
                       b"hash", self.hash)

    def flip(self, i, lock=True):
        """The commands of one flip."""
        host = (FLIPPED % i).encode()
        before = self.records.get(host, b"")
        after = record(i, self.at, "lock_at" if lock else "open_at")
        self.records[host] = after
        return (self.entry(b"lock" if lock else b"unlock", host, before,
                           after),
                command(b"HSET", LOCKS.encode(), host, after))

    def look(self):
        """The head, where another one has written meanwhile."""
        reply, = self.run(command(b"XREVRANGE", AUDIT.encode(), b"+", b"-",
                                  b"COUNT", b"1"))
        (ident, fields), = reply
        self.seq, self.hash = int(ident.split(b"-")[0]), fields[-1]

    def transaction(self, flips):
        """The bytes of a transaction of some (i, lock), and the number of
        replies to it."""
        commands = [part for i, lock in flips for part in self.flip(i, lock)]
        return (command(b"MULTI") + b"".join(commands) + command(b"EXEC"),
                len(commands) + 2)

    def commit(self, flips):
        data, replies = self.transaction(flips)
        self.socket.sendall(data)
        for _ in range(replies):
            last = self.reply()
        assert len(last) == replies - 2
        return last

    def flips(self, n, hosts=1000):
        """n flips of so many hosts: each is locked, each is unlocked..."""
        for first in range(0, n, ENTRIES):
            self.commit([(i % hosts, i // hosts % 2 == 0)
                         for i in range(first, min(first + ENTRIES, n))])
