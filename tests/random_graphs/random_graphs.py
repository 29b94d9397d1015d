#!/usr/bin/env python3
"""Makes random graphs (make_graphs.py), runs them (random_graphs), and judges what came out.

    random_graphs.py --program RANDOM_GRAPHS --graphs FOLDER [--first SEED] [--count N]

Fails when one of them crashes, is refused, or gives other numbers than the operators one by one, ONNX Runtime or the rule
of tests/fuzz/graphs/compare.hpp explain; and when an operator of src/kernel/ref/list.inc has no recipe.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

import rarer_recipes  # noqa: F401  adds to RECIPES
import rarest_recipes  # noqa: F401  adds to RECIPES
from recipes import LEFT_OUT, RECIPES

HERE = pathlib.Path(__file__).resolve().parent
LIST = HERE.parent.parent / "src/kernel/ref/list.inc"


def listed_operators():
    return re.findall(r'^HALFTONE_PLUGIN\("(\w+)"', LIST.read_text(), re.M)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--graphs", type=pathlib.Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=30)
    options = parser.parse_args()
    subprocess.run([sys.executable, "-W", "ignore", str(HERE / "make_graphs.py"), str(options.graphs), str(options.first),
                    str(options.count)], check=True)
    graphs = json.loads((options.graphs / "index.json").read_text())["graphs"]
    lines = subprocess.run([options.program, str(options.graphs)], stdout=subprocess.PIPE, check=True,
                           text=True).stdout.splitlines()
    results = [json.loads(line) for line in lines]
    findings = [f"{op} has no recipe, and no place in LEFT_OUT of recipes.py"
                for op in listed_operators() if op not in RECIPES and op not in LEFT_OUT]
    findings += [f"graph {r['seed']}: {r['outcome']}: {r['detail']}" for r in results if r["outcome"] != "agrees"]
    if len(results) != len(graphs):
        findings.append(f"{len(results)} results for {len(graphs)} graphs")
    ops = collections.Counter(op for graph in graphs for op in graph["ops"])
    print(f"{sum(r['outcome'] == 'agrees' for r in results)} of {len(graphs)} graphs agree, {sum(r.get('explained', 0) for r in results)} "
          f"elements by explanation; {len(ops)} operators, the rarest: {ops.most_common()[-5:]}")
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
