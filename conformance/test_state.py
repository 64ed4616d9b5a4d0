#!/usr/bin/env python3
"""Judges TestState against cases: one request each, and what must be answered.

  test_state.py --endpoint http://127.0.0.1:8083 [-v] DIR

A file in DIR is a case, or {"cases": [...]} whose members share the file's other members. A case has `about`, the
members of the request with JSON where the API has JSON text (definition, input, variables, context, mock.result,
stateConfiguration.mapItemReaderData), and `expect`: members of the answer, those that hold JSON text parsed, lists
apart: these are compared as text, because their form is AWS's own. {"error": "InvalidDefinition", "message": ...} is
a refusal. Members that `expect` does not name are not compared, but those of an expected `inspectionData` are all.
The last line is "N passed, N failed, 0 skipped"; the exit status is 0 if nothing failed.
"""
from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import report

TEXTS = ("definition", "input", "variables", "context")


def read_cases(folder: Path):
    for path in sorted(folder.rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        name = path.relative_to(folder).with_suffix("").as_posix()
        if "cases" not in document:
            yield name, document
            continue
        shared = {key: value for key, value in document.items() if key != "cases"}
        for number, case in enumerate(document["cases"]):
            yield f"{name}#{case.get('name', number)}", {**shared, **case}


def text(value):
    return value if isinstance(value, str) else json.dumps(value)


def request_of(case: dict) -> dict:
    request = {key: value for key, value in case.items() if key not in ("about", "name", "expect")}
    for key in TEXTS:
        if key in request:
            request[key] = text(request[key])
    if "result" in request.get("mock", {}):
        request["mock"] = {**request["mock"], "result": text(request["mock"]["result"])}
    configuration = request.get("stateConfiguration", {})
    if "mapItemReaderData" in configuration:
        request["stateConfiguration"] = {**configuration, "mapItemReaderData": text(configuration["mapItemReaderData"])}
    return request


def ask(endpoint: str, request: dict) -> dict:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AWSStepFunctions.TestState"}
    try:
        with urllib.request.urlopen(urllib.request.Request(endpoint, json.dumps(request).encode(), headers)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        error = json.load(refused)
        return {"error": error["__type"].split("#")[-1], "message": error["message"]}


def parsed(value):
    """An answer with the objects that its texts hold in their place."""
    if isinstance(value, dict):
        return {key: parsed(member) for key, member in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            pass
    return value


def same(a, b) -> bool:
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("-v", "--verbose", action="store_true")
    report.add_option(parser)
    arguments = parser.parse_args()
    passed, failures = 0, {}
    for name, case in read_cases(arguments.directory):
        answer = parsed(ask(arguments.endpoint, request_of(case)))
        wrong = [key for key, value in case["expect"].items()
                 if (key in answer) != (value is not None) or (value is not None and not same(answer[key], value))]
        passed += not wrong
        if wrong:
            failures[name] = f"{', '.join(wrong)} in {json.dumps(answer)[:400]}"
        if wrong and arguments.verbose:
            print(f"FAILED {name}")
            for key in wrong:
                print(f"    {key}: expected {json.dumps(case['expect'][key])}")
                print(f"    {' ' * len(key)}  found    {json.dumps(answer.get(key))}")
            if "message" in answer and "message" not in wrong:
                print(f"    {answer['message']}")
    report.write(arguments.report, failures)
    print(f"{passed} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
