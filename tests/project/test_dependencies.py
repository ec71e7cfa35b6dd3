# Copyright (C) 2026 paylock contributors
#
# The direction of #include: each layer includes itself and those below it,
# folders never each other, and files only in the circles named here.  A .c
# file and its .h are one file.

import re

from support.docs import ROOMS
from support.servers import ROOT

# paylock-admin, and the servers, from top to bottom
LAYERS = [r"admin-cli/main", r"admin-cli/commands(/.*)?", r"admin-cli/\w+/.*",
          r"server/(paylockd|writer)/.*", r"server/wire/.*",
          r"control/.*", r"libpaylock/.*"]

# folders of the module, and those that they must not include
NEVER = {"table": "conf feed redis request state status",
         "conf": "feed redis request state status",
         "state": "feed redis request", "status": "feed redis request",
         "redis": "feed request state", "feed": "request",
         "request": "feed redis state"}

# files that include each other, and the reason
CIRCLES = {}


def name(path):
    return str(path.relative_to(ROOT).with_suffix(""))


def includes():
    """file -> the files that it includes."""
    files = {path for room in ROOMS for path in (ROOT / room).rglob("*.[ch]")}
    found = {name(path): set() for path in files}
    for path in files:
        for text in re.findall(r'(?m)^#include "(.*)"', path.read_text()):
            places = {path.parent / text, ROOT / "control" / text,
                      ROOT / "admin-cli" / text,
                      ROOT / "server" / text} & files
            if not places and "/" not in text:
                places = {other for other in files if other.name == text}
            found[name(path)] |= {name(place) for place in places}
    return {file: others - {file} for file, others in found.items()}


def circles(graph):
    """The sets of nodes that reach each other."""
    def reached(node):
        seen, todo = set(), [node]
        while todo:
            new = graph.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        return seen

    reach = {node: reached(node) for node in graph}
    return {frozenset(other for other in reach[node]
                      if node in reach.get(other, ()))
            for node in graph if node in reach[node]}


def layer(file):
    return next((n for n, regex in enumerate(LAYERS)
                 if re.fullmatch(regex, file)), None)


def test_layers():
    for file, others in includes().items():
        for other in others:
            if None not in (layer(file), layer(other)):
                assert layer(file) <= layer(other), (file, other)
            _, folder, *_ = file.split("/")
            module = f"ngx_http_paylock_module/({NEVER.get(folder)})/.*"
            assert not re.match(module.replace(" ", "|"), other), (file, other)
            assert not file.startswith(("control/", "libpaylock/")) \
                or other.startswith(("control/", "libpaylock/")), (file, other)


def test_no_circle_of_folders():
    folders = {}
    for file, others in includes().items():
        folder = file.rpartition("/")[0]
        folders.setdefault(folder, set()).update(
            {other.rpartition("/")[0] for other in others} - {folder})
    assert not circles(folders)


def test_circles_of_files():
    # a header without a .c of its name stands for what it includes
    graph = includes()
    for file in [file for file in graph if not (ROOT / f"{file}.c").exists()]:
        below = graph.pop(file)
        for other, seen in graph.items():
            if file in seen:
                seen |= below
                seen -= {file, other}
    assert circles(graph) <= {frozenset(files) for files in CIRCLES}
    assert len(CIRCLES) <= 3
