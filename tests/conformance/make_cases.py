#!/usr/bin/env python3
"""Writes ONNX's backend node tests and whole models, of the installed onnx package, and the cases of contrib_cases.py.

    make_cases.py OUT

OUT/index.json: {"onnx": version, "cases": [{name, op, opset, rtol, atol, inputs, outputs}, …], "left_out": {name: why}}
OUT/<case>/: model.onnx, in<i>.npy, out<i>.npy. A case without arrays ("inputs": null) has values that .npy or Halftone do
not have, or means something that only a newer operator set says: it must be refused, not computed. Cases with 16-bit
floats are left out altogether: Halftone computes them in fp32, so their stored values are not its own.

`op` is the operator under test; the same computation written with other operators ("_expanded") counts for it, too.
Models above opset 23 are stamped down to 23 where onnx's reference evaluator then still gives the stored outputs.
The same versions of onnx and numpy give the same cases: the generators draw from NumPy's global generator, seeded here.
"""

import glob
import json
import pathlib
import random
import shutil
import sys
import warnings

import contrib_cases
import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

MAX_OPSET = 23
# Cases whose stored values contradict the operator's own text (length_resized is the length of the result, a whole
# number); they are tested with the values of ONNX Runtime, which follows the text as PyTorch does.
VALUES_OF_ONNX_RUNTIME = {"test_resize_downsample_scales_linear_align_corners",
                          "test_resize_downsample_scales_cubic_align_corners"}
# Cases whose stored values carry more rounding than the case allows: numpy's transform in fp32 gives 1.9e-7 where the exact
# value is 0. Halftone computes them in double.
ROUNDED = {"test_dft_inverse": 1e-6, "test_dft_inverse_opset19": 1e-6}
DTYPES = {"float32", "float64", "int8", "uint8", "int32", "int64", "bool"}


def array_of(value):
    if value is None or isinstance(value, (list, dict, tuple)):
        raise ValueError("a sequence, map or optional value")
    array = numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
    if array.dtype.name not in DTYPES:
        raise ValueError(f"element type {array.dtype.name}")
    return array


def default_opset(model):
    return next((o for o in model.opset_import if o.domain in ("", "ai.onnx")), None)


def has_half_types(model):
    half = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    graph = model.graph
    types = {v.type.tensor_type.elem_type for v in (*graph.input, *graph.output) if v.type.HasField("tensor_type")}
    # In the attributes of Cast and others, too: what is rounded to 16 bits on the way has other values than here.
    for node in graph.node:
        types |= {a.i for a in node.attribute if a.name in ("to", "dtype", "softmax_precision", "stash_type")}
        types |= {a.t.data_type for a in node.attribute if a.HasField("t")}
    return bool(half & types)


def stamp(model, inputs, outputs):
    """The model with an opset of at most MAX_OPSET. ValueError: it does not mean the same there."""
    own = default_opset(model)
    if own is None:
        raise ValueError("does not use the default operator domain")
    if own.version <= MAX_OPSET:
        return
    own.version = MAX_OPSET
    model.ir_version = min(model.ir_version, 11)
    try:
        onnx.checker.check_model(model, full_check=True)
        got = ReferenceEvaluator(model).run(None, {i.name: a for i, a in zip(model.graph.input, inputs)})
    except Exception as error:
        raise ValueError(f"not valid at opset {MAX_OPSET}: {type(error).__name__}") from error
    for have, want in zip(got, outputs):
        have = np.asarray(have)
        if have.dtype != want.dtype or have.shape != want.shape or not np.allclose(have, want, 1e-3, 1e-5, True):
            raise ValueError(f"means something else at opset {MAX_OPSET}")


def write(folder, model, inputs=(), outputs=()):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for prefix, arrays in (("in", inputs), ("out", outputs)):
        for i, array in enumerate(arrays):
            np.save(folder / f"{prefix}{i}.npy", np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)


def node_cases():
    random.seed(0)
    np.random.seed(0)
    from onnx.backend.test.case.node import collect_testcases

    return collect_testcases(None)


def write_node_cases(out):
    cases = node_cases()
    ops = {c.name: c.model.graph.node[0].op_type for c in cases if "_expanded" not in c.name and c.model.graph.node}
    index, left_out = [], {}
    for case in cases:
        op = ops.get(case.name.split("_expanded")[0], case.model.graph.node[0].op_type)
        if has_half_types(case.model):
            left_out[case.name] = "16-bit floats"
            continue
        own = default_opset(case.model)
        entry = {"name": case.name, "op": op, "opset": own.version if own else 0, "rtol": case.rtol,
                 "atol": ROUNDED.get(case.name, case.atol)}
        try:
            inputs, outputs = ([array_of(v) for v in values] for values in case.data_sets[0])
            if len(inputs) != len(case.model.graph.input) or len(outputs) != len(case.model.graph.output):
                raise ValueError("stored values do not match the graph's inputs and outputs")
            model = onnx.ModelProto()
            model.CopyFrom(case.model)
            stamp(model, inputs, outputs)
        except ValueError as error:
            left_out[case.name] = str(error)
            write(out / case.name, case.model)
            index.append({**entry, "inputs": None, "outputs": None})
            continue
        if case.name in VALUES_OF_ONNX_RUNTIME:
            outputs = contrib_cases.run_in_onnx_runtime(model, inputs)
        write(out / case.name, model, inputs, outputs)
        index.append({**entry, "opset": default_opset(model).version, "inputs": len(inputs), "outputs": len(outputs)})
    return index, left_out


def write_light_models(out):
    """Whole networks whose weights ConstantOfShape makes; their stored outputs belong to the input arange(n)/n."""
    index = []
    folder = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
    for path in sorted(glob.glob(str(folder / "light_*.onnx"))):
        model = onnx.load(path)
        stored = pathlib.Path(path.replace(".onnx", "_output_0.pb"))
        constants = {i.name for i in model.graph.initializer}
        info = next(i for i in model.graph.input if i.name not in constants)
        shape = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
        count = int(np.prod(shape))
        data = (np.arange(count) / count).astype(np.float32).reshape(shape)
        want = numpy_helper.to_array(onnx.TensorProto.FromString(stored.read_bytes()))
        name = pathlib.Path(path).stem
        write(out / name, model, [data], [want])
        index.append({"name": name, "op": "light", "opset": default_opset(model).version, "rtol": 2e-3, "atol": 1e-6,
                      "inputs": 1, "outputs": 1})
    return index


def write_contrib_cases(out):
    """Operators of ONNX Runtime's own domain, with the values that ONNX Runtime computes."""
    index = []
    for name, op, model, inputs, outputs in contrib_cases.cases():
        write(out / name, model, inputs, outputs)
        index.append({"name": name, "op": op, "opset": default_opset(model).version, "rtol": 1e-4, "atol": 1e-5,
                      "inputs": len(inputs), "outputs": len(outputs)})
    return index


def main():
    warnings.simplefilter("ignore")
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    index, left_out = write_node_cases(out)
    index += write_light_models(out)
    index += write_contrib_cases(out)
    summary = {"onnx": onnx.__version__, "numpy": np.__version__, "cases": index, "left_out": left_out}
    (out / "index.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{len(index)} cases, {len(left_out)} of them to be refused; onnx {onnx.__version__}")


if __name__ == "__main__":
    main()
