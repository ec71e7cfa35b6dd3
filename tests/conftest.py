# Copyright (C) 2026 paylock contributors
#
# What pytest reads first; tests/README.md tells how to run and write tests.

import signal

from support.servers import ASAN

pytest_plugins = [f"support.{name}" for name in (
    "answer", "building", "bundle", "cli", "fixtures", "machine", "passes", "saving",
    "stock", "writer", "api")]


# not under sanitizers: tests that measure instructions, memory or time, or
# that look at the build

if ASAN:
    collect_ignore = [
        "project/test_build.py", "project/test_build_module.py",
        "project/test_build_module_install.py",
        "project/test_build_module_run.py", "project/test_fuzz.py",
        "project/test_packaging.py", "project/test_run.py",
        "whole/test_cost.py", "whole/test_memory.py", "whole/test_scale.py"]


# Python ignores what nohup made it ignore, and so would the servers that the
# tests start: they are stopped by these signals

for sig in signal.SIGHUP, signal.SIGINT:
    if signal.getsignal(sig) == signal.SIG_IGN:
        signal.signal(sig, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """The end of the alphabet first: it takes long, and whoever got it last
    would be alone with it."""
    items.sort(key=lambda item: item.path.name, reverse=True)
