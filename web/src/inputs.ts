import { BadArgumentError } from "./errors.js";
import { messageOf } from "./translate.js";

/** For what is no input at all. */
export function refuse(input: unknown): never {
  throw new BadArgumentError(`an input is a picture, a Float32Array, or a Uint8Array, not ${kindOf(input)}`);
}

/** What was given, for messages. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : ((Object(value) === value && (value as object).constructor?.name) || typeof value);
}

/**
 * A copy, so that the caller may change or transfer his array as soon as the call returns. A `Buffer` of Node becomes a
 * Uint8Array, because its `slice` shares memory.
 */
export function copyOf<T extends Float32Array | Uint8Array | Uint8ClampedArray>(array: T): T {
  return readable(() => (array instanceof Float32Array ? new Float32Array(array) : new Uint8Array(array)) as T);
}

/** What is read of a buffer, which cannot be where it was transferred. */
export function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new BadArgumentError(`an array cannot be read: ${messageOf(cause)}`, { cause });
  }
}
