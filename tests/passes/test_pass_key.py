# Copyright (C) 2026 paylock contributors
#
# The key files of passes in nginx, and the owner and mode that any secret file
# must have.

import base64
import os
import re

import pytest

from support import servers
from support.gate import SITE, closed, site
from support.passes import ask, follow, forge, token

KEY = base64.b64encode(bytes(32)).decode()


def test_key_files_refused(private):
    nginx = servers.Nginx(private / "nginx", control=False)
    path = private / "keys"

    def config(text, mode=0o600):
        path.write_text(text)
        path.chmod(mode)
        return nginx.test(f"paylock_pass_key {path};"
                          "server { paylock on; server_name a.example; }")

    good = config(f"k1:{KEY}\n")
    assert good.returncode == 0 and "warn" not in good.stderr
    for text, why in (("", "line 1 is missing"), ("k1\n", "line 1 has not"),
                      (f"k1:{KEY}\nk1:{KEY}\n", "line 2 has the kid"),
                      (f"k1:{KEY[:-4]}\n", "too short"),
                      (f"k1:{KEY}\n# old\n", "line 2 has not"),
                      ("x" * 5000, "larger than 4096")):
        done = config(text)
        assert done.returncode == 1, text
        assert why in done.stderr and str(path) in done.stderr
        assert KEY[:8] not in done.stderr
    path.unlink()
    assert "keygen --pass" in nginx.test(f"paylock_pass_key {path};").stderr
    path.mkdir()
    assert "not a file" in nginx.test(f"paylock_pass_key {path};").stderr
    twice = nginx.test(f"paylock_pass_key {path}; paylock_pass_key {path};")
    assert twice.returncode == 1


SECRETS = [("paylock_pass_key", "paylock_pass_key {};", f"k1:{KEY}\n"),
           ("password_file",
            "paylock_redis unix:/r.sock password_file={};", "s3cret\n")]


@pytest.fixture(params=SECRETS, ids=[name for name, *_ in SECRETS])
def secret(request, private):
    """The file, and what "nginx -t" says of it."""
    name, directive, text = request.param
    nginx = servers.Nginx(private / "nginx", control=False)
    path = private / "secret"
    path.touch(0o600)
    path.write_text(text)

    def said(reason=None):
        done = nginx.test(directive.format(path)
                          + "server { paylock on; server_name a.example; }")
        assert text.strip() not in done.stderr
        assert done.returncode == (reason is not None), done.stderr
        if reason is None:
            assert "[warn]" not in done.stderr
        else:
            assert re.search(rf'\[emerg\].*"{name}" cannot use "{path}": '
                             + reason, done.stderr), done.stderr
    return path, said


def test_mode_of_secrets(secret):
    """Others neither read nor change it; a group may read it."""
    path, said = secret
    for mode in 0o400, 0o600, 0o440, 0o640, 0o750, 0o711:
        path.chmod(mode)
        said()
    for mode, what in ((0o644, "read"), (0o604, "read"), (0o444, "read"),
                       (0o660, "change"), (0o620, "change"),
                       (0o602, "change"), (0o666, "change")):
        path.chmod(mode)
        said(f"its mode is 0{mode:o}, so that others can {what} it: chmod 600")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")
def test_owner_of_secrets(secret):
    """Its owner can change it, whatever its mode is."""
    path, said = secret
    os.chown(path, 0, 12345)
    said()
    os.chown(path, 12345, 0)
    path.chmod(0o400)
    said("it is owned by user 12345, who can change it: chown it to root")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path:
                                  os.symlink("/dev/null", path)],
                         ids=["fifo", "directory", "device"])
def test_secrets_that_are_no_files(secret, make):
    """They keep nobody waiting."""
    path, said = secret
    path.unlink()
    make(path)
    said("it is not a file")


def test_rotation(start, issue, admin, keys):
    """What the old key made is good until it is taken away."""
    nginx = start()
    old, cookie = issue(), follow(nginx, issue())
    admin("keygen", "--pass", keys)
    new = issue()
    assert closed(ask(nginx, new))
    nginx.reload()
    nginx.wait_state("acme.example", "locked")
    for link in old, new:
        assert site(ask(nginx, cookie=follow(nginx, link)))
    assert site(ask(nginx, cookie=cookie))
    from_old = follow(nginx, old)
    keys.write_text(keys.read_text().splitlines()[0] + "\n")
    nginx.reload()
    nginx.wait_state("acme.example", "locked")
    assert closed(ask(nginx, old))
    assert closed(ask(nginx, cookie=cookie))
    assert closed(ask(nginx, cookie=from_old))
    assert site(ask(nginx, cookie=follow(nginx, new)))


def test_keys_of_a_server(gate, keys, admin, issue):
    """Each block has its own, or that of the http block, or none."""
    other = admin.home / "other.keys"
    admin("keygen", "--pass", other)
    nginx = gate.start(f"""
        paylock_pass_key {keys};
        server {{ server_name acme.example; paylock on;
                 return 200 {SITE}; }}
        server {{ server_name other.example; paylock on;
                 paylock_pass_key {other}; return 200 {SITE}; }}
    """)
    gate.lock("acme.example", "other.example")
    assert site(ask(nginx, cookie=follow(nginx, issue())))
    assert closed(ask(nginx, issue("other.example"), "other.example"))
    url = admin("pass", "issue", "other.example", "--ttl", "1d", "--key",
                other).stdout
    follow(nginx, f"/?paylock_pass={token(url)}", "other.example")


def test_without_keys(gate, keys, issue):
    nginx = gate.start("server { server_name acme.example; paylock on;"
                       f"return 200 {SITE}; }}")
    gate.lock("acme.example")
    assert closed(ask(nginx, issue()))
    assert closed(ask(nginx, cookie="paylock_pass="
                      + forge(keys, purpose="cookie")))


def test_paylock_key(gate, keys, issue, admin):
    """A pass is for the name in the address; the record of the key counts
    for when it ends, even if the key is set late."""
    nginx = gate.start(f"""
        map $arg_t $tenant {{ default tenant.example; }}
        server {{
            server_name acme.example; paylock on;
            paylock_pass_key {keys};
            set $late $tenant;
            paylock_key $late;
            location / {{ proxy_pass http://127.0.0.1:@BACKEND@; }}
            location /off {{ paylock off; return 200 off; }}
        }}
    """)
    admin("lock", "tenant.example")
    servers.wait_for("the lock", lambda: ask(nginx).status == 503)
    link = issue()
    cookie = follow(nginx, link)
    assert site(ask(nginx, cookie=cookie))
    admin("pass", "revoke", "tenant.example")
    servers.wait_for("the revocation",
                     lambda: ask(nginx, cookie=cookie).status == 503)
