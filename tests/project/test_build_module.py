# Copyright (C) 2026 paylock contributors
#
# paylock-build-module: whatever does not fit is refused, with the reason and
# the mend, and nothing is changed.  What it builds: test_build_module_run.py.

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

from support import servers

TOOL = servers.ROOT / "tools/build-module"
NAME = "ngx_http_paylock_module.so"


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """One with OpenSSL and one without: see fake_nginx.c."""
    path = tmp_path_factory.mktemp("fake")
    source = servers.ROOT / "tests/support/fake_nginx.c"
    for name, flags in ("with", ["-DWITH_OPENSSL", "-lssl", "-lcrypto"]), (
            "without", []):
        subprocess.run(["cc", "-o", path / name, source, *flags], check=True)
    return path


class Fake:
    """An nginx of which nothing is true but what -V says."""

    def __init__(self, path, programs):
        self.path = path / "nginx"
        self.modules = path / "modules"
        self.programs = programs
        self.modules.mkdir()
        (self.modules / NAME).write_text("the old one")

    def says(self, version="nginx/9.9.9", flags="--with-compat",
             tls="built with OpenSSL 3.0.0", openssl="with"):
        shutil.copy(self.programs / openssl, self.path)
        self.path.with_suffix(".V").write_text(
            f"nginx version: {version}\n{tls}\nconfigure arguments: "
            f"--modules-path={self.modules} {flags}\n")
        return self

    def refused(self, *args, status=1, under=(), **env):
        """What is said, and that it is without effect."""
        done = subprocess.run(
            [*under, TOOL, "--nginx", self.path, *args], text=True,
            capture_output=True, timeout=servers.PATIENCE,
            env={**os.environ, **env})
        assert done.returncode == status, done
        assert {path.name: path.read_text()
                for path in self.modules.iterdir()} == {NAME: "the old one"}
        return done.stderr


@pytest.fixture
def fake(private, programs):
    return Fake(private, programs)


@pytest.fixture
def source(private):
    """The tree of an nginx/9.9.9, as far as versions are concerned."""
    tree = private / "nginx-9.9.9"
    (tree / "src/core").mkdir(parents=True)
    (tree / "configure").write_text("#!/bin/sh\necho no such library\nexit 1")
    (tree / "configure").chmod(0o755)
    (tree / "src/core/nginx.h").write_text(
        '#define NGINX_VERSION "9.9.9"\n'
        '#define NGINX_VER "nginx/" NGINX_VERSION\n')
    return tree


@pytest.fixture
def tarball(source):
    path = source.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz") as tar:
        tar.add(source, source.name)
    return path


def test_no_such_nginx(fake):
    assert "is not a program" in fake.refused()
    fake.path.write_text("#!/bin/sh\necho nginx version: nginx/1.2.3")
    fake.path.chmod(0o755)
    assert "Name the program itself" in fake.refused()
    fake.path.write_text("#!/bin/sh\nexit 3")
    assert 'nginx -V" fails' in fake.refused()


def test_its_source_is_not_there(fake):
    said = fake.says().refused()
    assert "not the source of nginx/9.9.9: /usr/share/nginx/src" in said
    for mend in "--source", "nginx-dev", "nginx-mod-devel":
        assert mend in said


def test_without_compat_and_source(fake):
    """nginx-dev is of this version, but of an nginx with --with-compat."""
    header = pathlib.Path("/usr/share/nginx/src/src/core/nginx.h").read_text()
    version = "nginx/" + re.search(r'NGINX_VERSION +"(.+)"', header)[1]
    assert "without --with-compat" in fake.says(version, "").refused()
    # nor are all flags the same
    assert re.search(r"is of an nginx with --\S+, and .* has not that flag",
                     fake.says(version).refused())


@pytest.mark.parametrize("what, about", [
    ("without TLS", {"tls": ""}),
    ("OpenSSL built in", {"openssl": "without"}),
    ("paylock built in", {"flags": "--add-module=/usr/src/paylock"}),
])
def test_an_nginx_that_cannot_have_it(fake, what, about):
    assert what in fake.says(**about).refused()


def test_another_version(fake, source):
    said = fake.says("nginx/9.9.8").refused("--source", source)
    assert "is the source of nginx/9.9.9" in said
    assert "is nginx/9.9.8" in said
    # neither is another nginx of that number
    assert "is fork/9.9.9" in fake.says("fork/9.9.9").refused(
        "--source", source)


def test_not_a_source(fake, private):
    fake.says()
    assert "there is no" in fake.refused("--source", private / "nothing")
    assert "has no configure" in fake.refused("--source", private)


def test_a_tarball_by_its_checksum_only(fake, tarball):
    fake.says()
    assert "--sha256 HEX" in fake.refused("--source", tarball)
    said = fake.refused("--source", tarball, "--sha256", "ab" * 32)
    right = hashlib.sha256(tarball.read_bytes()).hexdigest()
    assert "is not what the checksum says" in said and right in said
    # with the right one it comes to the build
    said = fake.refused("--source", tarball, "--sha256", right.upper())
    assert "configure failed" in said
    # a URL is not even asked without one
    assert "--sha256 HEX" in fake.refused("--source", "http://127.0.0.1:1/x")
    assert "cannot be fetched" in fake.refused(
        "--source", "http://127.0.0.1:1/x", "--sha256", right)


def test_what_is_missing_is_named(fake, source):
    """For Debian, Fedora, RHEL and Alpine."""
    said = fake.says().refused("--source", source)
    assert "no such library" in said and "configure failed" in said
    for package in "libhiredis-dev", "hiredis-devel", "hiredis-dev", "EPEL":
        assert package in said
    assert "gcc-99 is not on this machine" in fake.refused(CC="gcc-99")


def test_where_nothing_can_be_written(fake, private, mounts):
    said = fake.says().refused(under=[*mounts, "sh", "-ec", f"""
        mount --bind {fake.modules} {fake.modules}
        mount -o remount,bind,ro {fake.modules}
        exec "$@" """, "sh"])
    assert f"{fake.modules} cannot be written to" in said
    assert "there is no directory" in fake.refused(
        "--output", private / "nothing/module.so")


def test_the_module_of_a_package(fake, private):
    (private / "bin").mkdir()
    dpkg = private / "bin/dpkg-query"
    dpkg.write_text("#!/bin/sh\necho libnginx-mod-http-paylock: $2\n")
    dpkg.chmod(0o755)
    said = fake.says().refused(PATH=f"{private}/bin:{os.environ['PATH']}")
    assert "belongs to the package libnginx-mod-http-paylock\n" in said


@pytest.mark.parametrize("args", [
    ["--flags"], ["--source"], ["--output", ""], ["here"],
    ["--sha256", "ab" * 32], ["--source", "/", "--sha256", "ab" * 32]])
def test_wrong_usage(fake, args):
    assert "--help" in fake.says().refused(*args, status=2)


def test_the_manual_has_the_options():
    helped = subprocess.run([TOOL, "--help"], text=True, check=True,
                            capture_output=True).stdout
    manual = (servers.ROOT / "docs/build-module.md").read_text()
    assert re.findall(r"(?m)^  (--\S+(?: [A-Z]+)?) ", helped) \
        == re.findall(r"(?m)^\| `(--.+?)` \|", manual)
