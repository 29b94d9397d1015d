"""scripts/certify.py: a delivered model is certified, a tampered one is not and the reason is named. Run by a Python that
has both runtimes, after full_size_test.py."""
import json
import shutil
import subprocess
import sys

import h5py
import numpy
import onnx
from onnx import TensorProto, helper

from first_hour_test import write_model, write_picture_model
from halftone_cli import BUILD, IO, MODEL, OK, PROGRAM, SOURCE, USAGE, Finished, SystemTest, halftone, main

sys.path.insert(0, str(SOURCE / "scripts"))
sys.path.insert(0, str(SOURCE / "scripts/bench"))
import certify_layers  # noqa: E402
import certify_metrics  # noqa: E402
import peer_worker  # noqa: E402

WORKSPACE = BUILD / "system_full_size"
NOT_CERTIFIED = 6


def certify(*words, program=PROGRAM, samples=300):
    fewer = ["--samples", str(samples)] if samples else []
    done = subprocess.run([sys.executable, SOURCE / "scripts/certify.py", *map(str, words), "--halftone", program, *fewer],
                          capture_output=True, text=True, check=False, timeout=300)
    return Finished(done.returncode, done.stdout, done.stderr)


def without_quantization_behind(model, conv):
    """The graph in which readers of a convolution's codes read its real output."""
    output = next(node for node in model.graph.node if node.name == conv).output[0]
    quantize = next(node for node in model.graph.node if node.op_type == "QuantizeLinear" and node.input[0] == output)
    dequantize = next(node for node in model.graph.node if node.input and node.input[0] == quantize.output[0])
    for node in model.graph.node:
        for i, value in enumerate(node.input):
            if value == dequantize.output[0]:
                node.input[i] = output
    model.graph.node.remove(quantize)
    model.graph.node.remove(dequantize)


