# Copyright (C) 2026 paylock contributors
#
# The passwords and keys of a configuration go only to the Redis that the same
# configuration names.  And whose configuration is read, and what of it is
# shown.

import json
import os
import pathlib
import re
import socket
import subprocess
import threading

import pytest

from support import servers
from support.cli import config, refused

SECRET = "s3cret-of-ours"
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")


class Plain(servers.Admin):
    """One that finds its Redis as people's do."""

    def argv(self, *args):
        return [str(servers.CLI), *map(str, args)]


class Ear:
    """Somebody else's server: keeps what it is told."""

    def __init__(self, path=None):
        self.heard = b""
        self.socket = socket.socket(socket.AF_UNIX if path
                                    else socket.AF_INET)
        self.socket.bind(str(path) if path else ("127.0.0.1", 0))
        self.socket.listen()
        self.url = f"unix:{path}" if path else \
            f"redis://127.0.0.1:{self.socket.getsockname()[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                self.heard += client.recv(65536)
                client.sendall(b"-NOAUTH Authentication required.\r\n" * 9)


@pytest.fixture
def ours(private):
    """A Redis with a password, and who knows it by a configuration."""
    redis = servers.Redis(private, requirepass=SECRET).start()
    admin = Plain(redis, private / "admin")
    secret = admin.home / "secret"
    secret.touch(0o600)
    secret.write_text(SECRET + "\n")
    config(admin, f"redis = {redis.url}\npassword_file = {secret}\n")
    admin("init")
    yield admin
    redis.stop()


def warnings(done):
    return [json.loads(line)["warning"] for line in done.stderr.splitlines()
            if line.startswith('{"warning":{"code":"secret"')]


def kept(admin, ear, *args, env=None):
    """The command goes to somebody else, the secret does not, and it is said
    why, and how to give it."""
    done = admin("--json", *args, check=False, env=env)
    assert done.returncode == 1
    assert ear.heard and SECRET.encode() not in ear.heard
    assert SECRET not in done.stdout + done.stderr
    [warning] = warnings(done)
    assert warning["code"] == "secret"
    assert "--password-file" in warning["mend"]
    assert ear.url in warning["message"].replace("/0", "")
    return warning


@pytest.mark.parametrize("line", ["password_file = {}/secret",
                                  f"password = {SECRET}"])
def test_the_url_is_another(ours, private, line):
    """By the command line or the environment."""
    config(ours, f"redis = {ours.redis.url}\nusername = default\n"
           + line.format(ours.home) + "\n")
    ours("list")
    for path in None, private / "ear":
        for how in "option", "environment":
            with Ear(path) as ear:
                done = kept(ours, ear, "list",
                            *["--redis", ear.url] * (how == "option"),
                            env={"PAYLOCK_REDIS": ear.url}
                            if how == "environment" else {})
            assert str(ours.home / "config/paylock/config") in done["message"]
            if path:
                path.unlink()


def test_the_url_is_the_same(ours):
    """In other words, or with another database."""
    port = servers.free_port()
    ours.redis.client().config_set("port", port)
    for url in f"redis://127.0.0.1:{port}", f"redis://LOCALHOST:{port}/0":
        config(ours, f"redis = {url}\npassword = {SECRET}\n")
        for given in url, url.lower().removesuffix("/0") + "/3":
            assert not warnings(ours("--json", "--redis", given, "init",
                                     "--yes"))
    # but not without TLS
    config(ours, f"redis = rediss://127.0.0.1:{port}\npassword = {SECRET}\n")
    done = ours("--json", "--redis", f"redis://127.0.0.1:{port}", "list",
                check=False)
    assert done.returncode == 1
    assert [w["code"] for w in warnings(done)] == ["secret"]
    assert json.loads(done.stderr.splitlines()[-1])["error"]["code"] == "auth"


def test_a_configuration_without_a_url(ours):
    """Its secrets are for the one that is used by default."""
    config(ours, f"password_file = {ours.home}/secret\n")
    with Ear() as ear:
        kept(ours, ear, "--redis", ear.url, "list")


def test_another_configuration(ours):
    """With --config the usual ones are not read at all."""
    other = ours.home / "other"
    with Ear() as ear:
        other.write_text(f"redis = {ear.url}\n")
        done = ours("--json", "--config", other, "list", check=False)
        assert done.returncode == 1 and not warnings(done)
        assert ear.heard and SECRET.encode() not in ear.heard

        other.write_text(f"redis = {ours.redis.url}\npassword = {SECRET}\n")
        other.chmod(0o600)
        ours("--config", other, "list")
        ear.heard = b""
        for env in {}, {"PAYLOCK_CONFIG": str(other)}:
            kept(ours, ear, "--redis", ear.url,
                 *["--config", other] * (not env), "list", env=env)


def test_a_password_that_is_given_with_the_url(ours):
    """By who names the URL; that of the configuration is not asked for."""
    for env in {}, {"PAYLOCK_PASSWORD": "theirs"}:
        with Ear() as ear:
            other = ours.home / "theirs"
            other.touch(0o600)
            other.write_text("theirs\n")
            done = ours("--json", "--redis", ear.url, "list",
                        *["--password-file", other] * (not env), env=env,
                        check=False)
            assert not warnings(done)
            assert b"theirs" in ear.heard and SECRET.encode() not in ear.heard


