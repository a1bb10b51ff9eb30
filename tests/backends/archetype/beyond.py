# SPDX-License-Identifier: Apache-2.0
"""Compiles a kernel for each line of beyond.txt against the archetype.

Usage: beyond.py COMPILER [OPTION...]. Exit code 1 if one compiles that should not, or does not for
another reason than the line names.
"""

import pathlib
import subprocess
import sys
import tempfile

KERNEL = """#include <cmath>
#include "tests/backends/archetype/backend.hpp"
namespace moat {
struct Kernel {
  template <class S, class B>
  struct Args {};
  template <ProductSchedule S, Block B>
  static void run(B& block, const Args<S, B>&, auto& backend) {
    (void)block;
    (void)backend;
    %s
  }
};
template void Kernel::run(archetype::Block<archetype::Product>&,
                          const Kernel::Args<archetype::Product, archetype::Block<archetype::Product>>&,
                          archetype::Backend&);
}  // namespace moat
"""


def main() -> int:
    compiler = sys.argv[1:]
    wrong = 0
    checked = 0
    for line in (pathlib.Path(__file__).parent / "beyond.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, statement = (part.strip() for part in line.partition("|"))
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
            source.write(KERNEL % statement)
            source.flush()
            done = subprocess.run(
                [*compiler, "-fsyntax-only", source.name], capture_output=True, text=True, check=False
            )
        errors = [e for e in done.stderr.splitlines() if "error:" in e]
        if word == "-":
            right = done.returncode == 0
        else:
            right = done.returncode != 0 and any(word in e for e in errors)
        checked += 1
        if not right:
            wrong += 1
            print(f"{word}: {statement}\n  " + ("\n  ".join(errors) or "compiles"))
    print(f"{checked} kernels, {wrong} wrong")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
