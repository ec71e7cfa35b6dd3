# Copyright (C) 2026 paylock contributors
#
# Several writers of one chain at a given rate.

import random
import threading
import time

import redis as redis_py

from support.chain import AUDIT, LOCKED, LOCKS, OPEN, Chain, text

# changes in a transaction: as a rule, and at most
BATCH, MOST = 25, 250


class Writer(Chain):
    """Writes beside others, as paylock-admin does: it watches both keys,
    and looks where the chain ends before it adds to it."""

    def change(self, *changes):
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
        except (redis_py.WatchError, redis_py.ConnectionError, OSError):
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
    """n threads that change the same hosts, together `rate` times a second.
    What is missed while Redis is away is made up for afterwards.  They take
    turns: whom they race with is everybody else."""

    def __init__(self, redis, hosts, rate, n=4):
        self.done = [0] * n
        self.failed = [0] * n
        self.ending = False
        self.share = rate / n
        self.turn = threading.Lock()
        self.threads = [
            threading.Thread(target=self.run, args=(i, Writer(redis), hosts))
            for i in range(n)]

    @property
    def changes(self):
        return sum(self.done)

    @property
    def lost(self):
        """Transactions in vain: a race lost, or no Redis."""
        return sum(self.failed)

    def run(self, i, writer, hosts):
        begin = time.monotonic() \
            + i * BATCH / self.share / len(self.threads)
        while not self.ending:
            late = time.monotonic() - begin - self.done[i] / self.share
            if late < 0:
                time.sleep(min(-late, 0.1))
                continue
            size = min(BATCH + int(late * self.share), MOST)
            with self.turn:
                done = writer.change(*(
                    (host, random.choice([LOCKED, OPEN, None]))
                    for host in random.sample(hosts, size)))
            self.done[i] += size * done
            self.failed[i] += not done
            # whoever waits for the turn has it now
            time.sleep(random.uniform(0.001, 0.01))

    def paused(self):
        """As long as with, none of them writes."""
        return self.turn

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        for thread in self.threads:
            thread.join()
