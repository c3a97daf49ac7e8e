"""Prints the table of docs/results.md from the folders that scripts/results leaves."""

import csv
import re
import subprocess
import sys
from pathlib import Path

SEEDS = ["", "_seed2", "_seed3"]
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


def evaluated(deepshift, model, mode):
    command = [deepshift, "eval", model, "--mode", mode]
    run = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"top-1 ([0-9.]+) %", run.stdout)
    return found[1] if found else "–"


def spread(values):
    return f"{sum(values) / len(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def main(deepshift):
    print("| | original | last epoch | best epoch | file, float | file, integer | bytes |")
    print("|---|---|---|---|---|---|---|")
    for name, folder, original in ROWS:
        runs = [accuracies(Path("models/mnist") / (folder + seed)) for seed in SEEDS]
        model = Path("models/mnist") / folder / "model.dshift"
        cells = [
            f"{original:.2f}" if original else "",
            spread([run[-1] for run in runs]),
            spread([max(run) for run in runs]),
            evaluated(deepshift, model, "float"),
            evaluated(deepshift, model, "integer"),
            f"{model.stat().st_size:,}",
        ]
        print(f"| {name} | {' | '.join(cells)} |")


main(sys.argv[1])
