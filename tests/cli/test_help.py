# Copyright (C) 2026 paylock contributors
#
# Suggestions for mistyped commands, the manual pages, and output that nobody
# reads or that cannot be written.

import json
import os
import re
import resource
import shlex
import signal
import subprocess

import pytest

from support import servers
from support.chain import AUDIT, NODES
from support.docs import ADMIN, cli_tables, commands, sections, source, table
from support.writer import Writer


# each command once: what it needs, and whether it does what stays done
READS, CHANGES, WRITES, FORGETS = range(4)
COMMANDS = {
    "init": ("--yes", CHANGES),
    "lock": ("b.example", CHANGES),
    "unlock": ("a.example", CHANGES),
    "reset": ("a.example", CHANGES),
    "import": ("list.csv", CHANGES),
    "protect": ("b.example", CHANGES),
    "unprotect": ("p.example", CHANGES),
    "notice": ("a.example --channel letter --ref 1", CHANGES),
    "status": ("a.example", READS),
    "list": ("", READS),
    "audit log": ("", READS),
    "audit verify": ("", READS),
    "audit checkpoint": ("--output point", WRITES),
    "audit export": ("--output export", WRITES),
    "audit archive": ("--yes --before 2100-01-01 --output archive", WRITES),
    "nodes": ("", READS),
    "nodes forget": ("web1", FORGETS),
    "adopt": ("--yes", CHANGES),
    "doctor": ("", READS),
    "pass issue": ("a.example --ttl 7d --key pass.keys", CHANGES),
    "pass revoke": ("a.example", CHANGES),
    "pass list": ("", READS),
    "signers": ("", READS),
    "signers revoke": ("other --yes --signers signers", WRITES),
    "signers pin": ("--signers signers", WRITES),
    "token create": ("new --allow lock", CHANGES),
    "token list": ("", READS),
    "token revoke": ("whmcs", CHANGES),
    "login": ("", CHANGES),
    "login revoke": ("", CHANGES),
    "keygen": ("new.pem", WRITES),
    "version": ("", READS),
    "complete": ("a", READS),
    "help": ("", READS),
}


# the entries of those that are not called as the command
ACTIONS = {"login": "token-create", "login revoke": "token-revoke"}


@pytest.fixture
def known(request, admin, redis, private):
    """A signed trail, a second signer, a lock and a host that has none, and
    an nginx that reports."""
    seconds, micro = redis.client().time()
    redis.client().hset(NODES, "web1", json.dumps(
        {"state": "live", "time": seconds * 1000}))
    own = admin.json("keygen")["key"]
    admin("init")
    other = admin.json("keygen", "other.pem")["key"]
    (admin.home / "signers").write_text(f"own {own}\nother {other}\n")
    admin("lock", "a.example")
    admin("keygen", "--pass", "pass.keys")
    admin("pass", "issue", "a.example", "--ttl", "7d", "--key", "pass.keys")
    admin.env["PAYLOCK_TOKENS"] = str(admin.home / "tokens")
    admin("token", "create", "whmcs", "--allow", "read")
    admin("protect", "p.example")
    (admin.home / "list.csv").write_text("host,lock_at\nb.example,1\n")
    if "login" in request.node.name:
        server = Writer(admin, private / "writer")
        server.start()
        request.addfinalizer(server.stop)
    return admin


def argv(admin, name):
    arguments, kind = COMMANDS[name]
    return admin.argv(*name.split(), *shlex.split(arguments)), kind


def run(admin, argv, **kw):
    user = admin.login(servers.ARCHIVE_USER) if "archive" in argv else {}
    return subprocess.run(argv, env={**admin.env, **user}, cwd=admin.home,
                          text=True, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=120, **kw)


def trail(redis):
    return [entry["action"] for _, entry in redis.client().xrange(AUDIT)]


# output that goes nowhere

def test_each_command_is_here():
    """But setup, which needs a machine of its own: test_setup.py."""
    assert set(COMMANDS) == set(cli_tables()[1]) - {"setup"}


@pytest.mark.parametrize("json_too", [[], ["--json"]])
@pytest.mark.parametrize("name", COMMANDS)
def test_full_disk(name, json_too, known, redis):
    command, kind = argv(known, name)
    before = trail(redis)
    with open("/dev/full", "w") as full:
        done = run(known, command + json_too, stdout=full)
    # for a shell there is nothing in JSON
    if json_too and name in ("help", "complete"):
        assert done.returncode in (0, 1)
        return
    assert "No space left on device" in done.stderr
    assert done.returncode == (1 if kind == READS else 3)
    check_done(known, name, kind, before, redis, done.stderr)


@pytest.mark.parametrize("name", COMMANDS)
def test_nobody_reads(name, known, redis):
    """A reader of ours ends as any program of Unix does, silently."""
    command, kind = argv(known, name)
    before = trail(redis)
    read, write = os.pipe()
    os.close(read)
    done = run(known, command, stdout=write)
    os.close(write)
    if kind == READS:
        assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")
    else:
        assert done.returncode == 3
        assert "Broken pipe" in done.stderr
    check_done(known, name, kind, before, redis, done.stderr)


def check_done(admin, name, kind, before, redis, said):
    after = trail(redis)
    if kind == READS:
        assert after == before
        return
    assert re.search(r"the (change|entry|entries|file|key|trail|report) (is|"
                     r"are) (made|written|remembered|removed|archived), but "
                     r"the output could not be written", said)
    if kind == FORGETS:
        assert not redis.client().exists(NODES)
    elif kind == WRITES:
        assert (admin.home / COMMANDS[name][0].split()[-1]).stat().st_size > 99
    elif name != "init":
        assert after == before + [ACTIONS.get(name, name.replace(" ", "-"))]
    # what is remembered here goes with it
    admin("lock", "c.example")


