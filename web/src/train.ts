import { browser } from "./platform.js";
import { trainOn } from "./training.js";
import type { CreateTraining } from "./train-types.js";

export * from "./errors.js";
export type * from "./train-types.js";

/** Begins a training run on this thread, which every step blocks: pages take the one of `deepshift/worker`. */
export const createTraining: CreateTraining = /* @__PURE__ */ trainOn(browser);
