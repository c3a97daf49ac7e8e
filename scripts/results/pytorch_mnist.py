"""Trains the original's conv network for MNIST in PyTorch, in float: what accuracy and time to expect of ours.

    scripts/results/pytorch_mnist.py [SEED] [EPOCHS] [MOMENTUM]

Needs torch and numpy, and MNIST as scripts/data leaves it. Prints top-1 and seconds of every epoch.
"""

import os
import struct
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("numpy", "torch")

import numpy
import torch
import torch.nn.functional as F


class SimpleConv(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 20, 5)
        self.conv2 = torch.nn.Conv2d(20, 50, 5)
        self.fc1 = torch.nn.Linear(800, 500)
        self.fc2 = torch.nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.log_softmax(self.fc2(F.relu(self.fc1(x.flatten(1)))), 1)


def read(name):
    root = Path(os.environ.get("DEEPSHIFT_DATA", Path(__file__).resolve().parents[2] / "data"))
    data = (root / "mnist" / name).read_bytes()
    shape = struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]])
    return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(shape).copy())


def part(prefix):
    images = (read(f"{prefix}-images-idx3-ubyte").float() / 255 - 0.1307) / 0.3081
    return images.unsqueeze(1), read(f"{prefix}-labels-idx1-ubyte").long()


def main(seed=1, epochs=10, momentum=0.0):
    torch.manual_seed(int(seed))
    images, labels = part("train")
    test_images, test_labels = part("t10k")
    model = SimpleConv()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=float(momentum))
    for epoch in range(1, int(epochs) + 1):
        start = time.time()
        for indices in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            F.nll_loss(model(images[indices]), labels[indices]).backward()
            optimizer.step()
        seconds = time.time() - start
        with torch.no_grad():
            right = sum(
                (model(x).argmax(1) == y).sum().item()
                for x, y in zip(test_images.split(1000), test_labels.split(1000))
            )
        print(f"epoch {epoch}: top-1 {right / len(test_labels):.2%}, {seconds:.1f} s", flush=True)


main(*sys.argv[1:])
