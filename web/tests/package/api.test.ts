import { fileURLToPath } from "node:url";
import type { Browser } from "@playwright/test";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Opened, launch, open } from "./browser.js";
import digit from "./digit.json" with { type: "json" };
import { type Served, serveFolders } from "./servers.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The strictest policy that the package can live with. */
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src blob: data:";

let browser: Browser;
let served: Served;
let opened: Opened;

beforeAll(async () => {
  browser = await launch();
  const folders = [here("fixtures/api"), here("../../models"), here("../..")];
  served = await serveFolders(folders, { "content-security-policy": policy });
});

afterAll(async () => {
  await browser?.close();
  served?.close();
});

beforeEach(async () => {
  await opened?.page.close();
  opened = await open(browser, served.url);
});

const sides = ["page", "worker"] as const;

for (const where of sides) {
  test(`pictures of every kind, deepshift/${where}`, async () => {
    const seen = await opened.page.evaluate(
      async ({ where, bytes }) => {
        const data = new Uint8ClampedArray(bytes.flatMap((gray) => [gray, gray, gray, 255]));
        const imageData = new ImageData(data, 28, 28);
        const canvas = document.createElement("canvas");
        const offscreen = new OffscreenCanvas(28, 28);
        for (const each of [canvas, offscreen]) {
          each.width = each.height = 28;
          (each.getContext("2d") as CanvasRenderingContext2D).putImageData(imageData, 0, 0);
        }
        const blob = await offscreen.convertToBlob();
        const image = new Image();
        image.src = URL.createObjectURL(blob);
        const bitmap = await createImageBitmap(imageData);
        const frame = new VideoFrame(offscreen, { timestamp: 0 });
        const rgba = { data: new Uint8Array(data), width: 28, height: 28 };
        const inputs = { imageData, rgba, canvas, offscreen, blob, image, bitmap, frame };

        const model = await window.embedded![where].load("/mnist-conv.dshift", { device: "wasm" });
        const seen: Record<string, number[]> = {};
        for (let round = 0; round < 2; round += 1) {
          for (const [name, input] of Object.entries(inputs)) {
            seen[name + round] = Array.from((await model.picture(input)).data);
          }
        }
        frame.close();
        const early = model.picture(canvas);
        canvas.getContext("2d")!.clearRect(0, 0, 28, 28);
        seen.early = Array.from((await early).data);
        model.dispose();
        return seen;
      },
      { where, bytes: digit.bytes },
    );
    expect(Object.keys(seen)).toHaveLength(17);
    for (const [name, bytes] of Object.entries(seen)) expect({ [name]: bytes }).toEqual({ [name]: digit.bytes });
    expect(opened.errors).toEqual([]);
  });

  test(`videos, and pictures too large for a canvas, deepshift/${where}`, async () => {
    const labels = await opened.page.evaluate(
      async ({ where, bytes }) => {
        const small = new OffscreenCanvas(28, 28);
        const data = new Uint8ClampedArray(bytes.flatMap((gray) => [gray, gray, gray, 255]));
        small.getContext("2d")!.putImageData(new ImageData(data, 28, 28), 0, 0);
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 280;
        const context = canvas.getContext("2d")!;
        const video = document.createElement("video");
        video.muted = true;
        video.srcObject = canvas.captureStream();
        context.drawImage(small, 0, 0, 280, 280);
        await video.play();
        const large = new OffscreenCanvas(5000, 5000);
        large.getContext("2d")!.drawImage(small, 0, 0, 5000, 5000);
        const model = await window.embedded![where].load("/mnist-conv.dshift", { device: "wasm" });
        const answers = await Promise.all([video, large].map((input) => model.classify(input, { top: 1 })));
        model.dispose();
        return answers.map(([best]) => best!.label);
      },
      { where, bytes: digit.bytes },
    );
    expect(labels).toEqual(["7", "7"]);
  });

  test(`an input is read at the call, deepshift/${where}`, async () => {
    const outcomes = await opened.page.evaluate(
      async ({ where, bytes }) => {
        const model = await window.embedded![where].load("/mnist-conv.dshift", { device: "wasm" });
        const digit = new Uint8Array(bytes);
        const contents = [digit, digit.slice().reverse(), new Uint8Array(784)];
        const rgba = (gray: Uint8Array) => [...gray].flatMap((byte) => [byte, byte, byte, 255]);
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 28;
        const context = canvas.getContext("2d", { willReadFrequently: true })!;
        const offscreen = new OffscreenCanvas(28, 28);
        const own = offscreen.getContext("2d", { willReadFrequently: true })!;
        const image = new ImageData(28, 28);
        const put = (where: { putImageData: CanvasRenderingContext2D["putImageData"] }, gray: Uint8Array) => {
          image.data.set(rgba(gray));
          where.putImageData(image, 0, 0);
        };
        const pixels = { data: new Uint8Array(4 * 784), width: 28, height: 28 };
        const values = new Float32Array(784);
        const buffer = new Uint8Array(784);
        type Kind = [input: unknown, set: (gray: Uint8Array) => void, calls: ("run" | "classify" | "picture")[]];
        const kinds: Record<string, Kind> = {
          bytes: [buffer, (gray) => buffer.set(gray), ["run", "classify"]],
          values: [values, (gray) => values.set([...gray].map((byte) => byte / 255)), ["run", "classify"]],
          pixels: [pixels, (gray) => pixels.data.set(rgba(gray)), ["run", "classify", "picture"]],
          imageData: [image, (gray) => image.data.set(rgba(gray)), ["run", "classify", "picture"]],
          canvas: [canvas, (gray) => put(context, gray), ["run", "classify", "picture"]],
          offscreen: [offscreen, (gray) => put(own, gray), ["run", "classify", "picture"]],
        };
        const outcomes: Record<string, { same: boolean; different: number }> = {};
        for (const [kind, [input, set, calls]] of Object.entries(kinds)) {
          for (const call of calls) {
            const ask = (gray: Uint8Array): Promise<unknown> => {
              set(gray);
              return model[call](input as never);
            };
            const oneByOne: string[] = [];
            for (const gray of contents) oneByOne.push(JSON.stringify(await ask(gray)));
            const asked = contents.map(ask);
            set(new Uint8Array(784).fill(77));
            const atOnce = (await Promise.all(asked)).map((answer) => JSON.stringify(answer));
            outcomes[`${kind} ${call}`] = { same: String(atOnce) === String(oneByOne), different: new Set(atOnce).size };
          }
        }
        // What is closed or transferred right after the call.
        const bitmap = await createImageBitmap(canvas);
        const frame = new VideoFrame(offscreen, { timestamp: 0 });
        const moved = new Uint8Array(784);
        const asked = [model.run(bitmap), model.run(frame), model.run(moved)];
        bitmap.close();
        frame.close();
        structuredClone(moved, { transfer: [moved.buffer] });
        const settled = (await Promise.allSettled(asked)).map(({ status }) => status);
        const detached = (await model.run(moved).catch((error: unknown) => error)) as { code: string };
        model.dispose();
        return { outcomes, settled, detached: detached.code };
      },
      { where, bytes: digit.bytes },
    );
    expect(Object.keys(outcomes.outcomes)).toHaveLength(16);
    for (const [name, outcome] of Object.entries(outcomes.outcomes)) {
      expect({ [name]: outcome }).toEqual({ [name]: { same: true, different: 3 } });
    }
    expect(outcomes.settled).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
    expect(outcomes.detached).toBe("bad-argument");
  });

  test(`errors, deepshift/${where}`, async () => {
    const errors = await opened.page.evaluate(async (where) => {
      const { load, ...classes } = window.embedded![where];
      // Before the right one is known.
      const astray = await load("/mnist-conv.dshift", { wasmUrl: "/nowhere" }).catch((error: unknown) => error);
      const model = await load("/mnist-conv.dshift", { device: "wasm" });
      const disposed = await load("/mnist-conv.dshift", { device: "wasm" });
      disposed.dispose();
      const canvas = document.createElement("canvas");
      canvas.width = 0;
      const stopped = new AbortController();
      const fails = [
        () => load("/missing.dshift"),
        () => load("/index.html"),
        () => Promise.reject(astray),
        () => model.run(new Float64Array(784) as never),
        () => model.run([0] as never),
        () => model.classify(new Uint8Array(784), { top: 0 }),
        () => model.run(new Uint8Array(3)),
        () => model.classify(canvas),
        () => model.run(new Blob(["x"])),
        () => disposed.run(new Uint8Array(784)),
        () => load("/mnist-conv.dshift", { signal: AbortSignal.abort() }),
        () => load("/mnist-conv.dshift", { signal: stopped.signal, onProgress: () => stopped.abort() }),
      ];
      const errors = [];
      for (const fail of fails) {
        const error = (await fail().then(
          () => new Error("nothing was thrown"),
          (error: unknown) => error,
        )) as Error & { code: unknown; status?: number };
        const Class = classes[error.name as keyof typeof classes] as typeof classes.DeepshiftError | undefined;
        const isA = Class ? error instanceof Class : error instanceof DOMException;
        errors.push([error.name, error.code, isA, error.status ?? error.message]);
      }
      return errors;
    }, where);
    expect(errors).toEqual([
      ["FetchError", "fetch", true, 404],
      ["BadFileError", "bad-file", true, expect.stringMatching(/index\.html answers with a page of HTML/)],
      ["FetchError", "fetch", true, 404],
      ["BadArgumentError", "bad-argument", true, expect.stringMatching(/not Float64Array/)],
      ["BadArgumentError", "bad-argument", true, expect.stringMatching(/not Array/)],
      ["BadArgumentError", "bad-argument", true, "top is 0 instead of a whole number from 1 on"],
      ["BadArgumentError", "bad-argument", true, expect.stringMatching(/3/)],
      ["BadArgumentError", "bad-argument", true, expect.stringMatching(/picture/)],
      ["BadArgumentError", "bad-argument", true, "the picture cannot be decoded"],
      ["BadArgumentError", "bad-argument", true, "the model was disposed"],
      ["AbortError", 20, true, expect.any(String)],
      ["AbortError", 20, true, expect.any(String)],
    ]);
  });

  test(`auto says what runs and why, deepshift/${where}`, async () => {
    const report = await opened.page.evaluate(async (where) => {
      const progress: unknown[] = [];
      const onProgress = (step: unknown) => progress.push(step);
      const model = await window.embedded![where].load("/mnist-conv.dshift", { onProgress });
      const report = { ...model.device, bytes: model.bytes, progress: progress.at(-1) };
      model.dispose();
      return report;
    }, where);
    expect(report.reason).toMatch(/^(\d+(\.\d)?x faster than|as fast as) (WebGPU|wasm) on this model$/);
    expect(report.milliseconds!.wasm).toBeGreaterThan(0);
    expect(report.milliseconds!.webgpu).toBeGreaterThan(0);
    expect(report.progress).toEqual({ loaded: report.bytes, total: report.bytes });
  });
}

