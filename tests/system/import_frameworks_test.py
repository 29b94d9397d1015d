"""Models that TensorFlow, PyTorch and MXNet made are imported by these frameworks themselves, compared with ONNX Runtime's
reading of the same file, and tuned. Each part is skipped where scripts/setup.sh has not installed its framework."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy
import onnx
import yaml

from halftone_cli import DEPS, MODEL, OK, SOURCE, USAGE, SystemTest, environment, halftone, main

NETS = SOURCE / "tests/system/import_nets.py"
MXNET = SOURCE / "tests/golden/import/mxnet"


def has_packages(python, *packages):
    code = "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(p) is None for p in sys.argv[1:]))"
    try:
        return subprocess.run([python, "-c", code, *packages], check=False, timeout=60).returncode == 0
    except OSError:
        return False


class FrameworkTest(SystemTest):
    python, framework, nets = None, None, None

    @classmethod
    def make_nets(cls, python, framework):
        holder = tempfile.TemporaryDirectory(prefix="halftone_nets_")
        cls.addClassCleanup(holder.cleanup)
        cls.nets = Path(holder.name)
        subprocess.run([python, NETS, framework, cls.nets], check=True, timeout=900, capture_output=True)

    def setUp(self):
        super().setUp()
        self.env = environment(HALFTONE_DEPS_DIR=str(DEPS), HALFTONE_IMPORT_CACHE=str(self.folder / "cache"))

    def import_net(self, name, *words):
        output = self.folder / (name.replace(".", "_") + ".onnx")
        done = halftone("import", self.nets / name, "--output", output, *words, env=self.env, timeout=900)
        self.assert_code(OK, done)
        said = {entry.key: entry.value for entry in onnx.load(output).metadata_props}
        self.assertLessEqual(float(said["halftone.import.error"]), 1e-4)
        return output

    def batch_names(self, path):
        graph = onnx.load(path).graph
        return {port.type.tensor_type.shape.dim[0].dim_param for port in [*graph.input, *graph.output]}


@unittest.skipUnless(has_packages(DEPS / "tensorflow/bin/python3", "tensorflow", "tf2onnx"),
                     "no TensorFlow: scripts/setup.sh --with-tensorflow")
class TensorFlow(FrameworkTest):
    @classmethod
    def setUpClass(cls):
        cls.make_nets(DEPS / "tensorflow/bin/python3", "tensorflow")

    def test_every_form_of_one_net(self):
        for name in ("mini.keras", "mini.h5", "mini_saved", "mini.pb", "mini.tflite"):
            with self.subTest(name=name):
                path = self.import_net(name)
                # Also in the TFLite file, whose shape_signature leaves the batch open.
                self.assertEqual(self.batch_names(path), {"N"})
                shape = onnx.load(path).graph.input[0].type.tensor_type.shape
                self.assertEqual([dim.dim_value for dim in shape.dim][1:], [32, 32, 3], "NHWC stays")
                shown = halftone("inspect", path)
                self.assert_code(OK, shown)
                self.assertIn("units by type", shown.out)
                if name == "mini.pb":
                    names = {unit["name"] for unit in json.loads(halftone("inspect", path, "--json").out)["units"]}
                    self.assertLessEqual({"mini_1/stem_1/convolution", "mini_1/dw0_1/depthwise", "mini_1/fc_1/MatMul"}, names,
                                         "LPOT's configs have TensorFlow's names")

    def test_a_quantized_tflite_is_the_same_bit_for_bit(self):
        path = self.import_net("mini_int8.tflite")
        said = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
        self.assertEqual(said["halftone.import.error"], "0e+00")

    def test_dynamic_range_weights_become_a_float_model(self):
        self.import_net("mini_dynamic.tflite")

    def test_a_quantized_tflite_is_tuned_further_from_what_it_gives(self):
        numpy.save(self.folder / "x.npy", numpy.random.default_rng(1).integers(-90, 90, (32, 32, 32, 3)).astype(numpy.int8))
        path = self.import_net("mini_int8.tflite")
        data = f"{{dataset: {{Numpy: {{inputs: {{'serving_default_image:0': {self.folder}/x.npy}}}}}}}}"
        config = self.folder / "c.yaml"
        config.write_text(f"""
model: {{name: mini, framework: onnxrt_qlinearops, path: {path}}}
quantization:
  approach: quant_aware_training
  calibration: {{sampling_size: 16, dataloader: {data}}}
