# Copyright (C) 2026 paylock contributors
#
# paylock-build-module installs, with an nginx that is made up: what is there
# is the old module or the new one, whole and tested, however a run ends.

import contextlib
import os
import shlex
import signal
import subprocess

import pytest

from support import servers
from support.building import NAME, OLD
from support.servers import wait_for


@pytest.fixture
def kept(fake):
    """There are an old one and an older one."""
    (fake.modules / (NAME + ".old")).write_text("an older one")
    return fake.files()


def configured(fake):
    return fake.path.with_name("configured").read_text().splitlines()


@pytest.fixture
def on_trial(fake, complete):
    """Runs that wait in the test of the module that they have installed."""
    fake.tests(f'! cmp -s {fake.modules}/{NAME} {fake.path.parent}/module '
               '|| exec sleep 600')
    runs = []

    def start():
        runs.append(subprocess.Popen(
            fake.command("--source", complete), env=fake.env(),
            start_new_session=True, text=True, stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL))
        wait_for("the module to be on trial", lambda: (
            fake.modules / NAME).read_bytes() != OLD.encode())
        return runs[-1]

    yield start
    for run in runs:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.communicate()


def stopped(run, sig):
    """Told more than once: a shell that forks just now may not hear it."""
    def told():
        if run.poll() is None:
            os.killpg(run.pid, sig)
        return run.poll() is not None

    wait_for("the run to stop", told)
    return run.returncode


def test_the_old_one_is_kept(fake, complete):
    new = fake.builds("the new one")
    fake.run("--source", complete)
    assert fake.files() == {NAME: new, NAME + ".old": OLD.encode()}
    # and stays when the same one is built again
    fake.run("--source", complete)
    assert fake.files() == {NAME: new, NAME + ".old": OLD.encode()}
    newer = fake.builds("a newer one")
    fake.run("--source", complete)
    assert fake.files() == {NAME: newer, NAME + ".old": new}


def test_a_configuration_that_is_not_taken(fake, complete, kept):
    """Though nginx does not say why."""
    fake.tests(alone="exit 1")
    assert "does not take the module" in fake.refused("--source", complete)
    fake.tests(f'[ "$(cat {fake.modules}/{NAME})" = "{OLD}" ]')
    assert "all is as it was" in fake.refused("--source", complete)


def test_interrupted_on_trial(fake, kept, on_trial):
    assert stopped(on_trial(), signal.SIGINT) == 130
    assert fake.files() == kept
    assert not list(fake.temp.iterdir())


STEP = """#!/bin/sh
[ -e {path}/module.built ] || exec /bin/{name} "$@"
echo {name} >> {path}/steps
now=$(wc -l < {path}/steps).{when}
[ "$now" != "$BREAK.before" ] || kill -$SIG $PPID
/bin/{name} "$@"
status=$?
[ "$now" != "$BREAK.after" ] || kill -$SIG $PPID
exit $status
"""


@pytest.mark.skipif("PAYLOCK_TEST_BUILDS" not in os.environ,
                    reason="make test-builds")
@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
def test_interrupted_anywhere(fake, complete, kept, private, sig, when, taken):
    """Before or after each of the commands that install."""
    (private / "bin").mkdir()
    for name in ("cat", "chmod", "cmp", "cp", "flock", "grep", "ln", "mktemp",
                 "mv", "rm", "sync"):
        step = private / "bin" / name
        step.write_text(STEP.format(path=private, name=name, when=when))
        step.chmod(0o755)
    configure = complete / "configure"
    configure.write_text(configure.read_text().replace(
        f"{NAME}\\n'", f"{NAME}\\n\\ttouch {private}/module.built\\n'"))
    new = fake.builds("the new one")
    if not taken:
        fake.tests(f"! /bin/cmp -s {fake.modules}/{NAME} {private}/module")

    for count in range(1, 100):
        for name in "steps", "module.built":
            (private / name).unlink(missing_ok=True)
        for path in fake.modules.iterdir():
            path.unlink()
        for name, content in kept.items():
            (fake.modules / name).write_bytes(content)

        done = subprocess.run(
            fake.command("--source", complete), capture_output=True,
            env=fake.env(
                PATH=f"{private}/bin:{os.environ['PATH']}",
                BREAK=str(count), SIG=sig.name[3:]), timeout=servers.PATIENCE)
        files, steps = fake.files(), (private / "steps").read_text().split()
        what = count, steps[count - 1:count], done, {
            name: content[:20] for name, content in files.items()}
        if done.returncode == (0 if taken else 1):
            assert files == (
                {NAME: new, NAME + ".old": OLD.encode()} if taken else kept
            ), what
            if len(steps) < count:
                break
        elif sig == signal.SIGTERM:
            assert files == kept and done.returncode == 143, what
            assert not list(fake.temp.iterdir())
        else:
            assert files[NAME] in (OLD.encode(), new), what
            # whatever is there, the old one is
            assert OLD.encode() in files.values(), what
            for left in fake.temp.iterdir():
                subprocess.run(["rm", "-r", left], check=True)

    assert 10 < count < 100