test("a worker ends with its model, whose calls in progress end first", async () => {
  const answers = await opened.page.evaluate(async (bytes) => {
    const { load } = window.embedded!.worker;
    const model = await load("/mnist-conv.dshift", { device: "wasm" });
    const first = model.run(new Uint8Array(bytes));
    await first;
    const pending = [model.run(new Uint8Array(bytes)), model.run(new Uint8Array(bytes))];
    model.dispose();
    return (await Promise.allSettled(pending)).map((result) => result.status);
  }, digit.bytes);
  expect(answers).toHaveLength(2);
  await expect.poll(() => opened.page.workers().length).toBe(0);
  const aborted = await opened.page.evaluate(async () => {
    const atOnce = new AbortController();
    const onArrival = new AbortController();
    const { load } = window.embedded!.worker;
    const loading = [
      load("/mnist-conv.dshift", { signal: atOnce.signal }),
      load("/mnist-conv.dshift", { signal: onArrival.signal, onProgress: () => onArrival.abort() }),
    ];
    atOnce.abort();
    const settled = await Promise.allSettled(loading);
    return settled.map((result) => result.status === "rejected" && (result.reason as Error).name);
  });
  expect(aborted).toEqual(["AbortError", "AbortError"]);
  await expect.poll(() => opened.page.workers().length).toBe(0);
});

