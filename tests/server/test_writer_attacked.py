# Copyright (C) 2026 paylock contributors
#
# What an attack on paylock-writer found, and what is mended.

import hashlib
import json
import os
import re
import resource
import subprocess
import time

import pytest

from support.api import PROGRAM
from support.servers import wait_for
from support.writer import PROGRAM as WRITER
from support.writer import Writer

ALL = ("--allow", "read,audit,lock,unlock,reset,protect,unprotect,notice,pass")


@pytest.fixture
def token(writer):
    return writer.token("whmcs", *ALL)


def entries(api):
    return api.writer.issuer.json("audit", "log")


@pytest.mark.parametrize("name", ["lock", "unlock", "reset"])
def test_the_hold_of_a_token(api, writer, name):
    """A token without the hold "billing" does not touch it by another
    route."""
    token = writer.token("x", *ALL, "--hold", "abuse")
    assert api.call("PUT", "/v1/sites/b.example/holds/billing", token,
                    {}).status == 403
    before = entries(api)
    reply = api.post(f"/v1/{name}", token, {"hosts": ["a.example"]})
    assert reply.status == 403, reply.body
    assert entries(api) == before


def test_unlock_does_not_close(writer):
    """Who may only unlock closes nothing that is open."""
    token = writer.token("x", "--allow", "unlock")
    answer = writer.ask("unlock", token, hosts=["never.example"],
                        input={"until": "+1s"})
    assert answer["status"] == 403 and "until" in answer["error"]["mend"]
    with pytest.raises(TimeoutError):
        wait_for("the time", lambda: writer.issuer.json(
            "status", "never.example")[0]["stage"] == "locked", 3)


def test_lock_does_not_open(writer):
    """docs/security.md, of signers: "Who may lock alone opens nothing, now or
    later"."""
    assert writer.issuer.json("status", "a.example")[0]["stage"] == "locked"
    token = writer.token("x", "--allow", "lock")
    answer = writer.ask("lock", token, hosts=["a.example"],
                        input={"until": "+1s"})
    assert answer["status"] == 403 and "until" in answer["error"]["mend"]
    with pytest.raises(TimeoutError):
        wait_for("the time", lambda: writer.issuer.json(
            "status", "a.example")[0]["stage"] == "open", 3)
