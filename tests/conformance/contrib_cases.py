"""Cases of operators that ONNX Runtime's optimizer writes into models (domain com.microsoft), with ONNX Runtime's own values.

cases() yields (name, operator, model, inputs, outputs). make_cases.py writes them beside ONNX's cases.
"""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8


def values(seed, *shape):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def codes(seed, *shape, dtype=np.uint8):
    # Signed codes are weights. They have 7 bits, because without VNNI ONNX Runtime's products of larger ones saturate.
    low, high = (-64, 63) if dtype == np.int8 else (0, 255)
    return np.random.default_rng(seed).integers(low, high + 1, shape).astype(dtype)


def scale(number):
    return np.float32(number)


def zero(number, dtype=np.uint8):
    return np.array(number, dtype)


def model_of(op, inputs, outputs, attributes, opset, domain):
    """inputs: name -> array (an array named x… is a graph input, others are constants; None is left out)."""
    names = [name if array is not None else "" for name, array in inputs]
    graph = helper.make_graph(
        [helper.make_node(op, names, [name for name, _ in outputs], name="n", domain=domain, **attributes)],
        "g",
        [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
         for name, array in inputs if name.startswith("x")],
        [helper.make_tensor_value_info(name, dtype, None) for name, dtype in outputs if name],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in inputs
         if array is not None and not name.startswith("x")])
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def all_cases():
    y, y_codes = [("y", FLOAT)], [("y", UINT8)]
    image, weight = values(1, 1, 3, 6, 6), values(2, 4, 3, 3, 3)
    conv = {"pads": [1, 1, 1, 1]}
    for word, params in [("Relu", None), ("Tanh", None), ("Sigmoid", None), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.75]),
                         ("HardSigmoid", [0.3, 0.4])]:
        attributes = {**conv, "activation": word, **({"activation_params": params} if params else {})}
        yield f"fused_conv_{word.lower()}", "FusedConv", [("x", image), ("w", weight), ("b", values(3, 4))], y, attributes
    yield ("fused_conv_residual", "FusedConv",
           [("x", image), ("w", weight), ("b", values(3, 4)), ("x_sum", values(4, 1, 4, 6, 6))], y,
           {**conv, "activation": "Relu"})
    yield "fused_gemm", "FusedGemm", [("x", values(1, 3, 5)), ("w", values(2, 4, 5)), ("b", values(3, 4))], y, {
        "transB": 1, "activation": "LeakyRelu", "activation_alpha": 0.1}
    a, b = values(1, 2, 3, 5), values(2, 2, 5, 4)
    yield "fused_mat_mul", "FusedMatMul", [("x", a), ("x_b", b)], y, {"alpha": 0.5}
    yield ("fused_mat_mul_transposed", "FusedMatMul", [("x", a.transpose(0, 2, 1).copy()), ("x_b", b.transpose(0, 2, 1).copy())],
           y, {"transA": 1, "transB": 1})
    hidden = values(1, 2, 5, 8)
    yield "gelu", "Gelu", [("x", hidden)], y, {}
    yield "bias_gelu", "BiasGelu", [("x", hidden), ("b", values(2, 8))], y, {}
    yield "fast_gelu", "FastGelu", [("x", hidden)], y, {}
    yield "fast_gelu_bias", "FastGelu", [("x", hidden), ("b", values(2, 8))], y, {}
    yield "quick_gelu", "QuickGelu", [("x", hidden)], y, {"alpha": 1.702}
    skip = [("x", hidden), ("x_skip", values(2, 2, 5, 8)), ("g", values(3, 8)), ("b", values(4, 8))]
    yield "skip_layer_norm", "SkipLayerNormalization", skip, y, {"epsilon": 1e-5}
    yield ("skip_layer_norm_sum", "SkipLayerNormalization", [*skip, ("c", values(5, 8))],
           [("y", FLOAT), ("", 0), ("", 0), ("sum", FLOAT)], {"epsilon": 1e-5})
    yield "skip_rms_norm", "SkipSimplifiedLayerNormalization", skip[:3], y, {"epsilon": 1e-5}
    q = [("x", codes(1, 2, 3, 4, 4))]
    x_params = [("s", scale(0.02)), ("z", zero(120))]
    other = [("x_b", codes(2, 2, 3, 4, 4)), ("bs", scale(0.03)), ("bz", zero(100))]
    out = [("ys", scale(0.05)), ("yz", zero(127))]
    yield "q_linear_add", "QLinearAdd", [*q, *x_params, *other, *out], y_codes, {}
    yield "q_linear_mul", "QLinearMul", [*q, *x_params, *other, *out], y_codes, {}
    yield "q_linear_concat", "QLinearConcat", [*out, *q, *x_params, *other], y_codes, {"axis": 1}
    yield ("q_linear_global_average_pool", "QLinearGlobalAveragePool", [*q, *x_params, *out], y_codes,
           {"channels_last": 0})
    yield ("q_linear_global_average_pool_nhwc", "QLinearGlobalAveragePool", [*q, *x_params, *out], y_codes,
           {"channels_last": 1})
    # A scale for which no mean lies in the middle between two codes: there, roundings of the last bit would show.
    yield ("q_linear_average_pool", "QLinearAveragePool",
           [*q, *x_params, ("ys", scale(0.0437)), ("yz", zero(127))], y_codes, {"kernel_shape": [2, 2]})
    yield "q_linear_leaky_relu", "QLinearLeakyRelu", [*q, *x_params, *out], y_codes, {"alpha": 0.1}
    yield ("q_linear_sigmoid", "QLinearSigmoid", [*q, *x_params, ("ys", scale(1 / 256)), ("yz", zero(0))], y_codes, {})
    yield ("q_linear_softmax", "QLinearSoftmax", [*q, *x_params, ("ys", scale(1 / 256)), ("yz", zero(0))], y_codes,
           {"axis": -1, "opset": 13})
    matrix = [("x", codes(1, 3, 6)), *x_params, ("w", codes(2, 6, 4, dtype=np.int8)), ("ws", scale(0.01)), ("wz", zero(0, np.int8))]
    bias = ("c", np.array([100, -50, 7, 0], np.int32))
    yield "q_gemm", "QGemm", [*matrix, bias, ("ys", scale(0.1)), ("yz", zero(128))], y_codes, {}
    yield "q_gemm_float", "QGemm", [*matrix, bias], y, {}
    w8, ws = codes(2, 8, 4, dtype=np.int8), values(5, 4) ** 2 + np.float32(0.01)
    yield ("dynamic_quantize_mat_mul", "DynamicQuantizeMatMul",
           [("x", hidden), ("w", w8), ("ws", ws), ("wz", np.zeros(4, np.int8)), ("b", values(6, 4))], y, {})
    yield ("mat_mul_integer_to_float", "MatMulIntegerToFloat",
           [("x", codes(1, 3, 8)), ("w", w8), ("s", scale(0.02)), ("ws", ws), ("z", zero(120)), ("wz", np.zeros(4, np.int8))], y, {})
    yield from n_bits_cases()


