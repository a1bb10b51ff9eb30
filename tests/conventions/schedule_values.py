# SPDX-License-Identifier: Apache-2.0
"""Where a kernel chooses by the value of a schedule's constant: in a comparison or a condition that
holds such a constant and nothing that is known only when the kernel runs."""

import re

TOKEN = re.compile(
    r"[A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)*|\d[\w.\']*|<=>|<<|>>|[<>=!]=|&&|\|\||->|\+\+|--|[-+*/%&|^]=|\S"
)
SCHEDULE = re.compile(r"\w+::(m|n|k|all_heads|chains)")
ALL_HEADS = re.compile(r"\w+::all_heads")
IDENTIFIER = re.compile(r"[A-Za-z_]")
WORDS = set(
    "less more static_cast int bool auto const constexpr unsigned long short char float double true false return void".split()
)
DECLARED = re.compile(
    r"(?:\b(?:const|constexpr|static|inline|auto|bool|int|unsigned|long|short|char|float|double|std::\w+)[\s*&]+)+"
    r"(\w+)\s*(?:=(?!=)|\{)([^;]*);"
)
COMPARISONS = {"==", "!=", "<=", ">=", "<=>", "less", "more"}
LOGICAL = {"&&", "||", "?"}
ENDS = LOGICAL | {";", ",", ":", "=", "{", "}", "return"}


def tokens_of(text: str) -> list[tuple[str, int]]:
    """Tokens and where they begin. Comparisons have spaces around them, brackets of templates do not:
    those are "<" and ">", comparisons "less" and "more"."""
    found = []
    for m in TOKEN.finditer(text):
        token = re.sub(r"\s", "", m[0])
        around = text[max(m.start() - 1, 0) : m.end() + 1]
        if re.fullmatch(r"\s[<>]\s", around):
            token = "less" if token == "<" else "more"
        elif token in "<>" and re.search(r"(\w+::(m|n|k|all_heads|chains)|\b\d+|\bk[A-Z]\w*)$", text[: m.start()]):
            if re.match(r"\s*(\d|\w+::(m|n|k|chains)\b|k[A-Z])", text[m.end() :]):
                token = "less" if token == "<" else "more"
        found.append((token, m.start()))
    return found


class Text:
    def __init__(self, text: str):
        self.text = text
        self.tokens = [t for t, _ in tokens_of(text)]
        self.starts = [s for _, s in tokens_of(text)]
        self.constants = set()
        self.of_schedule = set()
        self._collect()

    def _collect(self):
        found = [(m[1], [t for t, _ in tokens_of(m[2])]) for m in DECLARED.finditer(self.text)]
        changed = {n for n, _ in found if re.search(rf"(\+\+|--)\s*{n}\b|\b{n}\s*(\+\+|--|[-+*/%&|^]=)", self.text)}
        before = -1
        while before != len(self.constants):
            before = len(self.constants)
            for name, tokens in found:
                if name in changed or self.runtime(tokens):
                    continue
                self.constants.add(name)
                if self.scheduled(tokens):
                    self.of_schedule.add(name)

    def scheduled(self, tokens) -> bool:
        return any(SCHEDULE.fullmatch(t) or t in self.of_schedule for t in tokens)

    def runtime(self, tokens) -> bool:
        """Whether a name stands there that is neither constant, type nor function."""
        for i, token in enumerate(tokens):
            if not IDENTIFIER.match(token) or "::" in token or token in WORDS or token in self.constants:
                continue
            if re.fullmatch(r"k[A-Z]\w*", token) or tokens[i + 1 : i + 2] in (["("], ["<"], ["{"]):
                continue
            return True
        return False

    def chooses(self, tokens) -> bool:
        """all_heads, which every backend states, may be asked for what it is."""
        if not self.scheduled(tokens) or self.runtime(tokens):
            return False
        rest = [t for t in tokens if t not in ("(", ")", "!")]
        return not (len(rest) == 1 and ALL_HEADS.fullmatch(rest[0]))

    def operand(self, i: int, step: int) -> list[str]:
        """The tokens before (-1) or behind (+1) the operator i, as far as its operand reaches."""
        opening, closing = ("([", ")]") if step > 0 else (")]", "([")
        depth = 0
        taken = []
        i += step
        while 0 <= i < len(self.tokens):
            token = self.tokens[i]
            if token in opening:
                depth += 1
            elif token in closing:
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0 and token in ENDS:
                break
            taken.append(token)
            i += step
        return taken[::step]

    def condition(self, i: int) -> list[list[str]]:
        """The parts of what stands in parentheses behind token i."""
        depth = 0
        parts = [[]]
        for token in self.tokens[i + 1 :]:
            depth += (token == "(") - (token == ")")
            if depth == 0:
                break
            if depth == 1 and token in (";", "&&", "||"):
                parts.append([])
            elif not (depth == 1 and token == "(" and not parts[0]):
                parts[-1].append(token)
        return parts


def chosen(text: str) -> list[int]:
    """Positions of the operators and statements that choose by a schedule's value."""
    t = Text(text)
    found = []
    for i, token in enumerate(t.tokens):
        if token in COMPARISONS:
            bad = t.chooses(t.operand(i, -1) + [token] + t.operand(i, +1))
        elif token in LOGICAL:
            bad = t.chooses(t.operand(i, -1)) or (token != "?" and t.chooses(t.operand(i, +1)))
        elif token == "!":
            bad = t.chooses(t.operand(i, +1))
        elif token in ("if", "while", "for", "switch"):
            bad = any(";" not in p and "=" not in p and t.chooses(p) for p in t.condition(i))
        else:
            bad = False
        if bad:
            found.append(t.starts[i])
    return found
