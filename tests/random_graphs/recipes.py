"""How make_graphs.py makes a node of each operator: a function of the growing graph for each name.

A recipe aims at what is valid and may miss; the graph then stays as it is. RECIPES has a function for every operator of
src/kernel/ref/list.inc but those of LEFT_OUT, which random_graphs.py checks.
"""

import numpy as np
from onnx import TensorProto

# operator: why no file can hold it
LEFT_OUT = {
    "TableLookup": "the executor makes it; it is no operator of ONNX",
    "ScaledMatMulInteger": "the executor makes it; it is no operator of ONNX",
    "ScaledAttention": "the executor makes it; it is no operator of ONNX",
    "BlockMatMul": "the executor makes it; it is no operator of ONNX",
    "Swish": "ONNX has it from operator set 24 on, which is newer than what Halftone reads",
}
# The operator set in which an operator appeared, where that is newer than 13.
MIN_OPSET = {
    "Gelu": 20, "Mish": 18, "HardSwish": 14, "LayerNormalization": 17, "CastLike": 15, "Trilu": 14, "GridSample": 16,
    "GroupNormalization": 21, "Attention": 23, "RMSNormalization": 23, "RotaryEmbedding": 23, "AffineGrid": 20,
    "BitwiseAnd": 18, "BitwiseNot": 18, "BitwiseOr": 18, "BitwiseXor": 18, "BlackmanWindow": 17, "CenterCropPad": 18,
    "Col2Im": 18, "DFT": 17, "DeformConv": 19, "HammingWindow": 17, "HannWindow": 17, "MelWeightMatrix": 17,
    "OptionalGetElement": 18, "OptionalHasElement": 18, "STFT": 17,
}

RECIPES = {}


def recipe(*names):
    def add(function):
        for name in names:
            RECIPES[name] = lambda g, name=name: function(g, name)
        return function
    return add


def shape(g, name):
    return () if name is None else g.arrays[name].shape


def axis_of(g, name):
    rank = len(shape(g, name))
    return g.between(-rank, rank - 1) if rank else 0


@recipe("Abs", "Acos", "Asin", "Atan", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSwish", "Identity", "Log", "Mish", "Neg",
        "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh", "Dropout", "Asinh", "Atanh",
        "Cosh", "Sinh", "IsNaN")
def unary(g, op):
    g.try_node(op, [g.value()])


@recipe("Celu", "Elu", "HardSigmoid", "LeakyRelu", "Selu", "ThresholdedRelu")
def unary_with_alpha(g, op):
    g.try_node(op, [g.value()], **({"alpha": round(float(g.rng.uniform(0.05, 1.5)), 3)} if g.chance(2) else {}))


@recipe("Gelu")
def gelu(g, op):
    g.try_node(op, [g.value()], **({"approximate": "tanh"} if g.chance(2) else {}))


@recipe("Add", "Sub", "Mul", "Div", "Pow", "PRelu")
def arithmetic(g, op):
    x = g.value()
    kind = g.between(0, 3)
    if kind == 0 and op != "PRelu":  # ONNX broadcasts a slope to x, ONNX Runtime also x to the slope
        y = g.value()
    elif kind == 1:
        y = g.constant(np.float32(g.any([-1.0, 0.5, 2.0, 3.0])))
    else:
        y = g.floats(*shape(g, x)[-g.between(1, 2):], low=0.25 if op in ("Div", "Pow") else -1, high=1.5)
    g.try_node(op, [x, y] if op in ("Pow", "PRelu", "Div") or g.chance(2) else [y, x])


@recipe("Mod")
def mod(g, op):
    g.try_node(op, [g.value(), g.floats(1, low=0.5, high=2)], fmod=1)


@recipe("Max", "Min", "Mean", "Sum")
def variadic(g, op):
    g.try_node(op, [g.value() for _ in range(g.between(1, 3))])


