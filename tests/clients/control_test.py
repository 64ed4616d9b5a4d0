#!/usr/bin/env python3
"""`pawl control` against a server: what is paused, stopped and redriven, and what is refused.

  control_test.py --pawl build/dev/bin/pawl

The last line is "N passed, N failed".
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

from raw_api import ROLE, Server, run_all

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
FAIL = {"StartAt": "C", "States": {
    "C": {"Type": "Choice", "Choices": [{"Variable": "$.good", "BooleanEquals": True, "Next": "S"}], "Default": "F"},
    "F": {"Type": "Fail", "Error": "Card.Declined", "Cause": "no money"},
    "S": {"Type": "Succeed"}}}
STEP = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}}
CREDENTIALS = "[default]\naws_access_key_id = CONTROL\naws_secret_access_key = secret\n"


class Control:
    def __init__(self, pawl, url, **environment):
        self.pawl, self.url = pawl, url
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | environment

    def __call__(self, *arguments, code=0):
        ended = subprocess.run([self.pawl, "control", *arguments, "--endpoint", self.url], capture_output=True, text=True,
                               timeout=60, check=False, env=self.environment)
        assert ended.returncode == code, ended
        return json.loads(ended.stdout) if code == 0 else ended.stderr


def create(server, name, definition):
    return server("CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]


def test_stop_by_filter(server, control):
    arn = create(server, "waits", WAIT)
    other = create(server, "others", WAIT)
    started = [server("StartExecution", stateMachineArn=arn)["executionArn"] for _ in range(3)]
    kept = server("StartExecution", stateMachineArn=other)["executionArn"]
    counted = control("stop", "--machine", "waits", "--dry-run")
    assert counted["matched"] == 3, counted
    assert all(server("DescribeExecution", executionArn=one)["status"] == "RUNNING" for one in started)
    assert control("stop", "--machine", "waits", "--started-before", "2001-01-01T00:00:00Z")["matched"] == 0
    stopped = control("stop", "--machine", arn, "--error", "Operator", "--cause", "maintenance", "--max", "2")
    assert stopped["matched"] == 2 and stopped["more"], stopped
    control("stop", "--machine", "waits", "--error", "Operator", "--cause", "maintenance")
    for one in started:
        ended = server.until("ABORTED", one)
        assert (ended["error"], ended["cause"]) == ("Operator", "maintenance")
    assert server("DescribeExecution", executionArn=kept)["status"] == "RUNNING"


def test_redrive_by_filter_and_one_from_a_state(server, control):
    arn = create(server, "fails", FAIL)
    started = [server("StartExecution", stateMachineArn=arn, input='{"good": false}')["executionArn"] for _ in range(2)]
    for one in started:
        server.until("FAILED", one)
    assert control("redrive", "--machine", "fails", "--error", "Other.Error")["matched"] == 0
    redriven = control("redrive", "--machine", "fails", "--status", "FAILED", "--error", "Card.Declined")
    assert (redriven["matched"], redriven["done"]) == (2, 2), redriven
    for one in started:
        assert server.until("FAILED", one)["redriveCount"] == 1
    control("redrive", "--execution", started[0], "--state", "C", "--input", '{"good": true}')
    assert server.until("SUCCEEDED", started[0])["redriveCount"] == 2
    assert server("DescribeExecution", executionArn=started[1])["status"] == "FAILED"
    assert "redriven" in control("redrive", "--execution", started[0], code=2)


def test_pause_and_resume(server, control):
    arn = create(server, "steps", STEP)
    control("pause", "--machine", "steps")
    assert "steps" in json.dumps(control("pauses"))
    started = server("StartExecution", stateMachineArn=arn)["executionArn"]
    time.sleep(0.3)
    assert server("DescribeExecution", executionArn=started)["status"] == "RUNNING"
    control("resume", "--machine", "steps")
    server.until("SUCCEEDED", started)
    waiting = server("StartExecution", stateMachineArn=create(server, "waits-too", WAIT))["executionArn"]
    control("pause", "--execution", waiting)
    assert waiting in json.dumps(control("pauses"))
    control("resume", "--execution", waiting)
    assert waiting not in json.dumps(control("pauses"))


def test_what_is_wrong_is_refused(server, control):
    assert control("pause", code=2)
    assert control("pause", "--machine", "nobody", code=2)
    assert "stop-execution" in control("stop", "--execution", "arn:x", code=2)
    assert control("stop", "--machine", "waits", "--status", "NONSENSE", code=2)
    assert control("stop", "--machine", "waits", "--started-after", "yesterday", code=2)
    assert control("redrive", "--execution", "arn:aws:states:us-east-1:123456789012:execution:no:no", code=2)
    assert control("redrive", "--execution", "x", "--input", "{", code=2)
    away = Control(control.pawl, "http://127.0.0.1:1")
    assert away("pauses", code=3)
    assert control("explode", code=2)


def test_endpoints_come_from_the_environment(server, control):
    for name in ("PAWL_ENDPOINT", "AWS_ENDPOINT_URL"):
        ended = subprocess.run([control.pawl, "control", "pauses"], capture_output=True, text=True, timeout=60, check=True,
                               env=control.environment | {name: server.url + "/"})
        json.loads(ended.stdout)


def test_requests_are_signed(_server, control):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "credentials"
        file.write_text(CREDENTIALS)
        guarded = Server(control.pawl, "--credentials", str(file))
        try:
            assert Control(control.pawl, guarded.url)("pauses", code=2)
            wrong = Control(control.pawl, guarded.url, AWS_ACCESS_KEY_ID="CONTROL", AWS_SECRET_ACCESS_KEY="guess")
            assert wrong("pauses", code=2)
            right = Control(control.pawl, guarded.url, AWS_ACCESS_KEY_ID="CONTROL", AWS_SECRET_ACCESS_KEY="secret")
            right("pauses")
        finally:
            guarded.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", required=True)
    pawl = os.path.abspath(parser.parse_args().pawl)
    server = Server(pawl)
    try:
        tests = [test for name, test in sorted(globals().items()) if name.startswith("test_")]
        return run_all(tests, server, Control(pawl, server.url))
    finally:
        server.stop()


if __name__ == "__main__":
    raise SystemExit(main())
