#!/usr/bin/env python3
"""Torchvision's DataLoader with two workers: dataloader.py FOLDER EPOCHS. See `data`.

Prints pictures per second, then milliseconds of processor time a picture.
"""

import resource
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("torch", "torchvision")

import torch
from torchvision import datasets, transforms


def main():
    folder, epochs = sys.argv[1], int(sys.argv[2])
    torch.manual_seed(1)
    normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    steps = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(), normalize]
    pictures = datasets.ImageFolder(folder, transforms.Compose(steps))
    workers = {"num_workers": 2, "persistent_workers": True}
    loader = torch.utils.data.DataLoader(pictures, batch_size=64, shuffle=True, **workers)
    spent = processor_time()
    start, count = time.perf_counter(), 0
    for _ in range(epochs):
        for images, _labels in loader:
            count += len(images)
    speed = count / (time.perf_counter() - start)
    # Workers are counted once they have ended.
    loader._iterator._shutdown_workers()
    print(f"{speed:.2f} {1000 * (processor_time() - spent) / count:.3f}")


def processor_time():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
