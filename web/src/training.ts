import { unlessAborted } from "./abort.js";
import { makeDisposable } from "./disposable.js";
import { BadArgumentError } from "./errors.js";
import { copyOf, kindOf } from "./inputs.js";
import type { Platform } from "./platform.js";
import { Queue } from "./queue.js";
import { start } from "./start.js";
import { trainAsset } from "./train-asset.js";
import type {
  CreateTraining,
  EpochRow,
  Filters,
  LayerExponents,
  Position,
  StepReport,
  TestReport,
  Training,
  TrainingData,
} from "./train-types.js";
import { translated } from "./translate.js";

/** The class of the wasm module. */
type Runs = Awaited<ReturnType<typeof trainAsset.glue>>["Training"];
type Run = InstanceType<Runs>;

/** `createTraining` on a platform. */
export function trainOn(platform: Platform): CreateTraining {
  return async (settings, given, { wasmUrl, checkpoint: continued, from: tuned, signal } = {}) => {
    if (continued && tuned) throw new BadArgumentError("a run begins from a checkpoint or from a model, not from both");
    signal?.throwIfAborted();
    const json = JSON.stringify(settings);
    const checkpoint = continued && ownBytes("checkpoint", continued);
    const from = tuned && ownBytes("from", tuned);
    const data = ownData(given);
    const { Training } = await unlessAborted(start(trainAsset, platform, wasmUrl), signal);
    const run = translated(() => {
      if (checkpoint) return Training.resume(checkpoint, ...data);
      return from ? Training.from_model(json, from, ...data) : new Training(json, ...data);
    });
    return new LocalTraining(run);
  };
}

type OwnData = [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/** Copies, made at the call: the caller may use his arrays again while the module starts. */
function ownData(data: TrainingData): OwnData {
  const pair = (name: "train" | "test") =>
    (["images", "labels"] as const).map((part) => ownBytes(`${name}.${part}`, data?.[name]?.[part]));
  return [...pair("train"), ...pair("test")] as OwnData;
}

function ownBytes(name: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return copyOf(bytes);
  throw new BadArgumentError(`${name} is a Uint8Array, not ${kindOf(bytes)}`);
}

/** A run on this thread. */
class LocalTraining implements Training {
  readonly #run: Run;
  readonly #queue = new Queue("the training");
  declare [Symbol.dispose]: () => void;

  constructor(run: Run) {
    this.#run = run;
    makeDisposable(this);
  }

  step(): Promise<StepReport> {
    return this.#json((run) => run.step());
  }

  position(): Promise<Position> {
    return this.#json((run) => run.position());
  }

  test(first: number, count: number): Promise<TestReport> {
    return this.#json((run) => run.test(first, count));
  }

  finishEpoch(testLoss: number, testTop1: number, trainSeconds: number, testSeconds: number): Promise<void> {
    return this.#call((run) => run.finish_epoch(testLoss, testTop1, trainSeconds, testSeconds));
  }

  history(): Promise<EpochRow[]> {
    return this.#json((run) => run.history());
  }

  exponents(): Promise<LayerExponents[]> {
    return this.#json((run) => run.exponents());
  }

  filters(): Promise<Filters> {
    return this.#json((run) => run.filters());
  }

  setEpochs(epochs: number): Promise<void> {
    return this.#call((run) => run.set_epochs(epochs));
  }

  checkpoint(): Promise<Uint8Array> {
    return this.#call((run) => run.checkpoint());
  }

  exportModel(calibrationPictures: number): Promise<Uint8Array> {
    return this.#call((run) => run.export_model(calibrationPictures));
  }

  dispose(): void {
    this.#queue.close(() => this.#run.free());
  }

  #call<T>(call: (run: Run) => T): Promise<T> {
    return this.#queue.add(async () => translated(() => call(this.#run)));
  }

  async #json<T>(call: (run: Run) => string): Promise<T> {
    return JSON.parse(await this.#call(call)) as T;
  }
}
