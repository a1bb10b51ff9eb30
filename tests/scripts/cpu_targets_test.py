"""usage: cpu_targets_test.py CPU_TARGETS

The table of targets from records that are made up: every kind of requirement, met and not.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1))


def case(problem, implementation, seconds, **more):
    kernel, dtype, _ = problem.split("/")
    return {"problem": problem, "kernel": kernel, "dtype": dtype, "backend": "cpu",
            "implementation": implementation, "status": "ok", "message": "",
            "median_seconds": seconds, "gflops": 100.0, "cache": "cold",
            "baselines_absent": [], "series": [{"seconds": [seconds] * 5}], **more}


def record(cases, threads=1, **run):
    return {
        "schema": "moat-record",
        "run": {"started": "2026-01-01T00:00:00Z", **run},
        "build": {"commit": "0123456789abcdef", "dirty": False},
        "libraries": [{"name": "onednn", "version": "2.6.0", "detail": "isa avx2, OpenMP"}],
        "devices": [{"backend": "cpu", "name": "Abacus", "architecture": "avx2",
                     "compute_units": threads,
                     "ceilings": {"read_bytes": 2e10, "copy_bytes": None}}],
        "cases": cases,
    }


def run(records, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, content in enumerate(records):
            path = pathlib.Path(folder) / f"{i}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            paths.append(str(path))
        return subprocess.run([sys.executable, str(SCRIPT), *arguments, *paths], text=True,
                              capture_output=True, check=False)


class Targets(unittest.TestCase):
    def lines(self, cases, **more):
        """(the lines of the table as tuples without case, threads and samples, the count's line)"""
        done = run([record(cases, **more)])
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout.splitlines()
        cells = [[c.strip() for c in line.strip("|").split("|")] for line in text
                 if line.startswith("| ") and not line.startswith(("| case", "| ---"))]
        self.samples = [row[-2] for row in cells]
        rows = [(*row[2:-2], row[-1]) for row in cells]
        return rows, next(line for line in text if "lines met" in line)

    def only(self, *cases):
        rows, _ = self.lines(list(cases))
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def test_gemm_is_held_against_the_better_library(self):
        square = "gemm/f32/m512n512k512"
        self.assertEqual(self.only(case(square, "moat", 1.0), case(square, "onednn", 1.5),
                                   case(square, "openblas", 0.99)),
                         ("× openblas", "1.00", "0.990", "no"))
        self.assertEqual(self.only(case(square, "moat", 1.0), case(square, "onednn", 1.0)),
                         ("× onednn", "1.00", "1.000", "yes"))

    def test_few_rows_and_halves_have_higher_targets(self):
        for rows, target in ((16, "1.10"), (17, "1.00")):
            skinny = f"gemm/f32/m{rows}n4096k4096bt"
            self.assertEqual(self.only(case(skinny, "moat", 1.0), case(skinny, "onednn", 1.05))[1],
                             target)
        half = "gemm/bf16/m1n4096k4096bt"
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn", 1.39)),
                         ("× onednn", "1.40", "1.390", "no"))

    def test_half_types_take_the_faster_of_both_ways(self):
        half = "gemm/bf16/m512n512k512"
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn-f32", 1.5))[0],
                         "× onednn-f32")
        half = "gemm/f16/m512n512k512"
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn-f32", 1.5)),
                         ("× onednn-f32", "1.40", "1.500", "yes"))
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn-f32", 1.5),
                                   case(half, "onednn", 1.2)),
                         ("× onednn", "1.40", "1.200", "no"))

    def test_samples_are_those_of_the_side_that_has_fewer(self):
        rows = "rmsnorm/f32/r512c4096"
        few = [{"seconds": [1.0]}, {"seconds": [1.0, 1.0]}]
        self.lines([case(rows, "moat", 1.0), case(rows, "onednn", 1.0, series=few),
                    case(rows, "copy", 1.0)])
        self.assertEqual(self.samples, ["3 or 5"])
        self.lines([case(rows, "moat", 1.0, series=few[:1]), case(rows, "onednn", 1.0)])
        self.assertEqual(self.samples, ["1 or 0"])

    def test_unknown_says_why(self):
        half = "gemm/bf16/m512n512k512"
        absent = [{"name": "onednn", "reason": "no bf16 | here"}, {"name": "plain", "reason": "x"}]
        rows, count = self.lines([case(half, "moat", 1.0, baselines_absent=absent)])
        self.assertIn("none: onednn: no bf16", "|".join(rows[0]))
        self.assertEqual(rows[0][-1], "unknown")
        self.assertEqual(count, "0 of 1 lines met, 1 unknown.")
        wrong = case(half, "onednn", None, status="failed", message="row 3 is wrong")
        self.assertIn("onednn failed: row 3 is wrong", self.only(case(half, "moat", 1.0), wrong)[2])

    def test_reductions_and_decode_are_held_against_the_read(self):
        vector = "max/f16/n1048576"
        self.assertEqual(self.only(case(vector, "moat", 1.0), case(vector, "read", 0.949),
                                   case(vector, "plain", 9.0)),
                         ("× read", "0.95", "0.949", "no"))
        decode = "attention/f32/b1q1kv4096h32hkv8d128"
        self.assertEqual(self.only(case(decode, "moat", 1.0), case(decode, "read", 0.91),
                                   case(decode, "onednn", 9.0)),
                         ("× read", "0.90", "0.910", "yes"))

    def test_prefill_has_two_requirements(self):
        prefill = "attention/f32/b1q512kv512h32hkv8d128"
        cases = [case(prefill, "moat", 1.0, gflops=84.0), case(prefill, "onednn", 2.5)]
        rows, count = self.lines(cases)
        self.assertIn("was not timed", rows[0][2])
        self.assertEqual(count, "1 of 2 lines met, 1 unknown.")
        gemm = "gemm/f32/m2048n2048k2048"
        rows, count = self.lines(cases + [case(gemm, "moat", 1.0), case(gemm, "onednn", 2.0)])
        self.assertEqual(rows[0], ("of our f32 GEMM", "0.85", "0.840", "no"))
        self.assertEqual(rows[1], ("× onednn", "2.00", "2.500", "yes"))
        self.assertEqual(count, "2 of 3 lines met.")

    def test_rows_meet_either_and_are_one_line(self):
        rows = "rmsnorm/bf16/r512c4096"
        for onednn, copy, met in ((1.3, 0.5, "yes"), (1.1, 0.91, "yes"), (1.1, 0.5, "no")):
            self.assertEqual(
                self.only(case(rows, "moat", 1.0), case(rows, "onednn", onednn),
                          case(rows, "copy", copy)),
                ("× onednn or × copy", "1.20 or 0.90", f"{onednn:.3f} or {copy:.3f}", met))

    def test_the_copy_counts_out_of_cache_only(self):
        rows = "softmax/f32/r1c4096"
        self.assertEqual(self.only(case(rows, "moat", 1.0, cache="hot"),
                                   case(rows, "onednn", 1.1), case(rows, "copy", 0.95)),
                         ("× onednn", "1.20", "1.100", "no"))

    def test_one_alternative_that_is_known_decides(self):
        rows = "softmax/f16/r16c4096"
        self.assertEqual(self.only(case(rows, "moat", 1.0), case(rows, "copy", 0.5))[-1], "no")
        self.assertEqual(self.only(case(rows, "moat", 1.0), case(rows, "copy", 0.9))[-1], "yes")

    def test_wrong_results_of_ours_are_not_met(self):
        vector = "sum/f32/n1000"
        self.assertEqual(self.only(case(vector, "moat", None, status="failed"),
                                   case(vector, "read", 1.0))[-1], "no")

    def test_heading_tells_the_build_the_libraries_and_the_processors(self):
        text = run([record([], processors=[3]), record([], threads=2)]).stdout
        self.assertIn("Abacus (avx2), 1 thread(s) on processor(s) 3, commit 0123456789ab,", text)
        self.assertIn("2 thread(s), commit", text)
        self.assertIn("read 20.0 GB/s, copy not measured", text)
        self.assertIn("onednn 2.6.0: isa avx2, OpenMP", text)

    def test_records_of_another_build_are_refused(self):
        done = run([record([])], "--cpu", "avx2")
        self.assertEqual(done.returncode, 0)
        self.assertIn("held to the vectors of this build, avx2", done.stdout)
        self.assertNotIn("held to", run([record([])]).stdout)
        done = run([record([])], "--cpu", "avx512")
        self.assertEqual(done.returncode, 1)
        self.assertIn("for avx2, not avx512", done.stderr)

    def test_what_is_no_record_is_refused(self):
        for content in ("", "{}", '{"schema": "other"}'):
            self.assertEqual(run([content]).returncode, 1, content)
        self.assertEqual(run([]).returncode, 2)


if __name__ == "__main__":
    unittest.main()
