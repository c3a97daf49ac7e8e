import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { minifySync } from "vite";
import { expect, test } from "vitest";

const web = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(fileURLToPath(new URL(path, web)));

/** Bytes of a module and of all that it imports at once, minified as bundlers do. */
function together(entry: string): number {
  const seen = new Set<string>();
  const visit = (path: string): number => {
    if (seen.has(path)) return 0;
    seen.add(path);
    const code = String(read(path));
    const imports = code.matchAll(/^(?:import|export) .*?"(\..*?)";$/gms);
    const own = minifySync(path, code, { module: true }).code.length;
    return [...imports].reduce((sum, [, name]) => sum + visit(`dist/${name!.replace("./", "")}`), own);
  };
  return visit(entry);
}

const size = (folder: string, name: string) =>
  [`wasm/${folder}/${name}.js`, `wasm/${folder}/${name}_bg.wasm`].reduce((sum, path) => sum + read(path).length, 0);

// The goal is 250 KB: what proves every operation, counts the work of a file and moves values took 15 KB more.
test("what a page loads to run on the CPU is at most 267 KB", () => {
  for (const folder of ["cpu-scalar", "cpu-simd128", "cpu-relaxed-simd"]) {
    expect(together("dist/index.js") + size(folder, "deepshift_wasm"), folder).toBeLessThanOrEqual(267_000);
  }
});

test("what a page loads to run on WebGPU is at most 350 KB", () => {
  expect(together("dist/index.js") + size("webgpu", "deepshift_wasm_wgpu")).toBeLessThanOrEqual(350_000);
});

test("inference, reports and training are loaded apart", () => {
  expect(together("dist/index.js")).toBeLessThan(20_000);
  expect(together("dist/inspect.js")).toBeLessThan(10_000);
  expect(together("dist/train.js")).toBeLessThan(10_000);
});
