#!/usr/bin/env python3
"""Shows which engines multiply 8-bit weights exactly on this machine. Without VNNI, the fast instruction adds two
products in 16 bits, and the sum saturates.

    scripts/bench/setup.sh && .deps/bench/bin/python scripts/bench/saturation.py [--program build/dev/bin/halftone]

The test is a 1x1 convolution over 64 channels of ones with weights of one. It is quantized so that every code of the
input is 255 and every code of the weights is 127. The exact result is 64. The script prints what each engine gives.
"""

import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

TOP = pathlib.Path(__file__).resolve().parents[2]
CHANNELS, OUTPUTS, SIZE = 64, 32, 14


def model():
    constants = {
        "x_scale": np.float32(1 / 255), "x_zero": np.uint8(0),
        "w": np.full((OUTPUTS, CHANNELS, 1, 1), 127, np.int8), "w_scale": np.full(OUTPUTS, 1 / 127, np.float32),
        "w_zero": np.zeros(OUTPUTS, np.int8), "y_scale": np.float32(CHANNELS / 200), "y_zero": np.uint8(0),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["x_codes"]),
        helper.make_node("DequantizeLinear", ["x_codes", "x_scale", "x_zero"], ["x_real"]),
        helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["w_real"], axis=0),
        helper.make_node("Conv", ["x_real", "w_real"], ["sums"], name="conv"),
        helper.make_node("QuantizeLinear", ["sums", "y_scale", "y_zero"], ["y_codes"]),
        helper.make_node("DequantizeLinear", ["y_codes", "y_scale", "y_zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes, "saturation", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, SIZE, SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, OUTPUTS, SIZE, SIZE])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=TOP / "build/release/bin/halftone")
    options = parser.parse_args()
    x = np.ones((1, CHANNELS, SIZE, SIZE), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "saturation.onnx"
        onnx.save(model(), path)
        np.save(path.with_suffix(".npy"), x)
        subprocess.run([str(options.program), "run", str(path), "--input", str(path.with_suffix(".npy")), "--output",
                        folder], check=True, stdout=subprocess.DEVNULL)
        results = {
            "halftone": np.load(pathlib.Path(folder) / "y.npy"),
            f"onnxruntime {onnxruntime.__version__}":
                onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
            f"openvino {openvino.__version__.split('-')[0]}":
                next(iter(openvino.Core().compile_model(str(path), "CPU")([x]).values())),
        }
    for engine, y in results.items():
        print(f"{engine}: {y.min():.4g} to {y.max():.4g}, exact {CHANNELS}")


if __name__ == "__main__":
    main()
