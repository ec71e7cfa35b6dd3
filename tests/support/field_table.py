# Copyright (C) 2026 paylock contributors
#
# libpaylock's table of the fields of records and entries, for tests of what is
# written about them.

import re

from support import servers

HEADER = servers.ROOT / "libpaylock/core/paylock_field.h"


def rows(kind):
    """(id, name, type, limit, flags, label, value, help) of each row of a
    list, None for NULL."""
    header = HEADER.read_text()
    block = re.search(rf"define PAYLOCK_{kind}_FIELDS\(_\)(.*?)\n\n", header,
                      re.S)[1].replace("\\\n", " ")
    found = []
    for inner, row in re.findall(
            r"\bPAYLOCK_(\w+)_FIELDS\(_\)|\s_\((.*?)\)(?=\s|$)", block):
        if inner:
            found += rows(inner) if inner != "MORE" else []
            continue
        cells = re.findall(r'"[^"]*"|[^,\s][^,]*', row)
        assert len(cells) == 8, row
        found.append(tuple(constant(header, cell.strip()) for cell in cells))
    return found


def constant(header, text):
    if text == "NULL":
        return None
    named = re.search(rf'define {re.escape(text)} +"(.+)"', header)
    return named[1] if named else text.strip('"')


def names(kind):
    return [row[1] for row in rows(kind)]
