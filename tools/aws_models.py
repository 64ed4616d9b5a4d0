#!/usr/bin/env python3
"""Makes connectors/aws_models/models.txt: what AWS's APIs answer, compact, for all services.

  tools/aws_models.py DIRECTORY... > connectors/aws_models/models.txt

A DIRECTORY holds API models as botocore has them: SERVICE/VERSION/service-2.json[.gz], of which
the newest version counts, or SERVICE.json. Of several directories the later ones win. The file in
the tree is made from Debian 12's package python3-botocore:

  apt-get download python3-botocore && dpkg-deb -x python3-botocore_*.deb botocore
  tools/aws_models.py botocore/usr/lib/python3/dist-packages/botocore/data > ...

The same models give the same file. Its form is drawn in connectors/aws_models/aws_models.h.

  tools/aws_models.py --whole DIRECTORY... > connectors/aws_models/whole_models.txt

makes the models of the services that pawl has a mapping of its own for, with their inputs and HTTP
bindings: botocore's JSON without what only people and validators read, a service on each line
(connectors/aws_models/api_model.h).
"""
from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path

SCALARS = {"string": "s", "integer": "i", "long": "i", "float": "f", "double": "f", "boolean": "b",
           "blob": "x", "timestamp": "t"}


def load(path: Path) -> dict:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as data:
        return json.load(data)


def model_files(directory: Path):
    """The newest model of each service that `directory` has."""
    for entry in sorted(directory.iterdir()):
        if entry.is_file() and entry.suffix == ".json":
            yield entry
        elif entry.is_dir():
            versions = [path for path in sorted(entry.glob("*/service-2.json*"))]
            if versions:
                yield versions[-1]


def service_id(metadata: dict) -> str:
    """As aws-sdk resources name a service: its id in lower case, without blanks and dashes."""
    name = metadata.get("serviceId") or metadata["endpointPrefix"]
    return "".join(c for c in name.lower() if c not in " -")


def bounds(shape: dict) -> str:
    text = ""
    if shape.get("min") is not None:
        text += f">{shape['min']}"
    if shape.get("max") is not None:
        text += f"<{shape['max']}"
    return text


class Shapes:
    """The shapes of a service, numbered; equal ones are one."""

    def __init__(self, model: dict):
        self.model = model["shapes"]
        self.lines: list[str | None] = []
        self.known: dict[str, int] = {}     # of a scalar's line
        self.numbers: dict[str, int] = {}   # of a shape's name

    def number(self, name: str) -> int:
        if name in self.numbers:
            return self.numbers[name]
        shape = self.model[name]
        kind = shape["type"]
        if kind in SCALARS:
            line = self.scalar(shape, kind)
            if line not in self.known:
                self.known[line] = self.add(line)
            self.numbers[name] = self.known[line]
            return self.numbers[name]
        self.numbers[name] = self.add(None)  # before its members: a shape may hold itself
        if kind == "structure":
            required = set(shape.get("required", []))
            members = [f"{'!' if member in required else ''}{member}={self.number(target['shape'])}"
                       for member, target in shape.get("members", {}).items()]
            line = " ".join(["S", *members])
        elif kind == "list":
            line = f"L{bounds(shape)} {self.number(shape['member']['shape'])}"
        elif kind == "map":
            line = f"M{bounds(shape)} {self.number(shape['value']['shape'])}"
        else:
            raise ValueError(f"{name}: a shape of type {kind}")
        self.lines[self.numbers[name]] = line
        return self.numbers[name]

    @staticmethod
    def scalar(shape: dict, kind: str) -> str:
        if "enum" in shape:
            if any("|" in value or "\n" in value for value in shape["enum"]):
                raise ValueError(f"an enum with separators in it: {shape['enum']}")
            return "e " + "|".join(shape["enum"])
        return SCALARS[kind] + bounds(shape)

    def add(self, line: str | None) -> int:
        self.lines.append(line)
        return len(self.lines) - 1


def service(model: dict) -> str:
    metadata = model["metadata"]
    shapes = Shapes(model)
    operations = []
    for name, operation in sorted(model["operations"].items()):
        output = operation.get("output")
        operations.append(f".{name}" + (f" out={shapes.number(output['shape'])}" if output else ""))
    head = (f"@{service_id(metadata)} protocol={metadata['protocol']}"
            f" endpoint={metadata['endpointPrefix']} version={metadata['apiVersion']}")
    return "\n".join([head, *operations, *shapes.lines]) + "\n"


WHOLE = ["dynamodb", "eventbridge", "lambda", "s3", "secretsmanager", "sfn", "sns", "sqs"]
UNREAD = {"documentation", "documentationUrl", "pattern", "min", "max", "enum", "examples", "box",
          "deprecated", "deprecatedMessage", "deprecatedSince", "endpointdiscovery", "sensitive",
          "clientContextParams", "version", "uid", "serviceFullName", "serviceAbbreviation", "auth",
          "staticContextParams", "contextParam", "examples", "union"}


def without_unread(part, is_names: bool = False):
    """Names of shapes, members and operations are kept whatever they are."""
    if isinstance(part, list):
        return [without_unread(one) for one in part]
    if not isinstance(part, dict):
        return part
    names = {"members", "shapes", "operations"}
    return {key: without_unread(value, key in names and not is_names)
            for key, value in sorted(part.items()) if is_names or key not in UNREAD}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="+", type=Path)
    parser.add_argument("--whole", action="store_true", help="inputs and bindings too")
    arguments = parser.parse_args()
    services = {}
    for directory in arguments.directory:
        for path in model_files(directory):
            model = load(path)
            if "metadata" not in model:
                continue
            name = service_id(model["metadata"])
            if not arguments.whole:
                services[name] = service(model)
            elif name in WHOLE:
                text = json.dumps(without_unread(model), separators=(",", ":"))
                services[name] = f"{name}\t{text}\n"
    if arguments.whole:
        sys.stdout.write("".join(services[name] for name in sorted(services)))
        return 0
    sys.stdout.write("pawl-aws-models 1\n")
    sys.stdout.write("".join(services[name] for name in sorted(services)))
    return 0


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    sys.exit(main())
