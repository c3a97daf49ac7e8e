"""Prints the table of docs/results.md from the folders that scripts/results/mnist leaves."""

import csv
from pathlib import Path

SEEDS = ["", "_seed2"]
ROWS = [
    ("fc float", "simple_linear/shift", 96.92),
    ("fc Q", "simple_linear/shift_q_all_wb_5", 97.03),
    ("fc PS", "simple_linear/shift_ps_all_wb_5", 98.26),
    ("fc Q from float", "simple_linear/shift_q_all_wb_5_from_pretrained", 97.85),
    ("fc PS from float", "simple_linear/shift_ps_all_wb_5_from_pretrained", 98.26),
    ("conv float", "simple_conv/shift", 98.75),
    ("conv Q", "simple_conv/shift_q_all_wb_5", 98.81),
    ("conv PS", "simple_conv/shift_ps_all_wb_5", 99.12),
    ("conv Q from float", "simple_conv/shift_q_all_wb_5_from_pretrained", 99.15),
    ("conv PS from float", "simple_conv/shift_ps_all_wb_5_from_pretrained", 99.16),
    ("conv Q, momentum 0.9", "simple_conv/shift_q_all_wb_5_momentum", None),
    ("conv Q from float, momentum 0.9", "simple_conv/shift_q_all_wb_5_from_pretrained_momentum", None),
]


def accuracies(folder):
    with open(folder / "train_log.csv", newline="") as log:
        return [float(row["test_top1_acc"]) for row in csv.DictReader(log)]


def each(values):
    return ", ".join(f"{value:.2f}" for value in values)


print("| | original | last epoch | best epoch |")
print("|---|---|---|---|")
for name, folder, original in ROWS:
    runs = [accuracies(Path("models/mnist") / (folder + seed)) for seed in SEEDS]
    cells = [f"{original:.2f}" if original else "", each([run[-1] for run in runs]), each([max(run) for run in runs])]
    print(f"| {name} | {' | '.join(cells)} |")
