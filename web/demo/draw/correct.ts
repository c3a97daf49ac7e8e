/** "That was a 7": keeps the drawing with its label. */
import { announce } from "../page/announce.js";
import { byId, html, paintPlanes } from "../page/dom.js";
import { failed } from "../page/notice.js";
import { digitPicture, SIDE, type Stroke } from "./digit.js";
import { forgetAll, keep, type KeptDrawing, keptDrawings } from "./kept.js";

/** More would push the page down without telling more. */
const SHOWN = 20;

export class Corrections {
  readonly #strokes: () => readonly Stroke[];
  readonly #buttons: HTMLButtonElement[];

  constructor(strokes: () => readonly Stroke[]) {
    this.#strokes = strokes;
    this.#buttons = Array.from({ length: 10 }, (_, digit) => {
      const button = html("button", { type: "button", "aria-label": `It was a ${digit}` }, String(digit));
      button.addEventListener("click", () => void this.keep(digit));
      return button;
    });
    byId("labels").append(...this.#buttons);
    byId("forget").addEventListener("click", () => void this.#forget());
    void this.#show();
  }

  enable(enabled: boolean): void {
    for (const button of this.#buttons) button.disabled = !enabled;
  }

  /** Keeps what is drawn as this digit. */
  async keep(digit: number): Promise<void> {
    if (this.#strokes().length === 0) return;
    try {
      await keep(this.#strokes(), digit);
      announce(`Kept as ${digit}`);
      await this.#show();
    } catch (error) {
      failed("The drawing could not be kept", error);
    }
  }

  async #forget(): Promise<void> {
    try {
      await forgetAll();
      announce("The kept drawings are gone");
      await this.#show();
    } catch (error) {
      failed("The drawings could not be removed", error);
    }
  }

  async #show(): Promise<void> {
    const drawings = await keptDrawings().catch(() => []);
    byId("kept").hidden = drawings.length === 0;
    byId("kept-text").textContent = drawings.length === 1 ? "One drawing is kept." : `${drawings.length} drawings are kept.`;
    byId("kept-list").replaceChildren(...drawings.slice(-SHOWN).map(thumbnail));
    dispatchEvent(new Event("drawingskept"));
  }
}

function thumbnail({ strokes, label }: KeptDrawing): HTMLElement {
  const canvas = html("canvas", { role: "img", "aria-label": `A drawing of ${label}` });
  paintPlanes(canvas, digitPicture(strokes) ?? new Uint8Array(SIDE * SIDE), [1, SIDE, SIDE]);
  return html("li", {}, canvas, html("span", { "aria-hidden": "true" }, String(label)));
}
