/** What is drawn of a run beside its curves: filters, confusion, mistakes. */
import type { Filters } from "deepshift/worker";
import { colour, html, paintPlanes } from "../page/dom.js";
import { percent } from "../page/text.js";
import type { Evaluation } from "./evaluation.js";
import { PIXELS } from "./mnist.js";

const FILTERS_SHOWN = 24;
const MISTAKES_SHOWN = 18;
/** Weights 2^-8 times the largest of their filter look like nothing. */
const DARKEST_POWER = 8;

/** Each filter as a picture: above zero in the accent, below in blue, as strong as its power of two. */
export function showFilters(host: HTMLElement, filters: Filters | undefined): void {
  if (!filters) return host.replaceChildren();
  const [out = 0, input = 1, height = 1, width = 1] = filters.shape;
  const colours = [colour(host, "--accent"), colour(host, "--cool")];
  const area = height * width;
  const canvases = Array.from({ length: Math.min(out, FILTERS_SHOWN) }, (_, index) => {
    const values = filters.values.slice(index * input * area, index * input * area + area);
    const canvas = html("canvas", { width, height, role: "img", "aria-label": `Filter ${index + 1}` });
    paintSigned(canvas, values, colours);
    return canvas;
  });
  host.replaceChildren(...canvases);
}

function paintSigned(canvas: HTMLCanvasElement, values: readonly number[], [plus = "", minus = ""]: string[]): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const largest = Math.max(...values.map(Math.abs), 1e-9);
  values.forEach((value, index) => {
    const power = Math.log2(Math.abs(value) / largest);
    context.globalAlpha = value === 0 ? 0 : Math.max(0, 1 + power / DARKEST_POWER);
    context.fillStyle = value > 0 ? plus : minus;
    context.fillRect(index % canvas.width, Math.floor(index / canvas.width), 1, 1);
  });
}

/** Rows are what the digit is, columns what was read. */
export function showConfusion(host: HTMLElement, evaluation: Evaluation | undefined, labels: Uint8Array | undefined): void {
  const counts = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  evaluation?.indices.forEach((index, at) => {
    const row = counts[labels?.[index] ?? 0];
    const column = evaluation.predictions[at] ?? 0;
    if (row) row[column] = (row[column] ?? 0) + 1;
  });
  const digits = [...counts.keys()];
  const head = html(
    "tr",
    {},
    html("th", { scope: "col" }, html("span", { class: "hidden-text" }, "is, read as")),
    ...digits.map((digit) => html("th", { scope: "col" }, String(digit))),
  );
  const rows = counts.map((row, digit) => {
    const sum = Math.max(1, row.reduce((a, b) => a + b, 0));
    return html("tr", {}, html("th", { scope: "row" }, String(digit)), ...row.map((value, read) => cell(value, sum, digit === read)));
  });
  host.replaceChildren(html("table", { class: "confusion" }, html("thead", {}, head), html("tbody", {}, ...rows)));
}

function cell(value: number, sum: number, right: boolean): HTMLElement {
  const element = html("td", { class: right ? "right" : "wrong" }, value === 0 ? "" : String(value));
  // Mistakes are few: their colour grows faster than their share.
  const share = right ? (0.55 * value) / sum : Math.min(0.75, 4 * Math.sqrt(value / sum) * 0.35);
  element.style.setProperty("--share", percent(share).replace(" ", ""));
  return element;
}

/** The pictures whose right class got least. */
export function showMistakes(
  host: HTMLElement,
  evaluation: Evaluation | undefined,
  test: { images: Uint8Array; labels: Uint8Array } | undefined,
): void {
  if (!evaluation || !test) return host.replaceChildren();
  const wrong = evaluation.indices
    .map((index, at) => ({
      index,
      label: test.labels[index] ?? 0,
      read: evaluation.predictions[at] ?? 0,
      probability: evaluation.probabilities[at] ?? 0,
    }))
    .filter(({ label, read }) => label !== read)
    .sort((a, b) => a.probability - b.probability)
    .slice(0, MISTAKES_SHOWN);
  const items = wrong.map(({ index, label, read }) => {
    const canvas = html("canvas", { role: "img", "aria-label": `A ${label} that was read as ${read}` });
    paintPlanes(canvas, test.images.subarray(index * PIXELS, (index + 1) * PIXELS), [1, 28, 28]);
    return html("li", {}, canvas, html("span", { "aria-hidden": "true" }, `${label}, read `, html("strong", {}, String(read))));
  });
  host.replaceChildren(...items);
}
