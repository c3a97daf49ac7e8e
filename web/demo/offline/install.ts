import { granted } from "../page/browser-storage.js";
import { TRAINING_COMES_LATER } from "../train/later.js";

/**
 * Registers the service worker that makes the built page work offline. The development server has none, nor has a site that is soon
 * replaced.
 */
export function installOffline(): void {
  if (!import.meta.env.PROD || TRAINING_COMES_LATER) return;
  addEventListener("load", () => {
    void register().catch((error: unknown) => {
      // Everything else works without it, as in private windows that forbid it.
      console.info("The page will not work offline:", error);
    });
  });
}

async function register(): Promise<void> {
  await granted(() => navigator.serviceWorker)?.register("./service-worker.js");
}
