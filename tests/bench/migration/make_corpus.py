#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a corpus of CUDA programs with HIP ports whose edits are known.

usage: make_corpus.py FOLDER [--pairs 500] [--lines 900] [--seed 1]

Each pair is NAME-cuda/main.cu and NAME-hip/main.cu of about --lines lines of code. The base is made of
distinct statements; the port is the base, edited: r lines by renaming alone, h lines by hand (a
statement replaced by another), d lines left out and n lines added, drawn for each pair from its own
generator; white space and comments differ everywhere. FOLDER/expected.json holds, for each pair,
the base's lines of code, lines removed, added and mechanical, by construction. FOLDER/generated.json marks
the corpus as invented, so that `moat port claims` draws no conclusion about real ports from it.
"""

import argparse
import json
import pathlib
import random

CALLS = ["cudaMalloc((void**)&p{i}, n{i} * sizeof(float));", "cudaFree(p{i});", "cudaStreamCreate(&s{i});",
         "cudaMemset(p{i}, {i}, n{i});", "cudaEventRecord(e{i}, s{i});"]


def write_pair(folder, name, lines, generator):
    # Three of four lines are no call. Skewed, as real ports are: few lines in most, most in few.
    calls = max(1, int(lines * min(0.6, generator.expovariate(12))))
    by_hand = int(lines * min(0.35, generator.expovariate(60)))
    dropped = int(lines * min(0.05, generator.expovariate(200)))
    added = int(lines * min(0.05, generator.expovariate(200)))
    kinds = ["call"] * calls + ["hand"] * by_hand + ["drop"] * dropped
    kinds += ["keep"] * max(0, lines - len(kinds))
    generator.shuffle(kinds)
    # Each edited line stands between kept ones, so that no two edits can be aligned as one.
    base, port, kept = [], [], 0
    for i, kind in enumerate(kinds):
        plain = f"value{i} = table{i}[{i} + offset] * scale{i % 7}; // step {i}"
        call = generator.choice(CALLS).format(i=i)
        if kind == "call":
            base.append(call)
            port.append("  " + call.replace("cuda", "hip"))
        elif kind == "hand":
            base.append(plain)
            port.append(f"rewritten{i} <<= mask{i} ^ key{i};")
        elif kind == "drop":
            base.append(plain)
        else:
            base.append(plain)
            port.append("\t" + plain.split("//")[0].replace(" = ", "="))
            kept += 1
        guard = f"anchor{i}();"
        base.append(guard)
        port.append(guard if i % 3 else "/* moved */ " + guard)
    for i in range(added):
        port.append(f"extra{i} += {i};")
    for suffix, text in (("cuda", base), ("hip", port)):
        directory = folder / f"{name}-{suffix}"
        directory.mkdir(parents=True)
        blank = "\n\n" if suffix == "hip" else "\n"
        (directory / "main.cu").write_text("// generated\n" + blank.join(text) + "\n")
    return {"base_sloc": len(base), "removed": calls + by_hand + dropped, "added": calls + by_hand + added,
            "mechanical": 2 * calls}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--lines", type=int, default=900)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    expected = {}
    for i in range(options.pairs):
        name = f"program{i:04}"
        generator = random.Random(options.seed * 1000003 + i)
        # A line and its anchor are two.
        expected[name] = write_pair(options.folder, name, options.lines // 2, generator)
    (options.folder / "generated.json").write_text('{"generator": "make_corpus.py"}\n')
    (options.folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
