# SPDX-License-Identifier: Apache-2.0
"""Which folders may include which (the table in backends/README.md): what is below knows nothing of
what is above.

Usage: layers.py ROOT | layers.py --planted FOLDER
"""

import pathlib
import posixpath
import re
import sys

import source

# A folder's files, those of its subfolders too, include these and no other of the repository's. The
# first row that fits is a file's. {0} is the subfolder's name.
LAYERS = (
    ("problems", "", ("problems",)),
    ("backends/vocabulary", "", ("problems", "backends/vocabulary")),
    ("kernels", "", ("problems", "backends/vocabulary", "kernels")),
    ("backends/simt", "", ("problems", "backends/vocabulary", "backends/simt", "backends/*")),
    ("backends", r"\w+", ("problems", "backends/vocabulary", "backends/simt", "backends/*", "backends/{0}")),
    ("backends", "", ("problems", "backends/*")),
    ("bench", "", ("problems", "backends/*", "bench")),
)
# What a vendor's libraries and its compilers' output need of its backend.
SUBJECT = ("bench/baselines", "bench/codegen", "bench/port")
TOP = {"problems", "backends", "kernels", "bench", "tests"}
RULE = "include"


def allowed(place: str, name: str) -> bool:
    for folder, below, targets in LAYERS:
        match = re.match(rf"{folder}/" + (rf"({below})/" if below else ""), place)
        if not match:
            continue
        if folder == "bench" and (name in source.HOST or place.startswith(SUBJECT) and name.startswith("backends/")):
            return True
        for target in targets:
            target = target.format(*match.groups())
            if target.endswith("/*"):
                if re.fullmatch(rf"{target[:-2]}/[\w.]+", name):
                    return True
            elif name == target or name.startswith(f"{target}/"):
                return True
        return False
    return True


def findings_at(path: pathlib.Path, place: str) -> list[tuple[int, str]]:
    text = source.without_comments(path.read_text())
    found = []
    for m in re.finditer(r'^\s*#\s*include\s*["<]([^">\n]+)[">]', text, re.MULTILINE):
        name = m[1]
        if name.startswith("."):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(place), name))
        if "/" in name and name.split("/")[0] in TOP and not allowed(place, name):
            found.append((source.line_of(text, m.start(1)), RULE))
    return found


def main() -> int:
    if sys.argv[1] == "--planted":
        folder = pathlib.Path(sys.argv[2])
        return source.check_planted(
            folder, {RULE}, lambda path: findings_at(path, path.relative_to(folder).as_posix())
        )
    root = pathlib.Path(sys.argv[1])
    files = sorted(
        p for top in ("problems", "backends", "kernels", "bench")
        for p in (root / top).rglob("*") if p.suffix in {".hpp", ".cpp", ".in"}
    )
    if len(files) < 300:
        sys.exit(f"only {len(files)} files found in {root}")
    wrong = 0
    for path in files:
        lines = path.read_text().splitlines()
        for line, rule in findings_at(path, path.relative_to(root).as_posix()):
            print(f"{path.relative_to(root)}:{line}: {rule}: {lines[line - 1].strip()[:160]}")
            wrong += 1
    print(f"{len(files)} files, {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
