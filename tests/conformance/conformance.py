#!/usr/bin/env python3
"""Writes the cases, runs them, and compares with what must hold and with the committed table.

    conformance.py --program CONFORMANCE --cases FOLDER [--update]

Fails when a case crashes or computes something wrong, when a case that must be refused is not, when a refusal does not
say of which operator and operator set, or when TABLE.md is not what the run gives. --update writes TABLE.md anew.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "TABLE.md"
HEAD = """# Conformance

ONNX's backend node tests by operator under test, as `conformance.py` last ran them (onnx {onnx}): how many there are with
element types and operator sets that Halftone has (fp32, fp64, int8, uint8, int32, int64, bool; up to opset 23), how many
give the stored values by the reference operators and by the executor alike, and why the others are refused. Made by the
suite; it fails where this file is not what it finds. `light` are the whole networks of the onnx package.

All other cases of the package ({other}: other element types, sequences, newer operator sets, other domains) are refused with a
reason. None crashes, none gives another value. Cases with 16-bit floats are not counted: Halftone computes them in fp32.

| operator | passed | of | refused because |
|---|---|---|---|
"""


def run(program, folder):
    lines = subprocess.run([program, str(folder)], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def reason(detail):
    """Without the parts that name one case."""
    if "operators that are not supported: " in detail:
        names = [part.split(" (")[0] for part in detail.split("operators that are not supported: ")[1].split("; ")]
        return "no " + ", ".join(names)
    return detail.split(": ", 2)[-1].split(",")[0][:70]


def table(results, index):
    with_values = {case["name"] for case in index["cases"] if case["inputs"] is not None}
    rows = collections.defaultdict(lambda: [0, 0, collections.Counter()])
    for result in results:
        if result["case"] not in with_values:
            continue
        row = rows[result["op"]]
        row[1] += 1
        if result["outcome"] == "passed":
            row[0] += 1
        else:
            row[2][reason(result["detail"])] += 1
    text = HEAD.format(onnx=index["onnx"], other=len(index["cases"]) - len(with_values))
    for op in sorted(rows, key=str.lower):
        passed, total, reasons = rows[op]
        why = "; ".join(f"{text} ({count})" for text, count in sorted(reasons.items()))
        text += f"| {op} | {passed} | {total} | {why} |\n"
    done = sum(row[0] for row in rows.values())
    return text + f"| **all** | **{done}** | **{sum(row[1] for row in rows.values())}** | |\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--cases", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    subprocess.run([sys.executable, "-W", "ignore", str(HERE / "make_cases.py"), str(options.cases)], check=True)
    index = json.loads((options.cases / "index.json").read_text())
    results = run(options.program, options.cases)
    findings = [f"{r['case']}: {r['outcome']}: {r['detail']}" for r in results if r["outcome"] in ("wrong", "crashed")]
    findings += [f"{r['case']}: the refusal names no operator set: {r['detail']}" for r in results
                 if r["outcome"] == "refused" and "opset" not in r["detail"] and "operator set" not in r["detail"]]
    if len(results) != len(index["cases"]):
        findings.append(f"{len(results)} results for {len(index['cases'])} cases")
    made = table(results, index)
    if options.update:
        TABLE.write_text(made)
    elif not TABLE.is_file() or TABLE.read_text() != made:
        findings.append("TABLE.md is not what this run gives; conformance.py --update writes it anew")
    passed = sum(r["outcome"] == "passed" for r in results)
    print(f"{passed} passed, {sum(r['outcome'] == 'refused' for r in results)} refused, of {len(results)} cases")
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
