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

/**
 * The same to be posted, with arrays of its own where posting would share memory with this thread or clone a larger buffer that
 * they are a part of.
 */
export function ownArrays<T>(value: T): T {
  if (ArrayBuffer.isView(value)) return ownArray(value as Uint8Array & T);
  if (Object(value) !== value || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, ownArrays(inner)])) as T;
}

function ownArray<T extends Uint8Array>(array: T): T {
  const isShared = typeof SharedArrayBuffer !== "undefined" && (array.buffer as object) instanceof SharedArrayBuffer;
  return isShared || array.byteLength < array.buffer.byteLength ? (array.slice() as T) : array;
}