class Certify(SystemTest):
    def setUp(self):
        super().setUp()
        for name in ("best.onnx", "best.yaml", "run.yaml"):
            shutil.copy(WORKSPACE / name, self.folder)

    def test_a_delivered_model_is_certified(self):
        done = certify(WORKSPACE / "best.onnx", "--json")
        self.assert_code(OK, done)
        report = json.loads(done.out)
        self.assertEqual([(row["runtime"], row["batch"]) for row in report["agreement"]],
                         [("onnxruntime", 1), ("onnxruntime", 50), ("openvino", 1), ("openvino", 50)])
        for row in report["agreement"]:
            self.assertEqual(set(row["metrics"]), {"topk"})
            self.assertIsNotNone(row["metrics"]["topk"]["ours"])
        self.assertEqual(report["unconfirmed"], {})
        self.assertEqual(report["layers_in_float"], {"onnxruntime": [], "openvino": []})
        self.assertEqual(set(report["latency"]), {"onnxruntime", "openvino", "halftone"})

    def test_a_layer_that_lost_its_quantization_is_named_with_its_rule(self):
        model = onnx.load(self.folder / "best.onnx")
        quantized = {node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
        conv = next(node.name for node in model.graph.node
                    if node.op_type == "Conv" and node.output[0] in quantized and "dequantized" in node.input[1])
        without_quantization_behind(model, conv)
        onnx.save(model, self.folder / "best.onnx")
        done = certify(self.folder / "best.onnx")
        self.assert_code(NOT_CERTIFIED, done)
        self.assertIn(f"not certified: onnxruntime runs {conv} in float: E.4", done.out)
        self.assertIn("NOT CERTIFIED", done.out)

    def test_runtimes_get_inputs_of_the_models_own_types(self):
        ports = [(name, ["N", 3], peer_worker.onnx_dtype(f"tensor({name})")) for name in ("float", "int8", "int64", "bool")]
        found = {name: (array.dtype.name, array.shape) for name, array in peer_worker.inputs_of(ports, 2).items()}
        self.assertEqual(found, {name: ("float32" if name == "float" else name, (2, 3)) for name, *_ in ports})

    def test_what_is_missing_is_an_error(self):
        self.assert_code(MODEL, certify(self.folder / "none.onnx"))
        self.assert_code(USAGE, certify(self.folder / "best.onnx", program="/nowhere/halftone"))
        (self.folder / "best.yaml").unlink()
        done = certify(self.folder / "best.onnx")
        self.assert_code(IO, done)
        self.assertIn("best.yaml: no such file", done.errors()[0])


CONFIG = """
model: {{path: model.onnx}}
quantization:
  calibration: {{sampling_size: 20, dataloader: &data {{dataset: {dataset}}}}}
evaluation:
  accuracy: {{metric: {metric}, dataloader: *data}}
tuning: {{strategy: {{name: basic}}, accuracy_criterion: {{absolute: 100}}, exit_policy: {{max_trials: 1}}}}
"""


def write_map_model(path, channels=3):
    """Two convolutions; as many output channels as asked for, one number for each pixel."""
    random = numpy.random.default_rng(3)
    nodes = [helper.make_node("Conv", ["image", "w1"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
             helper.make_node("Conv", ["r1", "w2"], ["map"], "conv2", pads=[1, 1, 1, 1])]
    write_model(path, nodes, [("image", TensorProto.FLOAT, ["N", 3, 8, 8])],
                [("map", TensorProto.FLOAT, ["N", channels, 8, 8])],
                {"w1": random.normal(0, 0.3, (8, 3, 3, 3)).astype(numpy.float32),
                 "w2": random.normal(0, 0.3, (channels, 8, 3, 3)).astype(numpy.float32)})


class Metrics(SystemTest):
    """Halftone's values by certify_metrics.py, which shares no code with them; and whole certificates."""

    def setUp(self):
        super().setUp()
        random = numpy.random.default_rng(5)
        self.images = random.normal(size=(60, 3, 8, 8)).astype(numpy.float32)
        numpy.save(self.folder / "image.npy", self.images)
        numpy.save(self.folder / "classes.npy", random.integers(0, 5, 60))
        numpy.save(self.folder / "area.npy", random.integers(0, 3, (60, 8, 8)))
        numpy.save(self.folder / "real.npy", random.normal(size=(60, 1, 8, 8)).astype(numpy.float32))

    def write_config(self, metric, target):
        dataset = f"{{Numpy: {{inputs: {{image: image.npy}}, targets: {{label: {target}.npy}}}}}}"
        (self.folder / "c.yaml").write_text(CONFIG.format(dataset=dataset, metric=metric))

    def test_the_definitions_agree(self):
        write_picture_model(self.folder / "classes.onnx", classes=5)
        write_map_model(self.folder / "area.onnx", channels=3)
        write_map_model(self.folder / "real.onnx", channels=1)
        for target, name, settings in (
                ("classes", "topk", {"k": 1}), ("classes", "topk", {"k": 3}), ("classes", "Accuracy", {}),
                ("classes", "F1", {}), ("classes", "F1", {"average": "micro"}), ("classes", "F1", {"average": "weighted"}),
                ("area", "Accuracy", {}), ("area", "mIOU", {"num_classes": 3}), ("area", "F1", {"average": "macro"}),
                ("real", "MSE", {}), ("real", "RMSE", {}), ("real", "MAE", {}), ("real", "PSNR", {"peak": 2.0})):
            with self.subTest(metric=name, settings=settings):
                self.write_config(json.dumps({name: settings}), target)
                done = halftone("eval", "c.yaml", "--set", f"model.path={self.folder / target}.onnx", "--json",
                                "--logits", "out.npy", cwd=self.folder)
                self.assert_code(OK, done)
                (judge,), unknown = certify_metrics.judges_of({"metric": {name: settings}})
                self.assertEqual(unknown, {})
                shape = {"classes": (60, 5), "area": (60, 3, 8, 8), "real": (60, 1, 8, 8)}[target]
                value = judge.value({"y": numpy.load(self.folder / "out.npy").reshape(shape)},
                                    {"label": numpy.load(self.folder / f"{target}.npy")})
                self.assertAlmostEqual(value, json.loads(done.out)["accuracy"], 9)

    def certificate(self, metric, target):
        self.write_config(metric, target)
        tuned = halftone("tune", "c.yaml", "--workspace", "out", cwd=self.folder)
        self.assert_code(OK, tuned)
        done = certify(self.folder / "out/best.onnx", "--json", samples=None)
        return done, json.loads(done.out)

    def test_a_regression_is_compared_by_its_error(self):
        write_map_model(self.folder / "model.onnx", channels=1)
        done, report = self.certificate("{MSE: {}}", "real")
        self.assertEqual(report["reasons"], [], done.out)
        for row in report["agreement"]:
            pair = row["metrics"]["MSE"]
            self.assertAlmostEqual(pair["value"] / pair["ours"], 1, 1)

    def test_a_convolution_that_makes_an_output_may_be_in_float(self):
        write_map_model(self.folder / "model.onnx", channels=1)
        done, report = self.certificate("{MSE: {}}", "real")
        self.assert_code(OK, done)
        self.assertEqual(report["layers_in_float"], {"onnxruntime": [
            {"unit": "conv2", "rule": "it makes 'map', an output of the model, which stays a real number",
             "by_design": True}], "openvino": []})
        done = certify(self.folder / "out/best.onnx", samples=None)
        self.assert_code(OK, done)
        self.assertIn("onnxruntime: conv2: it makes 'map', an output of the model", done.out)
        # The convolution before it may not: its plan says codes, so a file without the Q breaks a rule.
        model = onnx.load(self.folder / "out/best.onnx")
        without_quantization_behind(model, "conv1")
        self.assertIsNone(certify_layers.reason_by_design(model, {"name": "conv1", "op": "Conv", "output": "uint8"}))
        self.assertIn("E.4", certify_layers.broken_rule(model, "conv1"))

    def test_int8_activations_that_the_models_own_file_gives_are_no_fault(self):
        given = {"dtype": "int8", "algorithm": "given"}
        for activation, is_by_design in ((given, True), ({**given, "algorithm": "kl"}, False), ({**given, "dtype": "uint8"}, False)):
            why = certify_layers.reason_by_design(onnx.ModelProto(),
                                                  {"name": "x", "op": "Conv", "output": "int8", "activation": activation})
            self.assertEqual(why is not None, is_by_design)

    def test_a_convolution_in_front_of_the_tail_may_be_in_float(self):
        write_map_model(self.folder / "model.onnx", channels=1)
        model = onnx.load(self.folder / "model.onnx")
        model.graph.node.append(helper.make_node("NonZero", ["map"], ["places"], "nonzero"))
        model.graph.node.append(helper.make_node("Sigmoid", ["map"], ["share"], "sigmoid"))
        del model.graph.output[:]
        model.graph.output.extend([helper.make_tensor_value_info("share", TensorProto.FLOAT, ["N", 1, 8, 8]),
                                   helper.make_tensor_value_info("places", TensorProto.INT64, [4, "K"])])
        onnx.save(model, self.folder / "model.onnx")
        _, report = self.certificate("{MSE: {output: share}}", "real")
        self.assertEqual([layer["by_design"] for layer in report["layers_in_float"]["onnxruntime"]], [True])
        self.assertEqual([reason for reason in report["reasons"] if "float" in reason], [])

    def test_areas_and_several_metrics(self):
        write_map_model(self.folder / "model.onnx", channels=3)
        _, report = self.certificate("{mIOU: {num_classes: 3}}", "area")
        self.assertEqual([set(row["metrics"]) for row in report["agreement"]], [{"mIOU"}] * len(report["agreement"]))
        self.assertEqual(report["unconfirmed"], {})

    def test_data_without_labels_by_agreement_in_hdf5(self):
        write_picture_model(self.folder / "model.onnx", classes=5)
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["image"] = self.images
        dataset = "{HDF5: {path: data.h5, inputs: {image: image}}}"
        (self.folder / "c.yaml").write_text(CONFIG.format(dataset=dataset, metric="{agreement: {}}"))
        self.assert_code(OK, halftone("tune", "c.yaml", "--workspace", "out", cwd=self.folder))
        report = json.loads(certify(self.folder / "out/best.onnx", "--json", samples=None).out)
        row = report["agreement"][0]
        self.assertGreater(row["metrics"]["agreement"]["value"], 0.8)
        self.assertEqual(report["unconfirmed"], {})

    def test_what_cannot_be_confirmed_is_named(self):
        write_picture_model(self.folder / "model.onnx", classes=1)
        numpy.save(self.folder / "two.npy", (numpy.arange(60) % 2).astype(numpy.int64))
        done, report = self.certificate("{ROC: {}}", "two")
        self.assertEqual(done.code, NOT_CERTIFIED)
        self.assertEqual(list(report["unconfirmed"]), ["ROC"])
        self.assertIn("ROC cannot be confirmed", report["reasons"][0])


if __name__ == "__main__":
    main()
