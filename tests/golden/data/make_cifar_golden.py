#!/usr/bin/env python3
"""Writes two pictures in the files of CIFAR's Python archives. Usage: make_cifar_golden.py FOLDER

cifar/python2/: operation by operation what Python 2 wrote into the public archives (protocol 2, short byte strings,
module numpy.core). cifar/protocol4/: pickle.dumps of Python 3.
"""
import os
import pickle
import struct
import sys

import numpy as np

PIXELS = np.array([[(7 * picture + i) % 251 for i in range(3072)] for picture in range(2)], np.uint8)
BATCHES = {"cifar-10-batches-py/test_batch": {b"labels": [3, 8]},
           "cifar-100-python/test": {b"coarse_labels": [1, 2], b"fine_labels": [0, 49]}}


def text(value):
    if len(value) < 256:
        return b"U" + bytes([len(value)]) + value
    return b"T" + struct.pack("<I", len(value)) + value


def python2(batch):
    out = b"\x80\x02}q\x01("
    out += text(b"batch_label") + b"q\x02" + text(b"testing batch 1 of 1") + b"q\x03"
    for key, labels in batch.items():
        out += text(key) + b"q\x04]q\x05(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    out += text(b"data") + b"q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\x09"
    out += text(b"b") + b"q\x0a\x87q\x0bRq\x0c(K\x01K\x02M\x00\x0c\x86q\x0dcnumpy\ndtype\nq\x0e" + text(b"u1")
    out += b"q\x0fK\x00K\x01\x87q\x10Rq\x11(K\x03" + text(b"|") + b"q\x12NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x13b\x89"
    out += text(PIXELS.tobytes()) + b"q\x14tq\x15b"
    return out + text(b"filenames") + b"q\x16]q\x17(" + text(b"a.png") + b"q\x18" + text(b"b.png") + b"q\x19eu."


def main(folder):
    for name, batch in BATCHES.items():
        expected = {**batch, b"data": PIXELS, b"batch_label": b"testing batch 1 of 1", b"filenames": [b"a.png", b"b.png"]}
        for version, data in (("python2", python2(batch)), ("protocol4", pickle.dumps(expected, 4))):
            read = pickle.loads(data, encoding="bytes")
            assert {key: np.asarray(value).tolist() for key, value in read.items()} == \
                {key: np.asarray(value).tolist() for key, value in expected.items()}
            path = os.path.join(folder, "cifar", version, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)


main(sys.argv[1])
