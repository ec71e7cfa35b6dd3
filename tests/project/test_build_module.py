# Copyright (C) 2026 paylock contributors
#
# paylock-build-module: whatever does not fit is refused, with the reason and
# the mend, and nothing is changed.  What it installs:
# test_build_module_install.py; what it builds: test_build_module_run.py.

import hashlib
import os
import pathlib
import re
import subprocess

import pytest

from support import servers
from support.building import TOOL


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
])
def test_an_nginx_that_cannot_have_it(fake, what, about):
    assert what in fake.says(**about).refused()


def test_an_nginx_that_has_it(fake, source):
    """By what it holds, not by the names of directories."""
    fake.says(flags="--with-compat --add-module=/home/paylock/brotli")
    assert "configure failed" in fake.refused("--source", source)
    with fake.path.open("ab") as file:
        file.write(b"\0ngx_http_paylock_module\0")
    assert "paylock built in" in fake.refused("--source", source)


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
    (private / "configure").touch()
    assert "has no src/core/nginx.h" in fake.refused("--source", private)
    (private / "src/core").mkdir(parents=True)
    (private / "src/core/nginx.h").touch()
    assert "tells no version" in fake.refused("--source", private)


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


def test_a_tarball_that_is_not_whole(fake, tarball):
    """And has a name that is one of another machine for tar."""
    part = tarball.with_name("host:nginx.tar.gz")
    part.write_bytes(tarball.read_bytes()[:100])
    said = fake.says().refused(
        "--source", part.name, "--sha256",
        hashlib.sha256(part.read_bytes()).hexdigest(), cwd=part.parent)
    assert "cannot be unpacked: gzip: stdin: unexpected end of file" in said


def test_what_is_missing_is_named(fake, source):
    """For Debian, Fedora, RHEL and Alpine."""
    said = fake.says().refused("--source", source)
    assert "no such library" in said and "configure failed" in said
    for package in "libhiredis-dev", "hiredis-devel", "hiredis-dev", "EPEL":
        assert package in said
    assert "gcc-99 is not on this machine" in fake.refused(CC="gcc-99")


def test_what_does_not_compile(fake, complete):
    """Configure has found all: there is nothing to install."""
    fake.path.with_name("module").unlink()
    said = fake.refused("--source", complete)
    assert "make failed" in said and "newer paylock" in said
    assert "apt-get" not in said


def test_flags_with_a_quote_too_few(fake, complete):
    fake.says(flags="--with-compat --with-cc-opt='-O2")
    assert "cannot be told apart" in fake.refused("--source", complete)


@pytest.mark.parametrize("options", ["size=2m,noexec", "size=1200k"])
def test_no_room_for_temporary_files(fake, complete, mounts, options):
    with fake.path.with_name("module").open("ab") as file:
        file.write(bytes(range(250)) * 8000)
    said = fake.refused("--source", complete, under=[
        *mounts, "sh", "-ec",
        f'mount -t tmpfs -o {options} none {fake.temp}; exec "$@"', "sh"])
    assert f"{fake.temp}" in said and "TMPDIR=DIRECTORY" in said


def test_where_nothing_can_be_written(fake, private, mounts):
    said = fake.says().refused(under=[*mounts, "sh", "-ec", f"""
        mount --bind {fake.modules} {fake.modules}
        mount -o remount,bind,ro {fake.modules}
        exec "$@" """, "sh"])
    assert f"{fake.modules} cannot be written to" in said
    assert "there is no directory" in fake.refused(
        "--output", private / "nothing/module.so")
    assert f"--output {fake.modules}/ngx_http_paylock_module.so" in \
        fake.refused("--output", fake.modules)


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
