#!/usr/bin/env python3
"""Checks that .cpp files explain themselves: enough comments in each room, and a map at the top of long files.

    check_comments.py --root CHECKOUT [--room ROOM] [--files]

Rules for src and apps
- Of the lines of a room's .cpp files that are not empty, at least 10 % are comments or carry one. The marks at the end
  of a namespace ("}  // namespace x") and orders to tools ("// NOLINT") do not count.
- A .cpp file of more than 200 lines begins with a comment of at least 5 lines, its map, which names at least two
  functions that the file defines.
--room reads one folder of src, or apps/halftone. --files prints the share of each file too, the lowest first.
"""

import argparse
import pathlib
import re
import sys

from cpp_text import comment_lines, functions

LEAST_SHARE = 0.10
LONG_FILE = 200
LEAST_MAP_LINES = 5
LEAST_MAP_NAMES = 2
NO_COMMENT = re.compile(r"//\s*(namespace\b|extern \"C\"|NOLINT|clang-format\b)|^\s*#\s*endif\b")


def counts(text):
    """(lines that are comments or carry one, lines that are not empty)"""
    lines = text.splitlines()
    comments = sum(1 for number in comment_lines(text) if not NO_COMMENT.search(lines[number - 1]))
    return comments, sum(1 for line in lines if line.strip())


def map_fault(text):
    """What is wrong with the map of a long file; an empty string: nothing."""
    opening = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        opening.append(line)
    if len(opening) < LEAST_MAP_LINES:
        return f"begins with {len(opening)} lines of comment; its map needs at least {LEAST_MAP_LINES}"
    defined = {re.sub(r"<.*", "", name) for name, _, _ in functions(text)}
    named = defined & set(re.findall(r"~?\w+", "\n".join(opening)))
    if len(named) < LEAST_MAP_NAMES:
        return f"its map must name at least {LEAST_MAP_NAMES} functions of the file, it names {sorted(named) or 'none'}"
    return ""


def rooms_of(root, only):
    if only:
        return [root / only if only.startswith("apps/") else root / "src" / only]
    return [folder for top in ("src", "apps") for folder in sorted((root / top).glob("*")) if folder.is_dir()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--room")
    parser.add_argument("--files", action="store_true")
    arguments = parser.parse_args()
    findings, all_comments, all_lines = [], 0, 0
    for room in rooms_of(arguments.root, arguments.room):
        per_file = []
        for path in sorted(room.rglob("*.cpp")):
            text = path.read_text(encoding="utf-8")
            per_file.append((*counts(text), path))
            fault = map_fault(text) if len(text.splitlines()) > LONG_FILE else ""
            if fault:
                findings.append(f"{path}: {len(text.splitlines())} lines; {fault}")
        comments, lines = sum(one[0] for one in per_file), sum(one[1] for one in per_file)
        all_comments, all_lines = all_comments + comments, all_lines + lines
        if lines and comments < LEAST_SHARE * lines:
            findings.append(f"{room}: {comments} of {lines} lines of .cpp files carry a comment, {comments / lines:.1%}; "
                            f"at least {LEAST_SHARE:.0%}")
        if arguments.files:
            for some, of, path in sorted(per_file, key=lambda one: one[0] / max(one[1], 1)):
                print(f"{some / max(of, 1):6.1%} of {of:4} lines  {path}")
        if arguments.room and lines:
            print(f"{room}: {comments / lines:.1%} of {lines} lines of .cpp files carry a comment")
    share = f"{all_comments / max(all_lines, 1):.1%} of {all_lines} lines of .cpp files carry a comment"
    print("\n".join(findings) if findings else share)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
