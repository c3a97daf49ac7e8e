import { cpuAssets, webgpuAsset } from "./assets.js";
import { UnsupportedError } from "./errors.js";
import { fromWasm, translated } from "./translate.js";
import { bestBuild } from "./features.js";
import type { Platform } from "./platform.js";
import { start } from "./start.js";
import type { Adapter, Kernel, Mode } from "./types.js";

/** A network as the wasm modules make it; the one on WebGPU answers later. */
export interface Network {
  readonly device: string;
  readonly mode: string;
  /** One picture as the file wants it, planes of bytes. */
  pictures(rgba: Uint8Array, width: number, height: number): Uint8Array;
  run_pictures(bytes: Uint8Array): Float32Array | Promise<Float32Array>;
  run_values(values: Float32Array): Float32Array | Promise<Float32Array>;
  /** Tells `times` of each node in the order of computation. */
  layer_times(bytes: Uint8Array, times: LayerTimes): void | Promise<void>;
  free(): void;
}

/** What is told how long each node took. */
export interface LayerTimes {
  add(name: string, milliseconds: number): void;
}

/** Makes networks on one kind of device. */
export type Maker = (file: Uint8Array, mode: "auto" | Mode, kernel: Kernel, maxOperations?: number) => Promise<Network>;

/** Makes a maker, after fetching what it needs. */
export type StartMaker = (platform: Platform, wasmUrl?: string | URL) => Promise<Maker>;

/** Networks on the CPU. */
export const startWasm: StartMaker = async (platform, wasmUrl) => {
  const { Network } = await start(cpuAssets[bestBuild()], platform, wasmUrl);
  return async (...made) => translated(() => new Network(...made));
};

/** Networks on the GPU. Asks for an adapter first, so that nothing is fetched in vain. */
export const startWebgpu: StartMaker = async (platform, wasmUrl) => {
  await requireAdapter();
  const { Network } = await start(webgpuAsset, platform, wasmUrl);
  return (...made) => Network.create(...made).catch(rethrow);
};

/** The GPU of a network on WebGPU, as far as the browser tells. */
export function adapterOf(network: Network): Adapter | undefined {
  if (!("adapter" in network)) return undefined;
  const [vendor, architecture, device, description] = network.adapter as [string, string, string, string];
  return { vendor, architecture, device, description };
}

/** The part of WebGPU's types that is used here. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

async function requireAdapter(): Promise<void> {
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (!gpu) {
    const insecure = globalThis.isSecureContext === false;
    throw new UnsupportedError(insecure ? "WebGPU needs HTTPS or localhost" : "there is no WebGPU here");
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) throw new UnsupportedError("WebGPU finds no GPU adapter");
}

function rethrow(error: unknown): never {
  throw fromWasm(error);
}
