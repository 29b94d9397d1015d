#!/usr/bin/env python3
"""Runs strategies on one or more models and prints what each of them cost and found, as a Markdown table.

    scripts/bench/strategies.py                                        every strategy on the demo's model
    scripts/bench/strategies.py --case vit=configs/demo/tune.yaml,fm_vit.onnx --case text=text.yaml \\
        --strategies auto,basic,sensitivity,pareto --nncf VENV/bin/python

A case is NAME=CONFIG, or NAME=CONFIG,MODEL to tune another model with that config. The strategies run one after another,
each in a workspace of its own; auto also chooses the preparation of the model (recipes: auto). --nncf names a Python with
NNCF and OpenVINO (nncf_control.py), which then tunes each model whose data are Fashion-MNIST. "work" is in evaluations of
the whole model on all samples; "loss" is fp32's value minus the model's, with the 95 % interval where there is one.
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
HEAD = ("| model | strategy | trials | work | wall s | loss [95 %] | goal | int8 units | fp32 ms / ms |\n"
        "|---|---|---|---|---|---|---|---|---|")


def records(workspace, kind):
    lines = (workspace / "trials.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["type"] == kind]


def loss_text(value, ci95):
    # Losses of errors may be far below those of shares.
    digits = ".4f" if abs(value) >= 0.0005 or value == 0 else ".2g"
    return f"{value:{digits}}" + (f" [{ci95[0]:{digits}}, {ci95[1]:{digits}}]" if ci95 else "")


def delivered_loss(workspace):
    """As best.yaml has it; none where fp32 itself is delivered."""
    found = re.search(r"^loss: \{value: (\S+?)(?:, ci95: \[(\S+), (\S+)\])?\}", (workspace / "best.yaml").read_text(), re.M)
    if not found:
        return "0"
    ci95 = (float(found[2]), float(found[3])) if found[2] else None
    return loss_text(float(found[1]), ci95)


def row(program, case, name, settings, folder):
    title, config, model = case
    workspace = folder / f"{title}_{name}"
    command = [str(program), "tune", str(config), "--workspace", str(workspace)]
    own = [f"tuning.strategy.name={name}"] + (["quantization.recipes=auto"] if name == "auto" else [])
    for setting in own + ([f"model.path={model}"] if model else []) + settings:
        command += ["--set", setting]
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    wall = time.monotonic() - start
    if done.returncode not in (0, 6):
        sys.exit(f"{' '.join(command)} gave {done.returncode}:\n{done.stderr}")
    baseline, end = records(workspace, "baseline")[0], records(workspace, "end")[0]
    units = re.findall(r"^  activation: \{dtype: (\w+)", (workspace / "best.yaml").read_text(), re.M)
    quantized = sum(dtype in ("uint8", "int8") for dtype in units)
    fp32, ours = (float(x) for x in re.search(r"fp32_ms: (\S+), best_ms: ([^}]+)\}",
                                              (workspace / "run.yaml").read_text()).groups())
    work = end["sample_units"] / (baseline["samples"] * len(units))
    return (f"| {title} | {name} | {end['trials']} | {work:.1f} | {wall:.0f} | {delivered_loss(workspace)} "
            f"| {'met' if end['goal_met'] else 'missed'} | {quantized} of {len(units)} | {fp32 / ours:.2f} |")


def nncf_row(python, case, drop):
    """NNCF's accuracy control: its latencies are OpenVINO's."""
    title, config, model = case
    if "FashionMNIST" not in config.read_text():
        return f"| {title} | NNCF | | | | its data are not Fashion-MNIST | | | |"
    command = [str(python), str(HERE / "scripts/bench/nncf_control.py"), "--json", "--drop", str(drop)]
    done = subprocess.run(command + (["--model", str(model)] if model else []), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return f"| {title} | NNCF | | | | failed: {done.stderr.strip().splitlines()[-1][:80]} | | | |"
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return (f"| {title} | NNCF | | | {found['wall_s']:.0f} | {loss_text(found['fp32'] - found['accuracy'], None)} "
            f"| {'met' if found['fp32'] - found['accuracy'] <= drop else 'missed'} "
            f"| {found['layers'] - found['in_fp32']} of {found['layers']} | {found['fp32_ms'] / found['ms']:.2f} |")


def case_of(text):
    name, _, files = text.partition("=")
    config, _, model = files.partition(",")
    if not name or not config:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=CONFIG or NAME=CONFIG,MODEL")
    return name, pathlib.Path(config), pathlib.Path(model).resolve() if model else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", type=case_of, action="append", metavar="NAME=CONFIG[,MODEL]",
                        help="default: the demo")
    parser.add_argument("--model", type=pathlib.Path, help="with the demo's config")
    parser.add_argument("--halftone", type=pathlib.Path, default=HERE / "build/release/bin/halftone")
    parser.add_argument("--strategies", default=",".join(ALL), help="comma-separated")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="a.b.c=YAML")
    parser.add_argument("--max-trials", type=int, default=60)
    parser.add_argument("--nncf", type=pathlib.Path, metavar="PYTHON")
    parser.add_argument("--drop", type=float, default=0.003, help="that NNCF may lose; as the configs' goal")
    arguments = parser.parse_args()
    settings = [f"tuning.exit_policy.max_trials={arguments.max_trials}"] + arguments.settings
    demo = ("demo", HERE / "configs/demo/tune.yaml", arguments.model.resolve() if arguments.model else None)
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="halftone_strategies_") as folder:
        for case in arguments.case or [demo]:
            for name in arguments.strategies.split(","):
                print(row(arguments.halftone, case, name, settings, pathlib.Path(folder)), flush=True)
            if arguments.nncf:
                print(nncf_row(arguments.nncf, case, arguments.drop), flush=True)


if __name__ == "__main__":
    main()
