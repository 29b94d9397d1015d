#!/usr/bin/env python3
"""Checks every Markdown file of the checkout: what it refers to exists.

    check_docs.py --root CHECKOUT [--program build/dev/bin/halftone]

Relative links lead to files of the checkout, and their anchors to headings. Paths exist that begin with a top-level
folder (`src/…`, `scripts/…`), with a room (`exec/session.hpp`) or with a folder beside the document. Code blocks are
closed. README.md has at most 150 lines. Each room has a README, and those below the rooms of src open with three
sentences and a picture: what the room does, who uses it, what it must not do. Options shown behind a script stand in that script; with --program, options shown
behind `halftone COMMAND` stand in that command's help.
"""

import argparse
import pathlib
import re
import subprocess
import sys

MOST_README_LINES = 150
OPENING_SENTENCES = 3
IGNORED = re.compile(r"\.git$|\.deps$|build$|demo_workspace|halftone_workspace")
FOLDERS = ("src", "apps", "configs", "scripts", "slurm", "tests", "docs", ".ci")

LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(?P<text>.*?)#*$")
CODE_SPAN = re.compile(r"`([^`]+)`")
PATH = re.compile(r"(?<![\w./-])(?:" + "|".join(map(re.escape, FOLDERS)) + r")/[\w./-]+")
SHORT_PATH = re.compile(r"[a-z][\w-]*(?:/[\w.-]+)+/?")
PLACEHOLDER = set("*<>{}[]…")  # a path with one of these, or with NAME, is a pattern
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*|(?<![\w-])-[a-z](?![\w-])")
HALFTONE = re.compile(r"(?:^|[\s/])halftone +(?P<command>[a-z]+)(?P<rest>(?: .*)?)$")
SCRIPT = re.compile(r"(?:^|\s)(?P<path>(?:scripts|slurm)/[\w./-]+\.(?:sh|py|sbatch))(?P<rest>(?: .*)?)$")


def markdown_files(root):
    files = []
    for path in sorted(root.rglob("*.md")):
        folders = path.relative_to(root).parts[:-1]
        if not any(IGNORED.match(folder) for folder in folders):
            files.append(path)
    return files


def split_fences(text):
    """[(line number, line, whether it stands in a fenced code block)], without the fences themselves."""
    lines, is_fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_fenced = not is_fenced
        else:
            lines.append((number, line, is_fenced))
    return lines


def anchors(path):
    """The anchors that GitHub gives the headings of a file."""
    found = set()
    for _, line, is_fenced in split_fences(path.read_text(encoding="utf-8")):
        heading = None if is_fenced else HEADING.match(line)
        if not heading:
            continue
        text = LINK.sub(lambda match: match.group(0)[1:match.group(0).index("](")], heading["text"]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def check_fences(path, text):
    """A code block that is not closed, or a mark that does not stand alone, would swallow the text behind it."""
    marks = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if "```" in line]
    findings = [f"{path}:{number}: ``` must begin a line of its own" for number, line in marks
                if not re.fullmatch(r"```\w*", line)]
    if len(marks) % 2:
        findings.append(f"{path}: a code block is not closed")
    return findings


def check_opening(root, path, text):
    """Of a room's README: a heading, one paragraph of three sentences, a code block that shows a picture."""
    if path.name != "README.md" or len(path.relative_to(root).parts) < 3 or path.relative_to(root).parts[0] != "src":
        return []
    parts = [part for part in text.split("\n\n") if part.strip()]
    sentences = len(re.findall(r"[.!?](?=\s|$)", parts[1])) if len(parts) > 1 else 0
    if sentences != OPENING_SENTENCES:
        return [f"{path}: opens with {sentences} sentences, must be {OPENING_SENTENCES}"]
    if len(parts) < 3 or not parts[2].lstrip("\n").startswith("```"):
        return [f"{path}: no picture (a code block) behind the first sentences"]
    return []


def missing_readmes(root):
    rooms = [room for room in sorted((root / "src").glob("*")) if room.is_dir()]
    return [f"{room}: a room needs a README.md" for room in rooms if not (room / "README.md").is_file()]


def check_links(root, path, lines):
    findings = []
    for number, line, is_fenced in lines:
        if is_fenced:
            continue
        for match in LINK.finditer(CODE_SPAN.sub(lambda span: "`" * len(span.group(0)), line)):
            target = match["target"]
            if re.match(r"[a-z]+:", target):
                continue  # another site
            name, _, anchor = target.partition("#")
            file = (path.parent / name if name else path).resolve()
            if not file.exists() or not file.is_relative_to(root.resolve()):
                findings.append(f"{path}:{number}: the link {target} leads nowhere")
            elif anchor and (file.suffix != ".md" or anchor not in anchors(file)):
                findings.append(f"{path}:{number}: {name or path.name} has no heading #{anchor}")
    return findings


