#!/usr/bin/python3
# Copyright (C) 2026 paylock contributors
#
# Runs nginx's own test suite (https://github.com/nginx/nginx-tests) without
# the module, and with it and "paylock on" in every http block, and compares
# the results file by file:
#
#     nginx_suite.py DIRECTORY [FILE.t...]
#
# A file whose results differ is run again, both ways and alone, since some
# of the suite's tests depend on the time: it counts as different if it
# differs each time.

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from support import servers

TIMEOUT = 300           # of one file, in seconds
AGAIN = 2               # more runs of a file that differs
JOBS = 6                # the tests mostly wait

# root runs them as nobody, and so is what they start
UNPRIVILEGED = ["setpriv", "--reuid", "nobody", "--regid", "nogroup",
                "--clear-groups", "--"]


class Result:
    """What a test file printed, as far as it has to be the same."""

    def __init__(self, output, status):
        self.output = output
        self.tests = []
        self.skip = None
        self.status = status
        for line in output.splitlines():
            if m := re.match(r"1\.\.0 # SKIP (.*)", line, re.I):
                self.skip = m[1]
            elif m := re.match(r"(not )?ok \d+(?: - )?(.*)", line):
                name, _, note = m[2].partition("#")
                self.tests.append((not m[1], name.strip(),
                                   note.strip().split(" ")[0].lower()))

    def summary(self):
        if self.skip is not None:
            return "skipped"
        return "ok" if self.status == 0 else "failed"

    def __eq__(self, other):
        return (self.status, self.skip, self.tests) \
            == (other.status, other.skip, other.tests)

    def other_lines(self, other):
        """The tests that are not the same in the other result."""
        mine, theirs = dict(enumerate(self.tests)), dict(enumerate(other.tests))
        return [f"{n + 1}: {mine.get(n)} / {theirs.get(n)}"
                for n in sorted({*mine, *theirs})
                if mine.get(n) != theirs.get(n)]


def modules_path():
    """Where the binary's own dynamic modules are."""
    built = subprocess.run([servers.NGINX, "-V"], text=True,
                           capture_output=True, check=True).stderr
    return re.search(r"--modules-path=(\S+)", built)[1]


class Suite:
    def __init__(self, suite, directory, redis):
        self.suite = suite
        self.dir = directory
        self.env = {
            "PATH": os.environ["PATH"], "LC_ALL": "C", "TMPDIR": str(directory),
            "PERL5LIB": os.environ.get("PERL5LIB", ""),
            "TEST_NGINX_BINARY": servers.NGINX,
            "TEST_NGINX_MODULES": modules_path()}
        # nobody need not be able to read the checkout
        module = shutil.copy(servers.MODULE, directory)
        self.module = {
            "TEST_NGINX_GLOBALS": f"load_module {module};",
            "TEST_NGINX_GLOBALS_HTTP":
                f"paylock_redis {redis.url}; paylock_state off; paylock on;"}

    def run(self, name, module):
        command = ["perl", "-I", self.suite / "lib", self.suite / name]
        if os.geteuid() == 0:
            command = UNPRIVILEGED + command
        try:
            done = subprocess.run(
                command, cwd=self.dir, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**self.env, **(self.module if module else {})},
                timeout=TIMEOUT)
        except subprocess.TimeoutExpired as e:
            return Result((e.stdout or b"").decode("latin-1"), "timeout")
        return Result(done.stdout.decode("latin-1"), done.returncode)

    def both(self, name):
        return self.run(name, False), self.run(name, True)


def compare(suite, names):
    """Prints what differs; returns the names of the files that do."""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, pair in zip(names, pool.map(suite.both, names)):
            results[name] = pair
            print(f"{name:44} {pair[0].summary():8} {pair[1].summary():8}"
                  f" {'' if pair[0] == pair[1] else 'differs'}".rstrip(),
                  flush=True)

    unstable = []
    for _ in range(AGAIN):
        for name in [n for n in names if results[n][0] != results[n][1]]:
            unstable.append(name)
            results[name] = suite.both(name)

    differ = [n for n in names if results[n][0] != results[n][1]]
    for name in differ:
        without, module = results[name]
        print(f"\n{name}, without / with the module:",
              *(without.other_lines(module)
                or [f"{without.status} / {module.status}"]),
              module.output, sep="\n")

    print()
    for way, n in ("without", 0), ("with", 1):
        all_of = [pair[n].summary() for pair in results.values()]
        tests = sum(len(pair[n].tests) for pair in results.values())
        print(f"{way} the module: {len(all_of)} files, {tests} tests;",
              ", ".join(f"{all_of.count(s)} {s}"
                        for s in ("ok", "failed", "skipped")))
    for name in sorted(set(unstable) - set(differ)):
        print(f"not the same each time, the same when repeated: {name}")
    print(f"{len(differ)} different" + "".join(f" {n}" for n in differ))

    # where nothing works, nothing differs
    failed = sum(pair[0].summary() == "failed" for pair in results.values())
    if failed * 10 > len(names):
        sys.exit(f"{failed} files fail without the module: no comparison")
    return differ


def main(argv):
    if len(argv) < 2:
        sys.exit(f"usage: {argv[0]} DIRECTORY [FILE.t...]")
    directory = pathlib.Path(argv[1]).resolve()
    if not (directory / "lib/Test/Nginx.pm").exists():
        sys.exit(f"{directory} is not nginx's test suite: lib/Test/Nginx.pm "
                 "is not there; it is https://github.com/nginx/nginx-tests")
    names = argv[2:] or sorted(p.name for p in directory.glob("*.t"))

    with tempfile.TemporaryDirectory(prefix="paylock-suite-") as tmp:
        tmp = pathlib.Path(tmp)
        tmp.chmod(0o1777)
        (tmp / "redis").mkdir()
        redis = servers.Redis(tmp / "redis").start()
        try:
            servers.Admin(redis, tmp / "redis/home")("init", "--yes")
            return 1 if compare(Suite(directory, tmp, redis), names) else 0
        finally:
            redis.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
