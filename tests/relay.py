# Copyright (C) 2026 paylock contributors

import socket
import threading


class Relay:
    """A socket in front of whichever Redis is the primary just now."""

    users = True

    def __init__(self, path):
        self.path = path
        self.links = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "redis://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.ending = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        self.listener.settimeout(0.05)
        while not self.ending:
            try:
                near, _ = self.listener.accept()
            except TimeoutError:
                continue
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.path)
            except OSError:
                near.close()
                far.close()
                continue
            self.links.append((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(a, b),
                                 daemon=True).start()

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def to(self, path):
        """From now on there; who is connected is cut off."""
        self.path = path
        links, self.links = self.links, []
        for near, far in links:
            for s in (near, far):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def stop(self):
        self.ending = True
        self.thread.join()
        self.to(self.path)
        self.listener.close()
