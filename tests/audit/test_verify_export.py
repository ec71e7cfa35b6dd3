# Copyright (C) 2026 paylock contributors
#
# What is done to the lines of an export.

import json

from support import trail as t
from support.trail import entry_line, header, line
from support.two_hundred import (
    ALICE, BASE, BOB, CAROL, ENTRIES, HEAD, HOSTS, LINES, MALLORY, PINNED,
    SEQS, Prefixes, check)


EXPORT = t.path(ENTRIES, HOSTS[3], [SEQS[PINNED]])
EXPORT_HEAD = header(*BASE.head(), HOSTS[3])


def test_an_export(tmp_path):
    """Whatever is done to a line is found, if not always in its place."""
    point = line({"checkpoint": t.checkpoint(CAROL, *BASE.head())})
    items = [json.loads(text) for text in EXPORT]
    hashes = [dict(ENTRIES)[item["seq"]]["hash"] for item in items]
    full = [i for i, item in enumerate(items) if item.get("host")]
    assert sum("leaf" in item for item in items) > 50
    prefixes = Prefixes(EXPORT_HEAD, EXPORT)
    cases = [("whole", EXPORT_HEAD, EXPORT, None, None),
             ("with a checkpoint", EXPORT_HEAD, [*EXPORT, point], None, None)]

    def case(name, i, *lines, n=1, kinds=("edit", "fork", "gap", "signature",
                                           "key")):
        cases.append((f"{items[i]['seq']} {name}", EXPORT_HEAD,
                      [*EXPORT[:i], *lines, *EXPORT[i + n:]], set(kinds),
                      None))

    for i, item in enumerate(items):
        # to pass over lines by the skip of the next is another way
        if not i or i + 1 == len(items) or (
                items[i + 1]["skip"] != hashes[i - 1]):
            case("gone", i)
        elif i in full[:-1]:
            case("left out", i, kinds={"gap", "signature"})
        if not i or i + 2 >= len(items) or (
                items[i + 2]["skip"] != hashes[i - 1]):
            case("and the next gone", i, n=2)
        case("twice", i, EXPORT[i], EXPORT[i])
        case("before the next", i, *reversed(EXPORT[i:i + 2]), n=2) \
            if i + 1 < len(items) else None
        for link in "prev", "skip":
            case(f"another {link}", i, line({**item, link: "0" * 63 + "1"}))
        if "leaf" not in item:
            leaf = {"seq": item["seq"], "leaf": t.entry_leaf(
                {k: v for k, v in item.items() if k != "seq"}),
                "prev": item["prev"], "skip": item["skip"]}
            case("another", i, entry_line(item["seq"], {
                **item, "reason": "paid"}))
            if item.get("host") and i != full[-1]:
                case("hidden", i, line(leaf), kinds={"gap", "signature"})
            # by its skip a way may pass over what was given up
            if (item["action"] == "adopt"
                    and item["skip"] != hashes[i - 1]):
                case("hidden", i, line(leaf))
            continue
        case("another leaf", i, line({**item, "leaf": "0" * 64}))
        case("no leaf", i, line({**item, "leaf": "0" * 63}))
        case("another seq", i, line({**item, "seq": item["seq"] + 1}))
        if "sig" in item:
            bare = {name: item[name] for name in ("seq", "leaf", "prev",
                                                  "skip")}
            # the next signature of that key would be as good
            if next((after["key"] for after in items[i + 1:]
                     if "sig" in after), None) != item["key"]:
                case("not signed", i, line(bare))
            case("no key", i, line({**bare, "sig": item["sig"]}))
            case("another key", i, line({**item, "key": MALLORY.public}))
            case("another sig", i, line({**item, "sig": "0" * 128}))
            case("another root", i, line({**item, "root": "0" * 64}))
    assert len(cases) > 500
    assert check(cases, tmp_path, prefixes) == 10


def test_a_checkpoint_in_an_export(tmp_path):
    chain, seq, hash = BASE.head()

    def case(name, text, kind):
        return name, HEAD, [*LINES, line({"checkpoint": text})], {kind}, {seq}

    good = t.checkpoint(ALICE, chain, seq, hash)
    cases = [
        case("of nobody", t.checkpoint(MALLORY, chain, seq, hash), "key"),
        case("revoked", t.checkpoint(BOB, chain, seq, hash), "key"),
        case("of another", t.checkpoint(ALICE, chain, seq, "0" * 64), "fork"),
        case("changed", good.replace("time 1", "time 2"), "signature"),
        case("longer", good + "\n", "signature"),
        case("no text", 5, "signature"),
        ("early", HEAD, [line({"checkpoint": good}), *LINES], {"fork"},
         {seq})]
    assert check(cases, tmp_path) == 10


def test_the_first_line(tmp_path):
    chain, seq, hash = BASE.head()
    cases = [
        ("hash", header(chain, seq, "0" * 64), LINES, {"edit"}, {0}),
        ("less", header(chain, seq - 1, hash), LINES, {"edit"}, {0}),
        ("more", header(chain, seq + 9, hash), LINES, {"gap"}, {seq + 1})]
    assert check(cases, tmp_path) == 10
