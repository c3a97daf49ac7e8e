/** Something that turns one picture into logits. */
export interface Engine {
  /** Runtime, device and arithmetic, such as `onnxruntime-web wasm int8`. */
  readonly name: string;
  /** What its logits must agree with: exactly our own f32 ones, or those to the coarseness of 8 bits. */
  readonly precision: "f32" | "int8";
  run(): Promise<Float32Array>;
  dispose(): void;
}

/** A network and one picture for it. */
export interface Task {
  /** Base name of the files under `models/`. */
  readonly name: string;
  /** Our files, by the width of their weights. */
  readonly files: readonly string[];
  /** Name of the files of the other runtimes. */
  readonly peers: string;
  /** `[channels, height, width]`. */
  readonly shape: readonly [number, number, number];
  readonly input: Float32Array;
}

export const url = (file: string): string => new URL(`models/${file}`, location.href).href;

export async function bytes(file: string): Promise<Uint8Array> {
  const response = await fetch(url(file));
  if (!response.ok) throw new Error(`${file}: HTTP ${response.status}; run scripts/bench/web`);
  return new Uint8Array(await response.arrayBuffer());
}
