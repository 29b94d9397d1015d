"""Recipes of operators that few networks have: indices, sequences, losses, codes that are made at run time.

Importing this file adds them to RECIPES.
"""

import numpy as np
from onnx import TensorProto

from recipes import axis_of, recipe, shape


@recipe("Acosh")
def acosh(g, op):
    x = g.try_node("Exp", [g.value()])  # its domain begins at 1
    y = x and g.try_node("Add", [x[0], g.constant(np.float32(1))])
    if y:
        g.try_node(op, y)


@recipe("IsInf")
def is_inf(g, op):
    g.try_node(op, [g.value()], **({"detect_negative": 0} if g.chance(2) else {}))


@recipe("Shrink")
def shrink(g, op):
    g.try_node(op, [g.value()], lambd=g.any([0.5, 0.1]), bias=g.any([0.0, 0.25]))


@recipe("LpNormalization")
def lp_normalization(g, op):
    x = g.value()
    g.try_node(op, [x], axis=axis_of(g, x), p=g.between(1, 2))


@recipe("CumSum")
def cum_sum(g, op):
    x = g.value()
    g.try_node(op, [x, g.constant(np.int64(axis_of(g, x)))], exclusive=g.between(0, 1), reverse=g.between(0, 1))


@recipe("EyeLike")
def eye_like(g, op):
    g.try_node(op, [g.value(ranks=(2,))], dtype=TensorProto.FLOAT, k=g.between(-1, 1))


@recipe("TopK")
def top_k(g, op):
    x = g.value()
    axis = axis_of(g, x)
    size = shape(g, x)[axis] if shape(g, x) else 1
    g.try_node(op, [x, g.int64s(g.between(1, size))], outputs=2, axis=axis, largest=g.between(0, 1))


@recipe("OneHot")
def one_hot(g, op):
    indices = g.value(np.int64) if g.chance(2) else g.constant(g.rng.integers(-4, 4, (g.between(1, 3), 2)))
    g.try_node(op, [indices, g.int64s(g.between(2, 4)), g.constant(np.array([-0.5, 1], np.float32))], axis=g.any([-1, 0, 1]))


@recipe("GatherND")
def gather_nd(g, op):
    x = g.value()
    if not shape(g, x):
        return
    depth = g.between(1, len(shape(g, x)))
    rows = [[g.between(-d, d - 1) for d in shape(g, x)[:depth]] for _ in range(g.between(1, 3))]
    g.try_node(op, [x, g.constant(np.array(rows, np.int64))])


@recipe("ScatterElements")
def scatter_elements(g, op):
    x = g.value()
    if not shape(g, x):
        return
    axis = axis_of(g, x)
    size = shape(g, x)[axis]
    where = list(shape(g, x))
    where[axis] = g.between(1, size)
    # No position twice: which of two values stays is nobody's rule.
    order = np.argsort(g.rng.random(shape(g, x)), axis=axis)
    indices = np.take(order, np.arange(where[axis]), axis=axis)
    g.try_node(op, [x, g.constant(indices), g.floats(*where)], axis=axis,
               **({"reduction": "add"} if g.opset >= 16 and g.chance(2) else {}))


@recipe("ScatterND")
def scatter_nd(g, op):
    x = g.value()
    if not shape(g, x):
        return
    rows = g.rng.permutation(shape(g, x)[0])[:g.between(1, shape(g, x)[0])].reshape(-1, 1)
    g.try_node(op, [x, g.constant(rows), g.floats(rows.shape[0], *shape(g, x)[1:])],
               **({"reduction": g.any(["add", "mul"])} if g.opset >= 16 and g.chance(2) else {}))


@recipe("ReverseSequence")
def reverse_sequence(g, op):
    x = g.value(ranks=(2, 3, 4))
    if x is None:
        return
    lengths = [g.between(1, shape(g, x)[0]) for _ in range(shape(g, x)[1])]
    g.try_node(op, [x, g.int64s(*lengths)], time_axis=0, batch_axis=1)


@recipe("Einsum")
def einsum(g, op):
    x = g.value(ranks=(2, 3, 4))
    if x is None:
        return
    letters = "abcd"[:len(shape(g, x))]
    other = [shape(g, x)[-1], g.between(1, 4)]
    equation = g.any([f"{letters},{letters[-1]}z->{letters[:-1]}z", f"{letters},{letters[-1]}z->z{letters[:-1]}"])
    g.try_node(op, [x, g.floats(*other)], equation=equation)
    if g.chance(3):
        g.try_node(op, [x], equation=f"{letters}->{letters[::-1]}")


