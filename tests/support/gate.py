# Copyright (C) 2026 paylock contributors
#
# A site whose every page contains THE-SITE, a backend likewise, and checks
# whether an answer is the site's or the locked one.

import email.message
import socket

import h2.config
import h2.connection
import h2.events

from support.servers import Response

SITE = "THE-SITE"

FILES = {
    "file.txt": SITE + " file\n",
    "page.html": f"<p>{SITE}</p>\n",
    "ssi.html": 'before <!--#include virtual="/frag" --> after\n',
    "index.php": SITE + " index\n",
    "dir/page.php": SITE + " page\n",
    "htpasswd": "user:{PLAIN}pass\n",
}


def text(reply):
    """Head and body of a reply from get() or raw()."""
    if isinstance(reply, bytes):
        return reply.decode("latin-1")
    return f"{reply.status}\n{reply.headers}\n{reply.text}"


def site(reply):
    """Is anything of the site in the reply?"""
    # the answer to TRACE and to a condition that holds has no body, the
    # redirect to a directory and the list of one are nginx's own words
    words = (SITE, "x-backend", "304\n", "405\n", "403\n", "413\n", " 405 ",
             " 403 ", "/dir/", "file.txt")
    return any(w.lower() in text(reply).lower() for w in words)


def closed(reply):
    """Is it the locked answer, with nothing of the site?"""
    head = text(reply)
    if isinstance(reply, bytes):
        assert head.startswith("HTTP/1.1 503 "), head
        assert head.count("HTTP/1.1 ") == 1, head
    else:
        assert reply.status == 503, head
    assert "x-paylock: locked\n" in head.lower().replace("\r", ""), head
    assert "cache-control: no-store\n" in head.lower().replace("\r", ""), head
    assert SITE not in head and "x-backend" not in head.lower(), head
    return True


# requests over other versions of HTTP

def http10(nginx, path="/", host="acme.example", method="GET", headers=(),
           body=b"", address=None):
    """As nginx.get(), over HTTP/1.0; returns bytes."""
    head = [f"{method} {path} HTTP/1.0", f"Host: {host}",
            *(f"{name}: {value}" for name, value in dict(headers).items())]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return nginx.raw("\r\n".join([*head, "", ""]).encode() + body)


def http2(nginx, path="/", host="acme.example", method="GET", headers=(),
          body=b"", address=None):
    """As nginx.get(), over HTTP/2 without TLS."""
    with H2(address or str(nginx.dir / "h2.sock")) as client:
        return client.get(path, host, method, headers, body)


class H2:
    """An HTTP/2 connection without TLS."""

    def __init__(self, address, context=None, name=None):
        unix = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if unix
                                    else socket.AF_INET)
        self.socket.settimeout(10)
        self.socket.connect(address)
        if context:
            self.socket = context.wrap_socket(self.socket,
                                              server_hostname=name)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            validate_outbound_headers=False,
            normalize_outbound_headers=False, header_encoding="latin-1"))
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def get(self, path="/", host="acme.example", method="GET", headers=(),
            body=b"", end=True):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":path", path)]
        if host is not None:
            fields.append((":authority", host))
        fields += [(n.lower(), v) for n, v in dict(headers).items()]
        if body:
            fields.append(("content-length", str(len(body))))
        self.h2.send_headers(stream, fields, end_stream=end and not body)
        for i in range(0, len(body), 16384):
            part = body[i:i + 16384]
            self.h2.send_data(stream, part,
                              end_stream=end and i + 16384 >= len(body))
        self.flush()
        return self.reply(stream)

    def reply(self, stream):
        return self.replies([stream])[stream]

    def replies(self, streams):
        """The replies to these streams, which may be interleaved."""
        heads, bodies, done = {}, {}, {}
        while not set(streams) <= set(done):
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("closed before the answer")
            for event in self.h2.receive_data(got):
                stream = getattr(event, "stream_id", None)
                if isinstance(event, h2.events.ConnectionTerminated):
                    raise ConnectionError(f"GOAWAY {event.error_code}")
                if stream not in streams:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    heads[stream] = email.message.Message()
                    for name, value in event.headers:
                        heads[stream][name] = value
                elif isinstance(event, h2.events.DataReceived):
                    bodies[stream] = bodies.get(stream, b"") + event.data
                    self.h2.acknowledge_received_data(
                        event.flow_controlled_length, stream)
                elif isinstance(event, (h2.events.StreamEnded,
                                        h2.events.StreamReset)) \
                        and stream not in done:
                    head = heads[stream]
                    status = int(head[":status"])
                    del head[":status"]
                    done[stream] = Response(status, "", head,
                                            bodies.get(stream, b""))
            self.flush()
        return done


class Gate:
    """One nginx, its chain, and what the tests do with both."""

    def __init__(self, nginx, admin, backend, directory):
        self.make = nginx
        self.admin = admin
        self.backend = backend
        self.site = directory / "site"
        self.nginx = None

        for name, content in FILES.items():
            path = self.site / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(content)

        for path in ("/accel", "/open/accel"):
            backend.answer(path, headers={
                "X-Accel-Redirect": "/files/file.txt"})
        backend.default = SITE + " backend\n"
        admin("init", "--yes")

    def start(self, http, **kw):
        http = (http.replace("@SITE@", str(self.site))
                .replace("@BACKEND@", str(self.backend.port)))
        self.nginx = self.make(http, **kw)
        self.nginx.wait_live()
        return self.nginx

    def lock(self, *hosts):
        self.admin("lock", *hosts, "--reason", "test", "--yes")
        for host in hosts:
            self.nginx.wait_state(host, "locked")
        self.backend.requests.clear()

    def unlock(self, *hosts):
        # where nothing is known, a host is open as well
        self.admin("unlock", *hosts, "--yes", "--wait=60")
