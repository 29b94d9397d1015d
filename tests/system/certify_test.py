"""scripts/certify.py: a delivered model is certified, a tampered one is not and the reason is named. Run by a Python that
has both runtimes, after full_size_test.py."""
import json
import shutil
import subprocess
import sys

import onnx

from halftone_cli import BUILD, IO, MODEL, OK, PROGRAM, SOURCE, USAGE, Finished, SystemTest, main

WORKSPACE = BUILD / "system_full_size"
NOT_CERTIFIED = 6


def certify(*words, program=PROGRAM):
    done = subprocess.run([sys.executable, SOURCE / "scripts/certify.py", *map(str, words), "--halftone", program,
                           "--samples", "300"], capture_output=True, text=True, check=False, timeout=300)
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

    def test_what_is_missing_is_an_error(self):
        self.assert_code(MODEL, certify(self.folder / "none.onnx"))
        self.assert_code(USAGE, certify(self.folder / "best.onnx", program="/nowhere/halftone"))
        (self.folder / "best.yaml").unlink()
        done = certify(self.folder / "best.onnx")
        self.assert_code(IO, done)
        self.assertIn("best.yaml: no such file", done.errors()[0])


if __name__ == "__main__":
    main()
