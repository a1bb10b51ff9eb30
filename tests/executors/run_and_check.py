#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `moat run` on an interpreted device and checks the record that it writes.

    run_and_check.py ARCHITECTURE RECORD COMMAND...

COMMAND writes RECORD. Fails if the command does, or if the record does not hold every planned case
of the interpreted device, each verified. Times of an interpreter tell nothing: a case that other
work disturbed is as good as one that was timed.
"""
import json
import pathlib
import subprocess
import sys

DISTURBED = 6  # the exit code of a run whose cases are right, but have no number


def main():
    architecture, path, *command = sys.argv[1:]
    record_file = pathlib.Path(path)
    record_file.unlink(missing_ok=True)
    done = subprocess.run([*command, "--out", path], check=False)
    if done.returncode not in (0, DISTURBED):
        sys.exit(f"exit code {done.returncode}")
    record = json.loads(record_file.read_text(encoding="utf-8"))
    names = [device["name"] for device in record["devices"]]
    if names != [f"interpreted {architecture} (not a GPU)"]:
        sys.exit(f"devices: {names}")
    cases = record["cases"]
    planned = record["run"]["planned"]
    if record["run"]["interrupted"] or not cases or len(cases) != planned:
        sys.exit(f"{len(cases)} of {planned} planned cases")
    wrong = [c for c in cases if c["status"] not in ("ok", "disturbed") or not c["check"]["passed"]]
    for case in wrong:
        print(f"{case['name']}: {case['status']}: {case['message']}")
    if wrong:
        sys.exit(f"{len(wrong)} of {len(cases)} cases are not verified")
    print(f"{len(cases)} cases verified on {names[0]}")


main()
