"""Dynamic quantization through the program: no calibration data, the plan file, and the result in ONNX Runtime, which must
compute the same. Run by a Python that has onnx and onnxruntime."""
import numpy
import onnx
import onnxruntime
import yaml
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import GOAL_MISSED, OK, USAGE, SystemTest, halftone, main, records

SAMPLES, INNER = 64, 24


def constant(name, shape, seed):
    return numpy_helper.from_array(numpy.random.default_rng(seed).normal(0, 0.4, shape).astype(numpy.float32), name)


def model():
    """Two products of one input, a row behind one, a function, and a Gemm with a turned weight."""
    nodes = [helper.make_node("MatMul", ["x", "wa"], ["a"], "first"), helper.make_node("Add", ["a", "ba"], ["ab"], "row"),
             helper.make_node("Tanh", ["ab"], ["t"], "tanh"), helper.make_node("MatMul", ["x", "wb"], ["b"], "second"),
             helper.make_node("Mul", ["t", "b"], ["m"], "gate"),
             helper.make_node("Gemm", ["m", "wc", "bc"], ["y"], "head", transB=1)]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", INNER])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 5])],
        [constant("wa", (INNER, 32), 1), constant("ba", (32,), 2), constant("wb", (INNER, 32), 3),
         constant("wc", (5, 32), 4), constant("bc", (5,), 5)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


CONFIG = """
model: {name: net, framework: onnxrt_integerops, path: net.onnx}
quantization: {approach: post_training_dynamic_quant}
evaluation:
  accuracy:
    metric: {topk: 1}
    dataloader: {dataset: {Numpy: {inputs: {x: x.npy}, targets: {label: label.npy}}}}
tuning: {accuracy_criterion: {absolute: 0.2}, exit_policy: {max_trials: 4}, shards: 2}
"""
CALIBRATION = "quantization.calibration={sampling_size: 32, dataloader: {dataset: {Numpy: {inputs: {x: x.npy}}}}}"


def session(path, level=onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, optimized=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    if optimized:
        options.optimized_model_filepath = str(optimized)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Dynamic(SystemTest):
    def setUp(self):
        super().setUp()
        onnx.save(model(), self.folder / "net.onnx")
        x = numpy.random.default_rng(9).normal(0.3, 1, (SAMPLES, INNER)).astype(numpy.float32)
        numpy.save(self.folder / "x.npy", x)
        self.x = x
        numpy.save(self.folder / "label.npy", session(self.folder / "net.onnx").run(None, {"x": x})[0].argmax(axis=1))
        (self.folder / "net.yaml").write_text(CONFIG)

    def tuned(self, *words, code=OK, name="out"):
        done = halftone("tune", self.folder / "net.yaml", *words, "--workspace", self.folder / name, cwd=self.folder)
        self.assert_code(code, done)
        return self.folder / name

    def ours(self, path):
        done = halftone("run", path, "--input", f"x={self.folder / 'x.npy'}", "--output", self.folder / "outputs")
        self.assert_code(OK, done)
        return numpy.load(self.folder / "outputs/y.npy")

    def test_needs_no_calibration_and_gives_onnx_runtime_s_bits(self):
        out = self.tuned("--set", "quantization.reduce_range=on")  # so that sums are exact in ONNX Runtime, too
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual(plan["calibration_samples"], 0)
        self.assertEqual([unit["activation"].get("quant_mode") for unit in plan["units"]], ["dynamic"] * 3)
        self.assertEqual({unit["why"] for unit in plan["units"]}, {""})
        self.assertEqual({tensor["name"] for tensor in plan["tensors"]}, {"wa", "wb", "wc"})
        best = onnx.load(out / "best.onnx")
        onnx.checker.check_model(best, full_check=True)
        kinds = [node.op_type for node in best.graph.node]
        # One range for the two products of x.
        self.assertEqual((kinds.count("DynamicQuantizeLinear"), kinds.count("MatMulInteger")), (2, 3))

        ours = self.ours(out / "best.onnx")
        theirs = session(out / "best.onnx").run(None, {"x": self.x})[0]
        # Tanh stands between the products, and its last bit may turn a code.
        self.assertLess(numpy.abs(ours - theirs).max(), 0.05)
        self.assertGreater((ours == theirs).mean(), 0.5)
        level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        fused = session(out / "best.onnx", level, self.folder / "fused.onnx").run(None, {"x": self.x})[0]
        self.assertLess(numpy.abs(ours - fused).max(), 0.05)
        fused_kinds = [node.op_type for node in onnx.load(self.folder / "fused.onnx").graph.node]
        self.assertIn("DynamicQuantizeMatMul", fused_kinds)
        self.assertNotIn("MatMulInteger", fused_kinds)

    def test_one_product_is_equal_bit_for_bit(self):
        net = model()
        del net.graph.node[2:]
        net.graph.output[0].CopyFrom(helper.make_tensor_value_info("ab", TensorProto.FLOAT, ["N", 32]))
        onnx.save(net, self.folder / "net.onnx")
        out = self.tuned("--set", "quantization.reduce_range=on", "--set", "evaluation=null",
                         "--set", CALIBRATION)
        done = halftone("run", out / "best.onnx", "--input", f"x={self.folder / 'x.npy'}", "--output", self.folder / "o")
        self.assert_code(OK, done)
        ours = numpy.load(self.folder / "o/ab.npy")
        numpy.testing.assert_array_equal(ours, session(out / "best.onnx").run(None, {"x": self.x})[0])

    def test_the_plan_rebuilds_the_file_and_ranks_change_nothing(self):
        out = self.tuned()
        done = halftone("quantize", self.folder / "net.onnx", "--plan", out / "best.yaml", "--output",
                        self.folder / "again.onnx")
        self.assert_code(OK, done)
        self.assertIn("3 of 3 units", done.out)
        self.assertEqual((self.folder / "again.onnx").read_bytes(), (out / "best.onnx").read_bytes())
        done = halftone("tune", self.folder / "net.yaml", "--workspace", self.folder / "many", ranks=2)
        self.assert_code(OK, done)
        for name in ("best.yaml", "best.onnx"):
            self.assertEqual((self.folder / "many" / name).read_bytes(), (out / name).read_bytes(), name)

    def test_auto_has_both_and_any_strategy_uses_it(self):
        for strategy in ("basic", "pareto", "sensitivity", "mse"):
            with self.subTest(strategy):
                out = self.tuned("--set", "quantization.approach=post_training_auto_quant", "--set", CALIBRATION,
                                 "--set", f"tuning.strategy.name={strategy}", "--set", "tuning.exit_policy.max_trials=12",
                                 "--set", "tuning.accuracy_criterion={absolute: -0.5}", code=GOAL_MISSED, name=strategy)
                self.assertTrue(records(out, "trial"))
        shown = halftone("inspect", self.folder / "net.onnx", "--config", self.folder / "net.yaml",
                         "--set", "quantization.approach=post_training_auto_quant", "--json")
        self.assert_code(OK, shown)
        self.assertIn("uint8/asym/per_tensor/dynamic x int8/sym/per_channel/minmax", shown.out)
        self.assertIn("uint8/asym/per_tensor/kl x int8/sym/per_channel/minmax", shown.out)

    def test_what_cannot_be_is_refused(self):
        done = halftone("tune", self.folder / "net.yaml", "--set", "evaluation=null", "--workspace", self.folder / "none")
        self.assert_refused(done, USAGE, "a search needs calibration or evaluation data")
        done = halftone("tune", self.folder / "net.yaml", "--set", "quantization.recipes.smooth_quant=True",
                        "--workspace", self.folder / "none")
        self.assert_refused(done, USAGE, "needs calibration data")
        out = self.tuned()
        plan = (out / "best.yaml").read_text()
        (self.folder / "bad.yaml").write_text(plan.replace("{dtype: uint8, scheme: asym, granularity: per_tensor, "
                                                           "algorithm: minmax, quant_mode: dynamic}",
                                                           "{dtype: int8, quant_mode: dynamic}", 1))
        done = halftone("quantize", self.folder / "net.onnx", "--plan", self.folder / "bad.yaml", "--output",
                        self.folder / "x.onnx")
        self.assert_refused(done, USAGE, "dynamic quantization has uint8 activations only")


if __name__ == "__main__":
    main()
