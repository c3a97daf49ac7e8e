import { node } from "./platform-node.js";
import { trainOn } from "./training.js";
import type { CreateTraining } from "./train-types.js";

export * from "./errors.js";
export type * from "./train-types.js";

/** Begins a training run, or goes on with one. */
export const createTraining: CreateTraining = /* @__PURE__ */ trainOn(node);
