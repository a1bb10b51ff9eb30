#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Removes or weakens one wait or barrier of the GPU backends at a time and runs the tests that
cover it, on a copy: the source tree and the build are only read.

Each mutation of mutations.txt is applied to copies of its files, the one object that it concerns
is compiled against them and linked in front of the objects of a finished build, and the tests run.
A mutation is caught if a test fails. The table says by which test, and what that saw.

exit status: 0 all as mutations.txt says; 1 a mutation survived that should not, or was caught though
said to survive; 2 wrong use, a list that no longer fits the sources, or a mutant that does not
compile."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mutations  # noqa: E402


class TestRun(mutations.Run):
    """A kernel of an emulated family and the tests of its types, which "kernel:name" has in the tests
    of that name, or a test executable that includes the mutated header itself, and its tests."""

    def __init__(self, text, build):
        words = text.split()
        if len(words) == 3:
            kernel, family, dtype = words
            kernel, _, test = kernel.partition(":")
            self.target = f"simt_{test or kernel}_test"
            self.object = f"moat_emulated_{family}.dir/__/__/__/kernels/{kernel}.cpp.o"
            self.filter = f"*/{family}_{dtype}"
        elif len(words) == 2:
            self.target, self.filter = words
            self.object = f"{self.target}.dir/"
        else:
            raise mutations.Problem(f"run: {text}: not 'kernel[:tests] family type' or 'test filter'")
        self.directory = build.directory
        self.columns = (self.target, self.filter)

    def run(self, test):
        """Exit status and output; None where the tests did not end."""
        try:
            done = subprocess.run([str(test), f"--gtest_filter={self.filter}"], text=True,
                                  check=False, cwd=self.directory, timeout=mutations.SECONDS,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={**os.environ, "GTEST_FAIL_FAST": "1"})
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            return None, ""

    def check_unchanged(self, binary):
        status, output = self.run(binary)
        ran = re.search(r"\[==========\] (\d+) tests? from .* ran", output)
        if status != 0 or ran is None or ran[1] == "0":
            raise mutations.Problem(f"{self.target} --gtest_filter={self.filter}: "
                                    "must run and pass without a mutation")

    def execute(self, binary, folder):
        status, output = self.run(binary)
        return status != 0, "" if status == 0 else evidence(status, output)


def evidence(status, output):
    """The first test that failed and what it saw."""
    if status is None:
        return f"no end within {mutations.SECONDS} s"
    test = re.search(r"\[  FAILED  \] ([^ ,\n]+)", output)
    name = test[1] if test else f"exit status {status}"
    fault = re.search(r'with description "(.*?)" thrown', output, re.S)
    if fault:
        lines = [line.strip() for line in fault[1].splitlines()]
        saw = " ".join(lines[:2])
    else:
        failure = re.search(r"Failure\n((?:.*\n){1,4})", output)
        saw = " ".join(failure[1].split()) if failure else "ended"
    return f"{name}: {saw}"[:260]


if __name__ == "__main__":
    mutations.main(__doc__, pathlib.Path(__file__).with_suffix(".txt"), TestRun)