def code_of(lines):
    """[(line number, piece of code)]: lines of code blocks, joined where they end with a backslash, and code spans."""
    pieces, begun = [], None
    for number, line, is_fenced in lines:
        if not is_fenced:
            begun = None
            pieces += [(number, span) for span in CODE_SPAN.findall(line)]
            continue
        joined = (begun[0], begun[1] + " " + line.strip()) if begun else (number, line.strip())
        begun = (joined[0], joined[1][:-1].rstrip()) if joined[1].endswith("\\") else None
        if not begun:
            pieces.append(joined)
    return pieces


def is_there(path):
    """A file or folder, also without the ending of its name."""
    return path.exists() or any(path.parent.glob(path.name + ".*"))


def check_paths(root, path, pieces):
    findings = []
    for number, code in pieces:
        for match in PATH.finditer(code):
            behind = code[match.end():match.end() + 1]
            name = match.group(0).rstrip("./")
            if behind not in PLACEHOLDER and "NAME" not in name and not is_there(root / name):
                findings.append(f"{path}:{number}: there is no {name}")
    return findings


def check_short_paths(root, path, lines):
    """Paths that begin with a room (`exec/session.hpp`, `exec/session`) or with a folder beside the document. A file in a
    folder of plug-ins may be the example of one that a reader is to write."""
    findings = []
    for number, line, is_fenced in lines:
        for code in [] if is_fenced else CODE_SPAN.findall(line):
            if not SHORT_PATH.fullmatch(code) or code.split("/")[0] in FOLDERS or IGNORED.match(code.split("/")[0]):
                continue
            bases = [base for base in (root / "src", path.parent) if (base / code.split("/")[0]).is_dir()]
            if bases and not any(is_there(base / code) or (base / code).parent.joinpath("list.inc").exists() for base in bases):
                findings.append(f"{path}:{number}: there is no {code}")
    return findings


def commands_of(code):
    """The commands in a line of code, without comments and the quoted words, which may hold anything."""
    code = re.sub(r"'[^']*'|\"[^\"]*\"", "''", code)
    code = re.sub(r"(?:^|\s)#.*", "", code)
    return [command for part in re.split(r"&&|;|\||  then ", code.replace("\\|", "/")) if (command := part.strip())]


class Help:
    """Help texts of the program, each asked for once. Without a program there are none, and nothing is checked."""

    def __init__(self, program):
        self.program = program
        self.texts = {}

    def of(self, command):
        if self.program is None:
            return None
        if command not in self.texts:
            words = [str(self.program)] + ([command] if command else []) + ["--help"]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            self.texts[command] = done.stdout if done.returncode == 0 else None
        return self.texts[command]


def check_options(root, path, pieces, help_texts):
    findings = []
    for number, code in pieces:
        for command in commands_of(code):
            if script := SCRIPT.search(command):
                file = root / script["path"]
                text = file.read_text(encoding="utf-8") if file.is_file() else None
                owner, rest = script["path"], script["rest"]
                if text is not None and owner == "scripts/test.sh":
                    continue  # its options are ctest's
            elif help_texts.program and (halftone := HALFTONE.search(command)):
                owner, rest = "halftone " + halftone["command"], halftone["rest"]
                text = help_texts.of(halftone["command"])
                if text is None:
                    findings.append(f"{path}:{number}: there is no command '{owner}'")
                else:
                    text += help_texts.of("") or ""
            else:
                continue
            for option in OPTION.findall(rest) if text is not None else []:
                if not re.search(re.escape(option) + r"(?![\w-])", text):
                    findings.append(f"{path}:{number}: {owner} has no option {option}")
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--program", type=pathlib.Path)
    options = parser.parse_args()
    help_texts = Help(options.program)
    files = markdown_files(options.root)
    findings = missing_readmes(options.root)
    for path in files:
        text = path.read_text(encoding="utf-8")
        lines = split_fences(text)
        pieces = code_of(lines)
        findings += check_fences(path, text)
        findings += check_opening(options.root, path, text)
        findings += check_links(options.root, path, lines)
        findings += check_paths(options.root, path, pieces)
        findings += check_short_paths(options.root, path, lines)
        findings += check_options(options.root, path, pieces, help_texts)
        if path == options.root / "README.md" and len(text.splitlines()) > MOST_README_LINES:
            findings.append(f"{path}: {len(text.splitlines())} lines, at most {MOST_README_LINES}; move parts to docs/")
    print("\n".join(findings) if findings else f"{len(files)} Markdown files: every link, path and option exists")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
