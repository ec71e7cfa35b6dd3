# Copyright (C) 2026 paylock contributors
#
# setup where /etc/paylock cannot be written, or has no room: it says which
# file, nginx goes on, and the next run does the rest.

import json
import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(
    os.getuid() != 0
    or subprocess.run(["unshare", "--mount", "true"]).returncode != 0,
    reason="needs root and mount namespaces")

# each runs setup as if /etc/paylock, $0, were another file system

READ_ONLY = 'mount --bind -o ro "$0" "$0"; exec "$@"'
FULL = """
cp -p "$0"/* ../copy; mount -t tmpfs -o mode=755,size=%dk none "$0"
cp -p ../copy/* "$0"; status=0; "$@" || status=$?
cp -p "$0"/* ../copy; exit $status
"""


def setup_on(m, script, *args):
    argv = m.admin.argv("--json", "setup", *m.options(), *args)
    return subprocess.run(["unshare", "--mount", "sh", "-ec", script, m.etc,
                           *argv], env=m.admin.env, cwd=m.admin.home,
                          capture_output=True, text=True)


def cannot(done, m, why, mend):
    """The file, the reason and the mend of the one error."""
    assert done.returncode in (1, 3)    # 3: a part is done
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert str(m.etc) in error["message"], error
    assert error["message"].endswith(why), error
    assert error["mend"].startswith(mend), error


def lock(m):
    m.setup("--yes")
    assert m.plan() == {}
    m.admin("lock", "acme.example")
    m.wait_answer(503)


def test_read_only(m):
    why = "Read-only file system", "mount it to be written"
    before = m.everything()
    cannot(setup_on(m, READ_ONLY, "--yes"), m, *why)
    assert m.everything() == before
    lock(m)
    cannot(setup_on(m, READ_ONLY, "--undo", "--yes"), m, *why)
    assert m.answer() == 503


# a file takes a page of 4 KiB, its new text another

@pytest.mark.parametrize("size", range(8, 24, 4))
def test_full(m, size):
    copy = m.admin.home.parent / "copy"
    copy.mkdir()
    cannot(setup_on(m, FULL % size, "--yes"), m, "No space left on device",
           "make room")
    assert m.answer() == 200
    for path in copy.iterdir():         # now there is room
        shutil.copy2(path, m.etc)
    lock(m)
