#!/usr/bin/env python3
"""What loading JPEG files costs beside running a model on them: pictures of 224 x 224 are evaluated, and the same
inputs from one array in memory order. The difference is decoding, cropping and normalizing.

    loading.py HALFTONE MODEL.onnx [--pictures 40] [--rounds 5] [--threads 1]

MODEL is a classifier of [N, 3, 224, 224], for example the int8 ResNet-50 of models.py. Needs numpy, onnx and pillow. Loading
is what JPEG files cost more than the array on a model that does nearly nothing: as a difference of two runs of MODEL it would be
lost in their noise. Each run is made with all pictures and with a quarter of them, so that their difference leaves out what a
start costs. A round measures loading and MODEL in turn, and the median of the rounds' shares is the answer. It is of CPU time,
which a busy machine changes little; wall time also shows what reading ahead hides.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy
import onnx
from PIL import Image

MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def write_pictures(folder, count):
    """Pictures with edges and noise, whose files are as large as photographs' (about 0.3 bytes for each pixel's channel)."""
    generator = numpy.random.default_rng(1)
    labels, inputs = [], numpy.lib.format.open_memmap(folder / "x.npy", "w+", numpy.float32, (count, 3, 224, 224))
    for i in range(count):
        label = i % 2
        place = folder / "pictures" / f"class{label}"
        place.mkdir(parents=True, exist_ok=True)
        coarse = generator.integers(0, 256, (14, 14, 3)).astype(numpy.uint8)
        scene = numpy.asarray(Image.fromarray(coarse).resize((224, 224), Image.BICUBIC), numpy.int64)
        noisy = numpy.clip(scene + generator.integers(-12, 13, scene.shape), 0, 255).astype(numpy.uint8)
        Image.fromarray(noisy).save(place / f"{i:05d}.jpg", quality=90)
        inputs[i] = ((noisy / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)
        labels.append(label)
    numpy.save(folder / "y.npy", numpy.array(labels))


def write_light_model(path):
    """The mean of each channel: a model whose run costs nothing beside loading."""
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("GlobalAveragePool", ["x"], ["mean"]), onnx.helper.make_node("Flatten", ["mean"], ["y"])], "light",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", 3, 224, 224])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N", 3])])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=7), path)


LOADERS = {
    "jpeg": {"dataset": {"ImageFolder": {"root": "pictures"}},
             "transform": {"CenterCrop": {"size": 224}, "Rescale": {}, "Normalize": {"mean": MEAN, "std": DEVIATION},
                           "Transpose": {"perm": [2, 0, 1]}}},
    "array": {"dataset": {"Numpy": {"inputs": {"x": "x.npy"}, "targets": {"label": "y.npy"}}}}}


def run(arguments, folder, model, kind, pictures):
    """Returns CPU and wall seconds of `halftone eval` on so many pictures."""
    config = {"model": {"name": "loading", "framework": "onnxrt_qlinearops", "path": os.path.abspath(model)},
              "evaluation": {"accuracy": {"metric": {"topk": 1}, "iteration": pictures,
                                          "dataloader": {"batch_size": 1, **LOADERS[kind]}}},
              "tuning": {"threads": arguments.threads}}
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([os.path.abspath(arguments.halftone), "eval", "config.yaml", "--json"], cwd=folder, capture_output=True,
                          text=True)
    wall = time.monotonic() - start
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def for_a_picture(arguments, folder, model, kind, pictures):
    """CPU and wall milliseconds for one picture, without the start."""
    few = pictures // 4
    times = [run(arguments, folder, model, kind, count) for count in (pictures, few)]
    return [1000 * (all_of - part) / (pictures - few) for all_of, part in zip(*times)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("halftone")
    parser.add_argument("model")
    parser.add_argument("--pictures", type=int, default=40, help="that the model runs on")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many = max(400, arguments.pictures)
        write_pictures(folder, many)
        write_light_model(folder / "light.onnx")
        rounds = []
        for _ in range(arguments.rounds):
            jpeg, array = (for_a_picture(arguments, folder, folder / "light.onnx", kind, many) for kind in ("jpeg", "array"))
            trial = for_a_picture(arguments, folder, arguments.model, "jpeg", arguments.pictures)
            loading = [one - other for one, other in zip(jpeg, array)]
            rounds.append({"loading_ms": loading, "trial_ms": trial, "share": [a / b for a, b in zip(loading, trial)]})
        for clock, place in (("cpu", 0), ("wall", 1)):
            figures = {key: round(statistics.median(each[key][place] for each in rounds), 4) for key in rounds[0]}
            shares = sorted(each["share"][place] for each in rounds)
            print(json.dumps({"clock": clock, **figures, "shares": [round(shares[0], 4), round(shares[-1], 4)]}))


if __name__ == "__main__":
    main()
