# Copyright (C) 2026 paylock contributors
#
# paylockd and paylock-writer as systemd starts them: the socket and the key are
# passed to them, and they have accounts of their own.

import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess

import pytest

from support import servers
from support.api import PROGRAM as PAYLOCKD, Paylockd
from support.servers import wait_for
from support.writer import PROGRAM as WRITER, Writer

ACTIVATE = "systemd-socket-activate"
ROOT = os.geteuid() == 0


def activate(program, env, log, listen, *args, how=()):
    """Starts it when the first one connects."""
    return subprocess.Popen(
        [ACTIVATE, *how, *(f"--listen={where}" for where in listen),
         *(f"--setenv={name}={value}" for name, value in env.items()),
         program, *map(str, args)],
        cwd=log.parent, stderr=open(log, "w"), stdin=subprocess.DEVNULL)


def end(process):
    process.kill()
    process.wait(servers.PATIENCE)


class ActivatedWriter(Writer):
    def start(self):
        self.log = open(self.dir / "log", "a")
        self.process = activate(WRITER, self.env, self.dir / "log",
                                [self.socket], "--config", self.config,
                                "--tokens", self.dir / "tokens")
        wait_for("the socket of the writer", self.socket.exists)


class ActivatedPaylockd(Paylockd):
    def start(self):
        self.process = activate(PAYLOCKD, self.env, self.dir / "log",
                                [self.socket], "--config", self.writer.config,
                                "--writer", self.writer.socket)
        wait_for("the socket of paylockd", self.socket.exists)
        wait_for("paylockd", self.live)


def test_a_lock_by_activated_servers(alice, private):
    """Neither could listen where it does by itself: there is no such
    directory."""
    assert not pathlib.Path("/run/paylock").exists()
    writer = ActivatedWriter(alice, private / "writer")
    writer.start()
    api = ActivatedPaylockd(writer, private / "paylockd")
    try:
        api.start()
        token = writer.token("x", "--allow", "lock,read")
        reply = api.post("/v1/lock", token, {"hosts": ["b.example"]})
        assert reply.status == 200, reply
        assert alice.json("status", "b.example")[0]["stage"] == "locked"
        # one more connection, and one after the program has gone
        assert api.get("/v1/me", token).status == 200
        api.stop()
    finally:
        writer.stop()
        end(api.process)


def connect(where):
    """Connects, so that the program is started."""
    kind, _, place = where.partition(":")
    if kind == "unix":
        client = socket.socket(socket.AF_UNIX)
        client.connect(place)
    elif kind == "seqpacket":
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.connect(place)
    else:
        client = socket.create_connection(("127.0.0.1", int(place)))
    return client


WRONG = {
    "a port": (["port"], (), "something else than a unix socket"),
    "two": (["unix", "unix2"], (), "systemd passes 2 sockets"),
    "no stream": (["seqpacket"], ("--seqpacket",),
                  "something else than a unix socket"),
    "Accept=yes": (["unix"], ("--accept",),
                   "something else than a unix socket"),
}


@pytest.mark.parametrize("program", [PAYLOCKD, WRITER],
                         ids=["paylockd", "writer"])
@pytest.mark.parametrize("case", WRONG)
def test_another_socket_is_refused(case, program, private):
    kinds, how, message = WRONG[case]
    port = servers.free_port()
    places = {"port": f"tcp:{port}", "unix": f"unix:{private}/a",
              "unix2": f"unix:{private}/b", "seqpacket": f"seqpacket:{private}/a"}
    listen = [f"127.0.0.1:{port}" if kind == "port" else f"{private}/{name}"
              for name, kind in zip("ab", kinds)]
    log = private / "log"
    process = activate(program, {}, log, listen, how=how)
    try:
        wait_for("systemd-socket-activate",
                 lambda: "Listening on" in log.read_text())
        client = connect(places[kinds[0]])
        wait_for("the reason", lambda: message in log.read_text())
        assert "one ListenStream= with a path" in log.read_text()
        if "--accept" not in how:
            assert process.wait(servers.PATIENCE) == 1
        client.close()
    finally:
        end(process)


def test_sockets_of_another_process(private, alice):
    """What a parent was given is not taken."""
    writer = Writer(alice, private / "writer")
    writer.env.update(LISTEN_PID="1", LISTEN_FDS="1")
    writer.start()
    writer.stop()


# the key that systemd passes


def acl(path, uid):
    """Lets one more user read it, as systemd does: the group's rights are then
    those that the access list grants at most."""
    entries = [(0x01, 4, 0xffffffff), (0x02, 4, uid), (0x04, 0, 0xffffffff),
               (0x10, 4, 0xffffffff), (0x20, 0, 0xffffffff)]
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry) for entry in entries))


