"""TensorFlow's models to ONNX by tf2onnx: SavedModel, frozen graph, Keras, TFLite. Pinned versions: requirements-tensorflow.txt."""

import pathlib
import sys

import common

OPSET = 17


def run_tf2onnx(request, arguments):
    """The converter as its command line runs it, in this process: TensorFlow takes seconds to load."""
    from tf2onnx import convert

    path = str(pathlib.Path(request["folder"]) / "model.onnx")
    saved, sys.argv = sys.argv, ["tf2onnx", "--opset", str(OPSET), "--output", path, *arguments]
    try:
        convert.main()
    finally:
        sys.argv = saved
    return onnx_ends(path)


def onnx_ends(path):
    """Names of inputs and outputs of an ONNX file, without initializers."""
    import onnx

    graph = onnx.load(path).graph
    weights = {tensor.name for tensor in graph.initializer}
    return [x.name for x in graph.input if x.name not in weights], [y.name for y in graph.output]


def versions():
    import keras
    import tensorflow as tf
    import tf2onnx

    return {"tensorflow": tf.__version__, "keras": keras.__version__, "tf2onnx": tf2onnx.__version__}


def random_inputs(specs, shapes):
    """Random arrays for (name, shape or None, dtype)."""
    import numpy as np

    rng = np.random.default_rng(common.SEED)
    return {name: common.random_array(common.concrete_shape(name, shape, shapes, len(specs)), dtype, rng)
            for name, shape, dtype in specs}


def shape_list(shape):
    return None if shape.rank is None else shape.as_list()


def tf_saved_model(request):
    import tensorflow as tf

    loaded = tf.saved_model.load(request["source"])
    signatures = list(loaded.signatures)
    if not signatures:
        raise common.UsageError("the SavedModel has no signature; save it with model.export(DIR), or with "
                                "tf.saved_model.save(model, DIR, signatures=...)")
    key = "serving_default" if "serving_default" in signatures else signatures[0]
    call = loaded.signatures[key]
    specs = [(name, shape_list(spec.shape), spec.dtype.as_numpy_dtype)
             for name, spec in call.structured_input_signature[1].items()]
    feeds = random_inputs(specs, request["shapes"])
    wanted = {name: y.numpy() for name, y in call(**{k: tf.constant(v) for k, v in feeds.items()}).items()}
    inputs, outputs = run_tf2onnx(request, ["--saved-model", request["source"], "--signature_def", key, "--tag", "serve"])
    return common.result(request["folder"], common.pair_up(inputs, feeds), common.pair_up(outputs, wanted), versions())


def tf_graph(request):
    import tensorflow as tf

    graph_def = tf.compat.v1.GraphDef()
    graph_def.ParseFromString(pathlib.Path(request["source"]).read_bytes())
    guessed = common.guess_ends([(node.name, node.op, node.input) for node in graph_def.node])
    inputs = [common.with_port(name) for name in request["inputs"] or guessed[0]]
    outputs = [common.with_port(name) for name in request["outputs"] or guessed[1]]
    if not inputs or not outputs:
        raise common.UsageError("inputs and outputs of the frozen graph cannot be guessed; give --inputs A,B and "
                                "--outputs C (in a config: model.inputs and model.outputs)")
    print("inputs", inputs, "outputs", outputs)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        try:
            tensors = [graph.get_tensor_by_name(name) for name in inputs + outputs]
        except (KeyError, ValueError) as error:
            raise common.UsageError(f"{error}; guessed were inputs {guessed[0]}, outputs {guessed[1]}") from None
        specs = [(x.name, shape_list(x.shape), x.dtype.as_numpy_dtype) for x in tensors[:len(inputs)]]
        feeds = random_inputs(specs, request["shapes"])
        wanted = dict(zip(outputs, session.run(tensors[len(inputs):], feeds)))
    names = run_tf2onnx(request, ["--graphdef", request["source"], "--inputs", ",".join(inputs), "--outputs",
                                  ",".join(outputs)])
    return common.result(request["folder"], common.pair_up(names[0], feeds), common.pair_up(names[1], wanted), versions())


def keras(request):
    import numpy as np
    import tensorflow as tf

    # safe_mode refuses Lambda layers, which hold code of whoever wrote the file.
    model = tf.keras.models.load_model(request["source"], compile=False)
    specs = [(x.name, list(x.shape), x.dtype) for x in model.inputs]
    feeds = random_inputs(specs, request["shapes"])
    values = list(feeds.values())
    result = model(values[0] if len(values) == 1 else values, training=False)
    results = list(result.values()) if isinstance(result, dict) else result
    results = results if isinstance(results, (list, tuple)) else [results]
    wanted = {f"keras output {i}": np.asarray(y) for i, y in enumerate(results)}
    inputs, outputs = run_tf2onnx(request, ["--keras", request["source"]])
    return common.result(request["folder"], common.pair_up(inputs, feeds), common.pair_up(outputs, wanted), versions())


def tflite(request):
    import numpy as np
    import tensorflow as tf

    # The interpreter as users run it. TFLite's reference kernels differ from it by one code where a value is a tie.
    runner = tf.lite.Interpreter(request["source"])
    runner.allocate_tensors()
    details = runner.get_input_details()
    feeds = random_inputs([(x["name"], [int(n) for n in x["shape"]], x["dtype"]) for x in details], request["shapes"])
    for detail, array in zip(details, feeds.values()):
        runner.set_tensor(detail["index"], array)
    runner.invoke()
    wanted = {y["name"]: runner.get_tensor(y["index"]) for y in runner.get_output_details()}
    inputs, outputs = run_tf2onnx(request, ["--tflite", request["source"]])
    # TFLite's dynamic range form rounds activations on the way, each interpreter in its own order.
    tensors = runner.get_tensor_details()
    has_codes = any(t["dtype"] == np.int8 and t["quantization_parameters"]["scales"].size for t in tensors)
    made_at_run_time = has_codes and is_dynamic_range(request["folder"])
    notes = ["weights are int8, activations are quantized while it runs"] if made_at_run_time else []
    tolerance = 1e-2 if made_at_run_time else common.TOLERANCE
    return common.result(request["folder"], common.pair_up(inputs, feeds), common.pair_up(outputs, wanted), versions(),
                         tolerance, notes)


def is_dynamic_range(folder):
    import onnx

    graph = onnx.load(str(pathlib.Path(folder) / "model.onnx")).graph
    return any(node.op_type == "DynamicQuantizeLinear" for node in graph.node)
