#!/usr/bin/env python3
"""Writes the content of LPOT's example configurations without their comments. Usage: make_lpot_configs.py FOLDER > configs.yaml

FOLDER holds LPOT's files. The result is one map from a file's name to what the file says, with LPOT's keys, values, order
and tags; only the layout and the comments differ.
"""
import sys
from pathlib import Path

import yaml


def in_flow_style(node):
    """The node and all below it as {a: [b, c]}, which takes a fifth of the lines."""
    if isinstance(node, yaml.ScalarNode):
        node.value = node.value or ("null" if node.tag.endswith(":null") else "")  # an empty value has no other spelling here
        return node
    node.flow_style = True
    for item in node.value:
        for part in item if isinstance(item, tuple) else (item,):
            in_flow_style(part)
    return node


def main(folder):
    entries = []
    for path in sorted(Path(folder).glob("*.yaml")):
        # Composed, not loaded: '50, 100' stays a text, an empty value stays empty, and a tag such as !Pruner stays.
        entries.append((yaml.ScalarNode("tag:yaml.org,2002:str", path.name), in_flow_style(yaml.compose(path.read_text()))))
    whole = yaml.MappingNode("tag:yaml.org,2002:map", entries, flow_style=False)
    sys.stdout.write(yaml.serialize(whole, width=118))


main(*sys.argv[1:])
