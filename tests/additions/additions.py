#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds a problem, an element type and a GPU backend to a copy of the repository, by the lists of
kernels/README.md and backends/README.md, builds it and runs what is new.

usage: additions.py ROOT SCRATCH [--check | --all] [options of cmake]

  --check  only whether the files that the additions touch are those of the lists, and the edits fit
  --all    builds the whole of moat besides, and runs it

exit status: 0 all is as the lists say; 1 it is not; 2 wrong use"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys

import edits

HERE = pathlib.Path(__file__).resolve().parent
COPIED = ("CMakeLists.txt", "NOTICE", "LICENSE", "README.md", "backends", "bench", "cmake", "examples",
          "kernels", "problems", "results", "scripts", "tests")
MOST_FILES_OF_A_KERNEL = 10
MOST_EDITS_OF_A_BACKEND = 4


class Wrong(Exception):
    pass


def copy_tree(root, scratch):
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, scratch / name)
        else:
            shutil.copy2(source, scratch / name)


def apply_edits(scratch, changes):
    for name, old, new in changes:
        path = scratch / name
        text = path.read_text()
        if text.count(old) != 1:
            raise Wrong(f"tests/additions/edits.py: {text.count(old)} of {old!r} in {name}")
        path.write_text(text.replace(old, new))


def overlay(scratch, folder):
    """Copies the new files, whose names it returns."""
    added = []
    for path in sorted((HERE / folder).rglob("*")):
        if path.is_file():
            name = path.relative_to(HERE / folder)
            if (scratch / name).exists():
                raise Wrong(f"tests/additions/{folder}/{name}: the repository has such a file")
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, scratch / name)
            added.append(str(name))
    return added


def section_of(readme, heading):
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", readme.read_text(),
                        re.MULTILINE | re.DOTALL)
    if not section:
        raise Wrong(f"{readme}: there is no section '{heading}'")
    return section[1]


def listed(readme, heading, name):
    """Paths in the section of a README, with NAME for <name>."""
    section = section_of(readme, heading)
    paths = set()
    for item in re.findall(r"^\d+\. .*?(?=^\d+\. |^\S|\Z)", section, re.MULTILINE | re.DOTALL):
        for path in re.findall(r"`([\w./<>]+)`", item.split(":")[0]):
            paths.add(path.replace("<name>", name))
    return paths


def check_lists(root, scratch):
    files = overlay(scratch, "problem")
    apply_edits(scratch, edits.PROBLEM)
    touched = set(files) | {name for name, _, _ in edits.PROBLEM}
    wanted = listed(root / "kernels/README.md", "Add a kernel", "add")
    if touched != wanted:
        raise Wrong("a kernel touches other files than kernels/README.md lists:\n"
                    f"  touched, not listed: {sorted(touched - wanted)}\n"
                    f"  listed, not touched: {sorted(wanted - touched)}")
    if len(touched) > MOST_FILES_OF_A_KERNEL:
        raise Wrong(f"a kernel touches {len(touched)} files")
    print(f"a kernel: {len(touched)} files")

    overlay(scratch, "backend")
    apply_edits(scratch, edits.BACKEND)
    outside = {name for name, _, _ in edits.BACKEND + edits.BACKEND_NAMED}
    readme = root / "backends/README.md"
    _, _, elsewhere = section_of(readme, "Add a GPU backend").partition("\nEdits elsewhere")
    known = set(re.findall(r"`([\w/]+/\w+\.\w+)`", elsewhere))
    if missing := [name for name in sorted(known) if not (root / name).is_file()]:
        raise Wrong(f"{readme} lists edits of files that are not there: {missing}")
    if not outside <= known or len(known) > MOST_EDITS_OF_A_BACKEND:
        raise Wrong(f"a GPU backend edits {sorted(outside)}, and {readme} lists {sorted(known)}")
    print(f"a GPU backend: {len(outside)} of {len(known)} edits outside its folders")


def run(command, **how):
    done = subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **how)
    return done.returncode, done.stdout


def must(command, **how):
    status, said = run(command, **how)
    if status != 0:
        raise Wrong(f"{' '.join(str(c) for c in command)}: exit status {status}\n{said[-6000:]}")
    return said


def build(scratch, *targets):
    return ["cmake", "--build", scratch / "build", "--target", *targets]


def unnamed_by_compiler(changes, said):
    return {name for name, _, _ in changes if not re.search(rf"{name}:\d+:\d+: error", said)}


def build_and_run(scratch, *tests):
    must(build(scratch, *tests))
    for test in tests:
        must([next(p for p in (scratch / "build/tests").rglob(test) if p.is_file())], cwd=scratch)
        print(f"{test}: passed", flush=True)


