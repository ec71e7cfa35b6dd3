# Copyright (C) 2026 paylock contributors
#
# The build: the module's exported symbols, that it runs beside a module with a
# hiredis of its own, rebuilding, and the package lists.

import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from support import servers
from support.gate import SITE, closed, site

NCHAN = pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so")


def symbols(so):
    out = subprocess.run(["nm", "-D", "--defined-only", so], text=True,
                         check=True, capture_output=True).stdout
    return {line.split()[-1] for line in out.splitlines()}


def test_the_module_exports_what_nginx_needs():
    assert symbols(servers.MODULE) == {
        "ngx_modules", "ngx_module_names", "ngx_module_order"}


def test_the_module_needs_no_hiredis_library():
    out = subprocess.run(["objdump", "-p", servers.MODULE], text=True,
                         check=True, capture_output=True).stdout
    needed = re.findall(r"NEEDED\s+(\S+)", out)
    assert not [so for so in needed if "hiredis" in so], needed
    assert [so for so in needed if "libcrypto" in so], needed


@pytest.mark.parametrize("order", ["before", "after"])
def test_beside_nchan(order, gate, redis):
    """nchan exports a hiredis, which nginx makes visible to all modules."""
    assert any(s.startswith("redis") for s in symbols(NCHAN))
    load = [servers.MODULE, NCHAN]
    if order == "after":
        load.reverse()

    port = servers.free_port()
    redis.client().config_set("port", port)     # nchan knows no unix sockets

    nginx = gate.start(f"""
        upstream nchan {{ nchan_redis_server redis://127.0.0.1:{port}; }}
        server {{
            server_name acme.example;
            paylock on;
            location / {{ return 200 "{SITE}"; }}
            location /publish {{ nchan_publisher; nchan_channel_id x;
                                nchan_redis_pass nchan; }}
        }}
    """, load=load)
    assert site(nginx.get(host="acme.example"))

    def published():
        try:
            return nginx.get("/publish", host="acme.example", method="POST",
                             body=b"message", timeout=5).status in (201, 202)
        except TimeoutError:
            # nchan by itself never answers what comes while Redis is slow to
            # take its connection, and tells of it when nginx ends
            nginx.allow(r"\[alert\] .* (open socket #|aborting$)")
            return False

    # both talk to Redis; nchan refuses until it has connected
    servers.wait_for("nchan to publish", published)

    for _ in range(3):
        gate.lock("acme.example")
        assert closed(nginx.get(host="acme.example"))
        gate.unlock("acme.example")
        assert site(nginx.get(host="acme.example"))


def make(tree, *args, **env):
    jobs = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(["make", *args], cwd=tree, env={**jobs, **env},
                          text=True, capture_output=True)


@pytest.fixture
def tree(private):
    """A copy of this one, with what is built."""
    tree = private / "tree"
    without = {str(servers.ROOT): {".git"}, str(servers.ROOT / "build"): {
        "fuzz", "unit", "sanitized", "asan", "pytest", "field", "newest",
        "versions"}}
    # nor what other tests are just making
    shutil.copytree(servers.ROOT, tree, symlinks=True,
                    ignore=lambda path, names: {
                        *without.get(path, ()), "__pycache__",
                        *fnmatch.filter(names, "tmp*")})
    return tree


@pytest.fixture
def newest(private, gate, monkeypatch):
    """The source and the version of the newest nginx that Debian has, and a
    function that runs a module in it.  Where Debian's mirror is out of reach
    the source is that of this nginx under another number, and nothing runs."""
    place = servers.ROOT / "build/newest"
    if not (place / "run").exists() \
            or (place / "run").stat().st_mtime < time.time() - 7 * 86400:
        shutil.rmtree(place, ignore_errors=True)
        done = subprocess.run(
            [servers.ROOT / "tests/debian_server.sh", "sid", place,
             "usr/sbin/nginx", "nginx", "nginx-dev"],
            capture_output=True, text=True)
        print(done.stderr)
    source = place / "root/usr/share/nginx/src"
    if (place / "run").exists():
        number = re.search(r"nginx_version +(\d+)",
                           (source / "src/core/nginx.h").read_text())[1]

        def run(module):
            monkeypatch.setattr(servers, "NGINX", str(place / "run"))
            nginx = gate.start(f"""server {{
                server_name acme.example; paylock on;
                location / {{ return 200 "{SITE}"; }} }}""", load=[module])
            assert site(nginx.get(host="acme.example"))
            gate.lock("acme.example")
            assert closed(nginx.get(host="acme.example"))

        return source, number, run

    shutil.copytree("/usr/share/nginx/src", private / "src")
    header = private / "src/src/core/nginx.h"
    header.write_text(re.sub(r"(define nginx_version +)\d+", r"\g<1>1022099",
                             header.read_text()))
    return private / "src", "1022099", None


