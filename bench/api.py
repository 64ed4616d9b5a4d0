#!/usr/bin/env python3
"""The API under load beside a bare Boost.Beast echo server, in interleaved rounds.

  api.py BUILD_BIN [--data DIR] [--rounds 5] [--seconds 3] [--connections 64]

Prints medians with minimum and maximum, the ratio to the echo server of the same round, and the latency of StartExecution
at half of its rate. DIR must be on the disk that is meant (a tmpfs syncs nothing); it is made and removed.
"""
import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.port = None
        for line in self.process.stdout:
            found = re.search(r"listening on (\d+)|endpoint-url http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1] or found[2])
                return
        raise SystemExit(f"{command[0]} did not start")

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()
    data = arguments.data or pathlib.Path(tempfile.mkdtemp(prefix="pawl-bench-"))

    echo = Server([arguments.bin / "beast_echo"])
    pawl = Server([arguments.bin / "pawl", "serve", "--port", "0", "--data", data / "store"])

    def load(operation, server, **more):
        command = [arguments.bin / "api_load", operation, "--port", str(server.port), "--connections",
                   str(arguments.connections), "--seconds", str(arguments.seconds)]
        for name, value in more.items():
            command += [f"--{name}", str(value)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    rates = {"echo": [], "start": [], "describe": []}
    for _ in range(arguments.rounds):
        for operation, server in (("echo", echo), ("start", pawl), ("describe", pawl)):
            rates[operation].append(load(operation, server)["ok_per_s"])
    print(f"{arguments.connections} connections, {arguments.rounds} rounds of {arguments.seconds} s")
    for operation, values in rates.items():
        ratios = [one / control for one, control in zip(values, rates["echo"])]
        print(f"{operation:9} {statistics.median(values):9.0f}/s [{min(values):.0f}-{max(values):.0f}]   "
              f"to echo {statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}]")
    half = statistics.median(rates["start"]) / 2
    at_half = [load("start", pawl, rate=half) for _ in range(3)]
    print(f"start at {half:.0f}/s: p50 {statistics.median(one['p50_ms'] for one in at_half):.2f} ms, "
          f"p99 {statistics.median(one['p99_ms'] for one in at_half):.2f} ms")
    over = load("start", pawl, rate=half * 6)
    print(f"start at three times its rate: {over['ok_per_s']:.0f}/s answered, {over['refused_per_s']:.0f}/s throttled "
          f"(p99 {over['refused_p99_ms']:.1f} ms), resident {pawl.resident_kib() / 1024:.0f} MiB")
    pawl.stop()
    echo.stop()
    shutil.rmtree(data)


if __name__ == "__main__":
    main()