def test_first_line_only(known):
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -n 1; echo "${PIPESTATUS[0]}"', "bash",
         servers.CLI, "help"], text=True, capture_output=True)
    assert done.stdout.splitlines()[0].startswith("Usage: paylock-admin")
    # what fits into the pipe may be written before head has left
    assert done.stdout.splitlines()[1] in ("0", "141")
    assert done.stderr == ""


def test_who_ignores_sigpipe_is_told(known):
    """As cron and some services do: then there is nobody to end silently."""
    read, write = os.pipe()
    os.close(read)
    done = run(known, known.argv("status", "a.example"), stdout=write,
               restore_signals=False,
               preexec_fn=lambda: signal.signal(signal.SIGPIPE,
                                                signal.SIG_IGN))
    os.close(write)
    assert done.returncode == 1
    assert "Broken pipe" in done.stderr


def test_a_failure_behind_the_change(known, redis):
    """The entry is written and cannot be remembered: it is said that it is
    written."""
    def no_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = run(known, known.argv("adopt", "--yes"), stdout=subprocess.PIPE,
               preexec_fn=no_files)
    assert trail(redis)[-1] == "adopt"
    assert done.returncode == 3
    assert "the change is made, but " in done.stderr


# mistyped

@pytest.mark.parametrize("typed, meant", [
    ("lokc", ["lock"]), ("ulnock x", ["unlock"]), ("staus", ["status"]),
    ("Lock x", ["lock"]), ("verify", ["audit verify"]),
    ("audit vrify", ["audit verify"]), ("audti log", ["audit log"]),
    ("auditlog", ["audit log"]), ("ulock", ["lock", "unlock"]),
    ("audit", ["audit log", "audit verify", "audit checkpoint",
               "audit export", "audit archive"]),
    ("help lokc", ["lock"]), ("help sginers", ["signers"]),
    ("lock --reson x", ["--reason"]), ("lock a --invioce=F", ["--invoice"]),
    ("--josn list", ["--json"]), ("list --stgae x", ["--stage"]),
    ("lock --rea x", ["--realm", "--readonly", "--reason"]),
    ("frobnicate", []), ("x", []), ("lock --frobnicate", []), ("", []),
    ("lock -- --", None), ("l" * 5000, []), ("list --" + "s" * 5000, []),
])
def test_suggestions(typed, meant, admin):
    done = admin(*(shlex.split(typed) or [""]), check=False)
    assert done.returncode == 2 and done.stdout == ""
    if meant is None:
        return
    found = re.search(r"did you mean (.*)\?$", done.stderr)
    assert re.findall(r'"(.*?)"', found[1] if found else "") == meant
    if not meant:
        assert '"paylock-admin help" lists the commands' in done.stderr


def test_suggestion_in_json(admin):
    done = admin("--json", "lokc", check=False)
    assert json.loads(done.stderr)["error"]["mend"] == 'did you mean "lock"?'


# manual pages

def page(name, private):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    subprocess.run(["make", "-s", f"build/{name}"], cwd=servers.ROOT, env=env,
                   check=True, capture_output=True)
    path = servers.ROOT / "build" / name
    assert path.read_text().isascii()
    for checker in (["mandoc", "-T", "lint", "-W", "warning", path],
                    ["groff", "-ww", "-z", "-k", "-man", path]):
        done = subprocess.run(checker, text=True, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=200", path],
                           text=True, check=True, capture_output=True).stdout
    return re.sub(r".\x08", "", shown)


def no_markdown(shown):
    assert not re.search(r"\]\(|\*\*|```|`|^#|^\|", shown, re.M)


def test_page_of_paylock_admin(private):
    shown = page("paylock-admin.1", private)
    parts = re.split(r"(?m)^   (\S.*)\n", shown)
    described = dict(zip(parts[1::2], parts[2::2]))
    options, named = cli_tables()
    assert set(described) == set(named)
    for name, (args, own) in named.items():
        body = re.split(r"(?m)^\S", described[name])[0]
        assert not args or f"{name} {args}" in body, name
        assert set(re.findall(r"\n\n       --([\w-]+)", body)) == own, name
    for option, value in options.items():
        assert re.search(rf"(?m)^ +--{option}"
                         rf"{rf'( |.=){value}.?' if value else ''}( |$)",
                         shown), option
    for variable in re.findall(r"(?m)^\| `\w+` \| `(PAYLOCK_\w+)`", ADMIN):
        assert re.search(rf"(?m) in the environment: {variable}$", shown)
    statuses = re.findall(r"(?m)^\| (\d+) \|",
                          sections(ADMIN, "##")["Exit status"])
    part = shown[shown.index("\nEXIT STATUS"):shown.index("\nJSON")]
    assert re.findall(r"(?m)^ {7}(\d+)(?: |$)", part) == statuses
    for file in re.findall(r"(?m)^\| `(.*?)`",
                           sections(ADMIN, "##")["Files"]):
        assert f"\n       {file}\n" in shown
    no_markdown(shown)


def test_page_of_the_module(private):
    shown = page("ngx_http_paylock_module.8", private)
    for name in commands():
        assert re.search(rf"(?m)^ +{name}$", shown), name
        assert re.search(rf"Syntax: {name}[ ;]", shown)
    for name in re.findall(r'ngx_string\("(\w+)"\)',
                           table(source("ngx_http_paylock_variables.c"),
                                 "ngx_http_paylock_variables")):
        assert f"${name}" in shown
    no_markdown(shown)
