"""Prints the table "Fewer bits" of docs/results.md from the folders that scripts/low-bits leaves."""

import csv
import sys
from pathlib import Path

TYPES = ["Q", "PS", "DenseShift"]
FROM_FLOAT = ("from float", ["low_bits_from_float"])
RANDOM = ("from random weights", ["low_bits_seed1", "low_bits_seed2"])
NETWORKS = {
    "mnist": ("mnist/simple_conv", [2, 3, 4], [RANDOM, FROM_FLOAT]),
    "cifar10": ("cifar10/resnet20", [2, 3], [FROM_FLOAT]),
}


def last_epoch(folder):
    if not (folder / "model.dshift").is_file():
        return "not finished"
    with open(folder / "train_log.csv", newline="") as log:
        return f'{float(list(csv.DictReader(log))[-1]["test_top1_acc"]):.2f}'


folder, widths, starts = NETWORKS[sys.argv[1]]
print("| |" + "".join(f" {bits} bits |" for bits in widths))
print("|---|" + "---|" * len(widths))
for start, runs in starts:
    for name in TYPES:
        cells = []
        for bits in widths:
            folders = [Path("models") / folder / f"shift_{name.lower()}_all_wb_{bits}_{run}" for run in runs]
            cells.append(", ".join(last_epoch(path) for path in folders))
        print(f"| {name}, {start} | {' | '.join(cells)} |")