describe("WebGPU", () => {
  test("is not there: auto says so, and nothing stands in for it", async () => {
    const { reason, failure } = await opened.page.evaluate(async () => {
      const { load } = window.embedded!.page;
      Object.defineProperty(navigator, "gpu", { value: undefined });
      const { device } = await load("/mnist-conv.dshift");
      const failure = await load("/mnist-conv.dshift", { device: "webgpu" }).catch((error: unknown) => error);
      return { reason: device.reason, failure: (failure as { code: string }).code };
    });
    expect(reason).toBe("WebGPU cannot be used: there is no WebGPU here");
    expect(failure).toBe("unsupported");
    expect(opened.requests.join()).not.toMatch(/webgpu/);
  });

  test("is lost: the model comes back", async () => {
    const outcome = await opened.page.evaluate(async (bytes) => {
      const devices: GPUDevice[] = [];
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (descriptor) {
        const device = await request.call(this, descriptor);
        devices.push(device);
        return device;
      };
      const model = await window.embedded!.page.load("/mnist-conv.dshift", { device: "webgpu" });
      const run = async () => Array.from(await model.run(new Uint8Array(bytes)));
      const logits = [await run()];
      devices[0]!.destroy();
      logits.push(await run());
      const running = run();
      devices[1]!.destroy();
      logits.push(await running);

      GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error("no more"));
      devices[2]?.destroy();
      devices[1]!.destroy();
      const failure = (await run().catch((error: unknown) => error)) as Error;
      return { logits, made: devices.length, device: model.device.device, failure: failure.name };
    }, digit.bytes);
    expect(outcome.logits).toEqual([digit.integer, digit.integer, digit.integer]);
    expect(outcome.made).toBeGreaterThanOrEqual(2);
    expect(outcome).toMatchObject({ device: "webgpu", failure: "DeviceLostError" });
  });
});
