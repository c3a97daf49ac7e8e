/** A curve over steps: raw values faint, their running mean strong. Redrawn whole; it has at most some hundred points. */
import { svg } from "../page/dom.js";

const HEIGHT = 190;
const MARGIN = { left: 40, right: 14, top: 10, bottom: 24 };
/** More points than this are thinned: there are no more pixels. */
const POINTS = 400;

export interface LinePoint {
  step: number;
  value: number;
}

export interface LineOptions {
  label: string;
  /** Ends of the value axis, for the last value. */
  ends: (last: number) => readonly [lowest: number, highest: number];
  format: (value: number) => string;
  /** Marks each value with a dot instead of smoothing. */
  dots?: boolean;
  /** A line to reach. */
  goal?: number;
}

export class LineChart {
  readonly #host: HTMLElement;
  readonly #options: LineOptions;
  #points: readonly LinePoint[] = [];

  constructor(host: HTMLElement, options: LineOptions) {
    this.#host = host;
    this.#options = options;
    new ResizeObserver(() => this.#draw()).observe(host);
    this.#draw();
  }

  show(points: readonly LinePoint[]): void {
    this.#points = points;
    this.#draw();
  }

  #draw(): void {
    const width = this.#host.clientWidth;
    if (width === 0) return;
    const points = thin(this.#points);
    const scale = this.#scale(points, width);
    const last = this.#points.at(-1);
    const said = last ? `${this.#options.label}: ${this.#options.format(last.value)} after ${last.step} steps` : `${this.#options.label}: no values yet`;
    const chart = svg("svg", { class: "chart", role: "img", "aria-label": said, width, height: HEIGHT });
    chart.append(...this.#axes(scale, width), ...this.#curve(points, scale));
    this.#host.replaceChildren(chart);
  }

  #scale(points: readonly LinePoint[], width: number): Scale {
    const [low, high] = this.#options.ends(points.at(-1)?.value ?? 0);
    const lastStep = Math.max(10, this.#points.at(-1)?.step ?? 0);
    const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    return {
      low,
      high,
      lastStep,
      x: (step) => MARGIN.left + (step / lastStep) * inner.width,
      y: (value) => {
        const part = (Math.min(high, Math.max(low, value)) - low) / (high - low);
        return HEIGHT - MARGIN.bottom - part * inner.height;
      },
    };
  }

  #axes({ low, high, lastStep, x, y }: Scale, width: number): SVGElement[] {
    const right = width - MARGIN.right;
    const lines = [low, (low + high) / 2, high].flatMap((value) => [
      svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: MARGIN.left - 8, y: y(value) + 4, "text-anchor": "end" }, this.#options.format(value)),
    ]);
    const { goal } = this.#options;
    const goalLine =
      goal === undefined ? [] : [svg("line", { class: "goal", x1: MARGIN.left, x2: right, y1: y(goal), y2: y(goal) })];
    const bottom = HEIGHT - 5;
    return [
      ...lines,
      ...goalLine,
      svg("text", { x: MARGIN.left, y: bottom }, "0"),
      svg("text", { x: x(lastStep), y: bottom, "text-anchor": "end" }, `step ${lastStep}`),
    ];
  }

  #curve(points: readonly LinePoint[], { x, y }: Scale): SVGElement[] {
    const path = (each: readonly LinePoint[]) =>
      each.map(({ step, value }, index) => `${index ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    if (points.length === 0) return [];
    if (!this.#options.dots) {
      return [svg("path", { class: "raw", d: path(points) }), svg("path", { class: "smooth", d: path(smooth(points)) })];
    }
    const dots = points.map(({ step, value }) => svg("circle", { class: "dot", cx: x(step), cy: y(value), r: 3 }));
    return [svg("path", { class: "smooth", d: path(points) }), ...(points.length < 40 ? dots : [])];
  }
}

interface Scale {
  low: number;
  high: number;
  lastStep: number;
  x: (step: number) => number;
  y: (value: number) => number;
}

/** Means of equal runs of points. */
function thin(points: readonly LinePoint[]): LinePoint[] {
  const run = Math.ceil(points.length / POINTS);
  if (run <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / run) }, (_, index) => {
    const part = points.slice(index * run, (index + 1) * run);
    const value = part.reduce((sum, point) => sum + point.value, 0) / part.length;
    return { step: part.at(-1)?.step ?? 0, value };
  });
}

/** Exponential running mean, without the pull to the first value. */
function smooth(points: readonly LinePoint[]): LinePoint[] {
  let [mean, weight] = [0, 0];
  return points.map(({ step, value }) => {
    mean = 0.85 * mean + 0.15 * value;
    weight = 0.85 * weight + 0.15;
    return { step, value: mean / weight };
  });
}
