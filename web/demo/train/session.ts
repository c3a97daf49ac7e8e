/** A training run: drives the worker step by step, tests, and keeps its state so that a reload goes on. */
import {
  createTraining,
  type Filters,
  type LabelledPictures,
  type LayerExponents,
  type StepReport,
  type Training,
  type TrainSettings,
} from "deepshift/worker";
import type { LinePoint } from "../charts/lines.js";
import * as storage from "../page/storage.js";
import { type Evaluation, fullTest, quickTest } from "./evaluation.js";
import { mnist } from "./mnist.js";

export type Status = "idle" | "loading" | "paused" | "running" | "testing" | "finished";

const KEY = "current";
const SAVE_EVERY_STEPS = 100;
const QUICK_TEST_EVERY_STEPS = 100;
/** The first quick tests come sooner, so that something is to be seen. */
const EARLY_TESTS = [5, 25, 50];
const LOOK_INSIDE_EVERY_MILLISECONDS = 1000;
const CALIBRATION_PICTURES = 1000;

/** Everything about a run but the worker's state. */
export interface Progress {
  settings: TrainSettings;
  /** Pictures to train on instead of MNIST's. */
  own: LabelledPictures | undefined;
  losses: LinePoint[];
  accuracies: LinePoint[];
  position: StepReport | undefined;
  trainSeconds: number;
  testSeconds: number;
  pictures: number;
  evaluation: Evaluation | undefined;
  /** Over all 10,000 test pictures, after the last finished epoch. */
  accuracy: number | undefined;
}

interface Saved {
  progress: Progress;
  checkpoint: Uint8Array;
  running: boolean;
}

export interface Listener {
  /** Something changed: status, progress, what is inside. */
  changed(): void;
  /** Downloading or testing: a fraction, or undefined at its end. */
  waiting(fraction: number | undefined): void;
  failed(error: unknown): void;
}

export class Session {
  status: Status = "idle";
  progress: Progress | undefined;
  exponents: LayerExponents[] = [];
  filters: Filters | undefined;
  readonly #listener: Listener;
  #training: Training | undefined;
  #checkpoint: Uint8Array | undefined;
  #wanted = false;
  #loop: Promise<void> = Promise.resolve();
  #lookedInside = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Shows what an earlier visit left. True where it was running then. */
  async restore(): Promise<boolean> {
    const saved = await storage.get<Saved>("training", KEY);
    if (!saved) return false;
    this.progress = saved.progress;
    this.#checkpoint = saved.checkpoint;
    this.#set(saved.progress.position?.finished ? "finished" : "paused");
    return saved.running && this.status === "paused";
  }

  /** Begins a run with these settings, from a file's weights where one is given. */
  async begin(settings: TrainSettings, own?: LabelledPictures, from?: Uint8Array): Promise<void> {
    await this.reset();
    this.progress = {
      settings,
      own,
      losses: [],
      accuracies: [],
      position: undefined,
      trainSeconds: 0,
      testSeconds: 0,
      pictures: 0,
      evaluation: undefined,
      accuracy: undefined,
    };
    await this.#start(from);
  }

  /** Runs until it is paused or finished. */
  run(): Promise<void> {
    this.#wanted = true;
    return this.#continue();
  }

  /** Takes one step. */
  step(): Promise<void> {
    this.#wanted = false;
    return this.#continue();
  }

  pause(): void {
    this.#wanted = false;
  }

  /** Forgets the run. */
  async reset(): Promise<void> {
    this.#wanted = false;
    await this.#loop;
    this.#training?.dispose();
    this.#training = this.#checkpoint = this.progress = this.filters = undefined;
    this.exponents = [];
    await storage.remove("training", KEY);
    this.#set("idle");
  }

  /** The network as it is now, as a file. */
  async exported(): Promise<Uint8Array<ArrayBuffer>> {
    const training = await this.#start();
    return Uint8Array.from(await training.exportModel(CALIBRATION_PICTURES));
  }

