#!/usr/bin/env python3
"""What loading JPEG files costs beside running a model on them: evaluates a model on pictures of 224 x 224, and on the same
inputs from one array in memory order. The difference is decoding, cropping and normalizing.

    loading.py HALFTONE MODEL.onnx [--pictures 200] [--threads 1]

MODEL is a classifier of [N, 3, 224, 224], for example the int8 ResNet-50 of models.py. Needs numpy and pillow. CPU time is what
both take of all cores; wall time shows what reading ahead hides. A machine that does something else meanwhile says nothing.
"""
import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy
import yaml
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


def run(program, config, pictures, folder):
    """Returns CPU and wall seconds of `halftone eval` on so many pictures."""
    config["evaluation"]["accuracy"]["iteration"] = pictures
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([program, "eval", str(path), "--json"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("halftone")
    parser.add_argument("model")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.halftone)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder, arguments.pictures)
        loaders = {
            "jpeg": {"dataset": {"ImageFolder": {"root": "pictures"}},
                     "transform": {"CenterCrop": {"size": 224}, "Rescale": {}, "Normalize": {"mean": MEAN, "std": DEVIATION},
                                   "Transpose": {"perm": [2, 0, 1]}}},
            "array": {"dataset": {"Numpy": {"inputs": {"x": "x.npy"}, "targets": {"label": "y.npy"}}}}}
        found = {}
        for kind, loader in loaders.items():
            config = {"model": {"name": "loading", "framework": "onnxrt_qlinearops", "path": os.path.abspath(arguments.model)},
                      "evaluation": {"accuracy": {"metric": {"topk": 1}, "dataloader": {"batch_size": 1, **loader}}},
                      "tuning": {"threads": arguments.threads}}
            # The least of three runs, less what a quarter of the pictures takes: reading and compiling the model cancel out.
            times = [min(run(program, config, count, folder) for _ in range(3)) for count in (arguments.pictures,
                                                                                              arguments.pictures // 4)]
            found[kind] = {clock: round(all_of - part, 3) for clock, all_of, part in zip(("cpu_s", "wall_s"), *times)}
        for clock in ("cpu_s", "wall_s"):
            found[f"loading_share_{clock}"] = round(1 - found["array"][clock] / found["jpeg"][clock], 4)
        print(json.dumps({"pictures": arguments.pictures, **found}))


if __name__ == "__main__":
    main()
