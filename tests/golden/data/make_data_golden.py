#!/usr/bin/env python3
"""Writes the IDX files of this folder and preprocess_golden.inc. Usage: make_data_golden.py FOLDER

The IDX files are made with struct and gzip: a train split of 3 images (plain, with MNIST's '.' in the names) and a
t10k split of 4 (gzip). Pixel (row, column) of image i is (i * 50 + row * 10 + column) % 256; label i is (3 * i) % 10.
preprocess_golden.inc holds, for each of the 256 pixel values, what the evaluation under ONNX Runtime feeds.
"""
import gzip
import os
import struct
import sys

import numpy as np

ROWS, COLUMNS = 3, 4
MEAN, STD = 0.2860, 0.3530


def write(path, data):
    if path.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    with open(path, "wb") as file:
        file.write(data)


def split(folder, count, image_name, label_name):
    pixels = [(i * 50 + r * 10 + c) % 256 for i in range(count) for r in range(ROWS) for c in range(COLUMNS)]
    write(os.path.join(folder, image_name), struct.pack(">IIII", 0x803, count, ROWS, COLUMNS) + bytes(pixels))
    write(os.path.join(folder, label_name), struct.pack(">II", 0x801, count) + bytes(3 * i % 10 for i in range(count)))


def arrays(folder):
    """Arrays as users save them: numpy/*.npy and *.npz."""
    os.makedirs(folder, exist_ok=True)
    x = np.arange(12, dtype=np.float32).reshape(3, 2, 2) / np.float32(2)
    y = np.array([10, 20, 30], np.int64)
    np.savez(os.path.join(folder, "stored.npz"), x=x, y=y)
    np.savez_compressed(os.path.join(folder, "packed.npz"), x=x, y=y)
    np.save(os.path.join(folder, "half.npy"), np.array([[1.5, -2.0], [65504.0, 6e-8]], np.float16))
    np.save(os.path.join(folder, "short.npy"), np.array([7, 65535], np.uint16))


def main():
    folder = sys.argv[1]
    arrays(os.path.join(folder, "numpy"))
    split(folder, 3, "train-images.idx3-ubyte", "train-labels.idx1-ubyte")
    split(folder, 4, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    pixels = np.arange(256, dtype=np.uint8)
    values = (pixels.astype(np.float32) / np.float32(255) - np.float32(MEAN)) / np.float32(STD)
    with open(os.path.join(folder, "preprocess_golden.inc"), "w") as file:
        file.write("// Written by make_data_golden.py; see PROVENANCE.md.\n")
        file.write("".join(float(value).hex() + "F,\n" for value in values))


main()
