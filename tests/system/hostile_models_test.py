"""Small files that ask for a lot: memory, work, nodes. Each ends with an answer or a refusal under 1 GiB of address
space; without the limits of docs/security.md they took gigabytes or minutes.

Times are not compared with a clock, because test machines are shared; what hangs ends by the timeout of halftone().
"""
import os
import resource
import subprocess

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import MODEL, OK, Finished, SystemTest, command, environment, main

GIB = 1 << 30
LARGEST_FILE = 20 << 10  # bytes of a crafted model


def halftone_in(memory, *words):
    """Runs under `ulimit -v`; what the program takes beyond it is refused by the operating system. With a sanitizer,
    which takes more address space than any limit, tensors get what would be left for them."""
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))}
    if os.environ.get("HALFTONE_SANITIZED"):
        limit = {}
        words = words if "--memory" in words else (*words, "--memory", memory // 2)
    done = subprocess.run(command(*words), env=environment(), timeout=300, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, **limit)
    return Finished(done.returncode, done.stdout, done.stderr)


def int64(name, *values):
    return numpy_helper.from_array(numpy.array(values, dtype=numpy.int64), name)


def fp32(name, array):
    return numpy_helper.from_array(numpy.asarray(array, dtype=numpy.float32), name)


def tensor(name, *dims):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)


def model_of(nodes, inputs, outputs, initializers=(), opset=13):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)


def of_constants(nodes, last, initializers):
    """y = x + the sum of a value that follows from constants alone."""
    nodes = list(nodes) + [helper.make_node("ReduceSum", [last], ["sum"], keepdims=0),
                           helper.make_node("Add", ["x", "sum"], ["y"])]
    return model_of(nodes, [tensor("x", 1)], [tensor("y", 1)], initializers)


def many_large_constants(count=60):
    """60 constants of 64 MiB each, which is 3.8 GB, and their sum."""
    nodes = [helper.make_node("ConstantOfShape", ["shape"], [f"c{i}"],
                              value=helper.make_tensor("v", TensorProto.FLOAT, [1], [float(i)]))
             for i in range(count)]
    nodes.append(helper.make_node("Sum", [f"c{i}" for i in range(count)], ["all"]))
    return of_constants(nodes, "all", [int64("shape", 4096, 4096)])


def large_product(size=4096):
    """A MatMul of two constants: 2^36 multiplications."""
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["a"]), helper.make_node("MatMul", ["a", "a"], ["b"])]
    return of_constants(nodes, "b", [int64("shape", size, size)])


def many_small_convolutions(count=150):
    """Tensors of 4096 elements each, as shape arithmetic has them, and 2^24 multiplications in every node."""
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["c0"]), helper.make_node("ConstantOfShape", ["shape"], ["w"])]
    nodes += [helper.make_node("Conv", [f"c{i}", "w"], [f"c{i + 1}"], pads=[2048, 2047]) for i in range(count)]
    return of_constants(nodes, f"c{count}", [int64("shape", 1, 1, 4096)])


def grown(op, *inputs, initializers):
    """One node that makes 2^29 or more elements, 2 GiB, of a small constant."""
    return of_constants([helper.make_node(op, list(inputs), ["large"])], "large", initializers)


def resize(shape, sizes, mode="linear"):
    """x of the given shape, resized to the sizes."""
    return model_of([helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode=mode)], [tensor("x", *shape)],
                    [tensor("y", *sizes)], [int64("sizes", *sizes)])


def unused_input():
    return model_of([helper.make_node("Relu", ["x"], ["y"])], [tensor("x", 1), tensor("unused", 1 << 20, 1 << 20)],
                    [tensor("y", 1)])


