#!/usr/bin/env python3
"""Replays the recorded cases of the service against a running server.

    conformance/recorded.py --endpoint http://127.0.0.1:8083 DIR [--services] [--untouched] [--report FILE]
        [-- options of replay.py]

DIR holds the recorded cases (aws-recorded); replay.py is expected beside it, in ../replay. Chosen are the cases that
need no other service, or with --services those that need one of SERVICES, all at the same endpoint (replay.py wants
botocore for them). Skipped are those that call an operation that the server does not offer, by its own word, and those
that show checksums where botocore does not ask for any. The last line is `N passed, N failed, N skipped`; the exit
status is 0 if nothing failed.

Two kinds of cases cannot be compared as they are, whatever the server answers. They are put right first, by rules that
know neither the case nor the server (--untouched leaves them as they are):

- A wait until a version is listed, or is not any more, that does not say of which machine. replay.py stops there with a
  KeyError. Such waits are for the service's eventual consistency only, and are left out.
- A recording that was made before the rules of comparison replaced request ids by a fixed text shows them as <uuid:N>,
  where the answer that it is compared to has the fixed text. Today's rules are applied to the recording as well.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import report

# Most of a case is waiting: for executions, and for the clock.
CASES_AT_ONCE = 16

# The embedded services.
SERVICES = {"dynamodb", "events", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs"}


def operations(steps):
    """The operations of the states API that a case calls, background steps included."""
    found = set()
    if isinstance(steps, dict):
        if steps.get("service") == "stepfunctions" and "operation" in steps:
            found.add(steps["operation"])
        steps = list(steps.values())
    if isinstance(steps, list):
        for step in steps:
            found |= operations(step)
    return found


def is_chosen(case, services):
    """Whether it needs no service but the states API, or one of `services` and none besides."""
    others = set(case["needs"]) - {"states"}
    return bool(others) == bool(services) and not others - services


def asks_for_checksums():
    """Whether botocore is one that asks S3 for the checksums of what it reads (since 1.36)."""
    try:
        import botocore
    except ImportError:
        return False
    return tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 36)


REQUEST_ID_HEADERS = ("x-amzn-RequestId", "x-amzn-requestid")


def fix_request_ids(value, inside_metadata=False):
    """What the rules of comparison (normalize.py, stepfunctions_api) make of request ids, in place."""
    if isinstance(value, list):
        for element in value:
            fix_request_ids(element, inside_metadata)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name in REQUEST_ID_HEADERS or (inside_metadata and name == "RequestId"):
                value[name] = name
            else:
                fix_request_ids(member, inside_metadata or name == "SdkResponseMetadata")


def in_todays_form(expected):
    """A recorded answer with its request ids replaced, and the UUIDs that are left numbered from 1."""
    expected = json.loads(json.dumps(expected))
    fix_request_ids(expected)
    text = json.dumps(expected)
    numbers = sorted({int(number) for number in re.findall(r"<uuid:(\d+)>", text)})
    return json.loads(re.sub(r"<uuid:(\d+)>", lambda match: f"<uuid:{numbers.index(int(match[1])) + 1}>", text))


def put_right(case):
    """The case as it can be compared (see above); itself if there is nothing to put right."""
    requests = [step for step in case["requests"] if not step.get("wait", "").endswith("_listed") or step["params"]]
    expected = case["expected"]
    if {"kind": "group", "name": "stepfunctions_api"} in case["normalize"]:
        expected = in_todays_form(expected)
    if len(requests) == len(case["requests"]) and expected == case["expected"]:
        return case
    return {**case, "requests": requests, "expected": expected}


def is_offered(endpoint, operation):
    """What the server says of an operation that is called with nothing: any other error means that it knows it."""
    request = urllib.request.Request(endpoint, b"{}", {"X-Amz-Target": f"AWSStepFunctions.{operation}",
                                                       "Content-Type": "application/x-amz-json-1.0"})
    try:
        with urllib.request.urlopen(request, timeout=30):
            return True
    except urllib.error.HTTPError as error:
        return b"UnknownOperationException" not in error.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--services", action="store_true", help="the cases that need a service besides the states API")
    parser.add_argument("--untouched", action="store_true", help="compare no case but as it was recorded")
    report.add_option(parser)
    parser.add_argument("options", nargs="*", help="passed to replay.py, behind --")
    arguments = parser.parse_args()

    services = SERVICES if arguments.services else set()
    documents = []
    for path in sorted(arguments.folder.rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        cases = [case for case in document.get("cases", []) if is_chosen(case, services)]
        if cases:
            documents.append({"category": document["category"], "cases": cases})
    called = {operation for document in documents for case in document["cases"] for operation in operations(case)}
    missing = {operation for operation in sorted(called) if not is_offered(arguments.endpoint, operation)}

    skipped = 0
    repaired = 0
    blind = arguments.services and not asks_for_checksums()
    with tempfile.TemporaryDirectory() as chosen:
        for number, document in enumerate(documents):
            kept = [case for case in document["cases"] if not operations(case) & missing]
            if blind:
                kept = [case for case in kept if '"ChecksumType"' not in json.dumps(case["expected"])]
            skipped += len(document["cases"]) - len(kept)
            if not arguments.untouched:
                found, kept = kept, [put_right(case) for case in kept]
                repaired += sum(case is not other for case, other in zip(kept, found))
            (Path(chosen) / f"{number:03}.json").write_text(json.dumps({**document, "cases": kept}), encoding="utf-8")
        results = Path(chosen) / "results"
        replay = arguments.folder / ".." / "replay" / "replay.py"
        code = subprocess.call([sys.executable, str(replay), "--endpoint", arguments.endpoint, "-j",
                                str(CASES_AT_ONCE), "--results", str(results), *arguments.options, chosen])
        outcomes = json.loads(results.read_text(encoding="utf-8")) if results.exists() else []
    report.write(arguments.report, {one["name"]: one["text"] for one in outcomes if one["outcome"] == "failed"})
    counts = {word: sum(one["outcome"] == word for one in outcomes) for word in ("passed", "failed", "skipped")}
    if missing:
        print(f"not offered, {skipped} cases skipped: {', '.join(sorted(missing))}")
    if repaired:
        print(f"{repaired} cases were put right before they were compared (--untouched: none)")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped'] + skipped} skipped")
    return code


if __name__ == "__main__":
    sys.exit(main())
