"""How a tune ends when all goes well: goal met, goal missed, nothing to evaluate, time over, disk full on the way."""
import re
import shutil
import subprocess

import yaml

from halftone_cli import (DEMO, GOAL_MISSED, IO, OK, OUT_OF_REACH, SystemTest, halftone, main, outcome, records,
                          settings)


class Ending(SystemTest):
    def tune(self, *words, ranks=None):
        return halftone("tune", DEMO, *words, "--workspace", self.folder / "out", ranks=ranks)

    def best(self):
        return yaml.safe_load((self.folder / "out/best.yaml").read_text())

    def test_goal_met(self):
        done = self.tune(*settings(goal=0.5))
        self.assert_code(OK, done)
        self.assertEqual({path.name for path in (self.folder / "out").iterdir()},
                         {"trials.jsonl", "best.onnx", "best.yaml", "run.yaml", "tune.log", "study.json",
                          "calibration.h5"})
        self.assertRegex(done.out, r"(?m)^fp32 +0\.\d{4} \[")
        self.assertRegex(done.out, r"(?m)^quantized +0\.\d{4} \[")
        self.assertRegex(done.out, r"met by trial 0")
        self.assertIs(self.best()["goal"]["met"], True)

    def test_goal_missed_delivers_the_best_failing_model_and_its_gap(self):
        for ranks in (None, 3):
            with self.subTest(ranks=ranks):
                done = self.tune(*settings(trials=4, goal=OUT_OF_REACH), ranks=ranks)
                self.assert_code(GOAL_MISSED, done)
                trials = records(self.folder / "out", "trial")
                best = max(trials, key=lambda trial: (trial["accuracy"], -trial["trial"]))
                self.assertEqual(self.best()["trial"], best["trial"])
                self.assertEqual(self.best()["accuracy"], best["accuracy"])
                self.assertIs(self.best()["goal"]["met"], False)
                gap = records(self.folder / "out", "baseline")[0]["accuracy"] - OUT_OF_REACH - best["accuracy"]
                self.assertRegex(done.out, rf"NOT met.*trial {best['trial']}\b.*{gap:.4f}")
                evaluated = halftone("eval", DEMO, *settings(), "--model", self.folder / "out/best.onnx")
                self.assert_code(OK, evaluated)
                shutil.rmtree(self.folder / "out")

    def test_one_trial_that_misses(self):
        self.assert_code(GOAL_MISSED, self.tune(*settings(images=100, trials=1, goal=OUT_OF_REACH)))
        self.assertEqual(len(records(self.folder / "out", "trial")), 1)

    def test_without_an_evaluation_section_it_quantizes_once_and_says_so(self):
        for ranks in (None, 3):
            with self.subTest(ranks=ranks):
                done = self.tune("--set", "evaluation=null", "--set", "quantization.calibration.sampling_size=100",
                                 ranks=ranks)
                self.assert_code(OK, done)
                self.assertIn("no section evaluation", done.out)
                self.assertIn("quantized once", done.out)
                self.assertEqual(records(self.folder / "out", "trial"), [])
                self.assertIsNone(self.best()["accuracy"])
                self.assertEqual(halftone("eval", DEMO, *settings(images=100), "--model",
                                          self.folder / "out/best.onnx").code, OK)
                shutil.rmtree(self.folder / "out")

    def test_timeout_ends_the_search_and_is_named(self):
        done = self.tune(*settings(goal=0.5, trials=1000), "--set", "tuning.exit_policy.timeout=1")
        self.assert_code(OK, done)
        self.assertIn(records(self.folder / "out", "end")[0]["reason"], ("timeout", "exhausted"))

    def test_the_default_workspace_has_a_dated_name(self):
        done = halftone("tune", DEMO, *settings(images=100, goal=0.5), cwd=self.folder)
        self.assert_code(OK, done)
        [folder] = (self.folder / "halftone_workspace").iterdir()
        self.assertRegex(folder.name, r"^\d{4}-?\d\d-?\d\d")

    def test_quiet_says_nothing_on_stderr(self):
        done = halftone("-q", "tune", DEMO, *settings(images=100, goal=0.5), "--workspace", self.folder / "out")
        self.assert_code(OK, done)
        self.assertEqual(done.err, "")

    def test_info_lines_have_time_level_rank_room(self):
        done = self.tune(*settings(images=100, goal=0.5), ranks=2)
        self.assert_code(OK, done)
        for line in done.err.splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} (info|warning) 0 [a-z]+ ")
        self.assertTrue(re.search(r"tune trial=0 ", done.err))


class FullDisk(SystemTest):
    """A file system of 520 KB: the journal and calibration.h5 fit, that one also twice; best.onnx does not."""

    def test_ends_with_an_io_error_and_is_resumable(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=520k", "none", str(disk)], capture_output=True,
                                 text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("no small file system: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", str(disk)], check=False)
        words = settings(trials=6, goal=OUT_OF_REACH)
        self.assert_code(GOAL_MISSED, halftone("tune", DEMO, *words, "--workspace", self.folder / "undisturbed"))

        for ranks in (None, 3):  # the second finds what the first left
            done = halftone("tune", DEMO, *words, "--workspace", disk / "out", *(["--resume"] if ranks else []),
                            ranks=ranks)
            self.assert_code(IO, done)
            self.assertEqual(len(done.errors()), 1, done.err)
            self.assertIn("best.onnx", done.errors()[0])
            self.assertIn("No space left", done.errors()[0])
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        self.assert_code(GOAL_MISSED, halftone("tune", DEMO, *words, "--workspace", disk / "out", "--resume"))
        self.assert_same_outcome(outcome(self.folder / "undisturbed"), disk / "out")


if __name__ == "__main__":
    main()
