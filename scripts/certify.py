#!/usr/bin/env python3
"""Checks whether a tuned model does in other runtimes what its tuning promised.

    scripts/setup.sh --with-tests && scripts/certify.py WORKSPACE/best.onnx [--halftone PROGRAM] [--json]

The script reads best.yaml and run.yaml beside the model. It runs the evaluation data, as Halftone prepares them, in
ONNX Runtime and OpenVINO: one sample at a time and in batches, because a model can be right in one way and wrong in
the other. It compares top-1 accuracy, predictions and logits with Halftone's. It lists every layer that the plan
calls int8 but a runtime executes in float, with the export rule that the layer breaks (src/exec/README.md), and the
latencies beside those of the fp32 model. A model that is slower than fp32 gives a warning.
Exit code 0 certified, 6 not, 2 usage, 3 model or data, 4 files.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
DEPS = pathlib.Path(os.environ.get("HALFTONE_DEPS_DIR", TOP / ".deps"))
NOT_CERTIFIED = 6
BATCH_ONE_SAMPLES = 1000  # one by one takes long; what goes wrong with the batch shows in these
LATENCY_ROUNDS = 7


class Failure(Exception):
    """A message for the user and the exit code that goes with it."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def use_environment_with_runtimes():
    """Starts again with the Python that scripts/setup.sh --with-tests made, unless this one has all it takes."""
    try:
        import numpy  # noqa: F401
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import openvino  # noqa: F401
        import yaml  # noqa: F401
    except ImportError as error:
        python = DEPS / "python/bin/python"
        if not python.exists() or pathlib.Path(sys.executable).resolve().parent == python.resolve().parent or \
                os.environ.get("HALFTONE_CERTIFY_AGAIN"):
            raise Failure(2, f"{error}: run scripts/setup.sh --with-tests") from error
        os.environ["HALFTONE_CERTIFY_AGAIN"] = "1"
        os.execv(python, [str(python), *sys.argv])


def read_yaml(path):
    import yaml
    try:
        return yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise Failure(4, f"{path}: no such file; a model is certified in its workspace") from None
    except yaml.YAMLError as error:
        raise Failure(4, f"{path}: not YAML: {error}") from error


class Origin:
    """Where the model comes from: the config and --set words of its run, and the fp32 model."""

    def __init__(self, options, run):
        self.directory = pathlib.Path("." if options.config else run.get("directory", "."))
        if options.config:
            self.config, self.overrides = options.config, options.set
        else:
            self.config, self.overrides = self.read_command(shlex.split(run["command"]))
        if self.config is None or not (self.directory / self.config).exists():
            raise Failure(2, f"the run's config '{self.config}' is not here; name it: --config CONFIG [--set a.b=YAML]")
        is_overridden = any(word.split("=")[0] == "model.path" for word in self.overrides)
        beside = self.directory if is_overridden else (self.directory / self.config).parent
        self.fp32 = (beside / run["config"]["model"]["path"]).resolve()

    @staticmethod
    def read_command(words):
        words = words[words.index("tune") + 1:]
        config, overrides = None, []
        while words:
            word = words.pop(0)
            if word == "--set":
                overrides.append(words.pop(0))
            elif word in ("--workspace", "--log-level"):
                words.pop(0)
            elif not word.startswith("-") and config is None:
                config = word
        return config, overrides

    def words(self):
        return [self.config] + [word for assignment in self.overrides for word in ("--set", assignment)]


def halftone(options, *words, directory="."):
    try:
        done = subprocess.run([str(options.halftone), *map(str, words)], capture_output=True, text=True, check=False,
                              cwd=directory)
    except OSError as error:
        raise Failure(2, f"{options.halftone}: {error.strerror}; name the program with --halftone") from error
    if done.returncode != 0:
        raise Failure(done.returncode, f"halftone {words[0]}: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Data:
    """What Halftone feeds the model, and what it answers."""

    def __init__(self, options, origin, folder):
        import numpy
        evaluated = halftone(options, "eval", *origin.words(), "--model", options.model, "--logits",
                             folder / "logits.npy", "--save-inputs", folder, "--json", directory=origin.directory)
        self.accuracy, self.metric = evaluated["accuracy"], evaluated["metric"]
        self.logits = numpy.load(folder / "logits.npy")[:options.samples]
        self.inputs = numpy.load(folder / "inputs.npy", mmap_mode="r")[:options.samples]
        self.labels = numpy.load(folder / "labels.npy")[:options.samples]

    def top1(self, logits):
        return float((logits.argmax(axis=1) == self.labels[:len(logits)]).mean())


def onnxruntime_runner(model, _batch):
    import onnxruntime
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = os.cpu_count()
    session_options.log_severity_level = 3
    if "vnni" not in pathlib.Path("/proc/cpuinfo").read_text():  # as peer_worker: its switch for exact products
        session_options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(model), session_options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda rows: session.run(None, {name: rows})[0]


def openvino_runner(model, batch):
    import openvino
    core = openvino.Core()
    network = core.read_model(str(model))
    shape = network.inputs[0].get_partial_shape()
    if shape[0].is_dynamic:  # as it would be deployed: at this batch
        shape[0] = batch
        network.reshape({network.inputs[0]: shape})
    compiled = core.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda rows: compiled([rows])[compiled.outputs[0]]


RUNTIMES = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner}


