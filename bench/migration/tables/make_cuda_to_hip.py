#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes cuda_to_hip.json from the headers with which HIP runs on NVIDIA GPUs.

HIP's vendor states there, name for name, which CUDA function, type or constant each HIP name is: as
`#define hipX cudaX`, as `typedef cudaX hipX`, or as a function hipX that returns cudaX(…) with its own
parameters in order. A pair is taken only if the two names differ in "cuda"/"cu"/"CU" and "hip" alone,
or if the header defines one as the other; if two HIP names stand for one CUDA name, the one that is
spelled alike wins. Names that such headers cannot state (library functions, device headers) are in
cuda_to_hip_extra.json with their source.

Device functions that keep their name ("same") are those that both SDKs declare with as many parameters:
HIP's as its compiler sees them on a device, CUDA's in its headers' text.

usage: make_cuda_to_hip.py [--include /usr/include/hip] [--cuda /usr/local/cuda/include] > cuda_to_hip.json
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

NAME = r"[A-Za-z_]\w*"


def alike(cuda, hip):
    """Whether hip is cuda with the model's name replaced, whatever its case."""
    plain = re.sub(r"^(cuda|cu)", "", cuda, flags=re.I)
    return plain.lower().replace("_", "") == re.sub(r"^hip", "", hip, flags=re.I).lower().replace("_", "")


def call_matches(parameters, arguments):
    """Whether a wrapper hands its own parameters on, in order."""
    own = [re.sub(r"__dparm\(.*", "", p).strip() for p in split(parameters)]
    own = [re.findall(NAME, p)[-1] for p in own if p and p != "void"]
    handed = [re.findall(NAME, a) for a in split(arguments) if a.strip()]
    return len(own) == len(handed) and all(o in h for o, h in zip(own, handed))


def split(text):
    """At the commas outside of parentheses and angle brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += c in "(<" and 1 or (c in ")>" and -1 or 0)
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return parts + [text[start:]]


def pairs_of(text):
    text = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.S)
    for hip, cuda in re.findall(rf"^[ \t]*#define[ \t]+(hip\w+|HIP\w+)[ \t]+(cu\w+|CU\w+)[ \t]*$", text, flags=re.M):
        yield cuda, hip
    for cuda, hip in re.findall(rf"^[ \t]*typedef[ \t]+(?:struct |enum |union )?(cu\w+|CU\w+)[ \t]+(hip\w+);", text, flags=re.M):
        yield cuda, hip
    # inline static hipError_t hipX(parameters) { return hipCUDAErrorTohipError(cudaX(arguments)); }
    function = re.compile(
        rf"hipError_t\s+(hip\w+)\s*\(((?:[^(){{}}]|\([^()]*(?:\([^()]*\))?[^()]*\))*)\)\s*\{{\s*"
        rf"return\s+hip\w+ErrorTohip\w*\(\s*(cuda\w+|cu\w+)\s*\(((?:[^(){{}};]|\([^()]*\))*)\)\s*\)\s*;\s*\}}")
    for hip, parameters, cuda, arguments in function.findall(text):
        if alike(cuda, hip) and call_matches(parameters, arguments):
            yield cuda, hip
    # Error codes: the one switch that translates them.
    for cuda, hip in re.findall(r"case\s+(cudaError\w+|cudaSuccess)\s*:\s*return\s+(hip\w+)\s*;", text):
        if alike(cuda, hip):
            yield cuda, hip


def declared(text):
    """Functions whose names begin with two underscores, and the numbers of parameters they take."""
    text = re.sub(r"\s+", " ", re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.S))
    found = {}
    attributes = r"(?:__\w+(?:\([^()]*\))?\s*)*"
    for name, parameters in re.findall(rf"(?<=[\w*&]\s)(__[a-z]\w*[a-z0-9])\s*\(([^(){{}};]*)\)\s*{attributes}(?:[{{;]|__DEF_IF_HOST)", text):
        count = 0 if parameters.strip() in ("", "void") else parameters.count(",") + 1
        found.setdefault(name, set()).add(count)
    return found


def same_names(hip_folder, cuda_folder):
    source = "#include <hip/hip_runtime.h>\n#include <hip/hip_fp16.h>\n"
    hip = declared(subprocess.run(
        ["hipcc", "-x", "hip", "-E", "-P", "--cuda-device-only", "--offload-arch=gfx90a", "-I", str(hip_folder.parent), "-"],
        input=source, text=True, capture_output=True, check=True).stdout)
    headers = [h for g in ("crt/*.h", "crt/*.hpp", "cuda_fp16.h*", "cuda_bf16.h*", "sm_*.h*", "device_*.h*")
               for h in sorted(cuda_folder.glob(g))]
    cuda = declared("\n".join(h.read_text(errors="replace") for h in headers))
    # CUDA 9 and later want the _sync forms of these, whose arguments or results differ.
    # The others are the host's C library's.
    left_out = re.compile(r"__(shfl|all|any|ballot|assert|internal|finite|signbit|is(inf|nan))")
    return sorted(n for n in cuda if n in hip and hip[n] & cuda[n] and not left_out.match(n))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--include", default="/usr/include/hip", type=pathlib.Path)
    parser.add_argument("--cuda", default="/usr/local/cuda/include", type=pathlib.Path)
    arguments = parser.parse_args()
    folder = arguments.include
    version = dict(re.findall(r"#define HIP_VERSION_(MAJOR|MINOR|PATCH) (\d+)", (folder / "hip_version.h").read_text()))
    found = {}
    for header in sorted((folder / "nvidia_detail").glob("*.h")):
        for cuda, hip in pairs_of(header.read_text()):
            if cuda not in found or (alike(cuda, hip) and not alike(cuda, found[cuda])):
                found[cuda] = hip
    extra = json.loads((pathlib.Path(__file__).parent / "cuda_to_hip_extra.json").read_text())
    for cuda in extra["names"]:
        found.pop(cuda, None)
    regular = sorted(c for c, h in found.items() if c.startswith("cuda") and h == "hip" + c[4:])
    names = {c: h for c, h in sorted(found.items()) if c not in regular}
    names.update(extra["names"])
    table = {
        "name": "cuda-to-hip",
        "version": "3",
        "from": "cuda",
        "to": "hip",
        "source": ["HIP {MAJOR}.{MINOR}.{PATCH}, include/hip/nvidia_detail (make_cuda_to_hip.py)".format(**version)]
        + ["same: declared by the headers of HIP {MAJOR}.{MINOR}.{PATCH} for gfx90a and of CUDA 13.0".format(**version)]
        + extra["source"],
        "regular": [{"replace": "cuda", "by": "hip", "names": sorted(set(regular) | set(extra["regular"]))},
                    *extra["regular_rules"]],
        "names": names,
        "same": same_names(folder, arguments.cuda),
        "headers": extra["headers"],
        "arguments_differ": extra["arguments_differ"],
        "no_equivalent": extra["no_equivalent"],
    }
    json.dump(table, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
