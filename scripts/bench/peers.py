#!/usr/bin/env python3
"""Measures Halftone against ONNX Runtime and OpenVINO, in turn, on the same files and machine with the same threads.

    scripts/bench/setup.sh && scripts/bench/models.py && cmake --preset release && cmake --build --preset release
    scripts/bench/peers.py [--only NAME,…] [--threads 1,2] [--rounds 15] [--int8 peer|ours|none] [--fastest] [--autotune] [--json OUT]

Six programs hold each model: three engines, in fp32 and int8. A round times each of them for 0.1 s, one after the
other, so that a slow phase of the machine hits all of them. A ratio is the median over the rounds of the other
engine's median divided by Halftone's: above 1, Halftone is faster. For int8, the layers that an engine ran in float
are listed.

    --int8 peer   the int8 file of ONNX Runtime's own quantizer
    --int8 ours   the file that `halftone bench --precision int8 --save` writes from the fp32 file
    --int8 none   no int8: only the fp32 files are needed
    --fastest     the fastest run of a round counts instead of the median: for a machine that others use as well
    --processor-time   the processor time of a run counts, not the time that passes: for runs so long that other programs
                  interrupt each of them
    --autotune    Halftone runs with the kernels that `halftone bench --autotune` chose just before, for the same file and
                  number of threads
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
DEPS = pathlib.Path(os.environ.get("HALFTONE_DEPS_DIR", TOP / ".deps"))
NAMES = ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_lite0", "bert_base_128"]
ENGINES = ["halftone", "onnxruntime", "openvino"]
LINEAR = ("Conv", "Gemm", "MatMul")


class Program:
    """An engine that holds a model and measures a round when it is asked to."""

    def __init__(self, engine, model, options, threads):
        self.engine = engine
        self.statistic = min if getattr(options, "fastest", False) else statistics.median
        self.counts_processor_time = getattr(options, "processor_time", False)
        self.medians = []
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        if engine == "halftone":
            words = [options.program, "bench", model, "--threads", threads, "--batch", options.batch, "--on-demand"]
        else:
            words = [DEPS / "bench/bin/python", HERE / "peer_worker.py", engine, model, threads, options.batch]
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)
        self.about = {} if engine == "halftone" else self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {self.engine} ended early (exit code {self.process.wait()})")
        return json.loads(line)

    def round(self):
        before = self.processor_ms() if self.counts_processor_time else 0
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        times = self.read()
        if not self.counts_processor_time:
            return self.medians.append(self.statistic(times))
        # Besides the runs that are told there is one that fills the caches, and Halftone's that is timed by step.
        runs = len(times) + (2 if self.engine == "halftone" else 1)
        self.medians.append((self.processor_ms() - before) / runs)

    def processor_ms(self):
        """Of all threads until now. Linux counts it in ns."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def finish(self):
        self.process.stdin.close()
        self.about.update(self.read())
        self.process.wait()

    def not_int8(self):
        if self.engine != "halftone":
            return self.about["not_int8"]
        return [s["name"] for s in self.about["units"] if s["op"] in LINEAR and s.get("dtype") != "int8"]


def ratio(other, ours):
    return statistics.median(a / b for a, b in zip(other.medians, ours.medians))


def add_options(parser, models, threads="1,2"):
    """The options that every script has which measures programs in turn at batch 1. models: the folder below build/."""
    parser.add_argument("--threads", default=threads)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--fastest", action="store_true", help="the fastest run of a round counts, not the median")
    parser.add_argument("--models", type=pathlib.Path, default=TOP / "build" / models)
    parser.add_argument("--program", type=pathlib.Path, default=TOP / "build/release/bin/halftone")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures to this file")
    parser.set_defaults(batch=1)


def measure_in_turn(programs, rounds):
    """Each round times every program once, so that a slow phase of the machine hits all of them."""
    for _ in range(rounds):
        for program in programs:
            program.round()
    for program in programs:
        program.finish()


