import {
  BadArgumentError,
  BadFileError,
  DeepshiftError,
  DeviceLostError,
  LimitError,
  UnsupportedError,
} from "./errors.js";

const classes = {
  "bad-file": BadFileError,
  "bad-argument": BadArgumentError,
  limit: LimitError,
  unsupported: UnsupportedError,
  "device-lost": DeviceLostError,
};

/** The class that belongs to a code; none where it is no code of the wasm modules. */
export function errorOf(code: unknown, message: string, options?: ErrorOptions): DeepshiftError | undefined {
  const Class = classes[code as keyof typeof classes];
  return Class && new Class(message, options);
}

/** An error of the wasm modules as one of these classes; any other stays as it is. */
export function fromWasm(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DeepshiftError || !("code" in error)) return error;
  return errorOf(error.code, error.message, { cause: error }) ?? error;
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Calls a wasm module. */
export function translated<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromWasm(error);
  }
}
