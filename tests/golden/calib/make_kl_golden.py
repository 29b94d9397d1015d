#!/usr/bin/env python3
"""Writes kl_golden.inc: data sets, their KL thresholds, percentiles and least squared errors. Usage: make_kl_golden.py > kl_golden.inc

An independent implementation of the definition in src/calib/observers/kl.cpp: it builds P and Q as arrays for every
threshold and sums P log(P / Q), where the program uses running sums and drops constant terms.

The data are given as counts of the middles of steps of 1/1024, so that the test needs no random numbers.
"""
import numpy as np

STEP = 1 / 1024
SMOOTHING = 1e-4


def histogram(values):
    """16384 bins over [-limit, limit), limit the power of two above max|x|; and a bin's width."""
    limit = 2.0 ** (np.floor(np.log2(np.abs(values).max())) + 1)
    counts, edges = np.histogram(values, bins=16384, range=(-limit, limit))
    return counts.astype(float), edges[1] - edges[0]


def threshold(values):
    counts, width = histogram(values)
    positive, negative = counts[8192:].copy(), counts[:8192][::-1].copy()
    positive[0] = min(positive[0], max(positive[1], negative[0]))
    sides = ([positive] if values.max() > 0 else []) + ([negative] if values.min() < 0 else [])
    levels = 128 if len(sides) == 1 else 64
    end = max(np.flatnonzero(side).max() + 1 for side in sides)
    results = []
    for kept in range(levels, 8192 + 1, levels):
        p, q = np.concatenate(sides), []
        for side in sides:
            shown = np.zeros(8192)
            for level in np.split(np.arange(kept), levels):
                mass, filled = side[level].sum(), level[side[level] > 0]
                if level[-1] == kept - 1:
                    mass += side[kept:].sum()
                    if mass > 0 and len(filled) == 0:
                        filled = level[-1:]
                if len(filled):
                    shown[filled] = mass / len(filled)
            q.append(shown)
        q = np.concatenate(q) + SMOOTHING
        p = p + SMOOTHING
        p, q = p / p.sum(), q / q.sum()
        results.append((float(np.sum(p * np.log(p / q))), (kept + 0.5) * width))
        if kept >= end:
            break
    return min(results)[1]


def least_squared_error(values):
    """Over clipping thresholds in steps of 1/128 of the largest magnitude, by quantizing the values themselves."""
    extent, errors = np.abs(values).max(), []
    for part in range(1, 129):
        low = min(max(values.min(), -extent * part / 128), 0)
        high = max(min(values.max(), extent * part / 128), 0)
        scale = (high - low) / 255
        zero_point = np.clip(np.rint(-low / scale), 0, 255)
        codes = np.clip(np.rint(values / scale) + zero_point, 0, 255)
        errors.append(np.mean((values - (codes - zero_point) * scale) ** 2))
    return float(min(errors))


def percentile(values, share):
    return np.percentile(values, share, method="inverted_cdf")


def base(name, values):
    """Writes a set as counts of steps (a negative number: so many empty steps) and returns the middles of the steps."""
    steps = np.floor(np.float32(values) / STEP).astype(int)
    runs = []
    for count in np.bincount(steps - steps.min()):
        if count == 0 and runs and runs[-1] < 0:
            runs[-1] -= 1
        else:
            runs.append(int(count) if count else -1)
    print(f'BASE({name}, {steps.min()}, {{{",".join(map(str, runs))}}})')
    return name, (steps + 0.5) * STEP


def case(title, name_and_values, shift=0.0, low=-np.inf, high=np.inf, extra=None):
    name, values = name_and_values
    values = np.clip(values + shift, low, high)
    if extra is not None:
        values = np.append(values, extra)
    limits = [f"{limit}F" if np.isfinite(limit) else f"{'-' if limit < 0 else ''}INFINITY" for limit in (low, high)]
    print(f'CASE("{title}", {name}, {shift}F, {limits[0]}, {limits[1]}, {"INFINITY" if extra is None else f"{extra}F"}, '
          f"{threshold(values)}, {percentile(values, 0.05)}, {percentile(values, 99.95)}, "
          f"{least_squared_error(values)})")


def main():
    print("// Written by make_kl_golden.py; see PROVENANCE.md.")
    random = np.random.default_rng(20)
    normal = base("normal", random.normal(size=100_000))
    uniform = base("uniform", random.uniform(-1, 1, 100_000))
    laplace = base("laplace", random.laplace(size=30_000))
    pixels = np.where(random.uniform(size=60_000) < 0.5, 0, random.integers(0, 256, 60_000))
    image = base("image", (pixels / 255 - 0.286) / 0.353)
    case("normal with one 40", normal, extra=40.0)
    case("normal with one -40", normal, extra=-40.0)
    case("normal", normal)
    case("normal around 3", normal, shift=3.0)
    case("normal after Relu", normal, low=0.0)
    case("normal after Relu, with one 40", normal, low=0.0, extra=40.0)
    case("negative half of normal", normal, high=0.0)
    case("uniform in [-1, 1)", uniform)
    case("uniform in [0, 2)", uniform, shift=1.0)
    case("Laplace", laplace)
    case("normalised image, half of it background", image)


main()
