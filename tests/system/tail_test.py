"""Detectors whose last part depends on data, as their exporters write them: boxes behind NonMaxSuppression, and a Loop over
classes with an If behind it. They run like ONNX Runtime, are tuned, and best.onnx holds the last part as it came. Control flow
whose course is known is written out instead, and all of such a model is quantized."""
import json

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import OK, SystemTest, halftone, main

FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
CLASSES, CELLS = 5, 64


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


class Parts:
    """Nodes and constants of one model; the head gives boxes [N, cells, 4] and scores [N, classes, cells]."""

    def __init__(self):
        self.nodes, self.constants = [], {}
        generator = numpy.random.default_rng(3)
        for name, shape in (("stem", (8, 3, 3, 3)), ("to_boxes", (4, 8, 1, 1)), ("to_scores", (CLASSES, 8, 1, 1))):
            self.constants[name] = generator.normal(0, 0.3, shape).astype(numpy.float32)
        self.add("Conv", "x stem", "c", name="stem", pads=[1, 1, 1, 1], strides=[2, 2])
        self.add("Relu", "c", "r")
        for output, count in (("boxes", 4), ("scores", CLASSES)):
            self.constants[f"{output}_shape"] = numpy.array([0, count, -1])
            self.add("Conv", f"r to_{output}", f"{output}_map", name=output)
            self.add("Reshape", f"{output}_map {output}_shape", f"{output}_rows")
        self.add("Transpose", "boxes_rows", "boxes", perm=[0, 2, 1])
        self.add("Sigmoid", "scores_rows", "scores")
        self.constants.update({name: numpy.array([number]) for name, number in
                               (("n0", 0), ("n1", 1), ("n2", 2), ("n3", 3), ("most", 20))})
        self.add("Squeeze", "boxes n0", "all_boxes")
        self.add("Squeeze", "scores n0", "all_scores")

    def add(self, op, inputs, outputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs.split(), outputs.split(), **attributes))

    def save(self, path, outputs):
        constants = [numpy_helper.from_array(array, name) for name, array in self.constants.items()]
        graph = helper.make_graph(self.nodes, "detector", [value("x", FLOAT, ["N", 3, 16, 16])],
                                  [value("scores", FLOAT, ["N", CLASSES, CELLS]), *outputs], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def suppressed():
    parts = Parts()
    parts.constants.update(iou=numpy.array([0.5], numpy.float32), least=numpy.array([0.1], numpy.float32))
    parts.add("NonMaxSuppression", "boxes scores most iou least", "kept", name="suppression")
    parts.add("Slice", "kept n2 n3 n1", "place")
    parts.add("Squeeze", "place n1", "flat_place")
    parts.add("Gather", "all_boxes flat_place", "kept_boxes", axis=0)
    parts.add("Slice", "kept n1 n3 n1", "class_and_place")
    parts.add("GatherND", "all_scores class_and_place", "kept_scores")
    parts.add("Slice", "kept n1 n2 n1", "kept_class")
    return parts, [value("kept_boxes", FLOAT, ["k", 4]), value("kept_scores", FLOAT, ["k"]),
                   value("kept_class", INT, ["k", 1])]


def looped():
    """For each class the scores above 0.6, one list for all; behind the Loop the five best, or all if they are fewer."""
    parts = Parts()
    parts.constants.update(threshold=numpy.float32(0.6), trips=numpy.array(CLASSES), go=numpy.array(True),
                           nothing=numpy.zeros(0, numpy.float32), five=numpy.array([5]))
    body = [helper.make_node(op, inputs.split(), [output], **attributes) for op, inputs, output, attributes in (
        ("Gather", "all_scores i", "row", {"axis": 0}), ("Greater", "row threshold", "is_high", {}),
        ("NonZero", "is_high", "places", {}), ("Transpose", "places", "place_rows", {}),
        ("GatherND", "row place_rows", "high", {}), ("Concat", "list high", "longer", {"axis": 0}),
        ("ReduceMax", "row", "best", {"axes": [0], "keepdims": 0}), ("Identity", "go_in", "go_on", {}))]
    loop = helper.make_graph(body, "class", [value("i", INT, []), value("go_in", BOOL, []), value("list", FLOAT, ["k"])],
                             [value("go_on", BOOL, []), value("longer", FLOAT, ["k"]), value("best", FLOAT, [])])
    parts.add("Loop", "trips go nothing", "high_scores best_scores", body=loop, name="classes")
    parts.add("Shape", "high_scores", "count")
    parts.add("Greater", "count five", "is_many_list")
    parts.add("Squeeze", "is_many_list", "is_many")
    top = helper.make_graph([helper.make_node("TopK", ["high_scores", "five"], ["t", "p"])], "top", [],
                            [value("t", FLOAT, ["q"])])
    rest = helper.make_graph([helper.make_node("Identity", ["high_scores"], ["e"])], "rest", [], [value("e", FLOAT, ["q"])])
    parts.add("If", "is_many", "top_scores", then_branch=top, else_branch=rest, name="choice")
    return parts, [value("high_scores", FLOAT, ["k"]), value("best_scores", FLOAT, [CLASSES]),
                   value("top_scores", FLOAT, ["q"])]


def refined():
    """A Loop of three rounds of one convolution in the middle, and an If on the rank of the result: what follows
    them is plain."""
    parts = Parts()
    del parts.nodes[2:]  # no boxes: scores come from what the Loop gives
    for name in ("to_boxes", "boxes_shape"):
        parts.constants.pop(name)
    parts.constants.update(trips=numpy.array(3), go=numpy.array(True),
                           refine=numpy.random.default_rng(4).normal(0, 0.2, (8, 8, 3, 3)).astype(numpy.float32))
    body = helper.make_graph(
        [helper.make_node("Conv", ["state", "refine"], ["moved"], name="conv", pads=[1, 1, 1, 1]),
         helper.make_node("Relu", ["moved"], ["positive"]), helper.make_node("Add", ["positive", "r"], ["next"]),
         helper.make_node("Identity", ["go_in"], ["go_on"])], "round",
        [value("i", INT, []), value("go_in", BOOL, []), value("state", FLOAT, None)],
        [value("go_on", BOOL, []), value("next", FLOAT, None)])
    parts.add("Loop", "trips go r", "deep", body=body, name="rounds")
    parts.add("Conv", "deep to_scores", "scores_map", name="scores")
    parts.add("Reshape", "scores_map scores_shape", "scores_rows")
    parts.add("Sigmoid", "scores_rows", "scores")
    parts.add("Shape", "scores", "sizes")
    parts.add("Size", "sizes", "rank")
    parts.constants["three"] = numpy.array(3)
    parts.add("Equal", "rank three", "has_three")
    branches = {name: helper.make_graph([helper.make_node(op, ["scores"], ["r2"])], name, [], [value("r2", FLOAT, None)])
                for name, op in (("then_branch", "Neg"), ("else_branch", "Relu"))}
    parts.add("If", "has_three", "negated", name="choice", **branches)
    return parts, [value("negated", FLOAT, ["N", CLASSES, CELLS])]


CONFIG = """
model: {name: detector, framework: onnxrt_qlinearops, path: model.onnx}
quantization:
  calibration: {sampling_size: 32, dataloader: {batch_size: 8, dataset: {Numpy: {inputs: {x: x.npy}}}}}
evaluation:
  accuracy:
    metric: {RMSE: {output: scores, target: scores}}
    dataloader: {batch_size: 8, dataset: {Numpy: {inputs: {x: x.npy}, targets: {scores: scores.npy}}}}
tuning: {accuracy_criterion: {absolute: 0.02, higher_is_better: false}, exit_policy: {max_trials: 5}}
"""


class Tails(SystemTest):
    def session(self, path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def assert_same_outputs(self, path, x, tolerance):
        session = self.session(path)
        numpy.save(self.folder / "one.npy", x)
        self.assert_code(OK, halftone("run", path, "--input", self.folder / "one.npy", "--output", self.folder / "out"))
        for output, wanted in zip(session.get_outputs(), session.run(None, {"x": x})):
            found = numpy.load(self.folder / "out" / f"{output.name}.npy")
            self.assertEqual((found.dtype, found.shape), (wanted.dtype, wanted.shape), output.name)
            numpy.testing.assert_allclose(found, wanted, atol=tolerance, err_msg=output.name)

    def test_runs_like_onnx_runtime_and_is_tuned(self):
        for make, kept in ((suppressed, ["NonMaxSuppression", "GatherND"]), (looped, ["Loop", "If"])):
            with self.subTest(make.__name__):
                parts, outputs = make()
                model = self.folder / "model.onnx"
                parts.save(model, outputs)
                x = numpy.random.default_rng(5).normal(0, 1, (64, 3, 16, 16)).astype(numpy.float32)
                self.assert_same_outputs(model, x[:1], 1e-5)
                session = self.session(model)
                numpy.save(self.folder / "x.npy", x)
                numpy.save(self.folder / "scores.npy",
                           numpy.concatenate([session.run(["scores"], {"x": x[i:i + 1]})[0] for i in range(len(x))]))
                (self.folder / "tune.yaml").write_text(CONFIG)
                workspace = self.folder / make.__name__
                self.assert_code(OK, halftone("tune", self.folder / "tune.yaml", "--workspace", workspace))
                best = onnx.load(workspace / "best.onnx")
                onnx.checker.check_model(best)
                operators = [node.op_type for node in best.graph.node]
                self.assertEqual(operators.count("Conv"), 3 if make is suppressed else 2)  # a Loop over scores needs no boxes
                self.assertGreater(operators.count("QuantizeLinear"), 0)
                for operator in kept:
                    self.assertIn(operator, operators)
                declared = {o.name: [d.dim_param or d.dim_value for d in o.type.tensor_type.shape.dim] for o in best.graph.output}
                self.assertEqual(declared, {o.name: [d.dim_param or d.dim_value for d in o.type.tensor_type.shape.dim]
                                            for o in onnx.load(model).graph.output})
                self.assert_same_outputs(workspace / "best.onnx", x[:1], 1e-5)

    def test_what_is_known_is_written_out_and_quantized(self):
        parts, outputs = refined()
        model = self.folder / "model.onnx"
        parts.save(model, outputs)
        x = numpy.random.default_rng(5).normal(0, 1, (64, 3, 16, 16)).astype(numpy.float32)
        self.assert_same_outputs(model, x[:3], 1e-5)
        numpy.save(self.folder / "x.npy", x)
        numpy.save(self.folder / "scores.npy", self.session(model).run(["scores"], {"x": x})[0])
        (self.folder / "tune.yaml").write_text(CONFIG)
        self.assert_code(OK, halftone("tune", self.folder / "tune.yaml", "--workspace", self.folder / "refined"))
        best = onnx.load(self.folder / "refined" / "best.onnx")
        onnx.checker.check_model(best)
        operators = [node.op_type for node in best.graph.node]
        self.assertEqual((operators.count("Conv"), operators.count("Loop"), operators.count("If")), (5, 0, 0))
        quantized = [node for node in best.graph.node if node.op_type == "Conv" and "DequantizeLinear" in
                     {n.op_type for n in best.graph.node if node.input[0] in n.output}]
        self.assertEqual(len(quantized), 5, "the rounds of the Loop and what follows them")
        self.assert_same_outputs(self.folder / "refined" / "best.onnx", x[:3], 1e-5)

    def test_inspect_says_where_the_tail_begins(self):
        parts, outputs = suppressed()
        parts.save(self.folder / "model.onnx", outputs)
        done = halftone("inspect", self.folder / "model.onnx")
        self.assert_code(OK, done)
        self.assertIn("7 nodes, the first is NonMaxSuppression node 'suppression'", done.out)
        self.assertIn("kept_boxes   fp32   [k,4]", done.out)

    def test_bench_times_the_tail_apart(self):
        parts, outputs = looped()
        parts.save(self.folder / "model.onnx", outputs)
        done = halftone("bench", self.folder / "model.onnx", "--batch", 1, "--threads", 1, "--json")
        self.assert_code(OK, done)
        self.assertGreater(json.loads(done.out)["tail_ms"], 0)


if __name__ == "__main__":
    main()
