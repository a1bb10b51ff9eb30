#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No paragraph of a Markdown file breaks off: a merge can lose the rest of one without a trace.

A paragraph ends as a sentence does. An item of a list may do without, but not end in a word or sign
that wants another, unless a list or code follows.

usage: sentences_test.py SOURCE_FOLDER | sentences_test.py --self-test
"""
import re
import sys
from pathlib import Path

import markdown

OPEN = re.compile(
    r"([=,(+÷−·]|(?<!\w)(-|and|or|but|nor|if|unless|while|because|which|that|than|as|the|an?|of|is|are|was|were|be))$"
)
SENTENCE = re.compile(r"[.:!?…][)*_`\"”\]]*$")
ITEM = re.compile(r"\s*([-*+]|\d+\.) ")
NO_PROSE = re.compile(r"\s*(#|\||<|!\[|\[!\[|```)")


def paragraphs(text):
    """(number of the last line, last line, whether it is an item, whether a list or code follows) of
    each paragraph and item; parts that moat report --readme writes are left out."""
    text = re.sub(r"<!-- moat:(\w+):begin.*?<!-- moat:\1:end[^\n]*", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    text = markdown.FENCE.sub(lambda m: "```" + "\n" * m[0].count("\n"), text)
    lines = [line.rstrip() for line in text.split("\n")]
    item = False
    for i, line in enumerate(lines):
        if ITEM.match(line):
            item = True
        elif line and not (i and lines[i - 1]) and not line.startswith(" "):
            item = False
        if not line or NO_PROSE.match(line):
            continue
        after = lines[i + 1] if i + 1 < len(lines) else ""
        if after and not ITEM.match(after) and not NO_PROSE.match(after):
            continue
        follows = next((x for x in lines[i + 1 :] if x), "")
        yield i + 1, line, item, bool(re.match(r"\s*([-*+] |1\. |```|\|)", follows)) and not item


def broken(text):
    return [
        (number, line)
        for number, line, item, followed in paragraphs(text)
        if not followed and (OPEN.search(line) or (not item and not SENTENCE.search(line)))
    ]


def self_test():
    assert broken("**added** = a, **unused** =\n\n**Family**: a word.\n") == [(1, "**added** = a, **unused** =")]
    assert broken("One line\nand the next and\n") == [(2, "and the next and")]
    assert broken("- an item, and\n- another\n") == [(1, "- an item, and")]
    assert broken("No sentence\n\n# Title\n") == [(1, "No sentence")]
    assert not broken("# Title\n\nA sentence (with more.)\n\n- an item\n  of two lines\n\nWhat follows =\n\n```sh\nx =\n```\n")
    assert not broken("<!-- moat:a:begin -->\nof the\n<!-- moat:a:end -->\n\n| a | and |\n")


if sys.argv[1] == "--self-test":
    self_test()
    sys.exit(0)
source = Path(sys.argv[1])
names = markdown.files(source)
failures = 0
for name in names:
    for number, line in broken((source / name).read_text()):
        print(f"{name}:{number}: breaks off: …{line[-60:]}")
        failures += 1
print(f"{len(names)} files, {failures} paragraphs that break off")
sys.exit(1 if failures or not names else 0)
