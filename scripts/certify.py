#!/usr/bin/env python3
"""Checks whether a tuned model does in other runtimes what its tuning promised.

    scripts/setup.sh --with-tests && scripts/certify.py WORKSPACE/best.onnx [--halftone PROGRAM] [--json]

The script reads best.yaml and run.yaml beside the model. It runs the evaluation data, as Halftone prepares them, in
ONNX Runtime and OpenVINO: one sample at a time and in batches, because a model can be right in one way and wrong in
the other. It compares the metrics of the config, predictions and outputs with Halftone's (topk, Accuracy, F1, mIOU,
MSE, RMSE, MAE, PSNR, agreement; scripts/certify_metrics.py); a metric that it cannot confirm is named, and a model
whose goal is such a metric is not certified. It lists every layer that the plan calls int8 but a runtime executes in
float, with the export rule that the layer breaks (src/exec/README.md), and the latencies beside those of the fp32
model. A convolution that makes an output of the model breaks no rule: its result stays a real number, so ONNX Runtime
computes it in float (scripts/certify_layers.py). A model that is slower than fp32 gives a warning.
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


def check_files(model):
    """Before the runtimes are loaded, which takes seconds."""
    for path in (model, model.parent / "best.yaml", model.parent / "run.yaml"):
        if not path.is_file():
            what = "no such file" if not path.exists() else "not a regular file"
            raise Failure(3 if path == model else 4, f"{path}: {what}; a model is certified in its workspace")


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

    def __init__(self, options, origin, run, folder):
        import numpy
        from certify_metrics import Unknown, judges_of, label_shift_of
        evaluation = run["config"]["evaluation"]["accuracy"]
        # The first N samples only: then Halftone's values are those of the same samples.
        fewer = [] if options.samples is None else [
            "--set", "evaluation.accuracy.dataloader.batch_size=1", "--set",
            f"evaluation.accuracy.iteration={options.samples}"]
        words = ["eval", *origin.words(), *fewer, "--model", options.model, "--save-inputs", folder, "--json"]
        try:
            evaluated = halftone(options, *words, "--logits", folder / "logits.npy", directory=origin.directory)
        except Failure as failure:
            if "--logits" not in str(failure) and "first output" not in str(failure):
                raise
            evaluated = halftone(options, *words, directory=origin.directory)  # no output with a row for each sample
        self.accuracy, self.metric = evaluated["accuracy"], evaluated["metric"]
        self.values = evaluated.get("metrics", {self.metric: self.accuracy})
        logits = folder / "logits.npy"
        self.logits = numpy.load(logits) if logits.exists() else None
        files = {path.stem: numpy.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy")) if path != logits}
        names = input_names(options.model)
        self.inputs = {name: files.pop("inputs" if len(names) == 1 else file_name(name)) for name in names}
        self.samples = len(next(iter(self.inputs.values())))
        self.judges, self.unknown = judges_of(evaluation)
        try:
            shift = label_shift_of(evaluation)
        except Unknown as why:
            self.judges, self.unknown = [], {**self.unknown, **{judge.name: str(why) for judge in self.judges}}
            shift = 0
        self.targets = {name: self.shifted(target, shift) for name, target in files.items()}

    @staticmethod
    def shifted(target, shift):
        import numpy
        return target - shift if shift and numpy.issubdtype(target.dtype, numpy.integer) else target

    def judged(self, outputs, count, fp32):
        """{metric: value} of the first `count` samples. What turns out to be beyond this script moves to `unknown`."""
        from certify_metrics import Unknown
        values = {}
        for judge in list(self.judges):
            try:
                values[judge.name] = judge.value(outputs, {name: array[:count] for name, array in self.targets.items()},
                                                 fp32)
            except Unknown as why:
                self.judges.remove(judge)
                self.unknown[judge.name] = str(why)
        return values


def input_names(model):
    import onnx
    graph = onnx.load(model).graph
    constants = {initializer.name for initializer in graph.initializer}
    return [port.name for port in graph.input if port.name not in constants]


def file_name(name):
    """As eval --save-inputs writes it."""
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "_" for c in name)


def onnxruntime_runner(model, _batch):
    import onnxruntime
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = os.cpu_count()
    session_options.log_severity_level = 3
    if "vnni" not in pathlib.Path("/proc/cpuinfo").read_text():  # as peer_worker: its switch for exact products
        session_options.add_session_config_entry("session.x64quantprecision", "1")
    # Weights by blocks: as the file says, with fp32 activations; else the runtime would round those to 8 bits.
    session_options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    session = onnxruntime.InferenceSession(str(model), session_options, providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_outputs()]
    return lambda rows: dict(zip(names, session.run(None, rows)))


def openvino_runner(model, batch):
    import openvino
    core = openvino.Core()
    network = core.read_model(str(model))
    shapes = {port: port.get_partial_shape() for port in network.inputs}
    is_dynamic = [len(shape) > 0 and shape[0].is_dynamic for shape in shapes.values()]
    for shape, is_open in zip(shapes.values(), is_dynamic):
        if is_open:  # as it would be deployed: at this batch
            shape[0] = batch
    if any(is_dynamic):
        network.reshape(shapes)
    compiled = core.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = [port.get_any_name() for port in compiled.outputs]
    return lambda rows: {name: compiled_output for name, compiled_output in zip(names, compiled(rows).values())}


RUNTIMES = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner}


def run_all(run, data, count, batch):
    """{output: array of the first `count` samples}."""
    import numpy
    pieces = []
    for first in range(0, count, batch):
        rows = {name: numpy.asarray(array[first:first + batch]) for name, array in data.inputs.items()}
        used = len(next(iter(rows.values())))
        if used < batch:  # padded: a compiled model has one batch
            rows = {name: numpy.concatenate([array, numpy.zeros((batch - used, *array.shape[1:]), array.dtype)])
                    for name, array in rows.items()}
        outputs = {name: numpy.asarray(array) for name, array in run(rows).items()}
        if any(array.ndim == 0 or len(array) != batch for array in outputs.values()):
            outputs = {name: array for name, array in outputs.items() if array.ndim and len(array) == batch}
        pieces.append({name: array[:used] for name, array in outputs.items()})
    return {name: numpy.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def compared(runtime, options, data, batch, fp32_model):
    """Agreement of one runtime at one batch size with Halftone."""
    import numpy
    count = data.samples if batch > 1 else min(data.samples, BATCH_ONE_SAMPLES)
    count -= count % batch if count >= batch else 0
    outputs = run_all(RUNTIMES[runtime](options.model, batch), data, count, batch)
    fp32 = None
    if any(judge.needs_fp32 for judge in data.judges):
        fp32 = run_all(RUNTIMES[runtime](fp32_model, batch), data, count, batch)
    row = {"runtime": runtime, "batch": batch, "samples": count, "metrics": {}}
    values = data.judged(outputs, count, fp32)
    ours = dict(data.values) if count == data.samples else {}
    if data.logits is not None and outputs:
        first = next(iter(outputs))
        theirs, own = outputs[first].reshape(count, -1), data.logits[:count].reshape(count, -1)
        row["equal_predictions"] = float((theirs.argmax(axis=1) == own.argmax(axis=1)).mean())
        row["largest_logit_difference"] = float(numpy.abs(theirs - own).max())
        # Halftone's value of a part of the samples, from its own outputs; of fp32's it gave none.
        if not ours and not any(judge.needs_fp32 for judge in data.judges):
            ours = data.judged({first: data.logits[:count].reshape(outputs[first].shape)}, count, None) \
                if all(judge.output in (None, first) for judge in data.judges) else {}
    for name, value in values.items():
        row["metrics"][name] = {"value": value, "ours": ours.get(name)}
    return row


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


def worse_by(judge, value, ours):
    """How much worse than Halftone's a runtime's value is: absolute for shares, else in parts of Halftone's."""
    worse = ours - value if judge.higher_is_better else value - ours
    return worse if judge.is_share else worse / max(abs(ours), 1e-12)


