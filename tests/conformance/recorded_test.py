#!/usr/bin/env python3
"""conformance/recorded.py: which cases it puts right before they are compared, and that it leaves all else alone."""
import copy
import importlib.util
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "conformance"))
spec = importlib.util.spec_from_file_location("recorded", ROOT / "conformance/recorded.py")
recorded = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorded)

GROUP = {"kind": "group", "name": "stepfunctions_api"}


def case(expected, *requests):
    return {"name": "c", "needs": [], "requests": list(requests), "normalize": [GROUP], "expected": expected}


def output(request_id):
    headers = {"Content-Length": "161", "x-amzn-RequestId": request_id}
    listed = {name: [value] if name == "Content-Length" or request_id.startswith("<") else value
              for name, value in headers.items()}
    return {"SdkHttpMetadata": {"AllHttpHeaders": listed, "HttpHeaders": headers},
            "SdkResponseMetadata": {"RequestId": "RequestId" if request_id == "x-amzn-RequestId" else request_id}}


class PutRight(unittest.TestCase):
    def test_request_ids_get_the_fixed_text_of_todays_rules(self):
        older = case({"history": {"output": output("<uuid:1>")}})
        self.assertEqual(recorded.put_right(older)["expected"], {"history": {"output": output("x-amzn-RequestId")}})

    def test_the_uuids_that_are_left_are_numbered_from_one(self):
        older = case({"a": {"output": output("<uuid:1>")}, "b": {"messageId": "<uuid:2>"}, "c": "<uuid:3> <uuid:2>"})
        made = recorded.put_right(older)["expected"]
        self.assertEqual(made["b"], {"messageId": "<uuid:1>"})
        self.assertEqual(made["c"], "<uuid:2> <uuid:1>")

    def test_a_request_id_elsewhere_stays(self):
        plain = case({"requestId": "<uuid:1>", "RequestId": "<uuid:2>"})
        self.assertIs(recorded.put_right(plain), plain)

    def test_a_recording_in_todays_form_is_left_alone(self):
        today = case({"history": {"output": output("x-amzn-RequestId"), "messageId": "<uuid:1>"}})
        self.assertIs(recorded.put_right(today), today)

    def test_without_the_rules_that_replace_request_ids_none_is_replaced(self):
        other = case({"history": {"output": output("<uuid:1>")}})
        other["normalize"] = []
        self.assertIs(recorded.put_right(other), other)

    def test_waits_that_do_not_say_for_what_are_left_out_and_others_stay(self):
        made = recorded.put_right(case({}, {"id": "w1", "wait": "version_listed", "params": {}},
                                       {"id": "w2", "wait": "version_not_listed", "params": {}},
                                       {"id": "w3", "wait": "version_listed", "params": {"stateMachineArn": "a"}},
                                       {"id": "w4", "wait": "time", "params": {}},
                                       {"id": "r5", "service": "stepfunctions", "operation": "ListActivities",
                                        "params": {}}))
        self.assertEqual([step["id"] for step in made["requests"]], ["w3", "w4", "r5"])

    def test_the_case_that_was_given_is_not_changed(self):
        older = case({"output": output("<uuid:1>")}, {"id": "w1", "wait": "version_listed", "params": {}})
        before = copy.deepcopy(older)
        recorded.put_right(older)
        self.assertEqual(older, before)


if __name__ == "__main__":
    unittest.main()
