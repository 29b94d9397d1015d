#!/usr/bin/env python3
"""Writes the seed inputs of the fuzz targets: make_corpus.py FUZZ_REPLAY tests/fuzz/corpus. Needs onnx and h5py.

Small models, one per feature of the importer, and a few broken ones; arrays, images and labels, plain and gzip; texts
and patterns; HDF5 files that other programs write. What only our own writers make well (journals, plans, messages,
dumps) comes from fuzz_replay --seeds. Inputs with other names, such as those of mended faults, stay. Run it again only
to add a seed.
"""

import gzip
import io
import json
import pathlib
import struct
import subprocess
import sys

import h5py
import numpy as np
from PIL import Image
from onnx import TensorProto, helper, numpy_helper


def tensor(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def model(nodes, initializers=(), shape=("N", 2, 4, 4), opset=13, ir=7, inputs=()):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [x, *inputs], [y], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)


def conv_block():
    rng = np.random.default_rng(0)
    weights = [tensor("w", rng.normal(size=(2, 2, 3, 3)).astype("f"))]
    weights += [tensor(name, np.abs(rng.normal(size=2)).astype("f")) for name in ("s", "b", "m", "v")]
    weights += [tensor("shape", np.array([-1, 32])), tensor("fc", rng.normal(size=(3, 32)).astype("f"))]
    return model(
        [
            helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1, 1, 1], strides=[1, 1]),
            helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], "norm", epsilon=1e-5),
            helper.make_node("Add", ["n", "x"], ["a"], "add"),
            helper.make_node("Relu", ["a"], ["r"], "relu"),
            helper.make_node("Reshape", ["r", "shape"], ["f"], "reshape"),
            helper.make_node("Gemm", ["f", "fc"], ["y"], "gemm", transB=1, alpha=0.5),
        ],
        weights,
    )


def quantized():
    params = [tensor("s", np.float32(0.1)), tensor("z", np.uint8(128))]
    params += [tensor("w", np.ones((2, 2, 1, 1), np.int8)), tensor("ws", np.array([0.1, 0.2], np.float32))]
    params += [tensor("wz", np.zeros(2, np.int8)), tensor("bz", np.zeros(2, np.int32))]
    params += [tensor("b", np.array([3, -4], np.int32))]
    return model(
        [
            helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
            helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
            helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], axis=0),
            helper.make_node("DequantizeLinear", ["b", "ws", "bz"], ["bd"], axis=0),
            helper.make_node("Conv", ["xd", "wd", "bd"], ["c"], "conv"),
            helper.make_node("QuantizeLinear", ["c", "s", "z"], ["cq"]),
            helper.make_node("DequantizeLinear", ["cq", "s", "z"], ["y"]),
        ],
        params,
    )


