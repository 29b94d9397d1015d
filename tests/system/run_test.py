"""`halftone run`: arrays in, arrays out, and what it says of wrong ones."""
import numpy
import onnx
from onnx import TensorProto, helper

from halftone_cli import MODEL, OK, USAGE, SystemTest, halftone, main


class Run(SystemTest):
    def setUp(self):
        super().setUp()
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])
        axes = helper.make_tensor_value_info("axes/0", TensorProto.INT64, [1])
        y = helper.make_tensor_value_info("sum:0", TensorProto.FLOAT, None)
        z = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
        nodes = [helper.make_node("ReduceSum", ["x", "axes/0"], ["sum:0"], name="sum", keepdims=0),
                 helper.make_node("Neg", ["x"], ["z"], name="neg")]
        graph = helper.make_graph(nodes, "g", [x, axes], [y, z])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
        self.model = self.folder / "m.onnx"
        onnx.save(model, self.model)
        self.x = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
        numpy.save(self.folder / "x.npy", self.x)
        numpy.save(self.folder / "axes.npy", numpy.array([1], numpy.int64))

    def run_it(self, *inputs, output="out"):
        arguments = [word for text in inputs for word in ("--input", text)]
        return halftone("run", self.model, *arguments, "--output", self.folder / output)

    def test_writes_each_output_under_its_name(self):
        for inputs in ((self.folder / "x.npy", self.folder / "axes.npy"),
                       (f"axes/0={self.folder}/axes.npy", f"x={self.folder}/x.npy")):
            self.assert_code(OK, self.run_it(*inputs))
            numpy.testing.assert_array_equal(numpy.load(self.folder / "out/sum_0.npy"), self.x.sum(axis=1))
            numpy.testing.assert_array_equal(numpy.load(self.folder / "out/z.npy"), -self.x)

    def test_converts_arrays_of_other_types_and_orders_with_a_warning(self):
        wide = numpy.asfortranarray(self.x)
        for name, array, said in (("f64", self.x.astype(numpy.float64), "fp64 values were converted to fp32"),
                                  ("f16", self.x.astype(numpy.float16), "fp16 values were converted to fp32"),
                                  ("big", self.x.astype(">f4"), "big-endian"), ("fortran", wide, "Fortran order")):
            with self.subTest(name=name):
                path = self.folder / f"{name}.npy"
                numpy.save(path, array)
                done = self.run_it(path, self.folder / "axes.npy")
                self.assert_code(OK, done)
                self.assertIn(said, done.err)
                numpy.testing.assert_array_equal(numpy.load(self.folder / "out/z.npy"), -self.x)

    def test_names_what_is_wrong_with_the_inputs(self):
        self.refused(USAGE, "no --input for 'axes/0'; the model's inputs are: x, axes/0", self.folder / "x.npy")
        x, axes = self.folder / "x.npy", self.folder / "axes.npy"
        self.refused(USAGE, "the model has 2 inputs: x, axes/0", x, axes, x)
        self.refused(USAGE, "'x' is given twice", f"x={x}", f"x={x}")
        self.refused(MODEL, "no such file", self.folder / "none.npy", axes)
        self.refused(MODEL, "input 'axes/0' is int64, the array is fp32", x, x)
        self.refused(MODEL, "is not a .npy file", self.model, axes)
        numpy.save(self.folder / "wide.npy", numpy.zeros((2, 4), numpy.float32))
        self.refused(MODEL, "input 'x' is [N,3], the array is [2,4]", self.folder / "wide.npy", axes)
        numpy.save(axes, numpy.array([5], numpy.int64))
        self.refused(MODEL, "axis 5 is outside a tensor of rank 2", x, axes)

    def refused(self, code, text, *inputs):
        result = self.run_it(*inputs, output="refused")
        self.assert_code(code, result)
        self.assertIn(text, result.err)
        self.assertFalse((self.folder / "refused").exists())


if __name__ == "__main__":
    main()
