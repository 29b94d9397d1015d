"""Dumps of unit outputs, checked with h5py and ONNX Runtime; killed, resumed, and damaged ones.

HALFTONE_TEST_KILLS is the number of kills (3; the suite "slow" does 10).
"""
import json
import os
import random
import shutil
import signal
import subprocess
import time

import h5py
import numpy
import onnx
import onnxruntime

from halftone_cli import (DEMO, DEMO_MODEL, GOAL_MISSED, IO, MODEL, MPIEXEC, OK, OUT_OF_REACH, PROGRAM, USAGE, Running,
                          SystemTest, environment, halftone, main, records, settings)

KILLS = int(os.environ.get("HALFTONE_TEST_KILLS", "3"))
TRAIN_IMAGES = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def calibration_images(count):
    """The demo config's transforms, written down once more."""
    import gzip
    with gzip.open(TRAIN_IMAGES) as file:
        pixels = numpy.frombuffer(file.read(16 + count * 784), numpy.uint8, offset=16)
    scaled = pixels.reshape(count, 1, 28, 28).astype(numpy.float32) / numpy.float32(255)
    return (scaled - numpy.float32(0.2860)) / numpy.float32(0.3530)


def intermediate_outputs(values, images):
    """ONNX Runtime's values of the fp32 model, unoptimized."""
    model = onnx.load(DEMO_MODEL)
    outputs = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=value) for value in values if value not in outputs)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(values, {session.get_inputs()[0].name: images})


def folded_weights():
    """Weight name -> weight, with the BatchNormalization behind it folded in, as our importer does."""
    graph = onnx.load(DEMO_MODEL).graph
    arrays = {w.name: onnx.numpy_helper.to_array(w) for w in graph.initializer}
    for node in graph.node:  # the exporter wrote equal constants once
        if node.op_type == "Identity" and node.input[0] in arrays:
            arrays[node.output[0]] = arrays[node.input[0]]
    readers = {node.input[0]: node for node in graph.node}
    for node in graph.node:
        norm = readers.get(node.output[0])
        if node.op_type == "Conv" and norm is not None and norm.op_type == "BatchNormalization":
            gamma, _, _, variance = (arrays[name].astype(numpy.float64) for name in norm.input[1:])
            epsilon = next((a.f for a in norm.attribute if a.name == "epsilon"), 1e-5)
            factor = gamma / numpy.sqrt(variance + epsilon)
            arrays[node.input[1]] = arrays[node.input[1]] * factor.reshape(-1, 1, 1, 1)
    return arrays


