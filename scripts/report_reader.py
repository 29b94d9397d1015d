"""Reads a study.h5 and a dump for scripts/report.py. Files are not trusted: no link out of them is followed."""

import os
import re
import stat

DUMP_BINS = 128
ROWS_AT_ONCE = 64


class Failure(Exception):
    """A message for the user and the exit code that goes with it."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class H5:
    """A file that is not trusted: only what lies in it is read, no link out of it is followed."""

    def __init__(self, path, form):
        import h5py
        self.path = path
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode):
                raise Failure(3, f"{path}: not a regular file; links are not followed")
            self.file = h5py.File(path, "r")
        except FileNotFoundError:
            raise Failure(3, f"{path}: no such file") from None
        except OSError as error:
            raise Failure(3, f"{path}: not an HDF5 file, or cut off ({error})") from None
        if text(self.file.attrs.get("format", b"")) != form:
            raise Failure(3, f"{path}: an HDF5 file, but no {form}")
        if self.file.attrs.get("format_version") != 1:
            raise Failure(3, f"{path}: format version {self.file.attrs.get('format_version')} is unknown")

    def node(self, name):
        """None where it is missing."""
        import h5py
        node = self.file
        for step in name.strip("/").split("/"):
            link = node.get(step, getlink=True) if isinstance(node, h5py.Group) else None
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise Failure(3, f"{self.path}::{name}: is a link to elsewhere, which is not followed")
            node = node[step]
        if isinstance(node, h5py.Dataset) and (node.is_virtual or node.external):
            raise Failure(3, f"{self.path}::{name}: takes its elements from another file, which is not followed")
        return node

    def array(self, name):
        node = self.node(name)
        if node is None:
            return None
        try:
            return node[()]
        except OSError as error:
            raise Failure(3, f"{self.path}::{name}: cannot be read ({error})") from None

    def need(self, name):
        values = self.array(name)
        if values is None:
            raise Failure(3, f"{self.path}::{name}: is missing")
        return values

    def attributes(self, name):
        node = self.node(name)
        return {} if node is None else {key: text(value) for key, value in node.attrs.items()}

    def table(self, name):
        """A group of columns as a DataFrame; enums as their words. Empty where it is missing."""
        import h5py
        import pandas
        group = self.node(name)
        if group is None:
            return pandas.DataFrame()
        columns = {}
        for key in group:
            link = group.get(key, getlink=True)
            if isinstance(link, h5py.HardLink) and isinstance(group[key], h5py.Dataset) and group[key].ndim == 1:
                columns[key] = words(self.node(f"{name}/{key}"), self.array(f"{name}/{key}"))
        return pandas.DataFrame(columns)


def text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def words(node, values):
    import h5py
    enum = h5py.check_enum_dtype(node.dtype)
    if enum:
        names = {code: name for name, code in enum.items()}
        return [names.get(int(value), "unknown") for value in values]
    return [text(value) for value in values] if node.dtype.kind == "S" else values


class Study:
    def __init__(self, path):
        self.h5 = H5(path, "halftone study")
        self.run = self.h5.attributes("/run")
        self.goal = self.h5.attributes("/goal")
        self.progress = self.h5.attributes("/progress")  # empty unless the run was going on
        self.trials = self.h5.table("/trials")
        self.units = self.h5.table("/units")
        self.sensitivity = self.h5.table("/sensitivity")
        self.delivered = self.h5.table("/delivered/units")
        self.tensors = self.h5.table("/delivered/tensors")
        self.options = self.h5.table("/options")
        self.unit_latency = self.h5.table("/latency/units")
        self.dtypes = self.h5.array("/plans/dtype")
        node = self.h5.node("/plans/dtype")
        import h5py
        enum = h5py.check_enum_dtype(node.dtype) if node is not None else {}
        self.dtype_names = [name for name, _ in sorted(enum.items(), key=lambda item: item[1])]

    def unit_errors(self):
        """The errors of the units that were probed last, by name; else None."""
        if self.sensitivity.empty:
            return None
        rows = self.sensitivity[self.sensitivity.kind == "unit_errors"]
        return None if rows.empty else rows[rows.probe == rows.probe.max()].set_index("name")

    def delivered_trial(self):
        chosen = self.trials[self.trials.delivered == 1] if not self.trials.empty else self.trials
        return int(chosen.trial.iloc[0]) if len(chosen) else None


# ---- distributions ----

class Histogram:
    def __init__(self, unit, low, high, fp32, quantized, source):
        self.unit, self.low, self.high, self.fp32, self.quantized, self.source = unit, low, high, fp32, quantized, source


def from_run(study):
    """Of the delivered trial, else of the last one that has them."""
    low = study.h5.array("/distributions/low")
    trial = study.h5.array("/distributions/trial")
    if low is None or trial is None:
        return []
    high, fp32 = study.h5.need("/distributions/high"), study.h5.need("/distributions/fp32")
    quantized, number = None, study.delivered_trial()
    if len(trial):
        row = trial.tolist().index(number) if number in trial.tolist() else len(trial) - 1
        quantized, number = study.h5.node("/distributions/quantized")[row], trial[row]
    return [Histogram(unit, low[u], high[u], fp32[u], None if quantized is None else quantized[u],
                      f"first batch of the calibration data, trial {number}") for u, unit in enumerate(study.units.name)]


def from_calibration(study):
    """fp32 only, of the units' outputs that calibration saw."""
    import numpy
    group = study.h5.node("/calibration")
    sizes = sorted((name for name in group if name.startswith("samples_")), key=lambda n: int(n[8:])) if group else []
    if not sizes:
        return []
    base = f"/calibration/{sizes[-1]}"
    values = [text(value) for value in study.h5.need(base + "/value")]
    counts, limits = study.h5.node(base + "/histogram"), study.h5.need(base + "/limit")
    found = []
    for unit, output in zip(study.units.name, study.units.output):
        if output not in values:
            continue
        row = values.index(output)
        bins = counts[row].reshape(DUMP_BINS, -1).sum(axis=1)
        outside = numpy.zeros(1, dtype=bins.dtype)
        found.append(Histogram(unit, -limits[row], limits[row], numpy.concatenate([outside, bins, outside]), None,
                               "calibration data"))
    return found


