# Copyright (C) 2026 paylock contributors
#
# The documentation lists everything that the source has, and nothing else.

import hashlib
import json
import re
import shlex
import subprocess
import sys

import pytest

from support import field_table, servers
from support.docs import (ADMIN, DOCS, blocks, cli_tables, commands,
                          global_options, sections, source, table)

DIRECTIVES = (DOCS / "directives.md").read_text()

REDIS = (DOCS / "redis.md").read_text()
AUDIT = (DOCS / "audit-format.md").read_text()
README = (servers.ROOT / "README.md").read_text()

CONTEXTS = {"MAIN": "http", "SRV": "server", "LOC": "location"}


# directives and variables

def test_directives():
    documented = [name for name in sections(DIRECTIVES, "###")
                  if not name.startswith("$")]
    assert sorted(documented) == sorted(commands())
    assert len(commands()) >= 9


def test_contexts():
    for name, (flags, _, _) in commands().items():
        section = sections(DIRECTIVES, "###")[name]
        context = re.search(r"(?m)^Context: (.+)$", section)[1]
        assert context.split(", ") == [
            word for flag, word in CONTEXTS.items()
            if f"NGX_HTTP_{flag}_CONF" in flags], name
        assert re.search(rf"Syntax: \*\*{name}\*\*( .+)?;  $", section, re.M)
        assert re.search(r"(?m)^Default: (none|%s .+;)  $" % name, section)


def test_words_of_a_directive():
    """What an enumeration takes is in the syntax, and nothing else."""
    module = source("ngx_http_paylock_module.c")
    checked = 0
    for name, (_, setter, post) in commands().items():
        if setter != "ngx_conf_set_enum_slot":
            continue
        words = re.findall(r'ngx_string\("(\w+)"\)',
                           table(module, post.lstrip("&")))
        syntax = re.search(rf"\*\*{name}\*\* (.+?);",
                           sections(DIRECTIVES, "###")[name])[1]
        assert sorted(syntax.split(" | ")) == sorted(words), name
        checked += 1
    assert checked >= 3


def test_parameters_of_paylock_redis():
    there = set(re.findall(r'ngx_strn?cmp\(value->data, "(\w+)=',
                           source("ngx_http_paylock_conf_redis.c")))
    syntax = re.search(r"\*\*paylock_redis\*\* (.+?);", DIRECTIVES)[1]
    assert set(re.findall(r"\[(\w+)=", syntax)) == there
    assert len(there) >= 6


def test_no_unknown_directive_anywhere():
    metrics = {"paylock_info", *re.findall(
        r'(?m)^    \{ "(paylock_\w+)"',
        source("ngx_http_paylock_metrics_text.c"))}
    for page in {*DOCS.glob("*.md"), servers.ROOT / "README.md",
                 servers.ROOT / "CHANGES"} - {DOCS / "internals.md"}:
        named = set(re.findall(r"(?<![\w$/-])paylock_[a-z_]+",
                               page.read_text()))
        # the argument and the cookie of a pass are called so
        assert named <= set(commands()) | metrics | {"paylock_pass"}, page


def test_variables():
    there = re.findall(r'ngx_string\("(\w+)"\)',
                       table(source("ngx_http_paylock_variables.c"),
                             "ngx_http_paylock_variables"))
    documented = [name for name in sections(DIRECTIVES, "###")
                  if name.startswith("$")]
    assert sorted(documented) == sorted("$" + name for name in there)
    for page in DOCS.glob("*.md"):
        named = set(re.findall(r"\$(paylock_\w+)", page.read_text()))
        assert named <= set(there), page


def test_defaults(private):
    """The documented defaults are taken where they may stand."""
    nginx = servers.Nginx(private / "nginx", control=False)
    defaults = re.findall(r"(?m)^Default: (paylock.+;)  $", DIRECTIVES)
    assert len(defaults) >= 7
    done = nginx.test("\n".join(defaults)
                      + "\nserver { paylock on; server_name acme.example; }")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [
    "README.md", "docs/directives.md", "docs/getting-started.md",
    "docs/monitoring.md", "docs/other-nginx.md"])
