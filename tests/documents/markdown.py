# SPDX-License-Identifier: Apache-2.0
"""The Markdown files of a repository and what stands in them."""
import re
import subprocess
import sys


def files(source):
    """Paths of the Markdown files that git knows, relative to the source folder. Exit code 77 without git."""
    listed = subprocess.run(["git", "-C", source, "ls-files", "*.md"], capture_output=True, text=True)
    if listed.returncode != 0:
        print(f"skipped: git lists no files of {source}: {listed.stderr.strip()}")
        sys.exit(77)
    return listed.stdout.split()


FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.S | re.M)
NEEDS = re.compile(r"<!-- needs: (.*?) -->\s*\Z")


def blocks(text):
    """Fenced blocks as (language, what a comment just before says that it needs, lines)."""
    for match in FENCE.finditer(text):
        needs = NEEDS.search(text[:match.start()])
        yield match[2], needs[1] if needs else None, match[3].splitlines()


def inline(text):
    """Code spans outside of fenced blocks; those that a line break splits come joined."""
    for match in re.finditer(r"`([^`\n]+(?:\n[^`\n]+)?)`", FENCE.sub("", text)):
        yield " ".join(match[1].split()).replace("\\|", "|")
