# Copyright (C) 2026 paylock contributors
#
# Locks that opened a host which something else closed: "Records" in
# docs/audit-format.md, a second time.  What is in Redis it does not know.

from oracle import model, rule

OPENS = "unlock", "reset", "import"
SLOW = 600                              # seconds that a command may take
DEFAULTS = [0, model.STAGES.index("locked")]


def stages(record, now):
    return [model.stage(record, now, base) for base in rule.BASES]


def record(text):
    try:
        return rule.record(text) or {}
    except rule.Unfit:
        return {}


def ended(new):
    """Is it a slow lock with --until, whose end has come?"""
    end, now = new.get("open_at", -1), new.get("at", -1)
    return "open_at" in new and "at" in new and 0 <= now - end <= SLOW \
        and any(new.get(name, end) < end for name in model.CLOSING)


class Others:
    def __init__(self):
        self.history = {}               # host -> [(seq, record)]
        self.since = {}                 # host -> what came since a plan began

    def take(self, rows, unknown):
        """The rows of a transaction, which do not see each other.
        unknown(prior): may there be a record of no entry before?"""
        for seq, host, before, after, prior, action in rows:
            was, new = record(before), record(after)
            if host not in self.history:
                self.history[host] = [(-1, was)] if unknown(prior) else []
            begins = action == "lock" and not ended(new) \
                and not model.means_something(was)
            if begins or host in self.since:
                self.since.setdefault(host, []).append(
                    (rows[0][0], seq, action, begins, new))
            self.history[host].append((seq, new))

    def held(self, begin, host, now):
        """What the stages were before that transaction began."""
        def then(field):
            found = [r for seq, r in self.history.get(field, ())
                     if seq < begin]
            return found[-1] if found and field != host else None

        def stages_of(name):
            fields = model.holders(Then(then), name)
            return [0, 0] if name != host and fields == [name] else max(
                (stages(then(field), now) for field in fields),
                default=DEFAULTS)
        both = [stages_of(host)]
        if host[0] not in "*." and len(host) + 4 <= 253:
            both.append(stages_of("www." + host))
        return [max(one) for one in zip(*both)]

    def faults(self):
        first = [self.looser(host) for host in self.since]
        return [("flags", min(filter(None, first)))] if any(first) else []

    def looser(self, host):
        """The lock that opened it; 0: none, or it is over."""
        lock = 0
        for begin, seq, action, begins, new in self.since[host]:
            now = new.get("at", 0)
            if begins and not lock:
                lock, started = seq, begin
            if lock and (action in OPENS or not any(
                    one < was for one, was in zip(
                        stages(new, now), self.held(started, host, first
                                                    if lock != seq else now)))):
                lock = 0
            elif lock == seq:
                first = now
        return lock


class Then(dict):
    """Records as model.py takes them."""

    def __init__(self, then):
        self.get = then