def test_configurations(page, private):
    """Every configuration that is shown is one."""
    text = (servers.ROOT / page).read_text()
    nginx = servers.Nginx(private / "nginx", control=False)
    assert blocks(text, "nginx")
    for block in blocks(text, "nginx"):
        http = re.search(r"(?ms)^http \{\n(.*)^\}", block)
        if http:
            assert "load_module modules/ngx_http_paylock_module.so;" in block
        done = nginx.test(http[1] if http else block)
        assert done.returncode == 0, done.stderr


def test_first_dry_run(admin, nginx):
    """Is seen where nginx logs as little as Debian's does."""
    block, = blocks((DOCS / "getting-started.md").read_text(), "nginx")
    admin("init")
    admin("lock", "acme.example")
    server = nginx("server { server_name acme.example; paylock on; "
                   f'{block} location / {{ return 200 "site"; }} }}',
                   log_level="error")
    server.wait_state("acme.example", "locked")
    assert server.get(host="acme.example").text == "site"
    assert re.search(r"dry run.* host: \"acme.example\"", server.error_log())


def anchors(text):
    """What GitHub calls the headings of a page."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"(?m)^#+ (.+)$", text)}


def test_links():
    """Lead to files, and to headings in them, that are there."""
    pages = [*DOCS.glob("*.md"), *servers.ROOT.glob("*.md"),
             servers.ROOT / "tests/README.md"]
    for page in pages:
        links = re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)",
                           page.read_text())
        for path, anchor in links:
            target = page.parent / path if path else page
            assert target.exists(), (page, path)
            assert not anchor or anchor in anchors(target.read_text()), (
                page, path, anchor)


def test_readme_is_short():
    assert len(README.splitlines()) <= 70
    block, = blocks(README, "nginx")
    assert len(block.splitlines()) <= 10


# the source

def named_file(name):
    """What a path in docs/internals.md stands for: the module's are short."""
    folder, _, last = name.rpartition("/")
    room = servers.ROOT / "ngx_http_paylock_module" / folder
    return next((path for path in (
        servers.ROOT / name, room / f"ngx_http_paylock_{last}", room / last)
        if path.exists()), None)


def test_internals():
    """Each path exists, and functions and constants are in a file that is
    named in the same paragraph, item or row."""
    seen = set()
    for part in re.split(r"\n\n|\n(?=\| |\d+\. )",
                         (DOCS / "internals.md").read_text()):
        names = re.findall(r"[`(](?:\.\./)?([\w-]+/[\w./-]*)[`)#]", part)
        paths = {name: named_file(name) for name in names}
        assert None not in paths.values(), paths
        text = "".join(path.read_text() for path in paths.values()
                       if path.is_file())
        words = re.findall(r"`(\w+)\(\)`", part)
        words += re.findall(r"`([A-Z]+_[A-Z_]+)`", part)
        for word in words:
            assert re.search(rf"\b{word}\b", text), (word, part)
        seen |= {*names, *words}
    assert len(seen) >= 150


# paylock-admin


def documented_options(text):
    return {name: value for name, value in re.findall(
        r"(?m)^\| `--([\w-]+)(?: |\[=)?([\w:]*)\]?` \|", text)}


def test_commands():
    _, commands = cli_tables()
    assert set(commands) == set(sections(ADMIN, "###"))
    assert {"init", "lock", "unlock", "reset", "status", "list", "audit log",
            "version", "help"} <= set(commands)
    for name, (args, options) in commands.items():
        section = sections(ADMIN, "###")[name]
        assert not args or f"`{name} {args}`" in section, name
        assert set(documented_options(section)) == options, name


def test_options():
    options, commands = cli_tables()
    assert documented_options(ADMIN) == options
    everywhere = documented_options(
        sections(ADMIN, "##")["Options for every command"])
    assert set(everywhere) == global_options(options)
    # a command may have one of its own instead
    own = set().union(*(options for _, options in commands.values()))
    assert set(options) == set(everywhere) | own
    assert set(everywhere) & own == {"key"}


def test_help_names_them_all(admin):
    options, commands = cli_tables()
    overview = admin("help").stdout
    for name, (args, own) in commands.items():
        assert re.search(rf"(?m)^  {name} ", overview), name
        shown = admin("help", *name.split()).stdout
        assert f"paylock-admin {name} {args}".strip() in shown
        for option in own:
            assert f"  --{option}" in shown


