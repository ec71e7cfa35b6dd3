# Copyright (C) 2026 paylock contributors
#
# A terminal, and a command that runs on it.

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading

END = b"\0end\0"


class Terminal:
    """What the command writes to its terminal is read as it comes.  "streams"
    go elsewhere: stdout=subprocess.PIPE."""

    def __init__(self, admin, *args, width=80, env=None, **streams):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("4H", 24, width, 0, 0))
        self.process = subprocess.Popen(
            admin.argv(*args), env={**admin.env, **(env or {})},
            **{"stdin": self.slave, "stdout": self.slave,
               "stderr": self.slave, **streams})
        self.read = b""

    @property
    def shown(self):
        return self.read.decode().replace("\r\n", "\n")

    def wait(self, text):
        while text not in self.read.decode(errors="replace"):
            self._more()

    def answer(self, question, text):
        self.wait(question)
        assert not self.echoes()
        self.type(text)
        self.read = self.read.partition(question.encode())[2]

    def type(self, text):
        os.write(self.master, text.encode() + b"\n")

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def end(self):
        """Its status, and what it wrote elsewhere.  The terminal stays open
        till all is read: what is written just before it is closed may be
        lost in Linux."""
        elsewhere = []
        ended = threading.Thread(target=self._ended, args=(elsewhere,))
        ended.start()
        while END not in self.read:
            self._more()
        ended.join()
        self.read = self.read.replace(END, b"")
        echoes = self.echoes()
        os.close(self.master)
        os.close(self.slave)
        assert echoes
        return self.process.returncode, "".join(elsewhere)

    def _more(self):
        ready, _, _ = select.select([self.master], [], [], 120)
        assert ready, self.read
        self.read += os.read(self.master, 65536)

    def _ended(self, elsewhere):
        try:
            elsewhere += [text.decode() for text
                          in self.process.communicate(timeout=120) if text]
        finally:
            os.write(self.slave, END)
