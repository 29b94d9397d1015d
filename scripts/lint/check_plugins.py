#!/usr/bin/env python3
"""Checks every plug-in folder (one with a list.inc) of src/: the folder and its list name the same plug-ins.

    check_plugins.py --root CHECKOUT

A line of list.inc is HALFTONE_PLUGIN("word", name), once for each name.cpp (base/registry.hpp). The folder holds nothing
else but registry.cpp, which must give the list to base/plugin_table.inc or include it twice (declarations, then table),
the header that registry.cpp includes, and documents. Helpers stand in another folder, by custom in lib/ below this one.
"""

import argparse
import pathlib
import re
import sys

ENTRY = re.compile(r'HALFTONE_PLUGIN\("[^"]+", (?P<name>\w+)\)$')


def read_list(path):
    """(names in order, findings)"""
    names, findings = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.split("//")[0].strip()
        if not line:
            continue
        entry = ENTRY.match(line)
        name = entry and entry["name"]
        if not entry:
            findings.append(f"{path}:{number}: a line must be HALFTONE_PLUGIN(\"word\", name), got '{line}'")
        elif name in names:
            findings.append(f"{path}:{number}: {name} is listed twice")
        else:
            names.append(name)
    return names, findings


def makes_table(folder, text):
    """Whether a registry.cpp with this text reads the folder's own list as declarations and as a table."""
    given = re.search(r'^#define HALFTONE_LIST "([\w/]+)/list\.inc"$', text, re.M)
    if given:
        return f"/{folder.as_posix()}".endswith("/src/" + given[1]) and '#include "base/plugin_table.inc"' in text
    return len(re.findall(r'^\s*#\s*include\s*"(?:[\w/]+/)?list\.inc"', text, re.M)) == 2


def check_folder(folder):
    names, findings = read_list(folder / "list.inc")
    files = {path.stem for path in folder.glob("*.cpp") if path.stem != "registry"}
    findings += [f"{folder}/list.inc: {name} is listed, but there is no {name}.cpp" for name in names if name not in files]
    findings += [f"{folder}/{name}.cpp: not in list.inc (a helper belongs into another folder, such as lib/)"
                 for name in sorted(files - set(names))]
    registry = folder / "registry.cpp"
    text = registry.read_text(encoding="utf-8") if registry.is_file() else ""
    findings += [f"{header}: not the registry's header; a helper belongs into another folder, such as lib/"
                 for header in sorted(folder.glob("*.hpp")) if f'/{header.name}"' not in text]
    if not registry.is_file():
        findings.append(f"{folder}: has a list.inc, but no registry.cpp")
    elif not makes_table(folder, text):
        findings.append(f"{registry}: must give its list.inc to base/plugin_table.inc, or include it twice, as declarations "
                        "and as the table")
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    folders = sorted(path.parent for path in (parser.parse_args().root / "src").rglob("list.inc"))
    findings = [finding for folder in folders for finding in check_folder(folder)]
    print("\n".join(findings) if findings else f"{len(folders)} plug-in folders agree with their lists")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
