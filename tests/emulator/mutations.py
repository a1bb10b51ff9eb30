#!/usr/bin/env python3
"""Removes or weakens one wait or barrier of the GPU backends at a time and runs the tests that
cover it, on a copy: the source tree and the build are only read.

Each mutation of mutations.txt is applied to copies of its files, the one object that it concerns
is compiled against them and linked in front of the objects of a finished build, and the tests run.
A mutation is caught if a test fails. The table says by which test, and what that saw.

exit status: 0 all as mutations.txt says; 1 a mutation survived that should not, or was caught though
said to survive; 2 wrong use, a list that no longer fits the sources, or a mutant that does not
compile."""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = pathlib.Path(__file__).with_suffix(".txt")
SECONDS = 300  # for the tests of one mutant


class Problem(Exception):
    pass


class Mutation:
    def __init__(self, name):
        self.name = name
        self.file = ""
        self.edits = []  # (text before it or "", text, replacement)
        self.runs = []  # (text, in the quick set)
        self.survives = ""  # why

    def apply(self):
        """The file's text after the edits. Raises Problem where they do not fit."""
        text = (ROOT / self.file).read_text()
        for after, find, replacement in self.edits:
            begin = 0
            if after:
                if text.count(after) != 1:
                    raise Problem(f"{self.name}: {text.count(after)} of 'after: {after}' in {self.file}")
                begin = text.index(after) + len(after)
            count = text.count(find, begin)
            if count == 0 or (count > 1 and not after):
                raise Problem(f"{self.name}: {count} of 'find: {find}' in {self.file}")
            at = text.index(find, begin)
            text = text[:at] + replacement + text[at + len(find) :]
        return text


def read_list(path):
    mutations = []
    after = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, value = line.partition(":")
        value = value.strip()
        if not colon or (key != "mutation" and not mutations):
            raise Problem(f"{path.name}:{number}: not 'key: value' below a 'mutation:'")
        last = mutations[-1] if mutations else None
        if key == "mutation":
            mutations.append(Mutation(value))
        elif key == "file":
            last.file = value
        elif key == "after":
            after = value
        elif key == "find":
            last.edits.append((after, value, ""))
            after = ""
        elif key == "replace":
            last.edits[-1] = (*last.edits[-1][:2], value)
        elif key in ("run", "quick"):
            last.runs.append((value, key == "quick"))
        elif key == "survives":
            last.survives = value
        else:
            raise Problem(f"{path.name}:{number}: unknown key '{key}'")
    return mutations


class Run:
    """What a line 'run:' names: a kernel of an emulated family and the tests of its types, or a test
    executable that includes the mutated header itself, and its tests."""

    def __init__(self, text):
        words = text.split()
        if len(words) == 3:
            kernel, family, dtype = words
            self.test = f"simt_{kernel}_test"
            self.object = f"moat_emulated_{family}.dir/__/__/__/kernels/{kernel}.cpp.o"
            self.filter = f"*/{family}_{dtype}"
        elif len(words) == 2:
            self.test, self.filter = words
            self.object = f"{self.test}.dir/"
        else:
            raise Problem(f"run: {text}: not 'kernel family type' or 'test filter'")


