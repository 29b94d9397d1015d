"""Models that are quantized already, by ONNX Runtime's quantizer: shown with their units, tuned further, and the result in
ONNX Runtime. Run by a Python that has onnx and onnxruntime."""
import json

import numpy
import onnx
import onnxruntime
import yaml
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from halftone_cli import GOAL_MISSED, OK, USAGE, SystemTest, halftone, main, records

SAMPLES = 48


def constant(name, shape, seed, width=0.4):
    values = numpy.random.default_rng(seed).normal(0, width, shape).astype(numpy.float32)
    return numpy_helper.from_array(values, name)


def model():
    nodes = [helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], "conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
             helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], "conv2", kernel_shape=[3, 3], strides=[2, 2]),
             helper.make_node("Relu", ["c2"], ["r2"], "relu2"), helper.make_node("Flatten", ["r2"], ["f"], "flatten"),
             helper.make_node("Gemm", ["f", "w3", "b3"], ["y"], "head", transB=1)]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 9, 9])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 6])],
        [constant("w1", (8, 3, 3, 3), 1), constant("b1", (8,), 2), constant("w2", (8, 8, 3, 3), 3, 0.2),
         constant("b2", (8,), 4), constant("w3", (6, 128), 5, 0.1), constant("b3", (6,), 6)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


CONFIG = """
model: {name: net, framework: onnxrt_qlinearops, path: qdq.onnx}
quantization:
  approach: quant_aware_training
  reduce_range: on
  calibration: {sampling_size: 24, dataloader: {dataset: {Numpy: {inputs: {x: x.npy}}}}}
evaluation:
  accuracy:
    metric: {topk: 1}
    dataloader: {dataset: {Numpy: {inputs: {x: x.npy}, targets: {label: label.npy}}}}
tuning: {accuracy_criterion: {absolute: 0.3}, exit_policy: {max_trials: 6}, shards: 2}
"""


class Samples(CalibrationDataReader):
    def __init__(self, x):
        self.left = [{"x": row[None]} for row in x]

    def get_next(self):
        return self.left.pop() if self.left else None


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Given(SystemTest):
    def prepare(self, per_channel):
        onnx.save(model(), self.folder / "net.onnx")
        self.x = numpy.random.default_rng(9).normal(0, 1, (SAMPLES, 3, 9, 9)).astype(numpy.float32)
        numpy.save(self.folder / "x.npy", self.x)
        labels = session(self.folder / "net.onnx").run(None, {"x": self.x})[0].argmax(axis=1)
        numpy.save(self.folder / "label.npy", labels)
        quantize_static(str(self.folder / "net.onnx"), str(self.folder / "qdq.onnx"), Samples(self.x[:24]),
                        quant_format=QuantFormat.QDQ, per_channel=per_channel, weight_type=QuantType.QInt8,
                        activation_type=QuantType.QUInt8, reduce_range=True)
        (self.folder / "net.yaml").write_text(CONFIG)

    def tuned(self, *words, code=OK, name="out"):
        done = halftone("tune", self.folder / "net.yaml", *words, "--workspace", self.folder / name, cwd=self.folder)
        self.assert_code(code, done)
        return self.folder / name

    def ours(self, path):
        done = halftone("run", path, "--input", f"x={self.folder / 'x.npy'}", "--output", self.folder / "outputs")
        self.assert_code(OK, done)
        return numpy.load(self.folder / "outputs/y.npy")

    def assert_runs_alike(self, path):
        ours, theirs = self.ours(path), session(path).run(None, {"x": self.x})[0]
        self.assertLess(numpy.abs(ours - theirs).max(), 0.1)
        self.assertGreater((numpy.abs(ours - theirs) < 1e-4).mean(), 0.9)

    def test_shows_units_keeps_what_is_given_and_goes_on_from_there(self):
        for per_channel in (False, True):
            with self.subTest(per_channel=per_channel):
                self.prepare(per_channel)
                self.assert_runs_alike(self.folder / "qdq.onnx")
                shown = json.loads(halftone("inspect", self.folder / "qdq.onnx", "--config", self.folder / "net.yaml",
                                            "--json").out)
                self.assertEqual([unit["name"] for unit in shown["units"]], ["conv1", "conv2", "head"])
                granularity = "per_channel" if per_channel else "per_tensor"
                for unit in shown["units"]:
                    self.assertRegex(unit["options"][0], rf"^uint8/asym/per_tensor/given x int8/sym/\w+/given")
                self.assertIn(granularity, shown["units"][0]["options"][0].split(" x ")[1])

                out = self.tuned(name=f"out{per_channel}")
                [trial] = records(out, "trial")  # what is given meets the goal
                plan = yaml.safe_load((out / "best.yaml").read_text())
                self.assertEqual([unit["activation"]["algorithm"] for unit in plan["units"]], ["given"] * 3)
                # Scales of the file, to the last bit.
                file = {i.name: numpy_helper.to_array(i) for i in onnx.load(self.folder / "qdq.onnx").graph.initializer}
                written = {tensor["name"]: tensor for tensor in plan["tensors"]}
                self.assertEqual(numpy.float32(written["x"]["scale"][0]), file["x_scale"])
                self.assertEqual(written["x"]["zero_point"], [int(file["x_zero_point"])])
                best = {i.name: numpy_helper.to_array(i) for i in onnx.load(out / "best.onnx").graph.initializer}
                codes = sorted(v.tobytes() for v in best.values() if v.dtype == numpy.int8 and v.ndim > 1)
                given = sorted(v.tobytes() for v in file.values() if v.dtype == numpy.int8 and v.ndim > 1)
                self.assertEqual(codes, given)
                self.assert_runs_alike(out / "best.onnx")
                # The baseline is the file as it is written.
                [baseline] = records(out, "baseline")
                right = self.ours(self.folder / "qdq.onnx").argmax(axis=1) == numpy.load(self.folder / "label.npy")
                self.assertAlmostEqual(baseline["accuracy"], right.mean(), 12)

                done = halftone("quantize", self.folder / "qdq.onnx", "--plan", out / "best.yaml", "--output",
                                self.folder / "again.onnx")
                self.assert_code(OK, done)
                self.assertEqual((self.folder / "again.onnx").read_bytes(), (out / "best.onnx").read_bytes())

    def test_units_fall_back_or_are_calibrated_anew(self):
        self.prepare(True)
        out = self.tuned("--set", "quantization.exclude=[conv2]")
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual([unit["activation"]["dtype"] for unit in plan["units"]], ["uint8", "fp32", "uint8"])
        self.assert_runs_alike(out / "best.onnx")
        out = self.tuned("--set", "quantization.model_wise.activation.algorithm=minmax", name="anew")
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual([unit["activation"]["algorithm"] for unit in plan["units"]], ["minmax"] * 3)
        self.assert_runs_alike(out / "best.onnx")
        self.tuned("--set", "tuning.accuracy_criterion={absolute: -0.9}", code=GOAL_MISSED, name="all")

    def test_what_is_given_is_an_option_beside_preparations_that_change_the_model(self):
        self.prepare(True)
        recipes = ["--set", "quantization.recipes={cross_layer_equalization: [false, true]}"]
        out = self.tuned(*recipes)
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual([unit["activation"]["algorithm"] for unit in plan["units"]], ["given"] * 3)
        self.assertEqual(plan["preparation"], "none")
        # Every candidate of a search that goes on, equalized ones too, is a model that ONNX Runtime runs alike.
        out = self.tuned(*recipes, "--set", "tuning.accuracy_criterion={absolute: -0.9}", code=GOAL_MISSED, name="all")
        self.assert_runs_alike(out / "best.onnx")

    def test_training_is_refused_by_name(self):
        self.prepare(True)
        done = halftone("tune", self.folder / "net.yaml", "--set", f"model.path={self.folder / 'net.onnx'}",
                        "--workspace", self.folder / "none", cwd=self.folder)
        self.assert_refused(done, USAGE, "Halftone does not train")


if __name__ == "__main__":
    main()
