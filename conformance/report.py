"""What the runners of the suites tell conformance/run: which cases failed, and why."""

import json
from pathlib import Path


def add_option(parser):
    parser.add_argument("--report", metavar="FILE", help="write what failed as JSON, name -> text")


def write(path, failed):
    if path:
        Path(path).write_text(json.dumps(failed, indent=1), encoding="utf-8")
