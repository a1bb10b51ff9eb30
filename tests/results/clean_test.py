#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every committed record and table is of a clean tree: its commit tells what was measured.

usage: clean_test.py RESULTS_FOLDER
"""
import json
import re
import sys
import tempfile
from pathlib import Path

# As scripts/cpu_targets.py and moat write it behind a commit.
CHANGED = re.compile(r"\b[0-9a-f]{7,40}`?,? \(?(with changes|modified)")


def what_is_wrong(results):
    wrong = []
    checked = 0
    for path in sorted(results.rglob("*")):
        if path.suffix == ".json":
            document = json.loads(path.read_text())
            if document.get("schema") != "moat-record":
                continue
            checked += 1
            build = document["build"]
            if build["commit"] is None or build["dirty"] is not False:
                wrong.append(f"{path}: commit {build['commit']}, dirty {build['dirty']}")
        elif path.suffix in (".md", ".svg", ".csv") and path.name != "README.md":
            checked += 1
            if CHANGED.search(path.read_text()):
                wrong.append(f"{path}: of a tree with changes")
    return checked, wrong


def sees_what_it_forbids():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number, dirty in enumerate((True, None, False)):
            build = {"commit": "0123456789ab", "dirty": dirty}
            (root / f"{number}.json").write_text(json.dumps({"schema": "moat-record", "build": build}))
        (root / "a.md").write_text("At commit 0123456789ab with changes.\n")
        (root / "b.md").write_text("At commit 0123456789ab.\n")
        (root / "c.svg").write_text("<text>commit 0123456789ab (modified)</text>\n")
        checked, wrong = what_is_wrong(root)
        return checked == 6 and [Path(w.split(":")[0]).name for w in wrong] == ["0.json", "1.json", "a.md", "c.svg"]


count, found = what_is_wrong(Path(sys.argv[1]))
if not sees_what_it_forbids():
    found.append("this test does not see a record or table of a tree with changes")
for line in found:
    print(line)
print(f"{count} records and tables, {len(found)} failures")
sys.exit(1 if found or count == 0 else 0)
