#!/usr/bin/env python3
"""Kills pawl with SIGKILL in the middle of a load of StartExecution and looks for what was answered.

  load.py --pawl build/bin/pawl [--kills 20] [--clients 32] [--seed N] [--load build/release/bin/api_load]

Clients start executions as fast as they are answered, each with a name of its own; after a random time the server is
killed, and started again on the same data. Then, for every start that was answered with 200,

  * DescribeExecution knows the ARN, and shows the start date that was answered, to the millisecond;
  * one that still runs, started again with the same name and input, gives the same ARN and start date.

Executions of two machines are started, one that ends at once and one that waits. With --load the load is made by that
program (bench/api_load.cpp), which is several times faster than this script's own threads, and only the first rule is
checked. The last line is "N passed, N failed", one per answered start.
"""
import argparse
import concurrent.futures
import http.client
import json
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time

from kill import Server

ROLE = "arn:aws:iam::123456789012:role/load"
MACHINES = {
    "pass": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
    "wait": {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 100000, "End": True}}},
}


class Client:
    """One connection that is kept."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def call(self, operation, body):
        self.connection.request("POST", "/", json.dumps(body), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"})
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())


def start_until_killed(port, prefix, arns, over, answered):
    client = Client(port)
    number = 0
    while not over.is_set():
        number += 1
        body = {"stateMachineArn": arns[number % len(arns)], "name": f"{prefix}-{number}", "input": '{"n": %d}' % number}
        try:
            status, answer = client.call("StartExecution", body)
        except (OSError, http.client.HTTPException, ValueError):
            return
        if status == 200:
            answered.append((body, answer["executionArn"], answer["startDate"]))
        elif "Throttling" not in answer.get("__type", "") and "ServiceUnavailable" not in answer.get("__type", ""):
            raise RuntimeError(f"StartExecution: {answer}")


def own_load(server, round_number, clients, seconds, arns):
    answered = [[] for _ in range(clients)]
    over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(start_until_killed, server.port, f"{round_number}-{i}", arns, over, answered[i])
                   for i in range(clients)]
        time.sleep(seconds)
        server.kill()
        over.set()
        for one in running:
            one.result()
    return [one for client in answered for one in client]


def driven_load(server, load, clients, seconds, directory):
    answers = directory / "answers"
    process = subprocess.Popen([load, "start", "--port", str(server.port), "--connections", str(clients), "--seconds",
                                str(seconds + 20), "--answers", str(answers)], stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    server.kill()
    process.wait(timeout=30)
    # The last line may be cut: the answer had come, so it counts when it is whole.
    lines = [line.split() for line in answers.read_text().splitlines()]
    return [(None, line[0], float(line[1])) for line in lines if len(line) == 2]


def problem_of(client, start):
    body, arn, date = start
    status, told = client.call("DescribeExecution", {"executionArn": arn})
    if status != 200:
        return f"{arn}: {told}"
    if abs(told["startDate"] - date) > 0.0005:
        return f"{arn}: started {told['startDate']}, answered was {date}"
    if body and told["status"] == "RUNNING":
        status, again = client.call("StartExecution", body)
        if status != 200 or again["executionArn"] != arn or abs(again["startDate"] - date) > 0.0005:
            return f"{arn}: started again: {again}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pawl", default="build/bin/pawl")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--load", help="the load driver of bench/")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    chance = random.Random(arguments.seed)

    directory = pathlib.Path(tempfile.mkdtemp(prefix="pawl-load-"))
    functions = directory / "functions"
    functions.mkdir()
    server = Server(arguments.pawl, directory / "data", functions, None)
    server.start()
    arns = [server.call("CreateStateMachine", {"name": name, "definition": json.dumps(definition), "roleArn": ROLE})
            ["stateMachineArn"] for name, definition in MACHINES.items()]
    passed = failed = 0
    for round_number in range(arguments.kills):
        seconds = chance.uniform(0.2, 1.5)
        if arguments.load:
            answered = driven_load(server, arguments.load, arguments.clients, seconds, directory)
        else:
            answered = own_load(server, round_number, arguments.clients, seconds, arns)
        server.start()
        client = Client(server.port)
        for one in answered:
            problem = problem_of(client, one)
            if problem:
                print(problem)
                failed += 1
            else:
                passed += 1
        print(f"kill {round_number + 1}: {len(answered)} answered starts looked for")
    server.stop()
    if failed == 0:
        shutil.rmtree(directory)
    else:
        print(f"kept: {directory}")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
