#!/usr/bin/env python3
"""Runs the examples as their READMEs say, on what pawl has itself, and looks at what they answer.

    tests/examples/examples_test.py build/bin/pawl [NAME ...]
"""

import collections
import csv
import json
import os
import subprocess
import sys
import tempfile

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")


def cities():
    sums = collections.defaultdict(float)
    with open(os.path.join(EXAMPLES, "fan-out", "data", "orders.csv"), encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sums[row["city"]] += float(row["amount"])
    return {city: round(total, 2) for city, total in sums.items()}


CANCELLED = {"trip": "T-1001", "status": "CANCELLED", "reason": "no car Convertible is free", "undone": ["hotel", "flight"],
             "available": {"flight LX-180": 12, "hotel Seeblick": 1, "car Convertible": 0, "car Compact": 3}}
TRIP = {"trip": "T-1001", "guest": "Ada Lovelace", "flight": "LX-180", "hotel": "Seeblick"}
EXPENSE = {"id": "E-42", "who": "Grace", "for": "a keyboard"}

# Name, what is changed of the input, and what comes out.
CASES = [
    ("saga", None, CANCELLED),
    ("saga", {**TRIP, "car": "Compact"}, {"trip": "T-1001", "status": "BOOKED"}),
    ("saga", {**TRIP, "flight": "none", "car": "Compact"},
     {"trip": "T-1001", "status": "CANCELLED", "reason": "no flight none is free", "undone": [],
      "available": CANCELLED["available"]}),
    ("approval", None, {"expense": "E-42", "approved": True, "by": "Joan"}),
    ("approval", {**EXPENSE, "amount": 20}, {"expense": "E-42", "approved": True, "by": "policy"}),
    ("approval", {**EXPENSE, "amount": 300},
     {"expense": "E-42", "approved": False, "by": "Joan", "why": "over the limit of 200"}),
    ("fan-out", None, {"batches": 10, "cities": cities()}),
    ("etl", None, {"day": "2026-11-25", "loaded": 5, "rejected": 2, "roof": [
        {"at": "2026-11-25T06:00", "celsius": -1.5}, {"at": "2026-11-25T12:00", "celsius": 6.25},
        {"at": "2026-11-25T18:00", "celsius": 2}]}),
    ("order-fulfilment", None, {"sent": ["BOOK-01", "MUG-07"], "back_ordered": ["LAMP-99"], "payment_attempts": 2}),
]


def run(program, name, changed, *options):
    command = [program, "run", os.path.join(EXAMPLES, name), *options]
    if name == "order-fulfilment":
        command.append("--fast-forward")
    if changed is not None:
        command += ["--input", json.dumps(changed)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120,
                           env={**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"})  # the system's interpreters
    assert ended.returncode == 0, f"exit code {ended.returncode}: {ended.stderr}"
    assert "warning: " not in ended.stderr, ended.stderr
    return json.loads(ended.stdout)


def check(program, name, changed, expected):
    got = run(program, name, changed)
    if name == "order-fulfilment":  # ids of payments differ
        got = {member: got[member] for member in expected}
    assert got == expected, f"{got}, not {expected}"


def twice(program):
    """What a first run changed is there for a second one over the same directory: nothing is made again."""
    with tempfile.TemporaryDirectory() as directory:
        data = os.path.join(directory, "data")
        trip = {**TRIP, "car": "Compact"}
        assert run(program, "saga", trip, "--data", data)["status"] == "BOOKED"
        again = run(program, "saga", trip, "--data", data)
        assert again["reason"] == "no hotel Seeblick is free", again
        assert again["available"]["flight LX-180"] == 11 and again["available"]["car Compact"] == 2, again


def main():
    program, chosen = sys.argv[1], sys.argv[2:]
    passed = failed = 0
    tests = [(f"{name} {json.dumps(changed) if changed else ''}", name,
              lambda name=name, changed=changed, expected=expected: check(program, name, changed, expected))
             for name, changed, expected in CASES]
    tests.append(("saga twice over one directory", "saga", lambda: twice(program)))
    for title, name, test in tests:
        if chosen and name not in chosen:
            continue
        try:
            test()
            passed += 1
        except Exception as error:  # the others are run all the same
            failed += 1
            print(f"FAILED  {title}\n        {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
