#!/usr/bin/env python3
"""Reads published definitions with `pawl validate`: each must be accepted and come back equal.

    conformance/definitions.py --pawl PATH DIR [-v]

DIR holds *.jsonl: one definition a line, {"name", "definition", "query_language", "verdicts"}. They are published, not
certified: one that every validator rejects (a fragment, a template, a slip) need not be accepted. Definitions that use
JSONata are counted apart, and judged in the same way. `${...}` stands where a template leaves a value open. Exits with 1 if anything failed.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import report


def read_cases(folder):
    for path in sorted(Path(folder).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                yield json.loads(line)


def kind_of(case):
    if not any(case.get("verdicts", {"": True}).values()):
        return "rejected by every validator"
    return "JSONPath" if case.get("query_language", "JSONPath") == "JSONPath" else "JSONata"


def ordered(value):
    """A form in which equal means: same order of members, same kind of number."""
    if isinstance(value, dict):
        return [(key, ordered(member)) for key, member in value.items()]
    if isinstance(value, list):
        return ["list", *map(ordered, value)]
    return (type(value).__name__, value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", required=True, help="the program")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("-v", "--verbose", action="store_true", help="show each failure")
    report.add_option(parser)
    arguments = parser.parse_args()

    cases = list(read_cases(arguments.folder))
    lines = [json.dumps({"name": case["name"], "definition": case["definition"]}) for case in cases]
    done = subprocess.run([arguments.pawl, "validate", "--batch", "--placeholders", "--echo"],
                          input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    if len(answers) != len(cases):
        sys.exit(f"{len(cases)} definitions were given and {len(answers)} answers came back")

    counts, failures = Counter(), {}
    for case, answer in zip(cases, answers):
        kind = kind_of(case)
        accepted = answer["result"] == "OK"
        equal = ordered(answer["definition"]) == ordered(case["definition"])
        counts[kind] += 1
        counts[kind + " accepted"] += accepted
        problem = not equal or (not accepted and kind in ("JSONPath", "JSONata"))
        if problem:
            failures[case["name"]] = "changed" if not equal else "rejected"
        if arguments.verbose and problem:
            print(f"FAILED {case['name']} ({kind}){'' if equal else ': changed'}")
            for diagnostic in answer["diagnostics"]:
                if diagnostic["severity"] == "ERROR":
                    print(f"    {diagnostic['code']}: {diagnostic['message']} at {diagnostic.get('location')}")
            print(f"    verdicts: {json.dumps(case.get('verdicts'))}")

    for kind in ("JSONPath", "JSONata", "rejected by every validator"):
        print(f"{kind:28} accepted {counts[kind + ' accepted']}/{counts[kind]}")
    report.write(arguments.report, failures)
    print(f"{len(cases) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
