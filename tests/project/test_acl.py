# Copyright (C) 2026 paylock contributors
#
# The four users of Redis: their rights are sufficient, and none is
# superfluous.

import json
import subprocess

import pytest
import redis as redis_py

from support import servers
from support.chain import AUDIT, LOCKS, NODES, REQUESTS, ROOT, logged
from support.servers import (ARCHIVE_USER, AUDIT_USER, NGINX_USER, OP_USER,
                             RIGHTS)

SITE = """
    server { server_name acme.example open.example; paylock on;
             location / { return 200; } }
"""

# what nobody but the owner of Redis may do
NEVER = [
    ("DEL", AUDIT), ("DEL", LOCKS), ("UNLINK", AUDIT), ("FLUSHALL",),
    ("FLUSHDB",), ("SWAPDB", "0", "1"), ("XTRIM", AUDIT, "MAXLEN", "0"),
    ("XDEL", AUDIT, "1-0"), ("XSETID", AUDIT, "9-0"), ("XGROUP", "CREATE",
     AUDIT, "g", "0"), ("RENAME", LOCKS, "x"), ("COPY", LOCKS, "{paylock}:x"),
    ("EXPIRE", LOCKS, "1"), ("SET", LOCKS, "x"), ("RESTORE", LOCKS, "0", "x"),
    ("EVAL", "return 1", "0"), ("FUNCTION", "LIST"), ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "maxmemory", "1"), ("ACL", "LIST"),
    ("ACL", "SETUSER", "x"), ("KEYS", "*"), ("SCAN", "0"), ("DUMP", LOCKS),
    ("CLIENT", "KILL", "TYPE", "normal"), ("REPLICAOF", "NO", "ONE"),
    ("SHUTDOWN", "NOSAVE"), ("MONITOR",),
    ("SUBSCRIBE", "x"), ("PUBLISH", "x", "y"), ("HSET", AUDIT, "x", "y"),
    ("XADD", LOCKS, "*", "x", "y"), ("HGETALL", "other:locks"),
    ("XRANGE", "other:audit", "-", "+"), ("HSET", "{paylock}:x", "x", "y")]

FORBIDDEN = {
    NGINX_USER: [
        ("HSET", LOCKS, "acme.example", "open"), ("HDEL", LOCKS,
         "acme.example"), ("XADD", AUDIT, "*", "x", "y"),
        ("HDEL", NODES, "x"), ("DEL", NODES), ("WATCH", LOCKS),
        ("HGET", REQUESTS, "x"), ("HSCAN", REQUESTS, "0"),
        ("HSET", REQUESTS, "x", "y")],
    OP_USER: [("HSET", NODES, "x", "y"), ("DEL", NODES),
              ("EXPIRE", NODES, "1"), ("HDEL", AUDIT, "x"),
              ("DEL", REQUESTS), ("EXPIRE", REQUESTS, "1"),
              ("XADD", REQUESTS, "*", "x", "y")],
    ARCHIVE_USER: [
        ("HSET", LOCKS, "acme.example", "open"), ("HDEL", LOCKS,
         "acme.example"), ("HSET", NODES, "x", "y"), ("HDEL", NODES, "x"),
        ("HSET", REQUESTS, "x", "y"), ("HDEL", REQUESTS, "x"),
        ("HDEL", ROOT, "lattice")],
    AUDIT_USER: [
        ("HSET", LOCKS, "acme.example", "open"), ("HDEL", LOCKS,
         "acme.example"), ("XADD", AUDIT, "*", "x", "y"),
        ("HSET", NODES, "x", "y"), ("HDEL", NODES, "x"), ("MULTI",),
        ("HSET", REQUESTS, "x", "y"), ("HDEL", REQUESTS, "x"),
        ("WATCH", LOCKS)]}


def there(client):
    return (client.hgetall(LOCKS), client.xrange(AUDIT),
            sorted(client.keys()))


def setuser(client, *words):
    assert client.execute_command("ACL", "SETUSER", *words) in ("OK", True)


# the lines

