"""Models that TensorFlow, PyTorch and MXNet made are imported by these frameworks themselves, compared with ONNX Runtime's
reading of the same file, and tuned. Each part is skipped where scripts/setup.sh has not installed its framework."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy
import onnx

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

    def test_a_quantized_tflite_is_the_same_bit_for_bit(self):
        path = self.import_net("mini_int8.tflite")
        said = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
        self.assertEqual(said["halftone.import.error"], "0e+00")

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
