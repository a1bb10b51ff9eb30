#!/usr/bin/env python3
"""usage: cpu_targets.py RECORD...

Prints a Markdown table: every case of the CPU backend in these records of moat run beside what is
expected of it. All numbers are computed from the records; the targets stand in this file only.

exit codes: 0 the table was printed, 1 a file is no record of moat run, 2 bad usage
"""

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
# Share of the read bandwidth that the record measured.
DECODE_READ_SHARE = 0.90
REDUCTION_READ_SHARE = 0.95
# Softmax and RMSNorm meet either: speed over oneDNN, share of the measured copy bandwidth.
ROWS_LIBRARY = 1.2
ROWS_COPY_SHARE = 0.90

RATE_OF_GEMM = "gemm/f32/m2048n2048k2048"


def best_ratio(case, names):
    """Least speed over the named libraries, None without any."""
    ratios = [r["ratio"] for r in case["ratios"] if r["baseline"] in names and r["ratio"]]
    return min(ratios, default=None)


def share_of(bandwidth, case):
    return case["bytes"] / case["median_seconds"] / bandwidth if bandwidth else None


def claims(case, ceilings, gemm_gflops):
    """(what, target, measured) of a case; measured is None where the record lacks the basis. Of
    the claims with the same index one has to hold."""
    kernel, dtype, shape = case["problem"].split("/")
    if kernel == "gemm":
        names = ["onednn", "openblas"] if dtype == "f32" else ["onednn"]
        skinny = int(re.match(r"m(\d+)", shape)[1]) <= SKINNY_ROWS
        f32 = GEMM_F32_SKINNY if skinny else GEMM_F32
        target = f32 if dtype == "f32" else GEMM_HALF
        return [(0, "× " + " or ".join(names), target, best_ratio(case, names))]
    if kernel == "attention":
        if "q1kv" in shape:
            return [(0, "of read bandwidth", DECODE_READ_SHARE, share_of(ceilings["read_bytes"], case))]
        share = case["gflops"] / gemm_gflops if gemm_gflops else None
        return [
            (0, "of our f32 GEMM", PREFILL_GEMM_SHARE, share),
            (1, "× unfused oneDNN", PREFILL_CHAIN, best_ratio(case, ["onednn"])),
        ]
    if kernel in ("sum", "max", "argmax"):
        return [(0, "of read bandwidth", REDUCTION_READ_SHARE,
                 share_of(ceilings["read_bytes"], case))]
    return [
        (0, "× onednn", ROWS_LIBRARY, best_ratio(case, ["onednn"])),
        (0, "of copy bandwidth", ROWS_COPY_SHARE, share_of(ceilings["copy_bytes"], case)),
    ]


def rows_of(record):
    """(case, threads, what, target, measured, met) of each claim about a record."""
    for device in record["devices"]:
        if device["backend"] != "cpu":
            continue
        ceilings, threads = device["ceilings"], device["compute_units"]
        ours = [c for c in record["cases"]
                if c["backend"] == "cpu" and c["implementation"] == "moat"]
        gemm = next((c["gflops"] for c in ours
                     if c["problem"] == RATE_OF_GEMM and c["status"] == "ok"), None)
        for case in ours:
            if case["status"] != "ok":
                yield case["problem"], threads, case["status"], None, None, "no"
                continue
            found = claims(case, ceilings, gemm)
            for group, what, target, measured in found:
                alternatives = [(t, m) for g, _, t, m in found if g == group]
                known = [m >= t for t, m in alternatives if m is not None]
                met = "unknown" if not known else "yes" if any(known) else "no"
                yield case["problem"], threads, what, target, measured, met


def number(value):
    return "unknown" if value is None else f"{value:.2f}"


def main(paths):
    if not paths or any(p in ("-h", "--help") for p in paths):
        print(__doc__.strip(), file=sys.stdout if paths else sys.stderr)
        return 0 if paths else 2
    table = []
    heads = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                record = json.load(file)
            if record["schema"] != "moat-record":
                raise ValueError("its schema is not moat-record")
            rows = list(rows_of(record))
            device = next(d for d in record["devices"] if d["backend"] == "cpu")
            heads.append(
                f"- {device['name']} ({device['architecture']}), {device['compute_units']} "
                f"thread(s), commit {record['build']['commit'][:12]}"
                f"{' with changes' if record['build']['dirty'] else ''}, "
                f"{record['run']['started']}: read "
                f"{(device['ceilings']['read_bytes'] or 0) / 1e9:.1f} GB/s, copy "
                f"{(device['ceilings']['copy_bytes'] or 0) / 1e9:.1f} GB/s")
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            print(f"cpu_targets.py: {path} is no record of moat run with a CPU: {error!r}",
                  file=sys.stderr)
            return 1
        table += rows
    print("# The CPU backend beside its targets\n")
    print("Written by `scripts/cpu_table.sh` from its records. Where two lines of softmax or RMSNorm "
          "share a case,\none of them has to hold.\n")
    print("\n".join(heads) + "\n")
    met = sum(row[5] == "yes" for row in table)
    print(f"{met} of {len(table)} lines met.\n")
    print("| case | threads | measure | target | measured | met |")
    print("| --- | ---: | --- | ---: | ---: | --- |")
    for problem, threads, what, target, measured, verdict in table:
        print(f"| {problem} | {threads} | {what} | {number(target)} | {number(measured)} | "
              f"{verdict} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
