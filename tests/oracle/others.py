# Copyright (C) 2026 paylock contributors
#
# Locks that opened a host which the record of another name closed: "Records" in
# docs/audit-format.md, a second time.

from oracle import model, rule

OPENS = "unlock", "reset", "import"


def stages(record, now):
    return [model.stage(record, now, base) for base in rule.BASES]


class Others:
    def __init__(self):
        self.records = {}
        self.looser = {}                # host -> the entry, stages before it

    def take(self, rows):
        """The rows of a transaction, which do not see each other."""
        self.records.update([self.row(*row) for row in rows])

    def row(self, seq, host, before, after, _prior, action):
        try:
            begins = action == "lock" and not model.means_something(
                rule.record(before))
        except rule.Unfit:
            begins = False
        new = rule.record(after) or {}
        now = new.get("at", 0)
        if begins and host not in self.looser:
            self.looser[host] = seq, max(
                (stages(self.records[field], now)
                 for field in model.holders(self.records, host)),
                default=[0, 0])
        if host in self.looser and (action in OPENS or not any(
                one < was for one, was in
                zip(stages(new, now), self.looser[host][1]))):
            del self.looser[host]
        return host, new

    def faults(self):
        return [("flags", min(seq for seq, _ in self.looser.values()))] \
            if self.looser else []
