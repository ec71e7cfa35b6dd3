# Copyright (C) 2026 paylock contributors
#
# An HTTP/3 client: aioquic's protocol, without its event loop.

import email.message
import socket
import ssl
import time

import pytest

from support import servers
from support.servers import Response

try:
    from aioquic.h3.connection import H3_ALPN, H3Connection
    from aioquic.h3.events import DataReceived, HeadersReceived
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.connection import QuicConnection
    from aioquic.quic.events import ConnectionTerminated, StreamReset
except ImportError:
    H3Connection = None

LISTEN = ("listen 127.0.0.1:@PORT@ quic{0}; "
          "listen 127.0.0.1:@PORT@ ssl{0};")

# why these tests cannot run, if they cannot
MISSING = None
if "--with-http_v3_module" not in servers.built():
    MISSING = f"{servers.NGINX} has no HTTP/3 (--with-http_v3_module)"
elif H3Connection is None:
    MISSING = "there is no client for HTTP/3: python3-aioquic, of Debian 13"

needed = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def early_data():
    """Does nginx take 0-RTT over QUIC?  It needs the QUIC API of OpenSSL."""
    tls = servers.re.search(r"built with OpenSSL ([\d.]+)", servers.built())
    return servers.at_least("1.29.1") and tls \
        and servers.numbers(tls[1]) >= [3, 5, 1]


class H3:
    """One connection.  Nothing is sent before the first flush(), so that with
    a ticket the first requests are early data."""

    def __init__(self, address, name=None, ticket=None):
        self.tickets = []
        self.replies_of = {}
        self.closed = None
        self.quic = QuicConnection(
            configuration=QuicConfiguration(
                is_client=True, alpn_protocols=H3_ALPN, server_name=name,
                verify_mode=ssl.CERT_NONE, session_ticket=ticket),
            session_ticket_handler=self.tickets.append)
        self.quic.connect(address, now=time.monotonic())
        self.h3 = H3Connection(self.quic)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(address)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.quic.close()
        self.flush()
        self.socket.close()

    def flush(self):
        for data, _ in self.quic.datagrams_to_send(now=time.monotonic()):
            try:
                self.socket.send(data)
            except ConnectionRefusedError:
                pass                    # of a datagram before this one

    def turn(self, timeout):
        """Sends what there is to send, and waits for what comes."""
        self.flush()
        now = time.monotonic()
        timer = self.quic.get_timer()
        self.socket.settimeout(max(0.001, min(
            timeout, timer - now if timer else timeout)))
        try:
            data, address = self.socket.recvfrom(65536)
            self.quic.receive_datagram(data, address, now=time.monotonic())
        except (TimeoutError, ConnectionRefusedError):
            if timer and time.monotonic() >= timer:
                self.quic.handle_timer(now=time.monotonic())
        while (event := self.quic.next_event()) is not None:
            self.take(event)
        self.flush()

    def take(self, event):
        if isinstance(event, ConnectionTerminated):
            self.closed = f"{event.error_code:#x} {event.reason_phrase}"
        elif isinstance(event, StreamReset):
            self.of(event.stream_id)["ended"] = True
        for told in self.h3.handle_event(event):
            reply = self.of(told.stream_id)
            if isinstance(told, HeadersReceived):
                reply["heads"].append(told.headers)
            elif isinstance(told, DataReceived):
                reply["body"] += told.data
            reply["ended"] |= getattr(told, "stream_ended", False)

    def of(self, stream):
        return self.replies_of.setdefault(
            stream, {"heads": [], "body": b"", "ended": False})

    def send(self, fields, body=None, end=True):
        """A request of just these fields; returns its stream."""
        stream = self.quic.get_next_available_stream_id()
        self.h3.send_headers(stream, [
            (name.encode(), value.encode("latin-1")) for name, value in fields],
            end_stream=end and not body)
        if body:
            self.h3.send_data(stream, body, end_stream=end)
        return stream

    def get(self, path="/", host="acme.example", method="GET", headers=(),
            body=b"", end=True):
        fields = [(":method", method), (":scheme", "https"), (":path", path)]
        if host is not None:
            fields.append((":authority", host))
        fields += [(n.lower(), v) for n, v in dict(headers).items()]
        if body:
            fields.append(("content-length", str(len(body))))
        return self.reply(self.send(fields, body, end))

    def reply(self, stream, timeout=servers.PATIENCE):
        until = time.monotonic() + timeout
        while not self.of(stream)["ended"]:
            if self.closed is not None:
                raise ConnectionError(self.closed)
            if time.monotonic() > until:
                raise TimeoutError("no answer")
            self.turn(until - time.monotonic())
        return self.response(self.of(stream))

    @staticmethod
    def response(reply):
        """The last head is that of the answer, those before it are hints."""
        if not reply["heads"]:
            raise ConnectionError("the stream was reset")
        heads = []
        for fields in reply["heads"]:
            heads.append(email.message.Message())
            for name, value in fields:
                heads[-1][name.decode()] = value.decode("latin-1")
        status = int(heads[-1][":status"])
        del heads[-1][":status"]
        found = Response(status, "", heads[-1], reply["body"])
        found.hints = heads[:-1]
        return found