  /** Keeps the state, if there is one. */
  async save(): Promise<void> {
    if (!this.#training || !this.progress) return;
    const checkpoint = await this.#training.checkpoint();
    this.#checkpoint = checkpoint;
    const saved: Saved = { progress: this.progress, checkpoint, running: this.#wanted };
    await storage.put("training", KEY, saved);
  }

  #set(status: Status): void {
    this.status = status;
    this.#listener.changed();
  }

  /** One loop at a time. */
  #continue(): Promise<void> {
    if (this.status === "running" || this.status === "testing" || this.status === "finished") return this.#loop;
    this.#loop = this.#drive();
    return this.#loop;
  }

  async #drive(): Promise<void> {
    try {
      const training = await this.#start();
      this.#set("running");
      do await this.#step(training);
      while (this.#wanted && !this.progress?.position?.finished);
      await this.#lookInside(training);
      await this.save();
    } catch (error) {
      this.#wanted = false;
      this.#listener.failed(error);
    }
    this.#wanted = false;
    this.#set(this.progress?.position?.finished ? "finished" : this.progress ? "paused" : "idle");
  }

  /** The worker's training: begun, or gone on with. */
  async #start(from?: Uint8Array): Promise<Training> {
    if (this.#training) return this.#training;
    const { progress } = this;
    if (!progress) throw new Error("there is no training");
    const before = this.status;
    this.#set("loading");
    try {
      const { train, test } = await mnist((fraction) => this.#listener.waiting(fraction));
      const options = this.#checkpoint ? { checkpoint: this.#checkpoint } : from ? { from } : {};
      this.#training = await createTraining(progress.settings, { train: progress.own ?? train, test }, options);
      await this.#lookInside(this.#training);
      return this.#training;
    } finally {
      this.#listener.waiting(undefined);
      this.#set(before === "idle" ? "paused" : before);
    }
  }

  async #step(training: Training): Promise<void> {
    const { progress } = this;
    if (!progress) return;
    const begin = performance.now();
    const report = await training.step();
    progress.trainSeconds += (performance.now() - begin) / 1000;
    progress.position = report;
    progress.pictures += progress.settings.batch_size ?? 64;
    progress.losses.push({ step: report.step, value: report.loss });
    if (report.epoch_complete) await this.#finishEpoch(training, progress);
    else if (report.step % QUICK_TEST_EVERY_STEPS === 0 || EARLY_TESTS.includes(report.step)) {
      await this.#quickTest(training, progress);
    }
    if (performance.now() - this.#lookedInside > LOOK_INSIDE_EVERY_MILLISECONDS) await this.#lookInside(training);
    if (report.epoch_complete || report.step % SAVE_EVERY_STEPS === 0) await this.save();
    this.#listener.changed();
  }

  async #quickTest(training: Training, progress: Progress): Promise<void> {
    const begin = performance.now();
    progress.evaluation = await quickTest(training);
    progress.testSeconds += (performance.now() - begin) / 1000;
    progress.accuracies.push({ step: progress.position?.step ?? 0, value: progress.evaluation.accuracy });
  }

  async #finishEpoch(training: Training, progress: Progress): Promise<void> {
    this.#set("testing");
    const begin = performance.now();
    const evaluation = await fullTest(training, (fraction) => this.#listener.waiting(fraction));
    this.#listener.waiting(undefined);
    const seconds = (performance.now() - begin) / 1000;
    progress.testSeconds += seconds;
    await training.finishEpoch(evaluation.loss, evaluation.accuracy, progress.trainSeconds, seconds);
    progress.evaluation = evaluation;
    progress.accuracy = evaluation.accuracy;
    progress.accuracies.push({ step: progress.position?.step ?? 0, value: evaluation.accuracy });
    this.#set("running");
  }

  async #lookInside(training: Training): Promise<void> {
    this.#lookedInside = performance.now();
    this.exponents = await training.exponents();
    this.filters = await training.filters();
    this.#listener.changed();
  }
}
