# Copyright (C) 2026 paylock contributors
#
# How panels include what they write into nginx's configuration: the files of
# tests/panels, below a directory of the test's own.

import os
import re
import shutil
import socket

from support import servers

LAYOUTS = servers.ROOT / "tests/panels"
PAGE = servers.ROOT / "docs/panels.md"

NAMES = {"HestiaCP": "hestiacp", "cPanel, ea-nginx": "ea-nginx",
         "Plesk": "plesk", "CloudPanel": "cloudpanel", "cipi": "cipi",
         "Nginx Proxy Manager": "nginx-proxy-manager"}

# what nginx would do elsewhere on this machine
ASIDE = """http {
    access_log off;
    client_body_temp_path @DIR@/tmp/body;
    proxy_temp_path @DIR@/tmp/proxy;
    fastcgi_temp_path @DIR@/tmp/fastcgi;
    uwsgi_temp_path @DIR@/tmp/uwsgi;
    scgi_temp_path @DIR@/tmp/scgi;
    paylock_state off;"""


def table():
    """panel -> the file for load_module, for all sites, and for one."""
    rows = re.findall(r"(?m)^\| ([\w ,-]+) \| `(/.*?)` \| `(/.*?)` \| (.*) \|$",
                      PAGE.read_text())
    return {NAMES[panel]: files for panel, *files in rows}


class Panel(servers.Nginx):
    """An nginx whose configuration a panel writes."""

    def __init__(self, directory, name, backend):
        super().__init__(directory, workers=1, control=False)
        text = (LAYOUTS / f"{name}.conf").read_text()
        self.rebuilt = " ".join(re.findall(r"(?m)^# rebuilt: (.*)$", text)
                                ).split()
        parts = re.split(r"(?m)^# configuration file (.*):\n", text)[1:]
        self.files = dict(zip(parts[::2], parts[1::2]))
        self.module, self.conf, self.site = table()[name]
        self.ports = {"PORT": servers.free_port(),
                      "INSIDE": servers.free_port(), "BACKEND": backend}

    def path(self, name):
        return self.dir / name.lstrip("/")

    def write(self, http=None):
        self.port = self.ports["PORT"]
        for name, text in self.files.items():
            self.put(name, text.replace("http {", ASIDE))

    def put(self, name, text):
        """Writes a file; all paths are below the directory."""
        text = re.sub(r'(?<=[\s"])/(?=(etc|run|var|data|home)/)',
                      f"{self.dir}/", text)
        for word, value in {**self.ports, "DIR": self.dir}.items():
            text = text.replace(f"@{word}@", str(value))
        path = self.path(name)
        for directory in (path.parent, self.path("/run"),
                          self.path("/var/log/nginx")):
            directory.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def rebuild(self):
        """What the panel writes it removes, and writes it again."""
        for pattern in self.rebuilt:
            for path in self.dir.glob(pattern.lstrip("/")):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        self.write()

    def command(self):
        return [servers.NGINX, "-p", f"{self.path('/etc/nginx')}/", "-c",
                str(self.path("/etc/nginx/nginx.conf")), "-e",
                str(self.dir / "error.log")]

    def argv(self, *_, **kw):
        return [*self.command(), "-g", "daemon off;"]

    def listens(self):
        assert self.running(), "nginx did not start:\n" + self.output()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def reload(self, http=None, wait=True):
        old = set(self.workers())
        os.kill(self.pid, servers.signal.SIGHUP)
        servers.wait_for("the reload", lambda: (new := set(self.workers()))
                         and not old & new)
