#!/usr/bin/env python3
"""Runs every strategy on one config and prints what each of them cost and found, as a Markdown table.

The strategies run one after another, each in a workspace of its own. For a strategy that does not meet the goal, the
table says how much accuracy was lost. Without --model, the model of the config is tuned.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parents[2]
ALL = ["auto", "basic", "mse", "sensitivity", "pareto", "bayesian", "tpe", "random", "exhaustive"]


def records(workspace, kind):
    lines = (workspace / "trials.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["type"] == kind]


def row(program, config, name, settings, folder):
    workspace = folder / name
    command = [str(program), "tune", str(config), "--workspace", str(workspace), "--set", f"tuning.strategy.name={name}"]
    for setting in settings:
        command += ["--set", setting]
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    wall = time.monotonic() - start
    if done.returncode not in (0, 6):
        sys.exit(f"{' '.join(command)} gave {done.returncode}:\n{done.stderr}")
    baseline = records(workspace, "baseline")[0]
    end = records(workspace, "end")[0]
    best = (workspace / "best.yaml").read_text()
    accuracy = float(re.search(r"^accuracy: (\S+)", best, re.M).group(1))
    lost = baseline["accuracy"] - accuracy
    units = re.findall(r"^  activation: \{dtype: (\w+)", best, re.M)
    quantized = sum(dtype in ("uint8", "int8") for dtype in units)
    run = (workspace / "run.yaml").read_text()
    fp32, ours = (float(x) for x in re.search(r"fp32_ms: (\S+), best_ms: ([^}]+)\}", run).groups())
    met = "met" if end["goal_met"] else "missed"
    work = end["sample_units"] / (baseline["samples"] * len(units))
    return (f"| {name} | {end['trials']} | {work:.1f} | {wall:.1f} | {accuracy:.4f} ({lost:+.4f} lost) | {met} "
            f"| {quantized} of {len(units)} | {ours:.3f} ({fp32 / ours:.2f}x) |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=pathlib.Path, default=HERE / "configs/demo/tune.yaml")
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--halftone", type=pathlib.Path, default=HERE / "build/release/bin/halftone")
    parser.add_argument("--strategies", default=",".join(ALL), help="comma-separated")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="a.b.c=YAML")
    parser.add_argument("--max-trials", type=int, default=60)
    arguments = parser.parse_args()
    settings = [f"tuning.exit_policy.max_trials={arguments.max_trials}"] + arguments.settings
    if arguments.model:
        settings.append(f"model.path={arguments.model.resolve()}")
    print("| strategy | trials | full evaluations' work | wall s | accuracy | goal | int8 units | latency ms (vs fp32) |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="halftone_strategies_") as folder:
        for name in arguments.strategies.split(","):
            print(row(arguments.halftone, arguments.config, name, settings, pathlib.Path(folder)), flush=True)


if __name__ == "__main__":
    main()
