# Copyright (C) 2026 paylock contributors
#
# make bench: everything that docs/performance.md says, measured here.

import argparse
import importlib
import sys
import time
import traceback

from bench.report import Report
from bench.rig import MILLION, Rig
from support import servers

PARTS = ["instructions", "throughput", "memory", "scan", "signers", "changes",
         "nodes", "latency", "api"]


def main():
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true",
                        help="few repetitions: some minutes")
    parser.add_argument("--publish", action="store_true",
                        help="puts the outcome into docs/performance.md")
    parser.add_argument("parts", nargs="*", default=PARTS)
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are "
                     + ", ".join(PARTS))
    if args.publish and (args.quick or set(args.parts) != set(PARTS)):
        parser.error("what is published is whole: leave PARTS and QUICK out")

    report = Report(servers.ROOT / "build/bench", args.quick)
    begun, failed = time.monotonic(), []
    with Rig() as rig:
        print("a Redis with a million records", flush=True)
        big = rig.redis(MILLION)
        for part in args.parts:
            start = time.monotonic()
            print(part, flush=True)
            try:
                importlib.import_module(f"bench.{part}").measure(
                    rig, report, big, args.quick)
            except Exception:
                # what else there is to measure does not depend on it
                traceback.print_exc()
                failed.append(part)
            print(f"  {part}: {time.monotonic() - start:.0f} s", flush=True)
            report.write()
    print(f"{report.dir}/table.md, in {time.monotonic() - begun:.0f} s")
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")
    if args.publish:
        report.publish(servers.ROOT / "docs/performance.md")


if __name__ == "__main__":
    main()
