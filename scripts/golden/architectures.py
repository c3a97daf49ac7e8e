#!/usr/bin/env python3
"""Writes crates/deepshift-models/tests/fixtures/architectures.json: what every architecture is, and its logits.

    cargo run -p deepshift-models --example graphs > graphs.json
    python3 scripts/golden/architectures.py graphs.json

Each graph is computed by PyTorch in double precision, with weights and one picture from the formula of
deepshift-models' `formula.rs`. Needs torch and numpy; the file is checked in, so the tests do not.
"""

import json
import math
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("numpy", "torch")

import numpy
import torch
import torch.nn.functional as F

FIXTURES = Path(__file__).resolve().parents[2] / "crates/deepshift-models/tests/fixtures/architectures.json"
SEED = 2
LOGITS = 10
INPUT = 0xFFFFF


def uniform(tensor, elements):
    """Values in [0, 1) for the elements of a tensor of this number."""
    z = numpy.arange(elements, dtype=numpy.uint64)
    z += numpy.uint64(((SEED << 56 | tensor << 36) + 0x9E3779B97F4A7C15) % 2**64)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(40)).astype(numpy.float64) / 2**24


def rounded(values, shape):
    return torch.from_numpy(values.astype(numpy.float32).astype(numpy.float64).reshape(shape))


def weight(number, name, shape):
    u = uniform(number, math.prod(shape))
    if name.endswith(("running_mean", "bias")):
        return rounded((u - 0.5) * 0.2, shape)
    if name.endswith("running_var") or len(shape) == 1:
        return rounded(u + 0.5, shape)
    return rounded((2 * u - 1) * math.sqrt(6 / math.prod(shape[1:])), shape)


def parameters(graph):
    """Names and shapes in order."""
    for node in graph["nodes"]:
        name = node["name"]
        kind, settings = operation(node)
        if kind == "conv2d":
            kernel = settings["kernel"]
            grouped = settings["in_channels"] // settings.get("groups", 1)
            yield f"{name}.weight", [settings["out_channels"], grouped, *kernel]
        elif kind == "linear":
            yield f"{name}.weight", [settings["out_features"], settings["in_features"]]
        elif kind == "batch_norm":
            for suffix in ["weight", "bias", "running_mean", "running_var"]:
                yield f"{name}.{suffix}", [settings["channels"]]
        if kind in ("conv2d", "linear") and settings["bias"]:
            yield f"{name}.bias", [settings["out_channels" if kind == "conv2d" else "out_features"]]


def operation(node):
    op = node["op"]
    return (op, None) if isinstance(op, str) else next(iter(op.items()))


def pooled(settings):
    return {
        "kernel_size": settings["kernel"],
        "stride": settings["stride"],
        "padding": settings.get("padding", 0),
        "ceil_mode": settings.get("ceil_mode", False),
    }


def convolve(x, settings, weight, bias):
    top, bottom, left, right = settings.get("padding", [0] * 4)
    x = F.pad(x, (left, right, top, bottom))
    stride, dilation = settings.get("stride", 1), settings.get("dilation", 1)
    return F.conv2d(x, weight, bias, stride, 0, dilation, settings.get("groups", 1))


