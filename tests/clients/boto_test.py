#!/usr/bin/env python3
"""Calls `pawl serve` with boto3 and the AWS CLI of Debian, for the operations that they know.

  boto_test.py --pawl build/dev/bin/pawl

The server is started here on a free port.  The last line is "N passed, N failed".
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    DEBIAN = "/usr/bin/python3"  # its packages are not for another Python that comes first in PATH
    if sys.executable != DEBIAN and os.path.exists(DEBIAN):
        os.execv(DEBIAN, [DEBIAN, *sys.argv])
    sys.exit("boto3 is missing: apt-get install python3-boto3 (./dev setup does)")

ROLE = "arn:aws:iam::123456789012:role/test"
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


class Server:
    def __init__(self, pawl):
        self.process = subprocess.Popen([pawl, "serve", "--port", "0"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"listens on \S*?:(\d+)", re.sub(r"\x1b\[\d*m", "", line))
            if found:
                self.url = f"http://127.0.0.1:{found[1]}"
                return
        raise SystemExit("the server did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def refused(code, function, **arguments):
    try:
        function(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error
    raise AssertionError(f"{code} was expected")


def ended(sfn, arn):
    for _ in range(500):
        described = sfn.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.01)
    raise AssertionError("it does not end")


def knows(sfn, operation):
    return operation in sfn.meta.service_model.operation_names


def test_boto_life_of_a_machine(sfn, _url):
    arn = sfn.create_state_machine(name="b", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    assert sfn.describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"
    sfn.update_state_machine(stateMachineArn=arn, definition=PASS + " ")
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "k", "value": "v"}]
    sfn.untag_resource(resourceArn=arn, tagKeys=["k"])
    for i in range(3):
        started = sfn.start_execution(stateMachineArn=arn, name=f"e{i}", input='{"a": 1}')
        assert ended(sfn, started["executionArn"])["output"] == '{"a": 1}'
    pages = list(sfn.get_paginator("list_executions").paginate(
        stateMachineArn=arn, PaginationConfig={"PageSize": 1}))
    assert sum(len(page["executions"]) for page in pages) == 3
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=started["executionArn"], PaginationConfig={"PageSize": 2})
    assert [event["id"] for page in pages for event in page["events"]] == [1, 2, 3, 4]
    assert sfn.describe_state_machine_for_execution(
        executionArn=started["executionArn"])["definition"] == PASS + " "
    refused("ExecutionAlreadyExists", sfn.start_execution, stateMachineArn=arn, name="e0")
    refused("InvalidArn", sfn.describe_execution, executionArn="x")
    sfn.delete_state_machine(stateMachineArn=arn)
    refused("StateMachineDoesNotExist", sfn.describe_state_machine, stateMachineArn=arn)


def test_boto_lists_are_paged(sfn, _url):
    for i in range(3):
        sfn.create_state_machine(name=f"p{i}", definition=PASS, roleArn=ROLE)
        sfn.create_activity(name=f"p{i}")
    for operation, member in (("list_state_machines", "stateMachines"),
                              ("list_activities", "activities")):
        pages = sfn.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1})
        assert sum(len(page[member]) for page in pages) >= 3
    refused("InvalidToken", sfn.list_state_machines, nextToken="x")


def test_boto_activity(sfn, _url):
    activity = sfn.create_activity(name="work")["activityArn"]
    assert sfn.describe_activity(activityArn=activity)["name"] == "work"
    definition = json.dumps({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": activity, "End": True}}})
    arn = sfn.create_state_machine(name="act", definition=definition, roleArn=ROLE)
    outcomes = []
    for answer in ("success", "failure"):
        execution = sfn.start_execution(stateMachineArn=arn["stateMachineArn"], input="[1]")
        task = sfn.get_activity_task(activityArn=activity, workerName="boto")
        assert task["input"] == "[1]"
        sfn.send_task_heartbeat(taskToken=task["taskToken"])
        if answer == "success":
            sfn.send_task_success(taskToken=task["taskToken"], output="2")
        else:
            sfn.send_task_failure(taskToken=task["taskToken"], error="E", cause="C")
        outcomes.append(ended(sfn, execution["executionArn"])["status"])
    assert outcomes == ["SUCCEEDED", "FAILED"]
    refused("InvalidToken", sfn.send_task_success, taskToken="x", output="1")
    sfn.delete_activity(activityArn=activity)
    refused("ActivityDoesNotExist", sfn.get_activity_task, activityArn=activity)


def test_boto_synchronous_execution(sfn, _url):
    arn = sfn.create_state_machine(name="x", definition=PASS, roleArn=ROLE, type="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=arn["stateMachineArn"], input='{"a":1}')
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '{"a":1}')


def test_boto_newer_operations(sfn, _url):
    arn = sfn.create_state_machine(name="n", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    if knows(sfn, "PublishStateMachineVersion"):
        version = sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
        alias = sfn.create_state_machine_alias(name="A", routingConfiguration=[
            {"stateMachineVersionArn": version, "weight": 100}])["stateMachineAliasArn"]
        refused("ConflictException", sfn.delete_state_machine_version,
                stateMachineVersionArn=version)
        sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    if knows(sfn, "ValidateStateMachineDefinition"):
        assert sfn.validate_state_machine_definition(definition=PASS)["result"] == "OK"


def test_cli(_sfn, url):
    if shutil.which("aws") is None:
        raise AssertionError("awscli is missing: apt-get install awscli (./dev setup does)")

    def aws(*arguments, refused=False):
        done = subprocess.run(["aws", "stepfunctions", *arguments, "--endpoint-url", url,
                               "--output", "json"], capture_output=True, text=True,
                              env={**os.environ, **ENVIRONMENT})
        assert (done.returncode != 0) == refused, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else done.stderr

    made = aws("create-state-machine", "--name", "cli", "--definition", PASS, "--role-arn", ROLE)
    started = aws("start-execution", "--state-machine-arn", made["stateMachineArn"],
                  "--input", '{"a": 1}')
    time.sleep(0.2)
    described = aws("describe-execution", "--execution-arn", started["executionArn"])
    assert described["status"] == "SUCCEEDED", described
    history = aws("get-execution-history", "--execution-arn", started["executionArn"])
    assert len(history["events"]) == 4
    problem = aws("describe-execution", "--execution-arn", started["executionArn"] + "x",
                  refused=True)
    assert "ExecutionDoesNotExist" in problem, problem


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", required=True)
    arguments = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    server = Server(arguments.pawl)
    # "sync-127.0.0.1" is no name: the prefix of two operations is switched off.
    sfn = boto3.client("stepfunctions", endpoint_url=server.url, region_name="us-east-1",
                       config=Config(inject_host_prefix=False, retries={"max_attempts": 1}))
    passed = failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test(sfn, server.url)
            passed += 1
        except Exception:  # whatever it is, the other tests run
            failed += 1
            print(f"FAILED {name}")
            traceback.print_exc()
    server.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
