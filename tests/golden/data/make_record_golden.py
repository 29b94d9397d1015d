#!/usr/bin/env python3
"""Writes the TFRecord files of records/ with TensorFlow itself. Usage: make_record_golden.py FOLDER

FOLDER is this folder: the pictures are those of pictures/. Labels and boxes are made up; records_test.cpp repeats them.
"""
import os
import sys

import numpy as np
import tensorflow as tf


def texts(*values):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[v if isinstance(v, bytes) else v.encode() for v in values]))


def floats(*values):
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def integers(*values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def features(values):
    return tf.train.Features(feature=values)


def write(path, records):
    with tf.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record.SerializeToString())


def main(folder):
    out = os.path.join(folder, "records")
    os.makedirs(out, exist_ok=True)
    pictures = {}
    for name in ("rgb.jpg", "grey.jpg", "grey.png"):
        with open(os.path.join(folder, "pictures", name), "rb") as file:
            pictures[name] = file.read()
    shape = np.load(os.path.join(folder, "pictures", "rgb.jpg.npy")).shape

    def imagenet(name, label):
        return tf.train.Example(features=features({
            "image/encoded": texts(pictures[name]), "image/class/label": integers(label), "image/format": texts("JPEG"),
            "image/class/text": texts("a class"), "image/object/bbox/xmin": floats()}))

    write(os.path.join(out, "validation-00000-of-00002"), [imagenet("rgb.jpg", 1), imagenet("grey.jpg", 1000)])
    write(os.path.join(out, "validation-00001-of-00002"), [imagenet("grey.png", 7)])

    def coco(name, source, corners, **more):
        values = {"image/encoded": texts(pictures[name]), "image/source_id": texts(source)}
        for i, side in enumerate(("ymin", "xmin", "ymax", "xmax")):
            values["image/object/bbox/" + side] = floats(*[box[i] for box in corners])
        values.update({"image/object/" + key.replace("__", "/"): value for key, value in more.items()})
        return tf.train.Example(features=features(values))

    two = [(0.25, 0.5, 0.75, 1.0), (0.0, 0.0, 0.5, 0.125)]
    write(os.path.join(out, "coco.record"), [
        coco("rgb.jpg", "139", two, class__text=texts("dog", "toothbrush"), is_crowd=integers(0, 1), area=floats(10.5, 3)),
        coco("grey.jpg", "285", [], class__text=texts()),
        # A SequenceExample with the same features as its context: LPOT takes both.
        tf.train.SequenceExample(
            context=coco("rgb.jpg", "632", two[:1], class__label=integers(90)).features,
            feature_lists=tf.train.FeatureLists(feature_list={"more": tf.train.FeatureList(feature=[integers(1)])})),
    ])
    mask = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape[0], shape[1], 1) % 21
    write(os.path.join(out, "voc.tfrecord"), [tf.train.Example(features=features({
        "image/encoded": texts(pictures["rgb.jpg"]),
        "image/segmentation/class/encoded": texts(tf.io.encode_png(mask).numpy())}))])
    write(os.path.join(out, "numbers.tfrecord"), [
        tf.train.Example(features=features({
            "ids": integers(1, -2, 2**63 - 1, -2**63), "x": floats(0.5, -1.5), "one": integers(row), "text": texts("a", "b")}))
        for row in range(3)])


main(sys.argv[1])
