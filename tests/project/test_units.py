# Copyright (C) 2026 paylock contributors
#
# What "make install" installs of the servers: units, accounts, directories, and
# what docs/servers.md says of them.  debian/tests/api runs them under systemd.

import os
import re
import subprocess

import pytest

from support import servers

SERVICES = "paylockd", "paylock-writer"
UNITS = [f"{name}.{kind}" for name in SERVICES
         for kind in ("service", "socket")]
DOCS = servers.ROOT / "docs"
PAGE = (DOCS / "servers.md").read_text()
README = (servers.ROOT / "debian/paylockd.README.Debian").read_text()

# of "systemd-analyze security", from 0 to 10
EXPOSURE = 2.0


def make(*args):
    jobs = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    done = subprocess.run(["make", "-o", "all", *args], cwd=servers.ROOT,
                          env=jobs, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def installed(private):
    make("install-server", f"PREFIX={private}/usr", "WWWGROUP=nginx")
    return private / "usr"


def unit(installed, name):
    return installed / "lib/systemd/system" / name


def lines(installed, name):
    return [line for line in unit(installed, name).read_text().splitlines()
            if line and line[0] not in "#["]


def test_where_all_is(private):
    make("install-server", f"DESTDIR={private}", "PREFIX=/usr")
    there = sorted(str(path.relative_to(private / "usr"))
                   for path in private.rglob("*") if path.is_file())
    assert there == sorted([
        "sbin/paylockd", "sbin/paylock-writer",
        *(f"lib/systemd/system/{name}" for name in UNITS),
        "lib/sysusers.d/paylockd.conf", "lib/tmpfiles.d/paylockd.conf",
        *(f"share/paylockd/{name}.conf" for name in (
            "http", "location", "paylockd", "writer")),
        "share/man/man8/paylockd.8", "share/man/man8/paylock-writer.8"])
    for path in private.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o777 == \
                (0o755 if path.parent.name == "sbin" else 0o644), path
    text = unit(private / "usr", "paylockd.service").read_text()
    assert "ExecStart=/usr/sbin/paylockd\n" in text


def test_install_takes_the_servers_along():
    said = subprocess.run(["make", "-n", "install", "PREFIX=/x", "DESTDIR=/y"],
                          cwd=servers.ROOT, text=True, capture_output=True,
                          check=True).stdout
    assert re.search(r"install .*build/paylockd.* /y/x/sbin", said)


@pytest.mark.parametrize("name", UNITS)
def test_units_are_right(name, installed):
    """Each program, page, user and setting that they name is there."""
    assert not re.search("@[A-Z]+@", unit(installed, name).read_text())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no",
         unit(installed, name)], text=True, capture_output=True,
        env={**os.environ, "MANPATH": f"{installed}/share/man:"})
    assert done.returncode == 0 and done.stderr == "", done


@pytest.mark.parametrize("name", SERVICES)
def test_sandbox(name, installed):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager",
         f"--threshold={EXPOSURE * 10:.0f}",
         unit(installed, f"{name}.service")], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout
    figure = float(re.search(r"exposure level.*: ([\d.]+)", done.stdout)[1])
    assert 0 < figure <= EXPOSURE


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_starts_without_a_key(name, installed):
    for kind in "service", "socket":
        assert "ConditionPathExists=/etc/paylock/writer.pem" \
            in lines(installed, f"{name}.{kind}")
    # the key is named once more where it is handed over
    loaded = [line for line in lines(installed, f"{name}.service")
              if "LoadCredential" in line]
    assert loaded == (["LoadCredential=key:/etc/paylock/writer.pem"]
                      if name == "paylock-writer" else [])


def test_both_are_as_strict(installed):
    """But for what is said beside it."""
    own = {name: set(lines(installed, f"{name}.service"))
           for name in SERVICES}
    only = own["paylockd"] ^ own["paylock-writer"]
    assert {line.partition("=")[0] for line in only} == {
        "After", "Description", "Documentation", "Environment", "ExecStart",
        "InaccessiblePaths", "LoadCredential", "PrivateUsers", "Requires",
        "StateDirectory", "User", "Wants"}


def test_sockets_are_where_the_programs_listen(installed):
    """By themselves, too; and for these groups only."""
    for name, path, group in (("paylockd", "http", "nginx"),
                              ("paylock-writer", "writer", "paylockd")):
        text = lines(installed, f"{name}.socket")
        assert f"ListenStream=/run/paylock/{path}.sock" in text
        assert {f"SocketGroup={group}", "SocketUser=root",
                "SocketMode=0660"} <= set(text)
        source = servers.ROOT / "server" / name.removeprefix("paylock-") \
            / "main.c"
        assert f'"/run/paylock/{path}.sock"' in source.read_text()


# accounts and directories, in a directory that stands for /

