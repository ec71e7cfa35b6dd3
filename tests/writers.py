# Copyright (C) 2026 paylock contributors
#
# Several writers of one chain, at a rate: what a busy day would look like.

import contextlib
import random
import threading
import time

import redis as redis_py

from chain import AUDIT, LOCKED, LOCKS, OPEN, Chain, text

BATCH = 5


class Writer(Chain):
    """Writes beside others, as paylock-admin does: it watches both keys,
    and looks where the chain ends before it adds to it."""

    def flip(self, *changes):
        """One transaction.  False: somebody else was faster, there is no
        chain, or Redis went away and nobody knows whether it was done."""
        try:
            with self.client.pipeline() as p:
                p.watch(LOCKS, AUDIT)
                if self.look(p) is None:
                    return False
                before = p.hmget(LOCKS, [host for host, _ in changes])
                p.multi()
                for (host, record), was in zip(changes, before):
                    self.queue(p, host, text(record), was or "")
                p.execute()
                return True
        except (redis_py.WatchError, redis_py.ConnectionError):
            return False

    def queue(self, p, host, after, was):
        entry = self.entry(self.seq + 1, self.hash, action="lock", host=host,
                           before=was, after=after)
        self.seq, self.hash = self.seq + 1, entry["hash"]
        p.xadd(AUDIT, entry, id=f"{self.seq}-0")
        if after:
            p.hset(LOCKS, host, after)
        else:
            p.hdel(LOCKS, host)


class Writers:
    """n threads that flip the same hosts, together `rate` times a second as
    far as Redis lets them."""

    def __init__(self, redis, hosts, rate, n=4):
        self.flips = 0
        self.lost = 0
        self.ending = False
        self.lock = threading.Lock()
        self.pause = n * BATCH / rate
        self.turns = [threading.Lock() for _ in range(n)]
        self.threads = [
            threading.Thread(target=self.run, args=(Writer(redis), hosts, turn))
            for turn in self.turns]

    def run(self, writer, hosts, turn):
        due = time.monotonic()
        while not self.ending:
            with turn:
                done = writer.flip(*(
                    (host, random.choice([LOCKED, OPEN, None]))
                    for host in random.sample(hosts, BATCH)))
            with self.lock:
                self.flips += BATCH * done
                self.lost += not done
            # what was missed while Redis was away is not made up for
            due = max(due + self.pause, time.monotonic() - 1) if done \
                else time.monotonic() + 0.01
            time.sleep(max(0, due - time.monotonic()))

    @contextlib.contextmanager
    def paused(self):
        with contextlib.ExitStack() as stack:
            for turn in self.turns:
                stack.enter_context(turn)
            yield

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        for thread in self.threads:
            thread.join()
