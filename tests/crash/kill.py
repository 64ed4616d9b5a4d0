#!/usr/bin/env python3
"""Kills pawl with SIGKILL at random moments and checks that nothing was lost.

  kill.py --pawl build/bin/pawl [--kills 200] [--seed N] [--keep]

Executions with Parallel, Map, distributed Map, Retry, Wait and function Tasks are started between the
kills, and others that fail and are redriven; the function writes the idempotency key of every call to
a ledger. At the end

  * every start that was answered exists, with the ARN and start date that were answered;
  * every execution has SUCCEEDED with the right output;
  * every history has ids 1..n without a gap, and each Task succeeded exactly once per item;
  * every execution that failed on purpose was redriven once, and every child of a Map Run has
    succeeded and its run counts it;
  * the ledger has every key that history asks for; a key appears twice only where a kill fell
    between the call and the durable answer (at most kills x calls in flight).

The last line is "N passed, N failed": one per execution, and one per rule above.
"""
import argparse
import collections
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ITEMS = [1, 2, 3]
IN_FLIGHT = 4  # the function's concurrency

RECORD = {
    "Type": "Task",
    "Resource": "arn:aws:lambda:us-east-1:123456789012:function:record",
    "Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1, "MaxAttempts": 3}],
}


def record(item, flaky, **rest):
    parameters = {"attempt.$": "$$.State.RetryCount", "flaky": flaky}
    parameters["item.$" if isinstance(item, str) else "item"] = item
    return {**RECORD, "Parameters": parameters, **rest}


DEFINITION = {
    "StartAt": "Fan",
    "States": {
        "Fan": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Each", "States": {"Each": {
                    "Type": "Map", "ItemsPath": "$.items", "End": True,
                    "ItemProcessor": {"StartAt": "Effect", "States": {
                        "Effect": record("$", False, Next="Rest"),
                        "Rest": {"Type": "Wait", "Seconds": 1, "End": True}}}}}},
                {"StartAt": "Sleep", "States": {
                    "Sleep": {"Type": "Wait", "Seconds": 1, "Next": "Stumble"},
                    "Stumble": record(10, True, End=True)}},
                {"StartAt": "Spread", "States": {"Spread": {
                    "Type": "Map", "ItemsPath": "$.items", "End": True, "MaxConcurrency": 2,
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        "StartAt": "Child", "States": {
                            "Child": record("$", False, Next="Nap"),
                            "Nap": {"Type": "Wait", "Seconds": 1, "End": True}}}}}},
            ],
            "Next": "Done"},
        "Done": {"Type": "Pass", "End": True},
    },
}
DOUBLED = [{"doubled": 2 * i} for i in ITEMS]
OUTPUT = [DOUBLED, {"doubled": 20}, DOUBLED]

# Fails until it is redriven.
REDRIVEN = {
    "StartAt": "Try",
    "States": {
        "Try": {"Type": "Task", "Resource": RECORD["Resource"], "End": True,
                "Parameters": {"attempt.$": "$$.Execution.RedriveCount", "flaky": True, "item": 4}},
    },
}


class Server:
    def __init__(self, pawl, data, functions, ledger):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.command = [pawl, "serve", "--port", str(self.port), "--data", str(data),
                        "--functions", str(functions)]
        self.log = open(data.parent / "pawl.log", "ab")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        for _ in range(600):
            if self.process.poll() is not None:
                raise SystemExit(f"pawl ended with {self.process.returncode}; see {self.log.name}")
            try:
                self.call("ListStateMachines", {})
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
        raise SystemExit("pawl does not answer")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=15)

    def call(self, operation, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/", json.dumps(body), {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AWSStepFunctions.{operation}"})
            response = connection.getresponse()
            answer = json.loads(response.read())
            if response.status != 200:
                raise RuntimeError(f"{operation}: {answer}")
            return answer
        finally:
            connection.close()


def history(server, arn):
    events, token = [], None
    while True:
        body = {"executionArn": arn, "maxResults": 1000}
        if token:
            body["nextToken"] = token
        page = server.call("GetExecutionHistory", body)
        events += page["events"]
        token = page.get("nextToken")
        if not token:
            return events


