# Copyright (C) 2026 paylock contributors

import socket
import struct
import threading

NXDOMAIN = 3


class NameServer:
    """A DNS server that knows one name, with the addresses in answer."""

    def __init__(self, name):
        self.name = name
        self.answer = []                # IPv4 addresses; None: no word at all
        self.asked = 0                  # for an IPv4 address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.05)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.ending = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending:
            try:
                query, peer = self.socket.recvfrom(512)
            except TimeoutError:
                continue
            reply = self.reply(query)
            if reply is not None:
                self.socket.sendto(reply, peer)

    def reply(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind, = struct.unpack("!H", question[-4:-2])
        answer = self.answer
        self.asked += kind == 1
        if answer is None:
            return None
        known = ".".join(labels).lower() == self.name and answer
        addresses = answer if known and kind == 1 else []
        return (query[:2] + struct.pack(
            "!HHHHH", 0x8180 | (0 if known else NXDOMAIN), 1,
            len(addresses), 0, 0) + question
            + b"".join(struct.pack("!HHHIH", 0xc00c, 1, 1, 1, 4)
                       + socket.inet_aton(address) for address in addresses))

    def stop(self):
        self.ending = True
        self.thread.join()
        self.socket.close()
