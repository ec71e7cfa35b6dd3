# Copyright (C) 2026 paylock contributors
#
# paylock-writer on a unix socket, with a key and a signers file of its own.

import json
import os
import signal
import socket
import subprocess

import pytest

from support import servers
from support.servers import wait_for

PROGRAM = servers.BUILD / "paylock-writer"


class Writer:
    """issuer: the paylock-admin that makes its tokens."""

    def __init__(self, issuer, directory, *args):
        self.issuer = issuer
        self.dir = directory
        self.dir.mkdir(exist_ok=True)
        self.socket = self.dir / "writer.sock"
        self.config = self.dir / "config"
        self.args = args
        self.config.write_text(f"redis = {issuer.redis.url}\n")
        issuer.env["PAYLOCK_TOKENS"] = str(self.dir / "tokens")
        issuer.env["PAYLOCK_WRITER"] = str(self.socket)
        issuer.env["PAYLOCK_PANEL"] = "https://panel.example/paylock/"
        self.env = dict(issuer.env)
        self.process = None

    def start(self):
        self.log = open(self.dir / "log", "a")
        self.process = subprocess.Popen(
            [PROGRAM, "--config", self.config, "--socket", self.socket,
             "--tokens", self.dir / "tokens", *self.args],
            env=self.env, cwd=self.dir, stderr=self.log)
        wait_for("paylock-writer", self.listens)

    def listens(self):
        assert self.process.poll() is None, (self.dir / "log").read_text()
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(servers.PATIENCE)
        self.log.close()

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(servers.PATIENCE)
        client.connect(str(self.socket))
        return client

    def send(self, raw):
        """The answer to these bytes; None: the connection was closed."""
        with self.connect() as client:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        return json.loads(answer) if answer else None

    def ask(self, command, token=None, **kw):
        return self.send(json.dumps({"command": command, "token": token,
                                     **kw}).encode())

    def login(self, role="operator"):
        """The secret of a new link."""
        link = self.issuer("login", "--role", role).stdout.strip()
        return link.removeprefix("https://panel.example/paylock/#login=")

    def session(self, role="operator"):
        """The secret of a new session."""
        answer = self.ask("session begin", link=self.login(role))
        return answer["body"]["session"]

    def fake_clock(self):
        """Starts it anew with a clock that move_clock() moves; what it knew
        in memory is gone."""
        self.stop()
        self.move_clock(0)
        library = subprocess.run(
            ["faketime", "-m", "-f", "+0", "printenv", "LD_PRELOAD"],
            check=True, capture_output=True, text=True).stdout.strip()
        self.env |= {"LD_PRELOAD": library, "FAKETIME_NO_CACHE": "1",
                     "FAKETIME_TIMESTAMP_FILE": str(self.dir / "clock")}
        self.start()

    def move_clock(self, seconds):
        new = self.dir / "clock.new"
        new.write_text(f"+{seconds}\n")
        new.rename(self.dir / "clock")

    def token(self, name, *args):
        return self.issuer("token", "create", name, *args).stdout.strip()


@pytest.fixture
def writer(alice, private):
    """One that has alice's key and trail; it may close what it wants."""
    keys = private / "pass.keys"
    alice("keygen", "--pass", keys)
    made = Writer(alice, private / "writer", "--budget", "1000000",
                  "--pass-key", keys)
    made.pass_key = keys
    made.start()
    yield made
    made.stop()
