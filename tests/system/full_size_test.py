"""The bundled main job as its user runs it: all 10,000 images, 3 ranks. Leaves its workspace and the logits of
best.onnx for the comparison with ONNX Runtime."""
import gzip
import json
import shutil

import numpy
import onnx
import yaml
from onnx import numpy_helper

from halftone_cli import BUILD, DEMO, DEMO_MODEL, OK, SystemTest, halftone, main, records

WORKSPACE = BUILD / "system_full_size"
LABELS = "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz"


def labels():
    with gzip.open(LABELS) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=8)


class MainJob(SystemTest):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORKSPACE, ignore_errors=True)
        cls.tuned = halftone("tune", DEMO, "--workspace", WORKSPACE, ranks=3, timeout=900)
        cls.evaluated = halftone("eval", DEMO, "--model", WORKSPACE / "best.onnx", "--json", "--logits",
                                 WORKSPACE / "logits.npy")

    def best(self):
        return yaml.safe_load((WORKSPACE / "best.yaml").read_text())

    def test_meets_its_goal_by_a_search_of_ten_or_more_trials(self):
        self.assert_code(OK, self.tuned)
        trials = records(WORKSPACE, "trial")
        self.assertGreaterEqual(len(trials), 10)
        self.assertEqual({trial["samples"] for trial in trials}, {10000})
        [baseline], [end] = records(WORKSPACE, "baseline"), records(WORKSPACE, "end")
        self.assertEqual((end["reason"], end["goal_met"], end["best"]), ("goal_met", True, len(trials) - 1))
        self.assertGreaterEqual(baseline["accuracy"], 0.91)
        self.assertLessEqual(baseline["correct"] - trials[-1]["correct"], 30)
        self.assertEqual([trial["verdict"] for trial in trials], ["fail"] * (len(trials) - 1) + ["pass"])

    def test_keeps_at_least_15_of_21_convolutions_in_int8(self):
        graph = onnx.load(WORKSPACE / "best.onnx").graph
        makers = {output: node for node in graph.node for output in node.output}
        tensors = {tensor.name: tensor for tensor in graph.initializer}
        convs = [node for node in graph.node if node.op_type == "Conv"]
        weights = [makers[conv.input[1]] for conv in convs if conv.input[1] in makers]
        in_int8 = [node for node in weights if node.op_type == "DequantizeLinear"
                   and numpy_helper.to_array(tensors[node.input[0]]).dtype == numpy.int8]
        self.assertEqual(len(convs), 21)
        self.assertGreaterEqual(len(in_int8), 15)
        self.assertLess(len(in_int8), 21, "the demo's goal should need a fallback")

        units = [unit for unit in self.best()["units"] if unit["op"] == "Conv"]
        self.assertEqual(len(units), 21)
        self.assertEqual(sum(unit["weight"]["dtype"] == "int8" for unit in units), len(in_int8))
        for unit in self.best()["units"]:
            self.assertEqual(unit["why"] == "", unit["weight"]["dtype"] == "int8", unit["name"])

    def test_eval_gives_the_journals_accuracy(self):
        self.assert_code(OK, self.evaluated)
        score, winner = json.loads(self.evaluated.out), records(WORKSPACE, "trial")[-1]
        self.assertEqual((score["accuracy"], score["correct"], score["samples"]),
                         (winner["accuracy"], winner["correct"], winner["samples"]))
        self.assertEqual(self.best()["accuracy"], winner["accuracy"])
        self.assertLess(score["ci95"][0], score["accuracy"])
        self.assertGreater(score["ci95"][1], score["accuracy"])

    def test_the_logits_hold_that_accuracy(self):
        logits = numpy.load(WORKSPACE / "logits.npy", allow_pickle=False)
        self.assertEqual((logits.shape, logits.dtype), ((10000, 10), numpy.float32))
        correct = int((logits.argmax(axis=1) == labels()).sum())  # argmax: the lowest index wins a tie, as topk does
        self.assertEqual(correct, json.loads(self.evaluated.out)["correct"])

    def test_eval_of_the_configs_own_model_gives_the_baseline(self):
        done = halftone("eval", DEMO, "--json")
        self.assert_code(OK, done)
        [baseline] = records(WORKSPACE, "baseline")
        self.assertEqual(json.loads(done.out)["correct"], baseline["correct"])

    def test_the_result_is_about_half_the_size_or_less(self):
        # Without VNNI weights have 6 bits, and more units fall back.
        isa = self.best()["isa"]
        has_vnni = "vnni" in isa or isa.startswith(("avx512_core_bf16", "avx512_core_fp16", "avx512_core_amx"))
        share = 0.5 if has_vnni else 0.65
        self.assertLess((WORKSPACE / "best.onnx").stat().st_size, DEMO_MODEL.stat().st_size * share)


if __name__ == "__main__":
    main()