class CraftedModels(SystemTest):
    """inspect reads a model, folds what is constant and shows it; run also executes it."""

    def save(self, model):
        path = self.folder / "m.onnx"
        onnx.save(model, path)
        self.assertLess(path.stat().st_size, LARGEST_FILE)
        return path

    def inspect(self, model):
        return halftone_in(GIB, "inspect", self.save(model))

    def run_model(self, model, **arrays):
        words = []
        for name, array in arrays.items():
            numpy.save(self.folder / f"{name}.npy", array)
            words += ["--input", f"{name}={self.folder / name}.npy"]
        return halftone_in(GIB, "run", self.save(model), *words, "--output", self.folder / "out")

    def assert_needs_memory(self, done):
        self.assert_refused(done, MODEL, "needs", "the limit is", "--memory")

    def test_constants_are_folded_up_to_a_sum(self):
        self.assert_code(OK, self.inspect(many_large_constants()))

    def test_a_product_that_takes_a_minute_is_not_folded(self):
        self.assert_code(OK, self.inspect(large_product()))

    def test_work_on_small_constants_is_limited(self):
        self.assert_code(OK, self.inspect(many_small_convolutions()))

    def test_operators_that_grow_a_constant(self):
        one = fp32("one", [1.0])
        models = {
            "Expand": grown("Expand", "one", "to", initializers=[one, int64("to", 1 << 15, 1 << 14)]),
            "Tile": grown("Tile", "one", "to", initializers=[one, int64("to", 1 << 29)]),
            "ConstantOfShape": grown("ConstantOfShape", "to", initializers=[int64("to", 1 << 30)]),
            "Pad": grown("Pad", "one", "pads", initializers=[one, int64("pads", 1 << 29, 0)]),
            "Range": grown("Range", "first", "end", "step", initializers=[
                fp32("first", 0.0), fp32("end", 1e9), fp32("step", 1.0)]),
            "Resize": of_constants([helper.make_node("Resize", ["one", "", "", "sizes"], ["large"], mode="nearest")],
                                   "large", [one, int64("sizes", 1 << 29)]),
        }
        x = numpy.zeros(1, dtype=numpy.float32)
        for name, model in models.items():
            with self.subTest(operator=name):
                self.assert_code(OK, self.inspect(model))
                self.assert_needs_memory(self.run_model(model, x=x))

    def test_resize_makes_nothing_larger_than_its_ends(self):
        # Last dimension first, the tensor on the way would have 4000 x 2^20 elements of 8 bytes.
        done = self.run_model(resize([4000, 1], [1, 1 << 20]), x=numpy.ones((4000, 1), dtype=numpy.float32))
        self.assert_code(OK, done)
        numpy.testing.assert_array_equal(numpy.load(self.folder / "out/y.npy"), numpy.ones((1, 1 << 20)))

    def test_resize_is_refused_where_the_output_is_too_large(self):
        for sizes in ([1, 1, 1 << 15, 1 << 15], [1, 1, 1 << 15, 1 << 16]):
            done = self.run_model(resize([1, 1, 1, 1], sizes), x=numpy.ones((1, 1, 1, 1), dtype=numpy.float32))
            self.assert_refused(done, MODEL)

    def test_an_unused_input_of_2_to_the_40(self):
        self.assert_code(OK, self.inspect(unused_input()))
        self.assert_needs_memory(halftone_in(GIB, "bench", self.save(unused_input()), "--rounds", 1))

    def test_external_data_are_added_up_before_they_are_loaded(self):
        with open(self.folder / "w.bin", "wb") as sparse:
            sparse.truncate(600 << 20)
        weights, names = [], []
        for i in range(60):
            weight = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[150 << 20],
                                 data_location=TensorProto.EXTERNAL)
            for key, value in (("location", "w.bin"), ("offset", "0"), ("length", str(600 << 20))):
                weight.external_data.add(key=key, value=value)
            weights.append(weight)
            names.append(weight.name)
        def with_weights(count):
            return of_constants([helper.make_node("Sum", names[:count], ["all"])], "all", weights[:count])
        self.assert_needs_memory(self.inspect(with_weights(60)))
        self.assert_needs_memory(self.inspect(with_weights(1)))

    def test_memory_is_an_option_of_every_command(self):
        x = numpy.ones((1, 1, 1, 1), dtype=numpy.float32)
        model = self.save(resize([1, 1, 1, 1], [1, 1, 1024, 1024]))
        numpy.save(self.folder / "x.npy", x)
        words = ["run", model, "--input", self.folder / "x.npy", "--output", self.folder / "out"]
        self.assert_needs_memory(halftone_in(GIB, *words, "--memory", "1MiB"))
        self.assert_code(OK, halftone_in(GIB, *words, "--memory", "100MiB"))
        self.assert_refused(halftone_in(GIB, *words, "--memory", "lots"), 2, "--memory", "'lots'")


COUNT = 100_000


