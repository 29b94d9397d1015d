#!/usr/bin/env python3
"""Writes the committed vectors: ONNX's backend node tests of the operators in src/kernel/ref.

    make_vectors.py OUT          needs the PyPI package onnx (see PROVENANCE.md for the version used)

OUT/index.json: per case name, op, tolerances and files; OUT/<case>/: model.onnx, in<i>.npy, out<i>.npy.
Models above opset 21 are stamped down to 21; a case is kept only if onnx's own reference evaluator then still gives
the stored outputs. Left out: cases of other operators written with these ("_expanded"), element types outside DTYPES, and
cases above MAX_BYTES. The generators of the cases draw from NumPy's global generator, seeded here.
"""

import json
import pathlib
import random
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

OPS = """Add AveragePool BatchNormalization Clip Concat Conv DequantizeLinear Dropout Flatten Gemm GlobalAveragePool
Identity MatMul MaxPool Mul QuantizeLinear Relu Reshape Softmax Sub Transpose""".split()
MAX_OPSET = 21
MAX_BYTES = 200_000
DTYPES = {"float32", "float64", "int8", "uint8", "int32", "int64", "bool"}  # what Halftone's importer reads


def array_of(value):
    array = numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
    if array.dtype.name not in DTYPES:
        raise ValueError(f"element type {array.dtype.name}")
    return array


def stamped(model, inputs, outputs):
    """The model with an opset of at most MAX_OPSET; raises ValueError if it does not mean the same there."""
    own = next(o for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if own.version <= MAX_OPSET:
        return model
    own.version = MAX_OPSET
    model.ir_version = min(model.ir_version, 10)
    got = ReferenceEvaluator(model).run(None, {i.name: a for i, a in zip(model.graph.input, inputs)})
    for have, want in zip(got, outputs):
        if have.dtype != want.dtype or have.shape != want.shape or not np.allclose(have, want, rtol=1e-3, atol=1e-5):
            raise ValueError("means something else at opset 21")
    return model


def write(folder, model, inputs, outputs):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for prefix, arrays in (("in", inputs), ("out", outputs)):
        for i, array in enumerate(arrays):
            np.save(folder / f"{prefix}{i}.npy", np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)


def main():
    out = pathlib.Path(sys.argv[1])
    random.seed(0)
    np.random.seed(0)
    from onnx.backend.test.case.node import collect_testcases

    index = []
    for case in collect_testcases(None):
        op = case.model.graph.node[0].op_type
        if op not in OPS or "_expanded" in case.name or len(case.model.graph.node) != 1:
            continue
        try:
            if not all(v.type.HasField("tensor_type") for v in case.model.graph.input):
                raise ValueError("not a tensor")
            inputs, outputs = ([array_of(v) for v in values] for values in case.data_sets[0])
            if sum(a.nbytes for a in inputs + outputs) > MAX_BYTES:
                raise ValueError("too large")
            model = stamped(case.model, inputs, outputs)
        except Exception as error:  # said, so that nothing is left out silently
            print(f"left out {case.name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
            continue
        write(out / case.name, model, inputs, outputs)
        index.append({"name": case.name, "op": op, "rtol": case.rtol, "atol": case.atol,
                      "inputs": len(inputs), "outputs": len(outputs)})
    lines = ",\n".join(" " + json.dumps(entry) for entry in sorted(index, key=lambda e: (e["op"], e["name"])))
    (out / "index.json").write_text("[\n" + lines + "\n]\n")
    print(f"{len(index)} cases, onnx {onnx.__version__}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
