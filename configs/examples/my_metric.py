"""The mean of each class's accuracy: a metric that Halftone does not have. See metric_command.yaml.

Halftone calls `python3 my_metric.py ANSWERS.npz` with all answers of one evaluation: arrays output.NAME, target.NAME and
sample_id, a row for each sample. The program prints one line of JSON.
"""
import json
import sys

import numpy

answers = numpy.load(sys.argv[1])
label = answers["target.label"]
said = answers[next(name for name in answers.files if name.startswith("output."))].argmax(axis=1)
by_class = [float((said[label == c] == c).mean()) for c in numpy.unique(label)]
print(json.dumps({"value": sum(by_class) / len(by_class), "samples": len(label)}))
