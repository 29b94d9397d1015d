"""Golden values of COCOmAP, mAP: what pycocotools says about random pictures with crowds, ties and empty pictures.

The pictures are made from the set's number, by the same draws as in tests/unit/metric/coco_test.cpp, so only the values
are written. A row: COCO's twelve figures; precision at 11 recalls; the area under the curve (both at IoU 0.5).
Output: C++ initialisers, for coco_golden.inc.
"""
import contextlib
import io

import numpy
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SETS = 120
CATEGORIES = [1, 2, 3, 7]


class Draws:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % 2**64
        return (mixed ^ (mixed >> 31)) % bound


def box(draws):
    return [draws.below(800) / 4, draws.below(800) / 4] + [(4 << draws.below(6)) + draws.below(64) / 4 for _ in range(2)]


def picture(draws, is_crowded):
    """(objects, detections): dicts as COCO has them. Boxes are x, y, width, height in quarters of a pixel."""
    objects, detections = [], []
    for _ in range(draws.below(9)):
        category, bbox, crowd, fill = CATEGORIES[draws.below(4)], box(draws), draws.below(6) == 0, 1 + draws.below(4)
        objects.append(dict(category_id=category, bbox=bbox, iscrowd=int(crowd), area=bbox[2] * bbox[3] * fill / 4))
    for number in range(130 if is_crowded else draws.below(14)):
        category, bbox = CATEGORIES[draws.below(4)], box(draws)
        if objects and draws.below(4) > 0:
            near = objects[draws.below(len(objects))]
            category = near["category_id"] if draws.below(8) > 0 else category
            bbox = [side + (draws.below(9) - 4) * side_step for side, side_step in zip(near["bbox"], (0.5, 0.5, 0.25, 0.25))]
        if is_crowded:
            category = 2
        detections.append(dict(category_id=category, bbox=bbox, score=draws.below(16) / 16))
    return objects, detections


def area_under(evaluation):
    """LPOT's map_points 0: Pascal VOC's area, over what pycocotools matched at IoU 0.5 for objects of all sizes."""
    areas = []
    images = len(evaluation.params.imgIds)
    for c in range(len(evaluation.params.catIds)):
        parts = [e for e in evaluation.evalImgs[4 * images * c:4 * images * c + images] if e]
        wanted = sum(int((1 - numpy.array(e["gtIgnore"])).sum()) for e in parts)
        if wanted == 0:
            continue
        order = numpy.argsort(-numpy.concatenate([e["dtScores"] for e in parts]), kind="mergesort")
        found = numpy.concatenate([e["dtMatches"][0] for e in parts])[order] > 0
        counts = numpy.concatenate([e["dtIgnore"][0] for e in parts])[order] == 0
        right, wrong = numpy.cumsum(found & counts), numpy.cumsum(~found & counts)
        recall = numpy.concatenate([[0], right / wanted, [1]])
        precision = numpy.concatenate([[0], right / (right + wrong + numpy.spacing(1)), [0]])
        for i in range(len(precision) - 1, 0, -1):
            precision[i - 1] = max(precision[i - 1], precision[i])
        steps = numpy.where(recall[1:] != recall[:-1])[0]
        areas.append(float(((recall[steps + 1] - recall[steps]) * precision[steps + 1]).sum()))
    return numpy.mean(areas) if areas else -1


def figures(seed):
    draws = Draws(seed)
    truth, results = dict(images=[], annotations=[], categories=[dict(id=c) for c in CATEGORIES]), []
    for image in range(1, 2 + draws.below(6)):
        objects, detections = picture(draws, seed % 10 == 3 and image == 1)
        truth["images"].append(dict(id=image))
        for o in objects:
            truth["annotations"].append(dict(o, id=len(truth["annotations"]) + 1, image_id=image))
        results += [dict(d, image_id=image) for d in detections]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        if not results:  # loadRes refuses an empty list
            results = [dict(image_id=1, category_id=99, bbox=[0, 0, 1, 1], score=0.5)]
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        values = list(evaluation.stats[:12])
        evaluation.params.iouThrs = numpy.array([0.5])
        evaluation.params.recThrs = numpy.linspace(0, 1, 11)
        evaluation.evaluate()
        evaluation.accumulate()
        at_11 = evaluation.eval["precision"][:, :, :, 0, 2]
        values.append(at_11[at_11 > -1].mean() if (at_11 > -1).any() else -1)
        values.append(area_under(evaluation))
    return values


if __name__ == "__main__":
    for seed in range(SETS):
        print("{" + ", ".join(repr(float(v)) for v in figures(seed)) + "},")
