#!/usr/bin/env python3
"""Checks every #include below src/ and apps/ against the table of rooms and the owners of third-party headers.

    check_includes.py --root CHECKOUT --layers BUILD/layers.txt

Rules
- Own headers are included as "room/file.hpp", and the file exists; an application may leave its own folder out.
- A room includes itself and the rooms that its halftone_module(... DEPS ...) names; each of those has a smaller layer.
  apps/ may include every room.
- A room with sub-rooms (halftone_module(... SUBROOMS ...)) keeps them like rooms: a sub-room includes itself and those
  that its row names, never the room's own files above it. The room's own files may include every sub-room, and every
  folder of the room with files in it is a sub-room or lies in one.
- No two folders include each other, directly or through others, at any depth.
- A third-party header is named only in the folders of OWNERS below. This counts indirect includes too, so a header that
  needs one is private to the owning folder.
layers.txt (CMake writes it) has a line "room layer dep dep ..." for each room, and "room/folder layer ..." for each
sub-room.
"""

import argparse
import pathlib
import re
import sys

# A third-party header (regular expression on the text between the brackets) -> folders or files that may see it.
OWNERS = [
    (r"mpi\.h$", ["src/comm/mpi/"]),
    (r"(oneapi/)?dnnl|omp\.h$", ["src/kernel/dnnl/"]),
    (r"(onnx|google/protobuf)/", ["src/graph/onnx/"]),
    (r"event\.pb\.h$", ["src/dump/tensorboard/"]),
    (r"yaml-cpp/", ["src/config/"]),
    # std::regex too: a long name drives it off the stack, so that only this file could have a reason to use it.
    (r"(re2/.*|regex$)", ["src/config/name_regex.cpp"]),
    (r"zlib\.h$", ["src/data/", "src/dump/h5/packed_chunk.cpp"]),
    (r"(jpeglib|jerror|png)\.h$", ["src/data/formats/"]),
    (r"nlohmann/", ["src/journal/", "src/study/", "src/import/", "src/doctor/", "src/rehearsal/", "src/data/formats/",
                    "src/show/", "apps/"]),
    (r"Eigen/|unsupported/Eigen/", ["src/strategy/gp/"]),
    (r"hdf5|H5\w*\.h$", ["src/dump/"]),
    (r"spdlog/", ["src/base/log.cpp"]),
    (r"xxhash\.h$", ["src/base/hash.cpp"]),
    (r"CLI/", ["src/cli/"]),
    (r"fmt/", ["src/", "apps/"]),
]
# Not third-party: the standard library (no dot, no slash), POSIX and the compiler's own.
SYSTEM = re.compile(r"[a-z0-9_]+$|sys/\w+\.h$|linux/\w+\.h$|(dirent|dlfcn|fcntl|poll|pthread|sched|signal|spawn|stdlib|time"
                    r"|unistd|cpuid|x86intrin|\w*mmintrin)\.h$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)


def read_table(path):
    """{room: (layer, set of the rooms it may include)}"""
    table = {}
    for line in path.read_text().splitlines():
        room, layer, *deps = line.split()
        table[room] = (int(layer), set(deps))
    return table


def check_table(table):
    for room, (layer, deps) in table.items():
        for dep in sorted(deps):
            if dep not in table:
                yield f"room {room}: depends on {dep}, which is not a room"
            elif table[dep][0] >= layer:
                yield f"room {room} (layer {layer}) depends on {dep} (layer {table[dep][0]}), which is not below it"


def scan(root):
    """{path relative to root: [(line number, quoted?, included text)]} of all C++ files."""
    found = {}
    for top in ("src", "apps"):
        for path in sorted((root / top).rglob("*")):
            # x.hpp.in stands for the x.hpp that CMake generates from it.
            if path.suffixes[-1:] in ([".cpp"], [".hpp"], [".inc"]) or path.name.endswith(".hpp.in"):
                text = path.read_text(encoding="utf-8")
                found[path.relative_to(root).as_posix().removesuffix(".in")] = [
                    (text.count("\n", 0, m.start()) + 1, m[1] == '"', m[2]) for m in INCLUDE.finditer(text)]
    return found


def owners_of(name):
    for pattern, folders in OWNERS:
        if re.match(pattern, name):
            return folders
    return None


def is_local(path, name):
    """Whether a file may name one beside it without its folder: in applications, and a registry.cpp its list.inc."""
    return path.startswith("apps/") or name == "list.inc"


def check_rooms(files, table):
    for path, includes in files.items():
        room = path.split("/")[1] if path.startswith("src/") else None
        if room is not None and room not in table:
            yield f"{path}: its folder is not a room; declare it with halftone_module in src/CMakeLists.txt"
            continue
        for number, quoted, name in includes:
            where = f"{path}:{number}"
            target = name.split("/")[0]
            if not quoted:
                if f"src/{name}" in files:
                    yield f'{where}: write "{name}", brackets are for the system and third parties'
                elif owners_of(name) is None and not SYSTEM.match(name):
                    yield f"{where}: <{name}> is not known; give it an owner in scripts/lint/check_includes.py"
            elif "/" not in name and f"{path.rsplit('/', 1)[0]}/{name}" in files and is_local(path, name):
                pass
            elif owners_of(name) is not None and f"src/{name}" not in files:
                pass  # third-party in quotes: judged by check_third_party
            elif f"src/{name}" not in files:
                yield f'{where}: "{name}" is not a file of src/; own headers are included as "room/file.hpp"'
            elif room is not None and target != room and target not in table[room][1]:
                yield (f"{where}: room {room} may not include {target} (allowed: {room} "
                       f"{' '.join(sorted(table[room][1]))})")


def third_party_seen(path, files, cache):
    """{third-party header: chain of files that leads to it}, also through own headers."""
    if path not in cache:
        cache[path] = {}  # before the descent, so that a cycle of includes ends
        seen = {}
        for _, quoted, name in files[path]:
            if owners_of(name) and f"src/{name}" not in files:
                seen.setdefault(name, [])
            for own in (f"src/{name}", f"apps/{name}", f"{path.rsplit('/', 1)[0]}/{name}") if quoted else ():
                if own in files:
                    for header, chain in third_party_seen(own, files, cache).items():
                        seen.setdefault(header, [own, *chain])
                    break
        cache[path] = seen
    return cache[path]


def subroom_of(folder, table):
    """The innermost sub-room that holds this folder (below src/), or None in a room's own files."""
    while "/" in folder:
        if folder in table:
            return folder
        folder = folder.rsplit("/", 1)[0]
    return None


def check_subrooms(files, table):
    """Includes between the folders of one room that has sub-rooms."""
    divided = {name.split("/")[0] for name in table if "/" in name}
    for path, includes in files.items():
        folder = path.removeprefix("src/").rpartition("/")[0]
        room = folder.split("/")[0]
        if not path.startswith("src/") or room not in divided:
            continue
        subroom = subroom_of(folder, table)
        if subroom is None and folder != room:
            yield f"{path}: its folder is not a sub-room of {room}; declare it in SUBROOMS in src/CMakeLists.txt"
            continue
        for number, quoted, name in includes:
            if subroom is None or not quoted or f"src/{name}" not in files or name.split("/")[0] != room:
                continue
            target = subroom_of(name.rpartition("/")[0], table) or room
            if target != subroom and target not in table[subroom][1]:
                yield (f"{path}:{number}: sub-room {subroom} may not include {target} (allowed: {subroom} "
                       f"{' '.join(sorted(table[subroom][1]))})")


def check_cycles(files):
    """Folders that include each other, directly or in a ring. Reports each ring once, with an include for each step."""
    steps = {}  # folder -> {included folder: where}
    for path, includes in files.items():
        folder = path.rpartition("/")[0]
        for number, quoted, name in includes:
            target = f"src/{name}"
            if quoted and target in files and target.rpartition("/")[0] != folder:
                steps.setdefault(folder, {}).setdefault(target.rpartition("/")[0], f"{path}:{number}")
    done = set()

    def visit(folder, trail):
        if folder in trail:
            ring = trail[trail.index(folder):] + [folder]
            yield "folders include each other: " + ", ".join(
                f"{a} -> {b} ({steps[a][b]})" for a, b in zip(ring, ring[1:]))
        elif folder not in done:
            for target in sorted(steps.get(folder, {})):
                yield from visit(target, [*trail, folder])
            done.add(folder)

    for folder in sorted(steps):
        yield from visit(folder, [])


def check_third_party(files):
    cache = {}
    for path in files:
        for header, chain in third_party_seen(path, files, cache).items():
            folders = owners_of(header)
            if not any(path == folder or (folder.endswith("/") and path.startswith(folder)) for folder in folders):
                way = f" through {' -> '.join(chain)}" if chain else ""
                yield f"{path}: sees <{header}>{way}, which belongs to {' '.join(folders)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--layers", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    table = read_table(arguments.layers)
    files = scan(arguments.root)
    findings = [*check_table(table), *check_rooms(files, table), *check_subrooms(files, table), *check_cycles(files),
                *check_third_party(files)]
    print("\n".join(findings) if findings else f"{len(files)} files, {len(table)} rooms and sub-rooms: every include is allowed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
