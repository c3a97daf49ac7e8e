import { unlessAborted } from "./abort.js";
import { bytesOf } from "./download.js";
import { inspectAsset } from "./inspect-asset.js";
import type { ModelReport } from "./info.js";
import type { Platform } from "./platform.js";
import { start } from "./start.js";
import { translated } from "./translate.js";
import type { LoadOptions, ModelSource } from "./types.js";

/** Tells what a `.dshift` file holds and what it costs to run. */
export type Inspect = (
  source: ModelSource,
  options?: Pick<LoadOptions, "signal" | "onProgress" | "wasmUrl">,
) => Promise<ModelReport>;

/** `inspect` on a platform. */
export function inspectOn(platform: Platform): Inspect {
  return async (source, options = {}) => {
    const { signal, wasmUrl } = options;
    signal?.throwIfAborted();
    const file = await unlessAborted(bytesOf(platform, source, options), signal);
    const { inspect } = await unlessAborted(start(inspectAsset, platform, wasmUrl), signal);
    return translated(() => JSON.parse(inspect(file)) as ModelReport);
  };
}
