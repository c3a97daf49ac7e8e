/// <reference lib="esnext.disposable" preserve="true" />
/** Settings of a run; what is left out has the default named here, which a test compares with the wasm module's. */
export interface TrainSettings {
  /** Default `"simple_conv"`; with `from`, the file's. */
  architecture?: "simple_linear" | "simple_conv" | undefined;
  /** Default `"PS"`; `null` trains an ordinary float network; with `from`, the file's. */
  shift_type?: "Q" | "PS" | "DenseShift" | null | undefined;
  /** Default 5; integer mode takes 2 to 5; with `from`, the file's. */
  weight_bits?: number | undefined;
  /** Default `"adam"`. */
  optimizer?: "sgd" | "adadelta" | "adagrad" | "adam" | "rmsprop" | "radam" | "ranger" | undefined;
  /** At the start; default: what suits the optimizer. */
  learning_rate?: number | null | undefined;
  /** Default `"cosine"`, which falls to 0 at the end of the last epoch. */
  schedule?: "constant" | "cosine" | undefined;
  /** Of `sgd` and `rmsprop`; default 0.9. */
  momentum?: number | undefined;
  /** Default 0. */
  weight_decay?: number | undefined;
  /** Pictures of a step, default 64. */
  batch_size?: number | undefined;
  /** Default 2. */
  epochs?: number | undefined;
  /** Of initial weights, order of the pictures and dropout; default 1. */
  seed?: number | undefined;
}

/** Pictures `[n, 28, 28]` of bytes with their classes. */
export interface LabelledPictures {
  images: Uint8Array;
  labels: Uint8Array;
}

export interface TrainingData {
  train: LabelledPictures;
  test: LabelledPictures;
}

export interface TrainingOptions {
  /** Folder of the package's wasm files, instead of the bundled ones. */
  wasmUrl?: string | URL | undefined;
  /** Goes on, over the same pictures, where this checkpoint was taken; the settings are then the checkpoint's. */
  checkpoint?: Uint8Array | undefined;
  /** Fine-tunes the network of this `.dshift` file. */
  from?: Uint8Array | undefined;
  /** Ends starting; the promise is then rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Where a run is. */
export interface Position {
  /** Epochs that are finished. */
  epoch: number;
  /** Batches of this epoch that are done, of `batches`. */
  batch: number;
  batches: number;
  /** Steps of the whole run that are done. */
  step: number;
  /** All batches of the epoch are done: test, then {@link Training.finishEpoch}. */
  epoch_complete: boolean;
  /** No step is left. */
  finished: boolean;
}

/** What one step did. */
export interface StepReport extends Position {
  /** Mean over the batch. */
  loss: number;
  /** Fraction of the batch. */
  top1: number;
  /** Of this step. */
  learning_rate: number;
}

/** Test pictures, with rounded weights. */
export interface TestReport {
  /** Sum over the pictures. */
  loss: number;
  correct: number;
  pictures: number;
  /** The class of each picture. */
  predictions: number[];
  /** What each picture's right class was given. */
  probabilities: number[];
}

/** One line of the log. Accuracies are in percent, times in seconds. */
export interface EpochRow {
  train_loss: number;
  train_top1: number;
  train_top5: number;
  train_time: number;
  test_loss: number;
  test_top1: number;
  /** Not measured here. */
  test_top5: number | null;
  test_time: number;
}

/** How often each power of two `2^-k` is used in a layer, weights rounded. */
export interface LayerExponents {
  layer: string;
  /** Number of weights, by k. */
  k: number[];
  zeros: number;
  /** Weights below 0. */
  negative: number;
}

/** The first layer's weights, rounded. */
export interface Filters {
  /** `[out, in, height, width]`; those of a linear layer lie on its input picture. */
  shape: number[];
  values: number[];
}

/** A training run, which takes one step at a time. Calls are queued. */
export interface Training {
  step(): Promise<StepReport>;
  position(): Promise<Position>;
  /** Tests `count` test pictures from `first` on. */
  test(first: number, count: number): Promise<TestReport>;
  /** Ends an epoch with the mean test loss, the fraction of right answers and the seconds spent. */
  finishEpoch(testLoss: number, testTop1: number, trainSeconds: number, testSeconds: number): Promise<void>;
  history(): Promise<EpochRow[]>;
  /** Of every shift layer; empty for a float network. */
  exponents(): Promise<LayerExponents[]>;
  filters(): Promise<Filters>;
  /** Lets a run become longer or shorter. */
  setEpochs(epochs: number): Promise<void>;
  /** Everything needed to go on later, to the same bits, but the pictures. */
  checkpoint(): Promise<Uint8Array>;
  /** The network as a `.dshift` file, its integer network calibrated on so many training pictures; 0 writes none. */
  exportModel(calibrationPictures: number): Promise<Uint8Array>;
  /** Frees all memory, after the call in progress; every later call is rejected with a `BadArgumentError`. */
  dispose(): void;
  /** For `using`; in engines without `Symbol.dispose` there is only {@link dispose}. */
  [Symbol.dispose](): void;
}

/** Begins a training run, or goes on with one. All that is given is read at the call. */
export type CreateTraining = (
  settings: TrainSettings,
  data: TrainingData,
  options?: TrainingOptions,
) => Promise<Training>;
