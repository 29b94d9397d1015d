"""Metrics for scripts/certify.py, in numpy: the same definitions as src/metric/README.md, written apart from them.

    judges, unknown = judges_of(evaluation)         evaluation: the section evaluation.accuracy of a run's config
    judges[0].value(outputs, targets, fp32)         arrays [samples, …] by name; fp32: that model's outputs, or None

A judge that cannot be made is in `unknown`: {metric's name: why}.
"""

import numpy

# Keys of multi_metrics that are no metrics, and keys of a metric's section that its value does not depend on.
NO_METRICS = ("weight", "higher_is_better")
FIELDS = ("output", "outputs", "target", "targets", "limit")


class Unknown(Exception):
    """Why a metric cannot be confirmed here."""


def named(settings, key):
    """The one name that a section gives for an output or target, or None: the first."""
    names = settings.get(key, settings.get(key + "s"))
    if isinstance(names, str) or names is None:
        return names
    if len(names) != 1:
        raise Unknown("it compares several " + key + "s")
    return names[0]


def squeezed(array):
    """Dimensions of size 1 do not count, but for that of the samples."""
    return array.reshape([len(array)] + [size for size in array.shape[1:] if size != 1])


def classes_of(output, target, threshold):
    """(predicted classes, labels), one for each element, and how many classes the output can name; None: any."""
    output, target = squeezed(output), squeezed(target)
    if output.ndim == target.ndim + 1:
        for axis in range(1, output.ndim):
            if output.shape[:axis] + output.shape[axis + 1:] == target.shape:
                return output.argmax(axis=axis).ravel(), target.ravel().astype(numpy.int64), output.shape[axis]
    if output.shape != target.shape:
        raise Unknown(f"outputs {output.shape} do not fit targets {target.shape}")
    if numpy.issubdtype(output.dtype, numpy.integer):
        return output.ravel(), target.ravel().astype(numpy.int64), None
    return (output >= threshold).ravel().astype(numpy.int64), target.ravel().astype(numpy.int64), 2


class Judge:
    higher_is_better = True
    is_share = True  # of samples, elements or areas: differences are absolute, not relative
    needs_fp32 = False

    def __init__(self, name, settings):
        self.name, self.settings = name, settings
        self.output, self.target = named(settings, "output"), named(settings, "target")
        self.check(set(settings) - set(FIELDS))

    keys = ()

    def check(self, given):
        if given - set(self.keys):
            raise Unknown("its setting " + ", ".join(sorted(given - set(self.keys))) + " is not known here")

    def value(self, outputs, targets, fp32=None):
        output = self.chosen(outputs, self.output, "output")
        return float(self.judged(output, self.chosen(targets, self.target, "target")))

    @staticmethod
    def chosen(arrays, name, what):
        if name is None:
            if what == "target" and len(arrays) > 1:
                raise Unknown(f"its target is not named, and there are {', '.join(sorted(arrays))}")
            if not arrays:
                raise Unknown(f"there is no {what} of numbers")
            return next(iter(arrays.values()))
        if name not in arrays:
            raise Unknown(f"there is no {what} '{name}' of numbers")
        return arrays[name]


class TopK(Judge):
    keys = ("k",)

    def judged(self, output, target):
        scores, labels = output.reshape(len(output), -1), squeezed(target)
        if labels.ndim > 1:  # one-hot
            labels = labels.argmax(axis=1)
        own = scores[numpy.arange(len(scores)), labels.astype(numpy.int64)][:, None]
        earlier = numpy.arange(scores.shape[1])[None] < labels.astype(numpy.int64)[:, None]
        rank = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
        return ((rank < int(self.settings.get("k", 1))) & ~numpy.isnan(own[:, 0])).mean()


class Accuracy(Judge):
    keys = ("threshold",)

    def judged(self, output, target):
        said, wanted, _ = classes_of(output, target, self.settings.get("threshold", 0.5))
        return (said == wanted).mean()


class F1(Judge):
    keys = ("threshold", "num_classes", "average")

    def judged(self, output, target):
        said, wanted, classes = classes_of(output, target, self.settings.get("threshold", 0.5))
        classes = self.settings.get("num_classes", classes)
        average = self.settings.get("average", "auto")
        if average == "auto":
            average = "binary" if classes == 2 else "macro"
        hits = numpy.array([((said == c) & (wanted == c)).sum() for c in range(classes)], float)
        wrong = numpy.array([((said == c) != (wanted == c)).sum() for c in range(classes)], float)
        if average == "micro":
            return 2 * hits.sum() / (2 * hits.sum() + wrong.sum())
        each = numpy.divide(2 * hits, 2 * hits + wrong, out=numpy.zeros(classes), where=2 * hits + wrong > 0)
        if average == "binary":
            return each[1]
        weights = numpy.array([(wanted == c).sum() for c in range(classes)], float)
        if average == "macro":
            weights = (2 * hits + wrong > 0).astype(float)
        return (weights * each).sum() / weights.sum()


