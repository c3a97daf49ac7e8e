import { BadArgumentError, BadFileError } from "./errors.js";
import { fromWasm, messageOf } from "./translate.js";
import { infoOf } from "./header.js";
import type { ModelInfo } from "./info.js";
import { measure } from "./measure.js";
import { type Network, type StartMaker, adapterOf, startWasm, startWebgpu } from "./network.js";
import type { Platform } from "./platform.js";
import type { DeviceReport, Kernel, LoadOptions, Mode } from "./types.js";

/** What a network is made of. */
export interface Request {
  platform: Platform;
  file: Uint8Array;
  device: "auto" | "webgpu" | "wasm";
  mode: "auto" | Mode;
  kernel: Kernel;
  maxOperations: number | undefined;
  wasmUrl: string | URL | undefined;
  signal: AbortSignal | undefined;
}

/** Where networks come from; tests give others. */
export interface Devices {
  wasm: StartMaker;
  webgpu: StartMaker;
}

export const devices: Devices = { wasm: startWasm, webgpu: startWebgpu };

/** A network that runs, and why on this device. */
export interface Chosen {
  network: Network;
  report: DeviceReport;
}

/** What came of making and measuring a network. */
interface Trial {
  made?: Network;
  milliseconds?: number;
  failure?: unknown;
}

/** Fills in the defaults; the file is still to come. */
export function requestOf(platform: Platform, options: LoadOptions): Omit<Request, "file"> {
  const { device = "auto", mode = "auto", kernel = "dot", maxOperations, wasmUrl, signal } = options;
  requireOneOf("device", device, ["auto", "webgpu", "wasm"]);
  requireOneOf("mode", mode, ["auto", "integer", "float"]);
  requireOneOf("kernel", kernel, ["dot", "shift", "naive-multiply"]);
  if (maxOperations !== undefined && !(typeof maxOperations === "number" && maxOperations > 0)) {
    throw new BadArgumentError(`maxOperations is ${String(maxOperations)} instead of a number above 0`);
  }
  return { platform, device, mode, kernel, maxOperations, wasmUrl, signal };
}

function requireOneOf(name: string, value: string, known: string[]): void {
  if (!known.includes(value)) throw new BadArgumentError(`${name} is "${value}" instead of ${known.join(", ")}`);
}

/** How long WebGPU may take for its first answers, in milliseconds, where wasm answers at once. */
const PATIENCE_MS = 5000;
/** And in wasm's times, where a network is so large that wasm takes long too. */
const PATIENCE_RUNS = 20;

/** Makes the network on the device asked for, or on the faster one. */
export async function choose(
  request: Request,
  available: Devices = devices,
  patience: number = PATIENCE_MS,
): Promise<Chosen> {
  if (request.device === "auto") return chooseFaster(request, available, patience);
  return chosen(request, await make(request, available[request.device]), "asked for");
}

async function chooseFaster(request: Request, available: Devices, patience: number): Promise<Chosen> {
  const wasm = await tryMaking(request, available.wasm);
  if (wasm.failure instanceof BadFileError || wasm.failure instanceof BadArgumentError) throw wasm.failure;
  const webgpu = await tryMaking(request, available.webgpu);
  if (wasm.made && webgpu.made) {
    const info = infoOf(request.file);
    await tryMeasuring(wasm, wasm.made, info);
    const limit = Math.max(patience, PATIENCE_RUNS * (wasm.milliseconds ?? Infinity));
    await tryMeasuring(webgpu, webgpu.made, info, limit);
  }
  if (request.signal?.aborted) {
    wasm.made?.free();
    webgpu.made?.free();
    throw request.signal.reason;
  }
  return better(request, wasm, webgpu);
}

async function make(request: Request, start: StartMaker): Promise<Network> {
  const { platform, file, mode, kernel, maxOperations, wasmUrl } = request;
  const maker = await start(platform, wasmUrl);
  return maker(file, mode, kernel, maxOperations);
}

async function tryMaking(request: Request, start: StartMaker): Promise<Trial> {
  try {
    return { made: await make(request, start) };
  } catch (failure) {
    return { failure };
  }
}

/** Measures a network; one that fails, or has no answer after `patience` milliseconds, is none. */
async function tryMeasuring(trial: Trial, network: Network, info: ModelInfo, patience = Infinity): Promise<void> {
  const size = info.input_shape.reduce((product, length) => product * length, 1);
  const pictures = new Uint8Array(size);
  const values = new Float32Array(size);
  const measuring = measure(() => (info.preprocessing ? network.run_pictures(pictures) : network.run_values(values)));
  try {
    trial.milliseconds = await within(measuring, patience);
  } catch (failure) {
    // A run that nobody waits for must end before its network is freed.
    void measuring.catch(() => {}).then(() => network.free());
    delete trial.made;
    trial.failure = fromWasm(failure);
  }
}

/** What a promise gives, or an error after so many milliseconds. */
async function within<T>(promise: Promise<T>, patience: number): Promise<T> {
  if (patience === Infinity) return promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = Math.round(patience / 100) / 10;
    timer = setTimeout(() => reject(new Error(`it gave no answer in ${seconds} s`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function better(request: Request, wasm: Trial, webgpu: Trial): Chosen {
  if (!wasm.made && !webgpu.made) throw wasm.failure;
  if (!wasm.made) return chosen(request, webgpu.made!, `wasm cannot be used: ${messageOf(wasm.failure)}`);
  if (!webgpu.made) return chosen(request, wasm.made, `WebGPU cannot be used: ${messageOf(webgpu.failure)}`);
  const milliseconds = { wasm: wasm.milliseconds!, webgpu: webgpu.milliseconds! };
  if (milliseconds.webgpu < milliseconds.wasm) {
    wasm.made.free();
    const reason = comparison(milliseconds.webgpu, milliseconds.wasm, "wasm");
    return chosen(request, webgpu.made, reason, milliseconds);
  }
  webgpu.made.free();
  return chosen(request, wasm.made, comparison(milliseconds.wasm, milliseconds.webgpu, "WebGPU"), milliseconds);
}

/** "2.1x faster than WebGPU on this model" */
function comparison(taken: number, other: number, name: string): string {
  const ratio = other / taken;
  if (ratio < 1.05) return `as fast as ${name} on this model`;
  return `${ratio.toFixed(ratio < 10 ? 1 : 0)}x faster than ${name} on this model`;
}

function chosen(
  request: Request,
  network: Network,
  reason: string,
  milliseconds?: DeviceReport["milliseconds"],
): Chosen {
  const report: DeviceReport = { device: network.device, reason, mode: network.mode as Mode, kernel: request.kernel };
  const adapter = adapterOf(network);
  if (milliseconds) report.milliseconds = milliseconds;
  if (adapter) report.adapter = adapter;
  return { network, report };
}
