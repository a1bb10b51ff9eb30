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

import schedule_values
import source
from vendor_words import VENDORS

# What a kernel does not name either, though it is no vendor's.
OTHERS = set(
    "arm aarch x86 sse apple metal opencl vulkan openmp omp cpu gpu npu tpu simt wgmma mfma wmma "
    "tma highway hwy clang gcc gnuc msvc".split()
)
NAMES = VENDORS | OTHERS
LANES = set("thread threads lane lanes warp warps wave waves wavefront wavefronts simd simt".split())
LANE_NAMES = re.compile(r"threadIdx|blockIdx|blockDim|gridDim|warpSize")

# What the standard library and the language offer to ask a type what it has.
QUESTIONS = (
    r"requires|concept|noexcept|typeid|alignof|void_t|declval|enable_if\w*|conditional(_t)?|is_\w+|"
    r"same_as|derived_from|convertible_to|constructible_from|(regular_)?invocable|integral|"
    r"(un)?signed_integral|floating_point|default_initializable|copyable|movable|predicate|relation|"
    r"equality_comparable\w*|totally_ordered\w*|dynamic_cast|any_cast|tuple_size\w*|extent\w*|rank\w*|"
    r"remove_\w+|decay\w*|common_type\w*|invoke_result\w*|result_of\w*|type_identity\w*|type_info|"
    r"source_location|stacktrace"
)
# All that kernels take from the standard library, and what they name inside of a type: constants of
# schedules, the vocabulary's names, those of kernels. Another name may be one that a
# backend has and another has not.
HEADERS = "algorithm|cstdint|limits|stdexcept"
LIBRARY = r"u?int(8|16|32|64)_t|size_t|numeric_limits|min|max|invalid_argument"
SCHEDULE = "m|n|k|all_heads|chains"
VOCABULARY = "Left|Right|Source|SplitK|Block|Schedules|bind|abs|min|max|exp2|log2|rsqrt|select"
OWN = "Args|Key|PanelA|PanelB|Partial|Query|Result|State|Value|infinity|kItem|kPadding|rebase|result"
ENUMERATOR = re.compile(r"\b(Order|DType|Code|[A-Z]\w*(?:Op|Kind))\s*::\s*[a-z]\w*")

RULES = {
    "preprocessor": r"(^|\n)[ \t]*(#|%:|\?\?=)\s*(?!\s|include\b|pragma\s+once\b)\w*",
    "include": r"(^|\n)[ \t]*#\s*include\s*(?!\s|<[a-z_]+>|\"backends/vocabulary/(block|target)\.hpp\"|"
    r"\"(problems|kernels)/\w+\.hpp\")\S*",
    "standard header": rf"#\s*include\s*<(?!({HEADERS})>)\w*",
    "library": rf"\bstd\s*::\s*(?!({LIBRARY})\b)\w+",
    "name inside of a type": rf"(?<!\bstd)(?<!\bstd )::\s*(?!template\b)(?!({SCHEDULE}|{VOCABULARY}|{OWN})\b)\w+"
    rf"|(?<!\bSchedules)::\s*template\s+(?!({VOCABULARY}|{OWN})\b)\w+",
    "reserved name": r"\b(__\w+|_[A-Z]\w*)",
    "macro": r"\b(?!MOAT_FN\b)[A-Z][A-Z0-9_]*[A-Z0-9]\b",
    "question": rf"\b({QUESTIONS})\b",
    "question by ellipsis": r"\(\s*\.\.\.\s*\)|\bsizeof\s*\.\.\.",
    "question by decltype": r"->\s*decltype|decltype\s*\((?!at\.fill\(0\.0f\)\)|fn\(\w+\)\))",
    "question by size": r"\bsizeof\b(?!\s*\((float|T|typename Kernel::Partial)\))",
    "question by declarator": r"\(\s*(\w+\s*::\s*)?[*&][^()]*\)\s*[\[(]|\[[^\]&]*(\.|->|::|\()[^\]]*\]",
    "question by template argument": r"\w<[^;{}()<>]*\w(\.|->)\w",
    "member of a temporary": r"\b[A-Z]\w*\s*(\{\s*\}|\(\s*\))\s*(\.|->)",
    "schedule as a value": r"\b[SR]\b(?!\s*(,|>|::))",
    "base": r"\b(struct|class)\s+\w+\s*(final\s*)?:(?!:)(?!\s*(Max|Sum|std::\w+)\s*\{)",
    "question by default argument": r"[<,]\s*(typename|class|int|bool|auto|std::\w+)\s*\*?\s*=",
    "compile-time branch": r"\bif\s+(constexpr|consteval)\b|\bconsteval\b",
    "specialisation": r"\btemplate\s*<\s*>|\b(struct|class|union)\s+\w+\s*<|"
    r"\binline\s+constexpr\s+[\w:]+\s+\w+\s*<|\bconstexpr\s+[\w:]+\s+k\w+\s*<[^;=()]*>\s*=",
    "schedule": rf"\bS::(?!({SCHEDULE})\b)\w+",
    "table": r"\bk[A-Z]\w*\s*\[",
    # Where it has another name, nothing tells whether it is asked for its value.
    "schedule passed on": rf"(?<!template )\b\w+<[^;{{}}()<>]*\b[SR]\s*::\s*({SCHEDULE})\b"
    rf"|\b(?!(ceil_div|min|max)\b)\w+\s*\(([^()]*,)?\s*[SR]\s*::\s*({SCHEDULE})\s*[,)]"
    rf"|\{{([^{{}};<>]*,)?\s*[SR]\s*::\s*({SCHEDULE})\s*[,}}]"
    rf"|[-+*/%&|^]=[^;=]*\b[SR]\s*::\s*({SCHEDULE})\b",
    "compiler": r"\basm\b|\[\[\s*(gnu|clang|nv|msvc|hip|omp)\b|\bextern\b|\busing\s+namespace\b",
}
# A concept of the vocabulary states what a block program, a launcher and the function that a table
# of schedules calls take. Anywhere else it is a question.
PROGRAMS = re.compile(
    r"template <(class|\w+Schedule) S, (\w*Block|\w*Block<[\w:, ]+>) B>\s+"
    r"static MOAT_FN void run\(B& block,|"
    r"template <([\w:,\s]+,\s+)?(\w*Target|\w*Target<[\w:, ]+>) Backend>\s+"
    r"void launch\w*\(Backend& backend,|"
    r"\[&\]<\w+Schedule S>\(Type<S>[,)]"
)
CONCEPT = re.compile(r"\b\w+Schedule\b|(?<!template )\b\w*(Block|Target)\b|\bHas[A-Z]\w*")
# Where a kernel's files stand.
PLACES = re.compile(r"\w+\.(hpp|cpp)")
# What every kernel has one of.
OF_A_KERNEL = {"launch"}
# A kernel's .cpp instantiates one launcher, and that is all.
INSTANTIATION = re.compile(
    r'\s*#include "kernels/(\w+)\.hpp"\s+#include MOAT_BACKEND\s+namespace moat \{\s*'
    r"template void launch\(ThisBackend&, const \w+&\);\s*\}\s*"
)


