# Copyright (C) 2026 paylock contributors
#
# The state file, read and written by a second implementation from
# docs/state.md.

import dataclasses
import hashlib
import hmac
import os
import pathlib
import struct

HEAD = struct.Struct("<8s I I Q Q Q 32s 64s 64s 64s 32s 32s 192s 32s 32s")
MAGIC = b"paylock\n"


def mac(key, data):
    return hmac.digest(key, data, "sha256")


def masked(key, nonce, secret):
    mask = b"".join(mac(key, bytes([i]) + nonce) for i in range(6))
    return bytes(a ^ b for a, b in zip(secret, mask))


def key_of(path):
    return bytes.fromhex(pathlib.Path(f"{path}.key").read_text().strip())


@dataclasses.dataclass
class State:
    seq: int
    time: int
    chain: str
    hash: str
    prev: str
    secret: bytes
    records: bytes
    count: int
    root: str = "\0" * 64
    trust: bytes = bytes(32)

    @classmethod
    def read(cls, path):
        """Reads a file and checks it against its key: AssertionError if they
        do not match."""
        data = pathlib.Path(path).read_bytes()
        key = key_of(path)
        (magic, version, count, size, seq, time, chain, hash, prev, root,
         trust, nonce, secret, digest, seal) = HEAD.unpack_from(data)
        assert (magic, version) == (MAGIC, 1)
        assert hmac.compare_digest(seal, mac(key, data[:HEAD.size - 32]))
        records = data[HEAD.size:]
        assert len(records) == size
        assert hashlib.sha256(records).digest() == digest
        state = cls(seq, time, chain.decode(), hash.decode(), prev.decode(),
                    masked(key, nonce, secret), records, count,
                    root.decode(), trust)
        assert len(list(state)) == count
        return state

    def __iter__(self):
        """(hash, suffix, held, times, ref) of each record."""
        at = 0
        while at < len(self.records):
            name, bits, there = struct.unpack_from("<QBB", self.records, at)
            n = there.bit_count()
            suffix = bits >> 6 & 1
            times = struct.unpack_from(f"<{n}I", self.records,
                                       at + 10 + suffix)
            at += 10 + suffix + 4 * n
            ref = self.records[at:at + (bits & 31)].decode()
            at += bits & 31
            yield name, bool(suffix), bool(bits & 0x80), times, ref

    def write(self, path, key=None):
        """Writes a file as its owner would."""
        path = pathlib.Path(path)
        key = key or key_of(path)
        nonce = os.urandom(32)
        head = HEAD.pack(MAGIC, 1, self.count, len(self.records), self.seq,
                         self.time, self.chain.encode(), self.hash.encode(),
                         self.prev.encode(),
                         self.root.encode(), self.trust, nonce,
                         masked(key, nonce, self.secret),
                         hashlib.sha256(self.records).digest(), b"")
        head = head[:HEAD.size - 32]
        temp = path.with_suffix(".test")
        temp.write_bytes(head + mac(key, head) + self.records)
        there = path.stat()
        os.chown(temp, there.st_uid, there.st_gid)
        temp.rename(path)
