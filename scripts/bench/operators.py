#!/usr/bin/env python3
"""Measures single operators and small blocks in Halftone, ONNX Runtime and OpenVINO, in turn, with the same threads.

    scripts/bench/setup.sh && cmake --preset release && cmake --build --preset release
    scripts/bench/operators.py [--only WORD,…] [--threads 1,2] [--rounds 15] [--fastest] [--json OUT]

Each row is a model that this script makes (ROWS below): one operator, or the few that stand together in real networks,
with seeded weights. First the outputs are compared with ONNX Runtime's; a row whose largest difference is above 1e-4 of
the largest output is reported and ends the script with exit code 1. Then a round times each engine for 0.1 s, one after
the other, so that a slow phase of the machine hits all of them. A ratio is the median over the rounds of the other
engine's median divided by Halftone's: above 1, Halftone is faster. With --fastest the fastest run of a round counts and
not its median, for a machine that others use as well. OpenVINO is left out where it cannot be imported.
A call of ONNX Runtime from Python costs about 5 µs, so rows below 50 µs say little.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import peers

PYTHON = peers.DEPS / "bench/bin/python"
if __name__ == "__main__" and importlib.util.find_spec("onnx") is None and PYTHON.exists():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

import numpy  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

OPSET = 17
TOLERANCE = 1e-4


class Builder:
    """A graph that grows node by node; names are made here."""

    def __init__(self):
        self.nodes, self.inputs, self.constants = [], [], []
        self.generator = numpy.random.default_rng(7)

    def input(self, *shape):
        self.inputs.append(helper.make_tensor_value_info(f"x{len(self.inputs)}", TensorProto.FLOAT, shape))
        return self.inputs[-1].name

    def constant(self, array):
        self.constants.append(numpy_helper.from_array(numpy.asarray(array), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def weight(self, *shape):
        scale = 1 / numpy.sqrt(numpy.prod(shape[1:]) or 1)
        return self.constant(self.generator.uniform(-scale, scale, shape).astype(numpy.float32))

    def add(self, op, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0]

    def model(self, output):
        graph = helper.make_graph(self.nodes, "row", self.inputs,
                                  [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        return onnx.shape_inference.infer_shapes(model)


# ---- the rows -----------------------------------------------------------------------------------------------------


def pair(op, left, right):
    return lambda b: b.add(op, b.input(*left), b.input(*right))


def where(b):
    return b.add("Where", b.add("Greater", b.input(1, 1, 256, 256), b.constant(numpy.float32(0))),
                 b.input(1, 12, 256, 256), b.constant(numpy.float32(-1e4)))


def conv_transpose(x, w, activation=None, **attributes):
    def build(b):
        channels = w[1] * attributes.get("group", 1)
        y = b.add("ConvTranspose", b.input(*x), b.weight(*w), b.weight(channels), kernel_shape=w[2:], **attributes)
        return b.add(activation, y) if activation else y
    return build


def conv(x, w, **attributes):
    return lambda b: b.add("Conv", b.input(*x), b.weight(*w), b.weight(w[0]), kernel_shape=w[2:], **attributes)


def recurrent(op, steps, batch, size, hidden, directions=1, **attributes):
    def build(b):
        rows = {"LSTM": 4, "GRU": 3, "RNN": 1}[op] * hidden
        weights = [b.weight(directions, rows, size), b.weight(directions, rows, hidden), b.weight(directions, 2 * rows)]
        return b.add(op, b.input(steps, batch, size), *weights, outputs=1, hidden_size=hidden,
                     direction="bidirectional" if directions == 2 else "forward", **attributes)
    return build


def unary(op, shape, *constants, **attributes):
    return lambda b: b.add(op, b.input(*shape), *(b.constant(c) if c is not None else "" for c in constants),
                           **attributes)



def halves(b):
    """What YOLOv8's blocks do between their convolutions: cut the channels in two, and join them with others."""
    y = b.add("Conv", b.input(1, 64, 40, 40), b.weight(64, 64, 1, 1), b.weight(64), kernel_shape=[1, 1])
    left = b.add("Split", y, outputs=2, axis=1)
    right = left[:-1] + "1"
    joined = b.add("Concat", left, right, b.add("Relu", right), axis=1)
    return b.add("Conv", joined, b.weight(32, 96, 1, 1), b.weight(32), kernel_shape=[1, 1])


