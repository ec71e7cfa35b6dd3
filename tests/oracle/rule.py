# Copyright (C) 2026 paylock contributors
#
# What an entry may do to the record of its host: the table of
# docs/audit-format.md, a second time.

import functools
import json

from oracle import model

CHANGES = {"lock", "unlock", "reset", "import", "protect", "unprotect",
           "notice", "pass-issue", "pass-revoke"}
OTHERS = {"init", "adopt", "archive", "token-create", "token-revoke"}
BASES = "open", "locked"


class Unfit(Exception):
    pass


def must(fits):
    if not fits:
        raise Unfit


def unique(pairs):
    must(len(dict(pairs)) == len(pairs))
    return dict(pairs)


def record(text):
    """A record as nginx reads it, None where there is none; Unfit if it is
    none."""
    if text == "":
        return None
    text = text.strip(" \t\r\n")
    bare = {"locked": "lock_at", "1": "lock_at", "true": "lock_at",
            '"locked"': "lock_at", "open": "open_at", "0": "open_at",
            "false": "open_at", '"open"': "open_at"}
    if text in bare:
        return {"at": 0, bare[text]: 0}
    try:
        found = json.loads(text, object_pairs_hook=unique)
    except ValueError:
        raise Unfit from None
    must(isinstance(found, dict))
    for name in ("at", "pass_after", *model.TIMES):
        must(type(found.get(name, 0)) is int
             and 0 <= found.get(name, 0) < 2 ** 32)
    ref = found.get("ref")
    if not isinstance(ref, str) or not 1 <= len(ref) <= 16 \
            or not ref.isascii() \
            or not all(c.isalnum() or c in "._-" for c in ref):
        found.pop("ref", None)
    return found


def moments(now, *records):
    """When anything may change, from now on."""
    return [now] + [r[name] for r in records for name in model.TIMES
                    if r.get(name, 0) > now]


def course(record, whens):
    return [model.stage(record, when, base) for when in whens
            for base in BASES]


def is_protected(record):
    return record.get("protected") not in (None, False)


@functools.lru_cache(100000)
def needs(action, seq, host, before, after):
    """The actions that the signer must be allowed, or Unfit."""
    must(action in CHANGES | OTHERS)
    if action in OTHERS:
        must(not host and not before and not after)
        return {action, "adopt"} if action == "archive" else {action}
    must(host)
    new = record(after)
    if new is None:
        must(action == "reset")
        new = {"entry": seq}
    must(type(new.get("entry")) is int and new["entry"] == seq)
    try:
        old = record(before) or {}
    except Unfit:
        old = {}
    if action in ("notice", "pass-issue"):
        must({**old, "entry": seq} == new)
        return {action}
    return {action} | by_action(action, old, new)


def by_action(action, old, new):
    now = new.get("at", 0)
    whens = moments(now, old, new)
    was, will = course(old, whens), course(new, whens)
    revoked = new.get("pass_after", 0) - old.get("pass_after", 0)

    must(revoked == 0 or (revoked > 0 and action in ("lock", "import",
                                                     "pass-revoke")))
    must(is_protected(new) == {"protect": True, "unprotect": False}.get(
        action, is_protected(old)))
    if action in ("pass-revoke", "unprotect"):
        must(was == will and old.get("ref") == new.get("ref"))
        return set()
    if is_protected(new):
        # open servers stay open
        must(max(will[::2]) < model.STAGES.index("readonly"))
    if action == "lock":
        if model.means_something(old):
            must(will[0] >= was[0] and will[1] >= was[1])
        return {"unlock"} if any(a < b for a, b in zip(will, was)) else set()
    if action == "unlock":
        must(will[1] == 0)
        return {"lock"} if any(a > b for a, b in zip(will, was)) else set()
    if action == "reset":
        must(is_protected(new) or not model.means_something(new))
    if action == "protect":
        must(max(will) == 0 and will[::2] == was[::2])
    return set()


def counts(signer_may, action, seq, entry):
    """Does the entry fit, and may a signer of these actions (None: of all)
    sign it?"""
    try:
        wanted = needs(action, seq, entry.get("host", ""),
                       entry.get("before", ""), entry.get("after", ""))
    except Unfit:
        return False
    return signer_may is None or wanted <= set(signer_may)
