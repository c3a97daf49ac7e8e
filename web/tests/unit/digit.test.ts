import { describe, expect, it } from "vitest";
import { digitPicture, type Point, SIDE } from "../../demo/draw/digit.js";
import digits from "../../demo/draw/digits.json" with { type: "json" };

const recorded = digits as unknown as Point[][][];

/** Rows, columns and centre of what is not black. */
function measure(picture: Uint8Array) {
  const lit = [...picture.keys()].filter((index) => picture[index]! > 127);
  const rows = lit.map((index) => Math.floor(index / SIDE));
  const columns = lit.map((index) => index % SIDE);
  const mass = picture.reduce((sum, value) => sum + value, 0);
  const mean = (of: (index: number) => number) => picture.reduce((sum, value, index) => sum + value * of(index), 0) / mass;
  return {
    height: Math.max(...rows) - Math.min(...rows) + 1,
    width: Math.max(...columns) - Math.min(...columns) + 1,
    centre: [mean((index) => (index % SIDE) + 0.5), mean((index) => Math.floor(index / SIDE) + 0.5)] as const,
    brightness: mass / 255 / SIDE ** 2,
  };
}

const moved = (strokes: Point[][], scale: number, [dx, dy]: Point): Point[][] =>
  strokes.map((stroke) => stroke.map(([x, y]): Point => [x * scale + dx, y * scale + dy]));

describe("digitPicture", () => {
  it("fits the longer side into 20 pixels and centres the mass, as MNIST does", () => {
    for (const strokes of recorded) {
      const { width, height, centre } = measure(digitPicture(strokes)!);
      expect(Math.max(width, height)).toBeGreaterThanOrEqual(19);
      expect(Math.max(width, height)).toBeLessThanOrEqual(21);
      for (const each of centre) expect(Math.abs(each - SIDE / 2)).toBeLessThan(0.3);
    }
  });

  it("does not depend on where and how large one draws", () => {
    for (const strokes of recorded) {
      const small = digitPicture(moved(strokes, 0.3, [0.6, 0.05]))!;
      digitPicture(strokes)!.forEach((value, index) => expect(Math.abs(value - small[index]!)).toBeLessThanOrEqual(2));
    }
  });

  it("has the brightness of MNIST's strokes on average", () => {
    const brightness = recorded.map((strokes) => measure(digitPicture(strokes)!).brightness);
    expect(brightness.reduce((a, b) => a + b) / 10).toBeCloseTo(0.13, 1);
  });

  it("keeps a dot a dot, and nothing nothing", () => {
    const { width, height } = measure(digitPicture([[[0.9, 0.1]]])!);
    expect(Math.max(width, height)).toBeLessThan(5);
    expect(digitPicture([])).toBeUndefined();
  });
});
