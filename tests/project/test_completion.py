# Copyright (C) 2026 paylock contributors
#
# Shell completion: what paylock-admin offers, and bash, zsh and fish on a
# terminal with the installed files.

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from support import servers
from support.docs import cli_tables, global_options


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where share/ is."""
    path = tmp_path_factory.mktemp("dest")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    subprocess.run(["make", "-s", "install", f"DESTDIR={path}", "PREFIX=/usr",
                    "MODULESDIR=/modules"], cwd=servers.ROOT, env=env,
                   check=True, capture_output=True)
    return path / "usr/share"


@pytest.fixture
def home(private):
    """With a paylock-admin that notes with what it was called."""
    (private / "bin").mkdir()
    tool = private / "bin/paylock-admin"
    tool.write_text(f"""#!/bin/sh
[ "$1" = complete ] && exec {servers.CLI} "$@"
printf '%s\\n' "$@" > {private}/new && mv {private}/new {private}/ran
""")
    tool.chmod(0o755)
    (private / "a trail.jsonl").touch()
    (private / "settings").touch()
    return private


def offered(*words):
    out = subprocess.run([servers.CLI, "complete", "--", *words], text=True,
                         check=True, capture_output=True).stdout
    return [line.split("\t")[0] for line in out.splitlines()]


# what is offered

def test_all_commands_and_options():
    options, commands = cli_tables()
    of_all = global_options(options)
    for name, (_, own) in commands.items():
        words = name.split()
        assert words[0] in offered("")
        for last in range(len(words)):
            assert words[last] in offered(*words[:last], "")
            assert offered(*words[:last], words[last]).count(words[last]) == 1
        shown = offered("--json", *words, "--")
        assert set(shown) == {f"--{option}" for option in own | of_all}
        assert len(shown) == len(set(shown))


@pytest.mark.parametrize("words, expected", [
    (["lo"], ["lock", "login"]),
    (["audit", "v"], ["verify"]),
    (["help", "audit", "v"], ["verify"]),
    (["help", "unl"], ["unlock"]),
    (["login", "--role", "o"], ["operator"]),
    (["list", "--stage", "l"], ["locked"]),
    (["list", "--stage=l"], ["--stage=locked"]),
    (["list", "--stage", "=", "l"], ["locked"]),
    (["list", "--stage", "="],
     ["open", "notice", "readonly", "locked", "default"]),
    (["list", "--json="], []),
    (["lock", "--reason", "lo"], []),
    (["lock", "--reason=x", "--inv"], ["--invoice"]),
    (["--redis", "lock", "unl"], ["unlock"]),
    (["lock", ""], []),
    (["lock", "--", "--re"], []),
    (["audit", "verify", ""], [":file"]),
    (["audit", "export", "-o", ""], [":file"]),
    (["--config="], [":file"]),
    (["nodes", ""], ["forget"]),
    (["lokc", ""], []),
    (["audit", "lokc", ""], []),
    (["version", "x" * 10000, "\x1b[2J", ""], []),
])
def test_offered(words, expected):
    assert offered(*words) == expected


# the shells

def bash(installed, home):
    script = installed / "bash-completion/completions/paylock-admin"
    (home / ".bashrc").write_text(f". {script}\nPS1='RE''ADY '\n")
    return ["bash", "--rcfile", home / ".bashrc", "-i"]


def zsh(installed, home):
    (home / ".zshrc").write_text(
        f"fpath=({installed}/zsh/vendor-completions $fpath)\n"
        "autoload -Uz compinit; compinit -u -D\nPS1='RE''ADY '\n")
    return ["zsh", "-d", "-i"]


def fish(installed, home):
    script = installed / "fish/vendor_completions.d/paylock-admin.fish"
    return ["fish", "--private", "--no-config", "-i", "-C",
            f"source {script}; function fish_prompt; echo 'RE''ADY '; end; "
            "set -g fish_greeting"]


def run(argv, home, typed):
    """What paylock-admin was called with when this was typed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execvpe(argv[0], [str(arg) for arg in argv], {
            "PATH": f"{home}/bin:/usr/bin:/bin", "HOME": str(home),
            "ZDOTDIR": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8"})
    said = b""
    sent = False
    end = time.monotonic() + 120
    try:
        while not (home / "ran").exists():
            assert time.monotonic() < end, said
            if select.select([terminal], [], [], 0.05)[0]:
                said += os.read(terminal, 65536)
            if not sent and b"READY" in said:
                os.write(terminal, typed.encode() + b"\r")
                sent = True
        return (home / "ran").read_text().splitlines()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("shell", [bash, zsh, fish])
@pytest.mark.parametrize("typed, expected", [
    ("loc\tacme.example", ["lock", "acme.example"]),
    ("audit ver\t--ch\ta\t",
     ["audit", "verify", "--checkpoint", "a trail.jsonl"]),
    ("list --stage=lo\t--ma\tx", ["list", "--stage=locked", "--match", "x"]),
    ("--config=set\tadop\t", ["--config=settings", "adopt"]),
])
def test_in_a_shell(shell, typed, expected, installed, home):
    argv = shell(installed, home)
    assert run(argv, home, "paylock-admin " + typed) == expected


def test_files_are_where_shells_look(installed):
    assert sorted(str(path.relative_to(installed))
                  for path in installed.rglob("*paylock-admin*")
                  if path.suffix != ".md") == [
        "bash-completion/completions/paylock-admin",
        "fish/vendor_completions.d/paylock-admin.fish",
        "man/man1/paylock-admin.1",
        "zsh/vendor-completions/_paylock-admin"]
    assert (installed / "man/man8/ngx_http_paylock_module.8").exists()
    # zsh loads a completion when its first line says for what it is
    first = (installed / "zsh/vendor-completions/_paylock-admin").open()
    with first:
        assert re.match("#compdef paylock-admin$", first.readline())
