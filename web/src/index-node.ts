import { loadOn } from "./load.js";
import { node } from "./platform-node.js";
import type { Load } from "./types.js";

export * from "./errors.js";
export type * from "./info.js";
export type * from "./types.js";

/** Loads a network from a path or an address; it runs on wasm. */
export const load: Load = /* @__PURE__ */ loadOn(node);
