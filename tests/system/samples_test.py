"""Data that users bring: arrays, HDF5 files and folders of pictures give the figures of the same pixels in IDX files,
and bad data ends the program with exit code 3 and names file and record."""
import gzip
import json
import struct
import zlib

import h5py
import numpy

from halftone_cli import DEMO, MODEL, OK, USAGE, SystemTest, halftone, main

FASHION = "/usr/share/datasets/fashion-mnist"
COUNT = 200


def fashion(count=COUNT):
    """The first test images [count, 28, 28] and their labels."""
    with gzip.open(f"{FASHION}/t10k-images-idx3-ubyte.gz") as file:
        images = numpy.frombuffer(file.read(16 + count * 784)[16:], numpy.uint8).reshape(-1, 28, 28)
    with gzip.open(f"{FASHION}/t10k-labels-idx1-ubyte.gz") as file:
        return images, numpy.frombuffer(file.read(8 + count)[8:], numpy.uint8)


def png(pixels, claimed=None):
    """A grey PNG file. `claimed`: (width, height) that its header says instead of its own."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", *(claimed or (width, height)), 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Samples(SystemTest):
    def evaluate(self, dataset, *more):
        return halftone("eval", DEMO, "--json", "--set", f"evaluation.accuracy.dataloader.dataset={dataset}", *more,
                        cwd=self.folder)

    def expected(self):
        done = halftone("eval", DEMO, "--json", "--set", f"evaluation.accuracy.iteration={COUNT // 50}")
        self.assert_code(OK, done)
        return json.loads(done.out)["correct"]

    def assert_correct(self, done, correct):
        self.assert_code(OK, done)
        found = json.loads(done.out)
        self.assertEqual((found["correct"], found["samples"]), (correct, COUNT))

    def write_arrays(self):
        images, labels = fashion()
        numpy.save(self.folder / "x.npy", images[..., None])
        numpy.save(self.folder / "y.npy", labels.astype(numpy.int64))
        return f"{{Numpy: {{inputs: {{image: {self.folder}/x.npy}}, targets: {{label: {self.folder}/y.npy}}}}}}"

    def test_arrays_archives_hdf5_and_pictures_score_as_idx_files_do(self):
        correct = self.expected()
        images, labels = fashion()
        self.assert_correct(self.evaluate(self.write_arrays()), correct)
        numpy.savez_compressed(self.folder / "xy.npz", x=images[..., None], y=labels.astype(numpy.int64))
        archive = f"{{Numpy: {{file: {self.folder}/xy.npz, inputs: {{image: x}}, targets: {{label: y}}}}}}"
        self.assert_correct(self.evaluate(archive), correct)
        with h5py.File(self.folder / "xy.h5", "w") as file:
            file.create_dataset("eval/x", data=images[..., None], chunks=(16, 28, 28, 1), compression="gzip")
            file.create_dataset("eval/y", data=labels.astype(numpy.int64))
        hdf5 = f"{{HDF5: {{path: {self.folder}/xy.h5, inputs: {{image: /eval/x}}, targets: {{label: eval/y}}}}}}"
        self.assert_correct(self.evaluate(hdf5), correct)
        for i, (image, label) in enumerate(zip(images, labels)):
            (self.folder / f"pictures/{label}").mkdir(parents=True, exist_ok=True)
            (self.folder / f"pictures/{label}/{i:03}.png").write_bytes(png(image))
        self.assert_correct(self.evaluate(f"{{ImageFolder: {{root: {self.folder}/pictures}}}}"), correct)

    def test_arrays_that_do_not_belong_together(self):
        dataset = self.write_arrays()
        numpy.save(self.folder / "y.npy", numpy.zeros(COUNT - 1, numpy.int64))
        self.assert_refused(self.evaluate(dataset), MODEL, f"x.npy holds {COUNT} samples, but", f"y.npy holds {COUNT - 1}")

    def test_a_nan_in_the_targets_names_file_and_record(self):
        dataset = self.write_arrays()
        figures = numpy.zeros(COUNT, numpy.float32)
        figures[17] = numpy.nan
        numpy.save(self.folder / "z.npy", figures)
        dataset = dataset.replace("}}}", f", figure: {self.folder}/z.npy}}}}}}")
        self.assert_refused(self.evaluate(dataset), MODEL, "z.npy: record 17: the target 'figure' holds NaN")

    def test_an_hdf5_dataset_that_is_a_link_elsewhere(self):
        with h5py.File(self.folder / "linked.h5", "w") as file:
            file["x"] = h5py.ExternalLink("other.h5", "/x")
        dataset = f"{{HDF5: {{path: {self.folder}/linked.h5, inputs: {{image: x}}}}}}"
        self.assert_refused(self.evaluate(dataset), MODEL, "linked.h5::/x: is a link to elsewhere")

    def write_pictures(self, bad):
        images, _ = fashion(3)
        (self.folder / "p/a").mkdir(parents=True)
        for i, image in enumerate(images):
            (self.folder / f"p/a/{i}.png").write_bytes(png(image))
        (self.folder / "p/a/bad.png").write_bytes(bad)
        return f"{{ImageFolder: {{root: {self.folder}/p}}}}"

    def test_a_truncated_picture_is_refused_or_skipped(self):
        dataset = self.write_pictures(png(fashion(4)[0][3])[:200])
        self.assert_refused(self.evaluate(dataset), MODEL, "p/a/bad.png: the PNG file is damaged or truncated")
        done = self.evaluate(dataset, "--set", "evaluation.accuracy.dataloader.on_bad_sample=skip")
        self.assert_code(OK, done)
        self.assertEqual([json.loads(done.out)[key] for key in ("samples", "skipped")], [3, 1])
        self.assertIn("sample 3 is skipped", done.err)

    def test_a_data_set_without_a_readable_sample_is_refused(self):
        dataset = self.write_pictures(b"no picture")
        for picture in self.folder.glob("p/a/[0-9].png"):
            picture.unlink()
        skip = ("--set", "evaluation.accuracy.dataloader.on_bad_sample=skip")
        done = self.evaluate(dataset, *skip)
        self.assert_code(MODEL, done)
        self.assertIn("error: evaluation: no sample can be read. on_bad_sample: skip left out every one (samples: 1)", done.err)
        calibration = ("--set", f"quantization.calibration.dataloader={{dataset: {dataset}, on_bad_sample: skip}}")
        done = halftone("tune", DEMO, "--workspace", self.folder / "out", *calibration, cwd=self.folder)
        self.assert_code(MODEL, done)
        self.assertIn("error: calibration: no sample can be read", done.err)
        self.assertFalse((self.folder / "out/best.onnx").exists())

    def test_a_png_that_claims_too_many_pixels(self):
        dataset = self.write_pictures(png(fashion(1)[0][0], claimed=(10**5, 10**5)))
        self.assert_refused(self.evaluate(dataset), MODEL, "bad.png: claims 100000 x 100000 pixels")

    def test_a_label_that_the_model_has_no_class_for_is_refused_or_skipped(self):
        dataset = self.write_arrays()
        labels = numpy.load(self.folder / "y.npy")
        labels[7] = 10
        numpy.save(self.folder / "y.npy", labels)
        refusal = "y.npy: record 7: sample 7: label 10 lies outside the model's 10"
        self.assert_refused(self.evaluate(dataset), MODEL, refusal)
        done = self.evaluate(dataset, "--set", "evaluation.accuracy.dataloader.on_bad_sample=skip")
        self.assert_code(OK, done)
        self.assertEqual([json.loads(done.out)[key] for key in ("samples", "skipped")], [COUNT - 1, 1])
        self.assertIn("sample 7 is skipped: ", done.err)
        self.assertIn(refusal, done.err)

    def test_accuracy_treats_such_a_label_as_topk_does(self):
        dataset = self.write_arrays()
        labels = numpy.load(self.folder / "y.npy")
        labels[7] = -1
        numpy.save(self.folder / "y.npy", labels)
        metric = ("--set", "evaluation.accuracy.metric={Accuracy: {}}")
        refusal = "y.npy: record 7: sample 7: label -1 lies outside the model's 10 classes"
        self.assert_refused(self.evaluate(dataset, *metric), MODEL, refusal)
        skip = ("--set", "evaluation.accuracy.dataloader.on_bad_sample=skip")
        results = [json.loads(self.evaluate(dataset, *set_metric, *skip).out) for set_metric in ((), metric)]
        self.assertEqual(results[0]["correct"], results[1]["correct"])
        self.assertEqual(results[1]["skipped"], 1)

    def test_all_missing_files_are_named(self):
        dataset = "{Numpy: {inputs: {a: a.npy, b: b.npy}, targets: {label: c.npy}}}"
        self.assert_refused(self.evaluate(dataset), MODEL, "a.npy", "b.npy", "c.npy")

    def test_an_input_and_a_target_of_one_name_are_saved_apart(self):
        images, labels = fashion()
        numpy.save(self.folder / "x.npy", images[..., None])
        numpy.save(self.folder / "y.npy", labels.astype(numpy.int64))
        for targets, files in (("inputs", {"inputs.npy", "labels.npy"}), ("inputs, b", {"inputs.npy", "inputs.2.npy", "b.npy"})):
            fields = ", ".join(f"{name}: {self.folder}/y.npy" for name in targets.split(", "))
            out = self.folder / targets.replace(", ", "_")
            dataset = f"{{Numpy: {{inputs: {{image: {self.folder}/x.npy}}, targets: {{{fields}}}}}}}"
            done = self.evaluate(dataset, "--set", "evaluation.accuracy.metric={topk: {k: 1, target: inputs}}",
                                 "--save-inputs", out)
            self.assert_code(OK, done)
            self.assertEqual({path.name for path in out.iterdir()}, files)

    def test_samples_that_do_not_fit_show_both_schemas(self):
        images, _ = fashion()
        numpy.save(self.folder / "x.npy", images)
        dataset = f"{{Numpy: {{inputs: {{image: {self.folder}/x.npy}}}}}}"
        done = self.evaluate(dataset, "--set", "evaluation.accuracy.dataloader.transform={Rescale: }")
        self.assert_refused(done, USAGE, "yields samples of image fp32 [28,28]", "but the model takes", "fp32 [1,28,28]")


if __name__ == "__main__":
    main()
