# Copyright (C) 2026 paylock contributors
#
# What paylock-build-module is told: an nginx, and the source of one, of which
# all is made up.

import os
import shutil
import subprocess
import tarfile

import pytest

from support import servers

TOOL = servers.ROOT / "tools/build-module"
NAME = "ngx_http_paylock_module.so"
OLD = "the old one"

CONFIGURE = """#!/bin/sh
printf '%s\\n' "$@" > {path}/configured
env > {path}/environment
mkdir objs
printf 'modules:\\n\\tcp {path}/module objs/{name}\\n' > objs/Makefile
"""


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
    """An nginx of which nothing is true but what -V says; -t runs a script."""

    def __init__(self, path, programs):
        self.path = path / "nginx"
        self.modules = path / "modules"
        self.programs = programs
        self.temp = path / "temp"
        self.temp.mkdir()
        self.modules.mkdir()
        (self.modules / NAME).write_text(OLD)

    def says(self, version="nginx/9.9.9", flags="--with-compat",
             tls="built with OpenSSL 3.0.0", openssl="with"):
        shutil.copy(self.programs / openssl, self.path)
        self.path.with_suffix(".V").write_text(
            f"nginx version: {version}\n{tls}\nconfigure arguments: "
            f"--modules-path={self.modules} {flags}\n")
        return self

    def tests(self, real="", alone=""):
        """What it does by -t, with its own configuration or with $3."""
        self.path.with_suffix(".t").write_text(
            f'case $# in 3) {alone or ":"} ;; *) {real or ":"} ;; esac')

    def builds(self, edition):
        """What configure and make of the source will leave."""
        module = self.path.with_name("module")
        shutil.copy(self.programs / "with", module)
        with module.open("ab") as file:
            file.write(edition.encode())
        return module.read_bytes()

    def command(self, *args):
        return [TOOL, "--nginx", self.path, *args]

    def env(self, **env):
        return {**os.environ, "TMPDIR": str(self.temp), **env}

    def run(self, *args, status=0, under=(), cwd=None, umask=-1, **env):
        done = subprocess.run(
            [*under, *self.command(*args)], text=True, cwd=cwd, umask=umask,
            capture_output=True, timeout=servers.PATIENCE, env=self.env(**env))
        assert done.returncode == status, done
        assert not list(self.temp.iterdir())
        return done

    def files(self):
        return {path.name: path.read_bytes()
                for path in self.modules.iterdir()}

    def refused(self, *args, status=1, **kw):
        """What is said, and that it is without effect."""
        before = self.files()
        said = self.run(*args, status=status, **kw).stderr
        assert self.files() == before
        return said


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
def complete(source, fake):
    """With a configure that succeeds."""
    (source / "configure").write_text(
        CONFIGURE.format(path=fake.path.parent, name=NAME))
    fake.says().builds("the new one")
    return source


@pytest.fixture
def tarball(source):
    path = source.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz") as tar:
        tar.add(source, source.name)
    return path
