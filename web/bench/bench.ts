import { deepshift } from "./deepshift";
import type { Engine, Task } from "./engine";
import { measure, type Timing } from "./measure";
import { onnxruntime } from "./onnxruntime";
import { tensorflow } from "./tensorflow";

interface Row extends Timing {
  network: string;
  /** Cosine between its logits and those of onnxruntime-web's f32 network. */
  agreement: number;
}

declare global {
  interface Window {
    /** Set when all is measured, for `run.mjs`. */
    results?: { rows: Row[]; userAgent: string; adapter: string } | { error: string };
  }
}

const parameters = new URLSearchParams(location.search);
const devices = (parameters.get("devices") ?? "wasm,webgpu").split(",") as ("wasm" | "webgpu")[];

/** Values that look like noise and are the same everywhere (Park and Miller's generator). */
function noise(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647 - 0.5) * 3.4;
  });
}

function task(name: string, files: string[], peers: string, shape: [number, number, number]): Task {
  return { name, files, peers, shape, input: noise(shape[0] * shape[1] * shape[2]) };
}

const TASKS: Task[] = [
  task("mnist-conv", ["mnist-conv.dshift"], "mnist-conv", [1, 28, 28]),
  task("mnist-conv of 4 bits", ["simple_conv-4bit.dshift"], "simple_conv-4bit", [1, 28, 28]),
  task("resnet18", ["resnet18-4bit.dshift", "resnet18-5bit.dshift"], "resnet18-5bit", [3, 224, 224]),
];

async function engines(task: Task): Promise<Engine[]> {
  const list: Engine[] = [];
  for (const device of devices) {
    list.push(await onnxruntime(task, device, "f32"));
    if (device === "wasm") list.push(await onnxruntime(task, device, "int8"));
    list.push(await tensorflow(task, device));
    for (const file of task.files) {
      for (const kernel of ["dot", "shift", "naive-multiply"] as const) {
        list.push(await deepshift(task, file, device, "integer", kernel));
      }
    }
    list.push(await deepshift(task, task.files.at(-1)!, device, "float", "dot"));
  }
  return list;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, index) => {
    const y = b[index] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  });
  return ab / Math.sqrt(aa * bb);
}

/** A runtime that computes something else is not worth timing. */
async function agreements(list: readonly Engine[], task: Task): Promise<number[]> {
  const expected = (await list[0]!.run()).slice();
  const found: number[] = [];
  for (const engine of list) {
    console.info(`${task.name}: ${engine.name}`);
    const agreement = cosine(expected, await engine.run());
    // Files of other widths hold other weights, and 8 bits of activations are coarse.
    const least = engine.precision === "f32" ? 0.9999 : 0.8;
    if (!(agreement >= least)) {
      throw new Error(`${task.name}: the logits of ${engine.name} have a cosine of ${agreement} with the others'`);
    }
    found.push(agreement);
  }
  return found;
}

async function main(): Promise<void> {
  const report = document.querySelector("#report")!;
  const rows: Row[] = [];
  const names = parameters.get("networks")?.split(",");
  for (const task of TASKS.filter(({ name }) => names?.includes(name) ?? true)) {
    const list = await engines(task);
    const agreement = await agreements(list, task);
    const timings = await measure(list);
    rows.push(...timings.map((timing, index) => ({ ...timing, network: task.name, agreement: agreement[index]! })));
    for (const engine of list) engine.dispose();
    report.textContent = rows
      .map((row) => `${row.network}  ${row.milliseconds.toFixed(3).padStart(9)} ms  ${row.name}`)
      .join("\n");
  }
  window.results = { rows, userAgent: navigator.userAgent, adapter: await adapterName() };
}

async function adapterName(): Promise<string> {
  const adapter = await navigator.gpu?.requestAdapter();
  return adapter ? `${adapter.info.vendor} ${adapter.info.architecture} ${adapter.info.description}`.trim() : "none";
}

main().catch((error: unknown) => {
  window.results = { error: error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error) };
});
