"""What the converters share: random inputs, arrays on disk, messages. Needs numpy, and only when it writes arrays."""

import pathlib
import re
import resource

SEED = 21
BATCH = 2  # samples of the check where the batch is open
fixes_batch = False  # set by convert.py: the batch is that of --shape, or 1
TOLERANCE = 1e-4


class UsageError(Exception):
    """Something that the user can give or install."""


def limit_memory(limit):
    """Caps what this process may write to (not what it maps: frameworks map gigabytes of libraries)."""
    if limit > 0:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def short_text(error):
    """The type and the first lines of an exception, on one line, without the colours that torch gives them."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:3])}"[:600]


def with_port(name):
    """A tensor of a TensorFlow graph as its runtime names it: LPOT's configs say 'image', TensorFlow wants 'image:0'."""
    return name if ":" in name else f"{name}:0"


def without_port(name):
    return name[:-2] if name.endswith(":0") else name


def guess_ends(nodes):
    """Inputs and outputs of a frozen graph: placeholders, and nodes that no other node reads.

    `nodes` are (name, operator, inputs), with inputs as a GraphDef writes them: "node", "node:1", "^control".
    """
    read = {text.lstrip("^").split(":")[0] for _, _, inputs in nodes for text in inputs}
    silent = {"Const", "NoOp", "Assert", "Placeholder", "PlaceholderWithDefault", "PlaceholderV2", "SaveV2", "RestoreV2",
              "MergeV2Checkpoints", "ShardedFilename"}
    inputs = [name for name, op, _ in nodes if op in ("Placeholder", "PlaceholderV2")]
    outputs = [name for name, op, _ in nodes if name not in read and op not in silent]
    return inputs, outputs


def given_shape(shapes, name, count):
    """The user's shape of an input: by its name with or without ':0', or the only one where there is one input."""
    for key in (name, without_port(name), with_port(name)):
        if key in shapes:
            return shapes[key]
    return None


def concrete_shape(name, declared, shapes, count):
    """Sizes for a random input: the user's where given, the model's own, and BATCH for an open first dimension (that of
    the user where the batch is fixed).

    `declared` holds None or -1 for open dimensions, or is None when nothing is known.
    """
    given = given_shape(shapes, name, count)
    if declared is None:
        if given is None:
            raise UsageError(f"the shape of the input '{name}' is not in the file: give --shape {name}=1,3,224,224 "
                             "(in a config: model.input_shapes)")
        declared = [None] * len(given)
    if given is not None and len(given) != len(declared):
        raise UsageError(f"--shape gives the input '{name}' {len(given)} dimensions, the model has {len(declared)}")
    sizes = []
    for i, size in enumerate(declared):
        is_open = size is None or size < 0
        wish = given[i] if given is not None and given[i] > 0 else None
        if not is_open and wish is not None and wish != size and i > 0:
            raise UsageError(f"--shape gives dimension {i} of the input '{name}' the size {wish}, the model says {size}")
        if is_open and i > 0 and wish is None:
            raise UsageError(f"the size of dimension {i} of the input '{name}' is open: give --shape "
                             f"{name}={','.join('?' if s is None or s < 0 else str(s) for s in declared)} with a number")
        batch = (wish or 1) if fixes_batch else BATCH
        sizes.append((batch if i == 0 else wish) if is_open else int(size))
    return sizes


def random_array(shape, dtype, rng):
    """Normal floats; of integers only 0 and 1, because they may be indices of a small table."""
    import numpy as np

    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in (np.dtype("uint8"), np.dtype("int8")):
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max + 1, shape).astype(dtype)
    return rng.integers(0, 2, shape).astype(dtype)


def save_arrays(folder, kind, arrays):
    """Writes arrays, a list of (name, array), and returns their entries of result.json."""
    import numpy as np

    entries = []
    for i, (name, array) in enumerate(arrays):
        file = f"{kind}{i}.npy"
        np.save(pathlib.Path(folder) / file, np.ascontiguousarray(array))
        entries.append({"name": name, "file": file})
    return entries


def result(folder, inputs, outputs, versions, tolerance=TOLERANCE, notes=()):
    """What result.json says of a conversion that went well."""
    return {"inputs": save_arrays(folder, "input", inputs), "outputs": save_arrays(folder, "output", outputs),
            "versions": versions, "tolerance": tolerance, "notes": list(notes)}


def pair_up(names, arrays):
    """Arrays by name, in the order of `names`; by position where the names are not those of the converter."""
    if set(names) <= set(arrays):
        return [(name, arrays[name]) for name in names]
    short = {without_port(name): array for name, array in arrays.items()}
    if {without_port(name) for name in names} <= set(short):
        return [(name, short[without_port(name)]) for name in names]
    if len(names) != len(arrays):
        raise ValueError(f"the converted model has the outputs {list(names)}, the framework gives {list(arrays)}")
    return list(zip(names, arrays.values()))
