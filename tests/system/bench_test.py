"""`halftone bench`: what it reports, and what it refuses. No figure is judged: machines are shared."""
import json

from halftone_cli import DEMO_MODEL, MODEL, OK, USAGE, SystemTest, halftone, main


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

    def test_int8_runs_every_unit_on_codes(self):
        report = self.report("--precision", "int8")
        dtypes = {step["dtype"] for step in report["units"] if step["op"] in ("Conv", "Gemm")}
        self.assertEqual(dtypes, {"int8"})

    def test_the_table_is_for_people(self):
        done = halftone("bench", DEMO_MODEL, "--rounds", 1)
        self.assert_code(OK, done)
        self.assertIn("median", done.out)
        self.assertIn("GFLOP/s", done.out)
        self.assertIn("reorders:", done.out)

    def test_refuses_what_it_does_not_do(self):
        self.assert_refused(halftone("bench", DEMO_MODEL, "--precision", "bf16"), USAGE, "not available yet", "fp32")
        self.assert_refused(halftone("bench", DEMO_MODEL, "--plan", "best.yaml"), USAGE, "not available yet")
        self.assert_refused(halftone("bench", DEMO_MODEL, "--batch", 0), USAGE, "at least 1")
        self.assert_refused(halftone("bench", DEMO_MODEL, "--precision", "int3"), USAGE, "int3")
        self.assert_refused(halftone("bench", self.folder / "none.onnx"), MODEL, "none.onnx")


if __name__ == "__main__":
    main()
