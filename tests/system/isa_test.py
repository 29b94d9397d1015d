"""The instruction set is part of a result: ranks must agree, a config can pin one, and without VNNI int8 products stay
exact. The machine's own set is lowered by ONEDNN_MAX_CPU_ISA, which all kernels obey."""
import json
import subprocess

import numpy
import yaml

from halftone_cli import (DEMO, DEMO_MODEL, GOAL_MISSED, MPIEXEC, OK, OUT_OF_REACH, PROGRAM, USAGE, Finished, SystemTest,
                          environment, halftone, main, records, settings)

AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2"}
FEW = settings(images=500, trials=1, goal=OUT_OF_REACH)


class Isa(SystemTest):
    def own_isa(self):
        return json.loads(halftone("inspect", DEMO_MODEL, "--json").out)["isa"]

    def test_ranks_with_different_instruction_sets_are_refused_with_their_names(self):
        if self.own_isa() == "avx2":
            self.skipTest("the machine has nothing but AVX2")
        tune = [PROGRAM, "tune", str(DEMO), *FEW, "--workspace", str(self.folder / "out")]
        words = [MPIEXEC, "-n", "1", "-x", "ONEDNN_MAX_CPU_ISA=AVX2", *tune, ":", "-n", "1", *tune]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, env=environment())
        finished = Finished(done.returncode, done.stdout, done.stderr)
        self.assert_code(USAGE, finished)
        self.assertIn(f"rank 0: avx2, rank 1: {self.own_isa()}", finished.errors()[0])
        self.assertFalse((self.folder / "out").exists())

    def test_a_pinned_set_must_be_the_one_in_effect(self):
        pinned = ["--set", "cluster.isa=avx2", "--workspace", self.folder / "out"]
        done = halftone("tune", DEMO, *FEW, *pinned, env=environment(**AVX2))
        self.assert_code(GOAL_MISSED, done)
        self.assertEqual(records(self.folder / "out")[0]["isa"], "avx2")
        self.assertEqual(yaml.safe_load((self.folder / "out/best.yaml").read_text())["isa"], "avx2")
        if self.own_isa() != "avx2":
            self.assert_code(USAGE, halftone("tune", DEMO, *FEW, "--set", "cluster.isa=avx2", "--workspace",
                                             self.folder / "other"))

    def tuned(self, name, *words, **more):
        workspace = self.folder / name
        done = halftone("tune", DEMO, *FEW, *words, "--workspace", workspace, env=environment(**more))
        self.assertIn(done.code, (OK, GOAL_MISSED), done.err)
        return workspace

    def logits(self, model, name, **more):
        target = self.folder / f"{name}.npy"
        done = halftone("eval", DEMO, "--set", "evaluation.accuracy.iteration=10", "--model", model, "--logits", target,
                        env=environment(**more))
        self.assert_code(OK, done)
        return numpy.load(target)

    def widest_codes(self, workspace):
        plan = yaml.safe_load((workspace / "best.yaml").read_text())
        return {unit["weight"].get("bit", 7.0) for unit in plan["units"]}

    def test_without_vnni_weights_have_six_bits_unless_told_otherwise(self):
        self.assertEqual(self.widest_codes(self.tuned("auto", **AVX2)), {6.0})
        self.assertEqual(self.widest_codes(self.tuned("off", "--set", "quantization.reduce_range=off", **AVX2)), {7.0})
        self.assertEqual(self.widest_codes(self.tuned("on", "--set", "quantization.reduce_range=on")), {6.0})

    def test_a_model_of_reduced_range_runs_in_int8_and_means_the_same_without_vnni(self):
        model = self.tuned("on", "--set", "quantization.reduce_range=on") / "best.onnx"
        here, there = self.logits(model, "here"), self.logits(model, "there", **AVX2)
        self.assertTrue((here.argmax(axis=1) == there.argmax(axis=1)).all())
        numpy.testing.assert_allclose(there, here, atol=0.3)  # a code's difference at a rounding tie, rarely
        done = halftone("bench", model, "--rounds", 1, "--json", env=environment(**AVX2))
        self.assert_code(OK, done)
        convolutions = [step for step in json.loads(done.out)["units"] if step["op"] == "Conv"]
        self.assertTrue(all(step["dtype"] == "int8" for step in convolutions))
        self.assertFalse([step["implementation"] for step in convolutions if "as fp32" in step["implementation"]])


if __name__ == "__main__":
    main()
