"""LPOT's data sets as its users write them: sections print under every framework, the archives of well-known data sets are
scored as NumPy scores them, and what is missing or damaged ends the program with exit code 3 and is named with file and
record. The model answers which of the three colours is the strongest, so its figures can be told without it."""
import json
import pickle
import shutil

import numpy
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from halftone_cli import MODEL, OK, SOURCE, USAGE, SystemTest, halftone, main
from samples_test import png

GOLDEN = SOURCE / "tests/golden/data"
FRAMEWORKS = ("tensorflow", "tensorflow_itex", "pytorch", "pytorch_fx", "pytorch_ipex", "mxnet", "onnxrt_qlinearops",
              "onnxrt_integerops")
# As LPOT's own examples write them, with the keys that each of them has there.
SECTIONS = """
ImagenetRaw: {data_path: val, image_list: val.txt}
ImageRecord: {root: imagenet}
TFRecordDataset: {root: imagenet}
CIFAR10: {root: cifar, train: False, download: True}
CIFAR100: {root: cifar, train: True}
COCORaw: {root: coco, img_dir: val2017, anno_dir: annotations/instances_val2017.json}
COCORecord: {root: coco_val.record, num_cores: 28}
COCONpy: {root: ./, npy_dir: preprocessed/val2017/, anno_dir: annotations/instances_val2017.json}
VOCRecord: {root: voc}
style_transfer: {content_folder: ./content_images/, style_folder: ./style_images/, crop_ratio: 0.1, resize_shape: '256,256', image_format: jpg}
bert: {root: eval.tf_record, label_file: dev-v1.1.json, task: squad, model_type: bert}
GLUE: {data_dir: glue, model_name_or_path: bert-base-uncased, max_seq_length: 128, task: mrpc, model_type: bert, dynamic_length: False}
"""


