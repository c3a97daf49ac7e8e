import { vi } from "vitest";
import type { Devices, Request } from "../../src/choose.js";
import type { Network, StartMaker } from "../../src/network.js";
import { node } from "../../src/platform-node.js";

/** What a network that is no network answers. */
export interface Behaviour {
  /** Of a run. */
  milliseconds?: number;
  /** Thrown by the run of this number, from 0. */
  fails?: Record<number, unknown>;
}

/** Networks that were made and not freed. */
export class Fakes {
  readonly alive = new Set<Network>();
  made = 0;

  /** A device that makes networks of these behaviours, one after the other; or that fails. */
  device(name: string, behaviours: (Behaviour | Error)[]): StartMaker {
    let next = 0;
    return async () => async () => {
      const behaviour = behaviours[next++] ?? new Error(`${name} makes no more networks`);
      if (behaviour instanceof Error) throw behaviour;
      return this.#network(name, behaviour);
    };
  }

  #network(device: string, { milliseconds = 1, fails = {} }: Behaviour): Network {
    let runs = 0;
    const network: Network = {
      device,
      mode: "float",
      pictures: () => new Uint8Array(4),
      run_pictures: async () => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        const failure = fails[runs++];
        if (failure) throw failure;
        return Float32Array.of(milliseconds);
      },
      run_values: () => new Float32Array(1),
      layer_times: () => {},
      free: () => {
        if (!this.alive.delete(network)) throw new Error("freed twice");
      },
    };
    this.alive.add(network);
    this.made += 1;
    return network;
  }
}

/** An error as the wasm modules throw it. */
export function wasmError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** As much of a file as a network that is no network needs. */
const header = new TextEncoder().encode(
  JSON.stringify({
    graph: { name: "fake", nodes: [{ op: { input: [1, 2, 2] } }], head: "logits" },
    tensors: [],
    preprocessing: { mean: [0], std: [1] },
    provenance: { license: "", origin: "" },
  }),
);
const file = new Uint8Array(24 + header.length);
new DataView(file.buffer).setUint32(12, header.length, true);
file.set(header, 24);

export function request(device: Request["device"], signal?: AbortSignal): Request {
  return { platform: node, file, device, mode: "auto", kernel: "dot", maxOperations: undefined, wasmUrl: undefined, signal };
}

export function devices(wasm: StartMaker, webgpu: StartMaker): Devices {
  return { wasm, webgpu };
}

/** What comes of waiting in a time of its own, where a run takes as long as it says, however busy the machine is. */
export async function inFakeTime<T>(wait: () => Promise<T>): Promise<T> {
  vi.useFakeTimers();
  try {
    let waiting = true;
    const end = () => (waiting = false);
    const result = wait();
    result.then(end, end);
    while (waiting) await vi.advanceTimersToNextTimerAsync();
    return await result;
  } finally {
    vi.useRealTimers();
  }
}
