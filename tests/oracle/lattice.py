# Copyright (C) 2026 paylock contributors
#
# The root of all records, from docs/audit-format.md alone.

import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

# every other lane: between two of them is room for a carry
EVEN = int.from_bytes(b"\xff\xff\x00\x00" * 512, "little")
ONE = int.from_bytes(b"\x01\x00\x00\x00" * 512, "little")


def expand(host, record):
    """The 1,024 lanes of a pair, as two numbers."""
    text = b"paylock record 2\n"
    for part in host, record:
        part = part.encode() if isinstance(part, str) else part
        text += len(part).to_bytes(8, "big") + part
    stream = Cipher(ChaCha20(hashlib.sha256(text).digest(), bytes(16)), None)
    lanes = int.from_bytes(stream.encryptor().update(bytes(2048)), "little")
    return lanes & EVEN, lanes >> 16 & EVEN


class Lattice:
    """The sum of all pairs."""

    def __init__(self, records=()):
        self.even = self.odd = 0
        for host, record in dict(records).items():
            self.change(host, "", record)

    def change(self, host, before, after):
        """Each may be empty: there is none."""
        if before:
            even, odd = expand(host, before)
            # minus is the complement and one
            self.even = self.even + (EVEN - even) + ONE & EVEN
            self.odd = self.odd + (EVEN - odd) + ONE & EVEN
        if after:
            even, odd = expand(host, after)
            self.even = self.even + even & EVEN
            self.odd = self.odd + odd & EVEN

    def bytes(self):
        return (self.even | self.odd << 16).to_bytes(2048, "little")

    def root(self):
        return hashlib.sha256(self.bytes()).hexdigest()
