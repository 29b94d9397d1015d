#!/usr/bin/env python3
"""Answers three questions about a run from its study.h5, with h5py and pandas. It is an example: copy it and change
it.

    halftone report WORKSPACE --study study.h5 && scripts/analyse_study.py study.h5

Which units cost the accuracy? Which candidates are within the noise of the best? What would the accuracy be with k
units in high precision?
"""

import math
import os
import pathlib
import sys
try:
    import h5py
    import numpy
    import pandas
except ImportError as error:  # start again with the Python that scripts/setup.sh made
    deps = os.environ.get("HALFTONE_DEPS_DIR", str(pathlib.Path(__file__).resolve().parent.parent / ".deps"))
    python = f"{deps}/report/bin/python"
    is_missing = not os.path.exists(python) or os.environ.get("HALFTONE_REPORT_AGAIN")
    if not is_missing:
        os.execve(python, [python, *sys.argv], {**os.environ, "HALFTONE_REPORT_AGAIN": "1"})
    if not {"-h", "--help"} & set(sys.argv):  # the help needs none of the packages
        sys.exit(f"error: {error}: run scripts/setup.sh")


def table(study, group):
    """A group's 1-D datasets as columns; enums as words, texts as str."""
    columns = {}
    for name, data in study.get(group, {}).items():
        if isinstance(data, h5py.Dataset) and data.ndim == 1:
            enum = h5py.check_enum_dtype(data.dtype)
            values = data.asstr()[()] if data.dtype.kind == "S" else data[()]
            columns[name] = [dict(map(reversed, enum.items()))[code] for code in values] if enum else values
    return pandas.DataFrame(columns)


def high_precision(study):
    """[trial, unit]: whether a unit that could be quantized is not."""
    codes = study["/plans/dtype"][()]
    enum = h5py.check_enum_dtype(study["/plans/dtype"].dtype)
    plans = numpy.isin(codes, [enum["fp32"], enum["bf16"]])
    return plans & ~plans.all(axis=0, keepdims=True)


def unit_costs(study, trials, plans):
    """What each unit costs, largest first: accuracy that it alone gives back, else error of its output."""
    units, sensitivity = table(study, "/units").name, table(study, "/sensitivity")
    base = trials.accuracy[plans.sum(axis=1) == 0].max()
    alone = [(units[plans[t].argmax()], trials.accuracy[t] - base)
             for t in numpy.flatnonzero(plans.sum(axis=1) == 1) if not math.isnan(trials.accuracy[t])]
    if len(alone) > 2:
        costs = pandas.DataFrame(alone, columns=["unit", "accuracy given back"])
    elif len(sensitivity) and (sensitivity.kind == "unit_errors").any():
        errors = sensitivity[sensitivity.kind == "unit_errors"]
        costs = errors[errors.probe == errors.probe.max()][["name", "relative", "sqnr_db"]]
        costs = costs.rename(columns={"name": "unit", "relative": "noise to signal"})
    else:
        return pandas.DataFrame()
    return costs.sort_values(costs.columns[1], ascending=False, ignore_index=True)


def within_noise(trials):
    """Trials whose difference from the best is no larger than chance: two-sided z-test, 5 %."""
    scored = trials[trials.accuracy.notna() & (trials.correct >= 0)]
    best = scored.loc[scored.accuracy.idxmax()]
    share = (scored.correct + best.correct) / (scored.samples + best.samples)
    z = (best.accuracy - scored.accuracy) / numpy.sqrt(share * (1 - share) * (1 / scored.samples + 1 / best.samples))
    near = scored.assign(z=z)[z < 1.96].sort_values(["high_precision_units", "z"])
    return near[["trial", "stage", "accuracy", "high_precision_units", "bytes", "z"]]


def by_units(study, trials, plans, costs, units, baseline):
    """For each k: the best accuracy that was measured with k units in high precision, and a fit of the loss.

    The fit: loss = a * (noise of the units that stay quantized), a by least squares over the trials that differ from
    the probed candidate by what fell back.
    """
    counts = plans.sum(axis=1)
    rows = trials.assign(k=counts)[trials.accuracy.notna()]
    measured = rows.groupby("k").accuracy.max()
    result = pandas.DataFrame({"measured": measured})
    if "noise to signal" in costs and len(rows):
        noise = costs.set_index("unit")["noise to signal"].reindex(units).fillna(0).to_numpy()
        options, probed = study["/plans/option"][()], table(study, "/sensitivity").candidate.iloc[-1]
        base = options[trials.candidate.tolist().index(probed)] if probed in set(trials.candidate) else options[0]
        rows = rows[((options == base) | plans).all(axis=1)[rows.index]]
        left = (~plans[rows.index]) @ noise
        a = (left @ (baseline - rows.accuracy)) / max(left @ left, 1e-300)
        order = numpy.sort(noise)[::-1]
        fit = {k: baseline - a * order[k:].sum() for k in range(len(units) + 1)}
        result = result.reindex(sorted(set(fit) | set(measured.index)))
        result["fit, largest errors first"] = pandas.Series(fit)
    return result.rename_axis("units in high precision")


def main():
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        return
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        study = h5py.File(sys.argv[1], "r")
    except OSError as error:
        print(f"error: {sys.argv[1]}: {error}", file=sys.stderr)
        sys.exit(3)
    trials = table(study, "/trials")
    if study.attrs.get("format") != b"halftone study" or not len(trials):
        print(f"error: {sys.argv[1]}: no study, or one without a finished trial", file=sys.stderr)
        sys.exit(3)
    plans, baseline = high_precision(study), study["/goal"].attrs["baseline_accuracy"]
    costs = unit_costs(study, trials, plans)
    print("1. Which units cost the accuracy?\n" + (costs.head(8).to_string(index=False) if len(costs) else "not measured"))
    if (trials.accuracy.notna() & (trials.correct >= 0)).any():
        print("\n2. Which candidates are within the noise of the best? (fewest units in high precision first)\n" +
              within_noise(trials).head(8).to_string(index=False))
    print(f"\n3. What would the accuracy be with k units in high precision? (fp32: {baseline:.4f})\n" +
          by_units(study, trials, plans, costs, table(study, "/units").name, baseline).to_string(na_rep="-"))


if __name__ == "__main__":
    main()
