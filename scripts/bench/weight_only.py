#!/usr/bin/env python3
"""Measures one product by a matrix of fp32, int4 and int8 weights in Halftone, ONNX Runtime and OpenVINO, in turn.

    scripts/bench/setup.sh && cmake --preset release && cmake --build --preset release
    scripts/bench/weight_only.py [--sizes 1024x4096,…] [--tokens 1,128] [--threads 1] [--rounds 15] [--fastest] [--json OUT]

Each row is one MatMul [tokens, K] x [K, N] with seeded weights: as it is, and in the form that weight-only quantization
writes (symmetric blocks of --group). Outputs are compared with ONNX Runtime's first. Then a round times each program for
0.1 s, one after the other, so that a slow phase of the machine hits all of them. A ratio is the median over the rounds
of the other program's median divided by that of Halftone with int4: above 1, Halftone with int4 is faster.

ONNX Runtime stands there twice: as it comes, where it rounds activations to 8 bits (accuracy level 4), and with fp32
activations (level 1), which is what the file means and what Halftone computes. OpenVINO stands there twice, too: as it
comes, where it rounds activations to 8 bits in groups of 32, and with DYNAMIC_QUANTIZATION_GROUP_SIZE 0. "ours bf16" is
Halftone with bf16 activations (only on machines with AVX-512 BF16).
"""

import argparse
import importlib.util
import json
import os
import statistics
import sys

import peers

PYTHON = peers.DEPS / "bench/bin/python"
if __name__ == "__main__" and importlib.util.find_spec("onnx") is None and PYTHON.exists():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

import numpy  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import operators  # noqa: E402

KINDS = ("fp32", "int4", "int8", "bf16")
# name of a column: engine, kind of weights
PROGRAMS = {"ours int4": ("halftone", "int4"), "ours int8": ("halftone", "int8"), "ours fp32": ("halftone", "fp32"),
            "ORT fp32": ("onnxruntime", "fp32"), "ORT int4 level 4": ("onnxruntime", "int4"),
            "ORT int4 level 1": ("onnxruntime_exact", "int4"), "OpenVINO fp32": ("openvino", "fp32"),
            "OpenVINO int4": ("openvino", "int4"), "OpenVINO int4 exact": ("openvino_exact", "int4"),
            "ours bf16": ("halftone", "bf16")}


def packed(codes, name, kind):
    """Codes as an initializer; two of 4 bits share a byte, the first one in the low half."""
    if kind == "int8":
        return numpy_helper.from_array(codes.astype(numpy.int8), name)
    halves = codes.astype(numpy.int8).view(numpy.uint8).ravel() & 15
    return helper.make_tensor(name, TensorProto.INT4, codes.shape, (halves[::2] | halves[1::2] << 4).tobytes(), raw=True)


def model(tokens, inner, columns, kind, block):
    weight = numpy.random.default_rng(7).normal(0, inner ** -0.5, (inner, columns)).astype(numpy.float32)
    if kind == "fp32":
        nodes, constants = [], [numpy_helper.from_array(weight, "w")]
    else:
        steps = 127 if kind == "int8" else 7
        blocks = weight.reshape(-1, block, columns)
        scale = numpy.abs(blocks).max(axis=1) / numpy.float32(steps)
        codes = numpy.rint(blocks / scale[:, None]).reshape(inner, columns)
        nodes = [helper.make_node("DequantizeLinear", ["q", "s"], ["w"], axis=0, block_size=block)]
        constants = [packed(codes, "q", kind), numpy_helper.from_array(scale, "s")]
    graph = helper.make_graph(nodes + [helper.make_node("MatMul", ["x", "w"], ["y"], "product")], "row",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [tokens, inner])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [tokens, columns])], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    if kind == "bf16":
        helper.set_model_props(made, {"halftone.bf16": "product\n"})
    return made


def measure(paths, options, threads):
    names = [name for name, (engine, _) in PROGRAMS.items()
             if engine == "halftone" or importlib.util.find_spec(engine.split("_")[0]) is not None]
    programs = {name: peers.Program(PROGRAMS[name][0], paths[PROGRAMS[name][1]], options, threads) for name in names}
    peers.measure_in_turn(programs.values(), options.rounds)
    return ({name: statistics.median(program.medians) for name, program in programs.items()},
            {name: peers.ratio(program, programs["ours int4"]) for name, program in programs.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", type=int, default=32, help="rows of the matrix that share a scale")
    parser.add_argument("--sizes", default="768x3072,1024x4096,4096x4096", help="K x N of the matrix")
    parser.add_argument("--tokens", default="1,128")
    peers.add_options(parser, "bench_weight_only", threads="1")
    options = parser.parse_args()
    options.models.mkdir(parents=True, exist_ok=True)
    rows = []
    for size in options.sizes.split(","):
        inner, columns = (int(word) for word in size.split("x"))
        for tokens in (int(word) for word in options.tokens.split(",")):
            paths = {kind: options.models / f"{size}_{options.group}_{tokens}_{kind}.onnx" for kind in KINDS}
            for kind, path in paths.items():
                onnx.save(model(tokens, inner, columns, kind, options.group), path)
            error = operators.difference(options.program, paths["fp32"])
            for threads in (int(word) for word in options.threads.split(",")):
                times, ratios = measure(paths, options, threads)
                rows.append({"size": size, "tokens": tokens, "threads": threads, "error": error, "ms": times,
                             "vs_int4": ratios})
                print(json.dumps(rows[-1]), file=sys.stderr)
    others = [name for name in PROGRAMS if name != "ours int4" and name in rows[0]["ms"]]
    print("\n| K x N | tokens | threads | ours int4 ms | " + " | ".join(others) + " |")
    print("|---|---|---|---|" + "---|" * len(others))
    for row in rows:
        print(f"| {row['size']} | {row['tokens']} | {row['threads']} | {row['ms']['ours int4']:.3f} | " +
              " | ".join(f"{row['vs_int4'][name]:.2f}" for name in others) + " |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
