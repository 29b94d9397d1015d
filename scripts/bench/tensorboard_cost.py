#!/usr/bin/env python3
"""Measures what tuning.tensorboard costs: runs tune with and without it in turn, and prints the ratio of each pair's
times.

    scripts/bench/tensorboard_cost.py [--program build/release/bin/halftone] [--config CONFIG] [--rounds 3] [--ranks 1]
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parents[2]


def wall_time(options, folder, is_on):
    command = [options.program, "-q", "tune", options.config, "--workspace", str(folder), "--set",
               f"tuning.tensorboard={is_on}", *options.set]
    if options.ranks > 1:
        command = ["mpirun", "-n", str(options.ranks), *command]
    start = time.monotonic()
    code = subprocess.run(command, env=os.environ, stdout=subprocess.DEVNULL, check=False).returncode
    if code not in (0, 6):
        raise SystemExit(f"error: {' '.join(command)} ended with {code}")
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(HERE / "build/release/bin/halftone"))
    parser.add_argument("--config", default=str(HERE / "configs/demo/tune.yaml"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], help="KEY=YAML for tune (repeatable)")
    options = parser.parse_args()
    options.set = [word for value in options.set for word in ("--set", value)]
    pairs = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            order = (False, True) if number % 2 == 0 else (True, False)
            times = {is_on: wall_time(options, pathlib.Path(folder) / str(is_on), is_on) for is_on in order}
        pairs.append(times)
        print(f"round {number}: off {times[False]:.2f} s, on {times[True]:.2f} s, ratio {times[True] / times[False]:.3f}",
              flush=True)
    print(f"median ratio {statistics.median(p[True] / p[False] for p in pairs):.3f}")


if __name__ == "__main__":
    main()