def pools_and_clip():
    return model(
        [
            helper.make_node("Constant", [], ["six"], value_float=6.0),
            helper.make_node("Clip", ["x", "", "six"], ["c"]),
            helper.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("AveragePool", ["p"], ["q"], kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
            helper.make_node("GlobalAveragePool", ["q"], ["g"]),
            helper.make_node("Flatten", ["g"], ["y"]),
        ]
    )


def old_forms():
    scale = helper.make_tensor_value_info("w", TensorProto.FLOAT, (4,))
    return model(
        [
            helper.make_node("Mul", ["x", "w"], ["a"]),
            helper.make_node("Identity", ["a"], ["i"]),
            helper.make_node("Dropout", ["i"], ["d"], ratio=0.25),
            helper.make_node("Add", ["e", "e"], ["two"]),
            helper.make_node("Mul", ["d", "two"], ["t"]),
            helper.make_node("Softmax", ["x"], ["s"]),
            helper.make_node("Add", ["s", "t"], ["y"]),
        ],
        [tensor("w", np.ones(4, np.float32)), tensor("e", np.ones(4, np.float32))],
        opset=11,
        ir=3,
        inputs=[scale],
    )


def with_external_data(location, offset=None, length=None):
    proto = model([helper.make_node("Mul", ["x", "w"], ["y"])], [tensor("w", np.ones(4, np.float32))])
    weight = proto.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    if offset is not None:
        weight.external_data.add(key="offset", value=str(offset))
    if length is not None:
        weight.external_data.add(key="length", value=str(length))
    return proto


def broken():
    cycle = model([helper.make_node("Add", ["x", "b"], ["y"]), helper.make_node("Relu", ["y"], ["b"])])
    huge = model([helper.make_node("Mul", ["x", "w"], ["y"])], [tensor("w", np.ones(4, np.float32))])
    del huge.graph.initializer[0].dims[:]
    huge.graph.initializer[0].dims.extend([2**62, 2**62, 2**62])
    return {"cycle": cycle, "external_data": with_external_data("../weights.bin"), "huge_dims": huge}


def import_onnx():
    models = {"conv_block": conv_block(), "quantized": quantized(), "pools_and_clip": pools_and_clip()}
    models.update({"old_forms": old_forms(), **broken()})
    files = {f"{name}.onnx": proto.SerializeToString() for name, proto in models.items()}
    files["empty.onnx"] = b""
    files["truncated.onnx"] = files["conv_block.onnx"][:300]
    return files


def external_data():
    models = {"whole": with_external_data("weights.bin", 16, 16), "defaults": with_external_data("weights.bin"),
              "beyond": with_external_data("weights.bin", 4090, 16), "empty": with_external_data("empty.bin"),
              "up": with_external_data("../weights.bin"), "absolute": with_external_data("/etc/passwd"),
              "inside": conv_block()}
    return {f"{name}.onnx": proto.SerializeToString() for name, proto in models.items()}


def npy():
    arrays = {"float": np.arange(6, dtype="<f4").reshape(2, 3), "double": np.ones((1, 2, 1), "<f8"),
              "byte": np.arange(3, dtype="u1"), "signed": np.arange(3, dtype="i1"), "int": np.arange(4, dtype="<i4"),
              "long": np.array(7, dtype="<i8"), "bool": np.array([True, False]), "empty": np.zeros((0, 3), "<f4"),
              "fortran": np.asfortranarray(np.ones((2, 3), "<f4")), "half": np.ones(2, "<f2")}
    files = {}
    for name, array in arrays.items():
        stream = io.BytesIO()
        np.lib.format.write_array(stream, array, version=(2, 0) if name == "int" else (1, 0))
        files[f"{name}.npy"] = stream.getvalue()
    files["huge.npy"] = files["float.npy"].replace(b"(2, 3)", b"(4611686018427387904, 3)")
    return files


def npz():
    stored, packed = io.BytesIO(), io.BytesIO()
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(3, 2), "y": np.array([1, 2, 3])}
    np.savez(stored, **arrays)
    np.savez_compressed(packed, **arrays)
    return {"stored": stored.getvalue(), "packed": packed.getvalue(), "truncated": packed.getvalue()[:-30],
            "wrong_crc": stored.getvalue().replace(b"\x00\x00\x80?", b"\x00\x00\x00?")}


def picture():
    pixels = Image.fromarray((np.arange(12 * 9 * 3) * 5 % 251).astype(np.uint8).reshape(12, 9, 3))
    files = {}
    for name, made, kind, options in (("rgb.jpg", pixels, "JPEG", {}), ("grey.jpg", pixels.convert("L"), "JPEG", {}),
                                      ("progressive.jpg", pixels, "JPEG", {"progressive": True}),
                                      ("cmyk.jpg", pixels.convert("CMYK"), "JPEG", {}), ("rgb.png", pixels, "PNG", {}),
                                      ("palette.png", pixels.quantize(5), "PNG", {}),
                                      ("rgba.png", pixels.convert("RGBA"), "PNG", {}),
                                      ("bits.png", pixels.convert("1"), "PNG", {})):
        stream = io.BytesIO()
        made.save(stream, kind, **options)
        files[name] = stream.getvalue()
    return files


def idx():
    images = struct.pack(">IIII", 0x803, 2, 3, 4) + bytes(range(24))
    labels = struct.pack(">II", 0x801, 3) + bytes([1, 2, 9])
    packed = gzip.compress(images, mtime=0)
    return {"images": images, "labels": labels, "images.gz": packed, "labels.gz": gzip.compress(labels, mtime=0),
            "two_members.gz": gzip.compress(images[:20], mtime=0) + gzip.compress(images[20:], mtime=0),
            "truncated.gz": packed[:-9], "huge": struct.pack(">IIII", 0x803, 2**31, 2**31, 4),
            "bomb.gz": gzip.compress(struct.pack(">IIII", 0x803, 1, 1, 4) + bytes(100000), mtime=0)}


def data_golden(*names):
    """Small files that other programs wrote, from tests/golden/data."""
    folder = pathlib.Path(__file__).parent.parent / "golden" / "data"
    return {name.replace("/", "_"): (folder / name).read_bytes() for name in names}


def tf_record():
    files = data_golden("records/validation-00000-of-00002", "records/coco.record", "records/voc.tfrecord",
                        "records/numbers.tfrecord")
    shard = files["records_validation-00000-of-00002"]
    record = shard[12:12 + struct.unpack("<Q", shard[:8])[0]]
    files.update({"example": record, "truncated": shard[:-7], "bad_crc": shard[:40] + b"x" + shard[41:],
                  "huge_length": b"\xff" * 8 + shard[8:], "groups": b"\x13\x14", "gzip": gzip.compress(shard, mtime=0)})
    return files


