/** How often each power of two occurs, as columns: 0 first, then from large to small. */
import { svg } from "../page/dom.js";
import { count, percent } from "../page/text.js";

const HEIGHT = 150;
const BOTTOM = 24;
const LEFT = 2;

export interface Column {
  /** The exponent n of ±2^n; none for weights that are 0. */
  exponent: number | undefined;
  weights: number;
}

/** Draws the columns into the host, as wide as it is. */
export function drawExponents(host: HTMLElement, columns: readonly Column[], label: string, chartHeight = HEIGHT): void {
  const width = host.clientWidth;
  if (width === 0) return;
  const total = columns.reduce((sum, { weights }) => sum + weights, 0);
  const highest = Math.max(1, ...columns.map(({ weights }) => weights));
  const step = (width - 2 * LEFT) / Math.max(1, columns.length);
  // Labels need 30 pixels.
  const every = Math.ceil(30 / step);
  const parts = columns.flatMap(({ exponent, weights }, index) => {
    const height = (weights / highest) * (chartHeight - BOTTOM - 8);
    const x = LEFT + index * step;
    const name = exponent === undefined ? "0" : `2${superscript(exponent)}`;
    const bar = svg(
      "rect",
      { class: exponent === undefined ? "bar zero" : "bar", x: x + step * 0.12, width: step * 0.76, y: chartHeight - BOTTOM - height, height, rx: Math.min(3, step / 5) },
      svg("title", {}, `${exponent === undefined ? "0" : `±${name}`}: ${count(weights)} weights, ${percent(weights / Math.max(1, total), 1)}`),
    );
    const text = svg("text", { x: x + step / 2, y: chartHeight - 6, "text-anchor": "middle" }, name);
    return index === 0 || index % every === 0 ? [bar, text] : [bar];
  });
  const baseline = svg("line", { class: "grid", x1: 0, x2: width, y1: chartHeight - BOTTOM, y2: chartHeight - BOTTOM });
  host.replaceChildren(
    svg("svg", { class: "chart", role: "img", "aria-label": label, width, height: chartHeight }, baseline, ...parts),
  );
}

const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

export function superscript(value: number): string {
  const digits = [...String(Math.abs(value))].map((digit) => DIGITS[Number(digit)]).join("");
  return (value < 0 ? "⁻" : "") + digits;
}
