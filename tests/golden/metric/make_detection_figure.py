"""Prints what COCOmAP of tests/system/detection_test.py must be: NumPy's suppression, judged by pycocotools.

    HALFTONE_…=… make_detection_figure.py       (the variables that ctest sets; any folders do)
"""
import contextlib
import io
import os
import pathlib
import sys

for name in ("SOURCE_DIR", "BUILD_DIR", "PROGRAM", "MPIEXEC"):
    os.environ.setdefault(f"HALFTONE_{name}", ".")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "system"))

import numpy
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from detection_test import detection_data


def suppressed(boxes, scores):
    """Indices that remain, best first; boxes x1, y1, x2, y2."""
    order, kept = numpy.argsort(-scores, kind="stable"), []
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        corners = numpy.maximum(boxes[best, :2], boxes[order, :2]), numpy.minimum(boxes[best, 2:], boxes[order, 2:])
        both = numpy.clip(corners[1] - corners[0], 0, None).prod(axis=1)
        order = order[both / (area[best] + area[order] - both) <= 0.5]
    return kept


def main():
    anchors, boxes, labels = detection_data()
    truth, results = dict(images=[], annotations=[], categories=[dict(id=1), dict(id=2)]), []
    for i, rows in enumerate(anchors.astype(numpy.float64)):
        truth["images"].append(dict(id=i + 1))
        for (y1, x1, y2, x2), label in zip(boxes[i].tolist(), labels[i].tolist()):
            if label > 0:
                truth["annotations"].append(dict(id=len(truth["annotations"]) + 1, image_id=i + 1, category_id=label, iscrowd=0,
                                                 bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1)))
        for c in (0, 1):
            above = numpy.flatnonzero(rows[:, 4 + c] > 0.05)
            for a in above[suppressed(rows[above, :4], rows[above, 4 + c])]:
                x1, y1, x2, y2 = rows[a, :4].tolist()
                results.append(dict(image_id=i + 1, category_id=c + 1, bbox=[x1, y1, x2 - x1, y2 - y1], score=rows[a, 4 + c]))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    print(repr(float(evaluation.stats[0])))


main()
