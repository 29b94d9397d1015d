#!/usr/bin/env python3
"""Checks that every function which reads bytes of a user has a fuzz target: tests/fuzz/targets.txt against the headers.

    check_fuzz.py --root CHECKOUT

Which functions: those declared in a header of src or apps whose name is or begins with a word of VERBS (parse_plan,
read_idx, from_npy), and constructors, that take a text, bytes or a path (a parameter of a type in TYPES). A constructor
counts only if such a parameter is named like bytes or a path (BYTES), because many classes take a name.

A line of targets.txt is "HEADER FUNCTION TARGET", or "HEADER FUNCTION - REASON" for a function that needs no target of
its own. Functions beyond the rule may be listed, too. Findings: a function of the rule that is not listed; a line whose
header does not hold the function; a reason that is missing; a target without its file tests/fuzz/targets/TARGET.cpp, its
line in list.inc there, or a corpus in tests/fuzz/corpus/TARGET; a target's file or corpus that no line names.
"""

import argparse
import pathlib
import re
import sys

from cpp_text import code_only

VERBS = ("parse", "read", "load", "import", "decode", "from", "inline", "inflate", "unpack", "deserialize")
TYPES = (r"std::string_view", r"(?:const )?std::string\s*&?", r"std::span<const (?:std::byte|char|unsigned char|std::uint8_t)>",
         r"const std::filesystem::path\s*&", r"const FileSystem\s*&")
BYTES = re.compile(r"\b(?:bytes|path|folder|text|file|files|data)$")
LIST = "tests/fuzz/targets.txt"

FUNCTION = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*\((?P<parameters>[^()]*(?:\([^()]*\)[^()]*)*)\)\s*(?:const\s*)?(?:noexcept\s*)?"
                      r"(?P<end>[;{:]|= 0;|override)")
CLASS = re.compile(r"\b(?:class|struct)\s+(\w+)\b")
TAKES = re.compile(r"(?:^|[\s,(])(?:" + "|".join(TYPES) + r")\s*(?P<parameter>\w+)?\s*(?:=[^,]*)?$")
BEFORE_A_CALL = re.compile(r"(?:return|throw|=|[-+*/%!<?:(,]|&&|\|\|)\s*$")


def parameters_of(text):
    """The parameters, split at commas outside of <> and ()."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [re.sub(r"\s+", " ", part).strip() for part in [*parts, text[start:]]]


def reads_bytes(name, parameters, classes):
    """Whether the rule above names this declaration."""
    taken = [match for match in map(TAKES.search, parameters_of(parameters)) if match]
    if name in classes:
        return any(BYTES.search(match["parameter"] or "") for match in taken)
    return bool(taken) and name.split("_")[0] in VERBS


def functions_of(code):
    """Names of the header's functions that the rule names."""
    classes = set(CLASS.findall(code))
    found = set()
    for match in FUNCTION.finditer(code):
        line_start = code.rfind("\n", 0, match.start()) + 1
        if BEFORE_A_CALL.search(code[line_start:match.start()]) or "= delete" in code[match.end() - 1:match.end() + 12]:
            continue
        if reads_bytes(match["name"], match["parameters"], classes):
            found.add(match["name"])
    return found


def read_list(path):
    """({(header, function): target or None}, findings)"""
    rows, findings = {}, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#")[0].split(None, 3)
        if not words:
            continue
        if len(words) < 3 or (words[2] != "-" and len(words) > 3):
            findings.append(f"{LIST}:{number}: a line is HEADER FUNCTION TARGET, or HEADER FUNCTION - REASON")
            continue
        if words[2] == "-" and len(words) < 4:
            findings.append(f"{LIST}:{number}: {words[1]} has no target, and no reason for it")
        if (words[0], words[1]) in rows:
            findings.append(f"{LIST}:{number}: {words[0]} {words[1]} is listed twice")
        rows[words[0], words[1]] = None if words[2] == "-" else words[2]
    return rows, findings


def check_functions(root, rows):
    codes = {path.relative_to(root).as_posix(): code_only(path.read_text(encoding="utf-8"))
             for top in ("src", "apps") for path in sorted((root / top).rglob("*.hpp"))}
    for header, code in codes.items():
        for name in sorted(functions_of(code)):
            if (header, name) not in rows:
                yield f"{header}: {name} reads bytes or a path, but {LIST} has no line for it"
    for header, name in rows:
        if not re.search(rf"\b{re.escape(name)}\s*\(", codes.get(header, "")):
            yield f"{LIST}: {header} declares no {name}"


def check_targets(root, named):
    folder = root / "tests/fuzz"
    listed = folder / "targets/list.inc"
    lines = set(re.findall(r'^HALFTONE_PLUGIN\("(\w+)", \w+\)', listed.read_text(encoding="utf-8"), re.M)
                if listed.is_file() else [])
    files = {path.stem for path in (folder / "targets").glob("*.cpp")} - {"registry"}
    corpora = {path.name for path in (folder / "corpus").glob("*") if path.is_dir()}
    for target in sorted(named):
        if target not in files:
            yield f"{LIST}: target {target} has no file tests/fuzz/targets/{target}.cpp"
        elif target not in lines:
            yield f"tests/fuzz/targets/list.inc: target {target} is missing"
        inputs = (folder / "corpus" / target).glob("*")
        if not any(path.is_file() for path in inputs):
            yield f"{LIST}: target {target} has no corpus: tests/fuzz/corpus/{target} holds no file"
    for target in sorted(files - named):
        yield f"tests/fuzz/targets/{target}.cpp: {LIST} names no function for it"
    for corpus in sorted(corpora - named):
        yield f"tests/fuzz/corpus/{corpus}: no target has this name"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    root = parser.parse_args().root
    rows, findings = read_list(root / LIST)
    named = {target for target in rows.values() if target}
    findings += [*check_functions(root, rows), *check_targets(root, named)]
    print("\n".join(findings) if findings else f"{len(rows)} functions are listed with {len(named)} fuzz targets")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
