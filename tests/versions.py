#!/usr/bin/python3
# Copyright (C) 2026 paylock contributors
#
# Runs tests with other versions of nginx or Redis, and prints what docs/
# versions.md holds:
#
#     versions.py nginx [--static] [SOURCE...]
#     versions.py redis [SERVER...]
#     versions.py table
#
# A SOURCE is a source tree or tarball of nginx or a fork of it; without any
# those of versions.txt are downloaded.  Each is built twice, with the module
# loaded and, with --static or -s, built in.  A SERVER is the path of a program,
# or SUITE/PACKAGE of Debian.  All goes to build/versions; what was run there
# before is not run again, unless its folder is removed.

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree

TESTS = pathlib.Path(__file__).resolve().parent
ROOT = TESTS.parent
PLACE = ROOT / "build/versions"

NGINX_TESTS = ["gate", "feed", "passes", "answer"]
REDIS_TESTS = ["feed", "cli"]

# what the tests configure; a version that does not know one is built without
WITH = ["compat", "debug", "threads", *(f"http_{name}_module" for name in (
    "ssl", "v2", "v3", "realip", "auth_request", "stub_status", "dav", "slice",
    "addition", "gunzip", "gzip_static", "sub", "random_index", "secure_link",
    "flv", "mp4"))]

SUITES = ["trixie/redis-server", "trixie/valkey-server", "sid/redis-server",
          "sid/valkey-server"]

HEAD = """\
| {} | {} | with | passed | failed | skipped | on |
| --- | --- | --- | ---: | ---: | ---: | --- |"""


# sources

def download(url, digest):
    """The tarball, if it is the one that is meant."""
    path = PLACE / "tarballs" / url.rpartition("/")[2]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=60) as got:
            data = got.read()
        if hashlib.sha256(data).hexdigest() != digest:
            sys.exit(f"{url}: the SHA-256 is not {digest}: not used")
        path.write_bytes(data)
    return path


def listed():
    return [download(*line.split())
            for line in (TESTS / "versions.txt").read_text().splitlines()]


def unpacked(source, tree):
    if source.is_dir():
        shutil.copytree(source, tree, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "objs"))
    elif source.is_file():
        tree.mkdir(parents=True)
        subprocess.run(["tar", "-x", "-f", source, "--strip-components=1",
                        "-C", tree], check=True)
    else:
        sys.exit(f"{source} is neither a source tree nor a tarball of nginx")
    if not (tree / "auto/options").exists():
        sys.exit(f"{source} has no auto/options: is it nginx's source?")


# nginx

def build(source, static):
    """(directory of the run, nginx, module) of one way to build it."""
    name = re.sub(r"\.(tar|tgz).*", "", source.name)
    place = PLACE / f"{name}-{'static' if static else 'dynamic'}"
    tree = place / "source"
    binaries = [path for name in ("nginx", "angie")
                if (path := tree / "objs" / name).exists()]
    if not binaries:
        shutil.rmtree(place, ignore_errors=True)
        unpacked(source, tree)
        configure(tree, static)
        with open(place / "make.log", "w") as log:
            subprocess.run(["make", "-j", str(os.cpu_count())], cwd=tree,
                           stdout=log, stderr=log, check=False)
        binaries = [path for name in ("nginx", "angie")
                    if (path := tree / "objs" / name).exists()]
    if not binaries:
        sys.exit(f"{source} was not built: see {place}/make.log")
    # workers may be of a user who must not enter the checkout
    return place, binaries[0], "builtin" if static else \
        tree / "objs/ngx_http_paylock_module.so"


def configure(tree, static):
    known = (tree / "auto/options").read_text()
    script = tree / "configure"
    argv = [script if script.exists() else "auto/configure", "--prefix=/nginx",
            f"--add-{'' if static else 'dynamic-'}module={ROOT}",
            *(f"--with-{name}" for name in WITH if f"--with-{name})" in known)]
    # its own calls of OpenSSL are older than OpenSSL 3
    if released(tree) < (1, 21, 2):
        argv.append("--with-cc-opt=-Wno-deprecated-declarations")
    with open(tree.parent / "configure.log", "w") as log:
        done = subprocess.run(argv, cwd=tree, stdout=log, stderr=log)
    if done.returncode:
        sys.exit(f"it cannot be configured: see {tree.parent}/configure.log")


