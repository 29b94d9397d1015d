#!/usr/bin/env python3
"""Writes the files of this folder. Usage: make_data_golden.py FOLDER

The IDX files are made with struct and gzip: a train split of 3 images (plain, with MNIST's '.' in the names) and a
t10k split of 4 (gzip). Pixel (row, column) of image i is (i * 50 + row * 10 + column) % 256; label i is (3 * i) % 10.
preprocess_golden.inc holds, for each of the 256 pixel values, what the evaluation under ONNX Runtime feeds.
"""
import gzip
import os
import struct
import sys
import zlib

import h5py
import numpy as np
from PIL import Image

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


def hdf5(folder):
    """Samples as users keep them with h5py: hdf5/samples.h5 and a file whose dataset lies in it."""
    os.makedirs(folder, exist_ok=True)
    with h5py.File(os.path.join(folder, "samples.h5"), "w", libver="earliest") as file:
        ids = np.arange(12, dtype=np.int64).reshape(4, 3)
        file.create_dataset("eval/ids", data=ids)
        file.create_dataset("eval/packed", data=ids.astype(np.float32) / 2, chunks=(2, 3), compression="gzip")
        file.create_dataset("eval/short", data=np.array([1, 2, 3, 65535], np.uint16))
        file.create_dataset("eval/labels", data=np.array([3, 2, 1, 0]))
        file.create_dataset("eval/answers", data=np.array(["one", "two", "three", ""], "S"))
        file.create_dataset("eval/free", data=["one", "two"])
        file.create_dataset("eval/three", data=np.zeros((3, 1), "f4"))
        file.create_dataset("eval/big_endian", data=np.zeros(4, ">f4"))
        file.create_dataset("eval/pairs", data=np.zeros(4, [("a", "f4"), ("b", "i4")]))
        file.create_dataset("eval/one", data=5)
        file["soft"] = h5py.SoftLink("/eval/ids")
    with h5py.File(os.path.join(folder, "variable.h5"), "w", libver="earliest") as file:
        texts = np.array(["one", "", "zwölf"], object)
        file.create_dataset("texts", data=texts, dtype=h5py.string_dtype())
        lists = file.create_dataset("lists", (3,), dtype=h5py.vlen_dtype(np.int64))
        lists[0], lists[2] = [1, 2, 3], [-7]  # row 1 is empty
        chunked = file.create_dataset("chunked", (4,), chunks=(3,), dtype=h5py.vlen_dtype(np.float32))
        for row in range(4):
            chunked[row] = np.arange(row * 1000, dtype=np.float32)  # longer than a collection of 4 KiB
        file.create_dataset("packed", data=texts, dtype=h5py.string_dtype(), chunks=(2,), compression="gzip")
        file.create_dataset("square", data=np.array([["a", "b"]], object), dtype=h5py.string_dtype())
    with h5py.File(os.path.join(folder, "variable_packed.h5"), "w", libver="earliest") as file:
        kinds = {"gzip": {"compression": "gzip"}, "shuffled": {"shuffle": True},
                 "both": {"compression": 9, "shuffle": True}, "other": {"compression": "lzf"}}
        for name, filters in kinds.items():
            lists = file.create_dataset(name, (7,), chunks=(4,), dtype=h5py.vlen_dtype(np.int64), **filters)
            for row in range(7):
                lists[row] = np.arange(row) - 3
    with h5py.File(os.path.join(folder, "linked.h5"), "w", libver="earliest") as file:
        file["elsewhere"] = h5py.ExternalLink("samples.h5", "/eval/ids")
        layout = h5py.VirtualLayout((4, 3), "i8")
        layout[:] = h5py.VirtualSource("samples.h5", "eval/ids", (4, 3))
        file.create_virtual_dataset("virtual", layout)


