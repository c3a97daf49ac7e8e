#!/usr/bin/env python3
"""Seconds per 1000 pictures of training with PyTorch: pytorch.py [NETWORK] [MODE] [STEPS]. See `training`.

NETWORK is simple_conv or resnet20; MODE is f32, channels_last (f32 in that memory format) or bf16 (autocast and channels_last).
"""

import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("torch")

import torch
import torch.nn as nn
import torch.nn.functional as F

WARM_UP_STEPS = 3


def simple_conv():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride, self.zeros = stride, (outputs - inputs) // 2

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.zeros, self.zeros))
        return F.relu(y + x)


def resnet20():
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for outputs in (16, 32, 64):
        for stride in (outputs // inputs, 1, 1):
            layers.append(Block(inputs, outputs, stride))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


NETWORKS = {"simple_conv": (simple_conv, [64, 1, 28, 28]), "resnet20": (resnet20, [128, 3, 32, 32])}


def main():
    name, mode, steps = (sys.argv[1:] + ["simple_conv", "f32", "100"][len(sys.argv) - 1:])[:3]
    steps = int(steps)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    torch.manual_seed(1)
    build, shape = NETWORKS[name]
    layout = torch.contiguous_format if mode == "f32" else torch.channels_last
    network = build().to(memory_format=layout)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    pictures, labels = torch.randn(shape).to(memory_format=layout), torch.arange(shape[0]) % 10
    for step in range(WARM_UP_STEPS + steps):
        if step == WARM_UP_STEPS:
            start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
            loss = F.cross_entropy(network(pictures), labels)
        loss.backward()
        optimizer.step()
    print(f"{(time.perf_counter() - start) * 1000 / (steps * shape[0]):.4f}")


if __name__ == "__main__":
    main()
