import { unlessAborted } from "./abort.js";
import { makeDisposable } from "./disposable.js";
import type { ModelInfo } from "./info.js";
import type {
  Classification,
  DeviceReport,
  LayerTime,
  Load,
  Model,
  ModelInput,
  NetworkPicture,
  PictureInput,
} from "./types.js";
import { Client, postableSource, postableUrl } from "./worker-client.js";
import { postWith } from "./worker-pictures.js";
import type { ModelMethod } from "./worker-protocol.js";

/** `load` in a worker. */
export const loadInWorker: Load = async (source, { signal, onProgress, wasmUrl, ...options } = {}) => {
  signal?.throwIfAborted();
  let device: DeviceReport | undefined;
  const client = new Client("the model", { onProgress, onDevice: (report) => (device = report) });
  try {
    const asked = client.ask({
      start: "load",
      source: postableSource(source),
      options: { ...options, ...postableUrl(wasmUrl) },
      progress: onProgress !== undefined,
    });
    const loaded = await unlessAborted(asked, signal);
    return new WorkerModel(client, loaded as Loaded, () => device!);
  } catch (error) {
    client.end(error);
    throw error;
  }
};

interface Loaded {
  info: ModelInfo;
  bytes: number;
}

/** A model in a worker. */
class WorkerModel implements Model {
  readonly info: ModelInfo;
  readonly bytes: number;
  readonly #client: Client;
  readonly #device: () => DeviceReport;
  declare [Symbol.dispose]: () => void;

  constructor(client: Client, { info, bytes }: Loaded, device: () => DeviceReport) {
    this.#client = client;
    this.info = info;
    this.bytes = bytes;
    this.#device = device;
    makeDisposable(this);
  }

  get device(): DeviceReport {
    return this.#device();
  }

  run(input: ModelInput): Promise<Float32Array> {
    return this.#ask("run", input);
  }

  classify(input: ModelInput, options: { top?: number } = {}): Promise<Classification[]> {
    return this.#ask("classify", input, options);
  }

  picture(input: PictureInput): Promise<NetworkPicture> {
    return this.#ask("picture", input);
  }

  layerTimes(input: PictureInput | Uint8Array): Promise<LayerTime[]> {
    return this.#ask("layerTimes", input);
  }

  dispose(): void {
    this.#client.dispose();
  }

  #ask<T>(method: ModelMethod, input: ModelInput, ...options: object[]): Promise<T> {
    return postWith(input, ({ value, transfer }) =>
      this.#client.ask({ method, args: [value, ...options] }, transfer) as Promise<T>,
    );
  }
}