def open_dump(folder):
    """[(part, first, count)], index, by name: an index could point anywhere."""
    index = H5(folder / "index.h5", "halftone dump")
    names, identity = index.need("/parts/file"), text(index.file.attrs["identity"])
    parts = []
    for name in map(text, names):
        if not re.fullmatch(r"part-\d+\.h5", name):
            raise Failure(3, f"{index.path}::/parts/file: '{name}' is no part's name")
        part = H5(folder / name, "halftone dump part")
        if text(part.file.attrs.get("identity", b"")) != identity:
            raise Failure(3, f"{part.path}: is of another dump")
        parts.append(part)
    return index, parts


def from_dump(folder):
    import numpy
    index, parts = open_dump(folder)
    found = []
    for group in index.node("/units"):
        def batches(name):
            for part in parts:
                data = part.node(f"/units/{group}/{name}")
                if data is None:
                    raise Failure(3, f"{part.path}::/units/{group}/{name}: is missing")
                for first in range(0, data.shape[0], ROWS_AT_ONCE):
                    yield data, numpy.asarray(data[first:first + ROWS_AT_ONCE])

        ends = [(rows.min(), rows.max()) for _, rows in batches("fp32")]
        low, high = float(min(e[0] for e in ends)), float(max(e[1] for e in ends))
        margin = max((high - low) / 16, 1e-6)
        edges = numpy.linspace(low - margin, high + margin, DUMP_BINS + 1)
        limits = numpy.concatenate([[-numpy.inf], edges, [numpy.inf]])
        fp32 = sum(numpy.histogram(rows, limits)[0] for _, rows in batches("fp32"))
        quantized = 0
        for data, rows in batches("quantized"):
            real = rows
            if "scale" in data.attrs:
                real = (rows.astype(numpy.float32) - data.attrs["zero_point"]) * numpy.float32(data.attrs["scale"])
            quantized = quantized + numpy.histogram(real, limits)[0]
        found.append(Histogram(text(index.node(f"/units/{group}").attrs["unit"]), edges[0], edges[-1], fp32, quantized,
                               f"{int(index.file.attrs['samples'])} samples of {folder.name}"))
    return found
