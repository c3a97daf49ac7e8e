import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { drawDigit, drawIsReady, drawStrokes, expect, test } from "./lane.js";

/** What nobody reads as a 4. */
const ZIGZAG = [[[0.3, 0.2], [0.7, 0.2], [0.3, 0.5], [0.7, 0.5], [0.3, 0.8], [0.7, 0.8]]];

const steps = async (page: Page): Promise<number> =>
  Number(/(\d+) steps/.exec((await page.locator("#train-status").textContent()) ?? "")?.[1] ?? 0);

/** The logits that the package's `load` gives for a fixed picture. */
const logits = (page: Page, file: Buffer): Promise<number[]> =>
  page.evaluate(async (text) => {
    const { load } = (await import(new URL("./package/dist/index.js", location.href).href)) as typeof import("deepshift");
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const model = await load(bytes, { device: "wasm", mode: "integer" });
    const values = [...(await model.run(new Uint8Array(784).map((_, index) => (index * 37) % 256)))];
    model.dispose();
    return values;
  }, file.toString("base64"));

test("300 steps make the loss fall, a reload goes on, the file is the network", async ({ page }) => {
  test.setTimeout(200_000);
  await page.goto("./#train");
  await page.getByText("Fully connected", { exact: true }).click();
  await page.locator("#run").click();
  await expect(page.locator("#tile-loss")).toHaveText(/\d/, { timeout: 60_000 });
  const first = Number(await page.locator("#tile-loss").textContent());
  await expect(page.locator("#chart-loss svg")).toHaveAttribute("aria-label", /after (3\d\d|[4-9]\d\d|\d{4}) steps/, { timeout: 120_000 });
  await page.locator("#run").click();
  await expect(page.locator("#train-status")).toHaveText(/^Paused/);
  const last = Number(await page.locator("#tile-loss").textContent());
  expect(last).toBeLessThan(first / 2);
  await expect(page.locator("#filters canvas")).not.toHaveCount(0);
  await expect(page.locator("#chart-exponents svg rect")).not.toHaveCount(0);
  await expect(page.locator("#confusion td.right")).toHaveCount(10);
  await expect(page.locator("#mistakes li")).not.toHaveCount(0);

  const downloading = page.waitForEvent("download");
  await page.locator("#download").click();
  const file = await readFile(await (await downloading).path());
  const before = await logits(page, file);
  const done = await steps(page);

  await page.reload();
  await expect(page.locator("#train-status")).toHaveText(/^Paused/);
  expect(await steps(page)).toBe(done);
  expect(await logits(page, file)).toEqual(before);
  // The restored run packs to the same network as before the reload, and goes on.
  const again = page.waitForEvent("download");
  await page.locator("#download").click();
  expect(await logits(page, await readFile(await (await again).path()))).toEqual(before);
  await page.locator("#step").click();
  await expect.poll(() => steps(page)).toBe(done + 1);

  await page.locator("#use").click();
  await expect(page.locator("#network option:checked")).toHaveText(/^Trained here/);
  await drawIsReady(page);
  await drawDigit(page, 0);
  await expect(page.locator("#digit")).toHaveText("0");
});

/** What the page handled while a step of a training had been asked for and had not answered yet. */
interface Handled {
  timers: number;
  frames: number;
  inputs: number;
}

/** Counts what is handled during steps, from the page's start on. */
function watchSteps(): void {
  const steps = new Set<unknown>();
  const during: Handled = { timers: 0, frames: 0, inputs: 0 };
  const ever: Handled = { timers: 0, frames: 0, inputs: 0 };
  const handled = (what: keyof Handled) => {
    ever[what] += 1;
    if (steps.size > 0) during[what] += 1;
  };
  const timer = () => (handled("timers"), setTimeout(timer));
  const frame = () => (handled("frames"), requestAnimationFrame(frame));
  timer();
  frame();
  addEventListener("pointermove", () => handled("inputs"));
  Object.assign(globalThis, { steps, during, ever });

  const { postMessage } = Worker.prototype;
  const watched = new WeakSet<Worker>();
  Worker.prototype.postMessage = function (this: Worker, message: { id: number; method?: string }, ...rest: never[]) {
    if (message.method === "step") {
      steps.add(message.id);
      if (!watched.has(this)) this.addEventListener("message", ({ data }) => steps.delete((data as { id: number }).id));
      watched.add(this);
    }
    return postMessage.call(this, message, ...rest);
  };
}

interface Watched {
  steps: Set<unknown>;
  during: Handled;
  ever: Handled;
}

const handled = (page: Page, when: "during" | "ever") =>
  page.evaluate((when) => ({ ...(globalThis as unknown as Watched)[when] }), when);

/** Moves the mouse until as much was handled: slow machines only take longer. */
async function untilHandled(page: Page, when: "during" | "ever", enough: number): Promise<void> {
  let x = 0;
  await expect
    .poll(
      async () => {
        for (let move = 0; move < 10; move += 1) await page.mouse.move((x = (x + 7) % 200), 300);
        const counts = await handled(page, when);
        return Math.min(counts.timers, counts.frames, counts.inputs);
      },
      { timeout: 90_000 },
    )
    .toBeGreaterThanOrEqual(enough);
}

test("timers, frames and the mouse are handled during the steps of a training", async ({ page }) => {
  test.setTimeout(200_000);
  await page.addInitScript(watchSteps);
  await page.goto("./#train");
  await page.getByText("Fully connected", { exact: true }).click();
  await page.locator("#run").click();
  await untilHandled(page, "during", 20);
});

test("and would not be if the page itself trained", async ({ page }) => {
  test.setTimeout(200_000);
  await page.addInitScript(watchSteps);
  await page.goto("./#train");
  const training = page.evaluate(async () => {
    const { createTraining } = (await import(new URL("./package/dist/train.js", location.href).href)) as typeof import("deepshift/train");
    const pictures = { images: new Uint8Array(64 * 784).map((_, index) => index % 251), labels: new Uint8Array(64) };
    const data = { train: pictures, test: pictures };
    const training = await createTraining({ architecture: "simple_linear", batch_size: 16, epochs: 1000 }, data);
    const { steps } = globalThis as unknown as Watched;
    let done = 0;
    for (; (await training.position()).epoch_complete === false && done < 4; done += 1) {
      steps.add("here");
      await training.step();
      steps.delete("here");
      await new Promise((resolve) => setTimeout(resolve));
    }
    training.dispose();
    return done;
  });
  await untilHandled(page, "ever", 20);
  expect(await training).toBe(4);
  expect(await handled(page, "during")).toEqual({ timers: 0, frames: 0, inputs: 0 });
});

test("kept drawings fine-tune the shipped network", async ({ page }) => {
  test.setTimeout(150_000);
  await page.goto("./");
  await page.locator("#network").selectOption({ index: 1 });
  await drawIsReady(page);
  await drawStrokes(page, ZIGZAG);
  await expect(page.locator("#digit")).toHaveText(/[0-35-9]/);
  await page.getByRole("button", { name: "It was a 4" }).click();
  await expect(page.locator("#kept-list li")).toHaveCount(1);
  await page.getByRole("link", { name: "Fine-tune with them" }).click();
  await page.locator("#fine-tune").click();
  await expect(page.locator("#train-status")).toHaveText(/^Finished/, { timeout: 120_000 });
  await expect(page.locator("#tile-accuracy")).toHaveText(/^9[5-9]/);
  await page.locator("#use").click();
  await drawIsReady(page);
  await page.locator("#clear").click();
  await drawStrokes(page, ZIGZAG);
  await expect(page.locator("#digit")).toHaveText("4");
});
