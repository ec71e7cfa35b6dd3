# Copyright (C) 2026 paylock contributors
#
# What paylockd tells of tokens, passes and the audit trail: what paylock-admin
# tells.

import json

import pytest


@pytest.fixture
def token(writer):
    return writer.token("panel", "--allow", "read,audit,pass,lock,unlock")


def lines(admin, *args):
    """What a command prints with --json, which are lines."""
    return [json.loads(line)
            for line in admin("--json", *args).stdout.splitlines()]


# tokens

def test_tokens(api, token):
    admin = api.writer.issuer
    other = api.writer.token("whmcs", "--allow", "lock", "--hosts",
                             "*.client.example", "--ip", "192.0.2.7",
                             "--hold", "billing", "--expires", "1y")
    api.writer.token("old", "--allow", "read")
    admin("token", "revoke", "old")
    reply = api.get("/v1/tokens", token)
    assert reply.body == {"data": lines(admin, "token", "list")}
    assert [one["name"] for one in reply.body["data"]] == ["panel", "whmcs",
                                                           "old"]
    kept = json.loads((api.writer.dir / "tokens").read_text())["tokens"]
    said = json.dumps(reply.body)
    for secret in token, other, *(one["sha256"] for one in kept):
        assert secret not in said
    assert "sha256" not in said


def test_tokens_of_others_are_not_shown(api):
    """A client who has some hosts does not learn who has which."""
    mine = api.writer.token("client", "--allow", "read", "--hosts",
                            "*.client.example")
    reply = api.get("/v1/tokens", mine)
    assert (reply.status, reply.body["code"]) == (403, "forbidden")
    # nor by asking the writer
    assert api.writer.ask("token list", mine)["status"] == 403


# passes

def test_passes(api, token):
    admin = api.writer.issuer
    keys = api.writer.pass_key
    for host in "a.x.example", "b.example", "a.x.example":
        admin("lock", host)
        admin("pass", "issue", host, "--ttl", "7d", "--key", keys,
              "--reason", "review")
    admin("pass", "revoke", "b.example")
    assert api.get("/v1/passes", token).body \
        == {"data": lines(admin, "pass", "list")}
    for host in "a.x.example", "b.example", "nobody.example":
        assert api.get(f"/v1/passes?host={host}", token).body \
            == {"data": lines(admin, "pass", "list", host)}, host
    states = [one["state"] for one in
              api.get("/v1/passes", token).body["data"]]
    assert sorted(states) == ["revoked", "valid", "valid"]


def test_passes_of_the_hosts_of_a_token(api, writer):
    token = writer.token("x", "--allow", "pass", "--hosts", "*.mine.example")
    for query in "", "?host=other.example", "?host=mine.example":
        assert api.get(f"/v1/passes{query}", token).status == 403, query
    assert api.get("/v1/passes?host=a.mine.example", token).status == 200
    assert api.get("/v1/passes?host=a..b", token).status == 422


def issue(api, token, host, given, **headers):
    return api.post("/v1/passes", token, {"hosts": [host], **given},
                    **headers)


@pytest.mark.parametrize("host, given", [
    ("%s.example", {"ttl": "7d"}), ("%s.example", {"ttl": "+2h"}),
    ("%s.example", {"ttl": "7d", "path": "/shop?page=2", "reason": "look"}),
    ("%s.example", {}), ("%s.example", {"ttl": "0d"}),
    ("%s.example", {"ttl": "200y"}), ("%s.example", {"ttl": "x" * 40}),
    ("%s.example", {"ttl": "7d", "path": "shop"}),
    ("%s.example", {"ttl": "7d", "path": "/\"><script>"}),
    ("%s.example", {"ttl": "7d", "path": "/" + "x" * 1000}),
    ("%s.example", {"ttl": "7d", "reason": "a\nb"}),
    ("*.%s.example", {"ttl": "7d"})])