class Miou(Judge):
    keys = ("num_classes",)

    def judged(self, output, target):
        said, wanted, _ = classes_of(output, target, 0.5)
        classes = self.settings.get("num_classes", 21)
        counts = (wanted >= 0) & (wanted < classes)
        said, wanted = said[counts], wanted[counts]
        ratios = []
        for c in range(classes):
            either = ((said == c) | (wanted == c)).sum()
            if either:
                ratios.append(((said == c) & (wanted == c)).sum() / either)
        return numpy.mean(ratios)


class Errors(Judge):
    """MSE, RMSE, MAE: over all elements of all samples."""
    higher_is_better = False
    is_share = False
    keys = ("compare_label",)

    def check(self, given):
        super().check(given)
        self.needs_fp32 = not self.settings.get("compare_label", True)

    def value(self, outputs, targets, fp32=None):
        if self.needs_fp32:
            wanted = self.chosen(fp32, self.output, "output")
        else:
            wanted = self.chosen(targets, self.target, "target")
        output = self.chosen(outputs, self.output, "output")
        difference = output.astype(float).reshape(len(output), -1) - wanted.astype(float).reshape(len(output), -1)
        if self.name == "MAE":
            return float(numpy.abs(difference).mean())
        mean = float((difference ** 2).mean())
        return mean ** 0.5 if self.name == "RMSE" else mean


class Psnr(Judge):
    is_share = False
    keys = ("peak",)

    def judged(self, output, target):
        difference = output.astype(float).reshape(len(output), -1) - target.astype(float).reshape(len(output), -1)
        with numpy.errstate(divide="ignore"):
            return (10 * numpy.log10(float(self.settings.get("peak", 1.0)) ** 2 / (difference ** 2).mean(axis=1))).mean()


class Agreement(Judge):
    needs_fp32 = True
    keys = ("by", "axis")

    def check(self, given):
        super().check(given)
        self.is_share = self.settings.get("by", "argmax") == "argmax"

    def value(self, outputs, targets, fp32=None):
        mine = self.chosen(outputs, self.output, "output").astype(float)
        theirs = self.chosen(fp32, self.output, "output").astype(float)
        if not self.is_share:
            noise = ((mine - theirs) ** 2).sum()
            return 100.0 if noise == 0 else float(min(100, 10 * numpy.log10((theirs ** 2).sum() / noise)))
        if "axis" in self.settings:
            axis = 1 + self.settings["axis"]
            return float((mine.argmax(axis=axis) == theirs.argmax(axis=axis)).mean())
        rows = (len(mine), -1)
        return float((mine.reshape(rows).argmax(axis=1) == theirs.reshape(rows).argmax(axis=1)).mean())


JUDGES = {"topk": TopK, "Accuracy": Accuracy, "F1": F1, "mIOU": Miou, "MSE": Errors, "RMSE": Errors, "MAE": Errors,
          "PSNR": Psnr, "agreement": Agreement}


def settings_of(name, section):
    """The short form "topk: 5" means k."""
    if isinstance(section, dict):
        return section
    return {"k": section} if name == "topk" and section is not None else {}


def judges_of(evaluation):
    """(judges of the metrics in their order, {name: why} of those that cannot be confirmed)."""
    sections = evaluation.get("multi_metrics") or evaluation["metric"]
    judges, unknown = [], {}
    for name, section in sections.items():
        if name in NO_METRICS:
            continue
        try:
            if name not in JUDGES:
                raise Unknown("certify.py has no definition of it")
            judges.append(JUDGES[name](name, settings_of(name, section)))
        except Unknown as why:
            unknown[name] = str(why)
    return judges, unknown


def label_shift_of(evaluation):
    """What postprocess takes from every label. Raises Unknown for a postprocess that is not known here."""
    shift = 0
    for name, section in ((evaluation.get("postprocess") or {}).get("transform") or {}).items():
        if name == "LabelShift":
            shift += section["label_shift"] if isinstance(section, dict) else section
        elif name != "Collect":
            raise Unknown(f"the postprocess {name} is not known here")
    return shift