@recipe("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
def comparison(g, op):
    x = g.value()
    g.try_node(op, [x, g.value() if g.chance(3) else g.constant(np.float32(g.any([0.0, 0.25])))])


@recipe("And", "Or", "Xor")
def logical(g, op):
    g.try_node(op, [g.value(np.bool_), g.value(np.bool_)])


@recipe("Not")
def negation(g, op):
    g.try_node(op, [g.value(np.bool_)])


@recipe("Where")
def where(g, op):
    g.try_node(op, [g.value(np.bool_), g.value(), g.value() if g.chance(2) else g.constant(np.float32(0.5))])


@recipe("Cast")
def cast(g, op):
    g.try_node(op, [g.value(None)], to=g.any([TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64,
                                              TensorProto.BOOL]))


@recipe("CastLike")
def cast_like(g, op):
    g.try_node(op, [g.value(None), g.value()])


@recipe("ArgMax", "ArgMin")
def arg_extreme(g, op):
    x = g.value()
    g.try_node(op, [x], axis=axis_of(g, x), keepdims=g.between(0, 1))


@recipe("Softmax", "LogSoftmax", "Hardmax")
def along_axis(g, op):
    x = g.value()
    g.try_node(op, [x], axis=axis_of(g, x))


@recipe("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
        "ReduceSum", "ReduceSumSquare")
def reduction(g, op):
    x = g.value()
    axes = [axis_of(g, x)]
    if len(shape(g, x)) > 2 and g.chance(3):
        axes = [-1, -2]
    if op == "ReduceSum" or g.opset >= 18:  # the axes became an input
        g.try_node(op, [x, g.int64s(*axes)], keepdims=g.between(0, 1))
    else:
        g.try_node(op, [x], axes=axes, keepdims=g.between(0, 1))


def window(g, spatial):
    attributes = {}
    if g.chance(2):
        attributes["strides"] = [g.between(1, 2) for _ in range(spatial)]
    if g.chance(2):
        attributes["pads"] = [g.between(0, 1) for _ in range(2 * spatial)]
    elif g.chance(4):
        attributes["auto_pad"] = g.any(["SAME_UPPER", "SAME_LOWER", "VALID"])
    return attributes


def kernel(g, x):
    return [g.between(1, min(3, d)) for d in shape(g, x)[2:]]


@recipe("MaxPool", "AveragePool", "LpPool")
def pool(g, op):
    x = g.value(ranks=(3, 4))
    attributes = window(g, len(shape(g, x)) - 2)
    if op == "AveragePool" and g.chance(2):
        attributes["count_include_pad"] = 1
    if g.chance(3) and op != "LpPool" and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    g.try_node(op, [x], kernel_shape=kernel(g, x), **attributes)


@recipe("GlobalAveragePool", "GlobalMaxPool")
def global_pool(g, op):
    g.try_node(op, [g.value(ranks=(3, 4))])


def quantized(g, x):
    """x behind QuantizeLinear and DequantizeLinear, with a range that cuts a little of it."""
    if x is None:
        return None
    scale = float(np.abs(g.arrays[x]).max()) / 120 or 0.1
    zero = np.uint8(128) if g.chance(2) else np.int8(0)
    scale, zero = g.constant(np.float32(scale)), g.constant(zero)
    codes = g.try_node("QuantizeLinear", [x, scale, zero])
    reals = codes and g.try_node("DequantizeLinear", [codes[0], scale, zero])
    return reals and reals[0]


def quantized_weight(g, axis, *dims):
    codes = g.constant(g.rng.integers(-127, 128, dims).astype(np.int8))
    channels = dims[axis]
    scale = g.floats(channels, low=0.002, high=0.01)
    made = g.try_node("DequantizeLinear", [codes, scale, g.constant(np.zeros(channels, np.int8))], axis=axis)
    return made and made[0]


@recipe("Conv")
def conv(g, op):
    x = g.value(ranks=(3, 4, 5))
    if x is None:
        return
    channels, spatial = shape(g, x)[1], len(shape(g, x)) - 2
    group = g.any([1, 1, channels])
    dims = [group * g.between(1, 4), channels // group, *kernel(g, x)]
    is_quantized = g.chance(4)
    if is_quantized:
        x, weight = quantized(g, x), quantized_weight(g, 0, *dims)
    else:
        weight = g.floats(*dims)
    inputs = [x, weight] + ([g.floats(dims[0])] if g.chance(2) else [])
    made = g.try_node(op, inputs, group=group, **window(g, spatial),
                      **({"dilations": [g.between(1, 2) for _ in range(spatial)]} if g.chance(4) else {}))
    finish(g, made, is_quantized)


def finish(g, made, is_quantized):
    """What stands behind a Conv or Gemm in real models: an activation, and its quantization."""
    if made and g.chance(2):
        made = g.try_node("Relu", made) if g.chance(2) else g.try_node("Clip", [made[0], g.constant(np.float32(0)), g.constant(np.float32(1.5))])
    if made and is_quantized:
        quantized(g, made[0])


@recipe("ConvTranspose")
def conv_transpose(g, op):
    x = g.value(ranks=(3, 4))
    if x is None:
        return
    size, attributes = kernel(g, x), window(g, len(shape(g, x)) - 2)
    if any(s > k for s, k in zip(attributes.get("strides", []), size)):
        attributes.pop("auto_pad", None)  # by ONNX's text the output is stride * input, in ONNX Runtime it is smaller
    g.try_node(op, [x, g.floats(shape(g, x)[1], g.between(1, 3), *size)], **attributes)


@recipe("Gemm")
def gemm(g, op):
    a = g.value(ranks=(2,))
    if a is None:
        return
    trans_a, trans_b, n = g.between(0, 1), g.between(0, 1), g.between(1, 8)
    inner = shape(g, a)[0 if trans_a else 1]
    is_quantized = g.chance(4) and not trans_a
    dims = [n, inner] if trans_b else [inner, n]
    if is_quantized:
        a, b = quantized(g, a), quantized_weight(g, 0 if trans_b else 1, *dims)
    else:
        b = g.floats(*dims)
    scales = {"alpha": 0.5, "beta": 2.0} if g.chance(4) and not is_quantized else {}
    finish(g, g.try_node(op, [a, b] + ([g.floats(n)] if g.chance(2) else []), transA=trans_a, transB=trans_b, **scales),
           is_quantized)


@recipe("MatMul")
def mat_mul(g, op):
    a = g.value(ranks=(2, 3, 4))
    if a is None:
        return
    inner = shape(g, a)[-1]
    made = g.try_node(op, [a, g.value(ranks=(2, 3)) if g.chance(4) else g.floats(inner, g.between(1, 8))])
    if made and g.chance(2):
        g.try_node("Add", [made[0], g.floats(g.arrays[made[0]].shape[-1])])


@recipe("BatchNormalization")
def batch_normalization(g, op):
    x = g.value(ranks=(2, 3, 4))
    if x is not None:
        c = shape(g, x)[1]
        g.try_node(op, [x, g.floats(c), g.floats(c), g.floats(c), g.floats(c, low=0.5, high=2)])


@recipe("InstanceNormalization")
def instance_normalization(g, op):
    x = g.value(ranks=(3, 4))
    # Of a single element the result is the bias; ONNX Runtime subtracts two products there, which may be large.
    if x is not None and np.prod(shape(g, x)[2:]) > 1:
        g.try_node(op, [x, g.floats(shape(g, x)[1]), g.floats(shape(g, x)[1])], epsilon=0.01)


@recipe("LayerNormalization")
def layer_normalization(g, op):
    x = g.value(ranks=(2, 3, 4))
    if x is not None:
        g.try_node(op, [x, g.floats(shape(g, x)[-1]), g.floats(shape(g, x)[-1])], axis=-1, epsilon=0.01)


@recipe("LRN")
def lrn(g, op):
    g.try_node(op, [g.value(ranks=(4,))], size=g.any([1, 3]))


@recipe("Clip")
def clip(g, op):
    low, high = g.constant(np.float32(-0.5)), g.constant(np.float32(0.75))
    g.try_node(op, [g.value(), g.any([low, ""]), g.any([high, ""])])


@recipe("Reshape")
def reshape(g, op):
    x = g.value(None)
    size = int(np.prod(shape(g, x)))
    first = g.any([d for d in (1, 2, 3, 4) if size % d == 0])
    g.try_node(op, [x, g.int64s(*g.any([(-1,), (0, -1), (first, -1), (1, 1, size), (first, 1, -1, 1)]))])


@recipe("Flatten")
def flatten(g, op):
    x = g.value()
    g.try_node(op, [x], axis=axis_of(g, x))


@recipe("Transpose")
def transpose(g, op):
    x = g.value(None)
    if shape(g, x):
        g.try_node(op, [x], perm=g.rng.permutation(len(shape(g, x))).tolist())


@recipe("Squeeze")
def squeeze(g, op):
    x = g.value(None)
    ones = [i for i, d in enumerate(shape(g, x)) if d == 1]
    if ones:
        g.try_node(op, [x, g.int64s(g.any(ones))])


@recipe("Unsqueeze")
def unsqueeze(g, op):
    x = g.value(None)
    g.try_node(op, [x, g.int64s(g.between(0, len(shape(g, x))))])


@recipe("Concat")
def concat(g, op):
    x = g.value(None)
    axis = axis_of(g, x)
    fitting = [n for n in g.order if g.arrays[n].dtype == g.arrays[x].dtype and g.arrays[n].shape == shape(g, x)]
    g.try_node(op, [x] + [g.any(fitting) for _ in range(g.between(1, 2))], axis=axis)


@recipe("Split")
def split(g, op):
    x = g.value()
    axis = axis_of(g, x)
    size = shape(g, x)[axis] if shape(g, x) else 1
    if size > 1:
        first = g.between(1, size - 1)
        g.try_node(op, [x, g.int64s(first, size - first)], outputs=2, axis=axis)


@recipe("Slice")
def slice_(g, op):
    x = g.value(None)
    g.try_node(op, [x, g.int64s(g.between(-3, 1)), g.int64s(g.any([2**62, -1, 2])), g.int64s(axis_of(g, x)),
                    g.int64s(g.any([1, 1, 2]))])


@recipe("Gather")
def gather(g, op):
    x = g.value()
    g.try_node(op, [x, g.int64s(0, -1) if g.chance(2) else g.constant(np.int64(0))], axis=axis_of(g, x))


@recipe("GatherElements")
def gather_elements(g, op):
    x = g.value()
    axis = axis_of(g, x)
    size = shape(g, x)[axis] if shape(g, x) else 1
    g.try_node(op, [x, g.constant(g.rng.integers(-size, size, shape(g, x)))], axis=axis)


@recipe("Pad")
def pad(g, op):
    x = g.value()
    g.try_node(op, [x, g.int64s(*[g.between(0, 1) for _ in range(2 * len(shape(g, x)))])],
               mode=g.any(["constant", "reflect", "edge"]))


@recipe("Tile")
def tile(g, op):
    x = g.value()
    g.try_node(op, [x, g.int64s(*[g.between(1, 2) for _ in shape(g, x)])])


@recipe("Expand")
def expand(g, op):
    x = g.value()
    g.try_node(op, [x, g.int64s(g.between(1, 2), *[g.between(1, 3) if d == 1 else d for d in shape(g, x)])])


@recipe("Resize")
def resize(g, op):
    x = g.value(ranks=(3, 4))
    if x is None:
        return
    scales = [g.any([0.5, 1.5, 2.0]) for _ in shape(g, x)[2:]]
    mode = g.any(["nearest", "linear"])
    place = g.any(["half_pixel", "asymmetric", "align_corners"])
    g.try_node(op, [x, "", g.constant(np.array([1, 1, *scales], np.float32))], mode=mode, coordinate_transformation_mode=place,
               **({"nearest_mode": g.any(["round_prefer_floor", "floor"])} if mode == "nearest" else {}))


@recipe("DepthToSpace", "SpaceToDepth")
def blocks(g, op):
    g.try_node(op, [g.value(ranks=(4,))], blocksize=2)


@recipe("Trilu")
def trilu(g, op):
    g.try_node(op, [g.value(ranks=(2, 3, 4))], upper=g.between(0, 1))


@recipe("QuantizeLinear", "DequantizeLinear")
def quantize(g, op):
    quantized(g, g.value())


@recipe("Shape", "Size")
def shape_of(g, op):
    g.try_node(op, [g.value()])


@recipe("ConstantOfShape")
def constant_of_shape(g, op):
    g.try_node(op, [g.int64s(g.between(1, 3), 2)])


@recipe("Range")
def range_(g, op):
    g.try_node(op, [g.constant(np.float32(0.5)), g.constant(np.float32(g.between(2, 6))), g.constant(np.float32(0.75))])


@recipe("LSTM", "GRU", "RNN")
def recurrent(g, op):
    x = g.value(ranks=(3,))
    if x is None:
        return
    gates, hidden = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], g.between(1, 4)
    direction = g.any(["forward", "reverse", "bidirectional"])
    d = 2 if direction == "bidirectional" else 1
    inputs = [x, g.floats(d, gates * hidden, shape(g, x)[2]), g.floats(d, gates * hidden, hidden)]
    if g.chance(2):
        inputs.append(g.floats(d, 2 * gates * hidden))
    g.try_node(op, inputs, hidden_size=hidden, direction=direction)
