#!/usr/bin/env python3
"""Tunes BERT base (int64 ids and mask, open batch and length) on texts of 8 to 128 ids in .npy files, and prints which share of
the work is padding and how much memory each rank takes at its peak.

    texts.py HALFTONE MODEL.onnx [--texts 24] [--multiple 32] [--ranks 1,2] [--memory 2GiB]

MODEL is bert_base.onnx of models.py (`models.py --only bert_base --fp32`), or another model with the inputs input_ids and
attention_mask. Needs numpy, and mpirun for more than one rank. --multiple is that of collate.pad_to. --memory goes to Halftone.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

VOCABULARY = 30522


def write_texts(folder, count):
    generator = numpy.random.default_rng(3)
    lengths = generator.integers(8, 129, count)
    lengths[:2] = 128, 8
    numpy.save(folder / "ids.npy", generator.integers(0, VOCABULARY, sum(lengths)))
    numpy.save(folder / "begins.npy", numpy.cumsum([0, *lengths]))


def write_config(folder, model, multiple):
    loader = {"batch_size": 1,
              "dataset": {"Numpy": {"inputs": {"input_ids": {"values": "ids.npy", "offsets": "begins.npy"}}}},
              "collate": {"mask": "attention_mask", "pad_to": {"multiple": multiple}}}
    config = {"model": {"name": "texts", "framework": "onnxrt_qlinearops", "path": os.path.abspath(model)},
              "quantization": {"calibration": {"sampling_size": 8, "dataloader": loader}},
              "evaluation": {"accuracy": {"metric": {"agreement": {}}, "dataloader": loader}},
              "tuning": {"strategy": {"name": "basic"}, "accuracy_criterion": {"absolute": 0.1}, "exit_policy": {"max_trials": 2}}}
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML


def run_as_rank(command):
    """Runs the program as one rank and leaves the peak of its memory in a file of the working directory."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    rank = os.environ.get("OMPI_COMM_WORLD_RANK", "0")
    Path(f"peak.{rank}").write_text(f"{usage.ru_maxrss * 1024} {usage.ru_utime + usage.ru_stime}")
    return os.waitstatus_to_exitcode(status)


def tune(arguments, folder, ranks):
    workspace = folder / f"run{ranks}"
    tune_command = [os.path.abspath(arguments.halftone), *(["--memory", arguments.memory] if arguments.memory else []), "tune",
                    "config.yaml", "--workspace", str(workspace)]
    as_rank = [sys.executable, os.path.abspath(__file__), "--as-rank", *tune_command]
    done = subprocess.run(["mpirun", "-n", str(ranks), "--oversubscribe", *as_rank] if ranks > 1 else as_rank, cwd=folder,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    told = re.search(r"evaluation samples have (.*)", (workspace / "tune.log").read_text())
    measured = [(folder / f"peak.{rank}").read_text().split() for rank in range(ranks)]
    return {"ranks": ranks, "padding": told.group(1) if told else "none", "peak_gib": [round(int(m[0]) / 2**30, 2) for m in measured],
            "cpu_s": [round(float(m[1]), 1) for m in measured], "verdict": done.stdout.splitlines()[0]}


def main():
    if sys.argv[1:2] == ["--as-rank"]:
        raise SystemExit(run_as_rank(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("halftone")
    parser.add_argument("model")
    parser.add_argument("--texts", type=int, default=24)
    parser.add_argument("--multiple", type=int, default=32)
    parser.add_argument("--ranks", default="1,2")
    parser.add_argument("--memory", help="as halftone's option, for each rank")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_texts(folder, arguments.texts)
        write_config(folder, arguments.model, arguments.multiple)
        for ranks in (int(each) for each in arguments.ranks.split(",")):
            print(json.dumps(tune(arguments, folder, ranks)), flush=True)


if __name__ == "__main__":
    main()
