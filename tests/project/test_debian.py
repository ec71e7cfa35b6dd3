# Copyright (C) 2026 paylock contributors
#
# The maintainer scripts of the Debian packages, run in a directory that stands
# for /etc and /usr, with debhelper's part in them.  What nginx says of the
# configuration that they leave is what counts.

import os
import pathlib
import re
import subprocess

import pytest

from support import servers

DEBIAN = servers.ROOT / "debian"
HELPER = pathlib.Path("/usr/share/debhelper/autoscripts")
MODULE = "libnginx-mod-http-paylock"
LINK = "etc/nginx/modules-enabled/50-mod-http-paylock.conf"
SNIPPET = "etc/nginx/conf.d/paylock.conf"
HTTP = "etc/paylock/nginx/http.conf"

pytestmark = pytest.mark.skipif(
    servers.BUILTIN or not (HELPER / "postinst-nginx").exists(),
    reason="a module to load, and nginx-dev of Debian")


class Machine:
    """A machine with nginx, where the packages are unpacked."""

    def __init__(self, root):
        self.root = root
        self.write("usr/share/nginx/modules-available/mod-http-paylock.conf",
                   f"load_module {servers.MODULE};\n")
        share = f"usr/share/{MODULE}"
        self.write(f"{share}/paylock.conf",
                   self.here((DEBIAN / "paylock.conf").read_text()))
        self.write(f"{share}/http.conf",
                   (DEBIAN / "etc/http.conf").read_text())
        self.write("usr/share/paylock-admin/config",
                   (DEBIAN / "etc/config").read_text())
        self.path("etc/paylock/nginx").mkdir(parents=True)
        self.path("usr/share/nginx/paylock").symlink_to(
            self.path("etc/paylock/nginx"))

        for name in "modules-enabled", "conf.d", "sites-enabled":
            self.path(f"etc/nginx/{name}").mkdir(parents=True)
        self.main("")

        self.program("nginx", f'exec {servers.NGINX} -p {root} '
                     f'-c {root}/etc/nginx/nginx.conf "$@"', "usr/sbin")
        self.program("nginx", "exit 1")         # another one, in PATH
        self.program("dpkg-trigger", f'echo "$@" >> {root}/triggered')
        self.program("dpkg-query", "echo install")
        self.program("dpkg-statoverride", "exit 1")
        self.program("chgrp", f'echo "$@" >> {root}/chgrp')

    def path(self, name):
        return self.root / name

    def write(self, name, text):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    def main(self, text):
        self.write("etc/nginx/nginx.conf", f"""
            {text}
            pid {self.root}/pid;
            error_log {self.root}/error.log;
            include {self.root}/etc/nginx/modules-enabled/*.conf;
            events {{ }}
            http {{
                access_log off;
                include {self.root}/etc/nginx/conf.d/*.conf;
                include {self.root}/etc/nginx/sites-enabled/*;
            }}
        """)

    def program(self, name, text, place="bin"):
        self.write(f"{place}/{name}", f"#!/bin/sh\n{text}\n")
        self.path(f"{place}/{name}").chmod(0o755)

    def here(self, text):
        """The same with the paths of this directory."""
        for name in ("etc/nginx", "etc/paylock", "usr/sbin", "usr/share",
                     "var/lib/nginx"):
            there = f"{self.root}/{name}"
            text = re.sub(rf"(?<![\w.*/])/{name}", there, text)
            text = text.replace(f"/{name}".replace("/", r"\/"),
                                there.replace("/", r"\/"))
        return text

    def script(self, name, *args):
        package, kind = name.rsplit(".", 1)
        helper = ""
        if package == MODULE:
            helper = (HELPER / f"{kind}-nginx").read_text().replace(
                "#NAMES#", "mod-http-paylock.conf:50-mod-http-paylock.conf")
        text = (DEBIAN / name).read_text().replace("#DEBHELPER#", helper)
        self.write(name, self.here(text))
        path = f"{self.root}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"
        return subprocess.run(["sh", self.path(name), *args], text=True,
                              capture_output=True, env={"PATH": path})

    def configure(self, before=""):
        done = self.script(f"{MODULE}.postinst", "configure", before)
        assert done.returncode == 0, done.stderr

    def unpacked_away(self):
        """What dpkg does between prerm and postrm."""
        self.path("usr/share/nginx/paylock").unlink()
        self.path(
            "usr/share/nginx/modules-available/mod-http-paylock.conf").unlink()

    def starts(self):
        return subprocess.run([self.path("usr/sbin/nginx"), "-t"], text=True,
                              capture_output=True)


@pytest.fixture
def machine(private):
    (private / "m").mkdir()
    return Machine(private / "m")


@pytest.fixture
def installed(machine):
    machine.configure()
    machine.write(HTTP, "paylock on;\n")
    assert machine.starts().returncode == 0
    return machine