def queries_keys_values(b):
    """The three parts of one product, as vision transformers cut them."""
    x = b.add("Transpose", b.input(1, 200, 3, 4, 32), perm=[2, 0, 3, 1, 4])
    first = b.add("Split", x, outputs=3, axis=0)
    parts = [b.add("Squeeze", first[:-1] + str(i), b.constant(ints(0))) for i in range(3)]
    return b.add("Add", b.add("Add", parts[0], parts[1]), parts[2])


def gather_rows(b):
    return b.add("Gather", b.input(1, 512, 512), b.constant(b.generator.integers(0, 512, (256,))), axis=1)


def layer_norm_parts(b):
    """LayerNormalization as PyTorch's exporter wrote it before operator set 17, over an axis that no pass fuses."""
    x = b.input(1, 256, 384)
    d = b.add("Sub", x, b.add("ReduceMean", x, axes=[1], keepdims=1))
    variance = b.add("ReduceMean", b.add("Pow", d, b.constant(numpy.float32(2))), axes=[1], keepdims=1)
    return b.add("Div", d, b.add("Sqrt", b.add("Add", variance, b.constant(numpy.float32(1e-5)))))


def attention(length):
    def build(b):
        q, k, v = (b.input(1, 12, length, 64) for _ in range(3))
        mask = b.input(1, 1, 1, length)
        scores = b.add("MatMul", q, b.add("Transpose", k, perm=[0, 1, 3, 2]))
        scores = b.add("Add", b.add("Div", scores, b.constant(numpy.float32(8))), mask)
        context = b.add("MatMul", b.add("Softmax", scores, axis=-1), v)
        return b.add("Transpose", context, perm=[0, 2, 1, 3])
    return build


def scales(*values):
    return numpy.array(values, numpy.float32)


def ints(*values):
    return numpy.array(values, numpy.int64)


