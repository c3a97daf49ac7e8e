/** What a network is, as its file says. Shapes have no batch axis. */
export interface ModelInfo {
  architecture: string;
  /** `[channels, height, width]` or `[features]`. */
  input_shape: number[];
  /** What follows the logits in training. */
  head: "logits" | "log_softmax";
  /** Names of the classes, in the order of the logits; may be empty. */
  classes: string[];
  /** How a picture becomes the input; `null` where the file does not say. */
  preprocessing: Preprocessing | null;
  provenance: Provenance;
  /** Number of parameters and running statistics. As f32 each would take 4 bytes. */
  parameters: number;
}

/** What a `.dshift` file holds and what it costs to run, as `deepshift inspect --json` prints it. */
export interface ModelReport extends Omit<ModelInfo, "parameters"> {
  layers: LayerInfo[];
  totals: Totals;
  /** Of every shift layer. */
  exponents: ExponentCounts[];
  float_mode: Operations;
  /** `null` where the file has float mode only. */
  integer_mode: IntegerInfo | null;
}

/** A picture is resized, cropped at the centre, and each channel normalised as `(byte / 255 - mean) / std`. */
export interface Preprocessing {
  mean: number[];
  std: number[];
  /** Pixels of the shorter side after resizing; where absent, the crop takes as much as it can. */
  resize?: number | null;
  /** Default `"bilinear"`. */
  interpolation?: "bilinear" | "bicubic";
}

/** Origin and licence of the weights. */
export interface Provenance {
  license: string;
  origin: string;
  /** More facts by name: the command, the data set, the measured accuracy. */
  notes?: Record<string, string>;
}

/** A node of the float graph. */
export interface LayerInfo {
  name: string;
  operation: string;
  output_shape: number[];
  weight: { shape: number[]; coding: Coding } | null;
  /** Of all its parameters, as they lie in the file. */
  bytes: number;
  bytes_as_f32: number;
}

/** How a weight lies in the file. */
export type Coding =
  | { kind: "f32" }
  | {
      kind: "shift";
      shift_type: "Q" | "PS";
      bits: number;
      terms: number;
      /** Lowest and highest channel exponent; `null` where all are 0 and take no bytes. */
      channel_exponents: [number, number] | null;
    };

export interface Totals {
  parameters: number;
  parameter_bytes: number;
  parameter_bytes_as_f32: number;
  file_bytes: number;
  /** How many times the parameters as f32 are longer than the whole file. */
  compression: number;
}

/** How often each power of two is used in a layer. */
export interface ExponentCounts {
  layer: string;
  zeros: number;
  /** Number of terms `±2^n`, by `n`. */
  powers: Record<string, number>;
}

/** What one picture costs. */
export interface Operations {
  /** Terms `±2^n * x` that the shift layers add up. */
  shift_additions: number;
  /** What remains a multiplication. */
  multiplications: { node: string; operation: string; per_picture: number }[];
}

/** The integer network. */
export interface IntegerInfo {
  nodes: IntegerNode[];
  /** Largest possible accumulator, proved from the codes; below 2^31. */
  largest_accumulator: number;
  multiplier_free: boolean;
  operations: Operations;
}

export interface IntegerNode {
  name: string;
  operation: string;
  /** Values are `q * 2^-fraction_bits` with `lowest <= q <= highest`. */
  format: { fraction_bits: number; lowest: number; highest: number };
  largest_accumulator: number | null;
  epilogue: Epilogue | null;
}

/** The rescalings of a node, as ranges `[lowest, highest]`. */
export interface Epilogue {
  channels: number;
  multiplier: [number, number];
  pre_shift: [number, number];
  post_shift: [number, number];
  multiplier_free_channels: number;
}
