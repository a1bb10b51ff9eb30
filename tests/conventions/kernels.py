# SPDX-License-Identifier: Apache-2.0
"""kernels/ is the same for every backend: no vendor, no lane, no preprocessor condition, and no way
to ask which backend compiles it.

Usage: kernels.py ROOT | kernels.py --planted FOLDER

That a kernel uses nothing beyond the vocabulary is for the compiler to say (tests/backends/archetype).
What it cannot see are questions to which "no" is an answer too: those are refused here.
"""

import pathlib
import re
import sys

import source

VENDORS = set(
    "cuda hip rocm nvidia amd intel arm aarch x86 avx sse neon sve amx apple metal sycl opencl vulkan "
    "openmp omp cpu gpu npu tpu simt ptx amdgpu gfx wgmma mfma wmma tma cublas cudnn cub rocblas "
    "hipblas miopen onednn openblas highway hwy clang gcc gnuc nvcc msvc hopper ampere cdna rdna".split()
)
LANES = set("thread threads lane lanes warp warps wave waves wavefront wavefronts simd simt".split())
LANE_NAMES = re.compile(r"threadIdx|blockIdx|blockDim|gridDim|warpSize")

# What the standard library and the language offer to ask a type what it has.
QUESTIONS = (
    r"requires|concept|noexcept|typeid|alignof|void_t|declval|enable_if\w*|conditional(_t)?|is_\w+|"
    r"same_as|derived_from|convertible_to|constructible_from|(regular_)?invocable|integral|"
    r"(un)?signed_integral|floating_point|default_initializable|copyable|movable|predicate|relation|"
    r"equality_comparable\w*|totally_ordered\w*|dynamic_cast|any_cast|tuple_size\w*|extent\w*|rank\w*|"
    r"remove_\w+|decay\w*|common_type\w*|invoke_result\w*|result_of\w*|type_identity\w*|type_info"
)
BACKENDS = r"(S|B|R|C|Backend|ThisBackend|Block|Panel|block|backend|stages|stage|at)"

RULES = {
    "preprocessor": r"(^|\n)[ \t]*(#|%:|\?\?=)\s*(?!\s|include\b|pragma\s+once\b)\w*",
    "include": r"(^|\n)[ \t]*#\s*include\s*(?!\s|<[a-z_]+>|\"backends/vocabulary/(block|target)\.hpp\"|\"problems/\w+\.hpp\"|\"kernels/)\S*",
    "reserved name": r"\b(__\w+|_[A-Z]\w*)",
    "macro": r"\b(?!MOAT_FN\b)[A-Z][A-Z0-9_]*[A-Z0-9]\b",
    "question": rf"\b({QUESTIONS})\b",
    "question by ellipsis": r"\(\s*\.\.\.\s*\)|\bsizeof\s*\.\.\.",
    "question by decltype": rf"->\s*decltype|decltype\s*\((?!at\.fill\()[^;{{}}]*\b{BACKENDS}\b",
    "question by size": rf"\bsizeof\s*\(?\s*(typename\s+)?{BACKENDS}\b",
    "question by default argument": r"[<,]\s*(typename|class|int|bool|auto|std::\w+)\s*\*?\s*=",
    "compile-time branch": r"\bif\s+(constexpr|consteval)\b|\bconsteval\b",
    "specialisation": r"\btemplate\s*<\s*>|\b(struct|class|union)\s+\w+\s*<|"
    r"\binline\s+constexpr\s+[\w:]+\s+\w+\s*<|\bconstexpr\s+[\w:]+\s+k\w+\s*<[^;=()]*>\s*=",
    "schedule": r"\bS::(?!(m|n|k|all_heads|chains)\b)\w+",
    "value of a schedule": r"\bS::\w+\s*(==|!=|<=|>=|<(?!<)|>(?!>))\s*\d|\d\s*(==|!=|<=|>=|<|>)\s*S::",
    "compiler": r"\basm\b|\[\[\s*(gnu|clang|nv|msvc|hip|omp)\b|\bextern\b|\busing\s+namespace\b",
}
# A concept of the vocabulary states what a block program, a launcher and the function that a table
# of schedules calls take. Anywhere else it is a question, and so are two programs or launchers that
# differ in it.
PROGRAMS = re.compile(
    r"template <(class|\w+Schedule) S, (\w*Block|\w*Block<[\w:, ]+>) B>\s+"
    r"static MOAT_FN void (?P<program>run)\(B& block,|"
    r"template <([\w:, ]+, )?(\w*Target|\w*Target<[\w:, ]+>) Backend>\s+"
    r"void (?P<launcher>launch\w*)\(Backend& backend,|"
    r"\[&\]<\w+Schedule S>\(Type<S>\)"
)
CONCEPT = re.compile(r"\b\w+Schedule\b|(?<!template )\b\w*(Block|Target)\b|\bHas[A-Z]\w*")
# A constant that is computed from a schedule, and what it is compared with.
OF_SCHEDULE = re.compile(r"\bconstexpr\s+\w+\s+(\w+)\s*=[^;]*\bS::")
COMPARED = r"\b{0}\b\s*(==|!=|<=|>=|<(?!<)|>(?!>))\s*\d|\d\s*(==|!=|<=|>=|<|>)\s*{0}\b"
# A kernel's .cpp instantiates one launcher, and that is all.
INSTANTIATION = re.compile(
    r'\s*#include "kernels/(\w+)\.hpp"\s+#include MOAT_BACKEND\s+namespace moat \{\s*'
    r"template void launch\(ThisBackend&, const \w+&\);\s*\}\s*"
)


