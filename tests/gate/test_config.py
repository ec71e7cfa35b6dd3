# Copyright (C) 2026 paylock contributors
#
# nginx -t with good and bad values: the error names file, line and reason.

import re

import pytest

from support import servers


@pytest.fixture
def config(private):
    """Tests directives, each in the place where it may stand."""
    nginx = servers.Nginx(private / "nginx", control=False)

    def test(http):
        done = nginx.test(http)
        lines = (nginx.dir / "nginx-test.conf").read_text().splitlines()
        return done.returncode, done.stderr, lines

    return test


SERVER = "server { server_name acme.example; paylock on; %s }"
OTHER = "server { server_name b.example; paylock on; }"
LOCATION = SERVER % "location / { %s }"

BAD = {
    "paylock maybe;": 'invalid value "maybe".*"on" or "off"',
    "paylock;": "invalid number of arguments",
    "paylock on off;": "invalid number of arguments",
    "paylock on; paylock off;": "is duplicate",

    "paylock_redis;": "invalid number of arguments",
    'paylock_redis "";': "URL",
    "paylock_redis http://127.0.0.1;": "URL",
    "paylock_redis 127.0.0.1:6379;": "URL",
    "paylock_redis redis://;": "URL",
    "paylock_redis redis://127.0.0.1:0;": "URL",
    "paylock_redis redis://127.0.0.1:65536;": "URL",
    "paylock_redis redis://127.0.0.1:x;": "URL",
    "paylock_redis redis://127.0.0.1/x;": "URL",
    "paylock_redis redis://no.such.host.invalid;": "host not found",
    "paylock_redis unix:;": "URL",
    "paylock_redis unix:relative;": "URL",
    "paylock_redis unix:/%s;" % ("x" * 200): "more than 107 bytes",
    "paylock_redis sentinel://127.0.0.1;": "URL",
    "paylock_redis unix:/r.sock nonsense;": '"nonsense"',
    "paylock_redis unix:/r.sock prefix=;": "prefix",
    "paylock_redis unix:/r.sock replica;": "replica=on or off",
    "paylock_redis unix:/r.sock replica=yes;": "replica=on or off",
    "paylock_redis unix:/r.sock replica=on.;": "replica=on or off",
    "paylock_redis unix:/r.sock timeout=x;": "timeout",
    "paylock_redis unix:/r.sock timeout=0;": "timeout",
    "paylock_redis unix:/r.sock connect_timeout=-1;": "timeout",
    "paylock_redis unix:/r.sock username=u;": "add password_file=",
    "paylock_redis redis://u@127.0.0.1;": "add password_file=",
    "paylock_redis unix:/r.sock password_file=/no/such/file;": "/no/such/file",
    "paylock_redis unix:/a; paylock_redis unix:/b;": "is duplicate",

    "paylock_zone x;": "invalid value",
    "paylock_zone 1;": "too small",
    "paylock_zone 4k;": "too small",
    "paylock_zone 0;": "too small",
    "paylock_zone 8m; paylock_zone 8m;": "is duplicate",

    "paylock_default closed;": 'invalid value "closed"',
    "paylock_default open; paylock_default open;": "is duplicate",
    "paylock_status 200;": 'invalid value "200"',
    "paylock_status 404;": 'invalid value "404"',
    "paylock_status x;": 'invalid value "x"',
    "paylock_retry_after 0;": "over 0",
    "paylock_retry_after -1;": "invalid value",
    "paylock_retry_after soon;": "invalid value",
    "paylock_retry_after off; paylock_retry_after 1h;": "is duplicate",
    "paylock_retry_after off; paylock_retry_after off;": "is duplicate",
    "paylock_page fancy;": r'cannot read "/\S+/fancy"',
    "paylock_page discreet; paylock_page fancy;": "is duplicate",
    "paylock_contact %s;" % ("x" * 201): "longer than 200",
    'paylock_contact "a\tb";': "control character",
    "paylock_contact a b;": "invalid number of arguments",
    "paylock_log_level loud;": 'invalid value "loud"',

    SERVER % "paylock_redis unix:/a;": "not allowed here",
    SERVER % "paylock_zone 8m;": "not allowed here",
    LOCATION % "paylock_default locked;": "not allowed here",
    LOCATION % "paylock_status 500;": 'invalid value "500"',
    LOCATION % "return 200 $paylock_nonsense;": "unknown",
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_value(bad, config):
    none = servers.no_resolver() if "host not found" in BAD[bad] else ""
    code, err, lines = config("\n\n" + bad + "\n\n" + OTHER + none)
    assert code == 1, err
    message = re.search(r"\[emerg\] (.*) in (\S+/nginx-test\.conf):(\d+)", err)
    if "$" not in bad:      # variables are looked up when all has been read
        assert message, err
        line = lines[int(message[3]) - 1]
        assert re.sub(r" listen \S+;", "", line).strip() == bad, err
    assert re.search(BAD[bad], err), err


GOOD = [
    "paylock_redis redis://127.0.0.1:6379/0;",
    "paylock_redis redis://127.0.0.1;",
    "paylock_redis redis://[::1]:6380/15;",
    "paylock_redis redis://user:p%40ss@127.0.0.1;",
    "paylock_redis rediss://user:p%40ss@127.0.0.1:6380/1;",
    "paylock_redis unix:/run/redis.sock;",
    "paylock_redis unix:/run/redis.sock?db=3 \"prefix={x}:\""
    " connect_timeout=1s timeout=500ms;",
    "paylock_redis unix:/run/redis.sock replica=on;",
    "paylock_redis unix:/run/redis.sock replica=off;",
    "paylock_zone 1m;",
    "paylock_default open;",
    "paylock_default locked;",
    "paylock_status 402;",
    "paylock_status 403;",
    "paylock_status 503;",
    "paylock_retry_after off;",
    "paylock_retry_after 2d;",
    "paylock_page discreet;",
    'paylock_contact "mailto:billing@agency.example";',
    'paylock_contact "Call us: +49 30 1234 <br> & \\"";',
    "paylock_log_level info;",
    SERVER % "return 200 $paylock_state$paylock_host$paylock_ref;",
    SERVER % "location / { paylock off; }",
    LOCATION % "paylock_status 402; paylock_retry_after 1m;"
    " paylock_page discreet; paylock_contact x; paylock_log_level warn;",
    "paylock off;",
]


@pytest.mark.parametrize("good", GOOD)
def test_good_value(good, config):
    code, err, _ = config(good + "\n" + OTHER)
    assert code == 0, err
    assert "[warn]" not in err and "[emerg]" not in err, err


def test_password_file(config, private):
    path = private / "password"
    path.write_text("secret\n")
    path.chmod(0o600)
    line = f"paylock_redis unix:/r.sock username=u password_file={path};"
    assert config(line + SERVER % "")[0] == 0


def test_a_password_is_never_shown(config):
    for url in ("redis://u:s3cret@127.0.0.1:x", "redis://u:s3cret@[::1",
                "redis://:s3cret@no.such.host.invalid",
                "http://u:s3cret@127.0.0.1"):
        code, err, _ = config(f"paylock_redis {url};" + SERVER % ""
                              + servers.no_resolver())
        assert code == 1
        assert "s3cret" not in err, err


def test_without_the_directives(config):
    """Loaded and not used: nothing of ours runs."""
    code, err, _ = config("server { server_name acme.example; }")
    assert code == 0, err


def test_nginx_t_connects_nowhere(config, redis):
    before = redis.client().info("stats")["total_connections_received"]
    code, err, _ = config(f"paylock_redis {redis.url};" + SERVER % "")
    assert code == 0, err
    after = redis.client().info("stats")["total_connections_received"]
    assert after - before == 1      # the second question's own
