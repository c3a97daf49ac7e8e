"""Prints the tables of ResNet20 in docs/results.md from what scripts/results/cifar10 leaves."""

import csv
import re
from pathlib import Path

RUNS = Path("models/cifar10/resnet20")
CONVERTED = Path("models/cifar10/convert")
MODES = ["converted, float mode", "converted, integer mode", "converted, multiplier-free"]
CONVERSIONS = ["paper-q5", "q5", "ps5", "q4", "ps4", "q3", "ps3", "q2", "ps2", "2x3"]
# For each float network: name, folder, the conversion it goes on from.
FROM_BEST = [
    ("float, 40 epochs, batches of 64", "shift_small-batches", None),
    *(
        (f"{name} {bits} bits, 1 epoch", f"shift_{name.lower()}_all_wb_{bits}_from_best", f"{name.lower()}{bits}")
        for bits in (5, 3)
        for name in ("Q", "PS")
    ),
]
FROM_SHORT = [
    ("float, 30 epochs", "shift_short", None),
    *(
        (f"{name} {bits} bits, 3 epochs", f"shift_{name.lower()}_all_wb_{bits}_{run}", f"short-{start}{bits}")
        for bits, runs in [(5, ["from_converted"]), (3, ["from_converted", "fast"]), (2, ["from_converted", "fast"])]
        for run in runs
        for name, start in [("Q", "q"), ("PS", "ps"), ("DenseShift", "q")]
        if (name, bits) != ("DenseShift", 5)
    ),
    ("Q 5 bits from random weights, 20 epochs", "shift_q_all_wb_5_scratch", None),
    ("PS 5 bits from random weights, 20 epochs", "shift_ps_all_wb_5_scratch", None),
]


def measured(name, mode):
    text = (CONVERTED / f"{name}.txt").read_text()
    found = re.search(rf"^{re.escape(mode)} +([\d.]+)", text, re.MULTILINE)
    return float(found[1]) if found else None


def percent(value):
    return "" if value is None else f"{value:.2f}"


def conversions():
    print("| conversion | float mode | integer mode | multiplier-free | bytes |\n|---|---|---|---|---|")
    for name in CONVERSIONS:
        cells = [percent(measured(name, mode)) for mode in MODES]
        size = (CONVERTED / f"{name}.dshift").stat().st_size
        print(f"| {name} | {' | '.join(cells)} | {size:,} |")


def trainings(rows):
    head = ["training", "learning rate", "start", "last epoch", "below float", "minutes"]
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    float_top1 = None
    for name, folder, start in rows:
        log = RUNS / folder / "train_log.csv"
        if not (RUNS / folder / "model.dshift").is_file():
            print(f"| {name} | | | not finished | | |")
            continue
        with open(log, newline="") as file:
            epochs = list(csv.DictReader(file))
        top1 = float(epochs[-1]["test_top1_acc"])
        float_top1 = float_top1 or top1
        minutes = sum(float(row["train_time"]) + float(row["test_time"]) for row in epochs) / 60
        begun = percent(measured(start, MODES[0])) if start else ""
        rate = re.search(r'"learning_rate": ([\d.]+)', (RUNS / folder / "command_args.txt").read_text())[1]
        print(f"| {name} | {rate} | {begun} | {top1:.2f} | {float_top1 - top1:.2f} | {minutes:.0f} |")


conversions()
trainings(FROM_BEST)
trainings(FROM_SHORT)
