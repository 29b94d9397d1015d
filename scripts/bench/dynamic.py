#!/usr/bin/env python3
"""Measures dynamic quantization of BERT base in Halftone and ONNX Runtime, in turn, on one file of ONNX Runtime's quantizer.

    scripts/bench/setup.sh && cmake --preset release && cmake --build --preset release
    scripts/bench/dynamic.py [--only bert_base_16,bert_base_128] [--threads 1,2] [--rounds 15] [--fastest] [--json OUT]

models.py exports the networks; quantize_dynamic (int8 weights for each channel) writes NAME.dynamic.onnx. A ratio is the
median over the rounds of the other program's time divided by Halftone's on the dynamic file: above 1, Halftone's is faster.
OpenVINO is not among the programs: it computes such files in fp32.
"""

import argparse
import json
import statistics
import subprocess
import sys

import peers

PROGRAMS = {"ours": ("halftone", "dynamic"), "our fp32": ("halftone", "fp32"), "ORT": ("onnxruntime", "dynamic"),
            "ORT fp32": ("onnxruntime", "fp32")}
QUANTIZE = """
import sys
from onnxruntime.quantization import QuantType, quantize_dynamic
quantize_dynamic(sys.argv[1], sys.argv[2], per_channel=True, weight_type=QuantType.QInt8)
"""


def files_of(name, options):
    source, target = options.models / f"{name}.onnx", options.models / f"{name}.dynamic.onnx"
    if not source.exists():
        subprocess.run([sys.executable, peers.HERE / "models.py", options.models, "--only", name, "--fp32"], check=True)
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:  # of an earlier model
        subprocess.run([peers.DEPS / "bench/bin/python", "-c", QUANTIZE, source, target], check=True)
    return {"fp32": source, "dynamic": target}


def measure(files, options, threads):
    programs = {name: peers.Program(engine, files[kind], options, threads) for name, (engine, kind) in PROGRAMS.items()}
    peers.measure_in_turn(programs.values(), options.rounds)
    return {"ms": {name: statistics.median(program.medians) for name, program in programs.items()},
            "ratio": {name: peers.ratio(program, programs["ours"]) for name, program in programs.items()},
            "units_not_int8": programs["ours"].not_int8()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="bert_base_16,bert_base_128")
    peers.add_options(parser, "bench_models")
    options = parser.parse_args()
    options.models.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in options.only.split(","):
        files = files_of(name, options)
        for threads in (int(word) for word in options.threads.split(",")):
            rows.append({"model": name, "threads": threads, **measure(files, options, threads)})
            print(json.dumps(rows[-1]), file=sys.stderr)
    print("\n| model | threads | Halftone ms | vs ORT | vs ORT fp32 | vs our fp32 |\n|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['model']} | {row['threads']} | {row['ms']['ours']:.1f} | " +
              " | ".join(f"{row['ratio'][name]:.2f}" for name in ("ORT", "ORT fp32", "our fp32")) + " |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
