#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No line of a Markdown file is longer than 120 characters, tables aside that a command generates.

usage: lines_test.py SOURCE_FOLDER
"""
import re
import sys
from pathlib import Path

import markdown

LONGEST = 120
# Written whole by scripts/cpu_table.sh.
GENERATED = re.compile(r"results/cpu/cpu-targets-\w+\.md")

source = Path(sys.argv[1])
failures = 0
names = markdown.files(source)
for name in names:
    if GENERATED.fullmatch(name):
        continue
    part = False  # between the marks of a part that moat report --readme writes
    for number, line in enumerate((source / name).read_text().splitlines(), 1):
        part = re.match(r"<!-- moat:\w+:begin", line) is not None or (part and not line.startswith("<!-- moat:"))
        if len(line) > LONGEST and not (part and line.startswith("|")):
            print(f"{name}:{number}: {len(line)} characters: {line[:60]}…")
            failures += 1
print(f"{len(names)} files, {failures} lines of more than {LONGEST} characters")
sys.exit(1 if failures or not names else 0)
