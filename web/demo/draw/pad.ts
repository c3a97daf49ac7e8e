/** The drawing area: strokes by mouse, touch, pen or keyboard, kept as vectors. */
import { colour, oncePerFrame } from "../page/dom.js";
import type { Point, Stroke } from "./digit.js";

/** Width of the line that people see, as a part of the area's side. */
const PEN = 0.062;
/** One press of an arrow key moves the pen so far. */
const KEY_STEP = 1 / 24;
const ARROWS: Record<string, Point> = {
  ArrowLeft: [-KEY_STEP, 0],
  ArrowRight: [KEY_STEP, 0],
  ArrowUp: [0, -KEY_STEP],
  ArrowDown: [0, KEY_STEP],
};

export class Pad {
  #strokes: Stroke[] = [];
  /** What undo goes back to. */
  #history: Stroke[][] = [];
  /** The stroke that a pointer or the keyboard draws just now. */
  #open: Point[] | undefined;
  #pointer: number | undefined;
  /** Where the keyboard's pen is; none until an arrow key is pressed. */
  #cursor: Point | undefined;
  readonly #canvas: HTMLCanvasElement;
  readonly #changed: () => void;
  readonly #paint = oncePerFrame(() => this.#paintNow());

  /** Calls `changed` whenever a stroke grows or goes. */
  constructor(canvas: HTMLCanvasElement, changed: () => void) {
    this.#canvas = canvas;
    this.#changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(type, (event) => this.#up(event));
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#liftKeyboardPen());
    addEventListener("themechange", this.#paint);
    new ResizeObserver(this.#paint).observe(canvas);
  }

  get strokes(): readonly Stroke[] {
    return this.#open ? [...this.#strokes, this.#open] : this.#strokes;
  }

  get isEmpty(): boolean {
    return this.strokes.length === 0;
  }

  undo(): void {
    if (this.#open) return;
    const before = this.#history.pop();
    if (before) this.#set(before);
  }

  clear(): void {
    this.#endStroke();
    if (this.#strokes.length > 0) this.#history.push(this.#strokes);
    this.#set([]);
  }

  /** Shows these strokes instead of what was drawn. */
  replace(strokes: readonly Stroke[]): void {
    this.#history = [];
    this.#set([...strokes]);
  }

  #set(strokes: Stroke[]): void {
    this.#strokes = strokes;
    this.#paint();
    this.#changed();
  }

  #down(event: PointerEvent): void {
    if (this.#pointer !== undefined || event.button !== 0) return;
    this.#endStroke();
    this.#cursor = undefined;
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#open = [];
    this.#extend([this.#position(event)]);
  }

  #move(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    const events = event.getCoalescedEvents();
    this.#extend((events.length > 0 ? events : [event]).map((each) => this.#position(each)));
  }

  #up(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = undefined;
    this.#endStroke();
  }

  #endStroke(): void {
    if (!this.#open) return;
    this.#history.push(this.#strokes);
    this.#strokes = [...this.#strokes, this.#open];
    this.#open = undefined;
    this.#paint();
  }

  #extend(points: Point[]): void {
    this.#open?.push(...points);
    this.#paint();
    this.#changed();
  }

  #position(event: PointerEvent): Point {
    const box = this.#canvas.getBoundingClientRect();
    const inside = (value: number) => Math.min(1, Math.max(0, value));
    return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
  }

  #key(event: KeyboardEvent): void {
    const arrow = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || this.#pointer !== undefined) return;
    if (!arrow && event.key !== " ") return;
    event.preventDefault();
    const [x, y] = this.#cursor ?? [0.5, 0.5];
    const [dx, dy] = arrow ?? [0, 0];
    this.#cursor = [Math.min(1, Math.max(0, x + dx)), Math.min(1, Math.max(0, y + dy))];
    if (arrow) {
      if (this.#open) this.#extend([this.#cursor]);
    } else if (this.#open) {
      this.#endStroke();
    } else {
      this.#open = [];
      this.#extend([this.#cursor]);
    }
    this.#paint();
  }

  #liftKeyboardPen(): void {
    if (this.#pointer !== undefined) return;
    this.#endStroke();
    this.#cursor = undefined;
    this.#paint();
  }

  #paintNow(): void {
    const canvas = this.#canvas;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (side === 0) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, side, side);
    const style = getComputedStyle(canvas);
    context.strokeStyle = context.fillStyle = style.color;
    context.lineWidth = PEN * side;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) trace(context, stroke, side);
    if (this.#cursor) {
      context.fillStyle = context.strokeStyle = colour(canvas, "--accent");
      ring(context, this.#cursor, side, this.#open !== undefined);
    }
  }
}

/** A smooth line through the middles between the points. */
function trace(context: CanvasRenderingContext2D, stroke: Stroke, side: number): void {
  const [first, ...rest] = stroke;
  const last = stroke.at(-1);
  if (!first || !last) return;
  context.beginPath();
  context.moveTo(first[0] * side, first[1] * side);
  let [x, y] = first;
  for (const [nextX, nextY] of rest) {
    context.quadraticCurveTo(x * side, y * side, ((x + nextX) / 2) * side, ((y + nextY) / 2) * side);
    [x, y] = [nextX, nextY];
  }
  context.lineTo(last[0] * side, last[1] * side);
  context.stroke();
}

function ring(context: CanvasRenderingContext2D, [x, y]: Point, side: number, filled: boolean): void {
  context.lineWidth = Math.max(2, side / 150);
  context.beginPath();
  context.arc(x * side, y * side, (PEN / 2) * side, 0, 2 * Math.PI);
  if (filled) context.fill();
  else context.stroke();
}
