# SPDX-License-Identifier: Apache-2.0
"""What moat shows on terminals of several kinds: colours, progress, width."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

MOAT = sys.argv.pop(1)
QUICK = sys.argv.pop(1)  # the same but for the ceilings, which take seconds
COLOUR = b"\x1b[1m"
REWRITTEN = b"\x1b[K"
VARIABLES = ("TERM", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")


def environment(values):
    kept = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    return {**kept, **values}


class Terminal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.record = os.path.join(folder.name, "record.json")
        self.run_arguments = [
            QUICK, "run", "--case", "sum/f32/n1000", "--no-baselines", "--budget", "0.01",
            "--out", self.record,
        ]

    def on_terminal(self, arguments, values, columns=200):
        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            arguments, stdin=inner, stdout=inner, stderr=inner, env=environment(values))
        os.close(inner)
        shown = b""
        while True:
            try:
                piece = os.read(outer, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(outer)
        # 6: other work on the machine disturbed what was timed; what is shown is not touched by that.
        self.assertIn(process.wait(), (0, 6), shown)
        return shown

    def in_pipe(self, arguments, values):
        done = subprocess.run(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(values),
            check=False)
        self.assertIn(done.returncode, (0, 6), done.stdout)
        return done.stdout

    def test_terminals(self):
        kinds = [
            ({"TERM": "xterm"}, True, True),
            ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
            ({"TERM": "xterm", "NO_COLOR": "1"}, False, True),
            ({"TERM": "xterm", "NO_COLOR": "0", "FORCE_COLOR": "1"}, False, True),
            ({"TERM": "xterm", "CLICOLOR": "0"}, False, True),
            ({"TERM": "xterm", "FORCE_COLOR": ""}, True, True),
            ({"TERM": "dumb"}, False, False),
            ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, False),
            ({"TERM": "dumb", "FORCE_COLOR": "0"}, False, False),
            ({"TERM": "xterm", "FORCE_COLOR": "0"}, False, True),
            ({"TERM": ""}, False, False),
            ({}, False, False),
        ]
        self.in_pipe(self.run_arguments, {})
        compare = [MOAT, "compare", self.record, self.record]
        seen = set()
        for values, colour, progress in kinds:
            with self.subTest(values):
                self.assertEqual(COLOUR in self.on_terminal(compare, values), colour)
                if (colour, progress) not in seen:
                    shown = self.on_terminal(self.run_arguments, values)
                    self.assertEqual(COLOUR in shown, colour)
                    self.assertEqual(REWRITTEN in shown, progress)
                seen.add((colour, progress))

    def test_narrow_terminal(self):
        shown = self.on_terminal([MOAT, *self.run_arguments[1:]], {"TERM": "xterm"}, 20)
        lines = [part.split(REWRITTEN)[-1] for part in shown.split(b"\r") if part.startswith(REWRITTEN)]
        progress = [line for line in lines if line.startswith(b"[")]
        self.assertGreaterEqual(len(progress), 2)
        for line in progress:
            self.assertEqual(len(line), 19)

    def test_pipes(self):
        self.in_pipe(self.run_arguments, {})
        compare = [MOAT, "compare", self.record, self.record]
        for values, colour in [({}, False), ({"TERM": "xterm"}, False), ({"FORCE_COLOR": "1"}, True),
                               ({"CLICOLOR_FORCE": "1"}, True), ({"CLICOLOR_FORCE": "0"}, False),
                               ({"FORCE_COLOR": "3", "NO_COLOR": "1"}, False)]:
            with self.subTest(values):
                shown = self.in_pipe(compare, values)
                self.assertEqual(COLOUR in shown, colour)
                self.assertNotIn(REWRITTEN, shown)

    def test_only_tables_are_coloured(self):
        forced = {"FORCE_COLOR": "1"}
        for form in ("markdown", "csv"):
            self.assertNotIn(b"\x1b", self.in_pipe([*self.run_arguments, "--format", form], forced))
        compare = [MOAT, "compare", self.record, self.record]
        for form in ("markdown", "json", "junit", "github"):
            self.assertNotIn(b"\x1b", self.in_pipe([*compare, "--format", form], forced))
        self.in_pipe([*compare, "--out", self.record + ".txt"], forced)
        with open(self.record + ".txt", "rb") as file:
            self.assertNotIn(b"\x1b", file.read())

    def test_utf8_in_every_locale(self):
        plain = self.in_pipe([MOAT, "list"], {"LC_ALL": "C"})
        self.assertEqual(plain, self.in_pipe([MOAT, "list"], {"LC_ALL": "C.UTF-8"}))
        table = self.in_pipe(self.run_arguments, {"LC_ALL": "C"})
        self.assertIn("×".encode(), table)


unittest.main()
