import { type Chosen, type Devices, type Request, choose, devices } from "./choose.js";
import { BadArgumentError, DeviceLostError } from "./errors.js";
import { fromWasm, messageOf } from "./translate.js";
import { infoOf } from "./header.js";
import type { ModelInfo } from "./info.js";
import type { Network } from "./network.js";
import type { DeviceReport } from "./types.js";

/** A network that survives the loss of its GPU. */
export class Engine {
  readonly info: ModelInfo;
  report: DeviceReport;
  #network: Network;
  /** Kept only where a device can be lost: it holds the file. */
  #request: Request | undefined;
  readonly #devices: Devices;

  private constructor(request: Request, { network, report }: Chosen, available: Devices) {
    this.info = infoOf(request.file);
    this.report = report;
    this.#network = network;
    this.#request = report.device === "webgpu" ? request : undefined;
    this.#devices = available;
  }

  static async start(request: Request, available = devices): Promise<Engine> {
    return new Engine(request, await choose(request, available), available);
  }

  /** Calls the network; when the GPU is lost, once more on a new one, and then on wasm where `auto` was asked for. */
  async use<T>(call: (network: Network) => T | Promise<T>): Promise<T> {
    let renewed = false;
    for (;;) {
      try {
        return await call(this.#network);
      } catch (raw) {
        const error = fromWasm(raw);
        if (!this.#request || error instanceof BadArgumentError) throw error;
        if (error instanceof DeviceLostError && !renewed) {
          renewed = true;
          await this.#renew(this.#request, error);
        } else {
          await this.#giveUpGpu(this.#request, error);
        }
      }
    }
  }

  free(): void {
    this.#network.free();
  }

  async #renew(request: Request, lost: DeviceLostError): Promise<void> {
    try {
      const mode = this.report.mode;
      const { network } = await choose({ ...request, device: "webgpu", mode, signal: undefined }, this.#devices);
      this.#replace(network);
    } catch (error) {
      await this.#giveUpGpu(request, new DeviceLostError(`${lost.message}; no new device: ${messageOf(error)}`));
    }
  }

  async #giveUpGpu(request: Request, error: unknown): Promise<void> {
    if (request.device !== "auto") throw error;
    const { mode, kernel } = this.report;
    const { network } = await choose({ ...request, device: "wasm", mode, signal: undefined }, this.#devices);
    this.#replace(network);
    this.#request = undefined;
    this.report = { device: network.device, reason: `WebGPU was given up: ${messageOf(error)}`, mode, kernel };
  }

  #replace(network: Network): void {
    this.#network.free();
    this.#network = network;
  }
}
