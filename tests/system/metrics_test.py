"""Metrics through the program: every metric by an independent NumPy formula, losses, multi_metrics, the user's command."""
import json
import shutil
import sys

import numpy
import yaml

from halftone_cli import (DEMO, GOAL_MISSED, MODEL, OK, SOURCE, USAGE, SystemTest, halftone, main, outcome, records,
                          settings)

COMMAND = SOURCE / "configs/examples/my_metric.py"


def metric(text):
    return ["--set", f"evaluation.accuracy.metric={text}"]


class Metrics(SystemTest):
    def evaluate(self, *words):
        done = halftone("eval", DEMO, *settings(images=100), *words, "--json")
        self.assert_code(OK, done)
        return json.loads(done.out)

    def test_equal_independent_formulas_on_the_same_logits(self):
        saved = ["--logits", self.folder / "logits.npy", "--save-inputs", self.folder / "inputs"]
        topk = self.evaluate(*saved)
        logits, labels = numpy.load(self.folder / "logits.npy"), numpy.load(self.folder / "inputs/labels.npy")
        right = logits.argmax(axis=1) == labels
        self.assertEqual(topk["correct"], right.sum())
        self.assertEqual(topk["metrics"], {"topk": topk["accuracy"]})
        self.assertEqual(self.evaluate(*metric("{Accuracy: }"))["accuracy"], right.mean())
        scores = []
        for c in numpy.unique(numpy.concatenate([labels, logits.argmax(axis=1)])):
            hits = ((logits.argmax(axis=1) == c) & (labels == c)).sum()
            scores.append(2 * hits / ((logits.argmax(axis=1) == c).sum() + (labels == c).sum()))
        self.assertAlmostEqual(self.evaluate(*metric("{F1: }"))["accuracy"], numpy.mean(scores), 12)

    def test_agreement_compares_a_file_with_the_config_s_model(self):
        self.assertEqual(self.evaluate(*metric("{agreement: }"))["accuracy"], 1)
        done = halftone("tune", DEMO, *settings(images=100, trials=1), *metric("{agreement: {by: sqnr}}"),
                        "--set", "tuning.accuracy_criterion={absolute: 99}", "--workspace", self.folder / "out")
        self.assert_code(OK, done)
        best = yaml.safe_load((self.folder / "out/best.yaml").read_text())
        again = self.evaluate(*metric("{agreement: {by: sqnr}}"), "--model", self.folder / "out/best.onnx")
        self.assertAlmostEqual(again["accuracy"], best["accuracy"], 6)
        self.evaluate("--logits", self.folder / "fp32.npy")
        self.evaluate("--logits", self.folder / "best.npy", "--model", self.folder / "out/best.onnx")
        fp32, quantized = (numpy.load(self.folder / f"{name}.npy").astype(float) for name in ("fp32", "best"))
        expected = 10 * numpy.log10((fp32**2).sum() / ((fp32 - quantized)**2).sum())
        self.assertAlmostEqual(best["accuracy"], expected, 6)

    def test_the_loss_has_a_paired_interval_everywhere_and_is_the_same_for_any_number_of_ranks(self):
        results = []
        for ranks in (None, 3):
            done = halftone("tune", DEMO, *settings(trials=3, goal=0.2), "--workspace", self.folder / "out", ranks=ranks)
            self.assert_code(OK, done)
            [baseline] = records(self.folder / "out", "baseline")
            trial = records(self.folder / "out", "trial")[0]
            self.assertEqual(trial["metrics"], {"topk": trial["accuracy"]})
            self.assertAlmostEqual(trial["loss"], baseline["accuracy"] - trial["accuracy"], 12)
            low, high = trial["loss_ci95"]
            self.assertTrue(low <= trial["loss"] <= high)
            best = yaml.safe_load((self.folder / "out/best.yaml").read_text())
            self.assertEqual(best["metrics"], trial["metrics"])
            self.assertEqual(best["loss"], {"value": trial["loss"], "ci95": trial["loss_ci95"]})
            self.assertRegex(done.out, r"(?m)^loss -?0\.\d{4} \[-?0\.\d{4}, -?0\.\d{4}\] of the quantized model")
            shown = json.loads(halftone("report", self.folder / "out", "--json").out)["trials"][0]
            self.assertEqual(shown["loss_ci95"], trial["loss_ci95"])
            # Narrower than the interval of either accuracy: most samples are right, or wrong, for both models.
            ci95 = best["evidence"]["ci95"]
            self.assertLess(high - low, ci95[1] - ci95[0])
            results.append(((self.folder / "out/best.yaml").read_text(), outcome(self.folder / "out")))
            shutil.rmtree(self.folder / "out")
        self.assertEqual(results[0], results[1])

    def test_several_metrics_with_limits_and_weights(self):
        several = ["--set", "evaluation.accuracy.metric=null", "--set"]
        def tune(text, goal):
            done = halftone("tune", DEMO, *settings(images=100, trials=2, goal=goal), *several,
                            f"evaluation.accuracy.multi_metrics={text}", "--workspace", self.folder / "out")
            best = yaml.safe_load((self.folder / "out/best.yaml").read_text())
            shutil.rmtree(self.folder / "out")
            return done, best
        done, best = tune("{topk: 1, MSE: {compare_label: false, limit: {absolute: 1000}}}", 0.5)
        self.assert_code(OK, done)
        self.assertEqual(list(best["metrics"]), ["topk", "MSE"])
        self.assertEqual(best["accuracy"], best["metrics"]["topk"])
        self.assertIn("quantized: topk", done.out)
        done, best = tune("{topk: 1, MSE: {compare_label: false, limit: {absolute: 1.0e-12}}}", 0.5)
        self.assert_code(GOAL_MISSED, done)
        self.assertRegex(done.out, r"keeps to it, but MSE is \S+, and its limit is 1e-12\n")
        done, best = tune("{topk: 1, agreement: , weight: [1, 3]}", 0.5)
        self.assert_code(OK, done)
        self.assertAlmostEqual(best["accuracy"], (best["metrics"]["topk"] + 3 * best["metrics"]["agreement"]) / 4, 12)
        self.assertIn("ci95", best["loss"])

    def test_what_does_not_fit_is_refused_before_anything_runs_with_both_schemas(self):
        done = halftone("tune", DEMO, *settings(), *metric("{PSNR: }"), "--workspace", self.folder / "out")
        self.assert_refused(done, USAGE, "PSNR", "outputs for a sample: ", "targets: label int64 []")
        done = halftone("tune", DEMO, *settings(), *metric("{topk: {output: nonsense}}"), "--workspace", self.folder / "out")
        self.assert_refused(done, USAGE, "there is no output 'nonsense'")
        self.assertFalse((self.folder / "out").exists())


