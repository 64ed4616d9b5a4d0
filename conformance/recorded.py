#!/usr/bin/env python3
"""Replays the recorded cases of the service that the first slice must pass.

  recorded.py --endpoint http://127.0.0.1:8083 DIR [-- options of replay.py]

DIR holds the recorded cases (aws-recorded); replay.py is expected beside it, in ../replay.  Chosen
are cases that need no other service, use no JSONata, and call no operation outside the slice;
--all keeps every case that needs no other service.  The last line is
"N passed, N failed, N skipped"; the exit status is 0 if nothing failed.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile

SLICE = {
    "CreateStateMachine", "DescribeStateMachine", "UpdateStateMachine", "DeleteStateMachine",
    "ListStateMachines", "StartExecution", "DescribeExecution", "StopExecution", "ListExecutions",
    "GetExecutionHistory", "SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat",
}


def operations(steps) -> set:
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


def in_slice(case, everything: bool) -> bool:
    if set(case["needs"]) - {"states"}:
        return False
    if everything:
        return True
    return "jsonata" not in case["tags"] and not operations(case["requests"]) - SLICE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--all", action="store_true", help="jsonata and all operations too")
    parser.add_argument("options", nargs="*", help="passed to replay.py, behind --")
    args = parser.parse_args()

    replay = os.path.join(args.directory, "..", "replay", "replay.py")
    with tempfile.TemporaryDirectory() as chosen:
        for root, _, names in os.walk(args.directory):
            for name in sorted(names):
                if not name.endswith(".json"):
                    continue
                path = os.path.join(root, name)
                with open(path, encoding="utf-8") as data:
                    document = json.load(data)
                cases = [c for c in document.get("cases", []) if in_slice(c, args.all)]
                if not cases:
                    continue
                flat = os.path.relpath(path, args.directory).replace(os.sep, "_")
                with open(os.path.join(chosen, flat), "w", encoding="utf-8") as out:
                    json.dump({"category": document["category"], "cases": cases}, out)
        return subprocess.call([sys.executable, replay, "--endpoint", args.endpoint, "--services",
                                "states", "-j", "4", *args.options, chosen])


if __name__ == "__main__":
    sys.exit(main())