def answers_are_classes(judges):
    """Predictions are worth counting where the first output has a number for each class."""
    return any(judge.name in ("topk", "Accuracy", "F1", "agreement") and judge.is_share for judge in judges)


def reasons_against(report, options, data):
    reasons = []
    judges = {judge.name: judge for judge in data.judges}
    for row in report["agreement"]:
        is_exact = row["runtime"] == "onnxruntime"
        where = f"{row['runtime']}, batch {row['batch']}"
        for name, pair in row["metrics"].items():
            if pair["ours"] is None or name not in judges:
                continue
            judge = judges[name]
            share = options.top1_difference if is_exact else options.merged_top1_difference
            number = options.value_difference if is_exact else options.merged_value_difference
            # A runtime that merges roundings may also gain by it; what must not happen is a loss.
            worse = worse_by(judge, pair["value"], pair["ours"])
            if (abs(worse) if is_exact else worse) > (share if judge.is_share else number) + 1e-9:
                reasons.append(f"{where}: {name} {pair['value']:.6g}, Halftone's is {pair['ours']:.6g}")
        equal = options.equal if is_exact else options.merged_equal
        if answers_are_classes(data.judges) and row.get("equal_predictions", 1) < equal:
            reasons.append(f"{where}: only {row['equal_predictions']:.2%} of the predictions are equal")
    for name, why in report["unconfirmed"].items():
        if name == report["metric"] or report["metric"] not in judges:
            reasons.append(f"{name} cannot be confirmed: {why}")
    for runtime, layers in report["layers_in_float"].items():
        reasons += [f"{runtime} runs {layer['unit']} in float: {layer['rule']}" for layer in layers
                    if not layer["by_design"]]
    return reasons


