"""Golden values of src/metric: what scikit-learn says about random answers, with ties, rare classes and open cases.

Each row is a metric with its settings (YAML), the shapes of one sample's output and target, the answers of all samples
and the value. PSNR and the signal-to-noise ratio are formulas over scikit-learn's mean squared error. Output: C++
initialisers, for metric_golden.inc.
"""
import numpy
from scipy import stats
from sklearn import metrics

SAMPLES = 24


def numbers(values):
    return "{" + ", ".join(repr(float(v)) for v in numpy.asarray(values, dtype=numpy.float64).ravel()) + "}"


def row(name, settings, outputs, targets, value, is_label=True):
    """One golden row. outputs, targets: arrays with a row for each sample."""
    dims = lambda array: "{" + ", ".join(map(str, array.shape[1:])) + "}"
    print(f'{{"{name}", "{settings}", {dims(outputs)}, {dims(targets)}, {"true" if is_label else "false"},\n'
          f"{numbers(outputs)},\n{numbers(targets)},\n{float(value)!r}}},")


def coarse(rng, *shape):
    """Real numbers on a grid, so that float32 holds them exactly; many are equal."""
    return rng.integers(-16, 17, size=shape) / 8.0


def classes(rng):
    logits = rng.normal(size=(SAMPLES, 5)).astype(numpy.float32).astype(numpy.float64)
    labels = rng.choice(5, size=SAMPLES, p=[0.4, 0.3, 0.2, 0.1, 0.0])
    said = logits.argmax(axis=1)
    for k in (1, 2, 3):
        value = metrics.top_k_accuracy_score(labels, logits, k=k, labels=range(5))
        row("topk", f"k: {k}", logits, labels, value)
    row("Accuracy", "{}", logits, labels, metrics.accuracy_score(labels, said))
    for average in ("macro", "micro", "weighted"):
        value = metrics.f1_score(labels, said, average=average)
        row("F1", f"average: {average}", logits, labels, value)
    row("F1", "{}", logits, labels, metrics.f1_score(labels, said, average="macro"))


def binary(rng):
    scores = coarse(rng, SAMPLES, 1) / 4 + 0.5
    labels = rng.integers(0, 2, size=SAMPLES)
    said = (scores[:, 0] >= 0.5).astype(int)
    row("Accuracy", "{}", scores, labels, metrics.accuracy_score(labels, said))
    row("F1", "{}", scores, labels, metrics.f1_score(labels, said))
    row("ROC", "{}", scores, labels, metrics.roc_auc_score(labels, scores[:, 0]))
    logits = coarse(rng, SAMPLES, 2)
    row("F1", "{}", logits, labels, metrics.f1_score(labels, logits.argmax(axis=1)))
    row("ROC", "{}", logits, labels, metrics.roc_auc_score(labels, logits[:, 1]))


def attributes(rng):
    scores = coarse(rng, SAMPLES, 4)
    labels = rng.integers(0, 2, size=(SAMPLES, 4))
    said = (scores >= 0.25).astype(int)
    row("Accuracy", "threshold: 0.25", scores, labels, metrics.accuracy_score(labels.ravel(), said.ravel()))
    row("F1", "threshold: 0.25", scores, labels, metrics.f1_score(labels.ravel(), said.ravel()))
    row("ROC", "{}", scores, labels, metrics.roc_auc_score(labels.ravel(), scores.ravel()))


def areas(rng):
    logits = rng.normal(size=(6, 4, 3, 5)).astype(numpy.float32).astype(numpy.float64)  # channels first
    labels = rng.choice([0, 1, 3, 255], size=(6, 3, 5), p=[0.4, 0.3, 0.2, 0.1])
    said = logits.argmax(axis=1)
    known = labels.ravel() != 255
    wanted, answer = labels.ravel()[known], said.ravel()[known]
    present = sorted(set(wanted) | set(answer))
    value = metrics.jaccard_score(wanted, answer, average="macro", labels=present)
    row("mIOU", "num_classes: 6", logits, labels, value)
    last = numpy.moveaxis(logits, 1, 3)  # the same with channels last
    row("mIOU", "num_classes: 6", last, labels, value)
    row("Accuracy", "{}", last, labels, metrics.accuracy_score(labels.ravel(), said.ravel()))


def regression(rng):
    wanted = coarse(rng, SAMPLES, 2, 3)
    answer = wanted + coarse(rng, SAMPLES, 2, 3) / 8
    flat = wanted.reshape(SAMPLES, -1), answer.reshape(SAMPLES, -1)
    row("MSE", "{}", answer, wanted, metrics.mean_squared_error(*flat), False)
    row("RMSE", "{}", answer, wanted, numpy.sqrt(metrics.mean_squared_error(*flat)), False)
    row("MAE", "{}", answer, wanted, metrics.mean_absolute_error(*flat), False)
    for peak in (1.0, 255.0):
        each = [10 * numpy.log10(peak**2 / metrics.mean_squared_error(w, a)) for w, a in zip(*flat)]
        row("PSNR", f"peak: {peak}", answer, wanted, numpy.mean(each), False)


def agreement(rng):
    """The target stands for the fp32 model's output."""
    fp32 = rng.normal(size=(SAMPLES, 5)).astype(numpy.float32).astype(numpy.float64)
    quantized = (fp32 + rng.normal(size=fp32.shape) / 3).astype(numpy.float32).astype(numpy.float64)
    same = metrics.accuracy_score(fp32.argmax(axis=1), quantized.argmax(axis=1))
    row("agreement", "{}", quantized, fp32, same, False)
    ratio = numpy.mean(fp32**2) / metrics.mean_squared_error(fp32, quantized)
    row("agreement", "by: sqnr", quantized, fp32, 10 * numpy.log10(ratio), False)
    tokens = fp32.reshape(SAMPLES // 4, 4, 5), quantized.reshape(SAMPLES // 4, 4, 5)
    row("agreement", "axis: 1", tokens[1], tokens[0], same, False)
    row("MAE", "compare_label: false", quantized, fp32, metrics.mean_absolute_error(fp32, quantized), False)


def glue(rng):
    labels = rng.integers(0, 2, size=SAMPLES)
    logits = coarse(rng, SAMPLES, 2) + 2 * numpy.stack([1 - labels, labels], axis=1)
    said = logits.argmax(axis=1)
    row("GLUE", "task: cola", logits, labels, metrics.matthews_corrcoef(labels, said))
    accuracy = metrics.accuracy_score(labels, said)
    row("GLUE", "{}", logits, labels, (accuracy + metrics.f1_score(labels, said)) / 2)
    row("GLUE", "task: sst-2", logits, labels, accuracy)
    three = rng.integers(0, 3, size=SAMPLES)
    logits = coarse(rng, SAMPLES, 3)
    row("GLUE", "task: mnli", logits, three, metrics.accuracy_score(three, logits.argmax(axis=1)))
    wanted = rng.integers(0, 21, size=SAMPLES) / 4
    answer = wanted[:, None] + coarse(rng, SAMPLES, 1)
    both = (stats.pearsonr(answer[:, 0], wanted).statistic + stats.spearmanr(answer[:, 0], wanted).statistic) / 2
    row("GLUE", "task: sts-b", answer, wanted, both, False)
    row("Loss", "{}", answer, wanted, numpy.mean(answer), False)


def main():
    rng = numpy.random.default_rng(18)
    for part in (classes, binary, attributes, areas, regression, agreement, glue):
        part(rng)


main()
