#!/usr/bin/env python3
"""Seconds per 1000 pictures of training the conv MNIST network with PyTorch: bench_pytorch.py [STEPS]. See bench-training."""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH, WARM_UP_STEPS = 64, 10


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    torch.set_num_threads(2)
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    pictures, labels = torch.randn(BATCH, 1, 28, 28), torch.arange(BATCH) % 10
    for step in range(WARM_UP_STEPS + steps):
        if step == WARM_UP_STEPS:
            start = time.perf_counter()
        optimizer.zero_grad()
        F.cross_entropy(network(pictures), labels).backward()
        optimizer.step()
    print(f"{(time.perf_counter() - start) * 1000 / (steps * BATCH):.4f}")


if __name__ == "__main__":
    main()
