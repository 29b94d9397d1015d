"""Tiny ONNX models, one of each kind that LPOT's example configs are written for.

Each function returns a model whose inputs and outputs look like those of the big one: names, order, types, layout. Where a
framework's model is meant, it is what a converter would make of it.
"""
import re

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, UINT8, INT64 = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT64
RNG = numpy.random.default_rng(1611)


# By a word in a node's name: its op. The first that fits counts.
OPS = (("conv2d", "Conv"), ("depthwise", "Conv"), ("maxpool", "MaxPool"), ("avgpool", "AveragePool"), ("f_cat", "Concat"),
       ("gemm", "Gemm"), ("biasadd", "Conv"), ("convert_scores", "Sigmoid"), ("gather", "Gather"), ("shape", "Shape"),
       ("matmul", "MatMul"), ("mul", "Mul"), ("add", "Add"))
ON_PICTURES = ("Conv", "MaxPool", "AveragePool", "Concat")


class Net:
    """Nodes in order, with the weights that they need. @param rules  names of nodes that the config's op_wise has"""

    def __init__(self, rules=()):
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self.rules = [one_name(rule) for rule in rules]

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name, dtype, shape):
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def constant(self, array, name=None):
        name = name or f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def random(self, *shape):
        return self.constant(RNG.normal(0, 0.3, shape).astype(numpy.float32))

    def node(self, op, *inputs, output=None, **attributes):
        output = output or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=attributes.pop("name", output), **attributes))
        return output

    def rule_nodes(self, x, columns, ops):
        """x through one node for each rule that names such an op, with the name that the exporter would give it. The last
        dimension has so many columns; that of pictures is the second."""
        for rule in self.rules:
            op = next((op for word, op in OPS if word in rule.lower()), None)
            if op not in ops:
                continue
            # LPOT splits Gemm into MatMul and Add; a module's name becomes a path in PyTorch's export.
            name = rule.removesuffix("_MatMul") if op == "Gemm" else rule
            name = "/" + name.removeprefix("module.").replace(".", "/") + "/Concat" if "f_cat" in rule else name
            x = self.rule_node(x, op, columns, name)
        return x

    def rule_node(self, x, op, columns, name):
        if op == "Conv":
            return self.node(op, x, self.random(columns, columns, 1, 1), name=name)
        if op in ("MaxPool", "AveragePool"):
            return self.node(op, x, kernel_shape=[1, 1], name=name)
        if op == "Concat":
            return self.node(op, x, x, axis=2, name=name)
        if op == "Gather":
            return self.node(op, x, self.constant(numpy.arange(columns, dtype=numpy.int64)), axis=-1, name=name)
        if op == "Shape":
            return self.node("Reshape", x, self.node("Shape", x, name=name))
        if op in ("Mul", "Add"):
            return self.node(op, x, self.constant(numpy.float32(1.5)), name=name)
        if op == "Sigmoid":
            return self.node(op, x, name=name)
        return self.node(op, x, self.random(columns, columns), name=name)

    def floats(self, x):
        return self.node("Cast", x, to=FLOAT)

    def model(self, name):
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 7
        return model


def one_name(rule):
    """A name that the rule, perhaps a pattern, fits: Gather_* fits Gather_0, layer[1-3] fits layer1."""
    return re.sub(r"\[(.)[^]]*\]", r"\1", rule).replace("*", "0")


def channels_first(net, x, layout):
    return net.node("Transpose", x, perm=[0, 3, 1, 2]) if layout == "NHWC" else x


def picture_shape(layout, height, width, channels=3, batch="N"):
    return [batch, height, width, channels] if layout == "NHWC" else [batch, channels, height, width]


ON_ROWS = ("Gemm", "Sigmoid", "Gather", "Shape", "Mul", "Add", "MatMul")


def classifier(layout, size, classes=1001, name="input", output="predictions", channels=3, rules=()):
    """A picture to a number for each class. A stride of 16 keeps it fast at any size."""
    net = Net(rules)
    x = net.input(name, FLOAT, picture_shape(layout, size, size, channels))
    x = net.node("Conv", channels_first(net, x, layout), net.random(4, channels, 3, 3), strides=[16, 16])
    x = net.rule_nodes(net.node("Relu", x), 4, ON_PICTURES)
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    x = net.rule_nodes(x, 4, ON_ROWS)
    net.node("MatMul", x, net.random(4, classes), output=output)
    net.output(output, FLOAT, ["N", classes])
    return net.model("classifier")


