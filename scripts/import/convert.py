#!/usr/bin/env python3
"""Converts a model of a framework to ONNX, in a process of its own: convert.py REQUEST.json.

The request names kind, source, folder, inputs, outputs, shapes, memory (bytes, 0: no limit) and fixed_batch (the run in the
framework has the batch of `shapes`, because the model works at one batch only). Results go to the folder:
model.onnx, one .npy for each input and output of a run in the framework itself, and result.json:

    {"versions": {"tensorflow": "2.21.0"}, "tolerance": 0.0001, "notes": [],
     "inputs": [{"name": "x", "file": "input0.npy"}], "outputs": [{"name": "y", "file": "output0.npy"}]}

On a failure result.json is {"error": "...", "kind": "usage"} or "model", and the exit code is 2 or 3. stdout and stderr
are the log. Nothing here imports a framework: the converters of the other files do, when they are called.
"""

import json
import pathlib
import sys
import traceback

import common

CONVERTERS = {"tf_saved_model": "from_tensorflow", "tf_graph": "from_tensorflow", "keras": "from_tensorflow",
              "tflite": "from_tensorflow", "torch_program": "from_pytorch", "torch_script": "from_pytorch",
              "mxnet": "from_mxnet"}


def convert(request):
    """Limits the memory, converts, and returns what result.json says."""
    common.limit_memory(request.get("memory", 0))
    common.fixes_batch = request.get("fixed_batch", False)
    converter = __import__(CONVERTERS[request["kind"]])
    return getattr(converter, request["kind"])(request)


def main():
    request = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        result, code = convert(request), 0
    except common.UsageError as error:
        result, code = {"error": str(error), "kind": "usage"}, 2
    except MemoryError:
        traceback.print_exc()
        result, code = {"error": "it needs more memory than --memory allows", "kind": "model"}, 3
    except Exception as error:  # whatever a framework throws is said to the user; the log has the whole of it
        traceback.print_exc()
        result, code = {"error": common.short_text(error), "kind": "model"}, 3
    (pathlib.Path(request["folder"]) / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