def test_lines_are_those_of_the_documentation(private):
    """Redis is not asked, and nothing remembered."""
    class Nowhere:
        url = f"unix:{private}/nothing.sock"

    admin = servers.Admin(Nowhere, private / "admin")
    lines = admin("init", "--acl").stdout.splitlines()
    assert lines == ["ACL SETUSER " + line for line in RIGHTS]
    assert admin.json("init", "--acl") == {"acl": lines}
    assert admin("--quiet", "init", "--acl").stdout == ""
    other = admin("--prefix", "{shop}:", "init", "--acl").stdout.splitlines()
    assert other == [line.replace("{paylock}:", "{shop}:") for line in lines]
    assert not any(path.is_file() for path in admin.home.rglob("*"))


@pytest.mark.parametrize("user", [NGINX_USER, OP_USER, ARCHIVE_USER,
                                  AUDIT_USER])
def test_password_is_filled_in_as_a_hash(admin, user):
    """Into the line of its user alone."""
    shown = admin("init", "--acl", env=admin.login(user)).stdout
    assert shown.splitlines() == [
        "ACL SETUSER " + (servers.acl(line) if line.startswith(user + " ")
                          else line) for line in RIGHTS]
    assert servers.PASSWORDS[user] not in shown


@pytest.mark.parametrize("bad", " \"'\\*?[]")
def test_prefix_that_would_mean_something_else(admin, bad):
    done = admin("--json", "--prefix", f"a{bad}b:", "init", "--acl",
                 check=False)
    assert done.returncode == 2 and done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "prefix" and f'has a "{bad}"' in error["message"]


def own(private):
    """A Redis whose users are those of a file, at first none."""
    redis = servers.Redis(private / "own", aclfile="users.acl")
    redis.dir.mkdir()
    (redis.dir / "users.acl").touch()
    return redis.start()


def test_unfilled_line_makes_no_user(private):
    redis = own(private)
    try:
        admin = servers.Admin(redis, private / "admin")
        done = subprocess.run(
            ["redis-cli", "-s", redis.socket], text=True, timeout=120,
            input=admin("init", "--acl").stdout, capture_output=True)
        assert done.stdout.count("password hash must be") == 4
        assert redis.client().acl_users() == ["default"]
    finally:
        redis.stop()


# what they may do

def test_all_goes_without_the_default_user(redis, admin, nginx):
    control = redis.client(single_connection_client=True)
    control.acl_setuser("default", enabled=False)
    with pytest.raises(redis_py.AuthenticationError):
        redis.client().ping()
    admin("init")
    admin("lock", "acme.example", "b.example", "--until", "+7d")
    server = nginx(SITE)
    server.wait_state("acme.example", "locked")
    admin("unlock", "acme.example", "--request-id", "R1")
    server.wait_state("acme.example", "open")
    old = json.loads(control.hget(REQUESTS, "R1"))
    control.hset(REQUESTS, "R0", json.dumps({**old, "at": 1}))
    assert admin.json("unlock", "acme.example", "--request-id", "R1")
    for i in range(100):
        admin("unlock", "acme.example", "--request-id", f"N{i}")
        if not control.hexists(REQUESTS, "R0"):
            break
    assert not control.hexists(REQUESTS, "R0")
    admin("reset", "b.example")
    for args in (["status", "acme.example"], ["list"], ["audit", "log"]):
        assert "acme.example" in admin(*args).stdout
        assert "acme.example" in admin(
            *args, env=admin.login(OP_USER)).stdout
    for user in OP_USER, AUDIT_USER:
        assert "live" in admin("nodes", env=admin.login(user)).stdout
    admin("lock", "acme.example", "--wait")
    control.hset(NODES, "gone", "{}")
    admin("nodes", "forget", "gone")
    assert control.hlen(NODES) == 1
    users = {(c["name"], c["user"]) for c in control.client_list()}
    assert ("paylock-nginx", NGINX_USER) in users
    control.delete(AUDIT)
    admin("adopt", "--yes")
    assert control.acl_log() == [] or all(
        entry["reason"] == "auth" for entry in control.acl_log())


def test_another_prefix(redis, admin, nginx):
    """Whose users see nothing of this one."""
    admin("init")
    admin.env["PAYLOCK_PREFIX"] = "{shop}:"
    done = admin("init", check=False)
    assert done.returncode == 1 and "NOPERM" in done.stderr
    redis.allow("{shop}:")
    admin("init")
    admin("lock", "acme.example")
    server = nginx(SITE, options='"prefix={shop}:"')
    server.wait_state("acme.example", "locked")
    assert "acme.example" in admin("list").stdout
    del admin.env["PAYLOCK_PREFIX"]
    done = admin("list", check=False)
    assert done.returncode == 1 and "NOPERM" in done.stderr


