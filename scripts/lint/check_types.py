#!/usr/bin/env python3
"""Checks that no type is defined twice: two rooms with a struct of one name crash, and no compiler says so.

    check_types.py --root CHECKOUT

The linker knows a function by the name of its types, so of `halftone::Item` in two rooms it keeps one constructor, one
destructor, and calls it for both. The lint reads the C++ files of src, apps and tests/support and collects every struct,
class, enum and union that stands in a namespace. A name, with its namespaces, may have one definition in all of them.

 - An anonymous namespace in a .cpp file is the file's own: its types are left out.
 - An anonymous namespace in a header is not: what is written there gets into every file that includes it. Its types
   count as if they stood in the namespace around it.
"""

import argparse
import pathlib
import re
import sys

from cpp_text import code_only

NAMESPACE = re.compile(r"(?:inline\s+)?namespace\b\s*([\w:]*)\s*$")
TYPE = re.compile(r"(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:enum\s+(?:class|struct)|enum|struct|class|union)\s+"
                  r"(?:\[\[.*?\]\]\s*|alignas\s*\([^)]*\)\s*)*(\w+)(?!\w|\s*::)(?P<rest>[^=()]*)$", re.S)
ANONYMOUS = "(anonymous)"


def types(text):
    """[(namespaces, name, line)] of every type that is defined in a namespace; those within classes are left out, as
    "struct Outer::Inner {" is. A specialization of a template has its arguments in its name."""
    code = code_only(text)
    scopes, start = [], 0  # scopes: the names of a namespace, or None for any other brace
    for match in re.finditer(r"[{};]", code):
        position, character = match.start(), match[0]
        if character == ";":
            start = position + 1
        elif character == "}":
            if scopes:
                scopes.pop()
            start = position + 1
        else:
            header = code[start:position].strip()
            begin = position - len(code[start:position].lstrip())
            start = position + 1
            namespace = NAMESPACE.match(header)
            if namespace:
                scopes.append(tuple(filter(None, namespace[1].split("::"))) or (ANONYMOUS,))
                continue
            if re.match(r'extern\s*"', header):
                scopes.append(())
                continue
            found = TYPE.match(header)
            if found and None not in scopes:
                arguments = re.match(r"\s*(<.*>)", found["rest"], re.S)
                name = found[1] + (re.sub(r"\s+", "", arguments[1]) if arguments else "")
                yield tuple(part for scope in scopes for part in scope), name, code.count("\n", 0, begin) + 1
            scopes.append(None)


def files_of(root):
    for top in ("src", "apps", "tests/support"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".inc"):
                yield path


def definitions(root):
    """{qualified name: ["path:line"]} of the types that the linker may mix up."""
    found = {}
    for path in files_of(root):
        for namespaces, name, line in types(path.read_text(encoding="utf-8")):
            if ANONYMOUS in namespaces and path.suffix == ".cpp":
                continue
            qualified = "::".join([part for part in namespaces if part != ANONYMOUS] + [name])
            found.setdefault(qualified, []).append(f"{path.relative_to(root)}:{line}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    root = parser.parse_args().root
    found = definitions(root)
    findings = [f"{place}: {name} is also defined in {places[0]}; the linker takes one for the other, so give it another "
                "name" for name, places in sorted(found.items()) for place in places[1:]]
    print("\n".join(findings) if findings else f"{len(found)} types have names of their own")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
