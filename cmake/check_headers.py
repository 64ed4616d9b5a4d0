#!/usr/bin/env python3
"""Checks that every header compiles alone, with the flags of its folder.

    cmake/check_headers.py BUILD_DIR [--jobs N] [HEADER...]

BUILD_DIR holds compile_commands.json. Without HEADER all of them are checked. Through ccache, when it is installed,
an unchanged header costs milliseconds. Exits with 1 if a header needs something that it does not include.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("base", "asl", "runtime", "engine", "connectors", "service", "cli", "tests", "bench")


def flags_by_source(build):
    """The compile command of each source without its output and input; keyed by path from the root."""
    commands = {}
    launcher = [shutil.which("ccache")] if shutil.which("ccache") else []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        arguments = shlex.split(entry["command"])
        kept, skip = [*launcher], False
        for argument in arguments:
            if skip or argument in ("-o", "-c", "-MF", "-MT"):
                skip = not skip and argument != "-c"
            elif argument != entry["file"] and not argument.startswith("-O"):
                kept.append(argument)
        commands[os.path.relpath(entry["file"], ROOT)] = kept
    return commands


def nearest(header, commands):
    """The flags of the source that shares the longest path with `header`."""
    best = max(commands, key=lambda source: len(os.path.commonprefix([source, str(header)])))
    return commands[best]


def check(header, flags, scratch):
    unit = scratch / (str(header).replace("/", "__") + ".cpp")
    unit.write_text(f'#include "{header}"\n#include "{header}"\n')  # twice: it must also guard itself
    done = subprocess.run([*flags, "-O0", "-c", str(unit), "-o", str(unit.with_suffix(".o"))],
                          cwd=ROOT, capture_output=True, text=True)
    return header, done.returncode, done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("headers", nargs="*")
    options = parser.parse_args()

    headers = [Path(header) for header in options.headers]
    if not headers:
        headers = sorted(path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.h"))
    commands = flags_by_source(options.build)
    if not commands or not headers:
        return 0

    # A fixed place, so that ccache sees the same unit again.
    scratch = options.build / "headers"
    scratch.mkdir(parents=True, exist_ok=True)
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(check, header, nearest(header, commands), scratch) for header in headers]
        for job in jobs:
            header, code, text = job.result()
            if code != 0:
                failed += 1
                print(f"{header}: does not compile alone\n{text}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
