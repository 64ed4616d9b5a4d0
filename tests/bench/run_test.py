#!/usr/bin/env python3
"""bench/run.py: from the lines that programs print to ratios, marks and tables. Runs no benchmark."""
import argparse
import importlib.util
import io
import contextlib
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
spec = importlib.util.spec_from_file_location("run", ROOT / "bench/run.py")
run = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run)


def figure(value, subject="pawl", metric="128 at once", unit="transitions/s", **more):
    return {"subject": subject, "metric": metric, "value": value, "unit": unit, **more}


def table(workload, *rounds):
    made = run.Table(workload)
    for number, figures in enumerate(rounds):
        for each in figures:
            made.add(number, each)
    return made


class Tables(unittest.TestCase):
    def test_a_ratio_is_between_figures_of_one_round(self):
        rows = list(table("W2", [figure(200), figure(10, "restate, 1 partition")],
                          [figure(100), figure(100, "restate, 1 partition")],
                          [figure(900), figure(30, "restate, 1 partition")]).rows())
        # 20, 1 and 30; of the medians it would be 200 / 30.
        self.assertEqual(rows[1][3], "20 [1-30]")

    def test_less_is_better_for_times(self):
        rows = list(table("W3", [figure(2, unit="ms"), figure(8, "restate", unit="ms")]).rows())
        self.assertEqual(rows[1][3], "4 [4-4]")

    def test_a_mark_is_judged_by_the_median_ratio(self):
        for own, verdict in ((1900, "20 **below**"), (2000, "20 ok")):
            rows = list(table("W2", [figure(own), figure(100, "restate, 24 partitions")]).rows())
            self.assertEqual(rows[1][4], verdict)

    def test_a_bound_is_judged_by_the_own_median(self):
        for late, verdict in ((19, "20 ok"), (21, "20 **below**")):
            rows = list(table("W6", [figure(late, metric="1,000 due a second, late p99", unit="ms")]).rows())
            self.assertEqual(rows[0][4], verdict)

    def test_a_subject_that_missed_rounds_says_so(self):
        rows = list(table("W2", [figure(1), figure(1, "committer")], [figure(1)]).rows())
        self.assertIn("1 rounds", rows[1][2])

    def test_the_rate_of_a_core_is_shown_beside_the_rate(self):
        rows = list(table("W2", [figure(100, cores=0.5)]).rows())
        self.assertEqual(rows[0][-1], "200")

    def test_every_row_has_the_columns_of_the_head(self):
        lines = table("W2", [figure(1, p50=1, p99=2), figure(2, "committer")]).markdown().splitlines()
        self.assertEqual({line.count("|") for line in lines}, {lines[0].count("|")})


class Runs(unittest.TestCase):
    def test_a_void_run_is_counted_and_leaves_no_figure(self):
        with tempfile.TemporaryDirectory() as directory:
            good = pathlib.Path(directory) / "good"
            bad = pathlib.Path(directory) / "bad"
            good.write_text(f"#!/bin/sh\necho '{json.dumps(figure(7))}'\n")
            bad.write_text(f"#!/bin/sh\necho '{json.dumps(figure(9))}'\nexit 1\n")
            good.chmod(0o755)
            bad.chmod(0o755)
            options = argparse.Namespace(only=["W2"], rounds=1)
            original, run.subjects_of = run.subjects_of, lambda *_: [[good], [bad]]
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    tables, void = run.measure(options, directory)
            finally:
                run.subjects_of = original
        self.assertEqual(void, 1)
        self.assertEqual([row[2] for row in tables["W2"].rows()], ["7 [7-7] transitions/s"])


if __name__ == "__main__":
    unittest.main()