def coco_json():
    entry = {"id": 1, "image_id": 7, "category_id": 18, "bbox": [1, 2, 3.5, 4], "area": 9.5, "iscrowd": 0,
             "segmentation": [[1, 2, 3, 4]]}
    images = [{"id": 7, "file_name": "a.jpg", "height": 4, "width": 5}]
    good = {"info": {"year": 2017}, "images": images, "annotations": [entry], "categories": [{"id": 18, "name": "dog"}]}
    files = {"good": good, "no_image": {"images": [], "annotations": [entry]}, "twice": {"images": images * 2, "annotations": []},
             "objects": {"images": {"a": {"b": 1}}, "annotations": {}}, "short_box": {"images": images, "annotations": [
                 {**entry, "bbox": [1]}]}, "no_lists": {}, "text_id": {"images": [{"id": "7", "file_name": "a"}], "annotations": []}}
    files = {f"{name}.json": json.dumps(value).encode() for name, value in files.items()}
    files.update({"deep.json": b'{"images": ' + b"[" * 200, "overflow.json": b'{"images": [1e999]}',
                  "utf8.json": b'{"images": [{"file_name": "\xff"}]}', "cut.json": files["good.json"][:60]})
    return files


def cifar():
    files = data_golden("cifar/python2/cifar-10-batches-py/test_batch", "cifar/protocol4/cifar-100-python/test")
    # One pixel row instead of 3,072 bytes keeps the mutations where the operations are.
    files.update({"binary": b"\x03" + bytes(3072), "system": b"\x80\x02cposix\nsystem\nX\x02\0\0\0id\x85R.",
                  "self": b"\x80\x02]q\x01h\x01a.", "labels": b"\x80\x02}(\x8c\x06labels]K\x01a\x8c\x04data]u.",
                  "no_mark": b"\x80\x02}u.", "empty": b"", "frame": b"\x80\x04\x95" + bytes(8) + b"N."})
    return files


def set_option():
    return {"values": b"tuning.random_seed=7\ntuning.exit_policy.max_trials=3\nmodel.path=a/b.onnx\n",
            "structures": b"quantization.exclude=[a, 're:b.*']\ntuning={strategy: {name: basic}}\n",
            "odd": b"=\n.=\na..b=1\na=\ntuning.random_seed=-1\nquantization.op_wise.'x.y'=1\n"}


def text():
    return {"integers": b"0,-1,9223372036854775807", "double": b"1.0e-05", "inf": b"-.inf", "hex": b"00ff00ff00ff00ff",
            "bytes": b"20G", "huge_bytes": b"9999999999T", "one": b"512"}


def unit_match():
    patterns = {"star": b"/0/*\n/0/conv", "question": b"/?/conv\n/0/conv", "set": b"/[0-9]/c[!a]nv\n/0/conv",
                "open_set": b"[abc\n[abc", "bracket_member": b"[]a]\n]", "many_stars": b"*a*a*a*b\naaaaaaaaaaaa",
                "regex": b"/0/(conv|relu)+\n", "nested": b"((a*)*)*b\n", "class": b"[[:alpha:]]{2,3}\\d\n",
                "back": b"(.)\\1\n", "long": b"(" * 200 + b"a" + b")" * 200 + b"\n"}
    return patterns


def transform():
    """Sections `transform` of dataloaders, with sizes at the edges of what is allowed."""
    return {
        "imagenet": b"AlignImageChannel: {}\nBilinearImagenet: {height: 8, width: 9, mean_value: [1, 2, 3], scale: 0.5}\n"
                    b"Transpose: {perm: [2, 0, 1]}\n",
        "resnet": b"ResizeCropImagenet: {height: 8, width: 9, resize_side: 10, random_crop: true, std_value: [1, 2, 3]}\n",
        "training": b"RandomResizedCrop: {size: 8, scale: [0.1, 0.9]}\nRandomHorizontalFlip: {}\nRandomVerticalFlip: {p: 1}\n"
                    b"ColorJitter: {brightness: 0.4, hue: [-0.5, 0.5]}\nToTensor: {}\nToPILImage: {}\n",
        "detection": b"ResizeWithRatio: {min_dim: 20, max_dim: 30, padding: true, constant_value: 128}\n"
                     b"Pad: {padding: [1, 2, 3, 4], padding_mode: symmetric}\nCropResize: {x: 1, y: 2, width: 5, height: 6, size: 7}\n",
        "mlperf": b"ResizeWithAspectRatio: {height: 8, width: 9}\nPaddedCenterCrop: {size: 8, crop_padding: 2}\n"
                  b"RandomCrop: {size: 3}\nCropToBoundingBox: {offset_height: 0, offset_width: 1, target_height: 2, target_width: 1}\n",
        "codes": b"Compose: {transform_list: [EncodeJpeg, DecodeImage, {Resize: {size: 9, resampler: pillow}}]}\n"
                 b"Rescale: {}\nNormalize: {mean: [1, 2, 3]}\nQuantizedInput: {dtype: uint8, scale: 3}\nCast: {dtype: int64}\n",
        "huge": b"Resize: {size: [65536, 4096]}\nPad: {padding: 65536}\nResizeWithRatio: {min_dim: 65536, max_dim: 0}\n",
        "negative": b"Resize: {size: [-1, 9223372036854775807]}\n",
    }


