# Copyright (C) 2026 paylock contributors
#
# make bench: everything that docs/performance.md says, measured here.

import argparse
import importlib
import time

import servers
from bench.report import Report
from bench.rig import MILLION, Rig

PARTS = ["instructions", "throughput", "memory", "scan", "flips", "nodes",
         "latency"]


def main():
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true",
                        help="few repetitions: some minutes")
    parser.add_argument("--publish", action="store_true",
                        help="puts the outcome into docs/performance.md")
    parser.add_argument("parts", nargs="*", default=PARTS)
    args = parser.parse_args()

    report = Report(servers.ROOT / "build/bench", args.quick)
    with Rig() as rig:
        print("a Redis with a million records", flush=True)
        big = rig.redis(MILLION)
        for part in args.parts:
            start = time.monotonic()
            print(part, flush=True)
            importlib.import_module(f"bench.{part}").measure(
                rig, report, big, args.quick)
            print(f"  {part}: {time.monotonic() - start:.0f} s", flush=True)
            report.write()
    if args.publish:
        report.publish(servers.ROOT / "docs/performance.md")
    print(f"{report.dir}/table.md")


if __name__ == "__main__":
    main()
