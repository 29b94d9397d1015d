#!/usr/bin/env python3
"""Makes an ONNX model hard to quantize without changing what it computes.

    rescale_channels.py IN.onnx OUT.onnx [--chains 5] [--spread 4] [--seed 9527]

In Conv-(BatchNormalization)-Relu-Conv chains, channel c of the tensor between Relu and the second Conv is multiplied by
2^u, u a random whole number from -spread to spread, and the second Conv's weights for input channel c by 2^-u.
Relu(s x) = s Relu(x) for s > 0 and powers of two are exact, so the network's function stays as it is; but the channels
of that tensor now differ in range by up to 2^(2 spread), as they do in many trained mobile networks, and one scale for
the whole tensor no longer fits them. The outputs of both models are compared where an evaluator is at hand
(onnxruntime, else onnx.reference). Needs NumPy and onnx.
"""

import argparse
import sys

import numpy as np
import onnx
from onnx import numpy_helper

# Largest difference of outputs, relative to the largest output. Exact arithmetic gives 0; an evaluator may choose
# another algorithm, such as Winograd's, which rounds differently.
TOLERANCE = 1e-5


class Model:
    """An ONNX graph with its initialisers as arrays, and who reads what."""

    def __init__(self, proto):
        self.proto = proto
        self.arrays = {item.name: numpy_helper.to_array(item) for item in proto.graph.initializer}
        self.readers = {}
        for node in proto.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.outputs = {output.name for output in proto.graph.output}

    def only_reader(self, name):
        """The one node that reads a value, or None if there are more or the value is an output."""
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and name not in self.outputs else None

    def multiply(self, node, position, factors):
        """Multiplies a node's constant input; a copy is made first if another node reads the same one."""
        name = node.input[position]
        if len(self.readers[name]) > 1:
            copy = f"{name}.rescaled.{node.output[0]}"
            self.readers[name].remove(node)
            self.readers[copy] = [node]
            self.arrays[copy] = self.arrays[name]
            node.input[position] = copy
            name = copy
        self.arrays[name] = (self.arrays[name] * factors).astype(self.arrays[name].dtype)

    def save(self, path):
        del self.proto.graph.initializer[:]
        self.proto.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in self.arrays.items())
        onnx.checker.check_model(self.proto)
        onnx.save(self.proto, path)


def group_count(conv):
    return next((attribute.i for attribute in conv.attribute if attribute.name == "group"), 1)


def find_chains(model):
    """[(node whose output is scaled, the Conv behind the Relu)] in graph order."""
    chains = []
    for conv in model.proto.graph.node:
        if conv.op_type != "Conv":
            continue
        scaled, follower = conv, model.only_reader(conv.output[0])
        if follower is not None and follower.op_type == "BatchNormalization":
            scaled, follower = follower, model.only_reader(follower.output[0])
        if follower is None or follower.op_type != "Relu":
            continue
        second = model.only_reader(follower.output[0])
        if second is None or second.op_type != "Conv" or second.input[0] != follower.output[0] or group_count(second) != 1:
            continue
        constants = [name for name in (*scaled.input[1:], second.input[1]) if name]
        if all(name in model.arrays for name in constants):
            chains.append((scaled, second))
    return chains


def rescale(model, scaled, second, exponents):
    factors = np.exp2(exponents)
    if scaled.op_type == "BatchNormalization":
        model.multiply(scaled, 1, factors)  # scale
        model.multiply(scaled, 2, factors)  # bias
    else:
        model.multiply(scaled, 1, factors.reshape(-1, 1, 1, 1))
        if len(scaled.input) > 2 and scaled.input[2]:
            model.multiply(scaled, 2, factors)
    model.multiply(second, 1, (1 / factors).reshape(1, -1, 1, 1))


def evaluator(path):
    """A function from inputs to outputs, and its name; None where nothing is installed that evaluates ONNX."""
    try:
        import onnxruntime
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda feed: session.run(None, feed), "onnxruntime"
    except ImportError:
        pass
    try:
        from onnx.reference import ReferenceEvaluator
        reference = ReferenceEvaluator(path)
        return lambda feed: reference.run(None, feed), "onnx.reference"
    except ImportError:
        return None, None


def largest_difference(before, after, graph, rng):
    """Over all outputs, for normal random inputs (8 in a symbolic batch): relative to the output's largest value."""
    constants = {item.name for item in graph.initializer}
    feed = {value.name: rng.standard_normal([d.dim_value or 8 for d in value.type.tensor_type.shape.dim], np.float32)
            for value in graph.input if value.name not in constants}
    return max(np.abs(x - y).max() / max(np.abs(x).max(), 1e-30) for x, y in zip(before(feed), after(feed)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--chains", type=int, default=5, help="how many chains to rescale, chosen at random")
    parser.add_argument("--spread", type=int, default=4, help="largest exponent of two")
    parser.add_argument("--seed", type=int, default=9527)
    arguments = parser.parse_args()

    model = Model(onnx.load(arguments.input))
    chains = find_chains(model)
    if not chains:
        sys.exit(f"error: {arguments.input} has no Conv-(BatchNormalization)-Relu-Conv chain")
    if not 0 < arguments.chains <= len(chains):
        sys.exit(f"error: --chains must be from 1 to {len(chains)} for {arguments.input}, got {arguments.chains}")
    rng = np.random.default_rng(arguments.seed)
    for index in sorted(rng.choice(len(chains), arguments.chains, replace=False)):
        scaled, second = chains[index]
        channels = len(model.arrays[scaled.input[1]])
        rescale(model, scaled, second, rng.integers(-arguments.spread, arguments.spread, channels, endpoint=True))
        print(f"rescaled {channels} channels between {scaled.name} and {second.name}")
    model.save(arguments.output)

    before, name = evaluator(arguments.input)
    if before is None:
        print("outputs were NOT compared: neither onnxruntime nor onnx.reference is installed")
        return
    difference = largest_difference(before, evaluator(arguments.output)[0], model.proto.graph, rng)
    print(f"largest relative difference of outputs ({name}): {difference:.3g}")
    if not difference <= TOLERANCE:
        sys.exit(f"error: the model's function changed (allowed: {TOLERANCE})")


if __name__ == "__main__":
    main()
