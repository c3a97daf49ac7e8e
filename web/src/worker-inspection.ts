import { unlessAborted } from "./abort.js";
import type { ModelReport } from "./info.js";
import type { Inspect } from "./inspection.js";
import { Client, postableSource, postableUrl } from "./worker-client.js";

/** `inspect` in a worker, which ends with it. */
export const inspectInWorker: Inspect = async (source, { signal, onProgress, wasmUrl } = {}) => {
  signal?.throwIfAborted();
  const client = new Client("the file", { onProgress });
  try {
    const asked = client.ask({
      start: "inspect",
      source: postableSource(source),
      options: postableUrl(wasmUrl),
      progress: onProgress !== undefined,
    });
    return (await unlessAborted(asked, signal)) as ModelReport;
  } finally {
    client.end(undefined);
  }
};
