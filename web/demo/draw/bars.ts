/** Ten columns: how sure the network is of each digit, with f32's answer as a line. */
import { html } from "../page/dom.js";
import { percent } from "../page/text.js";

/** A line at the very bottom would say nothing. */
const LOWEST_MARK = 0.005;

export class Bars {
  readonly #items: { item: HTMLElement; fill: HTMLElement; mark: HTMLElement; value: HTMLElement }[];

  constructor(list: HTMLElement) {
    this.#items = Array.from({ length: 10 }, (_, digit) => {
      const fill = html("span", { class: "fill" });
      const mark = html("span", { class: "mark" });
      const value = html("span", { class: "value" });
      const track = html("span", { class: "track", "aria-hidden": "true" }, fill, mark);
      const item = html("li", {}, track, html("span", {}, String(digit)), value);
      list.append(item);
      return { item, fill, mark, value };
    });
  }

  /** Probabilities by digit; none shows an empty drawing. */
  show(shift: readonly number[] | undefined, float: readonly number[] | undefined): void {
    const best = shift ? shift.indexOf(Math.max(...shift)) : -1;
    this.#items.forEach(({ item, fill, mark, value }, digit) => {
      const probability = shift?.[digit] ?? 0;
      fill.style.transform = `scaleY(${probability})`;
      mark.hidden = (float?.[digit] ?? 0) < LOWEST_MARK;
      mark.style.transform = `translateY(${-100 * (float?.[digit] ?? 0)}%)`;
      value.textContent = shift ? percent(probability) : "";
      item.toggleAttribute("data-best", digit === best);
    });
  }
}
