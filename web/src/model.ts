import { classify } from "./classify.js";
import { makeDisposable } from "./disposable.js";
import type { Engine } from "./engine.js";
import { BadArgumentError } from "./errors.js";
import type { ModelInfo } from "./info.js";
import type { Network } from "./network.js";
import { pixels } from "./pictures.js";
import { Queue } from "./queue.js";
import type {
  Classification,
  DeviceReport,
  LayerTime,
  Model,
  ModelInput,
  NetworkPicture,
  PictureInput,
  Rgba,
} from "./types.js";

/** Classes that `classify` returns unless told otherwise. */
const TOP = 5;

/** An input whose pixels, if it is a picture, have been read. */
type Prepared = Float32Array | Uint8Array | Rgba;

/** A model on this thread. */
export class LocalModel implements Model {
  readonly bytes: number;
  readonly #engine: Engine;
  readonly #queue = new Queue("the model");
  declare [Symbol.dispose]: () => void;

  constructor(engine: Engine, bytes: number) {
    this.#engine = engine;
    this.bytes = bytes;
    makeDisposable(this);
  }

  get info(): ModelInfo {
    return this.#engine.info;
  }

  get device(): DeviceReport {
    return this.#engine.report;
  }

  run(input: ModelInput): Promise<Float32Array> {
    return this.#with(input, (network, prepared) => {
      if (prepared instanceof Float32Array) return network.run_values(prepared);
      return network.run_pictures(bytesOf(network, prepared));
    });
  }

  async classify(input: ModelInput, { top = TOP }: { top?: number } = {}): Promise<Classification[]> {
    const size = this.#inputSize();
    if (ArrayBuffer.isView(input) && input.length !== size) {
      throw new BadArgumentError(`classify takes one input of ${size} values, not ${input.length}`);
    }
    return classify(await this.run(input), this.info.classes, top);
  }

  picture(input: PictureInput): Promise<NetworkPicture> {
    const shape = this.info.input_shape;
    return this.#with(input, (network, prepared) => ({ data: bytesOf(network, prepared), shape: [...shape] }));
  }

  layerTimes(input: PictureInput | Uint8Array): Promise<LayerTime[]> {
    return this.#with(input, async (network, prepared) => {
      const times: LayerTime[] = [];
      await network.layer_times(bytesOf(network, prepared), {
        add: (name, milliseconds) => times.push({ name, milliseconds }),
      });
      return times;
    });
  }

  dispose(): void {
    this.#queue.close(() => this.#engine.free());
  }

  #inputSize(): number {
    return this.info.input_shape.reduce((product, length) => product * length, 1);
  }

  #with<T>(input: ModelInput, call: (network: Network, input: Prepared) => T | Promise<T>): Promise<T> {
    const prepared = prepare(input);
    // Until its turn comes nobody waits for it.
    prepared.catch(() => {});
    return this.#queue.add(async () => {
      const ready = await prepared;
      return this.#engine.use((network) => call(network, ready));
    });
  }
}

async function prepare(input: ModelInput): Promise<Prepared> {
  if (input instanceof Float32Array || input instanceof Uint8Array) return input;
  if (typeof input !== "object" || input === null || ArrayBuffer.isView(input)) {
    throw new BadArgumentError("an input is a picture, a Float32Array, or a Uint8Array");
  }
  return pixels(input);
}

/** Bytes of the network's size. */
function bytesOf(network: Network, input: Prepared): Uint8Array {
  if (input instanceof Uint8Array) return input;
  if (input instanceof Float32Array) throw new BadArgumentError("this takes a picture, not values");
  const { data, width, height } = input;
  return network.pictures(new Uint8Array(data.buffer, data.byteOffset, data.length), width, height);
}
