#!/usr/bin/env python3
"""Runs NNCF's accuracy control on the demo's model (or another one for Fashion-MNIST) and goal, so that its time can be
compared with `halftone tune`.

    python3 -m venv VENV && VENV/bin/pip install nncf==3.4.0 openvino==2026.4.1
    VENV/bin/python scripts/bench/nncf_control.py        # one thread, as one worker of Halftone has

It uses the same data: 500 images to calibrate and the 10,000 test images to judge. The goal is to lose at most 0.003
of the top-1 accuracy.
"""
import argparse
import gzip
import json
import pathlib
import statistics
import time

import numpy
import nncf
import openvino

TOP = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
BATCH = 50


def images(name, count):
    with gzip.open(DATA / f"{name}-images-idx3-ubyte.gz") as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)[:count]
    with gzip.open(DATA / f"{name}-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)[:count]
    scaled = (pixels.astype(numpy.float32) / 255 - 0.2860) / 0.3530
    return [(scaled[i:i + BATCH], labels[i:i + BATCH]) for i in range(0, count, BATCH)]


def median_ms(compiled):
    """One image at a time; both models are measured in the same way, one after the other."""
    image = numpy.zeros((1, 1, 28, 28), numpy.float32)
    times = []
    for _ in range(400):
        start = time.perf_counter()
        compiled(image)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[50:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", type=pathlib.Path, default=TOP / "configs/demo/resnet20_hard.onnx")
    parser.add_argument("--drop", type=float, default=0.003)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1})
    model = core.read_model(options.model)
    calibration, validation = images("train", 500), images("t10k", 10_000)

    def validate(compiled, batches):
        right = total = 0
        per_sample = []
        for inputs, labels in batches:
            hits = compiled(inputs)[0].argmax(1) == labels
            per_sample.append(float(hits.mean()))
            right += int(hits.sum())
            total += len(labels)
        return right / total, per_sample

    start = time.monotonic()
    result = nncf.quantize_with_accuracy_control(
        model, nncf.Dataset(calibration, lambda item: item[0]), nncf.Dataset(validation),
        validation_fn=validate, max_drop=options.drop, drop_type=nncf.DropType.ABSOLUTE, subset_size=len(calibration))
    wall = time.monotonic() - start
    compiled, original = core.compile_model(result, "CPU"), core.compile_model(core.read_model(options.model), "CPU")
    accuracy, _ = validate(compiled, validation)
    fp32, _ = validate(original, validation)
    # Layers with weights; a MatMul of two tensors is none.
    layers = [op for op in result.get_ops() if op.get_type_name() in ("Convolution", "GroupConvolution") or
              (op.get_type_name() == "MatMul" and op.input_value(1).get_node().get_type_name() != "Parameter")]
    in_fp32 = sum("FakeQuantize" not in op.input_value(0).get_node().get_type_name() for op in layers)
    print(f"NNCF {nncf.__version__}: accuracy {accuracy:.4f} (fp32 {fp32:.4f}), {in_fp32} of {len(layers)} layers in fp32, "
          f"{wall:.1f} s")
    if options.json:
        print(json.dumps({"accuracy": accuracy, "fp32": fp32, "in_fp32": in_fp32, "layers": len(layers), "wall_s": wall,
                          "fp32_ms": median_ms(original), "ms": median_ms(compiled)}))


if __name__ == "__main__":
    main()
