"""COCO's mAP of a detector that ends in all boxes and all scores, for scripts/bench/nncf_control.py.

The boxes are chosen by NumPy (the definition of the postprocess Detect in docs/configuration.md, written apart from it) and
judged by pycocotools. Boxes must be x1, y1, x2, y2 in pixels of the model's input.
"""
import contextlib
import io
import pathlib

import numpy
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

KNOWN = {"boxes", "scores", "box_format", "normalized", "first_class", "score_threshold", "iou_threshold", "top_k"}


def suppressed(boxes, scores, most_overlap):
    """Indices that remain, best first."""
    order, kept = numpy.argsort(-scores, kind="stable"), []
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        corners = numpy.maximum(boxes[best, :2], boxes[order, :2]), numpy.minimum(boxes[best, 2:], boxes[order, 2:])
        both = numpy.clip(corners[1] - corners[0], 0, None).prod(axis=1)
        order = order[both <= most_overlap * (area[best] + area[order] - both)]
    return kept


class DetectionJudge:
    """Like the judges of scripts/certify_metrics.py: value(outputs, targets), arrays [samples, …] by name."""

    def __init__(self, accuracy, folder):
        """@param accuracy  evaluation.accuracy of a config. @param folder  that relative paths in it start from"""
        detect = accuracy["postprocess"]["transform"]["Detect"]
        section = accuracy["dataloader"]["dataset"]["COCORaw"]
        if accuracy["metric"]["COCOmAP"] or set(detect) - KNOWN or detect.get("box_format", "xyxy") != "xyxy" \
                or detect.get("normalized", False):
            raise ValueError("only COCOmAP without settings, of boxes xyxy in pixels, is known here")
        self.detect = detect
        with contextlib.redirect_stdout(io.StringIO()):
            self.truth = COCO(str(folder / section["root"] / section["anno_dir"]))

    def results(self, boxes, scores, image, to_picture):
        found = []
        for c in range(scores.shape[1]):
            above = numpy.flatnonzero(scores[:, c] > self.detect.get("score_threshold", 0.01))
            for a in above[suppressed(boxes[above], scores[above, c], self.detect.get("iou_threshold", 0.5))]:
                x1, y1, x2, y2 = boxes[a] * to_picture
                found.append({"image_id": image, "category_id": self.detect.get("first_class", 1) + c,
                              "bbox": [x1, y1, x2 - x1, y2 - y1], "score": scores[a, c]})
        found.sort(key=lambda one: -one["score"])
        return found[:self.detect.get("top_k", 100)]

    def value(self, outputs, targets):
        boxes, scores = (outputs[self.detect[name]].astype(float) for name in ("boxes", "scores"))
        images = [int(image) for image in targets["image_id"].ravel()]
        ratios = targets["original_size"] / targets["size"]  # height, width of the picture against the model's input
        found = [one for i, image in enumerate(images)
                 for one in self.results(boxes[i], scores[i], image, numpy.tile(ratios[i][::-1], 2))]
        if not found:
            return 0.0
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(self.truth, self.truth.loadRes(found), "bbox")
            evaluation.params.imgIds = images
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return float(evaluation.stats[0])
