"""inspect, the help texts and --version; what is printed is the same every time."""
import json
import re

from halftone_cli import DEMO, DEMO_MODEL, OK, USAGE, SystemTest, halftone, main

RULES = ["quantization.op_wise={/0/0.0/Conv: {weight: {granularity: per_tensor}}, "
         "'/1/*': {activation: {scheme: sym}}, '/12/Gemm': {weight: {dtype: fp32}, activation: {dtype: fp32}}}",
         "quantization.op_wise={'/12/Gemm': {activation: {dtype: fp32}, weight: {dtype: fp32}}, "
         "'/1/*': {activation: {scheme: sym}}, /0/0.0/Conv: {weight: {granularity: per_tensor}}}"]


class Inspect(SystemTest):
    def test_json_shows_units_options_refusals_and_the_size_of_the_space(self):
        done = halftone("inspect", DEMO_MODEL, "--json")
        self.assert_code(OK, done)
        self.assertEqual(done.err, "")
        self.assertEqual(done.out.count("\n"), 1)
        report = json.loads(done.out)
        self.assertEqual([unit["op"] for unit in report["units"]], ["Conv"] * 21 + ["Gemm"])
        first = report["units"][0]
        self.assertEqual((first["name"], first["input"], first["weight"], first["output"]),
                         ("/0/0.0/Conv", "[N,1,28,28]", "[16,1,3,3]", "[N,16,28,28]"))
        self.assertIn("fp32", first["options"])
        for unit in report["units"]:
            for refusal in unit["refused"]:
                self.assertTrue(refusal["dtype"] and refusal["why"])
        self.assertRegex(report["space_size"], r"^\d+(\.\d+e\+\d+)?$")

    def test_text_says_what_json_says(self):
        text, report = halftone("inspect", DEMO_MODEL), json.loads(halftone("inspect", DEMO_MODEL, "--json").out)
        self.assert_code(OK, text)
        for unit in report["units"]:
            self.assertIn(f"\n{unit['name']} ({unit['op']})", text.out)
            for option in unit["options"]:
                self.assertIn(option, text.out)
        self.assertIn(report["space_size"], text.out)
        self.assertIn(report["isa"], text.out)

    def test_two_runs_and_rules_in_another_order_give_the_same_bytes(self):
        for form in ([], ["--json"]):
            outputs = {halftone("inspect", DEMO_MODEL, "--config", DEMO, "--set", rules, *form).out
                       for rules in RULES + RULES}
            self.assertEqual(len(outputs), 1)
            self.assertNotIn("", outputs)

    def test_rules_take_options_away(self):
        free = json.loads(halftone("inspect", DEMO_MODEL, "--json").out)
        ruled = json.loads(halftone("inspect", DEMO_MODEL, "--json", "--config", DEMO, "--set", RULES[0]).out)
        for before, after in zip(free["units"], ruled["units"]):
            self.assertLess(set(after["options"]), set(before["options"]))
        self.assertEqual(ruled["units"][-1]["options"], ["fp32"])
        for option in ruled["units"][0]["options"]:
            self.assertTrue("int8/sym/per_tensor" in option or option == "fp32", option)

    def test_a_rule_that_matches_nothing_cites_its_line(self):
        config = self.folder / "rules.yaml"
        config.write_text("quantization:\n  op_wise:\n    no_such_unit:\n      weight: {dtype: int8}\n")
        done = halftone("inspect", DEMO_MODEL, "--config", config)
        self.assert_refused(done, USAGE, "rules.yaml:3:5", "no_such_unit")


class Texts(SystemTest):
    def test_version_names_every_part_that_changes_numbers(self):
        done = halftone("--version")
        self.assert_code(OK, done)
        self.assertRegex(done.out, r"^halftone \d+\.\d+\.\d+ \(git \S+\)\n")
        self.assertRegex(done.out, r"(?m)^oneDNN 3\.")
        self.assertRegex(done.out, r"(?m)^(Open MPI|MPICH)")
        self.assertRegex(done.out, r"(?m)^instruction set \w+$")

    def test_help_has_examples_that_parse(self):
        self.assert_code(OK, halftone("--help"))
        for name in ("tune", "eval", "inspect"):
            done = halftone(name, "--help")
            self.assert_code(OK, done)
            self.assertEqual(done.err, "")
            examples = re.findall(r"(?m)^ +(?:mpirun -n \d+ )?halftone (\S.*?)(?:  .*)?$", done.out)
            self.assertTrue(examples, done.out)
            for example in examples:  # words that the parser knows; the files are the reader's
                tried = halftone(*example.split(), cwd=self.folder)
                self.assertNotIn("see halftone --help", tried.err)

    def test_once_through_mpirun(self):
        for words in (["--version"], ["tune", "--help"], ["inspect", DEMO_MODEL, "--json"]):
            with self.subTest(words=words):
                together = halftone(*words, ranks=3)
                self.assert_code(OK, together)
                self.assertEqual(together.out, halftone(*words).out)
        self.assert_refused(halftone("inspect", "nowhere.onnx", ranks=3), 3, "nowhere.onnx")


if __name__ == "__main__":
    main()
