#!/usr/bin/env python3
"""Prints how many test cases passed and failed, from the report of `ctest --output-junit`.

    cmake/count_cases.py tests.xml

A test of ctest is often a whole Catch2 program: then the cases that it counted are what counts, otherwise it is one.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

ALL_PASSED = re.compile(r"^All tests passed \(.* in (\d+) test cases?\)", re.MULTILINE)
SOME_FAILED = re.compile(r"^test cases:\s+(\d+) \|.*?(\d+) failed", re.MULTILINE)


def cases(test):
    """(passed, failed) of one <testcase>."""
    status, output = test.get("status"), test.findtext("system-out") or ""
    if status in ("disabled", "notrun") and test.find("failure") is None:
        return 0, 0
    if status == "run":
        counted = ALL_PASSED.search(output)
        return (int(counted[1]) if counted else 1), 0
    counted = SOME_FAILED.search(output)
    return (int(counted[1]) - int(counted[2]), int(counted[2])) if counted else (0, 1)


def main():
    counts = [cases(test) for test in ElementTree.parse(sys.argv[1]).iter("testcase")]
    print(sum(passed for passed, _ in counts), sum(failed for _, failed in counts))


if __name__ == "__main__":
    main()
