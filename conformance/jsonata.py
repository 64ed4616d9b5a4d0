#!/usr/bin/env python3
"""Runs the JSONata cases of a folder through `pawl eval --batch`.

    conformance/jsonata.py --pawl PATH [-v] [--group NAME] [--dialect aws|reference] FOLDER

PATH is the program (`pawl`, or the test tool pawl_jsonata_batch). FOLDER holds *.jsonl files, one
case a line, and datasets/NAME.json; ../shared/conformance/jsonata/README.md describes the fields
and how results compare: numbers by value, objects without order of members, errors by their code,
and by their message where the case gives one. With --dialect aws the cases whose functions or
operators AWS does not offer are left out, and those where version 2.0.6 differs are expected as
2.0.6 does it. -v prints every failure. The exit code is 1 if a case fails.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

import report

SLACK_SECONDS = 30


def same(a, b, unordered=False):
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return float(a) == float(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        if len(a) != len(b):
            return False
        if not unordered:
            return all(same(x, y) for x, y in zip(a, b))
        rest = list(b)
        for x in a:
            for i, y in enumerate(rest):
                if same(x, y):
                    del rest[i]
                    break
            else:
                return False
        return True
    return a == b


def expected(case, dialect):
    """The case's expectation; for AWS that of 2.0.6, None where that is no outcome to follow."""
    if dialect == "aws":
        if case["aws"] == "unsupported":
            return None
        if case["aws"] == "differs":
            outcome = case.get("outcome_2.0.6", {})
            if outcome.get("code") in ("?", "TIMEOUT") or "$function" in json.dumps(outcome):
                return None
            return outcome
    return case


def passes(case, want, answer):
    error = answer.get("error")
    if "matches" in want:
        return re.search(want["matches"], str(answer.get("result", ""))) is not None
    if "error" in want:
        wanted = want["error"]
        if error is None or wanted.get("code", error.get("code")) != error.get("code"):
            return False
        return wanted.get("message", error.get("message")) == error.get("message")
    if "code" in want:
        return error is not None and error.get("code") == want["code"]
    if want.get("undefinedResult"):
        return answer.get("undefined") is True
    return "result" in answer and same(answer["result"], want["result"], case.get("unordered"))


def question(case, datasets):
    # JSON text may not hold a lone surrogate; inside a string of the expression its escape is the
    # same.
    expr = re.sub("[\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", case["expr"])
    line = {"kind": "jsonata", "expr": expr, "bindings": case.get("bindings", {})}
    if "data" in case:
        line["data"] = case["data"]
    elif case.get("dataset") is not None:
        line["data"] = datasets[case["dataset"]]
    for key in ("timelimit", "depth"):
        if key in case:
            line[key] = case[key]
    return json.dumps(line, ensure_ascii=True)


def load(folder, group):
    datasets = {p.stem: json.loads(p.read_text("utf-8")) for p in folder.glob("datasets/*.json")}
    cases = []
    for path in sorted(folder.glob("*.jsonl")):
        for text in path.read_text("utf-8").splitlines():
            case = json.loads(text)
            if group is None or case["group"] == group:
                cases.append(case)
    return cases, datasets


def ask(pawl, dialect, lines):
    """All questions to one process; a process that dies answers the rest by a new one."""
    answers = []
    command = [pawl, "eval", "--batch", "--dialect", dialect]
    while len(answers) < len(lines):
        rest = lines[len(answers):]
        done = subprocess.run(command, input="\n".join(rest) + "\n", capture_output=True,
                              text=True, timeout=SLACK_SECONDS + len(rest), check=False)
        got = done.stdout.splitlines()[:len(rest)]
        answers += [json.loads(text) for text in got]
        if len(got) < len(rest):
            answers.append({"error": {"code": "CRASH", "message": f"exit {done.returncode}"}})
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pawl", required=True)
    parser.add_argument("--dialect", choices=("aws", "reference"), default="reference")
    parser.add_argument("--group")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    report.add_option(parser)
    sys.stdout.reconfigure(errors="backslashreplace")
    arguments = parser.parse_args()

    cases, datasets = load(arguments.folder, arguments.group)
    chosen = [(c, w) for c in cases if (w := expected(c, arguments.dialect)) is not None]
    answers = ask(arguments.pawl, arguments.dialect, [question(c, datasets) for c, _ in chosen])
    failed = collections.Counter()
    failures = {}
    for (case, want), answer in zip(chosen, answers):
        if passes(case, want, answer):
            continue
        failed[case["group"]] += 1
        failures[case["name"]] = f"{case['expr']}: {json.dumps(answer)[:300]}"
        if arguments.verbose:
            keys = ("result", "undefinedResult", "code", "error", "matches")
            wanted = {k: want[k] for k in keys if k in want}
            print(f"{case['name']}\n    {case['expr']}\n    want {json.dumps(wanted)[:300]}\n"
                  f"    got  {json.dumps(answer)[:300]}")
    for group, number in sorted(failed.items()):
        print(f"{group}: {number} failed")
    report.write(arguments.report, failures)
    total = sum(failed.values())
    print(f"{len(chosen) - total} passed, {total} failed")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