def n_bits_cases():
    # 20 rows are one block of 16 and one of 4; ONNX Runtime wants the last one filled up. Zero points of 3 blocks begin a
    # new byte for each column. A, B, scales, zero_points, g_idx, bias.
    for bits, points in ((4, None), (4, "codes"), (4, "real"), (8, None), (8, "codes")):
        rows = 40 if points else 20
        blocks = -(-rows // 16)
        sizes = {"K": rows, "N": 6, "bits": bits, "block_size": 16}
        given = {None: None, "real": np.random.default_rng(9).integers(0, 16, 6 * blocks).astype(np.float32),
                 "codes": codes(7, 6 * -(-blocks * bits // 8))}[points]
        yield (f"mat_mul_n_bits_{bits}_{points or 'symmetric'}", "MatMulNBits",
               [("x", values(1, 2, 3, rows)), ("w", codes(2, 6, blocks, 16 * bits // 8)),
                ("s", values(3, 6 * blocks) ** 2 * np.float32(0.05)), ("z", given), ("g", None),
                ("b", values(4, 6) if points else None)], [("y", FLOAT)], sizes)


def session_of(model):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run_in_onnx_runtime(model, inputs):
    """The outputs of a model for arrays in the order of its inputs."""
    return session_of(model).run(None, {value.name: array for value, array in zip(model.graph.input, inputs)})


def cases():
    for name, op, inputs, outputs, attributes in all_cases():
        model = model_of(op, inputs, outputs, attributes, 17, "com.microsoft")
        session = session_of(model)
        arrays = {key: array for key, array in inputs if key.startswith("x")}
        results = session.run(None, arrays)
        del model.graph.output[:]
        for (key, dtype), result in zip([o for o in outputs if o[0]], results):
            model.graph.output.append(helper.make_tensor_value_info(key, dtype, result.shape))
        yield f"ort_{name}", f"com.microsoft.{op}", model, list(arrays.values()), results