def scene(height, width, seed=0):
    """Smooth colours with a little noise: something that JPEG changes, but not beyond recognition."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).integers(0, 40, (height, width, 3))
    return (np.stack([x * 200 // width, y * 200 // height, (x + y) * 100 // (width + height)], -1) + noise).astype(np.uint8)


def pictures(folder):
    """Pictures of every kind by Pillow, and what Pillow reads of them: pictures/NAME and pictures/NAME.npy."""
    os.makedirs(folder, exist_ok=True)
    rgb = Image.fromarray(scene(21, 34))
    saved = {
        "rgb.jpg": (rgb, {"quality": 80}), "grey.jpg": (rgb.convert("L"), {"quality": 90}),
        "progressive.jpg": (rgb, {"progressive": True, "quality": 75}),
        "full_colour.jpg": (rgb, {"subsampling": 0}), "cmyk.jpg": (rgb.convert("CMYK"), {"quality": 90}),
        "rgb.png": (rgb, {}), "grey.png": (rgb.convert("L"), {}), "palette.png": (rgb.quantize(11), {}),
        "two_colours.png": (rgb.convert("1"), {}), "rgba.png": (rgb.convert("RGBA"), {}),
        "grey_alpha.png": (rgb.convert("LA"), {}),
    }
    for name, (picture, options) in saved.items():
        path = os.path.join(folder, name)
        picture.save(path, **options)
        read = Image.open(path)
        np.save(path + ".npy", np.atleast_3d(np.asarray(read.convert("L" if read.mode in ("L", "LA", "1") else "RGB"))))
    sixteen = (np.arange(21 * 34, dtype=np.uint32) * 89 % 65536).astype(np.uint16).reshape(21, 34)
    Image.fromarray(sixteen).save(os.path.join(folder, "grey16.png"))
    np.save(os.path.join(folder, "grey16.png.npy"), (sixteen >> 8).astype(np.uint8)[..., None])
    # Interlaced, which Pillow does not write: the seven passes of the PNG specification, 8.2.
    pixels = np.asarray(rgb)
    passes = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
    raw = b"".join(b"\0" + row.tobytes() for y, dy, x, dx in passes for row in pixels[y::dy, x::dx])
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", 34, 21, 8, 2, 0, 0, 1)
    with open(os.path.join(folder, "interlaced.png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
    np.save(os.path.join(folder, "interlaced.png.npy"), np.asarray(Image.open(os.path.join(folder, "interlaced.png"))))


def resized(folder):
    """The scene in other sizes by Pillow: resize/METHOD_HEIGHTxWIDTH.npy, and f_... of its first channel in fp32."""
    os.makedirs(folder, exist_ok=True)
    pixels = scene(21, 34)
    np.save(os.path.join(folder, "scene.npy"), pixels)
    methods = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
    for name, method in methods.items():
        for height, width in ((8, 8), (50, 41), (21, 17), (20, 34)):
            result = np.asarray(Image.fromarray(pixels).resize((width, height), method))
            np.save(os.path.join(folder, f"{name}_{height}x{width}.npy"), result)
        floats = Image.fromarray(pixels[..., 0].astype(np.float32) / np.float32(7))
        np.save(os.path.join(folder, f"f_{name}.npy"), np.asarray(floats.resize((19, 11), method))[..., None])


def main():
    folder = sys.argv[1]
    pictures(os.path.join(folder, "pictures"))
    resized(os.path.join(folder, "resize"))
    hdf5(os.path.join(folder, "hdf5"))
    arrays(os.path.join(folder, "numpy"))
    split(folder, 3, "train-images.idx3-ubyte", "train-labels.idx1-ubyte")
    split(folder, 4, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    pixels = np.arange(256, dtype=np.uint8)
    values = (pixels.astype(np.float32) / np.float32(255) - np.float32(MEAN)) / np.float32(STD)
    with open(os.path.join(folder, "preprocess_golden.inc"), "w") as file:
        file.write("// Written by make_data_golden.py; see PROVENANCE.md.\n")
        file.write("".join(float(value).hex() + "F,\n" for value in values))


main()
