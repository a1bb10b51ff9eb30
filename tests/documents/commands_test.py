#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command that a Markdown file shows works.

usage: commands_test.py SOURCE_FOLDER BUILD_FOLDER

Commands of fenced sh blocks, and code spans that begin with build/bin/moat or scripts/, run in a copy of the
sources beside the build. A block that cannot run everywhere says so in a comment just before it, such as
<!-- needs: a GPU backend in the build -->; where the need is met it runs, and elsewhere it must fail, or the mark is not needed.
What takes long, or writes into the sources, is checked as STAND_INS says. Of other code spans that begin with
"moat " the options must exist.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import markdown

# What a mark may name, and whether the build has it.
NEEDS = {
    "a GPU backend in the build":
        lambda build: re.search(r'"family"\s*:\s*"\w', (build / "compile_manifest.json").read_text()) is not None,
    "the CUDA backend in the build":
        lambda build: (build / "tests/executors/cuda_runtime/cuda_interpreted_test").exists(),
    "the HIP backend in the build":
        lambda build: (build / "tests/executors/hip_runtime/hip_machine_code_test").exists(),
    "the emulator's tests in the build": lambda build: (build / "tests/emulator/emulator_test").exists(),
}

# Command → what runs in its place. {} is the command; a stand-in "options" only checks that each option exists.
STAND_INS = [
    # Measuring takes minutes; which cases it would measure is known at once.
    (r"build/bin/moat run --ab ", "options"),
    (r"build/bin/moat tune\b", "options"),
    (r"build/bin/moat model\b", "options"),
    (r"build/bin/moat run .*--tuned ", "options"),
    (r"(\w+=\S+ )*build/bin/moat run\b", "{} --benchmark_list_tests"),
    (r"build/bin/moat software(?! --list)(?!.* --no-measuring)", "options"),
    # Configures and compiles: tests/scripts, and scripts/bare_root.sh to the end.
    (r"scripts/[a-z_]+\.sh\b", "options"),
    (r"\.ci/", "test -x {}"),
    (r"cmake --preset (\S+) && cmake --build --preset (\S+)$", r"cmake --list-presets | grep -w '\1'"),
    # Runs all tests and writes into the sources: tests/bench/port/port_command_test.cpp.
    (r"\(cd build && ctest --output-junit \S+\); build/bin/moat port --update", "options"),
    (r"ctest\b", "{} -N | grep -v 'Total Tests: 0' | grep 'Total Tests'"),
    # Builds and runs mutants for minutes.
    (r"tests/emulator/mutations\.py\b", "options"),
]

COMMENT = re.compile(r"(^|\s+)#\s.*$")


def commands_of(lines):
    """The commands of a block: continued lines joined, comments left out."""
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    for line in joined.splitlines():
        command = COMMENT.sub("", line.strip()).strip()
        if command:
            yield command