def problems_of(server, arn):
    """What is wrong with one ended execution, and the keys that its history asks for."""
    told = server.call("DescribeExecution", {"executionArn": arn})
    if told["status"] != "SUCCEEDED":
        return [f"{arn}: {told['status']} {told.get('error')} {told.get('cause')}"], []
    found = []
    if json.loads(told["output"]) != OUTPUT:
        found.append(f"{arn}: output {told['output']}")
    events = history(server, arn)
    if [e["id"] for e in events] != list(range(1, len(events) + 1)):
        found.append(f"{arn}: the ids of its events have a gap")
    count = collections.Counter(e["type"] for e in events)
    expected = {"LambdaFunctionSucceeded": 4, "LambdaFunctionFailed": 1,
                "LambdaFunctionScheduled": 5, "MapIterationSucceeded": 3, "WaitStateExited": 4,
                "MapRunSucceeded": 1,
                "ExecutionSucceeded": 1}
    for kind, number in expected.items():
        if count[kind] != number:
            found.append(f"{arn}: {count[kind]} x {kind}, expected {number}")
    wanted = [(arn, e["id"]) for e in events if e["type"] == "LambdaFunctionScheduled"]
    for run in server.call("ListMapRuns", {"executionArn": arn})["mapRuns"]:
        found += problems_of_run(server, run["mapRunArn"], wanted)
    return found, wanted


def problems_of_run(server, run, wanted):
    found = []
    told = server.call("DescribeMapRun", {"mapRunArn": run})
    counts = told["executionCounts"]
    if told["status"] != "SUCCEEDED" or counts["succeeded"] != len(ITEMS) or \
            counts["total"] != len(ITEMS) or counts["running"] != 0:
        found.append(f"{run}: {told['status']} {counts}")
    children = server.call("ListExecutions", {"mapRunArn": run})["executions"]
    if len(children) != len(ITEMS):
        found.append(f"{run}: {len(children)} children")
    for child in children:
        events = history(server, child["executionArn"])
        if [e["id"] for e in events] != list(range(1, len(events) + 1)):
            found.append(f"{child['executionArn']}: the ids of its events have a gap")
        kinds = collections.Counter(e["type"] for e in events)
        if kinds["LambdaFunctionSucceeded"] != 1 or kinds["ExecutionSucceeded"] != 1:
            found.append(f"{child['executionArn']}: {dict(kinds)}")
        wanted += [(child["executionArn"], e["id"]) for e in events
                   if e["type"] == "LambdaFunctionScheduled"]
    return found


def redrive(server, arn):
    """Redrives an execution that has failed; a kill may have hidden the answer of an earlier call."""
    told = server.call("DescribeExecution", {"executionArn": arn})
    if told["status"] == "FAILED" and told["redriveCount"] == 0:
        server.call("RedriveExecution", {"executionArn": arn, "clientToken": "once"})