def findings(path: pathlib.Path, root: pathlib.Path) -> list[tuple[int, str]]:
    if path.is_symlink() or not PLACES.fullmatch(path.relative_to(root).as_posix()):
        return [(1, "place")]
    text = source.without_literals(path.read_text())
    if path.suffix == ".cpp":
        match = INSTANTIATION.fullmatch(text)
        return [] if match and match[1] == path.stem else [(1, "instantiation")]
    # A condition that must hold chooses nothing.
    text = re.sub(r"\bstatic_assert\s*\([^;]*\);", lambda m: source.blanked(m[0]), text)
    found = []
    # Enumerations are those of problems, unless the file gives their name to something else.
    other = set(re.findall(r"(?<!enum )\b(?:class|typename|struct|using)\s+(\w+)", text))
    plain = ENUMERATOR.sub(lambda m: m[0] if m[1] in other else source.blanked(m[0]), text)
    for rule, pattern in RULES.items():
        for match in re.finditer(pattern, plain):
            found.append((source.line_of(text, match.end()), rule))
    programs = PROGRAMS.sub(lambda m: source.blanked(m[0]), text)
    for match in CONCEPT.finditer(programs):
        found.append((source.line_of(text, match.start()), "concept"))
    for position in schedule_values.chosen(text):
        found.append((source.line_of(text, position), "value of a schedule"))
    seen = set()
    for scope, name, position in source.functions(text):
        if (scope, name) in seen:
            found.append((source.line_of(text, position), "overload"))
        seen.add((scope, name))
    for match in re.finditer(r"[A-Za-z_]\w*", text):
        parts = source.words(match[0])
        line = source.line_of(text, match.start())
        if source.names_one_of(NAMES, match[0]):
            found.append((line, "vendor"))
        if LANES.intersection(parts) or LANE_NAMES.fullmatch(match[0]):
            found.append((line, "lane"))
    return sorted(found)


def main() -> int:
    if sys.argv[1] == "--planted":
        rules = {*RULES, "place", "concept", "value of a schedule", "overload", "vendor", "lane", "instantiation"}
        folder = pathlib.Path(sys.argv[2])
        return source.check_planted(folder, rules, lambda path: findings(path, folder))
    root = pathlib.Path(sys.argv[1]) / "kernels"
    files = [p for p in sorted(root.rglob("*")) if not p.is_dir() or p.is_symlink()]
    files = [p for p in files if p != root / "README.md"]
    if len(files) < 11:
        sys.exit(f"only {len(files)} files found in {root}")
    wrong = 0
    owner = {}
    for path in files:
        found = findings(path, root)
        if path.suffix == ".hpp":
            for scope, name, position in source.functions(source.without_literals(path.read_text())):
                if name not in OF_A_KERNEL and owner.setdefault((scope, name), path) != path:
                    found.append((1, f"overload of {name} in {owner[scope, name]}"))
        for line, rule in found:
            text = path.read_text(errors="replace").splitlines()[line - 1 : line]
            print(f"{path}:{line}: {rule}: {''.join(text).strip()}")
            wrong += 1
    print(f"{len(files)} files, {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
