#!/usr/bin/env python3
"""Checks that the sources follow the architecture: who may include whom, and which library is at home where.

    cmake/check_layers.py [ROOT]

Prints one line per offence, `file:line: what is wrong`, and exits with 1 if there is any. A line that has to
break a rule says why in a comment `// layers: reason` at its end.
"""

import re
import sys
from pathlib import Path

# What a folder may include besides itself. Arrows point one way: cli -> service -> engine -> asl.
MAY_INCLUDE = {
    "base": set(),
    "asl": {"base"},
    "runtime": {"base"},
    "engine": {"asl", "runtime", "base"},
    "connectors": {"engine", "asl", "runtime", "base"},
    "service": {"connectors", "engine", "asl", "runtime", "base"},
    "cli": {"service", "connectors", "engine", "asl", "runtime", "base"},
}
# Programs beside the product: they may look at everything.
OUTSIDE = ("tests", "bench")

# Third-party headers stay at home, so that exchanging a library is a change to one folder.
HOMES = [
    (r"leveldb/", ["runtime/store"]),
    (r"boost/(fiber|context)/", ["runtime/fiber"]),
    (r"boost/(asio|beast)[/.]|sys/socket\.h|sys/epoll\.h|netinet/|arpa/", ["runtime/net", "runtime/http", "runtime/fiber"]),
    (r"openssl/(ssl|bio|err|x509)", ["runtime/net"]),
    (r"rapidjson/", ["asl/json"]),
    (r"CLI/", ["cli"]),
]

# asl is pure and the engine has no hidden inputs: time, chance, threads and files come from runtime/.
PURE = ["asl", "engine"]
IMPURE_HEADERS = r"(thread|mutex|shared_mutex|condition_variable|future|fstream|filesystem|random|ctime|time\.h|unistd\.h)$"
IMPURE_CALLS = r"\b(system_clock|steady_clock|high_resolution_clock)::now\b|\bstd::rand\b|\bgetenv\b"

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
EXCUSE = re.compile(r"//\s*layers:\s*\S+")


def offences(path, text):
    """Pairs (line number, message) for the source `text` of `path`, which is relative to the root."""
    layer = path.parts[0]
    for number, line in enumerate(text.splitlines(), start=1):
        if EXCUSE.search(line):
            continue
        include = INCLUDE.match(line)
        if not include:
            if layer in PURE and re.search(IMPURE_CALLS, line.split("//")[0]):
                yield number, f"{layer} has no clock, chance or environment of its own: take it from runtime/"
            continue

        quote, header = include.groups()
        target = header.split("/")[0]
        if quote == '"' and target not in MAY_INCLUDE and target not in OUTSIDE:
            yield number, f'"{header}": name own headers by their path from the root'
        elif quote == '"' and layer not in OUTSIDE and target != layer and target not in MAY_INCLUDE[layer]:
            allowed = ", ".join(sorted(MAY_INCLUDE[layer])) or "nobody"
            yield number, f'{layer} may not include "{header}" (it knows {allowed})'

        if layer in OUTSIDE:
            continue
        for pattern, homes in HOMES:
            if re.match(pattern, header) and not any(path.is_relative_to(home) for home in homes):
                yield number, f"<{header}> belongs to {', '.join(homes)}"
        if layer in PURE and re.match(IMPURE_HEADERS, header):
            yield number, f"{layer} does not use <{header}>: time, chance, threads and files come from runtime/"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    found = 0
    for layer in (*MAY_INCLUDE, *OUTSIDE):
        for path in sorted((root / layer).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            relative = path.relative_to(root)
            for number, message in offences(relative, path.read_text(encoding="utf-8")):
                print(f"{relative}:{number}: {message}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