def add_kernel_and_backend(scratch, cmake_arguments):
    must(["cmake", "-S", scratch, "-B", scratch / "build", *cmake_arguments])
    # Compiled, not linked: registry_test would want the CPU's kernels, which add_type compiles anew.
    must(build(scratch, "moat_descriptors", "backends/CMakeFiles/moat_backends.dir/registry.cpp.o"))
    for name, entry in (("registry", '{"toy", list_toy_devices}'), ("descriptors", '{.name = "toy"')):
        if entry not in (scratch / f"build/backends/{name}.cpp").read_text():
            raise Wrong(f"build/backends/{name}.cpp: no {entry}")
    build_and_run(scratch, "toy_device_test", "moat_cases_test")


def add_reader(scratch):
    status, said = run(build(scratch, "moat_codegen"))
    if status == 0 or unnamed_by_compiler(edits.BACKEND_NAMED, said):
        raise Wrong(f"the compiler does not name the reader of a new form of object files:\n{said[-6000:]}")
    apply_edits(scratch, edits.BACKEND_NAMED)
    must(build(scratch, "moat_codegen"))
    print("a reader of object files: the compiler asks for it")


def add_type(scratch, cmake_arguments):
    """On the CPU and on the vocabulary alone: what lanes of a GPU move is packed by the tile layer of
    simt/, which 8-bit types would extend."""
    for name in ("backends/toy", "tests/backends/toy"):
        shutil.rmtree(scratch / name)
    for path in (scratch / "bench/codegen").glob("toy.*"):
        path.unlink()
    apply_edits(scratch, [(name, new, old) for name, old, new in edits.BACKEND_NAMED])
    must(["cmake", "-S", scratch, "-B", scratch / "build", *cmake_arguments])
    apply_edits(scratch, edits.TYPE_ROW)
    status, said = run([*build(scratch, "moat_cpu", "moat_baselines"), "--", "-k", "0"])
    if status == 0:
        raise Wrong("a type without conversions was built")
    # What nothing of this build compiles, the compiler cannot name.
    skipped = {"problems/dtype.hpp"}
    if "DNNL_LIBRARY-NOTFOUND" in (scratch / "build/CMakeCache.txt").read_text():
        skipped.add("bench/baselines/onednn_api.hpp")
    unnamed = unnamed_by_compiler(edits.TYPE_NAMED, said) - skipped
    if unnamed or "to_float" not in said:
        raise Wrong(f"the compiler does not name {sorted(unnamed)} for a type without conversions:\n"
                    f"{said[-6000:]}")
    print(f"a type: {len({name for name, _, _ in edits.TYPE_NAMED})} files, which the compiler names")
    apply_edits(scratch, edits.TYPE_NAMED + edits.TYPE_LISTED)
    build_and_run(scratch, "kernels_add_test", "archetype_test", "problems_test", "moat_cases_test")


def run_all(scratch):
    must(build(scratch, "moat"))
    moat = scratch / "build/bin/moat"
    record = scratch / "record.json"
    # Exit status 6: other work disturbed the times, which are not what matters here.
    status, said = run([moat, "run", "--suite", "edges", "--dtype", "toy8",
                        "--backend", "cpu", "--budget", "0.01", "--out", record])
    if status not in (0, 6):
        raise Wrong(f"moat run: exit status {status}\n{said}")
    cases = json.loads(record.read_text())["cases"]
    if wrong := [c for c in cases if c["status"] not in ("ok", "disturbed")]:
        raise Wrong(f"moat run: {wrong}\n{said}")
    if not any(c["kernel"] == "add" for c in cases):
        raise Wrong(f"moat run: no case of the new kernel\n{said}")
    print(f"moat run: {len(cases)} results of toy8 verified")
    # The record is one that every command reads.
    for command in (["list"], ["compare", "--libraries", record],
                    ["report", record, "--out", scratch / "report.html"]):
        said = must([moat, *command], cwd=scratch)
        if command == ["list"] and not re.search(r"^  add .*\btoy8\b", said, re.MULTILINE):
            raise Wrong(f"moat list: neither the kernel nor the type\n{said}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("scratch", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--all", action="store_true")
    args, cmake_arguments = parser.parse_known_args()
    scratch = args.scratch.resolve()
    if scratch.exists():
        shutil.rmtree(scratch)
    scratch.mkdir(parents=True)
    copy_tree(args.root.resolve(), scratch)
    check_lists(args.root.resolve(), scratch)
    if args.check:
        apply_edits(scratch, edits.BACKEND_NAMED + edits.TYPE_ROW + edits.TYPE_NAMED + edits.TYPE_LISTED)
        return
    add_kernel_and_backend(scratch, cmake_arguments)
    add_reader(scratch)
    add_type(scratch, cmake_arguments)
    if args.all:
        run_all(scratch)


if __name__ == "__main__":
    try:
        main()
    except Wrong as e:
        sys.exit(f"additions.py: {e}")
