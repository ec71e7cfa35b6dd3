# Copyright (C) 2026 paylock contributors
#
# nginx with signers: pasts other than the one that is known or pinned, and how
# a signer gives one up.

import pytest

from support.chain import AUDIT, LOCKED, LOCKS, OPEN, count, logged
from support.signed import (A, B, C, CLOSED, backup, chain, diverged, fill,
                            live, restore, rolled, signed, stays)
from support.trail import pin, signer, signers_file


def test_pin(signed, chain):
    """A node that knows nothing takes no older state."""
    fill(chain)
    older = backup(chain)
    chain.write(("h0.example", OPEN), ("later.example", LOCKED))
    line = pin(chain.seq, chain.hash)
    newer = backup(chain)
    restore(chain, older)
    server = signed(signer("a", A), line, live=False)
    diverged(chain, server, "line 2 of the signers file names entry 24")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)
    restore(chain, newer)
    server.wait_state("later.example", "locked")


def test_another_entry_at_a_pin(signed, chain):
    fill(chain)
    server = signed(signer("a", A), pin(3, "5" * 64), live=False)
    diverged(chain, server, "entry 3 of .* is not the one that line 2")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)


def branch(chain, pinned, last):
    """Two pasts, both of A, that part before the pinned entry: the stream is
    that of the second, with that entry of the first in its place.  Returns the
    pin."""
    while chain.seq < pinned - 1:
        chain.write((f"n{chain.seq}.example", LOCKED))
    older = backup(chain)
    chain.write(("h0.example", OPEN))
    line, genuine = pin(chain.seq, chain.hash), chain.client.xrange(AUDIT)[-1]
    restore(chain, older)
    chain.look()
    chain.know()
    while chain.seq < last:
        chain.write(("h1.example", OPEN))
    entries = chain.client.xrange(AUDIT)
    entries[pinned - 1] = genuine
    chain.client.delete(AUDIT)
    for ident, entry in entries:
        chain.client.xadd(AUDIT, entry, id=ident)
    return line


@pytest.mark.parametrize("pinned, last", [(24, 25), (24, 40), (25, 26),
                                          (30, 200), (32, 200), (33, 64)])
def test_another_branch_than_that_of_a_pin(signed, chain, pinned, last):
    """The pinned entry stands in its place, and the head does not go on from
    it."""
    fill(chain)
    line = branch(chain, pinned, last)
    server = signed(signer("a", A), line, live=False)
    diverged(chain, server, f"entry {pinned} of .* is not the one that line 2")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)


@pytest.mark.parametrize("last", [30, 64, 200])
def test_pins_far_back(signed, chain, last):
    """A few steps lead to each, also where some entries were given up."""
    fill(chain)
    lines = []
    while chain.seq < last:
        chain.write((f"n{chain.seq}.example", LOCKED))
        if chain.seq in (24, 25, 31, 32, 33, 63, 64, 100, 128, 199):
            lines.append(pin(chain.seq, chain.hash))
    chain.write(("h0.example", OPEN), sign=False, records=False)
    chain.seq, chain.hash = chain.seq - 1, None
    chain.hash = chain.client.xrange(AUDIT)[-2][1]["hash"]
    chain.know()
    chain.adopt()
    chain.write(("after.example", LOCKED))
    server = signed(signer("a", A), *lines, alerts=False)
    server.wait_state("after.example", "locked")
    stays(server, CLOSED, 0.1)


def test_a_pin_that_was_given_up(signed, chain):
    """Another entry stands in its place, that is given up as well: a node that
    knows nothing finds the adopt on its way back from the head."""
    fill(chain)
    good, older = (chain.seq, chain.hash), backup(chain)
    chain.write(("h0.example", OPEN))
    pinned = pin(chain.seq, chain.hash)
    restore(chain, older)
    chain.look()
    chain.know()
    chain.write(("h1.example", OPEN), sign=False, records=False)
    chain.know()
    chain.adopt(resumes=good)
    chain.write(("after.example", LOCKED))
    server = signed(signer("a", A), pinned, alerts=False)
    server.wait_state("after.example", "locked")
    stays(server, CLOSED, 0.1)


def test_a_pin_just_before_the_stream(signed, chain):
    """What is cut off before the next entry is known by its hash."""
    fill(chain)
    pinned = pin(chain.seq, chain.hash)
    chain.write(("after.example", LOCKED))
    chain.write(("more.example", LOCKED))
    chain.client.xtrim(AUDIT, maxlen=2, approximate=False)
    server = signed(signer("a", A), pinned, alerts=False)
    server.wait_state("more.example", "locked")
    stays(server, CLOSED, 0.1)


@pytest.mark.parametrize("named", [False, True])
def test_an_adopt_of_another_chain_excuses_no_pin(signed, chain, named):
    """What it gives up has the number of what is pinned, and is not that."""
    fill(chain)
    chain.adopt(lost=chain.seq + 9, chain="b" * 32)
    chain.write(("after.example", LOCKED))
    server = signed(signer("a", A), pin(25, "7" * 64, *[chain.chain] * named),
                    live=False)
    diverged(chain, server, "entry 25 of .* is not the one that line 2")
    stays(server, dict.fromkeys(CLOSED, "open"), 0.5)

def test_rollback(rolled, chain):
    server, known = rolled
    diverged(chain, server, f"ends with entry {chain.seq}, and entry "
                            f"{known[0]} is known here")
    stays(server, CLOSED)


def test_fork_of_the_same_length(rolled, chain):
    """Even if a signer signed it: an operator who did not know."""
    server, known = rolled
    diverged(chain, server, "is known here")
    while chain.seq < known[0]:
        chain.write(("h1.example", OPEN))
    logged(server, "is not the one that is known here")
    stays(server, CLOSED)
    chain.write(("h1.example", OPEN))
    logged(server, "does not follow entry")
    stays(server, CLOSED)


@pytest.mark.parametrize("who", ["unsigned", "no signer", "revoked"])
def test_forged_adopt(rolled, chain, private, who):
    server, known = rolled
    diverged(chain, server, "is known here")
    if who == "revoked":
        signers_file(private / "signers", signer("a", A), signer(
            "b", B, until=(chain.seq, chain.hash)))
        server.reload()
    chain.adopt(lost=known[0], hash=known[1],
                key={"no signer": C, "revoked": B}.get(who),
                sign=who != "unsigned")
    stays(server, CLOSED)
    assert count(server, "gives up entry") == 0


def test_adopt_of_less_than_is_known(rolled, chain):
    server, known = rolled
    chain.adopt(lost=known[0] - 1)
    stays(server, CLOSED)


def test_adopt(rolled, chain):
    """It moves the node to what the signer says."""
    server, known = rolled
    diverged(chain, server, "is known here")
    chain.adopt(lost=known[0], hash=known[1])
    server.wait_state("h0.example", "open")
    live(chain, server)
    stays(server, CLOSED | {"h0.example": "open"}, 0.1)
    chain.write(("h0.example", LOCKED))
    server.wait_state("h0.example", "locked")


def test_adopt_with_another_root(rolled, chain):
    """A signer's adopt is not enough: the records must fit it."""
    server, known = rolled
    chain.adopt(lost=known[0], hash=known[1])
    chain.client.hset(LOCKS, "h2.example", "open")
    stays(server, {"h2.example": "locked"})
