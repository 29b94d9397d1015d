"""`halftone bench --autotune`: kernels are timed, the choice is written, read and run. No figure is judged."""
import json
import signal
import subprocess
import time

import yaml

from halftone_cli import (DEMO, DEMO_MODEL, GOAL_MISSED, IO, OK, OUT_OF_REACH, STOPPED, USAGE, SystemTest, command,
                          environment, halftone, main, settings)


class Autotune(SystemTest):
    def bench(self, *words):
        done = halftone("bench", DEMO_MODEL, "--rounds", 2, "--json", *words)
        self.assert_code(OK, done)
        return json.loads(done.out)

    def plan(self):
        """A delivered plan of the bundled model."""
        done = halftone("tune", DEMO, *settings(images=100, trials=1, goal=OUT_OF_REACH), "--workspace",
                        self.folder / "out")
        self.assertIn(done.code, (OK, GOAL_MISSED), done.err)
        return self.folder / "out" / "best.yaml"

    def test_autotune_times_every_kernel_and_writes_its_choice(self):
        plan = self.plan()
        tuned, saved, made = (self.folder / name for name in ("tuned.yaml", "saved.onnx", "made.onnx"))
        report = self.bench("--plan", plan, "--autotune", "--save-plan", tuned, "--save", saved)
        steps = report["autotune"]["steps"]
        self.assertTrue(steps)
        chosen = {}
        for step in steps:
            self.assertGreater(len(step["ms"]), 1, step)
            self.assertIn(step["kernel"], step["ms"])
            if step["kernel"] != next(iter(step["ms"])):
                chosen[step["name"]] = step["kernel"]
        if report["autotune"]["is_dropped"]:
            self.assertEqual(chosen, {})
        written = yaml.safe_load(tuned.read_text())
        self.assertEqual({row["node"]: row["kernel"] for row in written.pop("kernels", [])}, chosen)
        self.assertEqual(written, yaml.safe_load(plan.read_text()))
        # The plan makes the file that was measured, and the file says the same.
        self.assert_code(OK, halftone("quantize", DEMO_MODEL, "--plan", tuned, "--output", made))
        self.assertEqual(made.read_bytes(), saved.read_bytes())

    def test_a_choice_of_the_plan_runs_and_is_written_anew(self):
        plan, other = self.plan(), self.folder / "other.yaml"
        steps = self.bench("--plan", plan, "--autotune")["autotune"]["steps"]
        step = next(step for step in steps if len(step["ms"]) > 1 and list(step["ms"])[1].startswith("dnnl/"))
        wanted = list(step["ms"])[1]
        other.write_text(plan.read_text() + f'kernels:\n- {{node: "{step["name"]}", kernel: "{wanted}"}}\n')
        ran = {row["name"]: row["implementation"] for row in self.bench("--plan", other)["units"]}
        self.assertIn(wanted.removeprefix("dnnl/"), ran[step["name"]])
        tuned = self.folder / "tuned.yaml"
        self.bench("--plan", other, "--autotune", "--save-plan", tuned)
        self.assertLessEqual(tuned.read_text().count("kernels:"), 1)

    def test_says_which_chosen_kernels_are_not_here(self):
        plan, other = self.plan(), self.folder / "other.yaml"
        other.write_text(plan.read_text() + "kernels:\n- {node: none, kernel: dnnl/brgconv:avx1024}\n")
        done = halftone("bench", DEMO_MODEL, "--plan", other, "--rounds", 1)
        self.assert_code(OK, done)
        self.assertIn("dnnl/brgconv:avx1024 for none", done.err)
        self.assertNotIn("not to be had", halftone("bench", DEMO_MODEL, "--plan", plan, "--rounds", 1).err)

    def test_a_stop_writes_nothing(self):
        saved = self.folder / "saved.onnx"
        process = subprocess.Popen(command("bench", DEMO_MODEL, "--autotune", "--rounds", 100000, "--save", saved),
                                   env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED)
        self.assertFalse(saved.exists())

    def test_a_folder_that_is_not_there_is_said_before_measuring(self):
        done = halftone("bench", DEMO_MODEL, "--autotune", "--rounds", 100000, "--save", self.folder / "none" / "x.onnx")
        self.assert_refused(done, IO, "there is no folder")

    def test_refuses_kernels_that_are_none(self):
        plan, broken = self.plan(), self.folder / "broken.yaml"
        for row, word in [('{node: a, kernel: fast}', "native, dnnl or dnnl/NAME"), ('{node: a}', "kernel"),
                          ('{node: a, kernel: dnnl}\n- {node: a, kernel: native}', "second time"),
                          ('{node: a, kernel: dnnl, since: 1}', "since")]:
            broken.write_text(plan.read_text() + f"kernels:\n- {row}\n")
            self.assert_refused(halftone("bench", DEMO_MODEL, "--plan", broken), USAGE, word)
        self.assert_refused(halftone("bench", DEMO_MODEL, "--plan", plan, "--save-plan", broken), USAGE, "--autotune")
        self.assert_refused(halftone("bench", DEMO_MODEL, "--autotune", "--save-plan", broken), USAGE, "--plan")


if __name__ == "__main__":
    main()
