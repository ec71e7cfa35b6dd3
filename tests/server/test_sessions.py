# Copyright (C) 2026 paylock contributors
#
# Sessions: a link that is good once, the cookie that it gives, and who is
# refused with it.

import concurrent.futures
import json
import os
import re
import subprocess
import time

import pytest

from support import servers
from support.api import BODIES, COOKIE, Connection, routes
from support.chain import LOCKS
from support.servers import wait_for
from support.writer import Writer

ROUTES = [(method, path.replace("{host}", "a.example")
           .replace("{hold}", "billing"), scope)
          for method, path, scope, _, _ in routes() if scope]
ANOTHER = f"{COOKIE}=plk_" + 64 * "a"
HOUR = 3600


def body(method, path):
    return None if method in ("GET", "DELETE") \
        else {} if "/holds/" in path \
        else BODIES.get(path, {"hosts": ["a.example"]})


def begin(api, link, **headers):
    return api.post("/v1/session", None, {"login": link}, **headers)


def refused(reply, status, code):
    assert (reply.status, reply.body["code"]) == (status, code), reply.body
    assert reply.body["detail"] and reply.body["mend"]
    assert "Set-Cookie" not in reply.headers


def everything(api):
    """The trail and the records."""
    return (api.writer.issuer.json("audit", "log"),
            api.writer.issuer.redis.client().hgetall(LOCKS))


def me(api, cookie):
    return api.by(cookie, "GET", "/v1/me")


# links

