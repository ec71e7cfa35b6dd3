# Copyright (C) 2026 paylock contributors
#
# Which record applies to a request, implemented a second time from
# docs/directives.md, with as much of nginx as is needed to find the server of
# a name.

import itertools
import re

from oracle import model

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def can_have_record(name):
    """Is it a host name?"""
    labels = name.split(".")
    return len(name) <= 253 and all(map(LABEL.fullmatch, labels)) \
        and not re.fullmatch(r"[0-9]+", labels[-1]) and name != "_"


def parse(header):
    """The name that nginx reads from a Host header; None: it answers 400."""
    host = header.lower()
    if host.startswith("["):
        host = host[:host.index("]") + 1]
    else:
        host = host.partition(":")[0]
    if not host or ".." in host or re.search(r"[\x00-\x20/]", host):
        return None
    host = host.removesuffix(".")
    return host or None


# a server's names, as nginx has them

def matches(pattern, host):
    """How well a server_name pattern matches the host: 0 not at all; nginx
    takes the greatest."""
    if pattern.startswith("~"):
        return 1 if re.search(pattern[1:], host) else 0
    if pattern.startswith("*."):
        return 2000 + len(pattern) if host.endswith(pattern[1:]) \
            and len(host) > len(pattern) - 1 else 0
    if pattern.startswith("."):
        if host == pattern[1:]:
            return 5000
        return 2000 + len(pattern) + 1 if host.endswith(pattern) else 0
    if pattern.endswith(".*"):
        return 1000 + len(pattern) if host.startswith(pattern[:-1]) else 0
    return 5000 if host == pattern else 0


class Server:
    """A server block; the first of an address is its default server."""

    def __init__(self, names, on=True, default="open", key=None,
                 locations=None):
        self.names = names
        self.on = on                    # the server's own word
        self.default = default
        self.key = key                  # a name, or "$arg_k"
        self.locations = locations or {}    # path -> on, or None: inherited

    def own(self, host):
        return can_have_record(host) and any(
            matches(name, host) for name in self.names)


def choose(servers, host):
    """The server block for a name."""
    if host is None:
        return servers[0]
    best = max(servers, key=lambda server: max(
        (matches(name, host) for name in server.names), default=0))
    return best if any(matches(n, host) for n in best.names) else servers[0]


# which record holds

class Judge:
    def __init__(self, records, now):
        self.records = records
        self.now = now

    def by_name(self, host, default):
        """Rules 1, 2, 3 and 5."""
        return model.STAGES.index(
            model.enforced(self.records, host, self.now, default))

    def by_key(self, key, default):
        """All rules but 2."""
        if model.means_something(self.records.get(key)):
            return model.stage(self.records[key], self.now, default)
        return self.by_suffix(key, False, default)

    def by_suffix(self, name, below, default):
        """Rules 3 and 5, of a name or of what is below it."""
        fields = [f".{name}"] + [f"*.{name}"] * below
        while name:
            found = [self.records[f] for f in fields
                     if model.means_something(self.records.get(f))]
            if found:
                return max(model.stage(r, self.now, default) for r in found)
            name = name.partition(".")[2]
            fields = [f".{name}", f"*.{name}"]
        return model.STAGES.index(default)

    def holds(self, host):
        """Does a record apply to the name, by rules 1 to 3?"""
        return bool(model.holders(self.records, host))

    def strictest(self, server, odd):
        """Rule 4: the strictest of the server's names.  odd: names that cannot
        have a record count with their suffix or the default."""
        stages = []
        for name in server.names:
            bare = name.removeprefix("*").removeprefix(".")
            if name.startswith("~") or name.endswith(".*") or name == "_" \
                    or not can_have_record(bare) and not odd:
                continue
            if not name.startswith("*"):
                stages.append(self.by_name(bare, server.default))
            if name[0] in "*.":
                stages.append(self.by_suffix(bare, True, server.default))
        return max(stages, default=model.STAGES.index(server.default))

    def of(self, server, host, second=False):
        """The stages that are possible for a name at a server; None: it has no
        such name.  More than one where the documentation leaves open what
        an odd name does among others."""
        strictest = {self.strictest(server, False),
                     self.strictest(server, True)}
        if host is None or not self.holds(host) and not server.own(host):
            return strictest
        found = {self.by_name(host, server.default)}
        return found if can_have_record(host) or not second \
            else found | strictest

    def request(self, server, hosts, key=""):
        """The stages that are possible for a request, by the names in it."""
        if server.key:
            name = parse(key) if server.key == "$arg_k" else server.key
            if name and can_have_record(name):
                return {model.STAGES[self.by_key(name, server.default)]}
        each = [self.of(server, host, host is not hosts[0])
                for host in hosts]
        return {model.STAGES[max(stages)]
                for stages in itertools.product(*each)}
