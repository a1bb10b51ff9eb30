# SPDX-License-Identifier: Apache-2.0
"""In problems/ and above backends/ no vendor is named and no backend chosen by its name, but in the
folders whose subject that is.

Usage: vendors.py ROOT | vendors.py --planted FOLDER

Comments and texts count: a text that names a vendor goes stale with the next backend.
"""

import pathlib
import re
import sys

import source
from vendor_words import VENDORS

# A vendor's libraries, its compilers' output, and ports are what these are about.
SUBJECT = ("bench/baselines", "bench/codegen", "bench/migration", "bench/port")
SUFFIXES = {".hpp", ".cpp", ".in", ".js", ".html", ".css", ".cmake", ".txt"}

DEVICES = re.compile(r"\b(sm_?\d+a?|gfx\d+\w*|[AH]\d00|B200|MI\d{3}\w?)\b", re.IGNORECASE)
# How device compilers say that a function may run on the device (problems/marks.hpp).
COMPILERS = {"__CUDACC__", "__HIP__"}

RULES = {
    "backend by name": r'\bbackend(\(\)|\.name)?\s*(==|!=)\s*"|"cpu"\s*(==|!=)|(==|!=)\s*"cpu"|'
    r'\b(erase|contains|find|count|at)\(\s*"cpu"|find\([^;]*,\s*"cpu"',
    "include of a backend": r'#\s*include\s*["<](\.*/)*backends/(?!vocabulary/)\w+/',
}


def findings(path: pathlib.Path) -> list[tuple[int, str]]:
    raw = path.read_text()
    found = []
    for match in re.finditer(r"[A-Za-z_]\w*", raw):
        if match[0] not in COMPILERS and source.names_one_of(VENDORS, match[0]):
            found.append((source.line_of(raw, match.start()), "vendor"))
    for match in DEVICES.finditer(raw):
        found.append((source.line_of(raw, match.start()), "device"))
    text = source.without_comments(raw) if path.suffix in {".hpp", ".cpp", ".in"} else raw
    for rule, pattern in RULES.items():
        for match in re.finditer(pattern, text):
            line = source.line_of(text, match.start())
            if not any(header in text.splitlines()[line - 1] for header in source.HOST):
                found.append((line, rule))
    return sorted(set(found))


def main() -> int:
    if sys.argv[1] == "--planted":
        return source.check_planted(
            pathlib.Path(sys.argv[2]), {*RULES, "vendor", "device"}, findings
        )
    root = pathlib.Path(sys.argv[1])
    files = [*(root / "backends").glob("*.hpp"), *(root / "backends").glob("*.in")]
    for path in sorted([*(root / "problems").rglob("*"), *(root / "bench").rglob("*")]):
        place = path.relative_to(root).as_posix()
        if path.suffix in SUFFIXES and not place.startswith(SUBJECT):
            files.append(path)
    if len(files) < 100:
        sys.exit(f"only {len(files)} files found in {root}")
    wrong = 0
    for path in files:
        lines = path.read_text().splitlines()
        for line, rule in findings(path):
            print(f"{path.relative_to(root)}:{line}: {rule}: {lines[line - 1].strip()[:160]}")
            wrong += 1
    print(f"{len(files)} files, {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