def test_a_link(api):
    reply = begin(api, api.writer.login("operator"))
    assert reply.status == 200
    assert reply.body.keys() == {"role", "expires"}
    assert reply.body["role"] == "operator"
    assert re.fullmatch(
        rf"{COOKIE}=plk_[0-9a-f]{{64}}; Secure; HttpOnly; SameSite=Strict; "
        "Path=/", reply.headers["Set-Cookie"])
    cookie = reply.headers["Set-Cookie"].split(";")[0]
    mine = me(api, cookie).body
    assert mine["role"] == "operator"
    ends = time.mktime(time.strptime(mine["expires"], "%Y-%m-%dT%H:%M:%SZ")) \
        - time.timezone
    assert abs(ends - time.time() - 12 * HOUR) < 60
    assert abs(ends - time.mktime(time.strptime(
        reply.body["expires"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone) < 60


def test_a_token_has_no_role(api):
    token = api.writer.token("x", "--allow", "read", "--expires", "1y")
    mine = api.get("/v1/me", token).body
    assert mine["role"] is None and mine["expires"].endswith("Z")
    token = api.writer.token("y", "--allow", "read")
    assert api.get("/v1/me", token).body["expires"] is None


def test_who_it_is(api):
    """The actor is the number of the entry that tells who has made the link;
    what it did says so, and is signed."""
    cookie = api.login("operator")
    made = api.writer.issuer.json("audit", "log")[-1]
    assert (made["action"], made["reference"], made["actor"]) \
        == ("token-create", "session", "alice")
    assert "operator" in made["reason"]
    actor = f"session:{made['seq']}"
    assert me(api, cookie).body["actor"] == actor
    reply = api.by(cookie, "POST", "/v1/lock", {"hosts": ["b.example"]})
    assert reply.status == 200 and reply.body["changed"] == ["b.example"]
    assert api.writer.issuer.json("audit", "log")[-1]["actor"] == actor
    assert api.writer.issuer("audit", "verify").returncode == 0


def test_a_link_is_good_once(api):
    link = api.writer.login()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: begin(api, link), range(20)))
    assert sorted(reply.status for reply in replies) == [200] + [401] * 19
    refused(begin(api, link), 401, "unauthorized")
    good, = (r for r in replies if r.status == 200)
    assert me(api, good.headers["Set-Cookie"].split(";")[0]).status == 200


@pytest.mark.parametrize("used", [True, False])
def test_a_link_and_a_killed_writer(api, used):
    """Whether it was used or not, it is not good after a restart."""
    link = api.writer.login()
    if used:
        assert begin(api, link).status == 200
    api.writer.process.kill()
    api.writer.process.wait()
    refused(begin(api, link), 503, "writer")
    api.writer.start()
    refused(begin(api, link), 401, "unauthorized")


def test_a_link_is_good_for_5_minutes(api):
    api.writer.fake_clock()
    first, second = api.writer.login(), api.writer.login()
    api.writer.move_clock(280)
    assert begin(api, first).status == 200
    api.writer.move_clock(301)
    refused(begin(api, second), 401, "unauthorized")


@pytest.mark.parametrize("sent, status", [
    ({}, 422), ({"login": 1}, 422), ({"login": None}, 422),
    ({"login": "x", "role": "operator"}, 422), ({"login": ""}, 401),
    ({"login": "plk_" + 64 * "0"}, 401), ({"login": 4000 * "x"}, 401), ({"login": 5000 * "x"}, 413),
    ({"login": "\0"}, 400), ([], 400), ("x", 400)])
def test_what_is_no_login(api, sent, status):
    before = everything(api)
    reply = api.post("/v1/session", None, sent)
    refused(reply, status, {422: "member", 401: "unauthorized",
                            400: "json", 413: "large"}[status])
    assert everything(api) == before


def test_secrets_of_one_kind_are_not_those_of_another(api):
    """A link is no session, a session no link, and neither is a token."""
    link, token = api.writer.login(), api.writer.token("x", "--allow", "read")
    for secret in link, token:
        refused(me(api, f"{COOKIE}={secret}"), 401, "unauthorized")
    refused(api.get("/v1/me", link), 401, "unauthorized")
    refused(begin(api, token), 401, "unauthorized")
    reply = begin(api, link)
    session = reply.headers["Set-Cookie"].split(";")[0].split("=")[1]
    refused(api.get("/v1/me", session), 401, "unauthorized")
    refused(begin(api, session), 401, "unauthorized")
    # wrong attempts end nothing
    assert me(api, f"{COOKIE}={session}").status == 200


def test_a_page_of_another_site_logs_nobody_in(api):
    link = api.writer.login()
    for headers in {"Sec-Fetch-Site": "cross-site"}, \
            {"Origin": "https://evil.example"}, {"Origin": "null"}:
        refused(api.call("POST", "/v1/session", None, {"login": link},
                         headers), 403, "origin")
    assert begin(api, link, Origin="https://panel.example").status == 200


# what a session may do

@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_roles(api, role):
    """All scopes of an operator, and of a viewer those that read."""
    cookie = api.login(role)
    allowed = me(api, cookie).body["allow"]
    assert set(allowed) == {"read", "audit"} if role == "viewer" \
        else set(allowed) >= {scope for _, _, scope in ROUTES}
    for method, path, scope in ROUTES:
        if path == "/v1/events":
            continue
        before = everything(api)
        reply = api.by(cookie, method, path, body(method, path))
        if scope in allowed:
            assert reply.status not in (401, 403), (path, reply.body)
        else:
            refused(reply, 403, "forbidden")
            assert "--role operator" in reply.body["mend"]
            assert everything(api) == before
    assert api.writer.issuer("audit", "verify").returncode == 0


def test_events(api):
    cookie = api.login("viewer")
    client = Connection(api.socket)
    client.request("GET", "/v1/events", headers={"Cookie": cookie})
    reply = client.getresponse()
    assert reply.status == 200
    assert reply.readline() == b":\n"
    api.writer.issuer("lock", "b.example")
    wait_for("the event", lambda: reply.readline().startswith(b"data: "))
    # they end with the session
    start = time.monotonic()
    assert api.by(cookie, "DELETE", "/v1/session").status == 200
    assert b"data" not in reply.read()
    assert time.monotonic() - start < servers.promised(16)


def test_keys(api):
    """Of each session its own, and not those of a token."""
    one, two = api.login(), api.login()
    number = me(api, one).body["actor"].partition(":")[2]
    sent = {"hosts": ["b.example"]}

    def lock(cookie, key):
        reply = api.by(cookie, "POST", "/v1/lock", sent, Idempotency_Key=key)
        assert reply.status == 200
        return reply.headers.get("Idempotency-Replayed")

    assert [lock(one, "k"), lock(one, "k"), lock(two, "k")] \
        == [None, "true", None]
    for name, key in ("session", f"{number}:k"), (number, "k"):
        token = api.writer.token(name, "--allow", "lock")
        reply = api.post("/v1/lock", token, sent, Idempotency_Key=key)
        assert reply.status == 200
        assert "Idempotency-Replayed" not in reply.headers


def test_a_budget(alice, private):
    writer = Writer(alice, private / "writer", "--budget", "2")
    writer.start()
    try:
        one, two = writer.session(), writer.session()
        hosts = ["b.example", "c.example"]
        assert writer.ask("lock", session=one, hosts=hosts)["status"] == 200
        for status, session in (429, one), (200, two):
            assert writer.ask("lock", session=session,
                              hosts=["d.example"])["status"] == status
    finally:
        writer.stop()


# its end

def test_logout(api):
    cookie, other = api.login(), api.login()
    before = everything(api)
    for path, headers in [("/v1/session", {}), ("/v1/session", {
            "Cookie": cookie}), ("/v1/session", {
                "Cookie": ANOTHER, "Sec-Fetch-Site": "same-origin"})]:
        reply = api.call("DELETE", path, None, None, headers)
        assert reply.status == (403 if headers.get("Cookie") == cookie
                                else 401)
    assert me(api, cookie).status == 200
    reply = api.by(cookie, "DELETE", "/v1/session")
    assert reply.status == 200
    assert reply.headers["Set-Cookie"] == (
        f"{COOKIE}=; Max-Age=0; Secure; HttpOnly; SameSite=Strict; Path=/")
    refused(me(api, cookie), 401, "unauthorized")
    assert me(api, other).status == 200
    assert everything(api) == before


def test_idle(api):
    """30 minutes; a page that waits for events is not used."""
    api.writer.fake_clock()
    used, waiting = api.login(), api.login()
    api.writer.move_clock(29 * 60)
    assert me(api, used).status == 200
    client = Connection(api.socket)
    client.request("GET", "/v1/events", headers={"Cookie": waiting})
    assert client.getresponse().status == 200
    api.writer.move_clock(31 * 60)
    refused(me(api, waiting), 401, "unauthorized")
    assert me(api, used).status == 200
    api.writer.move_clock(62 * 60)
    refused(me(api, used), 401, "unauthorized")
    # a clock that is set back brings nothing back
    api.writer.move_clock(0)
    refused(me(api, used), 401, "unauthorized")


def test_12_hours(api):
    api.writer.fake_clock()
    cookie = api.login()
    for minutes in range(25, 12 * 60, 25):
        api.writer.move_clock(minutes * 60)
        assert me(api, cookie).status == 200
    api.writer.move_clock(12 * HOUR + 1)
    refused(me(api, cookie), 401, "unauthorized")


def test_all_at_once(api):
    cookies, link = [api.login(), api.login("viewer")], api.writer.login()
    done = api.writer.issuer("login", "revoke")
    assert re.fullmatch(r"3 sessions and links: ended, entry \d+\n",
                        done.stdout)
    for cookie in cookies:
        refused(me(api, cookie), 401, "unauthorized")
    refused(begin(api, link), 401, "unauthorized")
    assert me(api, api.login()).status == 200


def test_the_writer_comes_and_goes(api):
    """Who was allowed to read a moment ago reads on, but for who has ended the
    session, or was told that it is over; a restart ends it."""
    kept, ended, told = (api.login() for _ in range(3))
    for cookie in kept, ended, told:
        for path in "/v1/sites", "/v1/me":
            assert api.by(cookie, "GET", path).status == 200
    assert api.by(ended, "DELETE", "/v1/session").status == 200
    secret = told.partition("=")[2]
    assert api.writer.ask("session end", session=secret)["status"] == 200
    refused(me(api, told), 401, "unauthorized")
    api.writer.stop()
    for path in "/v1/sites", "/v1/me":
        assert api.by(kept, "GET", path).status == 200
        refused(api.by(ended, "GET", path), 503, "writer")
        refused(api.by(told, "GET", path), 503, "writer")
    refused(api.by(kept, "POST", "/v1/lock", {"hosts": ["b.example"]}), 503,
            "writer")
    refused(api.by(kept, "DELETE", "/v1/session"), 503, "writer")
    api.writer.start()
    for path in "/v1/sites", "/v1/me":
        refused(api.by(kept, "GET", path), 401, "unauthorized")


# who is refused

REFUSED = {
    "nothing": (401, {"Cookie": ""}),
    "cookies of others": (401, {"Cookie": "a=b; paylock={}; paylock_pass=x; "
                                          "__Secure-paylock={}"}),
    "unknown": (401, {"Cookie": ANOTHER}),
    "short": (401, {"Cookie": ANOTHER[:-1]}),
    "empty": (401, {"Cookie": f"{COOKIE}="}),
    "no text": (401, {"Cookie": f"{COOKIE}=\xff\xfe"}),
    "ended": (401, {}), "idle": (401, {}), "restart": (401, {}),
    "revoked": (401, {}),
    "token": (400, {}),
    "origin": (403, {"Origin": "https://evil.example", "Sec-Fetch-Site": None}),
    "http": (403, {"Origin": "http://panel.example", "Sec-Fetch-Site": None}),
    "longer": (403, {"Origin": "https://panel.example.evil.example",
                     "Sec-Fetch-Site": None}),
    "null": (403, {"Origin": "null", "Sec-Fetch-Site": None}),
    "cross-site": (403, {"Sec-Fetch-Site": "cross-site"}),
    "same-site": (403, {"Sec-Fetch-Site": "same-site"}),
    "a lie": (403, {"Sec-Fetch-Site": "cross-site",
                    "Origin": "https://panel.example"}),
    "not said": (403, {"Sec-Fetch-Site": None}),
}


@pytest.mark.parametrize("how", REFUSED)
def test_refused(api, how):
    """Every route: nothing is said, nothing is written."""
    status, given = REFUSED[how]
    writer = api.writer
    if how == "idle":
        writer.fake_clock()
    cookie = api.login("operator")
    token = writer.token("x", "--allow", "read") if how == "token" else None
    if how == "ended":
        assert api.by(cookie, "DELETE", "/v1/session").status == 200
    elif how == "idle":
        writer.move_clock(31 * 60)
    elif how == "restart":
        writer.stop()
        writer.start()
    elif how == "revoked":
        writer.issuer("login", "revoke")
    headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin", **given}
    headers["Cookie"] = headers["Cookie"].replace("{}", cookie.split("=")[1])
    headers = {name: value for name, value in headers.items() if value}
    before = everything(api)
    for method, path, _ in ROUTES:
        if how == "not said" and method == "GET":
            continue                    # the address bar of an old browser
        reply = api.call(method, path, token, body(method, path), headers)
        refused(reply, status, {401: "unauthorized", 400: "credentials",
                                403: "origin"}[status])
    assert everything(api) == before


def test_old_browsers(api):
    """They send Origin, and no Sec-Fetch-Site."""
    cookie = api.login()
    reply = api.call("POST", "/v1/lock", None, {"hosts": ["b.example"]}, {
        "Cookie": cookie, "Origin": "https://panel.example"})
    assert reply.status == 200
    assert api.call("GET", "/v1/me", None, None, {
        "Cookie": cookie}).status == 200


def test_basic_authentication_of_nginx(api):
    """Browsers send it by themselves: it is not ours."""
    cookie = api.login()
    assert api.by(cookie, "GET", "/v1/me",
                  Authorization="Basic YTpi").status == 200


def test_a_token_needs_no_page(api):
    """A program sends none of these headers, and may have other cookies."""
    token = api.writer.token("x", "--allow", "lock")
    reply = api.post("/v1/lock", token, {"hosts": ["b.example"]},
                     Cookie="a=b; c=d")
    assert reply.status == 200


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_paylockd_makes_no_links(alice, private):
    """Nor does it end what others began: that is for root, and for the user of
    the writer."""
    writer = Writer(alice, private / "writer", "--client", "nobody")
    writer.start()
    try:
        for path in [writer.dir, *writer.dir.parents]:
            if str(path).startswith(str(private)):
                path.chmod(0o711)
        writer.socket.chmod(0o777)
        session, link = writer.session(), writer.login()
        script = ("import socket,sys; s = socket.socket(socket.AF_UNIX);"
                  "s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode());"
                  "s.shutdown(1); print(s.makefile().read())")

        def nobody(command, **kw):
            done = subprocess.run(
                ["setpriv", "--reuid=nobody", "--regid=nogroup",
                 "--clear-groups", "/usr/bin/python3", "-c", script,
                 writer.socket, json.dumps({"command": command, **kw})],
                capture_output=True, text=True, check=True)
            return json.loads(done.stdout)["status"]

        link_of_ours = {"role": "operator", "sha256": 64 * "a", "entry": 1}
        assert nobody("session link", **link_of_ours) == 403
        assert nobody("session link", **link_of_ours, dry_run=True) == 403
        assert nobody("session end all") == 403
        assert nobody("check", session=session) == 200
        assert nobody("session begin", link=link) == 200
    finally:
        writer.stop()


@pytest.mark.parametrize("given", [
    {"role": "root"}, {"role": 1}, {"role": None}, {"entry": 0},
    {"entry": "1"}, {"entry": -1}, {"sha256": "a"}, {"sha256": 65 * "a"},
    {"sha256": 64 * "A"}, {"sha256": ""}])
def test_what_is_no_link(writer, given):
    answer = writer.ask("session link", **{
        "role": "viewer", "sha256": 64 * "a", "entry": 1, **given})
    assert answer["status"] == 422
    assert writer.ask("session end all")["body"] == {"ended": 0}


def test_too_many(writer):
    for n in range(256):
        assert writer.ask("session link", role="viewer", sha256=f"{n:064x}",
                          entry=1)["status"] == 200
    before = writer.issuer.json("audit", "log")
    done = writer.issuer("login", check=False)
    assert done.returncode == 1 and "login revoke" in done.stderr
    assert writer.issuer.json("audit", "log") == before
    assert writer.ask("session end all")["body"] == {"ended": 256}
    assert writer.login()


def test_secrets_are_not_shown(api):
    link = api.writer.login()
    reply = begin(api, link)
    cookie = reply.headers["Set-Cookie"].split(";")[0]
    assert api.by(cookie, "POST", "/v1/lock",
                  {"hosts": ["b.example"]}).status == 200
    secrets = [link.removeprefix("plk_"), cookie.partition("plk_")[2]]
    said = api.writer.issuer("--json", "audit", "log").stdout
    for path in [*api.dir.rglob("*"), *api.writer.dir.rglob("*"),
                 *api.writer.issuer.home.rglob("*")]:
        said += path.read_text(errors="replace") if path.is_file() else ""
    client = api.writer.issuer.redis.client()
    said += str([client.hgetall(LOCKS), client.keys()])
    assert not [secret for secret in secrets if secret in said]
    assert link not in json.dumps(reply.body) and cookie not in str(reply.body)


def test_openapi(api):
    document = api.by(api.login("viewer"), "GET", "/v1/openapi.json").body
    assert document["components"]["securitySchemes"]["session"] \
        == {"type": "apiKey", "in": "cookie", "name": COOKIE}
    assert document["security"] == [{"token": []}, {"session": []}]
    session = document["paths"]["/v1/session"]
    assert session["post"]["security"] == []
    assert session["delete"]["security"] == [{"session": []}]
    schema = session["post"]["requestBody"]["content"]["application/json"][
        "schema"]
    assert schema["required"] == ["login"]