class Command(SystemTest):
    def tune(self, run, *words, ranks=None):
        return halftone("tune", DEMO, *settings(images=100, trials=2, goal=0.5), *metric(f"{{command: {{run: {run}}}}}"),
                        *words, "--workspace", self.folder / "out", ranks=ranks)

    def script(self, *lines):
        path = self.folder / "m.py"
        path.write_text("\n".join(["import json, sys, numpy", "a = numpy.load(sys.argv[1])", *lines]))
        return f"['{sys.executable}', '{path}']"

    def test_the_example_gets_all_answers_in_order_for_any_number_of_ranks(self):
        saved = ["--logits", self.folder / "logits.npy", "--save-inputs", self.folder / "inputs"]
        self.assert_code(OK, halftone("eval", DEMO, *settings(images=100), *saved))
        logits, labels = numpy.load(self.folder / "logits.npy"), numpy.load(self.folder / "inputs/labels.npy")
        expected = numpy.mean([(logits[labels == c].argmax(axis=1) == c).mean() for c in numpy.unique(labels)])
        accuracies = []
        for ranks in (None, 3):
            self.assert_code(OK, self.tune(f"['{sys.executable}', '{COMMAND}']", ranks=ranks))
            [baseline] = records(self.folder / "out", "baseline")
            self.assertAlmostEqual(baseline["accuracy"], expected, 12)
            accuracies.append([trial["accuracy"] for trial in records(self.folder / "out", "trial")])
            shutil.rmtree(self.folder / "out")
        self.assertEqual(accuracies[0], accuracies[1])

    def test_the_file_has_outputs_targets_and_ids(self):
        run = self.script("assert a['sample_id'].tolist() == list(range(100)), a['sample_id']",
                          "[out] = [a[n] for n in a.files if n.startswith('output.')]",
                          "assert out.shape == (100, 10) and out.dtype == numpy.float32, out.shape",
                          "assert a['target.label'].shape == (100,), a.files",
                          "print(json.dumps({'value': float((out.argmax(1) == a['target.label']).mean()), 'samples': 100}))")
        self.assert_code(OK, self.tune(run))
        self.assertEqual(records(self.folder / "out", "baseline")[0]["metrics"],
                         {"command": records(self.folder / "out", "baseline")[0]["accuracy"]})

    def test_a_failure_at_the_baseline_ends_the_run_and_at_a_trial_only_the_trial(self):
        done = self.tune(self.script("sys.exit('no such table')"))
        self.assert_code(MODEL, done)  # the program's own words are in the log before
        self.assertEqual(len(done.errors()), 1)
        self.assertRegex(done.errors()[0], "metric command: .* ended with code 1: no such table")
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        counted = self.folder / "calls"
        run = self.script(f"calls = open('{counted}', 'a+'); calls.write('x'); calls.seek(0)",
                          "assert len(calls.read()) == 1, 'only once'",
                          "print(json.dumps({'value': 0.5, 'samples': 100}))")
        self.assert_code(GOAL_MISSED, self.tune(run))
        trials = records(self.folder / "out", "trial")
        self.assertEqual([trial["verdict"] for trial in trials], ["error"] * len(trials))
        self.assertIn("only once", trials[0]["failure"])


if __name__ == "__main__":
    main()
