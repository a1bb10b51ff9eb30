# SPDX-License-Identifier: Apache-2.0
"""C++ sources as the convention tests read them."""

import pathlib
import re
import sys

# What of a backend the harness may use: it places its own threads, moves memory, takes steps that no
# kernel has and asks for limits on the host itself.
HOST = {f"backends/cpu/{name}.hpp" for name in ("control_group", "lanes", "math", "processor", "sets")}

CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def blanked(text: str) -> str:
    """As long as before, newlines kept."""
    return re.sub(r"[^\n]", " ", text)


def without_comments(text: str) -> str:
    """Comments are blank; a line that goes on after a backslash is still one line further down."""
    text = re.sub(r"\\\n", " \n", text)
    return CODE.sub(lambda m: blanked(m[0]) if m[0].startswith("/") else m[0], text)


def without_literals(text: str) -> str:
    """Comments and what stands between quotes are blank, but for the names of included files."""

    def replace(match: re.Match) -> str:
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not match[0].startswith("/") and re.fullmatch(r"\s*#\s*include\s*", line):
            return match[0]
        return blanked(match[0])

    text = re.sub(r"\\\n", " \n", text)
    return CODE.sub(replace, text)


def words(identifier: str) -> list[str]:
    """kCudaTile, CUDA_TILE and cuda_tile2 all hold "cuda"."""
    return [w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", identifier)]


def names_one_of(names: set[str], identifier: str) -> bool:
    """A name of four letters or more also counts inside of a word, as in libcublas."""
    whole = identifier.lower()
    return bool(names.intersection(words(identifier))) or any(
        n in whole for n in names if len(n) > 3 and n not in ("apple", "clang", "intel", "metal")
    )


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


NO_FUNCTION = set("decltype sizeof alignas alignof noexcept static_assert requires explicit".split())
FUNCTION = re.compile(r"(operator\s*(?:\(\s*\)|[^\s\w(]+)|[A-Za-z_]\w*)\s*\(")


def functions(text: str):
    """Functions that are declared in namespaces and classes, as (scope, name, position). `text` is
    without comments and literals; a scope is its names, the position of a class among them."""
    scopes = []  # of each open brace; None for what is no namespace or class
    begin = 0
    for match in re.finditer(r"[{};]", text):
        head = text[begin : match.start()]
        if None not in scopes:
            plain = re.split(r"(?<![=!<>])=(?!=)", head.replace("operator=", "operator~"))[0]
            for call in FUNCTION.finditer(plain):
                if call[1] not in NO_FUNCTION:
                    yield tuple(scopes), call[1], begin + call.start()
                    break
        begin = match.end()
        if match[0] == "{":
            named = re.search(r"\b(namespace|struct|class|union)\s+(\w+)[^()]*$", re.sub(r"<[^<>]*>", "", head))
            unnamed = re.search(r"\bnamespace\s*$", head)
            scopes.append((named[2] if named[1] == "namespace" else f"{named[2]}@{match.start()}") if named
                          else "" if unnamed else None)
        elif match[0] == "}" and scopes:
            scopes.pop()


def expected(path: pathlib.Path) -> str:
    """The rule that a planted file breaks, which its first line names, or "" for none."""
    first = path.read_text().splitlines()[0]
    match = re.fullmatch(r"// (?:refused: (.+)|accepted)", first)
    if not match:
        sys.exit(f'{path}: its first line is neither "// refused: RULE" nor "// accepted"')
    return match[1] or ""


def check_planted(folder: pathlib.Path, rules: set[str], findings) -> int:
    """Each planted file breaks the rule that it names, an accepted one none, and each rule is
    broken by one. `findings(path)` gives (line, rule) pairs."""
    wrong = 0
    broken = set()
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    for path in files:
        rule = expected(path)
        found = {name for _, name in findings(path)}
        if (rule in found) if rule else not found:
            broken.add(rule)
            continue
        print(f"{path}: expected {rule or 'nothing'}, found {', '.join(sorted(found)) or 'nothing'}")
        wrong += 1
    for rule in sorted(rules - broken):
        print(f"no planted file breaks the rule {rule}")
        wrong += 1
    print(f"{len(files)} planted files, {wrong} wrong")
    return 1 if wrong else 0
