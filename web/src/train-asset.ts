import type { Asset, Startable } from "./start.js";

/** In a file of its own, because bundlers emit whatever they see. */
export const trainAsset = {
  glue: () => import("../wasm/train/deepshift_wasm_train.js"),
  bundled: () => new URL("../wasm/train/deepshift_wasm_train_bg.wasm", import.meta.url),
  path: "train/deepshift_wasm_train_bg.wasm",
} satisfies Asset<Startable>;
