export * from "./errors.js";
export type * from "./info.js";
export type * from "./train-types.js";
export type * from "./types.js";
export type { Inspect } from "./inspection.js";
export { inspectInWorker as inspect } from "./worker-inspection.js";
export { loadInWorker as load } from "./worker-model.js";
export { createTrainingInWorker as createTraining } from "./worker-training.js";
