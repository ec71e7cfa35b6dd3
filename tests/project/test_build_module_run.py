# Copyright (C) 2026 paylock contributors
#
# paylock-build-module builds and installs: for Debian's nginx, which here has
# modules and a configuration of its own.  Most build a module of one file in
# the place of ours.  "make test-builds" runs these.

import os
import shutil
import signal
import subprocess

import pytest

from support import servers
from support.servers import wait_for

pytestmark = pytest.mark.skipif("PAYLOCK_TEST_BUILDS" not in os.environ,
                                reason="make test-builds")

NAME = "ngx_http_paylock_module.so"

CONFIG = """
ngx_addon_name=ngx_http_paylock_module
ngx_module_type=HTTP
ngx_module_name=ngx_http_paylock_module
ngx_module_srcs=$ngx_addon_dir/module.c
. auto/module
"""

SOURCE = """
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

static char *take(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    /* as much as to say: this is no copy of another */
    static volatile const char  *edition = "@EDITION@";

    return edition ? NGX_CONF_OK : NGX_CONF_ERROR;
}

static ngx_command_t  commands[] = {
    { ngx_string("@DIRECTIVE@"), NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1, take, 0, 0,
      NULL },
    { ngx_string("paylock_state"), NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1, take, 0,
      0, NULL },
      ngx_null_command
};

static ngx_http_module_t  context;

ngx_module_t  ngx_http_paylock_module = {
    @HEAD@, &context, commands, NGX_HTTP_MODULE,
    NULL, NULL, @INIT@, NULL, NULL, NULL, NULL, NGX_MODULE_V1_PADDING
};
"""

CONF = """
daemon off;
worker_processes 1;
load_module {modules}/{name};
error_log stderr;
pid {dir}/nginx.pid;
events {{ }}
http {{
    access_log off;
    {http}
}}
"""


class Machine:
    """Debian's nginx, with directories of its own in a mount namespace."""

    def __init__(self, path, mounts):
        self.path = path
        self.mounts = mounts
        self.modules = path / "modules"
        self.modules.mkdir()
        self.conf = path / "nginx.conf"
        self.configure()
        (path / "temp").mkdir()
        self.tree = path / "its tree"
        self.tree.mkdir()
        shutil.copytree(servers.ROOT / "tools", self.tree / "tools")
        (self.tree / "config").write_text(CONFIG)
        self.edit()

    def edit(self, edition="1", directive="paylock_a", head="NGX_MODULE_V1",
             init="NULL"):
        self.directive = directive
        text = SOURCE
        for name, value in (("EDITION", edition), ("DIRECTIVE", directive),
                            ("HEAD", head), ("INIT", init)):
            text = text.replace(f"@{name}@", value)
        if init != "NULL":
            text = text.replace("static ngx_http_module_t",
                                f"ngx_int_t {init}(ngx_cycle_t *cycle);\n"
                                "static ngx_http_module_t")
        (self.tree / "module.c").write_text(text)

    def configure(self, http=""):
        self.conf.write_text(CONF.format(
            modules="/usr/lib/nginx/modules", name=NAME, dir=self.path,
            http=http))

    def command(self, *command, hide=()):
        hidden = "".join(f"mount --bind /dev/null {path}\n" for path in hide)
        return [*self.mounts, "sh", "-ec", f"""
            mount --bind {self.modules} /usr/lib/nginx/modules
            mount --bind {self.conf} /etc/nginx/nginx.conf
            {hidden}
            exec "$@" """, "sh", *map(str, command)]

    def env(self):
        return {**os.environ, "TMPDIR": str(self.path / "temp")}

    def build(self, *args, tree=None, **kw):
        return subprocess.run(
            self.command((tree or self.tree) / "tools/build-module", *args,
                         **kw),
            text=True, capture_output=True, env=self.env(), timeout=1800)

    def built(self, **kw):
        done = self.build(**kw)
        assert done.returncode == 0, done.stderr
        return done

    def files(self):
        assert not list((self.path / "temp").iterdir())
        return {path.name: path.read_bytes() for path in
                self.modules.iterdir()}


@pytest.fixture
def machine(private, mounts):
    return Machine(private, mounts)


