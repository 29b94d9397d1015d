"""inspect, the help texts and --version; what is printed is the same every time."""
import json
import re

import onnx

from halftone_cli import DEMO, DEMO_MODEL, MODEL, OK, USAGE, SystemTest, halftone, main

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
        text, report = halftone("inspect", DEMO_MODEL, "--units"), json.loads(halftone("inspect", DEMO_MODEL, "--json").out)
        self.assert_code(OK, text)
        for unit in report["units"]:
            self.assertIn(f"\n{unit['name']} ({unit['op']})", text.out)
            for option in unit["options"]:
                self.assertIn(option, text.out)
        self.assertIn(report["space_size"], text.out)
        self.assertIn(report["isa"], text.out)

    def test_the_summary_says_what_units_have_in_common(self):
        text, report = halftone("inspect", DEMO_MODEL), json.loads(halftone("inspect", DEMO_MODEL, "--json").out)
        self.assert_code(OK, text)
        self.assertRegex(text.out, r"^inputs\n    \S+ +fp32 +\[\S+,1,28,28\]\noutputs\n    \S+ +fp32 +\[\S+,10\]\n")
        self.assertIn("1 Gemm", text.out)
        self.assertIn("21 Conv", text.out)
        self.assertRegex(text.out, r"\n    fp32\n", "an option of all units stands once, without a count")
        self.assertNotIn(report["units"][3]["name"], text.out)
        for unit in report["units"]:
            for refusal in unit["refused"]:
                self.assertIn(f"{refusal['dtype']}: {refusal['why']}", text.out)

    def test_json_shows_inputs_and_outputs_as_the_file_declares_them(self):
        report = json.loads(halftone("inspect", DEMO_MODEL, "--json").out)
        graph = onnx.load(DEMO_MODEL).graph
        for key, values in (("inputs", graph.input), ("outputs", graph.output)):
            self.assertEqual([(port["name"], port["type"]) for port in report[key]],
                             [(value.name, "fp32") for value in values])
        self.assertEqual(report["inputs"][0]["shape"][1:], [1, 28, 28])
        self.assertIsInstance(report["inputs"][0]["shape"][0], str)
        self.assertEqual(report["faults"], [])

    def test_everything_that_stands_in_the_way_is_listed_at_once(self):
        nodes = [onnx.helper.make_node("Bernoulli", ["x"], ["a"], "first"), onnx.helper.make_node("Bernoulli", ["a"], ["b"]),
                 onnx.helper.make_node("StringNormalizer", ["t"], ["s"]), onnx.helper.make_node("Add", ["b", "w"], ["y"])]
        weight = onnx.helper.make_tensor("w", onnx.TensorProto.COMPLEX64, [1], [1j])
        info = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(nodes, "g", [info("x", onnx.TensorProto.FLOAT, ["N", 3, "height", "width"]),
                                                    info("t", onnx.TensorProto.STRING, [1])],
                                       [info("y", onnx.TensorProto.FLOAT, None)], [weight])
        path = self.folder / "faults.onnx"
        path.write_bytes(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 15)])
                         .SerializeToString())
        self.assert_refused(halftone("inspect", path, "--dim", "width=8"), MODEL, "5 things stand in the way", "Bernoulli (opset 15, 2 times, first: Bernoulli node 'first')",
                            "StringNormalizer", "complex64", "graph input 't'", "string", "('height') of 'x'", "--shape")
        done = halftone("inspect", path, "--dim", "width=8", "--json")
        self.assert_code(MODEL, done)
        faults = json.loads(done.out)["faults"]
        self.assertEqual([(fault["kind"], fault["where"], fault["count"]) for fault in faults],
                         [("operator", "Bernoulli node 'first'", 2), ("operator", "unnamed StringNormalizer node (output 's')", 1),
                          ("constant", "w", 1), ("input", "t", 1), ("open dimension", "x", 1)])

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


    def test_sizes_that_do_not_fit_the_model_cite_their_line(self):
        config = self.folder / "sizes.yaml"
        name = onnx.load(DEMO_MODEL).graph.input[0].name
        config.write_text(f"model:\n  input_shapes:\n    {name}: [N, 1, 32, 28]\n")
        self.assert_refused(halftone("inspect", DEMO_MODEL, "--config", config), USAGE, "sizes.yaml:3:5",
                            "model.input_shapes", "has 32 as dimension 2, the model fixes it to 28")
        done = halftone("eval", DEMO, "--model", DEMO_MODEL, "--set", f"model.input_shapes={{{name}: [N, 3, 28, 28]}}")
        self.assert_refused(done, USAGE, "--set model.input_shapes", "has 3 as dimension 1")


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