def detector(layout="NHWC", height="height", width="width", dtype=UINT8, name="image_tensor", batch=1,
             boxes_name="detection_boxes", has_count=True, rules=()):
    """A picture to four detections, as TensorFlow's models end: count, boxes, scores, classes."""
    net = Net(rules)
    x = net.input(name, dtype, picture_shape(layout, height, width, batch=batch))
    x = net.floats(x) if dtype != FLOAT else x
    x = net.node("Conv", channels_first(net, x, layout), net.random(4, 3, 3, 3), strides=[8, 8], pads=[1, 1, 1, 1])
    x = net.rule_nodes(net.node("Relu", x), 4, ON_PICTURES)
    x = net.rule_nodes(net.node("Flatten", net.node("GlobalAveragePool", x)), 4, ON_ROWS)
    for output, shape in ((boxes_name, [batch, 4, 4]), ("detection_scores", [batch, 4]), ("detection_classes", [batch, 4])):
        flat = net.node("MatMul", x, net.random(4, int(numpy.prod(shape[1:]))))
        flat = net.node("Sigmoid", flat)
        flat = net.node("Ceil", flat) if output == "detection_classes" else flat
        net.node("Reshape", flat, net.constant(numpy.array([-1, *shape[1:]], numpy.int64)), output=output)
    if has_count:
        count = net.node("ReduceMean", "detection_scores", axes=[1], keepdims=0)
        count = net.node("Mul", count, net.constant(numpy.float32(0)))
        net.node("Add", count, net.constant(numpy.float32(4)), output="num_detections")
        net.output("num_detections", FLOAT, [batch])
    net.output(boxes_name, FLOAT, [batch, 4, 4])
    for output in ("detection_scores", "detection_classes"):
        net.output(output, FLOAT, [batch, 4])
    return net.model("detector")


def yolo(size=416, name="inputs", output="output_boxes", rules=()):
    """A picture to anchors with four sides of a box, how sure it is of an object, and a number for each of two classes."""
    net = Net(rules)
    x = net.input(name, FLOAT, ["N", size, size, 3])
    x = net.node("Conv", channels_first(net, x, "NHWC"), net.random(4, 3, 3, 3), strides=[16, 16])
    x = net.rule_nodes(net.node("Relu", x), 4, ON_PICTURES)
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    x = net.node("Sigmoid", net.node("MatMul", x, net.random(4, 9 * 7)))
    net.node("Reshape", x, net.constant(numpy.array([-1, 9, 7], numpy.int64)), output=output)
    net.output(output, FLOAT, ["N", 9, 7])
    return net.model("yolo")


def text(inputs, outputs, length=128, classes=2, per_token=False, vocabulary=18, rules=()):
    """Token ids, and perhaps a mask and token types, to a number for each class, or to one for each token."""
    net = Net(rules)
    ids = [net.input(name, INT64, ["N", length]) for name in inputs]
    x = net.node("Gather", net.random(vocabulary, 8), ids[0], name="embedding")
    for extra in ids[1:]:
        mask = net.node("Unsqueeze", net.floats(extra), net.constant(numpy.array([2], numpy.int64)))
        x = net.node("Add", x, mask)
    x = net.node("Relu", net.rule_nodes(net.node("MatMul", x, net.random(8, 8)), 8, ("MatMul", "Gather")))
    if not per_token:
        x = net.node("ReduceMean", x, axes=[1], keepdims=0)
    for output in outputs:
        y = net.node("MatMul", x, net.random(8, 1 if per_token else classes), **({} if per_token else {"output": output}))
        if per_token:
            net.node("Squeeze", y, net.constant(numpy.array([2], numpy.int64)), output=output)
        net.output(output, FLOAT, ["N", length] if per_token else ["N", classes])
    return net.model("text")