def colour_model(path, height, width, classes=3):
    """[N, height, width, 3] to the mean of each colour, and 0 for further classes."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", height, width, 3))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", classes))
    weights = numpy_helper.from_array(numpy.eye(3, classes, dtype=numpy.float32), "weights")
    nodes = [helper.make_node("ReduceMean", ["x"], ["means"], axes=[1, 2], keepdims=0),
             helper.make_node("MatMul", ["means", "weights"], ["y"], name="classes")]
    graph = helper.make_graph(nodes, "colours", [x], [y], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.save(model, str(path))


def text_model(path, rows):
    """Ids, mask and token types [N, 14] to the mean of the rows of a table that the ids number."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ("N", 14))
              for name in ("input_ids", "attention_mask", "token_type_ids")]
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", 3))
    table = numpy.arange(rows * 3, dtype=numpy.float32).reshape(rows, 3)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["words"], name="words"),
             helper.make_node("ReduceMean", ["words"], ["mean"], axes=[1], keepdims=0),
             helper.make_node("Add", ["attention_mask", "token_type_ids"], ["sum"]),
             helper.make_node("Cast", ["sum"], ["numbers"], to=TensorProto.FLOAT),
             helper.make_node("ReduceMean", ["numbers"], ["extra"], axes=[1], keepdims=1),
             helper.make_node("Add", ["mean", "extra"], ["y"])]
    graph = helper.make_graph(nodes, "texts", inputs, [y], [numpy_helper.from_array(table, "table")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.save(model, str(path))


def darkness_model(path, size):
    """A grey picture x [N, 1, size, size] to scores of two classes: x and 0.5."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 1, size, size))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", 2, size, size))
    weights = numpy.array([1, 0], numpy.float32).reshape(2, 1, 1, 1)
    parts = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(numpy.array([0, 0.5], numpy.float32), "b")]
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w", "b"], ["y"], name="scores")], "areas", [x], [y], parts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.save(model, str(path))


class DataSets(SystemTest):
    def config(self, dataset, framework="onnxrt_qlinearops", transform=None):
        """The path of a config that scores the colour model on a data set."""
        loader = {"dataset": dataset, **({"transform": transform} if transform else {})}
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump({
            "model": {"name": "colours", "framework": framework, "path": "colours.onnx"},
            "quantization": {"calibration": {"sampling_size": 2, "dataloader": loader}},
            "evaluation": {"accuracy": {"metric": {"topk": 1}, "dataloader": loader}}}))
        return path

    def assert_refused(self, done, code, *parts):
        self.assertEqual(done.code, code, done.err)
        for part in parts:
            self.assertIn(part, done.err)

    def test_every_section_prints_under_every_framework(self):
        for name, section in yaml.safe_load(SECTIONS).items():
            for framework in FRAMEWORKS:
                with self.subTest(name=name, framework=framework):
                    config = self.config({name: section}, framework)
                    done = halftone("tune", config, "--print-config", cwd=self.folder)
                    self.assert_code(OK, done)
                    shown = yaml.safe_load(done.out)["evaluation"]["accuracy"]["dataloader"]["dataset"]
                    self.assertEqual(list(shown), [name])

    def test_every_section_names_what_is_missing_and_where_it_belongs(self):
        colour_model(self.folder / "colours.onnx", 32, 32)
        for name, section in yaml.safe_load(SECTIONS).items():
            with self.subTest(name=name):
                done = halftone("eval", self.config({name: section}), cwd=self.folder)
                self.assert_refused(done, MODEL, "does not exist", str(self.folder.name))

    def test_a_data_set_that_is_set_in_code_prints_and_tune_says_what_to_add(self):
        config = self.folder / "config.yaml"
        for accuracy, what in (("metric: {topk: 1}", "evaluation.accuracy.dataloader is missing: a metric needs data"),
                               ("metric: {topk: 1}, dataloader: {batch_size: 8}",
                                "evaluation.accuracy.dataloader.dataset is missing; one of: CIFAR10 ")):
            config.write_text(f"model: {{name: m, framework: pytorch}}\nevaluation: {{accuracy: {{{accuracy}}}}}\n")
            self.assert_code(OK, halftone("tune", config, "--print-config", cwd=self.folder))
            done = halftone("tune", config, cwd=self.folder)
            self.assert_refused(done, USAGE, "config.yaml:2:", what)

    def cifar(self, count=40):
        """Pictures of one strong colour each, and labels of which every fifth is wrong."""
        rng = numpy.random.default_rng(9527)
        labels = rng.integers(0, 3, count)
        planes = rng.integers(0, 100, (count, 3, 1024), numpy.uint8)
        planes[numpy.arange(count), labels] += 100
        wrong = numpy.arange(count) % 5 == 0
        return planes.reshape(count, 3072), numpy.where(wrong, (labels + 1) % 3, labels), int(count - wrong.sum())

    def test_both_versions_of_cifar_score_as_numpy_does(self):
        colour_model(self.folder / "colours.onnx", 32, 32)
        pixels, labels, correct = self.cifar()
        for version in ("bin", "py"):
            folder = self.folder / version / f"cifar-10-batches-{version}"
            folder.mkdir(parents=True)
            if version == "bin":
                rows = numpy.concatenate([labels[:, None].astype(numpy.uint8), pixels], axis=1)
                (folder / "test_batch.bin").write_bytes(rows.tobytes())
            else:
                (folder / "test_batch").write_bytes(pickle.dumps({b"data": pixels, b"labels": labels.tolist()}, 4))
            done = halftone("eval", self.config({"CIFAR10": {"root": version}}), "--json", cwd=self.folder)
            self.assert_code(OK, done)
            found = json.loads(done.out)
            self.assertEqual((found["correct"], found["samples"]), (correct, len(labels)), version)

    def records(self):
        """TensorFlow's own shards, and the model for their pictures."""
        shutil.copytree(GOLDEN / "records", self.folder / "records", ignore=shutil.ignore_patterns("coco*", "voc*", "num*"))
        height, width, _ = numpy.load(GOLDEN / "pictures/rgb.jpg.npy").shape
        colour_model(self.folder / "colours.onnx", height, width, classes=1001)
        return self.config({"ImageRecord": {"root": "records"}})

    def test_pictures_with_masks_score_as_numpy_does(self):
        darkness_model(self.folder / "areas.onnx", 8)
        random = numpy.random.default_rng(3)
        pixels = random.integers(0, 256, (6, 8, 8), numpy.uint8)
        masks = random.choice(numpy.array([0, 255, 9], numpy.uint8), (6, 8, 8), p=[0.5, 0.4, 0.1])
        for name, arrays in (("images", pixels), ("masks", masks)):
            (self.folder / "data" / name).mkdir(parents=True)
            for i, array in enumerate(arrays):
                (self.folder / "data" / name / f"{i}.png").write_bytes(png(array))
        section = {"SegmentationFolder": {"images": "data/images", "masks": "data/masks", "values": [0, 255]}}
        config = yaml.safe_load(self.config(section, transform={"Rescale": {}, "Transpose": {"perm": [2, 0, 1]}}).read_text())
        config["model"]["path"] = "areas.onnx"
        config["evaluation"]["accuracy"]["metric"] = {"mIOU": {"num_classes": 2}}
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        done = halftone("eval", self.folder / "config.yaml", "--json")
        self.assert_code(OK, done)
        said = (pixels < 127.5).astype(int)  # of equal scores class 0, but no pixel is 127.5
        used = masks != 9  # no class
        shares = [numpy.sum((said == c) & (masks == 255 * c)) / numpy.sum(((said == c) & used) | (masks == 255 * c)) for c in (0, 1)]
        self.assertAlmostEqual(json.loads(done.out)["accuracy"], float(numpy.mean(shares)), 12)
        done = halftone("init", self.folder / "areas.onnx", "--data", self.folder / "data")
        self.assert_code(OK, done)
        self.assertEqual(list(yaml.safe_load(done.out)["evaluation"]["accuracy"]["dataloader"]["dataset"]), ["SegmentationFolder"])

    def test_shards_of_tensorflow_are_scored(self):
        done = halftone("eval", self.records(), "--json", cwd=self.folder)
        self.assert_code(OK, done)
        # Labels 1, 1000 and 7; grey pictures have three equal colours, of which the first one wins.
        strongest = int(numpy.load(GOLDEN / "pictures/rgb.jpg.npy").mean(axis=(0, 1)).argmax())
        self.assertEqual(json.loads(done.out)["correct"], int(strongest == 1))

    def test_a_bad_checksum_ends_with_file_and_record_or_skips_the_sample(self):
        config = self.records()
        shard = self.folder / "records/validation-00000-of-00002"
        data = bytearray(shard.read_bytes())
        data[-100] ^= 1  # in the second of its two records
        shard.write_bytes(data)
        for command in (("eval", config), ("tune", config)):
            done = halftone(*command, cwd=self.folder)
            self.assert_refused(done, MODEL, "records/validation-00000-of-00002: record 1: its checksum is wrong")
        skip = ("--set", "evaluation.accuracy.dataloader.on_bad_sample=skip")
        done = halftone("eval", config, "--json", *skip, cwd=self.folder)
        self.assert_code(OK, done)
        self.assertEqual((json.loads(done.out)["samples"], json.loads(done.out)["skipped"]), (2, 1))

    def test_annotations_that_name_missing_images_end_with_file_and_entry(self):
        colour_model(self.folder / "colours.onnx", 32, 32)
        (self.folder / "val2017").mkdir()
        (self.folder / "annotations").mkdir()
        annotations = self.folder / "annotations/instances_val2017.json"
        box = {"image_id": 5, "category_id": 1, "bbox": [0, 0, 1, 1]}
        for images, what in (([], "annotations[0] is of the image 5, which `images` does not list"),
                             ([{"id": 5, "file_name": "5.jpg"}], "images[0] (id 5): its picture ")):
            annotations.write_text(json.dumps({"images": images, "annotations": [box]}))
            done = halftone("eval", self.config({"COCORaw": {"root": "."}}), cwd=self.folder)
            self.assert_refused(done, MODEL, "instances_val2017.json: " + what)

    def test_texts_of_another_tokenizer_than_the_stated_one_are_refused(self):
        for name in ("mrpc.h5", "vocab.txt"):
            shutil.copy(GOLDEN / "text" / name, self.folder)
        config = self.config({"GLUE": {"data_dir": ".", "model_name_or_path": "vocab.txt"}})
        text_model(self.folder / "colours.onnx", rows=18)
        self.assert_code(OK, halftone("eval", config, cwd=self.folder))
        with (self.folder / "vocab.txt").open("a") as vocabulary:
            vocabulary.write("another\n")
        done = halftone("eval", config, cwd=self.folder)
        self.assert_refused(done, MODEL, "mrpc.h5: was made with another tokenizer (vocab.txt, CRC-32C ")


if __name__ == "__main__":
    main()
