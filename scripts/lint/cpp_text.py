"""Reads C++ source for the lints of this folder: text without comments and strings, and the functions in it.

This is not a compiler. It understands code that clang-format has written and that keeps to the rules of the house (no
macro that opens or closes a brace); that is enough to find where each function begins and ends.
"""

import re

COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]*                                   # a comment to the end of the line
      | /\*.*?\*/                                  # a comment between marks
      | R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)"    # a raw string
      | "(?:\\.|[^"\\\n])*"                        # a string
      | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'        # a character; the look-behind spares 1'000'000
    """, re.S | re.X)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
TYPE = re.compile(r"(?:template\b.*>\s*)?(?:typedef\s+)?\b(?:class|struct|union|enum)\b")
NAME = re.compile(r"(operator\s*(?:\(\)|[^\s(]+)|~?\w+(?:\s*<[^<>()]*>)?)\s*\($")


def _blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def code_only(text):
    """The same text with spaces in place of comments and preprocessor lines, and "" padded in place of literals."""
    def replace(match):
        if match[0].startswith("/"):
            return _blank(match)
        return '"' + _blank(match)[1:-1] + '"'
    return DIRECTIVE.sub(_blank, COMMENT_OR_LITERAL.sub(replace, text))


def comment_lines(text):
    """The numbers (from 1) of the lines that are comments or carry one."""
    found = set()
    for match in COMMENT_OR_LITERAL.finditer(text):
        if match[0].startswith("/"):
            first = text.count("\n", 0, match.start()) + 1
            found.update(range(first, first + match[0].count("\n") + 1))
    return found


def _outside_brackets(header):
    """The header without what stands between round, square or curly brackets; the brackets stay."""
    kept, depth = [], 0
    for character in header:
        if character in ")]}":
            depth -= 1
        if depth == 0:
            kept.append(character)
        if character in "([{":
            depth += 1
    return "".join(kept)


def _kind(header):
    """What the brace after this text opens at the scope of a namespace or class: scope, function or value."""
    header = header.strip()
    plain = _outside_brackets(header)
    if re.match(r"(inline\s+)?namespace\b|extern\s*\"", header):
        return "scope"
    if "=" in re.sub(r"operator\s*[^\s(]+|[<>!=]=", "", plain):  # a lambda is a function, a table is not
        return "function" if re.search(r"=\s*\[[^\]]*\]\s*(\(|$|mutable|->)", header) else "value"
    if "(" not in plain:
        return "scope" if TYPE.match(header) or not plain else "value"
    if TYPE.match(header) and re.search(r"\b(?:alignas|__attribute__|decltype)\s*\(\)", plain) and not NAME.search(
            plain[:plain.rfind("(") + 1].replace("alignas(", "")):
        return "scope"
    after = plain[plain.find(")") + 1:]
    if re.search(r"(?<!:):(?!:)", after) and not header.endswith((")", "}")):
        return "value"  # member_{value} in the initializer list of a constructor
    return "function"


def _function_name(header):
    plain = _outside_brackets(header)
    match = re.search(r"=", plain)
    if match and "operator" not in plain:
        return plain[:match.start()].split()[-1]
    if re.match(r"\s*(TEST|TEST_F|TEST_P|TYPED_TEST)\(", header):
        return re.sub(r"\s+", " ", header.strip())
    found = NAME.search(plain[:plain.find("(") + 1])
    return re.sub(r"\s+", " ", found[1]) if found else re.sub(r"\s+", " ", header.strip())[:60]


def functions(text):
    """[(name, first line, last line)] of every function, the tests' cases and lambdas that a name is given included.
    A function within a function is part of it. Raises ValueError if the braces do not match."""
    code = code_only(text)
    found, scopes, start = [], [], 0  # scopes: what each open brace is; start: where the statement at hand began
    for match in re.finditer(r"[{};]", code):
        position, character = match.start(), match[0]
        inside = any(kind != "scope" for kind, _, _ in scopes)
        if character == "{":
            header = code[start:position]
            kind = "inner" if inside else _kind(re.sub(r"^\s*(public|private|protected):", "", header))
            scopes.append((kind, start, header))
            if not inside and kind == "scope":
                start = position + 1
        elif character == "}":
            if not scopes:
                raise ValueError(f"line {code.count(chr(10), 0, position) + 1}: a brace closes that none opened")
            kind, begin, header = scopes.pop()
            if kind == "function":
                begin += len(header) - len(header.lstrip())
                found.append((_function_name(header), code.count("\n", 0, begin) + 1, code.count("\n", 0, position) + 1))
            if kind in ("scope", "function"):
                start = position + 1
        elif not inside:
            start = position + 1
    if scopes:
        raise ValueError(f"{len(scopes)} braces are never closed")
    return found