def test_no_unknown_option_anywhere():
    """Of paylock-admin; these two pages have those of other programs."""
    options, _ = cli_tables()
    servers_take = {name for path in servers.ROOT.glob("server/*/main.c")
                    for name in re.findall(r'\{ "([\w-]+)", required_argument',
                                           path.read_text())}
    others = {DOCS / "build-module.md", DOCS / "other-nginx.md"}
    for page in {*DOCS.glob("*.md"), servers.ROOT / "README.md"} - others:
        # nor those of other programs
        text = re.sub(r"redis-(cli --rdb|check-aof --fix)|\./configure .*|"
                      r"`--(with|add|modules)-[\w-]+`|"
                      r"tmpfiles --create|enable --now", "", page.read_text())
        named = set(re.findall(r"(?<![\w-])--([a-z][\w-]+)", text))
        assert named <= set(options) | servers_take, page


def test_settings():
    text = source("settings_read.c") + source("cli/settings.c")
    there = re.findall(r'\[SET_\w+\] = \{ "(\w+)", "(\w+)"', text)
    rows = re.findall(r"(?m)^\| `(\w+)` \| `(PAYLOCK_\w+)` \|", ADMIN)
    assert rows == there and len(there) >= 6
    assert set(re.findall(r"PAYLOCK_[A-Z_]+", text)) >= set(
        re.findall(r"PAYLOCK_[A-Z_]+", ADMIN))
    example, = blocks(ADMIN, "ini")
    assert set(re.findall(r"(?m)^(\w+) =", example)) <= set(dict(there))


def test_exit_statuses():
    text = source("error.h")
    section = sections(ADMIN, "##")["Exit status"]
    assert re.findall(r"(?m)^\| (\d+) \|", section) \
        == re.findall(r"#define STATUS_\w+ +(\d+)", text)


def test_json_shapes(admin):
    """What is printed has the members that the page shows."""
    change, state, error = (json.loads(b) for b in blocks(ADMIN, "json"))
    admin("init")
    shown = admin.json("lock", "acme.example", "--reason", "x", "--invoice",
                       "y", "--until", "+7d")
    assert shown.keys() == change.keys()
    assert {type(value) for value in shown.values()} \
        == {type(value) for value in change.values()}
    for one in (*admin.json("status", "acme.example"), *admin.json("list")):
        assert list(one) == list(state)
        assert [type(value) for value in one.values()] \
            == [type(value) for value in state.values()]
        assert one["next"].keys() == state["next"].keys()
    refused = admin("--json", "lock", error["error"]["host"], check=False)
    assert refused.returncode == 2
    assert json.loads(refused.stderr) == error


def test_first_steps(admin):
    block, = (b for b in blocks(ADMIN, "sh") if "init" in b)
    for line in block.splitlines():
        assert line.startswith("paylock-admin ")
        admin(*shlex.split(line)[1:])


# the audit trail

def entry_leaf(entry):
    """As docs/audit-format.md has it, written once more."""
    text = "paylock audit leaf 2\n"
    for field, value in entry.items():
        if value and field not in ("v", "chain", "prev", "skip", "hash",
                                   "root", "sig"):
            text += f"{field} {len(value.encode())} {value}\n"
    return text.encode()


def entry_hash(seq, entry):
    return hashlib.sha256(
        f"paylock audit entry 2\nchain {entry['chain']}\nseq {seq}\n"
        f"prev {entry['prev']}\n"
        f"leaf {hashlib.sha256(entry_leaf(entry)).hexdigest()}\n"
        f"skip {entry['skip']}\n".encode()).hexdigest()


def test_audit_fields():
    assert re.findall(r"(?m)^\| `(\w+)` \|", AUDIT) \
        == field_table.names("ENTRY")


def test_record_fields():
    table = REDIS.split("| member | meaning |")[1].partition("\n\n")[0]
    told = [name for row in re.findall(r"(?m)^\| (`.+?`) \|", table)
            for name in re.findall(r"`(\w+)`", row)]
    kept = [name for kind in ("TIME", "HOST", "CASE")
            for name in field_table.names(kind)]
    assert sorted(told) == sorted(kept + ["actor"])


def test_audit_example():
    entries = [json.loads(block) for block in blocks(AUDIT, "json")]
    assert len(entries) == 2
    prev = "0" * 64
    for seq, entry in enumerate(entries, 1):
        assert entry.pop("seq") == seq
        assert entry["prev"] == prev
        assert entry["hash"] == entry_hash(seq, entry)
        prev = entry["hash"]
    *_, leaf, link = [block.encode() for block in blocks(AUDIT, "text")]
    assert leaf == entry_leaf(entries[0])
    assert hashlib.sha256(leaf).hexdigest().encode() in link
    assert hashlib.sha256(link).hexdigest() == entries[0]["hash"]
    assert AUDIT.count(entries[0]["hash"]) == 2