class Runner:
    def __init__(self, source, build, scratch):
        self.scratch = scratch
        self.build = build
        for name in subprocess.run(["git", "-C", source, "ls-files"], capture_output=True, text=True,
                                   check=True).stdout.splitlines():
            if not (source / name).exists():
                continue
            target = scratch / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target)
        (scratch / "build").symlink_to(build)
        self.add_examples()
        self.environment = {**os.environ, "PATH": f"{build}/bin:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        self.help = {}

    def add_examples(self):
        """What documents call base.json, new.json, OTHER_BUILD, A/ and B/."""
        records = sorted(self.scratch.glob("results/*/*.json"), key=lambda path: path.stat().st_size)
        record = json.loads(next(path for path in records if '"moat-record"' in path.read_text()[:4096]).read_text())
        # Of a quieter machine: a gate below a record's own noise is refused.
        for case in record["cases"]:
            for series in case["series"]:
                series["seconds"] = [case["median_seconds"] * (1 + 1e-4 * (i * 7 % 11 - 5)) for i in range(99)]
        for name, minute in (("base.json", "00"), ("new.json", "01")):
            record["run"]["started"] = f"2026-01-01T00:{minute}:00Z"
            (self.scratch / name).write_text(json.dumps(record))
        (self.scratch / "OTHER_BUILD").symlink_to(self.build)
        for name, call in (("A", "cudaMalloc"), ("B", "hipMalloc")):
            (self.scratch / name).mkdir()
            (self.scratch / name / "main.cu").write_text(f"void f(void** p) {{ {call}(p, 1); }}\n")

    def run(self, command):
        """None if the command works, else what it says."""
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=self.scratch, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode == 0:
            return None
        return f"exit code {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"

    def help_of(self, words):
        """--help of a program and of its subcommand."""
        program = tuple(words[:1])
        if words[0].endswith("moat"):
            # moat port diff, but not moat port FILE.
            program = (f"{self.build}/bin/moat", *[w for w in words[1:3] if re.fullmatch(r"[a-z]+", w)])
        if program not in self.help:
            try:
                done = subprocess.run([*program, "--help"], cwd=self.scratch, env=self.environment,
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                self.help[program] = done.stdout if done.returncode == 0 else None
            except OSError:
                self.help[program] = None
        return self.help[program]

    def check_options(self, command):
        """None if every option of the command is in the program's help; scripts hand on those of moat run."""
        words = shlex.split(command.split(";")[-1].replace("…", "x"), comments=True)
        text = self.help_of(words)
        if text is None:
            return f"{words[0]} has no help"
        if words[0] in ("scripts/bench.sh", "scripts/gpu.sh"):
            text += self.help_of(["moat", "run"])
        if words[0] == "scripts/test.sh":
            text += subprocess.run(["ctest", "--help"], capture_output=True, text=True, check=True).stdout
        for word in words[1:]:
            option = word.split("=")[0]
            if option.startswith("-") and not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text):
                return f"{option} is not in its --help"
        return None

    def check(self, command):
        for pattern, stand_in in STAND_INS:
            match = re.match(pattern, command)
            if not match:
                continue
            if stand_in == "options":
                return self.check_options(command)
            return self.run(match.expand(stand_in).replace("{}", command))
        return self.run(command)


def self_test(runner):
    """What the test is for, it must see."""
    for command in ("build/bin/moat report no-such-record.json", "build/bin/moat run --no-such-option",
                    "scripts/bench.sh --no-such-option", "jq .cases[] results/porting/porting.json"):
        if runner.check(command) is None:
            yield f"self-test: {command} seems to work"
    if list(commands_of(["a \\", "  b   # c", "# d", "e '#f'"])) != ["a b", "e '#f'"]:
        yield "self-test: commands are not read as they should"


def main():
    source, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    names = markdown.files(source)
    failures, checked = [], 0
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(source, build, Path(folder))
        failures += self_test(runner)
        for name in names:
            text = (source / name).read_text()
            for language, needs, lines in markdown.blocks(text):
                if language not in ("sh", "bash", "console"):
                    continue
                if needs is not None and needs not in NEEDS:
                    failures.append(f"{name}: needs: {needs}: not one of {', '.join(NEEDS)}")
                    continue
                met = needs is None or NEEDS[needs](build)
                for command in commands_of(lines):
                    if command.split()[0] == "jq" and not shutil.which("jq"):
                        print(f"{name}: {command}: left out, because there is no jq (apt-get install jq)")
                        continue
                    checked += 1
                    wrong = runner.check(command)
                    if met and wrong:
                        failures.append(f"{name}: {command}\n    {wrong}")
                    if not met and not wrong:
                        failures.append(f"{name}: {command}\n    works without {needs}: the mark is not needed")
            for span in markdown.inline(text):
                if re.match(r"(build/bin/moat|scripts/\w+\.sh)( |$)", span):
                    wrong = runner.check(span)
                elif re.match(r"moat [a-z]+ .*--", span) and "|" not in span:
                    wrong = runner.check_options(span)
                else:
                    continue
                checked += 1
                if wrong:
                    failures.append(f"{name}: {span}\n    {wrong}")
    for failure in failures:
        print(failure)
    print(f"{checked} commands of {len(names)} files, {len(failures)} failures")
    return 1 if failures or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
