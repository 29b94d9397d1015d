"""A detector that ends in raw boxes and scores: Detect and COCOmAP through eval and tune.

The model is one MatMul over anchors, the data are arrays of our own. What COCOmAP must be was computed once by
pycocotools 2.0.11 from NumPy's suppression (tests/golden/metric/make_detection_figure.py).
"""
import json
import shutil

import numpy
import yaml
from onnx import TensorProto, helper, numpy_helper, save

from halftone_cli import OK, USAGE, SystemTest, halftone, main, outcome, records

PICTURES, ANCHORS, OBJECTS, SIZE = 40, 12, 5, 96
FIGURE = 0.17139081132615439  # COCOmAP of the fp32 model

CONFIG = """
model: {{name: detector, framework: onnxrt_qlinearops, path: {folder}/detector.onnx}}
quantization:
  calibration: {{sampling_size: 40, dataloader: {{dataset: {{Numpy: {{inputs: {{anchors: {folder}/x.npy}}}}}}}}}}
evaluation:
  accuracy:
    metric: {{COCOmAP: {{}}}}
    postprocess: {{transform: {{Detect: {{boxes: boxes, scores: scores, score_threshold: 0.05, first_class: 1}}}}}}
    dataloader:
      dataset:
        Numpy:
          inputs: {{anchors: {folder}/x.npy}}
          targets: {{boxes: {folder}/boxes.npy, labels: {folder}/labels.npy}}
tuning: {{accuracy_criterion: {{absolute: 0.3}}, exit_policy: {{max_trials: 3}}, shards: 5}}
"""


def draws(seed):
    """Numbers from 0 to 2^31, the same everywhere."""
    while True:
        seed = (seed * 1103515245 + 12345) % 2**31
        yield seed >> 8


def detection_data():
    """Anchors [pictures, anchors, 6] (a box and two scores), objects' boxes (y1, x1, y2, x2) and labels, padded by -1."""
    draw = draws(19)
    below = lambda bound: next(draw) % bound
    anchors = numpy.zeros((PICTURES, ANCHORS, 6), numpy.float32)
    boxes = numpy.zeros((PICTURES, OBJECTS, 4), numpy.float32)
    labels = numpy.full((PICTURES, OBJECTS), -1, numpy.int64)
    for i in range(PICTURES):
        for o in range(below(OBJECTS + 1)):
            x, y, width, height = below(60), below(60), 8 + below(28), 8 + below(28)
            boxes[i, o], labels[i, o] = (y, x, y + height, x + width), 1 + below(2)
        for a in range(ANCHORS):
            near = below(OBJECTS)
            x1, y1, x2, y2 = below(60), below(60), 60 + below(36), 60 + below(36)
            scores = [below(40) / 100, below(40) / 100]
            if labels[i, near] > 0 and below(5) > 0:
                y1, x1, y2, x2 = (side + below(9) - 4 for side in boxes[i, near].tolist())
                scores[labels[i, near] - 1] = (50 + below(50)) / 100
            anchors[i, a] = [x1, y1, x2, y2, *scores]
    return anchors, boxes, labels


def write_model(path):
    """boxes and scores are the anchors' columns, through a MatMul that mixes nothing."""
    nodes = [helper.make_node("MatMul", ["anchors", "identity"], ["all"]),
             helper.make_node("Slice", ["all", "zero", "four", "last"], ["boxes"]),
             helper.make_node("Slice", ["all", "four", "six", "last"], ["scores"])]
    constants = [numpy_helper.from_array(numpy.eye(6, dtype=numpy.float32), "identity")]
    for name, value in (("zero", 0), ("four", 4), ("six", 6), ("last", 2)):
        constants.append(numpy_helper.from_array(numpy.array([value], numpy.int64), name))
    info = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", ANCHORS, width])
    graph = helper.make_graph(nodes, "detector", [info("anchors", 6)], [info("boxes", 4), info("scores", 2)], constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7), str(path))


class Detection(SystemTest):
    def write_inputs(self):
        anchors, boxes, labels = detection_data()
        numpy.save(self.folder / "x.npy", anchors)
        numpy.save(self.folder / "boxes.npy", boxes)
        numpy.save(self.folder / "labels.npy", labels)
        write_model(self.folder / "detector.onnx")
        (self.folder / "c.yaml").write_text(CONFIG.format(folder=self.folder))

    def evaluate(self, *words):
        done = halftone("eval", self.folder / "c.yaml", "--json", *words)
        self.assert_code(OK, done)
        return json.loads(done.out)["accuracy"]

    def test_the_figure_is_pycocotools_and_tuning_gives_the_same_for_any_number_of_ranks(self):
        self.write_inputs()
        self.assertAlmostEqual(self.evaluate(), FIGURE, 9)
        results = []
        for ranks in (None, 3):
            done = halftone("tune", self.folder / "c.yaml", "--workspace", self.folder / "out", ranks=ranks)
            self.assert_code(OK, done)
            best = yaml.safe_load((self.folder / "out/best.yaml").read_text())
            self.assertEqual(self.evaluate("--model", self.folder / "out/best.onnx"), best["accuracy"])
            self.assertEqual(records(self.folder / "out", "baseline")[0]["accuracy"], self.evaluate())
            results.append(((self.folder / "out/best.yaml").read_text(), outcome(self.folder / "out")))
            shutil.rmtree(self.folder / "out")
        self.assertEqual(results[0], results[1])

    def test_what_does_not_fit_is_refused_with_both_schemas(self):
        self.write_inputs()
        done = halftone("eval", self.folder / "c.yaml", "--set", "evaluation.accuracy.postprocess=null")
        self.assert_refused(done, USAGE, "evaluation.accuracy.metric.COCOmAP does not fit", "postprocess Detect",
                            "scores fp32", "labels int64")
        done = halftone("eval", self.folder / "c.yaml", "--set", "evaluation.accuracy.postprocess.transform.Detect.boxes=loc")
        self.assert_refused(done, USAGE, "postprocess.transform.Detect does not fit", "there is no output 'loc'",
                            "boxes fp32")


if __name__ == "__main__":
    main()
