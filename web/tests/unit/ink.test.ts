import { describe, expect, it } from "vitest";
import { inkPicture } from "../../demo/pictures/ink.js";

/** A grey sheet with a rectangle on it. */
function sheet(paper: number, ink: number, [left, top, right, bottom]: readonly [number, number, number, number]): ImageData {
  const [width, height] = [120, 90];
  const data = new Uint8ClampedArray(4 * width * height).map((_, index) => {
    const [x, y] = [(index >> 2) % width, Math.floor((index >> 2) / width)];
    if (index % 4 === 3) return 255;
    return x >= left && x < right && y >= top && y < bottom ? ink : paper;
  });
  return { data, width, height, colorSpace: "srgb" } as ImageData;
}

const at = (picture: Uint8Array, row: number, column: number): number => picture[28 * row + column]!;

describe("inkPicture", () => {
  it("cuts out dark and light ink alike, white on black, centred, 20 pixels high", () => {
    for (const [paper, ink] of [[200, 40], [30, 220]] as const) {
      const picture = inkPicture(sheet(paper, ink, [10, 5, 20, 45]))!;
      // 40 pixels become 20, 10 become 5: rows 4 to 23, columns around the middle.
      expect([at(picture, 4, 14), at(picture, 23, 14), at(picture, 14, 13)]).toEqual([255, 255, 255]);
      expect([at(picture, 2, 14), at(picture, 25, 14), at(picture, 14, 9), at(picture, 14, 19)]).toEqual([0, 0, 0, 0]);
    }
  });

  it("sees nothing on an empty sheet", () => {
    expect(inkPicture(sheet(200, 190, [10, 5, 20, 45]))).toBeUndefined();
  });
});
