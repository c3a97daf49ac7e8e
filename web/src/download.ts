import { BadArgumentError, BadFileError, FetchError } from "./errors.js";
import { kindOf, readable } from "./inputs.js";
import { messageOf } from "./translate.js";
import type { Platform } from "./platform.js";
import type { LoadOptions, ModelSource } from "./types.js";

type DownloadOptions = Pick<LoadOptions, "signal" | "onProgress">;

/** The answer to a request, or an error that names address and status. */
export async function open(platform: Platform, url: URL, signal?: AbortSignal): Promise<Response> {
  const response = await platform.request(url, signal).catch((error: unknown) => fail(url, error, signal));
  if (response.ok) return response;
  const status = `${response.status} ${response.statusText}`.trim();
  throw new FetchError(`cannot fetch ${url}: ${status}`, url.href, response.status);
}

/** The bytes of a model, wherever they come from. Bytes of the caller are copied, so that they stay his. */
export async function bytesOf(
  platform: Platform,
  source: ModelSource,
  options: DownloadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof source === "string") return download(platform, address(platform, source), options);
  if (source instanceof URL) return download(platform, source, options);
  const bytes = await copied(source);
  options.onProgress?.({ loaded: bytes.length, total: bytes.length });
  return bytes;
}

async function copied(source: ArrayBuffer | Uint8Array | Blob): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  if (source instanceof Uint8Array) return readable(() => new Uint8Array(source));
  if (source instanceof ArrayBuffer) return readable(() => new Uint8Array(source.slice()));
  throw new BadArgumentError(`a model is an address, an ArrayBuffer, a Uint8Array or a Blob, not ${kindOf(source)}`);
}

/** The address that a caller means. */
export function address(platform: Platform, text: string): URL {
  try {
    return platform.resolve(text);
  } catch (cause) {
    throw new BadArgumentError(`"${text}" is no address here`, { cause });
  }
}

async function download(platform: Platform, url: URL, options: DownloadOptions) {
  const response = await open(platform, url, options.signal);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const total = length(response);
  let loaded = 0;
  for await (const part of stream(response, url, options.signal)) {
    parts.push(part);
    loaded += part.length;
    options.onProgress?.(total === undefined ? { loaded } : { loaded, total });
  }
  const bytes = join(parts, loaded);
  if (isMarkup(bytes)) throw new BadFileError(`${url} answers with a page of HTML, not with a .dshift file`);
  return bytes;
}

/** Servers of pages answer with one, and status 200, where they have no file. */
function isMarkup(bytes: Uint8Array): boolean {
  return /^\s*</.test(new TextDecoder().decode(bytes.subarray(0, 64)));
}

/** Bytes to come, where they are known: a compressed answer tells its compressed length only. */
function length(response: Response): number | undefined {
  const header = response.headers.get("content-length");
  return header === null || response.headers.has("content-encoding") ? undefined : Number(header);
}

/** The parts of an answer: not every engine can iterate over its stream. */
async function* stream(response: Response, url: URL, signal?: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  const next = () => reader?.read().catch((error: unknown) => fail(url, error, signal));
  try {
    for (let part = await next(); part && !part.done; part = await next()) yield part.value;
  } finally {
    void reader?.cancel().catch(() => {});
  }
}

function fail(url: URL, cause: unknown, signal?: AbortSignal): never {
  if (signal?.aborted) throw signal.reason;
  throw new FetchError(`cannot fetch ${url}: ${messageOf(cause)}`, url.href, undefined, { cause });
}

function join(parts: Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
