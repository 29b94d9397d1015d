"""Text models end to end: GLUE and bert, tuned on features of tokenised texts, and the tuned model scored in ONNX Runtime by
figures that are computed here from their definitions. Run by a Python that has h5py, onnx and onnxruntime.

The texts are numbers already: a vocabulary of made-up words stands for a tokenizer. What the fp32 model answers is right for
most samples, so a baseline has a loss to lose.
"""
import collections
import json

import h5py
import numpy
import onnx
import onnxruntime
import yaml
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import OK, SystemTest, halftone, main, records

VOCABULARY, LENGTH, WIDTH = 60, 24, 16
CLS, SEP, FIRST_WORD = 2, 3, 5
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def text_model(path, per_token):
    """Words, positions and token types to a sum, two layers, and two logits for the text or for each of its tokens."""
    rng = numpy.random.default_rng(20)
    weights = []

    def weight(name, *shape):
        weights.append(numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(numpy.float32), name))
        return name

    def integers(name, *values):
        weights.append(numpy_helper.from_array(numpy.array(values, numpy.int64), name))
        return name

    node = helper.make_node
    nodes = [node("Gather", [weight("words", VOCABULARY, WIDTH), "input_ids"], ["word"]),
             node("Gather", [weight("types", 2, WIDTH), "token_type_ids"], ["type"]),
             node("Add", ["word", "type"], ["typed"]), node("Add", ["typed", weight("positions", LENGTH, WIDTH)], ["x"]),
             node("MatMul", ["x", weight("w0", WIDTH, 2 * WIDTH)], ["a"], "layer0"), node("Relu", ["a"], ["b"]),
             node("MatMul", ["b", weight("w1", 2 * WIDTH, WIDTH)], ["c"], "layer1"), node("Tanh", ["c"], ["d"])]
    if per_token:
        nodes += [node("MatMul", ["d", weight("w2", WIDTH, 2)], ["logits"], "head"),
                  node("Split", ["logits"], ["s", "e"], axis=2),
                  node("Squeeze", ["s", integers("axis", 2)], ["start_logits"]), node("Squeeze", ["e", "axis"], ["end_logits"])]
        outputs = [("start_logits", ["N", LENGTH]), ("end_logits", ["N", LENGTH])]
    else:
        nodes += [node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
                  node("Unsqueeze", ["mask", integers("axis", 2)], ["column"]), node("Mul", ["d", "column"], ["kept"]),
                  node("ReduceMean", ["kept"], ["mean"], axes=[1], keepdims=0),
                  node("MatMul", ["mean", weight("w2", WIDTH, 2)], ["logits"], "head")]
        outputs = [("logits", ["N", 2])]
    graph = helper.make_graph(
        nodes, "text", [helper.make_tensor_value_info(name, TensorProto.INT64, ["N", LENGTH]) for name in INPUTS],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def texts(count):
    """Features of a question of three words and a context of 8 to 17, as a tokenizer would make them."""
    rng = numpy.random.default_rng(2)
    rows = {name: numpy.zeros((count, LENGTH), numpy.int64) for name in INPUTS}
    contexts = []
    for i in range(count):
        words = rng.integers(FIRST_WORD, VOCABULARY, 3 + rng.integers(8, 18))
        ids = [CLS, *words[:3], SEP, *words[3:], SEP][:LENGTH]
        rows["input_ids"][i, : len(ids)] = ids
        rows["attention_mask"][i, : len(ids)] = 1
        rows["token_type_ids"][i, 5 : len(ids)] = 1
        contexts.append(ids[5:-1])
    return rows, contexts


def write_features(path, kind, rows):
    with h5py.File(path, "w") as file:
        for name, value in {"format": "halftone text features", "kind": kind, "source": "made up", "task": kind,
                            "tokenizer": "none", "tokenizer_crc32c": "00000000", "tokenizer_sha256": "0" * 64}.items():
            file.attrs[name] = numpy.bytes_(value)
        for name, value in {"format_version": 1, "max_seq_length": LENGTH, "vocabulary": VOCABULARY}.items():
            file.attrs[name] = numpy.int64(value)
        file.attrs["task"] = numpy.bytes_("mrpc" if kind == "glue" else "squad")
        for name, values in rows.items():
            file[name] = values


def run(path, rows):
    """The model's outputs in ONNX Runtime, sample by sample: dynamic quantization looks at all that is in a batch."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    parts = [session.run(None, {name: rows[name][i : i + 1] for name in INPUTS}) for i in range(len(rows["input_ids"]))]
    return [numpy.concatenate(output) for output in zip(*parts)]


def mrpc(answers, labels):
    """The mean of accuracy and F1 of class 1. Source: GLUE (Wang et al. 2018), section 3."""
    both = ((answers == 1) & (labels == 1)).sum()
    return ((answers == labels).mean() + 2 * both / ((answers == 1).sum() + (labels == 1).sum())) / 2


def best_span(start, end, tokens):
    """First and last token of the answer among the context's tokens, and its score. Source: BERT's run_squad.py."""
    best = (-numpy.inf, None)
    for s in numpy.argsort(-start, kind="stable")[:20]:
        for e in numpy.argsort(-end, kind="stable")[:20]:
            if s in tokens and e in tokens and s <= e < s + 30 and float(start[s]) + float(end[e]) > best[0]:
                best = (float(start[s]) + float(end[e]), (s, e))
    return best


def words_f1(said, wanted):
    """Source: SQuAD's evaluate-v1.1.py; the made-up words have no articles and no punctuation."""
    same = sum((collections.Counter(said.split()) & collections.Counter(wanted.split())).values())
    return 0 if same == 0 else 2 * same / (len(said.split()) + len(wanted.split()))


class Texts(SystemTest):
    def tune(self, name, config, *words):
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config))
        done = halftone("tune", path, "--workspace", self.folder / name, *words, cwd=self.folder)
        self.assert_code(OK, done)
        return yaml.safe_load((self.folder / name / "best.yaml").read_text()), self.folder / name / "best.onnx"

    def config(self, loader, **accuracy):
        return {"model": {"name": "text", "framework": "onnxrt_qlinearops", "path": "text.onnx"},
                "quantization": {"calibration": {"sampling_size": 50, "dataloader": loader}},
                "evaluation": {"accuracy": {"dataloader": loader, **accuracy}},
                "tuning": {"accuracy_criterion": {"absolute": 0.05}, "exit_policy": {"max_trials": 8}, "shards": 4}}

    def check(self, best, baseline, theirs, name):
        """Something is quantized, and every figure is that of ONNX Runtime's outputs."""
        self.assertTrue(any(unit["weight"]["dtype"] == "int8" for unit in best["units"]), name)
        self.assertAlmostEqual(records(self.folder / name, "baseline")[0]["accuracy"], baseline, 9, name)
        self.assertAlmostEqual(best["accuracy"], theirs, 9, name)

    def test_glue_is_tuned_and_onnx_runtime_confirms_the_figure(self):
        rows, _ = texts(300)
        text_model(self.folder / "text.onnx", per_token=False)
        labels = run(self.folder / "text.onnx", rows)[0].argmax(axis=1)
        labels = numpy.where(numpy.arange(len(labels)) % 10 == 0, 1 - labels, labels)
        write_features(self.folder / "mrpc.h5", "glue", {**rows, "label": labels.astype(numpy.int64)})
        loader = {"dataset": {"GLUE": {"data_dir": ".", "task": "mrpc", "max_seq_length": LENGTH}}}
        config = self.config(loader, metric={"GLUE": {"task": "mrpc"}})
        baseline = mrpc(run(self.folder / "text.onnx", rows)[0].argmax(axis=1), labels)
        for approach in ("post_training_static_quant", "post_training_dynamic_quant"):
            best, path = self.tune(approach, config, "--set", f"quantization.approach={approach}")
            self.check(best, baseline, mrpc(run(path, rows)[0].argmax(axis=1), labels), approach)

    def squad(self, count=120):
        """Rows of a file of kind squad. Every fifth question has two windows; some right answers are not the model's."""
        rows, contexts = texts(count)
        names = [f"w{number:02}" for number in range(VOCABULARY)]
        start, end = run(self.folder / "text.onnx", rows)
        rows["offsets"] = numpy.full((count, LENGTH, 2), -1, numpy.int64)
        questions, answers = [], []
        for i, context in enumerate(contexts):
            for t in range(len(context)):  # words of three letters and a blank
                rows["offsets"][i, 5 + t] = (4 * t, 4 * t + 3)
            questions.append(f"q{i - 1 if i % 5 == 4 else i:03}")
            first, last = (t - 5 for t in best_span(start[i], end[i], range(5, 5 + len(context)))[1])
            first = max(0, first - (i % 3 == 0))  # one word more than the model says
            right = " ".join(names[word] for word in context[first : last + 1])
            answers.append([right, names[context[0]] if i % 7 == 0 else ""])
        texts_of = [" ".join(names[word] for word in context) for context in contexts]
        for name, values in (("question_id", questions), ("context", texts_of), ("answers", answers)):
            rows[name] = numpy.array(values, "S")
        return rows

    def squad_f1(self, path, rows):
        """Each question's answer is that of its window with the highest score; a hundred times the mean of F1."""
        start, end = run(path, rows)
        found = {}
        for i, question in enumerate(rows["question_id"]):
            tokens = set(numpy.flatnonzero(rows["offsets"][i, :, 0] >= 0).tolist())
            score, (first, last) = best_span(start[i], end[i], tokens)
            said = rows["context"][i][rows["offsets"][i, first, 0] : rows["offsets"][i, last, 1]].decode()
            f1 = max(words_f1(said, answer.decode()) for answer in rows["answers"][i] if answer)
            if question not in found or score > found[question][0]:
                found[question] = (score, f1)
        return 100 * numpy.mean([f1 for _, f1 in found.values()])

    def test_squad_is_tuned_and_onnx_runtime_confirms_the_figure(self):
        text_model(self.folder / "text.onnx", per_token=True)
        rows = self.squad()
        write_features(self.folder / "squad.h5", "squad", rows)
        config = self.config({"dataset": {"bert": {"root": "squad.h5"}}}, metric={"SquadF1": {}},
                             postprocess={"transform": {"SquadV1": {}}})
        config["tuning"]["accuracy_criterion"] = {"relative": 0.1}
        baseline = self.squad_f1(self.folder / "text.onnx", rows)
        best, path = self.tune("squad", config)
        self.check(best, baseline, self.squad_f1(path, rows), "squad")
        again = halftone("eval", self.folder / "squad.yaml", "--model", path, "--json", cwd=self.folder)
        self.assert_code(OK, again)
        self.assertEqual(json.loads(again.out)["accuracy"], best["accuracy"])


if __name__ == "__main__":
    main()
