/** The most probable classes with bars. */
import type { Classification } from "deepshift";
import { html } from "../page/dom.js";
import { percent } from "../page/text.js";

export function showTop5(list: HTMLElement, classes: readonly Classification[]): void {
  list.replaceChildren(
    ...classes.map(({ label, probability }) => {
      const fill = html("span", { class: "fill" });
      fill.style.transform = `scaleX(${probability})`;
      return html(
        "li",
        {},
        html("span", { class: "label" }, label),
        html("span", { class: "value" }, percent(probability, 1)),
        html("span", { class: "track", "aria-hidden": "true" }, fill),
      );
    }),
  );
}
