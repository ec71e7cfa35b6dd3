# Copyright (C) 2026 paylock contributors
#
# What "make test-versions" takes and prints; it is too long to be run here.

import hashlib
import json
import re

import pytest

import versions
from support.servers import ROOT


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "PLACE", tmp_path / "versions")
    return tmp_path / "versions"


def test_a_tarball_of_another_checksum_is_not_used(tmp_path, place):
    source = tmp_path / "nginx-1.2.3.tar.gz"
    source.write_bytes(b"another")
    with pytest.raises(SystemExit, match="SHA-256 is not 0000"):
        versions.download(source.as_uri(), "0" * 64)
    assert not list(place.rglob("*.gz"))
    path = versions.download(source.as_uri(),
                             hashlib.sha256(b"another").hexdigest())
    assert path.read_bytes() == b"another"


def test_listed_sources_have_checksums():
    lines = (ROOT / "tests/versions.txt").read_text().splitlines()
    assert len(lines) >= 6
    for line in lines:
        assert re.fullmatch(r"https://\S+/nginx-[\d.]+\.tar\.gz [0-9a-f]{64}",
                            line), line


def test_what_is_no_source(tmp_path):
    with pytest.raises(SystemExit, match="neither a source tree nor"):
        versions.unpacked(tmp_path / "none", tmp_path / "tree")
    (tmp_path / "dir").mkdir()
    with pytest.raises(SystemExit, match="is it nginx's source"):
        versions.unpacked(tmp_path / "dir", tmp_path / "tree")


def test_table(place, capsys):
    row = {"kind": "nginx", "how": "loaded", "with": "OpenSSL 3.0.1",
           "passed": 9, "failed": 0, "skipped": 1, "on": "2026-01-02"}
    for name in "nginx/1.9.1", "nginx/1.31.0":
        (place / name.replace("/", "-")).mkdir(parents=True)
        (place / name.replace("/", "-") / "result.json").write_text(
            json.dumps({**row, "name": name}))
    assert versions.table(None) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == ("| nginx/1.9.1 | loaded | OpenSSL 3.0.1 | 9 | 0 | 1 "
                        "| 2026-01-02 |")
    assert lines[3].startswith("| nginx/1.31.0 |")
    (place / "nginx-1.9.1/result.json").write_text(
        json.dumps({**row, "name": "nginx/1.9.1", "failed": 2}))
    assert versions.table(None) == 1
