#!/usr/bin/env python3
"""Runs strategies on one or more models and prints what each of them cost and found, as a Markdown table.

    scripts/bench/strategies.py                                        every strategy on the demo's model
    scripts/bench/strategies.py --case vit=configs/demo/tune.yaml,fm_vit.onnx --case text=text.yaml \\
        --strategies auto,basic,sensitivity,pareto --nncf VENV/bin/python

A case is NAME=CONFIG, or NAME=CONFIG,MODEL to tune another model with that config. The strategies run one after another,
each in a workspace of its own; auto also chooses the preparation of the model (recipes: auto). --nncf names a Python with
NNCF and OpenVINO (nncf_control.py), which then tunes the same models on the same samples. "work" is in evaluations of the
whole model on all samples; "CPU s" is processor time, which other programs on the machine change less than the wall time;
"loss" is fp32's value minus the model's, with the 95 % interval where there is one. Latencies are measured again after each
run, both models in turn at batch 1 and one thread, and the ratio is that of their fastest runs (NNCF's: in OpenVINO). A
run that fails is a row that says why, so that a night's table is not lost.
"""
import argparse
import json
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parents[2]
ALL = ["auto", "basic", "mse", "sensitivity", "pareto", "bayesian", "tpe", "random", "exhaustive"]
ROUNDS = 15
HEAD = ("| model | strategy | trials | work | wall s | CPU s | loss [95 %] | goal | int8 units | fp32 ms / ms |\n"
        "|---|---|---|---|---|---|---|---|---|---|")


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


def timed(command):
    """The finished process, its wall time and its processor time."""
    def processor_time():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime
    start, used = time.monotonic(), processor_time()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return done, time.monotonic() - start, processor_time() - used


def failed_row(title, name, done):
    lines = (done.stderr.strip() or "no message").splitlines()
    return f"| {title} | {name} | failed with {done.returncode}: {lines[-1][:120].replace('|', '/')} | | | | | | | |"


def fastest_ms(program, models):
    """The fastest run of each model, measured in turn: other programs make runs slower, but hardly all of them."""
    workers = [subprocess.Popen([str(program), "bench", str(model), "--on-demand"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for model in models]
    best = [float("inf")] * len(models)
    for _ in range(ROUNDS):
        for i, worker in enumerate(workers):
            worker.stdin.write("\n")
            worker.stdin.flush()
            best[i] = min(best[i], *json.loads(worker.stdout.readline()))
    for worker in workers:
        worker.communicate()
    return best


def row(program, case, name, settings, folder):
    title, config, model = case
    workspace = folder / f"{title}_{name}"
    command = [str(program), "tune", str(config), "--workspace", str(workspace)]
    own = [f"tuning.strategy.name={name}"] + (["quantization.recipes=auto"] if name == "auto" else [])
    for setting in own + ([f"model.path={model}"] if model else []) + settings:
        command += ["--set", setting]
    done, wall, used = timed(command)
    if done.returncode not in (0, 6):
        return failed_row(title, name, done)
    baseline, end = records(workspace, "baseline")[0], records(workspace, "end")[0]
    units = re.findall(r"^  activation: \{dtype: (\w+)", (workspace / "best.yaml").read_text(), re.M)
    quantized = sum(dtype in ("uint8", "int8") for dtype in units)
    path = re.search(r"^    path: (\S+)$", (workspace / "run.yaml").read_text(), re.M)[1].strip("\"'")
    fp32, ours = fastest_ms(program, [model or config.parent / path, workspace / "best.onnx"])
    work = end["sample_units"] / (baseline["samples"] * len(units))
    return (f"| {title} | {name} | {end['trials']} | {work:.1f} | {wall:.0f} | {used:.0f} | {delivered_loss(workspace)} "
            f"| {'met' if end['goal_met'] else 'missed'} | {quantized} of {len(units)} | {fp32 / ours:.2f} |")


def nncf_row(program, python, case, drop):
    """NNCF's accuracy control: its latencies are OpenVINO's."""
    title, config, model = case
    command = [str(python), str(HERE / "scripts/bench/nncf_control.py"), "--json", "--drop", str(drop), "--config",
               str(config), "--halftone", str(program)]
    done, _, _ = timed(command + (["--model", str(model)] if model else []))
    if done.returncode != 0:
        return failed_row(title, "NNCF", done)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return (f"| {title} | NNCF | | | {found['wall_s']:.0f} | {found['cpu_s']:.0f} | {loss_text(found['fp32'] - found['accuracy'], None)} "
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
    parser.add_argument("--drop", type=float, default=0.003, help="that NNCF may lose, absolute; as the configs' goal")
    arguments = parser.parse_args()
    settings = [f"tuning.exit_policy.max_trials={arguments.max_trials}"] + arguments.settings
    demo = ("demo", HERE / "configs/demo/tune.yaml", arguments.model.resolve() if arguments.model else None)
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="halftone_strategies_") as folder:
        for case in arguments.case or [demo]:
            for name in arguments.strategies.split(","):
                print(row(arguments.halftone, case, name, settings, pathlib.Path(folder)), flush=True)
            if arguments.nncf:
                print(nncf_row(arguments.halftone, arguments.nncf, case, arguments.drop), flush=True)


if __name__ == "__main__":
    main()
