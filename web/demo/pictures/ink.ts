/**
 * A photograph of a digit as MNIST would have it: whatever stands out from the border is ink, its longer side becomes 20
 * pixels, its centre of mass the middle of 28x28, white on black.
 */
import { SIDE } from "../draw/digit.js";

const INK_SIDE = 20;
/** Differences of brightness below this are paper, not ink. */
const FAINTEST = 36;

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The picture's 28x28 bytes, or undefined where nothing stands out. */
export function inkPicture({ data, width, height }: ImageData): Uint8Array | undefined {
  const contrast = inkContrast(data, width, height);
  const strongest = quantile(contrast, 0.995);
  if (strongest < FAINTEST) return undefined;
  // Soft between a quarter and three quarters of the contrast, as the edges of ink are.
  const ink = contrast.map((value) => Math.min(1, Math.max(0, (2 * value) / strongest - 0.5)));
  const box = inkBox(ink, width, height);
  return box && centred(shrunk(ink, width, box));
}

/** How far each pixel differs from the border's brightness, in the direction in which more does. */
function inkContrast(data: Uint8ClampedArray, width: number, height: number): Float32Array {
  const luma = Float32Array.from({ length: width * height }, (_, index) => {
    const [red = 0, green = 0, blue = 0] = data.subarray(4 * index, 4 * index + 3);
    return 0.299 * red + 0.587 * green + 0.114 * blue;
  });
  const border = luma.filter((_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  const paper = quantile(border, 0.5);
  const darker = luma.map((value) => Math.max(0, paper - value));
  const lighter = luma.map((value) => Math.max(0, value - paper));
  return quantile(darker, 0.995) >= quantile(lighter, 0.995) ? darker : lighter;
}

function quantile(values: Float32Array, part: number): number {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

function inkBox(ink: Float32Array, width: number, height: number): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  ink.forEach((value, index) => {
    if (value < 0.5) return;
    const [x, y] = [index % width, Math.floor(index / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Means over the box's cells, the longer side 20 pixels, in the middle of 28x28. */
function shrunk(ink: Float32Array, width: number, box: Box): Float32Array {
  const scale = Math.max(box.width, box.height) / INK_SIDE;
  const margin = (length: number) => (SIDE - length / scale) / 2;
  const picture = new Float32Array(SIDE * SIDE);
  const counts = new Float32Array(SIDE * SIDE);
  // Finer than the photograph's pixels, so that small ones are enlarged smoothly too.
  const parts = Math.max(1, Math.ceil(4 / scale));
  for (let y = 0.5 / parts; y < box.height; y += 1 / parts) {
    for (let x = 0.5 / parts; x < box.width; x += 1 / parts) {
      const source = (box.top + Math.floor(y)) * width + box.left + Math.floor(x);
      const target = Math.floor(margin(box.height) + y / scale) * SIDE + Math.floor(margin(box.width) + x / scale);
      picture[target] = (picture[target] ?? 0) + (ink[source] ?? 0);
      counts[target] = (counts[target] ?? 0) + 1;
    }
  }
  return picture.map((sum, index) => sum / Math.max(1, counts[index] ?? 0));
}

/** Moves the centre of mass into the middle, by whole pixels. */
function centred(picture: Float32Array): Uint8Array {
  let [mass, x, y] = [0, 0, 0];
  picture.forEach((value, index) => {
    mass += value;
    x += value * (index % SIDE);
    y += value * Math.floor(index / SIDE);
  });
  const [dx, dy] = [Math.round((SIDE - 1) / 2 - x / mass), Math.round((SIDE - 1) / 2 - y / mass)];
  return Uint8Array.from({ length: SIDE * SIDE }, (_, index) => {
    const [column, row] = [(index % SIDE) - dx, Math.floor(index / SIDE) - dy];
    const inside = column >= 0 && column < SIDE && row >= 0 && row < SIDE;
    return inside ? Math.round(255 * (picture[row * SIDE + column] ?? 0)) : 0;
  });
}
