# Copyright (C) 2026 paylock contributors
#
# What a root is worth to a node that knows the chain: the signer of the last
# entry vouches for all records, and perhaps may not do everything.

import json

import pytest

from oracle.lattice import Lattice
from support.chain import ALERTS, HOSTS, LOCKED, LOCKS, OPEN, logged
from support.servers import wait_for
from support.trail import Key, SignedChain, signer, signers_file

A, L = Key(1), Key(9)

SITES = """
    paylock_signers %s;
    paylock_reconcile 200ms;
    server { server_name *.example; paylock on;
             location / { return 200; } }
"""


@pytest.fixture
def chain(redis):
    chain = SignedChain(redis, A)
    chain.init()
    chain.write(*((host, LOCKED) for host in HOSTS))
    return chain


def test_another_signers_file(chain, nginx, private):
    """A key that may only notice signs that all is open; then it is revoked
    at the present head, as "signers revoke" does."""
    path = signers_file(private / "signers", signer("a", A),
                        signer("l", L, may="notice"))
    server = nginx(SITES % path)
    server.allow(ALERTS)
    server.wait_state(HOSTS[0], "locked")
    number = json.dumps({"entry": chain.seq + 1}, separators=(",", ":"))
    forged = {host: json.dumps({**OPEN, "entry": 2}) for host in HOSTS}
    forged["n.example"] = number
    chain.write(("n.example", {}), key=L, action="notice",
                root=Lattice(forged).root())
    chain.client.hset(LOCKS, mapping=forged)
    logged(server, "were changed in Redis without an entry")
    signers_file(path, signer("a", A), signer(
        "l", L, may="notice", until=(chain.seq, chain.hash, chain.chain)))
    server.reload()
    # what is signed later takes effect, and nothing else
    chain.write(("late.example", LOCKED))
    server.wait_state("late.example", "locked")
    assert {server.state(host) for host in HOSTS} == {"locked"}
    chain.write((HOSTS[0], OPEN))
    wait_for("the lock to end", lambda: server.state(HOSTS[0]) == "open")
    assert {server.state(host) for host in HOSTS[1:]} == {"locked"}
