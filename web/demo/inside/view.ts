/** Inside: what the current file holds and what a picture costs. */
import type { Coding, ExponentCounts, LayerInfo, ModelReport, Operations } from "deepshift/worker";
import { type Column, drawExponents } from "../charts/exponents.js";
import { currentInWorker, currentReport, onChange } from "../networks.js";
import { byId, html } from "../page/dom.js";
import { showDevice } from "../page/network-bar.js";
import { failed } from "../page/notice.js";
import { currentView } from "../page/router.js";
import { bytes, count, joules, percent, times } from "../page/text.js";
import { costs } from "./energy.js";

/** More layers than this are shown as one, and each when asked for. */
const SHOWN_LAYERS = 6;
/** Nodes with multiplications left that are named. */
const SHOWN_NODES = 5;

export class InsideView {
  #report: ModelReport | undefined;
  #generation = 0;

  constructor() {
    onChange(() => {
      this.#report = undefined;
      if (currentView() === "inside") void this.open();
    });
    const draw = () => this.#report && showExponents(this.#report);
    new ResizeObserver(draw).observe(byId("inside-exponents"));
    byId("inside-more").addEventListener("toggle", draw);
  }

  async open(): Promise<void> {
    const generation = ++this.#generation;
    try {
      const [model, report] = await Promise.all([currentInWorker(), currentReport()]);
      if (generation !== this.#generation) return;
      this.#report = report;
      showDevice(model.device);
      show(report);
    } catch (error) {
      if (generation === this.#generation) failed("The network could not be loaded", error);
    }
  }
}

function show(report: ModelReport): void {
  const { totals } = report;
  const operations = report.integer_mode?.operations ?? report.float_mode;
  const remaining = multiplications(operations);
  byId("inside-lede").textContent = lede(report);
  byId("inside-tiles").replaceChildren(
    tile("File", bytes(totals.file_bytes), `${times(totals.compression)} smaller than its weights as f32, ${bytes(totals.parameter_bytes_as_f32)}`),
    tile("Parameters", count(totals.parameters), bitsOf(report)),
    tile("Shifts and additions", count(operations.shift_additions), "for one picture"),
    tile("Multiplications", count(remaining), remaining === 0 ? `${count(operations.shift_additions)} avoided` : `${count(operations.shift_additions)} avoided, these remain`),
  );
  showLayers(report);
  showExponents(report);
  showCosts(operations, remaining);
}

const multiplications = (operations: Operations): number =>
  operations.multiplications.reduce((sum, { per_picture }) => sum + per_picture, 0);

function lede({ architecture, input_shape: shape, provenance, integer_mode }: ModelReport): string {
  const accuracy = provenance.notes?.["top1"];
  const measured = accuracy ? ` It reads ${accuracy} % of its test pictures right.` : "";
  const mode = integer_mode
    ? integer_mode.multiplier_free
      ? "In integer mode it multiplies nowhere, not even to rescale, and the file proves it."
      : "It has an integer mode that gives the same bits on every device."
    : "It has float mode only.";
  return `${architecture}, for pictures of ${shape.join(" × ")}.${measured} ${mode}`;
}

function bitsOf({ layers }: ModelReport): string {
  const codings = layers.flatMap(({ weight }) => (weight ? [codingName(weight.coding)] : []));
  return [...new Set(codings)].join("; ");
}

function codingName(coding: Coding): string {
  if (coding.kind === "f32") return "f32";
  return `${coding.terms > 1 ? `${coding.terms} × ` : ""}${coding.bits} bits, ${coding.shift_type}`;
}

function tile(name: string, value: string, more: string): HTMLElement {
  return html("div", {}, html("dt", {}, name), html("dd", {}, value, html("small", {}, more)));
}

function showLayers({ layers, totals }: ModelReport): void {
  const head = ["Layer", "Operation", "Output", "Weights", "Bits", "Bytes", "As f32"];
  const cells = (names: string[], tag: "th" | "td") =>
    names.map((name, index) => html(tag, { class: index >= 5 ? "number" : undefined, scope: tag === "th" ? "col" : undefined }, name));
  const sum = html(
    "tr",
    {},
    html("th", { scope: "row", colspan: 5 }, "Together"),
    html("td", { class: "number" }, bytes(totals.parameter_bytes)),
    html("td", { class: "number" }, bytes(totals.parameter_bytes_as_f32)),
  );
  byId("layers").replaceChildren(
    html("thead", {}, html("tr", {}, ...cells(head, "th"))),
    html("tbody", {}, ...layers.map(layerRow)),
    html("tfoot", {}, sum),
  );
}

function layerRow(layer: LayerInfo): HTMLElement {
  const { weight } = layer;
  const number = (value: number) => html("td", { class: "number" }, value > 0 ? bytes(value) : "");
  return html(
    "tr",
    { "data-plain": weight === null },
    html("th", { scope: "row" }, layer.name),
    html("td", {}, layer.operation),
    html("td", {}, layer.output_shape.join(" × ")),
    html("td", {}, weight ? weight.shape.join(" × ") : ""),
    html("td", {}, weight ? codingName(weight.coding) : ""),
    number(layer.bytes),
    number(layer.bytes_as_f32),
  );
}

function showExponents({ exponents }: ModelReport): void {
  const host = byId("inside-exponents");
  if (exponents.length === 0) {
    host.replaceChildren(html("p", { class: "quiet" }, "This file has no shift layers."));
    return;
  }
  const many = exponents.length > SHOWN_LAYERS;
  const shown = many ? [summed(exponents)] : exponents;
  drawLayers(host, shown);
  const more = byId<HTMLDetailsElement>("inside-more");
  more.hidden = !many;
  byId("inside-more-title").textContent = `Each of the ${exponents.length} layers`;
  // What is folded has no width to draw in.
  if (many && more.open) drawLayers(byId("inside-each"), exponents);
}

function drawLayers(host: HTMLElement, layers: readonly ExponentCounts[]): void {
  const charts = layers.map((layer) => {
    const chart = html("div");
    const zeros = percent(layer.zeros / Math.max(1, total(layer)));
    const figure = html(
      "figure",
      { class: "card" },
      html("figcaption", {}, layer.layer, html("span", { class: "quiet" }, `${count(total(layer))} weights, ${zeros} zero`)),
      chart,
    );
    return { layer, chart, figure };
  });
  host.replaceChildren(...charts.map(({ figure }) => figure));
  for (const { layer, chart } of charts) drawExponents(chart, columns(layer), `Powers of two in ${layer.layer}`);
}

/** All layers as one. */
function summed(layers: readonly ExponentCounts[]): ExponentCounts {
  const powers: Record<string, number> = {};
  for (const layer of layers) {
    for (const [power, weights] of Object.entries(layer.powers)) powers[power] = (powers[power] ?? 0) + weights;
  }
  return { layer: "All layers", zeros: layers.reduce((sum, { zeros }) => sum + zeros, 0), powers };
}

const total = (layer: ExponentCounts): number =>
  Object.values(layer.powers).reduce((sum, weights) => sum + weights, layer.zeros);

function columns({ zeros, powers }: ExponentCounts): Column[] {
  const used = Object.keys(powers).map(Number);
  const [high, low] = [Math.max(...used, 0), Math.min(...used, 0)];
  const exponents = Array.from({ length: high - low + 1 }, (_, index) => high - index);
  return [
    { exponent: undefined, weights: zeros },
    ...exponents.map((exponent) => ({ exponent, weights: powers[String(exponent)] ?? 0 })),
  ];
}

function showCosts(operations: Operations, remaining: number): void {
  const list = costs(operations.shift_additions, remaining);
  const highest = Math.max(...list.map(({ microjoules }) => microjoules));
  const bars = list.map(({ name, detail, microjoules, shift }) => {
    const fill = html("span", { class: "fill" });
    fill.style.width = `${(100 * microjoules) / highest}%`;
    return html(
      "div",
      { class: shift ? "cost-bar shift" : "cost-bar" },
      html("p", { class: "head" }, html("span", {}, name), html("strong", {}, joules(microjoules))),
      html("div", { class: "track", "aria-hidden": "true" }, fill),
      html("p", { class: "quiet" }, detail),
    );
  });
  const energy = html("div", { class: "card" }, html("h3", {}, "Energy of the arithmetic, estimated"), ...bars);
  byId("inside-cost").replaceChildren(operationsCard(operations, remaining), energy);
}

function operationsCard(operations: Operations, remaining: number): HTMLElement {
  const largest = [...operations.multiplications].sort((a, b) => b.per_picture - a.per_picture).slice(0, SHOWN_NODES);
  const others = operations.multiplications.length - largest.length;
  const rows: [string, string][] = [
    ["Shifts", count(operations.shift_additions)],
    ["Additions", count(operations.shift_additions)],
    ["Multiplications avoided", count(operations.shift_additions)],
    ["Multiplications left", count(remaining)],
    ...largest.map(({ node, operation, per_picture }): [string, string] => [`${node}: ${operation}`, count(per_picture)]),
    ...(others > 0 ? [[`${others} others`, ""] as [string, string]] : []),
  ];
  const facts = html("dl", { class: "facts" }, ...rows.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
  return html("div", { class: "card" }, html("h3", {}, "Operations for one picture"), facts);
}