class Service(Writer):
    """A writer that runs as nobody, with a key of root's."""

    def __init__(self, alice, directory):
        super().__init__(alice, directory)
        self.user = pwd.getpwnam("nobody")
        self.credentials = directory / "credentials"
        self.credentials.mkdir()
        self.key = self.credentials / "key"
        home = pathlib.Path(alice.env["XDG_CONFIG_HOME"]) / "paylock"
        shutil.copy(home / "key.pem", self.key)
        self.key.chmod(0o400)
        acl(self.key, self.user.pw_uid)
        signers = directory / "signers"
        shutil.copy(home / "signers", signers)
        signers.chmod(0o644)
        self.config.chmod(0o644)
        for name in "state", "run":
            (directory / name).mkdir()
            os.chown(directory / name, self.user.pw_uid, -1)
        self.socket = directory / "run/writer.sock"
        self.tokens = directory / "tokens.d"
        self.tokens.mkdir()
        os.chown(self.tokens, 0, self.user.pw_gid)
        self.tokens.chmod(0o710)
        alice.env["PAYLOCK_TOKENS"] = str(self.tokens / "tokens")
        self.env.update(
            XDG_STATE_HOME=str(directory / "state"), HOME="/nonexistent",
            PAYLOCK_SIGNERS=str(signers), PAYLOCK_KEY=str(self.key),
            CREDENTIALS_DIRECTORY=str(self.credentials), **alice.login(
                servers.OP_USER))
        secret = directory / "password"
        if "PAYLOCK_PASSWORD_FILE" in self.env:
            shutil.copy(self.env["PAYLOCK_PASSWORD_FILE"], secret)
            os.chown(secret, self.user.pw_uid, -1)
            self.env["PAYLOCK_PASSWORD_FILE"] = str(secret)

    def spawn(self, *argv, **kw):
        """A program of the account."""
        return subprocess.Popen(argv, cwd=self.dir, user=self.user.pw_uid,
                                group=self.user.pw_gid, extra_groups=[], **kw)

    def start(self):
        """As docs/servers.md says, it gets to know the trail first."""
        known = self.spawn(servers.CLI, "--config", self.config, "init",
                           "--yes", env={**self.env, "PAYLOCK_KEY": ""})
        assert known.wait(servers.PATIENCE) == 0
        self.log = open(self.dir / "log", "a")
        self.process = self.spawn(
            WRITER, "--config", self.config, "--socket", self.socket,
            "--tokens", self.tokens / "tokens", env=self.env, stderr=self.log)
        wait_for("paylock-writer", self.listens)


@pytest.fixture
def service(alice, private):
    if not ROOT:
        pytest.skip("only root has other accounts")
    made = Service(alice, private / "writer")
    yield made
    if made.process:
        made.stop()


def lock(service):
    token = service.token("x", "--allow", "lock")
    return service.ask("lock", token, hosts=["b.example"])


def test_a_key_that_is_passed(service):
    try:
        service.start()
    except OSError as error:
        pytest.skip(f"no access lists here: {error}")
    answer = lock(service)
    assert answer["status"] == 200, answer


def spoil_elsewhere(service):
    there = str(service.credentials)
    service.env["CREDENTIALS_DIRECTORY"] = there[:-1] + "x"


def spoil_below(service):
    service.env["CREDENTIALS_DIRECTORY"] = str(service.dir)


def spoil_prefix(service):
    service.env["CREDENTIALS_DIRECTORY"] = str(service.key)[:-2]


def spoil_none(service):
    del service.env["CREDENTIALS_DIRECTORY"]


def spoil_others(service):
    service.key.chmod(0o444)


def spoil_group(service):
    service.key.chmod(0o660)


def spoil_owner(service):
    os.chown(service.key, pwd.getpwnam("daemon").pw_uid, -1)


@pytest.mark.parametrize("spoil", [
    spoil_elsewhere, spoil_below, spoil_prefix, spoil_none, spoil_others,
    spoil_group, spoil_owner])
def test_a_key_that_is_not(spoil, service):
    spoil(service)
    service.start()
    answer = lock(service)
    assert (answer["status"], answer["error"]["code"]) == (503, "key"), answer


# the tokens, which are root's


def test_tokens_of_root(service):
    """The writer reads them, sees each change at once, and can change none."""
    service.start()
    token = service.token("x", "--allow", "lock")
    file = service.tokens / "tokens"
    st = file.stat()
    assert (st.st_uid, st.st_gid, st.st_mode & 0o777) \
        == (0, service.user.pw_gid, 0o640)
    ask = dict(hosts=["b.example"], dry_run=True)
    assert service.ask("lock", token, **ask)["status"] == 200

    # as the writer: it cannot even hold the lock of a revocation
    for command in ("flock -n {} true", "touch {}/x", "ls {}", ": > {}/tokens",
                    "mv {0}/tokens {0}/y", "rm -f {}/tokens"):
        done = service.spawn("sh", "-c", command.format(service.tokens),
                             stderr=subprocess.DEVNULL)
        assert done.wait(servers.PATIENCE), command

    service.issuer("token", "revoke", "x")
    assert service.ask("lock", token, **ask)["status"] == 401
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.stat().st_gid == service.user.pw_gid
    again = service.token("x", "--allow", "lock")
    assert service.ask("lock", again, **ask)["status"] == 200


@pytest.mark.skipif(not ROOT, reason="only root has other accounts")
@pytest.mark.parametrize("account, may", [("www-data", False), ("nobody", True)])
def test_tokens_of_others(service, account, may):
    service.token("x", "--allow", "lock")
    user = pwd.getpwnam(account)
    done = subprocess.run(["cat", service.tokens / "tokens"],
                          capture_output=True, user=user.pw_uid,
                          group=user.pw_gid, extra_groups=[])
    assert (done.returncode == 0) == may
