"""Tiny data of every kind that LPOT's example configs name, and the --set words that put their paths into a config.

Pictures and TFRecord files are those of tests/golden/data. What a kind needs beside them is written here.
"""
import json
import shutil
import struct

import h5py
import numpy

from halftone_cli import SOURCE
from synthetic_run import crc32c

GOLDEN = SOURCE / "tests/golden/data"
HEIGHT, WIDTH, _ = numpy.load(GOLDEN / "pictures/rgb.jpg.npy").shape
LENGTH = 128  # tokens of a text in LPOT's sections for GLUE


class Data:
    """The files of all kinds below one folder, written once."""

    def __init__(self, folder):
        self.folder = folder
        self.write_pictures()
        self.write_coco()
        self.write_texts()

    def write_pictures(self):
        golden = GOLDEN / "pictures"
        for name, target in (("rgb.jpg", "classes/n01/a.jpg"), ("full_colour.jpg", "classes/n02/b.jpg"),
                             ("progressive.jpg", "classes/n02/c.jpg"), ("rgb.jpg", "raw/a.jpg"), ("grey.jpg", "raw/b.jpg"),
                             ("rgb.jpg", "content/a.jpg"), ("full_colour.jpg", "style/b.jpg")):
            path = self.folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(golden / name, path)
        (self.folder / "raw.txt").write_text("a.jpg 1\nb.jpg 2\n")
        shutil.copytree(self.folder / "classes", self.folder / "classes_with_grey")
        shutil.copy(golden / "grey.jpg", self.folder / "classes_with_grey/n01/grey.jpg")
        for name in ("validation-00000-of-00002", "validation-00001-of-00002"):
            (self.folder / "records").mkdir(exist_ok=True)
            shutil.copy(GOLDEN / "records" / name, self.folder / "records")
        (self.folder / "fashion").mkdir()
        for kind, shape, magic in (("images", (4, 28, 28), 2051), ("labels", (4,), 2049)):
            values = numpy.arange(numpy.prod(shape)).reshape(shape).astype(numpy.uint8)
            header = struct.pack(f">{1 + len(shape)}I", magic, *shape)
            (self.folder / f"fashion/t10k-{kind}-idx{len(shape)}-ubyte").write_bytes(header + values.tobytes())

    def write_coco(self):
        """Two pictures with one box each, as COCORaw and COCONpy find them below one root."""
        boxes = [{"id": i, "image_id": i, "category_id": 1, "bbox": [2, 3, 9, 8], "area": 72, "iscrowd": 0} for i in (1, 2)]
        images = [{"id": i, "file_name": f"{i}.jpg", "height": HEIGHT, "width": WIDTH} for i in (1, 2)]
        text = json.dumps({"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "person"}]})
        for annotations in ("coco/annotations", "coco/convert_dataset/annotations"):
            (self.folder / annotations).mkdir(parents=True)
            (self.folder / annotations / "instances_val2017.json").write_text(text)
        arrays = self.folder / "coco/preprocessed/coco-1200-pt/NCHW/val2017"
        arrays.mkdir(parents=True)
        (self.folder / "coco/val2017").mkdir()
        for i in (1, 2):
            shutil.copy(GOLDEN / "pictures/rgb.jpg", self.folder / f"coco/val2017/{i}.jpg")
            numpy.save(arrays / f"{i}.jpg.npy", numpy.full((3, 64, 64), i / 4, numpy.float32))

    def write_texts(self):
        """The golden features of GLUE with as many tokens as LPOT's sections ask for; those of SQuAD; BERT's records."""
        (self.folder / "glue").mkdir()
        with h5py.File(GOLDEN / "text/mrpc.h5") as golden, h5py.File(self.folder / "glue/mrpc.h5", "w") as padded:
            for name, value in golden.attrs.items():
                padded.attrs[name] = value
            padded.attrs["max_seq_length"] = numpy.int64(LENGTH)
            for name, rows in golden.items():
                values = rows[()]
                padded[name] = values if values.ndim == 1 else numpy.pad(values, ((0, 0), (0, LENGTH - values.shape[1])))
        shutil.copy(GOLDEN / "text/squad.h5", self.folder)
        write_records(self.folder / "eval.tf_record",
                      [{"input_ids": [2, 5, 7, 3] + [0] * 12, "input_mask": [1] * 4 + [0] * 12, "segment_ids": [0] * 16,
                        "unique_ids": [10 ** 9 + i]} for i in range(4)])
        (self.folder / "dev.json").write_text(json.dumps({"version": "1.1", "data": []}))
        shutil.copy(GOLDEN / "text/vocab.txt", self.folder)

    def settings(self, name, framework):
        """The keys of a section that are paths, with the path of the files of its kind."""
        here = self.folder
        # torchvision reads grey pictures as RGB; in LPOT's other files a transform would need three channels.
        classes = "classes_with_grey" if framework.startswith("pytorch") else "classes"
        return {
            "ImageFolder": {"root": here / classes},
            "ImageRecord": {"root": here / "records"},
            "ImagenetRaw": {"data_path": here / "raw", "image_list": here / "raw.txt"},
            "FashionMNIST": {"root": here / "fashion"},
            "COCORaw": {"root": here / "coco"},
            "COCONpy": {"root": here / "coco"},
            "COCORecord": {"root": GOLDEN / "records/coco.record"},
            "VOCRecord": {"root": GOLDEN / "records/voc.tfrecord"},
            "GLUE": {"data_dir": here / "glue"},
            "bert": {"root": here / "squad.h5", "label_file": here / "dev.json"},
            "style_transfer": {"content_folder": here / "content", "style_folder": here / "style"},
            "COCOmAP": {"anno_path": here / "coco/annotations/instances_val2017.json"},
            "SquadV1": {"label_file": here / "dev.json", "vocab_file": here / "vocab.txt"},
        }.get(name, {})

    def paths(self, config):
        """--set words for all paths in a config, as far as its sections name them."""
        framework = config.get("model", {}).get("framework", "")
        words = []

        def visit(section, key):
            for name, value in (section.items() if isinstance(section, dict) else ()):
                inner = f"{key}.{name}" if key else name
                for path_key, path in self.settings(name, framework).items():
                    if isinstance(value, dict) and path_key in value:
                        words.extend(["--set", f"{inner}.{path_key}={path}"])
                visit(value, inner)

        visit(config, "")
        return words


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, data):
    """A field of protobuf that holds bytes."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def write_records(path, rows):
    """TFRecord of tf.train.Example whose features are all integers. Source: TensorFlow's record_writer and example.proto."""
    def masked(data):
        crc = crc32c(data)
        return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    with open(path, "wb") as file:
        for row in rows:
            features = b""
            for name, values in row.items():
                numbers = field(3, field(1, b"".join(varint(value) for value in values)))
                features += field(1, field(1, name.encode()) + field(2, numbers))
            example = field(1, features)
            length = struct.pack("<Q", len(example))
            file.write(length + masked(length) + example + masked(example))
