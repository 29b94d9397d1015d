"""Files whose weights are stored by blocks already, by our own tune, and in the two forms that ONNX Runtime's
matmul_nbits_quantizer writes (packed here by NumPy, because it needs packages that the tests do not have): shown with their
units, tuned further, rebuilt from the plan. Run by a Python that has onnx and onnxruntime."""
import json

import h5py
import numpy
import onnx
import yaml
from onnx import helper, numpy_helper

from halftone_cli import OK, halftone, main, records
from weight_only_test import GROUP, WeightOnlyCase, model, rtn, session


def codes_of(path):
    """The packed matrices of a file, turned to [K, N] or not."""
    model = onnx.load(path)
    arrays = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type == "DequantizeLinear"]
    return [arrays[node.input[0]].astype(int) for node in nodes]


def packed(codes):
    """Codes of 4 bits, two in a byte, the first one in the low half; an odd last one has a byte of its own."""
    codes = numpy.concatenate([codes, numpy.zeros(codes.shape[:-1] + (codes.shape[-1] % 2,), int)], axis=-1)
    return (codes[..., 0::2] + 16 * codes[..., 1::2]).astype(numpy.uint8)


def signed_rtn(weight):
    """Symmetric codes and scales as ONNX Runtime's quantizer chooses them: the largest weight of a block has the code -8, so
    that scales have a sign."""
    codes, scales = [], []
    for first in range(0, len(weight), GROUP):
        block = weight[first:first + GROUP]
        largest = numpy.take_along_axis(block, numpy.abs(block).argmax(axis=0)[None], axis=0)[0]
        scales.append((largest / -8).astype(numpy.float32))
        codes.append(numpy.clip(numpy.rint(block / scales[-1]), -8, 7).astype(int))
    return numpy.concatenate(codes), numpy.stack(scales), None


def mat_mul_n_bits(scheme):
    """The net with its first product as com.microsoft.MatMulNBits: B is [N, blocks, bytes], the last block filled up.
    Without zero points the middle, 8, is the code of 0."""
    net = model()
    asymmetric = scheme == "asym"
    weight = next(each for each in net.graph.initializer if each.name == "wa")
    codes, scales, points = codes_of_weight(scheme)
    codes = numpy.concatenate([codes + (0 if asymmetric else 8), numpy.zeros((-len(codes) % GROUP, codes.shape[1]), int)])
    arrays = {"wa_Q4": packed(codes.T.reshape(codes.shape[1], -1, GROUP)), "wa_scales": scales.T}
    if asymmetric:
        arrays["wa_zero_points"] = packed(points.T)
    net.graph.initializer.remove(weight)
    net.graph.initializer.extend(numpy_helper.from_array(numpy.ascontiguousarray(v), k) for k, v in arrays.items())
    product = net.graph.node[0]
    net.graph.node[0].CopyFrom(helper.make_node("MatMulNBits", ["x", *arrays], ["a"], product.name, domain="com.microsoft",
                                                K=product_rows(), N=codes.shape[1], bits=4, block_size=GROUP))
    net.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return net


def codes_of_weight(scheme):
    weight = numpy_helper.to_array(next(each for each in model().graph.initializer if each.name == "wa"))
    return signed_rtn(weight) if scheme == "signed" else rtn(weight, 4, scheme == "asym")


def product_rows():
    return numpy_helper.to_array(next(each for each in model().graph.initializer if each.name == "wa")).shape[0]


