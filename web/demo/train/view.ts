/** Train: the controls of a run and what is to be seen of it. */
import { drawExponents } from "../charts/exponents.js";
import { LineChart } from "../charts/lines.js";
import { keptDrawings } from "../draw/kept.js";
import * as networks from "../networks.js";
import { announce } from "../page/announce.js";
import { byId, oncePerFrame } from "../page/dom.js";
import { save } from "../page/download.js";
import { failed } from "../page/notice.js";
import { currentView, openView } from "../page/router.js";
import { outlastsThePage } from "../page/storage.js";
import { count, duration, percent } from "../page/text.js";
import { drawingsAmongMnist } from "./drawings.js";
import type { Evaluation } from "./evaluation.js";
import { chosenSettings, installForm, lockForm, showSettings } from "./form.js";
import { TRAINING_COMES_LATER, untilTrainingIsBuilt } from "./later.js";
import { mnist } from "./mnist.js";
import { showConfusion, showFilters, showMistakes } from "./panels.js";
import { Session, type Status } from "./session.js";

/** Found by trial: a strange stroke is learned, and 1 to 1.5 points of MNIST are lost. Less moves no weight to another power. */
const FINE_TUNING = { optimizer: "sgd", learning_rate: 0.002, epochs: 2, batch_size: 64 } as const;

