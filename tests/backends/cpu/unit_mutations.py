# SPDX-License-Identifier: Apache-2.0
"""What the mutations of kernels for matrix units share: a kernel's object is compiled anew, and run.sh
of the list's folder runs its tests."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import mutations  # noqa: E402

SKIPPED = 77


class TestRun(mutations.Run):
    """'tests' or 'tests kernel'. Those of a folder derive from it and say the target and run.sh."""

    objects = ""  # what the objects' paths have before the kernel
    script = None

    def __init__(self, text, build):
        words = text.split()
        if len(words) not in (1, 2):
            raise mutations.Problem(f"run: {text}: not 'tests' or 'tests kernel'")
        self.tests = words[0]
        self.object = f"{self.objects}{words[-1]}.cpp.o"
        self.columns = (text,)

    def run(self, binary):
        """Exit status and output; None where the tests did not end."""
        try:
            done = subprocess.run(["bash", str(self.script), str(binary), self.tests], text=True,
                                  check=False, timeout=mutations.SECONDS, stdout=subprocess.PIPE,
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


def main(description, script, target, objects):
    """The command of the list beside `script`."""
    here = pathlib.Path(script)
    of_folder = {"target": target, "objects": objects, "script": here.with_name("run.sh")}
    mutations.main(description, here.with_suffix(".txt"), type("TestRun", (TestRun,), of_folder))