SITE = "server {{ listen unix:{root}/s; {} }}\n"
SITES = "etc/nginx/sites-enabled/acme"
MAIN = "etc/nginx/nginx.conf"

# file, what stands in it, and whether nginx starts without the module

PLACES = {
    "nothing": (SITES, "", True),
    "ours":
        (SITES, "include {root}/usr/share/nginx/paylock/acme.con[f];", True),
    "ours, no pattern":
        (SITES, "include {root}/usr/share/nginx/paylock/acme.conf;", False),
    "ours, quoted":
        (SITES, 'include "{root}/usr/share/nginx/paylock/acme.conf";', False),
    "beside the link":
        (SITES, "include {root}/etc/paylock/nginx/acme.conf;", False),
    "directive": (SITES, "paylock off;", False),
    "in one line": (SITES, "gzip off;paylock off;", False),
    "without a value": (SITES, "location = /m {{paylock_metrics;}}", False),
    "in two lines": (SITES, "paylock\n  off;", False),
    "after a comment": (SITES, "gzip off; # no;\n paylock off;", False),
    "variable": (SITES, "add_header X $paylock_state;", False),
    "variable in braces":
        (SITES, 'add_header X "a${{paylock_state}}b";', False),
    "comment": (SITES, "# paylock off;\n", True),
    "comment behind": (SITES, "gzip off; # was: a; paylock off;\n", True),
    "text": (SITES, 'return 200 "paylock on";', True),
    "name": (SITES, "server_name a.example paylock b.example;", True),
    "file": (SITES, "root /srv/paylock;", True),
}


@pytest.mark.parametrize("state", ["starts", "refused"])
@pytest.mark.parametrize("case", PLACES)
def test_removal_leaves_an_nginx_that_starts(case, state, installed):
    file, text, without = PLACES[case]
    installed.write("etc/paylock/nginx/acme.conf", "paylock_status 402;\n")
    installed.write(file, SITE.format(text.format(root=installed.root),
                                      root=installed.root))
    assert installed.starts().returncode == 0

    # nginx -T shows nothing then
    broken = installed.path("etc/nginx/conf.d/zz.conf")
    if state == "refused":
        if case == "beside the link":
            pytest.skip("is seen only in what nginx -T shows")
        broken.write_text("mistake;\n")

    done = installed.script(f"{MODULE}.prerm", "remove")
    assert (done.returncode == 0) == without, done.stderr
    assert without or str(installed.path(file)) in done.stderr \
        or case == "beside the link"
    broken.unlink(missing_ok=True)

    if not without:
        assert installed.script(f"{MODULE}.postinst",
                                "abort-remove").returncode == 0
        assert installed.starts().returncode == 0
        assert installed.script(f"{MODULE}.prerm", "deconfigure"
                                ).returncode == 0
        installed.path(LINK).unlink()

    installed.unpacked_away()
    assert (installed.starts().returncode == 0) == without


@pytest.mark.parametrize("want, refused", [
    ("install", True), ("hold", True), ("", True), ("deinstall", False),
    ("purge", False)])
def test_nginx_on_hold_stays(want, refused, installed):
    """Only an nginx that is removed, too, need not start."""
    installed.program("dpkg-query", f"echo {want}")
    installed.write(SITES, SITE.format("paylock off;", root=installed.root))
    done = installed.script(f"{MODULE}.prerm", "remove")
    assert (done.returncode != 0) == refused, done.stderr


@pytest.mark.parametrize("when", ["first", "upgrade", "triggered"])
@pytest.mark.parametrize("by", ["nginx.conf", "another link"])
def test_what_the_admin_loads_is_not_loaded_twice(by, when, machine):
    if by == "nginx.conf":
        file = MAIN
        machine.main(f"load_module {servers.MODULE};")
    else:
        file = "etc/nginx/modules-enabled/10-mine.conf"
        machine.path(file).symlink_to(machine.path(
            "usr/share/nginx/modules-available/mod-http-paylock.conf"))

    args = {"first": ("configure", ""), "upgrade": ("configure", "0.1"),
            "triggered": ("triggered", "/etc/nginx/conf.d")}[when]
    assert machine.script(f"{MODULE}.postinst", *args).returncode == 0
    assert machine.starts().returncode == 0
    assert not os.path.lexists(machine.path(LINK))

    # nor would nginx start when that leads nowhere
    done = machine.script(f"{MODULE}.prerm", "remove")
    assert done.returncode != 0 and str(machine.path(file)) in done.stderr


def test_what_is_lost_comes_back(machine):
    machine.configure()
    for name in LINK, SNIPPET:
        machine.path(name).unlink()
    machine.path("triggered").unlink()
    assert machine.script(f"{MODULE}.postinst", "triggered",
                          "/etc/nginx/conf.d").returncode == 0
    assert machine.path(LINK).exists() and machine.path(SNIPPET).exists()
    assert "nginx-reload" in machine.path("triggered").read_text()