def findings(path: pathlib.Path) -> list[tuple[int, str]]:
    text = source.without_literals(path.read_text())
    if path.suffix == ".cpp":
        match = INSTANTIATION.fullmatch(text)
        return [] if match and match[1] == path.stem else [(1, "instantiation")]
    # A condition that must hold chooses nothing.
    text = re.sub(r"\bstatic_assert\s*\([^;]*\);", lambda m: source.blanked(m[0]), text)
    found = []
    for rule, pattern in RULES.items():
        for match in re.finditer(pattern, text):
            found.append((source.line_of(text, match.end()), rule))
    programs = PROGRAMS.sub(lambda m: source.blanked(m[0]), text)
    for match in CONCEPT.finditer(programs):
        found.append((source.line_of(text, match.start()), "concept"))
    launchers = set()
    kernels = text.count("struct Args {")
    for match in PROGRAMS.finditer(text):
        kernels -= match["program"] is not None
        if match["launcher"] in launchers or kernels < 0:
            found.append((source.line_of(text, match.start()), "concept"))
        if match["launcher"]:
            launchers.add(match["launcher"])
    for constant in {m[1] for m in OF_SCHEDULE.finditer(text)}:
        for match in re.finditer(COMPARED.format(constant), text):
            found.append((source.line_of(text, match.start()), "value of a schedule"))
    for match in re.finditer(r"[A-Za-z_]\w*", text):
        parts = source.words(match[0])
        line = source.line_of(text, match.start())
        if source.names_one_of(VENDORS, match[0]):
            found.append((line, "vendor"))
        if LANES.intersection(parts) or LANE_NAMES.fullmatch(match[0]):
            found.append((line, "lane"))
    return sorted(found)


def main() -> int:
    if sys.argv[1] == "--planted":
        rules = {*RULES, "concept", "vendor", "lane", "instantiation"}
        return source.check_planted(pathlib.Path(sys.argv[2]), rules, findings)
    root = pathlib.Path(sys.argv[1]) / "kernels"
    files = sorted([*root.glob("*.hpp"), *root.glob("*.cpp")])
    if len(files) < 11:
        sys.exit(f"only {len(files)} files found in {root}")
    wrong = 0
    for path in files:
        for line, rule in findings(path):
            print(f"{path}:{line}: {rule}: {path.read_text().splitlines()[line - 1].strip()}")
            wrong += 1
    print(f"{len(files)} files, {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
