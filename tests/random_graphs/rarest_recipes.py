"""Recipes of operators for signals, pictures and bits, and of those whose shapes depend on data.

Importing this file adds them to RECIPES.
"""

import numpy as np
from onnx import TensorProto

from recipes import axis_of, recipe, shape


def scalar(g, number, dtype=np.int64):
    return g.constant(dtype(number))


def whole_numbers(g, dtype):
    """A value of integers of this type: one of the graph, or a Cast of a real one."""
    found = g.value(dtype)
    if found is not None and g.chance(2):
        return found
    bounded = g.try_node("Clip", [g.value(), scalar(g, 0, np.float32), scalar(g, 100, np.float32)])
    made = bounded and g.try_node("Cast", bounded, to={np.int64: TensorProto.INT64, np.int32: TensorProto.INT32,
                                                       np.uint8: TensorProto.UINT8}[dtype])
    return made and made[0]


@recipe("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(g, op):
    dtype = g.any([np.int64, np.int32, np.uint8])
    x = whole_numbers(g, dtype)
    if x is None:
        return
    size = shape(g, x)[-1] if shape(g, x) else 1
    other = g.constant(g.rng.integers(0 if dtype is np.uint8 else -100, 100, g.any([(), (size,)])).astype(dtype))
    g.try_node(op, [x, other] if g.chance(2) else [other, x])


@recipe("BitwiseNot")
def bitwise_not(g, op):
    g.try_node(op, [whole_numbers(g, g.any([np.int64, np.int32, np.uint8]))])


@recipe("BitShift")
def bit_shift(g, op):
    x = whole_numbers(g, np.uint8)  # the only unsigned type that Halftone has
    if x is not None:
        g.try_node(op, [x, g.constant(g.rng.integers(0, 8, g.any([(), shape(g, x)])).astype(np.uint8))],
                   direction=g.any(["LEFT", "RIGHT"]))


@recipe("BlackmanWindow", "HammingWindow", "HannWindow")
def window_function(g, op):
    made = g.try_node(op, [scalar(g, g.between(1, 12))], periodic=g.between(0, 1))
    x = g.value()
    if made and shape(g, x)[-1:] == shape(g, made[0]):
        g.try_node("Mul", [x, made[0]])


@recipe("MelWeightMatrix")
def mel_weight_matrix(g, op):
    low = float(g.between(0, 200))
    g.try_node(op, [scalar(g, g.between(1, 8)), scalar(g, g.between(2, 32)), scalar(g, g.any([8000, 16000])),
                    scalar(g, low, np.float32), scalar(g, low + g.between(500, 3500), np.float32)])


def as_signal(g, ranks):
    """A real value with a last dimension of 1, as signals of real numbers have it."""
    made = g.try_node("Unsqueeze", [g.value(ranks=ranks), g.int64s(-1)])
    return made and made[0]


@recipe("DFT")
def dft(g, op):
    x = as_signal(g, (2, 3, 4))
    if x is None:
        return
    axis = g.between(0, len(shape(g, x)) - 2)
    at = {} if g.opset >= 20 else {"axis": axis}  # the axis became an input
    place = [scalar(g, axis)] if g.opset >= 20 else []

    def length(signal):
        return scalar(g, g.between(1, shape(g, signal)[axis] + 2)) if g.chance(3) else ""

    one_sided = g.between(0, 1)
    made = g.try_node(op, [x, length(x), *place], onesided=one_sided, **at)
    if made and not one_sided and g.chance(2):
        g.try_node(op, [made[0], length(made[0]), *place], inverse=1, **at)


@recipe("STFT")
def stft(g, op):
    x = as_signal(g, (2,))
    if x is None:
        return
    frame = g.between(1, shape(g, x)[1])
    inputs = [x, scalar(g, g.between(1, 3))]
    inputs += [g.floats(frame, low=0, high=1)] if g.chance(2) else ["", scalar(g, frame)]
    g.try_node(op, inputs, onesided=g.between(0, 1))


@recipe("Det")
def det(g, op):
    x = g.value(ranks=(2, 3, 4))
    if x is None:
        return
    n = min(shape(g, x)[-2:])
    square = g.try_node("Slice", [x, g.int64s(0, 0), g.int64s(n, n), g.int64s(-2, -1)])
    if square:
        g.try_node(op, square)


@recipe("MaxUnpool")
def max_unpool(g, op):
    x = g.value(ranks=(3, 4))
    if x is None:
        return
    sizes = {"kernel_shape": [min(2, d) for d in shape(g, x)[2:]]}
    sizes["strides"] = sizes["kernel_shape"]  # else one place may be the largest of two windows
    pooled = g.try_node("MaxPool", [x], outputs=2, **sizes)
    if pooled:
        # Of what was not divided evenly, ONNX Runtime reads the indices otherwise (README.md).
        is_even = all(d % k == 0 for d, k in zip(shape(g, x)[2:], sizes["kernel_shape"]))
        g.try_node(op, pooled + ([g.int64s(*shape(g, x))] if is_even and g.chance(2) else []), **sizes)


@recipe("AffineGrid")
def affine_grid(g, op):
    samples, spatial, align_corners = g.between(1, 2), g.between(2, 3), g.between(0, 1)
    # With aligned corners, ONNX Runtime has a single point at -1 (README.md).
    size = [samples, g.between(1, 3), *(g.between(1 + align_corners, 4) for _ in range(spatial))]
    theta = [g.floats(samples, spatial, spatial + 1)]
    if g.chance(2):
        theta = g.try_node("Add", [theta[0], g.value(ranks=(2, 3))]) or theta
    grid = g.try_node(op, [theta[0], g.int64s(*size)], align_corners=align_corners)
    x = g.value(ranks=(4,))
    if grid and x and shape(g, x)[0] == samples and spatial == 2:
        g.try_node("GridSample", [x, grid[0]], align_corners=g.between(0, 1))


@recipe("CenterCropPad")
def center_crop_pad(g, op):
    x = g.value()
    axes = sorted(g.rng.permutation(len(shape(g, x)))[:g.between(1, 3)].tolist())
    sizes = [max(1, shape(g, x)[a] + g.between(-2, 2)) for a in axes]
    if axes:
        g.try_node(op, [x, g.int64s(*sizes)], axes=[a - len(shape(g, x)) for a in axes] if g.chance(3) else axes)


@recipe("Col2Im")
def col2im(g, op):
    x = g.value(ranks=(3,))
    if x is None:
        return
    channels, positions = shape(g, x)[1:]
    block = [g.any([n for n in (1, 2, 3) if channels % n == 0]), 1]
    if channels % (2 * block[0]) == 0:
        block[1] = g.between(1, 2)
    strides, dilations = [g.between(1, 2), g.between(1, 2)], [g.between(1, 2), g.between(1, 2)]
    rows = g.any([n for n in range(1, positions + 1) if positions % n == 0])
    pad = g.between(0, 1)
    image = [(count - 1) * s + d * (b - 1) + 1 - 2 * pad
             for count, s, d, b in zip((rows, positions // rows), strides, dilations, block)]
    if min(image) > 0:
        g.try_node(op, [x, g.int64s(*image), g.int64s(*block)], strides=strides, dilations=dilations, pads=[pad] * 4)


@recipe("DeformConv")
def deform_conv(g, op):
    x = g.value(ranks=(4,))
    if x is None:
        return
    n, channels, height, width = shape(g, x)
    group = g.any([1, channels])
    offset_group = g.any([1, channels])
    kernel = [g.between(1, min(2, height)), g.between(1, min(2, width))]
    taps, plane = kernel[0] * kernel[1], (height - kernel[0] + 1, width - kernel[1] + 1)
    out_channels = group * g.between(1, 2)
    inputs = [x, g.floats(out_channels, channels // group, *kernel),
              g.floats(n, offset_group * taps * 2, *plane, low=-1.3, high=1.3)]
    if g.chance(2):
        inputs += [g.floats(out_channels), g.floats(n, offset_group * taps, *plane, low=0, high=1)]
    g.try_node(op, inputs, group=group, offset_group=offset_group)


@recipe("RoiAlign")
def roi_align(g, op):
    x = g.value(ranks=(4,))
    if x is None:
        return
    n, _, height, width = shape(g, x)
    regions = g.between(1, 3)
    corners = g.rng.uniform(-1, 1.2, (regions, 2)) * [width, height]
    boxes = np.concatenate([corners, corners + g.rng.uniform(0.2, 1, (regions, 2)) * [width, height]], axis=1)
    attributes = {"coordinate_transformation_mode": g.any(["half_pixel", "output_half_pixel"])} if g.opset >= 16 else {}
    g.try_node(op, [x, g.constant(boxes.astype(np.float32)), g.constant(g.rng.integers(0, n, regions))],
               mode=g.any(["avg", "max"]), output_height=g.between(1, 3), output_width=g.between(1, 3),
               sampling_ratio=g.between(0, 2), spatial_scale=g.any([1.0, 0.5]), **attributes)


@recipe("TfIdfVectorizer")
def tf_idf(g, op):
    x = whole_numbers(g, g.any([np.int64, np.int32]))
    if x is not None and len(shape(g, x)) > 2:
        flat = g.try_node("Flatten", [x])
        x = flat and flat[0]
    pairs = g.between(0, 3)
    places = g.rng.permutation(9)[:pairs]  # of pairs of 0, 1 and 2; none of them twice
    weights = {"weights": g.rng.uniform(0.5, 2, 3 + pairs).tolist()} if g.chance(2) else {}
    g.try_node(op, [x], mode=g.any(["TF", "IDF", "TFIDF"]), min_gram_length=1, max_gram_length=2,
               max_skip_count=g.between(0, 2), ngram_counts=[0, 3], ngram_indexes=g.rng.permutation(3 + pairs).tolist(),
               pool_int64s=[0, 1, 2] + np.stack([places // 3, places % 3], axis=1).ravel().tolist(), **weights)


@recipe("OptionalGetElement", "OptionalHasElement")
def optional(g, op):
    g.try_node(op, [g.value(None)])


# The four below have shapes that depend on data. One in four of them reads a value that the graph computes: what
# follows is a tail then, which runs behind the session. The others read constants, so that their shapes are known.
def known_or_computed(g, array, ranks=None):
    """The name of a value and its shape."""
    computed = g.value(ranks=ranks) if g.chance(4) else None
    return (computed, shape(g, computed)) if computed else (g.constant(array.astype(np.float32)), array.shape)


@recipe("NonZero")
def non_zero(g, op):
    x, _ = known_or_computed(g, g.rng.integers(-1, 2, (g.between(1, 3), g.between(1, 5))))
    zeros = g.try_node("Relu", [x])
    if zeros and shape(g, zeros[0]):  # of a scalar, ONNX Runtime gives one index too much (README.md)
        g.try_node(op, zeros)


@recipe("Compress")
def compress(g, op):
    x = g.value()
    if not shape(g, x):
        return
    axis = axis_of(g, x)
    condition = g.constant(g.rng.random(g.between(1, shape(g, x)[axis])) < 0.6)
    if g.chance(4):
        flat = g.try_node("Flatten", [g.value()], axis=0)
        is_positive = flat and g.try_node("Greater", [flat[0], scalar(g, 0, np.float32)])
        made = is_positive and g.try_node("Slice", [is_positive[0], g.int64s(0), g.int64s(shape(g, x)[axis]), g.int64s(1)])
        row = made and g.try_node("Reshape", [made[0], g.int64s(-1)])
        condition = row[0] if row else condition
    g.try_node(op, [x, condition], **({"axis": axis} if g.chance(2) else {}))


@recipe("Unique")
def unique(g, op):
    x, _ = known_or_computed(g, g.rng.integers(-2, 3, (g.between(1, 4), g.between(1, 3))))
    rounded = g.try_node("Round", [x])  # else hardly two numbers are equal
    if rounded:
        along = {"axis": axis_of(g, rounded[0])} if g.chance(2) else {}
        g.try_node(op, rounded, outputs=4, sorted=g.between(0, 1), **along)


@recipe("NonMaxSuppression")
def non_max_suppression(g, op):
    known = g.rng.random((g.between(1, 2), g.between(1, 3), g.between(1, 6)))
    scores, (samples, _, boxes) = known_or_computed(g, known, ranks=(3,))
    corners = g.rng.uniform(0, 2, (samples, boxes, 2))
    places = np.concatenate([corners, corners + g.rng.uniform(0.3, 2, (samples, boxes, 2))], axis=2).astype(np.float32)
    inputs = [g.constant(places), scores, scalar(g, g.between(1, 4)), scalar(g, g.any([0.2, 0.5]), np.float32)]
    g.try_node(op, inputs + ([scalar(g, 0.1, np.float32)] if g.chance(2) else []), center_point_box=g.between(0, 1))
