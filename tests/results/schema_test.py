#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""results/record.schema.json as a validator of others reads it.

usage: schema_test.py RESULTS_FOLDER MOAT

Every committed record and those that MOAT writes must fit; what does not fit, moat must refuse as well.
"""
import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print("skipped: no module jsonschema (apt-get install python3-jsonschema)")
    sys.exit(77)


def first_error(validator, record):
    error = next(validator.iter_errors(record), None)
    return None if error is None else f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def written_record(moat, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        run = subprocess.run([moat, "run", "--case", "sum/f32/n1000", "--budget", "0.01", "--threads", "1", *options,
                              "--out", str(path)], capture_output=True, text=True, timeout=200)
        # 1, 6: a case that is suspect or was disturbed, which leaves a record too.
        if run.returncode not in (0, 1, 6):
            raise SystemExit(f"moat run: exit code {run.returncode}\n{run.stderr}")
        return json.loads(path.read_text())


def moat_reads(moat, record):
    """Whether moat takes the document for a record: 5 is its exit code for one that is none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_text(json.dumps(record))
        run = subprocess.run([moat, "compare", str(path), str(path), "--format", "json"], capture_output=True,
                             text=True, timeout=200)
        return run.returncode != 5


def spoiled(record):
    """Records that do not fit, each with what is wrong."""
    def spoil(what, change):
        bad = copy.deepcopy(record)
        change(bad)
        return what, bad

    yield spoil("another version", lambda r: r.update(version=2))
    yield spoil("a minor version that is no number", lambda r: r.update(minor="1"))
    yield spoil("no cases", lambda r: r.pop("cases"))
    yield spoil("a commit that is none", lambda r: r["build"].update(commit="unknown"))
    yield spoil("a seed below 0", lambda r: r["run"].update(seed=-1))
    yield spoil("a status that is none", lambda r: r["cases"][0].update(status="fine"))
    yield spoil("a sample of no time", lambda r: r["cases"][0]["series"][0].update(seconds=[0]))


def main():
    results, moat = Path(sys.argv[1]), sys.argv[2]
    schema = json.loads((results / "record.schema.json").read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    failures = []

    written = written_record(moat, "--no-baselines")
    records = {
        "a record of this build": written,
        "one with baselines, hot, of two repetitions": written_record(moat, "--hot", "--benchmark_repetitions=2"),
    }
    made = len(records)
    for path in sorted(results.rglob("*.json")):
        document = json.loads(path.read_text())
        if document.get("schema") == "moat-record":
            records[str(path)] = document
    if len(records) == made:
        failures.append(f"{results} holds no record")
    for name, record in records.items():
        error = first_error(validator, record)
        if error:
            failures.append(f"{name}: {error}")

    _, good = max(records.items(), key=lambda item: len(item[1]["cases"]))
    newer = copy.deepcopy(good)
    newer["minor"] = written["minor"] + 1
    newer["energy"] = {"joules": 1.5}
    newer["cases"][0]["series"][0]["energy"] = [1.5]
    if first_error(validator, newer):
        failures.append(f"fields of a newer minor version: {first_error(validator, newer)}")
    for what, bad in spoiled(good):
        if first_error(validator, bad) is None:
            failures.append(f"{what} fits")
        if moat_reads(moat, bad):
            failures.append(f"{what}: moat reads it")
    if not moat_reads(moat, good):
        failures.append("moat does not read what fits")

    for failure in failures:
        print(failure)
    print(f"{len(records)} records, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
