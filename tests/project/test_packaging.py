# Copyright (C) 2026 paylock contributors
#
# contrib/: the RPMs and the container are built, and the container run.  And
# other architectures: all is built for them, and unit tests run under qemu.
# "make test-builds" runs these.

import os
import re
import subprocess

import pytest

from support import servers

pytestmark = pytest.mark.skipif("PAYLOCK_TEST_BUILDS" not in os.environ,
                                reason="make test-builds")

BUILD = servers.ROOT / "build/builds"
SPEC = servers.ROOT / "contrib/rpm/nginx-mod-paylock.spec"


def run(*command):
    done = subprocess.run(command, cwd=servers.ROOT, text=True,
                          capture_output=True, errors="replace")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_rpm():
    run("rm", "-rf", BUILD / "rpm")
    run("mkdir", "-p", BUILD / "rpm")
    run("tests/rpm/build", BUILD / "rpm")
    files = {re.match(r"[a-z-]+[a-z]", path.name)[0]:
             run("rpm", "-qpl", path).split()
             for path in (BUILD / "rpm/RPMS").rglob("*.rpm")}
    assert set(files) == {"nginx-mod-paylock", "paylock-admin"}
    assert {"/usr/lib64/nginx/modules/ngx_http_paylock_module.so",
            "/usr/share/nginx/modules/mod-http-paylock.conf"} \
        <= set(files["nginx-mod-paylock"])
    assert {"/usr/bin/paylock-admin", "/usr/bin/paylock-build-module",
            "/usr/share/paylock/config",
            "/usr/share/paylock/tools/build-module"} \
        <= set(files["paylock-admin"])


def test_container(mounts):
    assert "=== done" in run("tests/container/test", BUILD / "container")


@pytest.mark.parametrize("arch", ["arm64", "armhf", "i386"])
def test_architecture(arch, mounts):
    run("tests/arch/test", arch, BUILD / arch)
