#!/usr/bin/env python3
"""Golden values of exec/gptq: make_gptq.py FOLDER. Needs NumPy only, and shares nothing with our own code.

Algorithm 1 of "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers" (Frantar et al.,
arXiv:2210.17323) as it is written there: H = 2 X X^T + lambda I is inverted, the Cholesky factor of the inverse is taken, and
columns are rounded one after the other (here rows, because weights are [inputs, outputs]). lambda is 1 % of the mean diagonal.
A group's scale is that of its weights when its first row comes up.
"""
import pathlib
import sys

import numpy as np

CASES = {"s4_16": (4, False, 16), "u4_16": (4, True, 16), "s8_32": (8, False, 32), "u8_64": (8, True, 64)}
INPUTS, OUTPUTS, SAMPLES = 40, 12, 96


def grid(block, bits, asymmetric):
    """Scale (fp32) and zero point of each column, as tensor/block_affine.hpp says."""
    block = block.astype(np.float32).astype(np.float64)
    low, high = np.minimum(block.min(axis=0), 0), np.maximum(block.max(axis=0), 0)
    if asymmetric:
        scale = ((high - low) / (2**bits - 1)).astype(np.float32).astype(np.float64)
        return scale, np.rint(-low / scale), 0, 2**bits - 1
    scale = (np.maximum(-low, high) / (2 ** (bits - 1) - 1)).astype(np.float32).astype(np.float64)
    return scale, np.zeros(block.shape[1]), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def gptq(weight, x, bits, asymmetric, group):
    w = weight.astype(np.float64).copy()
    h = 2 * x.astype(np.float64).T @ x.astype(np.float64)
    h += 0.01 * np.mean(np.diag(h)) * np.eye(len(h))
    upper = np.linalg.cholesky(np.linalg.inv(h)).T
    codes, scales, points = np.zeros(w.shape, int), [], []
    for i in range(len(w)):
        if i % group == 0:
            scale, point, low, high = grid(w[i:i + group], bits, asymmetric)
            scales.append(scale), points.append(point)
        exact = w[i] / scale
        # The golden values must not hang on the last bit.
        assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() > 1e-7
        codes[i] = np.clip(np.rint(exact) + point, low, high)
        error = (w[i] - (codes[i] - point) * scale) / upper[i, i]
        w[i + 1:] -= np.outer(upper[i, i + 1:], error)
    return codes, np.array(scales, np.float32), np.array(points, int)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(2210)
    # Inputs of a few directions and some noise, as a transformer's are. One input is 0 in all samples.
    x = (rng.normal(size=(SAMPLES, 6)) @ rng.normal(size=(6, INPUTS)) + 0.3 * rng.normal(size=(SAMPLES, INPUTS)))
    x[:, 17] = 0
    x = x.astype(np.float32)
    weight = rng.normal(0, 0.2, (INPUTS, OUTPUTS)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "weight.npy", weight)
    for name, (bits, asymmetric, group) in CASES.items():
        codes, scales, points = gptq(weight, x, bits, asymmetric, group)
        np.save(folder / f"{name}.codes.npy", codes.astype(np.int64))
        np.save(folder / f"{name}.scale.npy", scales)
        np.save(folder / f"{name}.zero_point.npy", points.astype(np.int64))
        repeat = np.repeat(scales, group, axis=0)[:INPUTS]
        real = (codes - np.repeat(points, group, axis=0)[:INPUTS]) * repeat
        scale, point, low, high = [], [], 0, 0
        nearest = np.zeros(weight.shape)
        for i in range(0, INPUTS, group):
            scale, point, low, high = grid(weight[i:i + group], bits, asymmetric)
            nearest[i:i + group] = (np.clip(np.rint(weight[i:i + group] / scale) + point, low, high) - point) * scale
        print(name, "squared error of the product: gptq", np.square(x @ (real - weight)).sum(), "rtn",
              np.square(x @ (nearest - weight)).sum())


main()
