# Copyright (C) 2026 paylock contributors
#
# What records mean and what commands write, implemented a second time from
# docs/timeline.md and docs/paylock-admin.md.  A record is a dict, or None where
# there is none; times are Unix seconds.

import json

STAGES = ("open", "notice", "readonly", "locked")

# in the order in which they may come, and what ends them
CLOSING = ("notice_at", "readonly_at", "lock_at")
TIMES = (*CLOSING, "open_at")


def load(value):
    """The record in a field of Redis; bare values written by hand are records
    as well."""
    if value is None:
        return None
    if value in ("1", "true", "locked", '"locked"'):
        return {"at": 0, "lock_at": 0}
    if value in ("0", "false", "open", '"open"'):
        return {"at": 0, "open_at": 0}
    record = json.loads(value)
    if isinstance(record, dict):
        # which entry wrote it says nothing of the site
        record.pop("entry", None)
    return record


# what a record means

def come(record, name, now):
    return name in record and (record[name] <= now or record[name]
                               <= record.get("at", -1))


def ended(record, name, now):
    """Was the site opened since?"""
    return (name in record and come(record, "open_at", now)
            and record[name] < record["open_at"])


def holds(record, name, now):
    return come(record, name, now) and not ended(record, name, now)


def stage(record, now, default="open"):
    """The stage as a number; default applies where nothing was opened."""
    base = 0 if come(record, "open_at", now) else STAGES.index(default)
    return max([base, *(n for n, name in enumerate(CLOSING, 1)
                        if holds(record, name, now))])


def means_something(record):
    return record is not None and any(name in record for name in TIMES)


def holders(records, host):
    """The fields whose records apply to a host or suffix: none, one, or two of
    equal length, of which the stricter one counts."""
    name = host.removeprefix("*").removeprefix(".")
    if name == host:
        for field in (name, name.removeprefix("www.")):
            if means_something(records.get(field)):
                return [field]
    fields = ["." + name]
    if host.startswith("*"):
        fields.append("*." + name)
    while name:
        found = [f for f in fields if means_something(records.get(f))]
        if found:
            return found
        name = name.partition(".")[2]
        fields = ["." + name, "*." + name]
    return []


def enforced(records, host, now, default="open"):
    """What nginx enforces."""
    return STAGES[max((stage(records[field], now, default)
                       for field in holders(records, host)),
                      default=STAGES.index(default))]


def status(records, host, now):
    """What paylock-admin status prints: the stage, the fields whose record it
    may be, and what comes next."""
    fields = holders(records, host)
    if not fields:
        return "default", [None], None

    def strictest(when, default):
        return max(stage(records[field], when, default) for field in fields)

    strict = strictest(now, "open")
    told = STAGES[strict]
    if strict == 0 and strictest(now, "locked") > 0:
        told = "default"

    later = sorted({records[field][name] for field in fields
                    for name in TIMES if name in records[field]
                    and not come(records[field], name, now)})
    coming = [(when, n, STAGES[strictest(when, default)])
              for n, default in enumerate(("open", "locked"))
              for when in later
              if strictest(when, default) != strictest(now, default)]
    following = min(coming, default=None)
    return (told, [field for field in fields
                   if stage(records[field], now) == strict],
            following and (following[2], following[0]))


# what the commands make of them

class Refused(Exception):
    """Exit status 2; nothing is changed."""


def rewritten(record, now):
    """Times that have passed by the clock of a writer who was ahead are
    lowered to now."""
    new = dict(record or {})
    for name in TIMES:
        if name in new and now <= new[name] <= new.get("at", -1):
            if ended(record, name, now):
                del new[name]
            else:
                new[name] = now
    new["at"] = now
    return new


def settle(record, new, changed=False):
    """The new record, or the old one if they mean the same."""
    def said(r):
        return {k: v for k, v in r.items() if k not in ("at", "actor")}
    if (not changed and record is not None
            and said(rewritten(record, new["at"])) == said(new)):
        return record
    return {**new, "actor": "tester"}


def arguments(now, at=None, until=None, notice=None, readonly=None):
    """The times that a lock sets, None for now; refused if they are out of
    order."""
    given = {"notice_at": notice, "readonly_at": readonly, "lock_at": at,
             "open_at": until}
    given = {k: v for k, v in given.items() if v is not None}
    if notice is None and readonly is None:
        given.setdefault("lock_at", now)
    if until is not None and until <= now:
        raise Refused
    row = [given[name] for name in TIMES if name in given]
    if row != sorted(row) or until is not None and row[-1] in row[:-1]:
        raise Refused
    return given