def test_another_nginx_is_another_build(tree, private, newest):
    assert make(tree, "-q", "all").returncode == 0
    (private / "bin").mkdir()
    (private / "bin/nginx").write_text("#!/bin/sh\necho another\n")
    (private / "bin/nginx").chmod(0o755)
    assert make(tree, "-q", "all", PATH=f"{private}/bin:{os.environ['PATH']}"
                ).returncode == 1

    # as nginx's repository has it: configure in auto/, and no flags
    source, number, run = newest
    shutil.copytree(source, private / "newer")
    (private / "newer/conf_flags").unlink()
    (private / "newer/configure").rename(private / "newer/auto/configure")
    newer = f"NGINX_SRC={private}/newer"
    flags = "CFLAGS=-O0", "CPPFLAGS="
    done = make(tree, "-j2", "module", newer, *flags)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    module = tree / "build/ngx_http_paylock_module.so"
    nginx = servers.Nginx(private / "nginx", control=False, load=[module])
    assert f"version {number} instead of" in nginx.test("").stderr
    if run:
        run(module)

    # nor is a file of the same place and name always the same
    assert make(tree, "-q", "module", newer, *flags).returncode == 0
    with open(private / "newer/src/core/nginx.h", "a") as header:
        header.write("\n")
    assert make(tree, "-q", "module", newer, *flags).returncode == 1


@pytest.mark.parametrize("target, tasks", [
    ("all", ["build"]), ("install", ["build"]), ("run", ["build", "run"]),
    ("packages-build", ["build"]), ("packages-run", ["build run"]),
    ("packages-test", ["build run test"]),
    ("unit", ["build", "run", "test"])])
def test_packages(target, tasks):
    """No target installs more than it needs."""
    said = make(servers.ROOT, "-n", "-W", "tests/packages.sh", target).stdout
    assert re.findall(r"(?m)^tests/packages\.sh (.+)$", said) == tasks


# what a package does that is wanted as a program
ENABLES = """#!/bin/sh
[ "$1" = install ] || exit 0
/usr/sbin/policy-rc.d nginx start; echo "policy $?"
cd /etc
ln -sf /usr/share/nginx/modules-available/mod-nchan.conf \\
    nginx/modules-enabled/50-mod-nchan.conf
touch cron.d/certbot
for unit in timers/certbot.timer multi-user/redis-server.service; do
    mkdir -p systemd/system/${unit%/*}.target.wants
    ln -sf /lib/systemd/system/${unit#*/} \\
        systemd/system/${unit%/*}.target.wants
done
ln -sf ../init.d/nginx rc2.d/S01nginx
"""


