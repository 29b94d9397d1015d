"""Writes src/metric/unicode_classes.inc or unicode_cases.inc: character classes, lower-case letters.

    make_unicode_table.py classes > src/metric/unicode_classes.inc
    make_unicode_table.py cases > src/metric/unicode_cases.inc

Source: Python's unicodedata. Classes are the first letters of the general category: L, N, P, S; str.lower() gives the
lower case, where that is one character.
"""
import sys
import unicodedata

NAMES = {"L": "letter", "N": "number", "P": "punctuation", "S": "symbol"}


def class_runs():
    """(first, last, class) of neighbours with one class."""
    runs = []
    for code in range(sys.maxunicode + 1):
        name = NAMES.get(unicodedata.category(chr(code))[0])
        if name and runs and runs[-1][1] == code - 1 and runs[-1][2] == name:
            runs[-1][1] = code
        elif name:
            runs.append([code, code, name])
    return runs


def case_runs():
    """(first, last, step, difference) of upper-case letters whose lower case lies equally far away."""
    runs = []
    for code in range(sys.maxunicode + 1):
        lower = chr(code).lower()
        if len(lower) != 1 or ord(lower) == code:
            continue
        difference = ord(lower) - code
        if runs and runs[-1][3] == difference:
            first, last, step, _ = runs[-1]
            if code - last <= 2 and step in (0, code - last):
                runs[-1] = [first, code, code - last, difference]
                continue
        runs.append([code, code, 0, difference])
    return [[first, last, step or 1, difference] for first, last, step, difference in runs]


def write(rows):
    line = ""
    for row in rows:
        if len(line) + len(row) > 118:
            print(line.rstrip())
            line = ""
        line += row + " "
    print(line.rstrip())


print(f"// Unicode {unicodedata.unidata_version}; written by tests/golden/metric/make_unicode_table.py {sys.argv[1]}.")
if sys.argv[1] == "classes":
    write(f"{{{first:#x}, {last:#x}, '{name[0].upper()}'}}," for first, last, name in class_runs())
else:
    write(f"{{{first:#x}, {last:#x}, {step}, {difference}}}," for first, last, step, difference in case_runs())
