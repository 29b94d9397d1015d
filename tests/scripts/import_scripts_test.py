#!/usr/bin/env python3
"""What scripts/import does without a framework: names, guesses, shapes, random arrays, messages."""
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "scripts/import"
sys.path.insert(0, str(FOLDER))

import common  # noqa: E402
import from_pytorch  # noqa: E402


class Names(unittest.TestCase):
    def test_ports(self):
        self.assertEqual(common.with_port("image"), "image:0")
        self.assertEqual(common.with_port("split:1"), "split:1")
        self.assertEqual(common.without_port("image:0"), "image")
        self.assertEqual(common.without_port("split:1"), "split:1")

    def test_ends_of_a_frozen_graph_are_guessed(self):
        nodes = [("image", "Placeholder", []), ("w", "Const", []), ("conv", "Conv2D", ["image", "w"]),
                 ("split", "Split", ["conv"]), ("a", "Relu", ["split"]), ("b", "Identity", ["split:1"]),
                 ("check", "Assert", ["a"]), ("init", "NoOp", ["^w"]), ("loose", "Const", [])]
        self.assertEqual(common.guess_ends(nodes), (["image"], ["b"]))

    def test_arrays_find_their_names(self):
        one, two = np.zeros(1), np.ones(1)
        self.assertEqual(common.pair_up(["b", "a"], {"a": one, "b": two}), [("b", two), ("a", one)])
        self.assertEqual(common.pair_up(["a:0"], {"a": one}), [("a:0", one)])
        self.assertEqual(common.pair_up(["Identity:0"], {"keras output 0": one}), [("Identity:0", one)])
        with self.assertRaises(ValueError):
            common.pair_up(["a", "b"], {"c": one})

    def test_versions(self):
        self.assertEqual(from_pytorch.version_of("2.15.0+cpu"), (2, 15))
        self.assertLess(from_pytorch.version_of("1.13.0a0"), from_pytorch.OLDEST_FOR_PROGRAMS)


class Messages(unittest.TestCase):
    def test_the_first_lines_without_colours(self):
        error = ValueError("\x1b[96mstep 3\x1b[0m\n\n failed \nhere\nnot shown")
        self.assertEqual(common.short_text(error), "ValueError: step 3 failed here")


class Shapes(unittest.TestCase):
    def test_the_models_own_and_the_batch(self):
        self.assertEqual(common.concrete_shape("x", [None, 4, 4, 3], {}, 1), [common.BATCH, 4, 4, 3])
        self.assertEqual(common.concrete_shape("x", [1, 4], {}, 1), [1, 4])

    def test_the_users_fill_what_is_open(self):
        self.assertEqual(common.concrete_shape("x:0", [None, None, 3], {"x": [1, 8, 3]}, 1), [common.BATCH, 8, 3])
        self.assertEqual(common.concrete_shape("x", None, {"x": [1, 8, 3]}, 1), [common.BATCH, 8, 3])
        self.assertEqual(common.concrete_shape("x", [-1, 5], {"x": [-1, -1]}, 1), [common.BATCH, 5])

    def test_what_is_missing_or_wrong_is_asked_for(self):
        for declared, shapes, word in (([None, None, 3], {}, "--shape x=?,?,3"), (None, {}, "--shape x=1,3,224,224"),
                                       ([None, 4], {"x": [1, 5]}, "the model says 4"), ([None, 4], {"x": [1]}, "1 dimensions")):
            with self.assertRaises(common.UsageError) as raised:
                common.concrete_shape("x", declared, shapes, 1)
            self.assertIn(word, str(raised.exception))


class Arrays(unittest.TestCase):
    def test_are_the_same_each_time_and_of_their_type(self):
        for kind in ("float32", "float64", "int64", "int32", "uint8", "int8", "bool"):
            first, again = (common.random_array((3, 5), kind, np.random.default_rng(1)) for _ in range(2))
            self.assertEqual(first.dtype, np.dtype(kind))
            np.testing.assert_array_equal(first, again)
        self.assertLessEqual(set(common.random_array(100, "int64", np.random.default_rng(1))), {0, 1})

    def test_results(self):
        with tempfile.TemporaryDirectory() as folder:
            said = common.result(folder, [("x", np.arange(3))], [("a", np.zeros(2)), ("b", np.ones(1))], {"torch": "1"})
            self.assertEqual([entry["file"] for entry in said["outputs"]], ["output0.npy", "output1.npy"])
            np.testing.assert_array_equal(np.load(pathlib.Path(folder) / "output1.npy"), [1.0])
            json.dumps(said)


class Program(unittest.TestCase):
    def test_a_missing_framework_is_said_in_result_json(self):
        if importlib.util.find_spec("mxnet"):
            self.skipTest("MXNet is installed here")
        with tempfile.TemporaryDirectory() as folder:
            request = {"kind": "mxnet", "source": "x", "params": "y", "folder": folder, "inputs": [], "outputs": [],
                       "shapes": {}, "memory": 4 << 30}
            path = pathlib.Path(folder) / "request.json"
            path.write_text(json.dumps(request))
            done = subprocess.run([sys.executable, FOLDER / "convert.py", path], check=False, capture_output=True, text=True)
            self.assertEqual(done.returncode, 3)
            said = json.loads((pathlib.Path(folder) / "result.json").read_text())
            self.assertEqual(said["kind"], "model")
            self.assertIn("mxnet", said["error"])
            self.assertIn("Traceback", done.stderr)

    def test_memory_is_limited(self):
        code = ("import sys; sys.path.insert(0, sys.argv[1]); import common; common.limit_memory(200 << 20);"
                "x = bytearray(400 << 20)")
        done = subprocess.run([sys.executable, "-c", code, str(FOLDER)], check=False, capture_output=True, text=True)
        self.assertIn("MemoryError", done.stderr)


if __name__ == "__main__":
    unittest.main()
