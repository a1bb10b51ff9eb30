# SPDX-License-Identifier: Apache-2.0
"""usage: cpu_targets_test.py CPU_TARGETS MOAT

The table of targets from records that are made up: every kind of requirement with every verdict.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

MOAT = sys.argv.pop(2)
SCRIPT = pathlib.Path(sys.argv.pop(1))


def series(seconds):
    """Samples taken in turn, as moat run records them."""
    return {"seconds": seconds, "calls_per_sample": 1, "stop_reason": "count", "throttled": False,
            "discarded": [], "min_clock_mhz": None, "max_clock_mhz": None,
            "null_reasons": {"min_clock_mhz": "untold", "max_clock_mhz": "untold"}}


def case(problem, implementation, seconds, samples=12, spread=0.0, **more):
    """`seconds` per call, of so many samples that reach `spread` beyond it either way; None if it
    has no result."""
    kernel, dtype, _ = problem.split("/")
    values = [] if seconds is None else [
        seconds * (1 + spread * ((7 * i) % samples / (samples - 1) * 2 - 1 if samples > 1 else 0))
        for i in range(samples)]
    times = ["median_seconds", "lower_quartile_seconds", "upper_quartile_seconds"]
    rates = ["relative_error", "gflops", "gbytes", "ceiling"]
    check = {"passed": seconds is not None, "error_over_bound": 0.5, "elements": 1,
             "elements_checked": 1, "sampled": False, "message": ""}
    return {"name": f"{problem}/cpu/{implementation}", "problem": problem, "kernel": kernel,
            "dtype": dtype, "backend": "cpu", "device": 0, "implementation": implementation,
            "status": "ok", "message": "", "check": check, "flops": 1e9, "bytes": 1e6,
            "cache": "cold", "rotation_sets": 1, **{key: seconds for key in times},
            **{key: None for key in rates}, "ratios": [], "baselines_absent": [],
            "series": [series(values)] if values else [],
            "null_reasons": {key: "made up" for key in rates + (times if seconds is None else [])},
            **more}


def record(cases, threads=1, dirty=False, architecture="avx2", **run):
    rates = ["flops_f32", "flops_f16", "flops_bf16", "copy_bytes"]
    unknown = ["driver", "runtime", "max_clock_mhz", "ecc", "power_limit_watts"]
    host = ["name", "os", "kernel", "cpu", "memory_bytes", "governor", "load_average"]
    return {
        "schema": "moat-record", "version": 1,
        "run": {"started": "2026-01-01T00:00:00Z", "duration_seconds": 1.0, "interrupted": False,
                "arguments": ["moat", "run"], "seed": 1, "threads": threads, "repetitions": 1,
                "planned": len(cases), **run},
        "build": {"version": "0.1.0", "commit": "0123456789abcdef0123456789abcdef01234567",
                  "dirty": dirty, "compiler": "GNU 12.2.0", "flags": "-O3",
                  "build_type": "Release"},
        "host": {**{key: None for key in host}, "logical_cpus": 2,
                 "null_reasons": {key: "made up" for key in host}},
        "libraries": [{"name": "onednn", "version": "2.6.0", "detail": "isa avx2, OpenMP"}],
        "devices": [{"backend": "cpu", "index": 0, "name": "Abacus",
                     "architecture": architecture,
                     "compute_units": threads, "memory_bytes": 1, "cache_bytes": 1,
                     **{key: None for key in unknown},
                     "ceilings": {"read_bytes": 2e10, **{key: None for key in rates}, "runs": [],
                                  "null_reasons": {key: "made up" for key in rates}},
                     "null_reasons": {key: "made up" for key in unknown}}],
        "skipped_backends": [], "absent_baselines": [], "cases": cases, "porting": None,
        "null_reasons": {"porting": "made up"},
    }


def run(records, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, content in enumerate(records):
            path = pathlib.Path(folder) / f"{i}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            paths.append(str(path))
        return subprocess.run([sys.executable, str(SCRIPT), "--moat", MOAT, *arguments, *paths],
                              text=True, capture_output=True, check=False)


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

    def exactly(self, ratio):
        """The ratio of samples that are all alike."""
        return f"{ratio:.3f} ({ratio:.3f}–{ratio:.3f})"

    def test_gemm_is_held_against_the_better_library(self):
        square = "gemm/f32/m512n512k512"
        self.assertEqual(self.only(case(square, "moat", 1.0), case(square, "onednn", 1.5),
                                   case(square, "openblas", 0.99)),
                         ("× openblas", "1.00", self.exactly(0.99), "missed"))
        self.assertEqual(self.only(case(square, "moat", 1.0), case(square, "onednn", 1.0)),
                         ("× onednn", "1.00", self.exactly(1), "met"))

    def test_matrix_units_are_held_against_each_other(self):
        rows, _ = self.lines(
            [case("gemm/bf16/m512n512k512", "moat", 1.0), case("gemm/bf16/m512n512k512", "onednn", 1.1),
             case("gemm/f16/m512n512k512", "moat", 1.0),
             case("gemm/f16/m512n512k512", "onednn-f32", 1.1),
             case("gemm/bf16/m16n4096k4096bt", "moat", 1.0),
             case("gemm/bf16/m16n4096k4096bt", "onednn", 1.1)], architecture="amx")
        self.assertEqual([(row[1], row[-1]) for row in rows],
                         [("1.00", "met"), ("1.40", "missed"), ("1.40", "missed")])
        prefill = "attention/bf16/b1q512kv512h32hkv8d128"
        rows, _ = self.lines([case(prefill, "moat", 1.0, flops=82e9),
                              case(prefill, "product", 1.0, flops=100e9)], architecture="amx")
        self.assertEqual(rows[0][1:], ("0.80", self.exactly(0.82), "met"))

    def test_the_interval_judges_and_not_the_point(self):
        square = "gemm/f32/m512n512k512"
        for ratio, spread, verdict in ((1.05, 0.01, "met"), (1.05, 0.3, "undecided"),
                                       (0.95, 0.3, "undecided"), (0.95, 0.01, "missed")):
            row = self.only(case(square, "moat", 1.0, samples=30, spread=spread),
                            case(square, "onednn", ratio, samples=30, spread=spread))
            self.assertEqual(row[-1], verdict, row)
            self.assertIn(f"{ratio:.3f} (", row[2])

    def test_few_samples_are_no_verdict(self):
        square = "gemm/f32/m512n512k512"
        for ours, library in ((9, 12), (12, 9), (1, 1)):
            for ratio in (0.1, 10.0):
                rows, count = self.lines([case(square, "moat", 1.0, samples=ours),
                                          case(square, "onednn", ratio, samples=library)])
                self.assertEqual(rows[0][2:], (f"({ratio:.3f})", "too few samples"))
                self.assertEqual(count, "0 of 1 lines met, 1 too few samples.")
        self.assertEqual(self.only(case(square, "moat", 1.0, samples=10),
                                   case(square, "onednn", 10.0, samples=10))[-1], "met")

    def test_few_rows_and_halves_have_higher_targets(self):
        for rows, target in ((16, "1.10"), (17, "1.00")):
            skinny = f"gemm/f32/m{rows}n4096k4096bt"
            self.assertEqual(self.only(case(skinny, "moat", 1.0), case(skinny, "onednn", 1.05))[1],
                             target)
        half = "gemm/bf16/m1n4096k4096bt"
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn", 1.39)),
                         ("× onednn", "1.40", self.exactly(1.39), "missed"))

    def test_half_types_take_the_faster_of_both_ways(self):
        half = "gemm/bf16/m512n512k512"
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn-f32", 1.5))[0],
                         "× onednn-f32")
        half = "gemm/f16/m512n512k512"
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn-f32", 1.5)),
                         ("× onednn-f32", "1.40", self.exactly(1.5), "met"))
        self.assertEqual(self.only(case(half, "moat", 1.0), case(half, "onednn-f32", 1.5),
                                   case(half, "onednn", 1.2)),
                         ("× onednn", "1.40", self.exactly(1.2), "missed"))

    def test_samples_are_those_of_the_side_that_has_fewer(self):
        rows = "rmsnorm/f32/r512c4096"
        self.lines([case(rows, "moat", 1.0, samples=15), case(rows, "onednn", 1.0, samples=3),
                    case(rows, "copy", 1.0, samples=20)])
        self.assertEqual(self.samples, ["3 or 15"])
        self.lines([case(rows, "moat", 1.0, samples=1), case(rows, "onednn", 1.0)])
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
                         ("× read", "0.95", self.exactly(0.949), "missed"))
        decode = "attention/f32/b1q1kv4096h32hkv8d128"
        self.assertEqual(self.only(case(decode, "moat", 1.0), case(decode, "read", 0.91),
                                   case(decode, "onednn", 9.0)),
                         ("× read", "0.90", self.exactly(0.91), "met"))

    def test_prefill_has_two_requirements(self):
        prefill = "attention/f32/b1q512kv512h32hkv8d128"
        cases = [case(prefill, "moat", 1.0, flops=84e9), case(prefill, "onednn", 2.5)]
        rows, count = self.lines(cases)
        self.assertIn("product did not run", rows[0][2])
        self.assertEqual(count, "1 of 2 lines met, 1 unknown.")
        # By the FLOPs of both, which are about as many.
        for seconds, ratio, word in ((0.84, 0.84 * 84 / 85, "missed"), (0.9, 0.9 * 84 / 85, "met")):
            rows, count = self.lines(cases + [case(prefill, "product", seconds, flops=85e9)])
            self.assertEqual(rows[0], ("× product", "0.85", self.exactly(ratio), word))
            self.assertEqual(rows[1], ("× onednn", "2.00", self.exactly(2.5), "met"))
        # A GEMM that was timed at another time says nothing.
        gemm = "gemm/f32/m2048n2048k2048"
        rows, _ = self.lines(cases + [case(gemm, "moat", 0.1, flops=10e9),
                                      case(gemm, "onednn", 0.2)])
        self.assertEqual(rows[0][-1], "unknown")

    def test_a_product_of_few_samples_is_no_verdict(self):
        prefill = "attention/bf16/b1q512kv512h32hkv8d128"
        for ours, product in ((9, 12), (12, 9)):
            rows, _ = self.lines([case(prefill, "moat", 1.0, samples=ours),
                                  case(prefill, "product", 2.0, samples=product)])
            self.assertEqual(rows[0][-1], "too few samples")
            self.assertEqual(self.samples[0], "9")

    def test_rows_meet_either_and_are_one_line(self):
        rows = "rmsnorm/bf16/r512c4096"
        for onednn, copy, met in ((1.3, 0.5, "met"), (1.1, 0.91, "met"), (1.1, 0.5, "missed")):
            self.assertEqual(
                self.only(case(rows, "moat", 1.0), case(rows, "onednn", onednn),
                          case(rows, "copy", copy)),
                ("× onednn or × copy", "1.20 or 0.90",
                 f"{self.exactly(onednn)} or {self.exactly(copy)}", met))
        # One that is not known may be met.
        self.assertEqual(self.only(case(rows, "moat", 1.0), case(rows, "onednn", 9.0, samples=2),
                                   case(rows, "copy", 0.5))[-1], "too few samples")

    def test_the_copy_counts_out_of_cache_only(self):
        rows = "softmax/f32/r1c4096"
        self.assertEqual(self.only(case(rows, "moat", 1.0, cache="hot"),
                                   case(rows, "onednn", 1.1), case(rows, "copy", 0.95)),
                         ("× onednn", "1.20", self.exactly(1.1), "missed"))

    def test_one_alternative_that_is_known_decides(self):
        rows = "softmax/f16/r16c4096"
        self.assertEqual(self.only(case(rows, "moat", 1.0), case(rows, "copy", 0.5))[-1], "missed")
        self.assertEqual(self.only(case(rows, "moat", 1.0), case(rows, "copy", 0.95))[-1], "met")

    def test_wrong_results_of_ours_are_not_met(self):
        vector = "sum/f32/n1000"
        wrong = case(vector, "moat", None, status="failed", message="wrong at 3")
        self.assertEqual(self.only(wrong, case(vector, "read", 1.0))[-1], "missed")

    def test_heading_tells_the_build_the_libraries_and_the_processors(self):
        text = run([record([], processors=[3]), record([], threads=2)]).stdout
        self.assertIn("Abacus (avx2), 1 thread(s) on processor(s) 3, commit 0123456789ab,", text)
        self.assertIn("2 thread(s), commit", text)
        self.assertIn("read 20.0 GB/s, copy not measured", text)
        self.assertIn("onednn 2.6.0: isa avx2, OpenMP", text)

    def test_records_of_another_build_are_refused(self):
        done = run([record([])], "--cpu", "avx2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("held to the vectors of this build, avx2", done.stdout)
        self.assertNotIn("held to", run([record([])]).stdout)
        done = run([record([])], "--cpu", "avx512")
        self.assertEqual(done.returncode, 1)
        self.assertIn("for avx2, not avx512", done.stderr)

    def test_changed_sources_are_refused_where_the_table_is_committed(self):
        self.assertEqual(run([record([])], "--clean").returncode, 0)
        self.assertEqual(run([record([], dirty=True)]).returncode, 0)
        done = run([record([], dirty=True)], "--clean")
        self.assertEqual(done.returncode, 1)
        self.assertIn("0.json is not taken", done.stderr)
        self.assertIn("commit the changes, build again", done.stderr)

    def test_what_is_no_record_is_refused(self):
        for content in ("", "{}", '{"schema": "other"}'):
            self.assertEqual(run([content]).returncode, 1, content)
        zero = record([case("sum/f32/n1000", "moat", 1.0, series=[series([0.0, 1.0])])])
        done = run([zero])
        self.assertEqual(done.returncode, 1)
        self.assertIn("/cases/0/series/0/seconds/0", done.stderr)
        self.assertEqual(run([]).returncode, 2)


if __name__ == "__main__":
    unittest.main()
