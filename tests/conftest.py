# Copyright (C) 2026 paylock contributors

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

import servers
from backend import Backend
from gate import Gate


# under sanitizers: what counts instructions, bytes or time, or looks at the
# build itself, has nothing to say

if servers.ASAN:
    collect_ignore = ["test_build.py", "test_cost.py", "test_fuzz.py",
                      "test_memory.py", "test_run.py", "test_scale.py"]


# what is ignored where the tests run in the background stays so in what
# they start

for sig in signal.SIGHUP, signal.SIGINT:
    if signal.getsignal(sig) == signal.SIG_IGN:
        signal.signal(sig, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """The end of the alphabet first: it takes long, and whoever got it last
    would be alone with it."""
    items.sort(key=lambda item: item.path.name, reverse=True)


def children():
    """The pids of this process's children, zombies included."""
    while True:
        try:
            return {int(pid)
                    for task in pathlib.Path("/proc/self/task").iterdir()
                    for pid in (task / "children").read_text().split()}
        except OSError:
            pass                        # a thread has just ended


@pytest.fixture(autouse=True)
def no_process_left():
    """Whatever a test starts has ended when it is over."""
    before = children()
    yield
    left = children() - before
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"processes left: {left}"


@pytest.fixture
def private():
    """A directory whose path the workers' user may walk and that is short
    enough for the name of a unix socket, which pytest's own are not."""
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
    """A paylock-admin that has made its chain."""
    admin("init")
    return admin


@pytest.fixture
def backend():
    server = Backend()
    yield server
    server.stop()


@pytest.fixture
def nginx(redis, private):
    """nginx(server_blocks, **kw): starts an Nginx bound to redis."""
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
    """The command whose mounts are seen by what it runs alone."""
    command = ["unshare", "--mount"]
    if os.geteuid() or subprocess.run([*command, "true"],
                                      capture_output=True).returncode:
        pytest.skip("only who may mount can try it")
    return command


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    """The paths of a certificate and its key, which the master reads."""
    path = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=acme.example", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=path, check=True, capture_output=True)
    return path / "cert.pem", path / "key.pem"
