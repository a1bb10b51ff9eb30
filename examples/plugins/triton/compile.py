#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""RMSNorm of rows in Triton, compiled ahead of time: usage: compile.py COMPUTE_CAPABILITY HEADER, as in 80 or 90.

No GPU is needed. The header holds the cubin and what a launch needs: the kernel's name, its threads, its shared memory,
and how many pointers to scratch memory, which this kernel does not use, Triton appends to its arguments.
"""
import re
import sys

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

BLOCK = 1024
WARPS = 4


@triton.jit
def rms_norm(x, weight, y, cols, epsilon, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    x += row * cols
    y += row * cols
    total = tl.zeros([BLOCK], dtype=tl.float32)
    for begin in range(0, cols, BLOCK):
        at = begin + tl.arange(0, BLOCK)
        v = tl.load(x + at, mask=at < cols, other=0.0).to(tl.float32)
        total += v * v
    scale = 1.0 / tl.sqrt_rn(tl.sum(total, axis=0) / cols + epsilon)
    for begin in range(0, cols, BLOCK):
        at = begin + tl.arange(0, BLOCK)
        v = tl.load(x + at, mask=at < cols, other=0.0).to(tl.float32)
        w = tl.load(weight + at, mask=at < cols, other=0.0).to(tl.float32)
        tl.store(y + at, (v * scale * w).to(y.dtype.element_ty), mask=at < cols)


def main():
    capability, path = int(sys.argv[1]), sys.argv[2]
    signature = {"x": "*fp32", "weight": "*fp32", "y": "*fp32", "cols": "i32", "epsilon": "fp32", "BLOCK": "constexpr"}
    source = ASTSource(fn=rms_norm, signature=signature, constexprs={"BLOCK": BLOCK})
    kernel = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": WARPS})
    parameters = re.search(r"\.entry[^(]*\(([^)]*)\)", kernel.asm["ptx"])[1].count(".param")
    m = kernel.metadata
    with open(path, "w") as f:
        f.write(f"""constexpr int kCapability = {capability};
constexpr const char* kName = "{m.name}";
constexpr unsigned kThreads = {32 * m.num_warps};
constexpr unsigned kSharedBytes = {m.shared};
constexpr int kScratchPointers = {parameters - 5};
constexpr const char* kTriton = "Triton {triton.__version__}";
alignas(16) constexpr unsigned char kCubin[] = {{{",".join(str(b) for b in kernel.asm["cubin"])}}};
""")
    print(f"{path}: {m.name} for sm_{capability}, {m.shared} bytes of shared memory, Triton {triton.__version__}")


main()