def released(tree):
    text = (tree / "src/core/nginx.h").read_text()
    return tuple(int(n) for n in re.search(
        r'define NGINX_VERSION +"([\d.]+)"', text)[1].split("."))


def nginx(args):
    sources = [pathlib.Path(path).resolve() for path in args.what] or listed()
    for source in sources:
        for static in (False, True) if args.static else (False,):
            place, binary, module = build(source, static)
            said = subprocess.run([binary, "-V"], text=True, check=True,
                                  capture_output=True).stderr
            tls = re.search(r"built with (\S+ \S+)", said)
            compiler = re.search(r"built by (\S+ \S+)", said)
            run(place, NGINX_TESTS, {
                "kind": "nginx", "name": version(said),
                "how": "built in" if static else "loaded",
                "with": ", ".join(m[1] for m in (tls, compiler) if m)},
                PAYLOCK_TEST_NGINX=binary, PAYLOCK_TEST_MODULE=module)


def version(said):
    """As a fork calls itself, and the nginx that it comes from."""
    found = re.findall(r"(?m)^(?:\w+ version: )(\S+)", said)
    return " ".join(found[:1] + [f"({name})" for name in found[1:]])


# Redis

def redis(args):
    for what in args.what or SUITES:
        path = pathlib.Path(what)
        if not path.is_file():
            place = PLACE / what.replace("/", "-")
            path = place / "run"
            if not path.exists():
                suite, _, package = what.partition("/")
                subprocess.run([TESTS / "debian_server.sh", suite, place,
                                f"usr/bin/{package}", package], check=True,
                               stdout=subprocess.DEVNULL)
        said = subprocess.run([path, "--version"], text=True, check=True,
                              capture_output=True).stdout
        words = re.match(r"(\w+) server v=(\S+).* malloc=(\S+)", said)
        run(PLACE / f"{words[1]}-{words[2]}".lower(), REDIS_TESTS, {
            "kind": "redis", "name": f"{words[1]} {words[2]}",
            "how": what if "/" in what and not path == pathlib.Path(what)
            else path.name, "with": words[3]}, PAYLOCK_TEST_REDIS=path)


# the tests

def run(place, folders, told, **env):
    result = place / "result.json"
    if result.exists():
        return
    place.mkdir(parents=True, exist_ok=True)
    report = place / "junit.xml"
    print(f"{told['name']}, {told['how']}: {' '.join(folders)}", flush=True)
    with open(place / "tests.log", "w") as log:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rs", "-n",
             str(os.cpu_count() * 2), "-o", f"cache_dir={place}/pytest",
             f"--junitxml={report}", *(TESTS / name for name in folders)],
            cwd=ROOT, stdout=log, stderr=log,
            env={**os.environ, **{k: str(v) for k, v in env.items()}})
    suite = xml.etree.ElementTree.parse(report).find("testsuite")
    n = {key: int(suite.get(key)) for key in ("tests", "failures", "errors",
                                              "skipped")}
    failed = n["failures"] + n["errors"]
    result.write_text(json.dumps({
        **told, "passed": n["tests"] - failed - n["skipped"],
        "failed": failed, "skipped": n["skipped"],
        "on": datetime.date.today().isoformat()}, indent=1) + "\n")


def table(args):
    """Prints all results there are; the status is 1 if one has failures."""
    results = [json.loads(path.read_text())
               for path in PLACE.glob("*/result.json")]
    for kind, columns in (("nginx", ("nginx", "the module is")),
                          ("redis", ("server", "from"))):
        rows = sorted((r for r in results if r["kind"] == kind), key=lambda r: (
            [int(n) if n.isdigit() else n
             for n in re.split(r"(\d+)", r["name"])], r["how"]))
        if rows:
            print(HEAD.format(*columns))
            for r in rows:
                print("| {name} | {how} | {with} | {passed} | {failed} "
                      "| {skipped} | {on} |".format(**r))
            print()
    return 1 if any(r["failed"] for r in results) else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("nginx", "redis", "table"))
    parser.add_argument("what", nargs="*")
    parser.add_argument("-s", "--static", action="store_true")
    args = parser.parse_args()
    if args.kind != "table":
        {"nginx": nginx, "redis": redis}[args.kind](args)
    return table(args)


if __name__ == "__main__":
    sys.exit(main())
