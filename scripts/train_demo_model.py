#!/usr/bin/env python3
"""Trains the demo's ResNet-20 on Fashion-MNIST and exports it to ONNX (opset 13, batch norm unfolded).

    train_demo_model.py --output resnet20.onnx [--epochs 6] [--threads N]

Needs Debian's python3-torch and dataset-fashion-mnist. Ends with an error, and writes nothing, below a top-1 accuracy of
0.91 on the 10,000 test images. --max-steps stops early, for a try of the script itself; there --required 0 is due.
configs/demo/PROVENANCE.md says how the bundled model was made.
"""

import argparse
import gzip
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn

MEAN, STD = 0.2860, 0.3530  # of the training images' pixels, scaled to [0, 1]


def read_idx(path):
    """A gzip'ed IDX file of bytes as an array: two zero bytes, 8 (unsigned byte), the rank, big-endian sizes, data."""
    data = gzip.decompress(path.read_bytes())
    if data[:3] != b"\0\0\x08":
        sys.exit(f"error: {path} is not an IDX file of bytes")
    sizes = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def read_split(root, split):
    images = read_idx(root / f"{split}-images-idx3-ubyte.gz").astype(np.float32)
    labels = read_idx(root / f"{split}-labels-idx1-ubyte.gz").astype(np.int64)
    return torch.from_numpy((images / 255 - MEAN) / STD).unsqueeze(1), torch.from_numpy(labels)


def convolution(inputs, outputs, kernel=3, stride=1, relu=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU()) if relu else nn.Sequential(*layers)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, which is a strided 1x1 convolution where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = convolution(inputs, outputs, stride=stride)
        self.b = convolution(outputs, outputs, relu=False)
        same = inputs == outputs and stride == 1
        self.d = nn.Identity() if same else convolution(inputs, outputs, kernel=1, stride=stride, relu=False)

    def forward(self, x):
        return torch.relu(self.b(self.a(x)) + self.d(x))


def resnet20(width=16, classes=10):
    """He et al. 2015, section 4.2, with 1x1 convolutions as shortcuts where the shape changes; one input channel."""
    layers, inputs = [convolution(1, width)], width
    for stage in range(3):
        for index in range(3):
            outputs = width << stage
            layers.append(Block(inputs, outputs, stride=2 if stage > 0 and index == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def augmented(images):
    """Half of the batch mirrored, all of it moved by up to two pixels; the border is black."""
    images = torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, images.flip(3), images)
    row, column = torch.randint(0, 5, (2,)).tolist()
    return nn.functional.pad(images, (2, 2, 2, 2), value=-MEAN / STD)[:, :, row:row + 28, column:column + 28]


def train(model, images, labels, arguments):
    per_epoch = len(images) // arguments.batch
    steps = min(arguments.epochs * per_epoch, arguments.max_steps or sys.maxsize)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.2, total_steps=max(steps, 2), pct_start=0.25)
    model.train()
    started = time.monotonic()
    for step in range(steps):
        if step % per_epoch == 0:
            order = torch.randperm(len(images))
        chosen = order[step % per_epoch * arguments.batch:][:arguments.batch]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(augmented(images[chosen])), labels[chosen])
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 49 or step + 1 == steps:
            print(f"step {step + 1} of {steps}, loss {loss.item():.3f}, {time.monotonic() - started:.0f} s", flush=True)


def top1(model, images, labels):
    model.eval()
    with torch.no_grad():
        hits = sum(int((model(images[i:i + 500]).argmax(1) == labels[i:i + 500]).sum()) for i in range(0, len(images), 500))
    return hits / len(images)


def export(model, path):
    model.eval()
    # PRESERVE and no folding: batch norm stays a node of its own, as in most models that are found.
    torch.onnx.export(model, torch.zeros(1, 1, 28, 28), path, opset_version=13, input_names=["input"],
                      output_names=["logits"], dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}},
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=9527)
    parser.add_argument("--threads", type=int, default=0, help="0: as many as PyTorch chooses")
    parser.add_argument("--max-steps", type=int, default=0, help="0: all")
    parser.add_argument("--required", type=float, default=0.91, help="least top-1 accuracy")
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    model = resnet20()
    train(model, *read_split(arguments.data, "train"), arguments)
    accuracy = top1(model, *read_split(arguments.data, "t10k"))
    print(f"top-1 on the test images: {accuracy:.4f}")
    if accuracy < arguments.required:
        sys.exit(f"error: top-1 is below {arguments.required}; {arguments.output} was not written")
    export(model, arguments.output)
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