def dense(inputs, outputs, rules=()):
    """Inputs (name, type, shape without the batch), flattened and joined, to the outputs (name, number of columns)."""
    net, parts, columns = Net(rules), [], 0
    for name, dtype, shape in inputs:
        x = net.input(name, dtype, ["N", *shape])
        parts.append(net.node("Flatten", x if dtype == FLOAT else net.floats(x)))
        columns += int(numpy.prod(shape))
    x = net.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    x = net.node("Relu", net.rule_nodes(net.node("MatMul", x, net.random(columns, 8)), 8, ("MatMul",)))
    for name, width in outputs:
        net.node("MatMul", x, net.random(8, width), output=name)
        net.output(name, FLOAT, ["N", width])
    return net.model("dense")


def segmenter(name="ImageTensor", output="SemanticPredictions", classes=21):
    """A picture of any size to a class for each pixel."""
    net = Net()
    x = net.floats(net.input(name, UINT8, [1, "height", "width", 3]))
    x = net.node("Conv", channels_first(net, x, "NHWC"), net.random(classes, 3, 3, 3), pads=[1, 1, 1, 1])
    net.node("ArgMax", x, axis=1, keepdims=0, output=output)
    net.output(output, INT64, [1, "height", "width"])
    return net.model("segmenter")


def stylist(inputs=("style_input", "content_input"), output="transformer/expand/conv3/conv/Sigmoid", size=256):
    """Two pictures to one."""
    net, parts = Net(), []
    for name in inputs:
        x = channels_first(net, net.input(name, FLOAT, ["N", size, size, 3]), "NHWC")
        parts.append(net.node("Conv", x, net.random(3, 3, 3, 3), pads=[1, 1, 1, 1], strides=[4, 4]))
    net.node("Transpose", net.node("Sigmoid", net.node("Add", *parts)), perm=[0, 2, 3, 1], output=output)
    net.output(output, FLOAT, ["N", size // 4, size // 4, 3])
    return net.model("stylist")


def volume(size=16):
    """Four scans of a body to a class for each voxel (3D U-Net)."""
    net = Net()
    x = net.input("scans", FLOAT, ["N", 4, size, size, size])
    x = net.node("Relu", net.node("Conv", x, net.random(4, 4, 3, 3, 3), pads=[1] * 6))
    net.node("Conv", x, net.random(3, 4, 1, 1, 1), output="voxels")
    net.output("voxels", FLOAT, ["N", 3, size, size, size])
    return net.model("volume")


def speech(frames=20, features=8, hidden=8):
    """Features of sounds through an LSTM to a number for each letter and time (RNN-T's encoder)."""
    net = Net()
    x = net.node("Transpose", net.input("sound", FLOAT, ["N", frames, features]), perm=[1, 0, 2])
    x = net.node("LSTM", x, net.random(1, 4 * hidden, features), net.random(1, 4 * hidden, hidden), hidden_size=hidden)
    x = net.node("Transpose", net.node("Squeeze", x, net.constant(numpy.array([1], numpy.int64))), perm=[1, 0, 2])
    net.node("MatMul", x, net.random(hidden, 5), output="letters")
    net.output("letters", FLOAT, ["N", frames, 5])
    return net.model("speech")


def quantized_classifier(layout="NHWC", size=28, channels=1, classes=10, name="input"):
    """A classifier with QuantizeLinear and DequantizeLinear nodes, as quantization-aware training leaves it."""
    net = Net()
    scale, zero = net.constant(numpy.float32(0.05)), net.constant(numpy.int8(0))

    def rounded(x):
        return net.node("DequantizeLinear", net.node("QuantizeLinear", x, scale, zero), scale, zero)

    x = channels_first(net, net.input(name, FLOAT, picture_shape(layout, size, size, channels)), layout)
    codes = net.constant(RNG.integers(-100, 100, (4, channels, 3, 3)).astype(numpy.int8))
    weight = net.node("DequantizeLinear", codes, net.constant(numpy.float32(0.01)), zero)
    x = net.node("Relu", net.node("Conv", rounded(x), weight, strides=[8, 8]))
    x = net.node("Flatten", net.node("GlobalAveragePool", rounded(x)))
    net.node("MatMul", x, net.random(4, classes), output="y")
    net.output("y", FLOAT, ["N", classes])
    return net.model("quantized_classifier")


def save(model, path):
    onnx.save(model, str(path))
