import { type Inspect, inspectOn } from "./inspection.js";
import { node } from "./platform-node.js";

export * from "./errors.js";
export type * from "./info.js";
export type { Inspect };

/** Tells what a `.dshift` file holds and what it costs to run. */
export const inspect: Inspect = /* @__PURE__ */ inspectOn(node);
