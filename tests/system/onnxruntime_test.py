"""best.onnx of the full-size main job in ONNX Runtime: another program must see the same model. Run by a Python that
has onnx and onnxruntime, after full_size_test.py."""
import gzip

import numpy
import onnx
import onnxruntime

from halftone_cli import BUILD, SystemTest, main, records

WORKSPACE = BUILD / "system_full_size"
DATA = "/usr/share/datasets/fashion-mnist/t10k-"


def idx(name, offset):
    with gzip.open(DATA + name) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=offset)


def images():
    """The demo config's transforms, written down once more."""
    pixels = idx("images-idx3-ubyte.gz", 16).reshape(10000, 1, 28, 28).astype(numpy.float32)
    return (pixels / numpy.float32(255) - numpy.float32(0.2860)) / numpy.float32(0.3530)


def predictions(optimization):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = optimization
    # Without VNNI its int8 products saturate at 16 bits, which is not what the file means; this makes them exact there.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(WORKSPACE / "best.onnx"), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    batches = numpy.split(images(), 100)
    return numpy.concatenate([session.run(None, {name: batch})[0] for batch in batches]).argmax(axis=1)


class BestModelElsewhere(SystemTest):
    def test_is_valid_onnx(self):
        model = onnx.load(WORKSPACE / "best.onnx")
        onnx.checker.check_model(model, full_check=True)
        self.assertGreaterEqual(next(o.version for o in model.opset_import if o.domain == ""), 13)
        self.assertEqual({node.domain for node in model.graph.node}, {""})

    def test_has_the_journals_accuracy_and_predictions(self):
        ours = numpy.load(WORKSPACE / "logits.npy").argmax(axis=1)
        labels = idx("labels-idx1-ubyte.gz", 8)
        journal = records(WORKSPACE, "trial")[-1]["accuracy"]
        level = onnxruntime.GraphOptimizationLevel
        for optimization in (level.ORT_ENABLE_ALL, level.ORT_DISABLE_ALL):
            with self.subTest(optimization=str(optimization)):
                theirs = predictions(optimization)
                accuracy, equal = (theirs == labels).mean(), (theirs == ours).mean()
                print(f"\n{optimization}: accuracy {accuracy} (journal {journal}), {equal:.2%} equal predictions")
                self.assertLessEqual(abs(accuracy - journal), 0.001)
                self.assertGreaterEqual(equal, 0.995)


if __name__ == "__main__":
    main()