def compared(runtime, options, data, batch):
    """Agreement of one runtime at one batch size with Halftone."""
    import numpy
    count = len(data.inputs) if batch > 1 else min(len(data.inputs), BATCH_ONE_SAMPLES)
    count -= count % batch if count >= batch else 0
    run = RUNTIMES[runtime](options.model, batch)
    outputs = []
    for first in range(0, count, batch):
        rows = numpy.asarray(data.inputs[first:first + batch])
        used = len(rows)
        if used < batch:
            rows = numpy.concatenate([rows, numpy.zeros((batch - used, *rows.shape[1:]), rows.dtype)])
        outputs.append(numpy.asarray(run(rows))[:used].reshape(used, -1))
    theirs, ours = numpy.concatenate(outputs), data.logits[:count]
    return {"runtime": runtime, "batch": batch, "samples": count, "top1": data.top1(theirs), "our_top1": data.top1(ours),
            "equal_predictions": float((theirs.argmax(axis=1) == ours.argmax(axis=1)).mean()),
            "largest_logit_difference": float(numpy.abs(theirs - ours).max())}


def producers_of(graph):
    return {output: node for node in graph.node for output in node.output}


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
    readers = [n for n in graph.node if node.output[0] in n.input]
    while len(readers) == 1 and readers[0].op_type in ("Relu", "Clip"):
        readers = [n for n in graph.node if readers[0].output[0] in n.input]
    if node.op_type == "Conv" and (len(readers) != 1 or readers[0].op_type != "QuantizeLinear"):
        return "E.4: the output is not read by one QuantizeLinear alone"
    zero_point = constants.get(sources[0].input[2]) if len(sources[0].input) > 2 else None
    if zero_point is not None and zero_point.data_type == onnx.TensorProto.INT8:
        return "E.5: int8 activations, which x86 runtimes take in part only; uint8 is safe"
    return "no rule of ours: the runtime's own choice"


def layers_in_float(options, plan):
    """By runtime: units that the plan calls int8 and the runtime runs in float."""
    import onnx
    sys.path.insert(0, str(HERE / "bench"))
    import peer_worker
    model = onnx.load(options.model)
    ours = {unit["name"]: unit for unit in plan["units"] if unit["activation"]["dtype"] in ("uint8", "int8")}
    wanted = {node: name for name, unit in ours.items() for node in unit["nodes"] if unit.get("accelerated", True)}
    found = {}
    for runtime, load in (("onnxruntime", peer_worker.with_onnxruntime), ("openvino", peer_worker.with_openvino)):
        names = load(str(options.model), 1, 1)[1]
        units = sorted({wanted[name] for name in names if name in wanted})
        found[runtime] = [{"unit": unit, "rule": broken_rule(model, unit)} for unit in units]
    return found


def latencies(options, fp32):
    """Median ms of both models in each runtime at batch 1, measured in turn; and in Halftone."""
    sys.path.insert(0, str(HERE / "bench"))
    import peer_worker
    result = {}
    for runtime, load in (("onnxruntime", peer_worker.with_onnxruntime), ("openvino", peer_worker.with_openvino)):
        runs = [load(str(model), 1, 1)[0] for model in (fp32, options.model)]
        times = [[], []]
        for _ in range(LATENCY_ROUNDS):
            for run, own in zip(runs, times):
                run()
                end = time.perf_counter() + 0.1
                while time.perf_counter() < end:
                    start = time.perf_counter()
                    run()
                    own.append(1e3 * (time.perf_counter() - start))
        result[runtime] = {"fp32_ms": statistics.median(times[0]), "best_ms": statistics.median(times[1])}
    own = [halftone(options, "bench", model, "--rounds", LATENCY_ROUNDS, "--json")["latency"]["median_ms"]
           for model in (fp32, options.model)]
    result["halftone"] = {"fp32_ms": own[0], "best_ms": own[1]}
    return result


