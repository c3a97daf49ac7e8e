import { unlessAborted } from "./abort.js";
import { makeDisposable } from "./disposable.js";
import { ownArrays } from "./inputs.js";
import type {
  CreateTraining,
  EpochRow,
  Filters,
  LayerExponents,
  Position,
  StepReport,
  TestReport,
  Training,
} from "./train-types.js";
import { Client, postableUrl } from "./worker-client.js";
import type { TrainingMethod } from "./worker-protocol.js";

/** `createTraining` in a worker. */
export const createTrainingInWorker: CreateTraining = async (settings, data, options = {}) => {
  const { signal, wasmUrl, ...rest } = options;
  signal?.throwIfAborted();
  const client = new Client("the training", {});
  try {
    const posted = { ...rest, ...postableUrl(wasmUrl) };
    await unlessAborted(client.ask({ start: "createTraining", settings, data: ownArrays(data), options: posted }), signal);
    return new WorkerTraining(client);
  } catch (error) {
    client.end(error);
    throw error;
  }
};

/** A training in a worker. */
class WorkerTraining implements Training {
  readonly #client: Client;
  declare [Symbol.dispose]: () => void;

  constructor(client: Client) {
    this.#client = client;
    makeDisposable(this);
  }

  step(): Promise<StepReport> {
    return this.#ask("step");
  }

  position(): Promise<Position> {
    return this.#ask("position");
  }

  test(first: number, count: number): Promise<TestReport> {
    return this.#ask("test", first, count);
  }

  finishEpoch(testLoss: number, testTop1: number, trainSeconds: number, testSeconds: number): Promise<void> {
    return this.#ask("finishEpoch", testLoss, testTop1, trainSeconds, testSeconds);
  }

  history(): Promise<EpochRow[]> {
    return this.#ask("history");
  }

  exponents(): Promise<LayerExponents[]> {
    return this.#ask("exponents");
  }

  filters(): Promise<Filters> {
    return this.#ask("filters");
  }

  setEpochs(epochs: number): Promise<void> {
    return this.#ask("setEpochs", epochs);
  }

  checkpoint(): Promise<Uint8Array> {
    return this.#ask("checkpoint");
  }

  exportModel(calibrationPictures: number): Promise<Uint8Array> {
    return this.#ask("exportModel", calibrationPictures);
  }

  dispose(): void {
    this.#client.dispose();
  }

  #ask<T>(method: TrainingMethod, ...args: number[]): Promise<T> {
    return this.#client.ask({ method, args }) as Promise<T>;
  }
}
