#!/usr/bin/env python3
"""Compares the verdicts of `pawl validate` with a corpus of definitions.

    conformance/validation.py --pawl PATH DIR [-v]

DIR holds *.jsonl: one case a line, {"name", "group", "valid", "definition" | "text"}. A case may also say which
`diagnostics` it expects ({"code", "message", "location"}, the errors in their order; what it leaves out is not
compared) and under which `options` ({"express", "placeholders", "aws_resources"}: flags of the command).

Valid accepted and invalid rejected are counted separately; cases marked `contested` (every validator apart from the
source's own judges the other way) are reported apart and do not count. Exits with 1 if anything failed.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import report

FLAGS = {"express": "--express", "placeholders": "--placeholders", "aws_resources": "--aws-resources"}


def read_cases(folder):
    for path in sorted(Path(folder).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                case = json.loads(line)
                case.setdefault("group", path.stem)
                yield case


def ask(pawl, cases, options):
    """The answers to `cases`, which all have the same `options`."""
    lines = []
    for case in cases:
        body = {"text": case["text"]} if "text" in case else {"definition": case["definition"]}
        lines.append(json.dumps({"name": case["name"], **body}))
    command = [pawl, "validate", "--batch", *(FLAGS[name] for name in sorted(options))]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    if len(answers) != len(cases):
        sys.exit(f"{len(cases)} definitions were given and {len(answers)} answers came back")
    return answers


def problem_of(case, answer):
    """What is wrong with `answer`, or None."""
    errors = [d for d in answer["diagnostics"] if d["severity"] == "ERROR"]
    found = "; ".join(f"{d['code']}: {d['message']} at {d.get('location')}" for d in errors)
    if case["valid"] != (answer["result"] == "OK"):
        return f"rejected: {found}" if case["valid"] else f"accepted; wrong is: {case.get('reason', '?')}"
    if "diagnostics" not in case:
        return None
    expected = case["diagnostics"]
    same = len(expected) == len(answer["diagnostics"]) and all(
        d.get(key) == value for e, d in zip(expected, answer["diagnostics"]) for key, value in e.items())
    return None if same else f"expected {json.dumps(expected)}\n    found {json.dumps(answer['diagnostics'])}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", required=True, help="the program")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("-v", "--verbose", action="store_true", help="show each failure")
    report.add_option(parser)
    arguments = parser.parse_args()

    by_options = defaultdict(list)
    for case in read_cases(arguments.folder):
        by_options[tuple(sorted(name for name, on in case.get("options", {}).items() if on))].append(case)

    counts = defaultdict(Counter)
    failures = {}
    for options, cases in by_options.items():
        for case, answer in zip(cases, ask(arguments.pawl, cases, options)):
            problem = problem_of(case, answer)
            kind = "contested" if case.get("contested") else "valid" if case["valid"] else "invalid"
            counts[case["group"]][kind] += 1
            counts[case["group"]][kind + " right"] += problem is None
            if problem is not None and kind != "contested":
                failures[case["name"]] = problem
            if problem is not None and arguments.verbose:
                print(f"{'contested' if kind == 'contested' else 'FAILED'} {case['name']}: {problem}")

    total = Counter()
    for group in sorted(counts):
        total.update(counts[group])
    for group, count in [*sorted(counts.items()), ("total", total)]:
        print(f"{group:26} valid accepted {count['valid right']:3}/{count['valid']:<3}  "
              f"invalid rejected {count['invalid right']:3}/{count['invalid']:<3}  "
              f"contested as the source {count['contested right']}/{count['contested']}")
    report.write(arguments.report, failures)
    failed = len(failures)
    cases = total["valid"] + total["invalid"]
    print(f"{cases - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