class Build:
    def __init__(self, directory):
        self.directory = directory
        self.commands = {}

    def ninja(self, *arguments):
        done = subprocess.run(["ninja", "-C", str(self.directory), *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise Problem(f"ninja -C {self.directory} {' '.join(arguments)}:\n{done.stdout}")
        return done.stdout

    def of(self, run):
        """Commands that compile the object and link the test, its output and the object's."""
        if run.test not in self.commands:
            self.commands[run.test] = self.ninja("-t", "commands", run.test).splitlines()
        compile_, link, object_, binary = "", "", "", ""
        for command in self.commands[run.test]:
            output = re.search(r" -o (\S+)", command)
            if output is None:
                continue
            if run.object in output[1] and " -c " in command:
                compile_, object_ = command, output[1]
            elif pathlib.Path(output[1]).name == run.test:
                link = next(part for part in command.split(" && ") if f" -o {output[1]}" in part)
                binary = output[1]
        if not compile_ or not link:
            raise Problem(f"{self.directory}: builds no {run.object} for {run.test}")
        return compile_, object_, link, binary

    def shell(self, command):
        return subprocess.run(command, shell=True, cwd=self.directory, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def mutant(self, mutation, run, folder):
        """The path of the test with the mutation in it."""
        overlay = folder / "overlay"
        copy = overlay / mutation.file
        copy.parent.mkdir(parents=True)
        copy.write_text(mutation.apply())
        compile_, object_, link, _ = self.of(run)
        out = folder / "mutant.o"
        # Its copies are found before the sources; a wait that is gone may leave a name unused.
        compile_ = compile_.replace(object_, str(out)).replace(" -I", f" -I{overlay} -I", 1) + " -w"
        test = folder / run.test
        own = run.object.endswith("/")
        link = link.replace(object_, str(out)) if own else link
        link = re.sub(r" -o \S+", f" -o {test}" + ("" if own else f" {out}"), link, count=1)
        for command in (compile_, link):
            done = self.shell(command)
            if done.returncode != 0:
                raise Problem(f"{mutation.name}: does not compile\n{done.stdout[:4000]}")
        if f"{overlay}/{mutation.file}" not in "".join(p.read_text() for p in folder.glob("*.d")):
            raise Problem(f"{mutation.name}: {run.object} does not include {mutation.file}")
        return test

    def run(self, test, filter_):
        """Exit status and output; None where the tests did not end."""
        try:
            done = subprocess.run([str(test), f"--gtest_filter={filter_}"], text=True, check=False,
                                  cwd=self.directory, timeout=SECONDS, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT,
                                  env={**os.environ, "GTEST_FAIL_FAST": "1"})
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            return None, ""


def evidence(status, output):
    """The first test that failed and what it saw."""
    if status is None:
        return f"no end within {SECONDS} s"
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


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", metavar="DIR",
                        help="build folder, made with Ninja (default: build)")
    parser.add_argument("--check", action="store_true", help="only see whether the list fits")
    parser.add_argument("--quick", action="store_true", help="only the runs called 'quick'")
    parser.add_argument("--no-build", action="store_true", help="the build is up to date")
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="N", help="at once")
    parser.add_argument("names", nargs="*", help="only mutations whose name matches, as ring.*")
    arguments = parser.parse_args()

    mutations = read_list(LIST)
    for mutation in mutations:
        mutation.apply()
    trials = [(m, Run(run)) for m in mutations for run, quick in m.runs
              if (quick or not arguments.quick)
              and (not arguments.names or any(fnmatch.fnmatch(m.name, n) for n in arguments.names))]
    if not trials:
        raise Problem("no mutation has such a name; mutations.txt has them all")
    if arguments.check:
        print(f"{len(mutations)} mutations fit the sources")
        return 0

    build = Build(arguments.build.resolve())
    tests = sorted({run.test for _, run in trials})
    if not arguments.no_build:
        build.ninja(*tests)

    def pass_unchanged(run):
        status, output = build.run(build.directory / build.of(run)[3], run.filter)
        ran = re.search(r"\[==========\] (\d+) tests? from .* ran", output)
        if status != 0 or ran is None or ran[1] == "0":
            raise Problem(f"{run.test} --gtest_filter={run.filter}: "
                          "must run and pass without a mutation")

    def trial(mutation, run):
        with tempfile.TemporaryDirectory(prefix="moat-mutation-") as folder:
            test = build.mutant(mutation, run, pathlib.Path(folder))
            status, output = build.run(test, run.filter)
            return status != 0, "" if status == 0 else evidence(status, output)

    caught = explained = wrong = 0
    widths = [max(map(len, column)) for column in
              zip(*((m.name, run.test, run.filter) for m, run in trials))]
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        try:
            list(pool.map(pass_unchanged, {(r.test, r.filter): r for _, r in trials}.values()))
            futures = [pool.submit(trial, *t) for t in trials]
            for number, ((mutation, run), future) in enumerate(zip(trials, futures), 1):
                if sys.stderr.isatty():
                    print(f"\r{number} of {len(trials)} ", end="", file=sys.stderr, flush=True)
                was_caught, saw = future.result()
                expected = was_caught != bool(mutation.survives)
                result = "caught" if was_caught else "SURVIVED" if not expected else "survived"
                if was_caught and not expected:
                    result = "CAUGHT"
                caught += was_caught
                explained += not was_caught and expected
                wrong += not expected
                what = saw if was_caught else mutation.survives
                columns = zip((mutation.name, run.test, run.filter), widths)
                print(*(text.ljust(width) for text, width in columns), result.ljust(8), what,
                      sep="  ", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    print(f"{len({m.name for m, _ in trials})} mutations in {len(trials)} trials: {caught} caught, "
          f"{explained} survived as explained, {wrong} not as mutations.txt says")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        print(f"mutations.py: {problem}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"mutations.py: {error}", file=sys.stderr)
        sys.exit(2)
