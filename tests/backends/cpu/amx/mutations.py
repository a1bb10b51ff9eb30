#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a kernel for matrix units with a fault in it, one at a time, and runs its tests under the
interpreter. The source tree and the build are only read.

exit status: 0 all as mutations.txt says; 1 a mutation survived that should not, or was caught though
said to survive; 2 wrong use, a list that no longer fits the sources, or a mutant that does not
compile."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "support"))
import mutations  # noqa: E402

RUN = pathlib.Path(__file__).with_name("run.sh")
SKIPPED = 77


class TestRun(mutations.Run):
    target = "cpu_amx_test"

    def __init__(self, text, build):
        words = text.split()
        if len(words) not in (1, 2):
            raise mutations.Problem(f"run: {text}: not 'tests' or 'tests kernel'")
        self.tests = words[0]
        self.object = f"cpu_amx_test.dir/{words[-1]}.cpp.o"
        self.columns = (text,)

    def run(self, binary):
        """Exit status and output; None where the tests did not end."""
        try:
            done = subprocess.run(["bash", str(RUN), str(binary), self.tests], text=True, check=False,
                                  timeout=mutations.SECONDS, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT,
                                  env={**os.environ, "GTEST_FAIL_FAST": "1"})
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            return None, f"no end within {mutations.SECONDS} s"

    def check_unchanged(self, binary):
        status, output = self.run(binary)
        if status == SKIPPED:
            print(output.strip())
            sys.exit(SKIPPED)
        if status != 0:
            raise mutations.Problem(f"{self.tests}: must pass without a mutation\n{output[-400:]}")

    def execute(self, binary, folder):
        status, output = self.run(binary)
        test = re.search(r"\[  FAILED  \] ([^ ,\n]+)", output)
        fault = re.search(r"matrix interpreter: .*", output)
        saw = fault[0] if fault else test[1] if test else f"exit status {status}"
        return status != 0, "" if status == 0 else saw


if __name__ == "__main__":
    mutations.main(__doc__, pathlib.Path(__file__).with_suffix(".txt"), TestRun)
