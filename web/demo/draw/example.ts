/** A digit that draws itself when the page opens, until somebody draws. */
import examples from "./digits.json";
import type { Pad } from "./pad.js";
import type { Stroke } from "./digit.js";

const DIGIT = 3;
const MILLISECONDS = 1100;

export class Example {
  #shown = false;
  #over = false;
  readonly #pad: Pad;

  constructor(pad: Pad, canvas: HTMLCanvasElement) {
    this.#pad = pad;
    const give = () => {
      const wasShown = this.#shown;
      this.stop();
      if (wasShown) pad.replace([]);
    };
    // Before the pad's own listeners begin a stroke.
    canvas.addEventListener("pointerdown", give, { capture: true });
    canvas.addEventListener("keydown", give, { capture: true });
  }

  /** The example is what the pad shows: nobody's drawing. */
  get isShown(): boolean {
    return this.#shown;
  }

  stop(): void {
    this.#over = true;
    this.#shown = false;
  }

  /** Draws once, on a pad that is still empty. */
  play(): void {
    if (this.#over || this.#shown || !this.#pad.isEmpty) return;
    const strokes = (examples as unknown as Stroke[][])[DIGIT];
    if (!strokes) return;
    this.#shown = true;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const begin = performance.now();
    const frame = () => {
      if (this.#over) return;
      const part = still ? 1 : Math.min(1, (performance.now() - begin) / MILLISECONDS);
      this.#pad.replace(beginning(strokes, part));
      if (part < 1) requestAnimationFrame(frame);
    };
    frame();
  }
}

/** The first part of the strokes' points. */
function beginning(strokes: readonly Stroke[], part: number): Stroke[] {
  let left = Math.ceil(part * strokes.flat().length);
  return strokes
    .map((stroke) => {
      const taken = stroke.slice(0, Math.max(0, left));
      left -= stroke.length;
      return taken;
    })
    .filter((stroke) => stroke.length > 0);
}