@pytest.fixture
def root(installed, private):
    if os.geteuid():
        pytest.skip("only root makes accounts")
    root = private / "root"
    (root / "etc/paylock").mkdir(parents=True)
    (root / "etc/paylock").chmod(0o750)
    for name in "sysusers", "tmpfiles":
        (root / f"usr/lib/{name}.d").mkdir(parents=True)
        file = f"lib/{name}.d/paylockd.conf"
        # access lists are for accounts of this machine
        (root / "usr" / file).write_text(
            (installed / file).read_text().replace("u:paylockd", "u:nobody"))
    for _ in range(2):
        for command in ["systemd-sysusers"], ["systemd-tmpfiles", "--create"]:
            done = subprocess.run([*command, f"--root={root}", "paylockd.conf"],
                                  text=True, capture_output=True)
            assert done.returncode == 0, done
    return root


def ids(root, kind):
    return {line.split(":")[0]: int(line.split(":")[2])
            for line in (root / "etc" / kind).open()}


def test_accounts(root):
    groups = {line.split(":")[0]: line.split(":")[3].strip()
              for line in (root / "etc/group").open()}
    assert groups == {"paylock": "paylock-writer", "paylockd": "",
                      "paylock-writer": ""}
    users = [line.split(":") for line in (root / "etc/passwd").open()]
    assert sorted((user[0], user[5], user[6].strip()) for user in users) == [
        ("paylock-writer", "/var/lib/paylock-writer", "/usr/sbin/nologin"),
        ("paylockd", "/var/lib/paylockd", "/usr/sbin/nologin")]


def test_directories(root):
    writer = ids(root, "passwd")["paylock-writer"]
    group = ids(root, "group")["paylock-writer"]
    for path, owner in (("var/lib/paylock", (0, group, 0o710)),
                        ("var/lib/paylock-writer", (writer, group, 0o700)),
                        ("etc/paylock", (0, 0, 0o750))):
        st = (root / path).stat()
        assert (st.st_uid, st.st_gid, st.st_mode & 0o777) == owner, path


def test_paylockd_passes_through(root):
    """To what it may read, and no further."""
    (root / "etc/paylock/signers").write_text("x")
    (root / "etc/paylock/secret").write_text("x")
    (root / "etc/paylock/secret").chmod(0o640)
    assert as_nobody("cat", root / "etc/paylock/signers")
    assert not as_nobody("cat", root / "etc/paylock/secret")
    assert not as_nobody("ls", root / "etc/paylock")
    assert not as_nobody("touch", root / "etc/paylock/x")


def as_nobody(*command):
    return subprocess.run(command, user="nobody", group="nogroup",
                          extra_groups=[], capture_output=True).returncode == 0


# the documentation

def commands(text, indent):
    """Without what continues a line, so that both can be compared."""
    return [line.strip() for line in text.splitlines()
            if line.startswith(indent) and line.strip()]


def test_readme_has_the_steps_of_the_page():
    steps = [line.strip() for block in re.findall(
        r"(?ms)^```sh\n(.*?)^```$", PAGE.split("## Start them")[1]
        .split("## What each may read")[0]) for line in block.splitlines()]
    steps = steps[steps.index("systemctl daemon-reload") + 1:-1]
    told = commands(README, "    ")
    at = [told.index(step) for step in steps]
    assert at == sorted(at) and len(at) > 10


def test_options():
    """The table has those of both programs, and no others."""
    there = {name for path in servers.ROOT.glob("server/*/main.c")
             for name in re.findall(r'\{ "(\w+)", required_argument',
                                    path.read_text())}
    table = PAGE.split("## Options")[1]
    assert set(re.findall(r"(?m)^\| `--(\w+) [A-Z]+` \|", table)) == there
    for path in servers.ROOT.glob("server/*/main.c"):
        usage = "".join(re.findall(r'^    "(.*)\\n"', path.read_text(), re.M))
        usage = re.sub(r"usage: | +(?=\[)", lambda m: " " * (m[0][0] == " "),
                       usage)
        assert usage in PAGE


def test_nginx_is_configured_as_the_page_says():
    shown = (DOCS / "api.md").read_text()
    for name in "http", "location":
        text = (servers.ROOT / f"server/share/{name}.conf").read_text()
        assert text.split("\n\n", 1)[1].strip() in shown


@pytest.fixture
def front(api, private):
    """nginx with what make install brings."""
    share = servers.ROOT / "server/share"
    location = (share / "location.conf").read_text().replace(
        "/run/paylock/http.sock", str(api.socket))
    api.socket.chmod(0o666)
    nginx = servers.Nginx(
        private / "nginx", f"{(share / 'http.conf').read_text()}"
        f"server {{ {location} }}", control=False, load=[])
    nginx.start()
    yield nginx
    nginx.stop()
    nginx.check_log()


def ask(front, path, *headers):
    return front.get(f"/paylock/v1/{path}", host="panel.example",
                     headers=headers).status


def test_nginx_passes_requests_on(api, front):
    def bearer(*limits):
        token = api.writer.token(f"x{len(limits)}", "--allow", "read", *limits)
        return "Authorization", f"Bearer {token}"

    assert ask(front, "me", bearer()) == 200
    assert ask(front, "me") == 401
    # nobody chooses the address by which nginx names them
    assert ask(front, "me", bearer("--ip", "192.0.2.1"),
               ("X-Real-IP", "192.0.2.1")) == 403


def test_nginx_limits_requests(front):
    said = [ask(front, "health") for _ in range(60)]
    assert said[:20] == [200] * 20 and 429 in said[20:], said
