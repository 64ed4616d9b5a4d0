#!/usr/bin/env python3
"""The API under load beside a bare Boost.Beast echo server, in interleaved rounds.

  api.py BUILD_BIN [--data DIR] [--rounds 5] [--seconds 3] [--connections 64] [--parts rates,latency,overload,idle,workers,retention]

DIR must be on the disk that is meant (a tmpfs syncs nothing); it is made and removed. Prints, with medians and [minimum-maximum]:

  rates     StartExecution (of a machine with one Succeed state; answered when it is durable) and DescribeExecution, closed
            loop, and their ratio to the echo server of the same round; the processor's time that one takes, with that of
            the thread that syncs, which says more than the rate where others use the machine as well
  latency   p50 and p99 of StartExecution at half of its rate, open loop: counted from when a call was due
  overload  StartExecution at three times its rate over 4,096 connections: how many are answered and refused, and how soon,
            counted from when a call was due, and as the server measures it, from the request's arrival
  idle      10,000 connections that send nothing: memory of each, and StartExecution meanwhile
  retention latency again, of a server that erases what ended ten seconds ago beside one that keeps everything
  workers   1,000 workers in GetActivityTask: memory of each, how many tasks they get and answer at a tenth of
            StartExecution's rate, and StartExecution meanwhile
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

PARTS = ("rates", "latency", "overload", "idle", "workers", "retention")


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
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

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def histogram(self, operation):
        """What pawl itself measured, from a request's arrival to its answer: counts by upper bound in seconds."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_pawl/metrics", timeout=60) as page:
            rows = re.findall(rf'pawl_api_seconds_bucket{{operation="{operation}",le="([^"]+)"}} (\d+)', page.read().decode())
        return {float(bound): int(count) for bound, count in rows}

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def bound_of(quantile, before, after):
    """The upper bound, in ms, of the bucket that a quantile of what came between two histograms lies in."""
    counts = {bound: count - before.get(bound, 0) for bound, count in after.items()}
    return min(bound for bound, count in counts.items() if count >= quantile * max(counts.values())) * 1000


def spread(values, digits=0):
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


