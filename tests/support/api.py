# Copyright (C) 2026 paylock contributors
#
# paylockd on a unix socket, with a paylock-writer.

import collections
import copy
import http.client
import json
import re
import signal
import socket
import subprocess

import pytest

from support import openapi, servers
from support.servers import AUDIT_USER, wait_for

PROGRAM = servers.BUILD / "paylockd"

Reply = collections.namedtuple("Reply", "status headers body")

COOKIE = "__Host-paylock"

# of requests that want another body than {"hosts": …}
BODIES = {"/v1/notice": {"hosts": ["a.example"], "channel": "letter",
                         "ref": "R"},
          "/v1/passes": {"hosts": ["a.example"], "ttl": "1d"},
          "/v1/import": {"rows": [{"host": "a.example", "open_at": 1}]}}


def routes():
    """The table of routes: method, path, scope, parameters, summary."""
    text = (servers.ROOT / "server/paylockd/routes.c").read_text()
    found = re.findall(
        r'\{ "(\w+)", "(.*?)", (?:NULL|"(\w+)"), \w+, (?:NULL|".*?"),'
        r'\s+(?:NULL|"(.*?)"),\s+"(.*?)"(?:,\s+"\w+")? \}', text)
    assert len(found) == text.count('{ "')
    return found


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("panel.example", timeout=servers.PATIENCE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(servers.PATIENCE)
        self.sock.connect(self.path)


class Paylockd:
    def __init__(self, writer, directory):
        self.writer = writer
        self.dir = directory
        self.dir.mkdir(exist_ok=True)
        self.socket = self.dir / "http.sock"
        self.env = {**writer.env, **writer.issuer.login(AUDIT_USER),
                    "XDG_STATE_HOME": str(self.dir / "state")}
        self.process = None
        self.replies = []

    def start(self):
        with open(self.dir / "log", "a") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--config", self.writer.config, "--socket",
                 self.socket, "--writer", self.writer.socket],
                env=self.env, cwd=self.dir, stderr=log)
        wait_for("paylockd", self.live)

    def live(self):
        assert self.process.poll() is None, (self.dir / "log").read_text()
        try:
            return self.call("GET", "/v1/health").body["live"]
        except OSError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(servers.PATIENCE) == 0

    def call(self, method, path, token=None, body=None, headers=None):
        client = Connection(self.socket)
        sent = {"X-Real-IP": "192.0.2.1", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if method != "GET" and body is not None:
            sent.setdefault("Content-Type", "application/json")
        client.request(method, path, json.dumps(body) if body is not None
                       else None, sent)
        reply = client.getresponse()
        text = reply.read()
        client.close()
        if reply.headers["Content-Type"] == "application/x-ndjson":
            body = [json.loads(line) for line in text.splitlines()]
        else:
            body = json.loads(text) if text else None
        reply = Reply(reply.status, reply.headers, body)
        self.replies.append((method, path, copy.deepcopy(reply)))
        return reply

    def get(self, path, token, **headers):
        return self.call("GET", path, token, headers={
            name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path, token, body, **headers):
        return self.call("POST", path, token, body, {
            name.replace("_", "-"): value for name, value in headers.items()})

    def check_replies(self):
        """By the document, where there still is one to be had."""
        replies = self.replies
        made = self.writer.issuer("token", "create", "openapi", "--allow",
                                  "read", check=False)
        reply = self.get("/v1/openapi.json", made.stdout.strip())
        if reply.status == 200:
            for method, path, one in replies:
                openapi.check(reply.body, method, path, one)

    def login(self, role="operator"):
        """The cookie of a new session."""
        reply = self.post("/v1/session", None, {
            "login": self.writer.login(role)})
        assert reply.status == 200, reply.body
        return reply.headers["Set-Cookie"].split(";")[0]

    def by(self, cookie, method, path, body=None, **headers):
        """As a page of this site asks."""
        return self.call(method, path, None, body, {
            "Cookie": cookie, "Sec-Fetch-Site": "same-origin",
            **{name.replace("_", "-"): value
               for name, value in headers.items()}})

    def fresh(self, token):
        """Until it knows all entries."""
        head = self.writer.issuer.json("audit", "log")[-1]["seq"]
        wait_for("the last entry", lambda: self.get(
            "/v1/sites?limit=1", token).body["as_of_seq"] >= head)


def problem(reply, status, code):
    assert (reply.status, reply.body["code"]) == (status, code), reply.body
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.body["status"] == status and reply.body["detail"]
    assert set(reply.body) == {"type", "title", "status", "detail", "code",
                               "mend", "host", "request_id"}
    return reply.body


@pytest.fixture
def api(writer, private):
    made = Paylockd(writer, private / "paylockd")
    made.start()
    yield made
    made.check_replies()
    made.stop()
