# Copyright (C) 2026 paylock contributors
#
# setup: from an installed package to a locked site, and back.

import re

from support import servers


def test_from_nothing_to_a_locked_site(stock, machine):
    stock.start()
    m = machine()
    shown = m.setup("--yes")
    print(shown.stdout, shown.stderr)
    m.admin("lock", "acme.example")
    m.wait_answer(503)
    again = m.setup()
    print(again.stdout, again.stderr)
