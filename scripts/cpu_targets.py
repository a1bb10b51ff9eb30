#!/usr/bin/env python3
"""usage: cpu_targets.py [--cpu SET] RECORD...

Prints a Markdown table: every case of the CPU backend in these records of moat run beside what is
expected of it. All numbers are computed from the records; the targets stand in this file only.

  --cpu SET  the records must be of a build for this instruction set, such as avx2

exit codes: 0 the table was printed, 1 a file is no such record of moat run, 2 bad usage
"""

import argparse
import json
import re
import sys

# Least GEMM rate over the better library; a few rows of A are decode's matrix-vector products.
GEMM_F32 = 1.00
GEMM_F32_SKINNY = 1.10
GEMM_HALF = 1.40
SKINNY_ROWS = 16
# Prefill: share of our own f32 GEMM rate in the same record, and speed over the unfused chain.
PREFILL_GEMM_SHARE = 0.85
PREFILL_CHAIN = 2.0
# Speed relative to the yardstick `read`, which reads the same bytes in the same rounds.
DECODE_READ_SHARE = 0.90
REDUCTION_READ_SHARE = 0.95
# Softmax and RMSNorm meet either: speed over oneDNN, or, out of cache, relative to `copy`.
ROWS_LIBRARY = 1.2
ROWS_COPY_SHARE = 0.90

HELD_TO = ("The libraries were held to the vectors of this build, {0}, and used no more of the "
           "processor\n(`scripts/cpu_table.sh --cpu {0}`).")

RATE_OF_GEMM = "gemm/f32/m2048n2048k2048"


class Measured:
    """What was measured for a target, or why nothing was."""

    def __init__(self, what, target, value, samples, reason=""):
        self.what, self.target, self.value, self.reason = what, target, value, reason
        self.samples = samples  # behind the value, of the side that has fewer

    def met(self):
        return self.value is not None and self.value >= self.target

    def text(self):
        return f"none: {self.reason}" if self.value is None else f"{self.value:.3f}"


def samples_of(case):
    return sum(len(series["seconds"]) for series in case["series"])


def against(case, others, names, target):
    """Speed over the fastest of the named implementations."""
    ratios = {}
    reasons = []
    for name in names:
        other = others.get(name)
        if other is not None and other["status"] == "ok":
            ratios[name] = other["median_seconds"] / case["median_seconds"]
        elif other is not None:
            reasons.append(f"{name} {other['status']}: {other['message']}")
        else:
            reasons += [f"{name}: {a['reason']}" for a in case["baselines_absent"]
                        if a["name"] == name]
    if not ratios:
        reason = "; ".join(reasons) or f"{' and '.join(names)} did not run"
        return Measured(f"× {' or '.join(names)}", target, None, 0, reason)
    fastest = min(ratios, key=ratios.get)
    return Measured(f"× {fastest}", target, ratios[fastest],
                    min(samples_of(case), samples_of(others[fastest])))


def requirements(case, others, gemm):
    """What is asked of a case: lists of alternatives, of each of which one has to be met."""
    kernel, dtype, shape = case["problem"].split("/")
    if kernel == "gemm":
        if dtype != "f32":
            names = ["onednn", "onednn-f32"] if dtype != "f32" else ["onednn"]
            return [[against(case, others, names, GEMM_HALF)]]
        skinny = int(re.match(r"m(\d+)", shape)[1]) <= SKINNY_ROWS
        return [[against(case, others, ["onednn", "openblas"],
                         GEMM_F32_SKINNY if skinny else GEMM_F32)]]
    if kernel == "attention":
        if re.match(r"b\d+q1kv", shape):
            return [[against(case, others, ["read"], DECODE_READ_SHARE)]]
        if gemm is None or gemm["status"] != "ok":
            of_gemm = Measured("of our f32 GEMM", PREFILL_GEMM_SHARE, None, 0,
                               f"{RATE_OF_GEMM} was not timed in this run")
        else:
            of_gemm = Measured("of our f32 GEMM", PREFILL_GEMM_SHARE,
                               case["gflops"] / gemm["gflops"],
                               min(samples_of(case), samples_of(gemm)))
        return [
            [of_gemm],
            [against(case, others, ["onednn"], PREFILL_CHAIN)],
        ]
    if kernel in ("sum", "max", "argmax"):
        return [[against(case, others, ["read"], REDUCTION_READ_SHARE)]]
    names = ["onednn", "onednn-f32"] if dtype != "f32" else ["onednn"]
    alternatives = [against(case, others, names, ROWS_LIBRARY)]
    if case["cache"] == "cold":
        alternatives.append(against(case, others, ["copy"], ROWS_COPY_SHARE))
    return [alternatives]


def verdict(alternatives):
    if any(a.met() for a in alternatives):
        return "yes"
    return "unknown" if all(a.value is None for a in alternatives) else "no"


def lines_of(record):
    """(problem, threads, what, target, measured, samples, met) of each requirement."""
    for device in record["devices"]:
        if device["backend"] != "cpu":
            continue
        threads = device["compute_units"]
        of_problem = {}
        for case in record["cases"]:
            if case["backend"] == "cpu":
                of_problem.setdefault(case["problem"], {})[case["implementation"]] = case
        gemm = of_problem.get(RATE_OF_GEMM, {}).get("moat")
        for problem, others in of_problem.items():
            case = others.get("moat")
            if case is None:
                continue
            if case["status"] != "ok":
                yield problem, threads, "verified and timed", "ok", case["status"], 0, "no"
                continue
            for alternatives in requirements(case, others, gemm):
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


def read_record(path, cpu):
    with open(path, encoding="utf-8") as file:
        record = json.load(file)
    if record["schema"] != "moat-record":
        raise ValueError("its schema is not moat-record")
    built_for = [d["architecture"] for d in record["devices"] if d["backend"] == "cpu"]
    if cpu is not None and built_for != [cpu]:
        raise ValueError(f"its build is for {', '.join(built_for)}, not {cpu}")
    return record


def main(arguments):
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--cpu")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("records", nargs="*")
    options = parser.parse_args(arguments)
    if options.help or not options.records:
        print(__doc__.strip(), file=sys.stdout if options.help else sys.stderr)
        return 0 if options.help else 2
    headings, table = [], []
    for path in options.records:
        try:
            record = read_record(path, options.cpu)
            table += lines_of(record)
            headings.append(heading(record))
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            print(f"cpu_targets.py: {path} is no record of moat run with a CPU: {error!r}",
                  file=sys.stderr)
            return 1
    met = sum(line[6] == "yes" for line in table)
    unknown = sum(line[6] == "unknown" for line in table)
    print("# The CPU backend beside its targets\n")
    print("Written by `scripts/cpu_table.sh` from its records. × is our speed over that of the "
          "fastest of the named libraries\nin the same rounds; *read* and *copy* are yardsticks "
          "that move the same bytes and compute nothing\n(bench/README.md). Of two measures with "
          "*or* one has to be met.\n*samples* are those of the side that has fewer; a ratio of very "
          "few is no more than a hint.\n")
    if options.cpu is not None:
        print(HELD_TO.format(options.cpu) + "\n")
    print("\n".join(headings) + "\n")
    print(f"{met} of {len(table)} lines met" + (f", {unknown} unknown" if unknown else "") + ".\n")
    print("| case | threads | measure | target | measured | samples | met |")
    print("| --- | ---: | --- | ---: | ---: | ---: | --- |")
    for line in table:
        print("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
