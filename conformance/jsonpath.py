#!/usr/bin/env python3
"""Runs the JSONPath and intrinsic cases of a folder through `pawl eval --batch`.

    conformance/jsonpath.py --pawl PATH [-v] [--group NAME] FOLDER...

A folder holds *.jsonl files, one case a line, or *.json files, one case or a list of cases each.
A case is a question as asl/path/batch.h describes it (without `kind` it is one of kind jsonpath)
together with what is expected:

    jayway             {"result"} or {"error", "message"}: what the reference implementation gives
    result             the same, shorter; or what `op: write` gives
    error              NOT_FOUND, INVALID_PATH, OTHER; with `message` the text counts as well
    reference_path     of `op: classify`
    document_ref       the document is documents/NAME.json
    unordered          the order of the result list is free

Numbers compare by value, objects without regard to the order of members. Where a selector has `..`
and only the order of the list differs, the case passes and is counted apart. Messages of `jayway`
are compared with --messages only. The exit code is 1 if a case fails.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys

import report


def load(folder):
    documents = {}
    for path in sorted(folder.glob("documents/*.json")):
        documents[path.stem] = json.loads(path.read_text("utf-8"))
    for path in sorted(folder.glob("*.jsonl")) + sorted(folder.glob("*.json")):
        text = path.read_text("utf-8")
        if path.suffix == ".jsonl":
            cases = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            cases = json.loads(text)
            cases = cases if isinstance(cases, list) else [cases]
        for number, case in enumerate(cases):
            case.setdefault("kind", "jsonpath")
            case.setdefault("group", path.stem)
            case.setdefault("name", f"{path.stem}/{number:03}")
            if "document_ref" in case:
                case["document"] = documents[case["document_ref"]]
            yield case


QUESTION = ("kind", "op", "root", "selector", "document", "value", "call", "input", "context",
            "variables", "random", "template", "rule", "text")


def ask(pawl, cases):
    lines = [json.dumps({key: case[key] for key in QUESTION if key in case}) for case in cases]
    command = [pawl, "eval", "--batch"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True,
                          encoding="utf-8")
    answers = done.stdout.rstrip("\n").split("\n")
    if done.returncode != 0 or len(answers) != len(lines):
        sys.exit(f"{command[0]}: exit code {done.returncode}, {len(answers)} answers to "
                 f"{len(lines)} questions\n{done.stderr}")
    return [json.loads(answer) for answer in answers]


def normal(value):
    """A text that is the same for values that compare equal."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return repr(int(value)) if value == int(value) else repr(value)
    if isinstance(value, list):
        return "[" + ",".join(map(normal, value)) + "]"
    members = sorted((json.dumps(key), normal(item)) for key, item in value.items())
    return "{" + ",".join(f"{key}:{item}" for key, item in members) + "}"


def expectation(case):
    if "jayway" in case:
        return case["jayway"], False
    if "reference_path" in case:
        return {"reference_path": case["reference_path"]}, False
    if "error" in case:
        return {key: case[key] for key in ("error", "message") if key in case}, True
    return {"result": case["result"]}, False


def judge(case, answer, with_messages):
    """'pass', 'order' or 'fail'."""
    expected, exact_message = expectation(case)
    if "error" in expected:
        if answer.get("error", {}).get("code") != expected["error"]:
            return "fail"
        if (exact_message or with_messages) and "message" in expected:
            return "pass" if answer["error"]["message"] == expected["message"] else "fail"
        return "pass"
    if "reference_path" in expected:
        return "pass" if answer.get("reference_path") == expected["reference_path"] else "fail"
    if "result" not in answer:
        return "fail"
    wanted, given = expected["result"], answer["result"]
    if normal(wanted) == normal(given):
        return "pass"
    if isinstance(wanted, list) and isinstance(given, list):
        if sorted(map(normal, wanted)) == sorted(map(normal, given)):
            if case.get("unordered"):
                return "pass"
            if ".." in case.get("selector", ""):
                return "order"
    return "fail"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pawl", required=True, help="the pawl program")
    parser.add_argument("-v", "--verbose", action="store_true", help="name what fails")
    parser.add_argument("--group", help="only this group")
    parser.add_argument("--messages", action="store_true", help="compare Jayway's messages as well")
    parser.add_argument("folder", nargs="+", type=pathlib.Path)
    report.add_option(parser)
    options = parser.parse_args()

    cases = [case for folder in options.folder for case in load(folder)
             if options.group in (None, case["group"])]
    verdicts = collections.defaultdict(collections.Counter)
    failures = {}
    for case, answer in zip(cases, ask(options.pawl, cases)):
        verdict = judge(case, answer, options.messages)
        verdicts[case["group"]][verdict] += 1
        if verdict == "fail":
            failures[case["name"]] = f"{case.get('selector', case.get('call', ''))}: {json.dumps(answer)[:400]}"
        if options.verbose and verdict != "pass":
            shown = case.get("selector", case.get("call", ""))
            print(f"{verdict.upper()} {case['name']}: {shown}")
            print(f"    expected {json.dumps(expectation(case)[0], ensure_ascii=False)[:400]}")
            print(f"    but was  {json.dumps(answer, ensure_ascii=False)[:400]}")

    total = collections.Counter()
    for group, counts in sorted(verdicts.items()):
        total.update(counts)
        order = f", {counts['order']} in another order" if counts["order"] else ""
        print(f"{group}: {counts['pass'] + counts['order']} passed{order}, {counts['fail']} failed")
    report.write(options.report, failures)
    print(f"{total['pass'] + total['order']} passed, {total['fail']} failed")
    return 1 if total["fail"] or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
