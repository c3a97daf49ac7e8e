#!/usr/bin/env python3
"""Writes crates/deepshift-burn/tests/data/layers: one forward and backward of a shift layer per file, with PyTorch.

The semantics of the original's layers are written here from their description (docs of deepshift-burn's `shift`), with
torch's autograd for the gradients. Needs torch and safetensors; the files are checked in, so the tests do not.
"""

import json
import math
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("safetensors", "torch")

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parents[2] / "crates/deepshift-burn/tests/data/layers"


def straight_through(x, value):
    """`value` in forward, the gradient of `x` in backward (exactly, unlike x + (value - x))."""

    class Op(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return value

        @staticmethod
        def backward(ctx, grad):
            return grad

    return Op.apply(x)


def fixed_point(x, bits):
    integer, fraction = bits
    if integer == 1:
        return straight_through(x, x.detach().sign() - 1)
    value = (x.detach() * 2.0**fraction).floor() / 2.0**fraction
    return straight_through(x, value.clamp(-(2.0 ** (integer - 1)), 2.0 ** (integer - 1) - 1))


class ComposeWeight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, shift, sign):
        weight = torch.ldexp(sign.round().sign(), shift.round())
        ctx.save_for_backward(weight)
        return weight

    @staticmethod
    def backward(ctx, grad):
        (weight,) = ctx.saved_tensors
        return grad * weight * math.log(2), grad


def clamped(parameters, settings):
    """The parameters as the original's forward clamps them in place."""
    bits = settings["weight_bits"]
    after = {name: value.detach().clone() for name, value in parameters.items()}
    if settings["type"] == "Q":
        w = after["weight"]
        after["weight"] = w.sign() * w.abs().clamp(2.0 ** -(2 ** (bits - 1) - 1), 1.0)
    else:
        after["shift"] = after["shift"].clamp(-(2 ** (bits - 1) - 2), 0)
    return after


def layer_weight(parameters, after, settings):
    if settings["type"] == "Q":
        w = after["weight"]
        return straight_through(parameters["weight"], w.sign() * torch.exp2(w.abs().log2().round()))
    return ComposeWeight.apply(straight_through(parameters["shift"], after["shift"]), parameters["sign"])


def forward(x, parameters, after, settings):
    weight, bias = layer_weight(parameters, after, settings), parameters.get("bias")
    bits = settings["activation_bits"]
    if settings["layer"] == "linear":
        return F.linear(fixed_point(x, bits) if settings["type"] == "Q" else x, weight, bias)
    x = fixed_point(x, bits)
    bias = None if bias is None else fixed_point(bias, bits)
    padding = settings["padding"]
    if settings["padding_mode"] == "circular":
        down, right = padding
        x = F.pad(x, ((right + 1) // 2, right // 2, (down + 1) // 2, down // 2), mode="circular")
        padding = (0, 0)
    return F.conv2d(x, weight, bias, settings["stride"], padding, settings["dilation"], settings["groups"])


def random_parameters(shape, settings, generator):
    uniform = lambda shape, low, high: torch.rand(shape, generator=generator) * (high - low) + low
    if settings["type"] == "Q":
        magnitude = torch.exp2(uniform(shape, -(2.0 ** (settings["weight_bits"] - 1)) - 1, 0.7))
        parameters = {"weight": magnitude * uniform(shape, -1, 1).sign()}
        parameters["weight"].view(-1)[0] = 0
    else:
        lowest = -(2.0 ** (settings["weight_bits"] - 1) - 2)
        parameters = {"shift": uniform(shape, lowest - 1, 0.8), "sign": uniform(shape, -1.2, 1.2)}
    if settings["bias"]:
        parameters["bias"] = uniform((shape[0],), -6, 6)
    return {name: value.requires_grad_() for name, value in parameters.items()}


def write(number, settings, shape, input_shape):
    generator = torch.Generator().manual_seed(1000 + number)
    parameters = random_parameters(shape, settings, generator)
    x = (torch.randn(input_shape, generator=generator) * 3).requires_grad_()
    after = clamped(parameters, settings)
    output = forward(x, parameters, after, settings)
    grad_output = torch.randn(output.shape, generator=generator)
    output.backward(grad_output)
    tensors = {"input": x, "output": output, "grad_output": grad_output, "grad_input": x.grad}
    for name, value in parameters.items():
        tensors |= {f"init.{name}": value, f"grad.{name}": value.grad, f"after.{name}": after[name]}
    file = f"{settings['layer']}_{settings['type'].lower()}_{number:02}.safetensors"
    save_file({name: value.detach().contiguous() for name, value in tensors.items()}, FOLDER / file)
    return {"file": file, **settings}


def linear(number, type, inputs, outputs, bits, activation_bits, bias):
    settings = {"layer": "linear", "type": type, "in_features": inputs, "out_features": outputs, "weight_bits": bits,
                "activation_bits": activation_bits, "bias": bias}
    return write(number, settings, (outputs, inputs), (2, inputs))


def conv2d(number, type, channels, kernel, bits, activation_bits, bias, stride=(1, 1), padding=(0, 0),
           dilation=(1, 1), groups=1, padding_mode="zeros", picture=(5, 6)):
    inputs, outputs = channels
    settings = {"layer": "conv2d", "type": type, "in_channels": inputs, "out_channels": outputs, "kernel_size": kernel,
                "stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "weight_bits": bits,
                "activation_bits": activation_bits, "bias": bias, "padding_mode": padding_mode}
    return write(number, settings, (outputs, inputs // groups, *kernel), (1, inputs, *picture))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    index = []
    for type in ("PS", "Q"):
        at = len(index)
        index += [
            linear(at, type, 9, 4, 2, (3, 5), True),
            linear(at + 1, type, 11, 3, 5, (16, 16), False),
            linear(at + 2, type, 6, 5, 8, (1, 4), True),
            conv2d(at + 3, type, (2, 3), (3, 3), 5, (3, 5), True, padding=(1, 1)),
            conv2d(at + 4, type, (4, 6), (3, 2), 3, (16, 16), False, stride=(2, 1), padding=(1, 2), groups=2),
            conv2d(at + 5, type, (3, 3), (3, 3), 4, (8, 8), True, padding=(2, 1), dilation=(1, 2), groups=3),
            conv2d(at + 6, type, (2, 2), (3, 3), 5, (3, 5), True, padding=(3, 2), padding_mode="circular"),
        ]
    (FOLDER / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
