# Copyright (C) 2026 paylock contributors
#
# Headless Chromium, driven over a pipe, and axe-core, which checks
# accessibility.

import json
import os
import shutil
import signal
import subprocess
import tempfile

from support import servers

CHROMIUM = "/usr/bin/chromium"

AXE = "axe-core@4.14.1"
AXE_DIR = servers.ROOT / "build" / AXE


def axe():
    """The text of axe.js.  npm fetches it once; build/ keeps it."""
    script = AXE_DIR / "node_modules/axe-core/axe.min.js"
    if not script.exists():
        script.parents[3].mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=AXE_DIR.parent) as path:
            done = subprocess.run(
                ["npm", "install", "--prefix", path, "--no-save",
                 "--ignore-scripts", "--no-audit", "--no-fund", AXE],
                capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, (
                f"npm could not get {AXE}; is the npm registry within "
                f"reach?\n{done.stdout}{done.stderr}")
            try:
                os.chmod(path, 0o755)
                os.rename(path, AXE_DIR)
                os.mkdir(path)
            except OSError:
                shutil.rmtree(path)     # another worker was faster
                os.mkdir(path)
    return script.read_text()


class Chromium(servers.Process):
    """A browser with one tab, for which every *.example is this machine."""

    def __init__(self, directory):
        super().__init__(directory)
        self.dir.mkdir(exist_ok=True)
        self.last = 0
        self.events = []
        self.got = b""
        self.session = None

    def start(self):
        theirs_in, self.commands = os.pipe()
        self.answers, theirs_out = os.pipe()
        argv = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
                "--remote-debugging-pipe", "--disable-breakpad",
                "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--hide-scrollbars",
                "--host-resolver-rules=MAP *.example 127.0.0.1,"
                "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                f"--user-data-dir={self.dir}/profile", "about:blank"]
        # it reads commands from 3 and answers to 4
        self.spawn(["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}',
                    "chromium", *argv], pass_fds=(theirs_in, theirs_out),
                   env={**os.environ, "HOME": str(self.dir)})
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.do("Target.attachToTarget", targetId=target,
                               flatten=True)["sessionId"]
        self.do("Page.enable")
        self.do("Network.enable")
        return self

    def do(self, method, **params):
        """Sends a command of the DevTools protocol; returns the result."""
        self.last += 1
        command = {"id": self.last, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self.receive()
            if message.get("id") == self.last:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self.events.append(message)

    def receive(self):
        while b"\0" not in self.got:
            part = os.read(self.answers, 1 << 20)
            assert part, "Chromium is gone:\n" + self.output()[-2000:]
            self.got += part
        message, _, self.got = self.got.partition(b"\0")
        return json.loads(message)

    def go(self, url, **headers):
        """Loads a page, with these request headers."""
        self.do("Network.setExtraHTTPHeaders", headers={
            name.replace("_", "-"): value for name, value in headers.items()})
        self.events.clear()
        done = self.do("Page.navigate", url=url)
        assert "errorText" not in done, done
        while not any(event["method"] == "Page.loadEventFired"
                      for event in self.events):
            self.events.append(self.receive())

    def requests(self):
        """The URLs that the page has requested since go()."""
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def look(self, width, height, scheme="light", media="screen"):
        self.do("Emulation.setDeviceMetricsOverride", width=width,
                height=height, deviceScaleFactor=1, mobile=False)
        self.do("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script):
        """Evaluates an expression in the page, and awaits it if it is a
        promise."""
        done = self.do("Runtime.evaluate", expression=script,
                       awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def stop(self):
        if self.running():
            os.killpg(self.pid, signal.SIGKILL)
        self.end(signal.SIGKILL)
        os.close(self.commands)
        os.close(self.answers)
