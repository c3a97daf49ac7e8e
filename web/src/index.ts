import { loadOn } from "./load.js";
import { browser } from "./platform.js";
import type { Load } from "./types.js";

export * from "./errors.js";
export type * from "./info.js";
export type * from "./types.js";

/** Loads a network and chooses what runs it. */
export const load: Load = /* @__PURE__ */ loadOn(browser);