def shuffled(x, groups):
    n, channels, height, width = x.shape
    return x.view(n, groups, channels // groups, height, width).transpose(1, 2).reshape(x.shape)


def padded_shortcut(x, settings):
    x = x[:, :, :: settings["stride"], :: settings["stride"]]
    return F.pad(x, (0, 0, 0, 0, settings["before"], settings["after"]))


ACTIVATIONS = {"relu": F.relu, "relu6": F.relu6, "sigmoid": torch.sigmoid, "swish": F.silu}

# Of the operands, the settings, and the parameters of the node by suffix.
OPERATIONS = {
    "conv2d": lambda xs, s, p: convolve(xs[0], s, p["weight"], p.get("bias")),
    "linear": lambda xs, s, p: F.linear(xs[0], p["weight"], p.get("bias")),
    "batch_norm": lambda xs, s, p: F.batch_norm(
        xs[0], p["running_mean"], p["running_var"], p["weight"], p["bias"], eps=float(numpy.float32(s["eps"]))
    ),
    "activation": lambda xs, s, p: ACTIVATIONS[s](xs[0]),
    "max_pool": lambda xs, s, p: F.max_pool2d(xs[0], **pooled(s)),
    "avg_pool": lambda xs, s, p: F.avg_pool2d(xs[0], **pooled(s)),
    "adaptive_avg_pool": lambda xs, s, p: F.adaptive_avg_pool2d(xs[0], s),
    "add": lambda xs, s, p: sum(xs),
    "multiply": lambda xs, s, p: xs[0] * xs[1],
    "concat": lambda xs, s, p: torch.cat(xs, 1),
    "flatten": lambda xs, s, p: xs[0].flatten(1),
    "slice": lambda xs, s, p: xs[0][:, s[0] : s[1]],
    "channel_shuffle": lambda xs, s, p: shuffled(xs[0], s),
    "pad_shortcut": lambda xs, s, p: padded_shortcut(xs[0], s),
    "dropout": lambda xs, s, p: xs[0],
    "drop_path": lambda xs, s, p: xs[0],
}


def logits(graph):
    """Of one picture, and the multiply-accumulates that they take."""
    shape = graph["nodes"][0]["op"]["input"]
    picture = rounded((2 * uniform(INPUT, math.prod(shape)) - 1) * 1.7, [1, *shape])
    numbers = {name: number for number, (name, _) in enumerate(parameters(graph))}
    last_use = {source: index for index, node in enumerate(graph["nodes"]) for source in node.get("inputs", [])}
    wanted, values, operations = needed(graph), {}, 0
    for index, node in enumerate(graph["nodes"]):
        if index not in wanted:
            continue
        kind, settings = operation(node)
        if kind == "input":
            values[index] = picture
            continue
        own = dict(parameters({"nodes": [node]}))
        own = {name.rsplit(".", 1)[1]: weight(numbers[name], name, shape) for name, shape in own.items()}
        values[index] = OPERATIONS[kind]([values[source] for source in node["inputs"]], settings, own)
        if kind in ("conv2d", "linear"):
            operations += values[index].numel() * math.prod(own["weight"].shape[1:])
        for source in node["inputs"]:
            if last_use[source] == index:
                del values[source]
    return values[graph["outputs"][0]][0], operations


def needed(graph):
    """Indices of the nodes on which the logits depend."""
    wanted = {graph["outputs"][0]}
    for index in reversed(range(len(graph["nodes"]))):
        if index in wanted:
            wanted.update(graph["nodes"][index].get("inputs", []))
    return wanted


def digest(shapes):
    """FNV-1a over names and shapes."""
    state = 0xCBF29CE484222325
    for byte in "".join(f"{name} {shape}\n".replace(", ", "x") for name, shape in shapes).encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def facts(graph):
    shapes = list(parameters(graph))
    values, operations = logits(graph)
    learned = [math.prod(shape) for name, shape in shapes if ".running_" not in name]
    return {
        "digest": digest(shapes),
        "parameters": sum(learned),
        "multiply_accumulates": operations,
        "largest_logit": float(f"{values.abs().max():.9g}"),
        "logits": [float(f"{value:.9g}") for value in values[:LOGITS].tolist()],
    }


torch.set_num_threads(1)
graphs = json.loads(Path(sys.argv[1]).read_text())
rows = []
for name, graph in graphs.items():
    rows.append(f"{json.dumps(name)}:{json.dumps(facts(graph), separators=(',', ':'))}")
    print(name, flush=True)
FIXTURES.write_text("{\n" + ",\n".join(rows) + "\n}\n")
