#!/usr/bin/env python3
"""Pictures per second of torchvision's DataLoader with two workers: bench_data.py FOLDER EPOCHS. See bench-data."""

import sys
import time

import torch
from torchvision import datasets, transforms


def main():
    folder, epochs = sys.argv[1], int(sys.argv[2])
    torch.manual_seed(1)
    normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    steps = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(), normalize]
    pictures = datasets.ImageFolder(folder, transforms.Compose(steps))
    loader = torch.utils.data.DataLoader(
        pictures, batch_size=64, shuffle=True, num_workers=2, persistent_workers=True
    )
    # Starting the workers costs seconds, once a training.
    next(iter(loader))
    start, count = time.perf_counter(), 0
    for _ in range(epochs):
        for images, _labels in loader:
            count += len(images)
    print(f"{count / (time.perf_counter() - start):.2f}")


if __name__ == "__main__":
    main()
