/** A site that `scripts/demo` serves before the training module is built. */

/** Whether this is such a site; the next one has the module. */
export const TRAINING_COMES_LATER = import.meta.env["VITE_TRAINING"] === "later";

const ASK_EVERY_MILLISECONDS = 3000;

/** Until the next site is there: only a whole one has a service worker. */
export async function untilTrainingIsBuilt(): Promise<void> {
  // HEAD, because the service worker of an earlier build answers GET from its cache.
  const asked = () => fetch("./service-worker.js", { method: "HEAD" }).catch(() => undefined);
  while (!(await asked())?.ok) await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MILLISECONDS));
}
