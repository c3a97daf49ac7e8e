/// <reference lib="esnext.disposable" preserve="true" />
import type { ModelInfo } from "./info.js";

/** Bytes that have arrived; `total` is missing where the server does not say. */
export interface Progress {
  loaded: number;
  total?: number;
}

/** Which arithmetic: 8-bit integers, the same bits on every device, or f32. */
export type Mode = "integer" | "float";

/** How layers are computed: dot products, literal shifts and adds, or plain multiplications for comparison. */
export type Kernel = "dot" | "shift" | "naive-multiply";

/** What `load` takes besides the model. */
export interface LoadOptions {
  /** Default `"auto"`: measures both on this model and takes the faster. */
  device?: "auto" | "webgpu" | "wasm" | undefined;
  /** Default `"auto"`: integer where the file has it. */
  mode?: "auto" | Mode | undefined;
  /** Default `"dot"`. */
  kernel?: Kernel | undefined;
  /**
   * How many operations one picture may take: a model that takes more is refused with a `LimitError` before anything runs.
   * Default 2^37, seven times what VGG-19 takes; `Infinity` allows any number, and a stranger's file can then keep its
   * thread busy for years. Channels count in sixteens, and every position of a pooling's window counts.
   */
  maxOperations?: number | undefined;
  /** Ends loading; the promise is then rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called as the model arrives. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Folder of the package's wasm files (a copy of its folder `wasm`), instead of the bundled ones. */
  wasmUrl?: string | URL | undefined;
}

/** Where a model comes from: an address (in Node also a path), or the bytes of the file. */
export type ModelSource = string | URL | ArrayBuffer | Uint8Array | Blob;

/** What runs a model, and why. */
export interface DeviceReport {
  /** `"webgpu"`, `"wasm-scalar"`, `"wasm-simd128"` or `"wasm-relaxed-simd"`. */
  device: string;
  /** For people, such as `"2.1x faster than WebGPU on this model"`. */
  reason: string;
  mode: Mode;
  kernel: Kernel;
  /** What `auto` measured: median milliseconds of a run of one picture. */
  milliseconds?: { webgpu?: number; wasm?: number };
  /** The GPU, where WebGPU runs; what the browser hides is empty. */
  adapter?: Adapter;
}

/** A GPU, as far as the browser tells. */
export interface Adapter {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
}

/** Pixels as rows of R, G, B, A bytes. */
export interface Rgba {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/** A picture of any size: it is resized and cropped as the file says. Alpha is ignored. */
export type PictureInput =
  | ImageData
  | Rgba
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | ImageBitmap
  | VideoFrame
  | Blob;

/**
 * What a network takes: a picture, f32 values as the network takes them, or bytes of pictures that already have the
 * network's size. Values and bytes are `[n, channels, height, width]`, n inputs after another.
 */
export type ModelInput = PictureInput | Float32Array | Uint8Array;

/** One answer. */
export interface Classification {
  /** Of the class, in the order of the logits. */
  index: number;
  /** Its name, or the index where the file names no classes. */
  label: string;
  /** Softmax of the logits, 0 to 1. */
  probability: number;
}

/** What the network sees of a picture. */
export interface NetworkPicture {
  /** Planes of bytes. */
  data: Uint8Array;
  /** `[channels, height, width]`. */
  shape: number[];
}

/** How long a layer took. */
export interface LayerTime {
  name: string;
  milliseconds: number;
}

/**
 * A loaded network. Calls are queued: the next begins when the one before has ended. Inputs are read at the call, and may
 * be changed, closed or transferred as soon as it returns; only an `<img>` that still loads is read when it has loaded.
 */
export interface Model {
  /** What the network is. */
  readonly info: ModelInfo;
  /** Length of the file. */
  readonly bytes: number;
  /** What runs, and why; changes when a lost GPU is given up. */
  readonly device: DeviceReport;
  /** The logits, `[n, classes]`. */
  run(input: ModelInput): Promise<Float32Array>;
  /** The `top` (a whole number from 1 on, default 5) most probable classes of one input, best first. */
  classify(input: ModelInput, options?: { top?: number }): Promise<Classification[]>;
  /** The picture as the network sees it. */
  picture(input: PictureInput): Promise<NetworkPicture>;
  /**
   * One run of one picture, layer by layer in the order of computation. What is done with the layer before it, such as max
   * pooling on the CPU, counts there.
   */
  layerTimes(input: PictureInput | Uint8Array): Promise<LayerTime[]>;
  /** Frees all memory, after the run in progress; every later call is rejected with a `BadArgumentError`. */
  dispose(): void;
  /** For `using`; in engines without `Symbol.dispose` there is only {@link dispose}. */
  [Symbol.dispose](): void;
}

/** Loads a network and chooses what runs it. */
export type Load = (source: ModelSource, options?: LoadOptions) => Promise<Model>;
