# Copyright (C) 2026 paylock contributors
#
# A server with faults to order, such as broken, slow or endless replies.  In
# front of a real Redis it forwards whatever no fault concerns; alone it sends
# only what its faults say.

import collections
import contextlib
import selectors
import socket
import struct
import threading
import time

from support.servers import PATIENCE, wait_for

NOWHERE = "/nonexistent"


def end_of(data, at=0):
    """The end of the RESP value that starts at this position; 0 if it is not
    complete."""
    left = 1
    while left:
        line = data.find(b"\r\n", at)
        if line < 0:
            return 0
        kind, number = data[at:at + 1], data[at + 1:line]
        at, left = line + 2, left - 1
        if kind == b"*":
            left += max(int(number), 0)
        elif kind == b"$" and int(number) >= 0:
            at += int(number) + 2
    return at if at <= len(data) else 0


class Fault:
    """
    What becomes of the next few times that a command comes, "*" being any.

    reply    None: what Redis says; bytes, or bytes one after the other without
             end: that, and Redis does not see the command; a function: what it
             makes of what Redis says
    request  a function: what it makes of the command goes to Redis
    having   bytes that must be in the command
    pace     so many seconds pass before each byte of the reply
    end      afterwards the link is closed ("fin"), reset ("rst") or silent
             ("hang")
    then     is called before the reply is sent
    """

    def __init__(self, command, reply=None, *, times=1, having=b"",
                 request=None, pace=0, end=None, then=None):
        self.command = command
        self.reply = reply
        self.times = times
        self.having = having
        self.request = request
        self.pace = pace
        self.end = end
        self.then = then
        self.struck = 0
        self.left = 0                   # links that broke afterwards

    def concerns(self, name, raw):
        return self.times > 0 and self.command in ("*", name) \
            and self.having in raw

    def asks(self):
        """Does Redis have to be asked?"""
        return self.reply is None or callable(self.reply)

    def wait(self, times=1, timeout=PATIENCE):
        """Waits until the fault has been used that often, and has broken each
        of these connections."""
        wait_for(f"{self.command} to be struck {times} times",
                 lambda: self.struck >= times and self.left >= times, timeout)


class Link:
    """One connection; replies keep the order of their commands."""

    def __init__(self, fake, client, redis):
        self.fake = fake
        self.client = client
        self.redis = redis
        self.due = collections.deque()
        self.struck = []
        self.silent = False
        self.over = False
        self.gone = False               # with the lock of fake

    def leave(self):
        """Whoever cuts a link takes no fault away with it.  Holding the lock:
        the next connection must meet them all."""
        if not self.gone:
            self.gone = True
            for fault in filter(None, self.due):
                fault.times += 1

    def cut(self):
        self.leave()
        for s in filter(None, (self.client, self.redis)):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def run(self):
        got = {self.client: b""}
        with selectors.DefaultSelector() as selector:
            for s in filter(None, (self.client, self.redis)):
                got[s] = b""
                selector.register(s, selectors.EVENT_READ)
            while not self.over:
                for key, _ in selector.select():
                    data = key.fileobj.recv(1 << 18)
                    if not data:
                        return
                    if key.fileobj is self.client and not self.due:
                        self.fake.rounds += 1
                    got[key.fileobj] += data
                got[self.client] = self.requests(got[self.client])
                if self.redis:
                    got[self.redis] = self.replies(got[self.redis])
                else:
                    self.replies(b"")

    def requests(self, data):
        at, out = 0, []
        while end := end_of(data, at):
            raw, at = data[at:end], end
            fault = self.fake.fault(raw, self)
            if self.redis and (fault is None or fault.asks()
                               or fault.request):
                out.append(fault.request(raw) if fault and fault.request
                           else raw)
        if out:
            self.redis.sendall(b"".join(out))
        return data[at:]

    def replies(self, data):
        # as one, like Redis: many small ones would fill a socket's buffer
        sent = at = 0
        while self.due and not (self.silent or self.over):
            fault, end = self.due[0], at
            if fault is None or fault.asks():
                end = end_of(data, at)
                if not end:
                    break
            with self.fake.lock:
                if self.gone:
                    raise ConnectionAbortedError
                self.due.popleft()
            if fault:
                self.client.sendall(data[sent:at])
                self.strike(fault, data[at:end])
                sent = end
            at = end
        self.client.sendall(data[sent:at])
        return data[at:]

    def strike(self, fault, real):
        self.struck.append(fault)
        fault.struck += 1
        if fault.then:
            fault.then()
        reply = real if fault.reply is None \
            else fault.reply(real) if callable(fault.reply) else fault.reply
        if not isinstance(reply, bytes):
            for part in reply:
                self.client.sendall(part)
        elif fault.pace:
            for i in range(len(reply)):
                time.sleep(fault.pace)
                self.client.sendall(reply[i:i + 1])
        else:
            self.client.sendall(reply)
        if fault.end == "rst":
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.over = fault.end in ("fin", "rst")
        self.silent = fault.end == "hang"


class FakeRedis:
    """Forwards to the Redis at the socket upstream, if one is given.  Listens
    on TCP, or in a directory on a unix socket."""

    def __init__(self, upstream=None, directory=None):
        self.upstream = upstream
        self.users = upstream is not None       # as servers.Redis has it
        self.faults = []
        self.met = []                   # when somebody connected
        self.seen = collections.Counter()
        self.rounds = 0                 # commands sent when no reply was due
        self.lock = threading.Lock()
        self.links = set()
        self.threads = []
        self.ending = False
        if directory:
            self.url = f"unix:{directory}/fake.sock"
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(f"{directory}/fake.sock")
            self.listener.listen()
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.url = "redis://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start(self.accept)

    def on(self, command, reply=None, **kw):
        """Adds a fault; those added earlier come first."""
        fault = Fault(command, reply, **kw)
        with self.lock:
            self.faults.append(fault)
        return fault

    def fault(self, raw, link):
        """What becomes of this command, which is due on the link now."""
        name = raw.split(b"\r\n", 3)[2].decode("latin-1").upper()
        with self.lock:
            if link.gone:
                raise ConnectionAbortedError
            self.seen[name] += 1
            fault = next((f for f in self.faults if f.concerns(name, raw)),
                         None)
            if fault:
                fault.times -= 1
            link.due.append(fault)
        return fault

    def heal(self):
        """Removes all faults."""
        with self.lock:
            self.faults.clear()

    def to(self, upstream):
        """Forwards to another Redis from now on, and closes all connections."""
        self.upstream = upstream
        self.cut()

    def cut(self):
        with self.lock:
            for link in self.links:
                link.cut()

    # what goes on behind

    def start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while not self.ending:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.met.append(time.monotonic())
            self.start(self.serve, client)

    def serve(self, client):
        redis = socket.socket(socket.AF_UNIX) if self.upstream else None
        link = Link(self, client, redis)
        with self.lock:
            self.links.add(link)
        try:
            if client.family == socket.AF_INET:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if redis:
                redis.connect(self.upstream)
            link.run()
        except OSError:
            pass
        finally:
            with self.lock:
                self.links.remove(link)
                link.leave()
            client.close()
            if redis:
                redis.close()
            for fault in link.struck:
                fault.left += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.ending = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive()
