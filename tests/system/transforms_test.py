"""Transforms live against the libraries that define them: pictures of random sizes through `eval --save-inputs`, and the
same by Pillow and OpenCV. A library that this Python does not have is skipped; golden arrays of all are in the unit tests.
"""
import struct
import unittest
import zlib

import numpy
import onnx
import yaml
from onnx import TensorProto, helper

from halftone_cli import OK, SystemTest, halftone, main

try:
    from PIL import Image
except ImportError:
    Image = None
try:
    import cv2
except ImportError:
    cv2 = None

CASES = 12  # of random sizes for each kind; a case takes a tenth of a second
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def write_png(path, pixels):
    """A PNG file of 8 bits without filters, so that neither library is needed to write what both read."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def picture(rng, height, width):
    """Smooth colours with noise: neither flat, where every resampler is right, nor noise alone."""
    y, x = numpy.mgrid[0:height, 0:width]
    smooth = numpy.stack([x * 200 // width, y * 200 // height, (x + y) * 100 // (width + height)], -1)
    return (smooth + rng.integers(0, 56, (height, width, 3))).astype(numpy.uint8)


def shorter_side(side, height, width):
    """torchvision.transforms.Resize of one number."""
    return (side, side * width // height) if height <= width else (side * height // width, side)


def torchvision_crop(array, side):
    """torchvision.transforms.CenterCrop: Python's round, which goes to the nearest even number."""
    top, left = (int(round((n - side) / 2.0)) for n in array.shape[:2])
    return array[top : top + side, left : left + side]


class Transforms(SystemTest):
    def inputs(self, framework, pixels, transform):
        """What the model gets of one picture."""
        folder = self.folder / "pictures/a"
        folder.mkdir(parents=True, exist_ok=True)
        write_png(folder / "x.png", pixels)
        loader = {"dataset": {"ImageFolder": {"root": "pictures"}}, "transform": transform}
        (self.folder / "c.yaml").write_text(yaml.safe_dump({
            "model": {"name": "m", "framework": framework, "path": "m.onnx"},
            "quantization": {"calibration": {"dataloader": loader}},
            "evaluation": {"accuracy": {"metric": {"topk": 1}, "dataloader": loader}}}, sort_keys=False))
        done = halftone("eval", "c.yaml", "--save-inputs", "out", cwd=self.folder)
        self.assert_code(OK, done)
        return numpy.load(self.folder / "out/inputs.npy")[0]

    def write_model(self, *shape):
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", shape[0]])
        graph = helper.make_graph([helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0)], "m", [x], [y])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
        onnx.save(model, str(self.folder / "m.onnx"))

    def cases(self, seed):
        """Pictures, and sizes to which they shrink or grow."""
        rng = numpy.random.default_rng(seed)
        for _ in range(CASES):
            yield picture(rng, *rng.integers(9, 60, 2)), [int(n) for n in rng.integers(5, 70, 2)]

    def resized(self, framework, pixels, size, method):
        self.write_model(3, *size)
        return self.inputs(framework, pixels, {"Resize": {"size": size, "interpolation": method},
                                               "Transpose": {"perm": [2, 0, 1]}})

    @unittest.skipIf(Image is None, "this Python has no Pillow")
    def test_resize_of_pytorch_is_pillows(self):
        methods = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
        for case, (pixels, size) in enumerate(self.cases(1)):
            method = list(methods)[case % 3]
            with self.subTest(method=method, of=pixels.shape, to=size):
                wanted = numpy.asarray(Image.fromarray(pixels).resize((size[1], size[0]), methods[method])).transpose(2, 0, 1)
                found = self.resized("pytorch", pixels, size, method)
                # Pillow 9.4 gives the same bits, as the golden arrays do; 13.0 rounds some values the other way.
                self.assertLessEqual(numpy.abs(found - wanted).max(), 1)
                self.assertGreaterEqual((found == wanted).mean(), 0.6)

    @unittest.skipIf(Image is None, "this Python has no Pillow")
    def test_the_usual_preparation_of_pytorch_is_torchvisions(self):
        for pixels, (side, _) in self.cases(2):
            crop = max(5, side - side // 8)
            with self.subTest(of=pixels.shape, side=side):
                self.write_model(3, crop, crop)
                found = self.inputs("pytorch", pixels, {"Resize": {"size": side}, "CenterCrop": {"size": crop}, "ToTensor": {},
                                                        "Normalize": {"mean": list(MEAN), "std": list(STD)}})
                height, width = shorter_side(side, *pixels.shape[:2])
                array = numpy.asarray(Image.fromarray(pixels).resize((width, height), Image.BILINEAR))
                wanted = torchvision_crop(array, crop).transpose(2, 0, 1).astype(numpy.float32) / 255
                wanted = (wanted - numpy.float32(MEAN)[:, None, None]) / numpy.float32(STD)[:, None, None]
                # One step of a byte, for the same reason; a picture that is cut at another place differs by far more.
                numpy.testing.assert_allclose(found, wanted, rtol=0, atol=1.001 / 255 / min(STD))

    @unittest.skipIf(cv2 is None, "this Python has no OpenCV")
    def test_resize_of_onnx_runtime_is_opencvs(self):
        methods = {"nearest": cv2.INTER_NEAREST if cv2 else 0, "bilinear": cv2.INTER_LINEAR if cv2 else 0,
                   "area": cv2.INTER_AREA if cv2 else 0, "bicubic": cv2.INTER_CUBIC if cv2 else 0}
        for case, (pixels, size) in enumerate(self.cases(3)):
            method = list(methods)[case % 4]
            with self.subTest(method=method, of=pixels.shape, to=size):
                wanted = cv2.resize(pixels, (size[1], size[0]), interpolation=methods[method]).transpose(2, 0, 1)
                found = self.resized("onnxrt_qlinearops", pixels, size, method)
                self.assertLessEqual(numpy.abs(found - wanted).max(), 1 if method == "bicubic" else 0)

    @unittest.skipIf(cv2 is None, "this Python has no OpenCV")
    def test_imagenets_preparation_of_onnx_runtime_is_opencvs(self):
        for pixels, (side, _) in self.cases(4):
            crop = max(5, side - side // 8)
            with self.subTest(of=pixels.shape, side=side):
                self.write_model(3, crop, crop)
                found = self.inputs("onnxrt_qlinearops", pixels, {"ResizeCropImagenet": {
                    "height": crop, "width": crop, "resize_side": side, "mean_value": list(MEAN)}})
                shorter = min(pixels.shape[:2])
                height, width = (int(n * (side / shorter)) for n in pixels.shape[:2])
                image = cv2.resize(pixels, (width, height)) / 255.0
                top, left = (height - crop) // 2, (width - crop) // 2
                wanted = (image[top : top + crop, left : left + crop] - MEAN) / STD
                numpy.testing.assert_allclose(found, wanted.transpose(2, 0, 1), rtol=0, atol=1e-5)


if __name__ == "__main__":
    main()
