# Copyright (C) 2026 paylock contributors
#
# The pages of the documentation, and the tables in the source that they
# describe.

import re

from support import field_table
from support.servers import ROOT

DOCS = ROOT / "docs"
ADMIN = "".join((DOCS / name).read_text() for name in (
    "commands.md", "commands-trail.md", "paylock-admin.md"))

ROOMS = ["ngx_http_paylock_module", "libpaylock", "control", "admin-cli", "server"]


def source(name):
    """The text of the one source file of this name, in whatever folder."""
    found, = (path for room in ROOMS for path in (ROOT / room).rglob(name))
    return found.read_text()


def table(text, start):
    """The initializer of a C array."""
    return re.search(re.escape(start) + r"\[.*?\] = \{\n(.*?)\n\};", text,
                     re.S)[1]


def sections(text, level):
    """The parts of a page by their headings."""
    parts = re.split(rf"(?m)^{level} (.+)\n", text)
    return {heading.strip("`"): re.split(r"(?m)^#", body)[0]
            for heading, body in zip(parts[1::2], parts[2::2])}


def blocks(text, language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def commands():
    """name -> (flags, setter, post) of the module's directives."""
    return {name: (flags, setter, post) for name, flags, setter, post
            in re.findall(r'\{ ngx_string\("(\w+)"\),\s*([A-Z0-9_|\s]+),\s*'
                          r"(\w+),[^}]*?,\s*(\S+) \},",
                          table(source("ngx_http_paylock_module.c"),
                                "ngx_http_paylock_commands"))}


def cli_tables():
    """name -> value of the options; name -> (arguments, options)."""
    text = source("options.c") + source("commands.c")
    words = {key: (name, value) for key, name, value in re.findall(
        r'\[(OPT_\w+)\] = \{ "([\w-]+)", (?:"([\w:]+)"|NULL)', text)}
    case = {f"OPT_{row[0]}": (row[1], row[6])
            for row in field_table.rows("CASE")}
    words |= case
    words |= {f"OPT_{row[0]}": (row[1], row[6])
              for row in field_table.rows("NOTICE")}
    every = re.findall(
        r'\{ "([a-z ]+)", "([^"]*)", \d, \w+,\s*([^"]*?),\s*"', text)
    return ({name: value for name, value in words.values()},
            {name: (args, {words[key][0] for key in
                           re.findall(r"OPT_BIT\((\w+)\)", flags)}
                    | {word for word, _ in case.values()
                       if "OPT_CASE" in flags})
             for name, args, flags in every})


def global_options(options):
    """Those of all commands come first."""
    names = list(options)
    return set(names[:names.index("help") + 1])