@recipe("DynamicQuantizeLinear")
def dynamic_quantize(g, op):
    g.try_node(op, [g.value()], outputs=3)


@recipe("MatMulInteger")
def mat_mul_integer(g, op):
    x = g.value(ranks=(2, 3, 4))
    codes = x and g.try_node("DynamicQuantizeLinear", [x], outputs=3)
    if not codes:
        return
    weight = g.constant(g.rng.integers(-60, 61, (shape(g, x)[-1], g.between(1, 6))).astype(np.int8))
    product = g.try_node(op, [codes[0], weight, codes[2]])
    real = product and g.try_node("Cast", product, to=TensorProto.FLOAT)
    if real:
        g.try_node("Mul", [real[0], codes[1]])


@recipe("ConvInteger")
def conv_integer(g, op):
    x = g.value(ranks=(4,))
    codes = x and g.try_node("DynamicQuantizeLinear", [x], outputs=3)
    if not codes:
        return
    # ONNX Runtime takes weights of uint8 only.
    weight = g.constant(g.rng.integers(0, 121, (g.between(1, 4), shape(g, x)[1], 1, 1)).astype(np.uint8))
    product = g.try_node(op, [codes[0], weight, codes[2]])
    real = product and g.try_node("Cast", product, to=TensorProto.FLOAT)
    if real:
        g.try_node("Mul", [real[0], codes[1]])


@recipe("GridSample")
def grid_sample(g, op):
    x = g.value(ranks=(4,))
    if x is None:
        return
    grid = g.floats(shape(g, x)[0], g.between(1, 4), g.between(1, 4), 2, low=-1.2, high=1.2)
    # "linear" was called "bilinear" before operator set 20
    mode = g.any(["nearest", "linear" if g.opset >= 20 else "bilinear"])
    g.try_node(op, [x, grid], mode=mode, padding_mode=g.any(["zeros", "border", "reflection"]),
               align_corners=g.between(0, 1))


@recipe("GroupNormalization")
def group_normalization(g, op):
    x = g.value(ranks=(3, 4))
    if x is None:
        return
    channels = shape(g, x)[1]
    groups = g.any([n for n in range(1, channels + 1) if channels % n == 0])
    # ONNX Runtime takes the difference of two large sums for a variance, which has few digits where values hardly vary.
    if g.arrays[x].reshape(shape(g, x)[0], groups, -1).var(axis=-1).min() < 1e-3:
        return
    g.try_node(op, [x, g.floats(channels, low=0.5, high=1.5), g.floats(channels)], num_groups=groups)


@recipe("RMSNormalization")
def rms_normalization(g, op):
    x = g.value(ranks=(2, 3, 4))
    if x is not None:
        g.try_node(op, [x, g.floats(shape(g, x)[-1], low=0.5, high=1.5)], axis=-1)


@recipe("RotaryEmbedding")
def rotary_embedding(g, op):
    x = g.value(ranks=(4,))
    if x is None or shape(g, x)[3] % 2:
        return
    angles = g.rng.uniform(-3, 3, (shape(g, x)[0], shape(g, x)[2], shape(g, x)[3] // 2)).astype(np.float32)
    g.try_node(op, [x, g.constant(np.cos(angles)), g.constant(np.sin(angles))], interleaved=g.between(0, 1))


@recipe("Attention")
def attention(g, op):
    q = g.value(ranks=(4,))
    if q is None:
        return
    batch, heads, _, size = shape(g, q)
    keys = g.between(1, 5)
    g.try_node(op, [q, g.floats(batch, heads, keys, size), g.floats(batch, heads, keys, g.between(1, 5))],
               is_causal=g.between(0, 1))


@recipe("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def loss(g, op):
    x = g.value(ranks=(2, 3, 4))
    if x is None:
        return
    classes = shape(g, x)[1]
    labels = g.constant(g.rng.integers(0, classes, (shape(g, x)[0], *shape(g, x)[2:])))
    g.try_node(op, [x, labels], reduction=g.any(["none", "mean", "sum"]))


@recipe("MeanVarianceNormalization")
def mean_variance(g, op):
    g.try_node(op, [g.value(ranks=(4,))])  # its default axes are those of a picture