def test_audit_log_prints_such_entries(admin):
    admin("init")
    admin("lock", "acme.example", "--reason", "x")
    shown = admin.json("audit", "log")
    assert len(shown) == 2
    for entry, example in zip(shown, blocks(AUDIT, "json")):
        assert set(entry) > set(json.loads(example))
        assert entry["hash"] == entry_hash(entry.pop("seq"), entry)


def test_audit_recomputation(redis, admin, private):
    """The script of the page, as it stands there, on a chain of ours."""
    admin("init")
    admin("lock", "acme.example", "café.example", "--reason",
          "überfällig \\ \"x\"", "--invoice", "F-1")
    admin("unlock", "acme.example")
    admin("reset", "acme.example")
    script = private / "check.py"
    script.write_text(blocks(AUDIT, "python")[0])

    def check():
        return subprocess.run(
            [sys.executable, script, f"unix://{redis.socket}"],
            text=True, capture_output=True, timeout=120)

    done = check()
    head, entry = redis.client().xrevrange("{paylock}:audit", count=1)[0]
    assert done.returncode == 0, done.stderr
    assert done.stdout == (f"the last entry is {head[:-2]}, "
                           f"its hash {entry['hash']}\n")
    assert head == "5-0"

    # and it finds what was changed
    client = redis.client()
    entries = client.xrange("{paylock}:audit")
    client.delete("{paylock}:audit")
    for id, entry in entries:
        if id == "3-0":
            entry["reason"] = "paid"
        client.xadd("{paylock}:audit", entry, id=id)
    done = check()
    assert done.returncode == 1
    assert "entry 3 is not what was written" in done.stderr


def test_audit_recomputation_of_signatures(operator, redis, private):
    """With the keys that count the script finds all that they did not sign."""
    alice = operator("alice")
    alice("init")
    alice("lock", "a.example", "b.example", "c.example")
    alice("adopt", "--yes")
    alice("unlock", "a.example")
    script = private / "check.py"
    script.write_text(blocks(AUDIT, "python")[0])

    def check(*keys, realm="-"):
        return subprocess.run(
            [sys.executable, script, f"unix://{redis.socket}", realm, *keys],
            text=True, capture_output=True, timeout=120)

    done = check("1" * 64, alice.key)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("entry 5 gives up: nothing\n"
                                  "the last entry is 6, ")
    assert "entry 1 carries none of these keys" in check("1" * 64).stderr
    assert "InvalidSignature" in check(alice.key, realm="x").stderr

    # hashes do not tell that a signature is gone
    client = redis.client()
    entries = client.xrange("{paylock}:audit")
    for gone, why in (("4-0", "entry 4 is the last of its row"),
                      ("6-0", "entry 6 is the last one and is not signed")):
        client.delete("{paylock}:audit")
        for id, entry in entries:
            client.xadd("{paylock}:audit", {
                k: v for k, v in entry.items() if (id, k) != (gone, "sig")},
                id=id)
        assert check().returncode == 0
        assert why in check(alice.key).stderr


# Redis

def test_keys():
    header = source("paylock_redis_keys.h")
    prefix = re.search(r'PAYLOCK_PREFIX +"(.+)"', header)[1]
    keys = {prefix + key for key
            in re.findall(r'PAYLOCK_KEY_\w+ +"(\w+)"', header)}
    assert set(re.findall(r"\{paylock\}:\w+", REDIS)) == keys


def test_by_hand(redis, nginx):
    """The commands for a person with nothing but redis-cli."""
    block = next(b for b in blocks(REDIS, "sh") if "HSET" in b)
    lines = block.splitlines()
    assert len(lines) == 3
    server = nginx("server { server_name acme.example; paylock on; "
                   "paylock_default locked; }")
    for line, status in zip(lines, (503, 404, 503)):
        words = line.replace("'", "").split()[1:]
        redis.client().execute_command(*words)
        server.reload()
        servers.wait_for(line, lambda: server.get(
            "/nothing", host="acme.example").status == status)
