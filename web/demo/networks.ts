/**
 * The networks that can be chosen: the shipped ones, dropped files and those trained here. One is current, for every
 * view; it is loaded when a view first asks for it.
 */
import { type DeviceReport, load, type LoadOptions, type Model, type ModelInfo } from "deepshift";
import { inspect, load as loadInWorker, type ModelReport } from "deepshift/worker";
import shipped from "../models/index.json";
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
const kept = shipped.findIndex(({ file }) => file === localStorage.getItem(KEY));

let index = Math.max(kept, 0);
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

export const current = (): number => index;
export const chosenDevice = (): DeviceChoice => device;

export function onChange(listener: Listener): void {
  listeners.add(listener);
}

/** Where the download of a network is shown: a fraction, or undefined when it has ended. */
export function onProgress(show: (fraction: number | undefined) => void): void {
  showProgress = show;
}

/** Adds a network and makes it the current one. */
export function add(title: string, file: Uint8Array<ArrayBuffer>): void {
  entries.push({ title, source: file, samples: entries[0]?.samples ?? [], digits: undefined });
  choose(entries.length - 1);
}

/** Takes back what was added last, which turned out to be no network. */
export function dropLast(before: number): void {
  entries.pop();
  choose(before);
}

/** Makes a network of this kind the current one, unless somebody has chosen one or it cannot be fetched. */
export function prefer(kind: Kind): void {
  const digits = kind === "digits";
  const first = entries.findIndex((entry) => entry.digits === digits);
  if (chosen || !navigator.onLine || first < 0 || entries[index]?.digits === digits) return;
  become(first);
}

export function choose(entry: number): void {
  const file = shipped[entry]?.file;
  if (file) localStorage.setItem(KEY, file);
  chosen = true;
  become(entry);
}

function become(entry: number): void {
  index = entry;
  bytes = report = undefined;
  release();
}

export function chooseDevice(choice: DeviceChoice): void {
  device = choice;
  release();
}

function release(): void {
  void pair?.then(({ shift, float }) => (shift.dispose(), float.dispose())).catch(() => {});
  void inWorker?.then((model) => model.dispose()).catch(() => {});
  pair = inWorker = undefined;
  for (const listener of listeners) listener();
}

/** The bytes of the current network's file. */
export function currentFile(): Promise<Uint8Array<ArrayBuffer>> {
  bytes ??= fetchCurrent().catch((error: unknown) => {
    bytes = undefined;
    throw error;
  });
  return bytes;
}

async function fetchCurrent(): Promise<Uint8Array<ArrayBuffer>> {
  const source = entries[index]?.source;
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
  const entry = entries[index];
  if (entry?.digits !== undefined) return entry.digits;
  const digits = takesDigits((await currentInWorker()).info);
  if (entry) entry.digits = digits;
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
  return (inWorker ??= currentFile().then((file) => loadInWorker(file, { device })));
}
