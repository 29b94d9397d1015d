"""Weights that calibration data round (GPTQ) or scale (AWQ), on a small language model that is trained here: they lose less than
rounding to nearest, whatever the number of ranks, and the result runs in ONNX Runtime. Run by a Python that has onnx and
onnxruntime."""
import json

import numpy
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import OK, USAGE, SystemTest, halftone, main
from weight_only_test import session

VOCABULARY, CONTEXT, WIDTH, HIDDEN = 16, 4, 32, 64


def text(count, seed):
    """Contexts of four tokens and the token that follows: a Markov chain with a few likely successors."""
    chain = numpy.random.default_rng(7).dirichlet(numpy.full(VOCABULARY, 0.2), VOCABULARY).cumsum(axis=-1)
    rng = numpy.random.default_rng(seed)
    tokens = [0]
    for draw in rng.random(count + CONTEXT):
        tokens.append(min(int(numpy.searchsorted(chain[tokens[-1]], draw)), VOCABULARY - 1))
    tokens = numpy.array(tokens)
    contexts = numpy.stack([tokens[i:i + count] for i in range(CONTEXT)], axis=1)
    return contexts.astype(numpy.int64), tokens[CONTEXT:CONTEXT + count].astype(numpy.int64)


def trained():
    """Embedding, two hidden layers and a head, by Adam on all samples at once."""
    rng = numpy.random.default_rng(3)
    ids, label = text(600, 1)
    shapes = {"table": (VOCABULARY, WIDTH), "w1": (CONTEXT * WIDTH, HIDDEN), "w2": (HIDDEN, HIDDEN), "w3": (HIDDEN, VOCABULARY)}
    p = {key: rng.normal(0, 0.5 if key == "table" else shape[0] ** -0.5, shape).astype(numpy.float32)
         for key, shape in shapes.items()}
    first, second = ({k: numpy.zeros_like(v) for k, v in p.items()} for _ in range(2))
    for step in range(1, 41):
        x = p["table"][ids].reshape(len(ids), -1)
        a = numpy.tanh(x @ p["w1"])
        b = numpy.tanh(a @ p["w2"])
        logits = b @ p["w3"]
        share = numpy.exp(logits - logits.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        share[numpy.arange(len(ids)), label] -= 1
        share /= len(ids)
        back_b = share @ p["w3"].T * (1 - b * b)
        back_a = back_b @ p["w2"].T * (1 - a * a)
        back_x = (back_a @ p["w1"].T).reshape(len(ids), CONTEXT, WIDTH)
        table = numpy.zeros_like(p["table"])
        numpy.add.at(table, ids, back_x)
        for key, gradient in (("table", table), ("w1", x.T @ back_a), ("w2", a.T @ back_b), ("w3", b.T @ share)):
            first[key] = 0.9 * first[key] + 0.1 * gradient
            second[key] = 0.99 * second[key] + 0.01 * gradient * gradient
            p[key] -= 0.01 * (first[key] / (1 - 0.9**step)) / (numpy.sqrt(second[key] / (1 - 0.99**step)) + 1e-8)
    return {k: v.astype(numpy.float32) for k, v in p.items()}


def model(weights):
    nodes = [helper.make_node("Gather", ["table", "ids"], ["e"], "embed"),
             helper.make_node("Reshape", ["e", "shape"], ["x"], "join"),
             helper.make_node("MatMul", ["x", "w1"], ["m1"], "first"), helper.make_node("Tanh", ["m1"], ["a"], "tanh1"),
             helper.make_node("MatMul", ["a", "w2"], ["m2"], "second"), helper.make_node("Tanh", ["m2"], ["b"], "tanh2"),
             helper.make_node("MatMul", ["b", "w3"], ["y"], "head")]
    constants = [numpy_helper.from_array(v, k) for k, v in weights.items()]
    constants.append(numpy_helper.from_array(numpy.array([-1, CONTEXT * WIDTH]), "shape"))
    graph = helper.make_graph(nodes, "lm", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["N", CONTEXT])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", VOCABULARY])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


CONFIG = """
model: {name: lm, framework: onnxrt_integerops, path: lm.onnx}
quantization:
  approach: post_training_weight_only
  calibration: {sampling_size: 400, dataloader: {batch_size: 50, dataset: {Numpy: {inputs: {ids: ids.npy}}}}}
  model_wise: {weight: {dtype: int4, group_size: 32, algorithm: gptq}}
evaluation:
  accuracy:
    metric: {topk: 1}
    dataloader: {batch_size: 50, dataset: {Numpy: {inputs: {ids: test.npy}, targets: {label: label.npy}}}}
tuning: {accuracy_criterion: {absolute: 0.5}, exit_policy: {max_trials: 4}, shards: 3}
"""


def log_shares(logits):
    logits = logits.astype(numpy.float64)
    top = logits.max(axis=1, keepdims=True)
    return logits - top - numpy.log(numpy.exp(logits - top).sum(axis=1, keepdims=True))


class GptqCase(SystemTest):
    weights = None

    @classmethod
    def setUpClass(cls):
        cls.weights = trained()

    def setUp(self):
        super().setUp()
        onnx.save(model(self.weights), self.folder / "lm.onnx")
        numpy.save(self.folder / "ids.npy", text(400, 2)[0])
        self.ids, label = text(1000, 5)
        numpy.save(self.folder / "test.npy", self.ids)
        numpy.save(self.folder / "label.npy", label)
        (self.folder / "lm.yaml").write_text(CONFIG)

    def tuned(self, *words, name="out", ranks=None):
        done = halftone("tune", self.folder / "lm.yaml", *words, "--workspace", self.folder / name, cwd=self.folder,
                        ranks=ranks)
        self.assert_code(OK, done)
        return self.folder / name

    def outputs(self, path):
        done = halftone("run", path, "--input", f"ids={self.folder / 'test.npy'}", "--output", self.folder / "outputs")
        self.assert_code(OK, done)
        return numpy.load(self.folder / "outputs/y.npy")

    def rebuilt(self, plan, name="rebuilt.onnx"):
        return halftone("quantize", self.folder / "lm.onnx", "--plan", plan, "--output", self.folder / name)


class Gptq(GptqCase):
    def test_it_loses_less_than_rounding_to_nearest(self):
        exact = self.outputs(self.folder / "lm.onnx")
        wanted = log_shares(exact)
        error, divergence = {}, {}
        for words in ("gptq", "rtn"):
            for scheme in ("sym", "asym"):
                out = self.tuned("--set", f"quantization.model_wise.weight={{algorithm: {words}, scheme: {scheme}}}",
                                 name=f"{words}_{scheme}")
                found = self.outputs(out / "best.onnx")
                error[words, scheme] = numpy.square(found - exact).mean()
                divergence[words, scheme] = (numpy.exp(wanted) * (wanted - log_shares(found))).sum(axis=1).mean()
        for scheme in ("sym", "asym"):
            # Held-out text: mean squared error of the logits, and divergence of the predictions from the model's own.
            self.assertLess(error["gptq", scheme], 0.7 * error["rtn", scheme])
            self.assertLess(divergence["gptq", scheme], 0.7 * divergence["rtn", scheme])

    def test_ranks_change_nothing_and_onnx_runtime_runs_it(self):
        out = self.tuned()
        many = self.tuned(name="many", ranks=3)
        for name in ("best.onnx", "best.yaml"):
            self.assertEqual((many / name).read_bytes(), (out / name).read_bytes(), name)
        theirs = session(out / "best.onnx").run(None, {"ids": self.ids})[0]
        self.assertLess(numpy.abs(self.outputs(out / "best.onnx") - theirs).max(), 1e-4)
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual(plan["calibration_samples"], 400)
        self.assertEqual({unit["weight"]["algorithm"] for unit in plan["units"]}, {"gptq"})
        self.assertEqual((many / "best.codes.npz").read_bytes(), (out / "best.codes.npz").read_bytes())
        shown = json.loads(halftone("inspect", out / "best.onnx", "--json").out)
        self.assertEqual({unit["options"][0] for unit in shown["units"]}, {"fp32 x int4/sym/given/32"})

    def test_the_plan_and_the_codes_beside_it_rebuild_the_file(self):
        for scheme in ("sym", "asym"):
            with self.subTest(scheme=scheme):
                out = self.tuned("--set", f"quantization.model_wise.weight.scheme={scheme}", name=scheme)
                self.assert_code(OK, self.rebuilt(out / "best.yaml"))
                self.assertEqual((self.folder / "rebuilt.onnx").read_bytes(), (out / "best.onnx").read_bytes())
                # NumPy reads the codes, and they are those of the file, in the form of the weight.
                codes = yaml.safe_load((out / "best.yaml").read_text())["codes"]
                self.assertEqual((codes["file"], codes["units"]), ("best.codes.npz", ["first", "head", "second"]))
                arrays = numpy.load(out / codes["file"])
                graph = onnx.load(out / "best.onnx").graph
                stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
                for i, weight in enumerate(("w1", "w3", "w2")):
                    self.assertEqual(arrays[f"codes.{i}"].tolist(), stored[f"{weight}_quantized"].astype(int).tolist())
                    self.assertEqual(arrays[f"scale.{i}"].tolist(), stored[f"{weight}_scale"].tolist())
                    self.assertEqual(f"zero_point.{i}" in arrays, scheme == "asym")

    def test_bench_takes_the_codes_along_and_a_plan_without_them_is_refused(self):
        out = self.tuned()
        (self.folder / "copy").mkdir()
        done = halftone("bench", self.folder / "lm.onnx", "--plan", out / "best.yaml", "--batch", 1, "--rounds", 3,
                        "--autotune", "--save-plan", self.folder / "copy/tuned.yaml")
        self.assert_code(OK, done)
        self.assert_code(OK, self.rebuilt(self.folder / "copy/tuned.yaml"))
        codes = self.folder / "copy/best.codes.npz"
        whole = codes.read_bytes()
        codes.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assert_refused(self.rebuilt(self.folder / "copy/tuned.yaml"), USAGE, "other codes than those of this plan")
        codes.unlink()
        self.assert_refused(self.rebuilt(self.folder / "copy/tuned.yaml"), USAGE, "best.codes.npz is missing")

    def test_it_is_a_dimension_and_needs_calibration_data(self):
        shown = halftone("inspect", self.folder / "lm.onnx", "--config", self.folder / "lm.yaml", "--set",
                         "quantization.model_wise.weight={algorithm: [gptq, rtn]}", "--json", cwd=self.folder)
        self.assert_code(OK, shown)
        self.assertEqual(json.loads(shown.out)["units"][0]["options"][:2],
                         ["fp32 x int4/sym/gptq/32", "fp32 x int4/sym/rtn/32"])
        config = yaml.safe_load(CONFIG)
        del config["quantization"]["calibration"]
        (self.folder / "lm.yaml").write_text(yaml.safe_dump(config))
        done = halftone("tune", self.folder / "lm.yaml", "--workspace", self.folder / "none", cwd=self.folder)
        self.assert_refused(done, USAGE, "gptq, which needs calibration data")


class Awq(GptqCase):
    """The same model with channels of very different sizes between embedding and first product, which computes the same."""

    def setUp(self):
        super().setUp()
        size = numpy.where(numpy.arange(WIDTH) % 8 == 3, 30, 1).astype(numpy.float32)
        weights = dict(self.weights)
        weights["table"] = weights["table"] * size
        weights["w1"] = weights["w1"] / numpy.tile(size, CONTEXT)[:, None]
        onnx.save(model(weights), self.folder / "lm.onnx")

    def by(self, algorithm, name=None, ranks=None):
        words = f"quantization.model_wise.weight={{dtype: int4, group_size: 32, algorithm: {algorithm}}}"
        return self.tuned("--set", words, name=name or algorithm, ranks=ranks)

    def test_it_loses_less_than_rounding_to_nearest_where_channels_are_large(self):
        exact = self.outputs(self.folder / "lm.onnx")
        error = {word: numpy.square(self.outputs(self.by(word) / "best.onnx") - exact).mean() for word in ("awq", "rtn")}
        self.assertLess(error["awq"], 0.5 * error["rtn"])

    def test_ranks_change_nothing_the_plan_rebuilds_it_and_onnx_runtime_runs_it(self):
        out, many = self.by("awq"), self.by("awq", name="many", ranks=3)
        for name in ("best.onnx", "best.yaml"):
            self.assertEqual((many / name).read_bytes(), (out / name).read_bytes(), name)
        self.assertFalse((out / "best.codes.npz").exists())
        self.assert_code(OK, self.rebuilt(out / "best.yaml"))
        self.assertEqual((self.folder / "rebuilt.onnx").read_bytes(), (out / "best.onnx").read_bytes())
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual({unit["weight"]["algorithm"] for unit in plan["units"]}, {"awq"})
        factors = {item["value"]: numpy.array(item["factor"]) for item in plan["smoothing"]}
        self.assertIn("x_smoothed", factors)
        large = numpy.tile(numpy.arange(WIDTH) % 8 == 3, CONTEXT)
        self.assertGreater(factors["x_smoothed"][large].min(), 2 * factors["x_smoothed"][~large].max())
        theirs = session(out / "best.onnx").run(None, {"ids": self.ids})[0]
        self.assertLess(numpy.abs(self.outputs(out / "best.onnx") - theirs).max(), 1e-4)


if __name__ == "__main__":
    main()