export class TrainView {
  readonly #session: Session;
  readonly #losses = new LineChart(byId("chart-loss"), {
    label: "Loss",
    ends: () => [0, 2.4],
    format: (value) => value.toFixed(1),
  });
  readonly #accuracies = new LineChart(byId("chart-accuracy"), {
    label: "Accuracy",
    // What happens near the end is what one wants to see.
    ends: (last) => [last > 0.9 ? 0.9 : 0, 1],
    goal: 0.97,
    dots: true,
    format: (value) => percent(value),
  });
  readonly #show = oncePerFrame(() => this.#showNow());
  #restored: Promise<void> | undefined;
  #drawings = 0;
  #reloads = false;
  #shownEvaluation: Evaluation | undefined;

  constructor() {
    this.#session = new Session({
      changed: this.#show,
      waiting: (fraction) => showWaiting(fraction),
      failed: (error) => failed("The training stopped", error),
    });
    installForm();
    byId("run").addEventListener("click", () => void this.#runOrPause());
    byId("step").addEventListener("click", () => void this.#attempt(() => this.#begun(), "step"));
    byId("reset").addEventListener("click", () => void this.#reset());
    byId("download").addEventListener("click", () => void this.#download());
    byId("use").addEventListener("click", () => void this.#use());
    byId("fine-tune").addEventListener("click", () => void this.#fineTune());
    addEventListener("drawingskept", () => void this.#countDrawings());
    addEventListener("themechange", this.#show);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) void this.#session.save().catch(() => {});
    });
    new ResizeObserver(this.#show).observe(byId("chart-exponents"));
    void this.#countDrawings();
    if (TRAINING_COMES_LATER) void untilTrainingIsBuilt().then(() => this.#takeUpTraining());
  }

  /** Goes on with what an earlier visit left. */
  async open(): Promise<void> {
    if (this.#reloads) return location.reload();
    this.#restored ??= TRAINING_COMES_LATER ? Promise.resolve() : this.#restore();
    await this.#restored;
    this.#show();
  }

  /** Loads the page that has the training module, but not while another view is used. */
  #takeUpTraining(): void {
    this.#reloads = true;
    if (currentView() === "train") location.reload();
  }

  async #restore(): Promise<void> {
    try {
      const wasRunning = await this.#session.restore();
      const { progress } = this.#session;
      if (!progress) return;
      showSettings(progress.settings);
      // The digits of the mistakes.
      void mnist(showWaiting).then(this.#redraw, () => {}).finally(() => showWaiting(undefined));
      if (wasRunning) void this.#session.run();
    } catch (error) {
      failed("The earlier training could not be restored", error);
    }
  }

  readonly #redraw = (): void => {
    this.#shownEvaluation = undefined;
    this.#show();
  };

  async #begun(): Promise<boolean> {
    if (this.#session.progress) return true;
    const settings = chosenSettings();
    if (!settings) return false;
    await this.#session.begin(settings);
    return true;
  }

  async #attempt(prepare: () => Promise<boolean>, then: "run" | "step"): Promise<void> {
    try {
      if (await prepare()) await this.#session[then]();
    } catch (error) {
      await this.#session.reset().catch(() => {});
      failed("The training could not begin", error);
    }
  }

  async #runOrPause(): Promise<void> {
    if (isBusy(this.#session.status)) return this.#session.pause();
    await this.#attempt(() => this.#begun(), "run");
    const { accuracy } = this.#session.progress ?? {};
    if (this.#session.status === "finished" && accuracy) announce(`Trained: ${percent(accuracy, 2)} right`);
  }

  async #reset(): Promise<void> {
    await this.#session.reset();
    this.#redraw();
  }

  async #countDrawings(): Promise<void> {
    this.#drawings = await keptDrawings().then(
      (drawings) => drawings.length,
      () => 0,
    );
    this.#show();
  }

  /** From this run's network, or the current one. */
  async #fineTune(): Promise<void> {
    await this.#attempt(async () => {
      const from = this.#session.progress?.position ? await this.#session.exported() : await networks.currentFile();
      const { train } = await mnist(showWaiting);
      const own = drawingsAmongMnist(await keptDrawings(), train);
      await this.#session.begin(FINE_TUNING, own, from);
      return true;
    }, "run");
  }

  async #download(): Promise<void> {
    try {
      const { settings } = this.#session.progress ?? {};
      const type = settings?.shift_type === null ? "float" : (settings?.shift_type ?? "tuned");
      save(await this.#session.exported(), `mnist-${type.toLowerCase()}.dshift`);
    } catch (error) {
      failed("The network could not be packed", error);
    }
  }

  async #use(): Promise<void> {
    try {
      const { accuracy } = this.#session.progress ?? {};
      networks.add(accuracy ? `Trained here, ${percent(accuracy, 2)}` : "Trained here", await this.#session.exported());
      openView("draw");
    } catch (error) {
      failed("The network could not be packed", error);
    }
  }

  #showNow(): void {
    this.#showControls();
    if (currentView() !== "train") return;
    const { progress, exponents, filters } = this.#session;
    this.#losses.show(progress?.losses ?? []);
    this.#accuracies.show(progress?.accuracies ?? []);
    this.#showTiles();
    showExponents(exponents);
    showFilters(byId("filters"), filters);
    void this.#showEvaluation(progress?.evaluation);
  }

  #showControls(): void {
    const { status, progress } = this.#session;
    const busy = isBusy(status);
    const run = byId<HTMLButtonElement>("run");
    run.textContent = busy ? "Pause" : progress?.position && status !== "finished" ? "Go on" : "Run";
    run.disabled = status === "loading" || status === "finished";
    byId<HTMLButtonElement>("step").disabled = busy || status === "loading" || status === "finished";
    byId<HTMLButtonElement>("reset").disabled = status === "idle" || status === "loading";
    for (const id of ["download", "use"]) byId<HTMLButtonElement>(id).disabled = busy || !progress?.position || status === "loading";
    const tune = byId<HTMLButtonElement>("fine-tune");
    tune.disabled = busy || status === "loading" || this.#drawings === 0;
    tune.textContent = this.#drawings > 1 ? `Fine-tune with my ${this.#drawings} drawings` : "Fine-tune with my drawings";
    lockForm(status !== "idle");
    byId("train-status").textContent = this.#statusText();
    if (TRAINING_COMES_LATER) this.#showLater();
  }

  #showLater(): void {
    for (const id of ["run", "step", "fine-tune"]) byId<HTMLButtonElement>(id).disabled = true;
    byId("train-status").textContent =
      "The training module is still being built. This view loads again when it is there; the others work already.";
  }

  #statusText(): string {
    const { status, progress } = this.#session;
    const position = progress?.position;
    const where = position ? `${position.step} ${position.step === 1 ? "step" : "steps"} done` : "no step done yet";
    const texts: Record<Status, string> = {
      idle: "Nothing runs yet. The digits, 11 MB, are fetched with the first step.",
      loading: "Loading the digits and the training module …",
      paused: `Paused, ${where}. ${outlastsThePage() ? "It stays here" : "This browser keeps nothing: it is gone"} when you close the page.`,
      running: "Training in a worker: the page stays free.",
      testing: "Reading all 10,000 test digits …",
      finished: `Finished, ${where}. Try it, download it, or reset for another.`,
    };
    return texts[status];
  }

  #showTiles(): void {
    const { progress } = this.#session;
    const position = progress?.position;
    const recent = progress?.losses.slice(-20) ?? [];
    const loss = recent.reduce((sum, { value }) => sum + value, 0) / Math.max(1, recent.length);
    const epochs = progress?.settings.epochs ?? 0;
    const tile = (name: string, value: string | undefined) => {
      byId(`tile-${name}`).textContent = value ?? "–";
    };
    tile("accuracy", progress?.accuracy === undefined ? undefined : percent(progress.accuracy, 2));
    tile("loss", position && loss.toFixed(3));
    tile("epoch", position && `${Math.min(epochs, position.epoch + position.batch / position.batches).toFixed(2)} of ${epochs}`);
    tile("speed", progress && position && count(progress.pictures / progress.trainSeconds));
    tile("time", progress && position && duration(progress.trainSeconds + progress.testSeconds));
  }

  async #showEvaluation(evaluation: Evaluation | undefined): Promise<void> {
    if (evaluation === this.#shownEvaluation && byId("confusion").hasChildNodes()) return;
    this.#shownEvaluation = evaluation;
    const test = evaluation && (await mnist(() => {}).catch(() => undefined))?.test;
    byId("confusion-text").textContent = evaluation
      ? `${count(evaluation.indices.length)} digits, rows are right`
      : "rows are right";
    showConfusion(byId("confusion"), test && evaluation, test?.labels);
    showMistakes(byId("mistakes"), evaluation, test);
  }
}

const isBusy = (status: Status): boolean => status === "running" || status === "testing";

function showWaiting(fraction: number | undefined): void {
  const bar = byId<HTMLProgressElement>("train-progress");
  bar.hidden = fraction === undefined;
  if (fraction !== undefined) bar.value = fraction;
}

function showExponents(layers: Session["exponents"]): void {
  const longest = Math.max(0, ...layers.map(({ k }) => k.length));
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const zeros = sum(layers.map((layer) => layer.zeros));
  const negative = sum(layers.map((layer) => layer.negative));
  const columns = Array.from({ length: longest }, (_, k) => ({ exponent: -k, weights: sum(layers.map((layer) => layer.k[k] ?? 0)) }));
  const weights = sum(columns.map((column) => column.weights));
  byId("exponents-text").textContent =
    weights > 0 ? `${percent(negative / weights)} below zero, ${percent(zeros / (weights + zeros))} zero` : "";
  drawExponents(byId("chart-exponents"), [{ exponent: undefined, weights: zeros }, ...columns], "How many weights have each power of two", 200);
}
