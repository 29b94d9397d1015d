"""PyTorch's models to ONNX by torch's own exporters: .pt2 (an exported program) and TorchScript."""

import pathlib
import re

import common

OLDEST_FOR_PROGRAMS = (2, 5)


def version_of(text):
    """(2, 5) of "2.5.1+cpu"."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def torch_program(request):
    import numpy as np
    import torch

    if version_of(torch.__version__) < OLDEST_FOR_PROGRAMS:
        raise common.UsageError(f"a .pt2 file needs torch 2.5 or later with onnxscript, this Python has torch "
                                f"{torch.__version__}: name one with --python")
    program = torch.export.load(request["source"])
    names = list(program.graph_signature.user_inputs)
    values = {node.name: node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"}
    rng = np.random.default_rng(common.SEED)
    feeds = {}
    for name in names:
        shape = [int(n) if isinstance(n, int) else None for n in values[name].shape]
        dtype = torch.empty(0, dtype=values[name].dtype).numpy().dtype
        feeds[name] = common.random_array(common.concrete_shape(name, shape, request["shapes"], len(names)), dtype, rng)
    results = program.module()(*[torch.from_numpy(x) for x in feeds.values()])
    path = str(pathlib.Path(request["folder"]) / "model.onnx")
    import onnxscript

    try:
        exported = torch.onnx.export(program, dynamo=True, external_data=False)
        exported.save(path)
    except MemoryError:  # convert.py has its own words for it
        raise
    except Exception as error:  # a pair of versions that do not fit fails in many ways
        raise RuntimeError(f"torch {torch.__version__} with onnxscript {onnxscript.__version__} cannot export it (the "
                           "two must fit each other, as torch 2.15 and onnxscript 0.7.2 do): "
                           f"{common.short_text(error)}") from error
    inputs = [x.name for x in exported.model.graph.inputs]
    outputs = [y.name for y in exported.model.graph.outputs]
    wanted = {f"output {i}": y for i, y in enumerate(flat_arrays(results))}
    return common.result(request["folder"], common.pair_up(inputs, feeds), common.pair_up(outputs, wanted),
                         {"torch": torch.__version__, "onnxscript": onnxscript.__version__})


def flat_arrays(results):
    """Arrays of a tensor, or of a tuple, list or dictionary of them."""
    if isinstance(results, dict):
        results = list(results.values())
    if isinstance(results, (list, tuple)):
        return [array for part in results for array in flat_arrays(part)]
    return [results.detach().numpy()]


def script_inputs(module):
    """Names of the arguments of forward, without self."""
    return [argument.name for argument in module.forward.schema.arguments[1:]]


def torch_script(request):
    """The shapes of the inputs are not in the file. Floats are tried first; a net of tokens wants integers."""
    import numpy as np
    import torch

    module = torch.jit.load(request["source"], map_location="cpu").eval()
    names = script_inputs(module)
    shapes = {name: common.concrete_shape(name, None, request["shapes"], len(names)) for name in names}
    failure = None
    for dtype in ("float32", "int64"):
        rng = np.random.default_rng(common.SEED)
        feeds = {name: common.random_array(shape, dtype, rng) for name, shape in shapes.items()}
        try:
            with torch.no_grad():
                results = flat_arrays(module(*[torch.from_numpy(x) for x in feeds.values()]))
            break
        except RuntimeError as error:
            failure = failure or error
    else:
        raise failure
    outputs = request["outputs"] or [f"output{i or ''}" for i in range(len(results))]
    export_script(module, feeds, outputs, str(pathlib.Path(request["folder"]) / "model.onnx"))
    return common.result(request["folder"], list(feeds.items()), list(zip(outputs, results)), {"torch": torch.__version__})


def export_script(module, feeds, outputs, path):
    import torch

    is_old = version_of(torch.__version__) < (2, 0)
    more = {} if is_old or version_of(torch.__version__) < OLDEST_FOR_PROGRAMS else {"dynamo": False}
    torch.onnx.export(module, tuple(torch.from_numpy(x) for x in feeds.values()), path, opset_version=16 if is_old else 17,
                      input_names=list(feeds), output_names=list(outputs),
                      dynamic_axes={name: {0: "N"} for name in [*feeds, *outputs]}, **more)
