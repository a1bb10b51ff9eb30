#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a kernel for BFMMLA with a fault in it, one at a time, and runs its tests under qemu-user.
The source tree and the build are only read. --build takes that of tests/backends/cpu/arm64, which the
test cpu_arm64 leaves in tests/backends/cpu/arm64-build of its own.

exit status: 0 all as mutations.txt says; 1 a mutation survived that should not, or was caught though
said to survive; 2 wrong use, a list that no longer fits the sources, or a mutant that does not
compile."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import unit_mutations  # noqa: E402

if __name__ == "__main__":
    unit_mutations.main(__doc__, __file__, "moat_arm64_test", "tests/backends/cpu/amx/")
