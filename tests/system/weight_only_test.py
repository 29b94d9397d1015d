"""Weight-only quantization through the program: no calibration data, the plan file, and the result in ONNX Runtime, whose
product by blocks must compute the same. Codes and scales are compared with NumPy's and with onnx's own reference. Run by a
Python that has onnx and onnxruntime."""
import json

import numpy
import onnx
import onnxruntime
import yaml
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from halftone_cli import GOAL_MISSED, OK, USAGE, SystemTest, halftone, main, records

SAMPLES, TOKENS, INNER, WIDTH, CLASSES, GROUP = 64, 4, 48, 64, 5, 32


def constant(name, shape, seed):
    return numpy_helper.from_array(numpy.random.default_rng(seed).normal(0.05, 0.4, shape).astype(numpy.float32), name)


def model():
    """A product with a row, attention without weights, a mean whose form changes with opset 18, and a Gemm with a turned
    weight. 48 rows are one block of 32 and one of 16."""
    nodes = [helper.make_node("MatMul", ["x", "wa"], ["a"], "first"), helper.make_node("Add", ["a", "ba"], ["ab"], "row"),
             helper.make_node("Tanh", ["ab"], ["t"], "tanh"),
             helper.make_node("Transpose", ["t"], ["tt"], "turn", perm=[0, 2, 1]),
             helper.make_node("MatMul", ["t", "tt"], ["scores"], "scores"),
             helper.make_node("Softmax", ["scores"], ["shares"], "softmax", axis=-1),
             helper.make_node("MatMul", ["shares", "t"], ["mixed"], "mix"),
             helper.make_node("ReduceMean", ["mixed"], ["mean"], "mean", axes=[1], keepdims=0),
             helper.make_node("Gemm", ["mean", "wc", "bc"], ["y"], "head", transB=1)]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", TOKENS, INNER])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", CLASSES])],
        [constant("wa", (INNER, WIDTH), 1), constant("ba", (WIDTH,), 2), constant("wc", (CLASSES, WIDTH), 4),
         constant("bc", (CLASSES,), 5)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


CONFIG = """
model: {name: net, framework: onnxrt_integerops, path: net.onnx}
quantization: {approach: post_training_weight_only}
evaluation:
  accuracy:
    metric: {topk: 1}
    dataloader: {dataset: {Numpy: {inputs: {x: x.npy}, targets: {label: label.npy}}}}
tuning: {accuracy_criterion: {absolute: 0.25}, exit_policy: {max_trials: 6}, shards: 2}
"""


def rtn(weight, bits, asymmetric):
    """Codes, scales and zero points of [K, N], in NumPy: the largest values of each block of rows decide."""
    codes, scales, points = [], [], []
    for first in range(0, len(weight), GROUP):
        block = weight[first:first + GROUP].astype(numpy.float64)
        low, high = numpy.minimum(block.min(axis=0), 0), numpy.maximum(block.max(axis=0), 0)
        if asymmetric:
            scale = ((high - low) / (2 ** bits - 1)).astype(numpy.float32)
            point = numpy.rint(-low / scale)
            limits = (0, 2 ** bits - 1)
        else:
            scale = (numpy.maximum(-low, high) / (2 ** (bits - 1) - 1)).astype(numpy.float32)
            point = numpy.zeros(block.shape[1])
            limits = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        code = numpy.clip(numpy.rint(block.astype(numpy.float32) / scale) + point, *limits)
        codes.append(code), scales.append(scale), points.append(point)
    return numpy.concatenate(codes).astype(int), numpy.stack(scales), numpy.stack(points).astype(int)


def session(path, level=onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, optimized=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    # Else ONNX Runtime rounds activations to 8 bits in its product by blocks.
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    if optimized:
        options.optimized_model_filepath = str(optimized)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class WeightOnlyCase(SystemTest):
    """The net with data whose labels are its own answers; weight_only_given_test.py goes on from here."""

    def setUp(self):
        super().setUp()
        onnx.save(model(), self.folder / "net.onnx")
        self.x = numpy.random.default_rng(9).normal(0.3, 1, (SAMPLES, TOKENS, INNER)).astype(numpy.float32)
        numpy.save(self.folder / "x.npy", self.x)
        self.label = session(self.folder / "net.onnx").run(None, {"x": self.x})[0].argmax(axis=1)
        numpy.save(self.folder / "label.npy", self.label)
        (self.folder / "net.yaml").write_text(CONFIG)

    def tuned(self, *words, code=OK, name="out"):
        done = halftone("tune", self.folder / "net.yaml", *words, "--workspace", self.folder / name, cwd=self.folder)
        self.assert_code(code, done)
        return self.folder / name

    def ours(self, path):
        done = halftone("run", path, "--input", f"x={self.folder / 'x.npy'}", "--output", self.folder / "outputs")
        self.assert_code(OK, done)
        return numpy.load(self.folder / "outputs/y.npy")


class WeightOnly(WeightOnlyCase):
    def test_the_file_is_what_numpy_and_onnx_make_of_the_weights(self):
        for words, bits, asymmetric, dtype in (("dtype: int4", 4, False, TensorProto.INT4),
                                               ("dtype: int4, scheme: asym", 4, True, TensorProto.UINT4),
                                               ("dtype: int8", 8, False, TensorProto.INT8),
                                               ("dtype: int8, scheme: asym", 8, True, TensorProto.UINT8)):
            with self.subTest(words):
                out = self.tuned("--set", f"quantization.model_wise.weight={{{words}}}", name=f"{bits}{asymmetric}")
                best = onnx.load(out / "best.onnx")
                onnx.checker.check_model(best, full_check=True)
                self.assertEqual(best.opset_import[0].version, 21)
                stored = {tensor.name: tensor for tensor in best.graph.initializer}
                self.assertEqual([node.op_type for node in best.graph.node].count("DequantizeLinear"), 2)
                for name, weight in (("wa", constant("wa", (INNER, WIDTH), 1)), ("wc", constant("wc", (CLASSES, WIDTH), 4))):
                    weight = numpy_helper.to_array(weight)
                    weight = weight.T if name == "wc" else weight
                    codes, scales, points = rtn(weight, bits, asymmetric)
                    self.assertEqual(stored[name + "_quantized"].data_type, dtype)
                    found = numpy_helper.to_array(stored[name + "_quantized"])
                    numpy.testing.assert_array_equal(found.astype(int), codes)
                    numpy.testing.assert_array_equal(numpy_helper.to_array(stored[name + "_scale"]), scales)
                    self.assertEqual(name + "_zero_point" in stored, asymmetric)
                    inputs = [stored[name + "_scale"]] + ([stored[name + "_zero_point"]] if asymmetric else [])
                    if asymmetric:
                        numpy.testing.assert_array_equal(numpy_helper.to_array(inputs[1]).astype(int), points)
                    # onnx's own QuantizeLinear with the file's scales.
                    node = helper.make_node("QuantizeLinear", ["w"] + [each.name for each in inputs], ["q"], axis=0,
                                            block_size=GROUP, **({} if asymmetric else {"output_dtype": dtype}))
                    graph = helper.make_graph([node], "q", [helper.make_tensor_value_info("w", TensorProto.FLOAT, weight.shape)],
                                              [helper.make_tensor_value_info("q", dtype, weight.shape)], inputs)
                    theirs = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]))
                    numpy.testing.assert_array_equal(theirs.run(None, {"w": weight})[0].astype(int), codes)

    def test_onnx_runtime_computes_the_same_and_has_a_product_for_it(self):
        for words in ("dtype: int4", "dtype: int4, scheme: asym, group_size: 16", "dtype: int8, scheme: asym"):
            with self.subTest(words):
                out = self.tuned("--set", f"quantization.model_wise.weight={{{words}}}", name=words.replace(" ", ""))
                ours = self.ours(out / "best.onnx")
                theirs = session(out / "best.onnx").run(None, {"x": self.x})[0]
                self.assertLess(numpy.abs(ours - theirs).max(), 1e-5)
                level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
                fused = session(out / "best.onnx", level, self.folder / "fused.onnx").run(None, {"x": self.x})[0]
                self.assertLess(numpy.abs(ours - fused).max(), 1e-5)
                kinds = [node.op_type for node in onnx.load(self.folder / "fused.onnx").graph.node]
                self.assertEqual((kinds.count("MatMulNBits"), kinds.count("DequantizeLinear")), (2, 0), kinds)
                plan = yaml.safe_load((out / "best.yaml").read_text())
                self.assertEqual(plan["accuracy"], (theirs.argmax(axis=1) == self.label).mean())

    def test_the_plan_says_it_rebuilds_the_file_and_ranks_change_nothing(self):
        out = self.tuned()
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual(plan["calibration_samples"], 0)
        words = {"dtype": "int4", "scheme": "sym", "algorithm": "rtn", "group_size": GROUP}
        self.assertEqual([(unit["activation"], unit["weight"], unit["why"]) for unit in plan["units"]],
                         [({"dtype": "fp32"}, words, "")] * 2)
        self.assertEqual([(tensor["name"], tensor["axis"], tensor["block_size"]) for tensor in plan["tensors"]],
                         [("wa", 0, GROUP), ("wc", 1, GROUP)])
        self.assertLess((out / "best.onnx").stat().st_size, 0.5 * (self.folder / "net.onnx").stat().st_size)
        done = halftone("quantize", self.folder / "net.onnx", "--plan", out / "best.yaml", "--output",
                        self.folder / "again.onnx")
        self.assert_code(OK, done)
        self.assertIn("2 of 2 units", done.out)
        self.assertEqual((self.folder / "again.onnx").read_bytes(), (out / "best.onnx").read_bytes())
        done = halftone("tune", self.folder / "net.yaml", "--workspace", self.folder / "many", ranks=2)
        self.assert_code(OK, done)
        for name in ("best.yaml", "best.onnx"):
            self.assertEqual((self.folder / "many" / name).read_bytes(), (out / name).read_bytes(), name)

    def test_activations_are_bf16_where_the_machine_has_it(self):
        words = ("--set", "quantization.model_wise={activation: {dtype: bf16}, weight: {dtype: int4}}")
        shown = halftone("inspect", self.folder / "net.onnx", "--config", self.folder / "net.yaml", *words, "--json")
        if shown.code == USAGE:
            self.assertIn("leaves no quantized option to any unit", shown.err)
            self.skipTest("no AVX-512 BF16")
        self.assertEqual(json.loads(shown.out)["units"][0]["options"], ["bf16 x int4/sym/rtn/32", "fp32"])
        out = self.tuned(*words)
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual([unit["activation"] for unit in plan["units"]], [{"dtype": "bf16"}] * 2)
        self.assertEqual([unit["weight"]["dtype"] for unit in plan["units"]], ["int4"] * 2)
        best = onnx.load(out / "best.onnx")
        self.assertEqual({entry.key: entry.value for entry in best.metadata_props}["halftone.bf16"], "first\nhead\n")
        done = halftone("quantize", self.folder / "net.onnx", "--plan", out / "best.yaml", "--output",
                        self.folder / "again.onnx")
        self.assert_code(OK, done)
        self.assertEqual((self.folder / "again.onnx").read_bytes(), (out / "best.onnx").read_bytes())
        # Another runtime computes the same file in fp32: the difference is that of roundings to 8 bits of a significand.
        ours = self.ours(out / "best.onnx")
        theirs = session(out / "best.onnx").run(None, {"x": self.x})[0]
        difference = numpy.abs(ours - theirs).max()
        self.assertGreater(difference, 1e-5)
        self.assertLess(difference, 0.05 * numpy.abs(theirs).max())

    def test_any_strategy_searches_types_groups_and_fallbacks(self):
        for strategy in ("basic", "sensitivity", "mse", "pareto", "random"):
            with self.subTest(strategy):
                out = self.tuned("--set", "quantization.model_wise.weight={group_size: [32, 16]}",
                                 "--set", f"tuning.strategy.name={strategy}", "--set", "tuning.exit_policy.max_trials=12",
                                 "--set", "tuning.accuracy_criterion={absolute: -0.5}", code=GOAL_MISSED, name=strategy)
                self.assertTrue(records(out, "trial"))
        shown = halftone("inspect", self.folder / "net.onnx", "--config", self.folder / "net.yaml", "--json")
        self.assert_code(OK, shown)
        self.assertIn("fp32 x int4/sym/rtn/32", shown.out)

    def test_words_are_shown_and_wrong_ones_are_refused(self):
        shown = halftone("tune", self.folder / "net.yaml", "--print-config", "--set",
                         "quantization.op_wise={head: {weight: {dtype: int4, group_size: 64}}}")
        self.assert_code(OK, shown)
        config = yaml.safe_load(shown.out)
        self.assertEqual(config["quantization"]["approach"], "post_training_weight_only")
        self.assertEqual(config["quantization"]["op_wise"]["head"]["weight"]["group_size"], [64])
        for words, refusal in (("model_wise.weight={group_size: 48}", "must be one of: 16 32 64 128 256 512 1024, got '48'"),
                               ("model_wise.weight={dtype: int3}", "'int3' is unknown; allowed: uint8 int8 int4 bf16 fp32"),
                               ("model_wise.weight={algorithm: hqq}", "'hqq' is unknown"),
                               ("model_wise.weight={algorithm: mse}", "leaves no quantized option to any unit"),
                               ("approach=weight_only", "post_training_weight_only")):
            with self.subTest(words):
                done = halftone("tune", self.folder / "net.yaml", "--set", f"quantization.{words}", "--workspace",
                                self.folder / "none")
                self.assert_refused(done, USAGE, refusal)
        out = self.tuned()
        plan = (out / "best.yaml").read_text()
        for found, written, refusal in (("algorithm: rtn", "algorithm: kl", "has a group_size"),
                                        (", group_size: 32", "", "needs a group_size")):
            (self.folder / "bad.yaml").write_text(plan.replace(found, written, 1))
            done = halftone("quantize", self.folder / "net.onnx", "--plan", self.folder / "bad.yaml", "--output",
                            self.folder / "x.onnx")
            self.assert_refused(done, USAGE, refusal)


if __name__ == "__main__":
    main()
