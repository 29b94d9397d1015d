#!/usr/bin/env python3
"""Runs NNCF's accuracy control on the model, data and goal of a config, so that it can be compared with `halftone tune`.

    python3 -m venv VENV && VENV/bin/pip install nncf==3.4.0 openvino==2026.4.1 pyyaml==6.0.3
    VENV/bin/python scripts/bench/nncf_control.py        # the demo; one thread, as one worker of Halftone has
    VENV/bin/python scripts/bench/nncf_control.py --config text.yaml --drop 0.009

It gets the same samples as Halftone, which prepares them (`halftone eval --save-inputs`): those of the calibration, and
those of the evaluation. The metric is computed by scripts/certify_metrics.py, that of a detector by detection_judge.py,
which needs pycocotools==2.0.11. Other metrics are refused. A layer counts as one in int8 if OpenVINO executes it so.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import nncf
import openvino
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts"))
from certify_metrics import judges_of  # noqa: E402

BATCH = 50
LATENCY_RUNS = 400


def saved(options, config, folder):
    """{name: array [samples, …]} of the inputs, then of the targets, as Halftone prepares them for a config."""
    # Paths in a config are relative to its folder, so the changed one must stand there.
    handle, name = tempfile.mkstemp(suffix=".yaml", prefix=".nncf_", dir=options.config.parent)
    try:
        with os.fdopen(handle, "w") as file:
            yaml.safe_dump(config, file, sort_keys=False)  # the order of transforms counts
        subprocess.run([str(options.halftone), "eval", name, "--model", str(options.model), "--save-inputs", str(folder)],
                       check=True, stdout=subprocess.DEVNULL)
    finally:
        os.unlink(name)
    return {path.stem: numpy.load(path) for path in sorted(folder.glob("*.npy"))}


def items_of(arrays, ports, has_targets):
    """Batches (inputs, targets): NNCF takes parts of a data set by the number of an item."""
    arrays = dict(arrays)
    inputs = {port: arrays.pop("inputs" if len(ports) == 1 else port) for port in ports}
    targets = arrays if has_targets else {}
    samples = len(next(iter(inputs.values())))
    return [({name: array[i:i + BATCH] for name, array in inputs.items()},
             {name: array[i:i + BATCH] for name, array in targets.items()}) for i in range(0, samples, BATCH)]


def judge_of(config, folder):
    if "COCOmAP" in config["evaluation"]["accuracy"]["metric"]:
        from detection_judge import DetectionJudge  # pycocotools is needed for it alone
        return DetectionJudge(config["evaluation"]["accuracy"], folder)
    judges, unknown = judges_of(config["evaluation"]["accuracy"])
    if unknown or len(judges) != 1:
        sys.exit("; ".join(f"{name}: {why}" for name, why in unknown.items()) or "one metric is judged, not several")
    return judges[0]


def data_of(options, config, ports):
    calibration = config["quantization"]["calibration"]
    evaluation = config["evaluation"]["accuracy"]
    with tempfile.TemporaryDirectory() as folder:
        whole = items_of(saved(options, config, pathlib.Path(folder)), ports, True)
    # The samples that calibrate, through the command that evaluates: fp32 agrees with itself.
    other = {"metric": {"agreement": {}}, "dataloader": {**calibration["dataloader"], "batch_size": 1},
             "iteration": calibration["sampling_size"]}
    with tempfile.TemporaryDirectory() as folder:
        ranges = items_of(saved(options, {**config, "evaluation": {"accuracy": other}}, pathlib.Path(folder)), ports, False)
    return ranges, whole


def answers(compiled, inputs):
    return {port.get_any_name(): array for port, array in compiled(inputs).items()}


def fastest_ms(models, ports, shapes):
    """The fastest run of each model, one sample at a time, in turn: what a busy machine disturbs least."""
    requests = [model.create_infer_request() for model in models]
    sample = {name: shapes[name][:1] for name in ports}
    best = [float("inf")] * len(models)
    for _ in range(LATENCY_RUNS):
        for i, request in enumerate(requests):
            start = time.perf_counter()
            request.infer(sample)
            best[i] = min(best[i], 1e3 * (time.perf_counter() - start))
    return best


def executed_layers(compiled):
    """Layers with a weight, and how many of them OpenVINO does not execute on 8-bit codes."""
    primitives = []
    for op in compiled.get_runtime_model().get_ops():
        info = op.get_rt_info()
        if info["layerType"].value in ("Convolution", "Deconvolution", "FullyConnected"):
            primitives.append(info["primitiveType"].value)
    return len(primitives), sum(not primitive.upper().endswith("I8") for primitive in primitives)


def stay_in_fp32():
    """OpenVINO takes bf16 for fp32 where the processor has it, in every model that NNCF or this script compiles."""
    compile_model = openvino.Core.compile_model

    def in_fp32(core, model, device_name=None, config=None):
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, **(config or {})}
        return compile_model(core, model, device_name or "CPU", settings)
    openvino.Core.compile_model = in_fp32


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--config", type=pathlib.Path, default=TOP / "configs/demo/tune.yaml")
    parser.add_argument("--model", type=pathlib.Path, help="instead of the config's")
    parser.add_argument("--halftone", type=pathlib.Path, default=TOP / "build/release/bin/halftone")
    parser.add_argument("--drop", type=float, default=0.003, help="what the metric may lose, absolute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text())
    options.model = (options.model or options.config.parent / config["model"]["path"]).resolve()
    stay_in_fp32()
    core = openvino.Core()
    model = core.read_model(options.model)
    ports = [port.get_any_name() for port in model.inputs]
    judge = judge_of(config, options.config.resolve().parent)
    calibration, validation = data_of(options, config, ports)

    def validate(compiled, batches):
        outputs, targets, of_batches = [], [], []
        for inputs, wanted in batches:
            outputs.append(answers(compiled, inputs))
            targets.append(wanted)
            of_batches.append(judge.value(outputs[-1], wanted))
        whole = [{name: numpy.concatenate([part[name] for part in parts]) for name in parts[0]}
                 for parts in (outputs, targets)]
        return judge.value(*whole), of_batches

    kinds = {op.get_type_name() for op in model.get_ops()}
    transformer = nncf.ModelType.TRANSFORMER if {"MatMul", "Softmax"} <= kinds else None
    start = time.monotonic()
    usage = os.times()
    result = nncf.quantize_with_accuracy_control(
        model, nncf.Dataset(calibration, lambda item: item[0]), nncf.Dataset(validation),
        validation_fn=validate, max_drop=options.drop, drop_type=nncf.DropType.ABSOLUTE, subset_size=len(calibration),
        model_type=transformer)
    wall, used = time.monotonic() - start, sum(os.times()[:2]) - sum(usage[:2])
    compiled, original = core.compile_model(result, "CPU"), core.compile_model(core.read_model(options.model), "CPU")
    accuracy, _ = validate(compiled, validation)
    fp32, _ = validate(original, validation)
    layers, in_fp32 = executed_layers(compiled)
    print(f"NNCF {nncf.__version__}: accuracy {accuracy:.4f} (fp32 {fp32:.4f}), {in_fp32} of {layers} layers in fp32, "
          f"{wall:.1f} s")
    if options.json:
        fp32_ms, ms = fastest_ms([original, compiled], ports, validation[0][0])
        print(json.dumps({"accuracy": accuracy, "fp32": fp32, "in_fp32": in_fp32, "layers": layers, "wall_s": wall,
                          "cpu_s": used, "fp32_ms": fp32_ms, "ms": ms}))


if __name__ == "__main__":
    main()
