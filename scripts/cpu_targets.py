#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: cpu_targets.py [--moat MOAT] [--cpu SET] [--clean] RECORD...

Prints a Markdown table: every case of the CPU backend in these records of moat run beside what is
expected of it. All numbers are computed from the records, and the 95 % intervals of the ratios by
moat compare --libraries; the targets stand in this file only.

  --moat MOAT  the program (default: build/bin/moat, beside this script's folder)
  --cpu SET    the records must be of a build for this instruction set, such as avx2
  --clean      refuse records of builds whose sources differed from their commit

exit codes: 0 the table was printed, 1 a file is no such record of moat run, 2 bad usage
"""

import argparse
import functools
import json
import pathlib
import re
import subprocess
import sys

# Least GEMM rate over the better library; a few rows of A are decode's matrix-vector products.
GEMM_F32 = 1.00
GEMM_F32_SKINNY = 1.10
GEMM_HALF = 1.40
# Where both multiply bfloat16 by the matrix unit.
GEMM_UNIT = 1.00
SKINNY_ROWS = 16
# Prefill: FLOP rate relative to the yardstick `product`, our GEMM of as many FLOPs in the same rounds,
# and speed over the unfused chain.
PREFILL_GEMM_SHARE = 0.85
PREFILL_UNIT_SHARE = 0.80
PREFILL_CHAIN = 2.0
# Speed relative to the yardstick `read`, which reads the same bytes in the same rounds.
DECODE_READ_SHARE = 0.90
REDUCTION_READ_SHARE = 0.95
# Softmax and RMSNorm meet either: speed over oneDNN, or, out of cache, relative to `copy`.
ROWS_LIBRARY = 1.2
ROWS_COPY_SHARE = 0.90

HELD_TO = ("The libraries were held to the vectors of this build, {0}, and used no more of the "
           "processor\n(`scripts/cpu_table.sh --cpu {0}`).")
OWN_CHOICE = "The libraries chose their kernels themselves (`scripts/cpu_table.sh --cpu {0}`)."

# Of several measures of which one has to be met, the first of these that one of them has.
VERDICTS = ["met", "undecided", "too few samples", "disturbed", "missed", "unknown"]


class Measured:
    """What was measured for a target, or why nothing was. `beside` is an entry of moat compare
    --libraries."""

    def __init__(self, what, target, beside=None, reason=""):
        self.what, self.target, self.beside, self.reason = what, target, beside, reason
        self.samples = beside["samples"] if beside else 0  # of the side that has fewer

    def verdict(self):
        """Judged by the interval: its lower end meets a target, its upper end misses it."""
        if self.beside is None:
            return "unknown"
        if self.beside["verdict"] in ("too few samples", "disturbed"):
            return self.beside["verdict"]
        if self.beside["speed"] is None:
            return "unknown"
        if self.beside["speed"]["lower"] >= self.target:
            return "met"
        return "missed" if self.beside["speed"]["upper"] < self.target else "undecided"

    def text(self):
        if self.beside is None:
            return f"none: {self.reason}"
        speed = self.beside["speed"]
        if speed is None:
            return f"none: {self.beside['reason']}"
        if self.beside["verdict"] == "too few samples":
            return f"({speed['ratio']:.3f})"
        return f"{speed['ratio']:.3f} ({speed['lower']:.3f}–{speed['upper']:.3f})"


def against(case, beside, names, target):
    """Speed over the fastest of the named implementations."""
    what = f"× {' or '.join(names)}"
    ran = [beside[name] for name in names if name in beside]
    disturbed = [b for b in ran if b["verdict"] == "disturbed"]
    if disturbed:  # it may be the fastest
        return Measured(what, target, disturbed[0])
    timed = [b for b in ran if b["speed"]]
    if timed:
        fastest = min(timed, key=lambda b: b["speed"]["ratio"])
        return Measured(f"× {fastest['other']}", target, fastest)
    reasons = [b["reason"] for b in ran]
    reasons += [f"{a['name']}: {a['reason']}" for a in case["baselines_absent"]
                if a["name"] in names]
    return Measured(what, target,
                    reason="; ".join(reasons) or f"{' and '.join(names)} did not run")


def requirements(case, beside, kind, architecture):
    """What is asked of a case, whose kernel is of that kind: lists of alternatives, of each of which
    one has to be met."""
    _, dtype, shape = case["problem"].split("/")
    by_unit = architecture == "amx" and dtype == "bf16"
    if kind == "gemm":
        skinny = int(re.match(r"m(\d+)", shape)[1]) <= SKINNY_ROWS
        if dtype != "f32":
            return [[against(case, beside, ["onednn", "onednn-f32"],
                             GEMM_UNIT if by_unit and not skinny else GEMM_HALF)]]
        return [[against(case, beside, ["onednn", "openblas"],
                         GEMM_F32_SKINNY if skinny else GEMM_F32)]]
    if kind == "attention":
        if re.match(r"b\d+q1kv", shape):
            return [[against(case, beside, ["read"], DECODE_READ_SHARE)]]
        return [
            [against(case, beside, ["product"],
                     PREFILL_UNIT_SHARE if by_unit else PREFILL_GEMM_SHARE)],
            [against(case, beside, ["onednn"], PREFILL_CHAIN)],
        ]
    if kind == "reduction":
        return [[against(case, beside, ["read"], REDUCTION_READ_SHARE)]]
    if kind != "rows":
        raise ValueError(f"nothing is asked of {case['problem']}, a case of {kind}")
    names = ["onednn", "onednn-f32"] if dtype != "f32" else ["onednn"]
    alternatives = [against(case, beside, names, ROWS_LIBRARY)]
    if case["cache"] == "cold":
        alternatives.append(against(case, beside, ["copy"], ROWS_COPY_SHARE))
    return [alternatives]


def verdict(alternatives):
    verdicts = [a.verdict() for a in alternatives]
    return next(v for v in VERDICTS if v in verdicts)


def said_by(moat, *arguments):
    """The JSON that a subcommand of moat prints."""
    try:
        done = subprocess.run([moat, *arguments], text=True, capture_output=True, check=False)
    except OSError as error:
        raise ValueError(f"{moat} cannot be run ({error}); build it, or name it with --moat")
    if done.returncode != 0:
        raise ValueError(done.stderr.strip() or f"{moat} {arguments[0]} gave {done.returncode}")
    return json.loads(done.stdout)


@functools.cache
def kinds(moat):
    """kernel → the kind of problem that it solves."""
    return {kernel["name"]: kernel["kind"] for kernel in said_by(moat, "list", "--json")["kernels"]}


def beside_of(moat, path):
    """What moat compare --libraries says of a record: (problem, device) → other → entry."""
    said = said_by(moat, "compare", "--libraries", "--format", "json", path)
    of_problem = {}
    for entry in said["records"][0]["cases"]:
        if entry["backend"] == "cpu":
            others = of_problem.setdefault((entry["problem"], entry["device"]), {})
            others[entry["other"]] = entry
    return of_problem


def lines_of(record, beside, moat):
    """(problem, threads, what, target, measured, samples, verdict) of each requirement."""
    for device in record["devices"]:
        if device["backend"] != "cpu":
            continue
        threads = device["compute_units"]
        for case in record["cases"]:
            problem = case["problem"]
            if (case["backend"], case["device"], case["implementation"]) != (
                    "cpu", device["index"], "moat"):
                continue
            if case["status"] != "ok":
                word = "disturbed" if case["status"] == "disturbed" else "missed"
                yield problem, threads, "verified and timed", "ok", case["status"], 0, word
                continue
            others = beside.get((problem, device["index"]), {})
            for alternatives in requirements(case, others, kinds(moat)[case["kernel"]],
                                             device["architecture"]):
                yield (problem, threads, " or ".join(a.what for a in alternatives),
                       " or ".join(f"{a.target:.2f}" for a in alternatives),
                       " or ".join(a.text() for a in alternatives),
                       " or ".join(str(a.samples) for a in alternatives), verdict(alternatives))


def rate(value):
    return "not measured" if value is None else f"{value / 1e9:.1f} GB/s"


def heading(record):
    device = next(d for d in record["devices"] if d["backend"] == "cpu")
    ceilings = device["ceilings"]
    kept = record["run"].get("processors")
    where = f" on processor(s) {', '.join(map(str, kept))}" if kept else ""
    changed = " with changes" if record["build"]["dirty"] else ""
    commit = (record["build"]["commit"] or "unknown")[:12]
    lines = [f"- {device['name']} ({device['architecture']}), {device['compute_units']} "
             f"thread(s){where}, commit {commit}{changed}, {record['run']['started']}: "
             f"read {rate(ceilings['read_bytes'])}, copy {rate(ceilings['copy_bytes'])}"]
    lines += [f"  - {x['name']} {x['version']}: {x['detail']}" for x in record["libraries"]]
    return "\n".join(lines)


def read_record(path, cpu, clean):
    with open(path, encoding="utf-8") as file:
        record = json.load(file)
    if record["schema"] != "moat-record":
        raise ValueError("its schema is not moat-record")
    built_for = [d["architecture"] for d in record["devices"] if d["backend"] == "cpu"]
    if cpu is not None and built_for != [cpu]:
        raise ValueError(f"its build is for {', '.join(built_for)}, not {cpu}")
    if clean and record["build"]["dirty"] is not False:
        raise ValueError("its build's sources are not known to be those of a commit: commit the "
                         "changes, build again and measure again")
    return record


def main(arguments):
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--cpu")
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--moat", default=str(
        pathlib.Path(__file__).resolve().parent.parent / "build/bin/moat"))
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("records", nargs="*")
    options = parser.parse_args(arguments)
    if options.help or not options.records:
        print(__doc__.strip(), file=sys.stdout if options.help else sys.stderr)
        return 0 if options.help else 2
    headings, table = [], []
    for path in options.records:
        try:
            record = read_record(path, options.cpu, options.clean)
            table += lines_of(record, beside_of(options.moat, path), options.moat)
            headings.append(heading(record))
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            print(f"cpu_targets.py: {path} is not taken: {error!r}", file=sys.stderr)
            return 1
    counts = {word: sum(line[6] == word for line in table) for word in VERDICTS}
    print("# The CPU backend beside its targets\n")
    print("Written by `scripts/cpu_table.sh` from its records. × is our speed over that of the "
          "fastest of the named libraries\nin the same rounds; *read* and *copy* are yardsticks "
          "that move the same bytes and compute nothing,\n*product* is our GEMM of as many FLOPs "
          "(bench/README.md). Of two measures with *or* one has to be met.\nA target is *met* or "
          "*missed* if the whole 95 % interval of the ratio says so, else *undecided*; a ratio in\n"
          "parentheses has *too few samples* to say anything. *samples* are those of the side that "
          "has fewer.\n")
    if options.cpu is not None:
        print((OWN_CHOICE if options.cpu == "amx" else HELD_TO).format(options.cpu) + "\n")
    print("\n".join(headings) + "\n")
    rest = "".join(f", {n} {word}" for word, n in counts.items() if n and word != "met")
    print(f"{counts['met']} of {len(table)} lines met{rest}.\n")
    print("| case | threads | measure | target | measured (95 % interval) | samples | verdict |")
    print("| --- | ---: | --- | ---: | ---: | ---: | --- |")
    for line in table:
        print("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