class Bench:
    def __init__(self, arguments, data):
        self.arguments = arguments
        self.data = data
        self.stores = 0
        self.echo = Server([arguments.bin / "beast_echo"])
        self.pawl = self.begin_pawl()

    def begin_pawl(self, *flags):
        self.stores += 1
        return Server([self.arguments.bin / "pawl", "serve", "--port", "0", "--data", self.data / f"store{self.stores}", *flags])

    def begin_again(self):
        """A process whose memory shows what is needed, not what was needed before."""
        self.pawl.stop()
        self.pawl = self.begin_pawl()

    def begin(self, operation, server, *flags, **options):
        options = {"connections": self.arguments.connections, "seconds": self.arguments.seconds} | options
        command = [self.arguments.bin / "api_load", operation, "--port", str(server.port), *flags]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)

    def end(self, load):
        out, _ = load.communicate()
        if load.returncode != 0:
            raise SystemExit("api_load failed")
        return json.loads(out)

    def load(self, operation, server, *flags, **options):
        return self.end(self.begin(operation, server, *flags, **options))

    def rates(self):
        rates = {"echo": [], "start": [], "describe": []}
        p99 = {"echo": [], "start": [], "describe": []}
        cpu = {"echo": [], "start": [], "describe": []}
        for _ in range(self.arguments.rounds):
            for operation, server in (("echo", self.echo), ("start", self.pawl), ("describe", self.pawl)):
                before = server.cpu_seconds()
                measured = self.load(operation, server)
                rates[operation].append(measured["ok_per_s"])
                requests = measured["ok_per_s"] * measured["seconds"]
                cpu[operation].append((server.cpu_seconds() - before) / requests * 1e6)
                p99[operation].append(measured["p99_ms"])
        for operation, values in rates.items():
            ratios = [one / control for one, control in zip(values, rates["echo"])]
            of_cpu = [control / one for one, control in zip(cpu[operation], cpu["echo"])]
            print(f"{operation:9} {spread(values)}/s   to echo {spread(ratios, 2)}   p99 {spread(p99[operation], 1)} ms   "
                  f"cpu {spread(cpu[operation], 1)} us, echo's to it {spread(of_cpu, 2)}", flush=True)

    def capacity(self, rounds=3):
        return statistics.median(self.load("start", self.pawl)["ok_per_s"] for _ in range(rounds))

    def latency(self):
        half = self.capacity() / 2
        at_half = [self.load("start", self.pawl, rate=half) for _ in range(self.arguments.rounds)]
        print(f"start at {half:.0f}/s: answered {spread([one['ok_per_s'] for one in at_half])}/s, "
              f"p50 {spread([one['p50_ms'] for one in at_half], 2)} ms, p99 {spread([one['p99_ms'] for one in at_half], 2)} ms",
              flush=True)

    def overload(self):
        for _ in range(self.arguments.rounds):
            capacity = self.load("start", self.pawl)
            before = self.pawl.histogram("StartExecution")
            over = self.load("start", self.pawl, rate=capacity["ok_per_s"] * 3, connections=4096)
            inside = self.pawl.histogram("StartExecution")
            after = self.load("start", self.pawl)
            print(f"start at {over['rate']:.0f}/s, three times its rate of {capacity['ok_per_s']:.0f}/s: "
                  f"{over['ok_per_s']:.0f}/s answered (p99 {over['p99_ms']:.0f} ms), {over['refused_per_s']:.0f}/s refused "
                  f"(p50 {over['refused_p50_ms']:.0f} ms, p99 {over['refused_p99_ms']:.0f} ms), {over['codes']}, closed {over['closed']}; "
                  f"in the server p50 <= {bound_of(0.5, before, inside):.1f} ms, p99 <= {bound_of(0.99, before, inside):.1f} ms; "
                  f"after it {after['ok_per_s']:.0f}/s; resident {self.pawl.resident_kib() / 1024:.0f} MiB", flush=True)

    def idle(self, connections=10_000):
        before = self.capacity()
        self.begin_again()
        self.load("start", self.pawl, seconds=1)
        for server, name in ((self.echo, "echo"), (self.pawl, "pawl")):
            empty = server.resident_kib()
            idle = self.begin("idle", server, connections=connections, seconds=3 * self.arguments.seconds + 8)
            time.sleep(4)
            each = (server.resident_kib() - empty) / connections
            if server is self.echo:
                print(f"{connections} idle connections to echo: {each:.1f} KiB each", flush=True)
                idle.terminate()
                idle.wait()
                continue
            meanwhile = statistics.median(self.load("start", server)["ok_per_s"] for _ in range(3))
            closed = self.end(idle)["closed"]
            print(f"{connections} idle connections to {name}: {each:.1f} KiB each, {closed} closed; "
                  f"start {meanwhile:.0f}/s meanwhile, {before:.0f}/s without", flush=True)

    def retention(self, seconds=40):
        half = self.capacity() / 2
        for _ in range(self.arguments.rounds):
            for kept in ("forever", "10s"):
                server = self.begin_pawl("--retention", kept)
                measured = self.load("start", server, rate=half, seconds=seconds)
                with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/_pawl/metrics", timeout=60) as page:
                    erased = re.search(r"^pawl_executions_erased_total (\d+)", page.read().decode(), re.MULTILINE)[1]
                server.stop()
                print(f"start at {half:.0f}/s for {seconds} s, kept {kept}: answered {measured['ok_per_s']:.0f}/s, "
                      f"p50 {measured['p50_ms']:.2f} ms, p99 {measured['p99_ms']:.2f} ms, {erased} erased", flush=True)

    def workers(self, workers=1000):
        before = self.capacity()
        self.begin_again()
        self.load("start", self.pawl, seconds=1)
        empty = self.pawl.resident_kib()
        seconds = 3 * self.arguments.seconds + 14
        working = self.begin("work", self.pawl, connections=workers, seconds=seconds)
        time.sleep(3)
        each = (self.pawl.resident_kib() - empty) / workers
        tasks = self.load("start", self.pawl, "--activity", rate=before / 10)
        time.sleep(2)
        meanwhile = statistics.median(self.load("start", self.pawl)["ok_per_s"] for _ in range(3))
        worked = self.end(working)
        print(f"{workers} workers polling: {each:.1f} KiB each; start with a Task of theirs {tasks['ok_per_s']:.0f}/s "
              f"(p99 {tasks['p99_ms']:.1f} ms), {worked['codes']}; start {meanwhile:.0f}/s meanwhile, {before:.0f}/s without",
              flush=True)

    def stop(self):
        self.pawl.stop()
        self.echo.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--parts", default=",".join(PARTS))
    arguments = parser.parse_args()
    parts = arguments.parts.split(",")
    if not set(parts) <= set(PARTS):
        parser.error(f"--parts are {', '.join(PARTS)}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    data = arguments.data or pathlib.Path(tempfile.mkdtemp(prefix="pawl-bench-"))
    print(f"{arguments.connections} connections, {arguments.rounds} rounds of {arguments.seconds} s", flush=True)
    bench = Bench(arguments, data)
    try:
        for part in parts:
            getattr(bench, part)()
    finally:
        bench.stop()
        shutil.rmtree(data)


if __name__ == "__main__":
    main()