def test_installs_and_keeps_the_old_one(machine):
    machine.built()
    first = machine.files()[NAME]
    inode = (machine.modules / NAME).stat().st_ino
    assert set(machine.files()) == {NAME}
    assert (machine.modules / NAME).stat().st_mode & 0o777 == 0o644

    # an nginx that runs has the first one mapped, and keeps it
    port = servers.free_port()
    machine.configure(f"paylock_a x; server {{ listen 127.0.0.1:{port}; "
                      'return 200 "site"; }')
    process = subprocess.Popen(machine.command(servers.NGINX))
    try:
        def get():
            return subprocess.run(
                ["curl", "-s", f"http://127.0.0.1:{port}/"], text=True,
                capture_output=True).stdout

        wait_for("nginx to answer", lambda: get() == "site")
        machine.edit(edition="2")
        done = machine.built()
        assert "restart nginx" in done.stdout
        files = machine.files()
        assert set(files) == {NAME, NAME + ".old"}
        assert files[NAME + ".old"] == first != files[NAME]
        assert (machine.modules / NAME).stat().st_ino != inode
        process.send_signal(signal.SIGHUP)
        assert get() == "site" and process.poll() is None
    finally:
        process.terminate()
        assert process.wait(timeout=servers.PATIENCE) == 0


def test_the_old_one_comes_back(machine):
    """If the configuration was good, and is not with the new one."""
    machine.built()
    before = machine.files()[NAME]
    machine.configure("paylock_a x;")
    machine.edit(directive="paylock_b")
    done = machine.build()
    assert done.returncode == 1
    assert "all is as it was" in done.stderr
    assert 'unknown directive "paylock_a"' in done.stderr
    assert machine.files()[NAME] == before


def test_a_configuration_that_was_bad(machine):
    """Is not the new one's fault: the old one may not even load."""
    (machine.modules / NAME).write_text("of another nginx")
    machine.configure("paylock_a x;")
    machine.built()
    assert machine.files()[NAME + ".old"] == b"of another nginx"

    machine.configure("paylock_nothing x;")
    machine.edit(edition="2")
    assert "the configuration is bad, as it was before" in \
        machine.built().stderr


@pytest.mark.parametrize("what, why", [
    ({"head": 'NGX_MODULE_UNSET_INDEX, NGX_MODULE_UNSET_INDEX, NULL, 0, 0, '
              'nginx_version, "8,4,8,000000000000000000000000000000000"'},
     "their signatures differ"),
    ({"init": "nobody_has_this"}, "undefined symbol: nobody_has_this")])
def test_what_nginx_would_not_take(machine, what, why):
    machine.built()
    before = machine.files()
    machine.edit(**what)
    done = machine.build()
    assert done.returncode == 1
    assert why in done.stderr
    assert machine.files() == before


def test_interrupted(machine):
    process = subprocess.Popen(
        machine.command(machine.tree / "tools/build-module"),
        env=machine.env(), start_new_session=True)
    wait_for("configure to run", lambda: list(
        (machine.path / "temp").glob("*/nginx/objs")))
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=servers.PATIENCE) in (143, -signal.SIGTERM)
    assert machine.files() == {}


@pytest.mark.parametrize("hiredis", ["static", "shared"])
def test_the_gate(machine, hiredis):
    """Ours closes a site; also with a shared hiredis, which is found nowhere
    in the module but is loaded by it, beside another one."""
    hide = {"static": (), "shared": (
        subprocess.run(["cc", "-print-file-name=libhiredis.a"], text=True,
                       check=True, capture_output=True).stdout.strip(),)}
    machine.built(tree=servers.ROOT, hide=hide[hiredis])
    module = machine.modules / NAME
    assert (b"libhiredis.so" in module.read_bytes()) == (hiredis == "shared")
    done = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-q", "-o", "cache_dir=/dev/null",
         "tests/project/test_build.py", "-k",
         "exports or hiredis_library or nchan"],
        cwd=servers.ROOT, text=True, capture_output=True,
        env={**os.environ, "PAYLOCK_TEST_MODULE": str(module)})
    assert done.returncode == 0 and "4 passed" in done.stdout, done.stdout
