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
  /** One picture as the file wants it, planes of bytes. */
  pictures(rgba: Uint8Array, width: number, height: number): Uint8Array;
  run_pictures(bytes: Uint8Array): Float32Array | Promise<Float32Array>;
  run_values(values: Float32Array): Float32Array | Promise<Float32Array>;
  /** JSON. */
  layer_times(bytes: Uint8Array): string | Promise<string>;
  free(): void;
}

/** What makes networks on one kind of device. */
export interface Maker {
  /** JSON of what the file holds. */
  describe(file: Uint8Array): string;
  make(file: Uint8Array, mode: Mode, kernel: Kernel): Promise<Network>;
}

/** Makes a maker, after fetching what it needs. */
export type StartMaker = (platform: Platform, wasmUrl?: string | URL) => Promise<Maker>;

/** Networks on the CPU. */
export const startWasm: StartMaker = async (platform, wasmUrl) => {
  const { Network, describe } = await start(cpuAssets[bestBuild()], platform, wasmUrl);
  return {
    describe: (file) => translated(() => describe(file)),
    make: async (file, mode, kernel) => translated(() => new Network(file, mode, kernel)),
  };
};

/** Networks on the GPU. Asks for an adapter first, so that nothing is fetched in vain. */
export const startWebgpu: StartMaker = async (platform, wasmUrl) => {
  await requireAdapter();
  const { Network, describe } = await start(webgpuAsset, platform, wasmUrl);
  return {
    describe: (file) => translated(() => describe(file)),
    make: (file, mode, kernel) => Network.create(file, mode, kernel).catch(rethrow),
  };
};

/** The GPU of a network on WebGPU, as far as the browser tells. */
export function adapterOf(network: Network): Adapter | undefined {
  return "adapter" in network ? (JSON.parse(String(network.adapter)) as Adapter) : undefined;
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
