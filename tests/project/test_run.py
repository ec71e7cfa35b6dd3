# Copyright (C) 2026 paylock contributors
#
# make run: the commands that it prints work, and nothing is left of it.

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from support.servers import ROOT, wait_for


def left_of(directory):
    """The command lines that name the directory."""
    lines = []
    for entry in os.listdir("/proc"):
        try:
            line = pathlib.Path("/proc", entry, "cmdline").read_bytes()
        except OSError:
            continue
        if entry.isdigit() and directory.encode() in line:
            lines.append(line)
    return lines


def session(said):
    """The link for a person gives a session that may change sites."""
    panel, secret = re.search(
        r"(?m)^    (http\S+/paylock/)#login=(plk_\w+)$", said).groups()
    done = subprocess.run(
        ["curl", "-s", "-i", "--json", "@-", f"{panel}v1/session"], text=True,
        input=json.dumps({"login": secret}), capture_output=True)
    cookie, = re.findall(r"(?m)^Set-Cookie: (__Host-paylock=\w+); Secure;",
                         done.stdout)
    done = subprocess.run(
        ["curl", "-s", "-H", f"Cookie: {cookie}", f"{panel}v1/me"], text=True,
        capture_output=True)
    assert json.loads(done.stdout)["role"] == "operator"


@pytest.mark.parametrize("end", ["Ctrl-C", "SIGTERM"])
def test_make_run(end, private):
    out = private / "out"
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    with open(out, "wb") as file:
        make = subprocess.Popen(
            ["make", "-s", "run"], cwd=ROOT, env=env, stdout=file,
            stderr=file, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for("make run to be ready", lambda: "Ctrl-C" in out.read_text()
                 or make.poll() is not None)
        said = out.read_text()
        assert make.poll() is None, said
        directory = re.search(r"/tmp/paylock-run\.\w+", said)[0]

        # a browser that follows the link sees what nobody else does
        link, = re.findall(r"^    (http\S+paylock_pass=\S+)$", said, re.M)
        seen = subprocess.run(
            ["curl", "-sL", "-b", "", "-w", "%{http_code} %{url_effective}", link],
            text=True, capture_output=True).stdout
        assert seen.endswith("200 " + link.split("?")[0]), seen

        session(said)

        # the lines as they stand there, one after the other
        answers, api = [], []
        for line in re.findall(rf"^    (?:curl|{directory}/).*$", said, re.M):
            done = subprocess.run(line, shell=True, text=True,
                                  capture_output=True, timeout=120)
            assert done.returncode == 0, (line, done.stderr)
            time.sleep(0.1)     # nobody types faster
            metrics = done.stdout
            if "/v1/" in line:
                api.append(json.loads(done.stdout))
            answers += re.findall(r"^HTTP/1\.1 (\d+)", done.stdout, re.M)
        assert answers == ["200", "503"], said

        sites, locked, unlocked = api
        assert sites["data"] and locked["changed"] == ["shop.localhost"] \
            == unlocked["changed"]

        def answer(name):
            port = re.search(r"localhost:(\d+)", said)[1]
            return subprocess.run(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                 f"http://{name}.localhost:{port}/"],
                text=True, capture_output=True).stdout

        assert answer("new") == "200"
        assert answer("shop") == "200"
        assert pathlib.Path(directory, "state/paylock").exists()
        assert 'paylock_requests_total{state="pass"} 1' in metrics
        wait_for("the changes to be shown", lambda: re.search(
            r"lock.*acme\.localhost.*unlock.*new\.localhost",
            out.read_text()[len(said):], re.S))
    finally:
        if end == "Ctrl-C":
            os.killpg(make.pid, signal.SIGINT)
        else:
            make.terminate()
        try:
            make.wait(120)
        except subprocess.TimeoutExpired:
            os.killpg(make.pid, signal.SIGTERM)
            raise

    assert not pathlib.Path(directory).exists()
    assert not left_of(directory)
