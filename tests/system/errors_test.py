"""What a user can do wrong: each has its exit code and one message that points, alone and through mpirun."""
import shutil

import numpy
import onnx
from onnx import numpy_helper

from halftone_cli import DEMO, DEMO_MODEL, IO, MODEL, OK, USAGE, SystemTest, halftone, main, settings


class CommandLine(SystemTest):
    def test_usage(self):
        for words, says in [((), "a command is missing"), (("tune",), "config is required"), (("paint",), "paint"),
                            (("tune", DEMO, "--colour"), "--colour"), (("eval",), "config is required"),
                            (("inspect",), "model is required"), (("--log-level", "loud", "tune", DEMO), "loud")]:
            with self.subTest(words=words):
                self.assert_refused(halftone(*words), USAGE, says)

    def test_what_is_no_config_is_named(self):
        for command in ("tune", "eval"):
            done = halftone(command, DEMO_MODEL)
            self.assert_refused(done, USAGE, "is a model; a config is a YAML file, and 'halftone init ")
            self.assert_refused(halftone(command, self.folder), IO, "is a folder; a config is a YAML file")

    def test_usage_through_mpirun_is_said_once(self):
        self.assert_refused(halftone("tune", ranks=3), USAGE, "config is required")


class Config(SystemTest):
    def refused(self, text, *says):
        config = self.folder / "mine.yaml"
        config.write_text(text)
        done = halftone("tune", config, "--workspace", "out", cwd=self.folder)
        self.assert_refused(done, USAGE, *says)
        self.assertFalse((self.folder / "out").exists())

    def test_missing(self):
        for ranks in (None, 3):
            with self.subTest(ranks=ranks):
                done = halftone("tune", "nowhere.yaml", cwd=self.folder, ranks=ranks)
                self.assert_refused(done, USAGE, "nowhere.yaml", "no such config file")

    def test_a_folder(self):
        self.assert_code(IO, halftone("tune", self.folder))

    def test_broken_yaml_names_line_and_column(self):
        self.refused("model:\n  name: [a, b\ntuning: {}\n", "mine.yaml:", ":3:")

    def test_unknown_key_suggests_the_nearest(self):
        self.refused("model: {name: a, path: b}\ntuning:\n  exit_polcy: {timeout: 0}\n", "mine.yaml:3:3",
                     "tuning.exit_polcy is unknown", "did you mean 'exit_policy'")

    def test_wrong_value_names_key_value_and_what_is_allowed(self):
        self.refused("model: {name: a, path: b}\ntuning:\n  exit_policy:\n    max_trials: -3\n", "mine.yaml:4:17",
                     "tuning.exit_policy.max_trials must be an integer > 0", "'-3'")

    def test_duplicate_key(self):
        self.refused("model: {name: a}\nmodel: {name: b}\n", "mine.yaml:2:1", "model")

    def test_empty(self):
        self.refused("", "mine.yaml")


class Overrides(SystemTest):
    def test_wrong(self):
        for word, says in [("tuning.exit_policy.max_trials=many", "'many'"), ("tuning.colour=red", "tuning.colour"),
                           ("no_equals_sign", "no_equals_sign"), ("model.path=[", "model.path"),
                           ("model.pat=x", "did you mean 'path'")]:
            with self.subTest(word=word):
                done = halftone("tune", DEMO, "--set", word, cwd=self.folder)
                self.assert_refused(done, USAGE, f"--set {word}", says)
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_wrong_through_mpirun(self):
        self.assert_refused(halftone("tune", DEMO, "--set", "tuning.colour=red", ranks=3), USAGE, "tuning.colour")

    def test_no_transpose_gives_a_shape_that_does_not_fit_the_model(self):
        words = [word for place in ("quantization.calibration", "evaluation.accuracy")
                 for word in ("--set", f"{place}.dataloader.transform={{Rescale: {{}}}}")]
        for ranks in (None, 3):
            with self.subTest(ranks=ranks):
                done = halftone("tune", DEMO, *words, "--workspace", "out", cwd=self.folder, ranks=ranks)
                self.assert_refused(done, USAGE, "28", "1")
                self.assertFalse((self.folder / "out").exists())

    def test_missing_data(self):
        done = halftone("tune", DEMO, "--set", "evaluation.accuracy.dataloader.dataset={FashionMNIST: {root: nowhere}}",
                        cwd=self.folder)
        self.assert_refused(done, MODEL, "nowhere")