def reasons_against(report, options):
    reasons = []
    for row in report["agreement"]:
        is_exact = row["runtime"] == "onnxruntime"
        loss = options.top1_difference if is_exact else options.merged_top1_difference
        equal = options.equal if is_exact else options.merged_equal
        where = f"{row['runtime']}, batch {row['batch']}"
        # A runtime that merges roundings may also gain by it; what must not happen is a loss.
        difference = row["our_top1"] - row["top1"]
        if (abs(difference) if is_exact else difference) > loss + 1e-9:
            reasons.append(f"{where}: top-1 {row['top1']:.4f}, Halftone's is {row['our_top1']:.4f}")
        if row["equal_predictions"] < equal:
            reasons.append(f"{where}: only {row['equal_predictions']:.2%} of the predictions are equal")
    for runtime, layers in report["layers_in_float"].items():
        reasons += [f"{runtime} runs {layer['unit']} in float: {layer['rule']}" for layer in layers]
    return reasons


def show(report):
    print(f"{'runtime':12} {'batch':>5} {'samples':>8} {'top-1':>7} {'ours':>7} {'equal':>8}  largest logit difference")
    for row in report["agreement"]:
        print(f"{row['runtime']:12} {row['batch']:5} {row['samples']:8} {row['top1']:7.4f} {row['our_top1']:7.4f} "
              f"{row['equal_predictions']:8.2%}  {row['largest_logit_difference']:.3g}")
    for runtime, layers in report["layers_in_float"].items():
        print(f"{runtime}: {'every int8 unit of the plan runs in int8' if not layers else ''}"
              + ", ".join(layer["unit"] for layer in layers) + (" in float" if layers else ""))
    for runtime, times in report["latency"].items():
        print(f"{runtime}: fp32 {times['fp32_ms']:.3g} ms, best {times['best_ms']:.3g} ms: "
              f"{times['fp32_ms'] / times['best_ms']:.2f} times as fast")
    for reason in report["reasons"]:
        print(f"not certified: {reason}")
    print("certified" if report["certified"] else "NOT CERTIFIED")


def certificate(options):
    import onnx
    if not options.model.exists():
        raise Failure(3, f"{options.model}: no such model")
    plan = read_yaml(options.model.parent / "best.yaml")
    run = read_yaml(options.model.parent / "run.yaml")
    origin = Origin(options, run)
    try:
        onnx.checker.check_model(onnx.load(options.model), full_check=True)
    except Exception as error:  # of many kinds
        raise Failure(3, f"{options.model}: not a valid ONNX model: {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        data = Data(options, origin, pathlib.Path(folder))
        batch = options.batch or run["config"]["evaluation"]["accuracy"]["dataloader"]["batch_size"]
        report = {"model": str(options.model), "metric": data.metric, "accuracy": data.accuracy,
                  "agreement": [compared(runtime, options, data, size)
                                for runtime in RUNTIMES for size in sorted({1, batch})]}
    report["layers_in_float"] = layers_in_float(options, plan)
    report["latency"] = latencies(options, origin.fp32)
    report["reasons"] = reasons_against(report, options)
    report["certified"] = not report["reasons"]
    return report


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="Exit code 0 certified, 6 not.")
    parser.add_argument("model", type=pathlib.Path, metavar="BEST.onnx")
    default = next((p for p in (TOP / "build/release/bin/halftone", TOP / "build/dev/bin/halftone") if p.exists()),
                   "halftone")
    parser.add_argument("--halftone", type=pathlib.Path, default=default, metavar="PROGRAM")
    parser.add_argument("--config", metavar="CONFIG", help="default: the one that run.yaml's command names")
    parser.add_argument("--set", action="append", default=[], metavar="a.b.c=YAML", help="with --config")
    parser.add_argument("--samples", type=int, metavar="N", help="the first N only")
    parser.add_argument("--batch", type=int, metavar="N", help="default: the evaluation's batch_size")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    limits = parser.add_argument_group("limits (OpenVINO merges roundings, so it has its own)")
    limits.add_argument("--top1-difference", type=float, default=0.001)
    limits.add_argument("--equal", type=float, default=0.995, help="share of equal predictions")
    limits.add_argument("--merged-top1-difference", type=float, default=0.005)
    limits.add_argument("--merged-equal", type=float, default=0.98)
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    options.model = options.model.resolve()
    if pathlib.Path(options.halftone).exists():
        options.halftone = pathlib.Path(options.halftone).resolve()
    try:
        use_environment_with_runtimes()
        report = certificate(options)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return failure.code
    if options.json:
        print(json.dumps(report))
    else:
        show(report)
    for runtime, times in report["latency"].items():
        if times["best_ms"] >= times["fp32_ms"]:
            print(f"warning: in {runtime} the model is not faster than fp32", file=sys.stderr)
    return 0 if report["certified"] else NOT_CERTIFIED


if __name__ == "__main__":
    sys.exit(main())
