# Copyright (C) 2026 paylock contributors
#
# The fixtures that any test may use.  Those of one subject are in its file of
# support/; conftest.py lists all these files.

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from support import servers
from support.backend import Backend
from support.chain import Chain
from support.gate import Gate


def children():
    """The pids of this process's children, with zombies."""
    while True:
        try:
            return {int(pid)
                    for task in pathlib.Path("/proc/self/task").iterdir()
                    for pid in (task / "children").read_text().split()}
        except OSError:
            pass                        # a thread has just ended


@pytest.fixture(autouse=True)
def no_process_left():
    """Every process that a test starts has ended when the test is over."""
    before = children()
    yield
    left = children() - before
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"processes left: {left}"


@pytest.fixture
def private():
    """A directory that workers may enter, with a path short enough for unix
    sockets; pytest's tmp_path is neither."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="paylock-test-"))
    path.chmod(0o755)
    yield path
    found = servers.sanitizers_found(path)
    assert not found, found
    if "PAYLOCK_TEST_KEEP" not in os.environ:
        shutil.rmtree(path)


@pytest.fixture
def redis(private):
    server = servers.Redis(private)
    try:
        yield server.start()
    finally:
        server.discard()


@pytest.fixture
def admin(redis, private):
    return servers.Admin(redis, private / "admin")


@pytest.fixture
def known(admin):
    """A paylock-admin that has run init."""
    admin("init")
    return admin


@pytest.fixture
def chain(redis):
    """A new chain, written without paylock-admin."""
    return Chain(redis).init()


@pytest.fixture
def backend():
    server = Backend()
    yield server
    server.stop()


@pytest.fixture
def nginx(redis, private):
    """nginx(http_block, **kw) starts an nginx that follows redis."""
    started = []

    def start(http, **kw):
        server = servers.Nginx(private / f"nginx{len(started)}", http,
                               kw.pop("redis", redis), **kw)
        started.append(server)
        return server.start()

    yield start

    failures = []
    for server in reversed(started):
        try:
            server.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def gate(nginx, admin, backend, private):
    return Gate(nginx, admin, backend, private)


@pytest.fixture
def mounts():
    """The prefix of a command that runs in a mount namespace of its own."""
    command = ["unshare", "--mount"]
    if os.geteuid() or subprocess.run([*command, "true"],
                                      capture_output=True).returncode:
        pytest.skip("only who may mount can try it")
    return command


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    """The paths of a certificate and of its key."""
    path = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=acme.example", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=path, check=True, capture_output=True)
    return path / "cert.pem", path / "key.pem"
