/**
 * The picture that the network sees, made from the strokes as MNIST was made: the ink's longer side scaled to 20
 * pixels, its centre of mass in the middle of 28x28, white on black.
 *
 * The strokes are drawn anew from their points instead of reading the canvas back: the line has MNIST's thickness
 * however large or small one draws, and browsers that blur canvas readings against tracking spoil nothing.
 */

/** A point in the drawing's unit square, y downwards. */
export type Point = readonly [x: number, y: number];
export type Stroke = readonly Point[];

export const SIDE = 28;
const INK_SIDE = 20;
/** Half the line's width in pixels of the picture; gives MNIST's mean brightness of 0.13. */
const PEN_RADIUS = 1.15;
/** Width of the line's soft edge in pixels. */
const SOFTNESS = 1.3;
/** A drawing smaller than this part of the square is not enlarged further: a dot stays a dot. */
const SMALLEST_EXTENT = 0.08;

/** The picture's 28x28 brightnesses, row by row, or undefined where nothing is drawn. */
export function digitPicture(strokes: readonly Stroke[]): Uint8Array | undefined {
  const points = strokes.flat();
  if (points.length === 0) return undefined;
  const box = boundingBox(points);
  const extent = Math.max(box.width, box.height, SMALLEST_EXTENT);
  const scale = (INK_SIDE - 2 * PEN_RADIUS) / extent;
  const boxed = place(strokes, scale, [box.x + box.width / 2, box.y + box.height / 2]);
  const [massX, massY] = centreOfMass(draw(boxed));
  const centred = boxed.map((stroke) =>
    stroke.map(([x, y]): Point => [x + SIDE / 2 - massX, y + SIDE / 2 - massY]),
  );
  return Uint8Array.from(draw(centred), (value) => Math.round(value * 255));
}

function boundingBox(points: Stroke) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Scales the strokes and puts `middle` into the picture's middle. */
function place(strokes: readonly Stroke[], scale: number, middle: Point): Point[][] {
  return strokes.map((stroke) =>
    stroke.map(([x, y]): Point => [(x - middle[0]) * scale + SIDE / 2, (y - middle[1]) * scale + SIDE / 2]),
  );
}

/** Brightness 0 to 1 of every pixel: how far its centre lies inside the line, with a soft edge. */
function draw(strokes: readonly Stroke[]): Float32Array {
  const picture = new Float32Array(SIDE * SIDE);
  for (const stroke of strokes) {
    stroke.forEach((point, index) => drawSegment(picture, stroke[Math.max(0, index - 1)] ?? point, point));
  }
  return picture;
}

function drawSegment(picture: Float32Array, from: Point, to: Point): void {
  const reach = PEN_RADIUS + SOFTNESS;
  const first = (low: number) => Math.max(0, Math.floor(low - reach));
  const last = (high: number) => Math.min(SIDE - 1, Math.ceil(high + reach));
  for (let row = first(Math.min(from[1], to[1])); row <= last(Math.max(from[1], to[1])); row++) {
    for (let column = first(Math.min(from[0], to[0])); column <= last(Math.max(from[0], to[0])); column++) {
      const distance = distanceToSegment([column + 0.5, row + 0.5], from, to);
      const inside = Math.min(1, Math.max(0, (PEN_RADIUS - distance) / SOFTNESS + 0.5));
      const index = row * SIDE + column;
      picture[index] = Math.max(picture[index] ?? 0, inside);
    }
  }
}

function distanceToSegment([x, y]: Point, from: Point, to: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : ((x - from[0]) * dx + (y - from[1]) * dy) / squared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - from[0] - t * dx, y - from[1] - t * dy);
}

function centreOfMass(picture: Float32Array): Point {
  let [mass, x, y] = [0, 0, 0];
  picture.forEach((value, index) => {
    mass += value;
    x += value * ((index % SIDE) + 0.5);
    y += value * (Math.floor(index / SIDE) + 0.5);
  });
  return mass === 0 ? [SIDE / 2, SIDE / 2] : [x / mass, y / mass];
}