ROWS = {
    "add_mask": pair("Add", (1, 12, 128, 128), (1, 1, 1, 128)),
    "add_both_broadcast": pair("Add", (1, 512, 1), (1, 1, 512)),
    "mul_channel": pair("Mul", (1, 64, 56, 56), (1, 64, 1, 1)),
    "sub_smaller_first": pair("Sub", (1, 1, 1, 256), (1, 12, 256, 256)),
    "div_row": pair("Div", (256, 1024), (256, 1)),
    "max_pair": pair("Max", (256, 1024), (1, 1024)),
    "where_mask": where,
    "conv_transpose_2x2_s2": conv_transpose((1, 64, 32, 32), (64, 32, 2, 2), strides=[2, 2]),
    "conv_transpose_4x4_s2_relu": conv_transpose((1, 128, 16, 16), (128, 64, 4, 4), "Relu", strides=[2, 2],
                                                 pads=[1, 1, 1, 1]),
    "conv_transpose_1d_16_s8": conv_transpose((1, 128, 64), (128, 64, 16), strides=[8], pads=[4, 4]),
    "conv_transpose_grouped": conv_transpose((1, 64, 32, 32), (64, 1, 4, 4), group=64, strides=[2, 2],
                                             pads=[1, 1, 1, 1]),
    "lstm": recurrent("LSTM", 50, 1, 128, 128),
    "lstm_bidirectional": recurrent("LSTM", 40, 1, 256, 256, 2),
    "lstm_batch_8": recurrent("LSTM", 30, 8, 96, 96),
    "gru": recurrent("GRU", 50, 1, 128, 128, linear_before_reset=1),
    "gru_reset_first": recurrent("GRU", 50, 1, 128, 128),
    "rnn": recurrent("RNN", 50, 1, 128, 128),
    "softmax_axis1": unary("Softmax", (1, 21, 128, 128), axis=1),
    "softmax_last": unary("Softmax", (1, 12, 128, 128), axis=-1),
    "log_softmax": unary("LogSoftmax", (40, 6625), axis=-1),
    "prelu": lambda b: b.add("PRelu", b.input(1, 64, 56, 56), b.weight(64, 1, 1)),
    "pad_constant": unary("Pad", (1, 64, 56, 56), ints(0, 0, 1, 1, 0, 0, 1, 1)),
    "pad_reflect": unary("Pad", (1, 64, 56, 56), ints(0, 0, 3, 3, 0, 0, 3, 3), mode="reflect"),
    "resize_nearest": unary("Resize", (1, 64, 40, 40), None, scales(1, 1, 2, 2), mode="nearest",
                            coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    "resize_linear": unary("Resize", (1, 64, 40, 40), None, scales(1, 1, 2, 2), mode="linear",
                           coordinate_transformation_mode="half_pixel"),
    "split_concat_channels": halves,
    "split_attention": queries_keys_values,
    "gather_rows": gather_rows,
    "transpose_heads": unary("Transpose", (1, 256, 12, 64), perm=[0, 2, 1, 3]),
    "transpose_last": unary("Transpose", (12, 256, 256), perm=[0, 2, 1]),
    "reduce_mean_last": unary("ReduceMean", (256, 1024), axes=[1]),
    "reduce_mean_first": unary("ReduceMean", (256, 1024), axes=[0]),
    "reduce_max_middle": unary("ReduceMax", (8, 256, 128), axes=[1]),
    "layer_norm": lambda b: b.add("LayerNormalization", b.input(1, 256, 768), b.weight(768), b.weight(768), axis=-1),
    "layer_norm_parts": layer_norm_parts,
    "attention_128": attention(128),
    "attention_384": attention(384),
    "conv_5x1": conv((1, 256, 32, 32), (256, 256, 5, 1), pads=[2, 0, 2, 0]),
    "conv_1d": conv((1, 256, 200), (256, 256, 5), pads=[2, 2]),
}


# ---- agreement and time -------------------------------------------------------------------------------------------


def difference(program, path):
    """Largest difference between Halftone's output and ONNX Runtime's, in parts of the largest output."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    generator = numpy.random.default_rng(1)
    arrays = {i.name: generator.uniform(-1, 1, i.shape).astype(numpy.float32) for i in session.get_inputs()}
    wanted = session.run(None, arrays)[0]
    with tempfile.TemporaryDirectory() as folder:
        words = [program, "run", path, "--output", f"{folder}/out"]
        for name, array in arrays.items():
            numpy.save(f"{folder}/{name}.npy", array)
            words += ["--input", f"{name}={folder}/{name}.npy"]
        subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
        result = numpy.load(next(pathlib.Path(folder, "out").glob("*.npy")))
    return float(numpy.max(numpy.abs(result - wanted)) / max(numpy.max(numpy.abs(wanted)), 1e-30))


def measure(path, options, engines, threads):
    programs = {engine: peers.Program(engine, path, options, threads) for engine in engines}
    peers.measure_in_turn(programs.values(), options.rounds)
    row = {f"{engine}_ms": statistics.median(program.medians) for engine, program in programs.items()}
    for engine in engines[1:]:
        row[f"vs_{engine}"] = peers.ratio(programs[engine], programs["halftone"])
    return row


def print_table(rows, engines):
    print("\n| row | threads | Halftone µs | " + " | ".join(f"vs {engine}" for engine in engines[1:]) + " |")
    print("|---|---|---|" + "---|" * (len(engines) - 1))
    for row in rows:
        ratios = [f"{row[f'vs_{engine}']:.2f}" if f"vs_{engine}" in row else "-" for engine in engines[1:]]
        print(f"| {row['row']} | {row['threads']} | {1e3 * row['halftone_ms']:.0f} | " + " | ".join(ratios) + " |")
    for engine in engines[1:]:
        ratios = [row[f"vs_{engine}"] for row in rows if f"vs_{engine}" in row]
        print(f"\nmedian vs {engine}: {statistics.median(ratios):.2f}, least {min(ratios):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="rows whose name holds one of these words")
    peers.add_options(parser, "bench_operators")
    parser.add_argument("--engines", default="halftone,onnxruntime,openvino", help="Halftone comes first")
    options = parser.parse_args()
    if not options.program.exists():
        parser.error(f"{options.program} is missing: cmake --preset release && cmake --build --preset release")
    engines = [e for e in options.engines.split(",") if e == "halftone" or importlib.util.find_spec(e) is not None]
    options.models.mkdir(parents=True, exist_ok=True)
    rows, wrong = [], []
    for name, build in ROWS.items():
        if options.only and not any(word in name for word in options.only.split(",")):
            continue
        builder = Builder()
        path = options.models / f"{name}.onnx"
        onnx.save(builder.model(build(builder)), path)
        error = difference(options.program, path)
        if not error <= TOLERANCE:
            wrong.append(f"{name}: differs from ONNX Runtime by {error:.1e} of the largest output")
        for threads in (int(word) for word in options.threads.split(",")):
            rows.append({"row": name, "threads": threads, "error": error, **measure(path, options, engines, threads)})
            print(json.dumps(rows[-1]), file=sys.stderr)
    print_table(rows, engines)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
