#!/usr/bin/env python3
"""Checks that only src/base touches the world: clocks, files, the environment, the terminal.

    check_world.py --root CHECKOUT

The other rooms and the applications ask base/clock.hpp, base/file_system.hpp, base/path.hpp and base/process.hpp, so
that a test can replace what they see. A word of FORBIDDEN in the code of any other file of src or apps is a finding;
comments and texts may hold it. ALLOWED lists the files that may use a word after all, each with its reason. An entry
of ALLOWED that no file needs any more is a finding too.
"""

import argparse
import fnmatch
import pathlib
import re
import sys

from cpp_text import code_only

# what it is: how it looks in code
FORBIDDEN = {
    "std::filesystem": r"\bstd::filesystem\b|\bfs::\w+",
    "a file stream": r"\b(?:std::)?(?:basic_)?[io]?fstream\b",
    "a C file": r"\b(?:fopen|freopen|tmpfile|std::rename|std::remove)\s*\(",
    "a file descriptor": r"(?<![\w:.>])::(?:open|openat|creat|stat|lstat|unlink|rename|mkdir|rmdir|fsync|access)\s*\(",
    "a clock": r"\b(?:steady_clock|system_clock|high_resolution_clock|file_clock|utc_clock)::now\b",
    "the time of day": r"\b(?:std::time|::time|gettimeofday|clock_gettime|localtime(?:_r)?|gmtime(?:_r)?)\s*\(",
    "the environment": r"\b(?:getenv|secure_getenv|setenv|putenv)\s*\(",
    "the terminal": r"\b(?:isatty|ttyname)\s*\(",
}
COMPILED = {name: re.compile(pattern) for name, pattern in FORBIDDEN.items()}

# (file, what it may use): why
ALLOWED = {
}


def findings_of(path, name, used):
    for number, line in enumerate(code_only(path.read_text(encoding="utf-8")).splitlines(), 1):
        for what, pattern in COMPILED.items():
            if not pattern.search(line):
                continue
            entries = [entry for entry in ALLOWED if entry[1] == what and fnmatch.fnmatch(name, entry[0])]
            used.update(entries)
            if not entries:
                yield f"{name}:{number}: {what} is for src/base alone ({pattern.search(line)[0].strip()})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--all-used", action="store_true", help="an entry of ALLOWED without a file is a finding")
    arguments = parser.parse_args()
    findings, used = [], set()
    for top in ("src", "apps"):
        for path in sorted((arguments.root / top).rglob("*.[ch]pp")):
            name = path.relative_to(arguments.root).as_posix()
            if not name.startswith("src/base/"):
                findings += findings_of(path, name, used)
    if arguments.all_used:
        findings += [f"ALLOWED of {sys.argv[0]}: no file needs '{entry[1]}' in {entry[0]}"
                     for entry in sorted(set(ALLOWED) - used)]
    print("\n".join(findings) if findings else "only src/base touches clocks, files, environment and terminal")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
