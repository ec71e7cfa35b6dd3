# Copyright (C) 2026 paylock contributors
#
# A machine of its own for "setup": Debian's Redis, an nginx that includes the
# snippet of the Debian package, and a paylock-admin whose files are below one
# directory.

import json
import shutil
import stat

import pytest

from support import servers

SNIPPET = servers.ROOT / "debian/etc/http.conf"
CONFIG = servers.ROOT / "debian/etc/config"

SITES = """
    include @DIR@/paylock/http.con[f];
    server { server_name acme.example; location / { return 200 "site"; } }
    server { server_name other.example; location / { return 200 "other"; } }
"""


class Machine:
    """snippet: the file for nginx's directives; by default the package's."""

    def __init__(self, redis, nginx, private, snippet=None, command=None):
        self.redis = redis
        self.nginx = nginx
        self.etc = nginx.dir / "paylock"
        self.etc.mkdir()
        self.snippet = snippet or self.etc / "http.conf"
        if snippet is None:
            shutil.copy(SNIPPET, self.snippet)
            shutil.copy(CONFIG, self.etc / "config")
        self.signers = self.etc / "signers"
        self.program = private / "nginx-of-machine"
        exports = "".join(f"export {name}='{value}'\n" for name, value
                          in servers.sanitizers(nginx.dir).items())
        self.program.write_text(
            f"#!/bin/sh\n{exports}echo \"$@\" >> {private}/nginx-runs\n"
            f"exec {' '.join(command or nginx.argv('nginx.conf'))} \"$@\"\n")
        self.program.chmod(0o755)
        self.admin = servers.Admin(redis, private / "root")
        self.admin.env.pop("PAYLOCK_USERNAME", None)
        self.admin.env.pop("PAYLOCK_PASSWORD_FILE", None)
        self.admin.env["PAYLOCK_ACTOR"] = "root"
        # what it is told by options on any machine
        self.admin.argv = lambda *args: [
            str(servers.CLI), "--config", str(self.etc / "config"),
            *map(str, args)]

    def options(self):
        return ["--redis", self.redis.url, "--signers", self.signers,
                "--nginx", self.program, "--nginx-conf", self.snippet]

    def setup(self, *args, check=True, **kw):
        if "--undo" in args:
            # workers of before the reload, whose user is gone
            self.nginx.allow("refuses user")
        return self.admin("setup", *self.options(), *args, check=check, **kw)

    def plan(self, *args, **kw):
        """What setup would change, by step."""
        done = self.admin("--json", "setup", "--dry-run", *self.options(),
                          *args, **kw)
        return {step: changes for step, changes
                in json.loads(done.stdout)["steps"].items() if changes}

    def files(self):
        """All below etc, with mode and content."""
        return {path.name: (stat.S_IMODE(path.stat().st_mode),
                            path.read_text())
                for path in sorted(self.etc.iterdir())}

    def everything(self):
        """The same, and what Redis has and keeps."""
        client = self.redis.client(self.redis.password)
        return (self.files(), client.acl_list(), client.config_get("append*"),
                client.config_get("maxmemory*"), client.keys(),
                self.redis.conf.read_text())

    def answer(self, host="acme.example"):
        return self.nginx.get(host=host).status

    def wait_answer(self, status, host="acme.example"):
        servers.wait_for(f"{host} to answer {status}",
                         lambda: self.answer(host) == status)

    def secrets(self):
        return [path.read_text().strip()
                for path in self.etc.glob("*.password")]


@pytest.fixture
def machine(stock, private):
    """machine(...) starts its nginx; Redis is for the test to start."""
    started = []

    def make(http=SITES, **kw):
        nginx = servers.Nginx(private / "nginx", http, control=False)
        made = Machine(stock, nginx, private, **kw)
        nginx.start()
        started.append(nginx)
        return made

    yield make
    for nginx in started:
        nginx.stop()


@pytest.fixture
def m(stock, machine):
    """The usual one."""
    stock.start()
    return machine()