def test_a_redis_without_a_password(ours, private):
    """Is reached, with a note, though the configuration names a user."""
    config(ours, f"redis = {ours.redis.url}\nusername = default\n"
           f"password_file = {ours.home}/secret\n")
    other = servers.Redis(private / "free")
    other.dir.mkdir()
    other.start()
    try:
        done = ours("--json", "--redis", other.url, "init")
        assert [w["code"] for w in warnings(done)] == ["secret"]
        assert ours("--quiet", "--redis", other.url, "init").stderr == ""
    finally:
        other.stop()


ETC = """
mount -t tmpfs none /etc && mkdir /etc/paylock &&
cp "$0" /etc/paylock/config && exec "$@"
"""


@root
def test_the_users_over_the_machines(ours, private):
    """The secret of each goes to the URL of each; a user may have a password
    for the machine's URL."""
    if subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("no mount namespaces here")
    machine = private / "machine"

    class Both(Plain):
        def argv(self, *args):
            return ["unshare", "--mount", "sh", "-ec", ETC, str(machine),
                    *super().argv(*args)]

    both = Both(ours.redis, ours.home)
    both.env["PAYLOCK_ACTOR"] = "alice"
    machine.touch(0o600)
    machine.write_text(f"redis = {ours.redis.url}\n"
                       f"password_file = {ours.home}/secret\n")
    config(ours, "")
    both("list")
    with Ear() as ear:
        config(ours, f"redis = {ear.url}\n")
        assert "/etc/paylock/config" in kept(both, ear, "list")["message"]
        ear.heard = b""
        machine.write_text(f"redis = {ear.url}\n")
        config(ours, f"redis = {ours.redis.url}\npassword = {SECRET}\n")
        both("list")
        kept(both, ear, "--redis", ear.url, "list")
        machine.write_text(f"redis = {ours.redis.url}\n")
        config(ours, f"password = {SECRET}\n")
        both("list")
        ear.heard = b""
        kept(both, ear, "--redis", ear.url, "list")


# what is read, and shown

SHADOW = "root:$y$j9T$abcdef:19000:0:99999:7:::"


@pytest.mark.parametrize("lines, number, reason", [
    (f"# x\n{SHADOW}\n", 2, 'no "="'),
    (f"\n\n{SHADOW}=\n", 3, "not a setting"),
    (f"actor = x\n{SHADOW} = 1\n", 2, "not a setting"),
    (f"= {SHADOW}\n", 1, "not a setting"),
    ("x" * 5000 + SHADOW, 1, 'no "="')])
def test_a_line_is_never_shown(admin, lines, number, reason):
    """Of whatever file: with sudo that may be any."""
    path = config(admin, lines)
    for args in [], ["--config", path]:
        for json_ in "--json", "--quiet":
            done = admin(json_, *args, "doctor", check=False)
            assert done.returncode == 1
            assert "$y$" not in done.stdout + done.stderr
        error = refused(admin, 1, "config", *args, "list")
        assert f'"{path}", line {number} ' in error["message"]
        assert reason in error["message"]
        assert "$y$" not in str(error) and "root:" not in str(error)


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666, 0o664])
def test_a_configuration_that_others_can_write(admin, mode):
    path = config(admin, "actor = x\n", mode)
    error = refused(admin, 1, "config", "list")
    assert error["mend"] == f"chmod go-w {path}"
    subprocess.run(error["mend"].split(), check=True)
    admin("list")


def test_a_directory_that_others_can_write(admin):
    path = config(admin, "actor = x\n")
    path.parent.chmod(0o777)
    for args in [], ["--config", "config"]:
        done = servers.subprocess.run(
            admin.argv("--json", *args, "list"), env=admin.env,
            cwd=path.parent, text=True, capture_output=True)
        error = json.loads(done.stderr)["error"]
        assert "others can replace" in error["message"]
        assert error["mend"] == f"chmod o-w {'.' if args else path.parent}"
    path.parent.chmod(0o1777)
    admin("list")
    path.parent.chmod(0o755)
    admin("--config", "/dev/null", "list")


@root
def test_a_configuration_of_another_user(admin):
    path = config(admin, "actor = x\n")
    os.chown(path, 65534, 65534)
    error = refused(admin, 1, "config", "list")
    assert error["mend"] == f"chown root {path}"
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
         str(servers.CLI), "--config", path, "--redis", admin.redis.url,
         "list"], env={**admin.env, "PAYLOCK_ACTOR": "x"}, text=True,
        capture_output=True)
    assert "can write" not in done.stderr


# what is in memory

def test_memory_of_a_key(admin, private):
    """No core, nothing for other processes of the user, nothing in swap."""
    admin("keygen")
    admin("init")
    process = subprocess.Popen(admin.argv("audit", "log", "--follow"),
                               env=admin.env, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline()
        proc = pathlib.Path(f"/proc/{process.pid}")
        limits = (proc / "limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits)
        locked = re.search(r"VmLck:\s+(\d+) kB", (proc / "status").read_text())
        assert int(locked[1]) >= 64
    finally:
        process.terminate()
        process.wait(60)
