import { drawIsReady, expect, test } from "./lane.js";

/** Bytes that the page's memories may grow by: noise of the garbage collector. */
const NOISE = 1_500_000;

test("2,000 inferences leave the memory flat", async ({ page, device }) => {
  test.setTimeout(150_000);
  await page.addInitScript(() => {
    // The memory of every wasm instance, however it is made.
    const memories: WebAssembly.Memory[] = [];
    const watch = (instance: WebAssembly.Instance) => {
      for (const value of Object.values(instance.exports)) if (value instanceof WebAssembly.Memory) memories.push(value);
    };
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = (async (source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports) => {
      const made: unknown = await instantiate(source as BufferSource, imports);
      watch(made instanceof WebAssembly.Instance ? made : (made as WebAssembly.WebAssemblyInstantiatedSource).instance);
      return made;
    }) as typeof WebAssembly.instantiate;
    Object.assign(globalThis, { wasmBytes: () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) });
  });
  await page.goto("./");
  await drawIsReady(page);
  const sizes = await page.evaluate(async (device) => {
    const { load } = (await import(new URL("./package/dist/index.js", location.href).href)) as typeof import("deepshift");
    const used = globalThis as unknown as { wasmBytes(): number; gc(): void };
    const heap = () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize;
    const file = new Uint8Array(await (await fetch("./package/models/mnist-fc.dshift")).arrayBuffer());
    const model = await load(file, { device });
    const picture = new Uint8Array(784).map((_, index) => (index * 37) % 256);
    const sizes: { wasm: number; heap: number }[] = [];
    for (let run = 0; run <= 2000; run++) {
      await model.run(picture);
      if (run % 500 !== 100 && run !== 2000) continue;
      used.gc();
      sizes.push({ wasm: used.wasmBytes(), heap: heap() });
    }
    return sizes;
  }, device);
  const [first, last] = [sizes[0]!, sizes.at(-1)!];
  expect(first.wasm).toBeGreaterThan(0);
  expect(last.wasm).toBe(first.wasm);
  expect(last.heap - first.heap).toBeLessThan(NOISE);
});
