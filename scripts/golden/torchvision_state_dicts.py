#!/usr/bin/env python3
"""Checks that torchvision's own state dicts load by name and give torchvision's logits.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install torch torchvision safetensors
    cargo build --workspace --bin deepshift
    /tmp/venv/bin/python scripts/golden/torchvision_state_dicts.py [NAME...]

Each network gets random weights and statistics, is saved as `torch.save` does, exported and run by the command line
(`target/debug/deepshift`, or what DEEPSHIFT names) in float mode. Allowed is an error of 1e-5 of the largest logit, or ten
times what torchvision's own f32 loses.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file, save_file

DEEPSHIFT = os.environ.get("DEEPSHIFT", Path(__file__).resolve().parents[2] / "target/debug/deepshift")
NAMES = [
    *["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"],
    *[f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")],
    *["densenet121", "densenet161", "densenet169", "densenet201"],
    *["alexnet", "googlenet", "squeezenet1_0", "squeezenet1_1", "mobilenet_v2"],
]
PICTURES = 2


def random_network(name):
    options = {"aux_logits": True, "init_weights": True} if name == "googlenet" else {}
    network = torchvision.models.get_model(name, weights=None, **options).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 1.5)
            for tensor in (module.bias.data, module.running_mean):
                tensor.uniform_(-0.1, 0.1)
    return network


def deepshift(*arguments):
    subprocess.run([DEEPSHIFT, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def errors(name, folder):
    """Of our logits and of torchvision's f32 against torchvision's f64, over the largest logit."""
    network = random_network(name)
    images = torch.randn(PICTURES, 3, 224, 224)
    weights, model = folder / f"{name}.pth", folder / f"{name}.dshift"
    torch.save(network.state_dict(), weights)
    save_file({"input": images}, folder / "input.safetensors")
    deepshift("export", weights, "--arch", name, "--output", model)
    output = folder / "logits.safetensors"
    deepshift("run", model, "--mode", "float", "--input", folder / "input.safetensors", "--output", output)
    with torch.no_grad():
        single = network(images)
        double = network.double()(images.double())
    ours = load_file(output)["logits"]
    return [((logits.double() - double).abs().max() / double.abs().max()).item() for logits in (ours, single)]


failed = []
for name in sys.argv[1:] or NAMES:
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = errors(name, Path(folder))
    good = ours <= max(1e-5, 10 * theirs)
    print(f"{name}: error {ours:.1e}, torchvision's f32 {theirs:.1e}{'' if good else ': too much'}", flush=True)
    if not good:
        failed.append(name)
sys.exit(f"failed: {', '.join(failed)}" if failed else None)
