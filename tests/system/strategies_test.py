"""Every strategy, and what makes its trials cheaper, as a user runs them."""
import shutil

from halftone_cli import DEMO, GOAL_MISSED, OK, OUT_OF_REACH, USAGE, SystemTest, halftone, main, outcome, records, settings

ALL = ("auto", "basic", "mse", "sensitivity", "pareto", "bayesian", "tpe", "random", "exhaustive")
MEASURES = ("auto", "pareto", "tpe")  # look at latencies, which no two runs measure alike


def strategy(name, *words):
    return ("--set", f"tuning.strategy.name={name}", *words)


def kept(workspace):
    """Of each trial what no saving may change: candidate, verdict, and the accuracy where there is one."""
    return [(t["candidate"], t["verdict"], t["accuracy"]) for t in records(workspace, "trial")]


class Strategies(SystemTest):
    def tune(self, workspace, *words, ranks=None):
        return halftone("tune", DEMO, *words, "--workspace", self.folder / workspace, ranks=ranks)

    def test_each_ends_and_gives_the_same_for_any_ranks(self):
        for name in ALL:
            with self.subTest(strategy=name):
                words = (*strategy(name), *settings(images=100, calibration=10, trials=10, goal=0.005))
                alone = self.tune(name, *words)
                self.assertIn(alone.code, (OK, GOAL_MISSED), alone.err)
                self.assertEqual(alone.errors(), [])
                trials = records(self.folder / name, "trial")
                self.assertEqual([t["trial"] for t in trials], list(range(len(trials))))
                self.assertLessEqual(len(trials), 10)
                self.assertEqual(len({t["candidate"] for t in trials}), len(trials), "no candidate twice")
                if name in MEASURES:
                    continue
                expected = outcome(self.folder / name)
                self.assert_code(alone.code, self.tune(f"{name}_3", *words, ranks=3))
                self.assert_same_outcome(expected, self.folder / f"{name}_3")

    def test_what_auto_tries_follows_from_its_table_of_latencies(self):
        """Rank 0 measures it once. With the table that one rank measured, three ranks try the same candidates; only the choice
        between finalists is measured anew."""
        words = (*strategy("auto"), *settings(images=100, calibration=10, trials=6, goal=0.005))
        alone = self.tune("alone", *words)
        self.assertIn(alone.code, (OK, GOAL_MISSED), alone.err)
        lines = (self.folder / "alone/trials.jsonl").read_bytes().splitlines(keepends=True)
        table = next(i for i, line in enumerate(lines) if b'"latency_table"' in line)
        shutil.copytree(self.folder / "alone", self.folder / "three")
        (self.folder / "three/trials.jsonl").write_bytes(b"".join(lines[:table + 1]))
        self.assertIn(self.tune("three", *words, "--resume", ranks=3).code, (OK, GOAL_MISSED))
        self.assertEqual(kept(self.folder / "alone"), kept(self.folder / "three"))

    def test_savings_change_no_verdict_and_no_accuracy(self):
        """Weights of 6 bits on every instruction set, so that the first candidates do not meet the goal."""
        for name in ("basic", "mse"):
            with self.subTest(strategy=name):
                words = (*strategy(name), *settings(images=200, trials=60, goal=0.0), "--set", "quantization.reduce_range=on")
                self.assert_code(OK, self.tune(f"{name}_on", *words))
                self.assert_code(OK, self.tune(f"{name}_off", *words, "--set", "tuning.prefix_reuse=false", "--set",
                                               "tuning.early_termination=false"))
                on, off = kept(self.folder / f"{name}_on"), kept(self.folder / f"{name}_off")
                self.assertEqual([t[:2] for t in on], [t[:2] for t in off])
                for with_savings, without in zip(on, off):
                    if with_savings[2] is not None:
                        self.assertEqual(with_savings, without)
                self.assertEqual((self.folder / f"{name}_on/best.onnx").read_bytes(),
                                 (self.folder / f"{name}_off/best.onnx").read_bytes())
                work = [records(self.folder / f"{name}_{which}", "end")[0]["sample_units"] for which in ("on", "off")]
                self.assertGreater(work[1] / work[0], 1.2)
                for trial in records(self.folder / f"{name}_off", "trial"):
                    self.assertNotIn("bounds", trial)

    def test_when_nothing_passes_the_best_is_that_of_full_trials(self):
        words = (*strategy("random"), *settings(images=200, calibration=50, trials=10, goal=OUT_OF_REACH))
        self.assert_code(GOAL_MISSED, self.tune("early", *words))
        self.assert_code(GOAL_MISSED, self.tune("full", *words, "--set", "tuning.early_termination=false"))
        best = [records(self.folder / which, "end")[0]["best"] for which in ("early", "full")]
        self.assertEqual(best[0], best[1])
        self.assertEqual((self.folder / "early/best.onnx").read_bytes(), (self.folder / "full/best.onnx").read_bytes())

    def test_pareto_delivers_a_front_and_resumes_from_its_measurements(self):
        words = (*strategy("pareto"), *settings(images=500, trials=16, goal=0.006))
        done = self.tune("front", *words)
        self.assert_code(OK, done)
        self.assertIn("latency table", done.out)
        self.assertIn("heuristic of pareto: ", done.out)
        self.assertIn("front:\n- {trial: ", (self.folder / "front/run.yaml").read_text())
        self.assertEqual(len(records(self.folder / "front", "latency_table")), 1)
        best = (self.folder / "front/best.yaml").read_bytes()
        before = len(records(self.folder / "front"))
        self.assert_code(OK, self.tune("front", *words, "--resume"))
        self.assertEqual(best, (self.folder / "front/best.yaml").read_bytes())
        self.assertEqual([r["type"] for r in records(self.folder / "front")[before:]], ["resume"])

    def test_with_a_timeout_the_objective_decides(self):
        words = (*strategy("basic"), *settings(images=200, calibration=50, trials=8, goal=0.1), "--set",
                 "tuning.exit_policy.timeout=600")
        self.assert_code(OK, self.tune("speed", *words))
        self.assertEqual(records(self.folder / "speed", "end")[0]["reason"], "max_trials")
        finalists = records(self.folder / "speed", "finalists")[0]
        self.assertEqual(len(finalists["entries"]), 3)
        self.assertEqual(records(self.folder / "speed", "end")[0]["best"], finalists["chosen"])
        self.assert_code(OK, self.tune("size", *words, "--set", "tuning.objective=modelsize"))
        trial = records(self.folder / "size", "end")[0]["best"]
        self.assertEqual(records(self.folder / "size", "trial")[trial]["changed"], [], "fp32 weights are larger")

    def test_a_wrong_setting_is_refused_by_its_line(self):
        done = self.tune("wrong", *strategy("mse", "--set", "tuning.strategy.error=mean"))
        self.assert_refused(done, USAGE, "tuning.strategy.error", "mean", "relative", "lpot")
        self.assertFalse((self.folder / "wrong/best.onnx").exists())


if __name__ == "__main__":
    main()
