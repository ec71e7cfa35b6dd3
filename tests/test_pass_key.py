# Copyright (C) 2026 paylock contributors
#
# The keys of passes, as nginx is told of them.

import base64

import servers
from gate import SITE, closed, site
from passes import ask, follow, forge, issue, keys, start, token  # noqa: F401

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
    wide = config(f"k1:{KEY}\n", 0o644)
    assert wide.returncode == 0 and "others can read" in wide.stderr
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
