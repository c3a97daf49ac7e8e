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
    return async () => ({
      describe: () => JSON.stringify({ input_shape: [1, 2, 2], preprocessing: {}, integer_mode: null, classes: [] }),
      make: async () => {
        const behaviour = behaviours[next++] ?? new Error(`${name} makes no more networks`);
        if (behaviour instanceof Error) throw behaviour;
        return this.#network(name, behaviour);
      },
    });
  }

  #network(device: string, { milliseconds = 1, fails = {} }: Behaviour): Network {
    let runs = 0;
    const network: Network = {
      device,
      pictures: () => new Uint8Array(4),
      run_pictures: async () => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        const failure = fails[runs++];
        if (failure) throw failure;
        return Float32Array.of(milliseconds);
      },
      run_values: () => new Float32Array(1),
      layer_times: () => "[]",
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

export function request(device: Request["device"], signal?: AbortSignal): Request {
  const file = new Uint8Array(1);
  return { platform: node, file, device, mode: "auto", kernel: "dot", wasmUrl: undefined, signal };
}

export function devices(wasm: StartMaker, webgpu: StartMaker): Devices {
  return { wasm, webgpu };
}