def test_killed_on_trial(fake, complete, kept, on_trial):
    """The next run does not take what was never tested for the old one."""
    run = on_trial()
    run.kill()
    run.wait()
    assert fake.files()[NAME + ".kept"] == OLD.encode()
    (fake.modules / (NAME + ".new.abc123")).write_text("half a module")
    for left in fake.temp.iterdir():
        subprocess.run(["rm", "-r", left], check=True)

    fake.tests()
    fake.run("--source", complete)
    assert set(fake.files()) == {NAME, NAME + ".old"}
    assert fake.files()[NAME + ".old"] == OLD.encode()


def test_no_room_for_the_module(fake, complete, private, mounts):
    """Half of one does not stay."""
    said = fake.refused("--source", complete, under=[*mounts, "sh", "-c", f"""
        mount -t tmpfs -o size=12k none {fake.modules}
        "$@"
        status=$?
        ls {fake.modules} > {private}/left
        exit $status""", "sh"])
    assert f"{fake.modules} has no room" in said
    assert (private / "left").read_text() == ""


def test_two_at_once(fake, complete, kept, on_trial):
    run = on_trial()
    done = subprocess.run(
        fake.command("--source", complete), env=fake.env(), text=True,
        capture_output=True, timeout=servers.PATIENCE)
    assert done.returncode == 1
    assert f"another paylock-build-module is installing into {fake.modules}" \
        in done.stderr
    assert stopped(run, signal.SIGHUP) == 143
    assert fake.files() == kept


def test_nobody_reads_what_it_says(fake, complete):
    subprocess.run(["sh", "-c", f'{shlex.join(map(str, fake.command()))} '
                    f'--source {complete} 2>&1 | :'], env=fake.env(),
                   timeout=servers.PATIENCE)
    assert fake.files()[NAME + ".old"] == OLD.encode()
    assert not list(fake.temp.iterdir())


def test_the_environment(fake, complete, private):
    """Neither its variables are those of the script, nor flags of nginx."""
    mine = private / "mine"
    mine.touch()
    names = {name: str(mine) for name in (
        "new", "old", "kept", "untested", "target", "tmp", "built", "cc_opt")}
    assert "is not a program" in fake.refused("--nginx", "/nothing", **names)
    fake.run("--source", complete, CFLAGS="-m32", MAKEFLAGS="n",
             TAR_OPTIONS="--nothing", CC="cc -pipe", LC_ALL="tr_TR.UTF-8",
             TMPDIR="temp", cwd=private, umask=0, **names)
    assert mine.exists()
    environment = private.joinpath("environment").read_text()
    assert "CFLAGS" not in environment and "MAKEFLAGS" not in environment
    assert "--with-cc=cc -pipe" in configured(fake)
    assert (fake.modules / NAME).stat().st_mode & 0o777 == 0o644


def test_nobody_can_write_to_what_will_be_installed(fake, complete, private):
    """Not even before it gets its mode."""
    chmod = private / "chmod"
    chmod.write_text(f"#!/bin/sh\nls -l {fake.modules} >> {private}/listed\n"
                     'exec /bin/chmod "$@"\n')
    chmod.chmod(0o755)
    fake.run("--source", complete, umask=0,
             PATH=f"{private}:{os.environ['PATH']}")
    listed = (private / "listed").read_text()
    assert f" {NAME}.new." in listed and "rw-rw" not in listed


def test_flags_with_quotes(fake, complete):
    """As -V prints them, a backslash before each is gone; and no * is a
    pattern."""
    fake.says(flags="""--with-compat --with-cc-opt='-DA="b" -I/u*r' """
                    """--build=a"b --with-ld-opt=-Wl,-z,now""")
    fake.run("--source", complete)
    flags = configured(fake)
    assert r'--build=a\"b' in flags and "--with-ld-opt=-Wl,-z,now" in flags
    assert [flag for flag in flags
            if flag.startswith(r'--with-cc-opt=-DA=\"b\" -I/u*r ')]


def test_an_ordinary_user(fake, complete, private):
    """Who may not write to nginx's log, nor has a user to change to."""
    fake.tests(alone=f'cp "$3" {private}/conf')
    fake.run("--source", complete, "--output", private / "module.so")
    conf = (private / "conf").read_text()
    assert "error_log stderr;" in conf and "user root;" in conf
