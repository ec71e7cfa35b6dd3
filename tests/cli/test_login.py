# Copyright (C) 2026 paylock contributors
#
# login and login revoke: the link is shown once, its secret is kept nowhere,
# and the trail tells of each.

import hashlib
import json
import os
import re
import subprocess

import pytest

from support.cli import refused, trust

URL = "https://panel.example/paylock/"


def entries(admin):
    return [(e["action"], e["reference"], e["reason"])
            for e in admin.json("audit", "log")
            if e["action"].startswith("token-")]


def sessions(writer):
    return writer.ask("session end all", dry_run=True)["body"]["ended"]


@pytest.mark.parametrize("role", [None, "viewer", "operator"])
def test_login(writer, role):
    admin = writer.issuer
    done = admin("login", *(["--role", role] if role else []))
    assert re.fullmatch(rf"{URL}#login=plk_[0-9a-f]{{64}}\n", done.stdout)
    assert entries(admin) == [(
        "token-create", "session", f"a link for one session of the role "
        f"{role or 'viewer'}; the link is good for 5 minutes, the session for "
        "12 hours")]
    assert admin("audit", "verify").returncode == 0
    body = writer.ask("session begin",
                      link=done.stdout.strip().partition("=")[2])["body"]
    assert body["role"] == (role or "viewer")


def test_json(writer):
    said = writer.issuer.json("login", "--url", "http://a.localhost:8080/x")
    assert said.keys() == {"url", "role", "expires", "seq"}
    assert said["url"].startswith("http://a.localhost:8080/x#login=plk_")
    assert said["seq"] == writer.issuer.json("audit", "log")[-1]["seq"]
    assert said["role"] == "viewer" and said["expires"].endswith("Z")


def test_only_a_hash_leaves_the_command(writer, private):
    """Of the secret; and nothing of it is on a command line."""
    admin = writer.issuer
    trace = private / "trace"
    done = subprocess.run(
        ["strace", "-f", "-s", "9999", "-e", "trace=execve,write,sendto,"
         "sendmsg,writev", "-o", trace, *admin.argv("login")], env=admin.env,
        cwd=admin.home, text=True, capture_output=True)
    secret = done.stdout.strip().partition("=")[2]
    lines = [line for line in trace.read_text().splitlines()
             if secret.removeprefix("plk_") in line]
    assert len(lines) == 1 and "write(1," in lines[0]
    assert hashlib.sha256(secret.encode()).hexdigest() in trace.read_text()


def test_dry_run(writer):
    admin = writer.issuer
    done = admin("--dry-run", "login", "--role", "operator")
    assert done.stdout == "a link for the role operator would be made\n"
    writer.session()
    before = entries(admin)
    assert sessions(writer) == 1
    done = admin("--dry-run", "login", "revoke")
    assert done.stdout == "1 sessions and links: would be ended\n"
    assert sessions(writer) == 1 and entries(admin) == before


@pytest.mark.parametrize("args, code", [
    (["--role", "root"], "role"), (["--role", ""], "role"),
    (["--role", "Viewer"], "role"), (["--quiet"], "option"),
    *((["--url", url], "url") for url in (
        "", "panel.example", "https://", "http://panel.example/",
        "http://evillocalhost/", "http://localhost.evil.example/",
        "http://a@localhost.evil/", "https://a/#b", "https://a b/",
        "https://a/\x1b[2J", "https://é/", "ftp://a/",
        "https://a/" + 1000 * "x"))])
def test_bad_input(writer, args, code):
    admin = writer.issuer
    if args == ["--url", ""]:
        admin.env.pop("PAYLOCK_PANEL")
    refused(admin, 2, code, "login", *args)
    assert not entries(admin) and not sessions(writer)


def test_no_url(writer):
    writer.issuer.env.pop("PAYLOCK_PANEL")
    error = refused(writer.issuer, 2, "url", "login")
    assert "--url" in error["mend"]
    assert not entries(writer.issuer)


def test_without_a_writer(alice, private):
    """Nothing is written."""
    alice.env["PAYLOCK_PANEL"] = URL
    for path in private / "none", private, "/" + 200 * "x":
        alice.env["PAYLOCK_WRITER"] = str(path)
        for command in ["login"], ["login", "revoke"]:
            error = refused(alice, 1, "writer", *command)
            assert "paylock-writer" in error["mend"]
    assert not entries(alice)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_another_user(writer, private):
    """Is told to be root, by a socket that lets him in, and by one that does
    not."""
    for path in [writer.dir, *writer.dir.parents]:
        if str(path).startswith(str(private)):
            path.chmod(0o711)
    home = private / "home"
    home.mkdir()
    home.chmod(0o777)
    # nor may he read the password of Redis, which is looked for first
    writer.issuer.env.pop("PAYLOCK_PASSWORD_FILE", None)
    for mode in 0o777, 0o700:
        writer.socket.chmod(mode)
        done = subprocess.run(
            ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
             *writer.issuer.argv("--json", "login")],
            env={**writer.issuer.env, "HOME": str(home),
                 "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)},
            cwd=home, capture_output=True, text=True)
        error = json.loads(done.stderr)["error"]
        assert (error["code"], error["mend"]) == ("writer", "run this as root")
    assert not entries(writer.issuer)


def test_nothing_without_an_entry(writer):
    """A link that the trail does not tell of is not made."""
    writer.issuer.redis.stop()
    refused(writer.issuer, 1, "connect", "login")
    assert sessions(writer) == 0


def test_who_may_not(writer, operator):
    """Links are for those who may sign that."""
    alice, limited = writer.issuer, operator("carol")
    for name in "PAYLOCK_WRITER", "PAYLOCK_PANEL":
        limited.env[name] = alice.env[name]
    trust([alice, limited], f"alice {alice.key}",
          f"carol {limited.key} may=lock")
    limited("init", "--yes")
    done = limited("login", check=False)
    assert done.returncode == 1 and "may not sign this" in done.stderr
    assert sessions(writer) == 0


def test_revoked_while_redis_is_gone(writer):
    """At once; that the entry is missing is said."""
    session = writer.session()
    writer.issuer.redis.stop()
    error = refused(writer.issuer, 3, "connect", "login", "revoke")
    assert "all sessions are ended" in error["message"]
    assert writer.ask("check", session=session)["status"] == 401


def test_revoke(writer):
    writer.session(), writer.login()
    said = writer.issuer.json("login", "revoke")
    assert said == {"ended": 2,
                    "seq": writer.issuer.json("audit", "log")[-1]["seq"]}
    assert entries(writer.issuer)[-1] == (
        "token-revoke", "session", "all sessions and links, 2")
    assert writer.issuer.json("login", "revoke")["ended"] == 0
