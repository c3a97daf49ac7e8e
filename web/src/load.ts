import { unlessAborted } from "./abort.js";
import { requestOf } from "./choose.js";
import { bytesOf } from "./download.js";
import { Engine } from "./engine.js";
import { LocalModel } from "./model.js";
import type { Platform } from "./platform.js";
import type { Load } from "./types.js";

/** `load` on a platform. */
export function loadOn(platform: Platform): Load {
  return async (source, options = {}) => {
    const { signal } = options;
    signal?.throwIfAborted();
    const request = requestOf(platform, options);
    const file = await unlessAborted(bytesOf(platform, source, options), signal);
    const starting = Engine.start({ ...request, file });
    const engine = await unlessAborted(starting, signal).catch((error: unknown) => {
      // An engine that comes too late must not stay in memory.
      starting.then((late) => late.free()).catch(() => {});
      throw error;
    });
    return new LocalModel(engine, file.length);
  };
}
