# Copyright (C) 2026 paylock contributors
#
# token create, list and revoke: the token is shown once and kept nowhere, and
# the trail tells of each.

import hashlib
import json
import re
import stat

import pytest

from support.cli import refused, trust

WHMCS = ("--allow", "lock,unlock", "--hosts", "*.Client.example",
         "--ip", "192.0.2.7,2001:db8::/32", "--expires", "1y")


@pytest.fixture
def issuer(alice):
    alice.tokens = alice.home / "tokens"
    alice.env["PAYLOCK_TOKENS"] = str(alice.tokens)
    return alice


def kept(admin):
    return json.loads(admin.tokens.read_text())["tokens"]


def entries(admin):
    return [entry for entry in admin.json("audit", "log")
            if entry["action"].startswith("token-")]


def test_create(issuer):
    token = issuer("token", "create", "whmcs", *WHMCS).stdout.strip()
    assert re.fullmatch("plk_[0-9a-f]{64}", token)
    one, = kept(issuer)
    assert one["sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert one["allow"] == ["lock", "unlock"]
    assert one["holds"] == ["billing"]
    assert one["hosts"] == ["*.client.example"]
    assert one["ip"] == ["192.0.2.7", "2001:db8::/32"]
    assert one["expires"] - one["created"] == 365 * 86400
    entry, = entries(issuer)
    assert entry["action"] == "token-create"
    assert entry["reference"] == "whmcs" and entry["host"] == ""
    assert "lock,unlock" in entry["reason"]
    assert "*.client.example" in entry["reason"]
    assert issuer("audit", "verify").returncode == 0

    secret = token.removeprefix("plk_")
    assert secret not in issuer("audit", "log").stdout
    assert secret not in issuer("token", "list").stdout
    for path in issuer.home.rglob("*"):
        assert path.is_dir() or secret not in path.read_text(errors="replace")
    assert stat.S_IMODE(issuer.tokens.stat().st_mode) == 0o640


def test_list(issuer):
    made = issuer.json("token", "create", "whmcs", *WHMCS)
    issuer("token", "create", "old", "--allow", "read")
    issuer("token", "revoke", "old")
    lines = issuer("--json", "token", "list").stdout.splitlines()
    listed, old = map(json.loads, lines)
    assert {name: made[name] for name in listed} == listed
    assert set(made) - set(listed) == {"token", "seq"}
    assert old["revoked"] and not listed["revoked"]
    text = issuer("token", "list").stdout
    assert re.search(r"whmcs +good +allows lock,unlock; holds billing", text)
    assert re.search(r"old +revoked", text)
    assert "sha256" not in text + lines[0]


def test_revoke(issuer):
    issuer("token", "create", "whmcs", *WHMCS)
    done = issuer("token", "revoke", "whmcs")
    assert re.fullmatch(r"whmcs: revoked, entry \d+\n", done.stdout)
    assert [e["action"] for e in entries(issuer)] == ["token-create",
                                                      "token-revoke"]
    error = refused(issuer, 1, "token", "token", "revoke", "whmcs")
    assert "token list" in error["mend"]
    # the name is free again
    issuer("token", "create", "whmcs", *WHMCS)
    assert [bool(one.get("revoked")) for one in kept(issuer)] == [True, False]


def test_revoked_while_redis_is_gone(issuer):
    """At once; the entry is written later."""
    issuer("token", "create", "whmcs", *WHMCS)
    issuer.redis.stop()
    error = refused(issuer, 3, "connect", "token", "revoke", "whmcs")
    assert "the token is revoked" in error["message"]
    assert kept(issuer)[0]["revoked"]
    issuer.redis.start()
    done = issuer("token", "revoke", "whmcs", check=False)
    if "chain" not in done.stderr:      # it kept its data
        assert done.returncode == 0, done.stderr
        assert entries(issuer)[-1]["action"] == "token-revoke"


def test_nothing_without_an_entry(issuer):
    """A token that the trail does not tell of is not made."""
    issuer.redis.stop()
    refused(issuer, 1, "connect", "token", "create", "whmcs", *WHMCS)
    assert not issuer.tokens.exists()


def test_dry_run(issuer):
    done = issuer("--dry-run", "token", "create", "whmcs", *WHMCS)
    assert done.stdout == "whmcs: would be made\n"
    assert not issuer.tokens.exists() and not entries(issuer)
    issuer("token", "create", "whmcs", *WHMCS)
    before = issuer.tokens.read_text()
    done = issuer("--dry-run", "token", "revoke", "whmcs")
    assert done.stdout == "whmcs: would be revoked\n"
    assert issuer.tokens.read_text() == before


@pytest.mark.parametrize("args, code", [
    (["WHMCS", "--allow", "lock"], "token"),
    (["a b", "--allow", "lock"], "token"),
    (["", "--allow", "lock"], "token"),
    (["x" * 65, "--allow", "lock"], "token"),
    (["whmcs"], "scope"),
    (["whmcs", "--allow", ""], "scope"),
    (["whmcs", "--allow", "lock,"], "scope"),
    (["whmcs", "--allow", "lock,adopt"], "scope"),
    (["whmcs", "--allow", "lock", "--hold", "rent"], "hold"),
    (["whmcs", "--allow", "lock", "--hosts", "a..b"], "host"),
    (["whmcs", "--allow", "lock", "--ip", "192.0.2"], "address"),
    (["whmcs", "--allow", "lock", "--ip", "192.0.2.0/33"], "address"),
    (["whmcs", "--allow", "lock", "--ip", "::1/"], "address"),
    (["whmcs", "--allow", "lock", "--expires", "soon"], "time"),
    (["whmcs", "--allow", "lock", "--expires", "2020-01-01"], "time"),
    (["whmcs", "--allow", ",".join(["lock"] * 101)], "token")])
def test_bad_input(issuer, args, code):
    refused(issuer, 2, code, "token", "create", *args)
    assert not issuer.tokens.exists() and not entries(issuer)


def test_a_name_that_is_there(issuer):
    issuer("token", "create", "whmcs", *WHMCS)
    error = refused(issuer, 1, "token", "token", "create", "whmcs", *WHMCS)
    assert "revoke" in error["mend"]
    assert len(kept(issuer)) == len(entries(issuer)) == 1


@pytest.mark.parametrize("text, mode", [
    ("", 0o600), ("{}", 0o600), ("[]", 0o600), ('{"tokens": [{}]}', 0o600),
    ('{"tokens": []}', 0o604), ('{"tokens": []}', 0o620)])
def test_a_file_that_is_not_to_be_believed(issuer, text, mode):
    issuer.tokens.write_text(text)
    issuer.tokens.chmod(mode)
    for args in (["create", "whmcs", *WHMCS], ["list"], ["revoke", "whmcs"]):
        refused(issuer, 1, "tokens", "token", *args)
    assert issuer.tokens.read_text() == text and not entries(issuer)


def test_who_may_not(issuer, operator):
    """Tokens are for those who may sign that."""
    limited = operator("carol")
    limited.env["PAYLOCK_TOKENS"] = str(issuer.tokens)
    line = f"carol {limited.key} may=lock"
    for admin in issuer, limited:
        trust([admin], f"alice {issuer.key}", line)
    limited("init", "--yes")
    done = limited("token", "create", "whmcs", *WHMCS, check=False)
    assert done.returncode == 1 and "may not sign this" in done.stderr
    assert not issuer.tokens.exists()
