#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds `moat`, without its measurement of ceilings, with a fault in a kernel, one at a time, and
runs it: `moat run` has to say that the case failed its verification (exit code 1). The source tree
and the build are only read.

A run names the kernel file that is compiled anew and a case; what follows is passed to `moat run`.

exit status: 0 all as mutations.txt says; 1 a mutation survived that should not, or was caught though
said to survive; 2 wrong use, a list that no longer fits the sources, or a mutant that does not
compile."""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import mutations  # noqa: E402


# Exit statuses of moat run.
WRONG_USE = 2
DISTURBED = 6


class CaseRun(mutations.Run):
    target = "moat_without_ceilings"  # they take longer than the case
    flags = "-O1"  # compiling takes longer than running

    def __init__(self, text, build):
        words = text.split()
        if len(words) < 2:
            raise mutations.Problem(f"run: {text}: not 'kernel case options…'")
        self.kernel, self.case, *self.options = words
        self.object = f"moat_cpu_kernels.dir/__/__/kernels/{self.kernel}.cpp.o"
        self.columns = (" ".join(words[1:]),)
        if "--budget" not in self.options:
            self.options += ["--budget", "0.02"]

    def run(self, binary, folder):
        """The exit status and what the record says of the case; None where it did not end."""
        record = folder / "record.json"
        try:
            done = subprocess.run(
                [str(binary), "run", "--case", self.case, "--backend", "cpu", "--no-baselines",
                 "--out", str(record), *self.options],
                text=True, check=False, timeout=mutations.SECONDS, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            return None, f"no end within {mutations.SECONDS} s"
        if not record.exists():
            return done.returncode, done.stdout[-200:]
        cases = json.loads(record.read_text())["cases"]
        return done.returncode, "; ".join(f"{c['status']}: {c['message']}" for c in cases)

    def check_unchanged(self, binary):
        with tempfile.TemporaryDirectory(prefix="moat-mutation-") as folder:
            status, said = self.run(binary, pathlib.Path(folder))
        # Other work on the machine may disturb the times, not the results.
        if status is None or "failed:" in said or "error:" in said:
            raise mutations.Problem(f"moat run --case {self.case}: must pass without a mutation: "
                                    f"exit status {status}, {said}")

    def execute(self, binary, folder):
        # Other work on the machine may leave too few samples to tell: tried again.
        for _ in range(5):
            status, said = self.run(binary, folder)
            if status != DISTURBED:
                break
        if status == WRONG_USE:
            raise mutations.Problem(f"moat run --case {self.case} cannot run here: {said}")
        return status == 1 and "failed:" in said, f"exit status {status}: {said}"[:200]


if __name__ == "__main__":
    mutations.main(__doc__, pathlib.Path(__file__).with_suffix(".txt"), CaseRun)
