"""`halftone bench`: what it reports, and what it refuses. No figure is judged: machines are shared."""
import json
import subprocess

import onnx

from halftone_cli import DEMO_MODEL, IO, MODEL, OK, USAGE, SystemTest, command, environment, halftone, main


class Bench(SystemTest):
    def report(self, *words):
        done = halftone("bench", DEMO_MODEL, "--rounds", 2, "--json", *words)
        self.assert_code(OK, done)
        return json.loads(done.out)

    def test_reports_latency_and_where_it_goes(self):
        report = self.report("--batch", 2, "--threads", 2)
        self.assertEqual((report["precision"], report["batch"], report["threads"]), ("as-is", 2, 2))
        latency = report["latency"]
        self.assertLessEqual(latency["ci95_ms"][0], latency["median_ms"])
        self.assertLessEqual(latency["median_ms"], latency["ci95_ms"][1])
        self.assertLessEqual(latency["median_ms"], latency["p95_ms"])
        steps = report["units"] + report["reorders"]
        self.assertAlmostEqual(sum(step["share"] for step in steps), 1.0, places=6)
        convs = [step for step in report["units"] if step["op"] == "Conv"]
        self.assertEqual(len(convs), 21)
        for conv in convs:
            self.assertEqual(conv["dtype"], "fp32")
            self.assertGreater(conv["gops"], 0)
            self.assertTrue(conv["implementation"])

    def test_reports_the_batch_that_ran(self):
        model = onnx.load(DEMO_MODEL)
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
        fixed = self.folder / "fixed.onnx"
        onnx.save(model, fixed)
        done = halftone("bench", fixed, "--rounds", 1, "--json")
        self.assert_code(OK, done)
        self.assertEqual(json.loads(done.out)["batch"], 2)
        self.assert_refused(halftone("bench", fixed, "--rounds", 1, "--batch", 8), USAGE, "--batch 8", "is 2")

    def test_int8_runs_every_unit_on_codes(self):
        report = self.report("--precision", "int8")
        dtypes = {step["dtype"] for step in report["units"] if step["op"] in ("Conv", "Gemm")}
        self.assertEqual(dtypes, {"int8"})

    def test_fp32_stands_beside_a_quantized_model(self):
        report = self.report("--precision", "int8")
        gains = [step for step in report["units"] if "gain" in step]
        self.assertEqual({step["op"] for step in report["units"] if step["op"] in ("Conv", "Gemm")} -
                         {step["op"] for step in gains}, set())
        for step in gains:
            self.assertGreater(step["fp32_ms"], 0)
        self.assertGreater(report["fp32"]["latency"]["median_ms"], 0)
        self.assertGreaterEqual(report["bounds"]["int8"], 1)
        self.assertNotIn("fp32", self.report())
        self.assertIn("slower than in fp32", halftone("bench", DEMO_MODEL, "--precision", "int8", "--rounds", 1).out)

    def test_reports_the_set_up_of_a_candidate_too(self):
        self.assertGreater(self.report("--precision", "int8")["set_up_ms"]["candidate"], 0)
        self.assertEqual(list(self.report()["set_up_ms"]), ["model"])

    def int8_primitives_made(self, *words):
        """Of convolutions, in oneDNN's own words: creations that its cache did not answer."""
        done = halftone("bench", *words, "--rounds", 1, env=environment() | {"ONEDNN_VERBOSE": "profile_create"})
        self.assert_code(OK, done)
        made = [line.split(",") for line in done.out.splitlines() if line.startswith("onednn_verbose,create:cache_miss")]
        return sum(words[3] == "convolution" and any("wei_s8" in word for word in words) for words in made)

    def test_a_candidate_of_another_granularity_creates_no_primitive(self):
        saved = self.folder / "saved.onnx"
        with_candidates = self.int8_primitives_made(DEMO_MODEL, "--precision", "int8", "--save", saved)
        alone = self.int8_primitives_made(saved)  # the same model, and no candidates
        if alone == 0:
            self.skipTest("no int8 convolutions of oneDNN on this machine")
        self.assertEqual(with_candidates, alone)

    def test_saves_what_it_measured(self):
        saved = self.folder / "saved.onnx"
        self.report("--precision", "int8", "--save", saved)
        self.assertIn("QuantizeLinear", {node.op_type for node in onnx.load(saved).graph.node})
        self.assert_code(OK, halftone("bench", saved, "--rounds", 1))
        self.assert_refused(halftone("bench", DEMO_MODEL, "--save", self.folder / "none" / "x.onnx"), IO, "none")

    def test_rounds_on_demand(self):
        done = subprocess.run(command("bench", DEMO_MODEL, "--on-demand"), input="\n\n", capture_output=True, text=True,
                              env=environment(), timeout=300, check=False)
        self.assertEqual(done.returncode, OK, done.stderr)
        first, second, report = (json.loads(line) for line in done.stdout.splitlines())
        self.assertTrue(all(ms > 0 for ms in first + second))
        self.assertEqual(report["runs"], len(first) + len(second))
        nothing = halftone("bench", DEMO_MODEL, "--on-demand")  # standard input is empty
        self.assert_refused(nothing, USAGE, "--on-demand")

    def test_the_table_is_for_people(self):
        done = halftone("bench", DEMO_MODEL, "--rounds", 1)
        self.assert_code(OK, done)
        self.assertIn("median", done.out)
        self.assertIn("GFLOP/s", done.out)
        self.assertIn("reorders:", done.out)

    def test_bf16_runs_every_unit_where_the_machine_has_it(self):
        done = halftone("bench", DEMO_MODEL, "--precision", "bf16", "--rounds", 1, "--json")
        if done.code != OK:
            self.assert_refused(done, USAGE, "bf16 needs AVX-512 BF16")
            return
        found = [step["dtype"] for step in json.loads(done.out)["units"] if step["op"] in ("Conv", "Gemm")]
        self.assertEqual(found, ["bf16"] * 22)
        self.assert_refused(halftone("bench", DEMO_MODEL, "--precision", "bf16",
                                     env=environment(ONEDNN_MAX_CPU_ISA="AVX2")), USAGE, "bf16 needs AVX-512 BF16")

    def test_refuses_what_it_does_not_do(self):
        self.assert_refused(halftone("bench", DEMO_MODEL, "--plan", "none.yaml"), USAGE, "none.yaml: no such plan file")
        self.assert_refused(halftone("bench", DEMO_MODEL, "--batch", 0), USAGE,
                            "--batch must be an integer from 1 to 1000000, got 0")
        self.assert_refused(halftone("bench", DEMO_MODEL, "--precision", "int3"), USAGE, "int3")
        self.assert_refused(halftone("bench", self.folder / "none.onnx"), MODEL, "none.onnx")


if __name__ == "__main__":
    main()
