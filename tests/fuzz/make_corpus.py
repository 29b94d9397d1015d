#!/usr/bin/env python3
"""Writes the seed inputs of the fuzz targets: make_corpus.py tests/fuzz/corpus. Needs the Python package onnx.

Small models, one per feature of the importer, and a few broken ones. Run again only to add a seed.
"""

import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def tensor(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def model(nodes, initializers=(), shape=("N", 2, 4, 4), opset=13, ir=7, inputs=()):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [x, *inputs], [y], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)


def conv_block():
    rng = np.random.default_rng(0)
    weights = [tensor("w", rng.normal(size=(2, 2, 3, 3)).astype("f"))]
    weights += [tensor(name, np.abs(rng.normal(size=2)).astype("f")) for name in ("s", "b", "m", "v")]
    weights += [tensor("shape", np.array([-1, 32])), tensor("fc", rng.normal(size=(3, 32)).astype("f"))]
    return model(
        [
            helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1, 1, 1], strides=[1, 1]),
            helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], "norm", epsilon=1e-5),
            helper.make_node("Add", ["n", "x"], ["a"], "add"),
            helper.make_node("Relu", ["a"], ["r"], "relu"),
            helper.make_node("Reshape", ["r", "shape"], ["f"], "reshape"),
            helper.make_node("Gemm", ["f", "fc"], ["y"], "gemm", transB=1, alpha=0.5),
        ],
        weights,
    )


def quantized():
    params = [tensor("s", np.float32(0.1)), tensor("z", np.uint8(128))]
    params += [tensor("w", np.ones((2, 2, 1, 1), np.int8)), tensor("ws", np.array([0.1, 0.2], np.float32))]
    params += [tensor("wz", np.zeros(2, np.int8)), tensor("bz", np.zeros(2, np.int32))]
    params += [tensor("b", np.array([3, -4], np.int32))]
    return model(
        [
            helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
            helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
            helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], axis=0),
            helper.make_node("DequantizeLinear", ["b", "ws", "bz"], ["bd"], axis=0),
            helper.make_node("Conv", ["xd", "wd", "bd"], ["c"], "conv"),
            helper.make_node("QuantizeLinear", ["c", "s", "z"], ["cq"]),
            helper.make_node("DequantizeLinear", ["cq", "s", "z"], ["y"]),
        ],
        params,
    )


def pools_and_clip():
    return model(
        [
            helper.make_node("Constant", [], ["six"], value_float=6.0),
            helper.make_node("Clip", ["x", "", "six"], ["c"]),
            helper.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("AveragePool", ["p"], ["q"], kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
            helper.make_node("GlobalAveragePool", ["q"], ["g"]),
            helper.make_node("Flatten", ["g"], ["y"]),
        ]
    )


def old_forms():
    scale = helper.make_tensor_value_info("w", TensorProto.FLOAT, (4,))
    return model(
        [
            helper.make_node("Mul", ["x", "w"], ["a"]),
            helper.make_node("Identity", ["a"], ["i"]),
            helper.make_node("Dropout", ["i"], ["d"], ratio=0.25),
            helper.make_node("Add", ["e", "e"], ["two"]),
            helper.make_node("Mul", ["d", "two"], ["t"]),
            helper.make_node("Softmax", ["x"], ["s"]),
            helper.make_node("Add", ["s", "t"], ["y"]),
        ],
        [tensor("w", np.ones(4, np.float32)), tensor("e", np.ones(4, np.float32))],
        opset=11,
        ir=3,
        inputs=[scale],
    )


def broken():
    cycle = model([helper.make_node("Add", ["x", "b"], ["y"]), helper.make_node("Relu", ["y"], ["b"])])
    external = model([helper.make_node("Mul", ["x", "w"], ["y"])], [tensor("w", np.ones(4, np.float32))])
    weight = external.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../weights.bin")
    huge = model([helper.make_node("Mul", ["x", "w"], ["y"])], [tensor("w", np.ones(4, np.float32))])
    del huge.graph.initializer[0].dims[:]
    huge.graph.initializer[0].dims.extend([2**62, 2**62, 2**62])
    return {"cycle": cycle, "external_data": external, "huge_dims": huge}


def main():
    folder = pathlib.Path(sys.argv[1]) / "import_onnx"
    folder.mkdir(parents=True, exist_ok=True)
    models = {"conv_block": conv_block(), "quantized": quantized(), "pools_and_clip": pools_and_clip()}
    models.update({"old_forms": old_forms(), **broken()})
    files = {name: proto.SerializeToString() for name, proto in models.items()}
    files["empty"] = b""
    files["truncated"] = files["conv_block"][:300]
    for name, data in files.items():
        (folder / f"{name}.onnx").write_bytes(data)


if __name__ == "__main__":
    main()
