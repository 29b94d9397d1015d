"""A new user's first hour: init, dry run and tune on small models of several kinds, from an empty folder; what a dry run
says of a config that is wrong in many places; doctor, certify, completion and the man page."""
import json
import os
import re
import shutil
import struct
import subprocess
import zlib

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import (DEMO, GOAL_MISSED, IO, MODEL, MPIEXEC, OK, PROGRAM, USAGE, SystemTest, environment, halftone,
                          main)

RANDOM = np.random.default_rng(20)


def write_model(path, nodes, inputs, outputs, constants):
    """Constants: {name: array}. Inputs and outputs: (name, type, shape)."""
    infos = [[helper.make_tensor_value_info(*port) for port in ports] for ports in (inputs, outputs)]
    graph = helper.make_graph(nodes, "g", *infos,
                              [numpy_helper.from_array(array, name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.save(model, str(path))


def write_picture_model(path, channels=3, size=8, classes=2):
    """Two convolutions, the mean of each channel, and a score for each class."""
    def weights(*shape):
        return RANDOM.normal(0, 0.5, shape).astype(np.float32)
    nodes = [helper.make_node("Conv", ["image", "w1"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
             helper.make_node("Conv", ["r1", "w2"], ["c2"], "conv2", pads=[1, 1, 1, 1]),
             helper.make_node("GlobalAveragePool", ["c2"], ["pooled"], "pool"),
             helper.make_node("Flatten", ["pooled"], ["flat"], "flatten"),
             helper.make_node("Gemm", ["flat", "w3"], ["logits"], "fc")]
    write_model(path, nodes, [("image", TensorProto.FLOAT, ["N", channels, size, size])],
                [("logits", TensorProto.FLOAT, ["N", classes])],
                {"w1": weights(8, channels, 3, 3), "w2": weights(8, 8, 3, 3), "w3": weights(8, classes)})


def write_text_model(path, words=50):
    """Words as vectors, their mean where the mask says so, and two scores."""
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["vectors"], "embedding"),
             helper.make_node("Cast", ["attention_mask"], ["mask"], "cast", to=TensorProto.FLOAT),
             helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"], "unsqueeze"),
             helper.make_node("Mul", ["vectors", "mask3"], ["masked"], "mul"),
             helper.make_node("MatMul", ["masked", "w"], ["hidden"], "dense"),
             helper.make_node("ReduceMean", ["hidden"], ["mean"], "mean", axes=[1], keepdims=0),
             helper.make_node("Gemm", ["mean", "w2"], ["logits"], "fc")]
    write_model(path, nodes,
                [("input_ids", TensorProto.INT64, ["N", "length"]), ("attention_mask", TensorProto.INT64, ["N", "length"])],
                [("logits", TensorProto.FLOAT, ["N", 2])],
                {"table": RANDOM.normal(0, 1, (words, 16)).astype(np.float32), "last": np.array([-1]),
                 "w": RANDOM.normal(0, 0.5, (16, 16)).astype(np.float32),
                 "w2": RANDOM.normal(0, 0.5, (16, 2)).astype(np.float32)})


def png(pixels):
    """The bytes of a PNG file: [height, width, 3] uint8."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def idx(array):
    return np.array([0x800 + array.ndim, *array.shape], ">u4").tobytes() + array.tobytes()


class FirstHour(SystemTest):
    def three_commands(self, data):
        """init, dry run, tune. Returns the config and what the dry run found."""
        made = halftone("init", "model.onnx", *(["--data", data] if data else []), cwd=self.folder)
        self.assert_code(OK, made)
        self.assertNotIn("padding", made.err, "samples of one shape are not padded")
        (self.folder / "tune.yaml").write_text(made.out)
        before = sorted(os.listdir(self.folder))
        dry = halftone("tune", "tune.yaml", "--dry-run", "--json", cwd=self.folder)
        self.assert_code(OK, dry)
        found = json.loads(dry.out)
        self.assertEqual((found["ok"], found["faults"]), (True, []))
        self.assertEqual(sorted(os.listdir(self.folder)), before, "a dry run creates nothing")
        tuned = halftone("tune", "tune.yaml", "--workspace", "out", "--set", "tuning.exit_policy.max_trials=3",
                         cwd=self.folder)
        self.assertIn(tuned.code, (OK, GOAL_MISSED), tuned.err)
        self.assertIn("next: halftone certify out/best.onnx", tuned.out)
        self.assertTrue((self.folder / "out/best.onnx").exists())
        return made.out, found

    def test_a_folder_for_each_class(self):
        write_picture_model(self.folder / "model.onnx")
        for split, count in (("train", 12), ("val", 6)):
            for label in ("cat", "dog"):
                folder = self.folder / "photos" / split / label
                folder.mkdir(parents=True)
                for i in range(count):
                    picture = RANDOM.integers(0, 256, (10 + i, 12, 3), dtype=np.uint8)
                    (folder / f"{i}.png").write_bytes(png(picture))
        config, found = self.three_commands("photos")
        self.assertIn("Normalize: {mean: [0.485, 0.456, 0.406]", config)
        self.assertEqual(found["data"]["calibration"]["available"], 24)
        self.assertEqual(found["data"]["evaluation"]["samples"], 12)
        self.assertIn("topk", found["metric"]["names"])

    def assert_told_of(self, data, *words):
        """init writes a config that says `words` on lines with LOOK HERE, and eval refuses it."""
        done = halftone("init", "model.onnx", "--data", data, cwd=self.folder)
        self.assert_code(OK, done)
        text = done.out.replace("\n# ", " ")
        for word in words:
            self.assertRegex(text, "LOOK HERE: [^#]*" + re.escape(word))
        (self.folder / "told.yaml").write_text(done.out)
        self.assert_code(MODEL, halftone("eval", "told.yaml", cwd=self.folder))

    def test_init_tells_of_what_eval_refuses(self):
        write_picture_model(self.folder / "model.onnx")
        for label in ("cat", "dog"):
            (self.folder / "photos" / label).mkdir(parents=True)
            for i in range(4):
                picture = RANDOM.integers(0, 256, (12, 12, 3), dtype=np.uint8)
                (self.folder / "photos" / label / f"{i}.png").write_bytes(png(picture))
        (self.folder / "photos/bird").mkdir()
        (self.folder / "photos/dog/1.png").write_bytes(png(picture)[:60])
        self.assert_told_of("photos", "1 of the 8 pictures", "dog/1.png: ", "on_bad_sample: skip",
                            "folders without pictures are counted as classes, too: photos/bird.")
        for split in ("train", "val"):
            shutil.copytree(self.folder / "photos", self.folder / "split" / split)
        (self.folder / "split/train/cat/0.png").write_bytes(b"no picture")
        self.assert_told_of("split", "2 of the 8 pictures", "split/train/cat/0.png: ")
        x = RANDOM.normal(size=(20, 3, 8, 8)).astype(np.float32)
        np.savez(self.folder / "two.npz", x=x, y=np.zeros(10, np.int64))
        self.assert_told_of("two.npz", "x has 20, y has 10", "this config cannot be evaluated yet: ")
        np.savez(self.folder / "one.npz", x=x, y=np.arange(20) % 2 + 1)
        self.assert_told_of("one.npz", "label 2 lies outside the model's 2 classes")

    def test_text_as_arrays(self):
        write_text_model(self.folder / "model.onnx")
        (self.folder / "text").mkdir()
        np.save(self.folder / "text/input_ids.npy", RANDOM.integers(0, 50, (40, 12)))
        np.save(self.folder / "text/attention_mask.npy", np.ones((40, 12), np.int64))
        np.save(self.folder / "text/labels.npy", RANDOM.integers(0, 2, 40))
        _, found = self.three_commands("text")
        self.assertEqual([port["name"] for port in found["model"]["inputs"]], ["input_ids", "attention_mask"])
        self.assertEqual(found["metric"]["names"], ["topk"])

    def test_an_archive_of_arrays(self):
        write_picture_model(self.folder / "model.onnx")
        np.savez(self.folder / "data.npz", x_train=RANDOM.normal(size=(30, 3, 8, 8)).astype(np.float32),
                 x_test=RANDOM.normal(size=(20, 3, 8, 8)).astype(np.float32), y_train=np.zeros(30, np.int64),
                 y_test=np.ones(20, np.int64))
        _, found = self.three_commands("data.npz")
        self.assertEqual(found["data"]["evaluation"]["samples"], 20)

    def test_one_array_without_labels(self):
        write_picture_model(self.folder / "model.onnx")
        np.save(self.folder / "photos.npy", RANDOM.normal(size=(25, 3, 8, 8)).astype(np.float32))
        config, found = self.three_commands("photos.npy")
        self.assertEqual(found["metric"]["names"], ["agreement"])
        self.assertIn("no labels", config)

    def test_an_hdf5_file_without_labels(self):
        write_picture_model(self.folder / "model.onnx")
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["image"] = RANDOM.normal(size=(25, 3, 8, 8)).astype(np.float32)
        config, found = self.three_commands("data.h5")
        self.assertEqual(found["metric"]["names"], ["agreement"])
        self.assertIn("no labels", config)

    def test_idx_files(self):
        write_picture_model(self.folder / "model.onnx", channels=1, size=8, classes=3)
        (self.folder / "mnist").mkdir()
        for split, count in (("train", 30), ("t10k", 20)):
            images = RANDOM.integers(0, 256, (count, 8, 8), dtype=np.uint8)
            (self.folder / f"mnist/{split}-images-idx3-ubyte").write_bytes(idx(images))
            (self.folder / f"mnist/{split}-labels-idx1-ubyte").write_bytes(idx(np.zeros(count, np.uint8)))
        config, found = self.three_commands("mnist")
        self.assertIn("first 30 training pictures", config)
        self.assertEqual(found["data"]["evaluation"]["samples"], 20)

    def test_no_data_at_all(self):
        write_picture_model(self.folder / "model.onnx")
        config, _ = self.three_commands(None)
        self.assertIn("LOOK HERE", config)

    def test_labels_that_are_shifted_are_named_by_every_command(self):
        write_picture_model(self.folder / "model.onnx", classes=10)
        data = self.folder / "data"
        data.mkdir()
        np.save(data / "image.npy", RANDOM.normal(size=(60, 3, 8, 8)).astype(np.float32))
        np.save(data / "labels.npy", np.zeros(60, np.int64))
        (self.folder / "tune.yaml").write_text(halftone("init", "model.onnx", "--data", "data", cwd=self.folder).out)
        self.assert_code(OK, halftone("eval", "tune.yaml", "--logits", "logits.npy", cwd=self.folder))
        answers = np.load(self.folder / "logits.npy").argmax(axis=1)
        np.save(data / "labels.npy", answers)
        made = halftone("init", "model.onnx", "--data", "data", cwd=self.folder).out
        self.assertIn("# Tried: fp32's topk is 1 on the first 60 samples.", made)
        np.save(data / "labels.npy", (answers + 1) % 10)
        guessed = "topk is 0 on 60 samples and guessing gives 0.1"
        made = halftone("init", "model.onnx", "--data", "data", cwd=self.folder).out
        self.assertIn(f"# LOOK HERE: fp32's {guessed}", made)
        found = json.loads(halftone("tune", "tune.yaml", "--dry-run", "--json", cwd=self.folder).out)
        self.assertTrue(found["ok"], "the run can happen")
        self.assertIn(guessed, found["warnings"][0])
        evaluated = halftone("eval", "tune.yaml", "--json", cwd=self.folder)
        self.assertIn(guessed, evaluated.err)
        self.assertIn("LabelShift", json.loads(evaluated.out)["warning"])
        tuned = halftone("tune", "tune.yaml", "--workspace", "out", "--set", "tuning.exit_policy.max_trials=1",
                         cwd=self.folder)
        self.assertIn(f"warning: fp32's {guessed}", tuned.out)
        self.assertIn(guessed, (self.folder / "out/run.yaml").read_text())

    def test_init_refuses_what_it_does_not_know(self):
        write_picture_model(self.folder / "model.onnx")
        (self.folder / "odd").mkdir()
        self.assert_code(MODEL, halftone("init", "model.onnx", "--data", "odd", cwd=self.folder))
        self.assert_code(MODEL, halftone("init", "gone.onnx", cwd=self.folder))
        self.assert_code(MODEL, halftone("init", "model.onnx", "--data", "gone", cwd=self.folder))


class DryRun(SystemTest):
    def faults(self, *words, ranks=None):
        done = halftone("tune", DEMO, "--dry-run", "--json", "--workspace", self.folder / "out", *words, ranks=ranks)
        found = json.loads(done.out)
        self.assertEqual(found["ok"], not found["faults"])
        self.assertEqual(done.code, found["faults"][0]["code"] if found["faults"] else OK)
        self.assertEqual(len(done.errors()), len(found["faults"]), done.err)
        self.assertFalse((self.folder / "out").exists())
        return found

    def test_every_fault_at_once_with_its_place(self):
        found = self.faults("--set", "evaluation.accuracy.metric={topkk: 1}",
                            "--set", "quantization.calibration.dataloader.dataset={MNIST: {root: /no/such/folder}}",
                            "--set", "tuning.shards=0", "--set", "model.path=/no/such/model.onnx")
        self.assertEqual([fault["code"] for fault in found["faults"]], [USAGE, USAGE, MODEL, MODEL])
        wheres = [fault["where"] for fault in found["faults"]]
        for key in ("tuning.shards", "evaluation.accuracy.metric", "model.path", "MNIST"):
            self.assertTrue(any(key in where for where in wheres), (key, wheres))
        self.assertIsNone(found["work"])

    def test_exit_codes_in_their_order(self):
        self.assertEqual(self.faults("--set", "model.path=/no/model.onnx")["faults"][0]["code"], MODEL)
        data = "evaluation.accuracy.dataloader.dataset={MNIST: {root: /no/such/folder}}"
        self.assertEqual(self.faults("--set", data)["faults"][0]["code"], MODEL)
        (self.folder / "file").write_text("")
        done = halftone("tune", DEMO, "--dry-run", "--workspace", self.folder / "file/out")
        self.assert_code(IO, done)

    def test_under_mpirun_rank_0_speaks(self):
        words = ["--set", "evaluation.accuracy.iteration=2", "--set", "quantization.calibration.sampling_size=20"]
        found = self.faults(*words, ranks=3)
        self.assertEqual((found["ok"], found["ranks"]), (True, 3))
        self.assertGreater(found["work"]["seconds"][1], found["work"]["seconds"][0])

    def test_under_mpirun_every_rank_looks_at_its_data(self):
        write_picture_model(self.folder / "model.onnx")
        config = """
model: {path: model.onnx}
quantization: {calibration: {sampling_size: 10, dataloader: &data {dataset: {Numpy: {inputs: {image: image.npy}}}}}}
evaluation: {accuracy: {metric: {agreement: {}}, dataloader: *data}}
tuning: {strategy: {name: basic}}
"""
        # Two "hosts": the same words in another folder, where the data may be others.
        for name in ("one", "two"):
            (self.folder / name).mkdir()
            (self.folder / name / "tune.yaml").write_text(config)
            shutil.copy(self.folder / "model.onnx", self.folder / name)
            np.save(self.folder / name / "image.npy", np.ones((20, 3, 8, 8), np.float32))

        def dry_run():
            script = (f'cd "{self.folder}/one"; [ "$OMPI_COMM_WORLD_RANK" != 2 ] || cd ../two; '
                      f'exec "{PROGRAM}" tune tune.yaml --dry-run --json')
            done = subprocess.run([MPIEXEC, "-n", "3", "sh", "-c", script], env=environment(), capture_output=True,
                                  text=True, check=False, timeout=120)
            return done.returncode, json.loads(done.stdout)
        code, found = dry_run()
        self.assertEqual((code, found["faults"]), (OK, []))
        self.assertIn("3 ranks on ", found["hosts"])
        np.save(self.folder / "two/image.npy", np.zeros((20, 3, 8, 8), np.float32))
        code, found = dry_run()
        self.assertEqual(code, MODEL)
        self.assertIn("the calibration data are not those of host", found["faults"][0]["what"])
        (self.folder / "two/image.npy").unlink()
        code, found = dry_run()
        self.assertEqual(code, MODEL)
        self.assertIn("image.npy", found["faults"][0]["what"])

    def test_json_needs_the_dry_run(self):
        self.assert_code(USAGE, halftone("tune", DEMO, "--json"))


class Program(SystemTest):
    def test_doctor(self):
        self.assertIn("instruction set", halftone("doctor").out)
        found = json.loads(halftone("doctor", "--json").out)
        self.assertTrue(found["ok"])
        self.assertIn("oneDNN", [finding["subject"] for finding in found["findings"]])

    def test_certify_says_what_is_missing(self):
        self.assert_code(MODEL, halftone("certify", self.folder / "none.onnx"))
        (self.folder / "best.onnx").write_bytes(b"")
        done = halftone("certify", self.folder / "best.onnx", env={**os.environ, "PATH": "/nowhere"})
        self.assert_code(USAGE, done)
        self.assertIn("python3", done.err)

    def test_completion_knows_every_command_and_option(self):
        script = halftone("completion", "bash").out
        (self.folder / "c.bash").write_text(script)

        def complete(*words):
            line = " ".join(f"'{word}'" for word in words)
            done = subprocess.run(["bash", "-c", f"source c.bash; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
                                   "_halftone; printf '%s\\n' \"${COMPREPLY[@]}\""],
                                  cwd=self.folder, capture_output=True, text=True, check=True)
            return done.stdout.split()
        self.assertEqual(complete("halftone", "ini"), ["init"])
        self.assertIn("doctor", complete("halftone", ""))
        self.assertEqual(complete("halftone", "tune", "--dry"), ["--dry-run"])
        self.assertEqual(complete("halftone", "completion", "z"), ["zsh"])
        self.assertIn("#compdef halftone", halftone("completion", "zsh").out)
        self.assert_code(USAGE, halftone("completion", "fish"))

    @staticmethod
    def commands():
        listed = halftone("--help").out.split("Subcommands:")[1].split("'halftone COMMAND")[0]
        return re.findall(r"^  (\w+)", listed, re.M)

    @staticmethod
    def options(*command):
        """Every spelling that --help shows: the program's own word about itself."""
        helped = halftone(*command, "--help").out.split("\nOptions:\n")[1].split("\n\n")[0]
        columns = re.findall(r"^  (-\S.*?)(?:  |$)", helped, re.M)
        return {name for column in columns for name in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", column)}

    def test_completions_and_man_page_have_the_options_that_help_shows(self):
        bash, zsh, page = (halftone(*words).out for words in (("completion", "bash"), ("completion", "zsh"), ("man",)))
        self.assertGreater(len(self.commands()), 12)
        common = self.options()
        self.assertIn("--memory", common)
        for command in self.commands():
            with self.subTest(command=command):
                shown = self.options(command)
                self.assertIn("--help", shown)
                completed = set(re.search(rf"^        {command}\) options='(.*)' ;;$", bash, re.M)[1].split())
                self.assertEqual(completed, shown | common)
                section = zsh.split(f"\n        {command})\n")[1].split("            ;;")[0]
                self.assertEqual(set(re.findall(r"^            '\*(--?[\w-]+)\[", section, re.M)), shown | common)
                roff = page.split(f"\n.SS {command}\n")[1].split("\n.SS ")[0].split("\n.SH ")[0]
                named = {name.replace("\\-", "-") for line in re.findall(r"^\.TP\n\\fB(.*?)\\fR", roff, re.M)
                         for name in line.split(", ") if name.startswith("\\-")}
                self.assertEqual(named, shown)

    def test_shells_and_man_can_read_what_is_printed(self):
        (self.folder / "c.bash").write_text(halftone("completion", "bash").out)
        (self.folder / "_halftone").write_text(halftone("completion", "zsh").out)
        (self.folder / "halftone.1").write_text(halftone("man").out)
        for program, words in (("bash", ["-n", "c.bash"]), ("zsh", ["-n", "_halftone"]),
                               ("groff", ["-man", "-ww", "-Tutf8", "-z", "halftone.1"]),
                               ("mandoc", ["-T", "lint", "-W", "error", "halftone.1"])):
            if shutil.which(program) is None:
                continue
            done = subprocess.run([program, *words], cwd=self.folder, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), program)

    def test_the_man_page_has_every_command(self):
        page = halftone("man").out
        self.assertTrue(page.startswith(".TH HALFTONE 1"))
        commands = [line.split()[0] for line in halftone("--help").out.split("Subcommands:")[1].splitlines() if line.strip()]
        for command in commands:
            if command.startswith("'"):
                break
            self.assertIn(f".SS {command}\n", page)
        self.assertIn("tune", commands)
        self.assertTrue(PROGRAM)


if __name__ == "__main__":
    main()
