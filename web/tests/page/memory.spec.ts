import type { Page } from "@playwright/test";
import { drawIsReady, expect, test } from "./lane.js";

/** What a run could leave behind. */
const KINDS = ["Uint8Array", "Float32Array", "ArrayBuffer", "Promise", "Function", "Object", "GPUBuffer"];
/** More objects than the page itself makes meanwhile, and far fewer than one for each run. */
const FEW = 200;

/** How many objects of each kind live after garbage was collected. */
async function living(page: Page): Promise<Record<string, number>> {
  const session = await page.context().newCDPSession(page);
  const counts: Record<string, number> = {};
  for (const kind of KINDS) {
    const evaluated = await session.send("Runtime.evaluate", { expression: `globalThis.${kind}?.prototype`, objectGroup: "living" });
    const prototypeObjectId = evaluated.result.objectId;
    if (!prototypeObjectId) continue;
    const { objects } = await session.send("Runtime.queryObjects", { prototypeObjectId, objectGroup: "living" });
    const counted = await session.send("Runtime.callFunctionOn", {
      objectId: objects.objectId!,
      functionDeclaration: "function () { return this.length; }",
      returnByValue: true,
    });
    counts[kind] = counted.result.value as number;
    await session.send("Runtime.releaseObjectGroup", { objectGroup: "living" });
  }
  await session.detach();
  return counts;
}

test("2,000 inferences leave nothing behind", async ({ page, device }) => {
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
  await page.evaluate(async (device) => {
    const { load } = (await import(new URL("./package/dist/index.js", location.href).href)) as typeof import("deepshift");
    const file = new Uint8Array(await (await fetch("./package/models/mnist-fc.dshift")).arrayBuffer());
    const model = await load(file, { device });
    const picture = new Uint8Array(784).map((_, index) => (index * 37) % 256);
    const run = async (runs: number) => {
      for (let done = 0; done < runs; done++) await model.run(picture);
    };
    Object.assign(globalThis, { run });
  }, device);
  const after = async (runs: number) => {
    await page.evaluate((runs) => (globalThis as unknown as { run(runs: number): Promise<void> }).run(runs), runs);
    const wasm = await page.evaluate(() => (globalThis as unknown as { wasmBytes(): number }).wasmBytes());
    return { wasm, objects: await living(page) };
  };
  const first = await after(100);
  const last = await after(1900);
  expect(first.wasm).toBeGreaterThan(0);
  expect(last.wasm).toBe(first.wasm);
  expect(first.objects["Promise"]).toBeGreaterThan(0);
  for (const [kind, count] of Object.entries(last.objects)) {
    expect(count - first.objects[kind]!, `more objects of the kind ${kind}`).toBeLessThan(FEW);
  }
});
