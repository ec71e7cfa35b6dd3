# Copyright (C) 2026 paylock contributors
#
# Runs each target of tests/fuzz: the kept corpus first, then new input for
# PAYLOCK_FUZZ_SECONDS.

import base64
import os
import subprocess

import pytest

from support import servers

FUZZ = servers.ROOT / "tests/fuzz"
BUILD = servers.ROOT / "build/fuzz"
SECONDS = int(os.environ.get("PAYLOCK_FUZZ_SECONDS", "3"))


@pytest.mark.parametrize("target", sorted(
    source.stem for source in FUZZ.glob("*.c")))
def test_fuzz(target, tmp_path):
    corpus = FUZZ / "corpus" / f"{target}.txt"
    kept = tmp_path / "kept"
    kept.mkdir()
    for n, line in enumerate(corpus.read_text().splitlines()):
        (kept / str(n)).write_bytes(base64.b64decode(line))
    assert any(kept.iterdir()), f"nothing is kept in {corpus}"
    found = tmp_path / "found"
    found.mkdir()

    words = FUZZ / f"{target}.dict"
    crashes = BUILD / "crashes"
    crashes.mkdir(exist_ok=True)

    done = subprocess.run(
        [BUILD / target, f"-max_total_time={SECONDS}", "-timeout=25",
         "-rss_limit_mb=512", "-malloc_limit_mb=64", "-max_len=1024",
         "-print_final_stats=1",
         f"-artifact_prefix={crashes}/{target}-",
         *([f"-dict={words}"] if words.exists() else []), found, kept],
        capture_output=True, text=True, errors="replace",
        # what is kept takes ten seconds, and a busy machine ten times that
        timeout=SECONDS + 600)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "stat::number_of_executed_units" in done.stderr, done.stderr