@pytest.mark.parametrize("before", [False, True])
def test_packages_enable_nothing(private, mounts, before):
    """As they would, and as it was: here in an /etc of its own."""
    bin = private / "bin"
    bin.mkdir()
    for name, script in ("apt-get", ENABLES), ("dpkg-query", "#!/bin/sh\n"):
        (bin / name).write_text(script)
        (bin / name).chmod(0o755)
    overlays = ""
    for path in "/etc", "/usr/sbin":
        for part in "upper", "work":
            (private / f"{part}{path}").mkdir(parents=True)
        overlays += (f"mount -t overlay -o lowerdir={path},"
                     f"upperdir={private}/upper{path},"
                     f"workdir={private}/work{path} overlay {path}\n")
    theirs = ("apt-get install" if before else
              "ln -sf /theirs /etc/nginx/modules-enabled/50-theirs.conf")
    done = subprocess.run(
        [*mounts, "sh", "-ec", f"""{overlays}
            rm -f /usr/sbin/policy-rc.d /etc/nginx/modules-enabled/* \\
                /etc/cron.d/certbot* /etc/systemd/system/*.wants/certbot.* \\
                /etc/systemd/system/*.wants/redis-server.* /etc/rc?.d/*nginx
            {theirs} > /dev/null 2>&1
            {servers.ROOT}/tests/packages.sh test
            cd /etc
            ls -d nginx/modules-enabled/* cron.d/certbot \\
                systemd/system/*.wants/*certbot* rc2.d/*nginx \\
                systemd/system/*.wants/redis-server* \\
                /usr/sbin/policy-rc.d || true"""],
        text=True, capture_output=True, timeout=120,
        env={"PATH": f"{bin}:/usr/sbin:/usr/bin:/sbin:/bin"})
    if "overlay" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done
    there = done.stdout.splitlines()[-5:]
    assert "policy 101" in done.stdout
    if before:
        assert there == [
            "cron.d/certbot", "nginx/modules-enabled/50-mod-nchan.conf",
            "rc2.d/S01nginx",
            "systemd/system/multi-user.target.wants/redis-server.service",
            "systemd/system/timers.target.wants/certbot.timer"], done
        assert "disabled: " not in done.stdout
    else:
        assert [line for line in there if not line.startswith("disabled: ")] \
            == ["nginx/modules-enabled/50-theirs.conf", "rc2.d/K01nginx"], done


def test_configure_in_a_stock_tree(private):
    """./configure --add-dynamic-module, from a directory of its own and
    without what our Makefile adds."""
    tree = private / "nginx"
    shutil.copytree("/usr/share/nginx/src", tree)
    jobs = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    for command in (
            ["./configure", "--with-compat", "--with-http_ssl_module",
             "--with-cc-opt=-O0", f"--add-dynamic-module={servers.ROOT}"],
            ["make", "-j2", "-f", "objs/Makefile", "modules"]):
        done = subprocess.run(command, cwd=tree, text=True, env=jobs,
                              capture_output=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert symbols(tree / "objs/ngx_http_paylock_module.so") == {
        "ngx_modules", "ngx_module_names", "ngx_module_order"}


@pytest.mark.skipif(not pathlib.Path("/usr/include/x86_64-linux-gnu").exists(),
                    reason="another architecture's headers")
def test_32_bits(private):
    """No word is taken for a longer one than some machines have."""
    # what the headers of these want that a 64-bit machine has not
    (private / "gnu").mkdir()
    (private / "gnu/stubs-32.h").touch()
    own = [path for room in ("ngx_http_paylock_module", "libpaylock")
           for path in sorted((servers.ROOT / room).rglob("*.[ch]"))]
    done = subprocess.run(
        ["clang", "-m32", "-march=i686", "-fsyntax-only", "-std=gnu11",
         "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
         "-isystem", private, "-isystem", "/usr/include/x86_64-linux-gnu",
         *(f"-Ibuild/nginx/{part}" for part in (
             "src/core", "src/event", "src/event/modules", "src/os/unix",
             "objs", "src/http", "src/http/modules", "src/http/v2")),
         *{f"-I{path.parent}" for path in own},
         *(path for path in own if path.suffix == ".c")],
        cwd=servers.ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]


def test_make_has_nothing_left_to_do():
    done = make(servers.ROOT, "-q", "all")
    assert done.returncode == 0, done.stdout + done.stderr


def test_install_replaces_no_file_of_a_package(private):
    (private / "bin").mkdir()
    (private / "bin/dpkg").write_text("#!/bin/sh\nexit 0\n")
    (private / "bin/dpkg").chmod(0o755)
    (private / "modules").mkdir()
    done = make(servers.ROOT, "install", f"PREFIX={private}/usr",
                f"MODULESDIR={private}/modules",
                PATH=f"{private}/bin:{os.environ['PATH']}")
    assert done.returncode and "is of a package" in done.stderr
    assert not list((private / "modules").iterdir())
    assert not (private / "usr").exists()


def test_make_help_names_every_target():
    text = "".join(path.read_text() for path in [
        servers.ROOT / "Makefile", *servers.ROOT.glob("tests/**/*.mk")])
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", text, re.M)).split()
    out = subprocess.run(["make", "-s", "--no-print-directory", "help"],
                         cwd=servers.ROOT, text=True, check=True,
                         capture_output=True).stdout
    named = {line.split()[0] for line in out.splitlines()}
    assert named == set(phony) - {"FORCE"}
