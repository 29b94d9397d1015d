"""A best.yaml rebuilds its best.onnx bit for bit; recipes win back what they are for; what does not fit is refused."""
import json

import yaml

from halftone_cli import (DEMO, DEMO_MODEL, GOAL_MISSED, MODEL, OK, OUT_OF_REACH, USAGE, SystemTest, halftone, main,
                          records, settings)

RECIPES = "quantization.recipes."
EVERYTHING = ["--set", RECIPES + "cross_layer_equalization=True", "--set", RECIPES + "fast_bias_correction=True",
              "--set", RECIPES + "weight_correction=True",
              "--set", "quantization.model_wise={activation: {scheme: sym, algorithm: percentile, percentile: 99.9},"
                       " weight: {algorithm: mse, bit: 6.5}}"]


class TuneTest(SystemTest):
    # What a plan rebuilds does not depend on the accuracy: few images will do.
    def tuned(self, *words, trials=1, goal=OUT_OF_REACH, ranks=None, name="out", images=100):
        workspace = self.folder / name
        # The same bits on every machine: without VNNI the default would be fewer.
        done = halftone("tune", DEMO, *settings(images=images, trials=trials, goal=goal),
                        "--set", "quantization.reduce_range=off", *words, "--workspace", workspace, ranks=ranks)
        self.assertIn(done.code, (OK, GOAL_MISSED), done.err)
        return workspace


class Quantize(TuneTest):
    def rebuilt(self, workspace, plan=None):
        done = halftone("quantize", DEMO_MODEL, "--plan", plan or workspace / "best.yaml", "--output",
                        self.folder / "rebuilt.onnx")
        return done, self.folder / "rebuilt.onnx"

    def check_rebuilds(self, workspace):
        done, onnx = self.rebuilt(workspace)
        self.assert_code(OK, done)
        self.assertEqual(onnx.read_bytes(), (workspace / "best.onnx").read_bytes())

    def test_a_plan_rebuilds_its_model(self):
        self.check_rebuilds(self.tuned(trials=12))

    def test_a_plan_with_every_correction_rebuilds_its_model(self):
        workspace = self.tuned(*EVERYTHING)
        plan = yaml.safe_load((workspace / "best.yaml").read_text())
        self.assertEqual(len(plan["equalization"]), 9)  # one in each residual block
        self.assertEqual({row["unit"] for row in plan["corrections"]}, {unit["name"] for unit in plan["units"]})
        self.assertEqual(plan["units"][0]["activation"]["percentile"], 99.9)
        self.assertEqual(plan["units"][0]["weight"]["bit"], 6.5)
        self.check_rebuilds(workspace)

    def test_asymmetric_weights_rebuild_their_model_and_are_marked(self):
        workspace = self.tuned("--set", "quantization.model_wise.weight={scheme: asym, granularity: per_tensor}")
        plan = yaml.safe_load((workspace / "best.yaml").read_text())
        self.assertTrue(all(unit["accelerated"] is False for unit in plan["units"]))
        self.assertTrue(any(t["dtype"] == "int8" and t["zero_point"] != [0] for t in plan["tensors"]))
        self.check_rebuilds(workspace)

    def test_corrected_results_do_not_depend_on_ranks(self):
        alone = self.tuned(*EVERYTHING, name="alone")
        many = self.tuned(*EVERYTHING, name="many", ranks=3)
        for name in ("best.onnx", "best.yaml"):
            self.assertEqual((alone / name).read_bytes(), (many / name).read_bytes(), name)

    def test_bench_takes_a_plan(self):
        workspace = self.tuned()
        done = halftone("bench", DEMO_MODEL, "--plan", workspace / "best.yaml", "--rounds", 1, "--json")
        self.assert_code(OK, done)
        steps = json.loads(done.out)["units"]
        self.assertTrue(any(step.get("dtype") == "int8" for step in steps))

    def test_what_does_not_fit_is_refused_with_its_place(self):
        workspace = self.tuned()
        good = (workspace / "best.yaml").read_text()
        hash_line = next(line for line in good.splitlines() if line.startswith("model:"))
        for change, words in {
            (hash_line, 'model: "0123456789abcdef"'): "is not the hash of this model",
            ("format: 1", "format: 7"): "format must be 1",
            ("scale: [", "scale: [-"): "must have scales > 0",
            ("scheme: asym", "scheme: odd"): "must be one of: asym sym",
            ("tensors:", "tensores:"): "tensores is unknown",
        }.items():
            with self.subTest(change=change[1]):
                plan = self.folder / "changed.yaml"
                plan.write_text(good.replace(change[0], change[1], 1))
                self.assertNotEqual(plan.read_text(), good)
                done, onnx = self.rebuilt(workspace, plan)
                self.assert_code(USAGE, done)
                self.assertRegex(done.errors()[0], r"changed\.yaml:\d+:\d+: ")
                self.assertIn(words, done.errors()[0])
                self.assertFalse(onnx.exists())
        self.assert_code(USAGE, self.rebuilt(workspace, self.folder / "none.yaml")[0])
        self.assert_code(MODEL, halftone("quantize", self.folder / "none.onnx", "--plan", workspace / "best.yaml",
                                         "--output", self.folder / "x.onnx"))


class Recipes(TuneTest):
    """On the demo model: its channels' ranges differ by up to 2^8 within a tensor."""

    PER_TENSOR = ["--set", "quantization.model_wise={activation: {algorithm: minmax, scheme: asym},"
                           " weight: {granularity: per_tensor}}"]

    def accuracies(self, *words, name, images=500):
        workspace = self.tuned(*words, name=name, images=images)
        baseline, = records(workspace, "baseline")
        return baseline["accuracy"], records(workspace, "trial")[0]["accuracy"]

    off = None  # baseline and accuracy without a recipe, which all tests of this class compare with

    def check_wins_back_half(self, recipe):
        if Recipes.off is None:
            Recipes.off = self.accuracies(*self.PER_TENSOR, name="off")
        baseline, off = Recipes.off
        _, on = self.accuracies(*self.PER_TENSOR, "--set", RECIPES + recipe + "=True", name="on")
        self.assertGreater(baseline - off, 0.1)
        self.assertLessEqual(baseline - on, 0.5 * (baseline - off), f"{recipe}: {off} -> {on} of {baseline}")

    def test_fast_bias_correction(self):
        self.check_wins_back_half("fast_bias_correction")

    def test_bias_correction(self):
        self.check_wins_back_half("bias_correction")

    def test_weight_correction(self):
        self.check_wins_back_half("weight_correction")

    def test_cross_layer_equalization_leaves_the_float_model_and_spares_fallbacks(self):
        plain, _ = self.accuracies(name="plain", images=2000)
        baseline, trial = self.accuracies("--set", RECIPES + "cross_layer_equalization=True", name="equalized", images=2000)
        self.assertEqual(baseline, plain)
        self.assertLessEqual(baseline - trial, 0.001)

    def test_both_bias_corrections_at_once_are_refused(self):
        done = halftone("tune", DEMO, "--set", RECIPES + "bias_correction=True", "--set",
                        RECIPES + "fast_bias_correction=True", "--workspace", self.folder / "none")
        self.assert_code(USAGE, done)
        self.assertIn("exclude each other", done.errors()[0])


if __name__ == "__main__":
    main()