@pytest.mark.parametrize("user", FORBIDDEN)
def test_forbidden(redis, admin, user):
    admin("init")
    admin("lock", "acme.example")
    control = redis.client()
    before = there(control)
    client = redis.client(user)
    for command in (*NEVER, *FORBIDDEN[user]):
        if (user, command[0]) == (ARCHIVE_USER, "XTRIM"):
            continue
        with pytest.raises(redis_py.exceptions.NoPermissionError,
                           match="permissions"):
            client.execute_command(*command)
    assert there(control) == before


@pytest.mark.parametrize("user, args", [
    *((AUDIT_USER, args) for args in (
        ["lock", "b.example"], ["unlock", "acme.example"],
        ["reset", "acme.example"], ["adopt", "--yes"],
        ["nodes", "forget", "gone"])),
    *((NGINX_USER, args) for args in (
        ["lock", "b.example"], ["unlock", "acme.example"]))])
def test_command_of_another(redis, admin, user, args):
    admin("init")
    admin("lock", "acme.example")
    redis.client().hset(NODES, "gone", "{}")
    if args[0] == "adopt":
        redis.client().delete(AUDIT)
    before = there(redis.client())
    done = admin("--json", *args, env=admin.login(user), check=False)
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert done.returncode == 1 and error["code"] == "permission"
    assert "paylock-admin init --acl" in error["mend"]
    assert there(redis.client()) == before


# what happens without

def test_paylock_admin_without_a_right(redis, private):
    """Nothing is changed, and what is missing is named; the user is in the
    URL, the password in a file."""
    redis.client().config_set("port", port := servers.free_port())

    class Tcp:
        url = f"redis://{OP_USER}@127.0.0.1:{port}/0"

    admin = servers.Admin(Tcp, private / "tcp")
    secret = servers.password_file(private, OP_USER)

    def run(*args, **kw):
        return admin("--password-file", secret, *args, **kw)

    run("init")
    run("lock", "acme.example")
    control = redis.client()
    before = there(control)
    for right in ("xadd", "multi", "exec", "hset", "watch", "hmget", "type",
                  "xrevrange", "xinfo|stream", "hget", "hscan"):
        # a right in a selector cannot be taken away: everything but
        setuser(control, OP_USER, "clearselectors", "allkeys", "+@all",
                "-" + right)
        done = run("--json", "lock", "b.example", "--request-id", "R",
                   check=False)
        error = json.loads(done.stderr)["error"]
        assert (done.returncode, error["code"]) == (1, "permission"), right
        assert f"'{right}'" in error["message"]
        assert "paylock-admin init --acl" in error["mend"]
        assert there(control) == before


def test_paylock_admin_without_a_password(admin):
    """It is not the default user then, who may do everything."""
    admin("init")
    done = admin("--json", "lock", "acme.example", check=False, env={
        "PAYLOCK_PASSWORD_FILE": ""})
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["code"]) == (1, "auth")
    assert f'"{OP_USER}"' in error["message"]
    assert "--password-file" in error["mend"]


def test_nginx_without_a_right(redis, admin, nginx):
    """Every site stays as it is; one alert names the user and the right."""
    admin("init")
    admin("lock", "acme.example")
    server = nginx(SITE)
    server.wait_live()
    control = redis.client()
    for right in ("xrevrange", "hlen", "hscan", "xread", "exec"):
        setuser(control, NGINX_USER, "-" + right)
        # one record more than there are entries for, so that all are read
        control.hset("{paylock}:locks", f"{right}.example", "1")
        control.client_kill_filter(_type="normal", skipme=True)
        alert = (rf'\[alert\] .* refuses user "{NGINX_USER}": .*NOPERM .*'
                 rf"'{right}' .*\"paylock-admin init --acl\"")
        server.allow(alert)
        logged(server, alert)
        assert server.state("acme.example") == "locked"
        assert server.state("open.example") == "open"
        setuser(control, NGINX_USER, "+" + right)
        # who is refused waits for half a minute; new workers do not
        server.reload()
        server.wait_live()
    assert server.error_log().count("[alert]") == 5
    admin("unlock", "acme.example")
    server.wait_state("acme.example", "open")
    secret = servers.PASSWORDS[NGINX_USER]
    assert secret not in server.error_log()
