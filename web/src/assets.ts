import type { CpuBuild } from "./features.js";
import type { Asset, Startable } from "./start.js";

export const cpuAssets = {
  scalar: {
    glue: () => import("../wasm/cpu-scalar/deepshift_wasm.js"),
    bundled: () => new URL("../wasm/cpu-scalar/deepshift_wasm_bg.wasm", import.meta.url),
    path: "cpu-scalar/deepshift_wasm_bg.wasm",
  },
  simd128: {
    glue: () => import("../wasm/cpu-simd128/deepshift_wasm.js"),
    bundled: () => new URL("../wasm/cpu-simd128/deepshift_wasm_bg.wasm", import.meta.url),
    path: "cpu-simd128/deepshift_wasm_bg.wasm",
  },
  "relaxed-simd": {
    glue: () => import("../wasm/cpu-relaxed-simd/deepshift_wasm.js"),
    bundled: () => new URL("../wasm/cpu-relaxed-simd/deepshift_wasm_bg.wasm", import.meta.url),
    path: "cpu-relaxed-simd/deepshift_wasm_bg.wasm",
  },
} satisfies Record<CpuBuild, Asset<Startable>>;

export const webgpuAsset = {
  glue: () => import("../wasm/webgpu/deepshift_wasm_wgpu.js"),
  bundled: () => new URL("../wasm/webgpu/deepshift_wasm_wgpu_bg.wasm", import.meta.url),
  path: "webgpu/deepshift_wasm_wgpu_bg.wasm",
} satisfies Asset<Startable>;
