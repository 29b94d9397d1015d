#!/usr/bin/env python3
"""Checks that no source file is longer than 500 lines: a longer one holds more than one idea.

    check_length.py --root CHECKOUT
"""

import argparse
import pathlib
import sys

MOST = 500
FOLDERS = ("src", "apps", "tests", "scripts", "slurm")
SUFFIXES = (".cpp", ".hpp", ".inc", ".py", ".sh", ".cmake", ".sbatch")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    root = parser.parse_args().root
    files = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*")) if path.suffix in SUFFIXES]
    counts = [(path, len(path.read_text(encoding="utf-8").splitlines())) for path in files]
    findings = [f"{path}: {count} lines, at most {MOST}; split it" for path, count in counts if count > MOST]
    print("\n".join(findings) if findings else f"{len(files)} files are at most {MOST} lines long")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