class Model(SystemTest):
    def refused(self, path, *says, ranks=None):
        tune = halftone("tune", DEMO, "--set", f"model.path={path}", "--workspace", "out", cwd=self.folder, ranks=ranks)
        self.assert_refused(tune, MODEL, *says)
        self.assertFalse((self.folder / "out").exists())
        if ranks is None:
            self.assert_refused(halftone("inspect", path, cwd=self.folder), MODEL, *says)
            self.assert_refused(halftone("eval", DEMO, "--model", path, cwd=self.folder), MODEL, *says)

    def changed(self, change):
        model = onnx.load(DEMO_MODEL)
        change(model.graph)
        path = self.folder / "changed.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    def test_missing(self):
        self.refused("nowhere.onnx", "nowhere.onnx", "no such model file")
        self.refused("nowhere.onnx", "nowhere.onnx", "no such model file", ranks=3)

    def test_a_folder(self):
        self.refused(self.folder, "folder")

    def test_not_onnx(self):
        path = self.folder / "text.onnx"
        for text in (b"", b"This is no model.\n" * 50):
            with self.subTest(text=text[:10]):
                path.write_bytes(text)
                self.refused(path, "text.onnx")

    def test_truncated(self):
        path = self.folder / "short.onnx"
        data = DEMO_MODEL.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        self.refused(path, "short.onnx")
        self.refused(path, "short.onnx", ranks=3)

    def test_weights_that_are_no_numbers(self):
        # Such a constant may be data (a mask), so it is found where it does harm: in the first value that it spoils.
        for bad in (numpy.nan, numpy.inf):
            with self.subTest(bad=bad):
                def spoil(graph, value=bad):
                    tensor = next(t for t in graph.initializer if len(t.dims) == 4)
                    array = numpy_helper.to_array(tensor).copy()
                    array.flat[7] = value
                    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
                graph = onnx.load(DEMO_MODEL).graph
                weight = next(t.name for t in graph.initializer if len(t.dims) == 4)
                output = next(node.output[0] for node in graph.node if weight in node.input)
                path = self.changed(spoil)
                tune = halftone("tune", DEMO, "--set", f"model.path={path}", "--workspace", f"out_{bad}", cwd=self.folder)
                self.assert_refused(tune, MODEL, output, "NaN or infinite")
                inspect = halftone("inspect", path, cwd=self.folder)
                self.assert_code(OK, inspect)
                self.assertIn("its weights hold NaN or an infinity", inspect.out)

    def test_external_data_that_is_missing_or_elsewhere(self):
        for location, reason in (("weights.bin", "No such file"), ("../weights.bin", "outside the model's folder"),
                                 ("/etc/passwd", "absolute path")):
            with self.subTest(location=location):
                def move_out(graph, where=location):
                    tensor = graph.initializer[0]
                    tensor.ClearField("raw_data")
                    tensor.data_location = onnx.TensorProto.EXTERNAL
                    entry = tensor.external_data.add()
                    entry.key, entry.value = "location", where
                name = onnx.load(DEMO_MODEL).graph.initializer[0].name
                self.refused(self.changed(move_out), name, location, reason)

    def test_unknown_operator(self):
        def rename(graph):
            node = next(n for n in graph.node if n.op_type == "Relu")
            node.op_type = "NoSuchOperator"
        self.refused(self.changed(rename), "NoSuchOperator")


class Workspace(SystemTest):
    """One finished tune, and what may not be done with its folder."""

    GOAL = 0.5  # met by the first trial

    def tune(self, *words, ranks=None, goal=GOAL):
        return halftone("tune", DEMO, *settings(images=100, goal=goal), *words, cwd=self.folder, ranks=ranks)

    def setUp(self):
        super().setUp()
        self.assert_code(0, self.tune("--workspace", "used"))
        self.before = {path.name: path.read_bytes() for path in (self.folder / "used").iterdir()}

    def assert_untouched(self):
        self.assertEqual(self.before, {path.name: path.read_bytes() for path in (self.folder / "used").iterdir()})

    def test_used_without_resume(self):
        for ranks in (None, 3):
            self.assert_refused(self.tune("--workspace", "used", ranks=ranks), USAGE, "used", "--resume")
        self.assert_untouched()

    def test_resume_with_another_goal_seed_strategy_or_data(self):
        for words, field in [(("--set", "tuning.accuracy_criterion={absolute: 0.4}"), "config:"),
                             (("--set", "tuning.random_seed=1"), "seed:"),
                             (("--set", "quantization.calibration.sampling_size=50"), "config:"),
                             (("--set", "quantization.exclude=[/12/Gemm]"), "config:")]:
            with self.subTest(words=words):
                done = self.tune("--workspace", "used", "--resume", *words)
                self.assert_refused(done, USAGE, field, "--workspace")
        self.assert_untouched()

    def test_resume_without_a_run(self):
        self.assert_refused(self.tune("--workspace", "new", "--resume"), USAGE, "new", "--resume")
        self.assert_refused(self.tune("--workspace", "new", "--resume", ranks=3), USAGE, "new", "--resume")
        self.assertFalse((self.folder / "new").exists())

    def test_resume_needs_a_name(self):
        self.assert_refused(self.tune("--resume"), USAGE, "--workspace")

    def test_resume_of_a_finished_run_evaluates_nothing(self):
        trials = [line for line in self.before["trials.jsonl"].splitlines() if b'"type":"trial"' in line]
        self.assert_code(0, self.tune("--workspace", "used", "--resume"))
        after = (self.folder / "used/trials.jsonl").read_bytes().splitlines()
        self.assertEqual(trials, [line for line in after if b'"type":"trial"' in line])
        for name in ("best.onnx", "best.yaml"):
            self.assertEqual(self.before[name], (self.folder / "used" / name).read_bytes())

    def test_damage_within_the_journal_is_refused_by_line(self):
        journal = self.folder / "used/trials.jsonl"
        journal.write_bytes(self.before["trials.jsonl"].replace(b'"baseline"', b'"bassline"'))
        self.assert_refused(self.tune("--workspace", "used", "--resume"), IO, "trials.jsonl:4")

    def test_a_file_in_its_place(self):
        (self.folder / "file").write_text("mine")
        for workspace in ("file", "file/below"):
            for ranks in (None, 3):
                with self.subTest(workspace=workspace, ranks=ranks):
                    self.assert_refused(self.tune("--workspace", workspace, ranks=ranks), IO, "file")
        self.assertEqual((self.folder / "file").read_text(), "mine")

    def test_a_damaged_best_model_is_refused_by_eval(self):
        damaged = self.folder / "damaged.onnx"
        shutil.copy(self.folder / "used/best.onnx", damaged)
        with open(damaged, "r+b") as file:
            file.truncate(1000)
        self.assert_refused(halftone("eval", DEMO, "--model", damaged), MODEL, "damaged.onnx")


if __name__ == "__main__":
    main()
