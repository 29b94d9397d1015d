"""Layers of a tuned model that another runtime does not run in int8, for scripts/certify.py, and why.

    layers_in_float(path, plan)         plan: best.yaml as a dictionary; {runtime: [{unit, rule, by_design}]}

`rule` is the export rule (src/exec/README.md) that the layer breaks. Where `by_design` is true it breaks none, and `rule`
says why the runtime has to compute in float there.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def producers_of(graph):
    return {output: node for node in graph.node for output in node.output}


def output_of_unit(graph, node):
    """The value behind a node and the Relu or Clip that is fused with it."""
    value, outputs = node.output[0], {port.name for port in graph.output}
    while value not in outputs:
        readers = [n for n in graph.node if value in n.input]
        if len(readers) != 1 or readers[0].op_type not in ("Relu", "Clip"):
            break
        value = readers[0].output[0]
    return value


def reason_by_design(model, unit):
    """Why a layer is in float although no rule is broken, or None. `unit` is its entry in the plan. A convolution whose
    result is an output of the model, or goes to the part of the model that is never quantized (the tail), writes real
    numbers. ONNX Runtime's QLinearConv cannot do that; it runs the convolution in float on the same codes, with the same
    result. OpenVINO runs it in int8. A unit that keeps what the model's own file gives may have int8 activations, as TFLite's
    files do; where a runtime does not take those, it did not take them in the user's file either."""
    activation = unit.get("activation", {})
    if activation.get("algorithm") == "given" and activation.get("dtype") == "int8":
        return "it keeps the int8 activations of the model's own file, which x86 runtimes take in part only"
    node = next((n for n in model.graph.node if n.name == unit["name"]), None)
    if node is None or node.op_type != "Conv" or unit.get("output") != "fp32":
        return None
    value = output_of_unit(model.graph, node)
    if value in {port.name for port in model.graph.output}:
        return f"it makes '{value}', an output of the model, which stays a real number"
    return f"it makes '{value}', which stays a real number, because what follows is not quantized"


def broken_rule(model, name):
    """The export rule (src/exec/README.md) that keeps a layer out of int8, as far as the file shows it."""
    import onnx
    from onnx import numpy_helper
    graph = model.graph
    node = next((n for n in graph.node if n.name == name), None)
    if node is None:
        return "the file has no node of this name"
    if next(o.version for o in model.opset_import if o.domain == "") < 13:
        return "E.1: the opset is below 13"
    made_by, constants = producers_of(graph), {i.name: i for i in graph.initializer}
    sources = [made_by.get(value) for value in node.input]
    if any(source is None or source.op_type != "DequantizeLinear" for source in sources[:2]):
        return "E.2: input or weight is not read through a DequantizeLinear"
    weight = constants.get(sources[1].input[0])
    if weight is None or weight.data_type != onnx.TensorProto.INT8:
        return "E.2: the weight is not an int8 initializer"
    if len(sources[1].input) > 2 and numpy_helper.to_array(constants[sources[1].input[2]]).any():
        return "E.8: the weight has zero points"
    if len(node.input) > 2 and node.input[2]:
        bias = sources[2]
        if bias is None or bias.op_type != "DequantizeLinear":
            return "E.3: the bias is not int32 behind a DequantizeLinear"
    if any(a.name == "beta" and a.f != 1 for a in node.attribute):
        return "E.5: beta is not 1"
    value = output_of_unit(graph, node)
    readers = [n for n in graph.node if value in n.input]
    if node.op_type == "Conv" and (len(readers) != 1 or readers[0].op_type != "QuantizeLinear"):
        return "E.4: the output is not read by one QuantizeLinear alone"
    zero_point = constants.get(sources[0].input[2]) if len(sources[0].input) > 2 else None
    if zero_point is not None and zero_point.data_type == onnx.TensorProto.INT8:
        return "E.5: int8 activations, which x86 runtimes take in part only; uint8 is safe"
    return "no rule of ours: the runtime's own choice"


def layers_in_float(path, plan):
    """By runtime: units that the plan calls int8 and the runtime runs in float, each with the reason."""
    import onnx
    sys.path.insert(0, str(HERE / "bench"))
    import peer_worker
    model = onnx.load(path)
    ours = {unit["name"]: unit for unit in plan["units"] if unit["activation"]["dtype"] in ("uint8", "int8")}
    wanted = {node: name for name, unit in ours.items() for node in unit["nodes"] if unit.get("accelerated", True)}
    found = {}
    for runtime, load in (("onnxruntime", peer_worker.with_onnxruntime), ("openvino", peer_worker.with_openvino)):
        names = load(str(path), 1, 1)[1]
        units = sorted({wanted[name] for name in names if name in wanted})
        reasons = {unit: reason_by_design(model, ours[unit]) for unit in units}
        found[runtime] = [{"unit": unit, "rule": why or broken_rule(model, unit), "by_design": why is not None}
                          for unit, why in reasons.items()]
    return found