evaluation: {{accuracy: {{metric: {{agreement: {{}}}}, dataloader: {data}}}}}
tuning: {{accuracy_criterion: {{absolute: 0.5}}, exit_policy: {{max_trials: 4}}}}
""")

        def algorithms(name):
            done = halftone("tune", config, "--workspace", self.folder / name, env=self.env, timeout=900)
            self.assert_code(OK, done)
            self.assert_code(OK, halftone("certify", self.folder / name / "best.onnx", env=self.env, timeout=900))
            plan = yaml.safe_load((self.folder / name / "best.yaml").read_text())
            return {unit["name"]: unit["activation"].get("algorithm", "fp32") for unit in plan["units"]}

        kept = algorithms("kept")
        self.assertEqual(set(kept.values()), {"given"}, "the input's codes and those behind the pooling are kept, too")
        dw1, down0 = (next(name for name in kept if part in name) for part in ("dw1", "down0"))
        rules = {"*/dw1_1/*": {"activation": {"dtype": ["fp32"]}, "weight": {"dtype": ["fp32"]}},
                 "*/down0_1/*": {"activation": {"algorithm": ["kl"]}}}
        wish = yaml.safe_load(config.read_text())
        wish["quantization"]["op_wise"] = rules
        config.write_text(yaml.safe_dump(wish))
        more = algorithms("more")
        self.assertEqual(more, {**kept, dw1: "fp32", down0: "kl"})

    def test_twice_gives_the_same_bytes(self):
        first = self.import_net("mini.keras").read_bytes()
        self.assertEqual(self.import_net("mini.keras").read_bytes(), first)

    def test_a_lambda_layer_is_refused(self):
        done = halftone("import", self.nets / "lambda.keras", "--output", self.folder / "m.onnx", env=self.env, timeout=900)
        self.assert_refused(done, MODEL, "Lambda")

    def test_tune_a_config_of_lpot(self):
        config = self.folder / "c.yaml"
        config.write_text(f"""
model: {{name: mini, framework: tensorflow, path: {self.nets}/mini.pb, inputs: image, outputs: Identity}}
quantization:
  calibration: {{sampling_size: 4, dataloader: {{batch_size: 2, dataset: {{dummy: {{shape: [8, 32, 32, 3]}}}}}}}}
""")
        done = halftone("tune", config, "--workspace", self.folder / "out", env=self.env, ranks=2, timeout=900)
        self.assert_code(OK, done)
        self.assertTrue((self.folder / "out/best.onnx").exists())


@unittest.skipUnless(has_packages("/usr/bin/python3", "torch"), "no PyTorch: scripts/setup.sh --with-torch")
class TorchScript(FrameworkTest):
    @classmethod
    def setUpClass(cls):
        cls.make_nets("/usr/bin/python3", "torch")

    def test_scripted_traced_and_of_tokens(self):
        for name, shape in (("scripted.pt", "input=1,3,32,32"), ("traced.pt", "input=1,3,32,32"), ("tokens.pt", "input=1,7")):
            with self.subTest(name=name):
                self.assertEqual(self.batch_names(self.import_net(name, "--shape", shape)), {"N"})

    def test_attention_that_merges_heads_with_the_batch_has_the_batch_of_the_shape(self):
        for batch in (1, 3):
            path = self.import_net("attention.pt", "--shape", f"x={batch},7,16")
            graph = onnx.load(path).graph
            for port, shape in ((graph.input[0], [batch, 7, 16]), (graph.output[0], [batch, 5])):
                self.assertEqual([dim.dim_value for dim in port.type.tensor_type.shape.dim], shape)

    def test_asks_for_the_shape(self):
        done = halftone("import", self.nets / "traced.pt", "--output", self.folder / "m.onnx", env=self.env, timeout=900)
        self.assert_refused(done, USAGE, "--shape input=")

    def test_a_state_dict_is_refused_without_loading_it(self):
        done = halftone("import", self.nets / "weights.pth", "--output", self.folder / "m.onnx", env=self.env)
        self.assert_refused(done, MODEL, "torch.export.save(")


TORCH_2 = os.environ.get("HALFTONE_TORCH_PYTHON", str(DEPS / "torch/bin/python3"))


@unittest.skipUnless(has_packages(TORCH_2, "torch", "onnxscript"), "no torch 2: name a Python in HALFTONE_TORCH_PYTHON")
class TorchProgram(FrameworkTest):
    @classmethod
    def setUpClass(cls):
        cls.make_nets(TORCH_2, "torch")

    def test_an_exported_program(self):
        self.assertEqual(self.batch_names(self.import_net("program.pt2", "--python", TORCH_2)), {"N"})


@unittest.skipUnless(has_packages(DEPS / "mxnet/bin/python3", "mxnet"), "no MXNet: scripts/setup.sh --with-mxnet")
class Mxnet(FrameworkTest):
    nets = MXNET

    def test_what_was_read_is_compared_with_mxnet(self):
        for name, shape in (("module", "1,3,31,30"), ("gluon", "1,3,32,32"), ("attention", "1,5,12")):
            with self.subTest(name=name):
                self.import_net(f"{name}-symbol.json", "--shape", f"data={shape}")


if __name__ == "__main__":
    main()