STUDY_JSON = {
    "format": 1, "version": "0.1.0", "git": "abc", "command": "halftone tune c.yaml", "directory": "/work", "ranks": 2,
    "threads": 1, "libraries": {"onednn": "3.2"}, "model_path": "m.onnx", "model_bytes": 1234, "max_trials": 9,
    "goal": {"kind": "absolute", "loss": 0.01, "higher_is_better": True}, "metric": "topk",
    "calibration": [{"samples": 50}, {"samples": 100}],
    "units": [{"name": "/0/conv", "op": "Conv", "output": "y0", "nodes": ["/0/conv", "/0/relu"],
               "options": [{"activation": {"dtype": "uint8", "scheme": "asym", "algorithm": "minmax"},
                            "weight": {"dtype": "int8", "scheme": "sym", "bit": 7.0}, "weight_bytes": 30},
                           {"activation": {"dtype": "fp32"}, "weight": {"dtype": "fp32"}, "weight_bytes": 80}],
               "refused": [{"dtype": "bf16", "why": "no AVX512_BF16"}]}],
    "config": "model: {path: m.onnx}\n"}


def study(corpus):
    """Folders of runs, from the journals that fuzz_replay has written."""
    plan = (corpus / "plan" / "quantized.yaml").read_bytes()
    facts = json.dumps(STUDY_JSON).encode()
    files = {}
    for name in ("sample_run", "full_records"):
        journal = (corpus / "journal" / f"{name}.jsonl").read_bytes()
        files[name] = journal + b"\n=== study.json\n" + facts + b"\n=== best.yaml\n" + plan
        files[f"{name}_without_facts"] = journal
        files[f"{name}_damaged_facts"] = journal + b"\n=== study.json\n" + facts[:500]
    progress = {"trials": 4, "most_left": 5, "elapsed_s": 60.5, "expected_left_s": 15, "most_left_s": None,
                "written_s": 1.7e9}
    unfinished = (corpus / "journal" / "unfinished.jsonl").read_bytes()
    files["running"] = unfinished + b"\n=== progress.json\n" + json.dumps(progress).encode()
    files["verdict"] = (corpus / "journal" / "sample_run.jsonl").read_bytes() + b"\n=== run.yaml\nverdict: met\n"
    return files


def h5():
    """Files that h5py writes: what the reader must refuse stands beside what it may read."""
    files = {}
    for version in ("earliest", "latest"):
        stream = io.BytesIO()
        with h5py.File(stream, "w", libver=version) as file:
            file.attrs["format"] = np.bytes_("halftone distributions")
            file.attrs["format_version"] = 1
            group = file.create_group("units", track_order=True)
            group["low"] = np.zeros(2)
            group["texts"] = np.array([b"ab", b"c"])
            group.create_dataset("counts", data=np.ones((2, 130), np.int64), chunks=(1, 130), compression="gzip")
            group["variable"] = "text"
            group["empty"] = h5py.Empty("f4")
            group["codes"] = np.array([1, 2], np.uint8)
            file["soft"] = h5py.SoftLink("/units/low")
            file["external"] = h5py.ExternalLink("other.h5", "/x")
            layout = h5py.VirtualLayout((2,), "f8")
            layout[:] = h5py.VirtualSource("other.h5", "x", (2,))
            file.create_virtual_dataset("virtual", layout)
            file.create_dataset("claims", (2**35,), "f8", chunks=(1024,))
        files[f"every_kind_{version}.h5"] = stream.getvalue()
    return files


def main():
    program, corpus = sys.argv[1], pathlib.Path(sys.argv[2])
    for target in ("journal", "plan", "protocol", "tables", "scores", "h5", "run", "round_trip"):
        subprocess.run([program, "--seeds", target, str(corpus / target)], check=True)
    made = {"import_onnx": import_onnx(), "external_data": external_data(), "npy": npy(), "npz": npz(),
            "picture": picture(), "idx": idx(), "tf_record": tf_record(), "coco_json": coco_json(), "cifar": cifar(),
            "transform": transform(),
            "text": text(),
            "set_option": set_option(), "unit_match": unit_match(), "study": study(corpus), "h5": h5()}
    for target, files in made.items():
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
