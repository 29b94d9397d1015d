"""Files that no exporter and no user writes by accident: each is refused, soon, with one message, and nothing waits,
crashes or is silently read as something else."""
import os
import re
import resource
import signal
import socket
import subprocess
import time

import numpy
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import DEMO, DEMO_MODEL, IO, MODEL, OK, PROGRAM, SOURCE, USAGE, SystemTest, halftone, main, settings

# Seconds of processor time for any refusal, where an optimized build takes less than one. Waiting is seen by the
# time limit of a call instead, so that a busy machine fails no test.
SOON = 10


class HostileTest(SystemTest):
    def soon(self, *words):
        """Runs a command that must end within SOON seconds."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = halftone(*words, cwd=self.folder, timeout=120)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        factor = 1 if "ASAN_OPTIONS" not in os.environ else 5
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, SOON * factor, words)
        return done

    def identity_model(self, outputs=("y",), node="n", name="m.onnx"):
        """x [N, 3] to each output, unchanged but for the sign of every second one."""
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])
        ys = [helper.make_tensor_value_info(y, TensorProto.FLOAT, None) for y in outputs]
        nodes = [helper.make_node("Neg" if i % 2 else "Abs", ["x"], [y], name=f"{node}{i}")
                 for i, y in enumerate(outputs)]
        model = helper.make_model(helper.make_graph(nodes, "g", [x], ys), opset_imports=[helper.make_opsetid("", 13)],
                                  ir_version=7)
        path = self.folder / name
        path.write_bytes(model.SerializeToString())
        return path


class NotRegularFiles(HostileTest):
    def setUp(self):
        super().setUp()
        self.fifo = self.folder / "fifo"
        os.mkfifo(self.fifo)
        self.socket = self.folder / "socket"
        holder = socket.socket(socket.AF_UNIX)
        self.addCleanup(holder.close)
        holder.bind(str(self.socket))
        self.kinds = [(self.fifo, "is a FIFO, not a regular file"), (self.socket, "is a socket, not a regular file"),
                      ("/dev/zero", "is a device, not a regular file")]

    def test_as_model(self):
        for path, says in self.kinds:
            for words in (("inspect", path), ("bench", path), ("run", path, "--input", "x.npy", "--output", "out"),
                          ("eval", DEMO, "--model", path), ("quantize", path, "--plan", "p", "--output", "o.onnx"),
                          ("tune", DEMO, "--set", f"model.path={path}", "--workspace", "out")):
                with self.subTest(words=words):
                    self.assert_refused(self.soon(*words), IO, str(path), says)
        self.assertFalse((self.folder / "out").exists())

    def test_as_config_and_plan(self):
        for path, says in self.kinds:
            with self.subTest(path=path):
                self.assert_refused(self.soon("tune", path), IO, says)
                self.assert_refused(self.soon("quantize", DEMO_MODEL, "--plan", path, "--output", "o.onnx"), IO, says)

    def test_as_array_and_data(self):
        model = self.identity_model()
        for path, says in self.kinds:
            with self.subTest(path=path):
                self.assert_refused(self.soon("run", model, "--input", path, "--output", "out"), IO, says)
        os.symlink("/dev/zero", self.folder / "t10k-images-idx3-ubyte")
        (self.folder / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\0")
        data = "evaluation.accuracy.dataloader.dataset={MNIST: {root: %s}}" % self.folder
        self.assert_refused(self.soon("eval", DEMO, "--set", data), IO, "is a device, not a regular file")

    def test_as_run(self):
        workspace = self.folder / "run"
        workspace.mkdir()
        os.mkfifo(workspace / "trials.jsonl")
        self.assert_refused(self.soon("report", workspace), IO, "is a FIFO, not a regular file")


class SizesThatAreNotThere(HostileTest):
    def sparse(self, name, size=1 << 42):
        path = self.folder / name
        with open(path, "wb") as file:
            file.truncate(size)
        return path

    def test_terabytes_of_nothing(self):
        model = self.identity_model()
        for words in (("inspect", self.sparse("m")), ("tune", self.sparse("c")),
                      ("quantize", model, "--plan", self.sparse("p"), "--output", "o")):
            with self.subTest(words=words):
                self.assert_refused(self.soon(*words), IO, "it has 4398046511104 bytes; at most")
        # An array of any batch may have 16 GiB: a smaller machine says that it has no memory for them.
        done = self.soon("run", model, "--input", self.sparse("x"), "--output", "out")
        self.assert_refused(done, MODEL if "needs" in done.err else IO, "GiB" if "needs" in done.err else "at most")

    def test_a_model_that_grows_while_it_is_read(self):
        path = self.folder / "grows.onnx"
        path.write_bytes(b"no model")
        writer = subprocess.Popen(["sh", "-c", f"while :; do printf x >>{path}; done"])
        try:
            self.assert_refused(self.soon("inspect", path), MODEL, "grows.onnx")
        finally:
            writer.kill()
            writer.wait()


class Names(HostileTest):
    def test_a_name_of_60000_characters(self):
        model = self.identity_model(node="n" * 60_000)
        self.assert_refused(self.soon("inspect", model), MODEL, "a node's name has 60001 bytes", "may have 4096")

    def test_patterns_that_take_for_ever_elsewhere(self):
        rule = ["--set", f"quantization.op_wise={{'re:({'a|' * 20}a)*b': {{weight: {{dtype: [fp32]}}}}}}"]
        self.assert_refused(self.soon("inspect", DEMO_MODEL, "--config", self.config("re:(.*)*(.*)*(.*)*b")), USAGE,
                            "matches no unit")
        self.assertNotEqual(self.soon("tune", DEMO, *rule, "--print-config").code, 70)

    def test_patterns_with_look_ahead(self):
        self.assert_refused(self.soon("inspect", DEMO_MODEL, "--config", self.config("re:conv(?!1)")), USAGE,
                            "c.yaml:", "'re:conv(?!1)' is not a valid regex: '(?!' is not supported")

    def config(self, key):
        path = self.folder / "c.yaml"
        path.write_text(yaml.safe_dump({"model": {"name": "m", "path": str(DEMO_MODEL)},
                                        "quantization": {"op_wise": {key: {"weight": {"dtype": ["fp32"]}}}}}))
        return path

    def test_outputs_whose_file_names_are_equal(self):
        outputs = ["a/b", "a:b", "a_b", "a?b"]
        model = self.identity_model(outputs)
        x = numpy.arange(-3, 3, dtype=numpy.float32).reshape(2, 3)
        numpy.save(self.folder / "x.npy", x)
        self.assert_code(OK, halftone("run", model, "--input", "x.npy", "--output", "out", cwd=self.folder))
        found = {path.name: numpy.load(path) for path in (self.folder / "out").iterdir()}
        # What is a file name keeps it; the others follow in the order of the model.
        expected = {"a_b.2.npy": abs(x), "a_b.3.npy": -x, "a_b.npy": abs(x), "a_b.4.npy": -x}
        self.assertEqual(sorted(found), sorted(expected))
        for name, array in expected.items():
            numpy.testing.assert_array_equal(found[name], array, name)


class Configs(HostileTest):
    def test_texts_of_a_mebibyte(self):
        most = 1 << 20
        for name, text in {
            "tabs": "a: 1\n" + "\t" * (most - 10), "tab lines": "a: 1\n" + "\t\n" * (most // 2 - 10),
            "brackets": "[" * most, "closing": "]" * most, "dashes": "- " * (most // 2), "questions": "? " * (most // 2),
            "colons": ": " * (most // 2), "braces": "{a: " * (most // 4), "commas": "[" + "," * (most - 2),
            "a long key": "a" * (most - 10) + ": 1", "a long word": "a: " + "b" * (most - 10),
            "a quoted word": 'a: "' + "\\n" * (most // 2 - 10) + '"', "an open quote": 'a: "' + "x" * (most - 10),
            "keys": "".join(f"k{i}: 1\n" for i in range(most // 11)), "comments": "#" * most, "lines": "\n" * most,
            "anchors": "".join(f"k{i}: &a{i} [1]\n" for i in range(most // 22)),
            "an anchor within an anchor": "a: " + "".join(f"&a{i} [" for i in range(most // 10)),
            "laughs": "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join(['*a%d' % (i - 1)] * 9)}]\n"
                                                for i in range(1, 40)),
            "one anchor, many aliases": "a: &a {x: 1}\nb: [" + "*a, " * (most // 4 - 20) + "*a]",
            "merges": "a: &a {x: 1}\n" + "".join(f"k{i}: {{<<: *a}}\n" for i in range(most // 20)),
            "tags": "a: " + "!!str " * (most // 6), "a block": "a: |\n" + " x\n" * (most // 3),
            "folded": "a: >\n" + " x\n\n" * (most // 4), "deep indentation": "".join(" " * i + "a:\n" for i in range(1400)),
            "documents": "---\n" * (most // 4), "directives": "%TAG ! tag:\n" * (most // 12),
            "rules": "quantization: {op_wise: {" + "".join(f"k{i}: {{}}, " for i in range(10_000)) + "}}",
            "one map, a line": "a: {" + "b: c, " * (most // 6),
        }.items():
            with self.subTest(name=name):
                path = self.folder / "c.yaml"
                path.write_text(text[:most])
                done = self.soon("tune", path, "--print-config")
                self.assertIn(done.code, (OK, USAGE), name + done.err[:300])

    def test_a_product_that_wraps_means_all_samples(self):
        images = 9_000_000_000_000_000_000
        done = halftone("eval", DEMO, "--set", f"evaluation.accuracy.iteration={images}", "--json", timeout=600)
        self.assert_code(OK, done)
        self.assertIn('"samples":10000', done.out.replace(" ", ""))

    def test_numbers_of_the_command_line(self):
        for option, most, value in (("--batch", 1000000, 1 << 40), ("--threads", 1024, 1 << 30),
                                    ("--rounds", 1000000, (1 << 31) - 1), ("--batch", 1000000, 0)):
            with self.subTest(option=option, value=value):
                self.assert_refused(self.soon("bench", DEMO_MODEL, option, value), USAGE,
                                    f"{option} must be an integer from 1 to {most}, got {value}")


class SmallRuns(HostileTest):
    """A model of one product and its data: a run takes a second or two."""
    def setUp(self):
        super().setUp()
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])
        random = numpy.random.default_rng(1)
        weights = numpy_helper.from_array(random.normal(size=(4, 3)).astype(numpy.float32), "w")
        graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")], "g", [x], [y], [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
        (self.folder / "m.onnx").write_bytes(model.SerializeToString())
        self.samples = random.normal(size=(20, 4)).astype(numpy.float32)
        numpy.save(self.folder / "x.npy", self.samples)
        numpy.save(self.folder / "labels.npy", numpy.zeros(20, numpy.int64))
        self.write_config("c.yaml")

    def write_config(self, name, calibration=True, **changes):
        loader = {"dataset": {"Numpy": {"inputs": {"x": "x.npy"}, "targets": {"label": "labels.npy"}}}}
        config = {"model": {"name": "m", "path": "m.onnx"},
                  "evaluation": {"accuracy": {"metric": {"topk": 1}, "dataloader": loader}},
                  "tuning": {"objective": "modelsize", "accuracy_criterion": {"absolute": 0.9}}}
        if calibration:
            inputs = {"dataset": {"Numpy": {"inputs": {"x": "x.npy"}}}}
            config["quantization"] = {"calibration": {"sampling_size": 20, "dataloader": inputs}}
        config.update(changes)
        (self.folder / name).write_text(yaml.safe_dump(config))

    def files(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def test_no_output_takes_the_place_of_an_input(self):
        self.assert_code(OK, self.soon("tune", "c.yaml", "--workspace", "w"))
        (self.folder / "link.onnx").symlink_to("m.onnx")
        (self.folder / "out").mkdir()
        numpy.save(self.folder / "out/y.npy", self.samples)
        journal = (self.folder / "w/trials.jsonl").read_bytes()
        # The names of eval's files are those that a user may choose, too.
        (self.folder / "x.npy").rename(self.folder / "inputs.npy")
        (self.folder / "x.npy").symlink_to("inputs.npy")
        self.write_config("in.yaml")
        before = self.files()
        plan = ("--plan", "w/best.yaml")
        for words in (("quantize", "m.onnx", *plan, "--output", "m.onnx"),
                      ("quantize", "m.onnx", *plan, "--output", "link.onnx"),
                      ("quantize", "m.onnx", *plan, "--output", "w/best.yaml"),
                      ("bench", "m.onnx", "--save", "./m.onnx"), ("eval", "c.yaml", "--logits", "m.onnx"),
                      ("eval", "c.yaml", "--logits", "x.npy"), ("eval", "in.yaml", "--save-inputs", "."),
                      ("report", "w", "--study", "w/trials.jsonl"),
                      ("run", "m.onnx", "--input", "out/y.npy", "--output", "out")):
            with self.subTest(words=words):
                self.assert_refused(self.soon(*words), USAGE, "is read by this command and would be lost")
        self.assertEqual(self.files(), before)
        self.assertEqual((self.folder / "w/trials.jsonl").read_bytes(), journal)
        numpy.testing.assert_array_equal(numpy.load(self.folder / "out/y.npy"), self.samples)

    def test_outputs_that_are_no_files(self):
        self.assert_code(OK, self.soon("tune", "c.yaml", "--workspace", "w"))
        os.mkfifo(self.folder / "fifo")
        for path, code, says in (("fifo", IO, "is not a regular file"), ("w", IO, "is a folder"),
                                 ("", USAGE, "the path is empty"), ("none/o", IO, "there is no folder 'none'")):
            for words in (("quantize", "m.onnx", "--plan", "w/best.yaml", "--output", path),
                          ("report", "w", f"--study={path}")):
                if path == "" and words[0] == "report":
                    continue  # no study is asked for
                with self.subTest(words=words):
                    self.assert_refused(self.soon(*words), code, says)
        self.assertTrue((self.folder / "fifo").is_fifo())

    def test_a_workspace_with_files_of_the_user(self):
        self.write_config("run.yaml")
        before = self.files()
        self.assert_refused(self.soon("tune", "run.yaml", "--workspace", "."), USAGE,
                            "workspace '.' has a file run.yaml, which the run would overwrite")
        self.assertEqual(self.files(), before)

    def test_eval_needs_no_calibration_data(self):
        self.write_config("e.yaml", calibration=False)
        self.assert_code(OK, self.soon("eval", "e.yaml"))
        self.assert_refused(self.soon("tune", "e.yaml", "--workspace", "w"), USAGE, "needs calibration data")

    def test_a_baseline_of_nothing_but_nan(self):
        numpy.save(self.folder / "calibration.npy", self.samples)
        numpy.save(self.folder / "x.npy", self.samples * numpy.nan)
        inputs = {"dataset": {"Numpy": {"inputs": {"x": "calibration.npy"}}}}
        self.write_config("c.yaml", quantization={"calibration": {"sampling_size": 20, "dataloader": inputs}})
        for ranks in (None, 2):
            done = halftone("tune", "c.yaml", "--workspace", f"w{ranks}", cwd=self.folder, ranks=ranks, timeout=120)
            self.assert_code(MODEL, done)
            self.assertIn("error: fp32: the outputs of all 20 samples are NaN or infinite", done.err)
            self.assertFalse((self.folder / f"w{ranks}/best.onnx").exists())

    def test_certify_looks_at_the_files_first(self):
        script = str(SOURCE / "scripts/certify.py")
        # Without the runtimes, so that looking for them would end with another code.
        without = {**os.environ, "HALFTONE_DEPS_DIR": str(self.folder)}
        for path, code, says in (("c.yaml", IO, "best.yaml: no such file"), (".", MODEL, "not a regular file"),
                                 ("no", MODEL, "no such file")):
            done = subprocess.run(["python3", "-S", script, path], cwd=self.folder, env=without, capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(says, done.stderr)

    def test_nothing_to_quantize(self):
        done = self.soon("tune", "c.yaml", "--workspace", "w", "--set", "quantization.exclude=['*']")
        self.assert_code(OK, done)
        self.assertIn("no unit of this model can be quantized under this config", done.err)

    def test_the_rank_of_a_run(self):
        self.assert_code(OK, self.soon("tune", "c.yaml", "--workspace", "w"))
        self.assert_refused(self.soon("report", "w", "--rank", "mse"), USAGE, "'w' is the workspace of a run")
        self.assert_code(OK, self.soon("dump", "c.yaml", "--units", "all", "--samples", 1, "--output", "w"))
        self.assertIn("strategy basic", self.soon("report", "w").out)
        self.assertIn("1 samples", self.soon("report", "w", "--rank", "mse").out)

    def test_hdf5_files_that_crash_the_library(self):
        found = sorted((SOURCE / "tests/fuzz/corpus/h5").glob("library_*.h5"))
        self.assertGreater(len(found), 2)
        (self.folder / "dump").mkdir()
        crashes = 0
        for original in found:
            for path in (self.folder / "x.h5", self.folder / "dump/index.h5"):
                path.write_bytes(original.read_bytes())
            data = {"dataset": {"HDF5": {"path": "x.h5", "inputs": {"x": "/units/low"}, "targets": {"y": "/units/x"}}}}
            self.write_config("h5.yaml", evaluation={"accuracy": {"metric": {"topk": 1}, "dataloader": data}})
            for words, ranks in ((("init", "m.onnx", "--data", "x.h5"), None), (("report", "dump"), None),
                                 (("eval", "h5.yaml"), None), (("tune", "h5.yaml", "--workspace", "w"), 2)):
                with self.subTest(file=original.name, words=words):
                    done = halftone(*words, cwd=self.folder, ranks=ranks, timeout=120)
                    self.assert_code(MODEL, done)
                    crashes += ".h5: the HDF5 library (1." in done.err and "could not read it without a crash" in done.err
        # A later library may refuse by itself what this one crashes on.
        if re.search(r"HDF5 +1\.10\.", halftone("doctor").out):
            self.assertGreater(crashes, 2)

class SlowModels(HostileTest):
    def test_a_bench_that_has_measured_nothing_ends_at_once(self):
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1500, 1500])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph([helper.make_node("MatMul", ["x", "x"], ["y"])], "g", [x], [y])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
        (self.folder / "m.onnx").write_bytes(model.SerializeToString())
        # The warm-up is a third of a tera-operation and more: some seconds of one thread.
        words = [PROGRAM, "bench", str(self.folder / "m.onnx"), "--batch", "60"]
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(2)
            process.send_signal(signal_number)
            try:
                self.assertEqual(process.wait(timeout=5), -signal_number)
            finally:
                process.kill()
                process.communicate()


class WrongOptions(HostileTest):
    def test_each_is_named_with_the_help_of_its_command(self):
        for words, says in ((("tune", "--bogus"), ("config is required; '--bogus' is unknown",)),
                            (("tune", DEMO, "--worksapce", "w"), ("--worksapce", "did you mean '--workspace'?")),
                            (("bench", DEMO_MODEL, "--thread=2"), ("--thread=2", "did you mean '--threads'?"))):
            with self.subTest(words=words):
                self.assert_refused(self.soon(*words), USAGE, *says, f"(see halftone {words[0]} --help)")
        self.assert_refused(self.soon("bench", DEMO_MODEL, "--plan", "p", "--precision", "int8"), USAGE, "--precision")
        self.assert_refused(self.soon("tnue"), USAGE, "'tnue' is no command (see halftone --help)")


class StandardStreams(HostileTest):
    def ended(self, words, **streams):
        done = subprocess.run([PROGRAM, *map(str, words)], cwd=self.folder, timeout=60, check=False, text=True, **streams)
        return done.returncode, done.stderr

    def test_output_that_cannot_be_written(self):
        model = self.identity_model()
        for words in (("init", model), ("man",), ("inspect", model, "--json"), ("tune", DEMO, "--print-config"),
                      ("--help",), ("completion", "bash")):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                code, err = self.ended(words, stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(code, IO, err)
                self.assertTrue(err.startswith("error: cannot write"), err)
                # Of an early line of a help text it is only known that it was lost.
                self.assertRegex(err, "No space left on device|a write failed")

    def test_a_reader_that_has_seen_enough_is_no_error(self):
        done = subprocess.run(["bash", "-c", f"{PROGRAM} man | head -1"], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_closed_streams(self):
        line = f"exec {PROGRAM} inspect none.onnx 2>&-"
        self.assertEqual(self.ended(("inspect", "none.onnx"), stderr=subprocess.PIPE)[0], MODEL)
        shell = subprocess.run(["bash", "-c", line], cwd=self.folder, timeout=60, check=False)
        self.assertEqual(shell.returncode, MODEL)
        shell = subprocess.run(["bash", "-c", f"exec {PROGRAM} --version >&-"], timeout=60, check=False, text=True,
                               capture_output=True)
        self.assertEqual(shell.returncode, IO)
        self.assertIn("cannot write the output (stdout)", shell.stderr)

    def test_messages_never_go_to_the_journal(self):
        words = " ".join(map(str, ("tune", DEMO, *settings(images=50, calibration=50, trials=1), "--workspace", "w")))
        words = words.replace("{", "'{").replace("}", "}'")
        subprocess.run(["bash", "-c", f"{PROGRAM} -v {words} <&- >&- 2>&-"], cwd=self.folder, timeout=120, check=False)
        journal = (self.folder / "w/trials.jsonl").read_text()
        self.assertTrue(all(line.startswith('{"type":') for line in journal.splitlines()), journal)


class Plans(HostileTest):
    def test_numbers_that_do_not_fit(self):
        tuned = halftone("tune", DEMO, *settings(images=100, trials=1, goal=0.5), "--workspace", self.folder / "out")
        self.assert_code(OK, tuned)
        plan = yaml.safe_load((self.folder / "out/best.yaml").read_text())
        for number, says in ((1 << 32, "zero_point must be integers of 32 bits"), (256, "is no code"),
                             (-(1 << 63), "zero_point must be integers of 32 bits"), (1 << 63, "must be integers")):
            with self.subTest(number=number):
                plan["tensors"][0]["zero_point"] = [number]
                path = self.folder / "p.yaml"
                path.write_text(yaml.safe_dump(plan))
                done = self.soon("quantize", DEMO_MODEL, "--plan", path, "--output", "o.onnx")
                self.assert_refused(done, USAGE, "p.yaml:", says)


if __name__ == "__main__":
    main()
