"""A workspace of any size without a model: a journal and a study.json as a long run would leave them."""
import json
import random


def crc32c(data, table=[]):
    """Castagnoli's polynomial, bit-reversed 0x82f63b78; RFC 3720."""
    if not table:
        for byte in range(256):
            for _ in range(8):
                byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
            table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def line(record):
    checked = json.dumps(record, separators=(",", ":"))[:-1]
    return f'{checked},"crc":"{crc32c(checked.encode()):08x}"}}\n'


def option(dtype, weight_bytes):
    side = {"dtype": dtype, "scheme": "asym", "granularity": "per_tensor", "algorithm": "minmax"}
    return {"activation": side if dtype == "uint8" else {"dtype": dtype},
            "weight": side | {"dtype": "int8", "bit": 7} if dtype == "uint8" else {"dtype": dtype},
            "weight_bytes": weight_bytes}


def write_synthetic_run(folder, trials, units, prefix="unit_"):
    rng = random.Random(1)
    folder.mkdir()
    names = [f"{prefix}{u:02}" for u in range(units)]
    sizes = [rng.randrange(1000, 100000) for _ in names]
    costs = [rng.random() ** 4 / 200 for _ in names]
    costs[7] = 0.02
    facts = {"format": 1, "version": "0.1.0", "git": "synthetic", "command": "", "directory": "", "ranks": 1, "threads": 1,
             "libraries": {}, "model_path": "synthetic", "model_bytes": 4 * sum(sizes), "max_trials": trials,
             "goal": {"kind": "absolute", "loss": 0.01, "higher_is_better": True}, "metric": "topk",
             "calibration": [{"samples": 100}], "config": "synthetic: true\n",
             "units": [{"name": n, "op": "Conv", "output": n + "_out", "nodes": [n],
                        "options": [option("uint8", s), option("fp32", 4 * s)], "refused": []}
                       for n, s in zip(names, sizes)]}
    (folder / "study.json").write_text(json.dumps(facts))
    samples, baseline = 10000, 0.9
    out = [line({"type": "header", "format": 1, "version": "0.1.0", "strategy": "random", "seed": 1, "isa": "none",
                 "config": "0", "model": "0", "data": "0", "space": "0"}),
           line({"type": "baseline", "accuracy": baseline, "correct": 9000, "samples": samples,
                 "sample_units": 0, "wall_s": 1.0, "worker": 0}),
           line({"type": "latency_table", "unit_ms": [[0.01, 0.03]] * units, "borders": [], "rest_ms": 0.1})]
    for trial in range(trials):
        if trial <= units:  # none, then each alone
            choice = [int(u == trial - 1) for u in range(units)]
        else:
            choice = [int(rng.random() < 0.3) for _ in names]
        loss = sum(cost for cost, is_high in zip(costs, choice) if not is_high)
        correct = round(samples * (baseline - loss))
        out.append(line({"type": "trial", "trial": trial, "candidate": f"{trial:016x}", "stage": "synthetic",
                         "changed": [{"unit": n, "to": "fp32"} for n, is_high in zip(names, choice) if is_high],
                         "verdict": "pass" if correct >= samples * (baseline - 0.01) else "fail",
                         "accuracy": correct / samples, "correct": correct, "samples": samples,
                         "sample_units": samples * units, "wall_s": 1.0, "worker": 1,
                         "latency_ms": 0.1 + sum(0.03 if is_high else 0.01 for is_high in choice),
                         "elapsed_ms": 1000 * trial, "calibration": 0, "choice": choice}))
    (folder / "trials.jsonl").write_text("".join(out))
