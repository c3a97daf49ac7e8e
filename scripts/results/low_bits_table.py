"""Prints the table "Fewer bits" of docs/results.md from the folders that scripts/results/low-bits leaves."""

import csv
from pathlib import Path

TYPES = ["Q", "PS", "DenseShift"]
STARTS = [("from random weights", ["low_bits_seed1", "low_bits_seed2"]), ("from float", ["low_bits_from_float"])]
BITS = [2, 3, 4]


def last_epoch(folder):
    if not (folder / "model.dshift").is_file():
        return "not finished"
    with open(folder / "train_log.csv", newline="") as log:
        return f'{float(list(csv.DictReader(log))[-1]["test_top1_acc"]):.2f}'


print("| |" + "".join(f" {bits} bits |" for bits in BITS))
print("|---|" + "---|" * len(BITS))
for start, runs in STARTS:
    for name in TYPES:
        cells = []
        for bits in BITS:
            folders = [Path("models/mnist/simple_conv") / f"shift_{name.lower()}_all_wb_{bits}_{run}" for run in runs]
            cells.append(", ".join(last_epoch(path) for path in folders))
        print(f"| {name}, {start} | {' | '.join(cells)} |")
