/** Kept drawings as training pictures: each in many variations, among digits of MNIST so that those are not forgotten. */
import type { LabelledPictures } from "deepshift/worker";
import { digitPicture, type Point, type Stroke } from "../draw/digit.js";
import type { KeptDrawing } from "../draw/kept.js";
import { PIXELS } from "./mnist.js";

const MNIST_PICTURES = 4000;
/** All variations together: half as many, or the drawings would drown. */
const VARIED_PICTURES = 2000;
const FEWEST_VARIATIONS = 20;
/** Largest rotation in radians, shear, and change of width. */
const LARGEST = { turn: 0.16, shear: 0.18, stretch: 0.16 };

export function drawingsAmongMnist(drawings: readonly KeptDrawing[], mnist: LabelledPictures): LabelledPictures {
  const random = generator(drawings.length);
  const variations = Math.max(FEWEST_VARIATIONS, Math.ceil(VARIED_PICTURES / Math.max(1, drawings.length)));
  const varied = drawings.flatMap(({ strokes, label }) =>
    Array.from({ length: variations }, (_, index) => ({
      picture: digitPicture(index === 0 ? strokes : vary(strokes, random)) ?? new Uint8Array(PIXELS),
      label,
    })),
  );
  const count = MNIST_PICTURES + varied.length;
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  images.set(mnist.images.subarray(0, MNIST_PICTURES * PIXELS));
  labels.set(mnist.labels.subarray(0, MNIST_PICTURES));
  varied.forEach(({ picture, label }, index) => {
    images.set(picture, (MNIST_PICTURES + index) * PIXELS);
    labels[MNIST_PICTURES + index] = label;
  });
  return { images, labels };
}

/** The drawing a little turned, sheared and stretched. */
function vary(strokes: readonly Stroke[], random: () => number): Point[][] {
  const turn = LARGEST.turn * random();
  const shear = LARGEST.shear * random();
  const stretch = 1 + LARGEST.stretch * random();
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return strokes.map((stroke) =>
    stroke.map(([x, y]): Point => {
      const wide = stretch * x + shear * y;
      return [cos * wide - sin * y, sin * wide + cos * y];
    }),
  );
}

/** Numbers from -1 to 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}
