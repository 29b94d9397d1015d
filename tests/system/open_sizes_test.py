"""Texts of different lengths on a model whose length is open, and parts of a model. The word that pads has numbers a hundred
times as large as all others, and a model masks it away: so fp32's figures are those of the texts alone, however they are
padded, and a range that saw padding would cost all accuracy."""
import json

import h5py
import numpy
import onnx
import onnxruntime
import yaml
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import MODEL, OK, SystemTest, halftone, main, outcome, records

WORDS, WIDTH, CLASSES, TEXTS, LONGEST = 40, 16, 4, 120, 21


def word_net(path):
    """ids and mask [N, L]: rows of a table, two products for each word, the mean of the words that the mask has."""
    generator = numpy.random.default_rng(7)

    def constant(name, *shape):
        return numpy_helper.from_array(generator.standard_normal(shape).astype(numpy.float32), name)

    table = generator.standard_normal((WORDS, WIDTH)).astype(numpy.float32)
    table[0] = 100.0
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ("N", "L")) for name in ("input_ids", "mask")]
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["words"], name="words"),
             helper.make_node("MatMul", ["words", "w1"], ["inner"], name="inner"),
             helper.make_node("Relu", ["inner"], ["positive"], name="relu"),
             helper.make_node("MatMul", ["positive", "w2"], ["outer"], name="outer"),
             helper.make_node("Cast", ["mask"], ["floats"], to=TensorProto.FLOAT),
             helper.make_node("Unsqueeze", ["floats", "last"], ["column"]),
             helper.make_node("Mul", ["outer", "column"], ["masked"], name="masked"),
             helper.make_node("ReduceSum", ["masked", "second"], ["sum"], keepdims=0),
             helper.make_node("ReduceSum", ["column", "second"], ["count"], keepdims=0),
             helper.make_node("Div", ["sum", "count"], ["logits"])]
    constants = [numpy_helper.from_array(table, "table"), constant("w1", WIDTH, 32), constant("w2", 32, CLASSES),
                 numpy_helper.from_array(numpy.array([2]), "last"), numpy_helper.from_array(numpy.array([1]), "second")]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("N", CLASSES))]
    model = helper.make_model(helper.make_graph(nodes, "words", inputs, outputs, constants),
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.save(model, str(path))


class OpenSizes(SystemTest):
    def setUp(self):
        super().setUp()
        word_net(self.folder / "m.onnx")
        generator = numpy.random.default_rng(1)
        self.texts = [generator.integers(1, WORDS, generator.integers(2, LONGEST)) for _ in range(TEXTS)]
        session = onnxruntime.InferenceSession(str(self.folder / "m.onnx"))
        self.labels = []
        for i, text in enumerate(self.texts):
            logits = session.run(None, {"input_ids": text[None], "mask": numpy.ones((1, len(text)), numpy.int64)})[0][0]
            # Every tenth label is wrong, so that not every answer is right.
            self.labels.append((logits.argmax() + (i % 10 == 0)) % CLASSES)
        padded = numpy.zeros((TEXTS, LONGEST + 3), numpy.int64)
        mask = numpy.zeros_like(padded)
        for i, text in enumerate(self.texts):
            padded[i, :len(text)], mask[i, :len(text)] = text, 1
        arrays = {"ids": padded, "mask": mask, "words": numpy.concatenate(self.texts),
                  "begins": numpy.cumsum([0] + [len(text) for text in self.texts]), "labels": numpy.array(self.labels)}
        arrays["ones"] = numpy.ones_like(arrays["words"])
        for name, array in arrays.items():
            numpy.save(self.folder / f"{name}.npy", array)
        with h5py.File(self.folder / "texts.h5", "w") as file:
            for name, array in arrays.items():
                file[name] = array

    def config(self, dataset, collate=None, model=None, **tuning):
        loader = {"dataset": dataset}
        if collate:
            loader["collate"] = collate
        config = {"model": {"name": "words", "framework": "onnxrt_qlinearops", "path": "m.onnx", **(model or {})},
                  "quantization": {"calibration": {"sampling_size": 60, "dataloader": loader}},
                  "evaluation": {"accuracy": {"metric": {"topk": 1}, "dataloader": loader}},
                  "tuning": {"strategy": {"name": "basic"}, "accuracy_criterion": {"absolute": 0.05},
                             "exit_policy": {"max_trials": 4}, "random_seed": 1, **tuning}}
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path

    def ragged(self, suffix=".npy"):
        def field(values):
            return {"values": values + suffix, "offsets": "begins" + suffix}
        return {"inputs": {"input_ids": field("words"), "mask": field("ones")}, "targets": {"label": "labels" + suffix}}

    def sources(self):
        whole = {"inputs": {"input_ids": "ids.npy", "mask": "mask.npy"}, "targets": {"label": "labels.npy"}}
        return {"offsets": {"Numpy": self.ragged()}, "hdf5": {"HDF5": {"path": "texts.h5", **self.ragged("")}},
                "mask": {"Numpy": {**whole, "mask": "mask"}}, "padded": {"Numpy": whole}}

    def eval(self, config):
        done = halftone("eval", config, "--json")
        self.assert_code(OK, done)
        return json.loads(done.out), done.err

    def test_texts_score_alike_however_they_are_stored_and_padded(self):
        expected = sum(i % 10 != 0 for i in range(TEXTS))
        lengths = numpy.array([len(text) for text in self.texts])
        sizes = {"none": lengths, "longest": lengths, "multiple": -(-lengths // 8) * 8, "max": numpy.full(TEXTS, 32)}
        pad_to = {"longest": "longest", "multiple": {"multiple": 8}, "max": {"max": 32}}
        for name, dataset in self.sources().items():
            for form, padded in sizes.items():
                with self.subTest(source=name, form=form):
                    collate = {"pad_to": pad_to[form]} if form in pad_to else None
                    found, err = self.eval(self.config(dataset, collate))
                    self.assertEqual((found["correct"], found["samples"]), (expected, TEXTS))
                    if name == "padded":  # for the program these texts have one length
                        continue
                    self.assertIn(f"evaluation samples have {len(set(padded))} shape", err)
                    if form != "max":  # there the rows of the last batch of a shard are padding, too
                        self.assertIn(f"{100 * (1 - lengths.sum() / padded.sum()):.1f} % of", err)

    def test_tune_finds_the_same_model_however_texts_are_padded(self):
        found = {}
        for name, collate in {"longest": {"pad_to": "longest"}, "multiple": {"pad_to": {"multiple": 8}},
                              "max": {"pad_to": {"max": 32}}, "made": {"pad_to": {"multiple": 8}, "mask": "mask"}}.items():
            dataset = self.sources()["offsets"]
            if name == "made":
                del dataset["Numpy"]["inputs"]["mask"]
            out = self.folder / name
            done = halftone("tune", self.config(dataset, collate), "--workspace", out)
            self.assert_code(OK, done)
            model = onnx.load(str(out / "best.onnx"))
            found[name] = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        # fp32 kernels may add in another order at another length: ranges are equal but for that.
        for name, constants in found.items():
            self.assertEqual(set(constants), set(found["longest"]), name)
            for tensor, values in constants.items():
                numpy.testing.assert_allclose(values.astype(numpy.float64), found["longest"][tensor], rtol=1e-4,
                                              atol=0 if values.dtype == numpy.float32 else 1, err_msg=f"{name} {tensor}")
        # The file leaves the length open, and scores in ONNX Runtime on texts alone.
        session = onnxruntime.InferenceSession(str(self.folder / "longest/best.onnx"))
        right = sum(session.run(None, {"input_ids": text[None], "mask": numpy.ones((1, len(text)), numpy.int64)})[0][0]
                    .argmax() == label for text, label in zip(self.texts, self.labels))
        self.assertGreaterEqual(right, TEXTS * 0.85)

    def test_batches_give_what_single_texts_give_on_any_number_of_ranks(self):
        scores = {}
        for batch in (1, 7, 25):
            config = self.config(self.sources()["offsets"], {"pad_to": {"multiple": 16}}, shards=3, batch_size=batch)
            out = self.folder / f"batch{batch}"
            done = halftone("tune", config, "--workspace", out)
            self.assert_code(OK, done)
            scores[batch] = [(trial["accuracy"], trial["samples"]) for trial in records(out, "trial")]
            # Texts of 2 to 16 words and of 17 to 20, 40 texts in a shard.
            self.assertIn("have 2 shapes " + ("with a session each" if batch == 1 else "in "), done.err)
        self.assertEqual(scores[7], scores[1])
        self.assertEqual(scores[25], scores[1])
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                out = self.folder / f"ranks{ranks}"
                self.assert_code(OK, halftone("tune", config, "--workspace", out, ranks=ranks))
                self.assert_same_outcome(outcome(self.folder / "batch25"), out)

    def test_calibration_and_evaluation_of_different_sizes(self):
        whole = {"inputs": {"input_ids": "ids.npy", "mask": "mask.npy"}, "targets": {"label": "labels.npy"}}
        loaders = {"open": {"dataset": {"Numpy": self.ragged()}}, "fixed": {"dataset": {"Numpy": whole}},
                   "max": {"dataset": {"Numpy": self.ragged()}, "collate": {"pad_to": {"max": 32}}}}
        expected = sum(i % 10 != 0 for i in range(TEXTS))
        for calibration, evaluation in (("open", "fixed"), ("fixed", "open"), ("fixed", "max"), ("open", "max")):
            with self.subTest(calibration=calibration, evaluation=evaluation):
                config = self.config(self.ragged())
                text = yaml.safe_load(config.read_text())
                text["model"]["path"] = str(self.folder / "m.onnx")
                text["quantization"]["calibration"]["dataloader"] = loaders[calibration]
                text["evaluation"]["accuracy"]["dataloader"] = loaders[evaluation]
                config.write_text(yaml.safe_dump(text, sort_keys=False))
                self.assert_code(OK, halftone("tune", config, "--dry-run"))
                out = self.folder / f"{calibration}_{evaluation}"
                self.assert_code(OK, halftone("tune", config, "--workspace", out))
                self.assertEqual(records(out, "baseline")[0]["accuracy"], expected / TEXTS)

    def test_lists_of_variable_length_as_h5py_writes_them(self):
        with h5py.File(self.folder / "lists.h5", "w") as file:
            for name, rows in (("ids", self.texts), ("ones", [numpy.ones_like(text) for text in self.texts])):
                lists = file.create_dataset(name, (TEXTS,), dtype=h5py.vlen_dtype(numpy.int64))
                for i, row in enumerate(rows):
                    lists[i] = row
            file["labels"] = self.labels
        dataset = {"path": "lists.h5", "inputs": {"input_ids": "ids", "mask": "ones"}, "targets": {"label": "labels"}}
        found, err = self.eval(self.config({"HDF5": dataset}, {"pad_to": {"multiple": 8}}))
        self.assertEqual(found["correct"], sum(i % 10 != 0 for i in range(TEXTS)))
        self.assertIn("evaluation samples have 3 shapes ", err)

    def test_texts_of_another_tokenizer_are_refused_with_file_and_record(self):
        words = numpy.load(self.folder / "words.npy")
        words[int(numpy.load(self.folder / "begins.npy")[5])] = WORDS
        numpy.save(self.folder / "words.npy", words)
        done = halftone("eval", self.config(self.sources()["offsets"]))
        self.assert_refused(done, MODEL, "words.npy: record 5", f"'input_ids' holds {WORDS}", f"has {WORDS} rows")

    def test_a_part_of_a_model(self):
        inner = numpy.random.default_rng(3).standard_normal((30, 5, WIDTH)).astype(numpy.float32)
        numpy.save(self.folder / "inner.npy", inner)
        dataset = {"Numpy": {"inputs": {"words": "inner.npy"}}}
        part = {"inputs": ["words"], "outputs": ["outer"], "input_shapes": {"words": ["N", "L", WIDTH]}}
        config = self.config(dataset, model=part)
        text = yaml.safe_load(config.read_text())
        text["evaluation"]["accuracy"]["metric"] = {"agreement": {}}
        text["tuning"]["accuracy_criterion"] = {"absolute": 0.9}
        text["quantization"]["calibration"]["sampling_size"] = 20
        config.write_text(yaml.safe_dump(text, sort_keys=False))
        self.assert_code(OK, halftone("tune", config, "--workspace", self.folder / "part"))
        session = onnxruntime.InferenceSession(str(self.folder / "part/best.onnx"))
        self.assertEqual([i.name for i in session.get_inputs()], ["words"])
        self.assertEqual(session.run(None, {"words": inner})[0].shape, (30, 5, CLASSES))
        ends = ("--inputs", "words", "--outputs", "outer", "--shape", f"words=?,5,{WIDTH}")
        done = halftone("inspect", self.folder / "m.onnx", "--json", *ends)
        self.assert_code(OK, done)
        self.assertEqual([unit["name"] for unit in json.loads(done.out)["units"]], ["inner", "outer"])
        done = halftone("quantize", self.folder / "m.onnx", "--plan", self.folder / "part/best.yaml", "--output",
                        self.folder / "rebuilt.onnx", *ends)
        self.assert_code(OK, done)
        self.assertEqual((self.folder / "rebuilt.onnx").read_bytes(), (self.folder / "part/best.onnx").read_bytes())
        self.assert_code(OK, halftone("bench", self.folder / "m.onnx", "--rounds", 1, *ends))
        done = halftone("inspect", self.folder / "m.onnx", "--outputs", "outter")
        self.assert_refused(done, 2, "no tensor 'outter'", "'outer'")


if __name__ == "__main__":
    main()
