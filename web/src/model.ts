import { classify } from "./classify.js";
import { makeDisposable } from "./disposable.js";
import type { Engine } from "./engine.js";
import { BadArgumentError } from "./errors.js";
import type { ModelInfo } from "./info.js";
import { copyOf, refuse } from "./inputs.js";
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

/** An input of its own memory, whose pixels, if it is a picture, have been read. */
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
    return this.#logits(input);
  }

  async classify(input: ModelInput, { top = TOP }: { top?: number } = {}): Promise<Classification[]> {
    if (!(Number.isInteger(top) && top > 0)) {
      throw new BadArgumentError(`top is ${String(top)} instead of a whole number from 1 on`);
    }
    return classify(await this.#logits(input, 1), this.info.classes, top);
  }

  picture(input: PictureInput): Promise<NetworkPicture> {
    const shape = this.info.input_shape;
    return this.#with(input, 1, (network, prepared) => ({ data: bytesOf(network, prepared), shape: [...shape] }));
  }

  layerTimes(input: PictureInput | Uint8Array): Promise<LayerTime[]> {
    return this.#with(input, 1, async (network, prepared) => {
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

  #logits(input: ModelInput, most?: number): Promise<Float32Array> {
    return this.#with(input, most, (network, prepared) => {
      if (prepared instanceof Float32Array) return network.run_values(prepared);
      return network.run_pictures(bytesOf(network, prepared));
    });
  }

  /** Reads the input now, and calls the network, with at most so many inputs, when its turn comes. */
  #with<T>(
    input: ModelInput,
    most: number | undefined,
    call: (network: Network, input: Prepared) => T | Promise<T>,
  ): Promise<T> {
    const prepared = prepare(input, this.info.input_shape, most);
    // Until its turn comes nobody waits for it.
    prepared.catch(() => {});
    return this.#queue.add(async () => {
      const ready = await prepared;
      return this.#engine.use((network) => call(network, ready));
    });
  }
}

async function prepare(input: ModelInput, shape: number[], most = Infinity): Promise<Prepared> {
  if (input instanceof Float32Array || input instanceof Uint8Array) {
    const size = shape.reduce((product, length) => product * length, 1);
    const copy = copyOf(input);
    const count = copy.length / size;
    if (count > 0 && count <= most && Number.isInteger(count)) return copy;
    const several = most === 1 ? "one input of" : "a multiple of";
    throw new BadArgumentError(`this takes ${several} ${size} values, [${shape}], not ${copy.length}`);
  }
  if (typeof input === "object" && input && !ArrayBuffer.isView(input)) return pixels(input);
  return refuse(input);
}

/** Bytes of the network's size. */
function bytesOf(network: Network, input: Prepared): Uint8Array {
  if (input instanceof Uint8Array) return input;
  if (input instanceof Float32Array) throw new BadArgumentError("this takes a picture, not values");
  const { data, width, height } = input;
  return network.pictures(new Uint8Array(data.buffer, data.byteOffset, data.length), width, height);
}
