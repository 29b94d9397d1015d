"""Files that no exporter and no user writes by accident: each is refused, soon, with one message, and nothing waits,
crashes or is silently read as something else."""
import os
import resource
import socket
import subprocess

import numpy
import onnx
import yaml
from onnx import TensorProto, helper

from halftone_cli import DEMO, DEMO_MODEL, IO, MODEL, OK, USAGE, SystemTest, halftone, main, settings

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
        for words in (("--batch", 1 << 40), ("--threads", 1 << 30), ("--rounds", (1 << 31) - 1)):
            with self.subTest(words=words):
                self.assert_refused(self.soon("bench", DEMO_MODEL, *words), USAGE, "--batch may be up to 1000000")


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
