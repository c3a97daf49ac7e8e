import { FetchError } from "./errors.js";
import { messageOf } from "./translate.js";
import { address, open } from "./download.js";
import type { Platform } from "./platform.js";

/** A wasm module: its glue, and the file, whose address is written out because bundlers look for just that. */
export interface Asset<Glue> {
  glue(): Promise<Glue>;
  bundled(): URL;
  /** Below the folder that `wasmUrl` names. */
  path: string;
}

/** What every glue exports. */
export interface Startable {
  default(input: { module_or_path: WebAssembly.Module }): Promise<unknown>;
}

/** Modules that run or are about to; each runs once. */
const started = new Map<string, Promise<unknown>>();

/** Starts a module, which is fetched at the first call. */
export async function start<Glue extends Startable>(
  asset: Asset<Glue>,
  platform: Platform,
  wasmUrl?: string | URL,
): Promise<Glue> {
  const glue = await asset.glue();
  let starting = started.get(asset.path);
  if (!starting) {
    const compiling =
      wasmUrl === undefined
        ? compile(platform, asset.bundled()).catch(advise)
        : compile(platform, inFolder(platform, wasmUrl, asset.path));
    starting = compiling.then((module) => glue.default({ module_or_path: module }));
    started.set(asset.path, starting);
    starting.catch(() => started.delete(asset.path));
  }
  await starting;
  return glue;
}

function inFolder(platform: Platform, folder: string | URL, path: string): URL {
  const url = address(platform, String(folder));
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return new URL(path, url);
}

/** Not every bundler emits what `new URL("…", import.meta.url)` names. */
function advise(error: unknown): never {
  if (!(error instanceof FetchError)) throw error;
  const message = `${error.message}; if your bundler does not emit it, set wasmUrl`;
  throw new FetchError(message, error.url, error.status, { cause: error });
}

async function compile(platform: Platform, url: URL): Promise<WebAssembly.Module> {
  const response = await open(platform, url);
  const type = response.headers.get("content-type");
  try {
    if (type?.startsWith("application/wasm")) return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    const message = `${url} (${type ?? "of no type"}) is no usable wasm: ${messageOf(cause)}`;
    throw new FetchError(message, url.href, undefined, { cause });
  }
}