def autotuned(path, options, threads):
    """The same model with our engine's choice of kernels in its metadata."""
    tuned = path.with_suffix(f".tuned{threads}.onnx")
    subprocess.run([str(word) for word in (options.program, "bench", path, "--autotune", "--threads", threads, "--batch",
                                           options.batch, "--rounds", 11, "--save", tuned)],
                   check=True, stdout=subprocess.DEVNULL, env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    return tuned


def measure(files, options, threads):
    ours = {kind: autotuned(path, options, threads) if options.autotune else path for kind, path in files.items()}
    programs = {(engine, kind): Program(engine, ours[kind] if engine == "halftone" else path, options, threads)
                for engine in ENGINES for kind, path in files.items()}
    measure_in_turn(programs.values(), options.rounds)
    return programs


def summary(programs):
    kinds = sorted({kind for _, kind in programs})
    row = {f"{kind}_vs_{engine}": ratio(programs[engine, kind], programs["halftone", kind])
           for kind in kinds for engine in ENGINES[1:]}
    if "int8" in kinds:
        row["int8_vs_our_fp32"] = ratio(programs["halftone", "fp32"], programs["halftone", "int8"])
    for (engine, kind), program in programs.items():
        row[f"{engine}_{kind}_ms"] = statistics.median(program.medians)
        row[f"{engine}_{kind}_mb"] = program.about["peak_memory_mb"]
        if kind == "int8":
            row[f"{engine}_not_int8"] = program.not_int8()
    return row


def print_fp32_table(rows):
    print("\n| model | threads | Halftone ms | vs ORT | vs OpenVINO |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['model']} | {row['threads']} | {row['halftone_fp32_ms']:.2f} | "
              f"{row['fp32_vs_onnxruntime']:.2f} | {row['fp32_vs_openvino']:.2f} |")


def print_table(rows):
    print("\n| model | threads | fp32 vs ORT | fp32 vs OpenVINO | int8 vs ORT | int8 vs OpenVINO | int8 vs our fp32 |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        figures = [row[key] for key in ("fp32_vs_onnxruntime", "fp32_vs_openvino", "int8_vs_onnxruntime",
                                        "int8_vs_openvino", "int8_vs_our_fp32")]
        print(f"| {row['model']} | {row['threads']} | " + " | ".join(f"{x:.2f}" for x in figures) + " |")
    print("\n| model | threads | engine | fp32 ms | int8 ms | fp32 peak MB | int8 peak MB | linear layers not in int8 |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        for engine in ENGINES:
            left = row[f"{engine}_not_int8"]
            shown = ", ".join(left[:4]) + (f" and {len(left) - 4} more" if len(left) > 4 else "")
            print(f"| {row['model']} | {row['threads']} | {engine} | {row[f'{engine}_fp32_ms']:.2f} | "
                  f"{row[f'{engine}_int8_ms']:.2f} | {row[f'{engine}_fp32_mb']:.0f} | {row[f'{engine}_int8_mb']:.0f} | "
                  f"{shown or 'none'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(NAMES), help="models, by name")
    add_options(parser, "bench_models")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--int8", choices=["peer", "ours", "none"], default="peer")
    parser.add_argument("--processor-time", action="store_true", help="processor time counts, not the time that passes")
    parser.add_argument("--autotune", action="store_true", help="choose our kernels by measurement first")
    options = parser.parse_args()
    if not options.program.exists():
        parser.error(f"{options.program} is missing: cmake --preset release && cmake --build --preset release")
    rows = []
    for name in options.only.split(","):
        files = {"fp32": options.models / f"{name}.onnx", "int8": options.models / f"{name}.int8.onnx"}
        if options.int8 == "none":
            del files["int8"]
        if options.int8 == "ours":
            files["int8"] = options.models / f"{name}.ours.onnx"
            subprocess.run([str(options.program), "bench", str(files["fp32"]), "--precision", "int8", "--rounds", "1",
                            "--save", str(files["int8"])], check=True, stdout=subprocess.DEVNULL)
        for file in files.values():
            if not file.exists():
                parser.error(f"{file} is missing: scripts/bench/models.py makes the models")
        for threads in (int(word) for word in options.threads.split(",")):
            print(f"{name}, {threads} thread{'s' if threads > 1 else ''} …", file=sys.stderr)
            rows.append({"model": name, "threads": threads, **summary(measure(files, options, threads))})
    print_fp32_table(rows) if options.int8 == "none" else print_table(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