def lock(records, host, asked, now, reason=None, invoice=None, ref=None,
         **moments):
    """asked: when the command started; now: when it wrote."""
    given = arguments(asked, **moments)
    immediate = [n for n in CLOSING if given.get(n, asked + 1) <= asked]
    until = given.get("open_at")
    own = old = records.get(host)

    # another record holds for it: a plan must not end that
    if not means_something(old) and "lock_at" not in immediate:
        fields = holders(records, host)
        if fields:
            old = max((records[f] for f in fields), key=lambda r: (
                stage(r, now), stage(r, now, "locked")))
            # beside stages and "at", what the record has is its own
            old = {**old, **{k: v for k, v in (own or {}).items()
                             if k != "at"}}
    before = old or {}

    shuts = [n for n in immediate if n != "notice_at"]
    opened = come(before, "open_at", now)
    if until and opened and not shuts:
        raise Refused
    for name in CLOSING:
        if (name in given and name not in immediate and not until
                and not opened and holds(before, name, now)
                and before.get("open_at", 1 << 32) <= given[name]):
            raise Refused

    new = rewritten(before, now)
    settled = all(holds(before, n, now) and holds(before, n, before.get(
        "at", 0)) for n in immediate)
    if not settled and shuts and opened:
        for name in CLOSING:
            if ended(before, name, now):
                new.pop(name, None)
        del new["open_at"]
    for name in CLOSING:
        if name in given and not holds(before, name, now):
            when = now if given[name] == asked else given[name]
            if name in immediate and when < new.get("open_at", 0) <= now:
                when = new["open_at"]
            new[name] = when
    if until:
        new["open_at"] = until

    # a case that is closed leaves no words for the next
    if own is None or not any(n in own and not ended(own, n, now)
                              for n in CLOSING):
        new.pop("reason", None)
        new.pop("invoice", None)
    new.update({k: v for k, v in (("reason", reason), ("invoice", invoice),
                                  ("ref", ref)) if v})
    new.setdefault("ref", "made up")

    # whatever was asked, this is what it must come to; a slow command may
    # write when its --until has come
    for default in ("open", "locked") if not until or now < until else ():
        was = stage(before, now, default)
        want = max([was, *(n for n, name in enumerate(CLOSING, 1)
                           if name in immediate)])
        assert stage(new, now, default) >= want, (before, given, new)
        if all(given.get(name, now + 1) > now for name in CLOSING):
            assert stage(new, now, default) == was, (before, given, new)
    new = settle(own, new, not settled)

    # the record holds for "www." too, and must not end what holds there
    www = "www." + host
    if host[0] not in "*." and new is not own and not means_something(own) \
            and www not in (above := holders(records, www)) \
            and any(stage(new, now, default) < stage(records[field], now,
                                                     default)
                    for field in above for default in ("open", "locked")):
        raise Refused

    # passes of before are not for this lock
    if new is not own and stage(before, now) < STAGES.index("locked"):
        at = (own or {}).get("at", -1)
        new["pass_after"] = max(at + 1 if at >= now else now,
                                new.get("pass_after", 0))
    return new


def unlock(records, host, asked, now, reason=None, until=None):
    if until is not None and until <= asked:
        raise Refused
    old = records.get(host)
    before = old or {}

    at = before.get("at", 0)
    planned = status({host: before}, host, at)[2] \
        if means_something(before) else None
    settled = (stage(before, at, "locked") == 0
               and planned == (until and ("locked", until)))
    new = rewritten(before, now)
    if not settled:
        if stage(before, now, "locked") != 0:
            new["open_at"] = now
        for name in (*CLOSING, "reason", "invoice"):
            new.pop(name, None)
        if until:
            new["lock_at"] = until
    if reason:
        new["reason"] = reason
    # a slow command may write when its --until has come
    assert stage(new, now, "locked") == 0 or until and until <= now
    return settle(old, new, not settled)


def reset(records, host, asked, now):
    """What is left says nothing, but that passes are revoked."""
    old = records.get(host)
    if old is None:
        return None
    kept = {name: old[name] for name in ("pass_after",) if name in old}
    return settle(old, {"at": now, **kept})