def chain(op, count=COUNT, name=""):
    names = ["x"] + [f"v{i}" for i in range(count - 1)] + ["y"]
    extra = ["one"] if op == "Add" else []
    nodes = [helper.make_node(op, [names[i]] + extra, [names[i + 1]], name=name) for i in range(count)]
    return model_of(nodes, [tensor("x", "N", 4)], [tensor("y", "N", 4)], [fp32("one", 1.0)] if extra else [])


def many_initializers():
    names = [f"w{i}" for i in range(COUNT)]
    return model_of([helper.make_node("Sum", ["x"] + names, ["y"])], [tensor("x", "N", 1)], [tensor("y", "N", 1)],
                    [fp32(name, [1.0]) for name in names])


def many_outputs(op):
    names = [f"y{i}" for i in range(COUNT)]
    return model_of([helper.make_node(op, ["x"], [name]) for name in names], [tensor("x", "N", 4)],
                    [tensor(name, "N", 4) for name in names])


def many_uses():
    """One value that 100,000 nodes read, and a Concat that reads them."""
    names = [f"r{i}" for i in range(COUNT)]
    nodes = [helper.make_node("Relu", ["x"], [name]) for name in names]
    return model_of(nodes + [helper.make_node("Concat", names, ["y"], axis=1)], [tensor("x", "N", 1)],
                    [tensor("y", "N", COUNT)])


def many_units(count, name=""):
    """Gemm nodes behind one another, all with one name."""
    values = ["x"] + [f"v{i}" for i in range(count - 1)] + ["y"]
    nodes = [helper.make_node("Gemm", [values[i], "w"], [values[i + 1]], name=name) for i in range(count)]
    return model_of(nodes, [tensor("x", "N", 4)], [tensor("y", "N", 4)], [fp32("w", numpy.eye(4))])


def many_weights(op):
    """A chain of units, each with a weight of its own."""
    names = ["x"] + [f"v{i}" for i in range(COUNT - 1)] + ["y"]
    shape = (4, 4, 1, 1) if op == "Conv" else (4, 4)
    rng = numpy.random.default_rng(7)
    weights = [fp32(f"w{i}", rng.uniform(-0.5, 0.5, shape)) for i in range(COUNT)]
    nodes = [helper.make_node(op, [names[i], f"w{i}"], [names[i + 1]]) for i in range(COUNT)]
    size = ("N", 4, 4, 4) if op == "Conv" else ("N", 4)
    return model_of(nodes, [tensor("x", *size)], [tensor("y", *size)], weights)


class ManyNodes(SystemTest):
    """Time grows with the number of nodes, not with its square: with the square each of these took minutes."""

    def assert_read(self, model):
        path = self.folder / "m.onnx"
        onnx.save(model, path)
        self.assert_code(OK, halftone_in(GIB, "inspect", path, "--json"))

    def test_chains(self):
        for op in ("Identity", "Relu", "Add", "Dropout"):
            with self.subTest(op=op):
                self.assert_read(chain(op))

    def test_nodes_of_one_name(self):
        self.assert_read(chain("Relu", name="same"))

    def test_initializers(self):
        self.assert_read(many_initializers())

    def test_outputs(self):
        for op in ("Relu", "Identity"):
            with self.subTest(op=op):
                self.assert_read(many_outputs(op))

    def test_uses_of_one_value(self):
        self.assert_read(many_uses())

    def test_units(self):
        # What units have in common is kept once: 100,000 lists of options took 1.8 GB.
        for op in ("MatMul", "Conv"):
            with self.subTest(op=op):
                path = self.folder / "units.onnx"
                onnx.save(many_weights(op), path)
                done = halftone_in(GIB, "inspect", path)
                self.assert_code(OK, done)
                self.assertIn(f"{COUNT} units", done.out)

    def test_units_of_one_name(self):
        self.assert_read(many_units(500, name="same"))

    def test_old_operators_of_one_name(self):
        # Each becomes several nodes, whose names are made from the name of the node.
        model = chain("Relu", 1)
        del model.graph.node[:]
        values = ["x"] + [f"v{i}" for i in range(COUNT - 1)] + ["y"]
        model.graph.node.extend(helper.make_node("Dropout", [values[i]], [values[i + 1]], name="same", ratio=0.5)
                                for i in range(COUNT))
        model.opset_import[0].version = 10
        self.assert_read(model)


if __name__ == "__main__":
    main()