def problems_of_redriven(server, arn):
    told = server.call("DescribeExecution", {"executionArn": arn})
    found = []
    if told["status"] != "SUCCEEDED" or told["redriveCount"] != 1 or \
            json.loads(told["output"]) != {"doubled": 8}:
        found.append(f"{arn}: {told['status']}, redriven {told['redriveCount']} times")
    events = history(server, arn)
    kinds = [e["type"] for e in events]
    if [e["id"] for e in events] != list(range(1, len(events) + 1)) or \
            kinds.count("ExecutionRedriven") != 1 or kinds.count("LambdaFunctionScheduled") != 2:
        found.append(f"{arn}: {kinds}")
    return found, [(arn, e["id"]) for e in events if e["type"] == "LambdaFunctionScheduled"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="keep the data directory")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    print(f"seed {args.seed}, {args.kills} kills", flush=True)

    top = pathlib.Path(tempfile.mkdtemp(prefix="pawl-kill-"))
    functions, ledger = top / "functions", top / "ledger"
    shutil.copytree(HERE / "functions", functions)
    declared = functions / "record" / "function.json"
    config = json.loads(declared.read_text())
    config["environment"] = {"LEDGER": str(ledger)}
    declared.write_text(json.dumps(config))

    server = Server(args.pawl, top / "data", functions, ledger)
    server.start()
    machine = server.call("CreateStateMachine", {
        "name": "kill", "definition": json.dumps(DEFINITION),
        "roleArn": "arn:aws:iam::123456789012:role/r"})["stateMachineArn"]
    again = server.call("CreateStateMachine", {
        "name": "redriven", "definition": json.dumps(REDRIVEN),
        "roleArn": "arn:aws:iam::123456789012:role/r"})["stateMachineArn"]
    answered, unknown, started, to_redrive = {}, set(), 0, []
    begin = time.monotonic()
    for kill in range(args.kills):
        moment = time.monotonic() + chance.uniform(0.02, 0.9)
        for _ in range(chance.randrange(1, 4)):
            if time.monotonic() >= moment:
                break
            name = f"e{started}"
            started += 1
            try:
                answered[name] = server.call("StartExecution", {
                    "stateMachineArn": machine, "name": name,
                    "input": json.dumps({"items": ITEMS})})
            except (OSError, http.client.HTTPException):
                unknown.add(name)
        try:
            for arn in to_redrive[-3:]:
                redrive(server, arn)
            if kill % 2 == 0:
                to_redrive.append(server.call("StartExecution", {
                    "stateMachineArn": again, "name": f"r{kill}"})["executionArn"])
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(max(0.0, moment - time.monotonic()))
        server.kill()
        server.start()
        if kill % 20 == 19:
            print(f"{kill + 1} kills, {len(answered)} executions, "
                  f"{time.monotonic() - begin:.0f} s", flush=True)

    failures, passed = [], 0
    patience = time.monotonic() + 120 + len(answered) * 0.5
    while time.monotonic() < patience:
        open_ones = [one for which in (machine, again) for one in server.call("ListExecutions", {
            "stateMachineArn": which, "statusFilter": "RUNNING", "maxResults": 1})["executions"]]
        failed = server.call("ListExecutions", {"stateMachineArn": again,
                                                "statusFilter": "FAILED"})["executions"]
        for one in failed:
            redrive(server, one["executionArn"])
        if not open_ones and not failed:
            break
        time.sleep(0.2)
    wanted = set()
    for name, answer in answered.items():
        arn = answer["executionArn"]
        try:
            told = server.call("DescribeExecution", {"executionArn": arn})
            found, scheduled = problems_of(server, arn)
            if told["startDate"] != answer["startDate"]:
                found.append(f"{arn}: start date {told['startDate']}, answered {answer['startDate']}")
        except RuntimeError as error:
            found, scheduled = [f"{arn}: lost: {error}"], []
        wanted |= set(scheduled)
        failures += found
        passed += not found
    for arn in to_redrive:
        found, scheduled = problems_of_redriven(server, arn)
        wanted |= set(scheduled)
        failures += found
        passed += not found

    # Keys are ARN#BRANCH.EVENT: event ids are unique in their execution.
    calls = collections.Counter()
    for line in ledger.read_text().splitlines():
        arn, _, rest = line.partition("#")
        calls[(arn, int(rest.rsplit(".", 1)[1]))] += 1
    missing = [key for key in wanted if key not in calls]
    answered_arns = {a["executionArn"] for a in answered.values()}
    stray = [key for key in calls if key not in wanted and key[0] in answered_arns]
    again = sum(n - 1 for n in calls.values())
    for rule, broken in (("effects that history shows and the ledger lacks", missing),
                         ("effects that no history shows", stray),
                         ("calls beyond kills x in flight",
                          range(again - args.kills * IN_FLIGHT))):
        if len(broken) > 0:
            failures.append(f"{len(broken)} {rule}: {list(broken)[:3]}")
        else:
            passed += 1
    server.stop()
    seconds = time.monotonic() - begin
    print(f"{args.kills} kills in {seconds:.0f} s; {len(answered)} executions answered, "
          f"{len(unknown)} unknown; {sum(calls.values())} calls for {len(calls)} keys, "
          f"{again} repeated with the same key")
    for failure in failures[:20]:
        print("FAILED", failure)
    if args.keep or failures:
        print(f"kept: {top}")
    else:
        shutil.rmtree(top)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
