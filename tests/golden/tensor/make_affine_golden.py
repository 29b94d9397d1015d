#!/usr/bin/env python3
"""Writes affine_golden.inc: QuantizeLinear and DequantizeLinear by NumPy. Usage: make_affine_golden.py > affine_golden.inc

The formulas are ONNX's (opset 13) written with NumPy only: saturate(rint(x / scale) + zero_point) in float32, where
np.rint rounds ties to even. NumPy has no NaN rule for them, so NaN is not among the inputs.
"""
import numpy as np


def quantize(x, scale, zero_point, low, high):
    with np.errstate(over="ignore"):
        steps = np.rint(x / np.float32(scale))
    return np.clip(steps + np.float32(zero_point), low, high).astype(np.int32)


def floats(values):
    return ", ".join("INFINITY" if v == np.inf else "-INFINITY" if v == -np.inf else float(v).hex() + "F" for v in values)


def case(name, x, scale, zero_point, dtype):
    low, high = (-128, 127) if dtype == "s8" else (0, 255)
    codes = quantize(x, scale, zero_point, low, high)
    back = (codes.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)
    print(f'{{"{name}", DType::{dtype}, {float(np.float32(scale)).hex()}F, {zero_point},\n {{{floats(x)}}},')
    print(f" {{{', '.join(map(str, codes))}}},\n {{{floats(back)}}}}},")


def main():
    random = np.random.default_rng(20)
    print("// Written by make_affine_golden.py; see PROVENANCE.md.")
    ties = np.arange(-8, 9, dtype=np.float32) / 2
    case("ties", ties, 1.0, 0, "s8")
    case("ties with a zero point", ties, 1.0, 3, "u8")
    case("ties of a power-of-two scale", ties * np.float32(0.25), 0.25, 128, "u8")
    edges = np.array([-np.inf, -3.4e38, -129, -128.5, -127.5, -1e-30, -0.0, 1e-30, 126.5, 127.5, 128.5, 3.4e38, np.inf], np.float32)
    case("saturation s8", edges, 1.0, 0, "s8")
    case("saturation u8", edges, 1.0, 128, "u8")
    case("a division that overflows", np.array([3e38, -3e38, 1e-38], np.float32), 1e-3, 7, "u8")
    for index, (scale, zero_point, dtype) in enumerate([(0.0235, 0, "s8"), (0.0235, 117, "u8"), (1 / 3, -128, "s8"), (1.7e-5, 255, "u8")]):
        x = (random.normal(0, 60, 67) * scale).astype(np.float32)
        case(f"normal {index}", x, scale, zero_point, dtype)


main()
