#!/usr/bin/env python3
"""Writes crates/deepshift-core/tests/data/pictures.json: what Pillow makes of pictures, cropped as torchvision does.

Needs Pillow before version 13, which resizes some tall pictures' columns first; the file is checked in, so the tests do
not. Sizes and margins follow torchvision's Resize and CenterCrop.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("PIL")

from PIL import Image

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# width, height, channels, input height and width, resize, filter
CASES = [
    (40, 30, 3, [8, 8], 10, "bilinear"),
    (30, 41, 3, [8, 8], 9, "bicubic"),
    (7, 5, 3, [9, 9], 13, "bilinear"),
    (7, 5, 3, [9, 9], 14, "bicubic"),
    (28, 28, 1, [8, 8], None, "bilinear"),
    (100, 37, 1, [7, 8], None, "bicubic"),
    (37, 100, 1, [8, 7], None, "bilinear"),
    (16, 16, 1, [5, 6], 16, "bilinear"),
    (1, 50, 1, [4, 3], None, "bicubic"),
    (300, 200, 1, [4, 6], 7, "bilinear"),
]


def picture(width, height):
    """RGBA bytes that the test computes too."""
    return bytes(
        (x * 37 + y * 91 + channel * 53 + (x * y * 7) % 64 + (255 if (x // 3 + y // 2) % 2 else 0) // 2) % 256
        for y in range(height)
        for x in range(width)
        for channel in range(4)
    )


def resized(width, height, crop, resize):
    rows, columns = crop
    if resize is None:
        # The largest part of the picture with the input's proportions.
        if rows * width >= columns * height:
            return width * rows // height, rows
        return columns, height * columns // width
    if width <= height:
        return resize, int(resize * height / width)
    return int(resize * width / height), resize


def main():
    cases = []
    for width, height, channels, crop, resize, interpolation in CASES:
        image = Image.frombytes("RGBA", (width, height), picture(width, height))
        # Alpha is dropped, not blended.
        image = image.convert("RGB").convert("L" if channels == 1 else "RGB")
        image = image.resize(resized(width, height, crop, resize), FILTERS[interpolation])
        rows, columns = crop
        top, left = int(round((image.height - rows) / 2.0)), int(round((image.width - columns) / 2.0))
        image = image.crop((left, top, left + columns, top + rows))
        cases.append(
            {
                "size": [width, height],
                "input_shape": [channels, rows, columns],
                "resize": resize,
                "interpolation": interpolation,
                "planes": [byte for plane in image.split() for byte in plane.tobytes()],
            }
        )
    path = Path(__file__).resolve().parents[2] / "crates/deepshift-core/tests/data/pictures.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[" + ",\n".join(json.dumps(case) for case in cases) + "]\n")


main()
