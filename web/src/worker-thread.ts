import type { ModelReport } from "./info.js";
import { inspectOn } from "./inspection.js";
import { loadOn } from "./load.js";
import { browser } from "./platform.js";
import { trainOn } from "./training.js";
import type { Training } from "./train-types.js";
import type { Model, Progress } from "./types.js";
import { type Asked, type Call, type FromWorker, type Start, type ToWorker, toPosted } from "./worker-protocol.js";

/** The script of the worker: one model, one training, or the report of a file. */
type Target = Model | Training;
let target: Promise<Target> | undefined;

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if ("dispose" in data) void target?.then((disposed) => disposed.dispose());
  else void answer(data);
});

async function answer(asked: Asked): Promise<void> {
  try {
    if ("start" in asked) {
      if (asked.start === "inspect") return post({ id: asked.id, value: await inspectFile(asked) });
      target = begin(asked);
      const begun = await target;
      const value = "info" in begun ? { info: begun.info, bytes: begun.bytes } : undefined;
      return post({ id: asked.id, value, ...deviceOf(begun) });
    }
    const called = await target!;
    try {
      const value = await call(called, asked);
      post({ id: asked.id, value, ...deviceOf(called) }, buffersOf(value));
    } finally {
      asked.args.forEach(close);
    }
  } catch (error) {
    post({ id: asked.id, error: toPosted(error) });
  }
}

function inspectFile({ source, options, progress }: Extract<Start, { start: "inspect" }>): Promise<ModelReport> {
  return inspectOn(browser)(source, progress ? { ...options, onProgress } : options);
}

function begin(start: Exclude<Start, { start: "inspect" }>): Promise<Target> {
  if (start.start === "createTraining") return trainOn(browser)(start.settings, start.data, start.options);
  return loadOn(browser)(start.source, start.progress ? { ...start.options, onProgress } : start.options);
}

function onProgress(progress: Progress): void {
  post({ progress });
}

function call(called: Target, { method, args }: Call): Promise<unknown> {
  return (called as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]!(...args);
}

function deviceOf(called: Target) {
  return "device" in called ? { device: called.device } : {};
}

/** What need not be copied. */
function buffersOf(value: unknown): Transferable[] {
  const data = value instanceof Object && "data" in value ? value.data : value;
  return ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer ? [data.buffer] : [];
}

/** Frames that were posted here belong to this thread. */
function close(value: unknown): void {
  if (value instanceof Object && "close" in value && typeof value.close === "function") value.close();
}

function post(message: FromWorker, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}
