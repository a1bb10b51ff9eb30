# SPDX-License-Identifier: Apache-2.0
"""Mutants of sources: what the lists and runs of mutations in several folders of tests share.

A mutation is applied to a copy of its file, the one object that it concerns is compiled against the
copy and linked in front of the objects of a finished build. The source tree and the build are only
read. A list has paragraphs of

  mutation: its name
  file:     what is changed
  after:    text that stands once in the file; the next find is the first one after it
  find:     what is replaced; without an 'after' it stands once in the file
  replace:  by what; nothing if there is no such line. Several edits follow one another.
  run:      what is to see it; the words are up to the list
  quick:    such a run, which CTest does too
  survives: why nothing can see it
"""

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
SECONDS = 300  # for the run of one mutant


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
    """What a line 'run:' names. A list's own runs derive from it."""

    target = ""  # the executable
    object = ""  # part of the path of the object that is compiled anew
    flags = ""  # that are appended to the object's
    columns = ()  # of the table

    def check_unchanged(self, binary):
        """Raises Problem unless the executable passes without a mutation."""
        raise NotImplementedError

    def execute(self, binary, folder):
        """Runs a mutant: whether it was caught, and by what."""
        raise NotImplementedError


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
        """Commands that compile the object and link the executable, its output and the object's."""
        if run.target not in self.commands:
            self.commands[run.target] = self.ninja("-t", "commands", run.target).splitlines()
        compile_, link, object_, binary = "", "", "", ""
        for command in self.commands[run.target]:
            output = re.search(r" -o (\S+)", command)
            if output is None:
                continue
            if run.object in output[1] and " -c " in command:
                compile_, object_ = command, output[1]
            elif pathlib.Path(output[1]).name == run.target and " -c " not in command:
                link = next(part for part in command.split(" && ") if f" -o {output[1]}" in part)
                binary = output[1]
        if not compile_ or not link:
            raise Problem(f"{self.directory}: builds no {run.object} for {run.target}")
        return compile_, object_, link, binary

    def binary(self, run):
        return self.directory / self.of(run)[3]

    def shell(self, command):
        return subprocess.run(command, shell=True, cwd=self.directory, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def mutant(self, mutation, run, folder):
        """The path of the executable with the mutation in it."""
        overlay = folder / "overlay"
        copy = overlay / mutation.file
        copy.parent.mkdir(parents=True)
        copy.write_text(mutation.apply())
        compile_, object_, link, _ = self.of(run)
        out = folder / "mutant.o"
        # Its copies are found before the sources; what is gone may leave a name unused.
        compile_ = compile_.replace(object_, str(out)).replace(" -I", f" -I{overlay} -I", 1)
        compile_ += f" -w {run.flags}"
        binary = folder / run.target
        own = object_ in link
        link = link.replace(object_, str(out)) if own else link
        # A set's objects are joined to one before they are linked.
        commands = (c.replace("/./", "/") for c in self.commands[run.target])
        join = next((c for c in commands if " -r " in c and object_ in c), "")
        if join:
            own = True
            whole = re.search(r" -o (\S+)", join)[1]
            join = join.replace(f"{self.directory}/{object_}", str(out)).replace(whole, f"{out}.whole")
            link = link.replace(f" {pathlib.Path(whole).name}", f" {out}.whole")
        link = re.sub(r" -o \S+", f" -o {binary}" + ("" if own else f" {out}"), link, count=1)
        for command in filter(None, (compile_, join, link)):
            done = self.shell(command)
            if done.returncode != 0:
                raise Problem(f"{mutation.name}: does not compile\n{done.stdout[:4000]}")
        if f"{overlay}/{mutation.file}" not in "".join(p.read_text() for p in folder.glob("*.d")):
            raise Problem(f"{mutation.name}: {run.object} does not include {mutation.file}")
        return binary


def run_list(description, path, make_run):
    """The command of a list: `make_run(text, build)` makes the Run of a line. Returns the exit status."""
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", metavar="DIR",
                        help="build folder, made with Ninja (default: build)")
    parser.add_argument("--check", action="store_true", help="only see whether the list fits")
    parser.add_argument("--quick", action="store_true", help="only the runs called 'quick'")
    parser.add_argument("--no-build", action="store_true", help="the build is up to date")
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="N", help="at once")
    parser.add_argument("names", nargs="*", help="only mutations whose name matches, as ring.*")
    arguments = parser.parse_args()

    mutations = read_list(path)
    for mutation in mutations:
        mutation.apply()
    build = Build(arguments.build.resolve())
    trials = [(m, make_run(run, build)) for m in mutations for run, quick in m.runs
              if (quick or not arguments.quick)
              and (not arguments.names or any(fnmatch.fnmatch(m.name, n) for n in arguments.names))]
    if not trials:
        raise Problem(f"no mutation has such a name; {path.name} has them all")
    if arguments.check:
        print(f"{len(mutations)} mutations fit the sources")
        return 0
    if not arguments.no_build:
        build.ninja(*sorted({run.target for _, run in trials}))

    def trial(mutation, run):
        with tempfile.TemporaryDirectory(prefix="moat-mutation-") as name:
            folder = pathlib.Path(name)
            return run.execute(build.mutant(mutation, run, folder), folder)

    caught = explained = wrong = 0
    widths = [max(map(len, column)) for column in
              zip(*((m.name, *run.columns) for m, run in trials))]
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        try:
            unchanged = {(run.target, run.columns): run for _, run in trials}.values()
            list(pool.map(lambda run: run.check_unchanged(build.binary(run)), unchanged))
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
                what = saw if was_caught or not expected else mutation.survives
                columns = zip((mutation.name, *run.columns), widths)
                print(*(text.ljust(width) for text, width in columns), result.ljust(8), what,
                      sep="  ", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    print(f"{len({m.name for m, _ in trials})} mutations in {len(trials)} trials: {caught} caught, "
          f"{explained} survived as explained, {wrong} not as {path.name} says")
    return 1 if wrong else 0


def main(description, path, make_run):
    try:
        sys.exit(run_list(description, path, make_run))
    except (Problem, OSError) as problem:
        print(f"mutations.py: {problem}", file=sys.stderr)
        sys.exit(2)
