#!/usr/bin/env python3
"""Golden values of exec/awq: make_awq.py FOLDER. Needs NumPy only, and shares nothing with our own code.

Equations 4 and 5 of "AWQ: Activation-aware Weight Quantization for LLM Compression and Acceleration" (Lin et al.,
arXiv:2306.00978): s = s_X^alpha with s_X the mean magnitude of each channel, alpha from a grid over [0, 1], and the one with the
least || Q(W diag(s)) diag(s)^-1 X - W X ||. As in the authors' program there are 20 steps, and s is divided by the root of
max(s) min(s).
"""
import pathlib
import sys

import numpy as np

CASES = {"s4_16": (4, False, 16), "u4_16": (4, True, 16), "s8_64": (8, False, 64)}
INPUTS, OUTPUTS, SAMPLES = 40, 12, 96


def rounded(weight, bits, asymmetric, group):
    """The real values of the nearest codes, by groups of inputs, as tensor/block_affine.hpp says."""
    real = np.zeros(weight.shape)
    for i in range(0, len(weight), group):
        block = weight[i:i + group]
        low, high = np.minimum(block.min(axis=0), 0), np.maximum(block.max(axis=0), 0)
        if asymmetric:
            scale = ((high - low) / (2**bits - 1)).astype(np.float32).astype(np.float64)
            point, least, most = np.rint(-low / scale), 0, 2**bits - 1
        else:
            scale = (np.maximum(-low, high) / (2 ** (bits - 1) - 1)).astype(np.float32).astype(np.float64)
            point, least, most = np.zeros(block.shape[1]), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        real[i:i + group] = (np.clip(np.rint(block / scale) + point, least, most) - point) * scale
    return real


def awq(weights, x, bits, asymmetric, group):
    magnitude = np.abs(x).mean(axis=0)
    errors, candidates = [], []
    for step in range(21):
        s = np.where(magnitude > 0, magnitude, 1) ** (step / 20)
        used = s[magnitude > 0]
        s = np.where(magnitude > 0, s / np.sqrt(used.max() * used.min()), 1)
        candidates.append(s)
        errors.append(sum(np.square(x @ (rounded(w * s[:, None], bits, asymmetric, group) / s[:, None] - w)).sum()
                          for w in weights))
    order = np.argsort(errors)
    # The golden values must not hang on the last bit.
    assert errors[order[1]] > 1.001 * errors[order[0]] and order[0] > 0
    return candidates[order[0]], order[0] / 20, errors[order[0]] / errors[0]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(2306)
    # Channels of very different sizes, as in front of a transformer's products. One is 0 in all samples.
    x = rng.normal(size=(SAMPLES, INPUTS)) * np.exp(rng.normal(0, 1.2, INPUTS))
    x[:, 17] = 0
    x = x.astype(np.float32)
    weights = [rng.normal(0, 0.2, (INPUTS, n)).astype(np.float32) for n in (OUTPUTS, 7)]
    np.save(folder / "x.npy", x)
    for i, weight in enumerate(weights):
        np.save(folder / f"weight{i}.npy", weight)
    for name, (bits, asymmetric, group) in CASES.items():
        factors, alpha, share = awq([w.astype(np.float64) for w in weights], x.astype(np.float64), bits, asymmetric, group)
        np.save(folder / f"{name}.factor.npy", factors.astype(np.float32))
        print(name, "alpha", alpha, "squared error as a part of that of rtn", share)


main()
