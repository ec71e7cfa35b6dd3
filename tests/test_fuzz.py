# Copyright (C) 2026 paylock contributors
#
# Each file of tests/fuzz is a target for libFuzzer.  What is kept of earlier
# runs, in tests/fuzz/corpus, is tried first; then new input is made up for
# PAYLOCK_FUZZ_SECONDS.

import os
import subprocess

import pytest

import servers

FUZZ = servers.ROOT / "tests/fuzz"
BUILD = servers.ROOT / "build/fuzz"
SECONDS = int(os.environ.get("PAYLOCK_FUZZ_SECONDS", "5"))


@pytest.mark.parametrize("target", sorted(
    source.stem for source in FUZZ.glob("*.c")))
def test_fuzz(target, tmp_path):
    kept = FUZZ / "corpus" / target
    assert any(kept.iterdir()), f"nothing is kept in {kept}"

    words = FUZZ / f"{target}.dict"
    crashes = BUILD / "crashes"
    crashes.mkdir(exist_ok=True)

    done = subprocess.run(
        [BUILD / target, f"-max_total_time={SECONDS}", "-timeout=5",
         "-rss_limit_mb=512", "-malloc_limit_mb=64", "-max_len=1024",
         "-print_final_stats=1",
         f"-artifact_prefix={crashes}/{target}-",
         *([f"-dict={words}"] if words.exists() else []), tmp_path, kept],
        capture_output=True, text=True, errors="replace",
        timeout=SECONDS + 60)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "stat::number_of_executed_units" in done.stderr, done.stderr
