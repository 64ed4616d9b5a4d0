#!/usr/bin/env python3
"""Kills pawl with SIGKILL in the middle of Tasks of embedded services and counts what they did.

  effects.py --pawl build/bin/pawl [--executions 3400] [--kills 40] [--clients 16] [--seed N]

Every execution sends one message to a queue (sqs:sendMessage), puts one item that must not be there yet
(dynamodb:putItem with a condition) and adds one to a counter of its own (dynamodb:updateItem). Clients start executions and start
them again under the same name when the answer was lost; meanwhile the server is killed when
random numbers of them have been started. At the end, for each
execution,

  * it has SUCCEEDED: its put was not refused because it had happened before;
  * the queue had one message of it, not two;
  * its item is there, and its counter is 1.

The last line is "N passed, N failed", one per execution.
"""
import argparse
import collections
import concurrent.futures
import http.client
import json
import pathlib
import random
import shutil
import tempfile
import threading
import time

from kill import Server

QUEUE = "http://localhost/123456789012/effects"
DEFINITION = {
    "QueryLanguage": "JSONata", "StartAt": "Send", "States": {
        "Send": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "Put",
                 "Arguments": {"QueueUrl": QUEUE, "MessageBody": "{% $states.context.Execution.Name %}"}},
        "Put": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Next": "Add",
                "Arguments": {"TableName": "effects", "ConditionExpression": "attribute_not_exists(id)",
                              "Item": {"id": {"S": "{% 'put ' & $states.context.Execution.Name %}"}}}},
        "Add": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:updateItem", "End": True,
                "Arguments": {"TableName": "effects", "UpdateExpression": "ADD n :one",
                              "Key": {"id": {"S": "{% 'add ' & $states.context.Execution.Name %}"}},
                              "ExpressionAttributeValues": {":one": {"N": "1"}}}}}}


class Client:
    """One connection at a time; a call is repeated until it is answered."""

    def __init__(self, server):
        self.server = server
        self.connection = None

    def once(self, target, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        self.connection.request("POST", "/", json.dumps(body), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target,
            "Authorization": "AWS4-HMAC-SHA256 Credential=any/20261126/us-east-1/any/aws4_request, SignedHeaders=host, Signature=0"})
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")

    def call(self, target, body):
        for _ in range(6000):
            try:
                status, answer = self.once(target, body)
            except (OSError, http.client.HTTPException, ValueError):
                if self.connection is not None:
                    self.connection.close()
                self.connection = None
                time.sleep(0.01)
                continue
            # That it exists: the start whose answer was lost, of an execution that has ended.
            if status == 200 or answer.get("__type", "").endswith("ExecutionAlreadyExists"):
                return answer
            if status < 500 and "Throttling" not in answer.get("__type", ""):
                raise RuntimeError(f"{target}: {answer}")
            time.sleep(0.01)
        raise RuntimeError(f"{target}: in vain")


def start_all(server, arn, names, started):
    client = Client(server)
    for name in names:
        client.call("AWSStepFunctions.StartExecution", {"stateMachineArn": arn, "name": name, "input": "{}"})
        started.append(name)


def kill_at_random(server, kills, chance, started, count, over):
    for threshold in sorted(chance.sample(range(count), kills)):
        while len(started) < threshold:
            if over.is_set():
                return
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, 0.02))
        server.kill()
        server.start()


def statuses(client, arn):
    counts, token = {}, None
    while True:
        page = client.call("AWSStepFunctions.ListExecutions", {"stateMachineArn": arn, "maxResults": 1000,
                                                              **({"nextToken": token} if token else {})})
        counts.update({one["name"]: one["status"] for one in page["executions"]})
        token = page.get("nextToken")
        if not token:
            return counts


def messages(client):
    counts = collections.Counter()
    while True:
        answer = client.call("AmazonSQS.ReceiveMessage", {"QueueUrl": QUEUE, "MaxNumberOfMessages": 10, "VisibilityTimeout": 43200})
        if not answer.get("Messages"):
            return counts
        counts.update(message["Body"] for message in answer["Messages"])


def items(client):
    found, start = {}, None
    while True:
        page = client.call("DynamoDB_20120810.Scan", {"TableName": "effects", **({"ExclusiveStartKey": start} if start else {})})
        found.update({item["id"]["S"]: item for item in page["Items"]})
        start = page.get("LastEvaluatedKey")
        if not start:
            return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", default="build/bin/pawl")
    parser.add_argument("--executions", type=int, default=3400)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    chance = random.Random(arguments.seed)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pawl-effects-"))
    (directory / "functions").mkdir()
    server = Server(arguments.pawl, directory / "data", directory / "functions", None)
    server.start()
    client = Client(server)
    client.call("AmazonSQS.CreateQueue", {"QueueName": "effects"})
    client.call("DynamoDB_20120810.CreateTable", {
        "TableName": "effects", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]})
    arn = client.call("AWSStepFunctions.CreateStateMachine", {
        "name": "effects", "definition": json.dumps(DEFINITION), "roleArn": "arn:aws:iam::123456789012:role/effects"})["stateMachineArn"]
    names = [f"e{i:05}" for i in range(arguments.executions)]

    started, over = [], threading.Event()
    with concurrent.futures.ThreadPoolExecutor(arguments.clients + 1) as pool:
        killer = pool.submit(kill_at_random, server, arguments.kills, chance, started, len(names), over)
        starting = [pool.submit(start_all, server, arn, names[i::arguments.clients], started) for i in range(arguments.clients)]
        concurrent.futures.wait(starting)
        over.set()
        for one in [*starting, killer]:
            one.result()
    deadline = time.monotonic() + 60
    while (ended := statuses(client, arn)) and any(status == "RUNNING" for status in ended.values()):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    sent, there = messages(client), items(client)
    passed = failed = 0
    for name in names:
        problems = []
        if ended.get(name) != "SUCCEEDED":
            problems.append(f"is {ended.get(name)}")
        if sent[name] != 1:
            problems.append(f"sent {sent[name]} messages")
        if f"put {name}" not in there:
            problems.append("put nothing")
        counter = there.get(f"add {name}", {}).get("n", {}).get("N")
        if counter != "1":
            problems.append(f"counted to {counter}")
        if problems:
            print(f"{name}: {', '.join(problems)}")
            failed += 1
        else:
            passed += 1
    if set(sent) - set(names) or len(there) != 2 * len(names):
        print("there is more than was asked for")
        failed += 1
    server.stop()
    if failed == 0:
        shutil.rmtree(directory)
    else:
        print(f"kept: {directory}")
    print(f"{arguments.kills} kills, {3 * len(names)} effects")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
