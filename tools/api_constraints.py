#!/usr/bin/env python3
"""The inputs and errors of AWS's Step Functions API as data for tests.

  api_constraints.py MODEL > tests/service/data/api_constraints.json

MODEL is botocore's service model (botocore/data/stepfunctions/2016-11-23/service-2.json). What service/model.cpp has by
hand is tested against this file (tests/service/constraints_sweep_test.cpp), so it is made from the model alone:

  {"OPERATION": {"errors": ["InvalidArn", ...],
                 "input": SHAPE}}
  SHAPE: {"type": "string" | "integer" | "float" | "boolean" | "list" | "structure", "name": of a structure,
          "min", "max", "pattern", "enum", "sensitive": as the model has them,
          "required": [NAME, ...], "members": {NAME: SHAPE} of a structure, "element": SHAPE of a list}
"""
import json
import sys

NUMBERS = {"integer": "integer", "long": "integer", "float": "float", "double": "float"}


def shape(model, name):
    known = model["shapes"][name]
    out = {"type": NUMBERS.get(known["type"], known["type"])}
    for key in ("min", "max", "pattern", "enum", "sensitive"):
        if key in known:
            out[key] = known[key]
    if known["type"] == "structure":
        out["name"] = name
        out["required"] = known.get("required", [])
        out["members"] = {member: shape(model, one["shape"]) for member, one in known["members"].items()}
    if known["type"] == "list":
        out["element"] = shape(model, known["member"]["shape"])
    return out


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        model = json.load(file)
    out = {}
    for name, operation in sorted(model["operations"].items()):
        out[name] = {"errors": sorted(one["shape"] for one in operation.get("errors", [])),
                     "input": shape(model, operation["input"]["shape"])}
    json.dump(out, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
