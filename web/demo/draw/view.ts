/** Draw: strokes become the picture that the network sees, and both networks read it while one draws. */
import type { Model } from "deepshift";
import { currentPairs, onChange, type Pair, readsDigits } from "../networks.js";
import { announce } from "../page/announce.js";
import { byId, oncePerFrame, paintPlanes } from "../page/dom.js";
import { showDevice } from "../page/network-bar.js";
import { failed } from "../page/notice.js";
import { currentView } from "../page/router.js";
import { bytes, milliseconds, percent, times } from "../page/text.js";
import { Bars } from "./bars.js";
import { Corrections } from "./correct.js";
import { digitPicture, SIDE } from "./digit.js";
import { Example } from "./example.js";
import { Pad } from "./pad.js";
import { medianMilliseconds } from "./timing.js";

export class DrawView {
  readonly #pad: Pad;
  readonly #bars = new Bars(byId("bars"));
  readonly #corrections: Corrections;
  readonly #example: Example;
  readonly #sees = byId<HTMLCanvasElement>("sees");
  #pair: Pair | undefined;
  #reading = false;
  #readAgain = false;
  #generation = 0;

  constructor() {
    const read = oncePerFrame(() => void this.#read());
    const canvas = byId<HTMLCanvasElement>("pad");
    this.#pad = new Pad(canvas, read);
    this.#example = new Example(this.#pad, canvas);
    this.#corrections = new Corrections(() => (this.#example.isShown ? [] : this.#pad.strokes));
    byId("undo").addEventListener("click", () => this.#pad.undo());
    byId("clear").addEventListener("click", () => this.#clear());
    addEventListener("keydown", (event) => this.#key(event));
    onChange(() => {
      // What is under way with the networks before has lost them.
      this.#generation++;
      this.#pair = undefined;
      if (currentView() === "draw") void this.open();
    });
    this.#showNothing();
  }

  /** Loads the current network, if it is not loaded yet. */
  async open(): Promise<void> {
    const generation = ++this.#generation;
    this.#pair = undefined;
    try {
      const fits = await readsDigits();
      if (generation !== this.#generation) return;
      this.#showFit(fits);
      if (!fits) return;
      for await (const pair of currentPairs()) {
        if (generation !== this.#generation) return;
        await this.#take(pair, generation);
      }
    } catch (error) {
      if (generation === this.#generation) failed("The network could not be loaded", error);
    }
  }

  async #take(pair: Pair, generation: number): Promise<void> {
    showDevice(pair.device);
    this.#pair = pair;
    this.#showSizes(pair.shift);
    await this.#read();
    this.#example.play();
    await this.#measure(pair, generation);
  }

  #clear(): void {
    this.#example.stop();
    this.#pad.clear();
  }

  #key(event: KeyboardEvent): void {
    if (currentView() !== "draw" || event.altKey) return;
    if (event.target instanceof HTMLElement && event.target.matches("select, input")) return;
    const isUndo = (event.ctrlKey || event.metaKey) && event.key === "z";
    if (isUndo || event.key === "Backspace") this.#pad.undo();
    else if (event.key === "Escape" || event.key === "Delete") this.#clear();
    else if (/^[0-9]$/.test(event.key) && event.target === byId("pad")) void this.#corrections.keep(Number(event.key));
    else return;
    event.preventDefault();
  }

  /** Reads what is drawn now; strokes that come in meanwhile are read once more afterwards. */
  async #read(): Promise<void> {
    this.#corrections.enable(!this.#pad.isEmpty && !this.#example.isShown);
    byId("pad-hint").hidden = !this.#pad.isEmpty;
    this.#readAgain = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    try {
      do {
        this.#readAgain = false;
        await this.#readOnce();
      } while (this.#readAgain);
    } catch (error) {
      failed("The drawing could not be read", error);
    } finally {
      this.#reading = false;
    }
  }

  async #readOnce(): Promise<void> {
    const picture = digitPicture(this.#pad.strokes);
    paintPlanes(this.#sees, picture ?? new Uint8Array(SIDE * SIDE), [1, SIDE, SIDE]);
    if (!picture) return this.#showNothing();
    const pair = this.#pair;
    if (!pair) return;
    try {
      const [shift, float] = [await probabilities(pair.shift, picture), await probabilities(pair.float, picture)];
      // The drawing may have been cleared meanwhile.
      if (!this.#pad.isEmpty) this.#showAnswer(shift, float);
    } catch (error) {
      // Another network may have come meanwhile, and this one gone.
      if (pair === this.#pair) throw error;
      this.#readAgain = true;
    }
  }

  #showNothing(): void {
    this.#bars.show(undefined, undefined);
    byId("digit").textContent = "–";
    byId("digit").toggleAttribute("data-empty", true);
    byId("sure").textContent = "Waiting for a stroke";
    for (const id of ["shift-answer", "float-answer"]) byId(id).textContent = "–";
    byId("same-answer").textContent = "";
  }

  #showAnswer(shift: number[], float: number[]): void {
    const [answer, other] = [best(shift), best(float)];
    const sure = percent(shift[answer] ?? 0, 1);
    this.#bars.show(shift, float);
    byId("digit").textContent = String(answer);
    byId("digit").toggleAttribute("data-empty", false);
    byId("sure").textContent = `${sure} sure`;
    byId("shift-answer").textContent = `${answer}, ${sure}`;
    byId("float-answer").textContent = `${other}, ${percent(float[other] ?? 0, 1)}`;
    byId("same-answer").textContent = answer === other ? "the same" : "they differ";
    announce(`Read as ${answer}, ${sure} sure`);
  }

  #showFit(fits: boolean): void {
    byId("draw-wrong-shape").hidden = fits;
    for (const id of ["drawing", "correct"]) byId(id).hidden = !fits;
  }

  #showSizes({ info, bytes: packed }: Model): void {
    const plain = 4 * info.parameters;
    byId("shift-bytes").textContent = bytes(packed);
    byId("float-bytes").textContent = bytes(plain);
    byId("ratio-bytes").textContent = packed < plain ? `${times(plain / packed)} smaller` : "";
  }

  async #measure({ shift, float }: Pair, generation: number): Promise<void> {
    for (const id of ["shift-ms", "float-ms", "ratio-ms"]) byId(id).textContent = "…";
    const picture = digitPicture([[[0.5, 0.2], [0.5, 0.8]]]) ?? new Uint8Array(SIDE * SIDE);
    const [quick = NaN, plain = NaN] = await medianMilliseconds([shift, float], picture);
    if (generation !== this.#generation || shift !== this.#pair?.shift) return;
    byId("shift-ms").textContent = milliseconds(quick);
    byId("float-ms").textContent = milliseconds(plain);
    byId("ratio-ms").textContent = plain >= quick ? `${times(plain / quick)} faster` : `${times(quick / plain)} slower`;
  }
}

async function probabilities(model: Model, picture: Uint8Array): Promise<number[]> {
  const result = new Array<number>(10).fill(0);
  for (const { index, probability } of await model.classify(picture, { top: 10 })) result[index] = probability;
  return result;
}

const best = (values: readonly number[]): number => values.indexOf(Math.max(...values));
