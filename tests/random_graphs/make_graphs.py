#!/usr/bin/env python3
"""Writes random ONNX graphs over all operators of Halftone, with inputs and what ONNX Runtime computes of them.

    make_graphs.py OUT FIRST COUNT

OUT/<seed>/: model.onnx, in<i>.npy, out<i>.npy for the seeds FIRST to FIRST + COUNT - 1. A graph is a function of its seed
(and of the versions of the packages). OUT/index.json: {"graphs": [{"seed", "inputs", "outputs", "ops"}, …]}.

A graph grows node by node. Each node is first run alone by ONNX Runtime on the arrays that its inputs hold; what it
refuses is not added. So shapes and types are always valid, and every value is known while the graph grows. A quarter of
the nodes around Conv, Gemm and MatMul come with QuantizeLinear and DequantizeLinear, as quantized files have them.
"""

import json
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import rarer_recipes  # noqa: F401  adds to RECIPES
import rarest_recipes  # noqa: F401  adds to RECIPES
from recipes import MIN_OPSET, RECIPES

MOST_ELEMENTS = 2048
LARGEST = 1e4   # larger values only lead to infinities
IR_OF_OPSET = {13: 7, 15: 8, 17: 8, 18: 8, 20: 9, 21: 10, 23: 11}
ATTEMPTS = 200


def run_model(model, feeds):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


class Growing:
    """A graph while it grows: its nodes, and the array that every value holds."""

    def __init__(self, seed, attempt):
        self.rng = np.random.default_rng([seed, attempt])
        self.opset = int(self.rng.choice(list(IR_OF_OPSET)))
        self.nodes, self.constants, self.arrays, self.order, self.read = [], {}, {}, [], set()
        self.count = 0
        for i in range(1 + int(self.rng.integers(2))):
            self.add_input(f"x{i}")
        self.inputs = list(self.order)
        # An input that is the second operand of some node becomes a constant (exec/bind_inputs.hpp), and what follows
        # from it is folded. Behind an Identity it stays an input, so that the kernels compute.
        if self.chance(2):
            self.order = [self.try_node("Identity", [x])[0] for x in self.inputs]

    def fresh(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def add_input(self, name):
        rank = int(self.rng.choice([2, 3, 4, 4, 4]))
        shape = [int(self.rng.integers(1, 3)), int(self.rng.integers(1, 9)), *self.rng.integers(1, 8, rank - 2).tolist()]
        self.arrays[name] = self.rng.uniform(-2, 2, shape).astype(np.float32)
        self.order.append(name)

    def constant(self, array):
        name = self.fresh("c")
        self.constants[name] = np.asarray(array)
        return name

    def chance(self, one_in):
        return int(self.rng.integers(one_in)) == 0

    def between(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def any(self, values):
        return values[int(self.rng.integers(len(values)))]

    def floats(self, *shape, low=-0.5, high=0.5):
        return self.constant(self.rng.uniform(low, high, shape).astype(np.float32))

    def int64s(self, *values):
        return self.constant(np.array(values, np.int64))

    def value(self, dtype=np.float32, ranks=None):
        """The name of a value of this type and rank, newer ones more often; None if there is none."""
        names = [n for n in self.order if (dtype is None or self.arrays[n].dtype == dtype)
                 and (ranks is None or self.arrays[n].ndim in ranks)]
        if not names:
            return None
        return names[-1] if self.chance(2) else self.any(names)

    def model(self, nodes, inputs, outputs):
        def info(name):
            array = self.arrays[name]
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        used = {i for node in nodes for i in node.input}
        graph = helper.make_graph(
            nodes, "random", [info(n) for n in inputs], outputs,
            [numpy_helper.from_array(array, name) for name, array in self.constants.items() if name in used])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                 ir_version=IR_OF_OPSET[self.opset])

    def try_node(self, op, inputs, outputs=1, **attributes):
        """Adds the node if it is valid and its results are of a size to go on with. Returns its outputs' names."""
        if None in inputs or MIN_OPSET.get(op, 0) > self.opset:
            return None
        names = [self.fresh("v") for _ in range(outputs)]
        node = helper.make_node(op, inputs, names, self.fresh("n"), **attributes)
        feeds = {i: self.arrays[i] for i in node.input if i in self.arrays}
        infos = [helper.make_empty_tensor_value_info(n) for n in names]
        try:
            results = run_model(self.model([node], sorted(feeds), infos), feeds)
        except Exception:  # ONNX Runtime has a type of its own for each reason; any of them means: not valid
            return None
        for array in results:
            if array.size > MOST_ELEMENTS or array.size == 0 or array.ndim > 5 or array.dtype.name == "object":
                return None
            if array.dtype.kind == "f" and not (np.isfinite(array).all() and np.abs(array).max() <= LARGEST):
                return None
        self.nodes.append(node)
        self.read.update(inputs)
        for name, array in zip(names, results):
            self.arrays[name] = array
            self.order.append(name)
        return names

    def grow(self, nodes):
        for _ in range(ATTEMPTS):
            if len(self.nodes) >= nodes:
                break
            RECIPES[self.any(sorted(RECIPES))](self)
        made = [n for n in self.order if n not in self.inputs and n not in self.read]
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(self.arrays[n].dtype),
                                               self.arrays[n].shape) for n in made]
        return self.model(self.nodes, self.inputs, infos)


def make_graph(seed, attempt):
    """(model, inputs by name, results); None where ONNX Runtime refuses the whole although it took every node alone: its
    shape inference sees more of a whole graph, and is wrong now and then."""
    growing = Growing(seed, attempt)
    model = growing.grow(growing.between(5, 40))
    used = {i for node in model.graph.node for i in node.input}
    for info in [i for i in model.graph.input if i.name not in used]:
        model.graph.input.remove(info)
    feeds = {name: growing.arrays[name] for name in growing.inputs if name in used}
    try:
        return model, feeds, run_model(model, feeds)
    except Exception:  # as in try_node
        return None


def write_graph(folder, seed):
    model, feeds, results = next(made for made in (make_graph(seed, attempt) for attempt in range(10)) if made)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for i, info in enumerate(model.graph.input):
        np.save(folder / f"in{i}.npy", feeds[info.name], allow_pickle=False)
    for i, array in enumerate(results):
        np.save(folder / f"out{i}.npy", np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
    return {"seed": seed, "inputs": len(feeds), "outputs": len(results), "ops": [n.op_type for n in model.graph.node]}


def main():
    out, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    shutil.rmtree(out, ignore_errors=True)
    graphs = [write_graph(out / str(seed), seed) for seed in range(first, first + count)]
    summary = {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "graphs": graphs}
    (out / "index.json").write_text(json.dumps(summary) + "\n")
    print(f"{len(graphs)} graphs, {sum(len(g['ops']) for g in graphs)} nodes; ONNX Runtime {onnxruntime.__version__}")


if __name__ == "__main__":
    main()
