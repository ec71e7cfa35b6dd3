# Copyright (C) 2026 paylock contributors
#
# setup where a panel writes the configuration of nginx: the files are those of
# the table in docs/panels.md, and what the panel writes anew loses nothing.

import pytest

from support import panels, servers
from support.machine import Machine


@pytest.fixture
def panel(private, backend):
    started = []

    def start(name):
        nginx = panels.Panel(private / "panel", name, backend.port)
        nginx.put(nginx.module, f"load_module {servers.MODULE};")
        started.append(nginx.start())
        return nginx

    yield start
    for nginx in started:
        nginx.stop()


def test_each_panel_has_a_layout():
    there = {path.stem for path in panels.LAYOUTS.iterdir()}
    assert set(panels.table()) == there == set(panels.NAMES.values())


@pytest.mark.parametrize("name", panels.NAMES.values())
def test_panel(panel, stock, private, name):
    stock.start()
    nginx = panel(name)
    m = Machine(stock, nginx, private, nginx.path(nginx.conf),
                nginx.command())
    before = nginx.get(host="acme.example").status
    assert before not in (404, 502, 503)

    m.setup("--yes")
    m.admin("lock", "acme.example")
    m.wait_answer(503)
    assert nginx.get(host="other.example").status == before

    nginx.rebuild()
    nginx.reload()
    assert m.answer() == 503
    assert nginx.get(host="other.example").status == before

    # a file for one site, if the panel has such a file
    if nginx.site.startswith("`/"):
        site = nginx.site.split("`")[1]
        nginx.put(site.replace("USER", "acme").replace(
            "DOMAIN", "acme.example"), "paylock off;\n")
        nginx.rebuild()
        nginx.reload()
        assert m.answer() == before
