# Copyright (C) 2026 paylock contributors
#
# The results, as Markdown and as JSON.

import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import time

from support import servers

FIGURES = "performance"
TOOLS = ("wrk", "valgrind", "libnginx-mod-http-lua", "lua-nginx-redis")
START, END = "<!-- bench -->", "<!-- end of bench -->"


def output(*argv):
    done = subprocess.run(argv, text=True, capture_output=True,
                          cwd=servers.ROOT)
    return (done.stdout + done.stderr).strip()


def versions():
    model = re.search(r"(?m)^model name\s*: (.*)$",
                      pathlib.Path("/proc/cpuinfo").read_text())
    tools = re.findall(r"(\S+) (\S+)", output(
        "dpkg-query", "-W", "-f", "${Package} ${Version}\n", *TOOLS))
    changed = " with changes" if output(
        "git", "status", "--porcelain", "-uno") else ""
    return {
        "paylock": output("git", "rev-parse", "--short=12", "HEAD") + changed,
        "nginx": output(servers.NGINX, "-v").partition("nginx/")[2],
        "Redis": re.search(r"v=(\S+)",
                           output(servers.REDIS, "--version"))[1],
        "compiler": ", ".join(servers.compilers()),
        "libc": os.confstr("CS_GNU_LIBC_VERSION"),
        "measured with": ", ".join(f"{name} {version}"
                                   for name, version in tools),
        "kernel": platform.release(),
        "processor": f"{model[1] if model else platform.machine()}, "
                     f"{os.cpu_count()} of them",
        "date": time.strftime("%Y-%m-%d"),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


def spread(values):
    """The median, and the middle half."""
    if len(values) < 3:
        return statistics.median(values), min(values), max(values)
    low, middle, high = statistics.quantiles(values, n=4)
    return middle, low, high


def percentile(values, part):
    """The smallest that so many percent do not exceed."""
    values = sorted(values)
    return values[max(0, -(-len(values) * part // 100) - 1)]


def cells(*words):
    return "| " + " | ".join(str(word) for word in words) + " |\n"


class Report:
    def __init__(self, directory, quick):
        self.dir = pathlib.Path(directory)
        (self.dir / FIGURES).mkdir(parents=True, exist_ok=True)
        self.quick = quick
        self.versions = versions()
        self.rows = []
        self.tables = []
        self.figures = {}
        self.numbers = {}

    def row(self, what, goal, measured, met):
        self.rows.append((what, goal, measured, "yes" if met else "**no**"))
        print(f"  {what}: {measured} (goal {goal})", flush=True)

    def table(self, title, header, rows, note=""):
        self.tables.append((title, header, rows, note))
        for row in rows:
            print("   ", *row, sep="  ", flush=True)

    def figure(self, name, alt, svg):
        self.figures[name] = alt
        (self.dir / FIGURES / f"{name}.svg").write_text(svg)

    def markdown(self):
        text = cells(*self.versions) + cells(*["---"] * len(self.versions))
        text += cells(*self.versions.values()) + "\n"
        if self.quick:
            text += ("A quick run: few repetitions, the spread is large.\n\n")
        if self.rows:
            text += cells("what", "goal", "measured", "met")
            text += cells(*["---"] * 4)
            text += "".join(cells(*row) for row in self.rows) + "\n"
        for title, header, rows, note in self.tables:
            text += f"### {title}\n\n" + cells(*header)
            text += cells("---", *["---:"] * (len(header) - 1))
            text += "".join(cells(*row) for row in rows) + "\n"
            text += f"{note}\n\n" if note else ""
        for name, alt in self.figures.items():
            text += f"![{alt}]({FIGURES}/{name}.svg)\n\n"
        return text

    def write(self):
        (self.dir / "table.md").write_text(self.markdown())
        (self.dir / "numbers.json").write_text(json.dumps(
            {"versions": self.versions, **self.numbers}, indent=1) + "\n")

    def publish(self, page):
        """Puts table and figures into a page of the documentation."""
        text = page.read_text()
        before, rest = text.split(START)
        page.write_text(before + START + "\n\n" + self.markdown().rstrip()
                        + "\n\n" + END + rest.split(END)[1])
        shutil.copytree(self.dir / FIGURES, page.parent / FIGURES,
                        dirs_exist_ok=True)
