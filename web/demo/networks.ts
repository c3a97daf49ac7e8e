/**
 * The networks that can be chosen: the shipped ones, dropped files and those trained here. One is current, for every
 * view; it is loaded when a view first asks for it.
 */
import { type DeviceReport, load, type LoadOptions, type Model, type ModelInfo } from "deepshift";
import { inspect, load as loadInWorker, type ModelReport } from "deepshift/worker";
import shipped from "../models/index.json";
import { recall, remember } from "./page/browser-storage.js";
import { download } from "./page/download.js";

export type DeviceChoice = "auto" | "webgpu" | "wasm";

export interface Entry {
  title: string;
  source: URL | Uint8Array<ArrayBuffer>;
  /** Addresses of sample pictures. */
  samples: string[];
  /** Whether it reads digits of 28x28; undefined until somebody asks. */
  digits: boolean | undefined;
}

/** What a view is best opened with. */
export type Kind = "digits" | "pictures";

/** Both ways to compute a network, on the same device. */
export interface Pair {
  shift: Model;
  float: Model;
  device: DeviceReport;
}

const files = import.meta.glob<string>("../models/*.dshift", { query: "?url", import: "default", eager: true });
const pictures = import.meta.glob<string>(["./generated/samples/*.png", "../models/samples/*"], {
  query: "?url",
  import: "default",
  eager: true,
});

function address(files: Record<string, string>, name: string): string[] {
  return Object.entries(files).flatMap(([path, url]) => (path.endsWith(`/${name}`) ? [url] : []));
}

export const entries: Entry[] = shipped.flatMap(({ title, file, kind, samples }) =>
  address(files, file).map((url) => ({
    title,
    source: new URL(url, document.baseURI),
    samples: samples.flatMap((name) => address(pictures, name)),
    digits: kind === "digits",
  })),
);

const KEY = "deepshift-network";
/** The shipped network that was chosen last, on an earlier visit too. */
const kept = shipped.findIndex(({ file }) => file === recall(KEY));

/** What was current, the current one last: where one goes, the one before comes back. */
let history: Entry[] = entries.slice(Math.max(kept, 0)).slice(0, 1);
/** Whether somebody chose it, and not the page. */
let chosen = kept >= 0;
let device: DeviceChoice = "auto";
let bytes: Promise<Uint8Array<ArrayBuffer>> | undefined;
let pair: Promise<Pair> | undefined;
let inWorker: Promise<Model> | undefined;
let report: Promise<ModelReport> | undefined;

type Listener = () => void;
const listeners = new Set<Listener>();
let showProgress: (fraction: number | undefined) => void = () => {};

const entry = (): Entry | undefined => history.at(-1);
/** Its place among the entries. */
export const current = (): number => entries.findIndex((each) => each === entry());
export const isCurrent = (which: Entry): boolean => which === entry();
export const chosenDevice = (): DeviceChoice => device;

export function onChange(listener: Listener): void {
  listeners.add(listener);
}

/** Where the download of a network is shown: a fraction, or undefined when it has ended. */
export function onProgress(show: (fraction: number | undefined) => void): void {
  showProgress = show;
}

/** Adds a network and makes it the current one. */
export function add(title: string, file: Uint8Array<ArrayBuffer>): Entry {
  const added: Entry = { title, source: file, samples: entries[0]?.samples ?? [], digits: undefined };
  entries.push(added);
  chosen = true;
  become(added);
  return added;
}

/** Takes back one that was added and turned out to be no network; others may have been added or chosen since. */
export function remove(removed: Entry): void {
  const wasCurrent = isCurrent(removed);
  entries.splice(entries.indexOf(removed), 1);
  history = history.filter((each) => each !== removed);
  if (wasCurrent) release();
  else notify();
}

/** Makes a network of this kind the current one, unless somebody has chosen one or it cannot be fetched. */
export function prefer(kind: Kind): void {
  const digits = kind === "digits";
  const first = entries.find((each) => each.digits === digits);
  if (chosen || !navigator.onLine || !first || entry()?.digits === digits) return;
  become(first);
}

/** The one at this place among the entries. */
export function choose(place: number): void {
  const file = shipped[place]?.file;
  if (file) remember(KEY, file);
  chosen = true;
  become(entries[place]!);
}

function become(next: Entry): void {
  history = [...history.filter((each) => each !== next), next];
  release();
}

export function chooseDevice(choice: DeviceChoice): void {
  device = choice;
  releaseModels();
  notify();
}

/** Lets go of all that belongs to the network that was current. */
function release(): void {
  bytes = report = undefined;
  releaseModels();
  notify();
}

function releaseModels(): void {
  void pair?.then(({ shift, float }) => (shift.dispose(), float.dispose())).catch(() => {});
  void inWorker?.then((model) => model.dispose()).catch(() => {});
  pair = inWorker = undefined;
}

function notify(): void {
  for (const listener of listeners) listener();
}

/** The bytes of the current network's file. */
export function currentFile(): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes) return bytes;
  const begun = fetchCurrent();
  begun.catch(() => {
    if (bytes === begun) bytes = undefined;
  });
  return (bytes = begun);
}

async function fetchCurrent(): Promise<Uint8Array<ArrayBuffer>> {
  const source = entry()?.source;
  if (!source) throw new Error("there is no network");
  if (source instanceof Uint8Array) return source;
  try {
    showProgress(0);
    return await download(source, (loaded, total) => showProgress(total ? loaded / total : undefined));
  } finally {
    showProgress(undefined);
  }
}

/** What the current network's file holds. */
export function currentReport(): Promise<ModelReport> {
  if (report) return report;
  const begun = currentFile().then((file) => inspect(file));
  begun.catch(() => {
    if (report === begun) report = undefined;
  });
  return (report = begun);
}

/** Whether the current network reads digits of 28x28. One that does not is never loaded on this thread to find out. */
export async function readsDigits(): Promise<boolean> {
  const asked = entry();
  if (asked?.digits !== undefined) return asked.digits;
  const digits = takesDigits((await currentInWorker()).info);
  if (asked) asked.digits = digits;
  return digits;
}

export const takesDigits = (info: ModelInfo): boolean => info.input_shape.join() === "1,28,28" && info.classes.length === 10;

/**
 * The current network on this thread, where small networks answer soonest. Where devices are to be measured first, wasm
 * comes before the chosen one, because a GPU needs seconds for its first answer. A pair is gone when the next one was taken.
 */
export async function* currentPairs(): AsyncGenerator<Pair> {
  const first = !pair && device === "auto" ? await loadPair("wasm") : undefined;
  try {
    if (first) yield { ...first, device: { ...first.device, reason: "measuring whether the GPU is faster …" } };
    yield await (pair ??= loadPair(device));
  } finally {
    first?.shift.dispose();
    first?.float.dispose();
  }
}

async function loadPair(device: DeviceChoice): Promise<Pair> {
  const file = await currentFile();
  const shift = await load(file, { device });
  const same: LoadOptions = { device: shift.device.device === "webgpu" ? "webgpu" : "wasm" };
  return { shift, float: await load(file, { ...same, mode: "float" }), device: shift.device };
}

/** The current network in a worker, where large ones hold nothing up. */
export function currentInWorker(): Promise<Model> {
  if (inWorker) return inWorker;
  const loading = currentFile().then((file) => loadInWorker(file, { device }));
  // Whoever asks next tries again.
  loading.catch(() => {
    if (inWorker === loading) inWorker = undefined;
  });
  return (inWorker = loading);
}
