#!/usr/bin/env python3
"""What tools that deploy do with a state machine that has versions, an alias and tags, call by call.

  deploy_test.py --pawl build/dev/bin/pawl

Terraform: the resources aws_sfn_state_machine, aws_sfn_alias and aws_sfn_activity of the AWS provider (plan, create, read,
update, import, delete), as its source makes the calls (internal/service/sfn, v6). CDK and CloudFormation: the handlers of
AWS::StepFunctions::StateMachine, ::StateMachineVersion and ::StateMachineAlias, as their schemas and documentation say,
with a CANARY deployment and its rollback. The last line is "N passed, N failed".
"""
import argparse
import json
import time

from raw_api import ROLE, Server, run_all

ACCOUNT = "arn:aws:states:us-east-1:123456789012"


def definition(result):
    return json.dumps({"Comment": f"Deploys {result}", "StartAt": "A",
                       "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}, indent=2)


def tags_of(server, arn):
    return {tag["key"]: tag["value"] for tag in server("ListTagsForResource", resourceArn=arn)["tags"]}


# --- Terraform ---


def terraform_read(server, arn):
    """resourceStateMachineRead: what it writes to its state must not differ from what was asked for."""
    read = server("DescribeStateMachine", stateMachineArn=arn)
    versions = server("ListStateMachineVersions", stateMachineArn=arn)["stateMachineVersions"]
    return read, [version["stateMachineVersionArn"] for version in versions], tags_of(server, arn)


def terraform_delete(server, arn):
    server("DeleteStateMachine", stateMachineArn=arn)
    for _ in range(500):  # waitStateMachineDeleted
        try:
            assert server("DescribeStateMachine", stateMachineArn=arn)["status"] in ("ACTIVE", "DELETING")
        except Exception as error:  # noqa: BLE001
            assert error.code == "StateMachineDoesNotExist", error
            return
        time.sleep(0.01)
    raise AssertionError("it is not deleted")


def test_terraform_state_machine_and_alias(server):
    # plan: CustomizeDiff validates the definition
    first = definition("one")
    assert server("ValidateStateMachineDefinition", definition=first, type="STANDARD")["result"] == "OK"
    broken = server("ValidateStateMachineDefinition", definition='{"StartAt": "A", "States": {}}', type="STANDARD")
    assert broken["result"] == "FAIL"
    assert {"severity", "code", "message"} <= set(broken["diagnostics"][0])

    # apply: the log group is another resource, which comes first
    server("CreateLogGroup", target="Logs_20140328", logGroupName="/aws/vendedlogs/orders")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/orders:*"
    logging = {"includeExecutionData": True, "level": "ERROR",
               "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    created = server("CreateStateMachine", name="orders", definition=first, roleArn=ROLE, type="STANDARD", publish=True,
                     tags=[{"key": "Environment", "value": "test"}, {"key": "Owner", "value": "us"}],
                     loggingConfiguration=logging, tracingConfiguration={"enabled": True},
                     encryptionConfiguration={"type": "AWS_OWNED_KEY"})
    arn = created["stateMachineArn"]
    read, versions, tags = terraform_read(server, arn)
    assert read["definition"] == first and read["roleArn"] == ROLE and read["type"] == "STANDARD"
    assert read["status"] == "ACTIVE" and read["name"] == "orders"
    assert read["loggingConfiguration"] == logging and read["tracingConfiguration"] == {"enabled": True}
    assert read["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert versions == [f"{arn}:1"] == [created["stateMachineVersionArn"]]
    assert tags == {"Environment": "test", "Owner": "us"}

    # aws_sfn_alias
    alias = server("CreateStateMachineAlias", name="live", description="",
                   routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}])["stateMachineAliasArn"]
    described = server("DescribeStateMachineAlias", stateMachineAliasArn=alias)
    assert described["name"] == "live" and described["stateMachineAliasArn"] == f"{arn}:live"
    assert described["routingConfiguration"] == [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    assert "creationDate" in described and described.get("description", "") == ""

    # a second plan finds nothing to do
    assert terraform_read(server, arn) == (read, versions, tags)

    # apply of another definition: publish and an empty version_description
    second = definition("two")
    server("UpdateStateMachine", stateMachineArn=arn, definition=second, roleArn=ROLE, publish=True, versionDescription="")
    changed, versions, _ = terraform_read(server, arn)
    assert changed["definition"] == second and changed["revisionId"]
    assert versions == [f"{arn}:2", f"{arn}:1"]  # the newest first: Terraform takes that
    assert changed["loggingConfiguration"] == logging  # not in the request: unchanged

    # the alias shifts, in two steps
    for routing in ([{"stateMachineVersionArn": f"{arn}:1", "weight": 50}, {"stateMachineVersionArn": f"{arn}:2", "weight": 50}],
                    [{"stateMachineVersionArn": f"{arn}:2", "weight": 100}]):
        server("UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=routing)
        assert server("DescribeStateMachineAlias", stateMachineAliasArn=alias)["routingConfiguration"] == routing
    started = server("StartExecution", stateMachineArn=alias)["executionArn"]
    ended = server.until("SUCCEEDED", started)
    assert ended["output"] == '"two"' and ended["stateMachineAliasArn"] == alias
    assert ended["stateMachineVersionArn"] == f"{arn}:2"

    # tags alone: UpdateStateMachine is not called
    server("UntagResource", resourceArn=arn, tagKeys=["Owner"])
    server("TagResource", resourceArn=arn, tags=[{"key": "Environment", "value": "live"}, {"key": "Team", "value": "them"}])
    assert tags_of(server, arn) == {"Environment": "live", "Team": "them"}

    # data sources
    assert server("DescribeStateMachine", stateMachineArn=f"{arn}:1")["definition"] == first
    assert [one["stateMachineAliasArn"] for one in
            server("ListStateMachineAliases", stateMachineArn=arn)["stateMachineAliases"]] == [alias]
    assert "orders" in [one["name"] for one in server("ListStateMachines")["stateMachines"]]

    # destroy
    server("DeleteStateMachineAlias", stateMachineAliasArn=alias)
    server.refused("ResourceNotFound", "DescribeStateMachineAlias", stateMachineAliasArn=alias)
    terraform_delete(server, arn)


def test_terraform_activity(server):
    arn = server("CreateActivity", name="approve", tags=[{"key": "a", "value": "b"}])["activityArn"]
    assert server("DescribeActivity", activityArn=arn)["name"] == "approve"
    assert tags_of(server, arn) == {"a": "b"}
    server("DeleteActivity", activityArn=arn)
    server.refused("ActivityDoesNotExist", "DescribeActivity", activityArn=arn)


def test_terraform_imports_and_creates_again(server):
    """A create whose answer was lost is sent again; an import reads what it did not make."""
    asked = {"name": "again", "definition": definition("x"), "roleArn": ROLE, "type": "EXPRESS", "publish": False}
    arn = server("CreateStateMachine", **asked)["stateMachineArn"]
    assert server("CreateStateMachine", **asked)["stateMachineArn"] == arn
    server.refused("StateMachineAlreadyExists", "CreateStateMachine", **{**asked, "type": "STANDARD"})
    read, versions, tags = terraform_read(server, arn)
    assert read["type"] == "EXPRESS" and versions == [] and tags == {}
    assert read["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    terraform_delete(server, arn)
    # The name is free at once.
    arn = server("CreateStateMachine", **{**asked, "type": "STANDARD"})["stateMachineArn"]
    terraform_delete(server, arn)


# --- CloudFormation, and so CDK ---


class Stack:
    """StateMachine, StateMachineVersion and StateMachineAlias of one template, as their handlers work."""

    def __init__(self, server):
        self.server = server
        self.arn = self.alias = None
        self.version = None

    def create(self, result):
        # CDK: the definition is a string with resolved tokens, tags come from the stack.
        made = self.server("CreateStateMachine", name="Orders-7Xk2pQ", definition=definition(result), roleArn=ROLE,
                           type="STANDARD", tags=[{"key": "aws-cdk:stack", "value": "Orders"}])
        self.arn = made["stateMachineArn"]
        read = self.server("DescribeStateMachine", stateMachineArn=self.arn)
        revision = read.get("revisionId", "INITIAL")  # Fn::GetAtt StateMachineRevisionId
        self.version = self.publish(revision, "first")
        self.alias = self.server("CreateStateMachineAlias", name="PROD", description="Deployed by CloudFormation",
                                 routingConfiguration=[self.route(self.version, 100)])["stateMachineAliasArn"]

    def publish(self, revision, description):
        published = self.server("PublishStateMachineVersion", stateMachineArn=self.arn, revisionId=revision,
                                description=description)["stateMachineVersionArn"]
        assert self.server("DescribeStateMachine", stateMachineArn=published)["description"] == description
        return published

    def update(self, result):
        updated = self.server("UpdateStateMachine", stateMachineArn=self.arn, definition=definition(result), roleArn=ROLE)
        return self.publish(updated["revisionId"], result)

    def route(self, version, weight):
        return {"stateMachineVersionArn": version, "weight": weight}

    def shift(self, new, percentage):
        """CANARY: part of the traffic, then, after an interval without alarms, all of it."""
        self.server("UpdateStateMachineAlias", stateMachineAliasArn=self.alias,
                    routingConfiguration=[self.route(new, percentage), self.route(self.version, 100 - percentage)])

    def settle(self, version):
        self.server("UpdateStateMachineAlias", stateMachineAliasArn=self.alias,
                    routingConfiguration=[self.route(version, 100)])

    def starts(self, count):
        """Which versions `count` executions of the alias ran."""
        versions = []
        for _ in range(count):
            arn = self.server("StartExecution", stateMachineArn=self.alias)["executionArn"]
            versions.append(self.server.until("SUCCEEDED", arn)["stateMachineVersionArn"])
        return versions


def test_cloudformation_canary_rollback_and_delete(server):
    stack = Stack(server)
    stack.create("one")
    first = stack.version
    assert set(stack.starts(3)) == {first}

    second = stack.update("two")
    assert second != first
    stack.shift(second, 50)
    seen = stack.starts(60)
    assert {first, second} == set(seen), seen  # either one alone: once in 10^17 runs
    # The old version is in use: its deletion is refused, and the stack rolls back.
    refused = server.refused("ConflictException", "DeleteStateMachineVersion", stateMachineVersionArn=first)
    assert "PROD" in refused.message
    stack.settle(first)
    assert set(stack.starts(3)) == {first}
    server("DeleteStateMachineVersion", stateMachineVersionArn=second)

    # A version of a revision that is no longer the current one is a conflict, not a silent other version.
    server.refused("ConflictException", "PublishStateMachineVersion", stateMachineArn=stack.arn, revisionId="INITIAL")

    third = stack.update("three")
    assert third.endswith(":3")  # numbers are not used again
    stack.settle(third)
    stack.version = third
    server("DeleteStateMachineVersion", stateMachineVersionArn=first)
    assert [one["stateMachineVersionArn"] for one in
            server("ListStateMachineVersions", stateMachineArn=stack.arn)["stateMachineVersions"]] == [third]

    # Deletion in the order of the dependencies.
    server("DeleteStateMachineAlias", stateMachineAliasArn=stack.alias)
    server("DeleteStateMachineVersion", stateMachineVersionArn=third)
    server("DeleteStateMachine", stateMachineArn=stack.arn)
    for _ in range(500):
        names = [one["name"] for one in server("ListStateMachines")["stateMachines"]]
        if "Orders-7Xk2pQ" not in names:
            return
        time.sleep(0.01)
    raise AssertionError("it is still listed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", required=True)
    server = Server(parser.parse_args().pawl)
    try:
        return run_all([test for name, test in sorted(globals().items()) if name.startswith("test_")], server)
    finally:
        server.stop()


if __name__ == "__main__":
    raise SystemExit(main())
