#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a kernel for matrix units with a fault in it, one at a time, and runs its tests under the
interpreter. The source tree and the build are only read.

exit status: 0 all as mutations.txt says; 1 a mutation survived that should not, or was caught though
said to survive; 2 wrong use, a list that no longer fits the sources, or a mutant that does not
compile."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import unit_mutations  # noqa: E402

if __name__ == "__main__":
    unit_mutations.main(__doc__, __file__, "cpu_amx_test", "cpu_amx_test.dir/")