def test_what_the_admin_made_stays(machine):
    """A link of the snippet's name that leads nowhere, no http.conf."""
    machine.configure()
    machine.path(HTTP).unlink()
    machine.path(SNIPPET).unlink()
    machine.path(SNIPPET).symlink_to(machine.path("nowhere"))
    machine.configure("0.1")
    assert not machine.path(HTTP).exists()
    assert machine.path(SNIPPET).is_symlink()
    assert not machine.path("nowhere").exists()


def test_a_module_that_is_deconfigured_stays_loaded(installed):
    """What is in http.conf stays in force: without the module nginx would not
    start."""
    done = installed.script(f"{MODULE}.prerm", "deconfigure", "in-favour",
                            "other", "1")
    assert done.returncode == 0
    assert installed.starts().returncode == 0
    assert installed.path(LINK).exists()


def test_removed_and_installed_again(installed):
    assert installed.script(f"{MODULE}.prerm", "remove").returncode == 0
    installed.unpacked_away()
    done = installed.script(f"{MODULE}.postrm", "remove")
    assert "closes no sites any more" in done.stderr
    assert installed.starts().returncode == 0

    again = Machine.__new__(Machine)
    again.root = installed.root
    again.path("usr/share/nginx/paylock").symlink_to(
        again.path("etc/paylock/nginx"))
    again.write("usr/share/nginx/modules-available/mod-http-paylock.conf",
                f"load_module {servers.MODULE};\n")
    again.configure("0.1")
    assert again.path(HTTP).read_text() == "paylock on;\n"
    assert again.starts().returncode == 0 and again.path(LINK).exists()


@pytest.mark.parametrize("own", [True, False])
def test_purge(own, installed):
    if not own:
        installed.write(SNIPPET, "# mine\n")
    installed.write("etc/paylock/nginx/acme.conf", "paylock_status 402;\n")
    installed.write("var/lib/nginx/paylock/state", "")
    for args in ("remove",), ("purge",), ("purge",):
        assert installed.script(f"{MODULE}.postrm", *args).returncode == 0
    assert installed.path(SNIPPET).exists() != own
    assert not installed.path(HTTP).exists()
    assert not installed.path("var/lib/nginx/paylock").exists()
    assert not list(installed.path("etc/nginx/modules-enabled").iterdir())
    assert installed.path("etc/paylock/nginx/acme.conf").exists()


# paylock-admin


def admin(machine, group="root", override=False, there=True, before=""):
    machine.program("stat", f"echo {group}")
    machine.program("getent", f"exit {0 if there else 2}")
    machine.program("addgroup", f'echo "$@" >> {machine.root}/addgroup; '
                    f"exit {1 if there else 0}")
    machine.program("dpkg-statoverride", f"exit {0 if override else 1}")
    done = machine.script("paylock-admin.postinst", "configure", before)
    assert done.returncode == 0, done.stderr
    return machine.path("chgrp").exists()


@pytest.mark.parametrize("there", [True, False])
def test_a_group_that_is_there_is_taken(there, machine):
    """addgroup fails when it is not one of the system's."""
    assert admin(machine, there=there)
    assert machine.path("addgroup").exists() != there


@pytest.mark.parametrize("have", [
    {"group": "operators"}, {"override": True}, {"before": "0.1"}])
def test_the_admins_group_of_etc_paylock_stays(have, machine):
    assert not admin(machine, **have)


def test_settings_are_begun_once(machine):
    config = machine.path("etc/paylock/config")
    machine.write("etc/paylock/config", "redis = redis://10.0.0.1\n")
    admin(machine)
    assert config.read_text() == "redis = redis://10.0.0.1\n"
    config.unlink()
    admin(machine, before="0.1")
    assert not config.exists()
    admin(machine)
    assert "#redis = " in config.read_text()
    assert machine.script("paylock-admin.postrm", "remove").returncode == 0
    assert config.exists()
    for _ in range(2):
        assert machine.script("paylock-admin.postrm", "purge").returncode == 0
    assert not config.exists() and config.parent.exists()
    (config.parent / "nginx").rmdir()
    assert machine.script("paylock-admin.postrm", "purge").returncode == 0
    assert not config.parent.exists()
    assert machine.script("paylock-admin.postrm", "purge").returncode == 0


def test_the_packages_have_the_version_of_paylock():
    header = servers.ROOT / "libpaylock/core/paylock_version.h"
    version = re.search(r'PAYLOCK_VERSION +"(.*)"', header.read_text())[1]
    assert (DEBIAN / "changelog").read_text().startswith(
        f"paylock ({version})")
