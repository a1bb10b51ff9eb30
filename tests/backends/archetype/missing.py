# SPDX-License-Identifier: Apache-2.0
"""Compiles a kernel against a copy of the archetype for each line of missing.txt, which lacks what
the line says.

Usage: missing.py ROOT COMPILER [OPTION...]. Exit code 1 if one compiles, or if the first error does not
name the concept and what is missing.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
FOLDER = "tests/backends/archetype"
FILES = ("backend.hpp", "block.hpp", "split_k.hpp", "tiles.hpp")


def edit(folder: pathlib.Path, declaration: str) -> str:
    """Makes the change in a copy of the archetype and returns the name that it concerns."""
    old, _, new = (part.strip() for part in declaration.partition("=>"))
    match = re.search(r"(\w+)(?=\s*(\([^()]*(\) const)?|=\s*\d*;?)?$)", old)
    new = new or f"{old[:match.start()]}other_{old[match.start():]}"
    found = [f for f in FILES if old in (folder / f).read_text()]
    text = (folder / found[0]).read_text() if found else ""
    if len(found) != 1 or text.count(old) != 1:
        sys.exit(f"{declaration}: stands not once in {FILES}")
    (folder / found[0]).write_text(text.replace(old, new))
    return match[1]


def check(line: str, root: str, compiler: list[str]) -> str:
    """What is wrong; nothing if all is right."""
    concept, kernel, declaration = (part.strip() for part in line.split("|"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary, FOLDER)
        shutil.copytree(HERE, folder)
        name = edit(folder, declaration) if declaration else ""
        done = subprocess.run(
            [*compiler, f"-I{temporary}", f"-I{root}", "-fsyntax-only", "-fmax-errors=1",
             f'-DMOAT_BACKEND="{FOLDER}/backend.hpp"', f"{root}/kernels/{kernel}.cpp"],
            capture_output=True, text=True, check=False)
    if concept == "-":
        return "" if done.returncode == 0 else done.stderr
    if done.returncode == 0:
        return "compiles"
    missing = [word for word in (concept, name) if not re.search(rf"\b{word}\b", done.stderr)]
    return f"the error does not name {' and '.join(missing)}\n{done.stderr}" if missing else ""


def main() -> int:
    root, compiler = sys.argv[1], sys.argv[2:]
    lines = [line for line in (HERE / "missing.txt").read_text().splitlines()
             if line and not line.startswith("#")]
    wrong = 0
    for line in lines:
        problem = check(line, root, compiler)
        if problem:
            wrong += 1
            print(f"{line}: {problem}")
    print(f"{len(lines)} kernels, {wrong} wrong")
    return 1 if wrong or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