class GivenBlocks(WeightOnlyCase):
    def shown_units(self, path, *words):
        done = halftone("inspect", path, "--json", *words)
        self.assert_code(OK, done)
        return {unit["name"]: unit["options"] for unit in json.loads(done.out)["units"]}

    def tuned_further(self, path, *words, name="further"):
        return self.tuned("--set", f"model.path={path}", *words, name=name)

    def assert_keeps(self, path, out):
        """The plan keeps what is given, the baseline is the file as it is, and the result computes the same."""
        [trial] = records(out, "trial")
        [baseline] = records(out, "baseline")
        right = self.ours(path).argmax(axis=1) == self.label
        self.assertAlmostEqual(baseline["accuracy"], right.mean(), 12)
        self.assertAlmostEqual(trial["accuracy"], right.mean(), 12)
        numpy.testing.assert_array_equal(self.ours(out / "best.onnx"), self.ours(path))
        theirs = session(out / "best.onnx").run(None, {"x": self.x})[0]
        self.assertLess(numpy.abs(self.ours(out / "best.onnx") - theirs).max(), 1e-5)
        done = halftone("quantize", path, "--plan", out / "best.yaml", "--output", self.folder / "again.onnx")
        self.assert_code(OK, done)
        self.assertEqual((self.folder / "again.onnx").read_bytes(), (out / "best.onnx").read_bytes())

    def test_a_file_of_our_own(self):
        first = self.tuned("--set", "quantization.model_wise.weight={group_size: 16}", name="first")
        path = first / "best.onnx"
        self.assertEqual({name: options[0] for name, options in self.shown_units(path).items()},
                         {"first": "fp32 x int4/sym/given/16", "head": "fp32 x int4/sym/given/16"})
        self.assertIn("fp32 x int4/sym/given/16", halftone("inspect", path, "--units").out)
        out = self.tuned_further(path)
        self.assert_keeps(path, out)
        for before, after in zip(codes_of(path), codes_of(out / "best.onnx"), strict=True):
            numpy.testing.assert_array_equal(before, after)
        plan = yaml.safe_load((out / "best.yaml").read_text())
        words = {"dtype": "int4", "scheme": "sym", "algorithm": "given", "group_size": 16}
        self.assertEqual([unit["weight"] for unit in plan["units"]], [words] * 2)

        # A unit that falls back has the real values of its codes; one whose weights are asked for anew has none of them.
        out = self.tuned_further(path, "--set", "quantization.exclude=[head]", name="back")
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual([unit["weight"]["dtype"] for unit in plan["units"]], ["int4", "fp32"])
        self.assertLess(numpy.abs(self.ours(out / "best.onnx") - self.ours(path)).max(), 1e-5)
        out = self.tuned_further(path, "--set", "quantization.model_wise.weight={dtype: int8}", name="int8")
        plan = yaml.safe_load((out / "best.yaml").read_text())
        self.assertEqual([unit["weight"]["algorithm"] for unit in plan["units"]], ["rtn"] * 2)
        self.assertEqual([unit["weight"]["dtype"] for unit in plan["units"]], ["int8"] * 2)

    def test_study_report_and_dump_show_blocks(self):
        config = (self.folder / "net.yaml").read_text()
        (self.folder / "net.yaml").write_text(config.replace(
            "{approach: post_training_weight_only}",
            "{approach: post_training_weight_only, calibration: {sampling_size: 8, dataloader: {dataset: "
            "{Numpy: {inputs: {x: x.npy}}}}}}"))
        out = self.tuned("--set", "quantization.model_wise.weight={group_size: 16, scheme: asym}",
                         "--set", "quantization.exclude=[head]")
        self.assert_code(OK, halftone("report", out, "--study", self.folder / "study.h5"))
        with h5py.File(self.folder / "study.h5") as study:
            self.assertEqual(study["/delivered/units/weight_dtype"][:].tolist(), [b"int4", b"fp32"])
            self.assertEqual(study["/delivered/units/weight_group_size"][:].tolist(), [16, 0])
            self.assertEqual(study["/options/weight_group_size"][0], 16)
            words = {code: word for word, code in h5py.check_enum_dtype(study["/plans/dtype"].dtype).items()}
            self.assertEqual([words[code] for code in study["/plans/dtype"][0]], ["int4 weights", "fp32"])
            self.assertEqual(study["/trials/high_precision_units"][:].tolist(), [1])
            # 48 x 64 codes of half a byte; 3 x 64 scales of 4 bytes and zero points of half a byte. The head is fp32.
            self.assertEqual(study["/trials/bytes"][0], 48 * 64 // 2 + 3 * 64 * 4 + 3 * 64 // 2 + 5 * 64 * 4)
        done = halftone("dump", self.folder / "net.yaml", "--plan", out / "best.yaml", "--units", "all", "--samples", 8,
                        "--output", self.folder / "dump", cwd=self.folder)
        self.assert_code(OK, done)
        with h5py.File(self.folder / "dump/index.h5") as index:
            group = next(each for name, each in index["/weights"].items() if name.endswith("first"))
            weight = numpy_helper.to_array(next(each for each in model().graph.initializer if each.name == "wa"))
            numpy.testing.assert_array_equal(group["fp32"][:], weight)
            self.assertEqual((group["quantized"].attrs["block_size"], group["quantized"].attrs["bits"]), (16, 4))
            numpy.testing.assert_array_equal(group["quantized"][:], codes_of(out / "best.onnx")[0])
            step = group["quantized"][:].astype(float) - numpy.repeat(group["zero_point"][:], 16, axis=0)
            real = step * numpy.repeat(group["scale"][:], 16, axis=0)
            self.assertLess(numpy.abs(real - weight).max(), 0.51 * group["scale"][:].max())
        self.assertIn("first", halftone("report", self.folder / "dump", "--rank", "mse").out)

    def test_on_the_product_of_onnx_runtime(self):
        for scheme in ("sym", "asym", "signed"):
            with self.subTest(scheme):
                path = self.folder / f"n_bits_{scheme}.onnx"
                onnx.save(mat_mul_n_bits(scheme), path)
                theirs = session(path).run(None, {"x": self.x})[0]
                self.assertLess(numpy.abs(self.ours(path) - theirs).max(), 1e-5)
                shown = self.shown_units(path)
                shown_scheme = "asym" if scheme == "asym" else "sym"
                self.assertEqual(shown["first"][0], f"fp32 x int4/{shown_scheme}/given/{GROUP}")
                out = self.tuned_further(path, "--set", "quantization.exclude=[head]", name=f"out_{scheme}")
                self.assert_keeps(path, out)
                [codes] = codes_of(out / "best.onnx")
                numpy.testing.assert_array_equal(codes, codes_of_weight(scheme)[0])


if __name__ == "__main__":
    main()