def test_a_pass_is_issued(api, token, host, given):
    """As by pass issue: the answer, the error and the entry."""
    admin = api.writer.issuer
    for dry in True, False:
        done = admin("--json", *["--dry-run"][:dry], "pass", "issue",
                     host % "one", "--key", api.writer.pass_key, *(
                         arg for key, value in given.items()
                         for arg in (f"--{key}", value)), check=False)
        reply = api.post("/v1/passes" + "?dry_run=true" * dry, token,
                         {"hosts": [host % "two"], **given})
        if done.returncode:
            told = json.loads(done.stderr.splitlines()[-1])["error"]
            assert reply.status == 422
            assert [reply.body[key] for key in ("code", "detail", "mend")] \
                == [told[key] and told[key].replace("one.", "two.")
                    for key in ("code", "message", "mend")]
            assert lines(admin, "pass", "list") == []
            continue
        told = json.loads(done.stdout)
        assert sorted(reply.body) == sorted(told)
        assert reply.body["host"] == "two.example"
        if dry:
            assert reply.body["dry_run"] is True
            continue
        assert reply.body["url"].partition("paylock_pass=")[0] \
            == told["url"].partition("paylock_pass=")[0].replace("one.",
                                                                 "two.")
        one, two = lines(admin, "pass", "list")
        assert two["actor"] == "token:panel"
        for key in "reason", "kid", "state":
            assert one[key] == two[key]
        assert [two[key] for key in ("issued", "expires", "seq")] \
            == [reply.body[key] for key in ("issued", "expires", "seq")]


def test_a_pass_lets_in(api, token, nginx):
    admin = api.writer.issuer
    server = nginx("server { server_name a.example; paylock on; "
                   f"paylock_pass_key {api.writer.pass_key}; "
                   'location / { return 200 "the site"; } }')
    admin("lock", "a.example")
    server.wait_state("a.example", "locked")
    url = issue(api, token, "a.example", {"ttl": "1d"}).body["url"]
    path = url.removeprefix("https://a.example")
    answer = server.get(path, host="a.example")
    assert answer.status in (302, 303) and "Set-Cookie" in answer.headers
    assert server.get(path[:-3] + "xyz", host="a.example").status == 503


def test_a_pass_is_issued_once(api, token):
    """The same key again gives the same link, and no second entry."""
    admin = api.writer.issuer
    first = issue(api, token, "a.example", {"ttl": "1d"}, Idempotency_Key="k")
    admin("keygen", "--pass", api.writer.pass_key)      # another key signs
    again = issue(api, token, "a.example", {"ttl": "1d"}, Idempotency_Key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    reply = issue(api, token, "a.example", {"ttl": "2d"}, Idempotency_Key="k")
    assert (reply.status, reply.body["code"]) == (422, "request")
    assert len(lines(admin, "pass", "list")) == 1
    text = api.writer.pass_key.read_text().splitlines()
    api.writer.pass_key.write_text(text[0] + "\n")       # the first is gone
    reply = issue(api, token, "a.example", {"ttl": "1d"}, Idempotency_Key="k")
    assert (reply.status, reply.body["code"]) == (409, "record")


def test_two_hosts_have_no_pass(api, token):
    reply = api.post("/v1/passes", token, {
        "hosts": ["a.example", "b.example"], "ttl": "1d"})
    assert (reply.status, reply.body["code"]) == (422, "hosts")


def test_without_the_keys_of_passes(api, token):
    """The writer refuses, and writes no entry, if they are not there or if
    others can read them."""
    admin = api.writer.issuer
    api.writer.pass_key.chmod(0o644)
    reply = issue(api, token, "a.example", {"ttl": "1d"})
    assert (reply.status, reply.body["code"]) == (503, "pass_key")
    api.writer.stop()
    api.writer.args = ()
    api.writer.start()
    reply = issue(api, token, "a.example", {"ttl": "1d"})
    assert (reply.status, reply.body["code"]) == (503, "pass_key")
    assert "--pass-key" in reply.body["mend"]
    assert lines(admin, "pass", "list") == []


def test_a_pass_is_in_no_log(api, token):
    url = issue(api, token, "a.example", {"ttl": "1d"}).body["url"]
    secret = url.rpartition("=")[2]
    for log in api.dir / "log", api.writer.dir / "log":
        assert secret not in log.read_text()
    assert secret not in api.writer.issuer("--json", "audit", "log").stdout
