# Copyright (C) 2026 paylock contributors
#
# An open host gets the same answer as without the module.

import re

import pytest

CONF = """
    error_page 404 = /fallback;
    error_page 413 @large;

    server {
        server_name acme.example www.acme.example;
        @ON@
        root @SITE@;
        client_max_body_size 1k;
        rewrite ^/moved$ /file.txt last;

        location / { index file.txt; add_header X-Added yes always; }
        location /text { return 200 "text\\n"; }
        location /redirect { return 302 /elsewhere; }
        location /proxy { proxy_pass http://127.0.0.1:@BACKEND@; }
        location /secret { satisfy any; deny all; auth_basic x;
                           auth_basic_user_file @SITE@/htpasswd; }
        location /ssi.html { ssi on; }
        location /frag { return 200 "fragment"; }
        location /try { try_files $uri @named; }
        location @named { return 200 "named\\n"; }
        location /503 { return 503; }
        location = /fallback { return 404 "fallback\\n"; }
        location @large { return 413 "large\\n"; }
        location /status { stub_status; }
    }
"""


def head(line, *fields, body=b""):
    text = "\r\n".join((line, *fields, "Connection: close", "", ""))
    return text.encode() + body


HOST = "Host: acme.example"

REQUESTS = [
    head("GET / HTTP/1.1", HOST),
    head("HEAD / HTTP/1.1", HOST),
    head("GET /file.txt HTTP/1.1", HOST, "Range: bytes=2-5"),
    head("GET /file.txt HTTP/1.1", HOST,
         "If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT"),
    head("GET /moved HTTP/1.1", HOST),
    head("GET /text HTTP/1.1", "Host: WWW.acme.example.:80"),
    head("GET /text HTTP/1.1", "Host: unknown.example"),
    head("GET /text HTTP/1.0"),
    b"GET /text\r\n",
    head("GET /text HTTP/1.1"),
    head("GET /text HTTP/1.1", HOST, HOST),
    head("GET http://acme.example/text HTTP/1.1", HOST),
    head("GET /redirect HTTP/1.1", HOST),
    head("GET /proxy?a=b HTTP/1.1", HOST),
    head("POST /proxy HTTP/1.1", HOST, "Content-Length: 5", body=b"hello"),
    head("POST /proxy HTTP/1.1", HOST, "Content-Length: 5",
         "Expect: 100-continue", body=b"hello"),
    head("POST /proxy HTTP/1.1", HOST, "Transfer-Encoding: chunked",
         body=b"5\r\nhello\r\n0\r\n\r\n"),
    head("POST /proxy HTTP/1.1", HOST, "Content-Length: 2000",
         body=b"x" * 2000),
    head("POST /file.txt HTTP/1.1", HOST, "Content-Length: 1", body=b"x"),
    head("GET /secret HTTP/1.1", HOST),
    head("GET /secret HTTP/1.1", HOST, "Authorization: Basic dXNlcjpwYXNz"),
    head("GET /ssi.html HTTP/1.1", HOST),
    head("GET /try HTTP/1.1", HOST),
    head("GET /none HTTP/1.1", HOST),
    head("GET /dir HTTP/1.1", HOST),
    head("GET /503 HTTP/1.1", HOST),
    head("OPTIONS / HTTP/1.1", HOST, "Origin: http://b.example",
         "Access-Control-Request-Method: PUT"),
    head("TRACE / HTTP/1.1", HOST),
    head("BREW / HTTP/1.1", HOST),
    b"nonsense\r\n\r\n",
]


@pytest.mark.parametrize("record", ["none", "open", "unlocked"])
def test_same_answers(record, gate, backend):
    """Byte for byte, whether there is no record, one of another name, or
    one that opens."""
    with_module = gate.start(CONF.replace("@ON@", "paylock on;"))
    without = gate.make(
        with_module.http.replace("paylock on;", ""), redis=None,
        load=(), control=False)

    if record == "open":
        gate.unlock("acme.example")
    elif record == "unlocked":
        gate.lock("acme.example")
        gate.unlock("acme.example")

    def ask(nginx, data):
        backend.requests.clear()
        reply = nginx.raw(data)
        # the time and the port are not the module's doing
        reply = re.sub(rb"\r\nDate: [^\r]*", b"", reply)
        reply = reply.replace(str(nginx.port).encode(), b"PORT")
        return reply, [(r.method, r.path, dict(r.headers), r.body)
                       for r in backend.requests]

    for data in REQUESTS:
        assert ask(with_module, data) == ask(without, data), data


@pytest.mark.parametrize("conf", [
    "rewrite ^/(.*)$ /dir/$1;",
    "rewrite ^/(.*)$ /dir/$1 last;",
    "rewrite ^/(.*)$ /dir/$1 break;",
    "rewrite ^/page.php$ /x.txt last; rewrite ^/x.txt$ /file.txt last;",
    'rewrite ^/x$ /y last; if ($uri = /y) { return 200 "twice"; }',
    'set $n "$n."; add_header X-N $n always;',
    'if ($request_uri ~ "^/(.)") { set $n "$n$1"; }'
    " add_header X-N $n always;"])
def test_directives_of_a_server_without_locations(conf, gate):
    """They are executed once."""
    server = "server { @ON@ root @SITE@; %s }" % conf
    (gate.site / "dir/dir").mkdir()
    (gate.site / "dir/dir/page.php").write_text("twice")
    ours = gate.start(server.replace("@ON@", "paylock on;"))
    stock = gate.make(ours.http.replace("paylock on;", ""), redis=None,
                      load=(), control=False)
    for path in "/page.php", "/x", "/none":
        one, other = ((r.status, r.body, r.headers["X-N"]) for r in (
            nginx.get(path, host="acme.example") for nginx in (ours, stock)))
        assert one == other and one[0] != 400, path


def test_keep_alive_and_pipeline(gate):
    nginx = gate.start(CONF.replace("@ON@", "paylock on;"))
    one = b"GET /text HTTP/1.1\r\nHost: acme.example\r\n\r\n"
    last = head("GET /text HTTP/1.1", HOST)
    reply = nginx.raw(one * 3 + last)
    assert reply.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert reply.count(b"text\n") == 4
