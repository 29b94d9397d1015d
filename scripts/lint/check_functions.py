#!/usr/bin/env python3
"""Checks that no function is longer than 60 lines: a longer one does more than one thing.

    check_functions.py --root CHECKOUT [--room ROOM] [--most LINES]

The length counts from the first line of the declaration to the closing brace. The lint reads the C++ files of src, apps
and tests, and the Python files of scripts and tests. --room reads one folder of src only. --most sets another limit.
"""

import argparse
import ast
import pathlib
import sys

from cpp_text import functions

MOST = 60


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


def files_of(root, room):
    if room:
        return [path for path in sorted((root / "src" / room).rglob("*")) if path.suffix in (".cpp", ".hpp", ".inc")]
    cpp = [path for top in ("src", "apps", "tests") for path in sorted((root / top).rglob("*"))
           if path.suffix in (".cpp", ".hpp", ".inc")]
    return cpp + [path for top in ("scripts", "tests") for path in sorted((root / top).rglob("*.py"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--room", help="a folder of src, for example kernel or kernel/dnnl")
    parser.add_argument("--most", type=int, default=MOST)
    arguments = parser.parse_args()
    findings, count = [], 0
    for path in files_of(arguments.root, arguments.room):
        read = python_functions if path.suffix == ".py" else functions
        try:
            found = list(read(path.read_text(encoding="utf-8")))
        except ValueError as error:
            findings.append(f"{path}: cannot be read: {error}")
            continue
        count += len(found)
        findings += [f"{path}:{first}: {name} has {last - first + 1} lines, at most {arguments.most}; split it"
                     for name, first, last in found if last - first + 1 > arguments.most]
    print("\n".join(findings) if findings else f"{count} functions are at most {arguments.most} lines long")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