def show(report):
    print(f"{'runtime':12} {'batch':>5} {'samples':>8} {'metric':>10} {'value':>9} {'ours':>9} {'equal':>8}  "
          "largest output difference")
    for row in report["agreement"]:
        equal = f"{row['equal_predictions']:8.2%}  {row['largest_logit_difference']:.3g}" if "equal_predictions" in row \
            else f"{'-':>8}  -"
        for name, pair in row["metrics"].items() or [("-", {"value": float("nan"), "ours": None})]:
            ours = "-" if pair["ours"] is None else f"{pair['ours']:.5g}"
            print(f"{row['runtime']:12} {row['batch']:5} {row['samples']:8} {name:>10} {pair['value']:9.5g} {ours:>9} {equal}")
    for name, why in report["unconfirmed"].items():
        print(f"not confirmed: {name}: {why}")
    for runtime, layers in report["layers_in_float"].items():
        print(f"{runtime}: {'every int8 unit of the plan runs in int8' if not layers else ''}"
              + ", ".join(layer["unit"] for layer in layers) + (" in float" if layers else ""))
        for layer in layers:
            if layer["by_design"]:
                print(f"{runtime}: {layer['unit']}: {layer['rule']}")
    for runtime, times in report["latency"].items():
        print(f"{runtime}: fp32 {times['fp32_ms']:.3g} ms, best {times['best_ms']:.3g} ms: "
              f"{times['fp32_ms'] / times['best_ms']:.2f} times as fast")
    for reason in report["reasons"]:
        print(f"not certified: {reason}")
    print("certified" if report["certified"] else "NOT CERTIFIED")


def certificate(options):
    import onnx
    from certify_layers import layers_in_float
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
        data = Data(options, origin, run, pathlib.Path(folder))
        batch = options.batch or run["config"]["evaluation"]["accuracy"]["dataloader"]["batch_size"]
        report = {"model": str(options.model), "metric": data.metric, "accuracy": data.accuracy,
                  "agreement": [compared(runtime, options, data, size, origin.fp32)
                                for runtime in RUNTIMES for size in sorted({1, batch})]}
        report["unconfirmed"] = data.unknown
    report["layers_in_float"] = layers_in_float(options.model, plan)
    report["latency"] = latencies(options, origin.fp32)
    report["reasons"] = reasons_against(report, options, data)
    report["certified"] = not report["reasons"]
    return report


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="Exit codes: 0 certified, "
                                     "6 not certified, 2 usage, 3 model or data, 4 files.")
    parser.add_argument("model", type=pathlib.Path, metavar="BEST.onnx",
                        help="the tuned model in its workspace, where best.yaml and run.yaml stand beside it")
    default = next((p for p in (TOP / "build/release/bin/halftone", TOP / "build/dev/bin/halftone") if p.exists()),
                   "halftone")
    parser.add_argument("--halftone", type=pathlib.Path, default=default, metavar="PROGRAM",
                        help="the program that prepares the data and is compared with; default: %(default)s")
    parser.add_argument("--config", metavar="CONFIG",
                        help="the config of the run; default: the one that run.yaml's command names")
    parser.add_argument("--set", action="append", default=[], metavar="a.b.c=YAML",
                        help="replaces a key of the config; only with --config")
    parser.add_argument("--samples", type=int, metavar="N", help="takes the first N samples only")
    parser.add_argument("--batch", type=int, metavar="N",
                        help="the batch of the second comparison; default: the evaluation's batch_size")
    parser.add_argument("--json", action="store_true", help="prints one JSON object")
    limits = parser.add_argument_group("limits (OpenVINO has its own, because it rounds "
                                       "once where the file rounds twice)")
    limits.add_argument("--top1-difference", type=float, default=0.001, metavar="X",
                        help="how much a share (topk, Accuracy, F1, mIOU, agreement) may differ from Halftone's; "
                        "default: %(default)s")
    limits.add_argument("--value-difference", type=float, default=0.01, metavar="X",
                        help="how much another metric may differ, as a part of its value; default: %(default)s")
    limits.add_argument("--equal", type=float, default=0.995, metavar="X",
                        help="the least share of equal predictions; default: %(default)s")
    limits.add_argument("--merged-top1-difference", type=float, default=0.005, metavar="X",
                        help="the first limit for OpenVINO; default: %(default)s")
    limits.add_argument("--merged-value-difference", type=float, default=0.05, metavar="X",
                        help="the second limit for OpenVINO; default: %(default)s")
    limits.add_argument("--merged-equal", type=float, default=0.98, metavar="X",
                        help="the third limit for OpenVINO; default: %(default)s")
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    options.model = options.model.resolve()
    if pathlib.Path(options.halftone).exists():
        options.halftone = pathlib.Path(options.halftone).resolve()
    try:
        check_files(options.model)
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