class Dump(SystemTest):
    def dump(self, name, *words, ranks=None, samples=100):
        return halftone("dump", DEMO, "--samples", samples, "--output", self.folder / name, *words, ranks=ranks)

    def test_equals_onnx_runtimes_intermediate_outputs(self):
        self.assert_code(OK, self.dump("dump", "--units", "all", ranks=3))
        with h5py.File(self.folder / "dump/index.h5") as index:
            units = list(index["units"].values())
            self.assertEqual(len(units), 22)
            values = [text(unit.attrs["value"]) for unit in units]
            expected = intermediate_outputs(values, calibration_images(100))
            weights = folded_weights()
            for unit, value in zip(units, expected):
                with self.subTest(unit=unit.name):
                    fp32 = unit["fp32"][()]
                    self.assertEqual(fp32.shape, value.shape)
                    self.assertLessEqual(numpy.abs(fp32 - value).max(), 1e-4 * max(1, numpy.abs(value).max()))
                    self.check_codes(unit, fp32)
                    self.check_weight(index["weights"][unit.name.rsplit("/")[-1]], weights)

    def check_codes(self, unit, fp32):
        """A quantized output is near the fp32 one: its codes mean what scale and zero point say."""
        codes = unit["quantized"]
        real = codes[()]
        if "scale" in codes.attrs:
            self.assertIn(codes.dtype, (numpy.uint8, numpy.int8))
            real = (real.astype(numpy.float64) - codes.attrs["zero_point"]) * codes.attrs["scale"]
        noise, signal = ((real - fp32) ** 2).sum(), (fp32.astype(numpy.float64) ** 2).sum()
        self.assertLess(noise, signal / 2)

    def check_weight(self, group, weights):
        expected = weights[text(group.attrs["value"])]
        numpy.testing.assert_allclose(group["fp32"][()], expected, rtol=1e-5)
        codes, shape = group["quantized"], [1] * expected.ndim
        shape[codes.attrs["axis"]] = -1
        scale = codes.attrs["scale"].reshape(shape)
        real = (codes[()].astype(numpy.float64) - codes.attrs["zero_point"].reshape(shape)) * scale
        self.assertLessEqual((numpy.abs(real - expected) / scale).max(), 0.5 + 1e-3)

    def test_rank_mse_is_the_sensitivity_record(self):
        workspace = self.folder / "run"
        done = halftone("tune", DEMO, "--workspace", workspace, *settings(images=200, trials=5, goal=OUT_OF_REACH),
                        "--set", "tuning.strategy.name=mse")
        self.assert_code(GOAL_MISSED, done)
        probe = records(workspace, "sensitivity")[0]
        trial = next(t["trial"] for t in records(workspace, "trial") if t["candidate"] == probe["candidate"])
        ratio = {v["unit"]: v["error"] / v["reference"] for v in probe["values"]}
        order = sorted(ratio, key=lambda unit: -ratio[unit])
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                name = f"dump_{ranks}"
                self.assert_code(OK, self.dump(name, "--units", "all", "--trial", f"{workspace}:{trial}",
                                               *settings(images=200), ranks=ranks))
                ranked = json.loads(halftone("report", self.folder / name, "--rank", "mse", "--json").out)
                self.assertEqual([unit["unit"] for unit in ranked["units"]], order)
                sums = {unit["unit"]: unit["sums"] for unit in ranked["units"]}
                for value in probe["values"]:
                    expected = {key: number for key, number in value.items() if key != "unit"}
                    self.assertEqual(sums[value["unit"]], expected)
        self.check_distances(ranked)

    def check_distances(self, ranked):
        """Against NumPy, from the dump itself."""
        with h5py.File(self.folder / "dump_3/index.h5") as index:
            for group in index["units"].values():
                unit = next(u for u in ranked["units"] if u["unit"] == text(group.attrs["unit"]))
                x, codes = group["fp32"][()].astype(numpy.float64), group["quantized"]
                y = codes[()].astype(numpy.float64)
                if "scale" in codes.attrs:
                    y = (y - codes.attrs["zero_point"]) * codes.attrs["scale"]
                    ends = numpy.iinfo(codes.dtype)
                    low, high = ((e - codes.attrs["zero_point"]) * codes.attrs["scale"]
                                 for e in (ends.min - 0.5, ends.max + 0.5))  # beyond: off by more than half a step
                    self.assertAlmostEqual(unit["clipped"], ((x < low) | (x > high)).mean(), 6)
                self.assertAlmostEqual(unit["sqnr_db"], 10 * numpy.log10((x**2).sum() / ((x - y)**2).sum()), 4)
                cosine = (x * y).sum() / numpy.sqrt((x**2).sum() * (y**2).sum())
                self.assertAlmostEqual(unit["cosine"], cosine, 6)
                a, b = ((v - v.min()) / (v.max() - v.min()) for v in (x, y))
                self.assertAlmostEqual(unit["lpot"], ((a - b)**2).mean(), 6)

    def test_killed_and_resumed(self):
        words = ("--units", "all")
        running = self.start("whole", words)
        start = time.monotonic()
        self.assertEqual(running.wait(), OK, running.log())
        duration = time.monotonic() - start
        whole = {path.name: path.read_bytes() for path in (self.folder / "whole").iterdir()}
        moments = random.Random(7)
        finished = 0
        for attempt in range(KILLS):
            folder = self.folder / f"killed_{attempt}"
            running = self.start(folder.name, words)
            time.sleep(moments.uniform(0, 0.8 * duration))
            ranks = running.ranks()
            if ranks and running.is_running():
                victim = running.process.pid if attempt % 3 == 0 else moments.choice(ranks)
                self.kill(victim)
            running.wait_after_kill(ranks)
            names = {path.name for path in folder.iterdir()}
            finished += "index.h5" in names
            for name in names:
                if not name.endswith(".tmp"):  # whatever has its name is whole
                    self.assertEqual((folder / name).read_bytes(), whole[name], name)
            self.assert_code(OK, self.dump(folder.name, *words, "--resume", ranks=2, samples=400))
            self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, whole)
            shutil.rmtree(folder)
        self.assertLess(finished, max(2, KILLS * 6 // 10), "most kills came too late to say anything")

    def start(self, name, words):
        """A dump by two ranks that has begun to write."""
        folder = self.folder / name
        running = Running(("dump", DEMO, "--samples", 400, "--output", folder, *words), 2, self.folder / f"log_{name}")
        while running.is_running() and not folder.exists():
            time.sleep(0.002)
        return running

    def test_a_failing_disk(self):
        """Files may have 12 MB only: parts fail while they are written, and nothing half-written has a part's name."""
        limited = ["sh", "-c", "ulimit -f 24576; trap '' XFSZ; exec \"$@\"", "sh"]
        for launcher in ([], [MPIEXEC, "-n", "2"]):
            with self.subTest(launcher=launcher):
                folder = self.folder / f"limited_{len(launcher)}"
                words = ["dump", str(DEMO), "--units", "all", "--samples", "400", "--output", str(folder)]
                done = subprocess.run([*launcher, *limited, PROGRAM, *words], env=environment(), capture_output=True,
                                      text=True, check=False, timeout=120)
                self.assertEqual(done.returncode, IO, done.stderr)
                self.assertIn("File too large", done.stderr)
                self.assertEqual(list(folder.iterdir()), [])

    @staticmethod
    def kill(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def test_compressed_and_some_units(self):
        self.assert_code(OK, self.dump("plain", "--units", "/1/*", samples=40))
        self.assert_code(OK, self.dump("gzip", "--units", "/1/*", "--gzip", 1, samples=40))
        with h5py.File(self.folder / "plain/index.h5") as plain, h5py.File(self.folder / "gzip/index.h5") as packed:
            self.assertEqual(list(plain["units"]), list(packed["units"]))
            self.assertLess(len(plain["units"]), 22)
            for unit in plain["units"]:
                for values in ("fp32", "quantized"):
                    numpy.testing.assert_array_equal(plain["units"][unit][values], packed["units"][unit][values])

    def test_delivered_plan(self):
        workspace = self.folder / "run"
        halftone("tune", DEMO, "--workspace", workspace, *settings(images=200, trials=5, goal=OUT_OF_REACH))
        self.assert_code(OK, self.dump("dump", "--units", "all", "--plan", workspace / "best.yaml", samples=20))
        tensors = {t["unit"]: t for t in json.loads(halftone("report", self.folder / "dump", "--json").out)["units"]}
        self.assertEqual(len(tensors), 22)

    def test_refusals(self):
        for words, code, said in (
                (("--units", "nope"), USAGE, ("units", "nope")),
                (("--units", "all", "--max-bytes", "1M"), USAGE, ("--max-bytes", "fewer")),
                (("--units", "all", "--max-bytes", "much"), USAGE, ("--max-bytes", "much")),
                (("--units", "all", "--plan", self.folder / "no.yaml"), USAGE, ("no.yaml",)),
                (("--units", "all", "--trial", "nowhere"), USAGE, ("WORKSPACE:N",))):
            with self.subTest(words=words):
                done = self.dump("refused", *words)
                self.assert_code(code, done)
                self.assertEqual(len(done.errors()), 1, done.err)
                for word in said:
                    self.assertIn(word, done.err)
                self.assertFalse((self.folder / "refused").exists())
        self.assert_refused(self.dump("refused", "--units", "all", samples=0), USAGE, "--samples", "at least 1")
        done = self.dump("refused", "--units", "all", samples=1000000)
        self.assert_refused(done, USAGE, "--samples", "60000")

    def test_damaged_dumps(self):
        self.assert_code(OK, self.dump("dump", "--units", "/1/*", samples=40))
        folder = self.folder / "dump"
        again = self.dump("dump", "--units", "/1/*", samples=40)
        self.assert_code(USAGE, again)
        self.assertIn("--resume", again.err)
        self.assert_code(OK, self.dump("other", "--units", "/1/*", samples=60))
        part = folder / "part-0001.h5"
        content = part.read_bytes()

        def link():
            part.unlink()
            part.symlink_to(self.folder / "other/part-0001.h5")

        damages = {"missing": part.unlink, "the index says": lambda: part.write_bytes(content[:len(content) // 2]),
                   "links are not followed": link,
                   "another dump": lambda: part.write_bytes((self.folder / "other/part-0001.h5").read_bytes())}
        for reason, damage in damages.items():
            with self.subTest(reason=reason):
                damage()
                done = halftone("report", folder, "--rank", "mse")
                self.assert_code(MODEL, done)
                if reason != "another dump" or part.stat().st_size == len(content):
                    self.assertIn(reason, done.err)
                self.assertIn("part-0001.h5", done.err)
                part.unlink(missing_ok=True)
                part.write_bytes(content)
        part.write_bytes((self.folder / "other/part-0001.h5").read_bytes())
        done = self.dump("dump", "--units", "/1/*", "--resume", samples=40)
        self.assert_code(MODEL, done)
        self.assertIn("another dump", done.err)
        (folder / "index.h5").write_bytes(b"nothing")
        done = halftone("report", folder, "--rank", "mse")
        self.assert_code(MODEL, done)
        self.assertIn("index.h5", done.err)


if __name__ == "__main__":
    main()
