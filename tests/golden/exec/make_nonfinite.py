#!/usr/bin/env python3
"""Writes the committed vectors of values that are not finite: what ONNX Runtime computes for them.

    make_nonfinite.py OUT        needs onnx, onnxruntime and numpy (see PROVENANCE.md for the versions used)

OUT holds, for each producer (a convolution, a matrix product, ...), PRODUCER.onnx with one output for each activation
behind the producer; PRODUCER.in<i>.npy, its inputs; and PRODUCER.out.npy [outputs, samples, channels, height, width].
The weights are one initializer for all nodes, so the models stay small. Sample 0 is ordinary. Each of the others has
one odd element: NaN, +inf, -inf, -0.0, the largest float (a sum with it may overflow).
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ODD = [None, np.nan, np.inf, -np.inf, -0.0, np.finfo(np.float32).max]
CHANNELS = 16

# name -> nodes behind the value "x"; the last output is "y". "lo", "hi", ... are initializers.
ACTIVATIONS = {
    "none": [("Identity", ["x"], {})],
    "relu": [("Relu", ["x"], {})],
    "clip_0_6": [("Clip", ["x", "zero", "six"], {})],
    "clip_m1_1": [("Clip", ["x", "minus_one", "one"], {})],
    "clip_low": [("Clip", ["x", "minus_one"], {})],
    "clip_high": [("Clip", ["x", "", "one"], {})],
    "max": [("Max", ["x", "zero"], {})],
    "min": [("Min", ["x", "one"], {})],
    "abs": [("Abs", ["x"], {})],
    "celu": [("Celu", ["x"], {"alpha": 0.5})],
    "elu": [("Elu", ["x"], {})],
    "erf": [("Erf", ["x"], {})],
    "exp": [("Exp", ["x"], {})],
    "gelu": [("Gelu", ["x"], {})],
    "gelu_tanh": [("Gelu", ["x"], {"approximate": "tanh"})],
    "hard_sigmoid": [("HardSigmoid", ["x"], {})],
    "hard_swish": [("HardSwish", ["x"], {})],
    "leaky_relu": [("LeakyRelu", ["x"], {"alpha": 0.1})],
    "log_softmax": [("LogSoftmax", ["x"], {"axis": 1})],
    "mish": [("Mish", ["x"], {})],
    "selu": [("Selu", ["x"], {})],
    "sigmoid": [("Sigmoid", ["x"], {})],
    "softmax": [("Softmax", ["x"], {"axis": 1})],
    "softplus": [("Softplus", ["x"], {})],
    "sqrt": [("Sqrt", ["x"], {})],
    "swish": [("Sigmoid", ["x"], {}), ("Mul", ["x", "t0"], {})],
    "tanh": [("Tanh", ["x"], {})],
    "thresholded_relu": [("ThresholdedRelu", ["x"], {"alpha": 0.25})],
}
SCALARS = {"zero": 0.0, "six": 6.0, "one": 1.0, "minus_one": -1.0}


def image_inputs(count):
    rng = np.random.default_rng(7)
    inputs = []
    for _ in range(count):
        x = rng.uniform(-2, 2, (len(ODD), CHANNELS, 4, 4)).astype(np.float32)
        for sample, odd in enumerate(ODD):
            if odd is not None:
                x[sample, 3, 1, 1] = odd
        inputs.append(x)
    return inputs


def weights(*shape):
    return np.random.default_rng(11).uniform(-0.3, 0.3, shape).astype(np.float32)


def row(*shape):
    return np.random.default_rng(13).uniform(-0.5, 0.5, shape).astype(np.float32)


# producer -> (inputs, initializers, nodes that write "x")
def producers():
    conv = {"w": weights(CHANNELS, CHANNELS, 3, 3), "b": row(CHANNELS)}
    return {
        "input": (1, {}, [("Identity", ["in0"], {})]),
        "conv": (1, conv, [("Conv", ["in0", "w", "b"], {})]),
        "conv_1x1": (1, {"w": weights(CHANNELS, CHANNELS, 1, 1), "b": row(CHANNELS)},
                     [("Conv", ["in0", "w", "b"], {"strides": [2, 2]})]),
        "depthwise": (1, {"w": weights(CHANNELS, 1, 3, 3), "b": row(CHANNELS)},
                      [("Conv", ["in0", "w", "b"], {"group": CHANNELS})]),
        "residual": (2, {"w": weights(CHANNELS, CHANNELS, 1, 1), "b": row(CHANNELS)},
                     [("Conv", ["in0", "w", "b"], {}), ("Add", ["t0", "in1"], {})]),
        "add": (2, {}, [("Add", ["in0", "in1"], {})]),
        "mat_mul": (1, {"w": weights(4, 4), "b": row(4)}, [("MatMul", ["in0", "w"], {}), ("Add", ["t0", "b"], {})]),
        "gemm": (1, {"w": weights(CHANNELS * 16, CHANNELS), "b": row(CHANNELS)},
                 [("Flatten", ["in0"], {}), ("Gemm", ["t0", "w", "b"], {})]),
    }


def add_nodes(nodes, steps, prefix, rename, result):
    """Appends `steps` to `nodes`; t0, t1, ... name their results, the last of which is called `result`."""
    rename = dict(rename)
    for i, (op, inputs, attributes) in enumerate(steps):
        output = result if i + 1 == len(steps) else f"{prefix}_t{i}"
        nodes.append(helper.make_node(op, [rename.get(n, n) for n in inputs], [output], f"{prefix}_{op}_{i}",
                                      **attributes))
        rename[f"t{i}"] = output


def model_of(count, initializers, producer):
    nodes, outputs = [], []
    for name, activation in ACTIVATIONS.items():
        add_nodes(nodes, producer, f"{name}_p", {}, f"{name}_x")
        add_nodes(nodes, activation, name, {"x": f"{name}_x"}, name)
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    inputs = [helper.make_tensor_value_info(f"in{i}", TensorProto.FLOAT, ["N", CHANNELS, 4, 4]) for i in range(count)]
    used = {n for node in nodes for n in node.input}
    constants = {**initializers, **{n: np.float32(v) for n, v in SCALARS.items()}}
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items() if n in used]
    graph = helper.make_graph(nodes, "nonfinite", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return onnx.shape_inference.infer_shapes(model)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    options = onnxruntime.SessionOptions()
    # Each node by itself: what the fused kernels of ONNX Runtime make of NaN is not what is asked here.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    for name, (count, initializers, producer) in producers().items():
        model = model_of(count, initializers, producer)
        onnx.checker.check_model(model)
        inputs = image_inputs(count)
        data = model.SerializeToString(deterministic=True)
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        results = session.run(None, {f"in{i}": x for i, x in enumerate(inputs)})
        (out / f"{name}.onnx").write_bytes(data)
        for i, x in enumerate(inputs):
            np.save(out / f"{name}.in{i}.npy", x)
        np.save(out / f"{name}.out.npy", np.stack(results))
    (out / "index.txt").write_text("".join(f"{name}\n" for name in producers()))
    print(f"{len(producers())} models, onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}, "
          f"numpy {np.__version__}")


if __name__ == "__main__":
    main()
