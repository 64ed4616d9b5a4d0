"""A server of its own for a test, and the API without a client library."""
import json
import re
import subprocess
import time
import traceback
import urllib.error
import urllib.request

ROLE = "arn:aws:iam::123456789012:role/test"


class Refused(Exception):
    def __init__(self, status, answer):
        super().__init__(f"{status} {answer}")
        self.status = status
        self.code = answer.get("__type", "").split("#")[-1]
        self.message = answer.get("message", "")
        self.answer = answer


class Server:
    def __init__(self, pawl, *arguments):
        self.process = subprocess.Popen([pawl, "serve", "--port", "0", *arguments], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"listens on \S*?:(\d+)", re.sub(r"\x1b\[\d*m", "", line))
            if found:
                self.url = f"http://127.0.0.1:{found[1]}"
                return
        raise SystemExit("the server did not start")

    def __call__(self, operation, target="AWSStepFunctions", **members):
        version = "1.0" if target == "AWSStepFunctions" else "1.1"
        request = urllib.request.Request(self.url, json.dumps(members).encode(), {
            "Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": f"{target}.{operation}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.load(error)) from None

    def refused(self, code, operation, **members):
        try:
            answer = self(operation, **members)
        except Refused as refused:
            assert refused.code == code, refused
            return refused
        raise AssertionError(f"{operation} was answered {answer}; {code} was expected")

    def until(self, status, arn):
        for _ in range(1000):
            described = self("DescribeExecution", executionArn=arn)
            if described["status"] == status:
                return described
            time.sleep(0.01)
        raise AssertionError(f"{arn} is {described['status']}, not {status}")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def run_all(tests, *arguments):
    """Runs each function with `arguments`; the last line is "N passed, N failed". The exit code."""
    passed = failed = 0
    for test in tests:
        try:
            test(*arguments)
            passed += 1
        except Exception:  # noqa: BLE001: the next one may pass
            print(f"FAILED {test.__name__}")
            traceback.print_exc()
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
