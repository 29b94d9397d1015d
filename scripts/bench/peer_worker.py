"""One peer with one model, for peers.py: prints a JSON object when it is ready, then measures a round for each line of
standard input (its latencies in ms as a JSON array), and at the end of the input prints a JSON object with its peak memory.

    peer_worker.py onnxruntime|onnxruntime_exact|openvino|openvino_exact MODEL THREADS BATCH
"""

import json
import pathlib
import resource
import sys
import tempfile
import time

import numpy

ROUND_SECONDS = 0.1
LINEAR = ("Conv", "Gemm", "MatMul", "FusedConv", "FusedGemm", "FusedMatMul")


def inputs_of(names_shapes_types, batch):
    """Random floats, and zeros of every other type: they may be indices. Types are those of numpy."""
    generator = numpy.random.default_rng(1)
    arrays = {}
    for name, shape, dtype in names_shapes_types:
        sizes = [size if isinstance(size, int) and size > 0 else batch for size in shape]
        is_real = numpy.issubdtype(dtype, numpy.floating)
        arrays[name] = (generator.uniform(-1, 1, sizes) if is_real else numpy.zeros(sizes)).astype(dtype)
    return arrays


def onnx_dtype(text):
    """numpy's type of ONNX Runtime's "tensor(float)"."""
    name = text[len("tensor("):-1]
    return numpy.dtype({"float": "float32", "double": "float64"}.get(name, name))


def with_onnxruntime(model, threads, batch, accuracy_level=None):
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if "vnni" not in pathlib.Path("/proc/cpuinfo").read_text():
        # The peer's u8 x s8 kernels saturate here; this is its own switch for right answers. It costs time with VNNI.
        options.add_session_config_entry("session.x64quantprecision", "1")
    if accuracy_level:
        options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", accuracy_level)
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(pathlib.Path(folder) / "optimized.onnx")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        nodes = onnx.load(options.optimized_model_filepath).graph.node
    constants = [n.name or n.output[0] for n in nodes if n.op_type in LINEAR]
    arrays = inputs_of([(i.name, i.shape, onnx_dtype(i.type)) for i in session.get_inputs()], batch)
    return lambda: session.run(None, arrays), constants, onnxruntime.__version__


def with_openvino(model, threads, batch, **settings):
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY", **settings})
    not_int8 = []
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        kind, precision = str(info["layerType"].astype(str)), str(info["runtimePrecision"].astype(str))
        if kind in ("Convolution", "FullyConnected", "MatMul") and precision not in ("u8", "i8"):
            not_int8.append(node.get_friendly_name())
    arrays = inputs_of([(i.get_any_name(), [int(d.get_length()) if d.is_static else 0 for d in i.get_partial_shape()],
                         i.get_element_type().to_dtype()) for i in compiled.inputs], batch)
    request = compiled.create_infer_request()
    request.set_tensors({name: openvino.Tensor(array) for name, array in arrays.items()})
    return request.infer, not_int8, openvino.__version__.split("-")[0]


def main():
    peer, model, threads, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    def with_exact_onnxruntime(*arguments):
        return with_onnxruntime(*arguments, accuracy_level="1")  # weights by blocks: fp32 activations

    def with_exact_openvino(*arguments):
        return with_openvino(*arguments, DYNAMIC_QUANTIZATION_GROUP_SIZE="0")

    engines = {"onnxruntime": with_onnxruntime, "onnxruntime_exact": with_exact_onnxruntime, "openvino": with_openvino,
               "openvino_exact": with_exact_openvino}
    run, not_int8, version = engines[peer](model, threads, batch)
    for _ in range(3):
        run()
    print(json.dumps({"version": version, "not_int8": not_int8}), flush=True)
    for _ in sys.stdin:
        run()  # other programs have used the caches
        times, end = [], time.perf_counter() + ROUND_SECONDS
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps(times), flush=True)
    print(json.dumps({"peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)


if __name__ == "__main__":
    main()
