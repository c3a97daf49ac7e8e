import type { Asset, Startable } from "./start.js";

/** In a file of its own, because bundlers emit whatever they see. */
export const inspectAsset = {
  glue: () => import("../wasm/inspect/deepshift_wasm_inspect.js"),
  bundled: () => new URL("../wasm/inspect/deepshift_wasm_inspect_bg.wasm", import.meta.url),
  path: "inspect/deepshift_wasm_inspect_bg.wasm",
} satisfies Asset<Startable>;
